/* The region is moved in by steps (up, down, right), because nobody knows where on the
 * terminal it stands.  All of one call is sent by one write, so it appears at once. */
#include "ui/term_inline.h"

#include "base/utf8.h"
#include "ui/buffer.h"
#include "ui/term_state.h"

#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

enum { NEAR = 4 };                  /* columns */

static struct {
    struct buffer out;              /* to be sent */
    struct screen shown;            /* what the terminal shows; cells NULL: no region yet */
    int row, col;                   /* of the cursor, in the region; col may be one behind the last */
    struct theme_style style;       /* the terminal's now */
    bool hidden;                    /* the cursor */
    bool redraws;                   /* what it shows is not sure */
} region = { .style = { 0, -1, -1 } };

static const struct theme_style plain = { 0, -1, -1 };

/* ---- bytes ----------------------------------------------------------------------------- */

static void put(const char *s)
{
    buffer_append(&region.out, s, strlen(s));
}

/* Without the delays ($<5>), which tputs would fill with NULs. */
static void put_capability(const char *s)
{
    for (const char *close; s != NULL && *s != '\0'; s++) {
        if (s[0] == '$' && s[1] == '<' && (close = strchr(s, '>')) != NULL)
            s = close;
        else
            buffer_append(&region.out, s, 1);
    }
}

static void flush(void)
{
    tty_write(region.out.s, region.out.n);
    buffer_clear(&region.out);
    term.n_below = region.shown.cells != NULL ? region.shown.rows - region.row : 0;
}

static bool same_style(struct theme_style a, struct theme_style b)
{
    return a.attributes == b.attributes && a.foreground == b.foreground && a.background == b.background;
}

static void set_style(struct theme_style style)
{
    if (same_style(style, region.style))
        return;
    put_capability(exit_attribute_mode);
    if (region.style.foreground >= 0 || region.style.background >= 0)
        put_capability(orig_pair);
    put_capability(style.attributes & THEME_BOLD ? enter_bold_mode : NULL);
    put_capability(style.attributes & THEME_DIM ? enter_dim_mode : NULL);
    put_capability(style.attributes & THEME_ITALIC ? enter_italics_mode : NULL);
    put_capability(style.attributes & THEME_UNDERLINE ? enter_underline_mode : NULL);
    put_capability(style.attributes & THEME_REVERSE ? enter_reverse_mode : NULL);
    if (style.foreground >= 0)
        put_capability(tiparm(set_a_foreground, style.foreground));
    if (style.background >= 0)
        put_capability(tiparm(set_a_background, style.background));
    region.style = style;
}

/* ---- moving ----------------------------------------------------------------------------- */

static void step(int n, const char *by_n, const char *by_one)
{
    if (n > 1 && by_n != NULL) {
        put_capability(tiparm(by_n, n));
        return;
    }
    for (; n > 0; n--)
        put_capability(by_one);
}

static void move_to(int row, int col)
{
    step(region.row - row, parm_up_cursor, cursor_up);
    if (row > region.row) {
        set_style(plain);           /* a new line is filled with the background of now */
        for (int i = region.row; i < row; i++)
            put("\r\n");
        region.col = 0;
    }
    if (col < region.col) {
        put("\r");
        region.col = 0;
    }
    step(col - region.col, parm_right_cursor, cursor_right);
    region.row = row;
    region.col = col;
}

static void show_cursor(bool visible)
{
    if (region.hidden == visible)
        put_capability(visible ? cursor_normal : cursor_invisible);
    region.hidden = !visible;
}

/* ---- rows ------------------------------------------------------------------------------- */

static bool is_blank(const struct cell *cell)
{
    return strcmp(cell->text, " ") == 0 && same_style(term_style(cell), plain);
}

/* Columns of a row without its trailing blanks. */
static int row_end(const struct cell *cells, int cols)
{
    while (cols > 0 && is_blank(&cells[cols - 1]))
        cols--;
    return cols;
}

static void put_cell(const struct cell *cell)
{
    wchar_t text[CELL_BYTES + 1];
    char bytes[4];

    set_style(term_style(cell));
    term_text(cell, text);
    for (size_t i = 0; text[i] != L'\0'; i++)
        buffer_append(&region.out, bytes, utf8_encode((uint32_t)text[i], bytes));
    region.col += cell->width;
}

