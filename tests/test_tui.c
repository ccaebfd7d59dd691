/* The chat without a terminal: presses and events in, cells out. */
#include "tests/told_engine.h"
#include "ui/tui.h"
#include "ui/tui_draw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture { struct fake_engine fake; struct sessions *sessions; struct config config; struct options options; struct tui tui; struct screen screen; char folder[64]; };

static void start(struct fixture *f, bool fresh)
{
    struct error err;
    char path[96];

    fake_init(&f->fake);
    snprintf(path, sizeof path, "%s/sessions.db", f->folder);
    f->sessions = sessions_open(path, &err);
    assert_non_null(f->sessions);
    config_init(&f->config);
    f->options = (struct options){ .config = &f->config, .temperature = -1, .fresh = fresh };
    tui_init(&f->tui, &f->fake.engine, f->sessions, &f->options);
    tui_resize(&f->tui, 24, 80);
}

static void end(struct fixture *f)
{
    tui_done(&f->tui);
    sessions_close(f->sessions);
    config_done(&f->config);
    fake_done(&f->fake);
}

static void event(struct fixture *f, struct session_event e)
{
    tui_event(&f->tui, &e);
}

static void ready(struct fixture *f)
{
    event(f, (struct session_event){ .kind = SESSION_READY, .n_ctx = 1000 });
    fake_told(&f->fake);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    snprintf(f->folder, sizeof f->folder, "/tmp/test_tui.XXXXXX");
    if (mkdtemp(f->folder) == NULL)
        return -1;
    setenv("XDG_DATA_HOME", f->folder, 1);
    setenv("XDG_CONFIG_HOME", f->folder, 1);
    start(f, false);
    ready(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];

    end(f);
    screen_free(&f->screen);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    int status = system(command);
    free(f);
    return status;
}

static void press(struct fixture *f, enum press_kind kind)
{
    tui_press(&f->tui, &(struct press){ .kind = kind });
}

static void control(struct fixture *f, char letter)
{
    tui_press(&f->tui, &(struct press){ .kind = PRESS_CTRL, .letter = letter });
}

static void type(struct fixture *f, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++)
        tui_press(&f->tui, &(struct press){ .kind = PRESS_TEXT, .text = (char[]){ text[i], '\0' }, .n = 1 });
}

static void enter(struct fixture *f, const char *text)
{
    type(f, text);
    press(f, PRESS_ENTER);
}

/* All rows of the screen, each ended by a newline. */
static const char *shown(struct fixture *f)
{
    static struct buffer text;

    buffer_clear(&text);
    screen_resize(&f->screen, f->tui.rows, f->tui.cols);
    tui_draw(&f->tui, &f->screen);
    for (int row = 0; row < f->screen.rows; row++) {
        char *line = screen_row(&f->screen, row);
        buffer_print(&text, "%s\n", line);
        free(line);
    }
    return buffer_text(&text);
}

static void assert_shown(struct fixture *f, const char *what, int line)
{
    const char *text = shown(f);

    if (strstr(text, what) == NULL)
        fail_msg("line %d: \"%s\" is not shown:\n%s", line, what, text);
}
#define assert_shows(f, what) assert_shown(f, what, __LINE__)
#define assert_hides(f, what) assert_null(strstr(shown(f), what))

static void measured(struct fixture *f, size_t *left_out, size_t n)
{
    assert_int_not_equal(f->tui.question.request, 0);
    event(f, (struct session_event){ .kind = SESSION_MEASURED, .request = f->tui.question.request, .n_ctx = 1000, .n_prompt = n > 0 ? 900 : 90,
                                     .n_most = 800, .left_out = left_out, .n_left_out = n });
}

static void said(struct fixture *f, const char *text)
{
    event(f, (struct session_event){ .kind = SESSION_TEXT, .request = f->tui.talk.request, .text = (char *)(size_t)text });
}

static void answered(struct fixture *f, bool stopped)
{
    event(f, (struct session_event){ .kind = SESSION_ANSWERED, .request = f->tui.talk.request, .n_ctx = 1000, .n_used = 100, .n_prompt = 80,
                                     .n_generated = 20, .decode_ms = 1000, .prefill_ms = 500, .seed = 99, .stopped = stopped });
}

static void exchange(struct fixture *f, const char *question, const char *answer)
{
    enter(f, question);
    measured(f, NULL, 0);
    said(f, answer);
    answered(f, false);
}

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

/* ---- turns ---------------------------------------------------------------------------- */

static void test_browsing_regenerates_and_switches(void **state)
{
    struct fixture *f = *state;

    exchange(f, "question", "first answer");
    press(f, PRESS_TAB);
    assert_int_equal(f->tui.mode, MODE_BROWSE);
    type(f, "r");
    said(f, "second answer");
    answered(f, false);
    assert_shows(f, "second answer");
    assert_shows(f, "2/2");
    press(f, PRESS_TAB);
    press(f, PRESS_LEFT);
    assert_shows(f, "first answer");
    assert_hides(f, "second answer");
    assert_shows(f, "branch 1 of 2");
    press(f, PRESS_RIGHT);
    assert_shows(f, "second answer");
    press(f, PRESS_ESCAPE);
    assert_int_equal(f->tui.mode, MODE_CHAT);
}

