/* test_kernels.c - every table that this processor runs, against kernels_ref and
 * against formulas in double.
 *
 * Bounds.  Let e = FLT_EPSILON.  A sum whose terms each pass through at most k
 * roundings is off by at most k e sum|terms| (Higham 2002, ch. 4; e is twice the
 * unit roundoff, which covers the higher orders).  Vector kernels add 8 or 16 lanes
 * side by side, so k is the additions of one lane, the few that join lanes, and
 * the products' own. */
#include "tensor/kernels.h"

#include "tensor/gguf.h"
#include "tensor/quant.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_N 1024
#define MAX_ROWS 30
#define MAX_SAME 8                  /* rows that dot_rows keeps the bits of */

static const enum tensor_type types[] = {
    TENSOR_F32, TENSOR_F16, TENSOR_BF16, TENSOR_Q4_0, TENSOR_Q4_1, TENSOR_Q5_0, TENSOR_Q8_0,
    TENSOR_Q4_K, TENSOR_Q5_K, TENSOR_Q6_K, TENSOR_Q5_1, TENSOR_Q2_K, TENSOR_Q3_K, TENSOR_IQ4_NL, TENSOR_IQ4_XS
};
#define N_TYPES (sizeof types / sizeof types[0])
#define FOR_TABLES(k) for (const struct kernels *const *k = kernels_all; *k != NULL; k++) if ((*k)->supported())

static uint64_t seed;

static uint32_t random_u32(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}

static float random_f32(void)       /* in [-1, 1) */
{
    return (float)(int32_t)random_u32() * 0x1p-31f;
}

static void check_near(const char *table, const char *what, size_t n, double got, double want, double bound)
{
    if (!(fabs(got - want) <= bound))
        fail_msg("%s: %s, n %zu: %.9g, expected %.9g +- %.3g", table, what, n, got, want, bound);
}

static size_t row_bytes(enum tensor_type type, size_t n)
{
    return n / tensor_type_block_elements(type) * tensor_type_block_bytes(type);
}

/* Where a block's f16 scales stand. */
static size_t scales_at(enum tensor_type type)
{
    return type == TENSOR_Q6_K   ? offsetof(struct block_q6_k, d)
           : type == TENSOR_Q3_K ? offsetof(struct block_q3_k, d)
           : type == TENSOR_Q2_K ? offsetof(struct block_q2_k, d)
                                 : 0;
}

static bool has_minimum(enum tensor_type type)
{
    return type == TENSOR_Q4_1 || type == TENSOR_Q5_1 || type == TENSOR_Q2_K || type == TENSOR_Q4_K || type == TENSOR_Q5_K;
}

static void set_scales(enum tensor_type type, unsigned char *block, float d, float m)
{
    uint16_t half[2] = { quant_f32_to_f16(d), quant_f32_to_f16(m) };

    memcpy(block + scales_at(type), half, has_minimum(type) ? 4 : 2);
}

/* Random weights.  extreme: all bits of the quants set, or none, and the largest scales. */
static void fill_weights(enum tensor_type type, unsigned char *w, size_t n, int extreme)
{
    size_t bytes = tensor_type_block_bytes(type);

    for (size_t at = 0; at < row_bytes(type, n); at += bytes) {
        float d = random_f32() * 0.01f, m = random_f32() * 0.1f;
        if (tensor_type_block_elements(type) == 1) {
            uint16_t half = quant_f32_to_f16(d);
            uint32_t bits;
            memcpy(&bits, &d, 4);
            if (type == TENSOR_F32)
                memcpy(w + at, &d, 4);
            else if (type == TENSOR_F16)
                memcpy(w + at, &half, 2);
            else
                memcpy(w + at, (uint16_t[]){ (uint16_t)(bits >> 16) }, 2);
            continue;
        }
        for (size_t i = 0; i < bytes; i++)
            w[at + i] = (unsigned char)(extreme == 1 ? 0xff : extreme == 2 ? 0 : random_u32());
        if (extreme == 1 && type == TENSOR_Q8_0)
            memset(w + at, 0x80, bytes);                        /* -128 */
        if (type == TENSOR_Q6_K && extreme != 0)
            memset(w + at + offsetof(struct block_q6_k, scales), extreme == 1 ? 0x80 : 0x7f, 16);
        set_scales(type, w + at, d, m);
    }
}

/* The largest |offset-free weight| + |offset| that a block of this type can hold:
 * what the terms of a product are made of. */
