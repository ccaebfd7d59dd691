/* The draft and the bytes that edit it: keys from a terminal -> text and cursor. */
#include "ui/editor.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

enum { WIDTH = 40 };

/* Feeds bytes as a terminal would; the text afterwards with '|' at the cursor. */
static const char *typed_at(struct editor *e, const char *bytes, int width)
{
    static char out[1024];
    struct keys keys = { 0 };
    struct press press;

    keys_feed(&keys, bytes, strlen(bytes));
    while (keys_next(&keys, true, &press))
        editor_press(e, &press, width);
    assert_false(keys_waiting(&keys));
    keys_free(&keys);
    const char *text = buffer_text(&e->text);
    snprintf(out, sizeof out, "%.*s|%s", (int)e->at, text, text + e->at);
    return out;
}

static void check(const char *bytes, const char *want)
{
    struct editor e = { .goal = -1 };

    assert_string_equal(typed_at(&e, bytes, WIDTH), want);
    editor_free(&e);
}

#define LEFT "\x1B[D"
#define RIGHT "\x1B[C"
#define UP "\x1B[A"
#define DOWN "\x1B[B"
#define BACKSPACE "\x7F"

static void test_graphemes(void **state)
{
    (void)state;
    check("abc", "abc|");
    check("안녕" BACKSPACE, "안|");
    check("안녕" LEFT "\x1B[3~", "안|");
    check("e\xCC\x81x" BACKSPACE BACKSPACE, "|");               /* a mark goes with its letter */
    check("\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xBC" BACKSPACE, "|");      /* a syllable in jamo */
    check("a\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9" BACKSPACE, "a|"); /* joined emoji */
    check("\xF0\x9F\x87\xB0\xF0\x9F\x87\xB7" LEFT "x", "x|\xF0\x9F\x87\xB0\xF0\x9F\x87\xB7"); /* a flag */
    check(BACKSPACE LEFT "a", "a|");
}

static void test_emacs_keys(void **state)
{
    (void)state;
    check("one two\x01" "x", "x|one two");
    check("one two\x01\x05x", "one twox|");
    check("one two\x17", "one |");
    check("one two\x17\x19\x19", "one twotwo|");
    check("one two" LEFT LEFT "\x0B", "one t|");
    check("one two" LEFT LEFT "\x15", "|wo");
    check("one two\x02\x02\x06\x04", "one tw|");
    check("one two\x1B" "b\x1B" "d", "one |");
    check("one two, x\x1B\x7F\x1B\x7F", "one |");
    check("one two\x1B[1;5D\x1B[1;5Dx", "x|one two");
    check("안녕 세계\x1B" "b\x1B" "bx", "x|안녕 세계");
    check("a\nb\x0B\x01\x0B", "a\n|");
    check("a\nb" UP "\x05\x0B", "a|b");                         /* C-k at the end takes the newline */
    check("a\x1B\rb", "a\nb|");                                 /* Alt-Enter */
    check("a\x1B[13;2ub\x1B[27;2;13~c", "a\nb\nc|");            /* Shift-Enter where terminals say so */
}

static void test_lines_and_history(void **state)
{
    struct editor e = { .goal = -1 };

    (void)state;
    check("abcdef\nab\nabcdef" UP UP "x", "abcdefx|\nab\nabcdef");      /* the column is kept over a short line */
    check("abc\ndef" UP "x" DOWN "y", "abcx\ndefy|");
    assert_string_equal(typed_at(&e, "aaaa bbbb cccc" UP "x", 6), "aaaa bbbbx| cccc");  /* by drawn line */
    editor_set(&e, "");
    editor_remember(&e, "first");
    editor_remember(&e, "second");
    assert_string_equal(typed_at(&e, "draft" UP, WIDTH), "second|");
    assert_string_equal(typed_at(&e, UP UP UP, WIDTH), "first|");
    assert_string_equal(typed_at(&e, DOWN DOWN, WIDTH), "draft|");
    assert_string_equal(typed_at(&e, DOWN, WIDTH), "draft|");
    editor_free(&e);
}

