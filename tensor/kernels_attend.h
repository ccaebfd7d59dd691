/* kernels_attend.h - attention of few query rows over F16 keys and values, for the x86 tables.
 *
 *   score_keys     blocks of rows x 2 keys      a sum of vectors for each pair
 *   gather_values  blocks of rows x columns     a sum over the keys in each lane
 *
 * Each key or value becomes f32 once for all rows of a block, and each row is loaded
 * once for both keys: the sums of a block fill the registers.  Every sum is taken in
 * the same order in blocks of any size, so that a row's bits do not depend on the
 * rows beside it (kernels.h). */
#ifndef TENSOR_KERNELS_ATTEND_H
#define TENSOR_KERNELS_ATTEND_H

#include "tensor/kernels_x86.h"

#if defined(KERNELS_ATTEND_512)

#define LANES 16
#define WIDE_COLUMNS 4              /* vectors of columns in a block of many rows */
typedef __m512 floats;

static inline floats load_floats(const float *x) { return _mm512_loadu_ps(x); }
static inline void store_floats(float *x, floats v) { _mm512_storeu_ps(x, v); }
static inline floats load_halfs(const uint16_t *x) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)x)); }
static inline floats spread(float x) { return _mm512_set1_ps(x); }
static inline floats multiply_add(floats x, floats y, floats sum) { return _mm512_fmadd_ps(x, y, sum); }

static inline __m256 fold(floats x)
{
    return _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
}

#else

#define LANES 8
#define WIDE_COLUMNS 2
typedef __m256 floats;

static inline floats load_floats(const float *x) { return _mm256_loadu_ps(x); }
static inline void store_floats(float *x, floats v) { _mm256_storeu_ps(x, v); }
static inline floats load_halfs(const uint16_t *x) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)x)); }
static inline floats spread(float x) { return _mm256_set1_ps(x); }
static inline floats multiply_add(floats x, floats y, floats sum) { return _mm256_fmadd_ps(x, y, sum); }
static inline __m256 fold(floats x) { return x; }

#endif

#define MOST_ROWS 6                 /* of a block */
#define MOST_COLUMNS 8              /* vectors of a block of one row */

/* The last n < LANES of a row, padded with zeros. */
static inline floats load_floats_rest(const float *x, size_t n)
{
    float lanes[LANES] = { 0 };
    memcpy(lanes, x, n * sizeof *x);
    return load_floats(lanes);
}

static inline floats load_halfs_rest(const uint16_t *x, size_t n)
{
    uint16_t lanes[LANES] = { 0 };
    memcpy(lanes, x, n * sizeof *x);
    return load_halfs(lanes);
}

/* The four sums of the lanes of a, b, c, d. */
static inline __m128 sum_lanes(floats a, floats b, floats c, floats d)
{
    __m256 four = _mm256_hadd_ps(_mm256_hadd_ps(fold(a), fold(b)), _mm256_hadd_ps(fold(c), fold(d)));

    return _mm_add_ps(_mm256_castps256_ps128(four), _mm256_extractf128_ps(four, 1));
}

/* Rows of a block, of the n that are left: sizes whose sums and operands fit 16 registers. */
static inline size_t block_rows(size_t n)
{
    return n >= MOST_ROWS && n != 7 ? MOST_ROWS : n >= 4 ? 4 : n;
}

/* score[r ld + i] of two keys, or of one when k[1] is k[0].  n_rows is a constant
 * where this is inlined. */
