/* The conversation on the screen: cells, places, selecting, folding, searching. */
#include "ui/view.h"

#include "ui/sanitise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct screen s;

/* What is drawn at this size, a line a row. */
static const char *drawn(struct view *v, int rows, int cols)
{
    static struct buffer out;

    buffer_clear(&out);
    buffer_append(&out, "", 0);
    screen_resize(&s, rows, cols);
    view_draw(v, &s, (struct rect){ 0, 0, rows, cols });
    for (int row = 0; row < rows; row++) {
        char *text = screen_row(&s, row);
        buffer_print(&out, "%s\n", text);
        free(text);
    }
    return buffer_text(&out);
}

static int style_at(int row, int col)
{
    return s.cells[row * s.cols + col].style;
}

static void test_look(void **state)
{
    struct view v = { 0 };

    (void)state;
    view_add(&v, ITEM_CHIP, 1, "[bird.png]");
    view_add(&v, ITEM_USER, 1, "What is it?");
    view_add(&v, ITEM_NOTE, 1, "looked at it");
    view_add(&v, ITEM_ANSWER, 1, "A **bird**:\n- 새\n");
    view_add(&v, ITEM_ERROR, 1, "it flew away");
    assert_string_equal(drawn(&v, 12, 30), "› [bird.png]\n  What is it?\n\n· looked at it\n\n  A bird:\n\n  • 새\n! it flew away\n\n\n\n");
    assert_int_equal(style_at(0, 0), STYLE_ACCENT);
    assert_int_equal(style_at(0, 2), STYLE_CHIP);
    assert_int_equal(style_at(1, 2), STYLE_BOLD);
    assert_int_equal(style_at(3, 2), STYLE_DIM);
    assert_int_equal(style_at(5, 2), STYLE_PLAIN);
    assert_int_equal(style_at(5, 4), STYLE_BOLD);
    assert_int_equal(style_at(8, 0), STYLE_ERROR);
    assert_int_equal(s.cells[7 * 30 + 4].width, 2);
    /* The end is shown; nothing is indented where there is no room. */
    assert_string_equal(drawn(&v, 3, 10), "• 새\nit flew\naway\n");
    view_set_text(&v, 3, "A **bird**:\n- 새");
    drawn(&v, 4, 30);
    v.plain = true;
    assert_string_equal(drawn(&v, 4, 30), "\n  A **bird**:\n  - 새\n! it flew away\n");
    view_free(&v);
}

static void test_label_and_untrusted_text(void **state)
{
    struct view v = { 0 };

    (void)state;
    size_t i = view_add(&v, ITEM_ANSWER, 1, "a\x1B]0;t\a\xE2\x80\xAE and more words");
    strcpy(v.items[i].label, "2/3");
    assert_string_equal(drawn(&v, 3, 24), "  a␛]0;t␇<U+202E>   2/3\n  and more words\n\n");
    assert_int_equal(style_at(0, 20), STYLE_DIM);
    view_free(&v);
}

/* Of q0 a0 q1 a1 ...: each question and each answer takes a row and a gap. */
static void fill(struct view *v, int n)
{
    char text[32];

    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "q%d", i);
        view_add(v, ITEM_USER, i + 1, text);
        snprintf(text, sizeof text, "a%d", i);
        view_add(v, ITEM_ANSWER, i + 1, text);
    }
}

static void test_scrolling(void **state)
{
    struct view v = { 0 };

    (void)state;
    fill(&v, 10);
    assert_string_equal(drawn(&v, 4, 20), "\n› q9\n\n  a9\n");
    assert_false(v.scrolled);
    view_scroll(&v, -1);
    assert_string_equal(drawn(&v, 4, 20), "  a8\n\n› q9\n\n");
    assert_true(v.scrolled);
    size_t i = view_add(&v, ITEM_ANSWER, 11, "new");    /* what is read does not move */
    assert_string_equal(drawn(&v, 4, 20), "  a8\n\n› q9\n\n");
    view_append(&v, i, " words", 6);
    view_page(&v, true);
    assert_string_equal(drawn(&v, 4, 20), "› q8\n\n  a8\n\n");
    view_page(&v, false);
    view_page(&v, false);
    view_page(&v, false);
    assert_string_equal(drawn(&v, 4, 20), "\n  a9\n\n  new words\n");
    assert_false(v.scrolled);                           /* the end is followed again */
    view_to_start(&v);
    assert_string_equal(drawn(&v, 4, 20), "› q0\n\n  a0\n\n");
    view_scroll(&v, -5);
    assert_string_equal(drawn(&v, 4, 20), "› q0\n\n  a0\n\n");
    view_to_end(&v);
    view_truncate(&v, 2);
    assert_string_equal(drawn(&v, 4, 20), "› q0\n\n  a0\n\n");
    assert_int_equal(view_rows(&v, 20, 0, 100), 3);
    assert_int_equal(view_rows(&v, 20, 1, 100), 2);
    assert_int_equal(view_rows(&v, 20, 0, 2), 2);
    view_free(&v);
}

