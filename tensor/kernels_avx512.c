/* kernels_avx512.c - many rows of activations by AVX-512 VNNI.
 *
 *   16 weight rows -> tile: for each 32 columns, 8 registers of 16 rows x 4 columns
 *
 * so a lane is a weight row and nothing is summed across lanes.  vpdpbusd wants
 * one side unsigned: activations are given as x + 128 (tile_flip), weights signed with
 * their offset taken off, and every sum starts at -128 sum w.  The 32 columns end in
 *
 *   y += scale_x (scale_w s)  - min_w sum_x       s: the integer sum
 *
 * Everything else is AVX2's, the dot products compiled for VNNI. */
#include "tensor/kernels_avx2.h"

#include "tensor/gguf.h"

#define KERNELS_ATTEND_512
#include "tensor/kernels_attend.h"
#define KERNELS_DPBUSD _mm256_dpbusd_epi32
#include "tensor/kernels_dot_super.h"
#include "tensor/kernels_x86.h"

#define ROWS KERNELS_TILE_ROWS
#define N_QUADS (QUANT_BLOCK / 4)   /* registers of 32 columns */

static bool supported_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni") && kernels_avx2.supported();
}

/* 32 columns of 16 rows; 768 bytes.  Types with a scale for every 16 columns
 * (Q6_K) have two starts and two scales, the others a minimum instead. */
struct tile_block {
    int8_t q[N_QUADS][ROWS][4];
    int32_t start[2][ROWS];         /* -128 sum of q */
    float scale[2][ROWS];           /* second: of columns 16-31, or the minimum */
};

static size_t tile_bytes_avx512(size_t n_in)
{
    return n_in / QUANT_BLOCK * sizeof(struct tile_block);
}

/* ---- packing --------------------------------------------------------------------- */

/* One row's 32 columns; q is stored as the row's bytes until turn_block. */
static inline void put_row(struct tile_block *t, int8_t rows[ROWS][QUANT_BLOCK], size_t r, __m256i q, float scale, float second)
{
    _mm256_store_si256((__m256i *)rows[r], q);
    t->scale[0][r] = scale;
    t->scale[1][r] = second;
}

/* One step of the transposition: a pair of registers trades one bit of the
 * register's number for one of the lane's. */
static inline void trade(__m512i *a, __m512i *b, __m512i from, int step)
{
    __m512i first = _mm512_permutex2var_epi32(*a, from, *b);

    *b = _mm512_permutex2var_epi32(*a, _mm512_add_epi32(from, _mm512_set1_epi32(step)), *b);
    *a = first;
}

/* 16 rows of 8 words become 8 registers of 16 rows' words.  Rows r3 r2 r1 r0 and
 * words k2 k1 k0 in binary: registers are r3 r2 r1 at first and k2 k1 k0 at last. */
