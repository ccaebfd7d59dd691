/* kernels_dot_super.h - dot products of blocks of 256 weights, for the x86 tables.
 *
 * The sums of a sub-block (32 weights, or 16 in Q2_K, Q3_K and Q6_K) share a scale, and each conversion
 * and product with a scale costs as much as the sum itself.  So sub-blocks are
 * interleaved by words of 8 bytes before they are multiplied: two lanes of a
 * register are one sub-block, and all its words are added in integers.
 *
 *   Q4_K, Q5_K: bytes 32 j + 8 k .. of q, j = 0..3, hold word k of sub-blocks 2j and 2j + 1
 *
 *   register k:  | j = 0 | j = 1 | j = 2 | j = 3 |      low nibbles: even sub-blocks
 *
 *   Q2_K, Q3_K and Q6_K, quarter k of the halves h of a block:
 *
 *   register p:  | h = 0, word p | h = 1, word p | h = 0, word p + 2 | h = 1, word p + 2 |
 *
 * The activations are brought into the same order once (arrange_*).  IQ4_XS, whose
 * levels need 8 bits, is taken as the types with blocks of 32 are. */
#ifndef TENSOR_KERNELS_DOT_SUPER_H
#define TENSOR_KERNELS_DOT_SUPER_H

#include "tensor/kernels_dot.h"

/* ---- Q4_K and Q5_K ----------------------------------------------------------------------- */

/* Words k of four runs of 32 bytes, `step` bytes apart. */
static inline void interleave(const void *bytes, size_t step, __m256i out[4])
{
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; half++) {
        const unsigned char *x = (const unsigned char *)bytes + 16 * half;
        __m128i run[4];
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++)
            run[j] = _mm_loadu_si128((const __m128i *)(const void *)(x + j * step));
        __m256i even = _mm256_inserti128_si256(_mm256_castsi128_si256(run[0]), run[2], 1);
        __m256i odd = _mm256_inserti128_si256(_mm256_castsi128_si256(run[1]), run[3], 1);
        out[2 * half] = _mm256_unpacklo_epi64(even, odd);
        out[2 * half + 1] = _mm256_unpackhi_epi64(even, odd);
    }
}

static void arrange_q4_k(int8_t *q, const float *scale, float *sum, size_t n)
{
    __m256i out[8];
    (void)scale, (void)sum;

    for (; n > 0; n -= QUANT_SUPER, q += QUANT_SUPER) {
        interleave(q, 64, out);
        interleave(q + 32, 64, out + 4);
        memcpy(q, out, sizeof out);
    }
}

/* q[k]: word k of the even sub-blocks; q[4 + k]: of the odd ones. */
static inline void split_q4_k(const uint8_t bytes[128], __m256i q[8])
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i both[4];

    interleave(bytes, 32, both);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        q[k] = _mm256_and_si256(both[k], nibble);
        q[4 + k] = _mm256_and_si256(_mm256_srli_epi16(both[k], 4), nibble);
    }
}

static inline void unpack_q4_k(const struct block_q4_k *w, __m256i q[8])
{
    split_q4_k(w->q, q);
}

/* Bits 2j and 2j + 1 of `high` are the fifth bits. */
static inline void unpack_q5_k(const struct block_q5_k *w, __m256i q[8])
{
    const __m256i fifth = _mm256_set1_epi8(16);

    split_q4_k(w->q, q);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        long long word;
        memcpy(&word, w->high + 8 * k, sizeof word);
        __m256i high = _mm256_srlv_epi64(_mm256_set1_epi64x(word), _mm256_setr_epi64x(0, 2, 4, 6));
        q[k] = _mm256_or_si256(q[k], _mm256_and_si256(_mm256_slli_epi16(high, 4), fifth));
        q[4 + k] = _mm256_or_si256(q[4 + k], _mm256_and_si256(_mm256_slli_epi16(high, 3), fifth));
    }
}

