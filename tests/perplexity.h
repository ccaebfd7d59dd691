/* perplexity.h - how well a model expects a text, as llama.cpp's llama-perplexity counts it.
 *
 * exp of the mean of -log p(token | those before it) over the second half of each piece of n_ctx tokens.
 * The first half is read at once, the second token by token: both ways through the kernels take part. */
#ifndef TESTS_PERPLEXITY_H
#define TESTS_PERPLEXITY_H

#include "base/error.h"
#include "base/file.h"
#include "tensor/compute.h"
#include "text/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PERPLEXITY_TEXT_MOST (64u << 20)

/* The text's tokens, with the one that the model wants in front of all others; the caller frees.  NULL and *err on failure. */
static int32_t *perplexity_ids(const struct text_model *m, const char *path, size_t *n, struct error *err)
{
    size_t n_bytes, n_bos = text_bos(m) >= 0;
    char *text = (char *)file_read(path, PERPLEXITY_TEXT_MOST, &n_bytes, err);
    int32_t *ids = NULL, *all = NULL;

    if (text != NULL && text_tokenize(m, text, n_bytes, false, &ids, n, err)) {
        all = malloc((n_bos + *n + 1) * sizeof *all);
        if (all == NULL)
            error_set(err, ERROR_INFERENCE, "%s: no memory for %zu tokens", path, *n);
    }
    if (all != NULL) {
        all[0] = text_bos(m);
        memcpy(all + n_bos, ids, *n * sizeof *all);
        *n += n_bos;
    }
    free(ids);
    free(text);
    return all;
}

/* -log of the token's probability. */
static double perplexity_surprise(const float *logits, size_t n, int32_t id)
{
    double max = logits[0], sum = 0;

    for (size_t i = 1; i < n; i++)
        max = fmax(max, (double)logits[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)logits[i] - max);
    return max + log(sum) - (double)logits[id];
}

/* Adds the surprises of one piece [n_ctx], whose first id may be changed, and counts them. */
static bool perplexity_piece(const struct text_model *m, struct text_context *x, const struct compute *c, int32_t *piece, size_t n_ctx,
                             double *sum, size_t *n_counted, struct error *err)
{
    struct text_span half = { .ids = piece, .n = n_ctx / 2 + 1 };
    const float *logits;
    size_t n_reused;

    if (text_bos(m) >= 0)
        piece[0] = text_bos(m);
    if (!text_prefill(x, c, &half, 1, &logits, &n_reused, NULL, NULL, err))
        return false;
    for (size_t at = n_ctx / 2 + 1; at < n_ctx; at++, ++*n_counted) {
        *sum += perplexity_surprise(logits, text_model_info(m)->n_vocab, piece[at]);
        if (at + 1 < n_ctx && !text_decode(x, c, piece[at], &logits, err))
            return false;
    }
    return true;
}

/* Of a file's first `most` pieces of n_ctx tokens, in a context of as many; a text that has not one piece: ERROR_INPUT. */
static bool perplexity_of(const struct text_model *m, struct text_context *x, const struct compute *c, const char *path, size_t n_ctx,
                          size_t most, double *perplexity, size_t *n_counted, struct error *err)
{
    size_t n_ids, i;
    int32_t *ids = perplexity_ids(m, path, &n_ids, err);
    double sum = 0;

    *n_counted = 0;
    if (ids == NULL)
        return false;
    for (i = 0; i < most && (i + 1) * n_ctx <= n_ids; i++)
        if (!perplexity_piece(m, x, c, ids + i * n_ctx, n_ctx, &sum, n_counted, err))
            break;
    bool ok = i >= most || (i + 1) * n_ctx > n_ids;
    free(ids);
    if (ok && *n_counted == 0)
        return error_set(err, ERROR_INPUT, "%s has %zu tokens, at least %zu are needed", path, n_ids, n_ctx);
    *perplexity = exp(sum / (double)*n_counted);
    return ok;
}

#endif
