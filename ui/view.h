/* view.h - the conversation on the screen: items laid out when they are first shown,
 * scrolled, folded, searched, one of them selected.
 *
 * Knows nothing of engine or store.  What is drawn costs what is visible, not what is there: a
 * conversation of thousands of items opens and scrolls without being laid out as a
 * whole.  Coordinates of clicks are those of the last draw. */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include "ui/buffer.h"
#include "ui/page.h"
#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum item_kind {
    ITEM_USER, ITEM_CHIP,           /* what the person wrote and attached; chips come first */
    ITEM_ANSWER,                    /* Markdown; the others are plain */
    ITEM_CAPTIONS,                  /* what is heard while it is said */
    ITEM_NOTE, ITEM_ERROR           /* the program's own words */
};

struct item {                       /* one part of the conversation on the screen */
    enum item_kind kind;
    struct buffer text;
    size_t n_unsure;                /* ITEM_CAPTIONS: bytes at its end that may be others yet, drawn dimly */
    int64_t turn;                   /* the caller's number for the turn it belongs to; 0: none */
    char label[16];                 /* drawn dimly at the right of its first line: "2/3" of branches; "" */
    bool folded;                    /* the first lines and how many more there are, if it is long: questions and chips begin so */
    bool live;                      /* still being written: not folded by itself */
    bool markdown;                  /* how the page was laid out */
    struct page page;               /* a memo: changes when drawn, what is drawn does not depend on it */
};

struct view_place { size_t item, row; };    /* row 0 may be the gap above the item */

struct view {                       /* all zero: empty, the end is shown */
    struct item *items;
    size_t n_items, item_capacity;
    bool scrolled;                  /* `top` is what the user scrolled to; otherwise the end is shown */
    struct view_place top;
    bool selecting;
    size_t selected;                /* item, when selecting */
    struct buffer query;            /* what is searched for and marked; empty: nothing */
    struct rect drawn;              /* where view_draw drew last, and what in its first row */
    struct view_place drawn_top;
    bool plain;                     /* answers as they are, without Markdown */
};

size_t view_add(struct view *v, enum item_kind kind, int64_t turn, const char *text);   /* its index */
void view_append(struct view *v, size_t item, const char *text, size_t n);
void view_set_text(struct view *v, size_t item, const char *text);
/* Captions: more that is sure, and what may follow in place of what was unsure. */
void view_hear(struct view *v, size_t item, const char *sure, const char *unsure);
void view_truncate(struct view *v, size_t n_items);         /* forgets items from the end */
void view_free(struct view *v);

void view_draw(struct view *v, struct screen *s, struct rect where);
/* Rows that all items take at this width, at most `most`: for an inline region. */
size_t view_rows(struct view *v, int cols, size_t first_item, size_t most);

void view_scroll(struct view *v, int rows);                 /* negative: up; ends at the end, which then is followed again */
void view_page(struct view *v, bool up);                    /* a screenful but two rows */
void view_to_start(struct view *v);
void view_to_end(struct view *v);

/* Selecting goes over questions and answers.  view_select starts at the last when nothing is
 * selected; it scrolls so that the item is seen.  False when there is none that way. */
bool view_select(struct view *v, int direction);
void view_unselect(struct view *v);
void view_fold(struct view *v, size_t item, bool folded);

/* Goes to the next item from the selected (or the end) whose text holds the query, any
 * case, wrapping around; selects it.  False: nowhere. */
bool view_find(struct view *v, const char *query, int direction);

/* Code blocks of an item: their number, and the source of one, borrowed. */
size_t view_n_codes(struct view *v, size_t item);
const char *view_code(struct view *v, size_t item, size_t i, size_t *n);

/* What is at a cell; item SIZE_MAX: nothing.  link: its target, borrowed, or NULL; text: of
 * the item as it is shown, borrowed, and the byte there; NULL: none. */
struct view_hit { size_t item; const char *link; bool fold; const char *text; size_t at; };
struct view_hit view_at(struct view *v, int row, int col);

#endif
