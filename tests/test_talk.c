/* The turns of a session: what the engine is told and what is on disk after each step. */
#include "base/file.h"
#include "tests/told_engine.h"
#include "ui/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture { struct fake_engine fake; struct sessions *sessions; struct talk talk; char folder[64], path[96]; };

static void open_talk(struct fixture *f)
{
    struct error err;

    fake_init(&f->fake);
    f->sessions = sessions_open(f->path, &err);
    assert_non_null(f->sessions);
    talk_init(&f->talk, &f->fake.engine, f->sessions);
}

static void close_talk(struct fixture *f)
{
    talk_done(&f->talk);
    sessions_close(f->sessions);
    fake_done(&f->fake);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    snprintf(f->folder, sizeof f->folder, "/tmp/test_talk.XXXXXX");
    if (mkdtemp(f->folder) == NULL)
        return -1;
    snprintf(f->path, sizeof f->path, "%s/sessions.db", f->folder);
    setenv("XDG_DATA_HOME", f->folder, 1);
    open_talk(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];

    close_talk(f);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    int status = system(command);
    free(f);
    return status;
}

static int64_t say(struct fixture *f, int64_t parent, const char *text)
{
    return talk_ask(&f->talk, &(struct talk_question){ .parent = parent, .text = text });
}

static enum talk_news send_event(struct fixture *f, struct session_event event)
{
    int64_t id;

    return talk_event(&f->talk, &event, &id);
}

static void answer(struct fixture *f, const char *text)
{
    assert_int_equal(send_event(f, (struct session_event){ .kind = SESSION_TEXT, .request = f->talk.request, .text = (char *)(size_t)text }), TALK_TEXT);
    assert_int_equal(send_event(f, (struct session_event){ .kind = SESSION_ANSWERED, .request = f->talk.request, .n_generated = 2, .seed = 7 }), TALK_ANSWERED);
}

static int64_t exchange(struct fixture *f, int64_t parent, const char *question, const char *text)
{
    int64_t id = say(f, parent, question);

    answer(f, text);
    return id;
}

/* The branch as "question: answer / ...". */
static const char *branch(const struct talk *t)
{
    static struct buffer text;

    buffer_clear(&text);
    for (size_t i = 0; i < t->n_branch; i++) {
        const struct session_turn *turn = &t->turns[t->branch[i]].saved;
        buffer_print(&text, "%s%s: %s", i > 0 ? " / " : "", turn->text, turn->answer != NULL ? turn->answer : "-");
    }
    return buffer_text(&text);
}

static void resume(struct fixture *f)
{
    struct error err;
    bool in_use;
    char *draft;

    close_talk(f);
    open_talk(f);
    assert_true(talk_resume(&f->talk, 0, &in_use, &draft, &err));
    assert_false(in_use);
    free(draft);
}

static void test_turns_come_back(void **state)
{
    struct fixture *f = *state;

    int64_t one = exchange(f, 0, "one", "1");
    exchange(f, one, "two", "2");
    assert_string_equal(fake_told(&f->fake), "ask(one) ask(two)");
    resume(f);
    assert_string_equal(branch(&f->talk), "one: 1 / two: 2");
    assert_string_equal(fake_told(&f->fake), "clear() restore(one: 1) restore(two: 2)");
    assert_int_equal(talk_head(&f->talk)->saved.seed, 7);
    assert_string_equal(talk_head(&f->talk)->saved.model, "fake");
}

static void test_another_answer_is_a_branch(void **state)
{
    struct fixture *f = *state;
    size_t n;

    int64_t one = exchange(f, 0, "one", "1"), two = exchange(f, one, "two", "2");
    fake_told(&f->fake);
    int64_t again = talk_regenerate(&f->talk, two);
    answer(f, "zwei");
    assert_string_equal(fake_told(&f->fake), "rewind(1) ask(two)");
    assert_string_equal(branch(&f->talk), "one: 1 / two: zwei");
    assert_int_equal(talk_sibling(&f->talk, again, &n), 1);
    assert_int_equal(n, 2);
    talk_switch(&f->talk, again, -1);
    assert_string_equal(branch(&f->talk), "one: 1 / two: 2");
    assert_string_equal(fake_told(&f->fake), "rewind(1) restore(two: 2)");
    resume(f);
    assert_string_equal(branch(&f->talk), "one: 1 / two: 2");
    talk_switch(&f->talk, two, 1);
    assert_string_equal(branch(&f->talk), "one: 1 / two: zwei");
}

