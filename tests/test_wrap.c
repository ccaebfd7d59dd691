/* Wrapping: widths, break places, no half characters, growing text. */
#include "ui/wrap.h"

#include "ui/sanitise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Lines joined by '|'. */
static const char *wrapped(const char *text, int width)
{
    static char out[4096];
    struct wrap w = { 0 };
    size_t n = 0;

    wrap_update(&w, text, strlen(text), width);
    for (size_t i = 0; i < w.n; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%*s%.*s", i > 0 ? "|" : "", w.lines[i].indent, "",
                              (int)(w.lines[i].end - w.lines[i].start), text + w.lines[i].start);
    wrap_free(&w);
    return out;
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(wrapped("", 5), "");
    assert_string_equal(wrapped("one two three", 7), "one two|three");
    assert_string_equal(wrapped("one two three", 80), "one two three");
    assert_string_equal(wrapped("one  two", 4), "one|two");
    assert_string_equal(wrapped("abcdefgh", 3), "abc|def|gh");
    assert_string_equal(wrapped("ab cdefgh", 3), "ab|cde|fgh");
    assert_string_equal(wrapped("a\n\nb\n", 3), "a||b|");
    assert_string_equal(wrapped("a\r\nb", 3), "a|b");
    assert_string_equal(wrapped("  indented line", 10), "  indented|  line");
    assert_string_equal(wrapped("one two", 3), "one|two");
}

static void test_wide(void **state)
{
    (void)state;
    /* Korean breaks at spaces; a word longer than the line between syllables. */
    assert_string_equal(wrapped("안녕 하세요", 8), "안녕|하세요");
    assert_string_equal(wrapped("안녕하세요", 5), "안녕|하세|요");
    /* Chinese and Japanese break anywhere. */
    assert_string_equal(wrapped("ab 漢字漢字", 7), "ab 漢字|漢字");
    assert_string_equal(wrapped("漢字ab", 5), "漢字|ab");
    assert_string_equal(wrapped("漢", 1), "漢");
    assert_string_equal(wrapped("漢字", 1), "漢|字");
    /* A cluster is never cut: e + acute, 100 of them. */
    assert_string_equal(wrapped("e\xCC\x81" "e\xCC\x81" "e\xCC\x81", 2), "e\xCC\x81" "e\xCC\x81|e\xCC\x81");
}

static void test_code_keeps_its_spaces(void **state)
{
    (void)state;
    assert_string_equal(wrapped("```\nint  a = 1;\n```\nint a = 1;", 8), "```|int  a =| 1;|```|int a =|1;");
    /* And a line that is indented, or an item of a list, goes on below itself. */
    assert_string_equal(wrapped("- one two three", 9), "- one two|  three");
    assert_string_equal(wrapped("  10. 漢字漢字", 12), "  10. 漢字漢|      字");
    assert_string_equal(wrapped("          ab cd", 12), "          ab|cd");
}

/* Text that grows piece by piece wraps as it does in one go, at every width. */
static void test_growing(void **state)
{
    const char *text = "안녕 hello world\n```c\n  for (;;) x();\n```\n漢字漢字 end of it, abcdefghijklmnop\n\nlast";

    (void)state;
    for (int width = 1; width < 30; width++) {
        struct wrap grown = { 0 }, whole = { 0 };
        for (size_t n = 0; n <= strlen(text); n++)
            wrap_update(&grown, text, n, width);
        wrap_update(&whole, text, strlen(text), width);
        assert_int_equal(grown.n, whole.n);
        assert_memory_equal(grown.lines, whole.lines, whole.n * sizeof *whole.lines);
        for (size_t i = 0; i < whole.n; i++) {
            int columns = whole.lines[i].indent + sanitise_width(text + whole.lines[i].start, whole.lines[i].end - whole.lines[i].start);
            assert_true(columns <= (width < 2 ? 2 : width));
        }
        wrap_free(&grown);
        wrap_free(&whole);
    }
}

static void test_cursor(void **state)
{
    const char *text = "안녕 하세요 abc";
    struct wrap w = { 0 };
    int column;

    (void)state;
    wrap_update(&w, text, strlen(text), 11);
    assert_int_equal(w.n, 2);
    assert_int_equal(wrap_find(&w, text, 0, &column), 0);
    assert_int_equal(column, 0);
    assert_int_equal(wrap_find(&w, text, 7, &column), 0);       /* after the space */
    assert_int_equal(column, 5);
    assert_int_equal(wrap_find(&w, text, strlen(text), &column), 1);
    assert_int_equal(column, 3);
    assert_int_equal(wrap_byte(&w, text, 0, 2), 3);
    assert_int_equal(wrap_byte(&w, text, 0, 3), 3);             /* inside a wide character */
    assert_int_equal(wrap_byte(&w, text, 1, 99), strlen(text));
    wrap_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words), cmocka_unit_test(test_wide), cmocka_unit_test(test_code_keeps_its_spaces),
        cmocka_unit_test(test_growing), cmocka_unit_test(test_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
