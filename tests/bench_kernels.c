/* bench_kernels.c - a line per kernel and shape: bench_kernels [KERNELS [THREADS [FILTER]]],
 * or all matrices of a model in turn: bench_kernels KERNELS THREADS model.gguf.
 *
 * Matrix products run over 256 MB of weights in turn, so that no cache helps: one row
 * of activations is judged by GB/s of weights, many by GFLOP/s (2 per weight and
 * row).  The best of several runs is shown, as other programs only ever add time.
 *
 * The last column is the share of what the machine can do (bench_peaks.h): the time in
 * which it could read the bytes or take the products, whichever is more, over the time taken.
 * Integer products for quantised weights, f32 for the rest. */
#include "base/arena.h"
#include "base/clock.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"
#include "tensor/kernels.h"
#include "tensor/ops.h"
#include "tensor/pool.h"
#include "tensor/quant.h"
#include "tests/bench_peaks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL_BYTES ((size_t)256 << 20)
#define N_RUNS 15

struct bench {
    struct compute c;
    struct arena *scratch;
    unsigned char *weights;
    float *x, *y;
    const char *filter;
    struct peaks peaks;
};

static double best(const double *ms, int n)
{
    double least = ms[0];

    for (int i = 1; i < n; i++)
        least = ms[i] < least ? ms[i] : least;
    return least;
}

/* A line: milliseconds, GB/s, GFLOP/s and the share of the limit that binds. */
static void tell(const struct bench *b, const char *what, double ms, double n_bytes, double n_flops, double peak)
{
    double read = b->peaks.read > 0 ? n_bytes / b->peaks.read * 1e-6 : 0;
    double products = peak > 0 ? n_flops / peak * 1e-6 : 0;

    printf("%-44s %9.3f ms %7.1f GB/s %8.1f GFLOP/s  ", what, ms, n_bytes / ms * 1e-6, n_flops / ms * 1e-6);
    if (read >= products)
        printf("%5.1f %% of memory\n", 100 * read / ms);
    else
        printf("%5.1f %% of %s products\n", 100 * products / ms, peak == b->peaks.f32 ? "f32" : "i8");
    fflush(stdout);
}

static bool is_quantised(enum tensor_type type)
{
    return type != TENSOR_F32 && type != TENSOR_F16;
}

static void bench_matmul(struct bench *b, enum tensor_type type, size_t n_in, size_t n_out, size_t n)
{
    size_t block = tensor_type_block_elements(type);
    struct tensor w = { .name = "w", .type = type, .n_dims = 2, .dim = { n_in, n_out, 1, 1 } };
    double ms[N_RUNS], total = 0.0;
    char line[120];
    int runs = 0;

    w.n_bytes = n_in / block * tensor_type_block_bytes(type) * n_out;
    snprintf(line, sizeof line, "matmul %-5s %5zu -> %6zu  x %4zu", tensor_type_name(type), n_in, n_out, n);
    if (strstr(line, b->filter) == NULL)
        return;
    size_t copies = POOL_BYTES / w.n_bytes, step = w.n_bytes / 64 * 64;
    for (; runs < N_RUNS && (runs < 3 || total < 1500.0); runs++) {
        w.data = b->weights + (copies > 1 ? (size_t)runs % copies * step : 0);
        double start = clock_ms();
        ops_matmul(&b->c, b->scratch, &w, NULL, b->x, n, b->y, NULL);
        total += ms[runs] = clock_ms() - start;
    }
    tell(b, line, best(ms, runs), (double)w.n_bytes, 2 * (double)(n_in * n_out * n), is_quantised(type) ? b->peaks.i8 : b->peaks.f32);
}

static void bench_attention(struct bench *b, enum ops_keys_type type, size_t n, size_t pos0, size_t n_head, size_t n_head_kv,
                            size_t head_dim)
{
    const uint8_t *k = b->weights, *v = k + POOL_BYTES / 2;
    struct ops_keys keys = { k, v, head_dim, (pos0 + n) * head_dim, type };
    struct ops_attention how = { .n_head = n_head, .n_head_kv = n_head_kv, .head_dim = head_dim };
    double ms[N_RUNS];
    char line[120];

    snprintf(line, sizeof line, "attention %s %2zu/%zu heads of %3zu  %5zu + %4zu", type == OPS_KEYS_F16 ? "F16 " : "Q8_0", n_head, n_head_kv, head_dim, pos0, n);
    if (strstr(line, b->filter) == NULL)
        return;
    for (int i = 0; i < N_RUNS; i++) {
        double start = clock_ms();
        ops_attention_cached(&b->c, b->scratch, &how, b->x, &keys, n, pos0, b->y, NULL);
        ms[i] = clock_ms() - start;
    }
    double pairs = (double)n * ((double)pos0 + (double)(n + 1) / 2.0);
    tell(b, line, best(ms, N_RUNS), 2.0 * (double)ops_keys_bytes(type, (pos0 + n) * n_head_kv * head_dim), 4 * pairs * (double)(n_head * head_dim), b->peaks.f32);
}

