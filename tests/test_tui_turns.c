/* test_tui_turns.c - going through the turns of a chat: again, another branch, deleting, copying, finding. */
#include "tests/tui_driver.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_browsing_regenerates_and_switches), TEST(test_browsing_by_keys_that_come_together),
        TEST(test_browsing_jumps), TEST(test_editing_begins_a_branch), TEST(test_deleting_gives_up_an_edit),
        TEST(test_a_deleted_conversation_does_not_end_saving), TEST(test_a_first_draft_is_kept),
        TEST(test_deleting_asks_first), TEST(test_nothing_is_deleted_below_an_answer),
        TEST(test_long_warnings_are_whole), TEST(test_copying), TEST(test_facts), TEST(test_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
