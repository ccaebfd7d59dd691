#include "ui/tui_draw.h"

#include "ui/sanitise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_COLUMNS_MOST = 100,        /* longer lines are hard to read */
    INDENT = 2, NARROW = 16,        /* below this width nothing is indented */
    RULE_ROWS = 8, STATUS_ROWS = 3
};

/* ---- geometry --------------------------------------------------------------------- */

static int indent(const struct tui *t)
{
    return t->cols >= NARROW ? INDENT : 0;
}

static int text_width(const struct tui *t)
{
    int width = t->cols - indent(t) - (t->cols >= NARROW ? 1 : 0);

    return width < 1 ? 1 : width > TEXT_COLUMNS_MOST ? TEXT_COLUMNS_MOST : width;
}

/* One column stays free for the cursor behind a full line. */
int tui_input_width(const struct tui *t)
{
    int width = t->cols - indent(t) - 1;

    return width < 1 ? 1 : width;
}

/* What a chip says now, in lines; returns how many. */
static int chip_lines(const struct tui *t, struct chip *chip)
{
    buffer_clear(&chip->shown);
    if (chip->state == CHIP_FAILED) {
        buffer_print(&chip->shown, "not attached: %s (Backspace removes this)", buffer_text(&chip->label));
    } else {
        buffer_print(&chip->shown, "[%s", buffer_text(&chip->label));
        if (chip->state == CHIP_READING)
            buffer_print(&chip->shown, " · reading");
        if (chip->state == CHIP_READING && chip->total > 0)
            buffer_print(&chip->shown, " %.0f %%", 100 * chip->done / chip->total);
        buffer_print(&chip->shown, "]");
    }
    wrap_reset(&chip->wrap);
    wrap_update(&chip->wrap, chip->shown.s, chip->shown.n, tui_input_width(t));
    return (int)chip->wrap.n;
}

struct layout { int chat_rows, rule_row, input_row, input_rows, status_row, n_chip_lines; };  /* row -1: none */

static struct layout layout_of(struct tui *t)
{
    struct layout l = { .rule_row = -1, .status_row = t->rows >= STATUS_ROWS ? t->rows - 1 : -1 };
    int free_rows = l.status_row >= 0 ? t->rows - 1 : t->rows;
    int most = t->rows / 3 > 0 ? t->rows / 3 : 1;

    for (size_t i = 0; i < t->n_chips; i++)
        l.n_chip_lines += chip_lines(t, &t->chips[i]);
    int wanted = t->mode == MODE_RECORDING ? 1 : l.n_chip_lines + (int)editor_lines(&t->editor, tui_input_width(t))->n;
    l.input_rows = wanted < most ? wanted : most;
    l.input_row = free_rows - l.input_rows;
    if (t->rows >= RULE_ROWS)
        l.rule_row = l.input_row - 1;
    l.chat_rows = l.rule_row >= 0 ? l.rule_row : l.input_row;
    return l;
}

/* ---- the conversation ------------------------------------------------------------- */

/* A blank line separates what different hands wrote. */
static int gap_above(const struct tui *t, size_t i)
{
    if (i == 0)
        return 0;
    enum item_kind kind = t->items[i].kind, before = t->items[i - 1].kind;
    if (kind == ITEM_USER || kind == ITEM_CHIP)
        return before != ITEM_CHIP;
    if (kind == ITEM_NOTE || kind == ITEM_ERROR)
        return before == ITEM_USER || before == ITEM_CHIP;
    return 1;
}

static const struct wrap *lines_of(struct tui *t, size_t i)
{
    struct item *item = &t->items[i];

    wrap_update(&item->wrap, buffer_text(&item->text), item->text.n, text_width(t));
    return &item->wrap;
}

static size_t rows_of(struct tui *t, size_t i)
{
    return lines_of(t, i)->n + (size_t)gap_above(t, i);
}

