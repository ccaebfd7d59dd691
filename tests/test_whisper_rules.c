/* test_whisper_rules.c - which tokens a Whisper may say next, and when a text repeats itself. */
#include "tests/whisper_tiny.h"

#include "audio/whisper_rules.h"

#include <math.h>
#include <string.h>

/* Flat logits, words slightly likelier than all time stamps together. */
static void flat(float *logits)
{
    for (int i = 0; i < N_VOCAB; i++)
        logits[i] = i < STAMP ? 4.0f : 0.0f;
}

static size_t n_allowed(const float *logits, int from, int end)
{
    size_t n = 0;

    for (int i = from; i < end; i++)
        n += logits[i] > -INFINITY;
    return n;
}

static void test_first_is_a_stamp(void **state)
{
    struct whisper *w = tiny();
    float logits[N_VOCAB];
    (void)state;

    flat(logits);
    whisper_rules_apply(w, logits, NULL, 0);
    assert_int_equal(n_allowed(logits, 0, STAMP), 0);
    assert_int_equal(n_allowed(logits, STAMP, N_VOCAB), N_VOCAB - STAMP);
    whisper_close(w);
}

static void test_stamps_come_in_pairs(void **state)
{
    const int32_t one[] = { STAMP }, words[] = { STAMP, 5, 6 }, ended[] = { STAMP, 5, STAMP + 9 },
                  paired[] = { STAMP, 5, STAMP + 9, STAMP + 9 };
    struct whisper *w = tiny();
    float logits[N_VOCAB];
    (void)state;

    flat(logits);                   /* after the first: words or the end, no second stamp */
    whisper_rules_apply(w, logits, one, 1);
    assert_int_equal(n_allowed(logits, STAMP, N_VOCAB), 0);
    assert_true(logits[EOT] > -INFINITY && logits[5] > -INFINITY);
    flat(logits);                   /* after words: later stamps only */
    whisper_rules_apply(w, logits, words, 3);
    assert_int_equal(n_allowed(logits, STAMP, N_VOCAB), N_VOCAB - STAMP - 1);
    flat(logits);                   /* after an end: its start, the same or later, or the end of all; no words */
    whisper_rules_apply(w, logits, ended, 3);
    assert_int_equal(n_allowed(logits, 0, EOT), 0);
    assert_true(logits[EOT] > -INFINITY);
    assert_int_equal(n_allowed(logits, STAMP, N_VOCAB), N_VOCAB - STAMP - 9);
    flat(logits);                   /* after a pair: words */
    whisper_rules_apply(w, logits, paired, 4);
    assert_int_equal(n_allowed(logits, STAMP, N_VOCAB), 0);
    assert_true(n_allowed(logits, 0, EOT) > 0);
    whisper_close(w);
}

/* 33 stamps at 0 weigh ln 33 = 3.5 together. */
static void test_likely_stamps_win(void **state)
{
    const int32_t words[] = { STAMP, 5 };
    struct whisper *w = tiny();
    float logits[N_VOCAB];
    (void)state;

    for (int i = 0; i < N_VOCAB; i++)
        logits[i] = i < STAMP ? 3.0f : 0.0f;
    whisper_rules_apply(w, logits, words, 2);
    assert_int_equal(n_allowed(logits, 0, STAMP), 0);
    whisper_close(w);
}

static void test_suppressed(void **state)
{
    const int32_t words[] = { STAMP, 5 };
    struct whisper *w = tiny();
    float logits[N_VOCAB];
    (void)state;

    flat(logits);
    whisper_rules_apply(w, logits, words, 2);
    assert_false(logits[1] > -INFINITY);            /* "(" */
    assert_true(logits[0] > -INFINITY);             /* a blank later is fine */
    assert_false(logits[w->ids.sot] > -INFINITY);
    assert_false(logits[w->ids.no_timestamps] > -INFINITY);
    whisper_close(w);
}

static void test_pick(void **state)
{
    float logits[] = { 0.0f, logf(3.0f), -INFINITY, 0.0f }, logprob;
    uint64_t random = 7;
    size_t count[4] = { 0 };
    (void)state;

    assert_int_equal(whisper_rules_pick(logits, 4, 0.0f, &random, &logprob), 1);
    assert_true(fabsf(logprob - logf(0.6f)) < 1e-6f);
    for (int i = 0; i < 10000; i++)
        count[whisper_rules_pick(logits, 4, 1.0f, &random, &logprob)]++;
    assert_int_equal(count[2], 0);
    /* 10000 draws at 0.6: standard deviation 49; five of them. */
    assert_in_range(count[1], 5755, 6245);
    for (int i = 0; i < 4; i++)
        logits[i] = NAN;
    assert_in_range(whisper_rules_pick(logits, 4, 0.5f, &random, &logprob), 0, 3);
}

static void test_compression(void **state)
{
    char loop[600];
    const char *plain = "And so my fellow Americans, ask not what your country can do for you.";
    (void)state;

    for (size_t i = 0; i < sizeof loop; i++)
        loop[i] = "Thank you. "[i % 11];
    assert_true(whisper_compression_ratio(loop, sizeof loop) > 2.4f);
    assert_true(whisper_compression_ratio(plain, strlen(plain)) < 1.5f);
    assert_true(whisper_compression_ratio("", 0) <= 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_is_a_stamp), cmocka_unit_test(test_stamps_come_in_pairs),
        cmocka_unit_test(test_likely_stamps_win), cmocka_unit_test(test_suppressed), cmocka_unit_test(test_pick),
        cmocka_unit_test(test_compression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
