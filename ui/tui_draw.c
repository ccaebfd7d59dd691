#include "ui/tui_draw.h"

#include "ui/list.h"
#include "ui/sanitise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    INDENT = 2, NARROW = 16,        /* below this width nothing is indented */
    RULE_ROWS = 8, STATUS_ROWS = 3, /* screens with fewer rows have none */
    CHAT_COLS_LEAST = 40,           /* beside a drawer */
    INLINE_PANEL_ROWS = 16,
    N_FACTS = 4                     /* of the status line, beside the model */
};

/* ---- geometry --------------------------------------------------------------------- */

static int margin(const struct tui *t)
{
    return t->cols >= NARROW ? INDENT : 0;
}

/* A drawer stands beside the conversation where both have room. */
static bool is_beside(const struct tui *t)
{
    return t->panel != NULL && t->panel->cols_wanted > 0 && t->panel->rows_wanted == 0 && !t->is_inline
        && t->cols - t->panel->cols_wanted - 1 >= CHAT_COLS_LEAST;
}

static int chat_cols(const struct tui *t)
{
    return is_beside(t) ? t->cols - t->panel->cols_wanted - 1 : t->cols;
}

int tui_input_width(const struct tui *t)
{
    return chat_cols(t);
}

struct layout { struct rect chat, input; int rule_row, status_row; };  /* row -1: none */

static int input_rows(struct tui *t, int most)
{
    int wanted = t->mode == MODE_CHAT ? draft_rows(&t->draft, tui_input_width(t)) : 1;

    return wanted < 1 ? 1 : wanted < most ? wanted : most;
}

static struct layout layout_of(struct tui *t)
{
    struct layout l = { .rule_row = -1, .status_row = t->rows >= STATUS_ROWS ? t->rows - 1 : -1 };
    int free_rows = l.status_row >= 0 ? t->rows - 1 : t->rows, cols = chat_cols(t);
    int rows = input_rows(t, t->rows / 3 > 0 ? t->rows / 3 : 1);

    l.input = (struct rect){ free_rows - rows, 0, rows, cols };
    if (t->rows >= RULE_ROWS)
        l.rule_row = l.input.row - 1;
    l.chat = (struct rect){ 0, 0, l.rule_row >= 0 ? l.rule_row : l.input.row, cols };
    return l;
}

/* ---- parts -------------------------------------------------------------------------- */

static void draw_welcome(struct tui *t, struct screen *s, struct rect where)
{
    static const char *const lines[] = {
        "Type a question and press Enter.",
        "Paste or drop an image or a clip, or /record one.",
        "? shows the keys and commands.",
    };
    int row = where.row + (where.rows > 6 ? 1 : 0);

    if (where.rows > 4)
        screen_print(s, row++, margin(t), where.cols, "mynah", STYLE_BOLD);
    for (int i = 0; i < 3 && row < where.row + where.rows; i++, row++)
        screen_print(s, row, margin(t), where.cols, lines[i], STYLE_DIM);
}

static void draw_rule(struct screen *s, int row, int cols, const char *words)
{
    for (int col = 0; col < cols; col++)
        screen_print(s, row, col, cols, "─", STYLE_DIM);
    int start = cols - 2 - sanitise_width(words, strlen(words));
    if (*words != '\0' && start > 0)
        screen_print(s, row, start, cols, words, STYLE_DIM);
}

/* Of a bar from -60 dB to 0. */
static int meter_cells(float level, int bar)
{
    double db = level > 0.001f ? 20 * log10((double)level) : -60;

    return (int)((db + 60) / 60 * bar + 0.5);
}

/* ████▒▒▒····: the mean of the last moment, its peak, and how far it may go. */
static int draw_bar(struct tui *t, struct screen *s, struct rect where, int col)
{
    int bar = where.cols / 4 < 24 ? where.cols / 4 : 24;
    int mean = meter_cells(t->level.rms, bar), peak = meter_cells(t->level.peak, bar);

    for (int i = 0; i < bar; i++)
        col = screen_print(s, where.row, col, where.cols, i < mean ? "█" : i < peak ? "▒" : "·",
                           i >= peak ? STYLE_DIM : t->level.clipped ? STYLE_ERROR : STYLE_ACCENT);
    return col;
}