static inline void transpose(int8_t rows[ROWS][QUANT_BLOCK], __m512i q[N_QUADS])
{
    const __m512i r3_k2 = _mm512_setr_epi32(0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    const __m512i r2_k1 = _mm512_setr_epi32(0, 1, 4, 5, 16, 17, 20, 21, 8, 9, 12, 13, 24, 25, 28, 29);
    const __m512i r1_k0 = _mm512_setr_epi32(0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30);

#pragma GCC unroll 8
    for (int j = 0; j < N_QUADS; j++)
        q[j] = _mm512_load_si512(rows[2 * j]);
#pragma GCC unroll 8
    for (int j = 0; j < 4; j++)
        trade(q + j, q + j + 4, r3_k2, 4);
#pragma GCC unroll 8
    for (int j = 0; j < N_QUADS; j += 4) {
        trade(q + j, q + j + 2, r2_k1, 2);
        trade(q + j + 1, q + j + 3, r2_k1, 2);
    }
#pragma GCC unroll 8
    for (int j = 0; j < N_QUADS; j += 2)
        trade(q + j, q + j + 1, r1_k0, 1);
}

static inline void turn_block(int8_t rows[ROWS][QUANT_BLOCK], struct tile_block *t, bool two_scales)
{
    const __m512i flip = _mm512_set1_epi8(-128), zero = _mm512_setzero_si512();
    __m512i q[N_QUADS], sum[2] = { zero, zero };

    transpose(rows, q);
#pragma GCC unroll 8
    for (int k = 0; k < N_QUADS; k++) {
        int half = two_scales && k >= N_QUADS / 2;
        _mm512_store_si512(t->q[k], q[k]);
        sum[half] = _mm512_dpbusd_epi32(sum[half], flip, q[k]);
    }
    _mm512_store_si512(t->start[0], _mm512_sub_epi32(zero, sum[0]));
    _mm512_store_si512(t->start[1], _mm512_sub_epi32(zero, sum[1]));
}

/* Rows beyond n_rows repeat the last one; their results are not stored. */
static inline const void *tile_row(const void *w, size_t row_bytes, size_t n_rows, size_t r)
{
    return (const unsigned char *)w + (r < n_rows ? r : n_rows - 1) * row_bytes;
}

/* Sixteen short rows are too many streams for the processor to foresee; in the
 * file they are one. */
static inline void fetch_rows(const void *w, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes; at += 64)
        _mm_prefetch((const char *)w + at, _MM_HINT_T0);
}

/* A packer of a type whose blocks are 32 weights: PUT gives row r's block w. */
#define PACK_SMALL(TYPE, STRUCT, PUT)                                                                   \
    static void pack_##TYPE(const void *weights, size_t row_bytes, size_t n_rows, size_t n_in, void *tile) \
    {                                                                                                   \
        struct tile_block *t = tile;                                                                    \
        _Alignas(64) int8_t rows[ROWS][QUANT_BLOCK];                                                    \
        fetch_rows(weights, n_rows * row_bytes);                                                        \
        for (size_t b = 0; b < n_in / QUANT_BLOCK; b++, t++) {                                          \
            for (size_t r = 0; r < ROWS; r++) {                                                         \
                const struct STRUCT *w = (const struct STRUCT *)tile_row(weights, row_bytes, n_rows, r) + b; \
                PUT;                                                                                    \
            }                                                                                           \
            turn_block(rows, t, false);                                                                 \
        }                                                                                               \
    }

#define OFFSET(Q, BY) _mm256_sub_epi8(Q, _mm256_set1_epi8(BY))
PACK_SMALL(q4_0, block_q4_0, put_row(t, rows, r, OFFSET(load_nibbles(w->q), 8), half_to_f32(w->d), 0.0f))
PACK_SMALL(q4_1, block_q4_1, put_row(t, rows, r, load_nibbles(w->q), half_to_f32(w->d), -half_to_f32(w->m)))
PACK_SMALL(q5_0, block_q5_0, put_row(t, rows, r, OFFSET(load_q5_0(w), 16), half_to_f32(w->d), 0.0f))
PACK_SMALL(q8_0, block_q8_0, put_row(t, rows, r, _mm256_loadu_si256((const __m256i *)w->q), half_to_f32(w->d), 0.0f))

/* Scales and mins of one row's block of 256, for its eight tile blocks. */
static inline void put_scales(struct tile_block *t, size_t r, const uint8_t packed[12], uint16_t d, uint16_t dmin)
{
    __m256 scale, min;
    float scales[8], mins[8];

    load_scales(packed, &scale, &min);
    _mm256_storeu_ps(scales, _mm256_mul_ps(scale, _mm256_set1_ps(half_to_f32(d))));
    _mm256_storeu_ps(mins, _mm256_mul_ps(min, _mm256_set1_ps(half_to_f32(dmin))));
#pragma GCC unroll 8
    for (int s = 0; s < 8; s++) {
        t[s].scale[0][r] = scales[s];
        t[s].scale[1][r] = mins[s];
    }
}

