#include "text/kv_tails.h"

#include <stdlib.h>
#include <string.h>

#define SHORTEST 8                  /* positions: fewer are as cheap to evaluate again */

bool kv_tails_init(struct kv_tails *t, size_t most, size_t n_ctx, struct arena *session, struct error *err)
{
    *t = (struct kv_tails){ .most = most };
    t->ids = arena_alloc(session, n_ctx, sizeof *t->ids, err);
    t->hashes = t->ids == NULL ? NULL : arena_alloc(session, n_ctx, sizeof *t->hashes, err);
    return t->hashes != NULL;
}

static void drop(struct kv_tails *t, size_t i)
{
    free(t->tails[i]);
    memmove(&t->tails[i], &t->tails[i + 1], (--t->n - i) * sizeof *t->tails);
}

void kv_tails_clear(struct kv_tails *t)
{
    while (t->n > 0)
        drop(t, t->n - 1);
}

size_t kv_tails_bytes(const struct kv_tails *t)
{
    size_t n_bytes = 0;

    for (size_t i = 0; i < t->n; i++)
        n_bytes += t->tails[i]->n_bytes;
    return n_bytes;
}

/* Of the tails from the first on. */
static size_t n_kept(const struct kv_tails *t, size_t first)
{
    size_t n = 0;

    for (size_t i = first; i < t->n; i++)
        n += t->tails[i]->end - t->tails[i]->from;
    return n;
}

/* Positions at which both texts have the same, from the start. */
static size_t common(const int32_t *ids, const uint64_t *hashes, size_t n, const int32_t *other_ids,
                     const uint64_t *other_hashes, size_t n_other)
{
    size_t i = 0;

    while (i < n && i < n_other && ids[i] == other_ids[i] && hashes[i] == other_hashes[i])
        i++;
    return i;
}

static void move_to_front(struct kv_tails *t, size_t i)
{
    struct kv_tail *tail = t->tails[i];

    memmove(&t->tails[1], &t->tails[0], i * sizeof *t->tails);
    t->tails[0] = tail;
}

/* ---- keeping ------------------------------------------------------------------------- */

/* One block of memory; NULL without. */
static struct kv_tail *new_tail(const struct kv_cache *kv, size_t from, size_t end)
{
    size_t rows = kv->n_layer * kv->n_head_kv * (end - from) * kv_cache_row_bytes(kv);
    size_t n_bytes = sizeof(struct kv_tail) + end * (sizeof(uint64_t) + sizeof(int32_t)) + 2 * rows;
    struct kv_tail *tail = malloc(n_bytes);

    if (tail == NULL)
        return NULL;
    tail->from = from;
    tail->end = end;
    tail->n_bytes = n_bytes;
    tail->hashes = (uint64_t *)(tail + 1);
    tail->ids = (int32_t *)(tail->hashes + end);
    tail->k = (char *)(tail->ids + end);
    tail->v = tail->k + rows;
    return tail;
}

/* Rows [first, first + n) between the cache and a tail that has them. */
static void copy_rows(const struct kv_cache *kv, const struct kv_tail *tail, size_t first, size_t n, bool into_cache)
{
    size_t row = kv_cache_row_bytes(kv), length = tail->end - tail->from;

    for (size_t l = 0; l < kv->n_layer; l++)
        for (size_t h = 0; h < kv->n_head_kv; h++) {
            size_t at = kv_cache_place(kv, l, h, first);
            size_t in_tail = ((l * kv->n_head_kv + h) * length + first - tail->from) * row;
            char *k = (char *)kv->k + at, *v = (char *)kv->v + at;
            memcpy(into_cache ? k : tail->k + in_tail, into_cache ? tail->k + in_tail : k, n * row);
            memcpy(into_cache ? v : tail->v + in_tail, into_cache ? tail->v + in_tail : v, n * row);
        }
}

/* Whether a tail has all of the cache from `from` on; one that the cache goes on from is of no use
 * any more. */