static void test_an_edited_question_keeps_both(void **state)
{
    struct fixture *f = *state;

    int64_t one = exchange(f, 0, "one", "1");
    exchange(f, one, "two", "2");
    fake_told(&f->fake);
    int64_t other = exchange(f, 0, "uno", "I");
    assert_string_equal(fake_told(&f->fake), "rewind(0) ask(uno)");
    assert_string_equal(branch(&f->talk), "uno: I");
    talk_switch(&f->talk, other, -1);           /* to the newest end of the other branch */
    assert_string_equal(branch(&f->talk), "one: 1 / two: 2");
    assert_string_equal(fake_told(&f->fake), "rewind(0) restore(one: 1) restore(two: 2)");
}

static void test_stop_and_continue(void **state)
{
    struct fixture *f = *state;

    say(f, 0, "count");
    assert_false(talk_can_continue(&f->talk));
    send_event(f, (struct session_event){ .kind = SESSION_TEXT, .request = f->talk.request, .text = (char *)(size_t)"one two" });
    send_event(f, (struct session_event){ .kind = SESSION_ANSWERED, .request = f->talk.request, .stopped = true });
    assert_true(talk_can_continue(&f->talk));
    resume(f);
    assert_true(talk_can_continue(&f->talk));
    fake_told(&f->fake);
    talk_continue(&f->talk);
    answer(f, " three");
    assert_string_equal(fake_told(&f->fake), "ask(continue )");
    assert_string_equal(branch(&f->talk), "count: one two three");
    assert_false(talk_can_continue(&f->talk));
    assert_int_equal(f->talk.n_told, 1);
}

static void test_a_failed_question_is_asked_again_in_its_place(void **state)
{
    struct fixture *f = *state;
    size_t n;

    int64_t one = exchange(f, 0, "one", "1"), two = say(f, one, "two");
    assert_int_equal(send_event(f, (struct session_event){ .kind = SESSION_FAILED, .request = f->talk.request }), TALK_FAILED);
    assert_string_equal(branch(&f->talk), "one: 1 / two: -");
    fake_told(&f->fake);
    int64_t again = talk_regenerate(&f->talk, two);
    answer(f, "2");
    assert_string_equal(fake_told(&f->fake), "ask(two)");
    talk_sibling(&f->talk, again, &n);
    assert_int_equal(n, 1);
    assert_string_equal(branch(&f->talk), "one: 1 / two: 2");
}

static void test_a_question_without_answer_is_not_told(void **state)
{
    struct fixture *f = *state;

    int64_t one = exchange(f, 0, "one", "1");
    say(f, one, "two");
    resume(f);
    assert_string_equal(branch(&f->talk), "one: 1 / two: -");
    assert_string_equal(fake_told(&f->fake), "clear() restore(one: 1)");
}

static void test_removing_in_the_middle(void **state)
{
    struct fixture *f = *state;

    int64_t one = exchange(f, 0, "one", "1"), two = exchange(f, one, "two", "2");
    exchange(f, two, "three", "3");
    fake_told(&f->fake);
    talk_remove(&f->talk, two);
    assert_string_equal(branch(&f->talk), "one: 1 / three: 3");
    assert_string_equal(fake_told(&f->fake), "rewind(1) restore(three: 3)");
    resume(f);
    assert_string_equal(branch(&f->talk), "one: 1 / three: 3");
}

static void test_removing_the_end_shows_what_stands_beside(void **state)
{
    struct fixture *f = *state;

    int64_t one = exchange(f, 0, "one", "1"), uno = exchange(f, 0, "uno", "I");
    exchange(f, one, "two", "2");
    int64_t zwei = exchange(f, one, "two", "zwei");
    talk_remove(&f->talk, zwei);
    assert_string_equal(branch(&f->talk), "one: 1 / two: 2");
    talk_switch(&f->talk, one, 1);
    assert_string_equal(branch(&f->talk), "uno: I");
    talk_remove(&f->talk, uno);
    assert_string_equal(branch(&f->talk), "one: 1 / two: 2");
    resume(f);
    assert_string_equal(branch(&f->talk), "one: 1 / two: 2");
}