/* Likewise for blocks of 256: SCALES fills row r of t[0..7], Q gives sub-block s. */
#define PACK_SUPER(TYPE, STRUCT, TWO_SCALES, SCALES, Q)                                                 \
    static void pack_##TYPE(const void *weights, size_t row_bytes, size_t n_rows, size_t n_in, void *tile) \
    {                                                                                                   \
        struct tile_block *t = tile;                                                                    \
        _Alignas(64) int8_t rows[8][ROWS][QUANT_BLOCK];                                                 \
        fetch_rows(weights, n_rows * row_bytes);                                                        \
        for (size_t b = 0; b < n_in / QUANT_SUPER; b++, t += 8) {                                       \
            for (size_t r = 0; r < ROWS; r++) {                                                         \
                const struct STRUCT *w = (const struct STRUCT *)tile_row(weights, row_bytes, n_rows, r) + b; \
                SCALES;                                                                                 \
                _Pragma("GCC unroll 8")                                                                 \
                for (int s = 0; s < 8; s++)                                                             \
                    _mm256_store_si256((__m256i *)rows[s][r], Q);                                       \
            }                                                                                           \
            _Pragma("GCC unroll 8")                                                                     \
            for (int s = 0; s < 8; s++)                                                                 \
                turn_block(rows[s], t + s, TWO_SCALES);                                                 \
        }                                                                                               \
    }

static inline void put_scales_q6_k(struct tile_block *t, size_t r, const struct block_q6_k *w)
{
    float d = half_to_f32(w->d);

#pragma GCC unroll 8
    for (int s = 0; s < 8; s++) {
        t[s].scale[0][r] = d * (float)w->scales[2 * s];
        t[s].scale[1][r] = d * (float)w->scales[2 * s + 1];
    }
}

PACK_SUPER(q4_k, block_q4_k, false, put_scales(t, r, w->scales, w->d, w->dmin), load_q4_k(w->q, s))
PACK_SUPER(q5_k, block_q5_k, false, put_scales(t, r, w->scales, w->d, w->dmin), load_q5_k(w, s))
PACK_SUPER(q6_k, block_q6_k, true, put_scales_q6_k(t, r, w), OFFSET(load_q6_k(w, s), 32))

/* ---- multiplying ---------------------------------------------------------------------- */

enum second { SECOND_NONE, SECOND_MIN, SECOND_SCALE };

static inline __m512i multiply_quads(__m512i sum, const int8_t *x, const __m512i *q, int n)
{
#pragma GCC unroll 8
    for (int k = 0; k < n; k++) {
        int32_t word;
        memcpy(&word, x + 4 * k, sizeof word);
        sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi32(word), q[k]);
    }
    return sum;
}