static struct place move_back(struct tui *t, struct place p, size_t n)
{
    while (n > p.row && p.item > 0) {
        n -= p.row + 1;
        p.row = rows_of(t, --p.item) - 1;
    }
    p.row -= n < p.row ? n : p.row;
    return p;
}

static struct place move_on(struct tui *t, struct place p, size_t n)
{
    while (p.item < t->n_items && p.row + n >= rows_of(t, p.item)) {
        n -= rows_of(t, p.item) - p.row;
        p = (struct place){ p.item + 1, 0 };
    }
    p.row += p.item < t->n_items ? n : 0;
    return p;
}

/* First row shown when the end stands at the bottom. */
static struct place end_top(struct tui *t, int rows)
{
    struct place end = { t->n_items, 0 };

    return move_back(t, end, rows > 0 ? (size_t)rows : 0);
}

static bool is_before(struct place a, struct place b)
{
    return a.item < b.item || (a.item == b.item && a.row < b.row);
}

/* The first row shown; a resize may have made the scrolled place's row too large. */
static struct place top_of(struct tui *t, int rows)
{
    struct place end = end_top(t, rows), top = t->top;

    if (!t->scrolled)
        return end;
    if (top.item < t->n_items && top.row >= rows_of(t, top.item))
        top.row = rows_of(t, top.item) - 1;
    return is_before(top, end) ? top : end;
}

void tui_scroll(struct tui *t, bool up)
{
    int rows = layout_of(t).chat_rows;
    size_t page = rows > 2 ? (size_t)rows - 2 : 1;
    struct place top = top_of(t, rows);

    t->top = up ? move_back(t, top, page) : move_on(t, top, page);
    t->scrolled = is_before(t->top, end_top(t, rows));
}

static enum style item_style(enum item_kind kind)
{
    switch (kind) {
    case ITEM_USER: return STYLE_BOLD;
    case ITEM_CHIP: return STYLE_CHIP;
    case ITEM_NOTE: return STYLE_DIM;
    case ITEM_ERROR: return STYLE_ERROR;
    case ITEM_ANSWER: break;
    }
    return STYLE_PLAIN;
}

static const char *marker(const struct tui *t, size_t i)
{
    enum item_kind kind = t->items[i].kind;
    bool opens = (kind == ITEM_USER || kind == ITEM_CHIP) && (i == 0 || t->items[i - 1].kind != ITEM_CHIP);

    return opens ? "›" : kind == ITEM_ERROR ? "!" : kind == ITEM_NOTE ? "·" : "";
}

static void put_line(const struct tui *t, struct screen *s, int row, const char *text, const struct wrap_line *line, enum style style)
{
    screen_put(s, row, indent(t) + line->indent, t->cols, text + line->start, line->end - line->start, style);
}

static void draw_line(struct tui *t, struct screen *s, int row, size_t i, size_t i_line)
{
    const struct item *item = &t->items[i];
    const struct wrap_line *line = &item->wrap.lines[i_line];
    enum style style = item_style(item->kind);

    if (i_line == 0 && indent(t) > 0)
        screen_print(s, row, 0, 1, marker(t, i), item->kind == ITEM_USER || item->kind == ITEM_CHIP ? STYLE_ACCENT : style);
    put_line(t, s, row, buffer_text(&item->text), line, style);
}

static void draw_conversation(struct tui *t, struct screen *s, int rows)
{
    struct place p = top_of(t, rows);

    for (int row = 0; row < rows && p.item < t->n_items; row++) {
        size_t gap = (size_t)gap_above(t, p.item), n = rows_of(t, p.item);
        if (p.row >= gap)
            draw_line(t, s, row, p.item, p.row - gap);
        if (++p.row >= n)
            p = (struct place){ p.item + 1, 0 };
    }
}

