/* kernels_avx2.h - functions of kernels_avx2 that other x86 tables name too. */
#ifndef TENSOR_KERNELS_AVX2_H
#define TENSOR_KERNELS_AVX2_H

#include "tensor/kernels.h"

void dequantize_f32_avx2(const void *w, float *out, size_t n);
void dequantize_f16_avx2(const void *w, float *out, size_t n);
void dequantize_bf16_avx2(const void *w, float *out, size_t n);
void dequantize_q4_0_avx2(const void *w, float *out, size_t n);
void dequantize_q4_1_avx2(const void *w, float *out, size_t n);
void dequantize_q5_0_avx2(const void *w, float *out, size_t n);
void dequantize_q5_1_avx2(const void *w, float *out, size_t n);
void dequantize_iq4_nl_avx2(const void *w, float *out, size_t n);
void dequantize_q8_0_avx2(const void *w, float *out, size_t n);
void dequantize_q2_k_avx2(const void *w, float *out, size_t n);
void dequantize_q3_k_avx2(const void *w, float *out, size_t n);
void dequantize_q4_k_avx2(const void *w, float *out, size_t n);
void dequantize_q5_k_avx2(const void *w, float *out, size_t n);
void dequantize_q6_k_avx2(const void *w, float *out, size_t n);
void dequantize_iq4_xs_avx2(const void *w, float *out, size_t n);

float dot_f32_avx2(const void *w, const struct activations *x, size_t n);
float dot_f16_avx2(const void *w, const struct activations *x, size_t n);
float dot_bf16_avx2(const void *w, const struct activations *x, size_t n);
void quantize_avx2(const float *x, size_t n, uint8_t flip, int8_t *q, float *scale, float *sum);

void f32_to_f16_avx2(const float *x, uint16_t *y, size_t n);
float dot_avx2(const float *x, const float *y, size_t n);
void add_scaled_avx2(float *y, float a, const float *x, size_t n);
float max_avx2(const float *x, size_t n);
float exp_sum_avx2(float *x, float max, size_t n);
void silu_mul_avx2(float *gate, const float *up, size_t n);
void gelu_avx2(float *x, size_t n);

/* Entries of a table that takes these as they are. */
#define KERNELS_AVX2_ENTRIES                                                        \
    .dequantize = {                                                                 \
        [TENSOR_F32] = dequantize_f32_avx2, [TENSOR_F16] = dequantize_f16_avx2,     \
        [TENSOR_BF16] = dequantize_bf16_avx2,                                       \
        [TENSOR_Q4_0] = dequantize_q4_0_avx2, [TENSOR_Q4_1] = dequantize_q4_1_avx2, \
        [TENSOR_Q5_0] = dequantize_q5_0_avx2, [TENSOR_Q8_0] = dequantize_q8_0_avx2, \
        [TENSOR_Q4_K] = dequantize_q4_k_avx2, [TENSOR_Q5_K] = dequantize_q5_k_avx2, \
        [TENSOR_Q6_K] = dequantize_q6_k_avx2, [TENSOR_Q5_1] = dequantize_q5_1_avx2, \
        [TENSOR_Q2_K] = dequantize_q2_k_avx2, [TENSOR_Q3_K] = dequantize_q3_k_avx2, \
        [TENSOR_IQ4_NL] = dequantize_iq4_nl_avx2, [TENSOR_IQ4_XS] = dequantize_iq4_xs_avx2, \
    },                                                                              \
    .quantize = quantize_avx2, .f32_to_f16 = f32_to_f16_avx2,                       \
    .dot = dot_avx2, .add_scaled = add_scaled_avx2,                                 \
    .max = max_avx2, .exp_sum = exp_sum_avx2, .silu_mul = silu_mul_avx2, .gelu = gelu_avx2

#endif
