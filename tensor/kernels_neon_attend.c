/* kernels_neon_attend.c - attention of few query rows over F16 keys and values, on 64-bit ARM.
 *
 *   score_keys     blocks of 2 rows x 4 keys            two sums of vectors for each pair
 *   gather_values  blocks of 4 rows x 16 columns        a sum over the keys in each lane
 *
 * Each key or value becomes f32 once for all rows of a block.  Every sum is taken in
 * the same order in blocks of any size, so that a row's bits do not depend on the
 * rows beside it (kernels.h). */
#include "tensor/kernels_neon.h"

#include "tensor/kernels_neon_load.h"

#define SCORE_ROWS 2
#define SCORE_KEYS 4
#define GATHER_ROWS 4
#define GATHER_COLUMNS 8            /* most vectors of columns in a block */

/* ---- scores ---------------------------------------------------------------------- */

/* sum += q k for eight columns of n_rows rows, d apart, and of four keys. */
static inline __attribute__((always_inline)) void add_products(float32x4_t sum[SCORE_ROWS][SCORE_KEYS][2],
    const float *q, size_t n_rows, size_t d, const uint16_t *const k[SCORE_KEYS], size_t j)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < SCORE_KEYS; i++)
#pragma GCC unroll 2
        for (size_t half = 0; half < 2; half++) {
            float32x4_t key = load_halves(k[i] + j + 4 * half);
#pragma GCC unroll 2
            for (size_t r = 0; r < n_rows; r++)
                sum[r][i][half] = vfmaq_f32(sum[r][i][half], key, vld1q_f32(q + r * d + 4 * half));
        }
}

/* As add_products for the last n < 8 columns, padded with zeros. */
static inline __attribute__((always_inline)) void add_products_rest(float32x4_t sum[SCORE_ROWS][SCORE_KEYS][2],
    const float *q, size_t n_rows, size_t d, const uint16_t *const k[SCORE_KEYS], size_t j, size_t n)
{
    float rows[SCORE_ROWS][8] = { { 0 } };
    uint16_t keys[SCORE_KEYS][8] = { { 0 } };
    const uint16_t *padded[SCORE_KEYS] = { keys[0], keys[1], keys[2], keys[3] };

    for (size_t r = 0; r < n_rows; r++)
        memcpy(rows[r], q + r * d, n * sizeof(float));
    for (size_t i = 0; i < SCORE_KEYS; i++)
        memcpy(keys[i], k[i] + j, n * sizeof(uint16_t));
    add_products(sum, rows[0], n_rows, 8, padded, 0);
}

/* n_rows is a constant where this is inlined. */
static inline __attribute__((always_inline)) void score_rows(const float *q, size_t n_rows, const uint16_t *k, size_t step,
    size_t n, size_t d, float scale, float *score, size_t ld)
{
    for (size_t i = 0; i < n; i += SCORE_KEYS) {
        size_t n_keys = n - i < SCORE_KEYS ? n - i : SCORE_KEYS, j = 0;
        float32x4_t sum[SCORE_ROWS][SCORE_KEYS][2];
        const uint16_t *key[SCORE_KEYS];

#pragma GCC unroll 4
        for (size_t c = 0; c < SCORE_KEYS; c++) {
            key[c] = k + (i + (c < n_keys ? c : 0)) * step;
#pragma GCC unroll 2
            for (size_t r = 0; r < n_rows; r++)
                sum[r][c][0] = sum[r][c][1] = vdupq_n_f32(0.0f);
        }
        for (; j + 8 <= d; j += 8)
            add_products(sum, q + j, n_rows, d, key, j);
        if (j < d)
            add_products_rest(sum, q + j, n_rows, d, key, j, d - j);
#pragma GCC unroll 2
        for (size_t r = 0; r < n_rows; r++) {
            float32x4_t first = vpaddq_f32(vaddq_f32(sum[r][0][0], sum[r][0][1]), vaddq_f32(sum[r][1][0], sum[r][1][1]));
            float32x4_t second = vpaddq_f32(vaddq_f32(sum[r][2][0], sum[r][2][1]), vaddq_f32(sum[r][3][0], sum[r][3][1]));
            float lanes[SCORE_KEYS];
            vst1q_f32(lanes, vmulq_n_f32(vpaddq_f32(first, second), scale));
            memcpy(score + r * ld + i, lanes, n_keys * sizeof *lanes);
        }
    }
}

