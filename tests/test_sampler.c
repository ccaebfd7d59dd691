/* Sampling against the probabilities that the definitions give. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/sampler.h"

static struct sampler *make(struct sampler_params p, size_t n_vocab)
{
    struct error err = { 0 };
    struct sampler *s = sampler_new(&p, n_vocab, &err);

    if (s == NULL)
        fail_msg("%s", err.text);
    return s;
}

static struct sampler_params off(float temperature)
{
    return (struct sampler_params){
        .temperature = temperature, .top_p = 1.0f, .typical_p = 1.0f, .repetition_penalty = 1.0f, .penalty_window = 64,
        .dry_base = 1.75f, .mirostat_eta = 0.1f, .seed = 42,
    };
}

/* Draws n times and compares how often each id came with its probability: within
 * five standard deviations of the binomial, which chance leaves once in a million. */
static void check_frequencies(struct sampler_params p, const float *logits, const double *wanted, size_t n_vocab)
{
    enum { N = 20000 };
    struct sampler *s = make(p, n_vocab);
    size_t *counts = calloc(n_vocab, sizeof *counts);

    for (size_t i = 0; i < N; i++)
        counts[sampler_next(s, logits)]++;
    for (size_t i = 0; i < n_vocab; i++) {
        double deviation = sqrt(N * wanted[i] * (1.0 - wanted[i]));
        if (fabs((double)counts[i] - N * wanted[i]) > 5.0 * deviation)
            fail_msg("id %zu came %zu of %d times, wanted %.0f", i, counts[i], N, N * wanted[i]);
    }
    free(counts);
    sampler_free(s);
}

/* ln of 1, 8, 4, 2, 0 and 1 sixteenths */
static const float logits6[6] = { -2.7725887f, -0.6931472f, -1.3862944f, -2.0794415f, -INFINITY, -2.7725887f };

static void test_temperature(void **state)
{
    const double one[6] = { 1. / 16, 8. / 16, 4. / 16, 2. / 16, 0, 1. / 16 };
    const double half[6] = { 1. / 86, 64. / 86, 16. / 86, 4. / 86, 0, 1. / 86 };    /* squares */

    (void)state;
    check_frequencies(off(1.0f), logits6, one, 6);
    check_frequencies(off(0.5f), logits6, half, 6);
}

static void test_top_k(void **state)
{
    const double wanted[6] = { 0, 8. / 14, 4. / 14, 2. / 14, 0, 0 };
    struct sampler_params p = off(1.0f);

    (void)state;
    p.top_k = 3;
    check_frequencies(p, logits6, wanted, 6);
}

/* The fewest whose probabilities reach p; after top-k, within what that left. */
static void test_top_p(void **state)
{
    const double two[6] = { 0, 8. / 12, 4. / 12, 0, 0, 0 }, one[6] = { 0, 1, 0, 0, 0, 0 };
    struct sampler_params p = off(1.0f);

    (void)state;
    p.top_p = 0.7f;
    check_frequencies(p, logits6, two, 6);
    p.top_p = 0.45f;
    check_frequencies(p, logits6, one, 6);
    p.top_p = 0.55f;                                    /* 8/14 of the best three reach it, 8/16 of all do not */
    p.top_k = 3;
    check_frequencies(p, logits6, one, 6);
}

static void test_min_p(void **state)
{
    const double wanted[6] = { 0, 8. / 14, 4. / 14, 2. / 14, 0, 0 };
    struct sampler_params p = off(1.0f);

    (void)state;
    p.min_p = 0.2f;                                     /* of 8/16: 1.6/16 */
    check_frequencies(p, logits6, wanted, 6);
}

static void test_greedy(void **state)
{
    const float logits[5] = { NAN, 1.0f, 3.0f, 3.0f, -INFINITY };
    struct sampler *s = make(off(0.0f), 5);

    (void)state;
    assert_int_equal(sampler_next(s, logits), 2);       /* of equals the first */
    assert_int_equal(sampler_next(s, logits), 2);
    sampler_free(s);
}

static void test_top_k_of_one_is_greedy(void **state)
{
    struct sampler_params p = off(5.0f);
    float logits[1000];

    (void)state;
    p.top_k = 1;
    struct sampler *s = make(p, 1000);
    for (size_t round = 0; round < 50; round++) {
        int32_t best = 0;
        for (size_t i = 0; i < 1000; i++) {
            logits[i] = sinf((float)(i * 7919 + round * 104729));
            best = logits[i] > logits[best] ? (int32_t)i : best;
        }
        assert_int_equal(sampler_next(s, logits), best);
    }
    sampler_free(s);
}

