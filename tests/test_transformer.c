/* The forward pass against the transformers library (tests/golden/make_tiny_models.py),
 * and that all ways through it agree: chunks, tokens one by one, rows for ids, a kept
 * prefix, any number of threads. */
#include "tests/nmse.h"
#include "tests/text_models.h"

#include <math.h>

/* ---- allocations counted, where no sanitizer has its own malloc ------------------------ */

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
static size_t n_allocations;
#else
static size_t n_allocations;
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void *malloc(size_t n) { n_allocations++; return __libc_malloc(n); }
void *calloc(size_t n, size_t size) { n_allocations++; return __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { n_allocations++; return __libc_realloc(p, n); }
void *aligned_alloc(size_t alignment, size_t n) { n_allocations++; return __libc_memalign(alignment, n); }
#endif

/* ---- helpers ----------------------------------------------------------------------------- */

static const size_t lengths[] = { 1, 2, 7, 41, 300, 513, 700 };    /* as in make_tiny_models.py */
#define N_LENGTHS (sizeof lengths / sizeof lengths[0])
#define LONGEST 700

static const float *prefill_spans(struct text_context *x, const struct compute *c, const struct text_span *spans,
                                  size_t n_spans, size_t *n_reused)
{
    struct error err = { 0 };
    const float *logits;

    if (!text_prefill(x, c, spans, n_spans, &logits, n_reused, NULL, NULL, &err))
        fail_msg("%s", err.text);
    return logits;
}

static const float *prefill(struct text_context *x, const struct compute *c, const int32_t *ids, size_t n)
{
    struct text_span span = { .ids = ids, .n = n };
    size_t n_reused;

    return prefill_spans(x, c, &span, 1, &n_reused);
}

static const float *decode(struct text_context *x, const struct compute *c, int32_t id)
{
    struct error err = { 0 };
    const float *logits;

    if (!text_decode(x, c, id, &logits, &err))
        fail_msg("%s", err.text);
    return logits;
}

/* A model with its context and the golden prompt. */
struct setup {
    struct text_model *m;
    struct text_context *x;
    struct compute c;
    int32_t ids[LONGEST];
};

static struct setup set_up(const char *path, size_t n_threads)
{
    struct setup s = { .m = must_open(path), .c = must_compute(n_threads) };

    s.x = must_context(s.m, 0);
    tiny_prompt(s.ids, LONGEST);
    return s;
}

static void tear_down(struct setup *s)
{
    text_context_free(s->x);
    text_model_close(s->m);
    compute_done(&s->c);
}

/* ---- against the reference ------------------------------------------------------------------ */

/* The acceptance's bound.  The reference is in float64 with a cache in float64; what
 * ours deviates is mostly the rounding of keys and values to F16: 2^-24 / 3 of their
 * power, 2e-8, which attention magnifies by a few. */
#define BOUND 1e-6

static void check_logits(const float *logits, const float *wanted, size_t i)
{
    double error = nmse(logits, wanted + i * TINY_N_VOCAB, TINY_N_VOCAB);

    if (!(error <= BOUND))
        fail_msg("%zu tokens: NMSE %g", lengths[i], error);
}

static void check_golden(const char *model, const char *golden)
{
    struct setup s = set_up(model, 2);
    size_t n;
    float *wanted = (float *)(void *)read_whole(golden, &n);

    assert_int_equal(n, N_LENGTHS * TINY_N_VOCAB * sizeof(float));
    for (size_t i = 0; i < N_LENGTHS; i++) {
        struct text_context *fresh = must_context(s.m, 0);
        check_logits(prefill(fresh, &s.c, s.ids, lengths[i]), wanted, i);
        text_context_free(fresh);
    }
    for (size_t i = 0, k = 0; i < LONGEST; i++) {       /* token by token */
        const float *logits = decode(s.x, &s.c, s.ids[i]);
        if (i + 1 == lengths[k])
            check_logits(logits, wanted, k++);
    }
    free(wanted);
    tear_down(&s);
}

static void test_llama_golden(void **state)
{
    (void)state;
    check_golden(TINY_LLAMA, "tests/golden/text_llama_tiny.f32");
}

static void test_qwen2_golden(void **state)
{
    (void)state;
    check_golden(TINY_QWEN2, "tests/golden/text_qwen2_tiny.f32");
}

/* ---- all ways agree ---------------------------------------------------------------------------- */

/* Other chunks mean other orders of sums (FLT_EPSILON, 1e-7) and so, rarely, another
 * rounding to F16 (5e-4 of one value among many): far below 1e-8 of the power. */
static void test_chunks_agree(void **state)
{
    struct setup s = set_up(TINY_QWEN2, 2);
    float whole[TINY_N_VOCAB];

    (void)state;
    memcpy(whole, prefill(s.x, &s.c, s.ids, LONGEST), sizeof whole);
    for (size_t step = 1; step <= 400; step = step * 3 + 1) {
        struct text_context *x = must_context(s.m, 0);
        const float *logits = NULL;
        for (size_t n = 0; n < LONGEST;) {
            n = n + step < LONGEST ? n + step : LONGEST;
            logits = prefill(x, &s.c, s.ids, n);
            assert_int_equal(text_context_used(x), n);
        }
        double error = nmse(logits, whole, TINY_N_VOCAB);
        if (!(error <= 1e-8))
            fail_msg("steps of %zu: NMSE %g", step, error);
        text_context_free(x);
    }
    tear_down(&s);
}

static void check_rows_equal_ids(const char *path)
{
    struct setup s = set_up(path, 2);
    size_t n_embd = text_model_info(s.m)->n_embd, n_reused;
    float *rows = malloc(LONGEST * n_embd * sizeof *rows), wanted[TINY_N_VOCAB];
    struct error err = { 0 };

    assert_true(text_embed(s.m, &s.c, s.ids, LONGEST, rows, &err));
    for (size_t i = 0; i < N_LENGTHS; i++) {
        struct text_context *a = must_context(s.m, 0), *b = must_context(s.m, 0);
        size_t n = lengths[i], cut = n / 3;
        struct text_span spliced[] = {
            { .ids = s.ids, .n = cut }, { .rows = rows + cut * n_embd, .n = n - 2 * cut }, { .ids = s.ids + n - cut, .n = cut },
        };
        struct text_span all = { .rows = rows, .n = n };
        memcpy(wanted, prefill(s.x, &s.c, s.ids, n), sizeof wanted);
        text_context_free(s.x);                         /* nothing kept from this one */
        s.x = must_context(s.m, 0);
        assert_memory_equal(prefill_spans(a, &s.c, &all, 1, &n_reused), wanted, sizeof wanted);
        assert_memory_equal(prefill_spans(b, &s.c, spliced, 3, &n_reused), wanted, sizeof wanted);
        text_context_free(a);
        text_context_free(b);
    }
    free(rows);
    tear_down(&s);
}

static void test_rows_equal_ids(void **state)
{
    (void)state;
    check_rows_equal_ids(TINY_LLAMA);
    check_rows_equal_ids(TINY_QWEN2);
}

static void test_threads_agree(void **state)
{
    static const size_t n_threads[] = { 1, 2, 7 };
    float wanted[2][TINY_N_VOCAB];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct setup s = set_up(TINY_LLAMA, n_threads[i]);
        const float *logits = prefill(s.x, &s.c, s.ids, 600);
        if (i == 0)
            memcpy(wanted[0], logits, sizeof wanted[0]);
        assert_memory_equal(logits, wanted[0], sizeof wanted[0]);
        logits = decode(s.x, &s.c, 5);
        if (i == 0)
            memcpy(wanted[1], logits, sizeof wanted[1]);
        assert_memory_equal(logits, wanted[1], sizeof wanted[1]);
        tear_down(&s);
    }
}