void score_keys_neon(const float *q, size_t n_rows, const uint16_t *k, size_t step, size_t n, size_t d, float scale,
                     float *score, size_t ld)
{
    size_t r = 0;

    for (; r + SCORE_ROWS <= n_rows; r += SCORE_ROWS)
        score_rows(q + r * d, SCORE_ROWS, k, step, n, d, scale, score + r * ld, ld);
    if (r < n_rows)
        score_rows(q + r * d, 1, k, step, n, d, scale, score + r * ld, ld);
}

/* ---- values ---------------------------------------------------------------------- */

/* out[r d + ...] of n_columns vectors; both counts are constants where this is inlined. */
static inline __attribute__((always_inline)) void gather_block(const float *weight, size_t ld, size_t n_rows,
    const uint16_t *v, size_t step, size_t n, size_t n_columns, size_t d, float *out)
{
    float32x4_t sum[GATHER_ROWS][GATHER_COLUMNS];

#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 8
        for (size_t c = 0; c < n_columns; c++)
            sum[r][c] = vld1q_f32(out + r * d + 4 * c);
    for (size_t i = 0; i < n; i++, v += step)
#pragma GCC unroll 8
        for (size_t c = 0; c < n_columns; c++) {
            float32x4_t value = load_halves(v + 4 * c);
#pragma GCC unroll 4
            for (size_t r = 0; r < n_rows; r++)
                sum[r][c] = vfmaq_n_f32(sum[r][c], value, weight[r * ld + i]);
        }
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 8
        for (size_t c = 0; c < n_columns; c++)
            vst1q_f32(out + r * d + 4 * c, sum[r][c]);
}

/* The last n_columns < 4 of one row. */
static void gather_rest(const float *weight, const uint16_t *v, size_t step, size_t n, size_t n_columns, float *out)
{
    float lanes[4] = { 0 };
    uint16_t value[4] = { 0 };

    memcpy(lanes, out, n_columns * sizeof *out);
    float32x4_t sum = vld1q_f32(lanes);
    for (size_t i = 0; i < n; i++) {
        memcpy(value, v + i * step, n_columns * sizeof *value);
        sum = vfmaq_n_f32(sum, load_halves(value), weight[i]);
    }
    vst1q_f32(lanes, sum);
    memcpy(out, lanes, n_columns * sizeof *out);
}

static inline __attribute__((always_inline)) void gather_rows(const float *weight, size_t ld, size_t n_rows,
    const uint16_t *v, size_t step, size_t n, size_t n_columns, size_t d, float *out)
{
    size_t j = 0;

    for (; j + 4 * n_columns <= d; j += 4 * n_columns)
        gather_block(weight, ld, n_rows, v + j, step, n, n_columns, d, out + j);
    for (; j + 4 <= d; j += 4)
        gather_block(weight, ld, n_rows, v + j, step, n, 1, d, out + j);
    for (size_t r = 0; j < d && r < n_rows; r++)
        gather_rest(weight + r * ld, v + j, step, n, d - j, out + r * d + j);
}

void gather_values_neon(const float *weight, size_t ld, size_t n_rows, const uint16_t *v, size_t step, size_t n, size_t d,
                        float *out)
{
    size_t r = 0;

    for (; r + GATHER_ROWS <= n_rows; r += GATHER_ROWS)
        gather_rows(weight + r * ld, ld, GATHER_ROWS, v, step, n, 4, d, out + r * d);
    for (; r < n_rows; r++)
        gather_rows(weight + r * ld, ld, 1, v, step, n, GATHER_COLUMNS, d, out + r * d);
}