static void draw_meter(struct tui *t, struct screen *s, struct rect where)
{
    int row = where.row, seconds = (int)t->level.seconds;
    const char *stops = t->hold.is_held ? "release to stop" : "Enter stops";
    char text[64];

    int col = screen_print(s, row, 0, where.cols, "● ", STYLE_ERROR);
    snprintf(text, sizeof text, "%s %d:%02d ", t->captions.request != 0 ? "listening" : "recording", seconds / 60, seconds % 60);
    col = draw_bar(t, s, where, screen_print(s, row, col, where.cols, text, STYLE_PLAIN));
    snprintf(text, sizeof text, "%s%.0f dB ", t->level.peak > 0.001f ? " " : " < ", t->level.peak > 0.001f ? 20 * log10((double)t->level.peak) : -60);
    col = screen_print(s, row, col, where.cols, text, STYLE_DIM);
    if (t->level.clipped)
        col = screen_print(s, row, col, where.cols, "too loud ", STYLE_ERROR);
    snprintf(text, sizeof text, "%s, Esc cancels", stops);
    screen_print(s, row, col, where.cols, text, STYLE_DIM);
}

static void draw_input(struct tui *t, struct screen *s, struct rect where)
{
    int indent = margin(t);

    if (t->mode == MODE_RECORDING) {
        draw_meter(t, s, where);
    } else if (t->mode == MODE_FIND) {
        int col = screen_print(s, where.row, 0, where.cols, "/ ", STYLE_ACCENT);
        col = screen_print(s, where.row, col, where.cols, buffer_text(&t->finding), STYLE_PLAIN);
        s->cursor_row = where.row;
        s->cursor_col = col < where.cols ? col : where.cols - 1;
    } else if (t->mode == MODE_BROWSE) {
        screen_print(s, where.row, indent, where.cols, "e edit · r again · y copy · f fold · i facts · d delete · / search · ? keys", STYLE_DIM);
    } else {
        draft_draw(&t->draft, s, where);
    }
}

/* The list of completions lies over the conversation, above the input. */
static void draw_candidates(struct tui *t, struct screen *s, struct rect input)
{
    int rows = complete_rows(&t->complete, input.cols);

    rows = rows < input.row ? rows : input.row;
    if (rows <= 0)
        return;
    struct rect where = { input.row - rows, input.col, rows, input.cols };
    screen_fill(s, where, STYLE_PLAIN);
    complete_draw(&t->complete, s, where);
}

/* ---- status ----------------------------------------------------------------------- */

/* Tokens that the draft would add, as far as they are known before it is measured. */
static size_t draft_tokens(const struct tui *t)
{
    size_t n = t->draft.editor.text.n / 4;

    for (size_t i = 0; i < t->draft.n_chips; i++) {
        const struct chip *chip = &t->draft.chips[i];
        for (size_t k = 0; chip->kind == CHIP_FILE && chip->state == CHIP_READY && k < t->n_perceived; k++)
            if (t->engine->attachment(t->perceived[k]).id == chip->id)
                n += t->engine->attachment(t->perceived[k]).n_tokens;
        n += chip->kind == CHIP_PASTE ? strlen(chip->pasted) / 4 : 0;
    }
    return n;
}

static size_t share(const struct tui *t)
{
    return t->n_ctx > 0 ? (100 * (t->n_used + draft_tokens(t)) + t->n_ctx / 2) / t->n_ctx : 0;
}

static void print_gauge(const struct tui *t, struct buffer *text)
{
    size_t more = draft_tokens(t);

    buffer_print(text, "%zu", t->n_used);
    if (more > 0)
        buffer_print(text, "+%zu", more);
    buffer_print(text, "/%zu %zu %%", t->n_ctx, share(t));
}

