/* added.h - a set of tokens that are found in text as they are written, before it is cut
 * into pieces: control tokens, user-defined ones.  Of those that begin at a place the
 * longest is taken, and the text is read from left to right, as `tokenizers` and
 * SentencePiece do. */
#ifndef TEXT_ADDED_H
#define TEXT_ADDED_H

#include "text/vocabulary.h"

struct added {
    struct added_token {
        const char *text;
        size_t n_bytes;
        int32_t id;
    } *tokens;
    size_t n;
    uint32_t *table;                /* hash table of the texts: index + 1, 0: free */
    size_t mask;
    size_t *lengths;                /* of the texts: distinct, ascending */
    size_t n_lengths;
    bool opens[256];                /* first bytes */
};

/* Those for which `belongs` holds and that are not empty.  blanks: each blank of a text is
 * matched by a U+2581, as SentencePiece writes it. */
bool added_new(struct added *a, const struct vocabulary *v, bool (*belongs)(const void *user, int32_t id),
               const void *user, bool blanks, struct arena *arena, struct error *err);

/* Id of the longest that text[0..n_bytes) begins with, and its length there; or -1. */
int32_t added_at(const struct added *a, const char *text, size_t n_bytes, size_t *length);

#endif
