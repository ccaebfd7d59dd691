/* attention.c - softmax(scale q k^T) v, in blocks that stay in the cache.
 *
 *   item = block of query positions x one key/value head x a span of positions
 *   for each chunk of keys:  s = q k^T   running max m and sum l   out = out e^(m - m') + p v
 *
 * Chunks and spans begin at multiples of their length whatever the queries see of them,
 * so that a query's sums have one order.
 *
 * All query heads that share a key/value head are rows of the same small
 * product, so keys and values are converted once per key/value head.  The
 * running softmax is Milakov & Gimelshein 2018, arXiv:1805.02867.  With few
 * queries the positions are split into spans too, so that all threads have work
 * when there are few heads; the parts are joined in order afterwards. */
#include "tensor/ops.h"

#include "tensor/blas.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"
#include "tensor/quant.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define CHUNK 128                   /* key positions at a time */
#define BLOCK_ROWS 64               /* query rows (positions x shared heads) of an item, about */
#define FEW_QUERIES OPS_SAME_ROWS   /* up to here positions are split into spans of ... */
#define SPAN 256                    /* ... this many, a multiple of CHUNK */

struct attention {
    const struct compute *c;
    const float *q, *k, *v;         /* k, v: f32, or NULL and ... */
    struct ops_keys keys;           /* ... these; its steps are those of k and v, too */
    const float *bias;              /* [n_keys], or NULL */
    const size_t *until;            /* [n], or NULL */
    float soft_cap;
    size_t n, pos0, n_kv;           /* query i sees n_kv keys, or those up to pos0 + i when causal, or those before until[i] */
    size_t window;                  /* ... of which `window` up to its own and all behind, at most SIZE_MAX */
    bool causal, few;               /* few: at most FEW_QUERIES over a cache */
    size_t n_head, n_head_kv, head_dim;
    float scale, *out;
    size_t group, n_queries, n_blocks;      /* heads sharing keys; queries in a block; blocks */
    size_t span, span0, n_spans;            /* positions in a span; the first that is seen; spans from it on */
    float *work, *parts;            /* work: [n_threads][work_floats] */
    size_t work_floats;             /* parts: [n_spans][n][n_head][head_dim + 2], when n_spans > 1 */
};

struct block {                      /* one item's working memory */
    float *q, *chunk, *score, *out, *max, *sum;
    size_t n_rows;                  /* row r: query r / group, head r % group of the group */
};

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t n_visible(const struct attention *a, size_t query)
{
    return a->until != NULL ? a->until[query] : a->causal ? a->pos0 + query + 1 : a->n_kv;
}

/* The first position that a query sees. */
static size_t first_visible(const struct attention *a, size_t query)
{
    size_t n = a->causal ? a->pos0 + query + 1 : a->n_kv;

    return n > a->window ? n - a->window : 0;
}

/* What a query sees of n positions: [first, last), counted from the first of them. */
struct seen {
    size_t first, last;
};

static struct seen seen_from(const struct attention *a, size_t query, size_t at, size_t n)
{
    size_t first = first_visible(a, query), last = n_visible(a, query);
    struct seen seen = { first > at ? first - at : 0, last > at ? min_size(last - at, n) : 0 };

    seen.first = min_size(seen.first, seen.last);
    return seen;
}

/* Where the number `at` of the cache's keys or values lies. */
static const void *place(const struct attention *a, const void *x, size_t at)
{
    return (const char *)x + ops_keys_bytes(a->keys.type, at);
}

/* Rows [n][head_dim] of head `head` from position `first`, as f32: in place, or
 * converted into `buffer`; *ld is their distance. */
static const float *chunk_rows(const struct attention *a, const float *x, const void *cached, size_t head,
                               size_t first, size_t n, float *buffer, size_t *ld)
{
    enum tensor_type type = a->keys.type == OPS_KEYS_Q8_0 ? TENSOR_Q8_0 : TENSOR_F16;
    size_t step = a->keys.step, at = head * a->keys.head_step + first * step;

    if (x != NULL) {
        *ld = step;
        return x + at;
    }
    *ld = a->head_dim;
    for (size_t i = 0; i < n; i++)
        a->c->kernels->dequantize[type](place(a, cached, at + i * step), buffer + i * a->head_dim, a->head_dim);
    return buffer;
}

