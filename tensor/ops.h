/* ops.h - the operations transformers and encoders are made of.
 *
 * Activations are f32, row-major [n_rows][n_columns].  Scratch comes from the
 * caller's arena, which is as it was after each call.  Results do not depend on
 * the number of threads.  A function that can fail returns false with *err. */
#ifndef TENSOR_OPS_H
#define TENSOR_OPS_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"

#include <stddef.h>
#include <stdint.h>

struct block_q8_0;

/* y[i][o] = sum_j w[o][j] x[i][j] (+ bias[o] if not NULL)
 *   w: any supported type, [n_out][n_in] (dim[0] = n_in, dim[1] = n_out)
 *   x: [n][n_in], y: [n][n_out], n >= 1.
 * Few rows go through dot products with the weights as they are stored, many through
 * integer tiles or, for types without, tiles of floats and OpenBLAS; type and row count
 * decide, never the thread count.  Up to
 * OPS_SAME_ROWS rows, each is bit for bit what it would be alone: tokens that were
 * drafted are verified together and come out as if decoded one by one. */
#define OPS_SAME_ROWS 8
bool ops_matmul(const struct compute *c, struct arena *scratch, const struct tensor *w,
                const float *bias, const float *x, size_t n, float *y, struct error *err);

/* c[i][j] = alpha * sum_k a[i][k] b[j][k] (b_transposed) or a[i][k] b[k][j]; plain f32
 * with leading dimensions, through OpenBLAS split over the pool by rows of c. */
void ops_sgemm(const struct compute *c, bool b_transposed, size_t m, size_t n, size_t k,
               float alpha, const float *a, size_t lda, const float *b, size_t ldb,
               float *out, size_t ldc);

/* One row of any supported type to f32: out[dim[0]]. */
void ops_dequantize_row(const struct compute *c, const struct tensor *w, size_t row, float *out);

/* Any whole tensor to f32, allocated from `arena`; for small ones (norms, biases). */
const float *ops_to_f32(const struct compute *c, struct arena *arena, const struct tensor *t, struct error *err);

/* In place of a tensor that is not f32, its copy as f32 from `arena`; NULL stays. */
bool ops_as_f32(const struct compute *c, struct arena *arena, const struct tensor **t, struct error *err);
/* gguf_bind, and vectors (dim1 0: norms, biases) as f32. */
bool ops_bind(const struct gguf *g, const struct compute *c, struct arena *arena, const struct gguf_binding *table, size_t n,
              unsigned i_block, void *object, struct error *err);

/* x / sqrt(mean(x^2) + eps) * weight (Zhang & Sennrich 2019, arXiv:1910.07467); y may be x. */
void ops_rms_norm(const struct compute *c, const float *x, const float *weight, size_t n,
                  size_t n_embd, float eps, float *y);
/* (x - mean) / sqrt(var + eps) * weight + bias (Ba et al. 2016, arXiv:1607.06450); y may be x. */
void ops_layer_norm(const struct compute *c, const float *x, const float *weight, const float *bias,
                    size_t n, size_t n_embd, float eps, float *y);

/* Rotary positions (Su et al. 2021, arXiv:2104.09864) of the first n_rot of a head's
 * values.  ops_rope_frequencies: theta^(-2 i / n_rot), i < n_rot / 2, radians per position.
 * ops_rope_turns: cosines and sines of positions pos0 .. pos0 + n - 1, times `magnitude`:
 * turns [n][2][n_rot / 2], which layers share.  ops_rope: rotates x [n][n_head][head_dim] in
 * place by them.  Pairs are (2i, 2i+1) when interleaved (GGUF llama), (i, i + n_rot/2)
 * otherwise (GGUF qwen2). */
void ops_rope_frequencies(size_t n_rot, double theta, double *frequency);
void ops_rope_turns(const struct compute *c, size_t n, size_t n_rot, size_t pos0, const double *frequency,
                    float magnitude, float *turns);
/* Likewise of positions with axes, such as time, row and column: places [n][n_axes], of which pair i
 * turns by number axis[i]. */
void ops_rope_turns_axes(const struct compute *c, size_t n, size_t n_rot, const int32_t *places, size_t n_axes,
                         const uint8_t *axis, const double *frequency, float magnitude, float *turns);
