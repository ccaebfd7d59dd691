/* State -> cells, without a terminal. */
#include "fake_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char rule80[] = "────────────────────────────────────────────────────────────────────────────────";

static void test_conversation_80x24(void **state)
{
    struct tui t;
    char want[4096];

    (void)state;
    fake_start(&t, 24, 80, NULL, NULL);
    fake_ready(&t);
    fake_type(&t, "What is a mynah?\r");
    fake_answer(&t, "A mynah is a bird of the starling family that learns to imitate speech, and it is often kept for that.\n");
    fake_type(&t, "고마워, 다음은?");
    snprintf(want, sizeof want,
             "› What is a mynah?\n\n"
             "  A mynah is a bird of the starling family that learns to imitate speech, and\n"
             "  it is often kept for that.\n"
             "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n%s\n"
             "› 고마워, 다음은?\n"
             "  default · 20.0 tokens/s · context 100 of 8192                           ready\n", rule80);
    assert_string_equal(fake_screen(&t), want);
    tui_done(&t);
}

static void test_small(void **state)
{
    struct tui t;

    (void)state;
    fake_start(&t, 5, 20, NULL, NULL);
    fake_ready(&t);
    fake_type(&t, "hello there\r");
    fake_answer(&t, "one two three four five six seven");
    assert_string_equal(fake_screen(&t), "  one two three\n  four five six\n  seven\n›\n  default     ready\n");
    tui_resize(&t, 2, 9);
    assert_string_equal(fake_screen(&t), "six seven\n\n");
    tui_done(&t);
}

/* Every size down to 1x1, in every mode: nothing is drawn outside, no half character. */
static void test_every_size(void **state)
{
    struct tui t;
    struct screen s = { 0 };

    (void)state;
    for (int mode = 0; mode < 3; mode++) {
        fake_start(&t, 24, 80, "mic.wav", NULL);
        fake_ready(&t);
        fake_type(&t, "안녕하세요 hello 漢字\r");
        fake_answer(&t, "답변입니다. \xF0\x9F\x91\x8D ok\x1B[2J");
        fake_type(&t, "/attach /nowhere/그림.png\r여러\n줄");
        fake_type(&t, mode == 1 ? "\x01\x0B\x7F\x15/details\r" : mode == 2 ? "\x05\x15\x7F\x15\x7F/record\r" : "");
        for (int rows = 1; rows <= 24; rows++)
            for (int cols = 1; cols <= 40; cols++) {
                tui_resize(&t, rows, cols);
                screen_resize(&s, rows, cols);
                tui_draw(&t, &s);
                for (int i = 0; i < rows * cols; i++) {
                    int col = i % cols;
                    assert_true(s.cells[i].width <= 2);
                    if (s.cells[i].width == 2)
                        assert_true(col + 1 < cols && s.cells[i + 1].width == 0);
                    if (s.cells[i].width == 0)
                        assert_true(col > 0 && s.cells[i - 1].width == 2);
                    assert_true((unsigned char)s.cells[i].text[0] >= 0x20 || s.cells[i].width == 0);
                }
                assert_true(s.cursor_row < rows && s.cursor_col >= 0 && s.cursor_col < cols);
            }
        tui_done(&t);
    }
    screen_free(&s);
}

static void test_korean_cell_by_cell(void **state)
{
    static const struct { const char *text; int width; } want[] = {
        { "›", 1 }, { " ", 1 }, { "가", 2 }, { "", 0 }, { "나", 2 }, { "", 0 }, { "a", 1 }, { "다", 2 }, { "", 0 }, { " ", 1 },
    };
    struct tui t;
    struct screen s = { 0 };

    (void)state;
    fake_start(&t, 1, 20, NULL, NULL);
    fake_type(&t, "가나a다\x1B[D");
    screen_resize(&s, 1, 20);
    tui_draw(&t, &s);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_string_equal(s.cells[i].text, want[i].text);
        assert_int_equal(s.cells[i].width, want[i].width);
    }
    assert_int_equal(s.cursor_row, 0);
    assert_int_equal(s.cursor_col, 7);              /* on 다 */
    screen_free(&s);
    tui_done(&t);
}