static double block_size(enum tensor_type type, const unsigned char *block)
{
    uint16_t half[2] = { 0, 0 };
    memcpy(half, block + scales_at(type), has_minimum(type) ? 4 : 2);
    double d = fabs((double)quant_f16_to_f32(half[0])), m = fabs((double)quant_f16_to_f32(half[1]));

    switch (type) {
    case TENSOR_Q4_0: return d * (15 + 8);
    case TENSOR_Q4_1: return d * 15 + m;
    case TENSOR_Q5_0: return d * (31 + 16);
    case TENSOR_Q5_1: return d * (16 + 16) + m;
    case TENSOR_Q8_0: return d * (255 + 128);
    case TENSOR_IQ4_NL: return d * (255 + 128);
    case TENSOR_Q2_K: return d * 15 * 3 + m * 15;
    case TENSOR_Q3_K: return d * 32 * (7 + 4);
    case TENSOR_IQ4_XS: return d * 32 * (255 + 128);
    case TENSOR_Q4_K: return d * 63 * 15 + m * 63;
    case TENSOR_Q5_K: return d * 63 * 31 + m * 63;
    case TENSOR_Q6_K: return d * 128 * (63 + 32);
    default: return 0.0;
    }
}

static double sum_of_sizes(enum tensor_type type, const unsigned char *w, const struct activations *x, size_t n)
{
    size_t weights = tensor_type_block_elements(type);
    double sum = 0.0;
    float plain;

    for (size_t i = 0; i < n; i++) {
        const unsigned char *block = w + i / weights * tensor_type_block_bytes(type);
        if (weights == 1) {
            kernels_ref.dequantize[type](block, &plain, 1);
            sum += fabs((double)plain * (double)x->x[i]);
        } else {
            sum += block_size(type, block) * fabs((double)x->scale[i / 32] * x->q[i]);
        }
    }
    return sum;
}

struct rows {                       /* activations, quantised by the reference */
    float x[MAX_ROWS * MAX_N], scale[MAX_ROWS * MAX_N / 32], sum[MAX_ROWS * MAX_N / 32];
    int8_t q[MAX_ROWS * MAX_N];
};

/* extreme: all activations at the largest step, with random signs for odd rows, all
 * alike in the others, positive and negative in turn. */
static void fill_rows(struct rows *r, size_t n, size_t n_in, int extreme, uint8_t flip)
{
    for (size_t i = 0; i < n * n_in; i++) {
        size_t row = i / n_in;
        float sign = row % 4 == 2 || (row % 2 != 0 && random_u32() % 2 != 0) ? -1.0f : 1.0f;
        r->x[i] = extreme != 0 ? 3.0f * sign : 4.0f * random_f32();
    }
    for (size_t i = 0; i < n && n_in % 32 == 0; i++)
        kernels_ref.quantize(r->x + i * n_in, n_in, flip, r->q + i * n_in, r->scale + i * n_in / 32, r->sum + i * n_in / 32);
}

static void test_dequantize(void **state)
{
    static unsigned char w[MAX_N * 4 + 2];
    static float want[MAX_N], got[MAX_N + 1];
    (void)state;

    FOR_TABLES(k) for (size_t t = 0; t < N_TYPES; t++) for (int extreme = 0; extreme < 3; extreme++) {
        size_t block = tensor_type_block_elements(types[t]);
        unsigned char *data = w + (block > 1 ? 2 : 0);          /* aligned to two only */

        seed = 1;
        for (size_t n = 0; n <= (block == 1 ? 40 : MAX_N); n += block) {
            fill_weights(types[t], data, n, extreme);
            kernels_ref.dequantize[types[t]](data, want, n);
            got[n] = 12345.0f;
            (*k)->dequantize[types[t]](data, got, n);
            assert_true(got[n] == 12345.0f);
            for (size_t i = 0; i < n; i++)      /* three roundings, of parts no larger than the block's size */
                check_near((*k)->name, tensor_type_name(types[t]), n, (double)got[i], (double)want[i],
                           3 * (double)FLT_EPSILON * block_size(types[t], data + i / block * tensor_type_block_bytes(types[t])));
        }
    }
}

