#include "ui/list.h"

#include "base/utf8.h"
#include "ui/found.h"
#include "ui/sanitise.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_LEAST = 10,                /* columns of text below which its fact is left out */
    WHEEL_ROWS = 3,
    INPUT_COLUMNS = 10000           /* width of the input as the editor sees it: one line */
};

struct rect panel_clear(struct screen *s, struct rect where, enum style style)
{
    struct rect r = where;

    if (r.row < 0) {
        r.rows += r.row;
        r.row = 0;
    }
    if (r.col < 0) {
        r.cols += r.col;
        r.col = 0;
    }
    r.rows = r.rows > s->rows - r.row ? s->rows - r.row : r.rows;
    r.cols = r.cols > s->cols - r.col ? s->cols - r.col : r.cols;
    for (int row = r.row; row < r.row + r.rows; row++)
        for (int col = r.col; col < r.col + r.cols; col++)
            screen_put(s, row, col, r.col + r.cols, " ", 1, style);
    return r;
}

int panel_line(struct screen *s, int row, int col, int end, const char *text, const char *query, enum style style)
{
    size_t n = strlen(text), fits = 0;
    struct glyph glyph;

    /* A line of any length costs what is drawn of it. */
    int width = 0;
    for (size_t at = 0; at < n && width <= end - col; at += glyph.n_bytes) {
        sanitise_next(text, n, at, &glyph);
        if (width + glyph.width <= end - col - 1)
            fits = at + glyph.n_bytes;
        else if (width + glyph.width > end - col)
            n = fits;               /* and ends the loop: one column is the ellipsis's */
        width += glyph.width;
    }
    bool cut = text[n] != '\0';
    col = found_put(s, row, col, end, text, n, 0, n, query, style);
    return cut && col < end ? screen_print(s, row, col, end, "…", style) : col;
}

void panel_input(struct screen *s, int row, int col, int end, const char *prompt, const struct editor *e, const char *hint)
{
    const char *text = buffer_text(&e->text);
    int before = sanitise_width(text, e->at);
    size_t from = 0;

    col = screen_print(s, row, col, end, prompt, STYLE_ACCENT);
    for (struct glyph glyph; from < e->at && before >= end - col; from += glyph.n_bytes, before -= glyph.width)
        sanitise_next(text, e->at, from, &glyph);
    if (e->text.n == 0)
        panel_line(s, row, col, end, hint, "", STYLE_DIM);
    else
        screen_print(s, row, col, end, text + from, STYLE_PLAIN);
    col += before;
    if (col < end) {
        s->cursor_row = row;
        s->cursor_col = col;
    }
}

/* One paste or a few yanks of what was killed make text that nobody searches for. */
static void keep_short(struct editor *e)
{
    size_t end = 0, next = 0;

    while (next < e->text.n && next <= PANEL_INPUT_BYTES) {
        end = next;
        next = utf8_grapheme_next(e->text.s, e->text.n, next);
    }
    if (next > PANEL_INPUT_BYTES)
        editor_replace(e, end, e->text.n, "", 0);
}

static void insert_line(struct editor *e, const char *text, size_t n)
{
    for (size_t i = 0, part; i < n; i += part + 1) {
        const char *newline = memchr(text + i, '\n', n - i);
        part = newline != NULL ? (size_t)(newline - text) - i : n - i;
        editor_insert(e, text + i, part);
        if (newline != NULL)
            editor_insert(e, " ", 1);
    }
}

bool panel_edit(struct editor *e, const struct press *press)
{
    bool taken = true;

    if (press->kind == PRESS_NEWLINE || press->kind == PRESS_UP || press->kind == PRESS_DOWN)
        return false;
    if (press->kind == PRESS_TEXT || press->kind == PRESS_PASTE)
        insert_line(e, press->text, press->n < PANEL_INPUT_BYTES ? press->n : utf8_complete(press->text, PANEL_INPUT_BYTES));
    else
        taken = editor_press(e, press, INPUT_COLUMNS);
    keep_short(e);
    return taken;
}

/* ---- rows --------------------------------------------------------------------- */

void list_clear(struct list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->rows[i].text);
        free(l->rows[i].fact);
        free(l->rows[i].below);
    }
    l->n = 0;
    l->at = l->top = 0;
}

struct list_row *list_add(struct list *l, const char *text, const char *fact, const char *below)
{
    l->rows = array_grow(l->rows, l->n, &l->capacity, sizeof *l->rows);
    l->rows[l->n] = (struct list_row){ text_copy(text), text_copy(fact), text_copy(below), "", STYLE_PLAIN };
    return &l->rows[l->n++];
}

void list_move_to(struct list *l, size_t row)
{
    l->at = row < l->n ? row : l->n > 0 ? l->n - 1 : 0;
}

void list_free(struct list *l)
{
    list_clear(l);
    free(l->rows);
    editor_free(&l->filter);
    *l = (struct list){ 0 };
}

const char *list_query(const struct list *l)
{
    return buffer_text(&l->filter.text);
}

void list_set_query(struct list *l, const char *text)
{
    editor_set(&l->filter, text);
}

bool list_holds(const struct list *l, const char *text)
{
    size_t start, end;

    return l->filter.text.n == 0 || found_next(text, strlen(text), 0, list_query(l), &start, &end);
}

/* ---- drawing ------------------------------------------------------------------ */

static int height(const struct list_row *row)
{
    return row->below[0] != '\0' ? 2 : 1;
}

/* The first row to show so that `last` is shown whole at the bottom. */
static size_t top_for(const struct list *l, size_t last, int rows)
{
    size_t top = last;
    int used = height(&l->rows[last]);

    while (top > 0 && used + height(&l->rows[top - 1]) <= rows)
        used += height(&l->rows[--top]);
    return top;
}