/* n rows of x (a constant where this is inlined) times the tile. */
static inline __attribute__((always_inline)) void multiply_rows(const struct tile_block *t, const struct activations *x,
    size_t n, size_t n_in, enum second second, float *y, size_t ld_y, size_t n_rows)
{
    size_t n_blocks = n_in / QUANT_BLOCK;
    __mmask16 stored = (__mmask16)((1u << n_rows) - 1);
    __m512 acc[12];

#pragma GCC unroll 12
    for (size_t i = 0; i < n; i++)
        acc[i] = _mm512_setzero_ps();
    for (size_t b = 0; b < n_blocks; b++, t++) {
        __m512i q[N_QUADS], start = _mm512_load_si512(t->start[0]), start2 = _mm512_load_si512(t->start[1]);
        __m512 scale = _mm512_load_ps(t->scale[0]), scale2 = _mm512_load_ps(t->scale[1]);

#pragma GCC unroll 8
        for (int k = 0; k < N_QUADS; k++)
            q[k] = _mm512_load_si512(t->q[k]);
#pragma GCC unroll 12
        for (size_t i = 0; i < n; i++) {
            const int8_t *xq = x->q + i * n_in + b * QUANT_BLOCK;
            __m512 x_scale = _mm512_set1_ps(x->scale[i * n_blocks + b]), part;

            if (second == SECOND_SCALE) {
                part = _mm512_mul_ps(_mm512_cvtepi32_ps(multiply_quads(start, xq, q, N_QUADS / 2)), scale);
                part = _mm512_fmadd_ps(_mm512_cvtepi32_ps(multiply_quads(start2, xq + 16, q + N_QUADS / 2, N_QUADS / 2)), scale2, part);
            } else {
                part = _mm512_mul_ps(_mm512_cvtepi32_ps(multiply_quads(start, xq, q, N_QUADS)), scale);
            }
            acc[i] = _mm512_fmadd_ps(part, x_scale, acc[i]);
            if (second == SECOND_MIN)
                acc[i] = _mm512_fnmadd_ps(scale2, _mm512_set1_ps(x->sum[i * n_blocks + b]), acc[i]);
        }
    }
#pragma GCC unroll 12
    for (size_t i = 0; i < n; i++)
        _mm512_mask_storeu_ps(y + i * ld_y, stored, acc[i]);
}

static inline __attribute__((always_inline)) void multiply_tile(const void *tile, const struct activations *x,
    size_t n, size_t n_in, enum second second, float *y, size_t ld_y, size_t n_rows)
{
    size_t n_blocks = n_in / QUANT_BLOCK;

    for (size_t i = 0, step; i < n; i += step) {
        struct activations at = { NULL, x->q + i * n_in, x->scale + i * n_blocks, x->sum + i * n_blocks };
        step = n - i >= 12 ? 12 : n - i >= 4 ? 4 : 1;
        if (step == 12)
            multiply_rows(tile, &at, 12, n_in, second, y + i * ld_y, ld_y, n_rows);
        else if (step == 4)
            multiply_rows(tile, &at, 4, n_in, second, y + i * ld_y, ld_y, n_rows);
        else
            multiply_rows(tile, &at, 1, n_in, second, y + i * ld_y, ld_y, n_rows);
    }
}

static void multiply_plain_avx512(const void *tile, const struct activations *x, size_t n, size_t n_in,
                                  float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_NONE, y, ld_y, n_rows);
}

static void multiply_min_avx512(const void *tile, const struct activations *x, size_t n, size_t n_in,
                                float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_MIN, y, ld_y, n_rows);
}

static void multiply_two_avx512(const void *tile, const struct activations *x, size_t n, size_t n_in,
                                float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_SCALE, y, ld_y, n_rows);
}

const struct kernels kernels_avx512 = {
    .name = "avx512", .supported = supported_avx512,
    .pack_tile = {
        [TENSOR_Q4_0] = pack_q4_0, [TENSOR_Q4_1] = pack_q4_1, [TENSOR_Q5_0] = pack_q5_0,
        [TENSOR_Q8_0] = pack_q8_0, [TENSOR_Q4_K] = pack_q4_k, [TENSOR_Q5_K] = pack_q5_k, [TENSOR_Q6_K] = pack_q6_k,
    },
    .multiply_tile = {
        [TENSOR_Q4_0] = multiply_plain_avx512, [TENSOR_Q4_1] = multiply_min_avx512, [TENSOR_Q5_0] = multiply_plain_avx512,
        [TENSOR_Q8_0] = multiply_plain_avx512, [TENSOR_Q4_K] = multiply_min_avx512, [TENSOR_Q5_K] = multiply_min_avx512,
        [TENSOR_Q6_K] = multiply_two_avx512,
    },
    .tile_bytes = tile_bytes_avx512,
    .tile_flip = 0x80,
    KERNELS_AVX2_ENTRIES, KERNELS_DOT_ENTRIES, KERNELS_ATTEND_ENTRIES
};
