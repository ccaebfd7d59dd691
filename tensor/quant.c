#include "tensor/quant.h"

#include <math.h>
#include <string.h>

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
