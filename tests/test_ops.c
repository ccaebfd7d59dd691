/* test_ops.c - the operations against their formulas in double, for every table of
 * kernels; and the same bits from 1, 2 and 7 threads.
 *
 * Bounds as in test_kernels.c: k roundings of terms that add up to S in size give
 * at most k FLT_EPSILON S. */
#include "tensor/ops.h"

#include "tensor/kernels.h"
#include "tensor/quant.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EPS ((double)FLT_EPSILON)
#define FOR_TABLES(k) for (const struct kernels *const *k = kernels_all; *k != NULL; k++) if ((*k)->supported())

static uint64_t seed;

static uint32_t random_u32(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}

static float *random_floats(size_t n)
{
    float *x = malloc((n + 1) * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = (float)(int32_t)random_u32() * 0x1p-31f;
    return x;
}

static uint16_t *random_halves(size_t n)
{
    uint16_t *x = malloc(n * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = quant_f32_to_f16((float)(int32_t)random_u32() * 0x1p-31f);
    return x;
}

static void check_near(const char *what, size_t i, double got, double want, double bound)
{
    if (!(fabs(got - want) <= bound))
        fail_msg("%s, %zu: %.9g, expected %.9g +- %.3g", what, i, got, want, bound);
}

/* A matrix of random blocks; scales are small. */
static struct tensor random_matrix(enum tensor_type type, size_t n_in, size_t n_out)
{
    struct tensor t = { .name = "w", .type = type, .n_dims = 2, .dim = { n_in, n_out, 1, 1 } };
    size_t weights = tensor_type_block_elements(type), bytes = tensor_type_block_bytes(type);
    unsigned char *w = malloc(n_in * n_out / weights * bytes);

    t.n_bytes = n_in * n_out / weights * bytes;
    for (size_t at = 0; at < t.n_bytes; at += bytes) {
        float x = (float)(int32_t)random_u32() * 0x1p-31f;
        uint16_t half[2] = { quant_f32_to_f16(x * (weights == 1 ? 1.0f : 0.02f)), quant_f32_to_f16(x * 0.3f) };
        for (size_t i = 0; i < bytes; i++)
            w[at + i] = (unsigned char)random_u32();
        if (type == TENSOR_F32)
            memcpy(w + at, &x, 4);
        else if (type == TENSOR_Q6_K)
            memcpy(w + at + offsetof(struct block_q6_k, d), half, 2);
        else if (type == TENSOR_Q3_K)
            memcpy(w + at + offsetof(struct block_q3_k, d), half, 2);
        else if (type == TENSOR_Q2_K)
            memcpy(w + at + offsetof(struct block_q2_k, d), half, 4);
        else if (type == TENSOR_BF16)
            memcpy(w + at, (unsigned char *)&x + 2, 2);
        else
            memcpy(w + at, half, type == TENSOR_Q4_1 || type == TENSOR_Q5_1 || type == TENSOR_Q4_K || type == TENSOR_Q5_K ? 4 : 2);
    }
    t.data = w;
    return t;
}

/* Quantised activations are off by half a step of their block's largest / 127 each
 * (and Q4_K's products of parts by a few roundings of the parts); with OpenBLAS
 * or plain weights only the roundings are left. */
static void check_matmul(const struct compute *c, struct arena *scratch, enum tensor_type type, size_t n)
{
    enum { N_IN = 512, N_OUT = 149 };
    struct tensor w = random_matrix(type, N_IN, N_OUT);
    float *x = random_floats(n * N_IN), *bias = random_floats(N_OUT), *y = random_floats(n * N_OUT), row[N_IN];
    float *largest = calloc(n * N_IN / 32, sizeof *largest);
    bool quantised = tensor_type_block_elements(type) > 1;

    for (size_t i = 0; i < n * N_IN; i++)
        largest[i / 32] = fmaxf(largest[i / 32], fabsf(x[i]));
    assert_true(ops_matmul(c, scratch, &w, n == 3 ? NULL : bias, x, n, y, NULL));
    for (size_t o = 0; o < N_OUT; o++) {
        ops_dequantize_row(c, &w, o, row);
        for (size_t i = 0; i < n; i++) {
            double want = n == 3 ? 0.0 : (double)bias[o], size = 1.0, steps = 0.0;
            for (size_t j = 0; j < N_IN; j++) {
                want += (double)row[j] * (double)x[i * N_IN + j];
                size += fabs((double)row[j] * (double)x[i * N_IN + j]);
                steps += fabs((double)row[j]) * (double)largest[(i * N_IN + j) / 32] / 127.0 * 0.5001;
            }
            double roundings = (quantised ? 8.0 : 1.0) * (N_IN / 8 + 16) * EPS * size;
            check_near(tensor_type_name(type), i * N_OUT + o, (double)y[i * N_OUT + o], want, roundings + (quantised ? steps : 0.0));
        }
    }
    free(x), free(bias), free(y), free(largest), free((void *)(uintptr_t)w.data);
}

static void test_matmul(void **state)
{
    static const enum tensor_type types[] = {
        TENSOR_F32, TENSOR_F16, TENSOR_BF16, TENSOR_Q4_0, TENSOR_Q4_1, TENSOR_Q5_0, TENSOR_Q8_0, TENSOR_Q4_K, TENSOR_Q5_K, TENSOR_Q6_K,
        TENSOR_Q5_1, TENSOR_Q2_K, TENSOR_Q3_K, TENSOR_IQ4_NL, TENSOR_IQ4_XS
    };
    static const size_t rows[] = { 1, 3, 8, 9, 17, 40 };
    struct arena *scratch = arena_new("scratch", 1 << 16, NULL);
    (void)state;

    seed = 1;
    FOR_TABLES(k) {
        struct compute c;
        assert_true(compute_init(&c, 2, (*k)->name, NULL));
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
            for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
                check_matmul(&c, scratch, types[t], rows[r]);
        compute_done(&c);
    }
    assert_int_equal(arena_mark(scratch).used, 0);
    arena_free(scratch);
}

/* What ops.h promises of few rows; widths leave tails of all kinds. */
static void check_same_rows(const struct compute *c, struct arena *scratch, enum tensor_type type, size_t n_in)
{
    enum { N_OUT = 37 };
    struct tensor w = random_matrix(type, n_in, N_OUT);
    float *x = random_floats(OPS_SAME_ROWS * n_in), *y = random_floats(OPS_SAME_ROWS * N_OUT), alone[OPS_SAME_ROWS * N_OUT];

    x[n_in] = NAN;                                  /* spoils its own row only */
    for (size_t i = 0; i < OPS_SAME_ROWS; i++)
        assert_true(ops_matmul(c, scratch, &w, NULL, x + i * n_in, 1, alone + i * N_OUT, NULL));
    for (size_t n = 1; n <= OPS_SAME_ROWS; n++) {
        assert_true(ops_matmul(c, scratch, &w, NULL, x, n, y, NULL));
        for (size_t i = 0; i < n; i++)              /* a NaN's bits are free */
            if (i == 1)
                assert_true(isnan(y[N_OUT]) && isnan(y[2 * N_OUT - 1]));
            else
                assert_memory_equal(y + i * N_OUT, alone + i * N_OUT, N_OUT * sizeof *y);
    }
    free(x), free(y), free((void *)(uintptr_t)w.data);
}

static void test_same_rows(void **state)
{
    static const enum tensor_type types[] = {
        TENSOR_F32, TENSOR_F16, TENSOR_BF16, TENSOR_Q4_0, TENSOR_Q4_1, TENSOR_Q5_0, TENSOR_Q8_0, TENSOR_Q4_K, TENSOR_Q5_K, TENSOR_Q6_K,
        TENSOR_Q5_1, TENSOR_Q2_K, TENSOR_Q3_K, TENSOR_IQ4_NL, TENSOR_IQ4_XS
    };
    struct arena *scratch = arena_new("scratch", 1 << 16, NULL);
    (void)state;

    seed = 7;
    FOR_TABLES(k) {
        struct compute c;
        assert_true(compute_init(&c, 2, (*k)->name, NULL));
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            size_t block = tensor_type_block_elements(types[t]);
            for (size_t blocks = 1; blocks <= 21; blocks++)
                check_same_rows(&c, scratch, types[t], block == 1 ? 4 * blocks + 1 : blocks * block);
            if (block == 32)
                check_same_rows(&c, scratch, types[t], 4640);       /* strips, the last with a tail */
        }
        compute_done(&c);
    }
    arena_free(scratch);
}

static void test_sgemm(void **state)
{
    static const struct { size_t m, n, k; } sizes[] = { { 1, 1, 1 }, { 5, 70, 33 }, { 300, 17, 64 }, { 90, 700, 129 } };
    struct compute c;
    (void)state;

    seed = 2;
    assert_true(compute_init(&c, 2, NULL, NULL));
    for (size_t s = 0; s < 4; s++) for (int transposed = 0; transposed < 2; transposed++) {
        size_t m = sizes[s].m, n = sizes[s].n, k = sizes[s].k, lda = k + 3, ldb = (transposed ? k : n) + 5, ldc = n + 7;
        float *a = random_floats(m * lda), *b = random_floats((transposed ? n : k) * ldb), *out = random_floats(m * ldc);
        float beyond = out[n];

        ops_sgemm(&c, transposed, m, n, k, 0.5f, a, lda, b, ldb, out, ldc);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++) {
                double want = 0.0, size = 0.0;
                for (size_t l = 0; l < k; l++) {
                    double term = 0.5 * (double)a[i * lda + l] * (double)(transposed ? b[j * ldb + l] : b[l * ldb + j]);
                    want += term;
                    size += fabs(term);
                }
                check_near("sgemm", i * n + j, (double)out[i * ldc + j], want, (double)(k + 2) * EPS * size);
            }
        assert_true(out[n] == beyond);
        free(a), free(b), free(out);
    }
    compute_done(&c);
}

