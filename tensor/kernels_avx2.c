/* kernels_avx2.c - kernels for processors with AVX2, FMA and F16C. */
#include "tensor/kernels_avx2.h"

#include "tensor/gguf.h"
#include "tensor/kernels_attend.h"
#include "tensor/kernels_dot_super.h"
#include "tensor/kernels_tile.h"
#include "tensor/kernels_x86.h"

#include <cpuid.h>
#include <float.h>
#include <math.h>

static bool supported_avx2(void)
{
    unsigned int a, b, c, d;        /* clang's builtin does not know f16c */

    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __get_cpuid(1, &a, &b, &c, &d) &&
           (c & bit_F16C) != 0;
}

/* ---- weights to f32 ------------------------------------------------------------ */

/* out = scale q - min for 32 bytes. */
static inline void store_weights(__m256i q, __m256 scale, __m256 min, float *out)
{
    __m128i low = _mm256_castsi256_si128(q), high = _mm256_extracti128_si256(q, 1);

    _mm256_storeu_ps(out, _mm256_fmsub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(low)), scale, min));
    _mm256_storeu_ps(out + 8, _mm256_fmsub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(low, 8))), scale, min));
    _mm256_storeu_ps(out + 16, _mm256_fmsub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(high)), scale, min));
    _mm256_storeu_ps(out + 24, _mm256_fmsub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(high, 8))), scale, min));
}

/* out = scale q for 32 signed bytes. */
static inline void store_signed(__m256i q, float scale, float *out)
{
    store_weights(_mm256_xor_si256(q, _mm256_set1_epi8(-128)), _mm256_set1_ps(scale), _mm256_set1_ps(128.0f * scale), out);
}

/* out = scale q - min, each for 16 of 32 bytes. */
static inline void store_sixteens(__m256i q, const float scale[2], const float min[2], float *out)
{
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++, out += 16) {
        __m128i half = h ? _mm256_extracti128_si256(q, 1) : _mm256_castsi256_si128(q);
        __m256 m = _mm256_set1_ps(scale[h]), offset = _mm256_set1_ps(min[h]);
        _mm256_storeu_ps(out, _mm256_fmsub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(half)), m, offset));
        half = _mm_srli_si128(half, 8);
        _mm256_storeu_ps(out + 8, _mm256_fmsub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(half)), m, offset));
    }
}

void dequantize_f16_avx2(const void *w, float *out, size_t n)
{
    const uint16_t *x = w;
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
    for (; i < n; i++)
        out[i] = half_to_f32(x[i]);
}

void dequantize_f32_avx2(const void *w, float *out, size_t n)
{
    memcpy(out, w, n * sizeof *out);
}

static inline __m256 load_bf16(const uint16_t *x)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)x)), 16));
}

void dequantize_bf16_avx2(const void *w, float *out, size_t n)
{
    const uint16_t *x = w;
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, load_bf16(x + i));
    if (i < n)
        kernels_ref.dequantize[TENSOR_BF16](x + i, out + i, n - i);
}

void dequantize_q4_0_avx2(const void *w, float *out, size_t n)
{
    const struct block_q4_0 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++) {
        float d = half_to_f32(x[b].d);
        store_weights(load_nibbles(x[b].q), _mm256_set1_ps(d), _mm256_set1_ps(8.0f * d), out + b * QUANT_BLOCK);
    }
}

void dequantize_q4_1_avx2(const void *w, float *out, size_t n)
{
    const struct block_q4_1 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++)
        store_weights(load_nibbles(x[b].q), _mm256_set1_ps(half_to_f32(x[b].d)),
                      _mm256_set1_ps(-half_to_f32(x[b].m)), out + b * QUANT_BLOCK);
}

void dequantize_q5_0_avx2(const void *w, float *out, size_t n)
{
    const struct block_q5_0 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++) {
        float d = half_to_f32(x[b].d);
        store_weights(load_q5(x[b].q, x[b].high), _mm256_set1_ps(d), _mm256_set1_ps(16.0f * d), out + b * QUANT_BLOCK);
    }
}