#define ROWS_SUPER(TYPE, STRUCT)                                                                        \
    static inline __attribute__((always_inline)) void rows_##TYPE(const void *weights, const struct activations *x, \
        size_t ld_x, size_t n, size_t n_in, float *y, size_t ld_y)                                      \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        const __m256i even = _mm256_setr_epi32(0, 0, 2, 2, 4, 4, 6, 6), odd = _mm256_setr_epi32(1, 1, 3, 3, 5, 5, 7, 7); \
        __m256 acc[DOT_ROWS_MAX], offset[DOT_ROWS_MAX], scale, min;                                     \
                                                                                                        \
        _Pragma("GCC unroll 8")                                                                         \
        for (size_t i = 0; i < n; i++)                                                                  \
            acc[i] = offset[i] = _mm256_setzero_ps();                                                   \
        for (size_t b = 0; b < n_in / QUANT_BLOCK; b += N_GROUP, w++) {                                 \
            __m256i q[8];                                                                               \
            load_scales(w->scales, &scale, &min);                                                       \
            scale = _mm256_mul_ps(scale, _mm256_set1_ps(half_to_f32(w->d)));                            \
            min = _mm256_mul_ps(min, _mm256_set1_ps(half_to_f32(w->dmin)));                             \
            unpack_##TYPE(w, q);                                                                        \
            _Pragma("GCC unroll 8")                                                                     \
            for (size_t i = 0; i < n; i++) {                                                            \
                const int8_t *xq = x->q + i * ld_x + b * QUANT_BLOCK;                                   \
                __m256 both = _mm256_mul_ps(scale, _mm256_loadu_ps(x->scale + i * (ld_x / QUANT_BLOCK) + b)); \
                offset[i] = _mm256_fmadd_ps(min, _mm256_loadu_ps(x->sum + i * (ld_x / QUANT_BLOCK) + b), offset[i]); \
                acc[i] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum_registers(q, xq, 4)), _mm256_permutevar8x32_ps(both, even), acc[i]); \
                acc[i] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum_registers(q + 4, xq + 128, 4)), _mm256_permutevar8x32_ps(both, odd), acc[i]); \
            }                                                                                           \
        }                                                                                               \
        _Pragma("GCC unroll 8")                                                                         \
        for (size_t i = 0; i < n; i++)                                                                  \
            y[i * ld_y] = sum8(_mm256_sub_ps(acc[i], offset[i]));                                       \
    }

ROWS_SUPER(q4_k, block_q4_k)
ROWS_SUPER(q5_k, block_q5_k)

/* ---- Q2_K, Q3_K and Q6_K ------------------------------------------------------------- */

#define SUM_16 16                   /* activations to a sum: as many as weights share a scale */

/* The scales of activations in the order of order_16: 0 and 1 are of quarters 0, 1 and 2, 3. */
static inline __m256 x_scales_16(const float *scale, int pair)
{
    const __m256i lanes = pair == 0 ? _mm256_setr_epi32(0, 4, 0, 4, 1, 5, 1, 5) : _mm256_setr_epi32(2, 6, 2, 6, 3, 7, 3, 7);

    return _mm256_permutevar8x32_ps(_mm256_loadu_ps(scale), lanes);
}

/* The sums become those of 16, times the offset of q, in the order of order_16. */
static inline void arrange_16(int8_t *q, const float *scale, float *sum, size_t n, float offset)
{
    const __m256i ones[2] = { _mm256_set1_epi8(1), _mm256_set1_epi8(1) };

    for (; n > 0; n -= QUANT_SUPER, q += QUANT_SUPER, scale += N_GROUP, sum += 2 * N_GROUP) {
        __m256i out[8];
#pragma GCC unroll 4
        for (size_t k = 0; k < 4; k++) {
            __m256i first = load_x(q, k), second = load_x(q, k + 4);
            out[2 * k] = _mm256_unpacklo_epi64(first, second);
            out[2 * k + 1] = _mm256_unpackhi_epi64(first, second);
        }
        memcpy(q, out, sizeof out);
        for (int pair = 0; pair < 2; pair++) {          /* neighbouring lanes are one sum of 16 */
            const int8_t *x = q + 128 * pair;
            __m256i both = _mm256_hadd_epi32(sum_registers(ones, x, 2), sum_registers(ones, x + 64, 2));
            __m256 total = _mm256_cvtepi32_ps(_mm256_permute4x64_epi64(both, 0xd8));
            total = _mm256_mul_ps(total, _mm256_set1_ps(offset));
            _mm256_storeu_ps(sum + 8 * pair, _mm256_mul_ps(total, x_scales_16(scale, pair)));
        }
    }
}

