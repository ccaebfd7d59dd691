/* screen.h - what the terminal is to show: cells [rows][cols], without a terminal.
 *
 * tui_draw fills one, term_show puts it on the terminal, tests read it. */
#ifndef UI_SCREEN_H
#define UI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct preview;                     /* fusion/session.h */

enum style {                        /* what each looks like: ui/theme.h */
    STYLE_PLAIN, STYLE_DIM, STYLE_BOLD, STYLE_ITALIC, STYLE_BOLD_ITALIC,
    STYLE_ACCENT, STYLE_CHIP, STYLE_WARNING, STYLE_ERROR,
    STYLE_HEADING, STYLE_CODE, STYLE_QUOTE, STYLE_LINK,
    STYLE_SELECTED, STYLE_MATCH,    /* under a cursor; found by a search */
    N_STYLES
};

struct rect { int row, col, rows, cols; };

#define CELL_BYTES 24               /* a character of 4 bytes and 4 marks of 4, NUL */

struct cell {
    char text[CELL_BYTES];          /* one character with its marks; "" in the second half of a wide one */
    unsigned char width;            /* 1 or 2; 0: the second half */
    unsigned char style;
    short foreground, background;   /* palette colours of a picture's cell; -1: the style's */
};

struct screen {
    int rows, cols;                 /* > 0 */
    struct cell *cells;             /* [rows][cols] */
    int cursor_row, cursor_col;     /* row -1: hidden */
    bool takes_picture;             /* the terminal shows pixels: one picture may be left to it */
    const struct preview *picture;  /* NULL: none; borrowed until the next draw. Its cells stay blank */
    struct rect picture_at;
};

void screen_resize(struct screen *s, int rows, int cols);   /* also clears */
void screen_clear(struct screen *s);
void screen_free(struct screen *s);

/* Draws text through the display edge from (row, col) up to column `end`; returns
 * the column behind it.  What does not fit whole is left out. */
int screen_put(struct screen *s, int row, int col, int end, const char *text, size_t n, enum style style);
int screen_print(struct screen *s, int row, int col, int end, const char *text, enum style style);

/* Blanks in a style; the part of the rectangle that is on the screen. */
void screen_fill(struct screen *s, struct rect where, enum style style);

/* The text of a row without its trailing blanks, for tests; malloc'd. */
char *screen_row(const struct screen *s, int row);

#endif
