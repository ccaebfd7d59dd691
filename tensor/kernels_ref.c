/* kernels_ref.c - every kernel as its formula: what the fast ones are tested by. */
#include "tensor/kernels.h"

#include "tensor/gguf.h"
#include "tensor/quant.h"

#include <math.h>
#include <string.h>

static bool supported_ref(void)
{
    return true;
}

static void dequantize_f32_ref(const void *w, float *out, size_t n)
{
    memcpy(out, w, n * sizeof *out);
}

static void dequantize_f16_ref(const void *w, float *out, size_t n)
{
    const uint16_t *x = w;

    for (size_t i = 0; i < n; i++)
        out[i] = quant_f16_to_f32(x[i]);
}

/* The upper half of an f32. */
static void dequantize_bf16_ref(const void *w, float *out, size_t n)
{
    const uint16_t *x = w;

    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(out + i, &bits, sizeof bits);
    }
}

static void dequantize_q4_0_ref(const void *w, float *out, size_t n)
{
    const struct block_q4_0 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++, out += QUANT_BLOCK) {
        float d = quant_f16_to_f32(x[b].d);
        for (int i = 0; i < 16; i++) {
            out[i] = d * (float)((x[b].q[i] & 15) - 8);
            out[i + 16] = d * (float)((x[b].q[i] >> 4) - 8);
        }
    }
}

static void dequantize_q4_1_ref(const void *w, float *out, size_t n)
{
    const struct block_q4_1 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++, out += QUANT_BLOCK) {
        float d = quant_f16_to_f32(x[b].d), m = quant_f16_to_f32(x[b].m);
        for (int i = 0; i < 16; i++) {
            out[i] = d * (float)(x[b].q[i] & 15) + m;
            out[i + 16] = d * (float)(x[b].q[i] >> 4) + m;
        }
    }
}

/* Bit i of `high` is the fifth bit of weight i. */
static void dequantize_q5_0_ref(const void *w, float *out, size_t n)
{
    const struct block_q5_0 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++, out += QUANT_BLOCK) {
        float d = quant_f16_to_f32(x[b].d);
        for (int i = 0; i < 32; i++) {
            int low = i < 16 ? x[b].q[i] & 15 : x[b].q[i - 16] >> 4;
            int high = x[b].high[i / 8] >> i % 8 & 1;
            out[i] = d * (float)((low | high << 4) - 16);
        }
    }
}

static void dequantize_q5_1_ref(const void *w, float *out, size_t n)
{
    const struct block_q5_1 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++, out += QUANT_BLOCK) {
        float d = quant_f16_to_f32(x[b].d), m = quant_f16_to_f32(x[b].m);
        for (int i = 0; i < 32; i++) {
            int low = i < 16 ? x[b].q[i] & 15 : x[b].q[i - 16] >> 4;
            int high = x[b].high[i / 8] >> i % 8 & 1;
            out[i] = d * (float)(low | high << 4) + m;
        }
    }
}

static void dequantize_iq4_nl_ref(const void *w, float *out, size_t n)
{
    const struct block_iq4_nl *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++, out += QUANT_BLOCK) {
        float d = quant_f16_to_f32(x[b].d);
        for (int i = 0; i < 16; i++) {
            out[i] = d * (float)quant_iq4[x[b].q[i] & 15];
            out[i + 16] = d * (float)quant_iq4[x[b].q[i] >> 4];
        }
    }
}

static void dequantize_q8_0_ref(const void *w, float *out, size_t n)
{
    const struct block_q8_0 *x = w;

    for (size_t b = 0; b < n / QUANT_BLOCK; b++, out += QUANT_BLOCK) {
        float d = quant_f16_to_f32(x[b].d);
        for (int i = 0; i < QUANT_BLOCK; i++)
            out[i] = d * (float)x[b].q[i];
    }
}

/* Two halves of 128 weights; quarter k of a half is bits 2k of its 32 bytes.  A
 * scale and a min, four bits each, for every 16 weights. */