static inline __attribute__((always_inline)) void score_block(const float *q, size_t n_rows, const uint16_t *const k[2],
    size_t d, __m128 scale, float *score, size_t ld)
{
    const size_t whole = d / LANES * LANES;
    floats sum[MOST_ROWS + 1][2];

#pragma GCC unroll 8
    for (size_t r = 0; r <= n_rows; r++)
        sum[r][0] = sum[r][1] = spread(0.0f);
    for (size_t j = 0; j < whole; j += LANES) {
        floats key[2] = { load_halfs(k[0] + j), load_halfs(k[1] + j) };
#pragma GCC unroll 8
        for (size_t r = 0; r < n_rows; r++) {
            floats row = load_floats(q + r * d + j);
            sum[r][0] = multiply_add(row, key[0], sum[r][0]);
            sum[r][1] = multiply_add(row, key[1], sum[r][1]);
        }
    }
    if (whole < d) {
        floats key[2] = { load_halfs_rest(k[0] + whole, d - whole), load_halfs_rest(k[1] + whole, d - whole) };
#pragma GCC unroll 8
        for (size_t r = 0; r < n_rows; r++) {
            floats row = load_floats_rest(q + r * d + whole, d - whole);
            sum[r][0] = multiply_add(row, key[0], sum[r][0]);
            sum[r][1] = multiply_add(row, key[1], sum[r][1]);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < n_rows; r += 2) {        /* an odd row goes with the zeros behind it */
        __m128 four = _mm_mul_ps(sum_lanes(sum[r][0], sum[r][1], sum[r + 1][0], sum[r + 1][1]), scale);
        float lanes[4];
        _mm_storeu_ps(lanes, four);
        memcpy(score + r * ld, lanes, k[0] == k[1] ? sizeof(float) : 2 * sizeof(float));
        if (r + 1 < n_rows)
            memcpy(score + (r + 1) * ld, lanes + 2, k[0] == k[1] ? sizeof(float) : 2 * sizeof(float));
    }
}

static inline __attribute__((always_inline)) void score_rows(const float *q, size_t n_rows, const uint16_t *k, size_t step,
    size_t n, size_t d, float scale, float *score, size_t ld)
{
    __m128 scales = _mm_set1_ps(scale);

    for (size_t i = 0; i < n; i += 2) {
        const uint16_t *const two[2] = { k + i * step, k + (i + 1 < n ? i + 1 : i) * step };
        score_block(q, n_rows, two, d, scales, score + i, ld);
    }
}

static void score_keys(const float *q, size_t n_rows, const uint16_t *k, size_t step, size_t n, size_t d, float scale,
                       float *score, size_t ld)
{
    for (size_t r = 0, rows; r < n_rows; r += rows, q += rows * d, score += rows * ld) {
        rows = block_rows(n_rows - r);
        switch (rows) {
        case 6: score_rows(q, 6, k, step, n, d, scale, score, ld); break;
        case 4: score_rows(q, 4, k, step, n, d, scale, score, ld); break;
        case 3: score_rows(q, 3, k, step, n, d, scale, score, ld); break;
        case 2: score_rows(q, 2, k, step, n, d, scale, score, ld); break;
        default: score_rows(q, 1, k, step, n, d, scale, score, ld);
        }
    }
}

/* out[r d + ...] of n_columns vectors; both counts are constants where this is inlined. */
static inline __attribute__((always_inline)) void gather_block(const float *weight, size_t ld, size_t n_rows,
    const uint16_t *v, size_t step, size_t n, size_t n_columns, size_t d, float *out)
{
    floats sum[MOST_ROWS][MOST_COLUMNS];

#pragma GCC unroll 8
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 8
        for (size_t c = 0; c < n_columns; c++)
            sum[r][c] = load_floats(out + r * d + c * LANES);
    for (size_t i = 0; i < n; i++, v += step) {
        floats value[MOST_COLUMNS];
#pragma GCC unroll 8
        for (size_t c = 0; c < n_columns; c++)
            value[c] = load_halfs(v + c * LANES);
#pragma GCC unroll 8
        for (size_t r = 0; r < n_rows; r++) {
            floats w = spread(weight[r * ld + i]);
#pragma GCC unroll 8
            for (size_t c = 0; c < n_columns; c++)
                sum[r][c] = multiply_add(w, value[c], sum[r][c]);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 8
        for (size_t c = 0; c < n_columns; c++)
            store_floats(out + r * d + c * LANES, sum[r][c]);
}

/* The last n_columns < LANES of one row. */
static void gather_rest(const float *weight, const uint16_t *v, size_t step, size_t n, size_t n_columns, float *out)
{
    floats sum = load_floats_rest(out, n_columns);
    float lanes[LANES];

    for (size_t i = 0; i < n; i++)
        sum = multiply_add(spread(weight[i]), load_halfs_rest(v + i * step, n_columns), sum);
    store_floats(lanes, sum);
    memcpy(out, lanes, n_columns * sizeof *out);
}

static inline __attribute__((always_inline)) void gather_rows(const float *weight, size_t ld, size_t n_rows,
    const uint16_t *v, size_t step, size_t n, size_t n_columns, size_t d, float *out)
{
    size_t j = 0;

    for (; j + n_columns * LANES <= d; j += n_columns * LANES)
        gather_block(weight, ld, n_rows, v + j, step, n, n_columns, d, out + j);
    for (; j + LANES <= d; j += LANES)
        gather_block(weight, ld, n_rows, v + j, step, n, 1, d, out + j);
    for (size_t r = 0; j < d && r < n_rows; r++)
        gather_rest(weight + r * ld, v + j, step, n, d - j, out + r * d + j);
}

static void gather_values(const float *weight, size_t ld, size_t n_rows, const uint16_t *v, size_t step, size_t n, size_t d,
                          float *out)
{
    for (size_t r = 0, rows; r < n_rows; r += rows, weight += rows * ld, out += rows * d) {
        rows = block_rows(n_rows - r);
        switch (rows) {
        case 6: gather_rows(weight, ld, 6, v, step, n, WIDE_COLUMNS, d, out); break;
        case 4: gather_rows(weight, ld, 4, v, step, n, WIDE_COLUMNS, d, out); break;
        case 3: gather_rows(weight, ld, 3, v, step, n, WIDE_COLUMNS, d, out); break;
        case 2: gather_rows(weight, ld, 2, v, step, n, 4, d, out); break;
        default: gather_rows(weight, ld, 1, v, step, n, 64 / LANES, d, out);
        }
    }
}

#define KERNELS_ATTEND_ENTRIES .score_keys = score_keys, .gather_values = gather_values

#endif
