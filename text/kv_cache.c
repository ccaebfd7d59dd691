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

bool kv_cache_init(struct kv_cache *kv, size_t n_layer, size_t n_ctx, size_t n_row,
                   struct arena *session, struct error *err)
{
    *kv = (struct kv_cache){ .n_layer = n_layer, .n_ctx = n_ctx, .n_row = n_row };
    kv->k = arena_alloc(session, n_layer * n_ctx, n_row * sizeof *kv->k, err);
    kv->v = kv->k == NULL ? NULL : arena_alloc(session, n_layer * n_ctx, n_row * sizeof *kv->v, err);
    kv->ids = kv->v == NULL ? NULL : arena_alloc(session, n_ctx, sizeof *kv->ids, err);
    kv->hashes = kv->ids == NULL ? NULL : arena_alloc(session, n_ctx, sizeof *kv->hashes, err);
    return kv->hashes != NULL;
}

uint16_t *kv_cache_k(const struct kv_cache *kv, size_t i_layer)
{
    return kv->k + i_layer * kv->n_ctx * kv->n_row;
}

uint16_t *kv_cache_v(const struct kv_cache *kv, size_t i_layer)
{
    return kv->v + i_layer * kv->n_ctx * kv->n_row;
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