/* Likewise as F16, *step numbers apart: in place, or of Q8_0 in `buffer`. */
static const uint16_t *half_rows(const struct attention *a, const void *cached, size_t head, size_t first, size_t n,
                                 float *buffer, size_t *step)
{
    size_t d = a->head_dim, at = head * a->keys.head_step + first * a->keys.step;
    uint16_t *half = (uint16_t *)(void *)(buffer + d);

    *step = a->keys.step;
    if (a->keys.type == OPS_KEYS_F16)
        return place(a, cached, at);
    for (size_t i = 0; i < n; i++) {
        a->c->kernels->dequantize[TENSOR_Q8_0](place(a, cached, at + i * *step), buffer, d);
        a->c->kernels->f32_to_f16(buffer, half + i * d, d);
    }
    *step = d;
    return half;
}

/* Scores of the keys of the chunk at `at` that a row sees to weights relative to the running
 * maximum; what was gathered before is scaled down to the new maximum. */
static void weigh_row(const struct attention *a, const struct block *b, size_t r, size_t at, struct seen seen)
{
    float *score = b->score + r * CHUNK + seen.first;
    size_t n = seen.last - seen.first;

    for (size_t i = 0; a->soft_cap != 0.0f && i < n; i++)
        score[i] = a->soft_cap * tanhf(score[i] / a->soft_cap);
    if (a->bias != NULL)
        a->c->kernels->add_scaled(score, 1.0f, a->bias + at + seen.first, n);
    float max = fmaxf(b->max[r], a->c->kernels->max(score, n));
    float shrink = expf(b->max[r] - max);
    b->sum[r] = b->sum[r] * shrink + a->c->kernels->exp_sum(score, max, n);
    b->max[r] = max;
    for (size_t i = 0; shrink != 1.0f && i < a->head_dim; i++)
        b->out[r * a->head_dim + i] *= shrink;
}

/* The n keys from `at` on for all rows of the block at once. */
static void attend_chunk(const struct attention *a, const struct block *b, size_t query0, size_t head_kv, size_t at, size_t n)
{
    size_t d = a->head_dim, ld;
    const float *k = chunk_rows(a, a->k, a->keys.k, head_kv, at, n, b->chunk, &ld);

    blas_sgemm(true, b->n_rows, n, d, a->scale, b->q, d, k, ld, 0.0f, b->score, CHUNK);
    for (size_t r = 0; r < b->n_rows; r++) {
        struct seen seen = seen_from(a, query0 + r / a->group, at, n);
        memset(b->score + r * CHUNK, 0, seen.first * sizeof *b->score);
        memset(b->score + r * CHUNK + seen.last, 0, (n - seen.last) * sizeof *b->score);
        if (seen.first < seen.last)
            weigh_row(a, b, r, at, seen);
    }
    const float *v = chunk_rows(a, a->v, a->keys.v, head_kv, at, n, b->chunk, &ld);
    blas_sgemm(false, b->n_rows, d, n, 1.0f, b->score, CHUNK, v, ld, 1.0f, b->out, d);
}

static bool same(struct seen a, struct seen b)
{
    return a.first == b.first && a.last == b.last;
}

/* What row r sees of the n keys from `at` on, and the *rows from it on likewise. */
static struct seen rows_alike(const struct attention *a, const struct block *b, size_t r, size_t query0, size_t at, size_t n,
                              size_t *rows)
{
    struct seen seen = seen_from(a, query0 + r / a->group, at, n);

    for (*rows = a->group; r + *rows < b->n_rows && same(seen, seen_from(a, query0 + (r + *rows) / a->group, at, n)); )
        *rows += a->group;
    return seen;
}

/* Likewise of few rows.  Queries that see the same keys go together: with any others
 * beside it a row gets the bits that it gets alone.  Scores of all come first: keys and
 * values of Q8_0 have one buffer. */