/* What stands at the left, as much as fits: the model, the context, the speed, the microphone. */
static void print_facts(const struct tui *t, int width, struct buffer *text)
{
    struct buffer parts[N_FACTS] = { { 0 } };

    if (t->n_ctx > 0)
        print_gauge(t, &parts[0]);
    if (t->tokens_per_s > 0)
        buffer_print(&parts[1], "%.1f tokens/s", t->tokens_per_s);
    if (t->mode == MODE_RECORDING || t->options->microphone != NULL || *t->config->microphone != '\0')
        buffer_print(&parts[2], t->mode == MODE_RECORDING ? "mic on" : "mic ready");
    if (editor_mode(&t->draft.editor) != EDITOR_EMACS)
        buffer_print(&parts[3], editor_mode(&t->draft.editor) == EDITOR_VI_NORMAL ? "vi normal" : "vi insert");
    buffer_print(text, "%s", t->engine->model);
    for (int i = 0; i < N_FACTS; i++) {
        if (parts[i].n > 0 && sanitise_width(text->s, text->n) + (int)parts[i].n + 3 <= width)
            buffer_print(text, " · %s", parts[i].s);
        buffer_free(&parts[i]);
    }
}

static enum style print_activity(const struct tui *t, struct buffer *text)
{
    if (t->hint.n > 0) {
        buffer_print(text, "%s", buffer_text(&t->hint));
        return t->hint_warns ? STYLE_WARNING : STYLE_PLAIN;
    }
    if (t->mode == MODE_RECORDING)
        buffer_print(text, "%s", t->captions.request == 0 ? "recording" : t->captions.began || t->activity.n == 0 ? "listening" : buffer_text(&t->activity));
    else if (t->draft.editor.prefixed)
        buffer_print(text, "C-x");
    else if (t->send_waits && t->talk.request != 0)
        buffer_print(text, "sends after this answer");
    else if (t->send_waits)
        buffer_print(text, "sends when ready: %s", t->activity.n > 0 ? buffer_text(&t->activity) : "waiting");
    else if (t->activity.n > 0)
        buffer_print(text, "%s", buffer_text(&t->activity));
    else if (t->mode == MODE_BROWSE)
        buffer_print(text, "browsing");
    else if (t->below >= 0)
        buffer_print(text, "editing an earlier question, Esc gives it up");
    else
        buffer_print(text, "ready");
    return STYLE_DIM;
}

static void draw_status(struct tui *t, struct screen *s, int row)
{
    struct buffer left = { 0 }, right = { 0 };
    enum style style = print_activity(t, &right);
    int indent = margin(t), start = t->cols - sanitise_width(right.s, right.n) - (indent > 0);

    if (start < indent)
        start = indent;
    screen_print(s, row, start, t->cols, right.s, style);
    print_facts(t, start - indent - 2, &left);
    size_t full = share(t);
    if (sanitise_width(left.s, left.n) + indent + 2 <= start)
        screen_print(s, row, indent, start, left.s, full > 90 ? STYLE_ERROR : full > 75 ? STYLE_WARNING : STYLE_DIM);
    buffer_free(&left);
    buffer_free(&right);
}

/* ---- panels ------------------------------------------------------------------------- */

/* As many of the keys as fit whole: "Esc closes · / searches". */
static void draw_keys(struct screen *s, int row, int col, int end, const char *keys)
{
    size_t n = strlen(keys);

    while (n > 0 && sanitise_width(keys, n) > end - col)
        while (n > 0 && strncmp(&keys[--n], " · ", strlen(" · ")) != 0)
            ;
    if (n > 0)
        screen_put(s, row, col, end, keys, n, STYLE_DIM);
    else
        panel_line(s, row, col, end, keys, "", STYLE_DIM);
}

