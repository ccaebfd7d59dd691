/* Each architecture against the transformers library (tests/golden/make_architectures.py):
 * past sliding windows, past the context of the first training, in quantised types; and that
 * chunks, tokens one by one and rows together agree there, too. */
#include "tests/nmse.h"
#include "tests/text_models.h"

#include "text/context.h"

#define LONGEST 700

static const size_t lengths[] = { 1, 2, 7, 41, 300, 513, 700 };    /* as in make_tiny_models.py */
#define N_LENGTHS (sizeof lengths / sizeof lengths[0])

/* Positions of the first training, after which phi3's pairs turn otherwise: a context is then
 * as long as the text on one side or the other.  0: any. */
static const struct model {
    const char *name;
    size_t n_ctx_short;
} models[] = { { "llama3", 0 }, { "mistral", 0 }, { "qwen3", 0 }, { "gemma3", 0 }, { "phi3", 64 } };
#define N_MODELS (sizeof models / sizeof models[0])

static size_t n_ctx_for(const struct model *m, size_t n)
{
    return m->n_ctx_short != 0 && n <= m->n_ctx_short ? m->n_ctx_short : TINY_N_CTX;
}

static struct text_model *open_golden(const char *name)
{
    char path[100];

    snprintf(path, sizeof path, "tests/golden/text_%s.gguf", name);
    return must_open(path);
}

static float *golden_of(const char *name)
{
    char path[100];
    size_t n;

    snprintf(path, sizeof path, "tests/golden/text_%s.f32", name);
    float *logits = (float *)(void *)read_whole(path, &n);
    assert_int_equal(n, N_LENGTHS * TINY_N_VOCAB * sizeof *logits);
    return logits;
}

static const float *prefill(struct text_context *x, const struct compute *c, const int32_t *ids, size_t n)
{
    struct text_span span = { .ids = ids, .n = n };
    struct error err = { 0 };
    const float *logits;
    size_t n_reused;

    if (!text_prefill(x, c, &span, 1, &logits, &n_reused, NULL, NULL, &err))
        fail_msg("%s", err.text);
    return logits;
}

static void check(const char *name, const char *how, size_t n, const float *found, const float *wanted, double bound)
{
    double error = nmse(found, wanted, TINY_N_VOCAB);

    if (!(error <= bound))
        fail_msg("%s: %s, %zu tokens: NMSE %g", name, how, n, error);
}

/* ---- against the reference -------------------------------------------------------------------- */

/* As in test_transformer.c: mostly the rounding of keys and values to F16. */
#define BOUND 1e-6

static void test_golden(void **state)
{
    int32_t ids[LONGEST];

    (void)state;
    tiny_prompt(ids, LONGEST);
    for (size_t k = 0; k < N_MODELS; k++) {
        struct text_model *m = open_golden(models[k].name);
        struct compute c = must_compute(2);
        float *wanted = golden_of(models[k].name);
        for (size_t i = 0; i < N_LENGTHS; i++) {
            struct text_context *x = must_context(m, n_ctx_for(&models[k], lengths[i]));
            check(models[k].name, "at once", lengths[i], prefill(x, &c, ids, lengths[i]), wanted + i * TINY_N_VOCAB, BOUND);
            text_context_free(x);
        }
        free(wanted);
        text_model_close(m);
        compute_done(&c);
    }
}

/* The vectors see each part: without it the logits are not those. */
static void leave_out(struct transformer *t, int part)
{
    switch (part) {
    case 0: t->gelu = false; break;
    case 1: t->embedding_scale = 1.0f; break;
    case 2: t->attention_soft_cap = 0.0f; break;
    case 3: t->logit_soft_cap = 0.0f; break;
    case 4: t->layers[5].window = t->layers[0].window; break;
    case 5: t->layers[1].window++; break;
    case 6: t->layers[2].i_rotation = 0; break;
    case 7: t->layers[3].attn_q_norm = NULL; break;
    case 8: t->layers[4].post_attention_norm = NULL; break;
    case 9: t->layers[6].post_ffw_norm = NULL; break;
    case 10: t->attention_scale *= 1.1f; break;
    default: t->rotations[0].frequency = t->rotations[1].frequency; break;
    }
}

static void test_each_part_matters(void **state)
{
    int32_t ids[300];
    float *wanted = golden_of("gemma3");

    (void)state;
    tiny_prompt(ids, 300);
    for (int part = 0; part < 12; part++) {
        struct text_model *m = open_golden("gemma3");
        struct compute c = must_compute(2);
        struct text_context *x = must_context(m, 0);
        leave_out(&m->net, part);
        if (nmse(prefill(x, &c, ids, 300), wanted + 4 * TINY_N_VOCAB, TINY_N_VOCAB) <= 10 * BOUND)
            fail_msg("part %d does not matter", part);
        text_context_free(x);
        text_model_close(m);
        compute_done(&c);
    }
    free(wanted);
}

/* What the types cost: half a step of F16 is 2^-12 of a value, a third of its square the error
 * of a matrix; of Q8_0 and Q4_0 half a step is 1/254 and 1/16 of the largest of 32, which is 2
 * to 3 deviations.  Two layers of 7 matrices each add up to about 10 times that. */
