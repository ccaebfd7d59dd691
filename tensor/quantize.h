/* quantize.h - f32 weights to the blocks of a file: the inverse of kernels.h's
 * dequantize, to the nearest that a type can hold.
 *
 * Q8_0, Q4_0, Q4_1, Q5_0 and Q5_1 take their scale from a block's largest weight (or
 * both ends), so all programs make the same bits of them.  K types search: of some
 * 20 scales the one with the least weighted square error, |x| heavier than the rest.
 * Layouts: quant.h. */
#ifndef TENSOR_QUANTIZE_H
#define TENSOR_QUANTIZE_H

#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>

/* All types but IQ4_NL and IQ4_XS. */
bool quantize_can(enum tensor_type type);

/* n weights, finite and a multiple of the type's block, to `out`: n / block blocks.
 * Beyond 65504 F16 is infinite, and so may scales be. */
void quantize_weights(enum tensor_type type, const float *x, size_t n, void *out);

#endif
