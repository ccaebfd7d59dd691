/* test_listening.c - captions of a session: on a tiny random Whisper, whose words mean nothing; and the queue before it. */
#include "fusion/session.h"
#include "fusion/sound_queue.h"
#include "fusion/words.h"

#include "tests/text_models.h"

#include "audio/audio.h"

#define TINY_WHISPER "tests/golden/whisper_tiny.bin"

static struct session *open_session(const char *whisper, const char *model)
{
    struct session_params params = session_params_default();
    struct session_event event;
    struct error err = { 0 };

    params.text_path = model;
    params.whisper_path = whisper;
    params.language = "en";
    params.n_ctx = 1024;
    params.n_threads = 2;
    params.max_tokens = 12;
    struct session *s = session_new(&params, &err);
    if (s == NULL)
        fail_msg("%s", err.text);
    do {
        session_wait(s, &event);
        session_event_done(&event);
    } while (event.kind == SESSION_PROGRESS);
    assert_int_equal(event.kind, SESSION_READY);
    return s;
}

/* The first event that is not about loading. */
static struct session_event next_event(struct session *s, uint32_t request)
{
    struct session_event event;

    for (;;) {
        session_wait(s, &event);
        assert_int_equal(event.request, request);
        if (event.kind != SESSION_PROGRESS && event.kind != SESSION_TEXT)
            return event;
        session_event_done(&event);
    }
}

static void begin(struct session *s, uint32_t request)
{
    struct session_event event = next_event(s, request);

    assert_int_equal(event.kind, SESSION_HEARD);
    assert_string_equal(event.text, "");
    assert_string_equal(event.unsure, "");
    session_event_done(&event);
}

/* Until the request ends; all that was sure. */
static enum session_event_kind finish(struct session *s, uint32_t request, struct words *sure)
{
    for (;;) {
        struct session_event event = next_event(s, request);
        if (event.kind == SESSION_FAILED)
            assert_int_equal(event.err.code, ERROR_CANCELLED);
        if (event.kind == SESSION_HEARD && sure != NULL)
            words_add(sure, "%s", event.text);
        session_event_done(&event);
        if (event.kind != SESSION_HEARD)
            return event.kind;
    }
}

static void test_without_model(void **state)
{
    struct session *s = open_session(NULL, NULL);
    uint32_t request = session_listen(s);
    struct session_event event = next_event(s, request);

    (void)state;
    assert_int_equal(event.kind, SESSION_FAILED);
    assert_int_equal(event.err.code, ERROR_MODEL);
    assert_non_null(strstr(event.err.text, "mynah pull whisper-base"));
    session_event_done(&event);
    session_free(s);
}

/* Whole at once, as for a worker that is far behind; silence has no words, and the next begins anew.  The random
 * model says tokens that are no text, too, and nothing that is believed. */
static void test_heard(void **state)
{
    struct session *s = open_session(TINY_WHISPER, NULL);
    struct clip *clip = clip_load("assets/speech.flac", NULL);
    struct words sure = { 0 };
    float *silence = calloc(AUDIO_HZ, sizeof *silence);

    (void)state;
    uint32_t request = session_listen(s);
    session_hear(s, clip->samples, clip->n_samples);
    session_listen_end(s, true);
    begin(s, request);
    assert_int_equal(finish(s, request, NULL), SESSION_LISTENED);

    request = session_listen(s);
    begin(s, request);
    session_hear(s, silence, AUDIO_HZ);
    session_listen_end(s, true);
    assert_int_equal(finish(s, request, &sure), SESSION_LISTENED);
    assert_int_equal(sure.n, 0);
    words_done(&sure);
    session_free(s);
    clip_free(clip);
    free(silence);
}

/* Whatever stops it: what follows is not stopped. */
static void test_thrown_away(void **state)
{
    struct session *s = open_session(TINY_WHISPER, NULL);

    (void)state;
    for (int how = 0; how < 2; how++) {
        uint32_t request = session_listen(s);
        begin(s, request);
        if (how == 0)
            session_listen_end(s, false);
        else
            session_cancel(s);
        assert_int_equal(finish(s, request, NULL), SESSION_FAILED);
        uint32_t preview = session_preview(s, "assets/speech.flac");
        struct session_event event = next_event(s, preview);
        assert_int_equal(event.kind, SESSION_PREVIEWED);
        session_event_done(&event);
    }
    session_free(s);
}