/* ---- the kept prefix ------------------------------------------------------------------------------ */

static void test_prefix_is_kept(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 2);
    size_t n_embd = text_model_info(s.m)->n_embd, n_reused;
    float *rows = malloc(40 * n_embd * sizeof *rows), wanted[TINY_N_VOCAB];
    struct text_span spans[] = { { .ids = s.ids, .n = 60 }, { .rows = rows, .n = 40 }, { .ids = s.ids + 60, .n = 30 } };
    struct error err = { 0 };

    (void)state;
    assert_true(text_embed(s.m, &s.c, s.ids + 200, 40, rows, &err));
    memcpy(wanted, prefill_spans(s.x, &s.c, spans, 3, &n_reused), sizeof wanted);
    assert_int_equal(n_reused, 0);
    assert_true(nmse(prefill_spans(s.x, &s.c, spans, 3, &n_reused), wanted, TINY_N_VOCAB) <= 1e-8);
    assert_int_equal(n_reused, 129);                    /* all but the last, whose logits are wanted */
    decode(s.x, &s.c, 7);
    spans[2].n = 35;                                    /* one decoded since, which is another token */
    prefill_spans(s.x, &s.c, spans, 3, &n_reused);
    assert_int_equal(n_reused, 130);
    rows[20 * n_embd + 3] = nextafterf(rows[20 * n_embd + 3], 1.0f);
    prefill_spans(s.x, &s.c, spans, 3, &n_reused);
    assert_int_equal(n_reused, 80);
    s.ids[59]++;
    prefill_spans(s.x, &s.c, spans, 3, &n_reused);
    assert_int_equal(n_reused, 59);
    struct text_span shorter = { .ids = s.ids, .n = 12 };
    memcpy(wanted, prefill_spans(s.x, &s.c, &shorter, 1, &n_reused), sizeof wanted);
    assert_int_equal(n_reused, 11);
    assert_int_equal(text_context_used(s.x), 12);
    struct text_context *fresh = must_context(s.m, 0);
    assert_true(nmse(prefill(fresh, &s.c, s.ids, 12), wanted, TINY_N_VOCAB) <= 1e-8);
    text_context_free(fresh);
    free(rows);
    tear_down(&s);
}