static bool is_kept(struct kv_tails *t, const struct kv_cache *kv, size_t from)
{
    for (size_t i = t->n; i-- > 0;) {
        const struct kv_tail *tail = t->tails[i];
        size_t same = common(kv->ids, kv->hashes, kv->used, tail->ids, tail->hashes, tail->end);
        if (same == kv->used && tail->from <= from)
            return true;
        if (same == tail->end && tail->from >= from)
            drop(t, i);
    }
    return false;
}

/* What the cache holds from `from` on; of more than fits, the first.  The first n_wanted tails
 * are about to be put back: they take no room and stay. */
static void keep(struct kv_tails *t, const struct kv_cache *kv, size_t from, size_t n_wanted)
{
    size_t n = kv->used - from;

    if (n > t->most)
        n = t->most;
    if (n < SHORTEST || is_kept(t, kv, from))
        return;
    while (t->n - n_wanted == KV_TAILS_MOST || n_kept(t, n_wanted) + n > t->most)
        drop(t, t->n - 1);
    struct kv_tail *tail = new_tail(kv, from, from + n);
    if (tail == NULL)
        return;
    memcpy(tail->ids, kv->ids, tail->end * sizeof *tail->ids);
    memcpy(tail->hashes, kv->hashes, tail->end * sizeof *tail->hashes);
    copy_rows(kv, tail, from, n, false);
    t->tails[t->n++] = tail;
    move_to_front(t, t->n - 1);
}

/* ---- putting back ---------------------------------------------------------------------- */

/* The tail that leads furthest behind the first `held` of the n wanted positions; *end. */
static size_t find(const struct kv_tails *t, size_t held, size_t n, size_t *end)
{
    size_t best = t->n;

    *end = held;
    for (size_t i = 0; i < t->n; i++) {
        const struct kv_tail *tail = t->tails[i];
        size_t same = common(t->ids, t->hashes, n, tail->ids, tail->hashes, tail->end);
        if (tail->from <= held && same > *end) {
            *end = same;
            best = i;
        }
    }
    return best;
}

static void put_back(struct kv_tails *t, struct kv_cache *kv, size_t n)
{
    size_t end, i;

    while ((i = find(t, kv->used, n, &end)) < t->n) {
        const struct kv_tail *tail = t->tails[i];
        copy_rows(kv, tail, kv->used, end - kv->used, true);
        memcpy(kv->ids + kv->used, tail->ids + kv->used, (end - kv->used) * sizeof *kv->ids);
        memcpy(kv->hashes + kv->used, tail->hashes + kv->used, (end - kv->used) * sizeof *kv->hashes);
        kv->used = end;
        if (end == tail->end)
            drop(t, i);
    }
}

void kv_tails_switch(struct kv_tails *t, struct kv_cache *kv, const struct text_span *spans, size_t n_spans, size_t n_embd)
{
    size_t n = kv_cache_total(spans, n_spans), end;

    kv_cache_mark(spans, n_spans, n_embd, t->ids, t->hashes);
    size_t held = common(kv->ids, kv->hashes, kv->used, t->ids, t->hashes, n);
    size_t wanted = find(t, held, n, &end);
    bool is_there = wanted < t->n;
    if (is_there)
        move_to_front(t, wanted);
    keep(t, kv, held, is_there ? 1 : 0);
    kv->used = held;
    put_back(t, kv, n);
    while (n_kept(t, 0) > t->most)  /* a tail of which a part was put back */
        drop(t, t->n - 1);
}

bool kv_tails_holds(struct kv_tails *t, const struct kv_cache *kv, size_t from, const struct text_span *spans, size_t n_spans,
                    size_t n_embd)
{
    size_t n = kv_cache_total(spans, n_spans);

    kv_cache_mark(spans, n_spans, n_embd, t->ids, t->hashes);
    return from <= kv->used && common(kv->ids + from, kv->hashes + from, kv->used - from, t->ids, t->hashes, n) == n;
}