static void draw_welcome(struct tui *t, struct screen *s, int rows)
{
    static const char *const lines[] = {
        "Type a question and press Enter; Alt-Enter makes a new line.",
        "Paste or drop an image or a clip, or /record; /details shows what was seen.",
        "/help lists the commands. Esc stops an answer, Ctrl-D quits.",
    };
    int row = rows > 6 ? 1 : 0;

    if (rows > 4)
        screen_print(s, row++, indent(t), t->cols, "mynah", STYLE_BOLD);
    for (int i = 0; i < 3 && row < rows; i++, row++)
        screen_print(s, row, indent(t), t->cols, lines[i], STYLE_DIM);
}

/* ---- input ------------------------------------------------------------------------ */

/* Draws line `line` of all chips together. */
static void draw_chip_line(struct tui *t, struct screen *s, int row, int line)
{
    static const enum style styles[] = { STYLE_DIM, STYLE_CHIP, STYLE_ERROR };
    const struct chip *chip = t->chips;

    while (line >= (int)chip->wrap.n)
        line -= (int)chip++->wrap.n;
    put_line(t, s, row, chip->shown.s, &chip->wrap.lines[line], styles[chip->state]);
}

static void draw_input(struct tui *t, struct screen *s, const struct layout *l)
{
    const struct wrap *w = editor_lines(&t->editor, tui_input_width(t));
    const char *text = buffer_text(&t->editor.text);
    int column;
    int cursor = l->n_chip_lines + (int)wrap_find(w, text, t->editor.at, &column);
    int first = cursor < l->input_rows ? 0 : cursor - l->input_rows + 1;

    if (indent(t) > 0)
        screen_print(s, l->input_row, 0, 1, "›", STYLE_ACCENT);
    for (int i = 0; i < l->input_rows; i++) {
        int line = first + i;
        if (line < l->n_chip_lines) {
            draw_chip_line(t, s, l->input_row + i, line);
        } else if (line - l->n_chip_lines < (int)w->n) {
            put_line(t, s, l->input_row + i, text, &w->lines[line - l->n_chip_lines], STYLE_PLAIN);
        }
    }
    s->cursor_row = l->input_row + cursor - first;
    s->cursor_col = indent(t) + column < t->cols ? indent(t) + column : t->cols - 1;
}

/* Peak in dB over the last moment: -60 dB is an empty bar. */
static void draw_meter(struct tui *t, struct screen *s, const struct layout *l)
{
    int row = l->input_row, seconds = (int)t->level.seconds, bar = t->cols / 4 < 24 ? t->cols / 4 : 24;
    double db = t->level.peak > 0 ? 20 * log10((double)t->level.peak) : -60;
    int filled = (int)((db + 60) / 60 * bar + 0.5);
    char text[64];

    int col = screen_print(s, row, 0, t->cols, "● ", STYLE_ERROR);
    snprintf(text, sizeof text, "recording %d:%02d ", seconds / 60, seconds % 60);
    col = screen_print(s, row, col, t->cols, text, STYLE_PLAIN);
    for (int i = 0; i < bar; i++)
        col = screen_print(s, row, col, t->cols, i < filled ? "█" : "·", i >= filled ? STYLE_DIM : t->level.clipped ? STYLE_ERROR : STYLE_ACCENT);
    screen_print(s, row, col, t->cols, t->level.clipped ? " too loud: Enter stops, Esc cancels" : " Enter stops, Esc cancels", STYLE_DIM);
}

/* ---- status ----------------------------------------------------------------------- */

static void facts(const struct tui *t, struct buffer *text)
{
    buffer_print(text, "%s", t->engine->model);
    if (t->tokens_per_s > 0)
        buffer_print(text, " · %.1f tokens/s", t->tokens_per_s);
    if (t->n_ctx > 0)
        buffer_print(text, " · context %zu of %zu", t->n_used, t->n_ctx);
}

static enum style going_on(const struct tui *t, struct buffer *text)
{
    if (t->hint.n > 0) {
        buffer_print(text, "%s", buffer_text(&t->hint));
        return t->hint_warns ? STYLE_WARNING : STYLE_PLAIN;
    }
    if (t->mode == MODE_RECORDING)
        buffer_print(text, "recording");
    else if (t->send_waits)
        buffer_print(text, "sends when ready: %s", t->activity.n > 0 ? buffer_text(&t->activity) : "waiting");
    else if (t->activity.n > 0)
        buffer_print(text, "%s", buffer_text(&t->activity));
    else
        buffer_print(text, "ready");
    return STYLE_PLAIN;
}

