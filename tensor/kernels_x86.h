/* kernels_x86.h - what the x86 tables share: 32 weights of a block as 32 bytes.
 *
 * Included only by the files that are compiled with AVX2.  A loader gives
 * quants without their offset, 0 <= q < 2^bits, in the order of the row. */
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

static inline __m256i load_q5_0(const struct block_q5_0 *w)
{
    return _mm256_or_si256(load_nibbles(w->q), spread_fifth_bits(w->high));
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

/* Sixteen signed bytes to f32. */
static inline void load_scales_q6_k(const int8_t scales[16], __m256 out[2])
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)scales);

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
