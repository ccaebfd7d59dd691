/* list.h - rows to choose from, with a line above them to type what is looked for.
 *
 *   / query          the input; edited by grapheme (ui/editor.h)
 *   ›• text    fact  the row under the cursor, marked
 *      below         what else there is about it, dim
 *
 * The owner fills the rows and does so again when list_press says LIST_FILTERED: what a query
 * finds is the owner's business.  Coordinates of clicks are those of the last draw. */
#ifndef UI_LIST_H
#define UI_LIST_H

#include "ui/editor.h"
#include "ui/keys.h"
#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>

enum { LIST_TEXT_COLUMN = 3 };      /* of a row's text: after the cursor, the mark and a blank */

struct list_row {
    char *text, *fact, *below;      /* one line each, as they are; "" none */
    const char *mark;               /* one column, a literal; "" none */
    enum style style;               /* of text */
};

struct list {                       /* all zero but the two texts: empty */
    const char *hint, *empty;       /* in the input when nothing is typed; in place of rows when there are none */
    struct list_row *rows;
    size_t n, capacity;
    size_t at, top;                 /* under the cursor, < n unless n is 0; first one shown */
    struct editor filter;
    struct rect drawn;              /* the rows' part of the last draw */
    size_t n_shown;                 /* rows in it */
    struct rect here;               /* where the row under the cursor was drawn; rows 0: nowhere */
};

void list_clear(struct list *l);                            /* the rows; the input stays */
struct list_row *list_add(struct list *l, const char *text, const char *fact, const char *below);
void list_move_to(struct list *l, size_t row);              /* bounded */
void list_free(struct list *l);

const char *list_query(const struct list *l);               /* what is typed; borrowed */
void list_set_query(struct list *l, const char *text);      /* the owner fills the rows again */
bool list_holds(const struct list *l, const char *text);    /* text holds the query, any case; the empty one is everywhere */

/* The input (when there are two rows or more) and the rows, and the terminal's cursor. */
void list_draw(struct list *l, struct screen *s, struct rect where);

enum list_event {
    LIST_IGNORED,                   /* means nothing to a list */
    LIST_TAKEN,                     /* nothing for the owner to do */
    LIST_FILTERED,                  /* the query changed */
    LIST_CHOSEN                     /* Enter or a click on the row under the cursor; never without rows */
};
enum list_event list_press(struct list *l, const struct press *press);

/* ---- for panels that draw more than a list ------------------------------------- */

/* A rectangle inside the screen that is blank, in one style; what of it is on the screen is returned. */
struct rect panel_clear(struct screen *s, struct rect where, enum style style);
/* One line of text up to column `end`; what does not fit ends in "…". Places that hold the query are marked. */
int panel_line(struct screen *s, int row, int col, int end, const char *text, const char *query, enum style style);
/* A line being typed, its end or what is around its cursor; places the terminal's cursor. */
void panel_input(struct screen *s, int row, int col, int end, const char *prompt, const struct editor *e, const char *hint);
enum { PANEL_INPUT_BYTES = 1000 };  /* of a line that is typed, at most */
/* A press into a line: no newline ever comes into it. False: it means nothing to it. */
bool panel_edit(struct editor *e, const struct press *press);

#endif