static void test_norms(void **state)
{
    enum { N = 11, D = 67 };
    (void)state;

    seed = 3;
    FOR_TABLES(k) {
        struct compute c;
        float *x = random_floats(N * D), *w = random_floats(D), *b = random_floats(D), *y = random_floats(N * D);

        assert_true(compute_init(&c, 2, (*k)->name, NULL));
        for (size_t i = 0; i < N * D; i++)
            x[i] += 3.0f;
        ops_rms_norm(&c, x, w, N, D, 1e-3f, y);
        for (size_t i = 0; i < N; i++) {
            double squares = 0.0;
            for (size_t j = 0; j < D; j++)
                squares += (double)x[i * D + j] * (double)x[i * D + j];
            for (size_t j = 0; j < D; j++) {        /* the mean, its root's inverse, two products */
                double want = (double)x[i * D + j] / sqrt(squares / D + (double)1e-3f) * (double)w[j];
                check_near("rms_norm", i * D + j, (double)y[i * D + j], want, fabs(want) * (D / 8 + 16) * EPS);
            }
        }
        memcpy(y, x, N * D * sizeof *x);
        ops_layer_norm(&c, y, w, b, N, D, 1e-3f, y);
        for (size_t i = 0; i < N; i++) {
            double mean = 0.0, squares = 0.0;
            for (size_t j = 0; j < D; j++)
                mean += (double)x[i * D + j] / D;
            for (size_t j = 0; j < D; j++)
                squares += ((double)x[i * D + j] - mean) * ((double)x[i * D + j] - mean);
            double scale = 1.0 / sqrt(squares / D + (double)1e-3f);
            for (size_t j = 0; j < D; j++) {        /* |x| < 4 less the mean is off by 4 e; so is each square */
                double want = ((double)x[i * D + j] - mean) * scale * (double)w[j] + (double)b[j];
                check_near("layer_norm", i * D + j, (double)y[i * D + j], want, (4.0 * scale * 4.0 + 2.0) * (D / 8 + 16) * EPS);
            }
        }
        compute_done(&c);
        free(x), free(w), free(b), free(y);
    }
}

