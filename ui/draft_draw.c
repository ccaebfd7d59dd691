/* draft_draw.c - the draft -> cells.
 *
 *   › [chip] [chip]      as many in a line as fit; one that does not fit whole is wrapped
 *     [chip]
 *     text               the lines around the cursor when there is no room for all */
#include "ui/draft_lines.h"

#include "ui/sanitise.h"

#include <stdio.h>
#include <string.h>

enum { INDENT = 2, NARROW = 16 };   /* below this width nothing is indented */

/* ---- words ------------------------------------------------------------------------ */

void draft_print_bytes(struct buffer *to, size_t n)
{
    static const char *const units[] = { "KB", "MB", "GB" };
    double value = (double)n / 1000;
    int unit = 0;

    if (n < 1000) {
        buffer_print(to, "%zu byte%s", n, n == 1 ? "" : "s");
        return;
    }
    for (; value >= 999.5 && unit < 2; unit++)
        value /= 1000;
    buffer_print(to, "%.*f %s", value < 9.95 ? 1 : 0, value, units[unit]);
}

/* 0.4 s, 3 s, 2 min */
static void print_time(struct buffer *to, double seconds)
{
    if (seconds < 99.5)
        buffer_print(to, "%.*f s", seconds < 0.95 ? 1 : 0, seconds);
    else
        buffer_print(to, "%.0f min", seconds / 60);
}

void draft_print_file(struct buffer *to, enum attachment_kind kind, const char *name, const char *summary)
{
    buffer_print(to, "%s %s · %s", kind == ATTACHMENT_IMAGE ? "image" : "clip", name, summary);
}

void draft_label(const struct draft *d, const struct attachment *a, struct buffer *label)
{
    struct engine_attachment x = d->engine->attachment(a);

    buffer_clear(label);
    draft_print_file(label, x.kind, x.name, x.summary);
    if (x.n_tokens > 0)
        buffer_print(label, " · %zu tokens", x.n_tokens);
    if (x.n_tokens > 0 && d->n_ctx > 0) {
        size_t percent = (100 * x.n_tokens + d->n_ctx / 2) / d->n_ctx;
        buffer_print(label, ", %s%zu %%", percent == 0 ? "< " : "", percent == 0 ? 1 : percent);
    }
}

static void print_reading(const struct chip *chip, struct buffer *to)
{
    if (chip->n_bytes > 0) {
        buffer_print(to, " · ");
        draft_print_bytes(to, chip->n_bytes);
    }
    buffer_print(to, " · %s", chip->doing.n > 0 ? buffer_text(&chip->doing) : "waiting");
    if (chip->total > 0)
        buffer_print(to, " %.0f %%", 100 * chip->done / chip->total);
    if (chip->expected_ms > 0) {
        buffer_print(to, ", about ");
        print_time(to, chip->expected_ms / 1000);
    }
}

bool draft_tab_opens(const struct draft *d)
{
    return d->editor.text.n == 0 && d->n_chips > 0 && d->chips[d->n_chips - 1].kind == CHIP_PASTE;
}

static void print_chip(const struct draft *d, struct chip *chip)
{
    struct buffer *to = &chip->shown;
    double seconds = d->prefill_per_s > 0 ? (double)chip->n_tokens / d->prefill_per_s : 0;

    buffer_clear(to);
    if (chip->state == CHIP_FAILED) {
        buffer_print(to, "not attached: %s (Backspace removes this)", buffer_text(&chip->label));
        return;
    }
    buffer_print(to, "[%s", buffer_text(&chip->label));
    if (chip->state == CHIP_READING)
        print_reading(chip, to);
    if (seconds >= 0.05) {
        buffer_print(to, ", ");
        print_time(to, seconds);
        buffer_print(to, " to read");
    }
    if (draft_tab_opens(d) && chip == &d->chips[d->n_chips - 1])
        buffer_print(to, " · Tab opens it");
    buffer_print(to, "]");
}

/* ---- places ----------------------------------------------------------------------- */

static int indent_of(int width)
{
    return width >= NARROW ? INDENT : 0;
}

