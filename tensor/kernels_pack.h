/* kernels_pack.h - weights of 16 rows in the order of the x86 tables' tiles.
 *
 *   16 weight rows -> tile: for each 32 columns, 8 x 2 registers of 8 rows x 4 columns
 *
 * Bytes are turned as they stand in the file, four of a row at a time, and taken apart
 * to weights afterwards: two or more to a byte, so less is turned.
 *
 * Activations come as u = x + 128 (TILE_FLIP), weights are signed, and every sum starts at
 * -128 sum w.  Each file that includes this gets it in its own instruction set: with
 * VNNI (KERNELS_DPBUSD, its name for 256 bits) a start is 32 bits; else one of 16 for
 * two columns of a row each, and products are added so:
 *
 *   start + maddubs(u, w) + maddubs(u, w) + ...      wrapping
 *
 * where only the end has to fit, not what stands between: 16 columns of |x| <= 127
 * times 0 <= w <= 15 (30480) or |w| <= 16 (32512), 8 columns of |w| <= 32 (32512).
 * maddubs itself saturates beyond 2 x 255 x 64; of 8-bit weights the start is not used. */
#ifndef TENSOR_KERNELS_PACK_H
#define TENSOR_KERNELS_PACK_H

#include "tensor/kernels_x86.h"

#define ROWS KERNELS_TILE_ROWS
#define N_QUADS (QUANT_BLOCK / 4)   /* groups of 4 columns of a block */
#define TILE_FLIP 0x80

/* 32 columns of 16 rows; 768 bytes.  Types with a scale for every 16 columns
 * (Q3_K, Q6_K) have two starts and two scales, the others a minimum instead. */
struct tile_block {
    int8_t q[N_QUADS][ROWS][4];
    int32_t start[2][ROWS];         /* -128 sum of q; 16 bits for each pair of columns, without VNNI */
    float scale[2][ROWS];           /* second: of columns 16-31, or the minimum */
};

static size_t tile_bytes(size_t n_in)
{
    return n_in / QUANT_BLOCK * sizeof(struct tile_block);
}

#if defined(KERNELS_DPBUSD)

/* Weights of a quad counted in, and the start of what was counted. */
static inline __m256i tile_count(__m256i count, __m256i w)
{
    return KERNELS_DPBUSD(count, _mm256_set1_epi8((char)TILE_FLIP), w);
}

static inline __m256i tile_start(__m256i count)
{
    return _mm256_sub_epi32(_mm256_setzero_si256(), count);
}

#else

/* In bytes first: they add up to at most 8 x 15, at least 8 x -16 or 4 x -32. */
static inline __m256i tile_count(__m256i count, __m256i w)
{
    return _mm256_add_epi8(count, w);
}

static inline __m256i tile_start(__m256i count)
{
    return _mm256_sub_epi16(_mm256_setzero_si256(), _mm256_maddubs_epi16(_mm256_set1_epi8((char)TILE_FLIP), count));
}

#endif

/* ---- packing --------------------------------------------------------------------- */

/* Eight rows of a tile; those beyond the last repeat it, and their results are not stored. */
struct tile_rows {
    const unsigned char *row[ROWS / 2];
};

static inline struct tile_rows tile_rows(const void *w, size_t row_bytes, size_t n_rows, size_t first)
{
    struct tile_rows rows;

    for (size_t r = 0; r < ROWS / 2; r++)
        rows.row[r] = (const unsigned char *)w + (first + r < n_rows ? first + r : n_rows - 1) * row_bytes;
    return rows;
}

/* Sixteen short rows are too many streams for the processor to foresee; in the
 * file they are one. */
static inline void fetch_rows(const void *w, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes; at += 64)
        _mm_prefetch((const char *)w + at, _MM_HINT_T0);
}

