#include "ui/markdown.h"

#include "ui/entities.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- text with its styles --------------------------------------------------------- */

void inlines_add(struct inlines *t, const char *text, size_t n, enum style style, int link)
{
    struct span *last = t->n_spans > 0 ? &t->spans[t->n_spans - 1] : NULL;

    if (n == 0)
        return;
    buffer_append(&t->text, text, n);
    if (last != NULL && last->style == style && last->link == link) {
        last->end = t->text.n;
        return;
    }
    t->spans = array_grow(t->spans, t->n_spans, &t->capacity, sizeof *t->spans);
    t->spans[t->n_spans++] = (struct span){ t->text.n, style, link };
}

void inlines_clear(struct inlines *t)
{
    buffer_clear(&t->text);
    t->n_spans = 0;
}

void inlines_free(struct inlines *t)
{
    buffer_free(&t->text);
    free(t->spans);
    *t = (struct inlines){ 0 };
}

static enum style style_here(const struct markdown *m)
{
    static const enum style emphasis[] = { STYLE_PLAIN, STYLE_BOLD, STYLE_ITALIC, STYLE_BOLD_ITALIC };
    int which = (m->strong > 0 ? 1 : 0) + (m->italic > 0 ? 2 : 0);

    if (m->code > 0)
        return STYLE_CODE;
    if (m->link >= 0)
        return STYLE_LINK;
    if (m->deleted > 0)
        return STYLE_DIM;
    if (m->heading > 0)
        return STYLE_HEADING;
    if (which == 0)
        for (size_t i = 0; i < m->n_containers; i++)
            if (m->containers[i].type == MD_BLOCK_QUOTE)
                return STYLE_QUOTE;
    return emphasis[which];
}

static void add(struct markdown *m, const char *text, size_t n)
{
    inlines_add(&m->text, text, n, style_here(m), m->link);
}

/* ---- links ------------------------------------------------------------------------ */

static void add_attribute(struct buffer *to, const MD_ATTRIBUTE *a)
{
    char out[ENTITY_BYTES];

    for (size_t i = 0; a->text != NULL && a->substr_offsets[i] < a->size; i++) {
        const char *text = a->text + a->substr_offsets[i];
        size_t n = a->substr_offsets[i + 1] - a->substr_offsets[i];
        size_t decoded = a->substr_types[i] == MD_TEXT_ENTITY ? entity_decode(text, n, out) : 0;
        buffer_append(to, decoded > 0 ? out : text, decoded > 0 ? decoded : n);
    }
}

static void enter_link(struct markdown *m, const MD_ATTRIBUTE *target)
{
    struct page *p = m->page;

    m->links = array_grow(m->links, m->n_links, &m->link_capacity, sizeof *m->links);
    m->links[m->n_links++] = (struct open_link){ m->text.text.n, m->link };
    if (m->link >= 0)                           /* an image inside a link leads where the link does */
        return;
    buffer_clear(&m->scratch);
    add_attribute(&m->scratch, target);
    p->links = array_grow(p->links, p->n_links, &p->link_capacity, sizeof *p->links);
    p->links[p->n_links] = text_copy(buffer_text(&m->scratch));
    m->link = (int)p->n_links++;
}

/* "http://a.b" for a.b, "mailto:a@b" for a@b: said by the text already. */
static bool says(const char *text, size_t n, const struct buffer *target)
{
    static const char *const schemes[] = { "", "mailto:", "http://" };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i]);
        if (target->n == n + length && memcmp(buffer_text(target), schemes[i], length) == 0
            && memcmp(buffer_text(target) + length, text, n) == 0)
            return true;
    }
    return false;
}

/* The target, and the title, behind the text; dim, and part of the link. */
static void leave_link(struct markdown *m, const MD_ATTRIBUTE *target, const MD_ATTRIBUTE *title)
{
    struct buffer *to = &m->scratch;

    if (m->n_links == 0)
        return;
    struct open_link link = m->links[--m->n_links];
    size_t n = m->text.text.n - link.start;
    buffer_clear(to);
    add_attribute(to, target);
    bool said = says(buffer_text(&m->text.text) + link.start, n, to);
    if (said)
        buffer_clear(to);
    if (title->size > 0) {
        buffer_append(to, " \"", to->n > 0 ? 2 : 0);
        add_attribute(to, title);
        buffer_append(to, "\"", to->n > title->size ? 1 : 0);
    }
    if (to->n > 0) {
        inlines_add(&m->text, " (", n > 0 ? 2 : 0, STYLE_DIM, m->link);
        inlines_add(&m->text, to->s, to->n, STYLE_DIM, m->link);
        inlines_add(&m->text, ")", n > 0 ? 1 : 0, STYLE_DIM, m->link);
    }
    m->link = link.outer;
}

/* ---- md4c's events ---------------------------------------------------------------- */

static void count_span(struct markdown *m, MD_SPANTYPE type, int by)
{
    switch (type) {
    case MD_SPAN_EM: m->italic += by; break;
    case MD_SPAN_STRONG: m->strong += by; break;
    case MD_SPAN_CODE: m->code += by; break;
    case MD_SPAN_DEL:
        m->deleted += by > 0 ? 1 : 0;
        add(m, "~~", 2);                        /* terminals have no other way that all show */
        m->deleted -= by < 0 ? 1 : 0;
        break;
    default: break;
    }
}

