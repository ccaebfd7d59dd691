#include "ui/markdown.h"

#include "ui/sanitise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ------------------------------------------------------------------------ */

void markdown_open_line(struct markdown *m, int code)
{
    struct page *p = m->page;

    page_add_line(p, code);
    for (size_t i = 0; i < m->n_containers; i++) {
        struct container *c = &m->containers[i];
        if (c->type == MD_BLOCK_QUOTE)
            c->begun = true;
        if (c->columns == 0)
            continue;
        if (c->type == MD_BLOCK_QUOTE || !c->begun)
            page_add_text(p, c->mark, strlen(c->mark), c->type == MD_BLOCK_QUOTE ? STYLE_QUOTE : STYLE_ACCENT, -1);
        else
            page_add_blanks(p, c->columns);
        c->begun = true;
    }
}

/* Between blocks; a bar goes on through it. */
static void blank_line(struct markdown *m)
{
    struct page *p = m->page;

    markdown_open_line(m, -1);
    struct page_line *line = &p->lines[p->n_lines - 1];
    for (; line->n_runs > 0; line->n_runs--, p->n_runs--) {
        struct page_run *last = &p->runs[p->n_runs - 1];
        last->end = page_trimmed(p->text.s, last->start, last->end);
        if (last->end > last->start)
            return;
    }
    line->indent = 0;
}

/* A style begins at a glyph: marks go with what they sit on. */
void markdown_add_runs(struct markdown *m, const struct inlines *t, size_t base, size_t start, size_t end)
{
    struct page *p = m->page;
    struct glyph glyph;
    size_t i_span = 0;

    for (size_t at = start; at < end;) {
        while (i_span + 1 < t->n_spans && base + t->spans[i_span].end <= at)
            i_span++;
        const struct span *span = &t->spans[i_span];
        size_t stop = base + span->end < end ? base + span->end : end, to = at;
        if (stop == end)
            to = end;
        while (to < stop) {
            sanitise_next(p->text.s, end, to, &glyph);
            to += glyph.n_bytes;
        }
        page_add_run(p, at, to, span->style, span->link);
        at = to;
    }
}

/* ---- text ------------------------------------------------------------------------- */

/* md4c 0.4.8 may enter a span that it does not leave ("~~a~"): it ends with its block. */
static void begin_text(struct markdown *m)
{
    inlines_clear(&m->text);
    m->strong = m->italic = m->code = m->deleted = 0;
    m->link = -1;
    m->n_links = 0;
}

static void put_text(struct markdown *m, const struct inlines *t)
{
    struct page *p = m->page;
    struct wrap *w = &p->wrap;
    size_t base = p->text.n, end = base + t->text.n;

    buffer_append(&p->text, buffer_text(&t->text), t->text.n);
    wrap_reset(w);
    w->width = m->room;
    for (size_t at = base; at <= end;) {
        const char *newline = memchr(p->text.s + at, '\n', end - at);
        size_t stop = newline != NULL ? (size_t)(newline - p->text.s) : end;
        wrap_line_of(w, p->text.s, at, stop, 0, false);
        at = stop + 1;
    }
    for (size_t i = 0; i < w->n; i++) {
        markdown_open_line(m, -1);
        markdown_add_runs(m, t, base, w->lines[i].start, page_trimmed(p->text.s, w->lines[i].start, w->lines[i].end));
    }
}

/* The marks that had no room to stand before their items. */
static bool take_loose_marks(struct markdown *m, struct inlines *to)
{
    for (size_t i = 0; i < m->n_containers; i++) {
        struct container *c = &m->containers[i];
        if (c->type == MD_BLOCK_LI && !c->begun && c->columns == 0) {
            inlines_add(to, c->mark, strlen(c->mark), STYLE_ACCENT, -1);
            c->begun = true;
        }
    }
    return to->text.n > 0;
}

void markdown_loose_marks(struct markdown *m)
{
    struct inlines marks = { 0 };

    if (take_loose_marks(m, &marks))
        put_text(m, &marks);
    inlines_free(&marks);
}

static void paragraph(struct markdown *m)
{
    struct inlines marked = { 0 };

    if (take_loose_marks(m, &marked)) {
        for (size_t i = 0, start = 0; i < m->text.n_spans; start = m->text.spans[i++].end)
            inlines_add(&marked, m->text.text.s + start, m->text.spans[i].end - start, m->text.spans[i].style, m->text.spans[i].link);
        put_text(m, &marked);
    } else {
        put_text(m, &m->text);
    }
    inlines_free(&marked);
    begin_text(m);
}

