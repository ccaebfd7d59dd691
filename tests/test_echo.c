/* The echo engine keeps the session's contract, and does what it is told to do. */
#include "ui/engine.h"

#include "ui/buffer.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct engine *start(const char *context)
{
    struct error err = { 0 };

    setenv("MYNAH_ECHO_MS", "0", 1);
    setenv("MYNAH_ECHO_CONTEXT", context, 1);
    struct engine *e = engine_echo_new(&err);
    assert_non_null(e);
    return e;
}

static struct session_event wait_event(struct engine *e)
{
    struct pollfd fd = { .fd = e->event_fd, .events = POLLIN };
    struct session_event event;

    while (!e->poll(e->self, &event))
        assert_int_equal(poll(&fd, 1, 10000), 1);
    return event;
}

static bool ends(const struct session_event *e)
{
    return e->kind == SESSION_READY || e->kind == SESSION_ATTACHED || e->kind == SESSION_PREVIEWED ||
           e->kind == SESSION_MEASURED || e->kind == SESSION_ANSWERED || e->kind == SESSION_FAILED;
}

/* What comes of a request: pieces set apart by '|', notes in brackets; the last event, whose
 * kind is also the answer's end; the caller releases it. */
static struct session_event finish(struct engine *e, uint32_t request, struct buffer *said, size_t stop_after)
{
    size_t n = 0;

    for (;;) {
        struct session_event event = wait_event(e);
        if (event.request != request) {
            session_event_done(&event);
            continue;
        }
        if (event.kind == SESSION_TEXT && said != NULL)
            buffer_print(said, "%s|", event.text);
        if (event.kind == SESSION_NOTE && said != NULL)
            buffer_print(said, "[%s]", event.text);
        if (ends(&event))
            return event;
        session_event_done(&event);
        if (++n == stop_after)
            e->cancel(e->self);
    }
}

/* The event has its numbers and its error; what it owned is freed. */
static struct session_event plain(struct session_event event)
{
    session_event_done(&event);
    return event;
}

/* Asks; *said is what came. */
static struct session_event ask(struct engine *e, const struct turn *turn, struct buffer *said)
{
    buffer_clear(said);
    return finish(e, e->ask(e->self, turn), said, turn->text != NULL && strncmp(turn->text, "wait", 4) == 0 ? 5 : 0);
}

static struct session_event ask_text(struct engine *e, const char *text, struct buffer *said)
{
    struct session_event event = ask(e, &(struct turn){ .text = text }, said);

    session_event_done(&event);
    return event;
}

static size_t gauge(struct engine *e)
{
    struct session_event event = finish(e, e->measure(e->self, &(struct turn){ .text = "" }), NULL, 0);

    session_event_done(&event);
    return event.n_prompt;
}

/* ---- the script --------------------------------------------------------------------------- */

static void test_words(void **state)
{
    static const struct { const char *prompt, *said; bool cut, stopped; } cases[] = {
        { "Hello there  you", "Hello |there  |you|", false, false },
        { "say **a**\n- b\n", "**a**\n|- |b\n|", false, false },
        { "saying nothing", "saying |nothing|", false, false },
        { "count 3", "1 |2 |3|", false, false },
        { "count 0", "", false, false },
        { "cut one two three", "one |two |", true, false },
        { "bytes ed959c ff00e2 82", "\xed|\x95\x9c|\xff\xe2\x82|", false, false },
        { "note take care", "[take care]take |care|", false, false },
        { "wait", "", false, true },
        { "settings", "temperature |-1 |top_p |-1 |min_p |-1 |top_k |-1 |repetition_penalty |-1 |seed |0 |max_tokens |0 |"
                      "system |-|", false, false },
    };
    struct engine *e = start("8192");
    struct buffer said = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session_event event = ask_text(e, cases[i].prompt, &said);
        assert_int_equal(event.kind, SESSION_ANSWERED);
        assert_string_equal(buffer_text(&said), cases[i].said);
        assert_int_equal(event.cut, cases[i].cut);
        assert_int_equal(event.stopped, cases[i].stopped);
    }
    struct session_event failed = ask_text(e, "fail on purpose", &said);
    assert_int_equal(failed.kind, SESSION_FAILED);
    assert_string_equal(failed.err.text, "on purpose");
    buffer_free(&said);
    engine_free(e);
}

