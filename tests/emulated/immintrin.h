/* immintrin.h - x86's vector instructions in plain C, by SIMDe, for tests of
 * kernels_avx*.c on any processor.
 *
 * What Debian 12's SIMDe (0.7.4-rc2) lacks, or does another way than a processor,
 * stands below: multiply-add with one rounding, halves that keep a NaN's bits. */
#ifndef TESTS_EMULATED_IMMINTRIN_H
#define TESTS_EMULATED_IMMINTRIN_H

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

#include "tensor/quant.h"

#include <math.h>
#include <string.h>

#define IN_REGISTER(V) (void)(V)    /* no register holds one */

#define _mm256_dpbusd_avx_epi32 _mm256_dpbusd_epi32     /* the same in another encoding */

#ifndef _MM_FROUND_NO_EXC
#define _MM_FROUND_NO_EXC SIMDE_MM_FROUND_NO_EXC
#endif
#define __mmask16 simde__mmask16
#define __builtin_cpu_supports(name) 1

/* By memory, as SIMDe's types differ between compilers; A and C: 1.0f or -1.0f. */
#define EMULATED_FMA(NAME, VECTOR, A, C)                                        \
    static inline VECTOR emulated_##NAME(VECTOR a, VECTOR b, VECTOR c)          \
    {                                                                           \
        float x[sizeof a / 4], y[sizeof a / 4], z[sizeof a / 4];                \
        memcpy(x, &a, sizeof a);                                                \
        memcpy(y, &b, sizeof b);                                                \
        memcpy(z, &c, sizeof c);                                                \
        for (size_t i = 0; i < sizeof a / 4; i++)                               \
            x[i] = fmaf((A) * x[i], y[i], (C) * z[i]);                          \
        memcpy(&a, x, sizeof a);                                                \
        return a;                                                               \
    }

EMULATED_FMA(fmadd_256, __m256, 1.0f, 1.0f)
EMULATED_FMA(fmsub_256, __m256, 1.0f, -1.0f)
EMULATED_FMA(fnmadd_256, __m256, -1.0f, 1.0f)
EMULATED_FMA(fmadd_512, __m512, 1.0f, 1.0f)
EMULATED_FMA(fnmadd_512, __m512, -1.0f, 1.0f)
#undef _mm256_fmadd_ps
#undef _mm256_fmsub_ps
#undef _mm256_fnmadd_ps
#undef _mm512_fmadd_ps
#undef _mm512_fnmadd_ps
#define _mm256_fmadd_ps emulated_fmadd_256
#define _mm256_fmsub_ps emulated_fmsub_256
#define _mm256_fnmadd_ps emulated_fnmadd_256
#define _mm512_fmadd_ps emulated_fmadd_512
#define _mm512_fnmadd_ps emulated_fnmadd_512

static inline float _cvtsh_ss(uint16_t half)
{
    return quant_f16_to_f32(half);
}

static inline uint16_t emulated_to_half(float x)
{
    return quant_f32_to_f16(x);
}
#define _cvtss_sh(x, rounding) emulated_to_half(x)

#define EMULATED_FROM_HALVES(NAME, VECTOR, HALVES)                              \
    static inline VECTOR NAME(HALVES halves)                                    \
    {                                                                           \
        uint16_t half[sizeof halves / 2];                                       \
        float x[sizeof halves / 2];                                             \
        VECTOR v;                                                               \
        memcpy(half, &halves, sizeof half);                                     \
        for (size_t i = 0; i < sizeof halves / 2; i++)                          \
            x[i] = quant_f16_to_f32(half[i]);                                   \
        memcpy(&v, x, sizeof v);                                                \
        return v;                                                               \
    }

EMULATED_FROM_HALVES(_mm256_cvtph_ps, __m256, __m128i)
EMULATED_FROM_HALVES(_mm512_cvtph_ps, __m512, __m256i)

static inline __m128i emulated_to_halves(__m256 v)
{
    uint16_t half[8];
    __m128i halves;
    float x[8];

    _mm256_storeu_ps(x, v);
    for (int i = 0; i < 8; i++)
        half[i] = quant_f32_to_f16(x[i]);
    memcpy(&halves, half, sizeof halves);
    return halves;
}
#define _mm256_cvtps_ph(v, rounding) emulated_to_halves(v)

static inline __m512 _mm512_cvtepi32_ps(__m512i v)
{
    int32_t word[16];
    float x[16];

    memcpy(word, &v, sizeof word);
    for (int i = 0; i < 16; i++)
        x[i] = (float)word[i];
    return _mm512_loadu_ps(x);
}

static inline __m256 _mm512_extractf32x8_ps(__m512 v, int i)
{
    float x[16];

    _mm512_storeu_ps(x, v);
    return _mm256_loadu_ps(x + 8 * i);
}

static inline void _mm512_mask_storeu_ps(float *out, __mmask16 mask, __m512 v)
{
    float x[16];

    memcpy(x, &v, sizeof x);
    for (int i = 0; i < 16; i++)
        if ((mask >> i & 1) != 0)
            out[i] = x[i];
}

#endif