void ops_rope(const struct compute *c, float *x, size_t n, size_t n_head, size_t head_dim, size_t n_rot,
              const float *turns, bool interleaved);

/* Keys and values of one layer, borrowed: f16 bits, or struct block_q8_0 (quant.h), where
 * head_dim and the steps are multiples of 32.  Memory is read fastest when a head's
 * positions follow each other: step = head_dim (docs/speed.md). */
enum ops_keys_type { OPS_KEYS_F16, OPS_KEYS_Q8_0 };
struct ops_keys {
    const void *k, *v;
    size_t step, head_step;         /* numbers from one position, or head, to the next */
    enum ops_keys_type type;
};
size_t ops_keys_bytes(enum ops_keys_type type, size_t n);          /* of n numbers */

/* What attention over a cache is like; all that is 0 or NULL stands for none. */
struct ops_attention {
    size_t n_head, n_head_kv, head_dim;
    float scale;                    /* of q k; 0: 1 / sqrt(head_dim) */
    size_t window;                  /* a position sees this many keys, its own and those before it; 0: all */
    float soft_cap;                 /* scores s become cap tanh(s / cap) (Gemma 2, arXiv:2408.00118) */
    const float *bias;              /* [pos0 + n], finite: added to the scores of each key */
    const size_t *until;            /* [n], ascending, each from pos0 + i + 1 to pos0 + n: position i sees the keys before
                                     * it; NULL: those up to its own */
};

/* Causal attention of n new positions over a cache of keys and values, but for what `until` adds.
 *   q [n][n_head][head_dim]; keys: positions 0 .. pos0 + n - 1 are filled;
 *   out [n][n_head][head_dim].
 * Keys before all of the windows are not read.  Up to OPS_SAME_ROWS positions, each has the
 * bits that it has alone. */
bool ops_attention_cached(const struct compute *c, struct arena *scratch, const struct ops_attention *how,
                          const float *q, const struct ops_keys *keys, size_t n, size_t pos0,
                          float *out, struct error *err);

/* Full (not causal) attention in f32, as encoders use it: q [n][n_head][head_dim],
 * k, v [n_kv][n_head][head_dim], out like q; softmax(scale q k + bias), bias [n_kv],
 * finite, or NULL for none. */
bool ops_attention_full(const struct compute *c, struct arena *scratch, const float *q, const float *k,
                        const float *v, size_t n, size_t n_kv, size_t n_head, size_t head_dim,
                        float scale, const float *bias, float *out, struct error *err);

void ops_f32_to_f16(const struct compute *c, const float *x, uint16_t *y, size_t n);
/* x [n][n_head][head_dim] to where struct ops_keys has them with step = head_dim. */
void ops_f32_to_f16_heads(const struct compute *c, const float *x, size_t n, size_t n_head, size_t head_dim,
                          uint16_t *y, size_t head_step);
void ops_f32_to_q8_0_heads(const struct compute *c, const float *x, size_t n, size_t n_head, size_t head_dim,
                           struct block_q8_0 *y, size_t head_step);

/* gate = activation(gate) * up; up NULL: ones.
 *   silu(x) = x / (1 + exp(-x))
 *   gelu(x) = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, the tanh form
 *   gelu_quick(x) = x / (1 + exp(-1.702 x)) */
void ops_silu_mul(const struct compute *c, float *gate, const float *up, size_t n);
void ops_gelu_mul(const struct compute *c, float *gate, const float *up, size_t n);
void ops_gelu_quick_mul(const struct compute *c, float *gate, const float *up, size_t n);
void ops_gelu(const struct compute *c, float *x, size_t n);         /* erf form (Hendrycks & Gimpel 2016) */
void ops_add(const struct compute *c, float *x, const float *y, size_t n);              /* x += y */
void ops_scale(const struct compute *c, float *x, float factor, size_t n);              /* x *= factor */
void ops_soft_cap(const struct compute *c, float *x, float cap, size_t n);              /* x = cap tanh(x / cap) */
void ops_softmax(float *x, size_t n);                               /* in place, one row */

#endif
