/* Tables: in boxes where there is room, otherwise a line for each cell.
 *
 *   ┌──────┬─────┐        name: Ada
 *   │ name │ age │        age: 36
 *   ├──────┼─────┤
 *   │ Ada  │  36 │        name: Linus
 *   └──────┴─────┘        ... */
#include "ui/markdown.h"

#include "ui/sanitise.h"

#include <stdlib.h>
#include <string.h>

enum { CELL_LEAST = 6 };            /* narrower columns read worse than no columns */

void markdown_table_free(struct table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        inlines_free(&t->cells[i].text);
    free(t->cells);
    *t = (struct table){ 0 };
}

/* ---- cells too many --------------------------------------------------------------- */

/* The byte behind the n-th bar of s[at..end), or `end`.  md4c takes no cell between bars side by
 * side, so this may stop too early: before blanks and bars only. */
static size_t behind_bars(const char *s, size_t at, size_t end, size_t n)
{
    for (; at < end && n > 0; at++) {
        n -= s[at] == '|' ? 1 : 0;
        at += s[at] == '\\' ? 1 : 0;
    }
    return at < end ? at : end;
}

static size_t line_end(const struct markdown *m, size_t at)
{
    while (at < m->n && m->source[at] != '\n' && m->source[at] != '\r')
        at++;
    return at;
}

static size_t next_line(const struct markdown *m, size_t end)
{
    if (end + 1 < m->n && m->source[end] == '\r' && m->source[end + 1] == '\n')
        end++;
    return end < m->n ? end + 1 : m->n;
}

static bool is_made_of(const struct markdown *m, size_t at, size_t end, const char *bytes)
{
    while (at < end && m->source[at] != '\0' && strchr(bytes, m->source[at]) != NULL)
        at++;
    return at == end;
}

/* The header that has no text: the first behind `at` above a line of dashes, a bar in one of them. */
static size_t header_line(const struct markdown *m, size_t at)
{
    if (at > 0)
        at = next_line(m, line_end(m, at));
    while (at < m->n) {
        size_t end = line_end(m, at), next = next_line(m, end), next_end = line_end(m, next);
        if (memchr(m->source + at, '|', next_end - at) != NULL && is_made_of(m, next, next_end, " \t\v\f>|:-")
            && memchr(m->source + next, '-', next_end - next) != NULL)
            break;
        at = next;
    }
    return at;
}

/* Where the row just read goes on behind its last column, up to *end. */
static size_t row_rest(struct markdown *m, size_t *end)
{
    struct table *t = &m->table;
    size_t first = t->n_cells - t->n_columns, at = m->read, n_bars;

    if (m->read > t->row_end && t->read_cell >= first) {
        n_bars = t->n_columns - (t->read_cell - first);
    } else {                                    /* no text in it */
        at = first == 0 ? header_line(m, t->row_end) : next_line(m, t->row_end);
        if (first == t->n_columns)              /* the line of dashes */
            at = next_line(m, line_end(m, at));
        while (at < m->n && strchr(" \t>", m->source[at]) != NULL && m->source[at] != '\0')
            at++;
        n_bars = t->n_columns + (at < m->n && m->source[at] == '|');
    }
    *end = t->row_end = line_end(m, at);
    return behind_bars(m->source, at, *end, n_bars);
}

/* GitHub leaves out cells that the header has no column for; here nothing is left out. */
void markdown_table_row(struct markdown *m)
{
    struct table *t = &m->table;
    size_t end, at;

    if (t->n_cells < t->n_columns)
        return;
    at = row_rest(m, &end);
    while (at < end && (m->source[at] == '|' || m->source[at] == ' ' || m->source[at] == '\t'))
        at++;
    while (end > at && (m->source[end - 1] == '|' || m->source[end - 1] == ' ' || m->source[end - 1] == '\t'))
        end--;
    if (at == end)
        return;
    struct inlines *last = &t->cells[t->n_cells - 1].text;
    inlines_add(last, " | ", 3, STYLE_DIM, -1);
    markdown_add_source(m, last, m->source + at, end - at, STYLE_PLAIN, -1);
}

/* ---- boxes ------------------------------------------------------------------------ */

struct grid { struct wrap *wraps; size_t *bases; int *widths; size_t n_rows, n_columns; bool wrapped; };

static int cell_width(const struct table_cell *c)
{
    int width = sanitise_width(buffer_text(&c->text.text), c->text.text.n);

    return width > 0 ? width : 1;
}

static int sum_of(const int *widths, size_t n, int most)
{
    int sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += widths[i] < most ? widths[i] : most;
    return sum;
}

/* Takes from the widest columns until all fit in `room`; false: they would be too narrow. */
static bool fit(int *widths, size_t n, int room)
{
    int most = room;

    while (most >= CELL_LEAST && sum_of(widths, n, most) > room)
        most--;
    if (most < CELL_LEAST)
        return false;
    int left = room - sum_of(widths, n, most);
    for (size_t i = 0; i < n; i++)
        if (widths[i] > most)
            widths[i] = most + (left-- > 0 ? 1 : 0);
    return true;
}

static bool measure(struct grid *g, const struct table *t, int room)
{
    for (size_t i = 0; i < t->n_cells; i++) {
        int width = cell_width(&t->cells[i]), *widest = &g->widths[i % g->n_columns];
        *widest = width > *widest ? width : *widest;
    }
    return g->n_columns < (size_t)room && fit(g->widths, g->n_columns, room - (int)(3 * g->n_columns + 1));
}