static void test_keys_split_anywhere(void **state)
{
    static const char bytes[] = "a안" LEFT "\x1B[200~p\r\nq\x1B[31m\x1B[201~" "\x1B[1;5C" "\x1BOHz";
    struct editor whole = { .goal = -1 };

    (void)state;
    assert_string_equal(typed_at(&whole, bytes, WIDTH), "ap\nz|q\x1B[31m안");
    for (size_t cut = 1; cut < strlen(bytes); cut++) {
        struct editor e = { .goal = -1 };
        struct keys keys = { 0 };
        struct press press;
        keys_feed(&keys, bytes, cut);
        while (keys_next(&keys, false, &press))
            editor_press(&e, &press, WIDTH);
        keys_feed(&keys, bytes + cut, strlen(bytes) - cut);
        while (keys_next(&keys, false, &press))
            editor_press(&e, &press, WIDTH);
        assert_string_equal(buffer_text(&e.text), buffer_text(&whole.text));
        assert_int_equal(e.at, whole.at);
        keys_free(&keys);
        editor_free(&e);
    }
    editor_free(&whole);
}

static void test_keys(void **state)
{
    struct keys keys = { 0 };
    struct press press;

    (void)state;
    keys_feed(&keys, "\x1B", 1);
    assert_false(keys_next(&keys, false, &press));          /* perhaps a sequence */
    assert_true(keys_waiting(&keys));
    assert_true(keys_next(&keys, true, &press));
    assert_int_equal(press.kind, PRESS_ESCAPE);
    keys_feed(&keys, "\x1B\x1B", 2);
    assert_false(keys_next(&keys, false, &press));          /* perhaps Alt and an arrow */
    assert_true(keys_next(&keys, true, &press));
    assert_int_equal(press.kind, PRESS_ESCAPE);
    assert_true(keys_next(&keys, true, &press));
    assert_int_equal(press.kind, PRESS_ESCAPE);
    static const char several[] = "\x03\r\x1B[5~\x1B[99;99;99Z\x1B[6~";
    keys_feed(&keys, several, strlen(several));
    assert_true(keys_next(&keys, false, &press));
    assert_int_equal(press.kind, PRESS_CTRL);
    assert_int_equal(press.letter, 'c');
    assert_true(keys_next(&keys, false, &press));
    assert_int_equal(press.kind, PRESS_ENTER);
    assert_true(keys_next(&keys, false, &press));
    assert_int_equal(press.kind, PRESS_PAGE_UP);
    assert_true(keys_next(&keys, false, &press));           /* the unknown one is passed over */
    assert_int_equal(press.kind, PRESS_PAGE_DOWN);
    keys_feed(&keys, "\xEA\xB0", 2);
    assert_false(keys_next(&keys, false, &press));          /* half a character */
    keys_feed(&keys, "\x80\xFF\0b", 4);
    assert_true(keys_next(&keys, false, &press));
    assert_int_equal(press.kind, PRESS_TEXT);
    assert_string_equal(press.text, "가\xEF\xBF\xBD");
    assert_true(keys_next(&keys, false, &press));
    assert_string_equal(press.text, "b");                   /* NUL is nothing */
    keys_free(&keys);
}

#define UNDO "\x1F"
#define REDO "\x1B_"

static void test_undo(void **state)
{
    (void)state;
    check("one two" UNDO, "|");                                 /* a run of typing is one step */
    check("one" LEFT "x" UNDO, "on|e");
    check("one" LEFT "x" UNDO UNDO, "|");
    check("one" LEFT "x" UNDO UNDO REDO REDO, "onx|e");
    check("one two" BACKSPACE BACKSPACE UNDO, "one two|");      /* and of deleting */
    check("one two\x17" UNDO, "one two|");
    check("one two\x17" "x" UNDO REDO REDO, "one x|");
    check("a" UNDO "b" REDO, "b|");                             /* what was undone is gone once one types */
    check("a\x1B[200~paste\x1B[201~" UNDO, "a|");
    check("one\x18uab", "ab|");                                 /* C-x u */
    check("one" LEFT UNDO "\x18\x12", "one|");                  /* C-x C-r */
    check("one\x18\x07" "two", "onetwo|");                      /* C-g drops the prefix */
    check("\xF0\x9F\x87\xB0" LEFT "\xF0\x9F\x87\xB7" UNDO, "|\xF0\x9F\x87\xB0");
}

static void test_kill_ring(void **state)
{
    (void)state;
    check("one two\x17\x01x\x0B\x19\x1By", "xtwo|");
    check("one two\x17\x01x\x0B\x19\x1By\x1By", "xone |");
    check("one two\x17\x01x\x0B\x19\x1By" UNDO, "x|");
    check("a b c\x17\x17\x19", "a b c|");                       /* one after the other are one */
    check("a\nb\x01" UP "\x0B\x0B\x0B\x19", "a\nb|");
    check("one\x1By", "one|");                                  /* only after a yank */
    check("a b c\x17" LEFT "\x17\x19", "a b| ");                    /* but not over a move */
}

