/* kernels_neon_dotprod.c - 64-bit ARM with the dot product instructions of ARMv8.2
 * (Cortex-A55 and A76 on, Neoverse, Apple's): sdot adds four products to each lane.
 *
 * Many rows of activations:
 *
 *   16 weight rows -> tile: for each 32 columns, 4 groups of 4 rows, a register
 *                     holding 4 columns of each row of a group
 *
 * so a lane is a weight row and nothing is summed across lanes.  Eight weight rows
 * go with four rows of activations: 2 + 4 registers are read for 8 sdot, and all
 * sums stay in registers.  The 32 columns end in
 *
 *   y += scale_x (scale_w s)  - min_w sum_x       s: the integer sum
 *
 * Everything else is kernels_neon's, the dot products compiled for sdot. */
#include "tensor/kernels_neon.h"

#include "tensor/gguf.h"

#define KERNELS_NEON_DOTPROD
#include "tensor/kernels_neon_dot.h"

#include <sys/auxv.h>

#define ROWS KERNELS_TILE_ROWS
#define N_QUADS (QUANT_BLOCK / 4)

static bool supported_dotprod(void)
{
    return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
}

/* 32 columns of 16 rows; 640 bytes.  Types with a scale for every 16 columns
 * (Q3_K, Q6_K) have two scales, the others a minimum instead of the second. */
struct tile_block {
    int8_t q[ROWS / 4][N_QUADS][4][4];
    float scale[2][ROWS];
};

static size_t tile_bytes_dotprod(size_t n_in)
{
    return n_in / QUANT_BLOCK * sizeof(struct tile_block);
}

/* ---- packing --------------------------------------------------------------------- */

/* Four rows' 32 bytes: vst4 stores the first word of each, then the second, ... */
static inline void put_group(int8_t out[N_QUADS][4][4], int8_t rows[4][QUANT_BLOCK])
{
    for (int half = 0; half < 2; half++) {
        int32x4x4_t words;
        for (int r = 0; r < 4; r++)
            words.val[r] = vreinterpretq_s32_s8(vld1q_s8(rows[r] + 16 * half));
        vst4q_s32((int32_t *)(void *)out[4 * half], words);
    }
}

static inline void put_block(struct tile_block *t, int8_t rows[ROWS][QUANT_BLOCK])
{
    for (size_t g = 0; g < ROWS / 4; g++)
        put_group(t->q[g], rows + 4 * g);
}

static inline void put_row(int8_t row[QUANT_BLOCK], int8x16x2_t q)
{
    vst1q_s8(row, q.val[0]);
    vst1q_s8(row + 16, q.val[1]);
}

/* Rows beyond n_rows repeat the last one; their results are not stored. */
static inline const void *tile_row(const void *w, size_t row_bytes, size_t n_rows, size_t r)
{
    return (const unsigned char *)w + (r < n_rows ? r : n_rows - 1) * row_bytes;
}

/* A packer of a type whose blocks are 32 weights. */
#define PACK_SMALL(TYPE, STRUCT, LOAD, MIN)                                                             \
    static void pack_##TYPE(const void *weights, size_t row_bytes, size_t n_rows, size_t n_in, void *tile) \
    {                                                                                                   \
        struct tile_block *t = tile;                                                                    \
        int8_t rows[ROWS][QUANT_BLOCK];                                                                 \
        for (size_t b = 0; b < n_in / QUANT_BLOCK; b++, t++) {                                          \
            for (size_t r = 0; r < ROWS; r++) {                                                         \
                const struct STRUCT *w = (const struct STRUCT *)tile_row(weights, row_bytes, n_rows, r) + b; \
                put_row(rows[r], LOAD(w));                                                              \
                t->scale[0][r] = half_to_f32(w->d);                                                     \
                t->scale[1][r] = MIN;                                                                   \
            }                                                                                           \
            put_block(t, rows);                                                                         \
        }                                                                                               \
    }

