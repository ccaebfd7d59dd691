#include "ui/markdown.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* HTML is text here.  Everything else is GitHub's dialect. */
enum { FLAGS = MD_DIALECT_GITHUB | MD_FLAG_NOHTML, WINDOW_BYTES = 2048 };

/* ---- definitions of links --------------------------------------------------------- */

static bool is_escaped(const char *s, size_t at)
{
    size_t n = 0;

    while (n < at && s[at - 1 - n] == '\\')
        n++;
    return n % 2 == 1;
}

/* Whether the label that ends at s[close] may be the first thing of a paragraph. */
static bool may_define(const char *s, size_t close)
{
    size_t open = close;

    do {
        if (open == 0)
            return false;
        open--;
        if (s[open] == ']' && !is_escaped(s, open))
            return false;
    } while (s[open] != '[' || is_escaped(s, open));
    while (open > 0 && strchr(" \t>-+*.)0123456789[xX]", s[open - 1]) != NULL && s[open - 1] != '\0')
        open--;
    return open == 0 || s[open - 1] == '\n' || s[open - 1] == '\r';
}

/* What md4c reads: a copy, because md4c 0.4.8 looks at the byte behind the end of a link cut short.
 * "[label]: target" would be taken out of the text and change what stands before it: with a
 * backslash before the colon it is text.  Where that turns out to stand in code, it is left out again. */
static void copy_escaped(struct markdown *m, struct buffer *copy)
{
    const char *s = m->source;
    size_t from = 0;

    for (size_t at = 0; at + 1 < m->n; at++) {
        const char *close = memchr(s + at, ']', m->n - 1 - at);
        if (close == NULL)
            break;
        at = (size_t)(close - s);
        if (s[at + 1] != ':' || is_escaped(s, at) || !may_define(s, at))
            continue;
        buffer_append(copy, s + from, at + 1 - from);
        m->escapes = array_grow(m->escapes, m->n_escapes, &m->escape_capacity, sizeof *m->escapes);
        m->escapes[m->n_escapes++] = copy->n;
        buffer_append(copy, "\\", 1);
        from = at + 1;
    }
    buffer_append(copy, s + from, m->n - from);
    m->source = copy->s;
    m->n = copy->n;
}

/* ---- the page --------------------------------------------------------------------- */

static void done(struct markdown *m)
{
    inlines_free(&m->text);
    markdown_table_free(&m->table);
    buffer_free(&m->scratch);
    free(m->containers);
    free(m->links);
    free(m->escapes);
}

/* Lays out source[page.stable..end).  True: only up to a place where the page can be cut,
 * which then is page.stable. */
static bool lay_out(struct page *p, const char *source, size_t end)
{
    const MD_PARSER parser = {
        .flags = FLAGS, .enter_block = markdown_enter_block, .leave_block = markdown_leave_block,
        .enter_span = markdown_enter_span, .leave_span = markdown_leave_span, .text = markdown_text,
    };
    struct buffer copy = { 0 };

    page_go_back(p, &p->stable);
    struct markdown m = {
        .page = p, .source = source + p->stable.source, .n = end - p->stable.source, .first = p->stable.source,
        .room = p->width, .link = -1, .gap = p->stable.n_lines > 0,
    };
    copy_escaped(&m, &copy);
    int status = m.n > UINT_MAX ? -1 : md_parse(m.source, (MD_SIZE)m.n, &parser, &m);
    if (status == -1)
        abort();                                /* out of memory, as in ui/buffer.h */
    if (status == MARKDOWN_CUT) {
        p->stable = m.cut;
        page_go_back(p, &p->stable);
    }
    done(&m);
    buffer_free(&copy);
    return status == MARKDOWN_CUT;
}

/* From cut to cut, however much is there: so text that comes in pieces gives the page of the
 * whole by construction, also where md4c carries something over from block to block. */
void page_markdown(struct page *p, const char *source, size_t n, int width)
{
    size_t window = WINDOW_BYTES;

    if (width < 1)
        width = 1;
    if (width != p->width)
        page_reset(p);
    else if (p->n_lines > 0 && n == p->n_bytes)
        return;
    p->width = width;
    for (;;) {
        size_t left = n - p->stable.source;
        if (lay_out(p, source, p->stable.source + (left < window ? left : window)))
            window = WINDOW_BYTES;
        else if (left <= window)
            break;
        else
            window *= 2;
    }
    if (p->n_lines == 0)
        page_add_line(p, -1);
    p->n_bytes = n;
}
