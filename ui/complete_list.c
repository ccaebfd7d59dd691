/* complete_list.c - the open list of candidates: presses and cells. */
#include "ui/complete.h"

#include "ui/sanitise.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_MOST = 4, GAP = 2 };

/* ---- presses ---------------------------------------------------------------------- */

/* Puts text where a candidate, or what was typed, stands. */
static void put(struct complete *c, struct editor *e, const char *text)
{
    editor_replace(e, c->from, c->to, text, strlen(text));
    c->to = c->from + strlen(text);
}

static bool open_list(struct complete *c, struct editor *e, const struct complete_sources *sources)
{
    complete_find(c, buffer_text(&e->text), e->at, sources);
    if (c->n == 0) {
        complete_close(c);
        return false;
    }
    put(c, e, c->n == 1 ? c->items[0].text : buffer_text(&c->common));
    if (c->n == 1)
        complete_close(c);
    return true;
}

/* To the next or the one before; between the last and the first stands what was typed. */
static void step(struct complete *c, struct editor *e, bool back)
{
    c->i = back ? (c->i + c->n) % (c->n + 1) : (c->i + 1) % (c->n + 1);
    put(c, e, c->i < c->n ? c->items[c->i].text : buffer_text(&c->common));
}

bool complete_press(struct complete *c, struct editor *e, const struct press *press, const struct complete_sources *sources)
{
    bool taken = false;

    if (c->n == 0)
        return press->kind == PRESS_TAB && open_list(c, e, sources);
    if (press->kind == PRESS_TAB || press->kind == PRESS_BACKTAB) {
        step(c, e, press->kind == PRESS_BACKTAB);
        return true;
    }
    if (press->kind == PRESS_ESCAPE) {
        put(c, e, buffer_text(&c->typed));
        taken = true;
    } else if (press->kind == PRESS_ENTER) {
        taken = c->i < c->n;
    }
    complete_close(c);
    return taken;
}

/* ---- cells ------------------------------------------------------------------------ */

struct grid { int columns, column_width, rows; };

static struct grid grid_of(const struct complete *c, int width)
{
    struct grid g = { .column_width = 1 };

    for (size_t i = 0; i < c->n; i++) {
        int wanted = sanitise_width(c->items[i].shown, strlen(c->items[i].shown)) + GAP;
        g.column_width = wanted > g.column_width ? wanted : g.column_width;
    }
    g.columns = (width + GAP) / g.column_width > 0 ? (width + GAP) / g.column_width : 1;
    g.rows = ((int)c->n + g.columns - 1) / g.columns;
    return g;
}

int complete_rows(const struct complete *c, int width)
{
    int rows = c->n > 0 ? grid_of(c, width).rows : 0;

    return rows < ROWS_MOST ? rows : ROWS_MOST;
}

/* The rows around the chosen one; the last says how many are below. */
void complete_draw(const struct complete *c, struct screen *s, struct rect where)
{
    struct grid g = grid_of(c, where.cols);
    int chosen = c->i < c->n ? (int)c->i / g.columns : 0;
    int first = chosen < where.rows ? 0 : chosen - where.rows + 1;
    int end = where.col + where.cols;
    char more[32] = "";

    if (g.rows - first > where.rows)
        snprintf(more, sizeof more, " +%zu", c->n - (size_t)((first + where.rows) * g.columns));
    for (size_t i = (size_t)(first * g.columns); i < c->n && (int)i / g.columns < first + where.rows; i++) {
        int row = (int)i / g.columns - first, col = where.col + (int)i % g.columns * g.column_width;
        screen_print(s, where.row + row, col, end, c->items[i].shown, i == c->i ? STYLE_SELECTED : STYLE_DIM);
    }
    if (*more != '\0' && (int)strlen(more) < where.cols)
        screen_print(s, where.row + where.rows - 1, end - (int)strlen(more), end, more, STYLE_ACCENT);
}
