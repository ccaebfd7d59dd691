#include "text/embedder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/bert.h"
#include "text/context.h"
#include "text/memory.h"
#include "text/model.h"

/* Numbers of <architecture>.pooling_type. */
enum pooling { POOLING_MEAN = 1, POOLING_FIRST = 2, POOLING_LAST = 3 };

enum { CHUNK_BYTES = 1 << 20, N_CTX_MOST = 8192, ROWS = 512 };

struct embedder {
    struct text_model *m;           /* of an encoder: tokens alone */
    struct bert *bert;              /* NULL: a decoder */
    struct text_context *context;   /* of a decoder */
    struct arena *arena, *scratch;  /* of bert; of one text */
    enum pooling pooling;
    size_t n_embd, n_ctx;
};

/* ---- opening ------------------------------------------------------------------------ */

static bool read_pooling(struct embedder *e, const char *architecture, struct error *err)
{
    uint32_t pooling = POOLING_MEAN;
    char key[128];

    snprintf(key, sizeof key, "%s.pooling_type", architecture);
    gguf_u32(e->m->g, key, &pooling);
    if (pooling != POOLING_MEAN && pooling != POOLING_FIRST && pooling != POOLING_LAST)
        return error_set(err, ERROR_MODEL, "%s: %s = %u is not supported; supported are 1 (mean), 2 (first) and 3 (last)",
                         gguf_path(e->m->g), key, pooling);
    e->pooling = (enum pooling)pooling;
    return true;
}

static bool open_encoder(struct embedder *e, const struct compute *c, struct error *err)
{
    if (!memory_check(gguf_file_bytes(e->m->g), gguf_path(e->m->g), "the model", "take a smaller one", err))
        return false;
    e->arena = arena_new("model", CHUNK_BYTES, err);
    e->bert = e->arena != NULL ? bert_open(e->m->g, c, tokenizer_n_vocab(e->m->tokenizer), e->arena, err) : NULL;
    if (e->bert == NULL)
        return false;
    e->n_embd = bert_n_embd(e->bert);
    e->n_ctx = bert_n_ctx(e->bert);
    return true;
}

static bool open_decoder(struct embedder *e, const char *path, struct error *err)
{
    text_model_close(e->m);
    e->m = text_model_open(path, err);
    if (e->m == NULL)
        return false;
    e->n_embd = e->m->info.n_embd;
    e->n_ctx = e->m->info.n_ctx_train < N_CTX_MOST ? e->m->info.n_ctx_train : N_CTX_MOST;
    e->context = text_context_new(e->m, e->n_ctx, err);
    return e->context != NULL;
}

static bool open_parts(struct embedder *e, const char *path, const struct compute *c, struct error *err)
{
    e->m = text_model_open_tokens(path, err);
    e->scratch = e->m != NULL ? arena_new("step", CHUNK_BYTES, err) : NULL;
    if (e->scratch == NULL)
        return false;
    const char *architecture = gguf_string(e->m->g, "general.architecture");
    if (architecture == NULL)
        return error_set(err, ERROR_MODEL, "%s: general.architecture is missing", path);
    return read_pooling(e, architecture, err) &&
           (strcmp(architecture, "bert") == 0 ? open_encoder(e, c, err) : open_decoder(e, path, err));
}

struct embedder *embedder_open(const char *path, const struct compute *c, struct error *err)
{
    struct embedder *e = calloc(1, sizeof *e);

    if (e == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory to open it", path);
        return NULL;
    }
    if (!open_parts(e, path, c, err)) {
        embedder_close(e);
        return NULL;
    }
    return e;
}

void embedder_close(struct embedder *e)
{
    if (e == NULL)
        return;
    text_context_free(e->context);
    text_model_close(e->m);
    arena_free(e->arena);
    arena_free(e->scratch);
    free(e);
}

size_t embedder_n_embd(const struct embedder *e)
{
    return e->n_embd;
}

/* ---- rows ------------------------------------------------------------------------------- */

