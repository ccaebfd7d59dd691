/* merging.h - joining neighbours until none can be: what byte-level and SentencePiece
 * byte-pair encoding have in common.
 *
 * Of all neighbours that may be joined, those with the lowest rank (of equals, the leftmost)
 * are, again and again (Sennrich et al. 2016, arXiv:1508.07909).  A linked list of symbols
 * and a heap of candidates: n symbols take O(n log n) time. */
#ifndef TEXT_MERGING_H
#define TEXT_MERGING_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
    int32_t id;                     /* of its token, -1: none is written so */
    uint32_t first, n_bytes;        /* of the text; n_bytes 0: joined to the one before */
    uint32_t previous, next;        /* MERGING_NOWHERE at the ends */
};
#define MERGING_NOWHERE UINT32_MAX

struct merging_candidate {
    uint32_t rank, place;
};

struct merging {                    /* starts as { 0 }; kept from one text to the next */
    struct symbol *symbols;
    size_t n_symbols;
    struct merging_candidate *heap;
    size_t n_heap;
    size_t n_room;
};
void merging_done(struct merging *m);

/* Empties it and makes room for n symbols; n_bytes is what they stand for, for the message. */
bool merging_start(struct merging *m, size_t n, size_t n_bytes, struct error *err);
void merging_add(struct merging *m, int32_t id, size_t first, size_t n_bytes);

/* Rank of joining two neighbours and the id of the result, or MERGING_NEVER. */
#define MERGING_NEVER UINT32_MAX
typedef uint32_t merging_rank(const void *user, const struct symbol *left, const struct symbol *right, int32_t *id);

/* Afterwards symbols with n_bytes > 0 are the result, in order. */
void merging_run(struct merging *m, merging_rank *rank, const void *user);

#endif
