/* test_text_types.c - each architecture with weights of each type: logits against the transformers
 * library on weights that the gguf package dequantised (tests/golden/make_types.py). */
#include "tests/nmse.h"
#include "tests/random_blocks.h"

#include "tensor/compute.h"
#include "tensor/kernels.h"

#define LONGEST 41

static const size_t lengths[] = { 7, LONGEST };        /* as in make_types.py */
#define N_LENGTHS (sizeof lengths / sizeof lengths[0])

static const char *const models[] = { "llama", "mistral", "qwen2", "qwen3", "gemma3", "phi3" };
#define N_MODELS (sizeof models / sizeof models[0])

/* NMSE in 1e-6, the largest of all kernels that x86 has, as measured.  With F16 and BF16 it is the rounding of keys and
 * values to F16; with the others that of activations to 8 bits, (2.2 / 127)^2 / 12 = 2.5e-5 of the power of each product's
 * input, which 14 products and the scores magnify: the most where heads see few positions clearly. */
static const double measured[N_BLOCK_RULES][N_MODELS] = {
    /*              llama  mistral qwen2 qwen3 gemma3 phi3 */
    /* F16 */    { 0.0031, 0.085, 0.017,  0.28, 0.058,  0.94 },
    /* BF16 */   { 0.0033,  0.19, 0.012,  0.12, 0.088,  0.88 },
    /* Q8_0 */   {    74,   465,   126,   388,   124,   780 },
    /* Q4_0 */   {    85,   454,    92,   361,   132,   667 },
    /* Q4_1 */   {    57,   239,    82,   152,    27,   172 },
    /* Q5_0 */   {    76,   496,   131,   790,   149,  2292 },
    /* Q5_1 */   {    63,   184,   131,   340,    50,   966 },
    /* Q2_K */   {   135,   293,   269,   330,    12,  3269 },
    /* Q3_K */   {   110,   421,   165,   258,   132,  2288 },
    /* Q4_K */   {    90,   258,    82,   243,    31,   599 },
    /* Q5_K */   {   119,   169,   128,   123,    18,   640 },
    /* Q6_K */   {    64,   314,   128,  1125,   485,  1793 },
    /* IQ4_NL */ {    73,   257,   116,   561,   148,  1032 },
    /* IQ4_XS */ {    62,   419,   141,   459,   226,  1472 },
};
#define MARGIN 3.0                  /* of the bound: another processor adds in another order */

static float *golden_of(const char *name)
{
    char path[100];
    size_t n;

    snprintf(path, sizeof path, "tests/golden/text_types_%s.f32", name);
    float *logits = (float *)(void *)read_whole(path, &n);
    assert_int_equal(n, N_BLOCK_RULES * N_LENGTHS * TINY_N_VOCAB * sizeof *logits);
    return logits;
}

/* The larger error of two ways to the last token: all at once, and by itself after the others. */
static double error_of(const struct text_model *m, const struct compute *c, size_t n, const float *wanted)
{
    struct text_context *x = must_context(m, 0);
    struct error err = { 0 };
    int32_t ids[LONGEST];
    struct text_span span = { .ids = ids, .n = n };
    const float *logits;
    size_t n_reused;

    tiny_prompt(ids, LONGEST);
    assert_true(text_prefill(x, c, &span, 1, &logits, &n_reused, NULL, NULL, &err));
    double at_once = nmse(logits, wanted, TINY_N_VOCAB);
    text_context_clear(x);
    span.n = n - 1;
    assert_true(text_prefill(x, c, &span, 1, &logits, &n_reused, NULL, NULL, &err));
    assert_true(text_decode(x, c, ids[n - 1], &logits, &err));
    double alone = nmse(logits, wanted, TINY_N_VOCAB);
    text_context_free(x);
    return at_once <= alone ? alone : at_once;
}

static void check_model(const struct compute *c, size_t k, size_t t, const float *wanted)
{
    double bound = MARGIN * measured[t][k] * 1e-6;
    char path[100];

    snprintf(path, sizeof path, "tests/golden/text_types_%s.gguf", models[k]);
    struct text_model *m = random_model(path, &block_rules[t]);
    for (size_t i = 0; i < N_LENGTHS; i++) {
        double error = error_of(m, c, lengths[i], wanted + (t * N_LENGTHS + i) * TINY_N_VOCAB);
        if (!(error <= bound))
            fail_msg("%s as %s, %s, %zu tokens: NMSE %g, at most %g", models[k], tensor_type_name(block_rules[t].type),
                     c->kernels->name, lengths[i], error, bound);
    }
    text_model_close(m);
}

static void check_kernels(const char *kernels)
{
    struct error err = { 0 };
    struct compute c;

    if (!compute_init(&c, 2, kernels, &err))
        fail_msg("%s", err.text);
    for (size_t k = 0; k < N_MODELS; k++) {
        float *wanted = golden_of(models[k]);
        for (size_t t = 0; t < N_BLOCK_RULES; t++)
            check_model(&c, k, t, wanted);
        free(wanted);
    }
    compute_done(&c);
}

static void test_the_best_kernels(void **state)
{
    (void)state;
    check_kernels(NULL);
}

static void test_the_reference_kernels(void **state)
{
    (void)state;
    check_kernels("ref");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_best_kernels),
        cmocka_unit_test(test_the_reference_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
