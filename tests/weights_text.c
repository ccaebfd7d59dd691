/* SmolLM2-135M on its real weights: ids with the whole vocabulary, greedy tokens against
 * the transformers library (tests/golden/make_smollm2.py), and embedding rows for ids. */
#include "tests/text_cases.h"
#include "tests/text_models.h"
#include "tests/weights.h"

#include "text/context.h"
#include "text/sampler.h"

struct smollm2 {
    struct text_model *m;
    struct text_context *x;
    struct compute c;
    size_t n_compared;
};

static int open_model(void **state)
{
    struct smollm2 *s = calloc(1, sizeof *s);

    s->m = must_open(weights_path(WEIGHTS_TINY));
    s->c = must_compute(0);
    s->x = must_context(s->m, 1024);
    *state = s;
    return 0;
}

static int close_model(void **state)
{
    struct smollm2 *s = *state;

    text_context_free(s->x);
    compute_done(&s->c);
    text_model_close(s->m);
    free(s);
    return 0;
}

static void check_ids(void *user, const struct text_case *c)
{
    const struct smollm2 *s = user;
    struct error err = { 0 };
    int32_t *ids;
    size_t n_ids;

    assert_true(text_tokenize(s->m, c->text, c->n_bytes, false, &ids, &n_ids, &err));
    if (n_ids != c->n_ids || memcmp(ids, c->ids, n_ids * sizeof *ids) != 0)
        fail_msg("other ids for: %.*s", (int)c->n_bytes, c->text);
    free(ids);
}

static void test_ids(void **state)
{
    assert_true(text_cases("tests/golden/tokens_smollm.txt", check_ids, *state) > 300);
}

/* The prompt as the file's chat template writes it. */
static size_t prompt(const struct text_model *m, const char *user, size_t n_bytes, int32_t ids[512])
{
    static const char system_text[] = "You are a helpful assistant.";       /* as in make_smollm2.py */
    const struct text_content contents[] = { { system_text, strlen(system_text) }, { user, n_bytes } };
    const struct text_message messages[] = { { TEXT_SYSTEM, &contents[0], 1 }, { TEXT_USER, &contents[1], 1 } };
    const struct text_chat chat = { .messages = messages, .n_messages = 2, .opens_answer = true };
    struct text_rendering r;
    struct error err = { 0 };
    size_t n = 0;

    assert_true(text_render(m, &chat, &r, &err));
    for (size_t i = 0; i < r.n_pieces; i++) {
        int32_t *more;
        size_t n_more;
        assert_true(text_tokenize(m, r.pieces[i].text, r.pieces[i].n_bytes, r.pieces[i].kind == TEXT_PIECE_WRITTEN, &more, &n_more, &err));
        assert_true(n + n_more <= 512);
        memcpy(ids + n, more, n_more * sizeof *ids);
        n += n_more;
        free(more);
    }
    text_rendering_done(&r);
    return n;
}

static void check_greedy(void *user, const struct text_case *c)
{
    struct smollm2 *s = user;
    struct sampler_params greedy = sampler_params_default();
    struct error err = { 0 };
    const float *logits;
    int32_t ids[512];
    struct text_span span = { .ids = ids, .n = prompt(s->m, c->text, c->n_bytes, ids) };
    size_t n_reused;

    greedy.temperature = 0.0f;
    struct sampler *sampler = sampler_new(&greedy, text_model_info(s->m)->n_vocab, &err);
    assert_non_null(sampler);
    assert_true(text_prefill(s->x, &s->c, &span, 1, &logits, &n_reused, NULL, NULL, &err));
    for (size_t i = 0; i < c->n_ids; i++) {
        int32_t wanted = c->ids[i] < 0 ? -1 - c->ids[i] : c->ids[i];
        int32_t found = sampler_next(sampler, logits);
        if (c->ids[i] >= 0 && found != wanted)
            fail_msg("%.*s: token %zu is %d, wanted %d", (int)c->n_bytes, c->text, i, found, wanted);
        s->n_compared += c->ids[i] >= 0;
        assert_true(text_decode(s->x, &s->c, wanted, &logits, &err));
    }
    sampler_free(sampler);
}

