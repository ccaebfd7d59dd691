/* bpe.h - byte-level byte-pair encoding over a list of merges.
 *
 * A piece starts as one token per byte; neighbours that form a merge are joined, that
 * which stands first in the list of merges before others (merging.h).
 *
 * A struct bpe never changes after bpe_new; threads may share it. */
#ifndef TEXT_BPE_H
#define TEXT_BPE_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/gguf.h"
#include "text/id_list.h"
#include "text/merging.h"
#include "text/vocabulary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpe;

/* Reads tokenizer.ggml.merges; memory from `arena`.  whole: a piece that is a token is that
 * token, whatever the merges make of it (ignore_merges, as Llama 3 has it). */
struct bpe *bpe_new(const struct gguf *g, const struct vocabulary *v, bool whole, struct arena *arena,
                    struct error *err);

/* Appends the ids of one piece. */
bool bpe_encode(const struct bpe *b, struct merging *m, const char *piece, size_t n_bytes, struct id_list *ids,
                struct error *err);

#endif