PACK_SMALL(q4_0, block_q4_0, LOAD_Q4_0, 0.0f)
PACK_SMALL(q4_1, block_q4_1, LOAD_Q4_1, -half_to_f32(w->m))
PACK_SMALL(q5_0, block_q5_0, LOAD_Q5_0, 0.0f)
PACK_SMALL(q5_1, block_q5_1, LOAD_Q5_1, -half_to_f32(w->m))
PACK_SMALL(q8_0, block_q8_0, load_q8_0, 0.0f)
PACK_SMALL(iq4_nl, block_iq4_nl, LOAD_IQ4_NL, 0.0f)

/* Scales and mins of one row's block of 256, for its eight tile blocks. */
static inline void put_scales(struct tile_block *t, size_t r, const uint8_t packed[12], uint16_t d, uint16_t dmin)
{
    float32x4_t scale[2], min[2];
    float scales[8], mins[8];

    load_scales(packed, d, dmin, scale, min);
    for (int i = 0; i < 2; i++) {
        vst1q_f32(scales + 4 * i, scale[i]);
        vst1q_f32(mins + 4 * i, min[i]);
    }
    for (int s = 0; s < 8; s++) {
        t[s].scale[0][r] = scales[s];
        t[s].scale[1][r] = mins[s];
    }
}

/* A scale for every 16 weights. */
static inline void put_sixteen_scales(struct tile_block *t, size_t r, const float32x4_t scale[4])
{
    float scales[16];

    for (int i = 0; i < 4; i++)
        vst1q_f32(scales + 4 * i, scale[i]);
    for (int s = 0; s < 8; s++) {
        t[s].scale[0][r] = scales[2 * s];
        t[s].scale[1][r] = scales[2 * s + 1];
    }
}

static inline void put_scales_q3_k(struct tile_block *t, size_t r, const struct block_q3_k *w)
{
    float32x4_t scale[4];

    load_scales_q3_k(w, scale);
    put_sixteen_scales(t, r, scale);
}

static inline void put_scales_q6_k(struct tile_block *t, size_t r, const struct block_q6_k *w)
{
    float32x4_t scale[4];

    load_scales_q6_k(w, scale);
    put_sixteen_scales(t, r, scale);
}

static inline void put_scales_iq4_xs(struct tile_block *t, size_t r, const struct block_iq4_xs *w)
{
    float d = half_to_f32(w->d);
    int8_t scale[8];

    quant_unpack_scales_iq4_xs(w, scale);
    for (int s = 0; s < 8; s++) {
        t[s].scale[0][r] = d * (float)scale[s];
        t[s].scale[1][r] = 0.0f;
    }
}

/* Likewise for blocks of 256: SCALES fills row r of t[0..7]. */
#define PACK_SUPER(TYPE, STRUCT, LOAD, SCALES)                                                          \
    static void pack_##TYPE(const void *weights, size_t row_bytes, size_t n_rows, size_t n_in, void *tile) \
    {                                                                                                   \
        struct tile_block *t = tile;                                                                    \
        int8_t rows[8][ROWS][QUANT_BLOCK];                                                              \
        for (size_t b = 0; b < n_in / QUANT_SUPER; b++, t += 8) {                                       \
            for (size_t r = 0; r < ROWS; r++) {                                                         \
                const struct STRUCT *w = (const struct STRUCT *)tile_row(weights, row_bytes, n_rows, r) + b; \
                SCALES;                                                                                 \
                _Pragma("GCC unroll 8")                                                                 \
                for (int s = 0; s < 8; s++)                                                             \
                    put_row(rows[s][r], LOAD(w, s));                                                    \
            }                                                                                           \
            for (int s = 0; s < 8; s++)                                                                 \
                put_block(t + s, rows[s]);                                                              \
        }                                                                                               \
    }

