/* encoder.h - the transformer that encoders of pictures and of sound share.
 *
 *   x [n][n_embd] -> (pre_ln) -> n_layer blocks of
 *       x += ls1 * attn_out(attention(ln1(x)))
 *       x += ls2 * ffn_down(activation(ffn_up(ln2(x))))        gated: activation(ffn_gate(..)) * ffn_up(..)
 *
 * ViT: Dosovitskiy et al. 2020, arXiv:2010.11929; Whisper's encoder: Radford et al. 2022,
 * arXiv:2212.04356.  What embeds patches or sound, and what comes after, is the caller's.
 *
 * Tensors, P being the prefix ("v", "a"); w: weight, b: bias, [..] may be missing:
 *   [P.pre_ln.w b]  [P.post_ln.w b]
 *   P.blk.N.ln1.w [b]  ln2.w [b]  attn_q.w [b]  attn_k.w [b]  attn_v.w [b]  or  attn_qkv.w [b]
 *   attn_out.w [b]  [attn_q_norm.w  attn_k_norm.w]  [ls1.w  ls2.w]
 *   ffn_up.w [b]  ffn_down.w [b]  [ffn_gate.w b]
 * Weights may be of any type and stay as they are stored; norms and biases become f32.  Old
 * files have the names ffn_up and ffn_down exchanged: the shapes tell.
 *
 * A struct encoder never changes after encoder_open; threads may share it. */
#ifndef TENSOR_ENCODER_H
#define TENSOR_ENCODER_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>

enum encoder_norm { ENCODER_NORM_LAYER, ENCODER_NORM_RMS };

enum encoder_activation {
    ENCODER_GELU,                   /* erf form */
    ENCODER_GELU_TANH,
    ENCODER_GELU_QUICK,             /* x / (1 + exp(-1.702 x)) */
    ENCODER_SILU
};

struct encoder_params {
    char prefix[8];                 /* of the tensors' names */
    size_t n_embd, n_head, head_dim, n_layer;
    enum encoder_norm norm;
    enum encoder_activation activation;
    float eps;                      /* of the norms */
};

struct encoder;

/* Memory from `arena`; g stays in use.  ERROR_MODEL names what is missing or of another shape. */
struct encoder *encoder_open(const struct gguf *g, const struct compute *c, const struct encoder_params *params,
                             struct arena *arena, struct error *err);

const struct encoder_params *encoder_params(const struct encoder *e);

/* Who sees whom; all that is 0 or NULL stands for none. */
struct encoder_attention {
    const float *turns;             /* [n][2][head_dim / 2] as ops_rope wants them, pairs (i, i + head_dim / 2) */
    const float *bias;              /* [n], finite: added to the scores of each key */
    const size_t *group_end;        /* [n_groups] rising, the last is n: positions of a group see each other only ... */
    size_t n_groups;
    size_t full_every;              /* ... but in layers full_every - 1, 2 full_every - 1, ... all see all */
};

/* x [n][n_embd], n >= 1, through pre_ln and the first n_layer layers (0: all of them), in
 * place.  how: may be NULL.  false on cancel or without memory; scratch is then as it was, and
 * always afterwards. */
bool encoder_run(const struct encoder *e, const struct compute *c, struct arena *scratch, const struct encoder_attention *how,
                 size_t n_layer, float *x, size_t n, struct error *err);
/* post_ln in place; nothing without such a tensor. */
void encoder_post_norm(const struct encoder *e, const struct compute *c, float *x, size_t n);

/* What encoder_run takes of scratch for n positions, without what single products need. */
size_t encoder_bytes(const struct encoder *e, size_t n);

#endif
