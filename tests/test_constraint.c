/* Tokens that a grammar allows, for random models: what was generated is judged by PCRE2. */
#include "tests/text_models.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <math.h>
#include <pcre2.h>

#include "text/grammar.h"
#include "text/sampler.h"

static struct grammar *parse(const char *text)
{
    struct error err = { 0 };
    struct grammar *g = grammar_parse("test.gbnf", text, strlen(text), &err);

    if (g == NULL)
        fail_msg("%s", err.text);
    return g;
}

static struct constraint *constrain(const struct text_model *m, const struct grammar *g)
{
    struct error err = { 0 };
    struct constraint *c = constraint_new(m, g, &err);

    if (c == NULL)
        fail_msg("%s", err.text);
    return c;
}

static uint64_t seed = 7;

static float noise(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (float)(seed >> 40) * 0x1p-21f - 4.0f;
}

static void fill(float *logits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        logits[i] = noise();
}

static bool pcre_accepts(const char *pattern, const char *text, size_t n)
{
    char whole[1024];
    int number;
    PCRE2_SIZE at;

    snprintf(whole, sizeof whole, "\\A(?:%s)\\z", pattern);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)whole, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &number, &at, NULL);
    assert_non_null(code);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    bool found = pcre2_match(code, (PCRE2_SPTR)text, n, 0, 0, data, NULL) >= 0;
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return found;
}

static const struct { const char *grammar, *pattern; } pairs[] = {
    { "root ::= (\" the\" | \" user\" | [a-z]){3,9} \".\"", "( the| user|[a-z]){3,9}[.]" },
    { "root ::= [가-힣é😀]{1,8}", "[가-힣é😀]{1,8}" },             /* a token is a byte of these */
    { "root ::= list\nlist ::= \"[\" (item (\",\" item){0,3})? \"]\"\nitem ::= [0-9]{1,2} | \"[\" [a-z]{0,3} \"]\"",
      "\\[(?:(?<i>[0-9]{1,2}|\\[[a-z]{0,3}\\])(,(?&i)){0,3})?\\]" },
    { "root ::= [^a-z]{4,12}", "(?s)[^a-z]{4,12}" },
};

/* One answer; false when the sampler gave up. */
static bool generate(const struct text_model *m, struct constraint *c, struct sampler *s, char *text, size_t most, size_t *n)
{
    struct error err = { 0 };
    float logits[TINY_N_VOCAB];
    int32_t id;

    *n = 0;
    while (!constraint_must_end(c)) {
        size_t n_bytes;
        fill(logits, TINY_N_VOCAB);
        if (!sampler_next_allowed(s, logits, c, &id, &err))
            fail_msg("%s", err.text);
        if (text_token_ends_answer(m, id))
            break;
        const char *bytes = text_token_bytes(m, id, &n_bytes);
        assert_true(n_bytes > 0 && *n + n_bytes <= most);
        memcpy(text + *n, bytes, n_bytes);
        *n += n_bytes;
    }
    return constraint_may_end(c);
}

static void test_generated_keeps_to_the_grammar(void **state)
{
    struct text_model *m = must_open(TINY_LLAMA);
    struct error err = { 0 };
    char text[256];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct grammar *g = parse(pairs[i].grammar);
        struct constraint *c = constrain(m, g);
        for (size_t round = 0; round < 60; round++) {
            struct sampler_params p = sampler_params_default();
            p.temperature = round % 3 == 0 ? 0.0f : 1.5f;
            p.top_k = round % 2 == 0 ? 3 : 0;
            p.seed = round;
            struct sampler *s = sampler_new(&p, TINY_N_VOCAB, &err);
            assert_true(constraint_reset(c, &err));
            assert_true(generate(m, c, s, text, sizeof text, &n));
            if (!pcre_accepts(pairs[i].pattern, text, n))
                fail_msg("%s: generated '%.*s'", pairs[i].grammar, (int)n, text);
            sampler_free(s);
        }
        constraint_free(c);
        grammar_free(g);
    }
    text_model_close(m);
}