static void test_rope(void **state)
{
    enum { N = 9, HEADS = 3, D = 12, ROT = 8, POS = 5000 };      /* the last 4 of a head stay */
    const double magnitude = 1.25;
    double frequency[ROT / 2];
    struct compute c;
    (void)state;

    seed = 4;
    assert_true(compute_init(&c, 2, NULL, NULL));
    ops_rope_frequencies(ROT, 10000.0, frequency);
    for (int interleaved = 0; interleaved < 2; interleaved++) {
        float *x = random_floats(N * HEADS * D), *y = malloc(N * HEADS * D * sizeof *y);
        memcpy(y, x, N * HEADS * D * sizeof *y);
        float turns[N * ROT];
        ops_rope_turns(&c, N, ROT, POS, frequency, (float)magnitude, turns);
        ops_rope(&c, y, N, HEADS, D, ROT, turns, interleaved);
        for (size_t p = 0; p < N; p++) for (size_t h = 0; h < HEADS; h++) for (size_t i = 0; i < ROT / 2; i++) {
            double angle = (double)(POS + p) * pow(10000.0, -2.0 * (double)i / ROT);
            size_t row = (p * HEADS + h) * D, one = row + (interleaved ? 2 * i : i), two = row + (interleaved ? 2 * i + 1 : i + ROT / 2);
            check_near("rope", one, (double)y[one], magnitude * ((double)x[one] * cos(angle) - (double)x[two] * sin(angle)), 5 * EPS);
            check_near("rope", two, (double)y[two], magnitude * ((double)x[one] * sin(angle) + (double)x[two] * cos(angle)), 5 * EPS);
        }
        for (size_t i = 0; i < N * HEADS * D; i++)
            assert_true(i % D < ROT || y[i] == x[i]);
        free(x), free(y);
    }
    compute_done(&c);
}