static void test_letters(void **state)
{
    (void)state;
    check("abc\x14", "acb|");
    check("abc" LEFT "\x14", "acb|");
    check("a\x14", "a|");
    check("a\nb\x14", "a\nb|");
    check("안e\xCC\x81" "\x14", "e\xCC\x81" "안|");
    check("éà straße\x01\x1Bu", "ÉÀ| straße");
    check("ÉÀ ÄB\x01\x1Bl\x1Bl", "éà äb|");
    check("éLAN vital\x01\x1B" "c\x1B" "c", "Élan Vital|");
    check("ǆ ﬁ\x01\x1B" "c", "ǅ| ﬁ");                           /* title case is not upper case */
    check("\x1Bu", "|");
}

static void test_history_edits(void **state)
{
    struct editor e = { 0 };

    (void)state;
    editor_remember(&e, "first");
    editor_remember(&e, "second");
    assert_string_equal(typed_at(&e, "draft" UP "X" UP "Y" DOWN, WIDTH), "secondX|");
    assert_string_equal(typed_at(&e, UP, WIDTH), "firstY|");
    assert_string_equal(typed_at(&e, UNDO, WIDTH), "first|");   /* each has its own undo */
    assert_string_equal(typed_at(&e, DOWN DOWN, WIDTH), "draft|");
    assert_string_equal(typed_at(&e, UNDO, WIDTH), "|");
    editor_remember(&e, "third");
    editor_reset(&e);
    assert_string_equal(typed_at(&e, UP UP, WIDTH), "second|"); /* sent: as they were */
    assert_string_equal(typed_at(&e, UP UNDO, WIDTH), "first|");
    editor_free(&e);
    /* Ten thousand lines of before. */
    char text[16];
    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof text, "%d", i);
        editor_remember(&e, text);
    }
    assert_string_equal(typed_at(&e, UP UP UP, WIDTH), "9997|");
    editor_free(&e);
}

/* Up from a full line of wide characters: its end is where the next begins, which is no way up. */
static void test_full_lines(void **state)
{
    struct editor e = { 0 };

    (void)state;
    assert_string_equal(typed_at(&e, "漢字漢字漢字" UP, 4), "漢字漢|字漢字");
    assert_string_equal(typed_at(&e, UP, 4), "漢|字漢字漢字");
    assert_string_equal(typed_at(&e, DOWN DOWN, 4), "漢字漢字漢字|");
    editor_free(&e);
}

static void check_vi(const char *bytes, const char *want)
{
    struct editor e = { 0 };

    editor_set_vi(&e, true);
    const char *got = typed_at(&e, bytes, WIDTH);
    if (strcmp(got, want) != 0)
        fail_msg("%s: got %s, want %s", bytes, got, want);
    editor_free(&e);
}

#define ESC "\x1B"

