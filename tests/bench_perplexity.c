/* bench_perplexity.c - how well a model expects a text:  bench_perplexity MODEL FILE [N_CTX [N_CHUNKS [q8_0]]]
 *
 * Counts as perplexity.h says, over pieces of N_CTX (512) tokens, so that figures can be compared with
 * llama-perplexity's.  Prints the perplexity and the tokens counted.  q8_0: the cache is of that type. */
#include "tests/perplexity.h"

#include <stdio.h>

static void stop(const struct error *err)
{
    fprintf(stderr, "bench_perplexity: %s\n", err->text);
    exit(1);
}

int main(int argc, char **argv)
{
    size_t n_ctx = argc > 3 ? (size_t)atoi(argv[3]) : 512, most = argc > 4 ? (size_t)atoi(argv[4]) : SIZE_MAX, n_counted;
    struct error err;
    struct compute c;
    double perplexity = 0;

    if (argc < 3) {
        fprintf(stderr, "bench_perplexity MODEL FILE [N_CTX [N_CHUNKS [q8_0]]]\n");
        return 2;
    }
    struct text_model *m = text_model_open(argv[1], &err);
    if (m == NULL || !compute_init(&c, 0, NULL, &err))
        stop(&err);
    struct text_context *x = text_context_new_as(m, n_ctx, argc > 5 && strcmp(argv[5], "q8_0") == 0 ? TEXT_KV_Q8_0 : TEXT_KV_F16, &err);
    if (x == NULL || !perplexity_of(m, x, &c, argv[2], n_ctx, most, &perplexity, &n_counted, &err))
        stop(&err);
    printf("%.4f over %zu tokens\n", perplexity, n_counted);
    text_context_free(x);
    text_model_close(m);
    compute_done(&c);
    return 0;
}