/* What a table says w x is: the first row of x. */
static float dot_one(const struct kernels *k, enum tensor_type type, const void *w, const struct activations *x, size_t n)
{
    int8_t q[MAX_N];
    float sum[MAX_N / 16] = { 0 }, y;
    struct activations arranged = { NULL, q, x->scale, sum };

    if (k->dot_rows[type] == NULL)
        return k->dot_row[type](w, x, n);
    memcpy(q, x->q, n);
    memcpy(sum, x->sum, n / 32 * sizeof *sum);
    if (k->arrange[type] != NULL)
        k->arrange[type](q, x->scale, sum, n);
    k->dot_rows[type](w, &arranged, n, 1, n, &y, 1);
    return y;
}

/* k: n / 32 blocks in a lane, or n / 8 plain terms; up to 4 joins of lanes, 3
 * roundings of scales, 3 of the dequantised reference, 2 of the offset's sum. */
static void test_dot_row(void **state)
{
    static unsigned char w[MAX_N * 4 + 2];
    static struct rows rows;
    (void)state;

    FOR_TABLES(k) for (size_t t = 0; t < N_TYPES; t++) for (int extreme = 0; extreme < 3; extreme++) {
        size_t block = tensor_type_block_elements(types[t]);
        unsigned char *data = w + (block > 1 ? 2 : 0);
        struct activations x = { rows.x, rows.q, rows.scale, rows.sum };

        seed = 2;
        if (block == 1)
            x.q = NULL;
        for (size_t n = 0; n <= (block == 1 ? 80 : MAX_N); n += block) {
            fill_weights(types[t], data, n, extreme);
            fill_rows(&rows, 1, n, extreme, 0);
            double roundings = (double)(n / (block == 1 ? 8 : 32) + 12);
            check_near((*k)->name, tensor_type_name(types[t]), n, (double)dot_one(*k, types[t], data, &x, n),
                       (double)kernels_ref.dot_row[types[t]](data, &x, n),
                       roundings * (double)FLT_EPSILON * sum_of_sizes(types[t], data, &x, n));
        }
    }
}

static void check_same_rows(const struct kernels *k, enum tensor_type type, const void *w, size_t n_in)
{
    static struct rows rows;
    static float sums[MAX_SAME * MAX_N / 16];
    float alone[MAX_SAME], together[MAX_SAME * 3];
    size_t n_sums = n_in / k->sum_step[type];

    fill_rows(&rows, MAX_SAME, n_in, 0, 0);
    for (size_t i = 0; i < MAX_SAME; i++) {
        struct activations x = { NULL, rows.q + i * n_in, rows.scale + i * n_in / 32, sums + i * n_sums };
        memcpy(sums + i * n_sums, rows.sum + i * n_in / 32, n_in / 32 * sizeof *sums);
        if (k->arrange[type] != NULL)
            k->arrange[type](rows.q + i * n_in, x.scale, sums + i * n_sums, n_in);
        k->dot_rows[type](w, &x, n_in, 1, n_in, &alone[i], 1);
    }
    struct activations all = { NULL, rows.q, rows.scale, sums };
    for (size_t n = 1; n <= MAX_SAME; n++) {
        for (size_t i = 0; i < n * 3; i++)
            together[i] = 12345.0f;
        k->dot_rows[type](w, &all, n_in, n, n_in, together, 3);
        for (size_t i = 0; i < n * 3; i++) {
            float want = i % 3 == 0 ? alone[i / 3] : 12345.0f;
            if (memcmp(&together[i], &want, sizeof want) != 0)
                fail_msg("%s, %s, %zu columns: row %zu of %zu is %.9g, %.9g is right", k->name, tensor_type_name(type),
                         n_in, i / 3, n, (double)together[i], (double)want);
        }
    }
}

/* Several rows at once: each to the bit what it is alone. */
static void test_dot_rows(void **state)
{
    static unsigned char w[MAX_N * 2];
    (void)state;

    FOR_TABLES(k) for (size_t t = 0; t < N_TYPES; t++) {
        if ((*k)->dot_rows[types[t]] == NULL)
            continue;
        seed = 3;
        for (size_t n_in = 256; n_in <= MAX_N; n_in += tensor_type_block_elements(types[t])) {
            fill_weights(types[t], w, n_in, 0);
            check_same_rows(*k, types[t], w, n_in);
        }
    }
}