static void dequantize_q2_k_ref(const void *w, float *out, size_t n)
{
    const struct block_q2_k *x = w;

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        float d = quant_f16_to_f32(x[b].d), dmin = quant_f16_to_f32(x[b].dmin);
        for (int i = 0; i < QUANT_SUPER; i++) {
            int half = i / 128, k = i % 128 / 32, l = i % 32, scales = x[b].scales[i / 16];
            int q = x[b].q[half * 32 + l] >> 2 * k & 3;
            *out++ = d * (float)(scales & 15) * (float)q - dmin * (float)(scales >> 4);
        }
    }
}

/* As Q2_K; the third bit of weight l of quarter k of half h is bit 4h + k of high[l]. */
static void dequantize_q3_k_ref(const void *w, float *out, size_t n)
{
    const struct block_q3_k *x = w;
    int8_t scale[16];

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        float d = quant_f16_to_f32(x[b].d);
        quant_unpack_scales_q3_k(x[b].scales, scale);
        for (int i = 0; i < QUANT_SUPER; i++) {
            int half = i / 128, k = i % 128 / 32, l = i % 32;
            int low = x[b].q[half * 32 + l] >> 2 * k & 3, high = x[b].high[l] >> (4 * half + k) & 1;
            *out++ = d * (float)scale[i / 16] * (float)((low | high << 2) - 4);
        }
    }
}

/* Sub-block s has the layout of IQ4_NL in bytes 16 s .. 16 s + 15. */
static void dequantize_iq4_xs_ref(const void *w, float *out, size_t n)
{
    const struct block_iq4_xs *x = w;
    int8_t scale[8];

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        float d = quant_f16_to_f32(x[b].d);
        quant_unpack_scales_iq4_xs(&x[b], scale);
        for (int s = 0; s < 8; s++)
            for (int i = 0; i < 32; i++)
                *out++ = d * (float)scale[s] * (float)quant_iq4[x[b].q[16 * s + i % 16] >> i / 16 * 4 & 15];
    }
}

/* Sub-blocks 2j and 2j + 1 are the low and high halves of bytes 32 j .. 32 j + 31. */
static void dequantize_q4_k_ref(const void *w, float *out, size_t n)
{
    const struct block_q4_k *x = w;
    uint8_t scale[8], min[8];

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        float d = quant_f16_to_f32(x[b].d), dmin = quant_f16_to_f32(x[b].dmin);
        quant_unpack_scales(x[b].scales, scale, min);
        for (int s = 0; s < 8; s++)
            for (int i = 0; i < 32; i++) {
                int q = x[b].q[s / 2 * 32 + i] >> s % 2 * 4 & 15;
                *out++ = d * (float)scale[s] * (float)q - dmin * (float)min[s];
            }
    }
}

/* As Q4_K; bit s of high[i] is the fifth bit of weight i of sub-block s. */
static void dequantize_q5_k_ref(const void *w, float *out, size_t n)
{
    const struct block_q5_k *x = w;
    uint8_t scale[8], min[8];

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        float d = quant_f16_to_f32(x[b].d), dmin = quant_f16_to_f32(x[b].dmin);
        quant_unpack_scales(x[b].scales, scale, min);
        for (int s = 0; s < 8; s++)
            for (int i = 0; i < 32; i++) {
                int q = (x[b].q[s / 2 * 32 + i] >> s % 2 * 4 & 15) | (x[b].high[i] >> s & 1) << 4;
                *out++ = d * (float)scale[s] * (float)q - dmin * (float)min[s];
            }
    }
}

/* Two halves of 128 weights.  Quarter k of a half: its low bits are the low
 * (k < 2) or high halves of bytes 32 (k % 2) .., its high bits are bits 2k of
 * the half's 32 bytes of `high`. */
static void dequantize_q6_k_ref(const void *w, float *out, size_t n)
{
    const struct block_q6_k *x = w;

    for (size_t b = 0; b < n / QUANT_SUPER; b++) {
        float d = quant_f16_to_f32(x[b].d);
        for (int i = 0; i < QUANT_SUPER; i++) {
            int half = i / 128, k = i % 128 / 32, l = i % 32;
            int low = x[b].q[half * 64 + k % 2 * 32 + l] >> k / 2 * 4 & 15;
            int high = x[b].high[half * 32 + l] >> 2 * k & 3;
            *out++ = d * (float)x[b].scales[i / 16] * (float)((low | high << 4) - 32);
        }
    }
}

