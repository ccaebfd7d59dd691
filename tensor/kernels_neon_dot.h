/* kernels_neon_dot.h - dot products of quantised weights, for the NEON tables.
 *
 * Each file that includes this gets them in its own instruction set: only
 * sum_products differs.  Four blocks of 32 go together: their integer sums, four
 * lanes each, are added pairwise until lane i holds block i's, and
 *
 *   acc += scales of w times scales of x times sums */
#ifndef TENSOR_KERNELS_NEON_DOT_H
#define TENSOR_KERNELS_NEON_DOT_H

#include "tensor/kernels_neon_load.h"

#define N_GROUP 4

#if defined(KERNELS_NEON_DOTPROD)

static inline int32x4_t sum_products(int32x4_t sum, int8x16_t w, int8x16_t x)
{
    return vdotq_s32(sum, w, x);
}

#else

/* Two products in 16 bits: 2 x 128 x 127 = 32512 fits, because x never is -128. */
static inline int32x4_t sum_products(int32x4_t sum, int8x16_t w, int8x16_t x)
{
    int16x8_t two = vmlal_s8(vmull_s8(vget_low_s8(w), vget_low_s8(x)), vget_high_s8(w), vget_high_s8(x));

    return vpadalq_s16(sum, two);
}

#endif

/* 32 weights times block b of the activations. */
static inline int32x4_t sum_block(int8x16x2_t w, const struct activations *x, size_t b)
{
    const int8_t *q = x->q + b * QUANT_BLOCK;

    return sum_products(sum_products(vdupq_n_s32(0), w.val[0], vld1q_s8(q)), w.val[1], vld1q_s8(q + 16));
}

static inline float32x4_t join_sums(const int32x4_t sum[4])
{
    return vcvtq_f32_s32(vpaddq_s32(vpaddq_s32(sum[0], sum[1]), vpaddq_s32(sum[2], sum[3])));
}

/* Four f16 numbers, `step` bytes apart. */
static inline float32x4_t gather_halves(const void *first, size_t step)
{
    uint16_t half[N_GROUP];

    for (size_t i = 0; i < N_GROUP; i++)
        memcpy(half + i, (const unsigned char *)first + i * step, sizeof half[i]);
    return load_halves(half);
}

/* A type with blocks of 32, loaded by LOAD; MIN: block w's minimum, f16, is `m`. */
#define DOT_SMALL(TYPE, STRUCT, LOAD, MIN, m)                                                           \
    static float dot_##TYPE(const void *weights, const struct activations *x, size_t n)                 \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        float32x4_t acc = vdupq_n_f32(0.0f), offsets = acc;                                             \
        size_t b = 0, n_blocks = n / QUANT_BLOCK;                                                       \
        int32x4_t sum[N_GROUP];                                                                         \
                                                                                                        \
        for (; b + N_GROUP <= n_blocks; b += N_GROUP, w += N_GROUP) {                                   \
            _Pragma("GCC unroll 4")                                                                     \
            for (size_t i = 0; i < N_GROUP; i++)                                                        \
                sum[i] = sum_block(LOAD(w + i), x, b + i);                                              \
            float32x4_t scale = vmulq_f32(gather_halves(&w->d, sizeof *w), vld1q_f32(x->scale + b));    \
            acc = vfmaq_f32(acc, join_sums(sum), scale);                                                \
            if (MIN)                                                                                    \
                offsets = vfmaq_f32(offsets, gather_halves(&w->m, sizeof *w), vld1q_f32(x->sum + b));   \
        }                                                                                               \
        float total = vaddvq_f32(vaddq_f32(acc, offsets));                                              \
        for (; b < n_blocks; b++, w++) {                                                                \
            total += (float)vaddvq_s32(sum_block(LOAD(w), x, b)) * (half_to_f32(w->d) * x->scale[b]);   \
            if (MIN)                                                                                    \
                total += half_to_f32(w->m) * x->sum[b];                                                 \
        }                                                                                               \
        return total;                                                                                   \
    }

