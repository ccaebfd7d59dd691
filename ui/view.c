#include "ui/view.h"

#include "ui/view_lines.h"

#include "ui/sanitise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- items ------------------------------------------------------------------------ */

size_t view_add(struct view *v, enum item_kind kind, int64_t turn, const char *text)
{
    v->items = array_grow(v->items, v->n_items, &v->item_capacity, sizeof *v->items);
    struct item *item = &v->items[v->n_items];
    *item = (struct item){ .kind = kind, .turn = turn, .folded = kind == ITEM_USER || kind == ITEM_CHIP };
    buffer_append(&item->text, text, strlen(text));
    return v->n_items++;
}

void view_append(struct view *v, size_t item, const char *text, size_t n)
{
    buffer_append(&v->items[item].text, text, n);
}

void view_set_text(struct view *v, size_t item, const char *text)
{
    struct item *i = &v->items[item];

    buffer_clear(&i->text);
    buffer_append(&i->text, text, strlen(text));
    page_reset(&i->page);
}

void view_hear(struct view *v, size_t item, const char *sure, const char *unsure)
{
    struct item *i = &v->items[item];

    buffer_remove(&i->text, i->text.n - i->n_unsure, i->n_unsure);
    buffer_append(&i->text, sure, strlen(sure));
    buffer_append(&i->text, unsure, strlen(unsure));
    i->n_unsure = strlen(unsure);
    page_reset(&i->page);
}

void view_truncate(struct view *v, size_t n_items)
{
    while (v->n_items > n_items) {
        struct item *item = &v->items[--v->n_items];
        buffer_free(&item->text);
        page_free(&item->page);
    }
    if (v->selected >= v->n_items)
        v->selecting = false;
    if (v->top.item >= v->n_items)
        v->scrolled = false;
}

void view_free(struct view *v)
{
    view_truncate(v, 0);
    free(v->items);
    buffer_free(&v->query);
    *v = (struct view){ 0 };
}

/* ---- geometry --------------------------------------------------------------------- */

int view_indent(int cols)
{
    return cols >= NARROW ? INDENT : 0;
}

static int label_columns(const struct item *item, int cols)
{
    int width = sanitise_width(item->label, strlen(item->label));

    return width > 0 && cols >= NARROW + width ? width + 1 : 0;
}

static int text_width(const struct item *item, int cols)
{
    int width = cols - view_indent(cols) - (cols >= NARROW ? 1 : 0) - label_columns(item, cols);

    return width < 1 ? 1 : width > TEXT_COLUMNS_MOST ? TEXT_COLUMNS_MOST : width;
}

/* A blank line separates what different hands wrote. */
size_t view_gap(const struct view *v, size_t item)
{
    if (item == 0)
        return 0;
    enum item_kind kind = v->items[item].kind, before = v->items[item - 1].kind;
    if (kind == ITEM_USER || kind == ITEM_CHIP)
        return before != ITEM_CHIP;
    if (kind == ITEM_NOTE || kind == ITEM_ERROR)
        return before == ITEM_USER || before == ITEM_CHIP;
    return 1;
}

static enum style style_of(enum item_kind kind)
{
    switch (kind) {
    case ITEM_USER: return STYLE_BOLD;
    case ITEM_CHIP: return STYLE_CHIP;
    case ITEM_NOTE: return STYLE_DIM;
    case ITEM_ERROR: return STYLE_ERROR;
    case ITEM_ANSWER:
    case ITEM_CAPTIONS: break;
    }
    return STYLE_PLAIN;
}

static const struct page *lay_out(struct item *item, int cols, bool markdown)
{
    const char *text = buffer_text(&item->text);
    size_t n = item->text.n;
    int width = text_width(item, cols);

    if (item->markdown != markdown)
        page_reset(&item->page);
    item->markdown = markdown;
    while (!markdown && n > 0 && text[n - 1] == '\n')
        n--;
    if (markdown)
        page_markdown(&item->page, text, n, width);
    else if (item->n_unsure > 0)
        page_captions(&item->page, text, n, item->text.n - item->n_unsure, width);
    else
        page_plain(&item->page, text, n, width, style_of(item->kind));
    return &item->page;
}