static void scroll(struct list *l, int rows)
{
    if (l->n == 0 || rows <= 0)
        return;
    size_t lowest = top_for(l, l->at, rows), end = top_for(l, l->n - 1, rows);
    if (l->top < lowest)
        l->top = lowest;
    if (l->top > end)
        l->top = end;
    if (l->top > l->at)
        l->top = l->at;
}

static void draw_row(const struct list *l, struct screen *s, struct rect line, size_t i)
{
    const struct list_row *row = &l->rows[i];
    bool here = i == l->at;
    int end = line.col + line.cols, facts = sanitise_width(row->fact, strlen(row->fact));
    enum style style = here ? STYLE_SELECTED : row->style;

    panel_clear(s, line, here ? STYLE_SELECTED : STYLE_PLAIN);
    screen_print(s, line.row, line.col, end, here ? "›" : " ", style);
    screen_print(s, line.row, line.col + 1, end, row->mark, here ? STYLE_SELECTED : STYLE_ACCENT);
    if (facts > 0 && line.cols - LIST_TEXT_COLUMN - facts - 1 >= TEXT_LEAST) {
        screen_print(s, line.row, end - facts, end, row->fact, here ? STYLE_SELECTED : STYLE_DIM);
        end -= facts + 1;
    }
    panel_line(s, line.row, line.col + LIST_TEXT_COLUMN, end, row->text, list_query(l), style);
    if (line.rows > 1 && row->below[0] != '\0')
        panel_line(s, line.row + 1, line.col + LIST_TEXT_COLUMN, line.col + line.cols, row->below, list_query(l),
                   here ? STYLE_SELECTED : STYLE_DIM);
}

void list_draw(struct list *l, struct screen *s, struct rect where)
{
    struct rect r = panel_clear(s, where, STYLE_PLAIN);
    int end = r.col + r.cols;

    if (r.rows >= 2) {
        panel_input(s, r.row, r.col, end, "/ ", &l->filter, l->hint);
        r.row++;
        r.rows--;
    }
    scroll(l, r.rows);
    l->drawn = r;
    l->n_shown = 0;
    l->here = (struct rect){ 0 };
    if (l->n == 0 && r.rows > 0)
        panel_line(s, r.row, r.col + LIST_TEXT_COLUMN, end, l->empty, "", STYLE_DIM);
    for (size_t i = l->top; i < l->n && r.rows > 0; i++, l->n_shown++) {
        int rows = height(&l->rows[i]) < r.rows ? height(&l->rows[i]) : r.rows;
        struct rect line = { r.row, r.col, rows, r.cols };
        draw_row(l, s, line, i);
        if (i == l->at)
            l->here = line;
        r.row += rows;
        r.rows -= rows;
    }
}

/* ---- presses ------------------------------------------------------------------ */

static void move_by(struct list *l, long by)
{
    list_move_to(l, by < 0 && (size_t)-by > l->at ? 0 : l->at + (size_t)by);
}

/* A query changed only when its text did: moving in it does not. */
static enum list_event edit(struct list *l, const struct press *press)
{
    char *before = text_copy(list_query(l));
    bool taken = panel_edit(&l->filter, press);
    bool same = strcmp(before, list_query(l)) == 0;

    free(before);
    return !taken ? LIST_IGNORED : same ? LIST_TAKEN : LIST_FILTERED;
}

/* The row at a cell of the last draw; SIZE_MAX: none. */
static size_t row_at(const struct list *l, int row, int col)
{
    int top = l->drawn.row;

    if (row < top || row >= top + l->drawn.rows || col < l->drawn.col || col >= l->drawn.col + l->drawn.cols)
        return SIZE_MAX;
    for (size_t i = l->top; i < l->top + l->n_shown && i < l->n; i++) {
        top += height(&l->rows[i]);
        if (row < top)
            return i;
    }
    return SIZE_MAX;
}

static enum list_event click(struct list *l, const struct press *press)
{
    size_t row = row_at(l, press->row, press->col), before = l->at;

    if (press->mouse == MOUSE_WHEEL_UP || press->mouse == MOUSE_WHEEL_DOWN)
        move_by(l, press->mouse == MOUSE_WHEEL_UP ? -WHEEL_ROWS : WHEEL_ROWS);
    else if (press->mouse == MOUSE_LEFT && row != SIZE_MAX)
        list_move_to(l, row);
    else
        return LIST_TAKEN;
    return press->mouse == MOUSE_LEFT && row == before ? LIST_CHOSEN : LIST_TAKEN;
}

enum list_event list_press(struct list *l, const struct press *press)
{
    long page = l->n_shown > 1 ? (long)l->n_shown - 1 : 1;

    switch (press->kind) {
    case PRESS_UP: move_by(l, -1); return LIST_TAKEN;
    case PRESS_DOWN: move_by(l, 1); return LIST_TAKEN;
    case PRESS_PAGE_UP: move_by(l, -page); return LIST_TAKEN;
    case PRESS_PAGE_DOWN: move_by(l, page); return LIST_TAKEN;
    case PRESS_HOME: case PRESS_TOP: list_move_to(l, 0); return LIST_TAKEN;
    case PRESS_END: case PRESS_BOTTOM: list_move_to(l, SIZE_MAX); return LIST_TAKEN;
    case PRESS_MOUSE: return click(l, press);
    case PRESS_ENTER: return l->n > 0 ? LIST_CHOSEN : LIST_TAKEN;
    case PRESS_CTRL:
        if (press->letter != 'p' && press->letter != 'n')
            return edit(l, press);
        move_by(l, press->letter == 'p' ? -1 : 1);
        return LIST_TAKEN;
    default:
        return edit(l, press);
    }
}