/* Sixteen bytes at `at` of eight rows: register k has the rows' k-th four. */
static inline void turn_16(const struct tile_rows *rows, size_t at, __m256i out[4])
{
    __m256i both[4], low[2], high[2];

#pragma GCC unroll 4
    for (int r = 0; r < 4; r++) {
        __m128i first = _mm_loadu_si128((const __m128i *)(rows->row[r] + at));
        __m128i second = _mm_loadu_si128((const __m128i *)(rows->row[r + 4] + at));
        both[r] = _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
    }
#pragma GCC unroll 2
    for (int r = 0; r < 2; r++) {
        low[r] = _mm256_unpacklo_epi32(both[2 * r], both[2 * r + 1]);
        high[r] = _mm256_unpackhi_epi32(both[2 * r], both[2 * r + 1]);
    }
    out[0] = _mm256_unpacklo_epi64(low[0], low[1]);
    out[1] = _mm256_unpackhi_epi64(low[0], low[1]);
    out[2] = _mm256_unpacklo_epi64(high[0], high[1]);
    out[3] = _mm256_unpackhi_epi64(high[0], high[1]);
}

static inline void turn_32(const struct tile_rows *rows, size_t at, __m256i out[N_QUADS])
{
    turn_16(rows, at, out);
    turn_16(rows, at + 16, out + 4);
}

/* Eight quads of the eight rows from `first` on, and their starts. */
static inline void put_quads(struct tile_block *t, size_t first, const __m256i w[N_QUADS], bool two_scales)
{
    __m256i count[2] = { _mm256_setzero_si256(), _mm256_setzero_si256() };

#pragma GCC unroll 8
    for (int k = 0; k < N_QUADS; k++) {
        int half = two_scales && k >= N_QUADS / 2;
        _mm256_store_si256((__m256i *)t->q[k][first], w[k]);
        count[half] = tile_count(count[half], w[k]);
    }
    _mm256_store_si256((__m256i *)(t->start[0] + first), tile_start(count[0]));
    if (two_scales)
        _mm256_store_si256((__m256i *)(t->start[1] + first), tile_start(count[1]));
}

/* The bits of `mask` in each byte, from `shift` bits further up (or down, if negative). */
static inline __m256i bits_at(__m256i bytes, int shift, int mask)
{
    bytes = shift >= 0 ? _mm256_srli_epi16(bytes, shift) : _mm256_slli_epi16(bytes, -shift);
    return _mm256_and_si256(bytes, _mm256_set1_epi8((char)mask));
}

static inline __m256i less(__m256i q, int offset)
{
    return _mm256_sub_epi8(q, _mm256_set1_epi8((char)offset));
}

static inline void put_q4_0(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    __m256i raw[4], w[N_QUADS];

    turn_16(rows, at + offsetof(struct block_q4_0, q), raw);
#pragma GCC unroll 8
    for (int k = 0; k < N_QUADS; k++)
        w[k] = less(bits_at(raw[k % 4], k / 4 * 4, 15), 8);
    put_quads(t, first, w, false);
}

static inline void put_q4_1(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    __m256i raw[4], w[N_QUADS];

    turn_16(rows, at + offsetof(struct block_q4_1, q), raw);
#pragma GCC unroll 8
    for (int k = 0; k < N_QUADS; k++)
        w[k] = bits_at(raw[k % 4], k / 4 * 4, 15);
    put_quads(t, first, w, false);
}

static inline void put_iq4(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    __m256i raw[4], w[N_QUADS];

    turn_16(rows, at, raw);
#pragma GCC unroll 8
    for (int k = 0; k < N_QUADS; k++)
        w[k] = iq4_levels(bits_at(raw[k % 4], k / 4 * 4, 15));
    put_quads(t, first, w, false);
}

static inline void put_iq4_nl(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    put_iq4(t, first, rows, at + offsetof(struct block_iq4_nl, q));
}

/* Nibbles at q, four bytes of fifth bits at `above`; 16 is taken off.  Bits 4 k to 4 k + 3 of
 * a word of these are of quad k; where one is not set, 16 is off. */
static inline void put_fifths(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t q, size_t above)
{
    const __m256i bit = _mm256_set1_epi32(0x08040201), zero = _mm256_setzero_si256();
    const __m256i lowest = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12));
    __m256i raw[4], w[N_QUADS], high;
    int32_t word[ROWS / 2];

    turn_16(rows, q, raw);
    for (size_t r = 0; r < ROWS / 2; r++)
        memcpy(word + r, rows->row[r] + above, sizeof word[r]);
    high = _mm256_loadu_si256((const __m256i *)word);
