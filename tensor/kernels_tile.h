/* kernels_tile.h - many rows of activations by 256-bit registers, for the x86 tables.
 *
 * A lane is a weight row (kernels_pack.h), so nothing is summed across lanes.  The 32
 * columns of a tile block end in
 *
 *   y += scale_x (scale_w s)  - min_w sum_x       s: the integer sum
 *
 * Without VNNI s is added in 16 bits, except for 8-bit weights, which do not fit: |w| times
 * x with w's sign goes to 32 bits pair by pair. */
#ifndef TENSOR_KERNELS_TILE_H
#define TENSOR_KERNELS_TILE_H

#include "tensor/kernels_dot.h"
#include "tensor/kernels_pack.h"

#if defined(KERNELS_DPBUSD)

/* sum + the products of a quad of columns, then eight i32. */
static inline __m256i tile_add(__m256i sum, __m256i x, __m256i w)
{
    sum = KERNELS_DPBUSD(sum, x, w);
    IN_REGISTER(sum);
    return sum;
}

static inline __m256i tile_sum(__m256i sum)
{
    return sum;
}

#else

/* The same with two columns in 16 bits. */
static inline __m256i tile_add(__m256i sum, __m256i x, __m256i w)
{
    sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(x, w));
    IN_REGISTER(sum);
    return sum;
}

static inline __m256i tile_sum(__m256i sum)
{
    return _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
}

#endif

/* sum + a quad's products in 32 bits, x and w of 8 bits both, by sum_quads. */
static inline __m256i tile_add_signed(__m256i sum, __m256i x, __m256i w)
{
    sum = _mm256_add_epi32(sum, sum_quads(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)));
    IN_REGISTER(sum);
    return sum;
}

enum second { SECOND_NONE, SECOND_MIN, SECOND_SCALE, SECOND_SIGNED };

#define STEP 4                      /* rows of x at a time: 8 sums, in registers */
#define PASS 24                     /* rows that meet a tile block while it is in the first cache */

static inline __m256i load_tile(const void *p)
{
    return _mm256_load_si256(p);
}

/* sum += n rows of x (a constant where this is inlined) times quads [from, to). */
static inline __attribute__((always_inline)) void tile_quads(const struct tile_block *t, const int8_t *const x[STEP], size_t n,
    int from, int to, bool is_signed, __m256i sum[STEP][2])
{
#pragma GCC unroll 8
    for (int k = from; k < to; k++) {
        __m256i w[2] = { load_tile(t->q[k]), load_tile(t->q[k][ROWS / 2]) };
        IN_REGISTER(w[0]);
        IN_REGISTER(w[1]);
#pragma GCC unroll 8
        for (size_t i = 0; i < n; i++) {
            int32_t word;
            memcpy(&word, x[i] + 4 * k, sizeof word);
            __m256i four = _mm256_set1_epi32(word);
            if (is_signed)
                four = _mm256_xor_si256(four, _mm256_set1_epi8((char)TILE_FLIP));
#pragma GCC unroll 2
            for (int r = 0; r < 2; r++)
                sum[i][r] = is_signed ? tile_add_signed(sum[i][r], four, w[r]) : tile_add(sum[i][r], four, w[r]);
        }
    }
}