static void arrange_q2_k(int8_t *q, const float *scale, float *sum, size_t n)
{
    arrange_16(q, scale, sum, n, -1.0f);                /* of the minimum */
}

static void arrange_q3_k(int8_t *q, const float *scale, float *sum, size_t n)
{
    arrange_16(q, scale, sum, n, -4.0f);
}

static void arrange_q6_k(int8_t *q, const float *scale, float *sum, size_t n)
{
    arrange_16(q, scale, sum, n, -32.0f);
}

/* Pairs of bits; q[2k], q[2k + 1]: quarter k. */
static inline void split_pairs(const uint8_t bytes[64], __m256i q[8])
{
    __m256i half[2] = { _mm256_loadu_si256((const __m256i *)bytes), _mm256_loadu_si256((const __m256i *)(bytes + 32)) };
    __m256i both[2] = { _mm256_unpacklo_epi64(half[0], half[1]), _mm256_unpackhi_epi64(half[0], half[1]) };

#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        q[i] = _mm256_and_si256(_mm256_srli_epi16(both[i % 2], i / 2 * 2), _mm256_set1_epi8(3));
}

static inline void unpack_q2_k(const struct block_q2_k *w, __m256i q[8])
{
    split_pairs(w->q, q);
}

static inline void unpack_q3_k(const struct block_q3_k *w, __m256i q[8])
{
    const __m256i third = _mm256_set1_epi8(4);
    __m256i first = _mm256_loadu_si256((const __m256i *)w->high), second = _mm256_srli_epi16(first, 4);
    __m256i high[2] = { _mm256_unpacklo_epi64(first, second), _mm256_unpackhi_epi64(first, second) };

    split_pairs(w->q, q);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        __m256i bit = i / 2 < 2 ? _mm256_slli_epi16(high[i % 2], 2 - i / 2) : _mm256_srli_epi16(high[i % 2], i / 2 - 2);
        q[i] = _mm256_or_si256(q[i], _mm256_and_si256(bit, third));
    }
}

/* q[2k], q[2k + 1]: quarter k. */
static inline void unpack_q6_k(const struct block_q6_k *w, __m256i q[8])
{
    const __m256i nibble = _mm256_set1_epi8(15), upper = _mm256_set1_epi8(48);
    __m256i high[2] = { _mm256_loadu_si256((const __m256i *)w->high), _mm256_loadu_si256((const __m256i *)(w->high + 32)) };
    __m256i h[2] = { _mm256_unpacklo_epi64(high[0], high[1]), _mm256_unpackhi_epi64(high[0], high[1]) };

#pragma GCC unroll 2
    for (int k = 0; k < 2; k++) {
        __m256i first = _mm256_loadu_si256((const __m256i *)(w->q + 32 * k));
        __m256i second = _mm256_loadu_si256((const __m256i *)(w->q + 64 + 32 * k));
        __m256i low[2] = { _mm256_unpacklo_epi64(first, second), _mm256_unpackhi_epi64(first, second) };
#pragma GCC unroll 2
        for (int p = 0; p < 2; p++) {
            __m256i bits = k == 0 ? _mm256_slli_epi16(h[p], 4) : _mm256_slli_epi16(h[p], 2);
            q[2 * k + p] = _mm256_or_si256(_mm256_and_si256(low[p], nibble), _mm256_and_si256(bits, upper));
            bits = k == 0 ? h[p] : _mm256_srli_epi16(h[p], 2);
            q[2 * k + p + 4] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low[p], 4), nibble), _mm256_and_si256(bits, upper));
        }
    }
}