/* What is played, and the keys for it. */
static void draw_playing(struct tui *t, struct screen *s, int row, int col, int end)
{
    struct buffer text = { 0 };

    play_print(&t->playing, &text);
    buffer_print(&text, " · Space %s · left, right: %d s · Esc closes", t->playing.paused ? "goes on" : "pauses", PLAY_STEP_S);
    draw_keys(s, row, col, end, text.s);
    buffer_free(&text);
}

/* Its title above, its keys below, where there are rows for them. */
static void draw_panel(struct tui *t, struct screen *s, struct rect where)
{
    int end = where.col + where.cols, below = where.row + where.rows - 1;

    if (where.cols >= NARROW) {
        where.col++;
        where.cols--;
    }
    if (where.rows >= 4) {
        panel_line(s, where.row, where.col, end, t->panel->title, "", STYLE_HEADING);
        if (t->hint.n > 0)
            panel_line(s, below, where.col, end, buffer_text(&t->hint), "", t->hint_warns ? STYLE_WARNING : STYLE_DIM);
        else if (t->play != NULL)
            draw_playing(t, s, below, where.col, end);
        else
            draw_keys(s, below, where.col, end, t->panel->keys);
        where.row++;
        where.rows -= 2;
    }
    t->panel->draw(t->panel, s, where);
}

static void draw_drawer(struct tui *t, struct screen *s, int rows)
{
    int col = chat_cols(t);

    for (int row = 0; row < rows; row++)
        screen_print(s, row, col, col + 1, "│", STYLE_DIM);
    draw_panel(t, s, (struct rect){ 0, col + 1, rows, t->cols - col - 1 });
}

/* Rows of a panel that stands below the conversation: a question. */
static int question_rows(const struct tui *t)
{
    int wanted = t->panel->rows_wanted + 2, most = t->rows - (t->rows >= RULE_ROWS ? 2 : 0);

    return wanted < most ? wanted : most;
}

bool tui_on_panel(const struct tui *t, int row, int col)
{
    if (t->panel == NULL)
        return false;
    if (t->panel->rows_wanted > 0 && !t->is_inline)
        return row >= t->rows - question_rows(t);
    return !is_beside(t) || col > chat_cols(t);
}

static void draw_chat(struct tui *t, struct screen *s)
{
    struct layout l = layout_of(t);
    bool asks = t->panel != NULL && t->panel->rows_wanted > 0;

    if (asks) {
        l.chat.rows = t->rows - question_rows(t) - 1 > 0 ? t->rows - question_rows(t) - 1 : 0;
        l.rule_row = l.chat.rows;
    }
    if (t->view.n_items == 0)
        draw_welcome(t, s, l.chat);
    else
        view_draw(&t->view, s, l.chat);
    if (l.rule_row >= 0)
        draw_rule(s, l.rule_row, l.chat.cols, t->view.scrolled ? " more below · PgDn " : "");
    if (asks) {
        draw_panel(t, s, (struct rect){ l.rule_row + 1, 0, t->rows - l.rule_row - 1, t->cols });
        return;
    }
    draw_input(t, s, l.input);
    draw_candidates(t, s, l.input);
    if (l.status_row >= 0)
        draw_status(t, s, l.status_row);
    if (t->panel != NULL) {
        s->cursor_row = -1;
        draw_drawer(t, s, l.status_row >= 0 ? l.status_row : t->rows);
    }
}

/* ---- inline ------------------------------------------------------------------------- */

/* Items that are finished may go to the scrollback; what is being written may not. */
static size_t first_live(const struct tui *t)
{
    size_t first = t->i_answer < t->captions.item ? t->i_answer : t->captions.item;

    return first < t->view.n_items ? first : t->view.n_items;
}

/* Blank rows above an item that is drawn without those before it. */
static int gap_above(const struct tui *t, size_t i)
{
    if (i == 0 || t->view.items[i - 1].kind == ITEM_CHIP)
        return 0;
    return t->view.items[i].kind != ITEM_NOTE && t->view.items[i].kind != ITEM_ERROR;
}