const struct page *view_page_of(struct view *v, size_t i, int cols)
{
    return lay_out(&v->items[i], cols, v->items[i].kind == ITEM_ANSWER && !v->plain);
}

bool view_has_fold(struct view *v, size_t i, int cols)
{
    const struct item *item = &v->items[i];

    return item->folded && !item->live && view_page_of(v, i, cols)->n_lines >= FOLD_LEAST;
}

size_t view_n_lines(struct view *v, size_t i, int cols)
{
    return view_has_fold(v, i, cols) ? FOLD_SHOWN : view_page_of(v, i, cols)->n_lines;
}

size_t view_rows_of(struct view *v, size_t i, int cols)
{
    return view_gap(v, i) + view_n_lines(v, i, cols) + (view_has_fold(v, i, cols) ? 1 : 0);
}

size_t view_rows(struct view *v, int cols, size_t first_item, size_t most)
{
    size_t rows = 0;

    for (size_t i = first_item; i < v->n_items && rows < most; i++)
        rows += view_rows_of(v, i, cols);
    return rows < most ? rows : most;
}

/* ---- drawing ---------------------------------------------------------------------- */

static const char *marker(const struct view *v, size_t i)
{
    enum item_kind kind = v->items[i].kind;
    bool opens = (kind == ITEM_USER || kind == ITEM_CHIP) && (i == 0 || v->items[i - 1].kind != ITEM_CHIP);

    return opens ? "›" : kind == ITEM_ERROR ? "!" : kind == ITEM_NOTE ? "·" : kind == ITEM_CAPTIONS ? "»" : "";
}

/* Before the text: what kind of item it is, or the bar beside the selected one. */
static void draw_marker(const struct view *v, struct screen *s, int row, int col, size_t i, bool is_first)
{
    enum item_kind kind = v->items[i].kind;

    if (v->selecting && v->selected == i)
        screen_print(s, row, col, col + 1, "▌", STYLE_ACCENT);
    else if (is_first)
        screen_print(s, row, col, col + 1, marker(v, i), kind == ITEM_USER || kind == ITEM_CHIP ? STYLE_ACCENT : style_of(kind));
}

/* What is found is marked where it is seen: between the columns of a row. */
static void mark_matches(const struct view *v, struct screen *s, int row, int from, int to)
{
    struct cell *cells = &s->cells[row * s->cols];
    struct buffer text = { 0 };
    size_t at = 0, end = 0;

    for (int col = from; col < to; col++)
        buffer_append(&text, cells[col].text, strlen(cells[col].text));
    int col = from;
    for (size_t place = 0; (at = view_match(buffer_text(&text), text.n, end, &v->query, &end)) != SIZE_MAX;)
        for (; col < to && place < end; place += strlen(cells[col++].text))
            if (place >= at || place + strlen(cells[col].text) > at)
                cells[col].style = STYLE_MATCH;
    buffer_free(&text);
}

/* Without a column for the bar the selected text itself is what shows. */
static void accent(struct screen *s, int row, int from, int to)
{
    for (int col = from; col < to; col++)
        s->cells[row * s->cols + col].style = STYLE_ACCENT;
}

static void draw_row(struct view *v, struct screen *s, int row, struct rect where, size_t i, size_t line)
{
    struct item *item = &v->items[i];
    int indent = view_indent(where.cols), left = where.col + indent, end = where.col + where.cols;
    int label = label_columns(item, where.cols);
    char more[64];

    if (indent > 0)
        draw_marker(v, s, row, where.col, i, line == 0);
    if (line < view_n_lines(v, i, where.cols)) {
        page_draw(&item->page, line, s, row, left, end);
    } else {
        snprintf(more, sizeof more, "… %zu more lines (f)", item->page.n_lines - FOLD_SHOWN);
        screen_print(s, row, left, end, more, STYLE_DIM);
    }
    if (line == 0 && label > 0)
        screen_print(s, row, end - label, end, item->label, STYLE_DIM);
    if (indent == 0 && v->selecting && v->selected == i)
        accent(s, row, left, end);
    if (v->query.n > 0)
        mark_matches(v, s, row, left, end);
}