/* A place inside a long answer stays about where it was when the width changes. */
static void test_resize_keeps_the_place(void **state)
{
    struct view v = { 0 };
    struct buffer text = { 0 };

    (void)state;
    for (int i = 0; i < 200; i++)
        buffer_print(&text, "word%d ", i);
    view_add(&v, ITEM_ANSWER, 1, text.s);
    drawn(&v, 10, 100);
    drawn(&v, 5, 60);
    view_to_start(&v);
    view_scroll(&v, 12);
    char first[16];
    sscanf(drawn(&v, 5, 60), " %15s", first);
    int before = atoi(first + 4);
    sscanf(drawn(&v, 5, 30), " %15s", first);
    assert_in_range(abs(atoi(first + 4) - before), 0, 6);
    buffer_free(&text);
    view_free(&v);
}

static void test_selecting(void **state)
{
    struct view v = { 0 };

    (void)state;
    assert_false(view_select(&v, -1));
    fill(&v, 10);
    view_add(&v, ITEM_NOTE, 0, "note");
    drawn(&v, 4, 20);
    assert_true(view_select(&v, 1));                    /* nothing selected: the last */
    assert_int_equal(v.selected, 19);
    assert_string_equal(drawn(&v, 4, 20), "› q9\n\n▌ a9\n· note\n");
    assert_int_equal(style_at(2, 0), STYLE_ACCENT);
    assert_int_equal(style_at(2, 2), STYLE_PLAIN);
    assert_false(view_select(&v, 1));
    for (int i = 0; i < 4; i++)
        assert_true(view_select(&v, -1));
    assert_string_equal(drawn(&v, 4, 20), "\n▌ a7\n\n› q8\n");
    for (int i = 0; i < 15; i++)
        view_select(&v, -1);
    assert_int_equal(v.selected, 0);
    assert_false(view_select(&v, -1));
    assert_string_equal(drawn(&v, 4, 8), "q0\n\na0\n\n");     /* no column for the bar */
    assert_int_equal(style_at(0, 0), STYLE_ACCENT);
    view_set_text(&v, 1, "a\n\nb\n\nc\n\nd\n\ne");            /* longer than the screen: its beginning */
    drawn(&v, 4, 20);
    assert_true(view_select(&v, 1));
    assert_string_equal(drawn(&v, 4, 20), "\n▌ a\n▌\n▌ b\n");
    view_set_text(&v, 1, "a0");
    view_to_start(&v);
    view_unselect(&v);
    assert_string_equal(drawn(&v, 4, 20), "› q0\n\n  a0\n\n");
    view_free(&v);
}

static void test_folding(void **state)
{
    struct view v = { 0 };
    struct buffer text = { 0 };

    (void)state;
    for (int i = 0; i < 30; i++)
        buffer_print(&text, "%sline %d", i > 0 ? "\n" : "", i);
    size_t question = view_add(&v, ITEM_USER, 1, text.s), answer = view_add(&v, ITEM_ANSWER, 1, text.s);
    view_to_start(&v);
    const char *rows = drawn(&v, 13, 30);
    assert_non_null(strstr(rows, "  line 9\n  … 20 more lines (f)\n\n  line 0\n"));    /* the answer is whole */
    assert_int_equal(view_rows(&v, 30, 0, 1000), 11 + 31);
    struct view_hit hit = view_at(&v, 10, 5);
    assert_int_equal(hit.item, question);
    assert_true(hit.fold);
    assert_false(view_at(&v, 9, 5).fold);
    assert_int_equal(view_at(&v, 11, 5).item, SIZE_MAX);                /* the gap */
    view_fold(&v, question, false);
    view_fold(&v, answer, true);
    assert_int_equal(view_rows(&v, 30, 0, 1000), 30 + 12);
    v.items[answer].live = true;                                        /* not while it comes */
    assert_int_equal(view_rows(&v, 30, 0, 1000), 30 + 31);
    buffer_free(&text);
    view_free(&v);
}

static void test_finding(void **state)
{
    struct view v = { 0 };

    (void)state;
    fill(&v, 50);
    view_set_text(&v, 11, "say **Grüße** and more");
    view_set_text(&v, 41, "GRÜSSE, grüße");
    drawn(&v, 5, 30);
    assert_true(view_find(&v, "grüße", -1));
    assert_int_equal(v.selected, 41);
    const char *rows = drawn(&v, 5, 30);
    assert_non_null(strstr(rows, "▌ GRÜSSE, grüße\n"));
    int row = 0;
    for (const char *at = rows; at < strstr(rows, "GRÜSSE"); at++)
        row += *at == '\n';
    assert_int_equal(style_at(row, 2), STYLE_PLAIN);
    assert_int_equal(style_at(row, 9), STYLE_PLAIN);
    assert_int_equal(style_at(row, 10), STYLE_MATCH);
    assert_int_equal(style_at(row, 14), STYLE_MATCH);
    assert_true(view_find(&v, "grüße", -1));
    assert_int_equal(v.selected, 11);
    assert_true(view_find(&v, "grüße", -1));                            /* around */
    assert_int_equal(v.selected, 41);
    assert_true(view_find(&v, "grüße", 1));
    assert_int_equal(v.selected, 11);
    assert_false(view_find(&v, "nowhere", 1));
    assert_int_equal(v.selected, 11);
    assert_false(view_find(&v, "", 1));
    view_free(&v);
}

