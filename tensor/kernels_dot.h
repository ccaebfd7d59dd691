/* kernels_dot.h - dot products of quantised weights, for the x86 tables.
 *
 * Each file that includes this gets them in its own instruction set: only
 * sum_quads differs.  Eight blocks of 32 go together:
 *
 *   scales of w times scales of x: one vector     integer sums: one vector per block
 *
 * Four sums run side by side, so that none waits for the one before. */
#ifndef TENSOR_KERNELS_DOT_H
#define TENSOR_KERNELS_DOT_H

#include "tensor/kernels_x86.h"

#define N_GROUP 8

#if defined(KERNELS_DPBUSD)

/* Sums of four products, q unsigned, x signed. */
static inline __m256i sum_quads(__m256i q, __m256i x)
{
    return KERNELS_DPBUSD(_mm256_setzero_si256(), q, x);
}

#else

/* maddubs adds pairs in 16 bits, which saturate: 2 x 63 x 127 fits, and for
 * 8-bit weights 2 x 128 x 127 = 32512 just does, because x never is -128. */
static inline __m256i sum_quads(__m256i q, __m256i x)
{
    return _mm256_madd_epi16(_mm256_maddubs_epi16(q, x), _mm256_set1_epi16(1));
}

#endif

static inline __m256i load_x(const struct activations *x, size_t b)
{
    return _mm256_loadu_si256((const __m256i *)(x->q + b * QUANT_BLOCK));
}

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

static inline __m256 sum_of_4(const __m256 acc[4])
{
    return _mm256_add_ps(_mm256_add_ps(acc[0], acc[1]), _mm256_add_ps(acc[2], acc[3]));
}

#define FOUR_ZEROS { _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps() }

/* A type with blocks of 32, q as QUADS gives them for block w and activations
 * `at`; `offset` gathers SECOND (f16: d or m) times the block's sum of x. */
#define DOT_SMALL(TYPE, STRUCT, QUADS, SECOND, FACTOR)                                                  \
    static float dot_##TYPE(const void *weights, const struct activations *x, size_t n)                 \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        __m256 acc[4] = FOUR_ZEROS, offsets = _mm256_setzero_ps();                                      \
        size_t b = 0, n_blocks = n / QUANT_BLOCK;                                                       \
        float offset = 0.0f;                                                                            \
                                                                                                        \
        for (; b + N_GROUP <= n_blocks; b += N_GROUP, w += N_GROUP) {                                   \
            __m256 scale = _mm256_mul_ps(load_halves(&w->d, sizeof *w), _mm256_loadu_ps(x->scale + b)); \
            if ((FACTOR) != 0.0f)                                                                       \
                offsets = _mm256_fmadd_ps(load_halves(&w->SECOND, sizeof *w), _mm256_loadu_ps(x->sum + b), offsets); \
            _Pragma("GCC unroll 8")                                                                     \
            for (int i = 0; i < N_GROUP; i++)                                                           \
                acc[i % 4] = add_quads(acc[i % 4], QUADS(w + i, load_x(x, b + (size_t)i)), scale, i);   \
        }                                                                                               \
        for (; b < n_blocks; b++, w++) {                                                                \
            __m256 scale = _mm256_set1_ps(half_to_f32(w->d) * x->scale[b]);                             \
            acc[0] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(QUADS(w, load_x(x, b))), scale, acc[0]);        \
            offset += half_to_f32(w->SECOND) * x->sum[b];                                               \
        }                                                                                               \
        return sum8(_mm256_fmadd_ps(_mm256_set1_ps(FACTOR), offsets, sum_of_4(acc))) + (FACTOR) * offset; \
    }

#define QUADS_Q4(W, X) sum_quads(load_nibbles((W)->q), X)
#define QUADS_Q5(W, X) sum_quads(load_q5_0(W), X)