/* One column stays free for the cursor behind a full line. */
int draft_text_width(int width)
{
    int columns = width - indent_of(width) - 1;

    return columns < 1 ? 1 : columns;
}

/* Gives every chip its words and its place; the number of lines they take. */
static int place_chips(struct draft *d, int columns)
{
    int row = 0, col = 0;

    for (size_t i = 0; i < d->n_chips; i++) {
        struct chip *chip = &d->chips[i];
        print_chip(d, chip);
        wrap_reset(&chip->wrap);
        wrap_update(&chip->wrap, chip->shown.s, chip->shown.n, columns);
        int width = sanitise_width(chip->shown.s, chip->shown.n);
        bool alone = chip->wrap.n > 1 || chip->state == CHIP_FAILED;
        if (col > 0 && (alone || col + 1 + width > columns)) {
            row++;
            col = 0;
        }
        chip->row = row;
        chip->col = col > 0 ? col + 1 : 0;
        col = alone ? columns : chip->col + width;
        row += (int)chip->wrap.n - 1;
    }
    return d->n_chips > 0 ? row + 1 : 0;
}

int draft_rows(struct draft *d, int width)
{
    int columns = draft_text_width(width);

    return place_chips(d, columns) + (int)editor_lines(&d->editor, columns)->n;
}

/* ---- drawing ---------------------------------------------------------------------- */

static void put_line(struct screen *s, int row, int col, struct rect where, const char *text, const struct wrap_line *line, enum style style)
{
    if (row >= where.row && row < where.row + where.rows)
        screen_put(s, row, col + line->indent, where.col + where.cols, text + line->start, line->end - line->start, style);
}

void draft_draw(struct draft *d, struct screen *s, struct rect where)
{
    static const enum style styles[] = { STYLE_DIM, STYLE_CHIP, STYLE_ERROR };
    int columns = draft_text_width(where.cols), left = where.col + indent_of(where.cols), column;
    int n_above = place_chips(d, columns);
    const struct wrap *lines = editor_lines(&d->editor, columns);
    const char *text = buffer_text(&d->editor.text);
    int cursor = n_above + (int)wrap_find(lines, text, d->editor.at, &column);
    int first = cursor < where.rows ? 0 : cursor - where.rows + 1;

    if (where.rows < 1 || where.cols < 1)
        return;
    if (indent_of(where.cols) > 0)
        screen_print(s, where.row, where.col, where.col + 1, first > 0 ? "↑" : "›", STYLE_ACCENT);
    for (size_t i = 0; i < d->n_chips; i++)
        for (size_t k = 0; k < d->chips[i].wrap.n; k++)
            put_line(s, where.row - first + d->chips[i].row + (int)k, left + d->chips[i].col, where,
                     d->chips[i].shown.s, &d->chips[i].wrap.lines[k], styles[d->chips[i].state]);
    for (size_t k = 0; k < lines->n; k++)
        put_line(s, where.row - first + n_above + (int)k, left, where, text, &lines->lines[k], STYLE_PLAIN);
    s->cursor_row = where.row + cursor - first;
    s->cursor_col = left + column < where.col + where.cols ? left + column : where.col + where.cols - 1;
    d->drawn = where;
    d->drawn_first = first;
}

static bool is_inside(struct rect r, int row, int col)
{
    return row >= r.row && row < r.row + r.rows && col >= r.col && col < r.col + r.cols;
}

int draft_chip_at(const struct draft *d, int row, int col)
{
    int line = row - d->drawn.row + d->drawn_first, column = col - d->drawn.col - indent_of(d->drawn.cols);

    if (!is_inside(d->drawn, row, col))
        return -1;
    for (size_t i = 0; i < d->n_chips; i++) {
        const struct chip *chip = &d->chips[i];
        int k = line - chip->row;
        if (k < 0 || k >= (int)chip->wrap.n)
            continue;
        const struct wrap_line *l = &chip->wrap.lines[k];
        int start = chip->col + l->indent, width = sanitise_width(chip->shown.s + l->start, l->end - l->start);
        if (column >= start && column < start + width)
            return (int)i;
    }
    return -1;
}
