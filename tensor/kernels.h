/* kernels.h - the inner loops, one table per instruction set.
 *
 * kernels_ref is the formula as plain loops; the other tables must agree with it
 * to rounding (tests/test_kernels.c derives by how much).  No entry of a table is
 * NULL except where the comment says so.  Counts need not be a multiple of
 * anything, nor data aligned, unless stated.
 *
 * Products with quantised weights are taken in integers, so activations are
 * quantised first, once per matrix product:
 *
 *   x[32 b + i] = scale[b] q[32 b + i],   q in [-127, 127]
 *   sum[b] = scale[b] (q[32 b] + ... + q[32 b + 31])    for weights with a minimum
 *
 * scale[b] is the largest |x| / 127, or NaN when an x of the block is not finite. */
#ifndef TENSOR_KERNELS_H
#define TENSOR_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNELS_N_TYPES 31          /* enum tensor_type's values are below it */
#define KERNELS_TILE_ROWS 16        /* weight rows in a packed tile */

/* One row of activations.  Plain weights need only x, quantised ones the rest. */
struct activations {
    const float *x;
    const int8_t *q;
    const float *scale, *sum;
};

struct kernels {
    const char *name;
    bool (*supported)(void);        /* may this processor run it? */

    /* The arrays go by enum tensor_type; NULL for numbers that are no type, and
     * n is a multiple of the type's block. */

    /* n weights to f32 */
    void (*dequantize[KERNELS_N_TYPES])(const void *w, float *out, size_t n);
    /* sum w[i] x[i]; NULL where dot_rows is not */
    float (*dot_row[KERNELS_N_TYPES])(const void *w, const struct activations *x, size_t n);
    /* A weight row times n rows of activations, each to the bit what it is alone:
     * y[i * ld_y] = sum w[j] x[i][j], j < n_in.  q [n][ld_x], scale [n][ld_x / 32],
     * sum [n][ld_x / sum_step], each row as `arrange` leaves it; columns that begin at a
     * multiple of 256 are rows too. */
    void (*dot_rows[KERNELS_N_TYPES])(const void *w, const struct activations *x, size_t ld_x, size_t n, size_t n_in,
                                      float *y, size_t ld_y);
    size_t sum_step[KERNELS_N_TYPES];           /* 16 or 32; 0 where dot_rows is not */
    /* Brings one row as quantize gives it (flip 0) into the order that dot_rows likes;
     * NULL: as it is.  sum is given [n / 32] and becomes [n / sum_step]. */
    void (*arrange[KERNELS_N_TYPES])(int8_t *q, const float *scale, float *sum, size_t n);

    /* n, a multiple of 32, activations; each q is stored as q ^ flip. */
    void (*quantize)(const float *x, size_t n, uint8_t flip, int8_t *q, float *scale, float *sum);

    /* Many rows of activations: 16 weight rows are packed once into
     * tile_bytes(n_in), aligned to 64, and multiplied with all of them.  NULL for types
     * that are better served by f32 tiles and OpenBLAS.
     *   w: n_rows <= 16 rows, row_bytes apart
     *   y[i * ld_y + r], i < n, r < n_rows
     * x as quantize gives it with tile_flip: q [n][n_in], scale, sum [n][n_in / 32]. */
    void (*pack_tile[KERNELS_N_TYPES])(const void *w, size_t row_bytes, size_t n_rows, size_t n_in, void *tile);
    void (*multiply_tile[KERNELS_N_TYPES])(const void *tile, const struct activations *x, size_t n, size_t n_in,
                                           float *y, size_t ld_y, size_t n_rows);
    size_t (*tile_bytes)(size_t n_in);
    uint8_t tile_flip;

    /* Query rows q [n_rows][d] and n F16 keys or values of one head, `step` halfs apart.
     * A row's result has the same bits whatever rows stand beside it.
     *   score[r * ld + i] = scale sum_j q[r][j] k[i][j]
     *   out[r * d + j] += sum_i weight[r * ld + i] v[i][j] */
    void (*score_keys)(const float *q, size_t n_rows, const uint16_t *k, size_t step, size_t n, size_t d,
                       float scale, float *score, size_t ld);
    void (*gather_values)(const float *weight, size_t ld, size_t n_rows, const uint16_t *v, size_t step,
                          size_t n, size_t d, float *out);

    void (*f32_to_f16)(const float *x, uint16_t *y, size_t n);
    float (*dot)(const float *x, const float *y, size_t n);             /* sum x y */
    void (*add_scaled)(float *y, float a, const float *x, size_t n);    /* y += a x */
    float (*max)(const float *x, size_t n);                             /* of n >= 1; NaN not regarded */
    float (*exp_sum)(float *x, float max, size_t n);                    /* x = exp(x - max); sum x */
    void (*silu_mul)(float *gate, const float *up, size_t n);           /* gate = up gate / (1 + exp(-gate)) */
    void (*gelu)(float *x, size_t n);                                   /* x = x (1 + erf(x / sqrt 2)) / 2 */
};

extern const struct kernels kernels_ref;
extern const struct kernels kernels_avx2;       /* AVX2, FMA, F16C; x86-64 only */
extern const struct kernels kernels_avxvnni;    /* and AVX-VNNI: Intel's without AVX-512; x86-64 only */
extern const struct kernels kernels_avx512;     /* AVX-512 F BW DQ VL VNNI; x86-64 only */
extern const struct kernels kernels_neon;       /* 64-bit ARM only */
extern const struct kernels kernels_neon_dotprod;       /* with ARMv8.2's dot products; 64-bit ARM only */

/* Best first, NULL at the end; the last is kernels_ref, which runs anywhere. */
extern const struct kernels *const kernels_all[];

#endif