static void test_vi(void **state)
{
    struct editor e = { 0 };

    (void)state;
    check_vi("abc" ESC, "ab|c");
    check_vi("abc" ESC "0iX", "X|abc");
    check_vi("abc" ESC "0aX", "aX|bc");
    check_vi("  abc" ESC "IX" ESC "AY", "  XabcY|");
    check_vi("ab" ESC "oc" ESC "kOd", "d|\nab\nc");
    check_vi("one two three" ESC "0w", "one |two three");
    check_vi("one two three" ESC "02wx", "one two |hree");
    check_vi("one two three" ESC "bbe", "one tw|o three");
    check_vi("a.b c" ESC "0wwW", "a.b |c");
    check_vi("one two three" ESC "0dw", "|two three");
    check_vi("one two three" ESC "0d2w", "|three");
    check_vi("one two three" ESC "02dw", "|three");
    check_vi("one two three" ESC "0cwX" ESC, "|X two three");
    check_vi("one two" ESC "0d$", "|");
    check_vi("one two" ESC "0wD", "one| ");
    check_vi("one two" ESC "0wCx", "one x|");
    check_vi("one\ntwo\nthree" ESC "ggdd", "|two\nthree");
    check_vi("one\ntwo\nthree" ESC "dd", "one\n|two");
    check_vi("one\ntwo\nthree" ESC "gg2ddp", "three\n|one\ntwo");
    check_vi("one\ntwo" ESC "ggdw", "|\ntwo");                  /* not over the line's end */
    check_vi("one\ntwo" ESC "yyP", "one\n|two\ntwo");
    check_vi("one\ntwo\nthree" ESC "ggdj", "|three");
    check_vi("one\ntwo" ESC "ccx" ESC, "one\n|x");
    check_vi("abcabc" ESC "0fcx", "ab|abc");
    check_vi("abcabc" ESC "0fc;x", "abca|b");
    check_vi("abcabc" ESC "0tcx", "a|cabc");
    check_vi("abcabc" ESC "Fax", "abc|bc");
    check_vi("abcabc" ESC "0fb;,x", "a|cabc");
    check_vi("abcabc" ESC "0dfc", "|abc");
    check_vi("abcabc" ESC "0dtc", "|cabc");
    check_vi("a안b안c" ESC "0f안x", "a|b안c");
    check_vi("abc" ESC "0rx", "|xbc");
    check_vi("abc" ESC "03rx", "xx|x");
    check_vi("abc" ESC "04rx", "|abc");
    check_vi("aBc" ESC "03~", "Ab|C");
    check_vi("abc" ESC "0xp", "b|ac");
    check_vi("abc" ESC "0x3p", "baa|ac");
    check_vi("abc" ESC "2X", "|c");
    check_vi("a\n  b" ESC "ggJ", "a| b");
    check_vi("one two" ESC "0xxuu", "|one two");
    check_vi("one two" ESC "0xxuu\x12", "|ne two");
    check_vi("one two" ESC "0cwthree four" ESC "u", "|one two");    /* a change is one step */
    check_vi("abc" ESC "d" ESC "x", "a|b");
    check_vi("abc\x1B" "0x", "|bc");                            /* Esc and a key in one read */
    check_vi("one two\x1B" "bx", "one |wo");
    check_vi("e\xCC\x81" "x" ESC "hx", "|x");
    editor_set_vi(&e, true);
    assert_int_equal(editor_mode(&e), EDITOR_VI_INSERT);
    assert_true(editor_press(&e, &(struct press){ .kind = PRESS_ESCAPE }, WIDTH));
    assert_int_equal(editor_mode(&e), EDITOR_VI_NORMAL);
    assert_false(editor_press(&e, &(struct press){ .kind = PRESS_ESCAPE }, WIDTH));     /* the chat's */
    assert_false(editor_press(&e, &(struct press){ .kind = PRESS_TEXT, .text = "?", .n = 1 }, WIDTH));
    editor_remember(&e, "before");
    assert_string_equal(typed_at(&e, "k", WIDTH), "befor|e");
    editor_set_vi(&e, false);
    assert_int_equal(editor_mode(&e), EDITOR_EMACS);
    editor_free(&e);
}

/* Of this thread alone: what else runs does not count. */
static double processor_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + (double)t.tv_nsec / 1e6;
}

/* A key in a megabyte costs a small part of wrapping it: 1/10 is far from both (1/100, 1). */
static void check_large(const char *piece, const char *name)
{
    struct editor e = { 0 };
    size_t n = strlen(piece), n_keys = 20;
    char *text = malloc(1 << 20);

    for (size_t i = 0; i + n <= 1 << 20; i += n)
        memcpy(text + i, piece, n);
    size_t size = (1 << 20) / n * n;
    double start = processor_ms();
    editor_press(&e, &(struct press){ .kind = PRESS_PASTE, .text = text, .n = size }, 80);
    editor_lines(&e, 80);
    double whole = processor_ms() - start;
    e.at = utf8_grapheme_next(e.text.s, e.text.n, size / 2 / n * n);
    start = processor_ms();
    for (size_t i = 0; i < n_keys; i++) {
        editor_press(&e, &(struct press){ .kind = i % 5 < 3 ? PRESS_TEXT : PRESS_BACKSPACE, .text = "x", .n = 1 }, 80);
        editor_lines(&e, 80);
    }
    double key = (processor_ms() - start) / (double)n_keys;
    print_message("1 MB of %s: wrapped in %.1f ms, %.3f ms a key\n", name, whole, key);
    assert_true(key < whole / 10);
    free(text);
    editor_free(&e);
}

static void test_large(void **state)
{
    (void)state;
    check_large("The quick brown fox jumps over the lazy dog, and goes on.\n", "English lines");
    check_large("안녕하세요, 오늘은 날씨가 좋네요. 그래서 산책을 갑니다.\n", "Korean lines");
    check_large("```c\nint a;\n```\n", "code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graphemes), cmocka_unit_test(test_emacs_keys), cmocka_unit_test(test_lines_and_history),
        cmocka_unit_test(test_keys_split_anywhere), cmocka_unit_test(test_keys), cmocka_unit_test(test_undo), cmocka_unit_test(test_kill_ring),
        cmocka_unit_test(test_letters), cmocka_unit_test(test_history_edits), cmocka_unit_test(test_full_lines), cmocka_unit_test(test_vi),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
