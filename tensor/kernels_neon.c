/* kernels_neon.c - kernels for every 64-bit ARM processor. */
#include "tensor/kernels_neon.h"

#include "tensor/gguf.h"
#include "tensor/kernels_neon_dot.h"

#include <float.h>
#include <math.h>

static bool supported_neon(void)
{
    return true;
}

/* ---- weights to f32 ------------------------------------------------------------ */

/* out = scale q + min for 16 bytes. */
static inline void store_16(int8x16_t q, float scale, float32x4_t min, float *out)
{
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++, out += 8) {
        int16x8_t wide = vmovl_s8(i ? vget_high_s8(q) : vget_low_s8(q));
        vst1q_f32(out, vfmaq_n_f32(min, vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))), scale));
        vst1q_f32(out + 4, vfmaq_n_f32(min, vcvtq_f32_s32(vmovl_s16(vget_high_s16(wide))), scale));
    }
}

static inline void store_weights(int8x16x2_t q, float scale, float min, float *out)
{
    store_16(q.val[0], scale, vdupq_n_f32(min), out);
    store_16(q.val[1], scale, vdupq_n_f32(min), out + 16);
}

void dequantize_f32_neon(const void *w, float *out, size_t n)
{
    memcpy(out, w, n * sizeof *out);
}

void dequantize_f16_neon(const void *w, float *out, size_t n)
{
    const uint16_t *x = w;
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        vst1q_f32(out + i, load_halves(x + i));
    for (; i < n; i++)
        out[i] = half_to_f32(x[i]);
}

static inline float32x4_t load_bf16(const uint16_t *x)
{
    return vreinterpretq_f32_u32(vshlq_n_u32(vmovl_u16(vld1_u16(x)), 16));
}

void dequantize_bf16_neon(const void *w, float *out, size_t n)
{
    const uint16_t *x = w;
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        vst1q_f32(out + i, load_bf16(x + i));
    if (i < n)
        kernels_ref.dequantize[TENSOR_BF16](x + i, out + i, n - i);
}

#define DEQUANTIZE_SMALL(TYPE, STRUCT, LOAD, MIN)                                                       \
    void dequantize_##TYPE##_neon(const void *weights, float *out, size_t n)                            \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
                                                                                                        \
        for (size_t b = 0; b < n / QUANT_BLOCK; b++, w++)                                               \
            store_weights(LOAD(w), half_to_f32(w->d), MIN, out + b * QUANT_BLOCK);                      \
    }

DEQUANTIZE_SMALL(q4_0, block_q4_0, LOAD_Q4_0, 0.0f)
DEQUANTIZE_SMALL(q4_1, block_q4_1, LOAD_Q4_1, half_to_f32(w->m))
DEQUANTIZE_SMALL(q5_0, block_q5_0, LOAD_Q5_0, 0.0f)
DEQUANTIZE_SMALL(q5_1, block_q5_1, LOAD_Q5_1, half_to_f32(w->m))
DEQUANTIZE_SMALL(q8_0, block_q8_0, load_q8_0, 0.0f)
DEQUANTIZE_SMALL(iq4_nl, block_iq4_nl, LOAD_IQ4_NL, 0.0f)

#define DEQUANTIZE_SUPER(TYPE, STRUCT, LOAD)                                                            \
    void dequantize_##TYPE##_neon(const void *weights, float *out, size_t n)                            \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        float32x4_t scale[2], min[2];                                                                   \
        float scales[8], mins[8];                                                                       \
                                                                                                        \
        for (size_t b = 0; b < n / QUANT_SUPER; b++, w++) {                                             \
            load_scales(w->scales, w->d, w->dmin, scale, min);                                          \
            for (int i = 0; i < 2; i++) {                                                               \
                vst1q_f32(scales + 4 * i, scale[i]);                                                    \
                vst1q_f32(mins + 4 * i, min[i]);                                                        \
            }                                                                                           \
            _Pragma("GCC unroll 8")                                                                     \
            for (int s = 0; s < 8; s++, out += QUANT_BLOCK)                                             \
                store_weights(LOAD(w, s), scales[s], -mins[s], out);                                    \
        }                                                                                               \
    }

DEQUANTIZE_SUPER(q4_k, block_q4_k, load_q4_k)
DEQUANTIZE_SUPER(q5_k, block_q5_k, load_q5_k)

