/* test_tui.c - asking in the chat, what does not fit, and where things are drawn. */
#include "tests/tui_driver.h"

/* ---- asking ---------------------------------------------------------------------- */

static void test_a_question_and_its_answer(void **state)
{
    struct fixture *f = *state;

    assert_shows(f, "Type a question and press Enter.");
    enter(f, "Hello there");
    assert_string_equal(fake_told(&f->fake), "measure(Hello there)");
    measured(f, NULL, 0);
    assert_string_equal(fake_told(&f->fake), "ask(Hello there)");
    assert_shows(f, "› Hello there\n");
    assert_shows(f, "thinking");
    said(f, "Good *morning*");
    assert_shows(f, "answering, Esc stops");
    assert_shows(f, "  Good morning\n");
    answered(f, false);
    assert_shows(f, "fake · 100/1000 10 % · 20.0 tokens/s");
    assert_shows(f, "ready");
}

static void test_it_waits_for_the_model(void **state)
{
    struct fixture *f = *state;

    f->tui.ready = false;
    enter(f, "early");
    assert_string_equal(fake_told(&f->fake), "");
    assert_shows(f, "sends when ready");
    event(f, (struct session_event){ .kind = SESSION_READY, .n_ctx = 1000 });
    assert_string_equal(fake_told(&f->fake), "measure(early)");
}

static void test_the_next_question_waits_for_the_answer(void **state)
{
    struct fixture *f = *state;

    enter(f, "one");
    measured(f, NULL, 0);
    enter(f, "two");
    assert_shows(f, "sends after this answer");
    press(f, PRESS_ESCAPE);                     /* takes it back; the answer goes on */
    assert_shows(f, "not sent");
    assert_string_equal(fake_told(&f->fake), "measure(one) ask(one)");
    press(f, PRESS_ENTER);
    said(f, "1");
    answered(f, false);
    assert_string_equal(fake_told(&f->fake), "measure(two)");
}

static void test_stop_and_continue(void **state)
{
    struct fixture *f = *state;

    enter(f, "count");
    measured(f, NULL, 0);
    said(f, "one two");
    press(f, PRESS_ESCAPE);
    assert_string_equal(fake_told(&f->fake), "measure(count) ask(count) cancel()");
    answered(f, true);
    assert_shows(f, "stopped; /continue goes on");
    enter(f, "/continue");
    said(f, " three");
    answered(f, false);
    assert_shows(f, "  one two three\n");
    enter(f, "/continue");
    assert_shows(f, "the last answer is complete");
}

static void test_an_error_keeps_the_question(void **state)
{
    struct fixture *f = *state;

    enter(f, "why");
    measured(f, NULL, 0);
    event(f, (struct session_event){ .kind = SESSION_FAILED, .request = f->tui.talk.request, .err = { ERROR_INFERENCE, "the sky fell" } });
    assert_shows(f, "the sky fell");
    assert_shows(f, "/retry asks again");
    assert_shows(f, "› why\n");
    fake_told(&f->fake);
    enter(f, "/retry");
    assert_string_equal(fake_told(&f->fake), "ask(why)");
    said(f, "because");
    answered(f, false);
    assert_shows(f, "  because\n");
}

static void test_a_question_too_long_stays_a_draft(void **state)
{
    struct fixture *f = *state;

    enter(f, "long");
    event(f, (struct session_event){ .kind = SESSION_FAILED, .request = f->tui.question.request, .err = { ERROR_INFERENCE, "it does not fit" } });
    assert_shows(f, "it does not fit");
    assert_shows(f, "› long\n");
    assert_int_equal(f->tui.talk.n_turns, 0);
}

static void test_a_question_that_never_fits(void **state)
{
    struct fixture *f = *state;

    enter(f, "long");
    event(f, (struct session_event){ .kind = SESSION_MEASURED, .request = f->tui.question.request, .n_ctx = 1000, .n_prompt = 900, .n_most = 800 });
    assert_shows(f, "takes 900 tokens");
    assert_shows(f, "› long\n");
    assert_string_equal(fake_told(&f->fake), "measure(long)");
}

/* ---- what does not fit ------------------------------------------------------------- */

static void overflow(struct fixture *f)
{
    size_t left_out[] = { 0 };

    exchange(f, "first", "one");
    exchange(f, "second", "two");
    fake_told(&f->fake);
    enter(f, "third");
    measured(f, left_out, 1);
    assert_shows(f, "the context is full");
    assert_shows(f, "first");
    assert_shows(f, "This one takes 900");
}

static void test_overflow_drops(void **state)
{
    struct fixture *f = *state;

    overflow(f);
    type(f, "d");
    assert_string_equal(fake_told(&f->fake), "measure(third) ask(third)");
    assert_shows(f, "left out of the context");
    assert_true(f->tui.talk.turns[0].saved.left_out);
}

static void test_overflow_sums_up(void **state)
{
    struct fixture *f = *state;

    overflow(f);
    type(f, "s");
    assert_string_equal(fake_told(&f->fake), "measure(third) ask(summarise Sum up what we said so far.)");
    said(f, "one");
    event(f, (struct session_event){ .kind = SESSION_ANSWERED, .request = f->tui.talk.request, .n_ctx = 1000,
                                     .left_out = (size_t[]){ 0 }, .n_left_out = 1 });
    assert_string_equal(fake_told(&f->fake), "measure(third)");
    measured(f, NULL, 0);
    assert_string_equal(fake_told(&f->fake), "ask(third)");
    assert_true(f->tui.talk.turns[0].saved.left_out);
    assert_true(f->tui.talk.turns[2].saved.summary);
}

