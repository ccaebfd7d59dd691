/* test_kv.c - what the cache keeps: as F16 or Q8_0, of earlier texts, behind a turn that is left out. */
#include "tests/nmse.h"
#include "tests/random_blocks.h"

#include "tensor/quant.h"
#include "text/context.h"

#include <math.h>

#define N_MOST 700

struct setup {
    struct text_model *m;
    struct compute c;
    struct text_context *x;
    int32_t ids[N_MOST];
};

static struct setup set_up_model(struct text_model *m, size_t n_ctx, size_t n_threads, enum text_kv kv)
{
    struct setup s = { .m = m, .c = must_compute(n_threads) };
    struct error err = { 0 };

    s.x = text_context_new_as(s.m, n_ctx, kv, &err);
    if (s.x == NULL)
        fail_msg("%s", err.text);
    tiny_prompt(s.ids, N_MOST);
    return s;
}

static struct setup set_up_as(const char *path, size_t n_ctx, size_t n_threads, enum text_kv kv)
{
    return set_up_model(must_open(path), n_ctx, n_threads, kv);
}

static struct setup set_up(const char *path, size_t n_ctx)
{
    return set_up_as(path, n_ctx, 2, TEXT_KV_F16);
}

static void tear_down(struct setup *s)
{
    text_context_free(s->x);
    text_model_close(s->m);
    compute_done(&s->c);
}

static size_t forget(struct setup *s, size_t from, const int32_t *ids, size_t n)
{
    return text_forget(s->x, &s->c, from, &(struct text_span){ .ids = ids, .n = n }, 1);
}

static const float *prefill(struct setup *s, const int32_t *ids, size_t n, size_t *n_reused)
{
    struct text_span span = { .ids = ids, .n = n };
    struct error err = { 0 };
    const float *logits;

    if (!text_prefill(s->x, &s->c, &span, 1, &logits, n_reused, NULL, NULL, &err))
        fail_msg("%s", err.text);
    return logits;
}

/* ---- earlier texts ------------------------------------------------------------------------- */

/* n tokens of which the first n_same are those of the prompt. */
static void branch(const struct setup *s, size_t n_same, int32_t other, size_t n, int32_t *ids)
{
    memcpy(ids, s->ids, n * sizeof *ids);
    for (size_t i = n_same; i < n; i++)
        ids[i] = (ids[i] + other) % TINY_N_VOCAB;
}

static void test_a_branch_is_put_back(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 1024);
    int32_t a[200], b[200], c[200];
    float wanted[TINY_N_VOCAB];
    size_t n_reused;

    (void)state;
    branch(&s, 200, 0, 200, a);
    branch(&s, 120, 1, 200, b);                 /* two answers to one question ... */
    branch(&s, 160, 2, 200, c);                 /* ... and another end of the first */
    prefill(&s, a, 200, &n_reused);
    memcpy(wanted, prefill(&s, a, 200, &n_reused), sizeof wanted);      /* its last position alone */
    prefill(&s, b, 200, &n_reused);
    assert_int_equal(n_reused, 120);
    assert_memory_equal(prefill(&s, a, 200, &n_reused), wanted, sizeof wanted);
    assert_int_equal(n_reused, 199);
    prefill(&s, b, 200, &n_reused);
    assert_int_equal(n_reused, 199);
    prefill(&s, c, 200, &n_reused);             /* of a, as far as it goes */
    assert_int_equal(n_reused, 160);
    prefill(&s, b, 200, &n_reused);
    assert_int_equal(n_reused, 199);
    assert_memory_equal(prefill(&s, a, 200, &n_reused), wanted, sizeof wanted);
    assert_int_equal(n_reused, 199);
    tear_down(&s);
}