void dequantize_iq4_xs_neon(const void *weights, float *out, size_t n)
{
    const struct block_iq4_xs *w = weights;
    int8_t scale[8];

    for (size_t b = 0; b < n / QUANT_SUPER; b++, w++) {
        quant_unpack_scales_iq4_xs(w, scale);
#pragma GCC unroll 8
        for (int s = 0; s < 8; s++, out += QUANT_BLOCK)
            store_weights(load_iq4_xs(w, s), half_to_f32(w->d) * (float)scale[s], 0.0f, out);
    }
}

/* Sixteen scales and, or zero, as many minima. */
static inline void store_sixteens(int8x16x2_t q, const float *scale, const float *min, float *out)
{
    store_16(q.val[0], scale[0], vdupq_n_f32(-min[0]), out);
    store_16(q.val[1], scale[1], vdupq_n_f32(-min[1]), out + 16);
}

#define DEQUANTIZE_SIXTEEN(TYPE, STRUCT, LOAD_SCALES)                                                   \
    void dequantize_##TYPE##_neon(const void *weights, float *out, size_t n)                            \
    {                                                                                                   \
        const struct STRUCT *w = weights;                                                               \
        float32x4_t scale[4], min[4];                                                                   \
        float scales[16], mins[16];                                                                     \
                                                                                                        \
        for (size_t b = 0; b < n / QUANT_SUPER; b++, w++) {                                             \
            min[0] = min[1] = min[2] = min[3] = vdupq_n_f32(0.0f);                                      \
            LOAD_SCALES;                                                                                \
            for (int i = 0; i < 4; i++) {                                                               \
                vst1q_f32(scales + 4 * i, scale[i]);                                                    \
                vst1q_f32(mins + 4 * i, min[i]);                                                        \
            }                                                                                           \
            _Pragma("GCC unroll 8")                                                                     \
            for (int s = 0; s < 8; s++, out += QUANT_BLOCK)                                             \
                store_sixteens(load_##TYPE(w, s), scales + 2 * s, mins + 2 * s, out);                   \
        }                                                                                               \
    }

DEQUANTIZE_SIXTEEN(q2_k, block_q2_k, load_scales_q2_k(w, scale, min))
DEQUANTIZE_SIXTEEN(q3_k, block_q3_k, load_scales_q3_k(w, scale))
DEQUANTIZE_SIXTEEN(q6_k, block_q6_k, load_scales_q6_k(w, scale))

/* ---- activations to 8 bits ------------------------------------------------------------ */

/* vcvtn rounds to nearest even as lrintf does. */
void quantize_neon(const float *x, size_t n, uint8_t flip, int8_t *q, float *scale, float *sum)
{
    const int8x16_t flips = vdupq_n_s8((int8_t)flip);

    for (size_t b = 0; b < n / QUANT_BLOCK; b++, x += QUANT_BLOCK, q += QUANT_BLOCK) {
        float32x4_t v[8], max = vdupq_n_f32(0.0f);
        uint32x4_t finite = vdupq_n_u32(UINT32_MAX);
        int32x4_t r[8], all = vdupq_n_s32(0);
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            v[i] = vld1q_f32(x + 4 * i);
            float32x4_t magnitude = vabsq_f32(v[i]);
            max = vmaxq_f32(max, magnitude);
            finite = vandq_u32(finite, vcleq_f32(magnitude, vdupq_n_f32(FLT_MAX)));
        }
        bool all_finite = vminvq_u32(finite) != 0;
        float largest = vmaxvq_f32(max);
        float inverse = largest > QUANT_LEAST ? 127.0f / largest : 0.0f;

#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            r[i] = all_finite ? vcvtnq_s32_f32(vmulq_n_f32(v[i], inverse)) : vdupq_n_s32(0);
            all = vaddq_s32(all, r[i]);
        }
#pragma GCC unroll 2
        for (int i = 0; i < 8; i += 4) {
            int16x8_t low = vcombine_s16(vmovn_s32(r[i]), vmovn_s32(r[i + 1]));
            int16x8_t high = vcombine_s16(vmovn_s32(r[i + 2]), vmovn_s32(r[i + 3]));
            vst1q_s8(q + 4 * i, veorq_s8(vcombine_s8(vmovn_s16(low), vmovn_s16(high)), flips));
        }
        scale[b] = all_finite ? largest / 127.0f : NAN;
        sum[b] = scale[b] * (float)vaddvq_s32(all);
    }
}

/* ---- dot products in f32 -------------------------------------------------------------- */

