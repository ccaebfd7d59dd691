/* test_lora.c - adapters against merged weights (tests/golden/make_lora.py), switched, and refused. */
#include "tests/nmse.h"
#include "tests/text_models.h"

#include "text/context.h"

#define LORA_A "tests/golden/lora_a.gguf"
#define LORA_B "tests/golden/lora_b.gguf"
#define N_PROMPT 41                 /* as in make_lora.py */

enum { BASE, WITH_A, WITH_BOTH, AGAINST_A, N_GOLDEN };

struct setup {
    struct text_model *m;
    struct compute c;
    struct text_context *x;
    float *golden;                  /* [N_GOLDEN][TINY_N_VOCAB] */
};

static struct setup set_up(size_t n_threads)
{
    struct setup s = { .m = must_open(TINY_WIDE), .c = must_compute(n_threads) };
    struct error err = { 0 };
    size_t n;

    if (!text_model_add_lora(s.m, LORA_A, &err) || !text_model_add_lora(s.m, LORA_B, &err))
        fail_msg("%s", err.text);
    assert_int_equal(text_model_n_loras(s.m), 2);
    s.x = must_context(s.m, 0);
    s.golden = (float *)(void *)read_whole("tests/golden/lora.f32", &n);
    assert_int_equal(n, N_GOLDEN * TINY_N_VOCAB * sizeof(float));
    return s;
}

static void tear_down(struct setup *s)
{
    free(s->golden);
    text_context_free(s->x);
    text_model_close(s->m);
    compute_done(&s->c);
}

static const float *prefill(struct text_context *x, const struct compute *c, size_t n, size_t *n_reused)
{
    struct error err = { 0 };
    const float *logits;
    int32_t ids[700];

    tiny_prompt(ids, n);
    if (!text_prefill(x, c, &(struct text_span){ .ids = ids, .n = n }, 1, &logits, n_reused, NULL, NULL, &err))
        fail_msg("%s", err.text);
    return logits;
}

static void check(struct setup *s, float a, float b, int golden)
{
    size_t n_reused;

    text_context_scale_lora(s->x, 0, a);
    text_context_scale_lora(s->x, 1, b);
    double error = nmse(prefill(s->x, &s->c, N_PROMPT, &n_reused), s->golden + golden * TINY_N_VOCAB, TINY_N_VOCAB);
    if (!(error <= 1e-6))
        fail_msg("scales %g and %g: NMSE %g", (double)a, (double)b, error);
    assert_int_equal(n_reused, 0);              /* what another set computed is not kept */
}

/* The acceptance's bound; the reference is in float64, our cache in F16. */
static void test_like_merged_weights(void **state)
{
    struct setup s = set_up(2);

    (void)state;
    check(&s, 1.0f, 0.0f, WITH_A);
    check(&s, 1.0f, 0.5f, WITH_BOTH);
    check(&s, -0.5f, 0.0f, AGAINST_A);
    check(&s, 0.0f, 0.0f, BASE);
    tear_down(&s);
}

/* The memory that is asked for has the files and the buffers of adapters in it, as they are taken afterwards. */
static void test_memory_is_counted(void **state)
{
    enum { N_CHUNK = 512, ROUNDED = 3 * ARENA_ALIGN };    /* allocations of a set, also of none */
    struct text_model *base = must_open(TINY_WIDE);
    struct text_context *plain = must_context(base, 0);
    struct setup s = set_up(2);
    size_t n_a, n_b, n_ctx = text_context_size(plain);

    (void)state;
    free(read_whole(LORA_A, &n_a));
    free(read_whole(LORA_B, &n_b));
    size_t asked = context_bytes_needed(s.m, N_CHUNK, n_ctx, OPS_KEYS_F16) - context_bytes_needed(base, N_CHUNK, n_ctx, OPS_KEYS_F16);
    size_t taken = arena_bytes(s.x->session) - arena_bytes(plain->session);
    assert_true(taken > N_CHUNK * sizeof(float));
    assert_in_range(asked, n_a + n_b + taken - ROUNDED, n_a + n_b + taken + ROUNDED);
    tear_down(&s);
    text_context_free(plain);
    text_model_close(base);
}

/* Scale 0 is the base to the bit, also after another one. */
static void test_scale_0_is_the_base(void **state)
{
    struct text_model *base = must_open(TINY_WIDE);
    struct text_context *plain = must_context(base, 0);
    struct setup s = set_up(2);
    float wanted[TINY_N_VOCAB];
    size_t n_reused;

    (void)state;
    memcpy(wanted, prefill(plain, &s.c, 600, &n_reused), sizeof wanted);
    assert_memory_equal(prefill(s.x, &s.c, 600, &n_reused), wanted, sizeof wanted);
    text_context_scale_lora(s.x, 0, 1.0f);
    assert_memory_not_equal(prefill(s.x, &s.c, 600, &n_reused), wanted, sizeof wanted);
    text_context_scale_lora(s.x, 0, 0.0f);
    assert_memory_equal(prefill(s.x, &s.c, 600, &n_reused), wanted, sizeof wanted);
    assert_int_equal(n_reused, 0);
    text_context_scale_lora(s.x, 0, 0.0f);      /* no change: what is there stays */
    prefill(s.x, &s.c, 600, &n_reused);
    assert_int_equal(n_reused, 599);
    text_context_free(plain);
    text_model_close(base);
    tear_down(&s);
}