/* Two that follow each other: what the first leads to and the second goes on from. */
static void test_tails_follow_each_other(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 1024);
    int32_t a[200], b[100], c[200];
    float wanted[TINY_N_VOCAB];
    size_t n_reused;

    (void)state;
    branch(&s, 200, 0, 200, a);
    branch(&s, 150, 1, 200, c);                 /* leaves a at 150 */
    branch(&s, 50, 2, 100, b);                  /* leaves both at 50 */
    prefill(&s, a, 200, &n_reused);
    memcpy(wanted, prefill(&s, a, 200, &n_reused), sizeof wanted);
    prefill(&s, c, 200, &n_reused);             /* keeps a from 150 */
    prefill(&s, b, 100, &n_reused);             /* keeps c from 50 */
    assert_int_equal(n_reused, 50);
    assert_memory_equal(prefill(&s, a, 200, &n_reused), wanted, sizeof wanted);
    assert_int_equal(n_reused, 199);
    tear_down(&s);
}

static void test_rows_are_told_apart(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 1024);
    size_t n_embd = text_model_info(s.m)->n_embd, n_reused;
    float *rows = malloc(60 * n_embd * sizeof *rows);
    struct text_span spans[] = { { .ids = s.ids, .n = 30 }, { .rows = rows, .n = 60 }, { .ids = s.ids, .n = 20 } };
    struct error err = { 0 };
    const float *logits;
    int32_t b[60];

    (void)state;
    assert_true(text_embed(s.m, &s.c, s.ids + 100, 60, rows, &err));
    branch(&s, 30, 1, 60, b);
    assert_true(text_prefill(s.x, &s.c, spans, 3, &logits, &n_reused, NULL, NULL, &err));
    prefill(&s, b, 60, &n_reused);
    assert_true(text_prefill(s.x, &s.c, spans, 3, &logits, &n_reused, NULL, NULL, &err));
    assert_int_equal(n_reused, 109);
    prefill(&s, b, 60, &n_reused);
    rows[40 * n_embd] += 1.0f;
    assert_true(text_prefill(s.x, &s.c, spans, 3, &logits, &n_reused, NULL, NULL, &err));
    assert_int_equal(n_reused, 70);
    free(rows);
    tear_down(&s);
}

/* No more than a quarter of the positions is kept: those of late; of what is longer, its beginning. */
static void test_what_is_kept_is_bounded(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 400);
    size_t row = text_model_info(s.m)->kv_bytes_per_token, alone = text_context_bytes(s.x), n_reused;
    int32_t ids[400];

    (void)state;
    for (int32_t i = 0; i < 40; i++) {
        branch(&s, 50, i, 80, ids);
        prefill(&s, ids, 80, &n_reused);
        size_t n_bytes = text_context_bytes(s.x) - alone;
        if (n_bytes > 100 * row + KV_TAILS_MOST * (400 * 12 + sizeof(struct kv_tail)))
            fail_msg("%zu bytes are kept", n_bytes);
    }
    branch(&s, 50, 37, 80, ids);
    prefill(&s, ids, 80, &n_reused);
    assert_int_equal(n_reused, 79);
    branch(&s, 50, 20, 80, ids);
    prefill(&s, ids, 80, &n_reused);
    assert_int_equal(n_reused, 50);
    branch(&s, 0, 50, 300, ids);
    prefill(&s, ids, 300, &n_reused);
    prefill(&s, s.ids, 50, &n_reused);
    prefill(&s, ids, 300, &n_reused);
    assert_int_equal(n_reused, 100);
    tear_down(&s);
}

/* ---- a turn left out ------------------------------------------------------------------------ */

/* Keys or values of one head as numbers [n][head_dim]. */
static void read_head(const struct kv_cache *kv, const void *x, size_t l, size_t h, size_t n, float *out)
{
    const uint16_t *half = (const uint16_t *)(const void *)((const char *)x + kv_cache_place(kv, l, h, 0));

    for (size_t i = 0; i < n * kv->head_dim; i++)
        out[i] = quant_f16_to_f32(half[i]);
}

