/* transformer.h - the forward pass of the architectures in architecture.c.
 *
 *   x [n][n_embd]  ->  n_layer times:  x += attention(rms_norm(x));  x += ffn(rms_norm(x))
 *                  ->  rms_norm of the last rows  ->  logits [n_vocab] each
 *
 * Sources: Touvron et al. 2023, arXiv:2302.13971; grouped heads: Ainslie et al. 2023,
 * arXiv:2305.13245; feed-forward: Shazeer 2020, arXiv:2002.05202; sliding windows: Beltagy
 * et al. 2020, arXiv:2004.05150; norms of queries and keys: Henry et al. 2020,
 * arXiv:2010.04245.  What is easy to get wrong: docs/models.md. */
#ifndef TEXT_TRANSFORMER_H
#define TEXT_TRANSFORMER_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"
#include "text/kv_cache.h"
#include "text/lora.h"
#include "text/rotation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Weights of one layer, under their GGUF names; NULL: the architecture has none. */
struct transformer_layer {
    const struct tensor *attn_norm, *attn_q, *attn_k, *attn_v, *attn_output;
    const struct tensor *attn_q_bias, *attn_k_bias, *attn_v_bias, *attn_output_bias;
    const struct tensor *attn_q_norm, *attn_k_norm;                     /* of each head */
    const struct tensor *post_attention_norm, *post_ffw_norm;           /* of what is added to x */
    const struct tensor *ffn_norm, *ffn_gate, *ffn_up, *ffn_down;
    const struct tensor *ffn_gate_bias, *ffn_up_bias, *ffn_down_bias;
    /* Fused in the file: attn_q, attn_k, attn_v, and ffn_gate, ffn_up, are then rows of these. */
    const struct tensor *attn_qkv, *ffn_gate_up;
    /* Up to here nothing but tensors: transformer_open.c walks them. */
    size_t window;                  /* positions that a position sees, its own included; 0: all */
    unsigned i_rotation;
};

struct transformer {
    const char *architecture;
    size_t n_embd, n_head, n_head_kv, head_dim, n_rot, n_ff, n_layer, n_vocab, n_ctx_train;
    float eps, embedding_scale;
    float attention_scale, attention_soft_cap, logit_soft_cap;          /* caps: 0 for none */
    bool rope_interleaved, gelu;
    struct rotation rotations[2];   /* of all layers, or of those that see all and of those with a window */
    unsigned n_rotations;
    const struct tensor *token_embd, *output_norm, *output;     /* output may be token_embd (tied) */
    struct transformer_layer *layers;                           /* [n_layer] */
};

/* transformer_open.c.  Reads settings and binds weights; data stay borrowed from g, tables come from
 * `arena`.  What the file asks for and is not done here is refused by name. */
bool transformer_open(struct transformer *t, const struct gguf *g, size_t n_vocab,
                      struct arena *arena, struct error *err);

/* Embedding rows of ids [n] to rows [n][n_embd]; ids outside of the vocabulary: ERROR_INFERENCE. */
bool transformer_embed(const struct transformer *t, const struct compute *c, const int32_t *ids,
                       size_t n, float *rows, struct error *err);

/* The most rows of a pass that logits are given for. */
#define TRANSFORMER_LOGITS 8

/* Buffers for at most n positions at a time. */
struct transformer_work {
    size_t n;
    float *x;                       /* [n][n_embd]: the caller puts the rows here */
    float *norm, *q, *k, *v, *attended, *gate, *up;
    float *turns[2];                /* [n][n_rot] by rotation: ops_rope_turns */
    float *logits;                  /* [TRANSFORMER_LOGITS][n_vocab] */
    /* Where rows stand and what they see (places.h), if the caller says so: */
    int32_t *places;                /* [n][PLACES_AXES] */
    size_t *until;                  /* [n] */
    bool has_places, has_until;     /* not: from the cache's next position on; what is up to their own */
    struct arena *scratch;
    struct lora_set loras;          /* none after transformer_work_init */
};
bool transformer_work_init(struct transformer_work *w, const struct transformer *t, size_t n,
                           struct arena *session, struct arena *scratch, struct error *err);
size_t transformer_work_bytes(const struct transformer *t, size_t n);
/* The most that one forward pass takes from `scratch`. */
size_t transformer_scratch_bytes(const struct transformer *t, size_t n_ctx, size_t n_threads);

/* Called after each layer; may be NULL. */
typedef void transformer_layer_done(void *user, size_t n_layers_done);

/* Evaluates the n rows in w->x at positions used .. used + n - 1 of the cache, whose
 * keys and values it writes (the caller then advances `used`).  w->logits are those of
 * the last n_logits rows, in order.  Up to 8 rows give the same bits together as one by
 * one.  Cancel is looked for between layers. */
bool transformer_forward(const struct transformer *t, const struct compute *c, struct kv_cache *kv,
                         struct transformer_work *w, size_t n, size_t n_logits,
                         transformer_layer_done *layer_done, void *user, struct error *err);

/* transformer_shift.c.  Keys of the positions from `from` on, which stood n positions later when
 * they were computed: R(p) k = R(-n) R(p + n) k, where R(p) is the rotation of position p
 * (Su et al. 2021, arXiv:2104.09864).  Exact up to the rounding to F16, which the cache is of. */
void transformer_turn_back(const struct transformer *t, const struct compute *c, const struct kv_cache *kv,
                           const struct transformer_work *w, size_t from, size_t n);

/* The same without logits: w->norm holds the last norm of all n rows [n][n_embd], which is
 * what an embedding is pooled from. */
bool transformer_hidden(const struct transformer *t, const struct compute *c, struct kv_cache *kv,
                        struct transformer_work *w, size_t n, struct error *err);

#endif
