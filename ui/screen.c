#include "ui/screen.h"

#include "base/utf8.h"
#include "ui/buffer.h"
#include "ui/sanitise.h"

#include <stdlib.h>
#include <string.h>

static struct cell blank(enum style style)
{
    return (struct cell){ .text = " ", .width = 1, .style = (unsigned char)style, .foreground = -1, .background = -1 };
}

void screen_resize(struct screen *s, int rows, int cols)
{
    s->rows = rows > 0 ? rows : 1;
    s->cols = cols > 0 ? cols : 1;
    free(s->cells);
    s->cells = calloc((size_t)s->rows * (size_t)s->cols, sizeof *s->cells);
    if (s->cells == NULL)
        abort();
    screen_clear(s);
}

void screen_clear(struct screen *s)
{
    size_t n = (size_t)s->rows * (size_t)s->cols;

    for (size_t i = 0; i < n; i++)
        s->cells[i] = blank(STYLE_PLAIN);
    s->cursor_row = -1;
    s->cursor_col = 0;
    s->picture = NULL;
}

void screen_free(struct screen *s)
{
    free(s->cells);
    *s = (struct screen){ 0 };
}

/* What stood in [col, col + width) goes; no half of a wide character is left beside it. */
static void make_room(struct screen *s, int row, int col, int width)
{
    struct cell *cells = &s->cells[row * s->cols];

    if (cells[col].width == 0 && col > 0)
        cells[col - 1] = blank(cells[col - 1].style);
    if (col + width < s->cols && cells[col + width].width == 0)
        cells[col + width] = blank(cells[col + width].style);
}

/* One glyph may be several characters wide ("<U+202E>", joined emoji): a cell each. */
static int put_glyph(struct screen *s, int row, int col, const struct glyph *glyph, enum style style)
{
    struct cell *cell = NULL, *at = &s->cells[row * s->cols + col];
    size_t n = strlen(glyph->text), used;
    uint32_t code;

    make_room(s, row, col, glyph->width);
    for (size_t i = 0; i < n; i += used) {
        used = utf8_decode(glyph->text + i, n - i, &code);
        int width = utf8_width(code);
        if (width > 0) {
            cell = at;
            for (int half = 0; half < width; half++) {
                cell[half] = blank(style);
                cell[half].text[0] = '\0';
                cell[half].width = half == 0 ? (unsigned char)width : 0;
            }
            at += width;
        }
        if (cell != NULL && strlen(cell->text) + used < CELL_BYTES)
            strncat(cell->text, glyph->text + i, used);
    }
    return glyph->width;
}

int screen_put(struct screen *s, int row, int col, int end, const char *text, size_t n, enum style style)
{
    struct glyph glyph;

    if (row < 0 || row >= s->rows || col < 0)
        return col;
    if (end > s->cols)
        end = s->cols;
    for (size_t i = 0; i < n; i += glyph.n_bytes) {
        sanitise_next(text, n, i, &glyph);
        if (col + glyph.width > end)
            break;
        col += put_glyph(s, row, col, &glyph, style);
    }
    return col;
}

int screen_print(struct screen *s, int row, int col, int end, const char *text, enum style style)
{
    return screen_put(s, row, col, end, text, strlen(text), style);
}

void screen_fill(struct screen *s, struct rect where, enum style style)
{
    int end_row = where.row + where.rows < s->rows ? where.row + where.rows : s->rows;
    int end = where.col + where.cols < s->cols ? where.col + where.cols : s->cols;
    int col = where.col > 0 ? where.col : 0;

    for (int row = where.row > 0 ? where.row : 0; row < end_row && col < end; row++) {
        make_room(s, row, col, end - col);
        for (int i = col; i < end; i++)
            s->cells[row * s->cols + i] = blank(style);
    }
}

char *screen_row(const struct screen *s, int row)
{
    struct buffer text = { 0 };

    buffer_append(&text, "", 0);
    for (int col = 0; col < s->cols; col++) {
        const struct cell *cell = &s->cells[row * s->cols + col];
        buffer_append(&text, cell->text, strlen(cell->text));
    }
    while (text.n > 0 && text.s[text.n - 1] == ' ')
        buffer_remove(&text, text.n - 1, 1);
    return text.s;
}