/* Sixteen scales as f32, times d; scale i is that of quarter i / 4, 16 weights i / 2 % 2, half i % 2. */
static inline void order_16(__m128i scales, uint16_t d, __m256 out[2])
{
    bytes_to_f32(_mm_shuffle_epi8(scales, _mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15)), out);
    out[0] = _mm256_mul_ps(out[0], _mm256_set1_ps(half_to_f32(d)));
    out[1] = _mm256_mul_ps(out[1], _mm256_set1_ps(half_to_f32(d)));
}

/* What the sums of activations are multiplied by: the scales, or the minima. */
static inline void order_q2_k(const struct block_q2_k *w, __m256 scale[2], __m256 offset[2])
{
    const __m128i nibble = _mm_set1_epi8(15);
    __m128i both = _mm_loadu_si128((const __m128i *)w->scales);

    order_16(_mm_and_si128(both, nibble), w->d, scale);
    order_16(_mm_and_si128(_mm_srli_epi16(both, 4), nibble), w->dmin, offset);
}

static inline void order_q3_k(const struct block_q3_k *w, __m256 scale[2], __m256 offset[2])
{
    order_16(scales_q3_k(w), w->d, scale);
    offset[0] = scale[0], offset[1] = scale[1];
}

static inline void order_q6_k(const struct block_q6_k *w, __m256 scale[2], __m256 offset[2])
{
    order_16(scales_q6_k(w), w->d, scale);
    offset[0] = scale[0], offset[1] = scale[1];
}

#define ROWS_SIXTEEN(TYPE, STRUCT)                                                                      \
    static inline __attribute__((always_inline)) void rows_##TYPE(const void *weights, const struct activations *x, \
        size_t ld_x, size_t n, size_t n_in, float *y, size_t ld_y)                                      \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        const __m256i lanes[2] = { _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3), _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7) }; \
        __m256 acc[DOT_ROWS_MAX][2];                                                                    \
                                                                                                        \
        _Pragma("GCC unroll 8")                                                                         \
        for (size_t i = 0; i < n; i++)                                                                  \
            acc[i][0] = acc[i][1] = _mm256_setzero_ps();                                                \
        for (size_t b = 0; b < n_in / QUANT_BLOCK; b += N_GROUP, w++) {                                 \
            __m256 scale[2], offset[2];                                                                 \
            __m256i q[8];                                                                               \
            order_##TYPE(w, scale, offset);                                                             \
            unpack_##TYPE(w, q);                                                                        \
            _Pragma("GCC unroll 8")                                                                     \
            for (size_t i = 0; i < n; i++) {                                                            \
                const int8_t *xq = x->q + i * ld_x + b * QUANT_BLOCK;                                   \
                const float *sum = x->sum + i * (ld_x / SUM_16) + 2 * b;                                \
                const float *x_scale = x->scale + i * (ld_x / QUANT_BLOCK) + b;                         \
                _Pragma("GCC unroll 2")                                                                 \
                for (int pair = 0; pair < 2; pair++) {                                                  \
                    __m256 both = _mm256_mul_ps(scale[pair], x_scales_16(x_scale, pair));               \
                    acc[i][pair] = _mm256_fmadd_ps(offset[pair], _mm256_loadu_ps(sum + 8 * pair), acc[i][pair]); \
                    _Pragma("GCC unroll 2")                                                             \
                    for (int k = 0; k < 2; k++)                                                         \
                        acc[i][pair] = _mm256_fmadd_ps(                                         \
                            _mm256_cvtepi32_ps(sum_registers(q + 4 * pair + 2 * k, xq + 128 * pair + 64 * k, 2)), \
                            _mm256_permutevar8x32_ps(both, lanes[k]), acc[i][pair]);                \
                }                                                                                       \
            }                                                                                           \
        }                                                                                               \
        _Pragma("GCC unroll 8")                                                                         \
        for (size_t i = 0; i < n; i++)                                                                  \
            y[i * ld_y] = sum8(_mm256_add_ps(acc[i][0], acc[i][1]));                                    \
    }

