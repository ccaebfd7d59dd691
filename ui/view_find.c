/* Searching in what was said: the stored text, in any case. */
#include "ui/view_lines.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* One character, small; the bytes it takes. */
static size_t fold_next(const char *text, size_t n, uint32_t *code)
{
    size_t used = utf8_decode(text, n, code);

    if (used == 0)
        used = n;
    if (*code < 0x80)
        *code |= *code >= 'A' && *code <= 'Z' ? 0x20 : 0;
    else
        *code = (uint32_t)utf8proc_tolower((utf8proc_int32_t)*code);
    return used;
}

/* The end of the query at text[at], SIZE_MAX if it does not stand there. */
static size_t match_end(const char *text, size_t n, size_t at, const struct buffer *query)
{
    uint32_t a, b;

    for (size_t i = 0; i < query->n;) {
        if (at >= n)
            return SIZE_MAX;
        at += fold_next(text + at, n - at, &a);
        i += fold_next(query->s + i, query->n - i, &b);
        if (a != b)
            return SIZE_MAX;
    }
    return at;
}

size_t view_match(const char *text, size_t n, size_t from, const struct buffer *query, size_t *end)
{
    uint32_t first;
    bool ascii;

    if (query->n == 0)
        return SIZE_MAX;
    fold_next(query->s, query->n, &first);
    ascii = first < 0x80;
    for (size_t at = from; at < n; at++) {
        unsigned char byte = (unsigned char)text[at];
        if (ascii ? (byte | (byte >= 'A' && byte <= 'Z' ? 0x20u : 0u)) != first : byte < 0xC0)
            continue;                           /* cannot begin there: most bytes go this way */
        *end = match_end(text, n, at, query);
        if (*end != SIZE_MAX)
            return at;
    }
    return SIZE_MAX;
}

/* The line of the item's page where the query is seen, 0 when markup or a break is inside it. */
static size_t line_of(struct view *v, size_t item)
{
    const struct page *p = view_page_of(v, item, v->drawn.cols);
    struct buffer text = { 0 };
    size_t line = 0, end;

    for (; line < p->n_lines; line++) {
        buffer_clear(&text);
        for (size_t i = p->lines[line].first_run; i < p->lines[line].first_run + p->lines[line].n_runs; i++)
            buffer_append(&text, p->text.s + p->runs[i].start, p->runs[i].end - p->runs[i].start);
        if (view_match(buffer_text(&text), text.n, 0, &v->query, &end) != SIZE_MAX)
            break;
    }
    buffer_free(&text);
    return line < p->n_lines ? line : 0;
}

static void go_to(struct view *v, size_t item)
{
    size_t line = line_of(v, item);

    v->selecting = true;
    v->selected = item;
    if (line >= view_n_lines(v, item, v->drawn.cols))
        view_fold(v, item, false);
    view_show(v, item, line + view_gap(v, item));
}

bool view_find(struct view *v, const char *query, int direction)
{
    size_t end, n = v->n_items, i = v->selecting ? v->selected : direction < 0 ? n : n - 1;

    if (query != buffer_text(&v->query)) {
        buffer_clear(&v->query);
        buffer_append(&v->query, query, strlen(query));
    }
    for (size_t tried = 0; tried < n; tried++) {
        i = direction < 0 ? (i + n - 1) % n : (i + 1) % n;
        const struct buffer *text = &v->items[i].text;
        if (view_match(buffer_text(text), text->n, 0, &v->query, &end) != SIZE_MAX) {
            go_to(v, i);
            return true;
        }
    }
    return false;
}