void dequantize_q5_1_avx2(const void *w, float *out, size_t n)
{
    const struct block_q5_1 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++)
        store_weights(load_q5(x[b].q, x[b].high), _mm256_set1_ps(half_to_f32(x[b].d)),
                      _mm256_set1_ps(-half_to_f32(x[b].m)), out + b * QUANT_BLOCK);
}

void dequantize_q8_0_avx2(const void *w, float *out, size_t n)
{
    const struct block_q8_0 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++)
        store_signed(_mm256_loadu_si256((const __m256i *)x[b].q), half_to_f32(x[b].d), out + b * QUANT_BLOCK);
}

void dequantize_iq4_nl_avx2(const void *w, float *out, size_t n)
{
    const struct block_iq4_nl *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++)
        store_signed(load_iq4(x[b].q), half_to_f32(x[b].d), out + b * QUANT_BLOCK);
}

void dequantize_q4_k_avx2(const void *w, float *out, size_t n)
{
    const struct block_q4_k *x = w;
    float scales[8], mins[8];
    __m256 scale, min;

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        load_scales(x[b].scales, &scale, &min);
        _mm256_storeu_ps(scales, _mm256_mul_ps(scale, _mm256_set1_ps(half_to_f32(x[b].d))));
        _mm256_storeu_ps(mins, _mm256_mul_ps(min, _mm256_set1_ps(half_to_f32(x[b].dmin))));
#pragma GCC unroll 8
        for (int s = 0; s < 8; s++, out += QUANT_BLOCK)
            store_weights(load_q4_k(x[b].q, s), _mm256_set1_ps(scales[s]), _mm256_set1_ps(mins[s]), out);
    }
}

void dequantize_q5_k_avx2(const void *w, float *out, size_t n)
{
    const struct block_q5_k *x = w;
    float scales[8], mins[8];
    __m256 scale, min;

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        load_scales(x[b].scales, &scale, &min);
        _mm256_storeu_ps(scales, _mm256_mul_ps(scale, _mm256_set1_ps(half_to_f32(x[b].d))));
        _mm256_storeu_ps(mins, _mm256_mul_ps(min, _mm256_set1_ps(half_to_f32(x[b].dmin))));
#pragma GCC unroll 8
        for (int s = 0; s < 8; s++, out += QUANT_BLOCK)
            store_weights(load_q5_k(x + b, s), _mm256_set1_ps(scales[s]), _mm256_set1_ps(mins[s]), out);
    }
}

void dequantize_q2_k_avx2(const void *w, float *out, size_t n)
{
    const struct block_q2_k *x = w;

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        float d = half_to_f32(x[b].d), dmin = half_to_f32(x[b].dmin);
#pragma GCC unroll 8
        for (int s = 0; s < 8; s++, out += QUANT_BLOCK) {
            const uint8_t *both = x[b].scales + 2 * s;
            float scale[2] = { d * (float)(both[0] & 15), d * (float)(both[1] & 15) };
            float min[2] = { dmin * (float)(both[0] >> 4), dmin * (float)(both[1] >> 4) };
            store_sixteens(load_q2_k(x[b].q, s), scale, min, out);
        }
    }
}

void dequantize_q3_k_avx2(const void *w, float *out, size_t n)
{
    const struct block_q3_k *x = w;

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        float d = half_to_f32(x[b].d);
        int8_t scales[16];
        _mm_storeu_si128((__m128i *)scales, scales_q3_k(x + b));
#pragma GCC unroll 8
        for (int s = 0; s < 8; s++, out += QUANT_BLOCK) {
            float scale[2] = { d * (float)scales[2 * s], d * (float)scales[2 * s + 1] }, min[2] = { 4.0f * scale[0], 4.0f * scale[1] };
            store_sixteens(load_q3_k(x + b, s), scale, min, out);
        }
    }
}