/* `gone` of n tokens are left out from position `from` on. */
struct shift {
    const char *path;
    size_t i_layer, n_ctx, from, gone, n;
};

/* Of the model one layer alone, put first. */
static struct setup set_up_layer(const struct shift *t)
{
    struct setup s = set_up(t->path, t->n_ctx);

    s.m->net.layers[0] = s.m->net.layers[t->i_layer];       /* the model is ours alone */
    s.m->net.n_layer = 1;
    return s;
}

/* In the first layer a key depends on its token and position alone: turned back it is what it
 * would be there.  Each was rounded to F16 once or twice, by 2^-11 of it at most: 3 times
 * (2^-11)^2 / 3 of its power. */
static void check_head(const struct shift *t, const struct setup *s, const struct setup *fresh, size_t h, size_t n)
{
    const struct kv_cache *kv = &s->x->kv, *other = &fresh->x->kv;
    float found[N_MOST * 64], wanted[N_MOST * 64];

    read_head(kv, kv->k, 0, h, n, found);
    read_head(other, other->k, 0, h, n, wanted);
    double error = nmse(found, wanted, n * kv->head_dim);
    if (!(error <= 0x1p-22))
        fail_msg("%s: layer %zu, context %zu: keys of head %zu: NMSE %g", t->path, t->i_layer, t->n_ctx, h, error);
    read_head(kv, kv->v, 0, h, n, found);
    read_head(other, other->v, 0, h, n, wanted);
    assert_true(nmse(found, wanted, n * kv->head_dim) <= 1e-8);         /* other chunks */
}

/* Nor do the logits of one layer know what is gone, if its window moved along. */
static void check_shift(const struct shift *t)
{
    struct setup s = set_up_layer(t), fresh = set_up_layer(t);
    size_t n = t->n - t->gone, n_reused;
    int32_t rest[N_MOST];

    memcpy(rest, s.ids, t->from * sizeof *rest);
    memcpy(rest + t->from, s.ids + t->from + t->gone, (n - t->from) * sizeof *rest);
    prefill(&s, s.ids, t->n, &n_reused);
    assert_int_equal(forget(&s, t->from, s.ids + t->from, t->gone), n - t->from);
    assert_int_equal(text_context_used(s.x), n);
    const float *wanted = prefill(&fresh, rest, n, &n_reused);
    assert_memory_equal(s.x->kv.ids, fresh.x->kv.ids, n * sizeof *rest);
    for (size_t h = 0; h < s.x->kv.n_head_kv; h++)
        check_head(t, &s, &fresh, h, n);
    double error = nmse(prefill(&s, rest, n, &n_reused), wanted, TINY_N_VOCAB);
    assert_int_equal(n_reused, n - 1);          /* found again, and goes on */
    if (!(error <= 1e-6))                       /* as in test_architectures.c */
        fail_msg("%s: layer %zu, context %zu: logits: NMSE %g", t->path, t->i_layer, t->n_ctx, error);
    tear_down(&s);
    tear_down(&fresh);
}

/* Windows of 37 reach over what is gone. */
static void test_keys_are_turned_back(void **state)
{
    static const struct shift shifts[] = {
        { TINY_LLAMA, 0, 1024, 40, 100, 300 },                              /* pairs side by side */
        { TINY_QWEN2, 0, 1024, 40, 100, 300 },                              /* pairs half a head apart */
        { TINY_WIDE, 0, 1024, 40, 100, 300 },
        { "tests/golden/text_llama3.gguf", 0, 1024, 40, 100, 300 },         /* rope_freqs */
        { "tests/golden/text_mistral.gguf", 1, 1024, 180, 100, 300 },       /* a window */
        { "tests/golden/text_qwen3.gguf", 0, 1024, 40, 100, 300 },          /* YaRN, which magnifies keys */
        { "tests/golden/text_gemma3.gguf", 0, 1024, 180, 100, 300 },        /* a window, and a theta of its own */
        { "tests/golden/text_gemma3.gguf", 5, 1024, 180, 100, 300 },        /* sees all; slower by 8 */
        { "tests/golden/text_phi3.gguf", 0, 1024, 180, 333, 700 },          /* LongRoPE's long factors, a window of 200 */
        { "tests/golden/text_phi3.gguf", 0, 64, 20, 17, 60 },               /* its short ones */
    };

    (void)state;
    for (size_t i = 0; i < sizeof shifts / sizeof shifts[0]; i++)
        check_shift(&shifts[i]);
}