/* sum of LOAD(w + i) x[i], 16 and 4 at a time; ONE gives a single weight. */
#define DOT_PLAIN(NAME, TYPE, LOAD, ONE)                                                                \
    static float NAME(const TYPE *w, const float *x, size_t n)                                          \
    {                                                                                                   \
        float32x4_t acc[4] = { vdupq_n_f32(0.0f), vdupq_n_f32(0.0f), vdupq_n_f32(0.0f), vdupq_n_f32(0.0f) }; \
        size_t i = 0;                                                                                   \
                                                                                                        \
        for (; i + 16 <= n; i += 16)                                                                    \
            _Pragma("GCC unroll 4")                                                                     \
            for (size_t k = 0; k < 4; k++)                                                              \
                acc[k] = vfmaq_f32(acc[k], LOAD(w + i + 4 * k), vld1q_f32(x + i + 4 * k));              \
        for (; i + 4 <= n; i += 4)                                                                      \
            acc[0] = vfmaq_f32(acc[0], LOAD(w + i), vld1q_f32(x + i));                                  \
        float sum = vaddvq_f32(vaddq_f32(vaddq_f32(acc[0], acc[1]), vaddq_f32(acc[2], acc[3])));        \
        for (; i < n; i++)                                                                              \
            sum += ONE(w[i]) * x[i];                                                                    \
        return sum;                                                                                     \
    }

static inline float bf16_to_f32(uint16_t bits)
{
    return vgetq_lane_f32(vreinterpretq_f32_u32(vdupq_n_u32((uint32_t)bits << 16)), 0);
}

DOT_PLAIN(dot_floats, float, vld1q_f32, (float))
DOT_PLAIN(dot_halves, uint16_t, load_halves, half_to_f32)
DOT_PLAIN(dot_bf16, uint16_t, load_bf16, bf16_to_f32)

float dot_neon(const float *x, const float *y, size_t n)
{
    return dot_floats(x, y, n);
}

float dot_f32_neon(const void *w, const struct activations *x, size_t n)
{
    return dot_floats(w, x->x, n);
}

float dot_f16_neon(const void *w, const struct activations *x, size_t n)
{
    return dot_halves(w, x->x, n);
}

float dot_bf16_neon(const void *w, const struct activations *x, size_t n)
{
    return dot_bf16(w, x->x, n);
}

void add_scaled_neon(float *y, float a, const float *x, size_t n)
{
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        vst1q_f32(y + i, vfmaq_n_f32(vld1q_f32(y + i), vld1q_f32(x + i), a));
    for (; i < n; i++)
        y[i] += a * x[i];
}

/* maxnm gives the other operand when one is NaN, so a NaN in x drops out. */
float max_neon(const float *x, size_t n)
{
    float32x4_t most[2] = { vdupq_n_f32(-INFINITY), vdupq_n_f32(-INFINITY) };
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        most[0] = vmaxnmq_f32(most[0], vld1q_f32(x + i));
        most[1] = vmaxnmq_f32(most[1], vld1q_f32(x + i + 4));
    }
    float max = vmaxvq_f32(vmaxnmq_f32(most[0], most[1]));
    for (; i < n; i++)
        max = x[i] > max ? x[i] : max;
    return max;
}

void f32_to_f16_neon(const float *x, uint16_t *y, size_t n)
{
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        vst1_u16(y + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
    for (; i < n; i++)
        y[i] = vget_lane_u16(vreinterpret_u16_f16(vcvt_f16_f32(vdupq_n_f32(x[i]))), 0);
}

/* ---- exponentials ------------------------------------------------------------------------ */

/* e^x to 2 units in the last place: x = k ln 2 + r, |r| <= ln 2 / 2, e^r by its
 * Taylor series to r^7 (the rest is below 2^-27 there), 2^k into the exponent.
 * Arguments are held within +-87.3, where the result is a normal number; smaller
 * ones give 0.  min and max pass a NaN on; what follows it is then replaced. */
static inline float32x4_t exp4(float32x4_t x)
{
    const float32x4_t least = vdupq_n_f32(-87.3f), one = vdupq_n_f32(1.0f);
    float32x4_t held = vmaxq_f32(vminq_f32(x, vdupq_n_f32(87.3f)), least);
    int32x4_t k = vcvtnq_s32_f32(vmulq_n_f32(held, 1.44269504f));
    float32x4_t steps = vcvtq_f32_s32(k);
    /* ln 2 in two parts, the first with few enough bits for an exact product (Cody & Waite 1980) */
    float32x4_t r = vfmaq_n_f32(held, steps, -0.693359375f);
    r = vfmaq_n_f32(r, steps, 2.12194440e-4f);

    float32x4_t p = vfmaq_n_f32(vdupq_n_f32(1.0f / 720), r, 1.0f / 5040);
    p = vfmaq_f32(vdupq_n_f32(1.0f / 120), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.0f / 24), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.0f / 6), p, r);
    p = vfmaq_f32(vdupq_n_f32(0.5f), p, r);
    p = vfmaq_f32(one, p, r);
    p = vfmaq_f32(one, p, r);
    p = vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p), vshlq_n_s32(k, 23)));
    p = vbslq_f32(vcltq_f32(x, least), vdupq_n_f32(0.0f), p);
    return vbslq_f32(vceqq_f32(x, x), p, x);
}