void dequantize_q6_k_avx2(const void *w, float *out, size_t n)
{
    const struct block_q6_k *x = w;

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        float d = half_to_f32(x[b].d);
#pragma GCC unroll 8
        for (int s = 0; s < 8; s++, out += QUANT_BLOCK) {
            float scale[2] = { d * (float)x[b].scales[2 * s], d * (float)x[b].scales[2 * s + 1] }, min[2] = { 32.0f * scale[0], 32.0f * scale[1] };
            store_sixteens(load_q6_k(x + b, s), scale, min, out);
        }
    }
}

void dequantize_iq4_xs_avx2(const void *w, float *out, size_t n)
{
    const struct block_iq4_xs *x = w;
    float scales[8];

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        _mm256_storeu_ps(scales, _mm256_mul_ps(load_scales_iq4_xs(x + b), _mm256_set1_ps(half_to_f32(x[b].d))));
#pragma GCC unroll 8
        for (int s = 0; s < 8; s++, out += QUANT_BLOCK)
            store_signed(load_iq4(x[b].q + 16 * s), scales[s], out);
    }
}

/* ---- activations to 8 bits ------------------------------------------------------------ */

/* cvtps rounds to nearest even as lrintf does. */
void quantize_avx2(const float *x, size_t n, uint8_t flip, int8_t *q, float *scale, float *sum)
{
    const __m256 no_sign = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);    /* the packs work on halves */

    for (size_t b = 0; b < n / QUANT_BLOCK; b++, x += QUANT_BLOCK, q += QUANT_BLOCK) {
        __m256 v[4], max = _mm256_setzero_ps(), finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
        __m256i r[4];
#pragma GCC unroll 8
        for (int i = 0; i < 4; i++) {
            v[i] = _mm256_loadu_ps(x + 8 * i);
            __m256 magnitude = _mm256_and_ps(v[i], no_sign);
            max = _mm256_max_ps(max, magnitude);
            finite = _mm256_and_ps(finite, _mm256_cmp_ps(magnitude, _mm256_set1_ps(FLT_MAX), _CMP_LE_OQ));
        }
        bool all_finite = _mm256_movemask_ps(finite) == 0xff;
        __m128 four = _mm_max_ps(_mm256_castps256_ps128(max), _mm256_extractf128_ps(max, 1));
        four = _mm_max_ps(four, _mm_movehl_ps(four, four));
        float largest = _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
        __m256 inverse = _mm256_set1_ps(largest > QUANT_LEAST ? 127.0f / largest : 0.0f);

#pragma GCC unroll 8
        for (int i = 0; i < 4; i++)
            r[i] = all_finite ? _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse)) : _mm256_setzero_si256();
        __m256i all = _mm256_add_epi32(_mm256_add_epi32(r[0], r[1]), _mm256_add_epi32(r[2], r[3]));
        __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(r[0], r[1]), _mm256_packs_epi32(r[2], r[3]));
        bytes = _mm256_xor_si256(_mm256_permutevar8x32_epi32(bytes, order), _mm256_set1_epi8((char)flip));
        _mm256_storeu_si256((__m256i *)q, bytes);
        scale[b] = all_finite ? largest / 127.0f : NAN;
        sum[b] = scale[b] * sum8(_mm256_cvtepi32_ps(all));
    }
}

/* ---- dot products in f32 -------------------------------------------------------------- */

#define FOUR_ZEROS { _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps() }

static inline __m256 sum_of_4(const __m256 acc[4])
{
    return _mm256_add_ps(_mm256_add_ps(acc[0], acc[1]), _mm256_add_ps(acc[2], acc[3]));
}