#pragma GCC unroll 8
    for (int k = 0; k < N_QUADS; k++) {
        __m256i four = _mm256_shuffle_epi8(_mm256_srli_epi32(high, 4 * k), lowest);
        __m256i unset = _mm256_cmpeq_epi8(_mm256_and_si256(four, bit), zero);
        w[k] = _mm256_add_epi8(bits_at(raw[k % 4], k / 4 * 4, 15), _mm256_and_si256(unset, _mm256_set1_epi8(-16)));
    }
    put_quads(t, first, w, false);
}

static inline void put_q5_0(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    put_fifths(t, first, rows, at + offsetof(struct block_q5_0, q), at + offsetof(struct block_q5_0, high));
}

static inline void put_q5_1(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    put_fifths(t, first, rows, at + offsetof(struct block_q5_1, q), at + offsetof(struct block_q5_1, high));
}

static inline void put_q8_0(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    __m256i w[N_QUADS];

    turn_32(rows, at + offsetof(struct block_q8_0, q), w);
    put_quads(t, first, w, false);
}

/* f16 numbers at `at` of eight rows. */
static inline __m256 row_halves(const struct tile_rows *rows, size_t at)
{
    uint16_t half[ROWS / 2];

#pragma GCC unroll 8
    for (size_t r = 0; r < ROWS / 2; r++)
        memcpy(half + r, rows->row[r] + at, sizeof half[r]);
    return _mm256_cvtph_ps(_mm_setr_epi16((short)half[0], (short)half[1], (short)half[2], (short)half[3],
                                          (short)half[4], (short)half[5], (short)half[6], (short)half[7]));
}

/* A packer of a type whose blocks are 32 weights; FACTOR times SECOND is the minimum,
 * OFFSET what was taken off the quants of types that have one. */
#define PACK_SMALL(TYPE, STRUCT, SECOND, FACTOR, OFFSET)                                                        \
    static void pack_##TYPE(const void *weights, size_t row_bytes, size_t n_rows, size_t n_in, void *tile) \
    {                                                                                                   \
        fetch_rows(weights, n_rows * row_bytes);                                                        \
        for (size_t first = 0; first < ROWS; first += ROWS / 2) {                                       \
            struct tile_rows rows = tile_rows(weights, row_bytes, n_rows, first);                       \
            struct tile_block *t = tile;                                                                \
            for (size_t at = 0, b = 0; b < n_in / QUANT_BLOCK; b++, t++, at += sizeof(struct STRUCT)) { \
                put_##TYPE(t, first, &rows, at);                                                        \
                __m256 d = row_halves(&rows, at + offsetof(struct STRUCT, d));                          \
                _mm256_store_ps(t->scale[0] + first, d);                                                \
                if ((FACTOR) != 0.0f) {                                                                 \
                    __m256 min = _mm256_mul_ps(_mm256_set1_ps(FACTOR), row_halves(&rows, at + offsetof(struct STRUCT, SECOND))); \
                    _mm256_store_ps(t->scale[1] + first, _mm256_fnmadd_ps(d, _mm256_set1_ps(OFFSET), min)); \
                }                                                                                       \
            }                                                                                           \
        }                                                                                               \
    }

PACK_SMALL(q4_0, block_q4_0, d, 0.0f, 0.0f)
PACK_SMALL(q4_1, block_q4_1, m, -1.0f, 0.0f)
PACK_SMALL(q5_0, block_q5_0, d, 0.0f, 0.0f)
PACK_SMALL(q5_1, block_q5_1, m, -1.0f, 16.0f)
PACK_SMALL(q8_0, block_q8_0, d, 0.0f, 0.0f)
PACK_SMALL(iq4_nl, block_iq4_nl, d, 0.0f, 0.0f)

