/* media_rows_checks.h - for tests of encoders: rows of all pieces, and what a text model goes on with after them. */
#ifndef TESTS_MEDIA_ROWS_CHECKS_H
#define TESTS_MEDIA_ROWS_CHECKS_H

#include "tensor/media_rows.h"
#include "tests/text_models.h"

/* All pieces' rows, in order: the caller frees. */
static inline float *all_rows(const struct media_rows *m)
{
    float *rows = malloc(m->n_rows * m->n_embd * sizeof *rows), *to = rows;

    for (size_t i = 0; i < m->n_pieces; i++) {
        size_t n = m->pieces[i].n * m->n_embd;
        if (n > 0)
            memcpy(to, m->pieces[i].rows, n * sizeof *to);
        to += n;
    }
    return rows;
}

/* After the spans the likeliest tokens of the text model, none twice, are those of a file of i32 (go_on of make_vision_pairs.py). */
static inline void check_continuation(const struct compute *c, const char *text, const struct text_span *spans, size_t n_spans, const char *golden)
{
    struct text_model *model = must_open(text);
    struct text_context *x = must_context(model, 0);
    struct error err = { 0 };
    bool said[TINY_N_VOCAB] = { false };
    const float *logits;
    size_t n, n_reused;
    int32_t *wanted = (int32_t *)(void *)read_whole(golden, &n);

    n /= sizeof *wanted;
    assert_true(n >= 32);
    assert_true(text_prefill(x, c, spans, n_spans, &logits, &n_reused, NULL, NULL, &err));
    for (size_t i = 0; i < n; i++) {
        int32_t best = -1;
        for (int32_t id = 0; id < TINY_N_VOCAB; id++)
            best = !said[id] && (best < 0 || logits[id] > logits[best]) ? id : best;
        said[best] = true;
        if (best != wanted[i])
            fail_msg("%s: token %zu is %d, %d was expected", golden, i, (int)best, (int)wanted[i]);
        assert_true(text_decode(x, c, best, &logits, &err));
    }
    free(wanted);
    text_context_free(x);
    text_model_close(model);
}

#endif