static void test_overflow_begins_anew(void **state)
{
    struct fixture *f = *state;

    overflow(f);
    type(f, "n");
    assert_string_equal(fake_told(&f->fake), "measure(third) clear() configure(-1) measure(third)");
    measured(f, NULL, 0);
    assert_int_equal(f->tui.talk.n_turns, 1);
    assert_hides(f, "second");
}

static void test_overflow_goes_back(void **state)
{
    struct fixture *f = *state;

    overflow(f);
    press(f, PRESS_ESCAPE);
    assert_shows(f, "› third\n");
    assert_int_equal(f->tui.talk.n_turns, 2);
    assert_null(f->tui.panel);
    press(f, PRESS_ENTER);                      /* and may be sent again */
    assert_string_equal(fake_told(&f->fake), "measure(third) measure(third)");
}

/* ---- places -------------------------------------------------------------------------- */

/* As many as fit whole, the first cut when none does; in line with the title and what is between. */
static void test_keys_below_a_panel(void **state)
{
    struct fixture *f = *state;

    tui_resize(&f->tui, 10, 80);
    type(f, "?");
    assert_shows(f, "\n Esc closes · up, down scroll · / searches · n next\n");
    tui_resize(&f->tui, 10, 40);
    assert_shows(f, "\n Esc closes · up, down scroll\n");
    tui_resize(&f->tui, 10, 20);
    assert_shows(f, " help\n Keys\n");
    assert_shows(f, "\n Esc closes\n");
    tui_resize(&f->tui, 10, 8);
    assert_shows(f, "\nEsc clo…\n");
}

static void test_help_is_of_where_one_is(void **state)
{
    struct fixture *f = *state;

    tui_resize(&f->tui, 100, 120);
    type(f, "?");
    assert_shows(f, "/regenerate");
    assert_shows(f, "PgUp PgDn");
    press(f, PRESS_ESCAPE);
    exchange(f, "one", "1");
    press(f, PRESS_TAB);
    type(f, "?");
    assert_shows(f, "another answer, beside this one");
    assert_hides(f, "/regenerate");
}

static void test_a_drawer_stands_beside_where_there_is_room(void **state)
{
    struct fixture *f = *state;

    exchange(f, "one", "1");
    tui_resize(&f->tui, 24, 200);
    enter(f, "/sessions");
    assert_shows(f, "› one");
    assert_shows(f, "│");
    tui_resize(&f->tui, 10, 30);
    assert_hides(f, "│");
}

static void test_quitting(void **state)
{
    struct fixture *f = *state;

    control(f, 'c');
    assert_shows(f, "C-c once more quits");
    type(f, "x");
    control(f, 'c');
    assert_false(f->tui.quits);
    control(f, 'c');
    assert_true(f->tui.quits);
}

static void test_vi_keys(void **state)
{
    struct fixture *f = *state;

    enter(f, "/set keys vi");
    type(f, "one two");
    press(f, PRESS_ESCAPE);
    assert_shows(f, "vi normal");
    type(f, "bdw");
    assert_shows(f, "› one");
    assert_hides(f, "two");
    type(f, "u");
    assert_shows(f, "› one two");
    control(f, 'r');
    assert_null(f->tui.panel);
    assert_hides(f, "two");
    type(f, "A!");
    assert_shows(f, "vi insert");
    press(f, PRESS_ENTER);
    assert_string_equal(f->tui.question.text, "one !");
}

static void test_every_size(void **state)
{
    static const char *const panels[] = { "", "/help", "/sessions", "/details", "/delete", "/set", "/files" };
    struct fixture *f = *state;

    exchange(f, "안녕하세요 세계", "# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n\n```c\nint x;\n```\n");
    for (size_t i = 0; i < sizeof panels / sizeof panels[0]; i++) {
        if (*panels[i] != '\0')
            enter(f, panels[i]);
        for (int rows = 1; rows < 40; rows += rows < 12 ? 1 : 9)
            for (int cols = 1; cols < 310; cols += cols < 50 ? 3 : 61) {
                tui_resize(&f->tui, rows, cols);
                shown(f);
                assert_true(f->screen.cursor_row < rows && f->screen.cursor_col < cols);
            }
        press(f, PRESS_ESCAPE);
    }
}

static void test_inline_prints_what_is_finished(void **state)
{
    struct fixture *f = *state;
    struct screen printed = { 0 };
    size_t n = 0;

    f->tui.is_inline = true;
    enter(f, "question");
    measured(f, NULL, 0);
    said(f, "half");
    while (tui_inline_print(&f->tui, &printed))
        n++;
    assert_int_equal(n, 1);                     /* the question; the answer is still written */
    screen_resize(&f->screen, tui_inline_rows(&f->tui), 80);
    tui_draw(&f->tui, &f->screen);
    char *row = screen_row(&f->screen, 1);      /* below a gap */
    assert_string_equal(row, "  half");
    free(row);
    answered(f, false);
    assert_true(tui_inline_print(&f->tui, &printed));
    assert_false(tui_inline_print(&f->tui, &printed));
    assert_int_equal(tui_inline_rows(&f->tui), 3);
    screen_free(&printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_question_and_its_answer), TEST(test_it_waits_for_the_model),
        TEST(test_the_next_question_waits_for_the_answer), TEST(test_stop_and_continue),
        TEST(test_an_error_keeps_the_question), TEST(test_a_question_too_long_stays_a_draft),
        TEST(test_a_question_that_never_fits), TEST(test_overflow_drops), TEST(test_overflow_sums_up),
        TEST(test_overflow_begins_anew), TEST(test_overflow_goes_back), TEST(test_keys_below_a_panel),
        TEST(test_help_is_of_where_one_is), TEST(test_a_drawer_stands_beside_where_there_is_room),
        TEST(test_quitting), TEST(test_vi_keys), TEST(test_every_size), TEST(test_inline_prints_what_is_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
