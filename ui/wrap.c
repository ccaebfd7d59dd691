#include "ui/wrap.h"

#include "ui/buffer.h"
#include "ui/sanitise.h"

#include <stdlib.h>
#include <string.h>

static bool is_hangul(uint32_t code)
{
    return (code >= 0xAC00 && code <= 0xD7FF) || (code >= 0x1100 && code <= 0x11FF)
        || (code >= 0x3130 && code <= 0x318F) || (code >= 0xA960 && code <= 0xA97F);
}

static void add_line(struct wrap *w, size_t start, size_t end, int indent)
{
    w->lines = array_grow(w->lines, w->n, &w->capacity, sizeof *w->lines);
    w->lines[w->n++] = (struct wrap_line){ start, end, indent };
}

/* Columns by which a paragraph goes on: its own indent, and the mark of a list's item. */
static int hanging(const char *text, size_t from, size_t to, int width)
{
    size_t at = from, digits = 0;

    while (at < to && text[at] == ' ')
        at++;
    while (at + digits < to && digits < 3 && text[at + digits] >= '0' && text[at + digits] <= '9')
        digits++;
    if (at + 1 < to && strchr("-*+", text[at]) != NULL && text[at + 1] == ' ')
        at += 2;
    else if (digits > 0 && at + digits + 1 < to && text[at + digits] == '.' && text[at + digits + 1] == ' ')
        at += digits + 2;
    return at - from <= (size_t)width / 2 ? (int)(at - from) : 0;
}

/* A place where the line may end, and where the next would start. */
struct break_place { size_t end, next; int column; bool set; };

void wrap_line_of(struct wrap *w, const char *text, size_t from, size_t to, int hang, bool code)
{
    struct break_place place = { 0 };
    size_t start = from, word_end = from;       /* word_end: after the last unit that is no space */
    int column = 0, indent = 0;                 /* of the line being filled */
    struct glyph glyph;

    for (size_t i = from; i < to; i += glyph.n_bytes) {
        sanitise_next(text, to, i, &glyph);
        bool space = glyph.n_bytes == 1 && (glyph.code == ' ' || glyph.code == '\t');    /* with a mark on it it is seen */
        bool ideograph = !code && glyph.width == 2 && !is_hangul(glyph.code);
        if (space && !code && column + glyph.width > w->width && word_end > start) {
            column += glyph.width;              /* spaces hang over the edge */
            place = (struct break_place){ word_end, i + glyph.n_bytes, column, true };
            continue;
        }
        if (ideograph && word_end == i && word_end > start)
            place = (struct break_place){ i, i, column, true };
        while (column > indent && column + glyph.width > w->width) {
            if (!place.set)
                place = (struct break_place){ i, i, column, true };
            add_line(w, start, place.end, indent);
            start = place.next;
            indent = hang;
            column += indent - place.column;
            place.set = false;
            if (word_end < start)
                word_end = start;
        }
        if (column == indent && column + glyph.width > w->width)
            column = indent = 0;                /* a glyph too wide to stand below the indent */
        column += glyph.width;
        if (!space)
            word_end = i + glyph.n_bytes;
        if (space && !code && word_end > start)
            place = (struct break_place){ word_end, i + glyph.n_bytes, column, true };
        else if (ideograph)
            place = (struct break_place){ word_end, word_end, column, true };
    }
    add_line(w, start, to, indent);
}

bool wrap_is_fence(const char *text, size_t n)
{
    size_t at = 0;

    while (at < n && at < 3 && text[at] == ' ')
        at++;
    return n - at >= 3 && memcmp(text + at, "```", 3) == 0;
}

void wrap_update(struct wrap *w, const char *text, size_t n, int width)
{
    if (width < 1)
        width = 1;
    if (width != w->width)
        wrap_reset(w);
    else if (w->n > 0 && n == w->n_bytes)
        return;
    w->width = width;
    w->n = w->n_before;
    for (;;) {
        const char *newline = n > w->paragraph ? memchr(text + w->paragraph, '\n', n - w->paragraph) : NULL;
        size_t end = newline != NULL ? (size_t)(newline - text) : n;
        size_t shown = newline != NULL && end > w->paragraph && text[end - 1] == '\r' ? end - 1 : end;
        wrap_line_of(w, text, w->paragraph, shown, hanging(text, w->paragraph, shown, w->width), w->code);
        if (newline == NULL)
            break;
        if (wrap_is_fence(text + w->paragraph, end - w->paragraph))
            w->code = !w->code;
        w->paragraph = end + 1;
        w->n_before = w->n;
    }
    w->n_bytes = n;
}

void wrap_reset(struct wrap *w)
{
    w->n = w->n_bytes = w->paragraph = w->n_before = 0;
    w->code = false;
}

void wrap_free(struct wrap *w)
{
    free(w->lines);
    *w = (struct wrap){ 0 };
}

size_t wrap_find(const struct wrap *w, const char *text, size_t at, int *column)
{
    size_t i = w->n - 1;

    while (i > 0 && w->lines[i].start > at)
        i--;
    *column = w->lines[i].indent + sanitise_width(text + w->lines[i].start, at - w->lines[i].start);
    if (*column > w->width)
        *column = w->width;                     /* inside spaces that hang over the edge */
    return i;
}

size_t wrap_byte(const struct wrap *w, const char *text, size_t i_line, int column)
{
    const struct wrap_line *line = &w->lines[i_line];
    size_t at = line->start;
    struct glyph glyph;

    column -= line->indent;
    while (at < line->end) {
        sanitise_next(text, line->end, at, &glyph);
        if (column < glyph.width)
            break;
        column -= glyph.width;
        at += glyph.n_bytes;
    }
    return at;
}