/* Adds n rows, of which the first stands at position `at` of n_all, to what is pooled. */
static void pool_rows(const struct embedder *e, const float *rows, size_t n, size_t at, size_t n_all, double *sum)
{
    for (size_t i = 0; i < n; i++) {
        if ((e->pooling == POOLING_FIRST && at + i > 0) || (e->pooling == POOLING_LAST && at + i + 1 < n_all))
            continue;
        for (size_t j = 0; j < e->n_embd; j++)
            sum[j] += rows[i * e->n_embd + j];
    }
}

/* A decoder's rows come in chunks: its buffers hold no more. */
static bool read_decoder(struct embedder *e, const struct compute *c, const int32_t *ids, size_t n, double *sum,
                         struct error *err)
{
    struct text_context *x = e->context;

    x->kv.used = x->n_ahead = 0;
    for (size_t at = 0; at < n; at += ROWS) {
        size_t n_rows = n - at < ROWS ? n - at : ROWS;
        arena_reset(x->step);
        if (!transformer_embed(&e->m->net, c, ids + at, n_rows, x->work.x, err) ||
            !transformer_hidden(&e->m->net, c, &x->kv, &x->work, n_rows, err))
            return false;
        pool_rows(e, x->work.norm, n_rows, at, n, sum);
        x->kv.used += n_rows;
    }
    return true;
}

static bool read_encoder(struct embedder *e, const struct compute *c, const int32_t *ids, size_t n, double *sum,
                         struct error *err)
{
    const float *rows = bert_rows(e->bert, c, ids, n, e->scratch, err);

    if (rows != NULL)
        pool_rows(e, rows, n, 0, n, sum);
    return rows != NULL;
}

/* x / |x|; the mean needs no division before. */
static void normalise(const double *sum, size_t n, float *row)
{
    double squares = 0.0;

    for (size_t i = 0; i < n; i++)
        squares += sum[i] * sum[i];
    double scale = squares > 0.0 ? 1.0 / sqrt(squares) : 0.0;
    for (size_t i = 0; i < n; i++)
        row[i] = (float)(sum[i] * scale);
}

/* ---- a text ------------------------------------------------------------------------------- */

/* The ids with what the model wants around them, cut to the context; malloc'd. */
static int32_t *take_ids(const struct embedder *e, const char *text, size_t n_bytes, size_t *n, size_t *n_tokens,
                         size_t *n_left_out, struct error *err)
{
    int32_t bos = text_bos(e->m), eos = text_eos(e->m), *ids;
    size_t n_around = (size_t)(bos >= 0) + (size_t)(eos >= 0), n_ids, at = 0;

    if (!text_tokenize(e->m, text, n_bytes, false, &ids, &n_ids, err))
        return NULL;
    size_t n_room = e->n_ctx > n_around ? e->n_ctx - n_around : 0, n_kept = n_ids < n_room ? n_ids : n_room;
    int32_t *all = malloc((n_kept + n_around + 1) * sizeof *all);
    if (all == NULL) {
        free(ids);
        error_set(err, ERROR_INFERENCE, "no memory for %zu tokens", n_kept);
        return NULL;
    }
    if (bos >= 0)
        all[at++] = bos;
    memcpy(all + at, ids, n_kept * sizeof *ids);
    at += n_kept;
    if (eos >= 0)
        all[at++] = eos;
    free(ids);
    *n = at;
    *n_tokens = n_ids;
    *n_left_out = n_ids - n_kept;
    return all;
}

bool embedder_embed(struct embedder *e, const struct compute *c, const char *text, size_t n_bytes, float *row,
                    size_t *n_tokens, size_t *n_left_out, struct error *err)
{
    size_t n;
    int32_t *ids = take_ids(e, text, n_bytes, &n, n_tokens, n_left_out, err);

    if (ids == NULL)
        return false;
    arena_reset(e->scratch);
    double *sum = arena_zero(e->scratch, e->n_embd, sizeof *sum, err);
    bool ok = sum != NULL && (n > 0 || error_set(err, ERROR_INPUT, "the text is empty; there is nothing to embed"));
    ok = ok && (e->bert != NULL ? read_encoder : read_decoder)(e, c, ids, n, sum, err);
    if (ok)
        normalise(sum, e->n_embd, row);
    free(ids);
    return ok;
}
