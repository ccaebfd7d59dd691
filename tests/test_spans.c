/* Pictures' rows between tokens, against the transformers library (tests/golden/make_spans.py):
 * places with axes, and rows that see each other. */
#include "tests/nmse.h"
#include "tests/text_models.h"

#include "text/context.h"
#include "text/places.h"

enum { N_BEFORE = 21, N_BETWEEN = 9, N_AFTER = 13, N_FIRST = 15, N_SECOND = 8, N_SPANS = 5, N_ALL = 66 };

struct spliced {
    struct text_model *m;
    struct compute c;
    struct text_context *x;
    int32_t ids[N_BEFORE + N_BETWEEN + N_AFTER];
    float *rows;                    /* [N_FIRST + N_SECOND][n_embd] */
    const float *wanted;            /* [TINY_N_VOCAB] */
    struct text_span spans[N_SPANS];
};

static void open_spliced(struct spliced *s, const char *name, bool both_ways)
{
    char path[100];
    size_t n;

    s->c = must_compute(2);
    snprintf(path, sizeof path, "tests/golden/text_%s.gguf", name);
    s->m = must_open(path);
    s->x = must_context(s->m, 0);
    snprintf(path, sizeof path, "tests/golden/spans_%s.f32", name);
    s->rows = (float *)(void *)read_whole(path, &n);
    size_t n_embd = text_model_info(s->m)->n_embd, n_rows = N_FIRST + N_SECOND;
    assert_int_equal(n, (n_rows * n_embd + TINY_N_VOCAB) * sizeof(float));
    s->wanted = s->rows + n_rows * n_embd;
    tiny_prompt(s->ids, sizeof s->ids / sizeof s->ids[0]);
    s->spans[0] = (struct text_span){ .ids = s->ids, .n = N_BEFORE };
    s->spans[1] = (struct text_span){ .rows = s->rows, .n = N_FIRST, .width = 5, .height = 3, .both_ways = both_ways };
    s->spans[2] = (struct text_span){ .ids = s->ids + N_BEFORE, .n = N_BETWEEN };
    s->spans[3] = (struct text_span){ .rows = s->rows + N_FIRST * n_embd, .n = N_SECOND, .width = 2, .height = 4, .both_ways = both_ways };
    s->spans[4] = (struct text_span){ .ids = s->ids + N_BEFORE + N_BETWEEN, .n = N_AFTER };
}

static void close_spliced(struct spliced *s)
{
    text_context_free(s->x);
    text_model_close(s->m);
    compute_done(&s->c);
    free(s->rows);
}

static const float *read_spans(struct spliced *s, size_t n_spans, size_t *n_reused)
{
    struct error err = { 0 };
    const float *logits;

    if (!text_prefill(s->x, &s->c, s->spans, n_spans, &logits, n_reused, NULL, NULL, &err))
        fail_msg("%s", err.text);
    return logits;
}

static const struct { const char *name; bool both_ways; } cases[] = { { "qwen2vl", false }, { "gemma3", true } };

static void test_golden(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct spliced s;
        size_t n_reused;
        open_spliced(&s, cases[k].name, cases[k].both_ways);
        double error = nmse(read_spans(&s, N_SPANS, &n_reused), s.wanted, TINY_N_VOCAB);
        print_message("%s: NMSE %.1e\n", cases[k].name, error);
        assert_true(error <= 1e-6);
        close_spliced(&s);
    }
}

/* Without places or sight of what is ahead the logits are others. */
static void test_each_part_matters(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) for (size_t i = 1; i < 4; i += 2) {
        struct spliced s;
        size_t n_reused;
        open_spliced(&s, cases[k].name, cases[k].both_ways);
        s.spans[i].both_ways = false;
        if (!cases[k].both_ways)
            s.spans[i].width = s.spans[i].height = 0;
        assert_true(nmse(read_spans(&s, N_SPANS, &n_reused), s.wanted, TINY_N_VOCAB) > 1e-4);
        close_spliced(&s);
    }
}

/* A prompt that grew, that lost its end within a picture, that was forgotten in part, and tokens one by one. */
static void test_all_ways_agree(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct spliced s;
        struct error err = { 0 };
        const float *logits;
        float whole[TINY_N_VOCAB];
        size_t n_reused;
        open_spliced(&s, cases[k].name, cases[k].both_ways);
        memcpy(whole, read_spans(&s, N_SPANS, &n_reused), sizeof whole);
        text_context_clear(s.x);
        for (size_t n = 1; n <= N_SPANS; n++)       /* a picture at the end, too */
            logits = read_spans(&s, n, &n_reused);
        assert_true(nmse(logits, whole, TINY_N_VOCAB) < 1e-8);

        text_context_clear(s.x);
        s.spans[4].n = 1;
        read_spans(&s, N_SPANS, &n_reused);
        for (size_t i = 1; i < N_AFTER; i++)
            if (!text_decode(s.x, &s.c, s.spans[4].ids[i], &logits, &err))
                fail_msg("%s", err.text);
        assert_true(nmse(logits, whole, TINY_N_VOCAB) < 1e-8);
        s.spans[4].n = N_AFTER;
        close_spliced(&s);
    }
}

