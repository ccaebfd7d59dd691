/* Cells: drawing over others never leaves half a character. */
#include "ui/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void check_row(const struct screen *s, int row, const char *want)
{
    char *text = screen_row(s, row);

    assert_string_equal(text, want);
    free(text);
    for (int col = 0; col < s->cols; col++) {
        const struct cell *cell = &s->cells[row * s->cols + col];
        assert_true(cell->width <= 2 && cell->foreground == -1 && cell->background == -1);
        assert_true(cell->width != 2 || (col + 1 < s->cols && cell[1].width == 0));
        assert_true(cell->width != 0 || (col > 0 && cell[-1].width == 2 && cell->text[0] == '\0'));
    }
}

static void test_over_wide_characters(void **state)
{
    static const char *const want[] = { "x 나다", " x나다", "가x 다", "가 x다", "가나x", "가나 x" };
    struct screen s = { 0 };

    (void)state;
    for (int col = 0; col < 6; col++) {
        screen_resize(&s, 1, 8);
        screen_print(&s, 0, 0, 8, "가나다", STYLE_BOLD);
        screen_print(&s, 0, col, 8, "x", STYLE_PLAIN);
        check_row(&s, 0, want[col]);
    }
    screen_resize(&s, 1, 8);
    screen_print(&s, 0, 0, 8, "가나다", STYLE_BOLD);
    screen_print(&s, 0, 1, 8, "漢字", STYLE_PLAIN);
    check_row(&s, 0, " 漢字");
    screen_free(&s);
}

static void test_fill(void **state)
{
    struct screen s = { 0 };

    (void)state;
    screen_resize(&s, 3, 8);
    for (int row = 0; row < 3; row++)
        screen_print(&s, row, 0, 8, "가나다라", STYLE_PLAIN);
    screen_fill(&s, (struct rect){ 1, 3, 1, 2 }, STYLE_SELECTED);
    check_row(&s, 0, "가나다라");
    check_row(&s, 1, "가    라");
    assert_int_equal(s.cells[8 + 3].style, STYLE_SELECTED);
    assert_int_equal(s.cells[8 + 2].style, STYLE_PLAIN);
    screen_fill(&s, (struct rect){ -1, -1, 9, 2 }, STYLE_PLAIN);
    screen_fill(&s, (struct rect){ 2, 7, 9, 9 }, STYLE_PLAIN);
    screen_fill(&s, (struct rect){ 5, 9, 1, 1 }, STYLE_PLAIN);
    check_row(&s, 0, "  나다라");
    check_row(&s, 2, "  나다");
    screen_free(&s);
}

static void test_edges(void **state)
{
    struct screen s = { 0 };

    (void)state;
    screen_resize(&s, 0, -3);
    assert_true(s.rows == 1 && s.cols == 1);
    assert_int_equal(screen_print(&s, 0, 0, 9, "가", STYLE_PLAIN), 0);      /* does not fit */
    assert_int_equal(screen_print(&s, 5, 0, 9, "a", STYLE_PLAIN), 0);
    assert_int_equal(screen_print(&s, 0, 0, 9, "ab", STYLE_PLAIN), 1);
    check_row(&s, 0, "a");
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_wide_characters), cmocka_unit_test(test_fill), cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
