#include "ui/editor.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static void changed(struct editor *e)
{
    wrap_reset(&e->wrap);
    e->goal = -1;
}

void editor_insert(struct editor *e, const char *text, size_t n)
{
    buffer_insert(&e->text, e->at, text, n);
    e->at += n;
    changed(e);
}

void editor_set(struct editor *e, const char *text)
{
    buffer_clear(&e->text);
    e->at = 0;
    editor_insert(e, text, strlen(text));
}

void editor_remember(struct editor *e, const char *text)
{
    if (e->n_history == 0 || strcmp(e->history[e->n_history - 1], text) != 0) {
        e->history = array_grow(e->history, e->n_history, &e->capacity, sizeof *e->history);
        e->history[e->n_history++] = text_copy(text);
    }
    e->i_history = e->n_history;
}

const struct wrap *editor_lines(struct editor *e, int width)
{
    wrap_update(&e->wrap, buffer_text(&e->text), e->text.n, width);
    return &e->wrap;
}

void editor_free(struct editor *e)
{
    for (size_t i = 0; i < e->n_history; i++)
        free(e->history[i]);
    free(e->history);
    buffer_free(&e->text);
    buffer_free(&e->killed);
    buffer_free(&e->draft);
    wrap_free(&e->wrap);
    *e = (struct editor){ 0 };
}

static size_t next_of(const struct editor *e, size_t at)
{
    return at < e->text.n ? utf8_grapheme_next(e->text.s, e->text.n, at) : at;
}

static size_t previous_of(const struct editor *e, size_t at)
{
    return at > 0 ? utf8_grapheme_previous(e->text.s, e->text.n, at) : 0;
}

static size_t line_start(const struct editor *e)
{
    size_t at = e->at;

    while (at > 0 && e->text.s[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(const struct editor *e)
{
    size_t at = e->at;

    while (at < e->text.n && e->text.s[at] != '\n')
        at++;
    return at;
}

/* Letters, digits and what belongs to them, in any script. */
static bool is_word(const struct editor *e, size_t at)
{
    uint32_t code;

    utf8_decode(e->text.s + at, e->text.n - at, &code);
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

static size_t word_left(const struct editor *e)
{
    size_t at = e->at;

    while (at > 0 && !is_word(e, previous_of(e, at)))
        at = previous_of(e, at);
    while (at > 0 && is_word(e, previous_of(e, at)))
        at = previous_of(e, at);
    return at;
}

static size_t word_right(const struct editor *e)
{
    size_t at = e->at;

    while (at < e->text.n && !is_word(e, at))
        at = next_of(e, at);
    while (at < e->text.n && is_word(e, at))
        at = next_of(e, at);
    return at;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* C-w takes back to a blank, as in a shell. */
static size_t blank_left(const struct editor *e)
{
    size_t at = e->at;

    while (at > 0 && is_blank(e->text.s[at - 1]))
        at--;
    while (at > 0 && !is_blank(e->text.s[at - 1]))
        at--;
    return at;
}

static void remove_range(struct editor *e, size_t from, size_t to, bool keep)
{
    if (from == to)
        return;
    if (keep) {
        buffer_clear(&e->killed);
        buffer_append(&e->killed, e->text.s + from, to - from);
    }
    buffer_remove(&e->text, from, to - from);
    e->at = from;
    changed(e);
}

static void show_history(struct editor *e, size_t i)
{
    if (e->i_history == e->n_history) {
        buffer_clear(&e->draft);
        buffer_append(&e->draft, buffer_text(&e->text), e->text.n);
    }
    e->i_history = i;
    editor_set(e, i < e->n_history ? e->history[i] : buffer_text(&e->draft));
}

static void move_line(struct editor *e, int by, int width)
{
    const struct wrap *w = editor_lines(e, width);
    int column;
    size_t i = wrap_find(w, buffer_text(&e->text), e->at, &column);

    if (e->goal < 0)
        e->goal = column;
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
    e->at = wrap_byte(w, buffer_text(&e->text), by < 0 ? i - 1 : i + 1, e->goal);
}

static void move_to(struct editor *e, size_t at)
{
    e->at = at;
    e->goal = -1;
}

static bool press_control(struct editor *e, char letter, int width)
{
    size_t end = line_end(e);

    switch (letter) {
    case 'a': move_to(e, line_start(e)); return true;
    case 'e': move_to(e, end); return true;
    case 'b': move_to(e, previous_of(e, e->at)); return true;
    case 'f': move_to(e, next_of(e, e->at)); return true;
    case 'p': move_line(e, -1, width); return true;
    case 'n': move_line(e, 1, width); return true;
    case 'd': remove_range(e, e->at, next_of(e, e->at), false); return true;
    case 'k': remove_range(e, e->at, end == e->at && end < e->text.n ? end + 1 : end, true); return true;
    case 'u': remove_range(e, line_start(e), e->at, true); return true;
    case 'w': remove_range(e, blank_left(e), e->at, true); return true;
    case 'y': editor_insert(e, buffer_text(&e->killed), e->killed.n); return true;
    default: return false;
    }
}

bool editor_press(struct editor *e, const struct press *press, int width)
{
    switch (press->kind) {
    case PRESS_TEXT: case PRESS_PASTE: editor_insert(e, press->text, press->n); return true;
    case PRESS_NEWLINE: editor_insert(e, "\n", 1); return true;
    case PRESS_BACKSPACE: remove_range(e, previous_of(e, e->at), e->at, false); return true;
    case PRESS_DELETE: remove_range(e, e->at, next_of(e, e->at), false); return true;
    case PRESS_LEFT: move_to(e, previous_of(e, e->at)); return true;
    case PRESS_RIGHT: move_to(e, next_of(e, e->at)); return true;
    case PRESS_HOME: move_to(e, line_start(e)); return true;
    case PRESS_END: move_to(e, line_end(e)); return true;
    case PRESS_TOP: move_to(e, 0); return true;
    case PRESS_BOTTOM: move_to(e, e->text.n); return true;
    case PRESS_UP: move_line(e, -1, width); return true;
    case PRESS_DOWN: move_line(e, 1, width); return true;
    case PRESS_WORD_LEFT: move_to(e, word_left(e)); return true;
    case PRESS_WORD_RIGHT: move_to(e, word_right(e)); return true;
    case PRESS_KILL_WORD_LEFT: remove_range(e, word_left(e), e->at, true); return true;
    case PRESS_KILL_WORD_RIGHT: remove_range(e, e->at, word_right(e), true); return true;
    case PRESS_CTRL: return press_control(e, press->letter, width);
    default: return false;
    }
}