static void check_tile(const struct kernels *k, enum tensor_type type, size_t n_rows, size_t n, size_t n_in, int extreme)
{
    static unsigned char w[16 * MAX_N * 2];
    static struct rows plain, flipped;
    static float y[MAX_ROWS * 20];
    size_t bytes = row_bytes(type, n_in);
    void *tile = aligned_alloc(64, (k->tile_bytes(n_in) + 63) / 64 * 64);

    fill_weights(type, w, 16 * n_in, extreme);
    uint64_t before = seed;
    fill_rows(&plain, n, n_in, extreme, 0);
    seed = before;
    fill_rows(&flipped, n, n_in, extreme, k->tile_flip);
    for (size_t i = 0; i < n * 20; i++)
        y[i] = 12345.0f;
    struct activations x = { NULL, flipped.q, flipped.scale, flipped.sum };
    k->pack_tile[type](w, bytes, n_rows, n_in, tile);
    k->multiply_tile[type](tile, &x, n, n_in, y, 20, n_rows);
    free(tile);

    for (size_t i = 0; i < n; i++) {
        struct activations row = { NULL, plain.q + i * n_in, plain.scale + i * n_in / 32, plain.sum + i * n_in / 32 };
        for (size_t r = 0; r < n_rows; r++)
            check_near(k->name, tensor_type_name(type), n_in, (double)y[i * 20 + r],
                       (double)kernels_ref.dot_row[type](w + r * bytes, &row, n_in),
                       (double)(2 * n_in / 32 + 12) * (double)FLT_EPSILON * sum_of_sizes(type, w + r * bytes, &row, n_in));
        for (size_t r = n_rows; r < 20; r++)
            assert_true(y[i * 20 + r] == 12345.0f);
    }
}

/* As test_dot_row, with scale and minimum added in turn: 2 n / 32. */
static void test_tiles(void **state)
{
    (void)state;
    seed = 3;
    FOR_TABLES(k) for (size_t t = 0; t < N_TYPES; t++) {
        size_t block = tensor_type_block_elements(types[t]);
        if ((*k)->pack_tile[types[t]] == NULL)
            continue;
        for (size_t n = 1; n <= MAX_ROWS; n++)
            check_tile(*k, types[t], 16, n, 2 * block, 0);
        for (size_t n_rows = 1; n_rows <= 16; n_rows++)
            check_tile(*k, types[t], n_rows, 13, block, 0);
        for (size_t n_in = block; n_in <= MAX_N; n_in += block)
            for (int extreme = 0; extreme < 3; extreme++)
                check_tile(*k, types[t], 16, 5, n_in, extreme);
    }
}

static void test_quantize(void **state)
{
    enum { N = 32 * 9 };
    float x[N], scale[9], sum[9], want_scale[9], want_sum[9];
    int8_t q[N], want[N];
    (void)state;

    seed = 4;
    for (int i = 0; i < N; i++)
        x[i] = ldexpf(random_f32(), i / 32);
    memset(x + 32, 0, 32 * sizeof *x);
    x[64] = NAN;
    x[99] = -INFINITY;
    for (int i = 128; i < 160; i++)
        x[i] = 1e-38f;                          /* 127 / x would be infinite */
    for (int i = 160; i < 192; i++)
        x[i] = ((float)(i - 176) + 0.5f) / 127.0f * 16.0f;      /* ties */
    x[192] = FLT_MAX;
    FOR_TABLES(k) for (int flip = 0; flip < 2; flip++) {
        kernels_ref.quantize(x, N, flip ? 0x80 : 0, want, want_scale, want_sum);
        (*k)->quantize(x, N, flip ? 0x80 : 0, q, scale, sum);
        assert_memory_equal(q, want, sizeof q);
        for (int b = 0; b < 9; b++) {
            assert_true(scale[b] == want_scale[b] || (isnan(scale[b]) && isnan(want_scale[b])));
            assert_true(sum[b] == want_sum[b] || (isnan(sum[b]) && isnan(want_sum[b])));
            assert_true(isnan(scale[b]) == (b == 2 || b == 3));
        }
    }
    for (int i = 0; i < 32; i++)                /* half a step of the largest, and a rounding */
        assert_true(fabsf(x[i] - want_scale[0] * (float)(int8_t)((uint8_t)want[i] ^ 0x80)) <= 0.5001f * want_scale[0]);
}