/* sum w x, or for quantised weights sum w (scale q): the block is dequantised and
 * its products are summed in double, so that this is exact to one rounding. */
static float dot_blocks(void (*dequantize)(const void *, float *, size_t), size_t block_weights, size_t block_bytes,
                        const void *w, const struct activations *x, size_t n)
{
    double sum = 0.0;
    float block[QUANT_SUPER];

    for (size_t at = 0; at < n; at += block_weights) {
        dequantize((const unsigned char *)w + at / block_weights * block_bytes, block, block_weights);
        for (size_t i = 0; i < block_weights; i++)
            sum += (double)block[i] * (x->q == NULL ? (double)x->x[at + i]
                                                    : (double)x->scale[(at + i) / QUANT_BLOCK] * x->q[at + i]);
    }
    return (float)sum;
}

static float dot_f32_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_f32_ref, 1, sizeof(float), w, x, n);
}

static float dot_f16_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_f16_ref, 1, sizeof(uint16_t), w, x, n);
}

static float dot_bf16_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_bf16_ref, 1, sizeof(uint16_t), w, x, n);
}

static float dot_q4_0_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q4_0_ref, QUANT_BLOCK, sizeof(struct block_q4_0), w, x, n);
}

static float dot_q4_1_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q4_1_ref, QUANT_BLOCK, sizeof(struct block_q4_1), w, x, n);
}

static float dot_q5_0_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q5_0_ref, QUANT_BLOCK, sizeof(struct block_q5_0), w, x, n);
}

static float dot_q5_1_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q5_1_ref, QUANT_BLOCK, sizeof(struct block_q5_1), w, x, n);
}

static float dot_iq4_nl_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_iq4_nl_ref, QUANT_BLOCK, sizeof(struct block_iq4_nl), w, x, n);
}

static float dot_q8_0_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q8_0_ref, QUANT_BLOCK, sizeof(struct block_q8_0), w, x, n);
}

static float dot_q2_k_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q2_k_ref, QUANT_SUPER, sizeof(struct block_q2_k), w, x, n);
}

static float dot_q3_k_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q3_k_ref, QUANT_SUPER, sizeof(struct block_q3_k), w, x, n);
}

static float dot_iq4_xs_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_iq4_xs_ref, QUANT_SUPER, sizeof(struct block_iq4_xs), w, x, n);
}

static float dot_q4_k_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q4_k_ref, QUANT_SUPER, sizeof(struct block_q4_k), w, x, n);
}

static float dot_q5_k_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q5_k_ref, QUANT_SUPER, sizeof(struct block_q5_k), w, x, n);
}

static float dot_q6_k_ref(const void *w, const struct activations *x, size_t n)
{
    return dot_blocks(dequantize_q6_k_ref, QUANT_SUPER, sizeof(struct block_q6_k), w, x, n);
}

static void quantize_ref(const float *x, size_t n, uint8_t flip, int8_t *q, float *scale, float *sum)
{
    for (size_t b = 0; b < n / QUANT_BLOCK; b++, x += QUANT_BLOCK, q += QUANT_BLOCK) {
        float largest = 0.0f;
        bool finite = true;
        int total = 0;
        for (int i = 0; i < QUANT_BLOCK; i++) {
            largest = fmaxf(largest, fabsf(x[i]));
            finite = finite && isfinite(x[i]);
        }
        float inverse = largest > QUANT_LEAST ? 127.0f / largest : 0.0f;
        for (int i = 0; i < QUANT_BLOCK; i++) {
            int steps = finite ? (int)lrintf(x[i] * inverse) : 0;
            total += steps;
            q[i] = (int8_t)(steps ^ flip);
        }
        scale[b] = finite ? largest / 127.0f : NAN;
        sum[b] = scale[b] * (float)total;
    }
}