static void wrap_cells(struct markdown *m, struct grid *g)
{
    struct page *p = m->page;

    for (size_t i = 0; i < m->table.n_cells; i++) {
        const struct buffer *text = &m->table.cells[i].text.text;
        g->bases[i] = p->text.n;
        buffer_append(&p->text, buffer_text(text), text->n);
        g->wraps[i].width = g->widths[i % g->n_columns];
        wrap_line_of(&g->wraps[i], p->text.s, g->bases[i], p->text.n, 0, false);
        g->wrapped |= g->wraps[i].n > 1;
    }
}

static void put(struct markdown *m, const char *text)
{
    page_add_text(m->page, text, strlen(text), STYLE_DIM, -1);
}

static void rule(struct markdown *m, const struct grid *g, const char *left, const char *middle, const char *right)
{
    markdown_open_line(m, -1);
    for (size_t i = 0; i < g->n_columns; i++) {
        put(m, i == 0 ? left : middle);
        for (int k = 0; k < g->widths[i] + 2; k++)
            put(m, "─");
    }
    put(m, right);
}

static void put_cell_line(struct markdown *m, const struct grid *g, size_t i_cell, size_t i_line)
{
    const struct table_cell *c = &m->table.cells[i_cell];
    const struct wrap *w = &g->wraps[i_cell];
    const char *text = m->page->text.s;
    size_t start = i_line < w->n ? w->lines[i_line].start : 0;
    size_t end = i_line < w->n ? page_trimmed(text, start, w->lines[i_line].end) : 0;
    int left = w->width - sanitise_width(text + start, end - start);
    int before = c->align == MD_ALIGN_RIGHT ? left : c->align == MD_ALIGN_CENTER ? left / 2 : 0;

    page_add_blanks(m->page, before + 1);
    markdown_add_runs(m, &c->text, g->bases[i_cell], start, end);
    page_add_blanks(m->page, left - before + 1);
}

static void put_row(struct markdown *m, const struct grid *g, size_t row)
{
    size_t n_lines = 1, first = row * g->n_columns;

    for (size_t i = 0; i < g->n_columns; i++)
        n_lines = g->wraps[first + i].n > n_lines ? g->wraps[first + i].n : n_lines;
    for (size_t line = 0; line < n_lines; line++) {
        markdown_open_line(m, -1);
        for (size_t i = 0; i < g->n_columns; i++) {
            put(m, "│");
            put_cell_line(m, g, first + i, line);
        }
        put(m, "│");
    }
}

static void boxes(struct markdown *m, struct grid *g)
{
    wrap_cells(m, g);
    rule(m, g, "┌", "┬", "┐");
    for (size_t row = 0; row < g->n_rows; row++) {
        if (row == 1 || (row > 1 && g->wrapped))
            rule(m, g, "├", "┼", "┤");
        put_row(m, g, row);
    }
    rule(m, g, "└", "┴", "┘");
}

/* ---- a line for each cell --------------------------------------------------------- */

static void put_record_cell(struct markdown *m, const struct table_cell *head, const struct table_cell *c)
{
    struct page *p = m->page;
    struct inlines line = { 0 };
    const struct inlines *parts[] = { head != NULL ? &head->text : NULL, &c->text };

    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0, start = 0; parts[k] != NULL && i < parts[k]->n_spans; start = parts[k]->spans[i++].end) {
            const struct span *span = &parts[k]->spans[i];
            inlines_add(&line, parts[k]->text.s + start, span->end - start, span->style, span->link);
            if (k == 0 && i + 1 == parts[k]->n_spans)
                inlines_add(&line, ": ", 2, STYLE_BOLD, -1);
        }
    size_t base = p->text.n;
    buffer_append(&p->text, buffer_text(&line.text), line.text.n);
    wrap_reset(&p->wrap);
    p->wrap.width = m->room;
    wrap_line_of(&p->wrap, p->text.s, base, p->text.n, m->room > 2 * ROOM_LEAST ? 2 : 0, false);
    for (size_t i = 0; i < p->wrap.n; i++) {
        const struct wrap_line *w = &p->wrap.lines[i];
        markdown_open_line(m, -1);
        page_add_blanks(p, w->indent);
        markdown_add_runs(m, &line, base, w->start, page_trimmed(p->text.s, w->start, w->end));
    }
    inlines_free(&line);
}

static void records(struct markdown *m, const struct grid *g)
{
    const struct table_cell *cells = m->table.cells;

    for (size_t row = g->n_rows > 1 ? 1 : 0; row < g->n_rows; row++) {
        if (row > 1)
            markdown_open_line(m, -1);
        for (size_t i = 0; i < g->n_columns; i++)
            put_record_cell(m, row > 0 ? &cells[i] : NULL, &cells[row * g->n_columns + i]);
    }
}

static void *zeros(size_t n, size_t size)
{
    void *memory = calloc(n + 1, size);

    if (memory == NULL)
        abort();                                /* as all of ui/buffer.h does */
    return memory;
}

void markdown_table(struct markdown *m)
{
    struct table *t = &m->table;
    struct grid g = { .n_columns = t->n_columns, .n_rows = t->n_cells / t->n_columns };

    g.wraps = zeros(t->n_cells, sizeof *g.wraps);
    g.bases = zeros(t->n_cells, sizeof *g.bases);
    g.widths = zeros(g.n_columns, sizeof *g.widths);
    markdown_loose_marks(m);
    if (measure(&g, t, m->room))
        boxes(m, &g);
    else
        records(m, &g);
    for (size_t i = 0; i < t->n_cells; i++)
        wrap_free(&g.wraps[i]);
    free(g.wraps);
    free(g.bases);
    free(g.widths);
    if (g.n_rows == 1)                          /* the line of dashes was read, too */
        t->row_end = line_end(m, next_line(m, t->row_end));
    m->read = t->row_end > m->read ? t->row_end : m->read;
    markdown_table_free(t);
}