PACK_SUPER(q4_k, block_q4_k, load_q4_k, put_scales(t, r, w->scales, w->d, w->dmin))
PACK_SUPER(q5_k, block_q5_k, load_q5_k, put_scales(t, r, w->scales, w->d, w->dmin))
PACK_SUPER(q3_k, block_q3_k, load_q3_k, put_scales_q3_k(t, r, w))
PACK_SUPER(q6_k, block_q6_k, load_q6_k, put_scales_q6_k(t, r, w))
PACK_SUPER(iq4_xs, block_iq4_xs, load_iq4_xs, put_scales_iq4_xs(t, r, w))

/* ---- multiplying ---------------------------------------------------------------------- */

#define X_ROWS 4                    /* rows of activations at a time */

enum second { SECOND_NONE, SECOND_MIN, SECOND_SCALE };

/* Quad k of 16 columns: w is that quad of two groups of four rows. */
#define MULTIPLY_QUAD(k)                                                                                \
    _Pragma("GCC unroll 4")                                                                             \
    for (size_t i = 0; i < n; i++) {                                                                    \
        sum[i][0] = vdotq_laneq_s32(sum[i][0], vld1q_s8(first[k][0]), x[i], k);                         \
        sum[i][1] = vdotq_laneq_s32(sum[i][1], vld1q_s8(second[k][0]), x[i], k);                        \
    }

static inline __attribute__((always_inline)) void multiply_16(int32x4_t sum[X_ROWS][2], const int8_t first[4][4][4],
    const int8_t second[4][4][4], const int8_t *q, size_t n, size_t n_in)
{
    int8x16_t x[X_ROWS];

#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
        x[i] = vld1q_s8(q + i * n_in);
    MULTIPLY_QUAD(0)
    MULTIPLY_QUAD(1)
    MULTIPLY_QUAD(2)
    MULTIPLY_QUAD(3)
}

/* acc += scale of x and of w times the sums, which start anew. */
static inline __attribute__((always_inline)) void add_sums(float32x4_t acc[X_ROWS][2], int32x4_t sum[X_ROWS][2],
    const float scale[8], const float *of_x, size_t n, size_t n_blocks)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 2
        for (size_t g = 0; g < 2; g++) {
            float32x4_t scales = vmulq_n_f32(vld1q_f32(scale + 4 * g), of_x[i * n_blocks]);
            acc[i][g] = vfmaq_f32(acc[i][g], vcvtq_f32_s32(sum[i][g]), scales);
            sum[i][g] = vdupq_n_s32(0);
        }
}

static inline __attribute__((always_inline)) void take_minimum(float32x4_t acc[X_ROWS][2], const float min[8],
    const float *of_x, size_t n, size_t n_blocks)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 2
        for (size_t g = 0; g < 2; g++)
            acc[i][g] = vfmaq_n_f32(acc[i][g], vld1q_f32(min + 4 * g), -of_x[i * n_blocks]);
}

/* n rows of x (a constant where this is inlined) times weight rows 8 h to 8 h + 7
 * of the tile, of which n_rows are stored. */
static inline __attribute__((always_inline)) void multiply_rows(const struct tile_block *t, size_t h,
    const struct activations *x, size_t n, size_t n_in, enum second second, float *y, size_t ld_y, size_t n_rows)
{
    size_t n_blocks = n_in / QUANT_BLOCK;
    float32x4_t acc[X_ROWS][2];
    int32x4_t sum[X_ROWS][2];
    float lanes[8];

#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 2
        for (size_t g = 0; g < 2; g++) {
            acc[i][g] = vdupq_n_f32(0.0f);
            sum[i][g] = vdupq_n_s32(0);
        }
    for (size_t b = 0; b < n_blocks; b++, t++) {
        const int8_t (*q)[N_QUADS][4][4] = t->q + 2 * h;
        const int8_t *of_x = x->q + b * QUANT_BLOCK;
        multiply_16(sum, q[0], q[1], of_x, n, n_in);
        if (second == SECOND_SCALE)
            add_sums(acc, sum, t->scale[0] + 8 * h, x->scale + b, n, n_blocks);
        multiply_16(sum, q[0] + 4, q[1] + 4, of_x + 16, n, n_in);
        add_sums(acc, sum, t->scale[second == SECOND_SCALE] + 8 * h, x->scale + b, n, n_blocks);
        if (second == SECOND_MIN)
            take_minimum(acc, t->scale[1] + 8 * h, x->sum + b, n, n_blocks);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++) {
        vst1q_f32(lanes, acc[i][0]);
        vst1q_f32(lanes + 4, acc[i][1]);
        memcpy(y + i * ld_y + 8 * h, lanes, n_rows * sizeof *lanes);
    }
}