/* ---- code ------------------------------------------------------------------------- */

static void open_code(struct markdown *m, const MD_BLOCK_CODE_DETAIL *detail)
{
    struct page *p = m->page;

    p->codes = array_grow(p->codes, p->n_codes, &p->code_capacity, sizeof *p->codes);
    buffer_clear(&m->scratch);
    buffer_append(&m->scratch, detail->lang.text, detail->lang.text != NULL ? detail->lang.size : 0);
    p->codes[p->n_codes++] = (struct page_code){ .language = text_copy(buffer_text(&m->scratch)) };
    m->code++;
    m->fenced = detail->fence_char != 0 && m->n_containers == 0;
    m->blanks = 0;
}

static void code_lines(struct markdown *m, int indent, struct page_code *code, int index)
{
    struct page *p = m->page;
    struct wrap *w = &p->wrap;

    wrap_reset(w);
    w->width = m->room - indent;
    for (size_t at = code->start; at <= code->end;) {
        const char *newline = memchr(p->text.s + at, '\n', code->end - at);
        size_t stop = newline != NULL ? (size_t)(newline - p->text.s) : code->end;
        wrap_line_of(w, p->text.s, at, stop, 0, true);
        at = stop + 1;
    }
    for (size_t i = 0; i < w->n; i++) {
        markdown_open_line(m, index);
        page_add_blanks(p, indent);
        page_add_run(p, w->lines[i].start, page_trimmed(p->text.s, w->lines[i].start, w->lines[i].end), STYLE_CODE, -1);
    }
}

static void close_code(struct markdown *m, const MD_BLOCK_CODE_DETAIL *detail)
{
    struct page *p = m->page;
    int index = (int)p->n_codes - 1, indent = m->room >= ROOM_LEAST + CODE_INDENT ? CODE_INDENT : 0;
    struct page_code *code = &p->codes[index];
    size_t n = m->text.text.n;

    m->fenced = false;
    markdown_loose_marks(m);
    if (detail->info.size > 0) {
        struct wrap *w = &p->wrap;
        size_t start = p->text.n;
        buffer_append(&p->text, detail->info.text, detail->info.size);
        wrap_reset(w);
        w->width = m->room - indent;
        wrap_line_of(w, p->text.s, start, p->text.n, 0, true);
        for (size_t i = 0; i < w->n; i++) {
            markdown_open_line(m, index);
            page_add_blanks(p, indent);
            page_add_run(p, w->lines[i].start, page_trimmed(p->text.s, w->lines[i].start, w->lines[i].end), STYLE_DIM, -1);
        }
    }
    code->start = p->text.n;
    buffer_append(&p->text, buffer_text(&m->text.text), n > 0 && m->text.text.s[n - 1] == '\n' ? n - 1 : n);
    code->end = p->text.n;
    begin_text(m);
    code_lines(m, indent, code, index);
}

static void rule(struct markdown *m)
{
    markdown_loose_marks(m);
    markdown_open_line(m, -1);
    for (int i = 0; i < m->room; i++)
        page_add_text(m->page, "─", strlen("─"), STYLE_DIM, -1);
}

/* ---- containers ------------------------------------------------------------------- */

static struct container *innermost(struct markdown *m)
{
    return m->n_containers > 0 ? &m->containers[m->n_containers - 1] : NULL;
}

static struct container *push(struct markdown *m, MD_BLOCKTYPE type)
{
    m->containers = array_grow(m->containers, m->n_containers, &m->container_capacity, sizeof *m->containers);
    m->containers[m->n_containers] = (struct container){ .type = type };
    return &m->containers[m->n_containers++];
}

static void take_room(struct markdown *m, struct container *c)
{
    int columns = sanitise_width(c->mark, strlen(c->mark));

    if (m->room - columns >= ROOM_LEAST) {
        c->columns = columns;
        m->room -= columns;
    }
}

static void pop(struct markdown *m)
{
    m->room += innermost(m)->columns;
    m->n_containers--;
}

static void open_list(struct markdown *m, MD_BLOCKTYPE type, const void *detail)
{
    struct container *c = push(m, type);

    if (type == MD_BLOCK_UL) {
        c->tight = ((const MD_BLOCK_UL_DETAIL *)detail)->is_tight != 0;
        return;
    }
    const MD_BLOCK_OL_DETAIL *ordered = detail;
    c->tight = ordered->is_tight != 0;
    c->number = ordered->start;
    c->delimiter = ordered->mark_delimiter;
}