#define LOAD_Q4_0(W) load_nibbles((W)->q, 8)
#define LOAD_Q4_1(W) load_nibbles((W)->q, 0)
DOT_SMALL(q4_0, block_q4_0, LOAD_Q4_0, false, d)
DOT_SMALL(q4_1, block_q4_1, LOAD_Q4_1, true, m)
#define LOAD_Q5_0(W) load_q5((W)->q, (W)->high, 16)
#define LOAD_Q5_1(W) load_q5((W)->q, (W)->high, 0)
#define LOAD_IQ4_NL(W) load_iq4((W)->q)
DOT_SMALL(q5_0, block_q5_0, LOAD_Q5_0, false, d)
DOT_SMALL(q5_1, block_q5_1, LOAD_Q5_1, true, m)
DOT_SMALL(q8_0, block_q8_0, load_q8_0, false, d)
DOT_SMALL(iq4_nl, block_iq4_nl, LOAD_IQ4_NL, false, d)

/* A type with blocks of 256 and the packed scales of Q4_K. */
#define DOT_SUPER(TYPE, STRUCT, LOAD)                                                                   \
    static float dot_##TYPE(const void *weights, const struct activations *x, size_t n)                 \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        float32x4_t acc[2] = { vdupq_n_f32(0.0f), vdupq_n_f32(0.0f) }, offsets = acc[0], scale[2], min[2]; \
        int32x4_t sum[N_GROUP];                                                                         \
                                                                                                        \
        for (size_t b = 0; b < n / QUANT_BLOCK; w++) {                                                  \
            load_scales(w->scales, w->d, w->dmin, scale, min);                                          \
            _Pragma("GCC unroll 2")                                                                     \
            for (int g = 0; g < 2; g++, b += N_GROUP) {                                                 \
                _Pragma("GCC unroll 4")                                                                 \
                for (int i = 0; i < N_GROUP; i++)                                                       \
                    sum[i] = sum_block(LOAD(w, N_GROUP * g + i), x, b + (size_t)i);                     \
                acc[g] = vfmaq_f32(acc[g], join_sums(sum), vmulq_f32(scale[g], vld1q_f32(x->scale + b))); \
                offsets = vfmaq_f32(offsets, min[g], vld1q_f32(x->sum + b));                            \
            }                                                                                           \
        }                                                                                               \
        return vaddvq_f32(vsubq_f32(vaddq_f32(acc[0], acc[1]), offsets));                               \
    }

DOT_SUPER(q4_k, block_q4_k, load_q4_k)
DOT_SUPER(q5_k, block_q5_k, load_q5_k)

static float dot_iq4_xs(const void *weights, const struct activations *x, size_t n)
{
    const struct block_iq4_xs *w = weights;
    float32x4_t acc[2] = { vdupq_n_f32(0.0f), vdupq_n_f32(0.0f) }, scale[2];
    int32x4_t sum[N_GROUP];

    for (size_t b = 0; b < n / QUANT_BLOCK; w++) {
        load_scales_iq4_xs(w, scale);
#pragma GCC unroll 2
        for (int g = 0; g < 2; g++, b += N_GROUP) {
#pragma GCC unroll 4
            for (int i = 0; i < N_GROUP; i++)
                sum[i] = sum_block(load_iq4_xs(w, N_GROUP * g + i), x, b + (size_t)i);
            acc[g] = vfmaq_f32(acc[g], join_sums(sum), vmulq_f32(scale[g], vld1q_f32(x->scale + b)));
        }
    }
    return vaddvq_f32(vaddq_f32(acc[0], acc[1]));
}

/* The sums of four times 16 products: blocks b and b + 1 of x with as many weights. */
static inline float32x4_t sum_sixteens(int8x16x2_t first, int8x16x2_t second, const struct activations *x, size_t b)
{
    const int8_t *q = x->q + b * QUANT_BLOCK;
    const int32x4_t zero = vdupq_n_s32(0);
    int32x4_t sum[4] = {
        sum_products(zero, first.val[0], vld1q_s8(q)), sum_products(zero, first.val[1], vld1q_s8(q + 16)),
        sum_products(zero, second.val[0], vld1q_s8(q + 32)), sum_products(zero, second.val[1], vld1q_s8(q + 48))
    };

    return join_sums(sum);
}