/* Four lanes, or the last n < 4 padded with zeros. */
static inline float32x4_t load_some(const float *x, size_t n)
{
    float lanes[4] = { 0 };
    memcpy(lanes, x, n * sizeof *x);
    return vld1q_f32(lanes);
}

static inline void store_some(float *x, float32x4_t v, size_t n)
{
    float lanes[4];
    vst1q_f32(lanes, v);
    memcpy(x, lanes, n * sizeof *x);
}

/* Two sums, as a test bounds the additions of one lane by n / 8. */
float exp_sum_neon(float *x, float max, size_t n)
{
    float32x4_t sum[2] = { vdupq_n_f32(0.0f), vdupq_n_f32(0.0f) }, shift = vdupq_n_f32(max);
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
#pragma GCC unroll 2
        for (size_t k = 0; k < 2; k++) {
            float32x4_t e = exp4(vsubq_f32(vld1q_f32(x + i + 4 * k), shift));
            vst1q_f32(x + i + 4 * k, e);
            sum[k] = vaddq_f32(sum[k], e);
        }
    float total = vaddvq_f32(vaddq_f32(sum[0], sum[1]));
    for (; i < n; i += 4) {
        size_t rest = n - i < 4 ? n - i : 4;
        store_some(x + i, exp4(vsubq_f32(load_some(x + i, rest), shift)), rest);
        for (size_t k = 0; k < rest; k++)
            total += x[i + k];
    }
    return total;
}

static inline float32x4_t silu4(float32x4_t x)
{
    return vdivq_f32(x, vaddq_f32(vdupq_n_f32(1.0f), exp4(vnegq_f32(x))));
}

void silu_mul_neon(float *gate, const float *up, size_t n)
{
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        vst1q_f32(gate + i, vmulq_f32(silu4(vld1q_f32(gate + i)), vld1q_f32(up + i)));
    if (i < n)
        store_some(gate + i, vmulq_f32(silu4(load_some(gate + i, n - i)), load_some(up + i, n - i)), n - i);
}

/* x (1 + erf(x / sqrt 2)) / 2 with Abramowitz & Stegun 1964, 7.1.26:
 * erfc(z) = (a1 t + ... + a5 t^5) e^(-z^2), t = 1 / (1 + p z), z >= 0, to 1.5e-7;
 * taken for |x|, so that small results on the negative side do not cancel. */
static inline float32x4_t gelu4(float32x4_t x)
{
    const float32x4_t one = vdupq_n_f32(1.0f);
    float32x4_t z = vmulq_n_f32(vabsq_f32(x), 0.70710678f);
    float32x4_t t = vdivq_f32(one, vfmaq_n_f32(one, z, 0.3275911f));

    float32x4_t p = vfmaq_n_f32(vdupq_n_f32(-1.453152027f), t, 1.061405429f);
    p = vfmaq_f32(vdupq_n_f32(1.421413741f), p, t);
    p = vfmaq_f32(vdupq_n_f32(-0.284496736f), p, t);
    p = vfmaq_f32(vdupq_n_f32(0.254829592f), p, t);
    float32x4_t half_erfc = vmulq_f32(vmulq_n_f32(vmulq_f32(p, t), 0.5f), exp4(vnegq_f32(vmulq_f32(z, z))));
    float32x4_t share = vbslq_f32(vcltq_f32(x, vdupq_n_f32(0.0f)), half_erfc, vsubq_f32(one, half_erfc));
    return vmulq_f32(x, share);
}

void gelu_neon(float *x, size_t n)
{
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        vst1q_f32(x + i, gelu4(vld1q_f32(x + i)));
    if (i < n)
        store_some(x + i, gelu4(load_some(x + i, n - i)), n - i);
}

const struct kernels kernels_neon = {
    .name = "neon", .supported = supported_neon, KERNELS_NEON_ENTRIES, KERNELS_NEON_DOT_ENTRIES
};