static void open_item(struct markdown *m, const MD_BLOCK_LI_DETAIL *detail)
{
    struct container *list = innermost(m), *item;
    char mark[MARK_BYTES] = "";

    if (list->begun && !list->tight)
        blank_line(m);
    if (list->begun)                            /* a list begins with its first item */
        m->seeking = false;
    list->begun = true;
    if (list->type == MD_BLOCK_OL)
        snprintf(mark, sizeof mark, "%u%c ", list->number++, list->delimiter);
    else if (!detail->is_task)
        strcpy(mark, "• ");
    if (detail->is_task)
        strcat(mark, detail->task_mark == ' ' ? "[ ] " : "[x] ");
    item = push(m, MD_BLOCK_LI);
    strcpy(item->mark, mark);
    take_room(m, item);
    begin_text(m);
    m->gap = false;
}

static void close_item(struct markdown *m)
{
    if (m->text.text.n > 0 || !innermost(m)->begun)     /* text of a tight item; or nothing in it: its mark alone */
        paragraph(m);
    pop(m);
    m->gap = true;
}

static void open_quote(struct markdown *m)
{
    struct container *c;

    markdown_loose_marks(m);
    c = push(m, MD_BLOCK_QUOTE);
    strcpy(c->mark, "│ ");
    take_room(m, c);
    m->gap = false;
}

static void close_quote(struct markdown *m)
{
    if (!innermost(m)->begun)
        blank_line(m);
    pop(m);
    m->gap = true;
}

/* ---- md4c's events ---------------------------------------------------------------- */

static bool in_tight_item(const struct markdown *m)
{
    return m->n_containers >= 2 && m->containers[m->n_containers - 1].type == MD_BLOCK_LI
        && m->containers[m->n_containers - 2].tight;
}

/* Before a paragraph, list or the like: a blank line, unless it is the first of what holds it. */
static void separate(struct markdown *m)
{
    if (m->n_containers == 0) {
        m->before = page_here(m->page, 0);
        m->seeking = true;
    }
    if (in_tight_item(m) && m->text.text.n > 0)     /* md4c sends no paragraph there */
        paragraph(m);
    if (m->gap && !in_tight_item(m))
        blank_line(m);
    m->gap = false;
    begin_text(m);
}

int markdown_enter_block(MD_BLOCKTYPE type, void *detail, void *user)
{
    struct markdown *m = user;

    if (type == MD_BLOCK_LI) {
        open_item(m, detail);
        return 0;
    }
    if (type != MD_BLOCK_DOC && type < MD_BLOCK_THEAD)
        separate(m);
    switch (type) {
    case MD_BLOCK_QUOTE: open_quote(m); break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL: open_list(m, type, detail); break;
    case MD_BLOCK_CODE:
        m->seeking = false;
        open_code(m, detail);
        break;
    case MD_BLOCK_H: m->heading++; break;
    case MD_BLOCK_TABLE:
        m->table.n_columns = ((MD_BLOCK_TABLE_DETAIL *)detail)->col_count;
        m->table.row_end = m->read;
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        begin_text(m);
        m->strong = type == MD_BLOCK_TH;
        m->table.align = ((MD_BLOCK_TD_DETAIL *)detail)->align;
        break;
    default: break;
    }
    return 0;
}

static void close_cell(struct markdown *m)
{
    struct table *t = &m->table;

    t->cells = array_grow(t->cells, t->n_cells, &t->capacity, sizeof *t->cells);
    t->cells[t->n_cells++] = (struct table_cell){ m->text, t->align };
    m->text = (struct inlines){ 0 };
}

int markdown_leave_block(MD_BLOCKTYPE type, void *detail, void *user)
{
    struct markdown *m = user;

    switch (type) {
    case MD_BLOCK_QUOTE: close_quote(m); break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL: pop(m); break;
    case MD_BLOCK_LI: close_item(m); break;
    case MD_BLOCK_HR: rule(m); break;
    case MD_BLOCK_H:
        paragraph(m);
        m->heading--;
        break;
    case MD_BLOCK_CODE: close_code(m, detail); break;
    case MD_BLOCK_P: paragraph(m); break;
    case MD_BLOCK_TABLE: markdown_table(m); break;
    case MD_BLOCK_TR: markdown_table_row(m); break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD: close_cell(m); break;
    default: break;
    }
    if (type != MD_BLOCK_DOC && type < MD_BLOCK_THEAD)
        m->gap = true;
    return 0;
}