static inline float32x4_t scales_of_two(const struct activations *x, size_t b)
{
    return vcombine_f32(vdup_n_f32(x->scale[b]), vdup_n_f32(x->scale[b + 1]));
}

/* A scale for every 16 weights, so two blocks of 32 make four sums. */
#define DOT_SIXTEEN(TYPE, STRUCT)                                                                       \
    static float dot_##TYPE(const void *weights, const struct activations *x, size_t n)                 \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        float32x4_t acc[2] = { vdupq_n_f32(0.0f), vdupq_n_f32(0.0f) }, scale[4];                        \
                                                                                                        \
        for (size_t b = 0; b < n / QUANT_BLOCK; w++) {                                                  \
            load_scales_##TYPE(w, scale);                                                               \
            _Pragma("GCC unroll 4")                                                                     \
            for (int g = 0; g < 4; g++, b += 2) {                                                       \
                float32x4_t sums = sum_sixteens(load_##TYPE(w, 2 * g), load_##TYPE(w, 2 * g + 1), x, b); \
                acc[g % 2] = vfmaq_f32(acc[g % 2], sums, vmulq_f32(scale[g], scales_of_two(x, b)));     \
            }                                                                                           \
        }                                                                                               \
        return vaddvq_f32(vaddq_f32(acc[0], acc[1]));                                                   \
    }

DOT_SIXTEEN(q3_k, block_q3_k)
DOT_SIXTEEN(q6_k, block_q6_k)

/* Here a minimum too, times the sum of 16 activations. */
static float dot_q2_k(const void *weights, const struct activations *x, size_t n)
{
    const struct block_q2_k *w = weights;
    float32x4_t acc = vdupq_n_f32(0.0f), offsets = acc, scale[4], min[4];
    int8x16x2_t ones;

    ones.val[0] = ones.val[1] = vdupq_n_s8(1);
    for (size_t b = 0; b < n / QUANT_BLOCK; w++) {
        load_scales_q2_k(w, scale, min);
#pragma GCC unroll 4
        for (int g = 0; g < 4; g++, b += 2) {
            float32x4_t of_x = scales_of_two(x, b), sums = sum_sixteens(load_q2_k(w, 2 * g), load_q2_k(w, 2 * g + 1), x, b);
            acc = vfmaq_f32(acc, sums, vmulq_f32(scale[g], of_x));
            offsets = vfmaq_f32(offsets, sum_sixteens(ones, ones, x, b), vmulq_f32(min[g], of_x));
        }
    }
    return vaddvq_f32(vsubq_f32(acc, offsets));
}

/* The entry of a table; the plain types are kernels_neon.h's. */
#define KERNELS_NEON_DOT_ENTRIES                                                    \
    .dot_row = {                                                                    \
        [TENSOR_F32] = dot_f32_neon, [TENSOR_F16] = dot_f16_neon,                   \
        [TENSOR_BF16] = dot_bf16_neon,                                              \
        [TENSOR_Q4_0] = dot_q4_0, [TENSOR_Q4_1] = dot_q4_1, [TENSOR_Q5_0] = dot_q5_0, \
        [TENSOR_Q8_0] = dot_q8_0, [TENSOR_Q4_K] = dot_q4_k, [TENSOR_Q5_K] = dot_q5_k, \
        [TENSOR_Q6_K] = dot_q6_k, [TENSOR_Q5_1] = dot_q5_1, [TENSOR_Q2_K] = dot_q2_k, \
        [TENSOR_Q3_K] = dot_q3_k, [TENSOR_IQ4_NL] = dot_iq4_nl, [TENSOR_IQ4_XS] = dot_iq4_xs, \
    }

#endif