static int by_logit(const void *a, const void *b)
{
    const float *x = *(const float *const *)a, *y = *(const float *const *)b;

    return *x != *y ? (*x < *y ? 1 : -1) : x < y ? -1 : 1;
}

/* A vocabulary of many blocks and a rest, with as many equals as chance gives, and values that
 * are no numbers among them. */
static void test_top_k_of_many(void **state)
{
    enum { N = 1003, K = 40 };
    static float logits[N];
    static const float *sorted[N];
    static double wanted[N];
    struct sampler_params p = off(1.0f);
    double sum = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        logits[i] = (float)(i * 7919 % 257 / 4) * 0.05f;
        sorted[i] = &logits[i];
    }
    qsort(sorted, N, sizeof *sorted, by_logit);
    for (size_t i = 0; i < K; i++)
        sum += exp((double)*sorted[i]);
    for (size_t i = 0; i < K; i++)
        wanted[sorted[i] - logits] = exp((double)*sorted[i]) / sum;
    for (size_t i = 0; i < N; i++)
        if (wanted[i] == 0.0 && i % 5 == 0)
            logits[i] = i % 2 == 0 ? NAN : -INFINITY;
    p.top_k = K;
    check_frequencies(p, logits, wanted, N);
    struct sampler *s = make(off(0.0f), N);
    assert_int_equal(sampler_next(s, logits), sorted[0] - logits);
    sampler_free(s);
}

static void test_seed(void **state)
{
    struct sampler_params p = off(2.0f);
    struct sampler *a = make(p, 6), *b = make(p, 6);
    size_t n_unlike = 0;

    (void)state;
    p.seed = 43;
    struct sampler *c = make(p, 6);
    for (size_t i = 0; i < 200; i++) {
        int32_t id = sampler_next(a, logits6);
        assert_int_equal(sampler_next(b, logits6), id);
        n_unlike += sampler_next(c, logits6) != id;
    }
    assert_true(n_unlike > 50);
    sampler_free(a);
    sampler_free(b);
    sampler_free(c);
}

static void test_repetition_penalty(void **state)
{
    const float positive[3] = { 1.0f, 1.9f, 2.0f }, negative[3] = { -3.0f, -1.1f, -1.0f };
    struct sampler_params p = off(0.0f);

    (void)state;
    p.repetition_penalty = 1.2f;
    p.penalty_window = 1;
    struct sampler *s = make(p, 3);
    assert_int_equal(sampler_next(s, positive), 2);
    assert_int_equal(sampler_next(s, positive), 1);     /* 2 / 1.2 < 1.9 */
    assert_int_equal(sampler_next(s, positive), 2);     /* 2 has left the window */
    assert_int_equal(sampler_next(s, negative), 1);     /* -1 x 1.2 < -1.1 */
    sampler_free(s);
    p.penalty_window = 2;
    s = make(p, 3);
    sampler_next(s, positive);
    sampler_next(s, positive);
    sampler_next(s, positive);                          /* 2 and 1 both penalised, once each: 2 wins */
    assert_int_equal(sampler_next(s, positive), 2);
    sampler_free(s);
    p.penalty_window = 0;
    s = make(p, 3);
    assert_int_equal(sampler_next(s, positive), 2);
    assert_int_equal(sampler_next(s, positive), 2);
    sampler_free(s);
}

static void test_logits_that_are_no_numbers(void **state)
{
    float logits[4];
    struct sampler_params p = off(1.0f);

    (void)state;
    p.top_k = 2;
    p.top_p = 0.9f;
    struct sampler *s = make(p, 4);
    static const float bad[] = { NAN, -INFINITY, INFINITY };
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < 4; i++)
            logits[i] = bad[k];
        int32_t id = sampler_next(s, logits);
        assert_true(id >= 0 && id < 4);
    }
    logits[0] = NAN, logits[1] = 0.0f, logits[2] = NAN, logits[3] = -INFINITY;
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(sampler_next(s, logits), 1);
    sampler_free(s);
}

static void test_bad_settings_are_refused(void **state)
{
    struct sampler_params bad[14];
    static const struct sampler_bias bias = { 1, NAN };
    struct error err;

    (void)state;
    for (size_t i = 0; i < 14; i++)
        bad[i] = sampler_params_default();
    bad[0].temperature = -1.0f;
    bad[1].temperature = NAN;
    bad[2].top_p = 0.0f;
    bad[3].top_p = 1.5f;
    bad[4].min_p = -0.1f;
    bad[5].repetition_penalty = 0.0f;
    bad[6].typical_p = 0.0f;
    bad[7].frequency_penalty = NAN;
    bad[8].presence_penalty = INFINITY;
    bad[9].dry_multiplier = -1.0f;
    bad[10].dry_base = 0.5f;
    bad[11].mirostat_tau = -1.0f;
    bad[12].mirostat_eta = 0.0f;
    bad[13].biases = &bias;
    bad[13].n_biases = 1;
    for (size_t i = 0; i < 14; i++) {
        err.code = ERROR_NONE;
        assert_null(sampler_new(&bad[i], 10, &err));
        assert_int_equal(err.code, ERROR_USAGE);
    }
}