/* One query's attention over n keys, in double; bias may be NULL, cap 0.  *scores: the largest sum of |q k| scaled. */
static void attend(const float *q, const double *k, const double *v, const float *bias, size_t n, size_t step, size_t d,
                   double scale, double cap, double *out, double *scores)
{
    double *p = malloc(n * sizeof *p), max = -INFINITY, sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        double size = bias == NULL ? 0.0 : fabs((double)bias[i]);
        p[i] = 0.0;
        for (size_t j = 0; j < d; j++) {
            p[i] += scale * (double)q[j] * k[i * step + j];
            size += fabs(scale * (double)q[j] * k[i * step + j]);
        }
        p[i] = cap == 0.0 ? p[i] : cap * tanh(p[i] / cap);
        p[i] += bias == NULL ? 0.0 : (double)bias[i];
        max = fmax(max, p[i]);
        *scores = fmax(*scores, size);
    }
    for (size_t i = 0; i < n; i++)
        sum += p[i] = exp(p[i] - max);
    for (size_t j = 0; j < d; j++) {
        out[j] = 0.0;
        for (size_t i = 0; i < n; i++)
            out[j] += p[i] / sum * v[i * step + j];
    }
    free(p);
}

struct shape { size_t n, pos0, n_head, n_head_kv, d, window; };

/* |v| <= 1.  A score that is off by s changes each weight by a factor e^(+-s), the
 * output by 2 s; the sums of weights and values add k = n_keys / 8 roundings and
 * those of joining chunks. */
