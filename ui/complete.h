/* complete.h - Tab: what may stand where the cursor is.
 *
 *   "/th"  "/set theme d"  "/model sm"  "/attach ~/pi"  "what is in @pho"    typed, up to the cursor
 *          -> candidates, and what they share
 *
 * complete_find depends on text, cursor, sources and the file system alone.  complete_press
 * lives on an editor: Tab puts what all share and opens the list, or puts the only one; in the open list
 * Tab and Shift-Tab walk, Enter takes, Esc puts back what was typed, and any other press closes it. */
#ifndef UI_COMPLETE_H
#define UI_COMPLETE_H

#include "ui/buffer.h"
#include "ui/config.h"
#include "ui/editor.h"
#include "ui/engine.h"
#include "ui/keys.h"
#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>

enum complete_kind { COMPLETE_NONE, COMPLETE_FILE, COMPLETE_MODEL, COMPLETE_EYES, COMPLETE_SETTING, COMPLETE_WORDS };

struct complete_command {
    const char *name;               /* "/attach" */
    enum complete_kind argument;
    const char *words;              /* "on off", of COMPLETE_WORDS */
};

struct complete_sources {
    const struct complete_command *(*command)(size_t i);    /* NULL behind the last */
    const struct config_row *settings;                      /* config_rows() */
    const struct engine *engine;                            /* for the names of models */
};

struct candidate { char *text, *shown; };   /* as it is put, as the list shows it */

struct complete {                   /* all zero: closed */
    struct candidate *items;
    size_t n, capacity;
    size_t from, to;                /* bytes of the text that a candidate replaces */
    struct buffer typed, common;    /* what stood there; what all candidates share */
    size_t i;                       /* the candidate that stands there now; n: none */
};

/* at: the cursor, a byte of text.  n is 0 when nothing begins so. */
void complete_find(struct complete *c, const char *text, size_t at, const struct complete_sources *sources);
void complete_close(struct complete *c);

/* Asked before the editor for every press; false: it is for others (a Tab: nothing begins so). */
bool complete_press(struct complete *c, struct editor *e, const struct press *press, const struct complete_sources *sources);

/* The open list: lines it wants at this width, 0 when closed. */
int complete_rows(const struct complete *c, int width);
void complete_draw(const struct complete *c, struct screen *s, struct rect where);

#endif