static void test_f16(void **state)
{
    static uint16_t half[65536], back[65536];
    static float x[65536], want[65536];
    (void)state;

    for (int i = 0; i < 65536; i++)
        half[i] = (uint16_t)i;
    kernels_ref.dequantize[TENSOR_F16](half, want, 65536);
    FOR_TABLES(k) {
        (*k)->dequantize[TENSOR_F16](half, x, 65536);
        assert_memory_equal(x, want, sizeof x);
        (*k)->f32_to_f16(x, back, 65536);
        for (int i = 0; i < 65536; i++)         /* a signalling NaN comes back quiet */
            assert_int_equal(back[i], isnan(x[i]) ? half[i] | 0x200 : half[i]);
    }
    for (uint32_t bits = 0; bits < 0xffffffffu - 65536 * 977; ) {
        for (int i = 0; i < 65536; i++, bits += 977)
            memcpy(x + i, &bits, 4);
        kernels_ref.f32_to_f16(x, half, 65536);
        FOR_TABLES(k) {
            (*k)->f32_to_f16(x, back, 65536);
            assert_memory_equal(back, half, sizeof half);
        }
    }
}

static void test_dot_and_add(void **state)
{
    float x[90], y[90], z[90];
    (void)state;

    seed = 5;
    FOR_TABLES(k) for (size_t n = 0; n < 90; n++) {
        double want = 0.0, size = 0.0;
        for (size_t i = 0; i < n; i++) {
            x[i] = random_f32(), z[i] = y[i] = random_f32();
            want += (double)x[i] * (double)y[i];
            size += fabs((double)x[i] * (double)y[i]);
        }
        check_near((*k)->name, "dot", n, (double)(*k)->dot(x, y, n), want, (double)(n / 8 + 12) * (double)FLT_EPSILON * size);
        (*k)->add_scaled(z, 0.7f, x, n);
        for (size_t i = 0; i < n; i++)
            check_near((*k)->name, "add_scaled", n, (double)z[i], (double)y[i] + (double)0.7f * (double)x[i], 2 * (double)FLT_EPSILON);
    }
}

/* Rows of queries over the keys of one of three heads; score and weight rows are apart.
 * Behind what is asked for stands NaN, before and after. */
static void check_attend(const struct kernels *k, size_t n_rows, size_t n, size_t d)
{
    enum { STEP = 3 };
    float q[14 * 160], score[14 * 40], scored[14 * 40], out[14 * 160];
    uint16_t keys[37 * STEP * 160];
    double want, size, e = (double)FLT_EPSILON;

    for (size_t i = 0; i < n_rows * d; i++)
        q[i] = random_f32();
    for (size_t i = 0; i < 37 * STEP * d; i++)
        keys[i] = i / d % STEP == 1 && i / d / STEP < n ? quant_f32_to_f16(random_f32()) : 0x7e00;
    for (size_t i = 0; i < 14 * 40; i++)
        score[i] = NAN;
    k->score_keys(q, n_rows, keys + d, STEP * d, n, d, 0.3f, score, 40);
    memcpy(scored, score, sizeof scored);
    for (size_t r = 0; r < n_rows; r++) for (size_t i = 0; i < 40; i++) {
        want = size = 0.0;
        for (size_t j = 0; i < n && j < d; j++) {
            double term = (double)0.3f * (double)q[r * d + j] * (double)quant_f16_to_f32(keys[(i * STEP + 1) * d + j]);
            want += term, size += fabs(term);
        }
        if (i < n)
            check_near(k->name, "score_keys", d, (double)score[r * 40 + i], want, (double)(d / 8 + 8) * e * size);
        else
            assert_true(isnan(score[r * 40 + i]));
        score[r * 40 + i] = i < n ? random_f32() : NAN;
    }
    memcpy(out, q, sizeof out);
    k->gather_values(score, 40, n_rows, keys + d, STEP * d, n, d, out);
    for (size_t r = 0; r < n_rows; r++) for (size_t j = 0; j < d; j++) {
        want = (double)q[r * d + j], size = fabs(want);
        for (size_t i = 0; i < n; i++) {
            double term = (double)score[r * 40 + i] * (double)quant_f16_to_f32(keys[(i * STEP + 1) * d + j]);
            want += term, size += fabs(term);
        }
        check_near(k->name, "gather_values", d, (double)out[r * d + j], want, (double)(n + 1) * e * size);
    }
    for (size_t r = 0; r < n_rows; r++) {       /* the same bits alone */
        float one[160];
        k->score_keys(q + r * d, 1, keys + d, STEP * d, n, d, 0.3f, one, 40);
        assert_memory_equal(one, scored + r * 40, n * sizeof *one);
        memcpy(one, q + r * d, d * sizeof *one);
        k->gather_values(score + r * 40, 40, 1, keys + d, STEP * d, n, d, one);
        assert_memory_equal(one, out + r * d, d * sizeof *one);
    }
}

