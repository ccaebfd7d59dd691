/* kv_tails.h - ends of what the cache held, kept when another text takes their place.
 *
 *   cache   system | question | answer 1          cache   system | question | answer 2
 *                             '- from    end  ->  tail                      | answer 1
 *
 * A conversation that goes back (another answer, another branch, a question beside it) and
 * returns finds its keys and values again as they were, as far as the cache still holds, or
 * other tails give, what stands before them.  The latest tails are kept, up to a number of
 * positions; memory is taken when one is kept, and without memory none is. */
#ifndef TEXT_KV_TAILS_H
#define TEXT_KV_TAILS_H

#include "text/kv_cache.h"

#define KV_TAILS_MOST 16

struct kv_tail {
    size_t from, end;               /* positions whose keys and values it has */
    int32_t *ids;                   /* [end], as in the cache: also of what stands before */
    uint64_t *hashes;               /* [end] */
    char *k, *v;                    /* [n_layer][n_head_kv][end - from] rows */
    size_t n_bytes;
};

struct kv_tails {                   /* starts as { 0 } */
    struct kv_tail *tails[KV_TAILS_MOST + 1];   /* kept last first; owned; one more while it is put back */
    size_t n;
    size_t most;                    /* positions of all */
    int32_t *ids;                   /* [n_ctx] of the text that is wanted */
    uint64_t *hashes;
};
bool kv_tails_init(struct kv_tails *t, size_t most, size_t n_ctx, struct arena *session, struct error *err);
void kv_tails_clear(struct kv_tails *t);
size_t kv_tails_bytes(const struct kv_tails *t);

/* Makes the cache hold the longest prefix of the spans, at most n_ctx positions, that it or
 * the tails have; what it held behind is kept as a tail.  A tail that is put back whole is one no more. */
void kv_tails_switch(struct kv_tails *t, struct kv_cache *kv, const struct text_span *spans, size_t n_spans, size_t n_embd);

/* Whether the cache has just these spans from position `from` on; they are at most n_ctx positions. */
bool kv_tails_holds(struct kv_tails *t, const struct kv_cache *kv, size_t from, const struct text_span *spans, size_t n_spans,
                    size_t n_embd);

#endif