/* It waits behind an answer, which goes on. */
static void test_thrown_away_before_its_turn(void **state)
{
    struct session *s = open_session(TINY_WHISPER, TINY_QWEN2);

    (void)state;
    uint32_t ask = session_ask(s, &(struct turn){ .text = "Hello there." }), request = session_listen(s);
    session_listen_end(s, false);
    struct session_event event = next_event(s, ask);
    assert_int_equal(event.kind, SESSION_ANSWERED);
    assert_false(event.stopped);
    session_event_done(&event);
    assert_int_equal(finish(s, request, NULL), SESSION_FAILED);
    session_free(s);
}

/* Not waited for: the next begins at once. */
static void test_another_after_it(void **state)
{
    struct session *s = open_session(TINY_WHISPER, NULL);

    (void)state;
    uint32_t one = session_listen(s);
    begin(s, one);
    session_listen_end(s, false);
    uint32_t two = session_listen(s);
    assert_int_equal(finish(s, one, NULL), SESSION_FAILED);
    begin(s, two);
    session_listen_end(s, true);
    assert_int_equal(finish(s, two, NULL), SESSION_LISTENED);
    session_free(s);
}

static void test_ended_under_it(void **state)
{
    struct session *s = open_session(TINY_WHISPER, NULL);

    (void)state;
    begin(s, session_listen(s));
    session_free(s);
}

/* ---- the queue ------------------------------------------------------------------------ */

static void test_queue(void **state)
{
    struct sound_queue q;
    float x[1000], y[700];
    size_t n_added = 0, n_taken = 0;

    (void)state;
    sound_queue_init(&q);
    uint32_t sound = sound_queue_restart(&q);
    assert_false(sound_queue_is_done(&q, sound));
    for (size_t round = 0; round < 100; round++) {
        for (size_t i = 0; i < 1000; i++)
            x[i] = (float)(n_added + i);
        sound_queue_add(&q, x, 1000);
        n_added += 1000;
        size_t n = sound_queue_take(&q, sound, y, 700);
        for (size_t i = 0; i < n; i++)
            assert_true(y[i] == (float)(n_taken + i));
        n_taken += n;
    }
    sound_queue_end(&q, true);
    assert_false(sound_queue_is_done(&q, sound));
    for (size_t n; (n = sound_queue_take(&q, sound, y, 700)) > 0; n_taken += n)
        assert_true(y[0] == (float)n_taken);
    assert_int_equal(n_taken, n_added);
    assert_true(sound_queue_is_done(&q, sound));
    assert_false(sound_queue_is_thrown_away(&q, sound));
    uint32_t older = sound;
    sound = sound_queue_restart(&q);
    sound_queue_add(&q, x, 1);
    assert_true(sound_queue_is_thrown_away(&q, older));
    assert_int_equal(sound_queue_take(&q, older, y, 1), 0);
    assert_int_equal(sound_queue_take(&q, sound, y, 2), 1);
    assert_false(sound_queue_is_done(&q, sound));
    sound_queue_end(&q, false);
    assert_true(sound_queue_is_thrown_away(&q, sound));
    sound_queue_done(&q);
}

/* Ten minutes wait, no more; what has room again is taken. */
static void test_queue_is_bounded(void **state)
{
    enum { MINUTE = 60 * AUDIO_HZ };
    struct sound_queue q;
    float *x = calloc(MINUTE, sizeof *x);

    (void)state;
    sound_queue_init(&q);
    uint32_t sound = sound_queue_restart(&q);
    for (int i = 0; i < 12; i++)
        sound_queue_add(&q, x, MINUTE);
    assert_int_equal(q.n, 10 * MINUTE);
    assert_int_equal(sound_queue_take(&q, sound, x, MINUTE), MINUTE);
    sound_queue_add(&q, x, MINUTE);
    sound_queue_add(&q, x, 1);
    assert_int_equal(q.n, 10 * MINUTE);
    sound_queue_done(&q);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_model), cmocka_unit_test(test_heard), cmocka_unit_test(test_thrown_away),
        cmocka_unit_test(test_thrown_away_before_its_turn), cmocka_unit_test(test_another_after_it), cmocka_unit_test(test_ended_under_it),
        cmocka_unit_test(test_queue), cmocka_unit_test(test_queue_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
