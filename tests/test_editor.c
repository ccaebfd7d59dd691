/* The draft and the bytes that edit it: keys from a terminal -> text and cursor. */
#include "ui/editor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graphemes), cmocka_unit_test(test_emacs_keys), cmocka_unit_test(test_lines_and_history),
        cmocka_unit_test(test_keys_split_anywhere), cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