/* Behind the last column the cursor still stands on it, and el would take the character there. */
static void clear_to_end(int cols)
{
    if (region.col >= cols)
        return;
    set_style(plain);
    put_capability(clr_eol);
}

/* A few cells of the style of now are written again sooner than stepped over. */
static void go_to_cell(const struct cell *cells, int row, int col)
{
    bool short_way = region.row == row && region.col < col && col - region.col <= NEAR;

    for (int i = region.col; short_way && i < col; i++)
        short_way = same_style(term_style(&cells[i]), region.style);
    if (!short_way)
        move_to(row, col);
    for (int i = region.col; i < col; i++)
        if (cells[i].width > 0)
            put_cell(&cells[i]);
}

/* Writes what differs from `before`; NULL: the row is blank. */
static void update_row(const struct screen *s, int row, const struct cell *before)
{
    const struct cell *cells = &s->cells[row * s->cols];
    int end = row_end(cells, s->cols), end_before = before != NULL ? row_end(before, s->cols) : 0;

    for (int col = 0; col < end; col++) {
        bool differs = before != NULL && col < end_before ? memcmp(&cells[col], &before[col], sizeof *cells) != 0 : !is_blank(&cells[col]);
        if (!differs || cells[col].width == 0)
            continue;
        go_to_cell(cells, row, col);
        put_cell(&cells[col]);
    }
    if (end < end_before) {
        move_to(row, end);
        clear_to_end(s->cols);
    }
}

/* ---- the region ------------------------------------------------------------------------- */

static void remember(const struct screen *s)
{
    size_t n = (size_t)s->rows * (size_t)s->cols;

    if (s == &region.shown)
        return;
    free(region.shown.cells);
    region.shown = *s;
    region.shown.cells = malloc(n * sizeof *s->cells);
    if (region.shown.cells == NULL)
        abort();
    memcpy(region.shown.cells, s->cells, n * sizeof *s->cells);
}

/* Draws s over the first n_rows of what is shown; below there is nothing. */
static void draw(const struct screen *s, int n_rows)
{
    if (n_rows == 0)
        put("\r");
    for (int row = 0; row < s->rows; row++) {
        if (row >= n_rows)
            move_to(row, 0);        /* the terminal scrolls where it must */
        update_row(s, row, row < n_rows ? &region.shown.cells[row * s->cols] : NULL);
    }
    if (n_rows > s->rows) {
        move_to(s->rows, 0);
        set_style(plain);
        put_capability(clr_eos);
    }
    set_style(plain);
    if (s->cursor_row >= 0)
        move_to(s->cursor_row, s->cursor_col);
    show_cursor(s->cursor_row >= 0);
}

/* To the first row, with nothing left of the region. */
static void erase_region(void)
{
    move_to(0, 0);
    put("\r");
    set_style(plain);
    put_capability(clr_eos);
}

void inline_show(const struct screen *s)
{
    int n_rows = region.shown.cells != NULL ? region.shown.rows : 0;

    if (n_rows > 0 && (region.redraws || region.shown.cols != s->cols)) {
        erase_region();
        n_rows = 0;
    }
    region.redraws = false;
    draw(s, n_rows);
    remember(s);
    flush();
}

void inline_print(const struct screen *s)
{
    if (region.shown.cells != NULL)
        move_to(0, 0);
    put("\r");
    for (int row = 0; row < s->rows; row++) {
        const struct cell *cells = &s->cells[row * s->cols];
        region.col = 0;
        for (int col = 0, end = row_end(cells, s->cols); col < end; col++)
            if (cells[col].width > 0)
                put_cell(&cells[col]);
        clear_to_end(s->cols);
        set_style(plain);
        put("\r\n");
    }
    put_capability(clr_eos);
    region.row = region.col = 0;
    if (region.shown.cells != NULL)
        draw(&region.shown, 0);
    flush();
}

void inline_redraw(void)
{
    region.redraws = true;
}

void inline_leave(void)
{
    if (region.shown.cells != NULL)
        move_to(region.shown.rows, 0);
    set_style(plain);
    show_cursor(true);
    screen_free(&region.shown);
    region.row = region.col = 0;
    flush();
}
