/* test_tui_sessions.c - what comes back of a conversation, and going to another one. */
#include "tests/tui_driver.h"

static void test_everything_comes_back(void **state)
{
    struct fixture *f = *state;

    exchange(f, "remember", "gladly");
    type(f, "half a thou");
    enter(f, "");                               /* nothing: it is on its way */
    tui_press(&f->tui, &(struct press){ .kind = PRESS_TEXT, .text = "ght", .n = 3 });
    end(f);
    start(f, false);
    assert_shows(f, "› remember\n");
    assert_shows(f, "  gladly\n");
    assert_shows(f, "resumed");
    assert_shows(f, "› half a thought");
    ready(f);
    end(f);
    start(f, true);
    assert_hides(f, "remember");
    press(f, PRESS_UP);                         /* but what was asked is remembered */
    assert_shows(f, "› remember");
}

static void test_files_of_a_draft_come_back(void **state)
{
    struct fixture *f = *state;
    char path[96], gone[96];
    FILE *out;

    snprintf(path, sizeof path, "%s/a cat's.png", f->folder);
    out = fopen(path, "w");
    fputs("cat", out);
    fclose(out);
    tui_attach(&f->tui, path);
    type(f, "look");
    end(f);
    start(f, false);
    assert_string_equal(fake_told(&f->fake), "clear() configure(-1) attach(a cat's.png)");
    assert_string_equal(f->tui.draft.chips[0].path, path);
    assert_string_equal(buffer_text(&f->tui.draft.editor.text), "look");

    ready(f);
    snprintf(gone, sizeof gone, "%s/gone.png", f->folder);
    event(f, (struct session_event){ .kind = SESSION_ATTACHED, .request = f->tui.draft.chips[0].request,
                                     .attachment = fake_attached(&f->fake, ATTACHMENT_IMAGE) });
    tui_attach(&f->tui, gone);
    event(f, (struct session_event){ .kind = SESSION_FAILED, .request = f->tui.draft.chips[1].request, .err = { ERROR_INPUT, "gone.png: no such file" } });
    press(f, PRESS_ENTER);
    measured(f, NULL, 0);
    assert_shows(f, "not sent along: gone.png: no such file");
}

static void test_new_and_sessions(void **state)
{
    struct fixture *f = *state;

    exchange(f, "about cats", "meow");
    enter(f, "/new");
    assert_hides(f, "about cats");
    exchange(f, "about dogs", "woof");
    control(f, 't');
    assert_shows(f, "about cats");
    assert_shows(f, "about dogs");
    type(f, "cats");
    press(f, PRESS_ENTER);
    assert_null(f->tui.panel);
    assert_shows(f, "  meow\n");
    assert_hides(f, "woof");
}

/* A command that is typed slowly is saved as a draft, and goes with the conversation that it leaves. */
static void test_a_draft_ends_with_its_command(void **state)
{
    struct fixture *f = *state;

    exchange(f, "about cats", "meow");
    type(f, "/new");
    tui_save_draft(&f->tui);
    enter(f, "");
    exchange(f, "about dogs", "woof");
    control(f, 't');
    enter(f, "cats");
    assert_shows(f, "meow");
    assert_true(draft_is_empty(&f->tui.draft));
}

/* What waited for the model is not asked in another conversation. */
static void test_a_waiting_question_is_not_asked_elsewhere(void **state)
{
    struct fixture *f = *state;

    exchange(f, "about cats", "meow");
    enter(f, "/new");
    exchange(f, "about dogs", "woof");
    end(f);
    start(f, false);
    enter(f, "waits");
    control(f, 't');
    enter(f, "cats");
    event(f, (struct session_event){ .kind = SESSION_READY, .n_ctx = 1000 });
    assert_null(f->tui.question.text);
    assert_shows(f, "› waits");
}

static void test_a_changed_draft_is_not_lost_with_the_question(void **state)
{
    struct fixture *f = *state;

    enter(f, "question");
    uint32_t request = f->tui.question.request;
    tui_edited(&f->tui, text_copy("a longer question"));
    event(f, (struct session_event){ .kind = SESSION_MEASURED, .request = request, .n_ctx = 1000, .n_prompt = 90, .n_most = 800 });
    assert_int_equal(f->tui.talk.n_turns, 0);
    assert_shows(f, "› a longer question");
    press(f, PRESS_ENTER);
    tui_attach(&f->tui, "/dev/null");
    assert_null(f->tui.question.text);
    assert_shows(f, "not sent");
}

static void test_another_conversation_while_an_answer_is_written(void **state)
{
    struct fixture *f = *state;
    struct screen printed = { 0 };
    size_t n = 0;

    exchange(f, "about cats", "meow");
    enter(f, "/new");
    for (int i = 0; i < 5; i++)
        exchange(f, "about dogs", "woof");
    enter(f, "and birds");
    measured(f, NULL, 0);
    said(f, "chirp");
    control(f, 't');
    type(f, "cats");
    press(f, PRESS_ENTER);
    assert_int_equal(f->tui.i_answer, SIZE_MAX);
    assert_shows(f, "  meow\n");
    exchange(f, "again", "purr");
    assert_shows(f, "  purr\n");
    f->tui.is_inline = true;
    f->tui.n_printed = 0;
    while (tui_inline_print(&f->tui, &printed) && n < 100)
        n++;
    assert_in_range(n, 4, 6);
    screen_free(&printed);
}

static void test_settings_of_a_session(void **state)
{
    struct fixture *f = *state;

    enter(f, "/set temperature 0.5");
    assert_string_equal(fake_told(&f->fake), "configure(0.5)");
    exchange(f, "one", "1");
    enter(f, "/set temperature hot");
    assert_shows(f, "temperature takes a number");
    end(f);
    start(f, false);
    assert_true(f->tui.settings.session.temperature == 0.5f);
    enter(f, "/set theme light");
    assert_true(f->tui.wishes.theme);
    enter(f, "/set theme pink");
    assert_shows(f, "theme");
    assert_string_equal(f->config.theme, "light");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_everything_comes_back), TEST(test_files_of_a_draft_come_back), TEST(test_new_and_sessions),
        TEST(test_a_draft_ends_with_its_command), TEST(test_a_waiting_question_is_not_asked_elsewhere),
        TEST(test_a_changed_draft_is_not_lost_with_the_question),
        TEST(test_another_conversation_while_an_answer_is_written), TEST(test_settings_of_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
