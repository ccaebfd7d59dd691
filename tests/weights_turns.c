/* Turns of one session on the tiny text model: gone back on, gone on with, measured, left out,
 * summed up, and answered by other settings. */
#include "fusion/session.h"
#include "fusion/words.h"

#include "base/clock.h"
#include "tests/weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { N_CTX = 1024 };

/* ---- helpers --------------------------------------------------------------------------- */

static struct session_event finish(struct session *s, uint32_t request, struct words *answer, size_t stop_after)
{
    struct session_event event;
    size_t n_pieces = 0;

    for (;;) {
        session_wait(s, &event);
        assert_int_equal(event.request, request);
        if (event.kind == SESSION_TEXT) {
            if (answer != NULL)
                words_add(answer, "%s", event.text);
            if (++n_pieces == stop_after)
                session_cancel(s);
        }
        if (event.kind == SESSION_READY || event.kind == SESSION_MEASURED || event.kind == SESSION_ANSWERED ||
            event.kind == SESSION_FAILED)
            return event;
        session_event_done(&event);
    }
}

/* The caller's event has its numbers; what it owned is freed. */
static struct session_event plain(struct session_event event)
{
    session_event_done(&event);
    return event;
}

static struct session *open_session(void)
{
    struct session_params params = session_params_default();
    struct error err = { 0 };

    params.text_path = weights_path(WEIGHTS_TINY);
    params.text_name = "tiny";
    params.n_ctx = N_CTX;
    params.temperature = 0;
    params.max_tokens = 40;
    struct session *s = session_new(&params, &err);
    if (s == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(plain(finish(s, 0, NULL, 0)).kind, SESSION_READY);
    return s;
}

static struct session_event ask(struct session *s, const char *text, struct words *answer)
{
    struct session_event event = plain(finish(s, session_ask(s, &(struct turn){ .text = text }), answer, 0));