/* Adds block b of n rows of x times one tile block to acc[n][ROWS]. */
static inline __attribute__((always_inline)) void multiply_block(const struct tile_block *t, const struct activations *x, size_t n,
    size_t n_in, size_t b, enum second second, float (*acc)[ROWS])
{
    size_t n_blocks = n_in / QUANT_BLOCK;
    int n_parts = second == SECOND_SCALE ? 2 : 1, quads = N_QUADS / n_parts;
    const int8_t *q[STEP];

    __asm__("" : "+r"(t));      /* else all of the tile is copied to the stack first, for all groups of rows */
#pragma GCC unroll 8
    for (size_t i = 0; i < n; i++) {
        q[i] = x->q + i * n_in + b * QUANT_BLOCK;
        __asm__("" : "+r"(q[i]));
    }

#pragma GCC unroll 2
    for (int part = 0; part < n_parts; part++) {
        __m256i sum[STEP][2];
#pragma GCC unroll 16
        for (size_t i = 0; i < 2 * n; i++)
            sum[i / 2][i % 2] = second == SECOND_SIGNED ? _mm256_setzero_si256() : load_tile(t->start[part] + i % 2 * (ROWS / 2));
        tile_quads(t, q, n, part * quads, part * quads + quads, second == SECOND_SIGNED, sum);
#pragma GCC unroll 16
        for (size_t i = 0; i < 2 * n; i++) {
            size_t r = i % 2 * (ROWS / 2);
            __m256i s = second == SECOND_SIGNED ? sum[i / 2][i % 2] : tile_sum(sum[i / 2][i % 2]);
            __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(s), _mm256_load_ps(t->scale[part] + r));
            y = _mm256_fmadd_ps(y, _mm256_set1_ps(x->scale[i / 2 * n_blocks + b]), _mm256_load_ps(acc[i / 2] + r));
            if (second == SECOND_MIN)
                y = _mm256_fnmadd_ps(_mm256_load_ps(t->scale[1] + r), _mm256_set1_ps(x->sum[i / 2 * n_blocks + b]), y);
            _mm256_store_ps(acc[i / 2] + r, y);
        }
    }
}

static inline struct activations rows_from(const struct activations *x, size_t i, size_t n_in)
{
    size_t n_blocks = n_in / QUANT_BLOCK;
    struct activations at = { NULL, x->q + i * n_in, x->scale + i * n_blocks, x->sum + i * n_blocks };

    return at;
}

static inline __attribute__((always_inline)) void multiply_tile(const struct tile_block *t, const struct activations *x, size_t n_all,
    size_t n_in, enum second second, float *y, size_t ld_y, size_t n_rows)
{
    for (size_t i0 = 0; i0 < n_all; i0 += PASS) {
        _Alignas(64) float acc[PASS][ROWS];
        size_t n = n_all - i0 < PASS ? n_all - i0 : PASS;

        memset(acc, 0, n * sizeof acc[0]);
        for (size_t b = 0; b < n_in / QUANT_BLOCK; b++) {
            size_t i = 0;
            for (; i + STEP <= n; i += STEP) {
                struct activations at = rows_from(x, i0 + i, n_in);
                multiply_block(t + b, &at, STEP, n_in, b, second, acc + i);
            }
            for (; i < n; i++) {
                struct activations at = rows_from(x, i0 + i, n_in);
                multiply_block(t + b, &at, 1, n_in, b, second, acc + i);
            }
        }
        for (size_t i = 0; i < n; i++)
            memcpy(y + (i0 + i) * ld_y, acc[i], n_rows * sizeof *y);
    }
}

static void multiply_plain(const void *tile, const struct activations *x, size_t n, size_t n_in, float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_NONE, y, ld_y, n_rows);
}

static void multiply_min(const void *tile, const struct activations *x, size_t n, size_t n_in, float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_MIN, y, ld_y, n_rows);
}

static void multiply_two(const void *tile, const struct activations *x, size_t n, size_t n_in, float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_SCALE, y, ld_y, n_rows);
}

#if defined(KERNELS_DPBUSD)
#define MULTIPLY_8_BITS multiply_plain
#else

static void multiply_signed(const void *tile, const struct activations *x, size_t n, size_t n_in, float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_SIGNED, y, ld_y, n_rows);
}
#define MULTIPLY_8_BITS multiply_signed

#endif

/* The entries of a table. */
#define KERNELS_TILE_ENTRIES                                                        \
    .multiply_tile = {                                                              \
        [TENSOR_Q4_0] = multiply_plain, [TENSOR_Q4_1] = multiply_min, [TENSOR_Q5_0] = multiply_plain, \
        [TENSOR_Q8_0] = MULTIPLY_8_BITS, [TENSOR_Q4_K] = multiply_min, [TENSOR_Q5_K] = multiply_min, \
        [TENSOR_Q6_K] = multiply_two, [TENSOR_Q5_1] = multiply_min, [TENSOR_Q3_K] = multiply_two, \
        [TENSOR_IQ4_NL] = MULTIPLY_8_BITS, [TENSOR_IQ4_XS] = MULTIPLY_8_BITS,       \
    },                                                                              \
    KERNELS_PACK_ENTRIES

#endif
