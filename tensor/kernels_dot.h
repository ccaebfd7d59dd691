/* kernels_dot.h - a row of quantised weights times a few rows of activations, for the
 * x86 tables; here types with blocks of 32, kernels_dot_super.h has the others.
 *
 * Each file that includes this gets them in its own instruction set: only
 * sum_quads and sum_registers differ.  Weights are unpacked once for up to eight rows of
 * activations, and a row's sums are the same for any number of rows beside it.
 * Eight blocks of 32 go together:
 *
 *   scales of w times scales of x: one vector     integer sums: one vector per block
 *
 * Four sums run side by side, so that none waits for the one before. */
#ifndef TENSOR_KERNELS_DOT_H
#define TENSOR_KERNELS_DOT_H

#include "tensor/kernels_x86.h"

#define N_GROUP 8
#define DOT_ROWS_MAX 8              /* rows of x at a time ... */
#define DOT_ROWS_SMALL 4            /* ... and with blocks of 32, where more gain nothing */

static inline __m256i load_x(const int8_t *x, size_t b)
{
    return _mm256_loadu_si256((const __m256i *)(x + b * QUANT_BLOCK));
}

#if defined(KERNELS_DPBUSD)

/* Sums of four products, q unsigned, x signed. */
static inline __m256i sum_quads(__m256i q, __m256i x)
{
    return KERNELS_DPBUSD(_mm256_setzero_si256(), q, x);
}

/* n registers of q and as many of x, added up. */
static inline __m256i sum_registers(const __m256i *q, const int8_t *x, size_t n)
{
    __m256i sum = _mm256_setzero_si256();

#pragma GCC unroll 4
    for (size_t k = 0; k < n; k++)
        sum = KERNELS_DPBUSD(sum, q[k], load_x(x, k));
    return sum;
}

#else

/* maddubs adds pairs in 16 bits, which saturate: 2 x 63 x 127 fits, and for
 * 8-bit weights 2 x 128 x 127 = 32512 just does, because x never is -128. */
static inline __m256i sum_quads(__m256i q, __m256i x)
{
    return _mm256_madd_epi16(_mm256_maddubs_epi16(q, x), _mm256_set1_epi16(1));
}

/* 16 bits hold four registers of 5-bit q, 8 x 31 x 127 = 31496, and two of 6-bit q:
 * 4 x 63 x 127 = 32004. */
static inline __m256i sum_registers(const __m256i *q, const int8_t *x, size_t n)
{
    __m256i sum = _mm256_maddubs_epi16(q[0], load_x(x, 0));

#pragma GCC unroll 4
    for (size_t k = 1; k < n; k++)
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(q[k], load_x(x, k)));
    return _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
}

#endif

/* Eight f16 numbers, `step` bytes apart. */
static inline __m256 load_halves(const void *first, size_t step)
{
    uint16_t half[N_GROUP];

#pragma GCC unroll 8
    for (size_t i = 0; i < N_GROUP; i++)
        memcpy(half + i, (const unsigned char *)first + i * step, sizeof half[i]);
    return _mm256_cvtph_ps(_mm_setr_epi16((short)half[0], (short)half[1], (short)half[2], (short)half[3],
                                          (short)half[4], (short)half[5], (short)half[6], (short)half[7]));
}

/* acc + quads times lane i of the scales. */
static inline __m256 add_quads(__m256 acc, __m256i quads, __m256 scale, int i)
{
    return _mm256_fmadd_ps(_mm256_cvtepi32_ps(quads), _mm256_permutevar8x32_ps(scale, _mm256_set1_epi32(i)), acc);
}

/* A type with blocks of 32: Q gives block w's quants, SUM their products with x;
 * `offset` gathers SECOND (f16: d or m) times the block's sum of x. */