enum keys { FULL, F16, Q8_0 };

/* Blocks of x, each head's positions together; x becomes what they say, which differs by
 * half a step of q, and by the rounding of d. */
static struct block_q8_0 *to_q8_0(const struct compute *c, float *x, struct shape s, size_t n_keys, size_t head_step)
{
    struct block_q8_0 *blocks = malloc(ops_keys_bytes(OPS_KEYS_Q8_0, s.n_head_kv * head_step));

    ops_f32_to_q8_0_heads(c, x, n_keys, s.n_head_kv, s.d, blocks, head_step);
    for (size_t i = 0; i < n_keys * s.n_head_kv * s.d; i++) {
        size_t head = i / s.d % s.n_head_kv, at = head * head_step + i / s.d / s.n_head_kv * s.d + i % s.d;
        const struct block_q8_0 *b = &blocks[at / QUANT_BLOCK];
        float said = quant_f16_to_f32(b->d) * (float)b->q[at % QUANT_BLOCK];
        check_near("f32_to_q8_0", i, (double)said, (double)x[i], (double)quant_f16_to_f32(b->d) * (0.5 + 127.0 / 2048.0 + 1e-4));
        x[i] = said;
    }
    return blocks;
}

static void check_attention(const struct compute *c, struct arena *scratch, struct shape s, enum keys type, bool biased)
{
    size_t n_keys = s.pos0 + s.n, step = s.n_head_kv * s.d, room = s.n_head_kv * 5 * s.d;
    uint16_t *apart = malloc(2 * (n_keys * step + room) * sizeof *apart);
    float *q = random_floats(s.n * s.n_head * s.d), *out = random_floats(s.n * s.n_head * s.d);
    uint16_t *half = random_halves(2 * n_keys * step);
    float *bias = biased ? random_floats(n_keys) : NULL;
    float *full = malloc(2 * n_keys * step * sizeof *full);
    double *kv = malloc(2 * n_keys * step * sizeof *kv), want[128];
    struct block_q8_0 *k8 = NULL, *v8 = NULL;
    bool cached = type != FULL;
    float scale = cached && !biased ? 1.0f / sqrtf((float)s.d) : 0.3f;     /* not biased: the default */

    for (size_t i = 0; i < s.n * s.n_head * s.d; i++)
        q[i] *= 8.0f;                               /* weights that differ */
    for (size_t i = 0; biased && i < n_keys; i++)
        bias[i] *= 4.0f;
    for (size_t i = 0; i < 2 * n_keys * step; i++)
        full[i] = quant_f16_to_f32(half[i]);
    struct ops_keys keys = { half, half + n_keys * step, step, s.d, OPS_KEYS_F16 };
    if (biased) {                                   /* each head's positions together, with some room */
        keys = (struct ops_keys){ apart, apart + n_keys * step + room, s.d, (n_keys + 5) * s.d, OPS_KEYS_F16 };
        ops_f32_to_f16_heads(c, full, n_keys, s.n_head_kv, s.d, apart, keys.head_step);
        ops_f32_to_f16_heads(c, full + n_keys * step, n_keys, s.n_head_kv, s.d, apart + n_keys * step + room, keys.head_step);
    }
    if (type == Q8_0) {
        size_t head_step = (n_keys + 5) * s.d;
        k8 = to_q8_0(c, full, s, n_keys, head_step);
        v8 = to_q8_0(c, full + n_keys * step, s, n_keys, head_step);
        keys = (struct ops_keys){ k8, v8, s.d, head_step, OPS_KEYS_Q8_0 };
    }
    for (size_t i = 0; i < 2 * n_keys * step; i++)
        kv[i] = (double)full[i];
    struct ops_attention how = { .n_head = s.n_head, .n_head_kv = s.n_head_kv, .head_dim = s.d, .scale = biased ? scale : 0.0f, .window = s.window,
                                 .soft_cap = s.window != 0 ? 3.0f : 0.0f, .bias = bias };
    assert_true(cached ? ops_attention_cached(c, scratch, &how, q, &keys, s.n, s.pos0, out, NULL)
                       : ops_attention_full(c, scratch, q, full, full + n_keys * step, s.n, n_keys, s.n_head, s.d, scale, bias, out, NULL));
    for (size_t i = 0; i < s.n; i++) for (size_t h = 0; h < s.n_head; h++) {
        size_t at = (i * s.n_head + h) * s.d, head_kv = h / (s.n_head / s.n_head_kv);
        double scores = 0.0;
        size_t n_seen = cached ? s.pos0 + i + 1 : n_keys, first = s.window != 0 && n_seen > s.window ? n_seen - s.window : 0;
        const double *k = kv + first * step + head_kv * s.d;
        attend(q + at, k, k + n_keys * step, bias == NULL ? NULL : bias + first, n_seen - first, step, s.d,
               (double)scale, (double)how.soft_cap, want, &scores);
        double bound = (2.0 * (double)(s.d / 8 + 16) * scores + (double)n_keys + 64.0) * EPS;
        if (type == Q8_0)                           /* few rows take them as F16 */
            bound += (2.0 * scores + 1.0) * 0x1p-11;
        for (size_t j = 0; j < s.d; j++)
            check_near(cached ? "attention_cached" : "attention_full", at + j, (double)out[at + j], want[j], bound);
    }
    free(q), free(out), free(half), free(full), free(kv), free(bias), free(apart), free(k8), free(v8);
}