static void score_keys_ref(const float *q, size_t n_rows, const uint16_t *k, size_t step, size_t n, size_t d,
                           float scale, float *score, size_t ld)
{
    for (size_t r = 0; r < n_rows; r++)
        for (size_t i = 0; i < n; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < d; j++)
                sum += (double)q[r * d + j] * (double)quant_f16_to_f32(k[i * step + j]);
            score[r * ld + i] = scale * (float)sum;
        }
}

static void gather_values_ref(const float *weight, size_t ld, size_t n_rows, const uint16_t *v, size_t step,
                              size_t n, size_t d, float *out)
{
    for (size_t r = 0; r < n_rows; r++)
        for (size_t j = 0; j < d; j++) {
            double sum = (double)out[r * d + j];
            for (size_t i = 0; i < n; i++)
                sum += (double)weight[r * ld + i] * (double)quant_f16_to_f32(v[i * step + j]);
            out[r * d + j] = (float)sum;
        }
}

static void f32_to_f16_ref(const float *x, uint16_t *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = quant_f32_to_f16(x[i]);
}

static float dot_ref(const float *x, const float *y, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return (float)sum;
}

static void add_scaled_ref(float *y, float a, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static float max_ref(const float *x, size_t n)
{
    float max = x[0];

    for (size_t i = 1; i < n; i++)
        max = fmaxf(max, x[i]);
    return max;
}

static float exp_sum_ref(float *x, float max, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        x[i] = expf(x[i] - max);
        sum += (double)x[i];
    }
    return (float)sum;
}

static void silu_mul_ref(float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++)
        gate[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
}

static void gelu_ref(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678f));
}

const struct kernels kernels_ref = {
    .name = "ref",
    .supported = supported_ref,
    .dequantize = {
        [TENSOR_F32] = dequantize_f32_ref,
        [TENSOR_F16] = dequantize_f16_ref,
        [TENSOR_BF16] = dequantize_bf16_ref,
        [TENSOR_Q4_0] = dequantize_q4_0_ref,
        [TENSOR_Q4_1] = dequantize_q4_1_ref,
        [TENSOR_Q5_0] = dequantize_q5_0_ref,
        [TENSOR_Q5_1] = dequantize_q5_1_ref,
        [TENSOR_IQ4_NL] = dequantize_iq4_nl_ref,
        [TENSOR_Q8_0] = dequantize_q8_0_ref,
        [TENSOR_Q2_K] = dequantize_q2_k_ref,
        [TENSOR_Q3_K] = dequantize_q3_k_ref,
        [TENSOR_Q4_K] = dequantize_q4_k_ref,
        [TENSOR_Q5_K] = dequantize_q5_k_ref,
        [TENSOR_Q6_K] = dequantize_q6_k_ref,
        [TENSOR_IQ4_XS] = dequantize_iq4_xs_ref,
    },
    .dot_row = {
        [TENSOR_F32] = dot_f32_ref,
        [TENSOR_F16] = dot_f16_ref,
        [TENSOR_BF16] = dot_bf16_ref,
        [TENSOR_Q4_0] = dot_q4_0_ref,
        [TENSOR_Q4_1] = dot_q4_1_ref,
        [TENSOR_Q5_0] = dot_q5_0_ref,
        [TENSOR_Q5_1] = dot_q5_1_ref,
        [TENSOR_IQ4_NL] = dot_iq4_nl_ref,
        [TENSOR_Q8_0] = dot_q8_0_ref,
        [TENSOR_Q2_K] = dot_q2_k_ref,
        [TENSOR_Q3_K] = dot_q3_k_ref,
        [TENSOR_Q4_K] = dot_q4_k_ref,
        [TENSOR_Q5_K] = dot_q5_k_ref,
        [TENSOR_Q6_K] = dot_q6_k_ref,
        [TENSOR_IQ4_XS] = dot_iq4_xs_ref,
    },
    .quantize = quantize_ref,
    .score_keys = score_keys_ref,
    .gather_values = gather_values_ref,
    .f32_to_f16 = f32_to_f16_ref,
    .dot = dot_ref,
    .add_scaled = add_scaled_ref,
    .max = max_ref,
    .exp_sum = exp_sum_ref,
    .silu_mul = silu_mul_ref,
    .gelu = gelu_ref,
};
