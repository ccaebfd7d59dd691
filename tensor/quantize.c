#include "tensor/quantize.h"

#include "tensor/quantize_super.h"

#include <math.h>
#include <string.h>

/* 1 / d, or 0 for a block of zeros: all quants are then 0. */
static float inverse(float d)
{
    return d != 0.0f ? 1.0f / d : 0.0f;
}

/* x to a whole number of [0, most], by cutting off what comes after the point. */
static uint8_t cut(float x, int most)
{
    return x < 0.0f ? 0 : x > (float)most ? (uint8_t)most : (uint8_t)x;
}

/* Of the largest magnitude, with its sign; the first of equals. */
static float largest(const float *x)
{
    float most = 0.0f;

    for (int i = 0; i < QUANT_BLOCK; i++)
        if (fabsf(x[i]) > fabsf(most))
            most = x[i];
    return most;
}

static void ends(const float *x, float *min, float *max)
{
    *min = *max = x[0];
    for (int i = 1; i < QUANT_BLOCK; i++) {
        *min = x[i] < *min ? x[i] : *min;
        *max = x[i] > *max ? x[i] : *max;
    }
}

/* Four bits of each of 32 quants: q[i] low, q[i + 16] high. */
static void put_nibbles(const uint8_t q[QUANT_BLOCK], uint8_t out[16])
{
    for (int i = 0; i < 16; i++)
        out[i] = (uint8_t)((q[i] & 15) | (q[i + 16] & 15) << 4);
}

static void put_fifths(const uint8_t q[QUANT_BLOCK], uint8_t high[4])
{
    memset(high, 0, 4);
    for (int i = 0; i < QUANT_BLOCK; i++)
        high[i / 8] = (uint8_t)(high[i / 8] | (q[i] >> 4) << i % 8);
}

/* The largest becomes the lowest quant, which has one step more than the highest. */
static float steps_signed(const float *x, int middle, uint8_t q[QUANT_BLOCK])
{
    float d = largest(x) / (float)-middle, id = inverse(d);

    for (int i = 0; i < QUANT_BLOCK; i++)
        q[i] = cut(x[i] * id + ((float)middle + 0.5f), 2 * middle - 1);
    return d;
}

static float steps_from_min(const float *x, int most, float *min, uint8_t q[QUANT_BLOCK])
{
    float max;

    ends(x, min, &max);
    float d = (max - *min) / (float)most, id = inverse(d);
    for (int i = 0; i < QUANT_BLOCK; i++)
        q[i] = cut((x[i] - *min) * id + 0.5f, most);
    return d;
}

static void quantize_q4_0(const float *x, struct block_q4_0 *out)
{
    uint8_t q[QUANT_BLOCK];

    out->d = quant_f32_to_f16(steps_signed(x, 8, q));
    put_nibbles(q, out->q);
}

static void quantize_q4_1(const float *x, struct block_q4_1 *out)
{
    uint8_t q[QUANT_BLOCK];
    float min;

    out->d = quant_f32_to_f16(steps_from_min(x, 15, &min, q));
    out->m = quant_f32_to_f16(min);
    put_nibbles(q, out->q);
}

static void quantize_q5_0(const float *x, struct block_q5_0 *out)
{
    uint8_t q[QUANT_BLOCK];

    out->d = quant_f32_to_f16(steps_signed(x, 16, q));
    put_nibbles(q, out->q);
    put_fifths(q, out->high);
}

static void quantize_q5_1(const float *x, struct block_q5_1 *out)
{
    uint8_t q[QUANT_BLOCK];
    float min;

    out->d = quant_f32_to_f16(steps_from_min(x, 31, &min, q));
    out->m = quant_f32_to_f16(min);
    put_nibbles(q, out->q);
    put_fifths(q, out->high);
}

/* Halves are rounded away from zero here. */
static void quantize_q8_0(const float *x, struct block_q8_0 *out)
{
    float d = fabsf(largest(x)) / 127.0f, id = inverse(d);

    out->d = quant_f32_to_f16(d);
    for (int i = 0; i < QUANT_BLOCK; i++)
        out->q[i] = (int8_t)fmaxf(-127.0f, fminf(127.0f, roundf(x[i] * id)));
}

/* The upper half of an f32, to nearest, ties to even. */
static uint16_t to_bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 64);         /* a NaN stays one, and becomes quiet */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

bool quantize_can(enum tensor_type type)
{
    return tensor_type_block_elements(type) != 0 && type != TENSOR_IQ4_NL && type != TENSOR_IQ4_XS;
}

#define BLOCKS(TYPE, FUNCTION, STRUCT, SIZE)                    \
    case TYPE:                                                  \
        for (size_t b = 0; b < n / SIZE; b++)                   \
            FUNCTION(x + b * SIZE, (struct STRUCT *)out + b);   \
        break;

void quantize_weights(enum tensor_type type, const float *x, size_t n, void *out)
{
    uint16_t *half = out;

    switch (type) {
    case TENSOR_F32:
        memcpy(out, x, n * sizeof *x);
        break;
    case TENSOR_F16:
        for (size_t i = 0; i < n; i++)
            half[i] = quant_f32_to_f16(x[i]);
        break;
    case TENSOR_BF16:
        for (size_t i = 0; i < n; i++)
            half[i] = to_bf16(x[i]);
        break;
    BLOCKS(TENSOR_Q4_0, quantize_q4_0, block_q4_0, QUANT_BLOCK)
    BLOCKS(TENSOR_Q4_1, quantize_q4_1, block_q4_1, QUANT_BLOCK)
    BLOCKS(TENSOR_Q5_0, quantize_q5_0, block_q5_0, QUANT_BLOCK)
    BLOCKS(TENSOR_Q5_1, quantize_q5_1, block_q5_1, QUANT_BLOCK)
    BLOCKS(TENSOR_Q8_0, quantize_q8_0, block_q8_0, QUANT_BLOCK)
    BLOCKS(TENSOR_Q2_K, quantize_q2_k, block_q2_k, QUANT_SUPER)
    BLOCKS(TENSOR_Q3_K, quantize_q3_k, block_q3_k, QUANT_SUPER)
    BLOCKS(TENSOR_Q4_K, quantize_q4_k, block_q4_k, QUANT_SUPER)
    BLOCKS(TENSOR_Q5_K, quantize_q5_k, block_q5_k, QUANT_SUPER)
    BLOCKS(TENSOR_Q6_K, quantize_q6_k, block_q6_k, QUANT_SUPER)
    case TENSOR_IQ4_NL:
    case TENSOR_IQ4_XS:
        break;                                      /* quantize_can says no */
    }
}