static void bench_full(struct bench *b, size_t n, size_t n_kv, size_t n_head, size_t head_dim)
{
    const float *k = b->x + n * n_head * head_dim, *v = k + n_kv * n_head * head_dim;
    double ms[N_RUNS];
    char line[120];

    if (strstr("attention full", b->filter) == NULL)
        return;
    for (int i = 0; i < N_RUNS; i++) {
        double start = clock_ms();
        ops_attention_full(&b->c, b->scratch, b->x, k, v, n, n_kv, n_head, head_dim, 0.125f, NULL, b->y, NULL);
        ms[i] = clock_ms() - start;
    }
    snprintf(line, sizeof line, "attention full %zu heads of %zu  %zu x %zu", n_head, head_dim, n, n_kv);
    tell(b, line, best(ms, N_RUNS), (double)(2 * n_kv * n_head * head_dim) * sizeof *k, 4 * (double)(n * n_kv * n_head * head_dim), b->peaks.f32);
}

static void bench_elements(struct bench *b, const char *name, void (*op)(const struct compute *, float *, size_t), size_t n)
{
    double ms[N_RUNS];
    char line[120];

    if (strstr(name, b->filter) == NULL)
        return;
    for (int i = 0; i < N_RUNS; i++) {
        memcpy(b->y, b->x, n * sizeof *b->y);
        double start = clock_ms();
        op(&b->c, b->y, n);
        ms[i] = clock_ms() - start;
    }
    snprintf(line, sizeof line, "%-12s %8zu", name, n);
    tell(b, line, best(ms, N_RUNS), 2 * (double)(n * sizeof *b->y), 0, 0);     /* read and written */
}

static void silu(const struct compute *c, float *x, size_t n)
{
    ops_silu_mul(c, x, x, n);
}

static void rope(const struct compute *c, float *x, size_t n)
{
    float *turns = x + n / 1536 * 11 * 128;         /* of 12 heads of 128 the last one's room */

    double frequency[64];

    ops_rope_frequencies(128, 1e6, frequency);
    ops_rope_turns(c, n / 1536, 128, 100, frequency, 1.0f, turns);
    ops_rope(c, x, n / 1536, 11, 128, 128, turns, false);
}

static void norm(const struct compute *c, float *x, size_t n)
{
    ops_rms_norm(c, x, x, n / 1536, 1536, 1e-6f, x);
}

static void bench_all(struct bench *b)
{
    static const struct { enum tensor_type type; size_t n_in, n_out; } shapes[] = {
        { TENSOR_Q4_K, 1536, 8960 }, { TENSOR_Q4_K, 8960, 1536 }, { TENSOR_Q6_K, 8960, 1536 }, { TENSOR_Q4_K, 1536, 1536 },
        { TENSOR_Q6_K, 1536, 151936 }, { TENSOR_Q4_1, 576, 1536 }, { TENSOR_Q4_1, 1536, 576 }, { TENSOR_Q8_0, 576, 49152 },
        { TENSOR_Q5_0, 896, 4864 }, { TENSOR_Q5_K, 1536, 8960 }, { TENSOR_Q4_0, 1536, 8960 }, { TENSOR_Q2_K, 1536, 8960 },
        { TENSOR_Q3_K, 1536, 8960 }, { TENSOR_IQ4_XS, 1536, 8960 }, { TENSOR_F16, 512, 2048 },
        { TENSOR_F16, 2048, 512 }, { TENSOR_F32, 512, 512 },
    };
    static const size_t rows[] = { 1, 2, 4, 6, 8, 12, 16, 32, 128, 512 };

    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
            if (shapes[s].n_out * rows[r] <= 512 * 8960)
                bench_matmul(b, shapes[s].type, shapes[s].n_in, shapes[s].n_out, rows[r]);
    bench_matmul(b, TENSOR_F16, 512, 2048, 1500);
    bench_matmul(b, TENSOR_F16, 2048, 512, 1500);
    bench_attention(b, OPS_KEYS_F16, 1, 100, 12, 2, 128);
    bench_attention(b, OPS_KEYS_F16, 1, 2000, 12, 2, 128);
    bench_attention(b, OPS_KEYS_F16, 128, 0, 12, 2, 128);
    bench_attention(b, OPS_KEYS_F16, 512, 0, 12, 2, 128);
    bench_attention(b, OPS_KEYS_F16, 512, 2000, 12, 2, 128);
    bench_attention(b, OPS_KEYS_F16, 128, 0, 9, 3, 64);
    bench_attention(b, OPS_KEYS_F16, 1, 2000, 9, 3, 64);
    bench_attention(b, OPS_KEYS_Q8_0, 1, 2000, 9, 3, 64);
    bench_attention(b, OPS_KEYS_Q8_0, 1, 2000, 12, 2, 128);
    bench_attention(b, OPS_KEYS_Q8_0, 8, 2000, 12, 2, 128);
    bench_attention(b, OPS_KEYS_F16, 8, 2000, 12, 2, 128);
    bench_attention(b, OPS_KEYS_Q8_0, 512, 2000, 12, 2, 128);
    bench_full(b, 1500, 1500, 8, 64);
    bench_full(b, 1, 1500, 8, 64);
    bench_elements(b, "gelu", ops_gelu, 1500 * 2048);
    bench_elements(b, "silu_mul", silu, 128 * 8960);
    bench_elements(b, "rope", rope, 128 * 1536);
    bench_elements(b, "rope", rope, 1536);
    bench_elements(b, "rms_norm", norm, 128 * 1536);
}

