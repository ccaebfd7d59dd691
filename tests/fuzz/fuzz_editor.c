/* fuzz_editor.c - any presses, in both modes, and any bytes through keys: the text stays UTF-8,
 * the cursor on a boundary, the lines are those of wrapping anew, and undo and redo lead to both ends.
 *
 *   byte 0: 1 vi, 2 the rest is bytes of a terminal (else: numbers of presses), 4 a narrow width */
#include "replay.h"
#include "base/utf8.h"
#include "ui/editor.h"

static void expect(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void check_wrap(struct editor *e, int width)
{
    struct wrap fresh = { 0 };
    const struct wrap *w = editor_lines(e, width);

    wrap_update(&fresh, buffer_text(&e->text), e->text.n, width);
    expect(w->n == fresh.n);
    for (size_t i = 0; i < w->n; i++)
        expect(w->lines[i].start == fresh.lines[i].start && w->lines[i].end == fresh.lines[i].end
               && w->lines[i].indent == fresh.lines[i].indent);
    wrap_free(&fresh);
}

static void check(struct editor *e, int width)
{
    int column;

    expect(e->at <= e->text.n && utf8_valid(buffer_text(&e->text), e->text.n));
    if (e->at > 0)
        expect(utf8_grapheme_next(e->text.s, e->text.n, utf8_grapheme_previous(e->text.s, e->text.n, e->at)) == e->at);
    check_wrap(e, width);
    wrap_find(&e->wrap, buffer_text(&e->text), e->at, &column);
    expect(column >= 0 && column <= width);
}

static void press(struct editor *e, const struct press *p, int width)
{
    if (p->kind == PRESS_ENTER) {
        editor_remember(e, buffer_text(&e->text));
        editor_reset(e);
    } else {
        editor_press(e, p, width);
    }
    check(e, width);
    if (e->text.n > 1 << 12)        /* each press is checked over the whole text */
        editor_reset(e);
}

static void press_number(struct editor *e, uint8_t number, int width)
{
    static const char *const texts[] = {
        "a", "b ", " ", "\n", "```\n", "안", "\u1161", "e\u0301", "\u0301", "\U0001F468", "\u200D", "\U0001F3FD", "\U0001F1F0", "\r\n",
        "漢字", "\U000E0067", "- ", "\t", "ก็", "\u0600", "\x1B", "\uFE0F", "A_b.c",
    };
    static const char letters[] = "abdefhijklnopruwxyztc_";
    static const char commands[] = "iaIAoOhjklwbeWBE0^$gGxXDCSsdcYypPurJ~ftFT;,123";
    struct press p = { 0 };

    if (number < 64) {
        p.kind = number < 32 ? PRESS_TEXT : PRESS_PASTE;
        p.text = texts[number % (sizeof texts / sizeof *texts)];
        p.n = strlen(p.text);
    } else if (number < 128) {
        p = (struct press){ .kind = PRESS_TEXT, .text = &commands[number % (sizeof commands - 1)], .n = 1 };
    } else if (number < 192) {
        p.kind = number < 164 ? PRESS_CTRL : PRESS_ALT;
        p.letter = letters[number % (sizeof letters - 1)];
    } else {
        p.kind = PRESS_ENTER + number % (PRESS_F2 - PRESS_ENTER);
    }
    press(e, &p, width);
}

static void press_bytes(struct editor *e, const uint8_t *data, size_t n, int width)
{
    struct keys keys = { 0 };
    struct press p;

    for (size_t at = 0; at < n; at += 64) {
        keys_feed(&keys, (const char *)data + at, n - at < 64 ? n - at : 64);
        while (keys_next(&keys, at + 64 >= n, &p)) {
            if (p.kind == PRESS_TEXT || p.kind == PRESS_PASTE)
                expect(utf8_valid(p.text, p.n) && memchr(p.text, 0, p.n) == NULL);
            press(e, &p, width);
        }
    }
    keys_free(&keys);
}

/* Back to the beginning, which is nothing or the line of the history, and to the end again. */
static void check_undo(struct editor *e, int width)
{
    char *end;
    size_t n_end;

    while (editor_redo(e))
        check_wrap(e, width);
    end = text_copy(buffer_text(&e->text));
    n_end = e->text.n;
    while (editor_undo(e))
        check(e, width);
    const char *start = e->i_history < e->n_history ? e->history[e->i_history] : "";
    expect(strcmp(buffer_text(&e->text), start) == 0);
    while (editor_redo(e))
        check(e, width);
    expect(e->text.n == n_end && memcmp(buffer_text(&e->text), end, n_end) == 0);
    free(end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct editor e = { 0 };

    if (n == 0)
        return 0;
    int width = data[0] & 4 ? 5 : 60;
    n = n < 2048 ? n : 2048;
    editor_set_vi(&e, data[0] & 1);
    if (data[0] & 2)
        press_bytes(&e, data + 1, n - 1, width);
    for (size_t i = 1; !(data[0] & 2) && i < n; i++)
        press_number(&e, data[i], width);
    check_undo(&e, width);
    editor_free(&e);
    return 0;
}
