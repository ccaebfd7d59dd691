/* context.c - one conversation's cache and scratch: prefill and decode. */
#include "text/context.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "text/memory.h"

#define N_CTX_DEFAULT 8192
/* Positions evaluated at once: enough that dequantising the weights costs little
 * beside multiplying by them. */
#define CHUNK 512

_Static_assert(TEXT_BOTH_WAYS_MOST <= CHUNK, "rows that see each other are evaluated together");
_Static_assert(LOOKUP_MOST + 1 <= TRANSFORMER_LOGITS, "each token of a guess needs its logits");
_Static_assert(LOOKUP_MOST + 1 <= OPS_SAME_ROWS, "guessed tokens have the bits that they have alone");

/* ---- memory ------------------------------------------------------------------------- */

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Positions kept beside the cache. */
static size_t kept_most(size_t n_ctx)
{
    return n_ctx / 4;
}

static bool choose_n_ctx(const struct text_model *m, size_t *n_ctx, struct error *err)
{
    if (*n_ctx == 0)
        *n_ctx = min_size(N_CTX_DEFAULT, m->net.n_ctx_train);
    if (*n_ctx <= m->net.n_ctx_train)
        return true;
    return error_set(err, ERROR_USAGE, "a context of %zu positions was asked for, but %s was trained for %zu; ask for that or less",
                     *n_ctx, m->info.name, m->net.n_ctx_train);
}

static size_t scratch_bytes(const struct text_model *m, size_t n_ctx)
{
    long n_cores = sysconf(_SC_NPROCESSORS_ONLN);

    return transformer_scratch_bytes(&m->net, n_ctx, n_cores > 0 ? (size_t)n_cores : 1);
}

size_t context_bytes_needed(const struct text_model *m, size_t n_chunk, size_t n_ctx, enum ops_keys_type type)
{
    const struct transformer *t = &m->net;
    size_t adapters = lora_set_bytes((const struct lora *const *)m->loras, m->n_loras, n_chunk), kv, all;

    if (!kv_cache_bytes(type, t->n_layer, n_ctx + kept_most(n_ctx), t->n_head_kv * t->head_dim, &kv) ||
        __builtin_add_overflow(kv, transformer_work_bytes(t, n_chunk) + scratch_bytes(m, n_ctx) +
                               m->info.file_bytes + adapters, &all))
        return SIZE_MAX;
    return all;
}

static bool enough_memory(const struct text_model *m, size_t n_chunk, size_t n_ctx, enum ops_keys_type type, struct error *err)
{
    return memory_check(context_bytes_needed(m, n_chunk, n_ctx, type), gguf_path(m->g), "the model with this context",
                        "take a shorter context (-c) or a smaller model", err);
}

static bool take_memory(struct text_context *x, size_t n_chunk, size_t n_ctx, enum ops_keys_type type, struct error *err)
{
    const struct transformer *t = &x->m->net;

    x->session = arena_new("session", 0, err);
    x->step = x->session == NULL ? NULL : arena_new("step", scratch_bytes(x->m, n_ctx), err);
    if (x->step == NULL || arena_alloc(x->step, 0, 1, err) == NULL)     /* the chunk is taken now */
        return false;
    arena_reset(x->step);
    return kv_cache_init(&x->kv, type, t->n_layer, n_ctx, t->n_head_kv, t->head_dim, x->session, err) &&
           kv_tails_init(&x->tails, kept_most(n_ctx), n_ctx, x->session, err) &&
           transformer_work_init(&x->work, t, n_chunk, x->session, x->step, err) &&
           lora_set_init(&x->work.loras, (const struct lora *const *)x->m->loras, x->m->n_loras, n_chunk, x->session, err);
}

struct text_context *text_context_new(const struct text_model *m, size_t n_ctx, struct error *err)
{
    return text_context_new_as(m, n_ctx, TEXT_KV_F16, err);
}

struct text_context *text_context_new_as(const struct text_model *m, size_t n_ctx, enum text_kv kv, struct error *err)
{
    enum ops_keys_type type = kv == TEXT_KV_Q8_0 ? OPS_KEYS_Q8_0 : OPS_KEYS_F16;

    if (!choose_n_ctx(m, &n_ctx, err) || !enough_memory(m, min_size(CHUNK, n_ctx), n_ctx, type, err))
        return NULL;
    struct text_context *x = calloc(1, sizeof *x);
    if (x == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for a context");
        return NULL;
    }
    x->m = m;
    lookup_init(&x->lookup);
    if (!take_memory(x, min_size(CHUNK, n_ctx), n_ctx, type, err)) {
        text_context_free(x);
        return NULL;
    }
    return x;
}

void text_context_free(struct text_context *x)
{
    if (x == NULL)
        return;
    kv_tails_clear(&x->tails);
    arena_free(x->session);
    arena_free(x->step);
    free(x);
}

void text_context_clear(struct text_context *x)
{
    x->kv.used = x->n_ahead = 0;
    kv_tails_clear(&x->tails);
}