static void test_attend(void **state)
{
    static const size_t widths[] = { 2, 7, 8, 12, 16, 20, 31, 32, 40, 64, 80, 96, 128, 130, 160 };
    (void)state;

    seed = 7;
    FOR_TABLES(k) for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
        for (size_t n_rows = 1; n_rows <= 14; n_rows++)
            for (size_t n = 1; n <= 37; n += n < 4 ? 1 : 11)
                check_attend(*k, n_rows, n, widths[w]);
}

static void test_max(void **state)
{
    float x[70];
    (void)state;

    seed = 6;
    FOR_TABLES(k) for (size_t n = 1; n <= 70; n++) {
        for (size_t i = 0; i < n; i++)
            x[i] = -1.0f - random_f32();
        for (size_t at = 0; at < n; at++) {
            float was = x[at];
            x[at] = 0.5f;
            assert_true((*k)->max(x, n) == 0.5f);
            x[at] = NAN;
            assert_true(n == 1 || (*k)->max(x, n) < 0.0f);
            x[at] = was;
        }
    }
}

/* exp: 2 units in the last place, 4 with the argument's own rounding for |x| <= 1;
 * an argument x that was rounded is off by e |x|. */
static void test_exp_sum(void **state)
{
    enum { N = 4001 };
    float x[N];
    (void)state;

    FOR_TABLES(k) for (size_t n = 1; n <= N; n += n < 20 ? 1 : N - 20) {
        double sum = 0.0;
        for (size_t i = 0; i < n; i++)
            x[i] = 3.0f - (float)i * 0.03f;
        float got = (*k)->exp_sum(x, 3.0f, n);
        for (size_t i = 0; i < n; i++) {
            double argument = (double)(3.0f - (float)i * 0.03f - 3.0f), want = exp(argument);
            check_near((*k)->name, "exp", i, (double)x[i], want, want * (double)FLT_EPSILON * 2 + 1.3e-38);
            sum += want;
        }
        check_near((*k)->name, "exp_sum", n, (double)got, sum, sum * (double)FLT_EPSILON * (double)(2 + n / 8 + 4));
    }
    FOR_TABLES(k) {
        float special[3] = { -INFINITY, NAN, -200.0f };
        assert_true(isnan((*k)->exp_sum(special, 0.0f, 3)));
        assert_true(special[0] == 0.0f && isnan(special[1]) && special[2] == 0.0f);
    }
}

static void test_silu_and_gelu(void **state)
{
    enum { N = 4003 };
    float x[N], up[N], gate[N];
    (void)state;

    FOR_TABLES(k) for (size_t n = 1; n <= N; n += n < 20 ? 1 : N - 20) {
        for (size_t i = 0; i < n; i++) {
            gate[i] = x[i] = (float)((i * 997) % N) * 0.05f - 100.0f;
            up[i] = 1.0f + (float)(i % 7);
        }
        (*k)->silu_mul(gate, up, n);
        for (size_t i = 0; i < n; i++) {        /* 3 for e^-x, and 4 roundings; e^-87 stands for what is smaller */
            double want = (double)x[i] / (1.0 + exp(-(double)x[i])) * (double)up[i];
            check_near((*k)->name, "silu", i, (double)gate[i], want, fabs(want) * 7 * (double)FLT_EPSILON + 1e-35);
        }
        memcpy(gate, x, sizeof x);
        (*k)->gelu(gate, n);
        for (size_t i = 0; i < n; i++) {        /* erf to 1.5e-7 and some roundings, times |x| / 2 */
            double want = 0.5 * (double)x[i] * erfc(-(double)x[i] * 0.70710678118654752);
            check_near((*k)->name, "gelu", i, (double)gate[i], want, fabs((double)x[i]) * (0.75e-7 + 4 * (double)FLT_EPSILON));
        }
    }
    FOR_TABLES(k) {
        float special[2] = { NAN, -INFINITY }, one[2] = { 1.0f, 1.0f };
        (*k)->silu_mul(special, one, 1);
        assert_true(isnan(special[0]));
        special[0] = NAN;
        (*k)->gelu(special, 1);
        assert_true(isnan(special[0]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dequantize),
        cmocka_unit_test(test_dot_row),
        cmocka_unit_test(test_dot_rows),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_quantize),
        cmocka_unit_test(test_f16),
        cmocka_unit_test(test_dot_and_add),
        cmocka_unit_test(test_attend),
        cmocka_unit_test(test_max),
        cmocka_unit_test(test_exp_sum),
        cmocka_unit_test(test_silu_and_gelu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
