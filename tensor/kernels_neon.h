/* kernels_neon.h - functions that all NEON tables name. */
#ifndef TENSOR_KERNELS_NEON_H
#define TENSOR_KERNELS_NEON_H

#include "tensor/kernels.h"

void dequantize_f32_neon(const void *w, float *out, size_t n);
void dequantize_f16_neon(const void *w, float *out, size_t n);
void dequantize_bf16_neon(const void *w, float *out, size_t n);
void dequantize_q4_0_neon(const void *w, float *out, size_t n);
void dequantize_q4_1_neon(const void *w, float *out, size_t n);
void dequantize_q5_0_neon(const void *w, float *out, size_t n);
void dequantize_q5_1_neon(const void *w, float *out, size_t n);
void dequantize_iq4_nl_neon(const void *w, float *out, size_t n);
void dequantize_q8_0_neon(const void *w, float *out, size_t n);
void dequantize_q2_k_neon(const void *w, float *out, size_t n);
void dequantize_q3_k_neon(const void *w, float *out, size_t n);
void dequantize_q4_k_neon(const void *w, float *out, size_t n);
void dequantize_q5_k_neon(const void *w, float *out, size_t n);
void dequantize_q6_k_neon(const void *w, float *out, size_t n);
void dequantize_iq4_xs_neon(const void *w, float *out, size_t n);

float dot_f32_neon(const void *w, const struct activations *x, size_t n);
float dot_f16_neon(const void *w, const struct activations *x, size_t n);
float dot_bf16_neon(const void *w, const struct activations *x, size_t n);
void quantize_neon(const float *x, size_t n, uint8_t flip, int8_t *q, float *scale, float *sum);

void score_keys_neon(const float *q, size_t n_rows, const uint16_t *k, size_t step, size_t n, size_t d,
                     float scale, float *score, size_t ld);
void gather_values_neon(const float *weight, size_t ld, size_t n_rows, const uint16_t *v, size_t step,
                        size_t n, size_t d, float *out);

void f32_to_f16_neon(const float *x, uint16_t *y, size_t n);
float dot_neon(const float *x, const float *y, size_t n);
void add_scaled_neon(float *y, float a, const float *x, size_t n);
float max_neon(const float *x, size_t n);
float exp_sum_neon(float *x, float max, size_t n);
void silu_mul_neon(float *gate, const float *up, size_t n);
void gelu_neon(float *x, size_t n);

/* Entries of a table that takes these as they are. */
#define KERNELS_NEON_ENTRIES                                                        \
    .dequantize = {                                                                 \
        [TENSOR_F32] = dequantize_f32_neon, [TENSOR_F16] = dequantize_f16_neon,     \
        [TENSOR_BF16] = dequantize_bf16_neon,                                       \
        [TENSOR_Q4_0] = dequantize_q4_0_neon, [TENSOR_Q4_1] = dequantize_q4_1_neon, \
        [TENSOR_Q5_0] = dequantize_q5_0_neon, [TENSOR_Q8_0] = dequantize_q8_0_neon, \
        [TENSOR_Q4_K] = dequantize_q4_k_neon, [TENSOR_Q5_K] = dequantize_q5_k_neon, \
        [TENSOR_Q6_K] = dequantize_q6_k_neon, [TENSOR_Q5_1] = dequantize_q5_1_neon, \
        [TENSOR_Q2_K] = dequantize_q2_k_neon, [TENSOR_Q3_K] = dequantize_q3_k_neon, \
        [TENSOR_IQ4_NL] = dequantize_iq4_nl_neon, [TENSOR_IQ4_XS] = dequantize_iq4_xs_neon, \
    },                                                                              \
    .quantize = quantize_neon, .score_keys = score_keys_neon, .gather_values = gather_values_neon, \
    .f32_to_f16 = f32_to_f16_neon,                                                  \
    .dot = dot_neon, .add_scaled = add_scaled_neon,                                 \
    .max = max_neon, .exp_sum = exp_sum_neon, .silu_mul = silu_mul_neon, .gelu = gelu_neon

#endif