#define ROWS_SMALL(TYPE, STRUCT, Q, SUM, SECOND, FACTOR)                                                \
    static inline __attribute__((always_inline)) void rows_##TYPE(const void *weights, const struct activations *x, \
        size_t ld_x, size_t n, size_t n_in, float *y, size_t ld_y)                                      \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        size_t b = 0, n_blocks = n_in / QUANT_BLOCK, ld_b = ld_x / QUANT_BLOCK;                         \
        __m256 acc[DOT_ROWS_SMALL][4], offsets[DOT_ROWS_SMALL];                                            \
        float rest[DOT_ROWS_SMALL];                                                                     \
                                                                                                        \
        _Pragma("GCC unroll 4")                                                                         \
        for (size_t i = 0; i < n; i++)                                                                  \
            acc[i][0] = acc[i][1] = acc[i][2] = acc[i][3] = offsets[i] = _mm256_setzero_ps(), rest[i] = 0.0f; \
        for (; b + N_GROUP <= n_blocks; b += N_GROUP, w += N_GROUP) {                                   \
            __m256 d = load_halves(&w->d, sizeof *w), second = load_halves(&w->SECOND, sizeof *w), scale[DOT_ROWS_SMALL]; \
            _Pragma("GCC unroll 4")                                                                     \
            for (size_t i = 0; i < n; i++) {                                                            \
                scale[i] = _mm256_mul_ps(d, _mm256_loadu_ps(x->scale + i * ld_b + b));                  \
                if ((FACTOR) != 0.0f)                                                                   \
                    offsets[i] = _mm256_fmadd_ps(second, _mm256_loadu_ps(x->sum + i * ld_b + b), offsets[i]); \
            }                                                                                           \
            _Pragma("GCC unroll 8")                                                                     \
            for (int k = 0; k < N_GROUP; k++) {                                                         \
                __m256i q = Q(w + k);                                                                   \
                _Pragma("GCC unroll 4")                                                                 \
                for (size_t i = 0; i < n; i++)                                                          \
                    acc[i][k % 4] = add_quads(acc[i][k % 4], SUM(q, load_x(x->q + i * ld_x, b + (size_t)k)), scale[i], k); \
            }                                                                                           \
        }                                                                                               \
        for (; b < n_blocks; b++, w++) {                                                                \
            __m256i q = Q(w);                                                                           \
            _Pragma("GCC unroll 4")                                                                     \
            for (size_t i = 0; i < n; i++) {                                                            \
                __m256 scale = _mm256_set1_ps(half_to_f32(w->d) * x->scale[i * ld_b + b]);              \
                acc[i][0] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(SUM(q, load_x(x->q + i * ld_x, b))), scale, acc[i][0]); \
                rest[i] += half_to_f32(w->SECOND) * x->sum[i * ld_b + b];                                \
            }                                                                                           \
        }                                                                                               \
        _Pragma("GCC unroll 4")                                                                         \
        for (size_t i = 0; i < n; i++) {                                                                \
            __m256 sum = _mm256_add_ps(_mm256_add_ps(acc[i][0], acc[i][1]), _mm256_add_ps(acc[i][2], acc[i][3])); \
            y[i * ld_y] = sum8(_mm256_fmadd_ps(_mm256_set1_ps(FACTOR), offsets[i], sum)) + (FACTOR) * rest[i]; \
        }                                                                                               \
    }

#define Q4(W) load_nibbles((W)->q)
#define Q5(W) load_q5((W)->q, (W)->high)
#define IQ4(W) load_iq4((W)->q)
#define Q8(W) _mm256_loadu_si256((const __m256i *)(W)->q)

/* |q| unsigned times x with q's sign. */
static inline __m256i sum_signed(__m256i q, __m256i x)
{
    return sum_quads(_mm256_abs_epi8(q), _mm256_sign_epi8(x, q));
}

ROWS_SMALL(q4_0, block_q4_0, Q4, sum_quads, d, -8.0f)
ROWS_SMALL(q4_1, block_q4_1, Q4, sum_quads, m, 1.0f)
ROWS_SMALL(q5_0, block_q5_0, Q5, sum_quads, d, -16.0f)
ROWS_SMALL(q5_1, block_q5_1, Q5, sum_quads, m, 1.0f)
ROWS_SMALL(q8_0, block_q8_0, Q8, sum_signed, d, 0.0f)
ROWS_SMALL(iq4_nl, block_iq4_nl, IQ4, sum_signed, d, 0.0f)

#endif
