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

#endif