float dot_avx2(const float *x, const float *y, size_t n)
{
    __m256 acc[4] = FOUR_ZEROS;
    size_t i = 0;

    for (; i + 32 <= n; i += 32)
#pragma GCC unroll 8
        for (size_t k = 0; k < 4; k++)
            acc[k] = _mm256_fmadd_ps(_mm256_loadu_ps(x + i + 8 * k), _mm256_loadu_ps(y + i + 8 * k), acc[k]);
    for (; i + 8 <= n; i += 8)
        acc[0] = _mm256_fmadd_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i), acc[0]);
    float sum = sum8(sum_of_4(acc));
    for (; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

float dot_f32_avx2(const void *w, const struct activations *x, size_t n)
{
    return dot_avx2(w, x->x, n);
}

float dot_f16_avx2(const void *weights, const struct activations *x, size_t n)
{
    const uint16_t *w = weights;
    __m256 acc[4] = FOUR_ZEROS;
    size_t i = 0;

    for (; i + 32 <= n; i += 32)
#pragma GCC unroll 8
        for (size_t k = 0; k < 4; k++)
            acc[k] = _mm256_fmadd_ps(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(w + i + 8 * k))),
                                     _mm256_loadu_ps(x->x + i + 8 * k), acc[k]);
    for (; i + 8 <= n; i += 8)
        acc[0] = _mm256_fmadd_ps(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(w + i))), _mm256_loadu_ps(x->x + i), acc[0]);
    float sum = sum8(sum_of_4(acc));
    for (; i < n; i++)
        sum += half_to_f32(w[i]) * x->x[i];
    return sum;
}

float dot_bf16_avx2(const void *weights, const struct activations *x, size_t n)
{
    const uint16_t *w = weights;
    __m256 acc[2] = { _mm256_setzero_ps(), _mm256_setzero_ps() };
    size_t i = 0;

    for (; i + 16 <= n; i += 16)
#pragma GCC unroll 8
        for (size_t k = 0; k < 2; k++)
            acc[k] = _mm256_fmadd_ps(load_bf16(w + i + 8 * k), _mm256_loadu_ps(x->x + i + 8 * k), acc[k]);
    struct activations rest = { .x = x->x + i };
    return sum8(_mm256_add_ps(acc[0], acc[1])) + kernels_ref.dot_row[TENSOR_BF16](w + i, &rest, n - i);
}

void add_scaled_avx2(float *y, float a, const float *x, size_t n)
{
    __m256 scale = _mm256_set1_ps(a);
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_fmadd_ps(scale, _mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
    for (; i < n; i++)
        y[i] += a * x[i];
}

/* maxps gives its second operand when one is NaN, so a NaN in x drops out. */
float max_avx2(const float *x, size_t n)
{
    __m256 most[2] = { _mm256_set1_ps(-INFINITY), _mm256_set1_ps(-INFINITY) };
    float lanes[8], max = -INFINITY;
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        most[0] = _mm256_max_ps(_mm256_loadu_ps(x + i), most[0]);
        most[1] = _mm256_max_ps(_mm256_loadu_ps(x + i + 8), most[1]);
    }
    _mm256_storeu_ps(lanes, _mm256_max_ps(most[0], most[1]));
    for (int k = 0; k < 8; k++)
        max = lanes[k] > max ? lanes[k] : max;
    for (; i < n; i++)
        max = x[i] > max ? x[i] : max;
    return max;
}

void f32_to_f16_avx2(const float *x, uint16_t *y, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(y + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    for (; i < n; i++)
        y[i] = (uint16_t)_cvtss_sh(x[i], _MM_FROUND_TO_NEAREST_INT);
}

/* ---- exponentials ------------------------------------------------------------------------ */

/* e^x to 2 units in the last place: x = k ln 2 + r, |r| <= ln 2 / 2, e^r by its
 * Taylor series to r^7 (the rest is below 2^-27 there), 2^k into the exponent.
 * Arguments are held within +-87.3, where the result is a normal number; smaller
 * ones give 0. */
static inline __m256 exp8(__m256 x)
{
    const __m256 least = _mm256_set1_ps(-87.3f);
    __m256 small = _mm256_cmp_ps(x, least, _CMP_LT_OQ);
    __m256 held = _mm256_max_ps(_mm256_min_ps(_mm256_set1_ps(87.3f), x), least);
    __m256 k = _mm256_round_ps(_mm256_mul_ps(held, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    /* ln 2 in two parts, the first with few enough bits for an exact product (Cody & Waite 1980) */
    __m256 r = _mm256_fnmadd_ps(k, _mm256_set1_ps(0.693359375f), held);
    r = _mm256_fnmadd_ps(k, _mm256_set1_ps(-2.12194440e-4f), r);

    __m256 p = _mm256_set1_ps(1.0f / 5040);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 720));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 120));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 24));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 6));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    __m256i power = _mm256_slli_epi32(_mm256_cvtps_epi32(k), 23);
    p = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), power));
    p = _mm256_blendv_ps(p, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));      /* NaN stays NaN */
    return _mm256_andnot_ps(small, p);
}

