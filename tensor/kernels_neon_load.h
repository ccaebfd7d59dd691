/* kernels_neon_load.h - what the NEON tables share: 32 weights of a block as 32
 * signed bytes, in the order of the row.
 *
 * Types without a minimum come with their offset taken off, the others as they
 * are stored; all but Q8_0 and IQ4 stay within +-63. */
#ifndef TENSOR_KERNELS_NEON_LOAD_H
#define TENSOR_KERNELS_NEON_LOAD_H

#include "tensor/kernels.h"
#include "tensor/quant.h"

#include <arm_neon.h>
#include <string.h>

static inline float half_to_f32(uint16_t bits)
{
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits))), 0);
}

static inline float32x4_t load_halves(const uint16_t *x)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(x)));
}

static inline int8x16x2_t join_bytes(uint8x16_t first, uint8x16_t second, int offset)
{
    int8x16_t by = vdupq_n_s8((int8_t)offset);
    int8x16x2_t q;

    q.val[0] = vsubq_s8(vreinterpretq_s8_u8(first), by);
    q.val[1] = vsubq_s8(vreinterpretq_s8_u8(second), by);
    return q;
}

static inline uint8x16_t low_halves(uint8x16_t bytes)
{
    return vandq_u8(bytes, vdupq_n_u8(15));
}

static inline uint8x16_t high_halves(uint8x16_t bytes)
{
    return vshrq_n_u8(bytes, 4);
}

/* Low nibbles of 16 bytes, then the high ones. */
static inline int8x16x2_t load_nibbles(const uint8_t q[16], int offset)
{
    uint8x16_t bytes = vld1q_u8(q);

    return join_bytes(low_halves(bytes), high_halves(bytes), offset);
}

/* Bit i of two bytes becomes byte i: 16 or 0. */
static inline uint8x16_t spread_fifth_bits(const uint8_t high[2])
{
    uint8x8_t bit = vcreate_u8(0x8040201008040201);
    uint8x16_t bytes = vcombine_u8(vdup_n_u8(high[0]), vdup_n_u8(high[1]));

    return vandq_u8(vtstq_u8(bytes, vcombine_u8(bit, bit)), vdupq_n_u8(16));
}

static inline int8x16x2_t load_q5(const uint8_t q[16], const uint8_t high[4], int offset)
{
    uint8x16_t bytes = vld1q_u8(q);

    return join_bytes(vorrq_u8(low_halves(bytes), spread_fifth_bits(high)),
                      vorrq_u8(high_halves(bytes), spread_fifth_bits(high + 2)), offset);
}

/* The numbers that 32 nibbles stand for. */
static inline int8x16x2_t load_iq4(const uint8_t q[16])
{
    int8x16_t levels = vld1q_s8(quant_iq4);
    uint8x16_t bytes = vld1q_u8(q);
    int8x16x2_t w;

    w.val[0] = vqtbl1q_s8(levels, low_halves(bytes));
    w.val[1] = vqtbl1q_s8(levels, high_halves(bytes));
    return w;
}

static inline int8x16x2_t load_iq4_xs(const struct block_iq4_xs *w, int s)
{
    return load_iq4(w->q + 16 * s);
}

static inline int8x16x2_t load_q8_0(const struct block_q8_0 *w)
{
    int8x16x2_t q;

    q.val[0] = vld1q_s8(w->q);
    q.val[1] = vld1q_s8(w->q + 16);
    return q;
}

/* Half i of sub-block s of a Q4_K block: the low (s even) or high halves of 16 bytes. */
static inline uint8x16_t load_16_q4_k(const uint8_t q[128], int s, int i)
{
    uint8x16_t bytes = vld1q_u8(q + s / 2 * 32 + 16 * i);

    return s % 2 ? high_halves(bytes) : low_halves(bytes);
}

static inline int8x16x2_t load_q4_k(const struct block_q4_k *w, int s)
{
    return join_bytes(load_16_q4_k(w->q, s, 0), load_16_q4_k(w->q, s, 1), 0);
}

/* The fifth bit is bit s of `high`. */
static inline uint8x16_t load_16_q5_k(const struct block_q5_k *w, int s, int i)
{
    uint8x16_t fifth = vshlq_u8(vld1q_u8(w->high + 16 * i), vdupq_n_s8((int8_t)(4 - s)));

    return vorrq_u8(load_16_q4_k(w->q, s, i), vandq_u8(fifth, vdupq_n_u8(16)));
}

static inline int8x16x2_t load_q5_k(const struct block_q5_k *w, int s)
{
    return join_bytes(load_16_q5_k(w, s, 0), load_16_q5_k(w, s, 1), 0);
}

/* Half i of weights 32 s .. 32 s + 31 of a Q2_K block: bits 2 (s % 4) of half s / 4. */
static inline uint8x16_t load_16_q2_k(const uint8_t q[64], int s, int i)
{
    return vandq_u8(vshlq_u8(vld1q_u8(q + s / 4 * 32 + 16 * i), vdupq_n_s8((int8_t)(-2 * (s % 4)))), vdupq_n_u8(3));
}

static inline int8x16x2_t load_q2_k(const struct block_q2_k *w, int s)
{
    return join_bytes(load_16_q2_k(w->q, s, 0), load_16_q2_k(w->q, s, 1), 0);
}