void text_context_scale_lora(struct text_context *x, size_t i, float scale)
{
    if (x->work.loras.scales[i] == scale)
        return;
    x->work.loras.scales[i] = scale;
    text_context_clear(x);
}

size_t text_context_size(const struct text_context *x)
{
    return x->kv.n_ctx;
}

size_t text_context_used(const struct text_context *x)
{
    return x->kv.used;
}

size_t text_context_bytes(const struct text_context *x)
{
    return arena_bytes(x->session) + arena_bytes(x->step) + kv_tails_bytes(&x->tails);
}

/* ---- prefill ------------------------------------------------------------------------- */

struct prefill {
    const struct text_span *spans;
    size_t n_spans, total;
    size_t chunk, n_layer;          /* positions and layers of the chunk in work */
    size_t done;                    /* positions before it */
    void (*progress)(void *user, size_t done, size_t total);
    void *user;
};

/* Within a chunk positions advance by layers, so that the count moves steadily. */
static void tell(void *user, size_t n_layers_done)
{
    const struct prefill *p = user;

    p->progress(p->user, p->done + p->chunk * n_layers_done / p->n_layer, p->total);
}

/* The part [*from, *to) of the span that starts at position `at`, as far as it lies in
 * the n positions from `first`; false when none does. */
static bool part_of(const struct text_span *span, size_t at, size_t first, size_t n, size_t *from, size_t *to)
{
    *from = first > at ? first - at : 0;
    *to = first + n > at ? min_size(span->n, first + n - at) : 0;
    return *from < *to;
}

/* Rows of positions [first, first + n) of the spans into the buffer. */
static bool fill(struct text_context *x, const struct compute *c, const struct prefill *p,
                 size_t first, size_t n, struct error *err)
{
    size_t n_embd = x->m->net.n_embd, from, to;

    for (size_t s = 0, at = 0; s < p->n_spans; at += p->spans[s++].n) {
        const struct text_span *span = &p->spans[s];
        if (!part_of(span, at, first, n, &from, &to))
            continue;
        float *rows = x->work.x + (at + from - first) * n_embd;
        if (span->ids == NULL)
            memcpy(rows, span->rows + from * n_embd, (to - from) * n_embd * sizeof *rows);
        else if (!transformer_embed(&x->m->net, c, span->ids + from, to - from, rows, err))
            return false;
    }
    return true;
}

static bool has_axes(const struct text_context *x)
{
    return x->m->net.rotations[0].axis != NULL;
}

/* Where positions [first, first + n) of the spans stand and what they see, where that is not as usual. */
static void place(struct text_context *x, const struct prefill *p, size_t first, size_t n)
{
    struct transformer_work *w = &x->work;

    w->has_until = places_until(p->spans, p->n_spans, first, n, w->until);
    w->has_places = has_axes(x);
    if (w->has_places)
        places_of(p->spans, p->n_spans, x->kv.next, first, n, w->places);
}

static bool evaluate(struct text_context *x, const struct compute *c, struct prefill *p, size_t n, struct error *err)
{
    size_t first = x->kv.used, from, to;
    bool is_last = first + n == p->total;

    p->chunk = n;
    p->done = first;
    place(x, p, first, n);
    if (!fill(x, c, p, first, n, err) ||
        !transformer_forward(&x->m->net, c, &x->kv, &x->work, n, is_last ? 1 : 0, p->progress == NULL ? NULL : tell, p, err))
        return false;
    for (size_t s = 0, at = 0; s < p->n_spans; at += p->spans[s++].n)
        if (part_of(&p->spans[s], at, first, n, &from, &to))
            kv_cache_append(&x->kv, &p->spans[s], from, to, x->m->net.n_embd);
    return true;
}

/* Positions to evaluate next.  Of about equal length: a short chunk costs nearly as much as a long one. */
static size_t chunk(const struct prefill *p, size_t first)
{
    size_t n_left = p->total - first, n_chunks = (n_left + CHUNK - 1) / CHUNK;

    return places_chunk(p->spans, p->n_spans, first, first + (n_left + n_chunks - 1) / n_chunks) - first;
}

static bool check_spans(const struct text_span *spans, size_t n_spans, struct error *err)
{
    for (size_t s = 0; s < n_spans; s++) {
        if (spans[s].both_ways && spans[s].n > TEXT_BOTH_WAYS_MOST)
            return error_set(err, ERROR_INFERENCE, "%zu rows that see each other were given, %d are possible", spans[s].n, TEXT_BOTH_WAYS_MOST);
        if (spans[s].width > 0 && (spans[s].n % spans[s].width != 0 || spans[s].n / spans[s].width != spans[s].height))
            return error_set(err, ERROR_INFERENCE, "%zu rows are no grid of %zu x %zu", spans[s].n, spans[s].width, spans[s].height);
    }
    return true;
}

