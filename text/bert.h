/* bert.h - the BERT encoder (GGUF architecture "bert").
 *
 *   ids [n] -> token + position + first segment's row, layer norm
 *           -> n_layer times:  x = norm(x + attention(x));  x = norm(x + ffn(x))   -> rows [n][n_embd]
 *
 * Attention is not causal; the feed-forward part is two matrices with the erf form of GELU
 * between them.  Source: Devlin et al. 2018, arXiv:1810.04805; google-research/bert,
 * modeling.py.  A struct bert never changes after bert_open; threads may share it. */
#ifndef TEXT_BERT_H
#define TEXT_BERT_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bert;

/* Memory from `arena`; g stays in use.  ERROR_MODEL names what is missing or of another shape. */
struct bert *bert_open(const struct gguf *g, const struct compute *c, size_t n_vocab, struct arena *arena, struct error *err);

size_t bert_n_embd(const struct bert *b);
size_t bert_n_ctx(const struct bert *b);        /* the most ids at once */

/* Rows of ids [n], 0 < n <= n_ctx; from `scratch`, NULL on failure or cancel. */
const float *bert_rows(const struct bert *b, const struct compute *c, const int32_t *ids, size_t n, struct arena *scratch,
                       struct error *err);

#endif
