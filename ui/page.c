#include "ui/page.h"

#include <stdlib.h>
#include <string.h>

/* ---- building --------------------------------------------------------------------- */

void page_add_line(struct page *p, int code)
{
    p->lines = array_grow(p->lines, p->n_lines, &p->line_capacity, sizeof *p->lines);
    p->lines[p->n_lines++] = (struct page_line){ p->n_runs, 0, 0, code };
}

void page_add_run(struct page *p, size_t start, size_t end, enum style style, int link)
{
    struct page_line *line = &p->lines[p->n_lines - 1];
    struct page_run *last = line->n_runs > 0 ? &p->runs[p->n_runs - 1] : NULL;

    if (start == end)
        return;
    if (last != NULL && last->end == start && last->style == style && last->link == link) {
        last->end = end;
        return;
    }
    p->runs = array_grow(p->runs, p->n_runs, &p->run_capacity, sizeof *p->runs);
    p->runs[p->n_runs++] = (struct page_run){ start, end, style, link };
    line->n_runs++;
}

void page_add_text(struct page *p, const char *text, size_t n, enum style style, int link)
{
    size_t start = p->text.n;

    buffer_append(&p->text, text, n);
    page_add_run(p, start, p->text.n, style, link);
}

void page_add_blanks(struct page *p, int columns)
{
    struct page_line *line = &p->lines[p->n_lines - 1];

    if (line->n_runs == 0)
        line->indent += columns;
    else
        for (int i = 0; i < columns; i++)
            page_add_text(p, " ", 1, STYLE_PLAIN, -1);
}

size_t page_trimmed(const char *text, size_t start, size_t end)
{
    while (end > start && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    return end;
}

struct page_mark page_here(const struct page *p, size_t source)
{
    return (struct page_mark){ source, p->text.n, p->n_runs, p->n_lines, p->n_codes, p->n_links };
}

void page_go_back(struct page *p, const struct page_mark *to)
{
    while (p->n_codes > to->n_codes)
        free(p->codes[--p->n_codes].language);
    while (p->n_links > to->n_links)
        free(p->links[--p->n_links]);
    p->n_runs = to->n_runs;
    p->n_lines = to->n_lines;
    if (p->text.n > to->text)
        buffer_remove(&p->text, to->text, p->text.n - to->text);
}

void page_reset(struct page *p)
{
    p->stable = (struct page_mark){ 0 };
    page_go_back(p, &p->stable);
    wrap_reset(&p->wrap);
    p->n_bytes = 0;
}

void page_free(struct page *p)
{
    page_reset(p);
    free(p->runs);
    free(p->lines);
    free(p->codes);
    free(p->links);
    buffer_free(&p->text);
    wrap_free(&p->wrap);
    *p = (struct page){ 0 };
}

/* ---- plain text ------------------------------------------------------------------- */

static void lay_out_plain(struct page *p, const char *source, size_t n, size_t n_sure, int width, enum style style)
{
    if (width < 1)
        width = 1;
    if (width != p->width)
        page_reset(p);
    else if (p->n_lines > 0 && n == p->n_bytes)
        return;
    p->width = width;
    wrap_update(&p->wrap, source, n, width);
    page_go_back(p, &p->stable);
    buffer_append(&p->text, source + p->text.n, n - p->text.n);
    for (size_t i = p->n_lines; i < p->wrap.n; i++) {
        const struct wrap_line *line = &p->wrap.lines[i];
        page_add_line(p, -1);
        page_add_blanks(p, line->indent);
        size_t end = page_trimmed(source, line->start, line->end), dim = line->start > n_sure ? line->start : n_sure;
        page_add_run(p, line->start, end < n_sure ? end : dim, style, -1);
        if (end > dim)
            page_add_run(p, dim, end, STYLE_DIM, -1);
        if (i + 1 == p->wrap.n_before)
            p->stable = (struct page_mark){ p->wrap.paragraph, p->wrap.paragraph, p->n_runs, p->n_lines, 0, 0 };
    }
    p->n_bytes = n;
}

void page_plain(struct page *p, const char *source, size_t n, int width, enum style style)
{
    lay_out_plain(p, source, n, n, width, style);
}

void page_captions(struct page *p, const char *source, size_t n, size_t n_sure, int width)
{
    lay_out_plain(p, source, n, n_sure, width, STYLE_PLAIN);
}

/* ---- drawing ---------------------------------------------------------------------- */

void page_draw(const struct page *p, size_t i_line, struct screen *s, int row, int col, int end)
{
    const struct page_line *line = &p->lines[i_line];

    col += line->indent;
    for (size_t i = line->first_run; i < line->first_run + line->n_runs; i++) {
        const struct page_run *run = &p->runs[i];
        col = screen_put(s, row, col, end, p->text.s + run->start, run->end - run->start, run->style);
    }
}
