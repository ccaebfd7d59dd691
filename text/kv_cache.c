#include "text/kv_cache.h"

#include <string.h>

#include "tensor/quant.h"

bool kv_cache_bytes(enum ops_keys_type type, size_t n_layer, size_t n_ctx, size_t n_row, size_t *n_bytes)
{
    size_t per_position, all;

    if (__builtin_mul_overflow(2 * n_layer, ops_keys_bytes(type, n_row), &per_position) ||
        __builtin_add_overflow(per_position, 2 * sizeof(int32_t) + sizeof(uint64_t), &per_position) ||
        __builtin_mul_overflow(per_position, n_ctx, &all))
        return false;
    *n_bytes = all;
    return true;
}

bool kv_cache_init(struct kv_cache *kv, enum ops_keys_type type, size_t n_layer, size_t n_ctx, size_t n_head_kv,
                   size_t head_dim, struct arena *session, struct error *err)
{
    *kv = (struct kv_cache){ .type = type, .n_layer = n_layer, .n_ctx = n_ctx, .n_head_kv = n_head_kv, .head_dim = head_dim };
    if (type == OPS_KEYS_Q8_0 && head_dim % QUANT_BLOCK != 0)
        return error_set(err, ERROR_USAGE, "a Q8_0 cache takes heads of a multiple of %d numbers, this model's have %zu; "
                         "take an F16 cache (--kv f16)", QUANT_BLOCK, head_dim);
    size_t row_bytes = n_head_kv * kv_cache_row_bytes(kv);

    kv->k = arena_alloc(session, n_layer * n_ctx, row_bytes, err);
    kv->v = kv->k == NULL ? NULL : arena_alloc(session, n_layer * n_ctx, row_bytes, err);
    kv->ids = kv->v == NULL ? NULL : arena_alloc(session, n_ctx, sizeof *kv->ids, err);
    kv->hashes = kv->ids == NULL ? NULL : arena_alloc(session, n_ctx, sizeof *kv->hashes, err);
    kv->next = kv->hashes == NULL ? NULL : arena_alloc(session, n_ctx, sizeof *kv->next, err);
    return kv->next != NULL;
}

size_t kv_cache_row_bytes(const struct kv_cache *kv)
{
    return ops_keys_bytes(kv->type, kv->head_dim);
}

size_t kv_cache_place(const struct kv_cache *kv, size_t i_layer, size_t i_head, size_t at)
{
    return ((i_layer * kv->n_head_kv + i_head) * kv->n_ctx + at) * kv_cache_row_bytes(kv);
}

struct ops_keys kv_cache_layer(const struct kv_cache *kv, size_t i_layer)
{
    size_t at = kv_cache_place(kv, i_layer, 0, 0);

    return (struct ops_keys){ (char *)kv->k + at, (char *)kv->v + at, kv->head_dim, kv->n_ctx * kv->head_dim, kv->type };
}

static void store(const struct kv_cache *kv, const struct compute *c, const float *x, size_t n, void *y)
{
    size_t head_step = kv->n_ctx * kv->head_dim;

    if (kv->type == OPS_KEYS_Q8_0)
        ops_f32_to_q8_0_heads(c, x, n, kv->n_head_kv, kv->head_dim, y, head_step);
    else
        ops_f32_to_f16_heads(c, x, n, kv->n_head_kv, kv->head_dim, y, head_step);
}

void kv_cache_store(const struct kv_cache *kv, const struct compute *c, size_t i_layer, const float *k, const float *v, size_t n)
{
    size_t at = kv_cache_place(kv, i_layer, 0, kv->used);

    store(kv, c, k, n, (char *)kv->k + at);
    store(kv, c, v, n, (char *)kv->v + at);
}

size_t kv_cache_places(const struct kv_cache *kv, size_t from, size_t n)
{
    return (size_t)(kv->next[from + n - 1] - (from > 0 ? kv->next[from - 1] : 0));
}

void kv_cache_remove(struct kv_cache *kv, size_t from, size_t n)
{
    size_t n_behind = kv->used - from - n, bytes = n_behind * kv_cache_row_bytes(kv);

    for (size_t l = 0; l < kv->n_layer; l++)
        for (size_t h = 0; h < kv->n_head_kv; h++) {
            size_t to = kv_cache_place(kv, l, h, from), at = kv_cache_place(kv, l, h, from + n);
            memmove((char *)kv->k + to, (char *)kv->k + at, bytes);
            memmove((char *)kv->v + to, (char *)kv->v + at, bytes);
        }
    memmove(kv->ids + from, kv->ids + from + n, n_behind * sizeof *kv->ids);
    memmove(kv->hashes + from, kv->hashes + from + n, n_behind * sizeof *kv->hashes);
    for (size_t i = from, back = kv_cache_places(kv, from, n); i < from + n_behind; i++)
        kv->next[i] = kv->next[i + n] - (int32_t)back;
    kv->used -= n;
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

void kv_cache_mark(const struct text_span *spans, size_t n_spans, size_t n_embd, int32_t *ids, uint64_t *hashes)
{
    for (size_t s = 0; s < n_spans; s++)
        for (size_t i = 0; i < spans[s].n; i++) {
            *ids++ = id_of(&spans[s], i);
            *hashes++ = hash_of(&spans[s], i, n_embd);
        }
}

void kv_cache_append(struct kv_cache *kv, const struct text_span *span, size_t from, size_t to, size_t n_embd)
{
    for (size_t i = from; i < to; i++, kv->used++) {
        kv->ids[kv->used] = id_of(span, i);
        kv->hashes[kv->used] = hash_of(span, i, n_embd);
    }
}
