/* kernels_x86.h - what the x86 tables share: 32 weights of a block as 32 bytes.
 *
 * Included only by the files that are compiled with AVX2.  A loader gives
 * quants without their offset, 0 <= q < 2^bits, in the order of the row; of the
 * types with levels (IQ4) the levels, signed. */
#ifndef TENSOR_KERNELS_X86_H
#define TENSOR_KERNELS_X86_H

#include "tensor/kernels.h"
#include "tensor/quant.h"

#include <immintrin.h>
#include <string.h>

/* Computes V here and keeps it: gcc 12 adds sums in another order, so that their terms
 * wait in memory, and loads what is used twice twice (a third of a tile's speed). */
#ifndef IN_REGISTER
#define IN_REGISTER(V) __asm__("" : "+x"(V))
#endif

static inline float half_to_f32(uint16_t bits)
{
    return _cvtsh_ss(bits);
}

/* Low nibbles of 16 bytes, then the high ones. */
static inline __m256i load_nibbles(const uint8_t q[16])
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)q);
    __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(bytes), _mm_srli_epi16(bytes, 4), 1);

    return _mm256_and_si256(both, _mm256_set1_epi8(15));
}

/* Bit i of the word becomes byte i: 16 or 0. */
static inline __m256i spread_fifth_bits(const uint8_t high[4])
{
    int32_t word;
    memcpy(&word, high, sizeof word);
    __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(word),
        _mm256_set_epi64x(0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0));
    __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);

    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit), _mm256_set1_epi8(16));
}

static inline __m256i load_q5(const uint8_t q[16], const uint8_t high[4])
{
    return _mm256_or_si256(load_nibbles(q), spread_fifth_bits(high));
}

/* Nibbles to the numbers they stand for. */
static inline __m256i iq4_levels(__m256i nibbles)
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)quant_iq4)), nibbles);
}

static inline __m256i load_iq4(const uint8_t q[16])
{
    return iq4_levels(load_nibbles(q));
}

/* Sub-block s of a Q4_K block: the low (s even) or high halves of 32 bytes. */
static inline __m256i load_q4_k(const uint8_t q[128], int s)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(q + s / 2 * 32));

    return _mm256_and_si256(s % 2 ? _mm256_srli_epi16(bytes, 4) : bytes, _mm256_set1_epi8(15));
}

/* The fifth bit is bit s of `high`. */
static inline __m256i load_q5_k(const struct block_q5_k *w, int s)
{
    __m256i high = _mm256_loadu_si256((const __m256i *)w->high);

    high = s < 4 ? _mm256_slli_epi16(high, 4 - s) : _mm256_srli_epi16(high, s - 4);
    return _mm256_or_si256(load_q4_k(w->q, s), _mm256_and_si256(high, _mm256_set1_epi8(16)));
}

/* Weights 32 s .. 32 s + 31 of a Q6_K block: quarter s % 4 of half s / 4. */
static inline __m256i load_q6_k(const struct block_q6_k *w, int s)
{
    int k = s % 4;
    __m256i low = _mm256_loadu_si256((const __m256i *)(w->q + s / 4 * 64 + k % 2 * 32));
    __m256i high = _mm256_loadu_si256((const __m256i *)(w->high + s / 4 * 32));

    low = _mm256_and_si256(k / 2 ? _mm256_srli_epi16(low, 4) : low, _mm256_set1_epi8(15));
    high = k < 2 ? _mm256_slli_epi16(high, 4 - 2 * k) : _mm256_srli_epi16(high, 2 * k - 4);
    return _mm256_or_si256(low, _mm256_and_si256(high, _mm256_set1_epi8(48)));
}

/* Weights 32 s .. 32 s + 31 of a Q2_K block: quarter s % 4 of half s / 4. */
static inline __m256i load_q2_k(const uint8_t q[64], int s)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(q + s / 4 * 32));

    return _mm256_and_si256(_mm256_srli_epi16(bytes, s % 4 * 2), _mm256_set1_epi8(3));
}

/* The third bit is bit s of `high`. */
static inline __m256i load_q3_k(const struct block_q3_k *w, int s)
{
    __m256i high = _mm256_loadu_si256((const __m256i *)w->high);

    high = s < 2 ? _mm256_slli_epi16(high, 2 - s) : _mm256_srli_epi16(high, s - 2);
    return _mm256_or_si256(load_q2_k(w->q, s), _mm256_and_si256(high, _mm256_set1_epi8(4)));
}

/* The eight scales and mins of quant_unpack_scales, four bytes at a time. */
static inline void load_scales(const uint8_t packed[12], __m256 *scale, __m256 *min)
{
    const uint32_t six = 0x3f3f3f3f, four = 0x0f0f0f0f, two = 0x03030303;
    uint32_t u[3];

    memcpy(u, packed, sizeof u);
    uint64_t s = (u[0] & six) | (uint64_t)((u[2] & four) | (u[0] >> 6 & two) << 4) << 32;
    uint64_t m = (u[1] & six) | (uint64_t)((u[2] >> 4 & four) | (u[1] >> 6 & two) << 4) << 32;
    *scale = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)s)));
    *min = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)m)));
}

/* The sixteen scales of quant_unpack_scales_q3_k, eight nibbles and four pairs of bits at a time. */
static inline __m128i scales_q3_k(const struct block_q3_k *w)
{
    const uint64_t four = 0x0f0f0f0f0f0f0f0f;
    const uint32_t two = 0x03030303;
    uint64_t low;
    uint32_t high;

    memcpy(&low, w->scales, sizeof low);
    memcpy(&high, w->scales + sizeof low, sizeof high);
    uint64_t first = (low & four) | (high & two) << 4 | (uint64_t)(high >> 2 & two) << 36;
    uint64_t second = (low >> 4 & four) | (high >> 4 & two) << 4 | (uint64_t)(high >> 6 & two) << 36;
    return _mm_sub_epi8(_mm_set_epi64x((long long)second, (long long)first), _mm_set1_epi8(32));
}

static inline __m128i scales_q6_k(const struct block_q6_k *w)
{
    return _mm_loadu_si128((const __m128i *)w->scales);
}

/* Those of quant_unpack_scales_iq4_xs, to f32. */
static inline __m256 load_scales_iq4_xs(const struct block_iq4_xs *w)
{
    int32_t low;

    memcpy(&low, w->scales_low, sizeof low);
    __m256i nibble = _mm256_srlv_epi32(_mm256_set1_epi32(low), _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
    __m256i above = _mm256_srlv_epi32(_mm256_set1_epi32(w->scales_high << 4), _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14));
    __m256i scale = _mm256_or_si256(_mm256_and_si256(nibble, _mm256_set1_epi32(15)), _mm256_and_si256(above, _mm256_set1_epi32(48)));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(scale, _mm256_set1_epi32(32)));
}

/* Sixteen signed bytes to f32. */
static inline void bytes_to_f32(__m128i bytes, __m256 out[2])
{
    out[0] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
    out[1] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)));
}

static inline float sum8(__m256 x)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));

    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

#endif