static void test_attention(void **state)
{
    static const struct shape cached[] = {
        { 1, 0, 4, 2, 64, 0 }, { 1, 700, 6, 2, 64, 0 }, { 3, 511, 6, 1, 32, 0 },
        { 8, 250, 3, 3, 16, 0 }, { 9, 0, 4, 2, 64, 0 }, { 70, 130, 12, 2, 128, 0 }, { 40, 1000, 9, 3, 64, 0 },
        { 5, 3, 100, 1, 8, 0 }, { 1, 1499, 8, 8, 64, 0 },
        { 1, 700, 6, 2, 64, 100 }, { 1, 511, 6, 2, 64, 1 }, { 8, 507, 4, 1, 64, 512 }, { 8, 640, 4, 1, 64, 130 }, { 3, 2, 4, 2, 64, 2 },
        { 300, 0, 4, 2, 64, 37 }, { 90, 1000, 12, 2, 128, 256 }, { 70, 100, 4, 1, 64, 4000 }
    };
    static const struct shape full[] = { { 1, 0, 2, 2, 64, 0 }, { 1, 900, 8, 8, 64, 0 }, { 150, 77, 2, 2, 32, 0 }, { 12, 500, 3, 3, 40, 0 } };
    struct arena *scratch = arena_new("scratch", 1 << 16, NULL);
    (void)state;

    seed = 5;
    FOR_TABLES(k) {
        struct compute c;
        assert_true(compute_init(&c, 2, (*k)->name, NULL));
        for (size_t i = 0; i < 2 * sizeof cached / sizeof cached[0]; i++)
            check_attention(&c, scratch, cached[i / 2], F16, i % 2);
        for (size_t i = 0; i < 2 * sizeof cached / sizeof cached[0]; i++)
            if (cached[i / 2].d % QUANT_BLOCK == 0)
                check_attention(&c, scratch, cached[i / 2], Q8_0, i % 2);
        for (size_t i = 0; i < 2 * sizeof full / sizeof full[0]; i++)
            check_attention(&c, scratch, full[i / 2], FULL, i % 2);
        compute_done(&c);
    }
    assert_int_equal(arena_mark(scratch).used, 0);
    arena_free(scratch);
}