static void test_greedy(void **state)
{
    struct smollm2 *s = *state;

    assert_int_equal(text_cases("tests/golden/smollm2_greedy.txt", check_greedy, s), 4);
    assert_true(s->n_compared >= 50);
}

static void test_rows_equal_ids(void **state)
{
    struct smollm2 *s = *state;
    const struct text_info *info = text_model_info(s->m);
    const char user[] = "A photograph shows a dog on a beach. What is there?";
    struct error err = { 0 };
    int32_t ids[512];
    size_t n = prompt(s->m, user, sizeof user - 1, ids), n_reused;
    float *rows = malloc(n * info->n_embd * sizeof *rows), *wanted = malloc(info->n_vocab * sizeof *wanted);
    struct text_span all = { .rows = rows, .n = n }, as_ids = { .ids = ids, .n = n };
    const float *logits;

    assert_true(text_embed(s->m, &s->c, ids, n, rows, &err));
    text_context_clear(s->x);           /* of what it read before, with ids */
    assert_true(text_prefill(s->x, &s->c, &all, 1, &logits, &n_reused, NULL, NULL, &err));
    assert_int_equal(n_reused, 0);
    memcpy(wanted, logits, info->n_vocab * sizeof *wanted);
    assert_true(text_prefill(s->x, &s->c, &as_ids, 1, &logits, &n_reused, NULL, NULL, &err));
    assert_int_equal(n_reused, 0);
    assert_memory_equal(logits, wanted, info->n_vocab * sizeof *wanted);
    free(rows);
    free(wanted);
}

/* The logits [n][n_vocab] of an answer that quotes its prompt, token by token or ahead. */
static void quote(const struct smollm2 *s, size_t n_threads, bool is_ahead, const int32_t *ids, size_t n_prompt, size_t n,
                  float *all)
{
    size_t n_vocab = text_model_info(s->m)->n_vocab, n_reused;
    struct text_context *x = must_context(s->m, 512);
    struct compute c = must_compute(n_threads);
    struct text_span span = { .ids = ids, .n = n_prompt };
    struct error err = { 0 };
    const float *logits;

    assert_true(text_prefill(x, &c, &span, 1, &logits, &n_reused, NULL, NULL, &err));
    x->lookup.cost = 0.0;                               /* guesses as long as they may be */
    x->lookup.step_ms = 1e30;
    for (size_t i = 0; i < n; i++) {
        assert_true(is_ahead ? text_decode_ahead(x, &c, ids[n_prompt + i], SIZE_MAX, &logits, &err)
                             : text_decode(x, &c, ids[n_prompt + i], &logits, &err));
        memcpy(all + i * n_vocab, logits, n_vocab * sizeof *logits);
    }
    assert_true(is_ahead == (text_context_ahead(x).n_right > n / 2));
    compute_done(&c);
    text_context_free(x);
}

static void test_ahead_gives_the_same(void **state)
{
    static const char user[] = "Repeat: ask not what your country can do for you, ask what you can do for your country. "
                               "Ask not what America will do for you, but what together we can do for the freedom of man.";
    static const size_t n_threads[] = { 1, 2, 7 };
    enum { FIRST = 30, N = 36 };
    struct smollm2 *s = *state;
    size_t n_vocab = text_model_info(s->m)->n_vocab;
    float *plain = malloc(N * n_vocab * sizeof *plain), *ahead = malloc(N * n_vocab * sizeof *ahead);
    int32_t ids[512];
    size_t n = prompt(s->m, user, sizeof user - 1, ids);

    memcpy(ids + n, ids + FIRST, N * sizeof *ids);
    quote(s, 2, false, ids, n, N, plain);
    for (size_t i = 0; i < 3; i++) {
        quote(s, n_threads[i], true, ids, n, N, ahead);
        for (size_t k = 0; k < N; k++)
            if (memcmp(ahead + k * n_vocab, plain + k * n_vocab, n_vocab * sizeof *plain) != 0)
                fail_msg("%zu threads: token %zu has other logits", n_threads[i], k);
    }
    free(plain);
    free(ahead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_rows_equal_ids),
        cmocka_unit_test(test_ahead_gives_the_same),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