/* Eight lanes, or the last n < 8 padded with zeros. */
static inline __m256 load_some(const float *x, size_t n)
{
    float lanes[8] = { 0 };
    memcpy(lanes, x, n * sizeof *x);
    return _mm256_loadu_ps(lanes);
}

static inline void store_some(float *x, __m256 v, size_t n)
{
    float lanes[8];
    _mm256_storeu_ps(lanes, v);
    memcpy(x, lanes, n * sizeof *x);
}

float exp_sum_avx2(float *x, float max, size_t n)
{
    __m256 sum = _mm256_setzero_ps(), shift = _mm256_set1_ps(max);
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        __m256 e = exp8(_mm256_sub_ps(_mm256_loadu_ps(x + i), shift));
        _mm256_storeu_ps(x + i, e);
        sum = _mm256_add_ps(sum, e);
    }
    float total = sum8(sum);
    if (i < n)
        store_some(x + i, exp8(_mm256_sub_ps(load_some(x + i, n - i), shift)), n - i);
    for (; i < n; i++)
        total += x[i];
    return total;
}

static inline __m256 silu8(__m256 x)
{
    __m256 one = _mm256_set1_ps(1.0f);

    return _mm256_div_ps(x, _mm256_add_ps(one, exp8(_mm256_sub_ps(_mm256_setzero_ps(), x))));
}

void silu_mul_avx2(float *gate, const float *up, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(gate + i, _mm256_mul_ps(silu8(_mm256_loadu_ps(gate + i)), _mm256_loadu_ps(up + i)));
    if (i < n)
        store_some(gate + i, _mm256_mul_ps(silu8(load_some(gate + i, n - i)), load_some(up + i, n - i)), n - i);
}

/* x (1 + erf(x / sqrt 2)) / 2 with Abramowitz & Stegun 1964, 7.1.26:
 * erfc(z) = (a1 t + ... + a5 t^5) e^(-z^2), t = 1 / (1 + p z), z >= 0, to 1.5e-7;
 * taken for |x|, so that small results on the negative side do not cancel. */
static inline __m256 gelu8(__m256 x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f), one = _mm256_set1_ps(1.0f);
    __m256 z = _mm256_mul_ps(_mm256_andnot_ps(sign, x), _mm256_set1_ps(0.70710678f));
    __m256 t = _mm256_div_ps(one, _mm256_fmadd_ps(_mm256_set1_ps(0.3275911f), z, one));

    __m256 p = _mm256_set1_ps(1.061405429f);
    p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(-1.453152027f));
    p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(1.421413741f));
    p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(-0.284496736f));
    p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(0.254829592f));
    __m256 half_erfc = _mm256_mul_ps(_mm256_mul_ps(_mm256_mul_ps(p, t), _mm256_set1_ps(0.5f)),
                                     exp8(_mm256_xor_ps(_mm256_mul_ps(z, z), sign)));
    __m256 share = _mm256_blendv_ps(_mm256_sub_ps(one, half_erfc), half_erfc, x);   /* by the sign of x */
    return _mm256_mul_ps(x, share);
}

void gelu_avx2(float *x, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(x + i, gelu8(_mm256_loadu_ps(x + i)));
    if (i < n)
        store_some(x + i, gelu8(load_some(x + i, n - i)), n - i);
}

const struct kernels kernels_avx2 = {
    .name = "avx2", .supported = supported_avx2,
    KERNELS_AVX2_ENTRIES, KERNELS_DOT_ENTRIES, KERNELS_TILE_ENTRIES, KERNELS_ATTEND_ENTRIES
};