/* Elements that the pool splits: more than a chunk. */
static void test_elements(void **state)
{
    enum { N = 20011 };
    struct compute c;
    float *x = random_floats(N), *y = random_floats(N), *z = malloc(N * sizeof *z);
    uint16_t *half = malloc(N * sizeof *half);
    (void)state;

    assert_true(compute_init(&c, 2, NULL, NULL));
    memcpy(z, x, N * sizeof *z);
    ops_add(&c, z, y, N);
    for (size_t i = 0; i < N; i++)
        assert_true(z[i] == x[i] + y[i]);
    memcpy(z, x, N * sizeof *z);
    ops_silu_mul(&c, z, y, N);
    for (size_t i = 0; i < N; i++)
        check_near("silu_mul", i, (double)z[i], (double)x[i] / (1.0 + exp(-(double)x[i])) * (double)y[i], 7 * EPS);
    memcpy(z, x, N * sizeof *z);
    ops_gelu(&c, z, N);
    for (size_t i = 0; i < N; i++)
        check_near("gelu", i, (double)z[i], 0.5 * (double)x[i] * erfc(-(double)x[i] * 0.70710678118654752), 5 * EPS);
    /* 2 u is off by 5 roundings, which its exponential magnifies; two more for the quotient and product. */
    for (size_t i = 0; i < N; i++)
        z[i] = 5.0f * x[i];
    ops_gelu_mul(&c, z, y, N);
    for (size_t i = 0; i < N; i++) {
        double g = (double)(5.0f * x[i]), u = 0.79788456080286536 * (g + 0.044715 * g * g * g);
        double want = g / (1.0 + exp(-2.0 * u)) * (double)y[i];
        check_near("gelu_mul", i, (double)z[i], want, fabs(want) * (12.0 + 10.0 * fabs(u)) * EPS + 1e-35);
    }
    float far[4] = { 1e30f, -1e6f, 0.0f, -1e-30f }, one[4] = { 1.0f, 1.0f, 1.0f, 1.0f };
    ops_gelu_mul(&c, far, one, 4);
    check_near("gelu_mul", 0, (double)far[0], 1e30, 1e24);
    check_near("gelu_mul", 1, (double)far[1], 0.0, 1e-20);
    assert_true(far[2] == 0.0f);
    check_near("gelu_mul", 3, (double)far[3], -0.5e-30, 1e-36);
    memcpy(z, x, N * sizeof *z);
    ops_soft_cap(&c, z, 0.5f, N);
    for (size_t i = 0; i < N; i++)
        check_near("soft_cap", i, (double)z[i], 0.5 * tanh((double)x[i] / 0.5), 3 * EPS);
    memcpy(z, x, N * sizeof *z);
    ops_scale(&c, z, 3.0f, N);
    for (size_t i = 0; i < N; i++)
        assert_true(z[i] == 3.0f * x[i]);
    ops_f32_to_f16(&c, x, half, N);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(half[i], quant_f32_to_f16(x[i]));
    float s[3] = { 1.0f, 101.0f, 100.0f };
    ops_softmax(s, 3);
    assert_true(s[0] < 1e-43f);
    check_near("softmax", 1, (double)s[1], 1.0 / (1.0 + exp(-1.0)), 3 * EPS);
    compute_done(&c);
    free(x), free(y), free(z), free(half);
}

static void test_to_f32(void **state)
{
    struct compute c;
    struct arena *arena = arena_new("weights", 1 << 16, NULL);
    struct tensor t = random_matrix(TENSOR_Q4_K, 512, 6);
    float row[512];
    (void)state;

    assert_true(compute_init(&c, 1, NULL, NULL));
    t.dim[1] = 3, t.dim[2] = 2;                     /* all dimensions count */
    const float *all = ops_to_f32(&c, arena, &t, NULL);
    for (size_t r = 0; r < 6; r++) {
        ops_dequantize_row(&c, &t, r, row);
        assert_memory_equal(all + r * 512, row, sizeof row);
    }
    arena_free(arena);
    compute_done(&c);
    free((void *)(uintptr_t)t.data);
}