static void test_browsing_by_keys_that_come_together(void **state)
{
    struct fixture *f = *state;

    exchange(f, "one", "first");
    exchange(f, "two", "second");
    exchange(f, "three", "third");
    press(f, PRESS_TAB);
    tui_press(&f->tui, &(struct press){ .kind = PRESS_TEXT, .text = "kkkdy", .n = 5 });
    assert_shows(f, "Delete this question");    /* the second one; the y came before this was seen */
    assert_shows(f, "two");
    type(f, "y");
    assert_hides(f, "two");
    assert_shows(f, "three");
}

/* From the end to the first turn, without laying out the thousands between. */
static void test_browsing_jumps(void **state)
{
    struct fixture *f = *state;
    size_t n_laid_out = 0;

    exchange(f, "the first", "answer");
    for (int i = 0; i < 500; i++)
        view_add(&f->tui.view, ITEM_ANSWER, talk_head_id(&f->tui.talk), "an answer");
    assert_hides(f, "the first");
    press(f, PRESS_TAB);
    type(f, "g");
    assert_shows(f, "the first");
    assert_int_equal(f->tui.view.selected, 0);
    for (size_t i = 0; i < f->tui.view.n_items; i++)
        n_laid_out += f->tui.view.items[i].page.n_lines > 0;
    assert_in_range(n_laid_out, 1, 100);
}

static void test_editing_begins_a_branch(void **state)
{
    struct fixture *f = *state;

    exchange(f, "one", "1");
    exchange(f, "two", "2");
    press(f, PRESS_TAB);
    for (int i = 0; i < 3 && tui_current_turn(&f->tui) != f->tui.talk.turns[0].saved.id; i++)
        type(f, "k");
    fake_told(&f->fake);
    type(f, "e");
    assert_shows(f, "› one\n");
    enter(f, " more");
    measured(f, NULL, 0);
    assert_string_equal(fake_told(&f->fake), "rewind(0) measure(one more) ask(one more)");
    said(f, "1+");
    answered(f, false);
    assert_hides(f, "› two");
    assert_int_equal(f->tui.talk.n_turns, 3);

    press(f, PRESS_TAB);
    type(f, "e");
    press(f, PRESS_ESCAPE);                     /* given up: the draft is empty, nothing changed */
    assert_true(draft_is_empty(&f->tui.draft));
    assert_int_equal(f->tui.below, -1);
}

/* An edit does not stand below a turn that is gone. */
static void test_deleting_gives_up_an_edit(void **state)
{
    struct fixture *f = *state;

    exchange(f, "one", "1");
    exchange(f, "two", "2");
    enter(f, "/edit");
    control(f, 'a');
    control(f, 'k');
    assert_shows(f, "editing an earlier question");
    for (int i = 0; i < 2; i++) {
        enter(f, "/delete");
        type(f, "y");
    }
    assert_int_equal(f->tui.below, -1);
    assert_hides(f, "editing an earlier question");
    exchange(f, "three", "3");
    assert_int_equal(f->tui.talk.n_branch, 1);
    assert_int_equal(f->tui.talk.unsaved.code, ERROR_NONE);
}

/* The conversation is deleted while it is answered: the next one is saved. */
static void test_a_deleted_conversation_does_not_end_saving(void **state)
{
    struct fixture *f = *state;

    enter(f, "one");
    measured(f, NULL, 0);
    said(f, "1");
    control(f, 't');
    control(f, 'd');
    type(f, "y");
    press(f, PRESS_ESCAPE);
    exchange(f, "two", "2");
    assert_hides(f, "not saved");
    end(f);
    start(f, false);
    assert_shows(f, "two");
}

/* Before there is a conversation, too; a long paste in it is kept as text. */
static void test_a_first_draft_is_kept(void **state)
{
    struct fixture *f = *state;
    char paste[1200];

    memset(paste, 'x', sizeof paste);
    type(f, "half a question");
    tui_press(&f->tui, &(struct press){ .kind = PRESS_PASTE, .text = paste, .n = sizeof paste });
    end(f);
    start(f, false);
    assert_memory_equal(buffer_text(&f->tui.draft.editor.text), "half a question\n\nxxx", 20);
    assert_int_equal(f->tui.draft.editor.text.n, strlen("half a question\n\n") + sizeof paste);
    ready(f);
}

