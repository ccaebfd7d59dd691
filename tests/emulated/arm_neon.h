/* arm_neon.h - 64-bit ARM's vector instructions in plain C, by SIMDe, for tests of
 * kernels_neon*.c on any processor.
 *
 * What Debian 12's SIMDe (0.7.4-rc2) lacks, or does another way than a processor,
 * stands below: division, rounding to nearest, multiply-add with one rounding,
 * halves that keep a NaN's bits. */
#ifndef TESTS_EMULATED_ARM_NEON_H
#define TESTS_EMULATED_ARM_NEON_H

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>

#include "tensor/quant.h"

#include <math.h>
#include <string.h>

static inline float32x4_t emulated_fma(float32x4_t c, float32x4_t a, float32x4_t b)
{
    float x[4], y[4], z[4];

    vst1q_f32(x, a);
    vst1q_f32(y, b);
    vst1q_f32(z, c);
    for (int i = 0; i < 4; i++)
        z[i] = fmaf(x[i], y[i], z[i]);
    return vld1q_f32(z);
}
#undef vfmaq_f32
#undef vfmaq_n_f32
#define vfmaq_f32 emulated_fma
#define vfmaq_n_f32(c, a, b) emulated_fma(c, a, vdupq_n_f32(b))

static inline float32x4_t vdivq_f32(float32x4_t a, float32x4_t b)
{
    float x[4], y[4];

    vst1q_f32(x, a);
    vst1q_f32(y, b);
    for (int i = 0; i < 4; i++)
        x[i] /= y[i];
    return vld1q_f32(x);
}

/* NaN becomes 0, as there. */
static inline int32x4_t vcvtnq_s32_f32(float32x4_t a)
{
    int32_t word[4];
    float x[4];

    vst1q_f32(x, a);
    for (int i = 0; i < 4; i++)
        word[i] = isnan(x[i]) ? 0 : (int32_t)lrintf(x[i]);
    return vld1q_s32(word);
}

static inline float32x4_t emulated_from_halves(float16x4_t halves)
{
    uint16_t half[4];
    float x[4];

    memcpy(half, &halves, sizeof half);
    for (int i = 0; i < 4; i++)
        x[i] = quant_f16_to_f32(half[i]);
    return vld1q_f32(x);
}

static inline float16x4_t emulated_to_halves(float32x4_t a)
{
    float16x4_t halves;
    uint16_t half[4];
    float x[4];

    vst1q_f32(x, a);
    for (int i = 0; i < 4; i++)
        half[i] = quant_f32_to_f16(x[i]);
    memcpy(&halves, half, sizeof halves);
    return halves;
}
#undef vcvt_f32_f16
#undef vcvt_f16_f32
#define vcvt_f32_f16 emulated_from_halves
#define vcvt_f16_f32 emulated_to_halves

#endif
