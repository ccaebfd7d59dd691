#include "tensor/quant.h"

#include <math.h>
#include <string.h>

/* Weights are about normal, so levels lie closer together near 0. */
const int8_t quant_iq4[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

float quant_f16_to_f32(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    uint32_t exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    uint32_t out;
    float x;

    if (exponent == 0) {                            /* zero and subnormal: m 2^-24 */
        x = (float)mantissa * 0x1p-24f;
        return sign ? -x : x;
    }
    if (exponent == 31)                             /* infinity; a NaN becomes quiet */
        out = sign | 0x7f800000 | (mantissa ? 0x400000 | mantissa << 13 : 0);
    else
        out = sign | (exponent + 112) << 23 | mantissa << 13;
    memcpy(&x, &out, sizeof x);
    return x;
}

uint16_t quant_f32_to_f16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;

    if (magnitude > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x477ff000)                    /* 65520: rounds to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000)                     /* below 2^-14: a count of 2^-24 */
        return (uint16_t)(sign | (uint32_t)lrintf(fabsf(x) * 0x1p24f));
    magnitude -= 112u << 23;
    return (uint16_t)(sign | ((magnitude + 0xfff + (magnitude >> 13 & 1)) >> 13));
}

void quant_unpack_scales(const uint8_t packed[12], uint8_t scale[8], uint8_t min[8])
{
    for (int i = 0; i < 4; i++) {
        scale[i] = packed[i] & 63;
        min[i] = packed[i + 4] & 63;
        scale[i + 4] = (uint8_t)((packed[i + 8] & 15) | (packed[i] >> 6) << 4);
        min[i + 4] = (uint8_t)((packed[i + 8] >> 4) | (packed[i + 4] >> 6) << 4);
    }
}

void quant_unpack_scales_q3_k(const uint8_t packed[12], int8_t scale[16])
{
    for (int i = 0; i < 16; i++) {
        int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4;
        int high = packed[8 + i % 4] >> i / 4 * 2 & 3;
        scale[i] = (int8_t)((low | high << 4) - 32);
    }
}

void quant_unpack_scales_iq4_xs(const struct block_iq4_xs *w, int8_t scale[8])
{
    for (int i = 0; i < 8; i++) {
        int low = w->scales_low[i / 2] >> i % 2 * 4 & 15;
        int high = w->scales_high >> 2 * i & 3;
        scale[i] = (int8_t)((low | high << 4) - 32);
    }
}