ROWS_SIXTEEN(q2_k, block_q2_k)
ROWS_SIXTEEN(q3_k, block_q3_k)
ROWS_SIXTEEN(q6_k, block_q6_k)

/* ---- IQ4_XS -------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) void rows_iq4_xs(const void *weights, const struct activations *x,
    size_t ld_x, size_t n, size_t n_in, float *y, size_t ld_y)
{
    const struct block_iq4_xs *w = weights;
    __m256 acc[DOT_ROWS_SMALL][4];

#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
        acc[i][0] = acc[i][1] = acc[i][2] = acc[i][3] = _mm256_setzero_ps();
    for (size_t b = 0; b < n_in / QUANT_BLOCK; b += N_GROUP, w++) {
        __m256 of_w = _mm256_mul_ps(load_scales_iq4_xs(w), _mm256_set1_ps(half_to_f32(w->d))), scale[DOT_ROWS_SMALL];
#pragma GCC unroll 4
        for (size_t i = 0; i < n; i++)
            scale[i] = _mm256_mul_ps(of_w, _mm256_loadu_ps(x->scale + i * (ld_x / QUANT_BLOCK) + b));
#pragma GCC unroll 8
        for (int k = 0; k < N_GROUP; k++) {
            __m256i q = load_iq4(w->q + 16 * k);
#pragma GCC unroll 4
            for (size_t i = 0; i < n; i++)
                acc[i][k % 4] = add_quads(acc[i][k % 4], sum_signed(q, load_x(x->q + i * ld_x, b + (size_t)k)), scale[i], k);
        }
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
        y[i * ld_y] = sum8(_mm256_add_ps(_mm256_add_ps(acc[i][0], acc[i][1]), _mm256_add_ps(acc[i][2], acc[i][3])));
}

/* ---- the entries of a table -------------------------------------------------------------- */

/* One row of x at a time does the same sums in the same order as several.  Five to seven are
 * four and the rest. */
#define DOT_ROWS(TYPE, SUM_STEP, MOST)                                                                  \
    /* Apart, so that one row does not save the registers that more need. */                            \
    static __attribute__((noinline)) void one_row_##TYPE(const void *w, const struct activations *x, size_t n_in, float *y) \
    {                                                                                                   \
        rows_##TYPE(w, x, n_in, 1, n_in, y, 1);                                                         \
    }                                                                                                   \
    static __attribute__((noinline)) void some_rows_##TYPE(const void *w, const struct activations *x, size_t ld_x, \
                                                           size_t n, size_t n_in, float *y, size_t ld_y) \
    {                                                                                                   \
        if (n == 2)                                                                                     \
            rows_##TYPE(w, x, ld_x, 2, n_in, y, ld_y);                                                  \
        else if (n == 3)                                                                                \
            rows_##TYPE(w, x, ld_x, 3, n_in, y, ld_y);                                                  \
        else if (n == 4)                                                                                \
            rows_##TYPE(w, x, ld_x, 4, n_in, y, ld_y);                                                  \
        else                                                                                            \
            rows_##TYPE(w, x, ld_x, MOST, n_in, y, ld_y);                                               \
    }                                                                                                   \
    static void dot_rows_##TYPE(const void *w, const struct activations *x, size_t ld_x, size_t n, size_t n_in, \
                                float *y, size_t ld_y)                                                  \
    {                                                                                                   \
        struct activations rest;                                                                        \
                                                                                                        \
        if (n == 1) {                                                                                   \
            one_row_##TYPE(w, x, n_in, y);                                                              \
            return;                                                                                     \
        }                                                                                               \
        rest = *x;                                                                                      \
        while (n > 1) {                                                                                 \
            size_t step = n >= (MOST) ? (MOST) : n < 4 ? n : 4;                                         \
            some_rows_##TYPE(w, &rest, ld_x, step, n_in, y, ld_y);                                      \
            rest.q += step * ld_x;                                                                      \
            rest.scale += step * (ld_x / QUANT_BLOCK);                                                  \
            rest.sum += step * (ld_x / (SUM_STEP));                                                     \
            y += step * ld_y;                                                                           \
            n -= step;                                                                                  \
        }                                                                                               \
        if (n == 1)                                                                                     \
            one_row_##TYPE(w, &rest, n_in, y);                                                          \
    }