/* What is kept of another branch is of the old set, too. */
static void test_branches_are_forgotten(void **state)
{
    struct setup s = set_up(1);
    struct error err = { 0 };
    const float *logits;
    int32_t other[60] = { 1, 2, 3 };
    size_t n_reused;

    (void)state;
    prefill(s.x, &s.c, 100, &n_reused);
    assert_true(text_prefill(s.x, &s.c, &(struct text_span){ .ids = other, .n = 60 }, 1, &logits, &n_reused, NULL, NULL, &err));
    text_context_scale_lora(s.x, 1, 0.25f);
    prefill(s.x, &s.c, 100, &n_reused);
    assert_int_equal(n_reused, 0);
    tear_down(&s);
}

static void test_threads_and_rows_agree(void **state)
{
    static const size_t n_threads[] = { 1, 2, 7 };
    float wanted[TINY_N_VOCAB];
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct setup s = set_up(n_threads[i]);
        const struct transformer *t = &s.m->net;
        int32_t ids[8];
        size_t n_reused;

        text_context_scale_lora(s.x, 0, 1.0f);
        text_context_scale_lora(s.x, 1, 2.0f);
        prefill(s.x, &s.c, 100, &n_reused);
        tiny_prompt(ids, 8);
        for (size_t n = 1; n <= 8; n++) {       /* the first row, alone and with others */
            assert_true(transformer_embed(t, &s.c, ids, n, s.x->work.x, &err));
            assert_true(transformer_forward(t, &s.c, &s.x->kv, &s.x->work, n, n, NULL, NULL, &err));
            if (i == 0 && n == 1)
                memcpy(wanted, s.x->work.logits, sizeof wanted);
            assert_memory_equal(s.x->work.logits, wanted, sizeof wanted);
        }
        tear_down(&s);
    }
}

/* ---- refused --------------------------------------------------------------------------------- */

/* A copy of adapter a with one text in place of another of the same length, everywhere. */
static void check_refused(const char *what, const char *old, const char *new, const char *model, const char *const texts[2])
{
    char path[] = "/tmp/mynah-test-XXXXXX";
    struct text_model *m = must_open(model);
    struct error err = { 0 };
    int fd = mkstemp(path);
    size_t n, length = old == NULL ? 0 : strlen(old);
    char *bytes = read_whole(LORA_A, &n);

    for (size_t i = 0; old != NULL && i + length <= n; i++)
        if (memcmp(bytes + i, old, length) == 0)
            memcpy(bytes + i, new, length);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
    if (text_model_add_lora(m, path, &err))
        fail_msg("%s: was taken", what);
    unlink(path);
    assert_int_equal(err.code, ERROR_MODEL);
    assert_int_equal(text_model_n_loras(m), 0);
    if (strstr(err.text, path) == NULL || strstr(err.text, texts[0]) == NULL || strstr(err.text, texts[1]) == NULL)
        fail_msg("%s: %s", what, err.text);
    text_context_free(must_context(m, 0));      /* the model is as it was */
    text_model_close(m);
    free(bytes);
}

static void test_what_does_not_fit_is_named(void **state)
{
    (void)state;
    check_refused("another architecture", NULL, NULL, TINY_QWEN2, (const char *const[]){ "\"llama\"", "\"qwen2\"" });
    check_refused("another shape", NULL, NULL, TINY_LLAMA,
                  (const char *const[]){ "attn_", "expected [4][32] beside blk.0." });
    check_refused("no adapter", "adapter\x0c", "adopter\x0c", TINY_WIDE, (const char *const[]){ "general.type", "adopter" });
    check_refused("another kind", "lora\x0c", "dora\x0c", TINY_WIDE, (const char *const[]){ "\"dora\"", "lora" });
    check_refused("a missing B", "blk.1.ffn_up.weight.lora_b", "blk.1.ffn_up.weight.lora_c", TINY_WIDE,
                  (const char *const[]){ "blk.1.ffn_up.weight.lora_a", "blk.1.ffn_up.weight.lora_b" });
    check_refused("a missing A", "blk.0.attn_q.weight.lora_a", "blk.0.attn_q.weight.lora_x", TINY_WIDE,
                  (const char *const[]){ "blk.0.attn_q.weight.lora_", "expected the name of a weight" });
    check_refused("a layer too many", "blk.1.", "blk.9.", TINY_WIDE, (const char *const[]){ "blk.9.", "no weight of that name" });
    check_refused("token_embd", "blk.0.attn_q.weight", "token_embd..weight.", TINY_WIDE,
                  (const char *const[]){ "token_embd", "not supported" });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_counted), cmocka_unit_test(test_like_merged_weights),
        cmocka_unit_test(test_scale_0_is_the_base),
        cmocka_unit_test(test_branches_are_forgotten),
        cmocka_unit_test(test_threads_and_rows_agree),
        cmocka_unit_test(test_what_does_not_fit_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