int markdown_enter_span(MD_SPANTYPE type, void *detail, void *user)
{
    struct markdown *m = user;

    if (type == MD_SPAN_A)
        enter_link(m, &((MD_SPAN_A_DETAIL *)detail)->href);
    else if (type == MD_SPAN_IMG)
        enter_link(m, &((MD_SPAN_IMG_DETAIL *)detail)->src);
    else
        count_span(m, type, 1);
    return 0;
}

int markdown_leave_span(MD_SPANTYPE type, void *detail, void *user)
{
    struct markdown *m = user;

    if (type == MD_SPAN_A)
        leave_link(m, &((MD_SPAN_A_DETAIL *)detail)->href, &((MD_SPAN_A_DETAIL *)detail)->title);
    else if (type == MD_SPAN_IMG)
        leave_link(m, &((MD_SPAN_IMG_DETAIL *)detail)->src, &((MD_SPAN_IMG_DETAIL *)detail)->title);
    else
        count_span(m, type, -1);
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Whether an empty line, ended, comes behind s[at]: what paragraph stands there is complete. */
static bool blank_follows(const char *s, size_t at, size_t n)
{
    const char *newline;

    while ((newline = memchr(s + at, '\n', n - at)) != NULL) {
        at = (size_t)(newline - s) + 1;
        size_t end = at;
        while (end < n && is_blank(s[end]))
            end++;
        if (end < n && s[end] == '\n')
            return true;
    }
    return false;
}

/* Where the line of source[at] starts, the first text of a block of the document, when the page
 * can be cut there: text behind it cannot change what stands before, nor that the block begins
 * so, and what follows reads the same on its own.  That is a line that follows a blank one, is
 * not indented and whose paragraph is complete; SIZE_MAX: it cannot. */
static size_t cut_place(const struct markdown *m, size_t at)
{
    const char *s = m->source;
    size_t start = at, before;

    while (start > 0 && s[start - 1] != '\n')
        start--;
    if (start < 2 || is_blank(s[start]) || memchr(s + start, '\r', at - start) != NULL || !blank_follows(s, at, m->n))
        return SIZE_MAX;
    for (before = start - 1; before > 0 && is_blank(s[before - 1]);)
        before--;
    return before > 0 && s[before - 1] == '\n' ? start : SIZE_MAX;
}

/* Looks at where in the source the text stands; true: the page can be cut there. */
static bool note_place(struct markdown *m, const char *text, size_t n)
{
    size_t at = (size_t)((uintptr_t)text - (uintptr_t)m->source), n_escapes = 0;

    if (at >= m->n)                             /* a constant of md4c's */
        return false;
    m->read = at + n;
    m->table.read_cell = m->table.n_cells;
    if (!m->seeking)
        return false;
    m->seeking = false;
    size_t place = cut_place(m, at);
    if (place == SIZE_MAX)
        return false;
    while (n_escapes < m->n_escapes && m->escapes[n_escapes] < place)
        n_escapes++;
    m->cut = m->before;
    m->cut.source = m->first + place - n_escapes;
    return true;
}

void markdown_add_source(const struct markdown *m, struct inlines *to, const char *text, size_t n, enum style style, int link)
{
    size_t at = (size_t)((uintptr_t)text - (uintptr_t)m->source), from = 0;

    for (size_t i = 0; at < m->n && i < m->n_escapes; i++)
        if (m->escapes[i] >= at && m->escapes[i] < at + n) {
            inlines_add(to, text + from, m->escapes[i] - at - from, style, link);
            from = m->escapes[i] - at + 1;
        }
    inlines_add(to, text + from, n - from, style, link);
}

/* md4c sends the indent of a line of code as spaces; whoever copies a Makefile needs its tabs. */
static void add_fenced(struct markdown *m, const char *text, size_t n)
{
    size_t at = (size_t)((uintptr_t)text - (uintptr_t)m->source), start = at;

    if (at >= m->n && n > 0 && text[0] == ' ') {
        m->blanks += n;
        return;
    }
    while (at < m->n && start > 0 && (m->source[start - 1] == ' ' || m->source[start - 1] == '\t'))
        start--;
    if (at < m->n && start < at && m->blanks > 0 && m->source[start] == '\t' && start > 0 && m->source[start - 1] == '\n') {
        add(m, m->source + start, at - start);
        m->blanks = 0;
    }
    for (; m->blanks > 0; m->blanks--)
        add(m, " ", 1);
    markdown_add_source(m, &m->text, text, n, STYLE_CODE, -1);
}

int markdown_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE n, void *user)
{
    struct markdown *m = user;
    char out[ENTITY_BYTES];
    size_t decoded;

    if (note_place(m, text, n))
        return MARKDOWN_CUT;
    switch (type) {
    case MD_TEXT_NULLCHAR:
        add(m, "", 1);
        break;
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR:
        add(m, "\n", 1);
        break;
    case MD_TEXT_ENTITY:
        decoded = entity_decode(text, n, out);
        add(m, decoded > 0 ? out : text, decoded > 0 ? decoded : n);
        break;
    default:
        if (m->fenced)
            add_fenced(m, text, n);
        else
            markdown_add_source(m, &m->text, text, n, style_here(m), m->link);
    }
    return 0;
}
