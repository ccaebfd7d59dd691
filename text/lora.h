/* lora.h - low-rank adapters: what a GGUF file of them adds to the products of a model.
 *
 *   y = W x + scale alpha / rank B (A x),    A [rank][n_in], B [n_out][rank]
 *
 * Hu et al. 2021, arXiv:2106.09685.  The weights W stay as they are, of whatever type.  Keys of the
 * file (gguf-py, gguf/constants.py, Keys.Adapter): general.type "adapter", adapter.type "lora",
 * adapter.lora.alpha, general.architecture of the model; its tensors are named after the weights,
 * "blk.0.attn_q.weight.lora_a" and ".lora_b". */
#ifndef TEXT_LORA_H
#define TEXT_LORA_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>

struct transformer;
struct lora;

/* Binds every pair of the file to a weight of a layer of t, both of which have to live as long.
 * ERROR_MODEL names what does not fit: another architecture, shape or name, a matrix without the
 * other, an adapter of token_embd or output, which are not products of a layer. */
struct lora *lora_open(const char *path, const struct transformer *t, struct error *err);
void lora_close(struct lora *l);                            /* NULL is fine */
const char *lora_path(const struct lora *l);
/* The largest rank, and number of outputs, of its pairs. */
size_t lora_most_rank(const struct lora *l);
size_t lora_most_out(const struct lora *l);

/* Adapters as a context uses them, in order; buffers for the rows of a chunk. */
struct lora_set {                   /* starts as { 0 } */
    const struct lora *const *loras;    /* [n] */
    float *scales;                  /* [n]; 0: as if it were not there, to the bit */
    size_t n;
    float *low, *added;             /* [n_rows][most_rank], [n_rows][most_out] */
};
/* What lora_set_init takes, and the mapped files. */
size_t lora_set_bytes(const struct lora *const *loras, size_t n, size_t n_rows);
bool lora_set_init(struct lora_set *s, const struct lora *const *loras, size_t n, size_t n_rows, struct arena *session,
                   struct error *err);

/* y [n][n_out] += what the adapters add to weight x, x [n][n_in]. */
bool lora_add(const struct lora_set *s, const struct compute *c, struct arena *scratch, size_t i_layer,
              const struct tensor *weight, const float *x, size_t n, float *y, struct error *err);

#endif