static void test_forget_at_the_ends(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 1024);
    size_t n_reused;

    (void)state;
    prefill(&s, s.ids, 100, &n_reused);
    assert_int_equal(forget(&s, 40, s.ids + 40, 0), 0);
    assert_int_equal(forget(&s, 200, s.ids + 40, 10), 0);
    assert_int_equal(forget(&s, 90, s.ids + 90, 10), 0);        /* nothing behind */
    assert_int_equal(forget(&s, 50, s.ids + 50, 600), 0);
    assert_int_equal(forget(&s, 50, s.ids + 51, 10), 0);        /* something else stands there */
    assert_int_equal(text_context_used(s.x), 100);
    assert_int_equal(forget(&s, 89, s.ids + 89, 10), 1);
    assert_int_equal(text_context_used(s.x), 90);
    assert_int_equal(forget(&s, 0, s.ids, 10), 80);
    assert_int_equal(text_context_used(s.x), 80);
    tear_down(&s);
}

/* ---- Q8_0 ------------------------------------------------------------------------------------- */

static void test_q8_0_takes_half(void **state)
{
    struct setup s = set_up_as(TINY_WIDE, 1024, 1, TEXT_KV_Q8_0), half = set_up(TINY_WIDE, 1024);
    size_t rows = 1024 * text_model_info(s.m)->kv_bytes_per_token;

    (void)state;                                /* 34 bytes in place of 64 */
    assert_in_range(text_context_bytes(half.x) - text_context_bytes(s.x), rows * 15 / 32 - 4096, rows * 15 / 32 + 4096);
    tear_down(&s);
    tear_down(&half);
}

/* A number of Q8_0 is off by d / 2 at most, d^2 / 12 in the mean, d = max / 127; of 32 numbers
 * the largest is about 2.2 times their deviation: (2.2 / 127)^2 / 12 = 2.5e-5 of their power, which
 * the layers magnify by some. */
static void test_q8_0_is_near(void **state)
{
    struct setup s = set_up_as(TINY_WIDE, 1024, 2, TEXT_KV_Q8_0), half = set_up(TINY_WIDE, 1024);
    static const size_t lengths[] = { 2, 41, 300, 700 };
    size_t n_reused;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const float *wanted = prefill(&half, half.ids, lengths[i], &n_reused);
        double error = nmse(prefill(&s, s.ids, lengths[i], &n_reused), wanted, TINY_N_VOCAB);
        print_message("%zu tokens: NMSE %g\n", lengths[i], error);
        if (!(error <= 1e-3) || error == 0.0)
            fail_msg("%zu tokens: NMSE %g", lengths[i], error);
    }
    tear_down(&s);
    tear_down(&half);
}

/* After n tokens, and after one more by itself. */
static void check_q8_0(struct setup *s, struct setup *half, const char *name, size_t n)
{
    const float *found, *wanted;
    struct error err = { 0 };
    size_t n_reused;

    for (size_t one = 0; one < 2; one++) {
        if (one == 0) {
            found = prefill(s, s->ids, n, &n_reused);
            wanted = prefill(half, half->ids, n, &n_reused);
        } else
            assert_true(text_decode(s->x, &s->c, s->ids[n], &found, &err) && text_decode(half->x, &half->c, s->ids[n], &wanted, &err));
        double error = nmse(found, wanted, TINY_N_VOCAB);
        if (!(error <= 3.5e-4) || error == 0.0)
            fail_msg("%s: %zu tokens and %zu: NMSE %g", name, n, one, error);
    }
}

