/* bench_perplexity.c - how well a model expects a text:  bench_perplexity MODEL FILE [N_CTX [N_CHUNKS [q8_0]]]
 *
 * exp of the mean of -log p(token | those before it) over the second half of each piece of
 * N_CTX (512) tokens, as llama.cpp's llama-perplexity counts it, so that the figures of both
 * can be compared.  Prints the perplexity and the tokens counted.  The first half is read at
 * once, the second token by token: both ways through the kernels take part.  q8_0: the cache
 * is of that type. */
#include "base/error.h"
#include "base/file.h"
#include "tensor/compute.h"
#include "text/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MOST (64u << 20)

static void stop(const struct error *err)
{
    fprintf(stderr, "bench_perplexity: %s\n", err->text);
    exit(1);
}

/* The text's tokens, with the one that the model wants in front of all others. */
static int32_t *tokens_of(const struct text_model *m, const char *path, size_t *n)
{
    size_t n_bytes, n_bos = text_bos(m) >= 0;
    struct error err;
    char *text = (char *)file_read(path, TEXT_MOST, &n_bytes, &err);
    int32_t *ids;

    if (text == NULL || !text_tokenize(m, text, n_bytes, false, &ids, n, &err))
        stop(&err);
    int32_t *all = malloc((n_bos + *n) * sizeof *all);
    if (all == NULL)
        stop(&(struct error){ ERROR_INFERENCE, "no memory" });
    all[0] = text_bos(m);
    memcpy(all + n_bos, ids, *n * sizeof *all);
    *n += n_bos;
    free(ids);
    free(text);
    return all;
}

/* -log of the token's probability. */
static double surprise(const float *logits, size_t n, int32_t id)
{
    double max = logits[0], sum = 0;

    for (size_t i = 1; i < n; i++)
        max = fmax(max, (double)logits[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)logits[i] - max);
    return max + log(sum) - (double)logits[id];
}

int main(int argc, char **argv)
{
    size_t n_ctx = argc > 3 ? (size_t)atoi(argv[3]) : 512, most = argc > 4 ? (size_t)atoi(argv[4]) : SIZE_MAX;
    size_t n_ids, n_counted = 0, n_reused;
    struct error err;
    struct compute c;
    double sum = 0;
    const float *logits;

    if (argc < 3) {
        fprintf(stderr, "bench_perplexity MODEL FILE [N_CTX [N_CHUNKS [q8_0]]]\n");
        return 2;
    }
    struct text_model *m = text_model_open(argv[1], &err);
    if (m == NULL || !compute_init(&c, 0, NULL, &err))
        stop(&err);
    struct text_context *x = text_context_new_as(m, n_ctx, argc > 5 && strcmp(argv[5], "q8_0") == 0 ? TEXT_KV_Q8_0 : TEXT_KV_F16, &err);
    if (x == NULL)
        stop(&err);
    int32_t *ids = tokens_of(m, argv[2], &n_ids);
    for (size_t i = 0; i < most && (i + 1) * n_ctx <= n_ids; i++) {
        int32_t *piece = ids + i * n_ctx;
        if (text_bos(m) >= 0)
            piece[0] = text_bos(m);
        struct text_span half = { .ids = piece, .n = n_ctx / 2 + 1 };
        if (!text_prefill(x, &c, &half, 1, &logits, &n_reused, NULL, NULL, &err))
            stop(&err);
        for (size_t at = n_ctx / 2 + 1; at < n_ctx; at++, n_counted++) {
            sum += surprise(logits, text_model_info(m)->n_vocab, piece[at]);
            if (at + 1 < n_ctx && !text_decode(x, &c, piece[at], &logits, &err))
                stop(&err);
        }
    }
    if (n_counted == 0) {
        fprintf(stderr, "bench_perplexity: %s has %zu tokens, at least %zu are needed\n", argv[2], n_ids, n_ctx);
        return 1;
    }
    printf("%.4f over %zu tokens\n", exp(sum / (double)n_counted), n_counted);
    free(ids);
    text_context_free(x);
    text_model_close(m);
    compute_done(&c);
    return 0;
}
