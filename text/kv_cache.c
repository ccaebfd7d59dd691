#include "text/kv_cache.h"

#include <string.h>

bool kv_cache_bytes(size_t n_layer, size_t n_ctx, size_t n_row, size_t *n_bytes)
{
    size_t per_position, all;

    if (__builtin_mul_overflow(n_layer, n_row, &per_position) ||
        __builtin_mul_overflow(per_position, 2 * sizeof(uint16_t), &per_position) ||
        __builtin_add_overflow(per_position, sizeof(int32_t) + sizeof(uint64_t), &per_position) ||
        __builtin_mul_overflow(per_position, n_ctx, &all))
        return false;
    *n_bytes = all;
    return true;
}

bool kv_cache_init(struct kv_cache *kv, size_t n_layer, size_t n_ctx, size_t n_head_kv, size_t head_dim,
                   struct arena *session, struct error *err)
{
    *kv = (struct kv_cache){ .n_layer = n_layer, .n_ctx = n_ctx, .n_head_kv = n_head_kv, .head_dim = head_dim };
    size_t n_row = n_head_kv * head_dim;

    kv->k = arena_alloc(session, n_layer * n_ctx, n_row * sizeof *kv->k, err);
    kv->v = kv->k == NULL ? NULL : arena_alloc(session, n_layer * n_ctx, n_row * sizeof *kv->v, err);
    kv->ids = kv->v == NULL ? NULL : arena_alloc(session, n_ctx, sizeof *kv->ids, err);
    kv->hashes = kv->ids == NULL ? NULL : arena_alloc(session, n_ctx, sizeof *kv->hashes, err);
    return kv->hashes != NULL;
}

static size_t layer_start(const struct kv_cache *kv, size_t i_layer)
{
    return i_layer * kv->n_ctx * kv->n_head_kv * kv->head_dim;
}

struct ops_keys kv_cache_layer(const struct kv_cache *kv, size_t i_layer)
{
    size_t at = layer_start(kv, i_layer);

    return (struct ops_keys){ kv->k + at, kv->v + at, kv->head_dim, kv->n_ctx * kv->head_dim };
}

void kv_cache_store(const struct kv_cache *kv, const struct compute *c, size_t i_layer, const float *k, const float *v, size_t n)
{
    size_t at = layer_start(kv, i_layer) + kv->used * kv->head_dim, head_step = kv->n_ctx * kv->head_dim;

    ops_f32_to_f16_heads(c, k, n, kv->n_head_kv, kv->head_dim, kv->k + at, head_step);
    ops_f32_to_f16_heads(c, v, n, kv->n_head_kv, kv->head_dim, kv->v + at, head_step);
}

/* FNV-1a's step over 32-bit words, folded so that high bits come down again. */
static uint64_t hash_row(const float *row, size_t n_embd)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < n_embd; i++) {
        uint32_t word;
        memcpy(&word, &row[i], sizeof word);
        hash = (hash ^ word) * 1099511628211u;
        hash ^= hash >> 29;
    }
    return hash;
}

static int32_t id_of(const struct text_span *span, size_t i)
{
    return span->ids != NULL ? span->ids[i] : -1;
}

static uint64_t hash_of(const struct text_span *span, size_t i, size_t n_embd)
{
    return span->ids != NULL ? 0 : hash_row(span->rows + i * n_embd, n_embd);
}

size_t kv_cache_total(const struct text_span *spans, size_t n_spans)
{
    size_t total = 0;

    for (size_t s = 0; s < n_spans; s++)
        total += spans[s].n;
    return total;
}

size_t kv_cache_common(const struct kv_cache *kv, const struct text_span *spans, size_t n_spans, size_t n_embd)
{
    size_t at = 0;

    for (size_t s = 0; s < n_spans; s++)
        for (size_t i = 0; i < spans[s].n; i++, at++) {
            if (at == kv->used || kv->ids[at] != id_of(&spans[s], i) || kv->hashes[at] != hash_of(&spans[s], i, n_embd))
                return at;
        }
    return at;
}

void kv_cache_append(struct kv_cache *kv, const struct text_span *span, size_t from, size_t to, size_t n_embd)
{
    for (size_t i = from; i < to; i++, kv->used++) {
        kv->ids[kv->used] = id_of(span, i);
        kv->hashes[kv->used] = hash_of(span, i, n_embd);
    }
}