bool text_prefill(struct text_context *x, const struct compute *c, const struct text_span *spans,
                  size_t n_spans, const float **logits, size_t *n_reused,
                  void (*progress)(void *user, size_t done, size_t total), void *user, struct error *err)
{
    struct kv_cache *kv = &x->kv;
    struct prefill p = {
        .spans = spans, .n_spans = n_spans, .total = kv_cache_total(spans, n_spans),
        .n_layer = x->m->net.n_layer, .progress = progress, .user = user,
    };

    if (p.total == 0)
        return error_set(err, ERROR_INFERENCE, "there is nothing to read: the prompt is empty");
    if (!check_spans(spans, n_spans, err))
        return false;
    if (p.total > kv->n_ctx)
        return error_set(err, ERROR_INFERENCE, "the conversation takes %zu positions, the context holds %zu; "
                         "start afresh or take a longer context (-c)", p.total, kv->n_ctx);
    /* The last position is always computed: its logits are wanted. */
    kv_tails_switch(&x->tails, kv, spans, n_spans, x->m->net.n_embd);
    places_next(spans, n_spans, has_axes(x), kv->next);
    kv->used = places_whole(spans, n_spans, min_size(kv->used, p.total - 1));
    *n_reused = kv->used;
    x->n_ahead = 0;
    lookup_reset(&x->lookup);
    while (kv->used < p.total)
        if (!evaluate(x, c, &p, chunk(&p, kv->used), err))
            return false;
    *logits = x->work.logits;
    return true;
}

/* ---- shift ----------------------------------------------------------------------------- */

size_t text_forget(struct text_context *x, const struct compute *c, size_t from, const struct text_span *spans, size_t n_spans)
{
    struct kv_cache *kv = &x->kv;
    size_t n = kv_cache_total(spans, n_spans);

    if (n == 0 || from >= kv->used || n >= kv->used - from || kv->type != OPS_KEYS_F16 ||
        !kv_tails_holds(&x->tails, kv, from, spans, n_spans, x->m->net.n_embd))
        return 0;
    x->n_ahead = 0;
    size_t n_places = kv_cache_places(kv, from, n);
    kv_cache_remove(kv, from, n);
    transformer_turn_back(&x->m->net, c, kv, &x->work, from, n_places);
    return kv->used - from;
}

/* ---- decode -------------------------------------------------------------------------- */

static int32_t next_place(const struct kv_cache *kv)
{
    return kv->used > 0 ? kv->next[kv->used - 1] : 0;
}

/* n tokens stand one after another and see what is before them. */
static void place_tokens(struct text_context *x, size_t n)
{
    struct transformer_work *w = &x->work;
    int32_t first = next_place(&x->kv);

    w->has_until = false;
    w->has_places = has_axes(x);
    for (size_t i = 0; w->has_places && i < n; i++)
        for (size_t a = 0; a < PLACES_AXES; a++)
            w->places[i * PLACES_AXES + a] = first + (int32_t)i;
}

/* The position of a token that is evaluated is taken; the row of its logits. */
static const float *take(struct text_context *x, int32_t id, size_t i_logits)
{
    x->kv.next[x->kv.used] = next_place(&x->kv) + 1;
    kv_cache_append(&x->kv, &(struct text_span){ .ids = &id, .n = 1 }, 0, 1, x->m->net.n_embd);
    x->i_logits = i_logits;
    return x->work.logits + i_logits * x->m->net.n_vocab;
}

static bool decode(struct text_context *x, const struct compute *c, int32_t id, size_t n_more,
                   const float **logits, struct error *err)
{
    struct kv_cache *kv = &x->kv;
    int32_t *ids = kv->ids + kv->used;
    size_t n = 1;

    if (kv->used == kv->n_ctx)
        return error_set(err, ERROR_INFERENCE, "the context of %zu positions is full", kv->n_ctx);
    if (compute_cancelled(c, err))      /* stops where a step would, whatever is there already */
        return false;
    if (x->n_ahead > 0 && ids[0] == id) {
        x->n_ahead--;
        *logits = take(x, id, x->i_logits + 1);
        return true;
    }
    x->n_ahead = 0;
    ids[0] = id;
    if (n_more > 0)
        n += lookup_guess(&x->lookup, kv->ids, kv->used + 1, min_size(n_more, kv->n_ctx - kv->used - 1), ids + 1);
    double start = clock_ms();
    place_tokens(x, n);
    if (!transformer_embed(&x->m->net, c, ids, n, x->work.x, err) ||
        !transformer_forward(&x->m->net, c, kv, &x->work, n, n, NULL, NULL, err))
        return false;
    lookup_timed(&x->lookup, n, clock_ms() - start);
    x->n_ahead = n - 1;
    *logits = take(x, id, 0);
    return true;
}

bool text_decode(struct text_context *x, const struct compute *c, int32_t id,
                 const float **logits, struct error *err)
{
    return decode(x, c, id, 0, logits, err);
}

bool text_decode_ahead(struct text_context *x, const struct compute *c, int32_t id, size_t n_more,
                       const float **logits, struct error *err)
{
    return decode(x, c, id, n_more, logits, err);
}

struct text_ahead text_context_ahead(const struct text_context *x)
{
    return (struct text_ahead){ x->lookup.n_guessed, x->lookup.n_right };
}