/* A hit in what is folded unfolds it and is scrolled to. */
static void test_finding_inside(void **state)
{
    struct view v = { 0 };
    struct buffer text = { 0 };

    (void)state;
    for (int i = 0; i < 100; i++)
        buffer_print(&text, "line %d\n", i);
    view_add(&v, ITEM_USER, 1, text.s);
    view_add(&v, ITEM_ANSWER, 1, "yes");
    drawn(&v, 9, 30);
    assert_true(view_find(&v, "LINE 77", 1));
    assert_non_null(strstr(drawn(&v, 9, 30), "▌ line 77\n"));
    buffer_free(&text);
    view_free(&v);
}

static void test_codes_and_links(void **state)
{
    struct view v = { 0 };
    size_t n;

    (void)state;
    view_add(&v, ITEM_ANSWER, 1, "see [this](http://x.y)\n\n- a\n  ```c\n  int a;\n  ```\n");
    drawn(&v, 10, 40);
    assert_int_equal(view_n_codes(&v, 0), 1);
    const char *code = view_code(&v, 0, 0, &n);
    assert_int_equal(n, 6);
    assert_memory_equal(code, "int a;", 6);
    v.plain = true;                                     /* the blocks are there however it is shown */
    assert_int_equal(view_n_codes(&v, 0), 1);
    v.plain = false;
    drawn(&v, 10, 40);
    assert_null(view_at(&v, 0, 5).link);
    assert_string_equal(view_at(&v, 0, 6).link, "http://x.y");
    assert_string_equal(view_at(&v, 0, 15).link, "http://x.y");
    assert_int_equal(view_at(&v, 0, 15).item, 0);
    assert_int_equal(view_at(&v, 9, 0).item, SIZE_MAX);
    assert_int_equal(view_at(&v, 0, 99).item, SIZE_MAX);
    view_free(&v);
}

/* Every size down to 1x1: nothing outside its part of the screen, no half character. */
static void test_every_size(void **state)
{
    struct view v = { 0 };

    (void)state;
    view_add(&v, ITEM_USER, 1, "안녕하세요 hello 漢字");
    size_t i = view_add(&v, ITEM_ANSWER, 1, "# 제목\n\n| 이름 | 값 |\n|---|---|\n| 漢字漢字 | 👍🏽 |\n\n> - 답변입니다 `code`\n\n```c\nint 변수;\n```\n");
    strcpy(v.items[i].label, "1/2");
    view_add(&v, ITEM_ERROR, 1, "e\xCC\x81\xF0\x9F\x91\x8D\x1B[2J");
    v.selecting = true;
    buffer_append(&v.query, "o", 1);
    for (int rows = 1; rows <= 12; rows++)
        for (int cols = 1; cols <= 60; cols++) {
            screen_resize(&s, rows + 2, cols + 2);
            view_draw(&v, &s, (struct rect){ 1, 1, rows, cols });
            for (int k = 0; k < s.rows * s.cols; k++) {
                const struct cell *c = &s.cells[k];
                int row = k / s.cols, col = k % s.cols;
                if (row == 0 || row == rows + 1 || col == 0 || col == cols + 1)
                    assert_string_equal(c->text, " ");
                assert_true(c->width <= 2 && (c->width != 0 || s.cells[k - 1].width == 2));
                assert_true(c->width != 2 || s.cells[k + 1].width == 0);
            }
            view_scroll(&v, rows % 3 - 1);
        }
    view_free(&v);
}

/* Thousands of turns: what is laid out is what is seen. */
static void test_many_turns(void **state)
{
    struct view v = { 0 };
    size_t n_laid_out = 0;

    (void)state;
    fill(&v, 5000);
    drawn(&v, 24, 80);
    view_page(&v, true);
    view_to_start(&v);
    drawn(&v, 24, 80);
    for (size_t i = 0; i < v.n_items; i++)
        n_laid_out += v.items[i].page.n_lines > 0;
    assert_in_range(n_laid_out, 12, 80);
    view_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look), cmocka_unit_test(test_label_and_untrusted_text), cmocka_unit_test(test_scrolling),
        cmocka_unit_test(test_resize_keeps_the_place), cmocka_unit_test(test_selecting), cmocka_unit_test(test_folding),
        cmocka_unit_test(test_finding), cmocka_unit_test(test_finding_inside), cmocka_unit_test(test_codes_and_links),
        cmocka_unit_test(test_every_size), cmocka_unit_test(test_many_turns),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    screen_free(&s);
    return failed;
}