static void test_untrusted_text(void **state)
{
    struct tui t;

    (void)state;
    fake_start(&t, 6, 60, NULL, NULL);
    fake_ready(&t);
    fake_type(&t, "x\r");
    fake_answer(&t, "a\x1B]0;title\a\x1B[31mred\rb\xE2\x80\xAE");
    assert_non_null(strstr(fake_screen(&t), "a␛]0;title␇␛[31mred␍b<U+202E>\n"));
    /* The text itself is untouched. */
    assert_string_equal(buffer_text(&t.items[1].text), "a\x1B]0;title\a\x1B[31mred\rb\xE2\x80\xAE");
    tui_done(&t);
}

static void test_scrolling(void **state)
{
    struct tui t;
    char word[32];

    (void)state;
    fake_start(&t, 12, 40, NULL, NULL);
    fake_ready(&t);
    for (int i = 0; i < 30; i++) {
        snprintf(word, sizeof word, "q%d\r", i);
        fake_type(&t, word);
        snprintf(word, sizeof word, "a%d", i);
        fake_answer(&t, word);
    }
    assert_non_null(strstr(fake_screen(&t), "  a29\n"));
    fake_type(&t, "\x1B[5~");                       /* PgUp */
    assert_null(strstr(fake_screen(&t), "  a29\n"));
    assert_non_null(strstr(fake_screen(&t), " more below "));
    char before[65536];
    strcpy(before, fake_screen(&t));
    fake_event(&t, (struct session_event){ .kind = SESSION_NOTE, .text = (char[]){ "a note" } });
    assert_string_equal(fake_screen(&t), before);   /* what is read does not move */
    fake_type(&t, "\x1B[6~\x1B[6~");
    assert_non_null(strstr(fake_screen(&t), "· a note\n"));
    for (int i = 0; i < 40; i++)
        fake_type(&t, "\x1B[5~");
    assert_true(strncmp(fake_screen(&t), "› q0\n", strlen("› q0\n")) == 0);
    tui_resize(&t, 8, 3);                           /* a resize keeps a valid place */
    fake_screen(&t);
    tui_done(&t);
}

static void test_long_draft(void **state)
{
    struct tui t;

    (void)state;
    fake_start(&t, 9, 20, NULL, NULL);
    fake_ready(&t);
    fake_type(&t, "1\n2\n3\n4\n5");                 /* a third of the rows at most: its end is shown */
    assert_non_null(strstr(fake_screen(&t), "› 3\n  4\n  5\n"));
    fake_type(&t, "\x1B[A\x1B[A\x1B[A\x1B[A");
    assert_non_null(strstr(fake_screen(&t), "› 1\n  2\n  3\n"));
    tui_done(&t);
}

static void test_recording(void **state)
{
    struct tui t;

    (void)state;
    fake_start(&t, 6, 80, "mic.wav", NULL);
    fake_ready(&t);
    fake_type(&t, "/record\r");
    fake.level = (struct record_level){ .seconds = 75.5, .peak = 0.1f };    /* -20 dB: two thirds */
    tui_tick(&t);
    assert_non_null(strstr(fake_screen(&t), "● recording 1:15 █████████████······· Enter stops, Esc cancels\n"));
    tui_done(&t);
}

/* Thousands of turns: a draw after the first costs no more than what it shows. */
static void test_many_turns(void **state)
{
    struct tui t;

    (void)state;
    fake_start(&t, 24, 80, NULL, NULL);
    fake_ready(&t);
    for (int i = 0; i < 10000; i++) {
        tui_add(&t, ITEM_USER, "a question of some length that is asked");
        tui_add(&t, ITEM_ANSWER, "an answer");
    }
    fake_screen(&t);
    size_t n_wrapped = 0;
    for (size_t i = 0; i < t.n_items; i++)
        n_wrapped += t.items[i].wrap.n > 0;
    assert_in_range(n_wrapped, 1, 24);
    tui_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversation_80x24), cmocka_unit_test(test_small), cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_korean_cell_by_cell), cmocka_unit_test(test_untrusted_text), cmocka_unit_test(test_scrolling),
        cmocka_unit_test(test_long_draft), cmocka_unit_test(test_recording), cmocka_unit_test(test_many_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
