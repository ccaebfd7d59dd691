/* context.h - what a struct text_context is made of. */
#ifndef TEXT_CONTEXT_H
#define TEXT_CONTEXT_H

#include "base/arena.h"
#include "text/kv_cache.h"
#include "text/kv_tails.h"
#include "text/lookup.h"
#include "text/model.h"

struct text_context {
    const struct text_model *m;
    struct arena *session, *step;   /* cache and buffers; scratch of the operations */
    struct kv_cache kv;
    struct kv_tails tails;
    struct transformer_work work;
    /* Of the last step: positions after `used` that are evaluated, with their ids in the
     * cache, and whose logits are in `work`; the row of those before them. */
    size_t n_ahead, i_logits;
    struct lookup lookup;
};

/* What a context of that size takes: the weights and adapters, as mapped, the cache with what may be kept
 * beside it, and the buffers for chunks of n_chunk tokens.  SIZE_MAX: more than can be counted. */
size_t context_bytes_needed(const struct text_model *m, size_t n_chunk, size_t n_ctx, enum ops_keys_type type);

#endif