static void test_types(void **state)
{
    static const struct { const char *name; double bound; } types[] = {
        { "llama3_f16", 3e-6 }, { "llama3_q8_0", 5e-4 }, { "llama3_q4_0", 0.1 }
    };
    int32_t ids[LONGEST];
    float *wanted = golden_of("llama3");

    (void)state;
    tiny_prompt(ids, LONGEST);
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        struct text_model *m = open_golden(types[t].name);
        struct compute c = must_compute(2);
        for (size_t i = 0; i < N_LENGTHS; i++) {
            struct text_context *x = must_context(m, 0);
            const float *found = prefill(x, &c, ids, lengths[i]);
            check(types[t].name, "at once", lengths[i], found, wanted + i * TINY_N_VOCAB, types[t].bound);
            text_context_free(x);
        }
        text_model_close(m);
        compute_done(&c);
    }
    free(wanted);
}

/* ---- all ways agree ----------------------------------------------------------------------------- */

/* Windows of 37 and 200 begin inside of chunks of all of these lengths. */
static void test_chunks_agree(void **state)
{
    static const size_t steps[] = { 1, 5, 9, 36, 37, 64, 150, 333 };
    int32_t ids[LONGEST];
    float whole[TINY_N_VOCAB];

    (void)state;
    tiny_prompt(ids, LONGEST);
    for (size_t k = 0; k < N_MODELS; k++) {
        struct text_model *m = open_golden(models[k].name);
        struct compute c = must_compute(2);
        struct text_context *x = must_context(m, 0);
        memcpy(whole, prefill(x, &c, ids, LONGEST), sizeof whole);
        text_context_free(x);
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
            const float *logits = NULL;
            x = must_context(m, 0);
            for (size_t n = 0; n < LONGEST;) {
                n = n + steps[s] < LONGEST ? n + steps[s] : LONGEST;
                logits = prefill(x, &c, ids, n);
            }
            check(models[k].name, "in chunks", steps[s], logits, whole, 1e-8);
            text_context_free(x);
        }
        text_model_close(m);
        compute_done(&c);
    }
}

static void forward(struct text_context *x, const struct compute *c, const int32_t *ids, size_t at, size_t n)
{
    struct error err = { 0 };

    x->kv.used = at;
    assert_true(transformer_embed(&x->m->net, c, ids + at, n, x->work.x, &err));
    if (!transformer_forward(&x->m->net, c, &x->kv, &x->work, n, n, NULL, NULL, &err))
        fail_msg("%s", err.text);
}

/* Drafted tokens are evaluated together: bit for bit what each gives alone. */
static void test_rows_together_and_alone(void **state)
{
    static const size_t starts[] = { 1, 30, 36, 63, 125, 198, 250, 509 };
    enum { MOST = TRANSFORMER_LOGITS };
    int32_t ids[LONGEST];
    float alone[MOST][TINY_N_VOCAB];

    (void)state;
    tiny_prompt(ids, LONGEST);
    for (size_t k = 0; k < N_MODELS; k++) for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        struct text_model *m = open_golden(models[k].name);
        struct compute c = must_compute(2);
        struct text_context *x = must_context(m, 0);
        prefill(x, &c, ids, starts[s]);
        for (size_t i = 0; i < MOST; i++) {
            forward(x, &c, ids, starts[s] + i, 1);
            memcpy(alone[i], x->work.logits, sizeof alone[i]);
        }
        for (size_t n = 2; n <= MOST; n += 3) {
            forward(x, &c, ids, starts[s], n);
            if (memcmp(x->work.logits, alone, n * sizeof alone[0]) != 0)
                fail_msg("%s: %zu rows after %zu are not what they are alone", models[k].name, n, starts[s]);
        }
        text_context_free(x);
        text_model_close(m);
        compute_done(&c);
    }
}

/* Beyond the window nothing matters but what layers before have gathered: with one layer, not at all. */
static void test_what_lies_before_the_window(void **state)
{
    enum { WINDOW = 37, N = 100 };
    struct text_model *m = open_golden("mistral");
    struct compute c = must_compute(1);
    int32_t ids[N];
    float wanted[TINY_N_VOCAB];

    (void)state;
    m->net.n_layer = 1;                             /* the model is ours alone */
    tiny_prompt(ids, N);
    struct text_context *x = must_context(m, 0);
    memcpy(wanted, prefill(x, &c, ids, N), sizeof wanted);
    for (size_t back = 0; back < 2; back++) {
        tiny_prompt(ids, N);
        ids[N - WINDOW - 1 + back]++;
        text_context_free(x);
        x = must_context(m, 0);
        assert_int_equal(memcmp(prefill(x, &c, ids, N), wanted, sizeof wanted) != 0, back);
    }
    text_context_free(x);
    text_model_close(m);
    compute_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_each_part_matters),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_chunks_agree),
        cmocka_unit_test(test_rows_together_and_alone),
        cmocka_unit_test(test_what_lies_before_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