/* Keeps the text that is read in place, about, when lines become longer or shorter. */
static void follow_width(struct view *v, int cols)
{
    size_t item = v->top.item;

    if (!v->scrolled || v->drawn.cols == cols || v->drawn.cols == 0 || item >= v->n_items)
        return;
    size_t gap = view_gap(v, item), before = v->items[item].page.n_lines;
    if (v->top.row > gap && before > 0)
        v->top.row = gap + (v->top.row - gap) * view_page_of(v, item, cols)->n_lines / before;
}

void view_draw(struct view *v, struct screen *s, struct rect where)
{
    int bottom = where.row + where.rows < s->rows ? where.row + where.rows : s->rows;

    if (where.col + where.cols > s->cols)
        where.cols = s->cols - where.col;
    follow_width(v, where.cols);
    struct view_place p = view_top(v, where);
    v->drawn = where;
    v->drawn_top = p;
    for (int row = where.row; row < bottom && p.item < v->n_items; row++) {
        size_t gap = view_gap(v, p.item), n = view_rows_of(v, p.item, where.cols);
        if (p.row >= gap)
            draw_row(v, s, row, where, p.item, p.row - gap);
        if (++p.row >= n)
            p = (struct view_place){ p.item + 1, 0 };
    }
}

/* ---- folding, code, what is where ------------------------------------------------- */

void view_fold(struct view *v, size_t item, bool folded)
{
    v->items[item].folded = folded;
    if (v->scrolled && v->top.item == item)     /* its beginning, rather than a row that is gone */
        v->top.row = 0;
}

/* Also when answers are shown as they are: the next draw lays it out again. */
static const struct page *codes_of(struct view *v, size_t item)
{
    int cols = v->drawn.cols > 0 ? v->drawn.cols : TEXT_COLUMNS_MOST;

    return lay_out(&v->items[item], cols, v->items[item].kind == ITEM_ANSWER);
}

size_t view_n_codes(struct view *v, size_t item)
{
    return codes_of(v, item)->n_codes;
}

const char *view_code(struct view *v, size_t item, size_t i, size_t *n)
{
    const struct page *p = codes_of(v, item);

    *n = p->codes[i].end - p->codes[i].start;
    return p->text.s + p->codes[i].start;
}

static const char *link_at(const struct page *p, size_t line, int col)
{
    int at = p->lines[line].indent;

    for (size_t i = p->lines[line].first_run; i < p->lines[line].first_run + p->lines[line].n_runs; i++) {
        const struct page_run *run = &p->runs[i];
        int end = at + sanitise_width(p->text.s + run->start, run->end - run->start);
        if (col >= at && col < end)
            return run->link >= 0 ? p->links[run->link] : NULL;
        at = end;
    }
    return NULL;
}

/* The byte of the page's text that is shown in a column; SIZE_MAX: none is. */
static size_t byte_at(const struct page *p, size_t line, int col)
{
    int at = p->lines[line].indent;

    for (size_t i = p->lines[line].first_run; i < p->lines[line].first_run + p->lines[line].n_runs; i++) {
        struct glyph glyph;
        for (size_t k = p->runs[i].start; k < p->runs[i].end; k += glyph.n_bytes) {
            sanitise_next(p->text.s, p->runs[i].end, k, &glyph);
            if (col >= at && col < at + glyph.width)
                return k;
            at += glyph.width;
        }
    }
    return SIZE_MAX;
}

struct view_hit view_at(struct view *v, int row, int col)
{
    const struct rect *r = &v->drawn;
    struct view_hit hit = { .item = SIZE_MAX };

    if (row < r->row || row >= r->row + r->rows || col < r->col || col >= r->col + r->cols)
        return hit;
    struct view_place p = view_on(v, v->drawn_top, (size_t)(row - r->row), r->cols);
    if (p.item >= v->n_items || p.row < view_gap(v, p.item))
        return hit;
    size_t line = p.row - view_gap(v, p.item);
    hit.item = p.item;
    hit.fold = line >= view_n_lines(v, p.item, r->cols);
    if (hit.fold)
        return hit;
    const struct page *page = &v->items[p.item].page;
    hit.link = link_at(page, line, col - r->col - view_indent(r->cols));
    hit.at = byte_at(page, line, col - r->col - view_indent(r->cols));
    hit.text = hit.at != SIZE_MAX ? page->text.s : NULL;
    return hit;
}