static void test_left_out_turns_are_not_told_again(void **state)
{
    struct fixture *f = *state;
    size_t first = 0;

    int64_t one = exchange(f, 0, "one", "1"), two = exchange(f, one, "two", "2");
    talk_leave_out(&f->talk, &first, 1);
    fake_told(&f->fake);
    exchange(f, two, "three", "3");             /* the engine counts it until it is told anew */
    assert_string_equal(fake_told(&f->fake), "ask(three)");
    resume(f);
    assert_string_equal(fake_told(&f->fake), "clear() restore(two: 2) restore(three: 3)");
}

static void test_a_summary_leaves_out_what_it_sums_up(void **state)
{
    struct fixture *f = *state;

    int64_t one = exchange(f, 0, "one", "1"), two = exchange(f, one, "two", "2"), three = exchange(f, two, "three", "3");
    talk_ask(&f->talk, &(struct talk_question){ .parent = three, .task = TURN_SUMMARISE, .text = "sum up", .n_summarised = 2 });
    send_event(f, (struct session_event){ .kind = SESSION_TEXT, .request = f->talk.request, .text = (char *)(size_t)"1 and 2" });
    send_event(f, (struct session_event){ .kind = SESSION_ANSWERED, .request = f->talk.request, .left_out = (size_t[]){ 0, 1 }, .n_left_out = 2 });
    assert_true(f->talk.turns[talk_find(&f->talk, two)].saved.left_out);
    assert_false(f->talk.turns[talk_find(&f->talk, three)].saved.left_out);
    resume(f);
    assert_string_equal(fake_told(&f->fake), "clear() restore(three: 3) restore(sum up: 1 and 2)");
}

static void test_measuring_changes_nothing(void **state)
{
    struct fixture *f = *state;

    int64_t one = exchange(f, 0, "one", "1");
    exchange(f, one, "two", "2");
    fake_told(&f->fake);
    talk_measure(&f->talk, &(struct talk_question){ .parent = 0, .text = "uno" });
    assert_string_equal(branch(&f->talk), "one: 1 / two: 2");
    assert_string_equal(fake_told(&f->fake), "rewind(0) measure(uno)");
    exchange(f, talk_head_id(&f->talk), "three", "3");      /* it was not asked: all is told again */
    assert_string_equal(fake_told(&f->fake), "restore(one: 1) restore(two: 2) ask(three)");
}

static void test_files_come_back_before_their_turn_is_told(void **state)
{
    struct fixture *f = *state;
    char path[128], sha256[SHA256_HEX];
    struct session_file file = { path, sha256 };

    snprintf(path, sizeof path, "%s/cat.png", f->folder);
    FILE *out = fopen(path, "w");
    fputs("cat", out);
    fclose(out);
    assert_true(sha256_file(path, sha256, NULL));
    const struct attachment *cat = fake_attached(&f->fake, ATTACHMENT_IMAGE);
    int64_t one = talk_ask(&f->talk, &(struct talk_question){ .text = "what?", .files = &file, .attachments = &cat, .n_files = 1 });
    answer(f, "a cat");
    exchange(f, one, "two", "2");
    assert_string_equal(fake_told(&f->fake), "ask(what? #1) ask(two)");

    resume(f);
    assert_true(talk_waits(&f->talk));
    assert_string_equal(fake_told(&f->fake), "clear() attach(cat.png)");
    const struct attachment *again = fake_attached(&f->fake, ATTACHMENT_IMAGE);
    uint32_t request = f->talk.turns[0].files[0].request;
    assert_int_equal(send_event(f, (struct session_event){ .kind = SESSION_ATTACHED, .request = request, .attachment = again }), TALK_FILE);
    assert_false(talk_waits(&f->talk));
    assert_string_equal(fake_told(&f->fake), "restore(what?: a cat #1) restore(two: 2)");

    unlink(path);
    resume(f);
    assert_false(talk_waits(&f->talk));
    assert_true(f->talk.turns[0].files[0].gone);
    assert_string_equal(fake_told(&f->fake), "clear() restore(what?: a cat) restore(two: 2)");
}