    if (event.kind != SESSION_ANSWERED)
        fail_msg("%s: %s", text, event.err.text);
    return event;
}

static struct session_event go_on(struct session *s, struct words *answer)
{
    return plain(finish(s, session_ask(s, &(struct turn){ .task = TURN_CONTINUE }), answer, 0));
}

static struct session_event measure(struct session *s, const char *text)
{
    return finish(s, session_measure(s, &(struct turn){ .text = text }), NULL, 0);
}

static void configure(struct session *s, size_t max_tokens)
{
    struct session_settings settings = session_settings_default();

    settings.temperature = 0;
    settings.max_tokens = max_tokens;
    session_configure(s, &settings);
}

static void restore(struct session *s, const char *text, const char *answer)
{
    session_restore(s, &(struct turn){ .text = text }, answer);
}

static char *filler(const char *word, size_t n)
{
    struct words b = { 0 };

    for (size_t i = 0; i < n; i++)
        words_add(&b, "%s ", word);
    return words_take(&b, NULL);
}

/* ---- going back --------------------------------------------------------------------------- */

/* Another answer to the last question: the whole prompt is in the cache, but for the position
 * whose logits are wanted.  The first turn is there, the second is not. */
static void test_rewind_and_ask_again(void **state)
{
    struct session *s = open_session();
    struct words first = { 0 }, again = { 0 };

    (void)state;
    struct session_event one = ask(s, "Name a colour.", NULL);
    struct session_event two = ask(s, "Name a fruit.", &first);
    session_rewind(s, 1);
    struct session_event three = ask(s, "Name a fruit.", &again);
    assert_int_equal(three.n_prompt, two.n_prompt);
    assert_int_equal(three.n_reused, three.n_prompt - 1);
    assert_string_equal(again.text, first.text);
    session_rewind(s, 1);
    struct session_event other = ask(s, "Name an animal.", NULL);       /* a branch: the first turn is kept */
    assert_true(other.n_reused >= one.n_prompt + one.n_generated);
    session_rewind(s, 0);
    assert_int_equal(ask(s, "Name a colour.", NULL).n_prompt, one.n_prompt);
    words_done(&first);
    words_done(&again);
    session_free(s);
}

/* What adds a turn, seen by what a rewind leaves: the prompt of the turns before. */
static void test_what_counts_as_a_turn(void **state)
{
    struct session *s = open_session();
    size_t gauge[8];

    (void)state;
    gauge[0] = plain(measure(s, "")).n_prompt;
    restore(s, "One?", "One.");                                         /* 0 */
    gauge[1] = plain(measure(s, "")).n_prompt;
    restore(s, "Nobody answered", "");                                  /* 1 */
    gauge[2] = plain(measure(s, "")).n_prompt;
    session_restore(s, &(struct turn){ .attachments = &(uint32_t){ 7 }, .n_attachments = 1 }, "Lost.");   /* 2 */
    gauge[3] = plain(measure(s, "")).n_prompt;
    assert_int_equal(plain(finish(s, session_ask(s, &(struct turn){ .text = " " }), NULL, 0)).kind, SESSION_FAILED);
    assert_int_equal(plain(finish(s, session_ask(s, &(struct turn){ .text = "Alone?", .alone = true }), NULL, 0)).kind,
                     SESSION_ANSWERED);
    assert_int_equal(plain(measure(s, "")).n_prompt, gauge[3]);         /* neither added any */
    ask(s, "Name a colour.", NULL);                                     /* 3 */
    gauge[4] = plain(measure(s, "")).n_prompt;
    assert_int_equal(go_on(s, NULL).kind, SESSION_ANSWERED);            /* none */
    for (size_t n = 4; n-- > 0;) {
        assert_true(gauge[n] < gauge[n + 1]);
        session_rewind(s, n);
        assert_int_equal(plain(measure(s, "")).n_prompt, gauge[n]);
    }
    session_free(s);
}

/* ---- going on ------------------------------------------------------------------------------ */

/* Cut and continued, an answer is the one that was not cut; the pieces are only the new ones, and
 * the next turn finds all of it in the cache. */
static void test_continue_a_cut_answer(void **state)
{
    struct session *s = open_session();
    struct words whole = { 0 }, parts = { 0 };

    (void)state;
    ask(s, "Tell a story about a river.", NULL);            /* from here on the prompt is in the cache */
    session_clear(s);
    struct session_event uncut = ask(s, "Tell a story about a river.", &whole);
    assert_true(uncut.cut);
    session_clear(s);
    configure(s, 15);
    struct session_event first = ask(s, "Tell a story about a river.", &parts);
    assert_true(first.cut);
    assert_int_equal(first.n_generated, 15);
    assert_int_equal(strncmp(whole.text, parts.text, parts.n), 0);
    configure(s, 25);
    struct session_event second = go_on(s, &parts);
    assert_int_equal(second.kind, SESSION_ANSWERED);
    assert_int_equal(second.n_generated, 25);
    assert_int_equal(second.n_prompt, first.n_prompt + 15);
    assert_int_equal(second.n_reused, second.n_prompt - 1);
    assert_string_equal(parts.text, whole.text);
    struct session_event next = ask(s, "Thank you.", NULL);
    assert_true(next.n_reused >= first.n_prompt + 40 - 1);
    words_done(&whole);
    words_done(&parts);
    session_free(s);
}

static void test_continue_what_was_stopped(void **state)
{
    struct session *s = open_session();
    struct words answer = { 0 };

    (void)state;
    uint32_t request = session_ask(s, &(struct turn){ .text = "Tell a story about a river." });
    struct session_event event = plain(finish(s, request, &answer, 3));
    assert_true(event.stopped && !event.cut);
    size_t n = answer.n;
    struct session_event more = go_on(s, &answer);
    assert_int_equal(more.kind, SESSION_ANSWERED);
    assert_false(more.stopped);
    assert_int_equal(more.n_prompt, event.n_prompt + event.n_generated);
    assert_true(answer.n > n);
    words_done(&answer);
    session_free(s);
}

/* From the disk there is only text. */
static void test_continue_what_was_restored(void **state)
{
    struct session *s = open_session();
    struct words answer = { 0 }, after = { 0 };

    (void)state;
    restore(s, "Count from one to ten.", "One, two, three, four,");
    size_t before = plain(measure(s, "")).n_prompt;
    struct session_event event = go_on(s, &answer);
    assert_int_equal(event.kind, SESSION_ANSWERED);
    assert_true(event.n_generated > 0);
    assert_non_null(strstr(answer.text, "five"));
    assert_null(strstr(answer.text, "four"));               /* only what is new */
    assert_int_equal(plain(measure(s, "")).n_prompt, before + event.n_generated);
    words_done(&answer);
    words_done(&after);
    session_free(s);
}

static void test_nothing_to_continue(void **state)
{
    struct session *s = open_session();

    (void)state;
    struct session_event event = go_on(s, NULL);
    assert_int_equal(event.kind, SESSION_FAILED);
    assert_int_equal(event.err.code, ERROR_USAGE);
    restore(s, "Nobody answered", "");
    assert_int_equal(go_on(s, NULL).kind, SESSION_FAILED);
    char *long_answer = filler("word", 960);
    restore(s, "Say a lot.", long_answer);
    event = go_on(s, NULL);
    assert_int_equal(event.kind, SESSION_FAILED);
    assert_int_equal(event.err.code, ERROR_INFERENCE);
    assert_non_null(strstr(event.err.text, "no room"));
    free(long_answer);
    session_free(s);
}

/* ---- measuring ------------------------------------------------------------------------------- */

/* What is measured is what is asked: positions and turns left out; and it changes nothing. */
static void test_measure_is_what_is_asked(void **state)
{
    struct session *s = open_session();
    char *long_answer = filler("word", 150);

    (void)state;
    for (int i = 0; i < 8; i++)
        restore(s, "Say something long.", long_answer);
    struct session_event first = measure(s, "And now?"), again = measure(s, "And now?");
    assert_int_equal(first.n_ctx, N_CTX);
    assert_int_equal(first.n_most, N_CTX - 40);             /* max_tokens is all that has to be kept */
    assert_true(first.n_left_out > 0 && first.n_left_out < 8);
    assert_int_equal(first.left_out[0], 0);
    assert_int_equal(again.n_left_out, first.n_left_out);
    uint32_t request = session_ask(s, &(struct turn){ .text = "And now?" });
    struct session_event answered = finish(s, request, NULL, 0);
    assert_int_equal(answered.n_prompt, first.n_prompt);
    assert_int_equal(answered.n_left_out, first.n_left_out);
    assert_memory_equal(answered.left_out, first.left_out, first.n_left_out * sizeof *first.left_out);
    struct session_event next = measure(s, "And then?");
    assert_int_equal(next.n_left_out, 0);                   /* none twice */
    assert_true(next.n_prompt > first.n_prompt);
    session_rewind(s, 8);                                   /* regenerated: still left out */
    struct session_event regenerated = measure(s, "And now?");
    assert_int_equal(regenerated.n_left_out, 0);
    assert_int_equal(regenerated.n_prompt, first.n_prompt);
    session_rewind(s, 2);                                   /* before it: told again */
    struct session_event rewound = measure(s, "And now?");
    assert_int_equal(rewound.n_left_out, 0);
    assert_true(rewound.n_prompt > 300);
    struct session_event *events[] = { &first, &again, &answered, &next, &regenerated, &rewound };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        session_event_done(events[i]);
    free(long_answer);
    session_free(s);
}

static void test_measure_what_never_fits(void **state)
{
    struct session *s = open_session();
    char *question = filler("word", 2000);

    (void)state;
    restore(s, "One?", "One.");
    struct session_event event = measure(s, question);
    assert_int_equal(event.kind, SESSION_MEASURED);
    assert_true(event.n_prompt > event.n_most);
    assert_int_equal(event.n_left_out, 0);
    session_event_done(&event);
    event = plain(finish(s, session_ask(s, &(struct turn){ .text = question }), NULL, 0));
    assert_int_equal(event.kind, SESSION_FAILED);
    assert_int_equal(event.err.code, ERROR_INFERENCE);
    free(question);
    session_free(s);
}

/* Thousands of restored turns are not all made into tokens: the first measure may not take as
 * long as a hundredth of tokenising them all would (and none of that is kept by the next). */
static void test_thousands_of_turns(void **state)
{
    struct session *s = open_session();
    char *text = filler("some words of an old answer that was given long ago", 10);

    (void)state;
    for (int i = 0; i < 5000; i++)
        restore(s, "What was said?", text);
    plain(finish(s, session_use_model(s, weights_path(WEIGHTS_TINY), "tiny"), NULL, 0));    /* all are there now */
    double start = clock_ms();
    struct session_event first = measure(s, "And now?");
    double first_ms = clock_ms() - start;
    start = clock_ms();
    struct session_event second = measure(s, "And now?");
    double second_ms = clock_ms() - start;
    print_message("5000 turns: first measure %.1f ms, second %.1f ms\n", first_ms, second_ms);
    assert_true(first.n_left_out > 4900);
    assert_int_equal(second.n_left_out, first.n_left_out);
    assert_true(first_ms < 300);                            /* all of it takes seconds; asan is slow */
    session_event_done(&first);
    session_event_done(&second);
    free(text);
    session_free(s);
}

/* ---- summing up --------------------------------------------------------------------------------- */

static struct session_event sum_up(struct session *s, size_t n, struct words *answer)
{
    return finish(s, session_ask(s, &(struct turn){ .task = TURN_SUMMARISE, .n_summarised = n }), answer, 0);
}

static void test_sum_up(void **state)
{
    struct session *s = open_session();
    struct words answer = { 0 };
    char *long_answer = filler("word", 100);

    (void)state;
    restore(s, "My name is Ada.", long_answer);
    restore(s, "I live in Oslo.", long_answer);
    restore(s, "What is my name?", "Ada.");
    size_t before = plain(measure(s, "")).n_prompt;
    struct session_event summary = sum_up(s, 2, &answer);
    assert_int_equal(summary.kind, SESSION_ANSWERED);
    assert_true(answer.n > 0);
    assert_string_equal(summary.text, "Sum up what we said so far.");
    assert_int_equal(summary.n_left_out, 2);
    assert_int_equal(summary.left_out[0], 0);
    assert_int_equal(summary.left_out[1], 1);
    size_t after = plain(measure(s, "")).n_prompt;
    assert_true(after < before - 150);
    session_rewind(s, 3);                                   /* without the summary they are told again */
    assert_int_equal(plain(measure(s, "")).n_prompt, before);
    session_event_done(&summary);
    words_done(&answer);
    free(long_answer);
    session_free(s);
}

/* In Korean when the turns are; more turns than there are; again, when there are none. */
static void test_sum_up_korean(void **state)
{
    struct session *s = open_session();

    (void)state;
    struct session_event nothing = plain(sum_up(s, 1, NULL));
    assert_int_equal(nothing.kind, SESSION_FAILED);
    assert_int_equal(nothing.err.code, ERROR_USAGE);
    restore(s, "제 이름은 아다입니다.", "안녕하세요, 아다 씨.");
    struct session_event summary = sum_up(s, 9, NULL);
    assert_int_equal(summary.kind, SESSION_ANSWERED);
    assert_non_null(strstr(summary.text, "요약"));
    assert_int_equal(summary.n_left_out, 1);
    session_event_done(&summary);
    session_free(s);
}

/* Too many for the context: the newest of them are summed up, all of them left out.  Stopped, none. */
static void test_sum_up_what_fits(void **state)
{
    struct session *s = open_session();
    char *long_answer = filler("word", 200);

    (void)state;
    for (int i = 0; i < 10; i++)
        restore(s, "Say something long.", long_answer);
    uint32_t request = session_ask(s, &(struct turn){ .task = TURN_SUMMARISE, .n_summarised = 10 });
    struct session_event stopped = plain(finish(s, request, NULL, 1));
    assert_true(stopped.stopped);
    assert_int_equal(stopped.n_left_out, 0);
    session_rewind(s, 10);
    struct session_event measured = finish(s, session_measure(s, &(struct turn){ .task = TURN_SUMMARISE, .n_summarised = 10 }), NULL, 0);
    struct session_event summary = sum_up(s, 10, NULL);
    assert_int_equal(summary.kind, SESSION_ANSWERED);
    assert_int_equal(measured.n_left_out, 10);
    assert_int_equal(summary.n_left_out, 10);
    assert_int_equal(summary.n_prompt, measured.n_prompt);
    assert_true(summary.n_prompt > 600 && summary.n_prompt <= N_CTX - 40);
    session_event_done(&measured);
    session_event_done(&summary);
    free(long_answer);
    session_free(s);
}

/* ---- settings ------------------------------------------------------------------------------------ */

static void test_configure(void **state)
{
    struct session *s = open_session();
    struct session_settings settings = session_settings_default();
    struct words a = { 0 }, b = { 0 }, c = { 0 };

    (void)state;
    size_t before = plain(measure(s, "")).n_prompt;
    settings.system = "You are a pirate who says arr, in every single sentence that you speak, always and for ever.";
    settings.temperature = 1.5f;
    settings.top_p = 1;
    settings.min_p = 0;
    settings.top_k = 0;
    settings.seed = 7;
    settings.max_tokens = 8;
    session_configure(s, &settings);
    assert_true(plain(measure(s, "")).n_prompt != before);
    ask(s, "Tell a story.", NULL);                          /* from here on the prompt is in the cache */
    session_rewind(s, 0);
    struct session_event one = ask(s, "Tell a story.", &a);
    assert_int_equal(one.seed, 7);
    assert_int_equal(one.n_generated, 8);
    session_rewind(s, 0);
    ask(s, "Tell a story.", &b);
    assert_string_equal(a.text, b.text);                    /* the seed decides */
    settings.seed = 8;
    session_configure(s, &settings);
    session_rewind(s, 0);
    ask(s, "Tell a story.", &c);
    assert_string_not_equal(a.text, c.text);
    settings.top_p = 7;
    session_configure(s, &settings);
    struct session_event failed = plain(finish(s, session_ask(s, &(struct turn){ .text = "Hello." }), NULL, 0));
    assert_int_equal(failed.kind, SESSION_FAILED);
    assert_int_equal(failed.err.code, ERROR_USAGE);
    assert_non_null(strstr(failed.err.text, "top-p"));
    words_done(&a);
    words_done(&b);
    words_done(&c);
    session_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rewind_and_ask_again), cmocka_unit_test(test_what_counts_as_a_turn),
        cmocka_unit_test(test_continue_a_cut_answer), cmocka_unit_test(test_continue_what_was_stopped),
        cmocka_unit_test(test_continue_what_was_restored), cmocka_unit_test(test_nothing_to_continue),
        cmocka_unit_test(test_measure_is_what_is_asked), cmocka_unit_test(test_measure_what_never_fits),
        cmocka_unit_test(test_thousands_of_turns), cmocka_unit_test(test_sum_up), cmocka_unit_test(test_sum_up_korean),
        cmocka_unit_test(test_sum_up_what_fits), cmocka_unit_test(test_configure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