DOT_ROWS(q4_0, QUANT_BLOCK, DOT_ROWS_SMALL)
DOT_ROWS(q4_1, QUANT_BLOCK, DOT_ROWS_SMALL)
DOT_ROWS(q5_0, QUANT_BLOCK, DOT_ROWS_SMALL)
DOT_ROWS(q5_1, QUANT_BLOCK, DOT_ROWS_SMALL)
DOT_ROWS(q8_0, QUANT_BLOCK, DOT_ROWS_SMALL)
DOT_ROWS(iq4_nl, QUANT_BLOCK, DOT_ROWS_SMALL)
DOT_ROWS(iq4_xs, QUANT_BLOCK, DOT_ROWS_SMALL)
DOT_ROWS(q4_k, QUANT_BLOCK, DOT_ROWS_MAX)
DOT_ROWS(q5_k, QUANT_BLOCK, DOT_ROWS_MAX)
DOT_ROWS(q2_k, SUM_16, DOT_ROWS_MAX)
DOT_ROWS(q3_k, SUM_16, DOT_ROWS_MAX)
DOT_ROWS(q6_k, SUM_16, DOT_ROWS_MAX)

#define KERNELS_DOT_ENTRIES                                                         \
    .dot_row = {                                                                    \
        [TENSOR_F32] = dot_f32_avx2, [TENSOR_F16] = dot_f16_avx2, [TENSOR_BF16] = dot_bf16_avx2, \
    },                                                                              \
    .dot_rows = {                                                                   \
        [TENSOR_Q4_0] = dot_rows_q4_0, [TENSOR_Q4_1] = dot_rows_q4_1, [TENSOR_Q5_0] = dot_rows_q5_0, \
        [TENSOR_Q8_0] = dot_rows_q8_0, [TENSOR_Q4_K] = dot_rows_q4_k, [TENSOR_Q5_K] = dot_rows_q5_k, \
        [TENSOR_Q6_K] = dot_rows_q6_k, [TENSOR_Q5_1] = dot_rows_q5_1, [TENSOR_Q2_K] = dot_rows_q2_k, \
        [TENSOR_Q3_K] = dot_rows_q3_k, [TENSOR_IQ4_NL] = dot_rows_iq4_nl, [TENSOR_IQ4_XS] = dot_rows_iq4_xs, \
    },                                                                              \
    .sum_step = {                                                                   \
        [TENSOR_Q4_0] = QUANT_BLOCK, [TENSOR_Q4_1] = QUANT_BLOCK, [TENSOR_Q5_0] = QUANT_BLOCK, \
        [TENSOR_Q8_0] = QUANT_BLOCK, [TENSOR_Q4_K] = QUANT_BLOCK, [TENSOR_Q5_K] = QUANT_BLOCK, \
        [TENSOR_Q6_K] = SUM_16, [TENSOR_Q5_1] = QUANT_BLOCK, [TENSOR_Q2_K] = SUM_16, \
        [TENSOR_Q3_K] = SUM_16, [TENSOR_IQ4_NL] = QUANT_BLOCK, [TENSOR_IQ4_XS] = QUANT_BLOCK, \
    },                                                                              \
    .arrange = {                                                                    \
        [TENSOR_Q4_K] = arrange_q4_k, [TENSOR_Q5_K] = arrange_q4_k, [TENSOR_Q6_K] = arrange_q6_k, \
        [TENSOR_Q2_K] = arrange_q2_k, [TENSOR_Q3_K] = arrange_q3_k,                 \
    }

#endif