static inline __attribute__((always_inline)) void multiply_tile(const void *tile, const struct activations *x, size_t n,
    size_t n_in, enum second second, float *y, size_t ld_y, size_t n_rows)
{
    for (size_t h = 0; 8 * h < n_rows; h++) {
        size_t stored = n_rows - 8 * h < 8 ? n_rows - 8 * h : 8;
        for (size_t i = 0; i < n;) {
            size_t block = i * (n_in / QUANT_BLOCK), step = n - i >= X_ROWS ? X_ROWS : 1;
            struct activations at = { NULL, x->q + i * n_in, x->scale + block, x->sum + block };
            if (step == X_ROWS)
                multiply_rows(tile, h, &at, X_ROWS, n_in, second, y + i * ld_y, ld_y, stored);
            else
                multiply_rows(tile, h, &at, 1, n_in, second, y + i * ld_y, ld_y, stored);
            i += step;
        }
    }
}

static void multiply_plain(const void *tile, const struct activations *x, size_t n, size_t n_in,
                           float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_NONE, y, ld_y, n_rows);
}

static void multiply_min(const void *tile, const struct activations *x, size_t n, size_t n_in,
                         float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_MIN, y, ld_y, n_rows);
}

static void multiply_two(const void *tile, const struct activations *x, size_t n, size_t n_in,
                         float *y, size_t ld_y, size_t n_rows)
{
    multiply_tile(tile, x, n, n_in, SECOND_SCALE, y, ld_y, n_rows);
}

const struct kernels kernels_neon_dotprod = {
    .name = "dotprod", .supported = supported_dotprod,
    .pack_tile = {
        [TENSOR_Q4_0] = pack_q4_0, [TENSOR_Q4_1] = pack_q4_1, [TENSOR_Q5_0] = pack_q5_0,
        [TENSOR_Q8_0] = pack_q8_0, [TENSOR_Q4_K] = pack_q4_k, [TENSOR_Q5_K] = pack_q5_k, [TENSOR_Q6_K] = pack_q6_k,
        [TENSOR_Q5_1] = pack_q5_1, [TENSOR_Q3_K] = pack_q3_k, [TENSOR_IQ4_NL] = pack_iq4_nl, [TENSOR_IQ4_XS] = pack_iq4_xs,
    },
    .multiply_tile = {
        [TENSOR_Q4_0] = multiply_plain, [TENSOR_Q4_1] = multiply_min, [TENSOR_Q5_0] = multiply_plain,
        [TENSOR_Q8_0] = multiply_plain, [TENSOR_Q4_K] = multiply_min, [TENSOR_Q5_K] = multiply_min,
        [TENSOR_Q6_K] = multiply_two, [TENSOR_Q5_1] = multiply_min, [TENSOR_Q3_K] = multiply_two,
        [TENSOR_IQ4_NL] = multiply_plain, [TENSOR_IQ4_XS] = multiply_plain,
    },
    .tile_bytes = tile_bytes_dotprod,
    .tile_flip = 0,
    KERNELS_NEON_ENTRIES, KERNELS_NEON_DOT_ENTRIES
};