static void test_deleting_asks_first(void **state)
{
    struct fixture *f = *state;

    exchange(f, "one", "1");
    enter(f, "/delete");
    assert_shows(f, "Delete this question");
    type(f, "n");
    assert_int_equal(f->tui.talk.n_turns, 1);
    enter(f, "/delete");
    type(f, "y");
    assert_int_equal(f->tui.talk.n_turns, 0);
}

/* A question that waited for the model was asked while one thought about it. */
static void test_nothing_is_deleted_below_an_answer(void **state)
{
    struct fixture *f = *state;

    exchange(f, "one", "1");
    end(f);
    start(f, false);
    enter(f, "two");
    control(f, 's');                            /* browsing, though there is a draft */
    enter(f, "one");
    type(f, "d");
    assert_shows(f, "Delete this question");
    ready(f);
    measured(f, NULL, 0);
    fake_told(&f->fake);
    type(f, "y");
    assert_shows(f, "not now");
    assert_string_equal(fake_told(&f->fake), "");
    assert_int_equal(f->tui.talk.n_turns, 2);
}

/* A warning that would be cut stands in the conversation, once. */
static void test_long_warnings_are_whole(void **state)
{
    struct fixture *f = *state;

    enter(f, "/set top_p 1");
    assert_shows(f, "'top_p' is no setting: /set alone lists them");
    assert_int_equal(f->tui.view.n_items, 0);
    tui_resize(&f->tui, 24, 40);
    enter(f, "/set top_p 1");
    enter(f, "/set top_p 1");
    assert_shows(f, "! 'top_p' is no setting: /set alone");
    assert_int_equal(f->tui.view.n_items, 1);
}

static void test_copying(void **state)
{
    struct fixture *f = *state;

    enter(f, "/copy");
    assert_shows(f, "there is no question yet");
    exchange(f, "code", "Look:\n\n```c\nint x;\n```\n");
    enter(f, "/copy");
    assert_string_equal(buffer_text(&f->tui.wishes.copy), "Look:\n\n```c\nint x;\n```\n");
    enter(f, "/code");
    assert_string_equal(buffer_text(&f->tui.wishes.copy), "int x;");
}

static void test_facts(void **state)
{
    struct fixture *f = *state;

    exchange(f, "one", "1");
    enter(f, "/facts");
    assert_shows(f, "99");
    assert_shows(f, "20 tokens, 20.0 per second");
    press(f, PRESS_ESCAPE);
    assert_null(f->tui.panel);
    enter(f, "/facts");
    control(f, 'c');
    assert_null(f->tui.panel);
    assert_false(f->tui.quits);
}

static void test_finding(void **state)
{
    struct fixture *f = *state;

    exchange(f, "needle", "hay");
    for (int i = 0; i < 30; i++)
        exchange(f, "more", "hay");
    assert_hides(f, "needle");
    control(f, 's');
    enter(f, "NEEDLE");
    assert_shows(f, "needle");
    assert_int_equal(f->tui.mode, MODE_BROWSE);
    press(f, PRESS_ESCAPE);
    control(f, 's');
    enter(f, "nowhere");
    assert_shows(f, "\"nowhere\" is not in this conversation");
    press(f, PRESS_ESCAPE);
    assert_int_equal(f->tui.mode, MODE_CHAT);
}

/* ---- sessions ------------------------------------------------------------------------ */

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
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_question_and_its_answer), TEST(test_it_waits_for_the_model), TEST(test_the_next_question_waits_for_the_answer),
        TEST(test_stop_and_continue), TEST(test_an_error_keeps_the_question),
        TEST(test_a_question_too_long_stays_a_draft), TEST(test_a_question_that_never_fits), TEST(test_overflow_drops), TEST(test_overflow_sums_up), TEST(test_overflow_begins_anew),
        TEST(test_overflow_goes_back), TEST(test_browsing_regenerates_and_switches), TEST(test_browsing_by_keys_that_come_together), TEST(test_browsing_jumps), TEST(test_editing_begins_a_branch), TEST(test_deleting_asks_first), TEST(test_nothing_is_deleted_below_an_answer), TEST(test_deleting_gives_up_an_edit),
        TEST(test_a_deleted_conversation_does_not_end_saving), TEST(test_a_first_draft_is_kept), TEST(test_long_warnings_are_whole),
        TEST(test_copying), TEST(test_facts), TEST(test_finding), TEST(test_everything_comes_back), TEST(test_files_of_a_draft_come_back), TEST(test_new_and_sessions), TEST(test_another_conversation_while_an_answer_is_written), TEST(test_a_draft_ends_with_its_command),
        TEST(test_a_waiting_question_is_not_asked_elsewhere), TEST(test_a_changed_draft_is_not_lost_with_the_question),
        TEST(test_settings_of_a_session), TEST(test_keys_below_a_panel), TEST(test_help_is_of_where_one_is), TEST(test_a_drawer_stands_beside_where_there_is_room),
        TEST(test_quitting), TEST(test_vi_keys), TEST(test_every_size), TEST(test_inline_prints_what_is_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