/* Rows that see others behind them are not kept when one of those changes; as places alone they are. */
static void test_a_picture_that_ends_otherwise(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct spliced s;
        size_t n_reused;
        float fresh[TINY_N_VOCAB];
        open_spliced(&s, cases[k].name, cases[k].both_ways);
        size_t n_embd = text_model_info(s.m)->n_embd;
        read_spans(&s, N_SPANS, &n_reused);
        s.rows[(N_FIRST - 1) * n_embd] += 1.0f;     /* the last row of the first picture */
        const float *logits = read_spans(&s, N_SPANS, &n_reused);
        assert_int_equal(n_reused, cases[k].both_ways ? N_BEFORE : N_BEFORE + N_FIRST - 1);
        memcpy(fresh, logits, sizeof fresh);
        text_context_clear(s.x);
        assert_true(nmse(read_spans(&s, N_SPANS, &n_reused), fresh, TINY_N_VOCAB) < 1e-8);
        close_spliced(&s);
    }
}

/* What stands behind a forgotten picture moves back by the places that it took: the keys are turned as if it had
 * never been there.  One layer, in which keys depend on their own row alone. */
static void test_forgotten_picture(void **state)
{
    struct spliced s;
    size_t n_reused;
    float moved[TINY_N_VOCAB];

    (void)state;
    open_spliced(&s, "qwen2vl", false);
    s.m->net.n_layer = 1;                           /* the model is ours alone */
    text_context_free(s.x);
    s.x = must_context(s.m, 0);
    read_spans(&s, N_SPANS, &n_reused);
    assert_int_equal(s.x->kv.next[N_BEFORE + N_FIRST - 1], N_BEFORE + 5);
    assert_int_equal(s.x->kv.next[N_ALL - 1], N_BEFORE + 5 + N_BETWEEN + 4 + N_AFTER);
    assert_int_equal(text_forget(s.x, &s.c, N_BEFORE, s.spans + 1, 1), N_ALL - N_BEFORE - N_FIRST);
    s.spans[1].n = 0;
    s.spans[1].width = s.spans[1].height = 0;
    memcpy(moved, read_spans(&s, N_SPANS, &n_reused), sizeof moved);
    assert_int_equal(n_reused, N_ALL - N_FIRST - 1);
    text_context_clear(s.x);
    double error = nmse(moved, read_spans(&s, N_SPANS, &n_reused), TINY_N_VOCAB);
    print_message("NMSE %.1e\n", error);
    assert_true(error < 1e-6);
    close_spliced(&s);
}

static void test_refused(void **state)
{
    struct spliced s;
    struct error err = { 0 };
    const float *logits;
    size_t n_reused;

    (void)state;
    open_spliced(&s, "qwen2vl", false);
    s.spans[1].height = 4;
    assert_false(text_prefill(s.x, &s.c, s.spans, N_SPANS, &logits, &n_reused, NULL, NULL, &err));
    assert_string_equal(err.text, "15 rows are no grid of 5 x 4");
    s.spans[1] = (struct text_span){ .rows = s.rows, .n = TEXT_BOTH_WAYS_MOST + 1, .both_ways = true };
    assert_false(text_prefill(s.x, &s.c, s.spans, N_SPANS, &logits, &n_reused, NULL, NULL, &err));
    assert_string_equal(err.text, "513 rows that see each other were given, 512 are possible");
    close_spliced(&s);
}

/* Chunks end before a picture that they would cut, or with it. */
static void test_chunks(void **state)
{
    struct text_span spans[] = { { .n = 10 }, { .n = 8, .both_ways = true }, { .n = 6, .both_ways = true }, { .n = 4 } };
    size_t until[28];

    (void)state;
    assert_int_equal(places_chunk(spans, 4, 0, 9), 9);
    assert_int_equal(places_chunk(spans, 4, 0, 10), 10);
    assert_int_equal(places_chunk(spans, 4, 0, 12), 10);
    assert_int_equal(places_chunk(spans, 4, 0, 18), 18);
    assert_int_equal(places_chunk(spans, 4, 0, 20), 18);
    assert_int_equal(places_chunk(spans, 4, 10, 12), 18);
    assert_int_equal(places_chunk(spans, 4, 18, 20), 24);
    assert_int_equal(places_whole(spans, 4, 17), 10);
    assert_int_equal(places_whole(spans, 4, 18), 18);
    assert_false(places_until(spans, 4, 0, 10, until));
    assert_true(places_until(spans, 4, 9, 19, until));
    assert_int_equal(until[0], 10);
    assert_int_equal(until[1], 18);
    assert_int_equal(until[9], 24);
    assert_int_equal(until[18], 28);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_each_part_matters),
        cmocka_unit_test(test_all_ways_agree),
        cmocka_unit_test(test_a_picture_that_ends_otherwise),
        cmocka_unit_test(test_forgotten_picture),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
