#include "ui/editor_parts.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* ---- changes as others ask for them ------------------------------------------------ */

void editor_replace(struct editor *e, size_t from, size_t to, const char *text, size_t n)
{
    e->run = e->last_run = RUN_NONE;
    editor_begin(e, RUN_NONE);
    editor_change(e, from, to, text, n);
}

void editor_insert(struct editor *e, const char *text, size_t n)
{
    editor_replace(e, e->at, e->at, text, n);
}

void editor_set(struct editor *e, const char *text)
{
    char *copy = text_copy(text);           /* it may be the draft's own */

    editor_replace(e, 0, e->text.n, copy, strlen(copy));
    free(copy);
}

const struct wrap *editor_lines(struct editor *e, int width)
{
    wrap_update(&e->wrap, buffer_text(&e->text), e->text.n, width);
    return &e->wrap;
}

void editor_set_vi(struct editor *e, bool on)
{
    e->vi = (struct editor_vi){ .on = on };
}

enum editor_mode editor_mode(const struct editor *e)
{
    return !e->vi.on ? EDITOR_EMACS : e->vi.normal ? EDITOR_VI_NORMAL : EDITOR_VI_INSERT;
}

/* ---- history ----------------------------------------------------------------------- */

static void free_line(struct editor_line *line)
{
    buffer_free(&line->text);
    edit_log_free(&line->log);
}

static void forget_lines(struct editor *e)
{
    while (e->n_lines > 0)
        free_line(&e->lines[--e->n_lines]);
}

void editor_reset(struct editor *e)
{
    forget_lines(e);
    buffer_clear(&e->text);
    edit_log_free(&e->log);
    wrap_reset(&e->wrap);
    e->at = 0;
    e->i_history = e->n_history;
    e->has_goal = e->prefixed = false;
    e->run = RUN_NONE;
    editor_set_vi(e, e->vi.on);
}

void editor_remember(struct editor *e, const char *text)
{
    if (e->n_history == 0 || strcmp(e->history[e->n_history - 1], text) != 0) {
        e->history = array_grow(e->history, e->n_history, &e->capacity, sizeof *e->history);
        e->history[e->n_history++] = text_copy(text);
    }
    forget_lines(e);
    e->i_history = e->n_history;
}

/* What is shown is put aside, with its undo, when it is not what the history holds anyway. */
static void put_aside(struct editor *e)
{
    if (e->i_history < e->n_history && e->log.n == 0) {
        buffer_clear(&e->text);
        return;
    }
    e->lines = array_grow(e->lines, e->n_lines, &e->line_capacity, sizeof *e->lines);
    e->lines[e->n_lines++] = (struct editor_line){ e->i_history, e->text, e->log };
    e->text = (struct buffer){ 0 };
    e->log = (struct edit_log){ 0 };
}

static bool bring_back(struct editor *e, size_t i_history)
{
    for (size_t i = 0; i < e->n_lines; i++)
        if (e->lines[i].i_history == i_history) {
            buffer_free(&e->text);
            e->text = e->lines[i].text;
            e->log = e->lines[i].log;
            e->lines[i] = e->lines[--e->n_lines];
            return true;
        }
    return false;
}

static void show_history(struct editor *e, size_t i)
{
    put_aside(e);
    if (!bring_back(e, i) && i < e->n_history)
        buffer_append(&e->text, e->history[i], strlen(e->history[i]));
    e->i_history = i;
    e->log.group++;
    wrap_reset(&e->wrap);
    editor_move_to(e, e->text.n);
}

/* ---- moving ------------------------------------------------------------------------ */

void editor_move_to(struct editor *e, size_t at)
{
    e->at = move_settle(editor_text(e), at);       /* what was left behind a change may have joined */
    e->has_goal = false;
}

