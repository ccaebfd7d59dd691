/* kernels_avx512.c - many rows of activations by AVX-512 VNNI.
 *
 * A tile (kernels_pack.h) read 16 rows at a time: a lane is a weight row, so nothing is
 * summed across lanes.  The 32 columns of a block end in
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
#include "tensor/kernels_pack.h"
#include "tensor/kernels_x86.h"

static bool supported_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni") && kernels_avx2.supported();
}

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
    .multiply_tile = {
        [TENSOR_Q4_0] = multiply_plain_avx512, [TENSOR_Q4_1] = multiply_min_avx512, [TENSOR_Q5_0] = multiply_plain_avx512,
        [TENSOR_Q8_0] = multiply_plain_avx512, [TENSOR_Q4_K] = multiply_min_avx512, [TENSOR_Q5_K] = multiply_min_avx512,
        [TENSOR_Q6_K] = multiply_two_avx512, [TENSOR_Q5_1] = multiply_min_avx512, [TENSOR_Q3_K] = multiply_two_avx512,
        [TENSOR_IQ4_NL] = multiply_plain_avx512, [TENSOR_IQ4_XS] = multiply_plain_avx512,
    },
    KERNELS_PACK_ENTRIES, KERNELS_AVX2_ENTRIES, KERNELS_DOT_ENTRIES, KERNELS_ATTEND_ENTRIES
};