static void attend_chunk_few(const struct attention *a, const struct block *b, size_t query0, size_t head_kv, size_t at, size_t n)
{
    size_t d = a->head_dim, step, rows;
    const uint16_t *half = half_rows(a, a->keys.k, head_kv, at, n, b->chunk, &step);

    for (size_t r = 0; r < b->n_rows; r += rows) {
        struct seen seen = rows_alike(a, b, r, query0, at, n, &rows);
        if (seen.first == seen.last)
            continue;
        a->c->kernels->score_keys(b->q + r * d, rows, half + seen.first * step, step, seen.last - seen.first, d, a->scale,
                                  b->score + r * CHUNK + seen.first, CHUNK);
        for (size_t i = r; i < r + rows; i++)
            weigh_row(a, b, i, at, seen);
    }
    half = half_rows(a, a->keys.v, head_kv, at, n, b->chunk, &step);
    for (size_t r = 0; r < b->n_rows; r += rows) {
        struct seen seen = rows_alike(a, b, r, query0, at, n, &rows);
        if (seen.first < seen.last)
            a->c->kernels->gather_values(b->score + r * CHUNK + seen.first, CHUNK, rows, half + seen.first * step, step,
                                         seen.last - seen.first, d, b->out + r * d);
    }
}

static struct block start_block(const struct attention *a, size_t i_thread, size_t query0, size_t n, size_t head_kv)
{
    struct block b;
    size_t rows = a->n_queries * a->group, d = a->head_dim;

    b.q = a->work + i_thread * a->work_floats;
    b.chunk = b.q + rows * d;
    b.score = b.chunk + CHUNK * d;
    b.out = b.score + rows * CHUNK;
    b.max = b.out + rows * d;
    b.sum = b.max + rows;
    b.n_rows = n * a->group;
    for (size_t r = 0; r < b.n_rows; r++) {
        size_t head = head_kv * a->group + r % a->group;
        memcpy(b.q + r * d, a->q + ((query0 + r / a->group) * a->n_head + head) * d, d * sizeof *b.q);
        memset(b.out + r * d, 0, d * sizeof *b.out);
        b.max[r] = -INFINITY;
        b.sum[r] = 0.0f;
    }
    return b;
}

/* The result, or with spans the part: sums not yet divided, maximum, sum. */
static void finish_block(const struct attention *a, const struct block *b, size_t query0, size_t head_kv, size_t i_span)
{
    size_t d = a->head_dim;

    for (size_t r = 0; r < b->n_rows; r++) {
        size_t at = (query0 + r / a->group) * a->n_head + head_kv * a->group + r % a->group;

        if (a->n_spans == 1) {
            for (size_t i = 0; i < d; i++)
                a->out[at * d + i] = b->out[r * d + i] / b->sum[r];
            continue;
        }
        float *part = a->parts + (i_span * a->n * a->n_head + at) * (d + 2);
        memcpy(part, b->out + r * d, d * sizeof *part);
        part[d] = b->max[r];
        part[d + 1] = b->sum[r];
    }
}

static void attend_items(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct attention *a = user;

    for (size_t item = first; item < last; item++) {
        size_t i_span = item % a->n_spans, head_kv = item / a->n_spans % a->n_head_kv;
        size_t query0 = item / a->n_head_kv / a->n_spans * a->n_queries;
        size_t n = min_size(a->n_queries, a->n - query0);
        size_t start = (a->span0 + i_span) * a->span, seen = first_visible(a, query0) / CHUNK * CHUNK;
        size_t end = min_size(start + a->span, n_visible(a, query0 + n - 1));
        struct block b = start_block(a, i_thread, query0, n, head_kv);

        for (size_t at = start > seen ? start : seen; at < end; at += CHUNK)
            (a->few ? attend_chunk_few : attend_chunk)(a, &b, query0, head_kv, at, min_size(CHUNK, end - at));
        finish_block(a, &b, query0, head_kv, i_span);
    }
}