/* |w| unsigned times x with w's sign. */
static inline __m256i sum_signed(const int8_t *q, __m256i x)
{
    __m256i w = _mm256_loadu_si256((const __m256i *)q);

    return sum_quads(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
}
#define QUADS_Q8(W, X) sum_signed((W)->q, X)

DOT_SMALL(q4_0, block_q4_0, QUADS_Q4, d, -8.0f)
DOT_SMALL(q4_1, block_q4_1, QUADS_Q4, m, 1.0f)
DOT_SMALL(q5_0, block_q5_0, QUADS_Q5, d, -16.0f)
DOT_SMALL(q8_0, block_q8_0, QUADS_Q8, d, 0.0f)

/* A type with blocks of 256 and the packed scales of Q4_K; LOAD: sub-block i. */
#define DOT_SUPER(TYPE, STRUCT, LOAD)                                                                   \
    static float dot_##TYPE(const void *weights, const struct activations *x, size_t n)                 \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        __m256 acc[4] = FOUR_ZEROS, offsets = _mm256_setzero_ps(), scale, min;                          \
                                                                                                        \
        for (size_t b = 0; b < n / QUANT_BLOCK; b += N_GROUP, w++) {                                    \
            load_scales(w->scales, &scale, &min);                                                       \
            scale = _mm256_mul_ps(scale, _mm256_set1_ps(half_to_f32(w->d)));                            \
            scale = _mm256_mul_ps(scale, _mm256_loadu_ps(x->scale + b));                                \
            min = _mm256_mul_ps(min, _mm256_set1_ps(half_to_f32(w->dmin)));                             \
            offsets = _mm256_fmadd_ps(min, _mm256_loadu_ps(x->sum + b), offsets);                       \
            _Pragma("GCC unroll 8")                                                                     \
            for (int i = 0; i < N_GROUP; i++)                                                           \
                acc[i % 4] = add_quads(acc[i % 4], sum_quads(LOAD, load_x(x, b + (size_t)i)), scale, i); \
        }                                                                                               \
        return sum8(_mm256_sub_ps(sum_of_4(acc), offsets));                                             \
    }

DOT_SUPER(q4_k, block_q4_k, load_q4_k(w->q, i))
DOT_SUPER(q5_k, block_q5_k, load_q5_k(w, i))

/* Lanes 0-3 of a sum have the first scale of 32 weights, lanes 4-7 the second. */
static float dot_q6_k(const void *weights, const struct activations *x, size_t n)
{
    const struct block_q6_k *w = weights;
    const __m256i offset = _mm256_set1_epi8(32);
    __m256 acc[4] = FOUR_ZEROS, scale[2];

    for (size_t b = 0; b < n / QUANT_BLOCK; b += N_GROUP, w++) {
        __m256 both = _mm256_mul_ps(_mm256_set1_ps(half_to_f32(w->d)), _mm256_loadu_ps(x->scale + b));
        load_scales_q6_k(w->scales, scale);
        scale[0] = _mm256_mul_ps(scale[0], _mm256_permutevar8x32_ps(both, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3)));
        scale[1] = _mm256_mul_ps(scale[1], _mm256_permutevar8x32_ps(both, _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7)));
#pragma GCC unroll 8
        for (int i = 0; i < N_GROUP; i++) {
            int k = i % 4 * 2;
            __m256i xs = load_x(x, b + (size_t)i);
            __m256i quads = _mm256_sub_epi32(sum_quads(load_q6_k(w, i), xs), sum_quads(offset, xs));
            __m256 lanes = _mm256_permutevar8x32_ps(scale[i / 4], _mm256_setr_epi32(k, k, k, k, k + 1, k + 1, k + 1, k + 1));
            acc[i % 4] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(quads), lanes, acc[i % 4]);
        }
    }
    return sum8(sum_of_4(acc));
}

/* The entry of a table; the plain types are kernels_avx2.h's. */
#define KERNELS_DOT_ENTRIES                                                         \
    .dot_row = {                                                                    \
        [TENSOR_F32] = dot_f32_avx2, [TENSOR_F16] = dot_f16_avx2,                   \
        [TENSOR_BF16] = dot_bf16_avx2,                                              \
        [TENSOR_Q4_0] = dot_q4_0, [TENSOR_Q4_1] = dot_q4_1, [TENSOR_Q5_0] = dot_q5_0, \
        [TENSOR_Q8_0] = dot_q8_0, [TENSOR_Q4_K] = dot_q4_k, [TENSOR_Q5_K] = dot_q5_k, \
        [TENSOR_Q6_K] = dot_q6_k,                                                   \
    }

#endif