static struct view part_of(const struct tui *t, size_t first, size_t n)
{
    return (struct view){ .items = &t->view.items[first], .n_items = n, .plain = t->view.plain };
}

bool tui_inline_print(struct tui *t, struct screen *s)
{
    if (t->n_printed > t->view.n_items)
        t->n_printed = t->view.n_items;
    if (t->n_printed >= first_live(t))
        return false;
    struct view part = part_of(t, t->n_printed, 1);
    view_fold(&part, 0, false);     /* nothing in the scrollback can be opened */
    int gap = gap_above(t, t->n_printed), rows = (int)view_rows(&part, t->cols, 0, SIZE_MAX);
    screen_resize(s, rows + gap, t->cols);
    view_draw(&part, s, (struct rect){ gap, 0, rows, t->cols });
    t->n_printed++;
    return true;
}

struct inline_layout { int gap, live, above_input, list, input; };  /* rows, from the top; one for the status follows */

static struct inline_layout inline_layout(struct tui *t)
{
    struct inline_layout l = { .input = input_rows(t, t->rows / 3 > 0 ? t->rows / 3 : 1) };
    size_t first = first_live(t);
    int most = t->rows - l.input - 2;

    l.list = complete_rows(&t->complete, t->cols);
    if (t->mode == MODE_BROWSE || t->mode == MODE_FIND) {
        l.live = INLINE_PANEL_ROWS;
    } else if (first < t->view.n_items) {
        struct view part = part_of(t, first, t->view.n_items - first);
        l.live = (int)view_rows(&part, t->cols, 0, (size_t)t->rows);
        l.gap = gap_above(t, first);
    }
    l.list = l.list < most ? l.list : most > 0 ? most : 0;
    l.above_input = t->view.n_items > 0 && most - l.list >= 4;
    l.gap = most - l.list >= 4 ? l.gap : 0;
    most -= l.list + l.gap + l.above_input;
    l.live = l.live < most ? l.live : most;
    l.live = l.live > 0 ? l.live : 0;
    return l;
}

int tui_inline_rows(struct tui *t)
{
    struct inline_layout l = inline_layout(t);
    int rows = l.gap + l.live + l.above_input + l.list + l.input + 1;

    if (t->panel != NULL)
        rows = t->panel->rows_wanted > 0 ? question_rows(t) : INLINE_PANEL_ROWS;
    return rows < t->rows ? rows : t->rows;
}

static void draw_inline(struct tui *t, struct screen *s)
{
    struct inline_layout l = inline_layout(t);
    size_t first = first_live(t);
    int row = l.gap;

    if (t->panel != NULL) {
        draw_panel(t, s, (struct rect){ 0, 0, s->rows, s->cols });
        return;
    }
    if (t->mode == MODE_BROWSE || t->mode == MODE_FIND) {
        view_draw(&t->view, s, (struct rect){ row, 0, l.live, s->cols });
    } else if (l.live > 0) {
        struct view part = part_of(t, first, t->view.n_items - first);
        view_draw(&part, s, (struct rect){ row, 0, l.live, s->cols });
    }
    row += l.live + l.above_input;
    complete_draw(&t->complete, s, (struct rect){ row, 0, l.list, s->cols });
    row += l.list;
    if (row < s->rows)
        draw_input(t, s, (struct rect){ row, 0, s->rows - row - 1 > 0 ? s->rows - row - 1 : 1, s->cols });
    if (s->rows > 1)
        draw_status(t, s, s->rows - 1);
}

void tui_draw(struct tui *t, struct screen *s)
{
    bool asks = t->panel != NULL && t->panel->rows_wanted > 0;

    screen_clear(s);
    if (t->is_inline)
        draw_inline(t, s);
    else if (t->panel != NULL && !is_beside(t) && !asks)
        draw_panel(t, s, (struct rect){ 0, 0, s->rows, s->cols });
    else
        draw_chat(t, s);
}