/* Everything that splits its work, into one long row of results. */
static size_t run_all(const struct compute *c, struct arena *scratch, const struct tensor *w, const float *x, float *out)
{
    static uint16_t half[1200 * 2 * 64];
    const struct ops_keys keys = { half, half, 64, 1200 * 64, OPS_KEYS_F16 };
    const struct ops_attention how = { .n_head = 4, .n_head_kv = 2, .head_dim = 64 };
    double frequency[32];
    float *at = out;

    ops_f32_to_f16(c, x, half, 1200 * 2 * 64);
    for (size_t t = 0; t < 3; t++)
        for (size_t n = 1; n <= 65; n += 16, at += n * 300)
            assert_true(ops_matmul(c, scratch, w + t, NULL, x, n, at, NULL));
    ops_sgemm(c, true, 100, 200, 64, 1.0f, x, 64, x, 64, at, 200), at += 100 * 200;
    ops_rms_norm(c, x, x, 50, 64, 1e-6f, at), at += 50 * 64;
    ops_layer_norm(c, x, x, x, 50, 64, 1e-6f, at), at += 50 * 64;
    ops_rope_frequencies(64, 1e4, frequency);
    ops_rope_turns(c, 50, 64, 3, frequency, 1.0f, at);
    ops_rope(c, at - 50 * 64, 50, 1, 64, 64, at, true), at += 50 * 64;
    assert_true(ops_attention_cached(c, scratch, &how, x, &keys, 1, 1100, at, NULL)), at += 4 * 64;
    assert_true(ops_attention_cached(c, scratch, &how, x, &keys, 50, 1100, at, NULL)), at += 50 * 4 * 64;
    assert_true(ops_attention_full(c, scratch, x, x, x, 100, 300, 2, 64, 0.1f, NULL, at, NULL)), at += 100 * 2 * 64;
    memcpy(at, x, 20000 * sizeof *at);
    ops_gelu(c, at, 20000), ops_silu_mul(c, at, x, 20000), ops_gelu_mul(c, at, x, 20000), at += 20000;
    return (size_t)(at - out);
}

static void test_threads_do_not_matter(void **state)
{
    static const size_t threads[] = { 1, 2, 7 };
    struct arena *scratch = arena_new("scratch", 1 << 16, NULL);
    struct tensor w[3] = { random_matrix(TENSOR_Q4_K, 512, 300), random_matrix(TENSOR_F16, 512, 300), random_matrix(TENSOR_Q8_0, 512, 300) };
    float *x = random_floats(200000), *out[3];
    (void)state;

    FOR_TABLES(k) {
        size_t n = 0;
        for (int i = 0; i < 3; i++) {
            struct compute c;
            out[i] = calloc(400000, sizeof(float));
            assert_true(compute_init(&c, threads[i], (*k)->name, NULL));
            n = run_all(&c, scratch, w, x, out[i]);
            size_t n_chunks = arena_n_chunks(scratch);
            run_all(&c, scratch, w, x, out[i]);
            assert_int_equal(arena_n_chunks(scratch), n_chunks);    /* nothing new the second time */
            compute_done(&c);
        }
        assert_true(n < 400000);
        assert_memory_equal(out[0], out[1], n * sizeof(float));
        assert_memory_equal(out[0], out[2], n * sizeof(float));
        for (int i = 0; i < 3; i++)
            free(out[i]);
    }
    for (int i = 0; i < 3; i++)
        free((void *)(uintptr_t)w[i].data);
    free(x);
    arena_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matmul),
        cmocka_unit_test(test_same_rows),
        cmocka_unit_test(test_sgemm),
        cmocka_unit_test(test_norms),
        cmocka_unit_test(test_rope),
        cmocka_unit_test(test_attention),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_to_f32),
        cmocka_unit_test(test_threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