void editor_move_line(struct editor *e, int by, int width)
{
    const struct wrap *w = editor_lines(e, width);
    struct text t = editor_text(e);
    int column;
    size_t i = wrap_find(w, t.s, e->at, &column);

    if (!e->has_goal)
        e->goal = column;
    e->has_goal = true;
    if (by < 0 && i == 0) {
        if (e->i_history > 0)
            show_history(e, e->i_history - 1);
        return;
    }
    if (by > 0 && i + 1 == w->n) {
        if (e->i_history < e->n_history)
            show_history(e, e->i_history + 1);
        return;
    }
    i = by < 0 ? i - 1 : i + 1;
    e->at = move_settle(t, wrap_byte(w, t.s, i, e->goal));
    if (wrap_find(w, t.s, e->at, &column) > i)      /* the end of a full line is the start of the next */
        e->at = move_previous(t, e->at);
}

/* ---- kills ------------------------------------------------------------------------- */

static struct buffer *new_kill(struct editor *e)
{
    if (e->n_kills == EDITOR_KILLS) {
        buffer_free(&e->kills[0]);
        memmove(e->kills, e->kills + 1, sizeof *e->kills * (EDITOR_KILLS - 1));
        e->n_kills--;
    }
    e->kills[e->n_kills] = (struct buffer){ 0 };
    return &e->kills[e->n_kills++];
}

/* Kills one after the other are yanked as one. */
void editor_keep(struct editor *e, size_t from, size_t to, enum kill_way way)
{
    if (e->last_run != RUN_KILLED || e->n_kills == 0)
        new_kill(e);
    struct buffer *kill = &e->kills[e->n_kills - 1];
    buffer_insert(kill, way == KILL_BACKWARD ? 0 : kill->n, e->text.s + from, to - from);
    e->i_kill = e->n_kills - 1;
    e->vi.line_yank = false;
}

void editor_kill(struct editor *e, size_t from, size_t to, enum kill_way way)
{
    if (from == to)
        return;
    editor_begin(e, RUN_KILLED);
    editor_keep(e, from, to, way);
    editor_change(e, from, to, "", 0);
}

static void yank(struct editor *e)
{
    if (e->n_kills == 0)
        return;
    editor_begin(e, RUN_YANKED);
    e->yanked_at = e->at;
    editor_change(e, e->at, e->at, buffer_text(&e->kills[e->i_kill]), e->kills[e->i_kill].n);
}

/* M-y: what was yanked gives way to the kill before it. */
static void yank_before(struct editor *e)
{
    if (e->last_run != RUN_YANKED || e->n_kills == 0)
        return;
    e->i_kill = (e->i_kill + e->n_kills - 1) % e->n_kills;
    editor_change(e, e->yanked_at, e->at, buffer_text(&e->kills[e->i_kill]), e->kills[e->i_kill].n);
    e->run = RUN_YANKED;
}

static void erase(struct editor *e, size_t from, size_t to)
{
    if (from == to)
        return;
    editor_begin(e, RUN_DELETED);
    editor_change(e, from, to, "", 0);
}

static void type(struct editor *e, enum editor_run run, const char *text, size_t n)
{
    editor_begin(e, run);
    editor_change(e, e->at, e->at, text, n);
}

/* ---- letters ----------------------------------------------------------------------- */

/* One to one mappings only (ß stays ß): Unicode's UnicodeData.txt, fields 12-14. */
static utf8proc_int32_t with_case(utf8proc_int32_t code, enum letter_case to_case, bool first)
{
    utf8proc_int32_t upper = utf8proc_toupper(code), lower = utf8proc_tolower(code);

    switch (to_case) {
    case CASE_UPPER: return upper;
    case CASE_LOWER: return lower;
    case CASE_CAPITAL: return first ? utf8proc_totitle(code) : lower;
    case CASE_SWAP: break;
    }
    return lower != code ? lower : upper;
}