/* Joins the spans that each query and head has seen; with one, as finish_block does. */
static void join_parts(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct attention *a = user;
    size_t d = a->head_dim, step = a->n * a->n_head * (d + 2);
    (void)i_thread;

    for (size_t row = first; row < last; row++) {
        const float *part = a->parts + row * (d + 2);
        size_t query = row / a->n_head, s0 = first_visible(a, query) / a->span - a->span0;
        size_t n_spans = (n_visible(a, query) + a->span - 1) / a->span - a->span0;
        float *out = a->out + row * d, max = part[s0 * step + d], sum = 0.0f;

        for (size_t s = s0 + 1; s < n_spans; s++)
            max = fmaxf(max, part[s * step + d]);
        for (size_t s = s0; s < n_spans; s++) {
            float weight = expf(part[s * step + d] - max);
            sum += weight * part[s * step + d + 1];
            if (s == s0)
                for (size_t i = 0; i < d; i++)
                    out[i] = weight * part[s * step + i];
            else
                a->c->kernels->add_scaled(out, weight, part + s * step, d);
        }
        for (size_t i = 0; i < d; i++)
            out[i] /= sum;
    }
}

size_t ops_keys_bytes(enum ops_keys_type type, size_t n)
{
    return type == OPS_KEYS_Q8_0 ? n / QUANT_BLOCK * sizeof(struct block_q8_0) : n * sizeof(uint16_t);
}

static bool attend(struct attention *a, struct arena *scratch, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    size_t n_keys = n_visible(a, a->n - 1), d = a->head_dim;

    a->group = a->n_head / a->n_head_kv;
    a->n_queries = a->group >= BLOCK_ROWS ? 1 : min_size(BLOCK_ROWS / a->group, a->n);
    a->n_blocks = (a->n + a->n_queries - 1) / a->n_queries;
    a->few = a->keys.k != NULL && a->n <= FEW_QUERIES;
    a->span = a->n <= FEW_QUERIES ? SPAN : n_keys;
    a->span0 = first_visible(a, 0) / a->span;
    a->n_spans = (n_keys + a->span - 1) / a->span - a->span0;

    size_t rows = a->n_queries * a->group;
    a->work_floats = (2 * rows * d + CHUNK * d + rows * CHUNK + 2 * rows + 15) / 16 * 16;
    a->work = arena_alloc(scratch, pool_n_threads(a->c->pool) * a->work_floats, sizeof *a->work, err);
    a->parts = a->work == NULL ? NULL : arena_alloc(scratch, a->n_spans == 1 ? 0 : a->n_spans * a->n * a->n_head * (d + 2),
                                                    sizeof *a->parts, err);
    if (a->parts != NULL) {
        pool_run(a->c->pool, a->n_blocks * a->n_spans * a->n_head_kv, 1, attend_items, a);
        if (a->n_spans > 1)
            pool_run(a->c->pool, a->n * a->n_head, 16, join_parts, a);
    }
    arena_rewind(scratch, mark);
    return a->parts != NULL;
}

bool ops_attention_cached(const struct compute *c, struct arena *scratch, const struct ops_attention *how,
                          const float *q, const struct ops_keys *keys, size_t n, size_t pos0,
                          float *out, struct error *err)
{
    struct attention a = {
        .c = c, .q = q, .keys = *keys, .n = n, .pos0 = pos0, .causal = true, .bias = how->bias, .until = how->until,
        .window = how->window != 0 ? how->window : SIZE_MAX, .soft_cap = how->soft_cap,
        .n_head = how->n_head, .n_head_kv = how->n_head_kv, .head_dim = how->head_dim,
        .scale = how->scale != 0.0f ? how->scale : 1.0f / sqrtf((float)how->head_dim), .out = out,
    };
    return attend(&a, scratch, err);
}

bool ops_attention_full(const struct compute *c, struct arena *scratch, const float *q, const float *k,
                        const float *v, size_t n, size_t n_kv, size_t n_head, size_t head_dim,
                        float scale, const float *bias, float *out, struct error *err)
{
    struct attention a = {
        .c = c, .q = q, .k = k, .v = v, .keys = { .step = n_head * head_dim, .head_step = head_dim }, .bias = bias, .n = n, .n_kv = n_kv, .window = SIZE_MAX,
        .n_head = n_head, .n_head_kv = n_head, .head_dim = head_dim, .scale = scale, .out = out,
    };
    return attend(&a, scratch, err);
}
