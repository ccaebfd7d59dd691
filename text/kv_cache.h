/* kv_cache.h - keys and values of the positions evaluated so far, and what stood there.
 *
 *   k, v  [n_layer][n_head_kv][n_ctx][head_dim] as f16 bits or blocks of Q8_0
 *   ids, hashes [n_ctx]: the token; or -1 and a hash of the embedding row
 *   next        [n_ctx]: where what follows stands, by rotation: a picture in a model whose
 *                        positions have axes takes fewer of them than it has rows
 *
 * These let the next turn keep the prefix that it shares with this one, and lookup.h
 * guess what comes next. */
#ifndef TEXT_KV_CACHE_H
#define TEXT_KV_CACHE_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/ops.h"
#include "text/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kv_cache {
    size_t n_layer, n_ctx, n_head_kv, head_dim;
    enum ops_keys_type type;
    size_t used;                    /* positions filled */
    void *k, *v;
    int32_t *ids;                   /* -1: an embedding row */
    uint64_t *hashes;               /* of the row's bytes; 0 for ids */
    int32_t *next;                  /* i + 1 in most models */
};

/* Bytes of a cache; false when they overflow. */
bool kv_cache_bytes(enum ops_keys_type type, size_t n_layer, size_t n_ctx, size_t n_row, size_t *n_bytes);     /* n_row: n_head_kv * head_dim */
bool kv_cache_init(struct kv_cache *kv, enum ops_keys_type type, size_t n_layer, size_t n_ctx, size_t n_head_kv,
                   size_t head_dim, struct arena *session, struct error *err);

/* One layer, from position 0 on. */
struct ops_keys kv_cache_layer(const struct kv_cache *kv, size_t i_layer);
/* Keys and values [n][n_head_kv][head_dim] of positions used .. used + n - 1 of one layer. */
void kv_cache_store(const struct kv_cache *kv, const struct compute *c, size_t i_layer, const float *k, const float *v, size_t n);

/* Where the keys or values of positions `at` and on of one layer's head begin in kv->k or
 * kv->v, in bytes; a position of a head takes kv_cache_row_bytes. */
size_t kv_cache_place(const struct kv_cache *kv, size_t i_layer, size_t i_head, size_t at);
size_t kv_cache_row_bytes(const struct kv_cache *kv);
/* How many places the positions [from, from + n), which are filled, n > 0, take. */
size_t kv_cache_places(const struct kv_cache *kv, size_t from, size_t n);
/* Takes positions [from, from + n), which are filled, away: those behind them follow `from`
 * with their keys and values as they are. */
void kv_cache_remove(struct kv_cache *kv, size_t from, size_t n);

/* Positions in all of the spans. */
size_t kv_cache_total(const struct text_span *spans, size_t n_spans);
/* What stands at the positions of the spans, as ids and hashes have it. */
void kv_cache_mark(const struct text_span *spans, size_t n_spans, size_t n_embd, int32_t *ids, uint64_t *hashes);
/* The next to - from positions, which were evaluated, hold the span's positions [from, to): marks them and
 * counts them as used. */
void kv_cache_append(struct kv_cache *kv, const struct text_span *span, size_t from, size_t to, size_t n_embd);

#endif