void editor_change_case(struct editor *e, size_t from, size_t to, enum letter_case to_case)
{
    struct buffer changed = { 0 };
    struct text t = editor_text(e);
    bool first = true;
    uint32_t code;
    char bytes[4];

    for (size_t at = from; at < to;) {
        bool word = move_is_word(t, at);
        size_t used = utf8_decode(t.s + at, t.n - at, &code);
        if (used == 0)                  /* a character that the text's end cuts */
            used = t.n - at;
        if (utf8_valid(t.s + at, used))
            buffer_append(&changed, bytes, utf8_encode((uint32_t)with_case((utf8proc_int32_t)code, to_case, first), bytes));
        else
            buffer_append(&changed, t.s + at, used);
        at += used;
        first = first && !word;
    }
    editor_begin(e, RUN_NONE);
    editor_change(e, from, to, buffer_text(&changed), changed.n);
    buffer_free(&changed);
}

/* C-t: the character before the cursor goes behind the one under it; at the end of a line the last two. */
static void transpose(struct editor *e)
{
    struct text t = editor_text(e);
    size_t start = move_line_start(t, e->at), middle = e->at;
    struct buffer swapped = { 0 };

    if (middle == move_line_end(t, middle) && middle > start)
        middle = move_previous(t, middle);
    if (middle == start)
        return;
    size_t from = move_previous(t, middle), to = move_next(t, middle);
    buffer_append(&swapped, t.s + middle, to - middle);
    buffer_append(&swapped, t.s + from, middle - from);
    editor_begin(e, RUN_NONE);
    editor_change(e, from, to, swapped.s, swapped.n);
    buffer_free(&swapped);
}

/* ---- presses ----------------------------------------------------------------------- */

static bool press_control(struct editor *e, char letter, int width)
{
    struct text t = editor_text(e);
    size_t end = move_line_end(t, e->at);

    switch (letter) {
    case 'a': editor_move_to(e, move_line_start(t, e->at)); return true;
    case 'e': editor_move_to(e, end); return true;
    case 'b': editor_move_to(e, move_previous(t, e->at)); return true;
    case 'f': editor_move_to(e, move_next(t, e->at)); return true;
    case 'p': editor_move_line(e, -1, width); return true;
    case 'n': editor_move_line(e, 1, width); return true;
    case 'd': erase(e, e->at, move_next(t, e->at)); return true;
    case 'k': editor_kill(e, e->at, end == e->at ? move_next(t, end) : end, KILL_FORWARD); return true;
    case 'u': editor_kill(e, move_line_start(t, e->at), e->at, KILL_BACKWARD); return true;
    case 'w': editor_kill(e, move_blank_left(t, e->at), e->at, KILL_BACKWARD); return true;
    case 'y': yank(e); return true;
    case 't': transpose(e); return true;
    case '_': editor_undo(e); return true;
    case 'r': return e->vi.normal ? (editor_redo(e), true) : false;
    case 'x': e->prefixed = true; return true;
    default: return false;
    }
}

static bool press_alt(struct editor *e, char letter)
{
    size_t end = move_word_right(editor_text(e), e->at);

    switch (letter) {
    case 'u': case 'U': editor_change_case(e, e->at, end, CASE_UPPER); return true;
    case 'l': case 'L': editor_change_case(e, e->at, end, CASE_LOWER); return true;
    case 'c': case 'C': editor_change_case(e, e->at, end, CASE_CAPITAL); return true;
    case 'y': case 'Y': yank_before(e); return true;
    case '_': editor_redo(e); return true;
    default: return false;
    }
}

/* Behind C-x; what is no command there is dropped with it. */
static bool press_prefixed(struct editor *e, const struct press *press)
{
    char letter = press->kind == PRESS_CTRL ? press->letter : 0;

    e->prefixed = false;
    if (letter == 'u' || (press->kind == PRESS_TEXT && press->n == 1 && press->text[0] == 'u'))
        editor_undo(e);
    else if (letter == 'r')
        editor_redo(e);
    else if (press->kind == PRESS_TEXT && press->n > 1) {
        if (press->text[0] == 'u')
            editor_undo(e);
        size_t skip = utf8_grapheme_next(press->text, press->n, 0);
        type(e, RUN_TYPED, press->text + skip, press->n - skip);
    } else {
        return press->kind == PRESS_TEXT || press->kind == PRESS_ESCAPE || letter == 'g';
    }
    return true;
}

