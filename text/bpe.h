/* bpe.h - byte-level byte-pair encoding: the vocabulary, the merges, and merging.
 *
 * Tokens are written in the file with one printable character for each byte
 * (Radford et al. 2019, GPT-2, encoder.py: bytes_to_unicode); here they are bytes.
 * A piece starts as one token per byte; of all neighbours that form a merge, the
 * one that stands first in the list of merges (of equals, the leftmost) is joined,
 * until none is left (Sennrich et al. 2016, arXiv:1508.07909).
 *
 * A struct bpe never changes after bpe_new; threads may share it. */
#ifndef TEXT_BPE_H
#define TEXT_BPE_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpe;

/* Numbers of tokenizer.ggml.token_type. */
enum token_type {
    TOKEN_NORMAL = 1, TOKEN_UNKNOWN = 2, TOKEN_CONTROL = 3, TOKEN_USER_DEFINED = 4,
    TOKEN_UNUSED = 5, TOKEN_BYTE = 6
};

/* Reads tokenizer.ggml.tokens, .token_type and .merges; memory from `arena`,
 * texts borrowed from g. */
struct bpe *bpe_new(const struct gguf *g, struct arena *arena, struct error *err);

size_t bpe_n_vocab(const struct bpe *b);
enum token_type bpe_type(const struct bpe *b, int32_t id);  /* id < n_vocab */
/* As written in the file. */
const char *bpe_text(const struct bpe *b, int32_t id, size_t *n_bytes);
/* What the token stands for: none for control and unused tokens. */
const char *bpe_bytes(const struct bpe *b, int32_t id, size_t *n_bytes);
/* Id of a token as written in the file, or -1. */
int32_t bpe_find(const struct bpe *b, const char *text, size_t n_bytes);

/* Working memory of bpe_encode, grown as needed. */
struct bpe_scratch {
    struct bpe_symbol *symbols;
    struct bpe_candidate *heap;
    size_t n_symbols, n_heap;
};
void bpe_scratch_done(struct bpe_scratch *s);

/* Appends the ids of one piece to ids[*n_ids], which has room for
 * BPE_IDS_PER_BYTE per byte. */
#define BPE_IDS_PER_BYTE 3          /* a byte without a token becomes U+FFFD: three bytes */
bool bpe_encode(const struct bpe *b, struct bpe_scratch *s, const char *piece, size_t n_bytes,
                int32_t *ids, size_t *n_ids, struct error *err);

#endif