/* Windows of 37, in all layers or in the first of two; heads of 64.  Many rows see Q8_0 as floats, one as F16.
 * Measured against an F16 cache: at most 1.11e-4. */
static void test_q8_0_with_windows(void **state)
{
    static const char *const paths[] = { "tests/golden/text_types_mistral.gguf", "tests/golden/text_types_gemma3.gguf" };
    static const size_t lengths[] = { 2, 41, 300, 699 };

    (void)state;
    for (size_t k = 0; k < 2; k++) for (size_t i = 0; i < 4; i++) {
        struct setup s = set_up_model(random_model(paths[k], &block_rules[0]), 1024, 2, TEXT_KV_Q8_0);
        struct setup half = set_up_model(random_model(paths[k], &block_rules[0]), 1024, 2, TEXT_KV_F16);
        check_q8_0(&s, &half, paths[k], lengths[i]);
        tear_down(&s);
        tear_down(&half);
    }
}

static void test_q8_0_threads_agree(void **state)
{
    static const size_t n_threads[] = { 1, 2, 7 };
    float wanted[2][TINY_N_VOCAB];
    struct error err = { 0 };
    const float *logits;
    size_t n_reused;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct setup s = set_up_as(TINY_WIDE, 1024, n_threads[i], TEXT_KV_Q8_0);
        logits = prefill(&s, s.ids, 600, &n_reused);
        if (i == 0)
            memcpy(wanted[0], logits, sizeof wanted[0]);
        assert_memory_equal(logits, wanted[0], sizeof wanted[0]);
        assert_true(text_decode(s.x, &s.c, 5, &logits, &err));
        if (i == 0)
            memcpy(wanted[1], logits, sizeof wanted[1]);
        assert_memory_equal(logits, wanted[1], sizeof wanted[1]);
        tear_down(&s);
    }
}

/* Kept and put back as it is; nothing is forgotten, which would round again what stands behind. */
static void test_q8_0_keeps(void **state)
{
    struct setup s = set_up_as(TINY_WIDE, 1024, 2, TEXT_KV_Q8_0);
    float wanted[TINY_N_VOCAB];
    int32_t b[200];
    size_t n_reused;

    (void)state;
    branch(&s, 120, 1, 200, b);
    prefill(&s, s.ids, 200, &n_reused);
    memcpy(wanted, prefill(&s, s.ids, 200, &n_reused), sizeof wanted);
    prefill(&s, b, 200, &n_reused);
    assert_memory_equal(prefill(&s, s.ids, 200, &n_reused), wanted, sizeof wanted);
    assert_int_equal(n_reused, 199);
    assert_int_equal(forget(&s, 50, s.ids + 50, 20), 0);
    assert_int_equal(text_context_used(s.x), 200);
    tear_down(&s);
}

static void test_q8_0_is_refused(void **state)
{
    struct text_model *m = must_open(TINY_LLAMA);
    struct error err = { 0 };

    (void)state;                                /* heads of 8 */
    assert_null(text_context_new_as(m, 0, TEXT_KV_Q8_0, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "have 8"));
    assert_non_null(strstr(err.text, "--kv f16"));
    text_model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_branch_is_put_back),
        cmocka_unit_test(test_tails_follow_each_other),
        cmocka_unit_test(test_rows_are_told_apart),
        cmocka_unit_test(test_what_is_kept_is_bounded),
        cmocka_unit_test(test_keys_are_turned_back),
        cmocka_unit_test(test_forget_at_the_ends),
        cmocka_unit_test(test_q8_0_takes_half),
        cmocka_unit_test(test_q8_0_is_near),
        cmocka_unit_test(test_q8_0_with_windows),
        cmocka_unit_test(test_q8_0_threads_agree),
        cmocka_unit_test(test_q8_0_keeps),
        cmocka_unit_test(test_q8_0_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