static void draw_status(struct tui *t, struct screen *s, int row)
{
    struct buffer left = { 0 }, right = { 0 };
    bool nearly_full = t->n_ctx > 0 && t->n_used * 100 > t->n_ctx * 85;

    facts(t, &left);
    enum style style = going_on(t, &right);
    int right_width = sanitise_width(right.s, right.n), margin = indent(t);
    int start = t->cols - right_width - (margin > 0);
    if (start < margin)
        start = margin;
    screen_print(s, row, start, t->cols, right.s, style == STYLE_PLAIN ? STYLE_DIM : style);
    if (sanitise_width(left.s, left.n) + margin + 2 <= start)
        screen_print(s, row, margin, start, left.s, nearly_full ? STYLE_WARNING : STYLE_DIM);
    else if (sanitise_width(t->engine->model, strlen(t->engine->model)) + margin + 2 <= start)
        screen_print(s, row, margin, start, t->engine->model, STYLE_DIM);
    buffer_free(&left);
    buffer_free(&right);
}

static void draw_rule(struct screen *s, int row, const char *words)
{
    for (int col = 0; col < s->cols; col++)
        screen_print(s, row, col, s->cols, "─", STYLE_DIM);
    int start = s->cols - 2 - sanitise_width(words, strlen(words));
    if (*words != '\0' && start > 0)
        screen_print(s, row, start, s->cols, words, STYLE_DIM);
}

/* ---- details ---------------------------------------------------------------------- */

void tui_details_clamp(struct tui *t)
{
    int rows = t->rows > 2 ? t->rows - 2 : 1;

    wrap_update(&t->details_wrap, buffer_text(&t->details), t->details.n, text_width(t));
    size_t most = t->details_wrap.n > (size_t)rows ? t->details_wrap.n - (size_t)rows : 0;
    if (t->details_top > most)
        t->details_top = most;
}

static void draw_details(struct tui *t, struct screen *s)
{
    int rows = t->rows > 2 ? t->rows - 2 : 1;

    tui_details_clamp(t);
    for (int row = 0; row < rows && t->details_top + (size_t)row < t->details_wrap.n; row++) {
        const struct wrap_line *line = &t->details_wrap.lines[t->details_top + (size_t)row];
        const char *text = buffer_text(&t->details) + line->start;
        bool heading = line->end > line->start && text[0] != ' ' && line->start > 0
                     ? text[-1] == '\n' && (line->start == 1 || text[-2] == '\n') : line->start == 0;
        put_line(t, s, row, buffer_text(&t->details), line, heading ? STYLE_BOLD : STYLE_PLAIN);
    }
    if (t->rows > 2) {
        draw_rule(s, t->rows - 2, t->details_top + (size_t)rows < t->details_wrap.n ? " more below " : "");
        screen_print(s, t->rows - 1, indent(t), t->cols, "what was perceived · arrows and PgUp, PgDn scroll · Esc closes", STYLE_DIM);
    }
}

void tui_draw(struct tui *t, struct screen *s)
{
    screen_clear(s);
    if (t->mode == MODE_DETAILS) {
        draw_details(t, s);
        return;
    }
    struct layout l = layout_of(t);
    if (t->n_items == 0)
        draw_welcome(t, s, l.chat_rows);
    else
        draw_conversation(t, s, l.chat_rows);
    if (l.rule_row >= 0)
        draw_rule(s, l.rule_row, t->scrolled ? " more below · PgDn " : "");
    if (t->mode == MODE_RECORDING)
        draw_meter(t, s, &l);
    else
        draw_input(t, s, &l);
    if (l.status_row >= 0)
        draw_status(t, s, l.status_row);
}
