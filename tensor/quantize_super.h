/* quantize_super.h - one block of 256 weights to a K type. */
#ifndef TENSOR_QUANTIZE_SUPER_H
#define TENSOR_QUANTIZE_SUPER_H

#include "tensor/quant.h"

void quantize_q2_k(const float *x, struct block_q2_k *out);
void quantize_q3_k(const float *x, struct block_q3_k *out);
void quantize_q4_k(const float *x, struct block_q4_k *out);
void quantize_q5_k(const float *x, struct block_q5_k *out);
void quantize_q6_k(const float *x, struct block_q6_k *out);

#endif
