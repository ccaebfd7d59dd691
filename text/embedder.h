/* embedder.h - a text as one row of numbers: near rows, near meanings.
 *
 *   text -> [CLS] ids [SEP] -> encoder (bert) or decoder's last norm -> rows [n][n_embd]
 *        -> mean of the rows, or the last or first one (<architecture>.pooling_type) -> length 1
 *
 * Source of the pooling: Reimers & Gurevych 2019, arXiv:1908.10084.  One thread at a time. */
#ifndef TEXT_EMBEDDER_H
#define TEXT_EMBEDDER_H

#include "base/error.h"
#include "tensor/compute.h"

#include <stdbool.h>
#include <stddef.h>

struct embedder;

/* A GGUF file of the bert architecture, or of any that text_model_open takes. */
struct embedder *embedder_open(const char *path, const struct compute *c, struct error *err);
void embedder_close(struct embedder *e);                    /* NULL is fine */
size_t embedder_n_embd(const struct embedder *e);

/* Fills row [n_embd].  What is beyond the model's context is left out: *n_left_out of
 * *n_tokens.  ERROR_INPUT for a text of which nothing is left to read. */
bool embedder_embed(struct embedder *e, const struct compute *c, const char *text, size_t n_bytes, float *row,
                    size_t *n_tokens, size_t *n_left_out, struct error *err);

#endif
