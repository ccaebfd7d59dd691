/* draft.h - what is about to be said: the text, and chips of what goes with it.
 *
 *   typed, pasted, dropped, @path, picked, recorded, from the clipboard -> text | chip
 *
 * A chip is a file that the engine reads, or a long paste (more than 10 lines or 1000 characters).
 * It is removed as a unit (Backspace or C-Backspace at the start of the text).  A paste
 * is told below what is typed; Tab on an empty text opens the last one into the text.
 * The same file is one chip however often it is given.  Knows the engine, not the terminal. */
#ifndef UI_DRAFT_H
#define UI_DRAFT_H

#include "base/file.h"
#include "ui/buffer.h"
#include "ui/editor.h"
#include "ui/engine.h"
#include "ui/keys.h"
#include "ui/screen.h"
#include "ui/wrap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chip_kind { CHIP_FILE, CHIP_PASTE };
enum chip_state { CHIP_READING, CHIP_READY, CHIP_FAILED };

struct chip {
    enum chip_kind kind;
    enum chip_state state;
    char *path;                     /* of a file */
    char sha256[SHA256_HEX];        /* "" when it could not be read */
    uint32_t request, id;           /* id: the attachment's, when ready */
    char *pasted;                   /* of a paste */
    size_t n_bytes;                 /* of the file, until it is decoded; 0: unknown */
    size_t n_tokens;                /* when ready; 0: unknown */
    struct buffer label;            /* facts, or why it failed */
    struct buffer doing;            /* "transcribing"; empty: the engine has not come to it */
    double done, total;             /* of the reading; total 0: unknown */
    double expected_ms;             /* of the encoding; 0: unknown */
    struct buffer shown;            /* as drawn; a memo like its wrap and its place among the lines */
    struct wrap wrap;
    int row, col;
};
void chip_free(struct chip *chip);                          /* what it owns */

struct draft {
    struct engine *engine;
    struct editor editor;
    struct chip *chips;
    size_t n_chips, chip_capacity;
    size_t n_ctx;                   /* of the model, for shares; 0: unknown */
    double prefill_per_s;           /* tokens, as measured last; 0: unknown */
    struct rect drawn;              /* where it was drawn last, for clicks, */
    int drawn_first;                /* and its line that stood on top */
};

void draft_init(struct draft *d, struct engine *engine);
void draft_done(struct draft *d);
bool draft_is_empty(const struct draft *d);

/* Text and pastes as they will be asked, @paths replaced by the names of files that became chips; the
 * editor keeps them as they were typed. malloc'd. */
char *draft_question(struct draft *d);
char *draft_text(const struct draft *d);                    /* all of it as it stands, to be kept; malloc'd */
void draft_restore(struct draft *d, const char *text);      /* what was kept */
void draft_clear(struct draft *d);
void draft_set(struct draft *d, const char *text);          /* chips stay */

bool draft_attach(struct draft *d, const char *path);       /* false: that file is a chip already */
bool draft_take_paths(struct draft *d, const char *text);   /* nothing but paths of files: they are chips now */
bool draft_take_mentions(struct draft *d);                  /* @path in the text; true: some became chips just now */
void draft_paste(struct draft *d, const char *text, size_t n);  /* text, paths or a long paste */
bool draft_open_paste(struct draft *d);                     /* the last paste becomes text at the cursor; false: none */
void draft_remove_chip(struct draft *d, size_t i);
/* What it still waits for; NULL: nothing. */
const char *draft_waits_for(const struct draft *d);
size_t draft_n_sendable(const struct draft *d);             /* chips that did not fail */

/* SESSION_PROGRESS, _DECODED, _ATTACHED, _FAILED of one of its chips: true, it was its. */
bool draft_event(struct draft *d, const struct session_event *event, const struct attachment **attached);

/* A press that edits; false when it means nothing here.  Widths are columns of the place where it
 * is drawn: the marker before the text and the column kept free for the cursor come off here. */
bool draft_press(struct draft *d, const struct press *press, int width);

int draft_rows(struct draft *d, int width);                 /* lines it wants, chips and text */
void draft_draw(struct draft *d, struct screen *s, struct rect where);      /* and places the cursor */
int draft_chip_at(const struct draft *d, int row, int col); /* of the screen; -1: none */

/* "image cat.png · 640x480 JPEG · 30 tokens, < 1 %": of a chip that is ready, and of what was sent. */
void draft_label(const struct draft *d, const struct attachment *a, struct buffer *label);

#endif
