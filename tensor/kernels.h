/* kernels.h - the inner loops, one table per instruction set.
 *
 * kernels_ref is the formula as plain loops; the other tables must agree with it
 * to rounding (tests/test_kernels.c derives by how much).  No entry of a table is
 * NULL except where the comment says so.  n need not be a multiple of anything
 * unless stated. */
#ifndef TENSOR_KERNELS_H
#define TENSOR_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNELS_N_TYPES 31          /* enum tensor_type's values are below it */

struct kernels {
    const char *name;
    bool (*supported)(void);        /* may this processor run it? */

    /* n weights of a row, n a multiple of the type's block, to f32; by enum
     * tensor_type, NULL for numbers that are no type. */
    void (*dequantize[KERNELS_N_TYPES])(const void *w, float *out, size_t n);

    void (*f32_to_f16)(const float *x, uint16_t *y, size_t n);
    float (*dot)(const float *x, const float *y, size_t n);             /* sum x y */
    void (*add_scaled)(float *y, float a, const float *x, size_t n);    /* y += a x */
    float (*exp_sum)(float *x, float max, size_t n);                    /* x = exp(x - max); sum x */
    void (*silu_mul)(float *gate, const float *up, size_t n);           /* gate = up gate / (1 + exp(-gate)) */
    void (*gelu)(float *x, size_t n);                                   /* x = x (1 + erf(x / sqrt 2)) / 2 */
};

extern const struct kernels kernels_ref;

/* Best first, NULL at the end; the last is kernels_ref, which runs anywhere. */
extern const struct kernels *const kernels_all[];

#endif
