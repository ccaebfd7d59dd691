/* page_checks.h - what must hold for any page, whatever its source. */
#ifndef TESTS_PAGE_CHECKS_H
#define TESTS_PAGE_CHECKS_H

#include "ui/page.h"
#include "ui/sanitise.h"

#include <assert.h>
#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* Runs follow each other line by line, inside the text; no line is wider than the page,
 * unless a single glyph is. */
static inline void page_check_lines(const struct page *p)
{
    size_t n_runs = 0;

    assert(p->n_lines > 0);
    for (size_t i = 0; i < p->n_lines; i++) {
        const struct page_line *line = &p->lines[i];
        struct glyph glyph;
        int width = line->indent, n_glyphs = 0;
        assert(line->first_run == n_runs && line->indent >= 0 && line->code < (int)p->n_codes);
        n_runs += line->n_runs;
        assert(n_runs <= p->n_runs);
        for (size_t k = line->first_run; k < n_runs; k++) {
            const struct page_run *run = &p->runs[k];
            assert(run->start < run->end && run->end <= p->text.n && run->link < (int)p->n_links);
            for (size_t at = run->start; at < run->end; at += glyph.n_bytes, n_glyphs++) {
                sanitise_next(p->text.s, run->end, at, &glyph);
                width += glyph.width;
            }
        }
        assert(width <= p->width || (n_glyphs == 1 && line->indent == 0));
    }
    assert(n_runs == p->n_runs);
    for (size_t i = 0; i < p->n_codes; i++)
        assert(p->codes[i].start <= p->codes[i].end && p->codes[i].end <= p->text.n);
}

static inline void page_check_same(const struct page *a, const struct page *b)
{
    assert(a->n_lines == b->n_lines && a->n_runs == b->n_runs && a->n_codes == b->n_codes && a->n_links == b->n_links);
    for (size_t i = 0; i < a->n_lines; i++)
        assert(a->lines[i].first_run == b->lines[i].first_run && a->lines[i].n_runs == b->lines[i].n_runs
               && a->lines[i].indent == b->lines[i].indent && a->lines[i].code == b->lines[i].code);
    for (size_t i = 0; i < a->n_runs; i++) {
        const struct page_run *x = &a->runs[i], *y = &b->runs[i];
        assert(x->end - x->start == y->end - y->start && x->style == y->style && x->link == y->link);
        assert(memcmp(a->text.s + x->start, b->text.s + y->start, x->end - x->start) == 0);
    }
    for (size_t i = 0; i < a->n_codes; i++)
        assert(strcmp(a->codes[i].language, b->codes[i].language) == 0
               && a->codes[i].end - a->codes[i].start == b->codes[i].end - b->codes[i].start
               && memcmp(a->text.s + a->codes[i].start, b->text.s + b->codes[i].start, a->codes[i].end - a->codes[i].start) == 0);
    for (size_t i = 0; i < a->n_links; i++)
        assert(strcmp(a->links[i], b->links[i]) == 0);
}

static inline void page_count(long counts[256], const char *text, size_t n, long by)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (isalpha(c) || c >= 0x80)
            counts[tolower(c)] += by;
    }
}

/* Length of something like "&name;" at text[0], 0: none. */
static inline size_t page_entity(const char *text, size_t n)
{
    size_t i = 1;

    while (i < n && (isalnum((unsigned char)text[i]) || text[i] == '#'))
        i++;
    return text[0] == '&' && i > 1 && i < n && text[i] == ';' ? i + 1 : 0;
}

/* Every letter of the source is on the page, as often as there.  References to characters
 * become those, and a link that is its own target is shown once. */
static inline void page_check_nothing_lost(const struct page *p, const char *source, size_t n)
{
    long counts[256] = { 0 };

    for (size_t at = 0, skip; at < n; at += skip > 0 ? skip : 1) {
        skip = page_entity(source + at, n - at);
        if (skip == 0)
            page_count(counts, source + at, 1, 1);
    }
    for (size_t i = 0; i < p->n_runs; i++)
        page_count(counts, p->text.s + p->runs[i].start, p->runs[i].end - p->runs[i].start, -1);
    for (size_t i = 0; i < p->n_links; i++)
        page_count(counts, p->links[i], strlen(p->links[i]), -1);
    for (size_t i = 0; i < 256; i++)
        assert(counts[i] <= 0);
}

#endif