static bool press_key(struct editor *e, const struct press *press, int width)
{
    struct text t = editor_text(e);

    switch (press->kind) {
    case PRESS_TEXT: type(e, RUN_TYPED, press->text, press->n); return true;
    case PRESS_PASTE: type(e, RUN_NONE, press->text, press->n); return true;
    case PRESS_NEWLINE: type(e, RUN_TYPED, "\n", 1); return true;
    case PRESS_BACKSPACE: erase(e, move_previous(t, e->at), e->at); return true;
    case PRESS_DELETE: erase(e, e->at, move_next(t, e->at)); return true;
    case PRESS_LEFT: editor_move_to(e, move_previous(t, e->at)); return true;
    case PRESS_RIGHT: editor_move_to(e, move_next(t, e->at)); return true;
    case PRESS_HOME: editor_move_to(e, move_line_start(t, e->at)); return true;
    case PRESS_END: editor_move_to(e, move_line_end(t, e->at)); return true;
    case PRESS_TOP: editor_move_to(e, 0); return true;
    case PRESS_BOTTOM: editor_move_to(e, t.n); return true;
    case PRESS_UP: editor_move_line(e, -1, width); return true;
    case PRESS_DOWN: editor_move_line(e, 1, width); return true;
    case PRESS_WORD_LEFT: editor_move_to(e, move_word_left(t, e->at)); return true;
    case PRESS_WORD_RIGHT: editor_move_to(e, move_word_right(t, e->at)); return true;
    case PRESS_KILL_WORD_LEFT: case PRESS_CTRL_BACKSPACE:
        editor_kill(e, move_word_left(t, e->at), e->at, KILL_BACKWARD); return true;
    case PRESS_KILL_WORD_RIGHT: editor_kill(e, e->at, move_word_right(t, e->at), KILL_FORWARD); return true;
    case PRESS_CTRL: return press_control(e, press->letter, width);
    case PRESS_ALT: return press_alt(e, press->letter);
    default: return false;
    }
}

static bool press_vi(struct editor *e, const struct press *press, int width)
{
    bool done = true;

    if (press->kind == PRESS_ESCAPE)
        return vi_escape(e);
    if (press->letter != 0 && press->kind != PRESS_CTRL) {  /* Esc and a letter, faster than they are read */
        vi_escape(e);
        return vi_text(e, &press->letter, 1, width);
    }
    if (!e->vi.normal)
        return press_key(e, press, width);
    if (press->kind == PRESS_TEXT)
        return vi_text(e, press->text, press->n, width);
    vi_forget(e);
    if (press->kind == PRESS_BACKSPACE)
        editor_move_to(e, move_previous(editor_text(e), e->at));
    else if (press->kind == PRESS_NEWLINE)
        editor_move_line(e, 1, width);
    else
        done = press_key(e, press, width);
    vi_clamp(e);
    return done;
}

bool editor_press(struct editor *e, const struct press *press, int width)
{
    e->last_run = e->run;
    e->run = RUN_NONE;
    if (e->prefixed)
        return press_prefixed(e, press);
    return e->vi.on ? press_vi(e, press, width) : press_key(e, press, width);
}

void editor_free(struct editor *e)
{
    for (size_t i = 0; i < e->n_history; i++)
        free(e->history[i]);
    free(e->history);
    forget_lines(e);
    free(e->lines);
    for (size_t i = 0; i < e->n_kills; i++)
        buffer_free(&e->kills[i]);
    edit_log_free(&e->log);
    buffer_free(&e->text);
    wrap_free(&e->wrap);
    *e = (struct editor){ 0 };
}