static void test_an_answer_cut_off_by_the_end_of_the_program_is_kept(void **state)
{
    struct fixture *f = *state;

    say(f, 0, "count");
    send_event(f, (struct session_event){ .kind = SESSION_TEXT, .request = f->talk.request, .text = (char *)(size_t)"one two" });
    resume(f);
    assert_string_equal(branch(&f->talk), "count: one two");
    assert_int_equal(talk_head(&f->talk)->saved.state, TURN_STOPPED);
}

static void test_settings_and_draft_come_back(void **state)
{
    struct fixture *f = *state;
    struct error err;
    bool in_use;
    char *draft;

    talk_set_settings(&f->talk, "temperature 0.5\n");       /* before there is anything on disk */
    exchange(f, 0, "one", "1");
    talk_set_draft(&f->talk, "half a");
    close_talk(f);
    open_talk(f);
    assert_true(talk_resume(&f->talk, 0, &in_use, &draft, &err));
    assert_string_equal(draft, "half a");
    assert_string_equal(f->talk.settings, "temperature 0.5\n");
    free(draft);
}

static void test_a_second_program_begins_its_own(void **state)
{
    struct fixture *f = *state;
    struct fixture other = *f;
    struct error err;
    bool in_use;
    char *draft;

    exchange(f, 0, "one", "1");
    open_talk(&other);
    assert_true(talk_resume(&other.talk, 0, &in_use, &draft, &err));
    assert_true(in_use);
    assert_int_equal(other.talk.n_turns, 0);
    close_talk(&other);
}

/* The edited question was not asked after all. */
static void test_an_answer_goes_on_after_measuring(void **state)
{
    struct fixture *f = *state;

    int64_t one = exchange(f, 0, "one", "1");
    say(f, one, "two");
    send_event(f, (struct session_event){ .kind = SESSION_TEXT, .request = f->talk.request, .text = (char *)(size_t)"ha" });
    send_event(f, (struct session_event){ .kind = SESSION_ANSWERED, .request = f->talk.request, .stopped = true });
    talk_measure(&f->talk, &(struct talk_question){ .parent = 0, .text = "uno" });
    fake_told(&f->fake);
    assert_true(talk_can_continue(&f->talk));
    talk_continue(&f->talk);
    assert_string_equal(fake_told(&f->fake), "restore(one: 1) restore(two: ha) ask(continue )");
}

static void test_without_a_disk_it_goes_on(void **state)
{
    struct fixture *f = *state;
    struct talk unsaved;

    talk_init(&unsaved, &f->fake.engine, NULL);
    int64_t one = talk_ask(&unsaved, &(struct talk_question){ .text = "one" });
    assert_int_equal(one, 1);
    assert_int_equal(talk_ask(&unsaved, &(struct talk_question){ .parent = one, .text = "two" }), 2);
    assert_string_equal(branch(&unsaved), "one: - / two: -");
    unsaved.request = 0;
    talk_done(&unsaved);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_turns_come_back), TEST(test_another_answer_is_a_branch), TEST(test_an_edited_question_keeps_both),
        TEST(test_stop_and_continue), TEST(test_a_failed_question_is_asked_again_in_its_place),
        TEST(test_a_question_without_answer_is_not_told), TEST(test_removing_in_the_middle), TEST(test_removing_the_end_shows_what_stands_beside),
        TEST(test_left_out_turns_are_not_told_again), TEST(test_a_summary_leaves_out_what_it_sums_up),
        TEST(test_measuring_changes_nothing), TEST(test_files_come_back_before_their_turn_is_told),
        TEST(test_an_answer_cut_off_by_the_end_of_the_program_is_kept), TEST(test_settings_and_draft_come_back),
        TEST(test_an_answer_goes_on_after_measuring),
        TEST(test_a_second_program_begins_its_own), TEST(test_without_a_disk_it_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