static void test_going_on(void **state)
{
    struct engine *e = start("8192");
    struct buffer said = { 0 };
    const struct turn go_on = { .task = TURN_CONTINUE };

    (void)state;
    struct session_event event = plain(ask(e, &go_on, &said));
    assert_int_equal(event.kind, SESSION_FAILED);
    ask_text(e, "cut one two three four", &said);
    size_t before = gauge(e);
    event = plain(ask(e, &go_on, &said));
    assert_string_equal(buffer_text(&said), "three |four|");
    assert_false(event.cut);
    assert_int_equal(gauge(e), before + 2);
    plain(ask(e, &go_on, &said));
    assert_string_equal(buffer_text(&said), "and |so |on|");
    uint32_t request = e->ask(e->self, &(struct turn){ .text = "count 100" });
    buffer_clear(&said);
    event = plain(finish(e, request, &said, 3));
    assert_true(event.stopped);
    assert_string_equal(buffer_text(&said), "1 |2 |3 |");
    event = plain(ask(e, &go_on, &said));
    assert_int_equal(strncmp(buffer_text(&said), "4 |5 |", 6), 0);
    buffer_free(&said);
    engine_free(e);
}

/* ---- live sound ------------------------------------------------------------------------------ */

static void test_captions(void **state)
{
    struct engine *e = start("8192");
    struct buffer heard = { 0 };
    float samples[4000] = { 0 };
    struct session_event event;

    (void)state;
    uint32_t request = e->listen(e->self);
    for (int i = 0; i < 11; i++)
        e->hear(e->self, samples, 4000);
    e->listen_end(e->self, true);
    for (;;) {
        event = wait_event(e);
        bool other = event.request != request, goes_on = event.kind == SESSION_HEARD;
        if (!other && goes_on)
            buffer_print(&heard, "%s", event.text);
        session_event_done(&event);
        if (!other && !goes_on)
            break;
    }
    assert_int_equal(event.kind, SESSION_LISTENED);
    assert_string_equal(buffer_text(&heard), "word1 word2 word3 word4 word5 word6 word7 word8 word9 word10.\nword11 ");
    request = e->listen(e->self);
    e->listen_end(e->self, false);
    event = plain(finish(e, request, NULL, 0));
    assert_int_equal(event.kind, SESSION_FAILED);
    assert_int_equal(event.err.code, ERROR_CANCELLED);
    buffer_free(&heard);
    engine_free(e);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static void test_gauge_and_rewind(void **state)
{
    struct engine *e = start("8192");
    struct buffer said = { 0 };

    (void)state;
    struct session_event event = ask_text(e, "one two three", &said);
    assert_int_equal(event.n_ctx, 8192);
    assert_int_equal(event.n_used, 6);
    assert_int_equal(event.n_generated, 3);
    e->restore(e->self, &(struct turn){ .text = "a b" }, "c d e");
    assert_int_equal(gauge(e), 11);
    e->restore(e->self, &(struct turn){ .text = "f" }, NULL);
    assert_int_equal(gauge(e), 12);
    ask_text(e, "fail", &said);                             /* adds none */
    struct session_event alone = ask(e, &(struct turn){ .text = "g", .alone = true }, &said);
    session_event_done(&alone);
    assert_int_equal(gauge(e), 12);
    e->rewind(e->self, 2);
    assert_int_equal(gauge(e), 11);
    e->clear(e->self);
    assert_int_equal(gauge(e), 0);
    buffer_free(&said);
    engine_free(e);
}

/* Requests are done in the order in which they were made, also those without an event. */
static void test_order(void **state)
{
    struct engine *e = start("8192");
    struct buffer said = { 0 };

    (void)state;
    uint32_t one = e->ask(e->self, &(struct turn){ .text = "one" });
    e->restore(e->self, &(struct turn){ .text = "two" }, "two");
    e->rewind(e->self, 1);
    uint32_t three = e->ask(e->self, &(struct turn){ .text = "three" });
    struct session_event first = plain(finish(e, one, NULL, 0)), second = plain(finish(e, three, NULL, 0));
    assert_int_equal(first.n_used, 2);
    assert_int_equal(second.n_used, 4);
    buffer_free(&said);
    engine_free(e);
}

/* 40 tokens, of which 10 are for the answer. */
static void test_overflow(void **state)
{
    struct engine *e = start("40");
    struct buffer said = { 0 };
    struct turn question = { .text = "say a b c d e f g" };

    (void)state;
    for (int i = 0; i < 4; i++)
        e->restore(e->self, &(struct turn){ .text = "a b c" }, "d e f");
    struct session_event measured = finish(e, e->measure(e->self, &question), NULL, 0);
    assert_int_equal(measured.n_ctx, 40);
    assert_int_equal(measured.n_most, 30);
    assert_int_equal(measured.n_prompt, 26);
    assert_int_equal(measured.n_left_out, 1);
    assert_int_equal(measured.left_out[0], 0);
    struct session_event answered = ask(e, &question, &said);
    assert_int_equal(answered.n_prompt, 26);
    assert_int_equal(answered.n_left_out, 1);
    assert_non_null(strstr(buffer_text(&said), "[1 earlier turn left out from now on]"));
    session_event_done(&measured);
    session_event_done(&answered);
    assert_int_equal(gauge(e), 27);                         /* 33 now, less the second turn */
    e->rewind(e->self, 4);                                  /* the fifth is to be asked again */
    assert_int_equal(gauge(e), 18);
    e->rewind(e->self, 3);                                  /* what was left out for it is told again */
    assert_int_equal(gauge(e), 18);
    question.text = "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e";
    measured = finish(e, e->measure(e->self, &question), NULL, 0);
    assert_int_equal(measured.n_prompt, 31);
    assert_int_equal(measured.n_left_out, 0);
    session_event_done(&measured);
    answered = ask(e, &question, &said);
    assert_int_equal(answered.kind, SESSION_FAILED);
    assert_int_equal(answered.err.code, ERROR_INFERENCE);
    buffer_free(&said);
    engine_free(e);
}

static void test_sum_up(void **state)
{
    struct engine *e = start("8192");
    struct buffer said = { 0 };
    struct turn sum_up = { .task = TURN_SUMMARISE, .n_summarised = 2 };

    (void)state;
    struct session_event event = ask(e, &sum_up, &said);
    assert_int_equal(event.kind, SESSION_FAILED);
    for (int i = 0; i < 3; i++)
        e->restore(e->self, &(struct turn){ .text = "a b c" }, "d e f");
    event = ask(e, &sum_up, &said);
    assert_string_equal(buffer_text(&said), "Summary |of |2 |turns.|");
    assert_string_equal(event.text, "Sum up what we said so far.");
    assert_int_equal(event.n_left_out, 2);
    assert_int_equal(event.left_out[1], 1);
    assert_int_equal(event.n_used, 6 + 7 + 4);
    session_event_done(&event);
    e->rewind(e->self, 3);
    assert_int_equal(gauge(e), 18);

    char path[] = "/tmp/test_echo.XXXXXX.png";              /* a turn with a file goes last, as when turns are left out */
    int fd = mkstemps(path, 4);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    e->rewind(e->self, 0);
    struct session_event attached = finish(e, e->attach(e->self, path), NULL, 0);
    uint32_t id = e->attachment(attached.attachment).id;
    e->restore(e->self, &(struct turn){ .text = "a", .attachments = &id, .n_attachments = 1 }, "b");
    for (int i = 0; i < 2; i++)
        e->restore(e->self, &(struct turn){ .text = "a b c" }, "d e f");
    event = ask(e, &sum_up, &said);
    assert_int_equal(event.n_left_out, 2);
    assert_int_equal(event.left_out[0], 1);
    session_event_done(&event);
    unlink(path);
    buffer_free(&said);
    engine_free(e);
}

static void test_settings(void **state)
{
    struct engine *e = start("8192");
    struct buffer said = { 0 };
    struct session_settings settings = session_settings_default();

    (void)state;
    settings.system = "Be brief.";
    settings.seed = 9;
    settings.max_tokens = 4;
    e->configure(e->self, &settings);
    struct session_event event = ask_text(e, "count 9", &said);
    assert_string_equal(buffer_text(&said), "1 |2 |3 |4 |");
    assert_true(event.cut);
    assert_int_equal(event.seed, 9);
    settings.max_tokens = 0;
    e->configure(e->self, &settings);
    ask_text(e, "settings", &said);
    assert_non_null(strstr(buffer_text(&said), "seed |9 |max_tokens |0 |system |Be |brief.|"));
    buffer_free(&said);
    engine_free(e);
}

/* ---- files and models --------------------------------------------------------------------------- */

static void test_files(void **state)
{
    struct engine *e = start("8192");
    char picture[] = "/tmp/mynah-echo-XXXXXX.png", sound[] = "/tmp/mynah-echo-XXXXXX.wav";
    char *paths[] = { picture, sound };
    struct buffer said = { 0 };
    uint32_t ids[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        int fd = mkstemps(paths[i], 4);
        assert_int_equal(write(fd, "nothing", 7), 7);
        close(fd);
        struct session_event seen = finish(e, e->preview(e->self, paths[i]), NULL, 0);
        assert_int_equal(seen.kind, SESSION_PREVIEWED);
        assert_int_equal(seen.preview->kind, i == 0 ? ATTACHMENT_IMAGE : ATTACHMENT_AUDIO);
        assert_int_equal(seen.preview->width, i == 0 ? 48 : 0);
        assert_int_equal(seen.preview->n_peaks, i == 0 ? 0 : PREVIEW_PEAKS);
        session_event_done(&seen);
        uint32_t request = e->attach(e->self, paths[i]);
        bool decoded = false;
        struct session_event event;
        do {
            event = wait_event(e);
            decoded |= event.kind == SESSION_DECODED && event.request == request;
            session_event_done(&event);
        } while (event.kind != SESSION_ATTACHED);
        assert_true(decoded);
        struct engine_attachment a = e->attachment(event.attachment);
        assert_string_equal(a.summary, "7 bytes");
        assert_non_null(a.preview);
        ids[i] = a.id;
    }
    struct session_event event = plain(ask(e, &(struct turn){ .text = "see", .attachments = ids, .n_attachments = 2 }, &said));
    assert_non_null(strstr(buffer_text(&said), ".png) |("));
    assert_int_equal(event.n_used, 1 + 20 + 3);
    struct session_event gone = finish(e, e->attach(e->self, "/nowhere.png"), NULL, 0);
    assert_int_equal(gone.kind, SESSION_FAILED);
    assert_int_equal(gone.err.code, ERROR_INPUT);
    unlink(picture);
    unlink(sound);
    buffer_free(&said);
    engine_free(e);
}

static void test_models(void **state)
{
    struct engine *e = start("100");
    struct error err = { 0 };
    bool present;

    (void)state;
    assert_string_equal(e->model_name(e->self, 0, &present), "echo");
    assert_true(present);
    assert_string_equal(e->model_name(e->self, 3, &present), "echo-missing");
    assert_false(present);
    assert_null(e->model_name(e->self, 4, &present));
    struct session_event event = finish(e, e->use_model(e, "echo-large", &err), NULL, 0);
    assert_int_equal(event.kind, SESSION_READY);
    assert_int_equal(event.n_ctx, 400);
    assert_string_equal(e->model, "echo-large");
    session_event_done(&event);
    assert_int_equal(e->use_model(e, "echo-missing", &err), 0);
    assert_int_equal(err.code, ERROR_MODEL);
    event = finish(e, e->use_model(e, "echo-broken", &err), NULL, 0);
    assert_int_equal(event.kind, SESSION_FAILED);
    assert_int_equal(event.err.code, ERROR_MODEL);
    assert_string_equal(e->model, "echo-large");            /* still in use */
    engine_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words), cmocka_unit_test(test_going_on), cmocka_unit_test(test_gauge_and_rewind),
        cmocka_unit_test(test_captions), cmocka_unit_test(test_order), cmocka_unit_test(test_overflow), cmocka_unit_test(test_sum_up),
        cmocka_unit_test(test_settings), cmocka_unit_test(test_files), cmocka_unit_test(test_models),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