static void test_decoded_tokens_count_as_prefix(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 1);
    struct text_span span = { .ids = s.ids, .n = 50 };
    size_t n_reused;

    (void)state;
    prefill(s.x, &s.c, s.ids, 20);
    for (size_t i = 20; i < 40; i++)
        decode(s.x, &s.c, s.ids[i]);
    prefill_spans(s.x, &s.c, &span, 1, &n_reused);
    assert_int_equal(n_reused, 40);
    tear_down(&s);
}

/* ---- cancel, progress ----------------------------------------------------------------------------- */

struct watch {
    atomic_bool cancel;
    size_t cancel_at, n_calls, last;
};

static void on_progress(void *user, size_t done, size_t total)
{
    struct watch *w = user;

    assert_true(done >= w->last && done <= total);
    w->last = done;
    if (++w->n_calls == w->cancel_at)
        atomic_store(&w->cancel, true);
}

static void test_cancel_leaves_a_valid_cache(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 2);
    struct watch w = { .cancel_at = 3 };                /* two chunks of two layers: inside the second */
    struct text_span span = { .ids = s.ids, .n = LONGEST };
    struct error err = { 0 };
    const float *logits;
    size_t n_reused;
    float wanted[TINY_N_VOCAB];

    (void)state;
    s.c.cancel = &w.cancel;
    assert_false(text_prefill(s.x, &s.c, &span, 1, &logits, &n_reused, on_progress, &w, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    assert_int_equal(text_context_used(s.x), 350);
    atomic_store(&w.cancel, false);
    w = (struct watch){ .cancel_at = 0 };
    assert_true(text_prefill(s.x, &s.c, &span, 1, &logits, &n_reused, on_progress, &w, &err));
    assert_int_equal(n_reused, 350);
    assert_int_equal(w.last, LONGEST);
    memcpy(wanted, logits, sizeof wanted);
    atomic_store(&w.cancel, true);
    assert_false(text_decode(s.x, &s.c, 1, &logits, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    assert_int_equal(text_context_used(s.x), LONGEST);
    s.c.cancel = NULL;
    struct text_context *fresh = must_context(s.m, 0);
    assert_true(nmse(prefill(fresh, &s.c, s.ids, LONGEST), wanted, TINY_N_VOCAB) <= 1e-8);
    text_context_free(fresh);
    tear_down(&s);
}

/* ---- limits ----------------------------------------------------------------------------------------- */

static void test_decode_allocates_nothing(void **state)
{
    struct setup s = set_up(TINY_QWEN2, 2);
    size_t n_bytes = text_context_bytes(s.x), before;

    (void)state;
    prefill(s.x, &s.c, s.ids, LONGEST);
    assert_int_equal(text_context_bytes(s.x), n_bytes); /* prefill neither: all was taken at the start */
    before = n_allocations;
    for (size_t i = LONGEST; i < TINY_N_CTX; i++)
        decode(s.x, &s.c, (int32_t)(i % TINY_N_VOCAB));
    assert_int_equal(n_allocations, before);
    assert_int_equal(text_context_bytes(s.x), n_bytes);
    tear_down(&s);
}

static void test_a_full_context(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 1);
    struct text_context *x = must_context(s.m, 16);
    struct text_span span = { .ids = s.ids, .n = 17 };
    struct error err = { 0 };
    const float *logits;
    size_t n_reused;

    (void)state;
    assert_int_equal(text_context_size(x), 16);
    prefill(x, &s.c, s.ids, 15);
    decode(x, &s.c, 3);
    assert_false(text_decode(x, &s.c, 3, &logits, &err));
    assert_int_equal(err.code, ERROR_INFERENCE);
    assert_false(text_prefill(x, &s.c, &span, 1, &logits, &n_reused, NULL, NULL, &err));
    assert_int_equal(err.code, ERROR_INFERENCE);
    assert_non_null(strstr(err.text, "17"));
    assert_non_null(strstr(err.text, "16"));
    assert_int_equal(text_context_used(x), 16);
    text_context_free(x);
    tear_down(&s);
}

static void test_bad_calls_are_refused(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 1);
    int32_t bad[] = { 1, TINY_N_VOCAB, -1 };
    struct text_span empty = { .ids = s.ids, .n = 0 }, span = { .ids = bad, .n = 3 };
    struct error err = { 0 };
    const float *logits;
    size_t n_reused;

    (void)state;
    assert_false(text_prefill(s.x, &s.c, &empty, 1, &logits, &n_reused, NULL, NULL, &err));
    assert_false(text_prefill(s.x, &s.c, &span, 1, &logits, &n_reused, NULL, NULL, &err));
    assert_int_equal(err.code, ERROR_INFERENCE);
    assert_int_equal(text_context_used(s.x), 0);
    assert_false(text_decode(s.x, &s.c, -1, &logits, &err));
    assert_int_equal(text_context_used(s.x), 0);
    assert_null(text_context_new(s.m, TINY_N_CTX + 1, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "1025"));
    assert_non_null(strstr(err.text, "1024"));
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_llama_golden),
        cmocka_unit_test(test_qwen2_golden),
        cmocka_unit_test(test_chunks_agree),
        cmocka_unit_test(test_rows_equal_ids),
        cmocka_unit_test(test_threads_agree),
        cmocka_unit_test(test_prefix_is_kept),
        cmocka_unit_test(test_decoded_tokens_count_as_prefix),
        cmocka_unit_test(test_cancel_leaves_a_valid_cache),
        cmocka_unit_test(test_decode_allocates_nothing),
        cmocka_unit_test(test_a_full_context),
        cmocka_unit_test(test_bad_calls_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