/* Every matrix of the file once, as a forward pass of n tokens meets them (the
 * head for one row only): what decoding and prefill cost without attention. */
static bool bench_model(struct bench *b, const char *path, struct error *err)
{
    static const size_t rows[] = { 1, 16, 128, 512 };
    struct gguf *g = gguf_open(path, err);

    for (size_t r = 0; g != NULL && r < sizeof rows / sizeof rows[0]; r++) {
        double ms[3];
        for (int run = 0; run < 3; run++) {
            double start = clock_ms();
            for (size_t i = 0; i < gguf_n_tensors(g); i++) {
                const struct tensor *t = gguf_tensor_at(g, i);
                bool head = strncmp(t->name, "blk.", 4) != 0;
                if (t->n_dims == 2 && !(gguf_tensor(g, "output.weight") != NULL && strcmp(t->name, "token_embd.weight") == 0))
                    ops_matmul(&b->c, b->scratch, t, NULL, b->x, head ? 1 : rows[r], b->y, NULL);
            }
            ms[run] = clock_ms() - start;
        }
        printf("%4zu rows %9.2f ms %8.1f rows/s\n", rows[r], best(ms, 3), 1e3 * (double)rows[r] / best(ms, 3));
        fflush(stdout);
    }
    gguf_close(g);
    return g != NULL;
}

int main(int argc, char **argv)
{
    struct error err = { ERROR_NONE, "" };
    struct bench b = { .filter = argc > 3 ? argv[3] : "" };
    size_t floats = 8 << 20;

    if (!compute_init(&b.c, argc > 2 ? (size_t)atoi(argv[2]) : 0, argc > 1 ? argv[1] : NULL, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    b.scratch = arena_new("bench", 1 << 20, &err);
    b.weights = aligned_alloc(64, POOL_BYTES);
    b.x = malloc(floats * sizeof *b.x);
    b.y = malloc(floats * sizeof *b.y);
    if (b.scratch == NULL || b.weights == NULL || b.x == NULL || b.y == NULL)
        return 5;
    for (size_t i = 0; i < POOL_BYTES; i++)     /* small exponents: finite as f16, of any block */
        b.weights[i] = (unsigned char)(i * 2654435761u >> 13 & 0x2f);
    for (size_t i = 0; i < floats; i++)
        b.x[i] = (float)(i % 257) * 0.01f - 1.28f;
    b.peaks = peaks_measure(&b.c);
    printf("kernels %s, %zu threads; memory read %.1f GB/s, in registers %.0f GFLOP/s f32, %.0f i8\n", compute_kernels_name(&b.c),
           pool_n_threads(b.c.pool), b.peaks.read, b.peaks.f32, b.peaks.i8);
    if (strstr(b.filter, ".gguf") == NULL)
        bench_all(&b);
    else if (!bench_model(&b, b.filter, &err))
        fprintf(stderr, "%s\n", err.text);
    free(b.y), free(b.x), free(b.weights);
    arena_free(b.scratch);
    compute_done(&b.c);
    return 0;
}