/* ---- tests/golden/sampler.txt ------------------------------------------------------- */

struct golden {
    struct sampler_params params;
    struct sampler_bias biases[8];
    int32_t breakers[8];
    size_t n_vocab, same_logits;
};

static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* As make_sampler.py has them. */
static void golden_logits(uint64_t seed, float *logits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        logits[i] = (float)(split_mix(&seed) >> 40) * 0x0.Cp-20f - 6.0f;
}

static void read_lists(struct golden *g, const char *key, char *value)
{
    for (char *item = strtok(value, ","); item != NULL; item = strtok(NULL, ",")) {
        char *bias = strchr(item, ':');
        if (strcmp(key, "biases") == 0)
            g->biases[g->params.n_biases++] = (struct sampler_bias){ (int32_t)strtol(item, NULL, 10), strtof(bias + 1, NULL) };
        else
            g->breakers[g->params.n_dry_breakers++] = (int32_t)strtol(item, NULL, 10);
    }
}

static void read_setting(struct golden *g, const char *key, char *value)
{
    struct sampler_params *p = &g->params;
    const struct { const char *key; float *real; size_t *count; } fields[] = {
        { "temperature", &p->temperature, NULL }, { "top_k", NULL, &p->top_k }, { "top_p", &p->top_p, NULL }, { "min_p", &p->min_p, NULL },
        { "typical_p", &p->typical_p, NULL }, { "repetition_penalty", &p->repetition_penalty, NULL },
        { "frequency_penalty", &p->frequency_penalty, NULL }, { "presence_penalty", &p->presence_penalty, NULL },
        { "penalty_window", NULL, &p->penalty_window }, { "dry_multiplier", &p->dry_multiplier, NULL }, { "dry_base", &p->dry_base, NULL },
        { "dry_allowed_length", NULL, &p->dry_allowed_length }, { "dry_range", NULL, &p->dry_range },
        { "mirostat_tau", &p->mirostat_tau, NULL }, { "mirostat_eta", &p->mirostat_eta, NULL },
        { "n_vocab", NULL, &g->n_vocab }, { "same_logits", NULL, &g->same_logits },
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(fields[i].key, key) != 0)
            continue;
        if (fields[i].real != NULL)
            *fields[i].real = strtof(value, NULL);
        else
            *fields[i].count = strtoul(value, NULL, 10);
        return;
    }
    if (strcmp(key, "seed") == 0)
        p->seed = strtoull(value, NULL, 10);
    else
        read_lists(g, key, value);
}

/* Ids exact: draws fall within rounding of a limit once in many millions. */
static void check_golden(char *line, size_t number)
{
    struct golden g = { 0 };
    char *settings = strtok(line, "|"), *ids = strtok(NULL, "|"), *rest = NULL;
    float logits[256];

    for (char *item = strtok_r(settings, " ", &rest); item != NULL; item = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(item, '=');
        *value = '\0';
        read_setting(&g, item, value + 1);
    }
    g.params.biases = g.biases;
    g.params.dry_breakers = g.breakers;
    struct sampler *s = make(g.params, g.n_vocab);
    for (size_t step = 0; *ids != '\0' && *ids != '\n'; step++) {
        golden_logits(1000 * number + (g.same_logits ? 0 : step), logits, g.n_vocab);
        int32_t wanted = (int32_t)strtol(ids, &ids, 10), id = sampler_next(s, logits);
        if (id != wanted)
            fail_msg("case %zu, step %zu: %d, wanted %d", number, step, (int)id, (int)wanted);
    }
    sampler_free(s);
}

static void test_golden(void **state)
{
    FILE *from = fopen("tests/golden/sampler.txt", "r");
    char line[2048];
    size_t n = 0;

    (void)state;
    assert_non_null(from);
    while (fgets(line, sizeof line, from) != NULL)
        check_golden(line, n++);
    fclose(from);
    assert_true(n >= 38);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_top_k),
        cmocka_unit_test(test_top_p),
        cmocka_unit_test(test_min_p),
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_top_k_of_one_is_greedy),
        cmocka_unit_test(test_top_k_of_many),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_repetition_penalty),
        cmocka_unit_test(test_logits_that_are_no_numbers),
        cmocka_unit_test(test_bad_settings_are_refused),
        cmocka_unit_test(test_golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