/* The third bit is bit s of `high`. */
static inline uint8x16_t load_16_q3_k(const struct block_q3_k *w, int s, int i)
{
    uint8x16_t third = vshlq_u8(vld1q_u8(w->high + 16 * i), vdupq_n_s8((int8_t)(2 - s)));

    return vorrq_u8(load_16_q2_k(w->q, s, i), vandq_u8(third, vdupq_n_u8(4)));
}

static inline int8x16x2_t load_q3_k(const struct block_q3_k *w, int s)
{
    return join_bytes(load_16_q3_k(w, s, 0), load_16_q3_k(w, s, 1), 4);
}

/* Half i of weights 32 s .. 32 s + 31: quarter k = s % 4 of half s / 4 of the block. */
static inline uint8x16_t load_16_q6_k(const struct block_q6_k *w, int s, int i)
{
    int k = s % 4;
    uint8x16_t low = vld1q_u8(w->q + s / 4 * 64 + k % 2 * 32 + 16 * i);
    uint8x16_t high = vshlq_u8(vld1q_u8(w->high + s / 4 * 32 + 16 * i), vdupq_n_s8((int8_t)(4 - 2 * k)));

    return vorrq_u8(k / 2 ? high_halves(low) : low_halves(low), vandq_u8(high, vdupq_n_u8(48)));
}

static inline int8x16x2_t load_q6_k(const struct block_q6_k *w, int s)
{
    return join_bytes(load_16_q6_k(w, s, 0), load_16_q6_k(w, s, 1), 32);
}

static inline void bytes_to_f32(uint8x8_t bytes, float32x4_t out[2])
{
    uint16x8_t wide = vmovl_u8(bytes);

    out[0] = vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide)));
    out[1] = vcvtq_f32_u32(vmovl_u16(vget_high_u16(wide)));
}

/* The eight scales and mins of quant_unpack_scales, four bytes at a time, times d and dmin. */
static inline void load_scales(const uint8_t packed[12], uint16_t d, uint16_t dmin, float32x4_t scale[2], float32x4_t min[2])
{
    const uint32_t six = 0x3f3f3f3f, four = 0x0f0f0f0f, two = 0x03030303;
    uint32_t u[3];

    memcpy(u, packed, sizeof u);
    bytes_to_f32(vcreate_u8((u[0] & six) | (uint64_t)((u[2] & four) | (u[0] >> 6 & two) << 4) << 32), scale);
    bytes_to_f32(vcreate_u8((u[1] & six) | (uint64_t)((u[2] >> 4 & four) | (u[1] >> 6 & two) << 4) << 32), min);
    for (int i = 0; i < 2; i++) {
        scale[i] = vmulq_n_f32(scale[i], half_to_f32(d));
        min[i] = vmulq_n_f32(min[i], half_to_f32(dmin));
    }
}

/* Sixteen signed bytes to f32, times d. */
static inline void scales_to_f32(int8x16_t bytes, uint16_t half, float32x4_t out[4])
{
    float d = half_to_f32(half);

    for (int i = 0; i < 2; i++) {
        int16x8_t wide = vmovl_s8(i ? vget_high_s8(bytes) : vget_low_s8(bytes));
        out[2 * i] = vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))), d);
        out[2 * i + 1] = vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_high_s16(wide))), d);
    }
}

static inline void load_scales_q6_k(const struct block_q6_k *w, float32x4_t out[4])
{
    scales_to_f32(vld1q_s8(w->scales), w->d, out);
}

/* The sixteen scales of quant_unpack_scales_q3_k, eight nibbles and four pairs of bits at a time. */
static inline void load_scales_q3_k(const struct block_q3_k *w, float32x4_t out[4])
{
    const uint64_t four = 0x0f0f0f0f0f0f0f0f;
    const uint32_t two = 0x03030303;
    uint64_t low;
    uint32_t high;

    memcpy(&low, w->scales, sizeof low);
    memcpy(&high, w->scales + sizeof low, sizeof high);
    uint64_t first = (low & four) | (high & two) << 4 | (uint64_t)(high >> 2 & two) << 36;
    uint64_t second = (low >> 4 & four) | (high >> 4 & two) << 4 | (uint64_t)(high >> 6 & two) << 36;
    int8x16_t bytes = vreinterpretq_s8_u8(vcombine_u8(vcreate_u8(first), vcreate_u8(second)));
    scales_to_f32(vsubq_s8(bytes, vdupq_n_s8(32)), w->d, out);
}

/* The sixteen scales and minima, nibbles of the same bytes. */
static inline void load_scales_q2_k(const struct block_q2_k *w, float32x4_t scale[4], float32x4_t min[4])
{
    uint8x16_t both = vld1q_u8(w->scales);

    scales_to_f32(vreinterpretq_s8_u8(low_halves(both)), w->d, scale);
    scales_to_f32(vreinterpretq_s8_u8(high_halves(both)), w->dmin, min);
}

/* The eight scales of quant_unpack_scales_iq4_xs, times d. */
static inline void load_scales_iq4_xs(const struct block_iq4_xs *w, float32x4_t out[2])
{
    int8_t scale[8];
    float d = half_to_f32(w->d);

    quant_unpack_scales_iq4_xs(w, scale);
    int16x8_t wide = vmovl_s8(vld1_s8(scale));
    out[0] = vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))), d);
    out[1] = vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_high_s16(wide))), d);
}

#endif