/* What the sampler does with few looks is what it does with all refused tokens at -INFINITY. */
static void test_few_looks_are_enough(void **state)
{
    struct text_model *m = must_open(TINY_QWEN2);
    struct grammar *g = parse("root ::= ([a-zA-Z ]{1,3} [0-9가-힣])*");
    struct constraint *c = constrain(m, g), *d = constrain(m, g);
    struct error err = { 0 };
    float logits[TINY_N_VOCAB], masked[TINY_N_VOCAB];

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        struct sampler_params p = sampler_params_default();
        p.temperature = k == 0 ? 0.0f : 1.0f;
        p.top_k = (const size_t[]){ 0, 1, 40, 0 }[k];
        p.mirostat_tau = k == 3 ? 4.0f : 0.0f;
        struct sampler *s = sampler_new(&p, TINY_N_VOCAB, &err), *t = sampler_new(&p, TINY_N_VOCAB, &err);
        for (size_t i = 0; i < 200; i++) {
            int32_t id, other;
            size_t n_allowed = 0;
            fill(logits, TINY_N_VOCAB);
            memcpy(masked, logits, sizeof masked);
            for (int32_t v = 0; v < TINY_N_VOCAB; v++) {
                bool allowed = constraint_allows(d, v);
                n_allowed += allowed;
                masked[v] = allowed ? masked[v] : -INFINITY;
            }
            assert_true(sampler_next_allowed(s, logits, c, &id, &err));
            other = sampler_next(t, masked);
            assert_int_equal(id, other);
            float whole[TINY_N_VOCAB];
            memcpy(whole, logits, sizeof whole);
            assert_int_equal(constraint_mask(d, whole), n_allowed);
            assert_memory_equal(whole, masked, sizeof whole);
            if (text_token_ends_answer(m, id)) {
                assert_true(constraint_reset(c, &err) && constraint_reset(d, &err));
                continue;
            }
            assert_true(constraint_take(d, id, &err));
        }
        sampler_free(s);
        sampler_free(t);
    }
    constraint_free(c);
    constraint_free(d);
    grammar_free(g);
    text_model_close(m);
}

/* It ends by an end token where it may, must end where nothing follows, and says when nothing fits. */
static void test_ends(void **state)
{
    struct text_model *m = must_open(TINY_LLAMA);
    struct grammar *g = parse("root ::= \"a\"{2,3}");
    struct constraint *c = constrain(m, g);
    struct error err = { 0 };
    int32_t a = -1, end = -1;

    (void)state;
    for (int32_t id = 0; id < TINY_N_VOCAB; id++) {
        size_t n;
        const char *bytes = text_token_bytes(m, id, &n);
        a = n == 1 && *bytes == 'a' ? id : a;
        end = text_token_ends_answer(m, id) ? id : end;
    }
    assert_true(a >= 0 && end >= 0);
    assert_false(constraint_may_end(c) || constraint_allows(c, end));
    assert_true(constraint_take(c, a, &err));
    assert_false(constraint_allows(c, end) || constraint_take(c, end, &err));
    assert_true(constraint_take(c, a, &err));
    assert_true(constraint_may_end(c) && !constraint_must_end(c) && constraint_allows(c, end) && constraint_allows(c, a));
    assert_true(constraint_take(c, a, &err));
    assert_true(constraint_must_end(c) && constraint_allows(c, end) && !constraint_allows(c, a));
    err.code = ERROR_NONE;
    assert_false(constraint_take(c, a, &err));
    assert_int_equal(err.code, ERROR_INFERENCE);
    assert_non_null(strstr(err.text, "test.gbnf: no token of this model goes on as the grammar wants; the answer so far ends with 'aaa'"));
    constraint_free(c);
    grammar_free(g);

    /* Nothing fits: the biases forbid what the grammar wants. */
    g = parse("root ::= \"a\"");
    c = constrain(m, g);
    struct sampler_params p = sampler_params_default();
    const struct sampler_bias never = { a, -INFINITY };
    float logits[TINY_N_VOCAB];
    int32_t id;
    p.biases = &never;
    p.n_biases = 1;
    for (size_t greedy = 0; greedy < 2; greedy++) {
        p.temperature = greedy ? 0.0f : 1.0f;
        struct sampler *s = sampler_new(&p, TINY_N_VOCAB, &err);
        fill(logits, TINY_N_VOCAB);
        err.code = ERROR_NONE;
        assert_false(sampler_next_allowed(s, logits, c, &id, &err));
        assert_int_equal(err.code, ERROR_INFERENCE);
        sampler_free(s);
    }
    constraint_free(c);
    grammar_free(g);
    text_model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generated_keeps_to_the_grammar),
        cmocka_unit_test(test_few_looks_are_enough),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