/* 8 x 8 f32. */
static inline void turn_scales(__m256 s[8])
{
    __m256 a[8], b[8];

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_ps(s[2 * i], s[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_ps(s[2 * i], s[2 * i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {           /* i: row's bit 2, column's bit 1 */
        int at = i / 2 * 4 + i % 2;
        b[i / 2 * 4 + i % 2 * 2] = _mm256_shuffle_ps(a[at], a[at + 2], 0x44);
        b[i / 2 * 4 + i % 2 * 2 + 1] = _mm256_shuffle_ps(a[at], a[at + 2], 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        s[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
        s[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
    }
}

/* Scales and mins of eight rows' blocks of Q4_K or Q5_K, which begin alike, for their
 * eight tile blocks.  offset: what was taken off the quants. */
static inline void put_scales(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at, float offset)
{
    __m256 scale[8], min[8];

#pragma GCC unroll 8
    for (size_t r = 0; r < ROWS / 2; r++) {
        struct block_q4_k w;
        memcpy(&w, rows->row[r] + at, offsetof(struct block_q4_k, q));
        load_scales(w.scales, scale + r, min + r);
        scale[r] = _mm256_mul_ps(scale[r], _mm256_set1_ps(half_to_f32(w.d)));
        min[r] = _mm256_mul_ps(min[r], _mm256_set1_ps(half_to_f32(w.dmin)));
    }
    turn_scales(scale);
    turn_scales(min);
#pragma GCC unroll 8
    for (int s = 0; s < 8; s++) {
        _mm256_store_ps(t[s].scale[0] + first, scale[s]);
        _mm256_store_ps(t[s].scale[1] + first, _mm256_fnmadd_ps(scale[s], _mm256_set1_ps(offset), min[s]));
    }
}

static inline void put_super_q4_k(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    put_scales(t, first, rows, at, 0.0f);
    for (int s = 0; s < 8; s += 2) {
        __m256i raw[N_QUADS], w[N_QUADS];
        turn_32(rows, at + offsetof(struct block_q4_k, q) + (size_t)s / 2 * 32, raw);
#pragma GCC unroll 2
        for (int high = 0; high < 2; high++) {
#pragma GCC unroll 8
            for (int k = 0; k < N_QUADS; k++)
                w[k] = bits_at(raw[k], 4 * high, 15);
            put_quads(t + s + high, first, w, false);
        }
    }
}

static inline void put_super_q5_k(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    __m256i fifth[N_QUADS];

    put_scales(t, first, rows, at, 16.0f);
    turn_32(rows, at + offsetof(struct block_q5_k, high), fifth);
#pragma GCC unroll 4
    for (int s = 0; s < 8; s += 2) {
        __m256i raw[N_QUADS], w[N_QUADS];
        turn_32(rows, at + offsetof(struct block_q5_k, q) + (size_t)s / 2 * 32, raw);
#pragma GCC unroll 2
        for (int high = 0; high < 2; high++) {
#pragma GCC unroll 8
            for (int k = 0; k < N_QUADS; k++)
                w[k] = less(_mm256_or_si256(bits_at(raw[k], 4 * high, 15), bits_at(fifth[k], s + high - 4, 16)), 16);
            put_quads(t + s + high, first, w, false);
        }
    }
}

/* Scales of eight rows' blocks of a type with sixteen of them. */
#define PUT_SIXTEEN_SCALES(TYPE, STRUCT)                                                                \
    static inline void put_scales_##TYPE(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at) \
    {                                                                                                   \
        __m256 scale[2][8];                                                                             \
                                                                                                        \
        _Pragma("GCC unroll 8")                                                                         \
        for (size_t r = 0; r < ROWS / 2; r++) {                                                         \
            const struct STRUCT *w = (const struct STRUCT *)(const void *)(rows->row[r] + at);          \
            __m256 d = _mm256_set1_ps(half_to_f32(w->d)), both[2];                                      \
            bytes_to_f32(scales_##TYPE(w), both);                                                       \
            scale[0][r] = _mm256_mul_ps(both[0], d);                                                    \
            scale[1][r] = _mm256_mul_ps(both[1], d);                                                    \
        }                                                                                               \
        turn_scales(scale[0]);                                                                          \
        turn_scales(scale[1]);                                                                          \
        _Pragma("GCC unroll 8")                                                                         \
        for (int s = 0; s < 8; s++) {                                                                   \
            _mm256_store_ps(t[s].scale[0] + first, scale[s / 4][s % 4 * 2]);                            \
            _mm256_store_ps(t[s].scale[1] + first, scale[s / 4][s % 4 * 2 + 1]);                        \
        }                                                                                               \
    }

PUT_SIXTEEN_SCALES(q3_k, block_q3_k)
PUT_SIXTEEN_SCALES(q6_k, block_q6_k)

/* Sub-block s: bits 2 (s % 4) of half s / 4, and bit s of `high`. */
static inline void put_super_q3_k(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    __m256i raw[N_QUADS], top[N_QUADS], w[N_QUADS];

    put_scales_q3_k(t, first, rows, at);
    turn_32(rows, at + offsetof(struct block_q3_k, high), top);
#pragma GCC unroll 8
    for (int s = 0; s < 8; s++) {
        if (s % 4 == 0)
            turn_32(rows, at + offsetof(struct block_q3_k, q) + (size_t)s / 4 * 32, raw);
#pragma GCC unroll 8
        for (int k = 0; k < N_QUADS; k++)
            w[k] = less(_mm256_or_si256(bits_at(raw[k], s % 4 * 2, 3), bits_at(top[k], s - 2, 4)), 4);
        put_quads(t + s, first, w, true);
    }
}

static inline void put_super_iq4_xs(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    __m256 scale[8];

#pragma GCC unroll 8
    for (size_t r = 0; r < ROWS / 2; r++) {
        const struct block_iq4_xs *w = (const struct block_iq4_xs *)(const void *)(rows->row[r] + at);
        scale[r] = _mm256_mul_ps(load_scales_iq4_xs(w), _mm256_set1_ps(half_to_f32(w->d)));
    }
    turn_scales(scale);
#pragma GCC unroll 8
    for (int s = 0; s < 8; s++) {
        _mm256_store_ps(t[s].scale[0] + first, scale[s]);
        put_iq4(t + s, first, rows, at + offsetof(struct block_iq4_xs, q) + (size_t)s * 16);
    }
}

/* Sub-block s: quarter s % 4 of half s / 4 (load_q6_k). */
static inline void put_super_q6_k(struct tile_block *t, size_t first, const struct tile_rows *rows, size_t at)
{
    put_scales_q6_k(t, first, rows, at);
    for (int half = 0; half < 2; half++, t += 4) {
        __m256i raw[2][N_QUADS], top[N_QUADS], w[N_QUADS];
        turn_32(rows, at + (size_t)half * 64, raw[0]);
        turn_32(rows, at + (size_t)half * 64 + 32, raw[1]);
        turn_32(rows, at + offsetof(struct block_q6_k, high) + (size_t)half * 32, top);
#pragma GCC unroll 4
        for (int s = 0; s < 4; s++) {
#pragma GCC unroll 8
            for (int k = 0; k < N_QUADS; k++)
                w[k] = less(_mm256_or_si256(bits_at(raw[s % 2][k], s / 2 * 4, 15), bits_at(top[k], 2 * s - 4, 48)), 32);
            put_quads(t + s, first, w, true);
        }
    }
}

/* Likewise for blocks of 256. */
#define PACK_SUPER(TYPE, STRUCT)                                                                        \
    static void pack_##TYPE(const void *weights, size_t row_bytes, size_t n_rows, size_t n_in, void *tile) \
    {                                                                                                   \
        fetch_rows(weights, n_rows * row_bytes);                                                        \
        for (size_t first = 0; first < ROWS; first += ROWS / 2) {                                       \
            struct tile_rows rows = tile_rows(weights, row_bytes, n_rows, first);                       \
            struct tile_block *t = tile;                                                                \
            for (size_t b = 0; b < n_in / QUANT_SUPER; b++, t += 8)                                     \
                put_super_##TYPE(t, first, &rows, b * sizeof(struct STRUCT));                           \
        }                                                                                               \
    }

PACK_SUPER(q4_k, block_q4_k)
PACK_SUPER(q5_k, block_q5_k)
PACK_SUPER(q3_k, block_q3_k)
PACK_SUPER(q6_k, block_q6_k)
PACK_SUPER(iq4_xs, block_iq4_xs)

/* The entry of a table. */
#define KERNELS_PACK_ENTRIES                                                        \
    .pack_tile = {                                                                  \
        [TENSOR_Q4_0] = pack_q4_0, [TENSOR_Q4_1] = pack_q4_1, [TENSOR_Q5_0] = pack_q5_0, \
        [TENSOR_Q8_0] = pack_q8_0, [TENSOR_Q4_K] = pack_q4_k, [TENSOR_Q5_K] = pack_q5_k, [TENSOR_Q6_K] = pack_q6_k, \
        [TENSOR_Q5_1] = pack_q5_1, [TENSOR_Q3_K] = pack_q3_k, [TENSOR_IQ4_NL] = pack_iq4_nl, \
        [TENSOR_IQ4_XS] = pack_iq4_xs,                                              \
    },                                                                              \
    .tile_bytes = tile_bytes, .tile_flip = TILE_FLIP

#endif
