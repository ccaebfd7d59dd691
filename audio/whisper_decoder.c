#include "audio/whisper_decoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/ops.h"

#define EPSILON 1e-5f               /* torch.nn.LayerNorm's default */
#define FEW_TOKENS 8                /* up to here the window's F16 keys are read per token */

#define LOGIT_ROWS OPS_SAME_ROWS    /* predicted together while a known text is watched */

struct whisper_decoder {
    const struct whisper *w;
    const struct compute *c;
    struct arena *session;          /* the caches and buffers below */
    struct arena *step;             /* scratch of one call */
    size_t n_sequences;
    uint16_t *self_k, *self_v;      /* [n_sequences][n_text_layer][n_text_ctx][n_state] f16 */
    uint16_t *cross_k, *cross_v;    /* [n_text_layer][n_audio_ctx][n_state] f16 */
    size_t n_past;
    size_t n_audio;                 /* rows of the window */
    float *audio_bias;              /* [n_audio_ctx]: of each of them */
    float *x, *normed, *q, *kv, *wide;      /* [n_text_ctx][n_state], wide 4 n_state */
    float *audio_k, *audio_v;       /* [n_audio_ctx][n_state] f32: while a window starts, or many tokens are fed */
    float *logits;                  /* [n_logits][n_vocab] */
    size_t n_logits;                /* n_sequences, at least LOGIT_ROWS */
    const struct whisper_watch *watch;      /* of this pass, or NULL */
};

static bool allocate(struct whisper_decoder *d, struct error *err)
{
    const struct whisper *w = d->w;
    size_t text = w->n_text_ctx * w->n_state, audio = w->n_audio_ctx * w->n_state;
    struct { void *field; size_t n, size; } blocks[] = {
        { &d->self_k, d->n_sequences * w->n_text_layer * text, 2 }, { &d->self_v, d->n_sequences * w->n_text_layer * text, 2 },
        { &d->cross_k, w->n_text_layer * audio, 2 }, { &d->cross_v, w->n_text_layer * audio, 2 },
        { &d->x, text, 4 }, { &d->normed, text, 4 }, { &d->q, text, 4 }, { &d->kv, text, 4 }, { &d->wide, 4 * text, 4 },
        { &d->audio_k, audio, 4 }, { &d->audio_v, audio, 4 }, { &d->logits, d->n_logits * w->n_vocab, 4 },
        { &d->audio_bias, w->n_audio_ctx, 4 },
    };

    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        void *data = arena_alloc(d->session, blocks[i].n, blocks[i].size, err);
        if (data == NULL)
            return false;
        memcpy(blocks[i].field, &data, sizeof data);
    }
    return true;
}

struct whisper_decoder *whisper_decoder_new(const struct whisper *w, const struct compute *c, size_t n_sequences, struct error *err)
{
    struct whisper_decoder *d = calloc(1, sizeof *d);

    if (d == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the speech decoder");
        return NULL;
    }
    d->w = w;
    d->c = c;
    d->n_sequences = n_sequences;
    d->n_logits = n_sequences > LOGIT_ROWS ? n_sequences : LOGIT_ROWS;
    d->session = arena_new("speech decoder", 1 << 20, err);
    d->step = arena_new("speech decoder step", 8 << 20, err);
    if (d->session != NULL && d->step != NULL && allocate(d, err))
        return d;
    whisper_decoder_free(d);
    return NULL;
}

void whisper_decoder_free(struct whisper_decoder *d)
{
    if (d == NULL)
        return;
    arena_free(d->session);
    arena_free(d->step);
    free(d);
}

void whisper_decoder_rewind(struct whisper_decoder *d)
{
    d->n_past = 0;
}

bool whisper_decoder_start(struct whisper_decoder *d, const struct whisper_rows *rows, struct error *err)
{
    const struct whisper *w = d->w;
    size_t n = rows->n, size = n * w->n_state;

    d->n_past = 0;
    d->n_audio = n;
    memcpy(d->audio_bias, rows->bias, n * sizeof *d->audio_bias);
    for (size_t i = 0; i < w->n_text_layer; i++) {
        const struct whisper_attention *a = &w->text_block[i].cross;
        if (compute_cancelled(d->c, err) ||
            !ops_matmul(d->c, d->step, a->key.weight, NULL, rows->x, n, d->audio_k, err) ||
            !ops_matmul(d->c, d->step, a->value.weight, a->value.bias, rows->x, n, d->audio_v, err))
            return false;
        ops_f32_to_f16(d->c, d->audio_k, d->cross_k + i * size, size);
        ops_f32_to_f16(d->c, d->audio_v, d->cross_v + i * size, size);
    }
    return true;
}

/* Tokens of one pass: n in a row of sequence 0, or one for each of n sequences. */
struct batch {
    const int32_t *ids;
    const size_t *sequence;         /* NULL: in a row */
    size_t n;
};

static void embed(struct whisper_decoder *d, const struct batch *b)
{
    size_t row = d->w->n_state;

    for (size_t i = 0; i < b->n; i++) {
        const float *position = d->w->text_position + (d->n_past + (b->sequence == NULL ? i : 0)) * row;
        ops_dequantize_row(d->c, d->w->token_embedding, (size_t)b->ids[i], d->x + i * row);
        for (size_t j = 0; j < row; j++)
            d->x[i * row + j] += position[j];
    }
}

/* x += out(normed), where normed holds what attention gave. */
static bool add_out(struct whisper_decoder *d, const struct whisper_attention *a, size_t n, struct error *err)
{
    if (!ops_matmul(d->c, d->step, a->out.weight, a->out.bias, d->normed, n, d->q, err))
        return false;
    ops_add(d->c, d->x, d->q, n * d->w->n_state);
    return true;
}

/* Where a layer's keys or values of a sequence begin. */
static size_t cache_at(const struct whisper_decoder *d, size_t sequence, size_t i_layer)
{
    return (sequence * d->w->n_text_layer + i_layer) * d->w->n_text_ctx * d->w->n_state;
}

/* The new rows to the end of each sequence's keys or values. */
static void keep(struct whisper_decoder *d, const struct batch *b, size_t i_layer, uint16_t *cache)
{
    size_t row = d->w->n_state, past = d->n_past * row;

    if (b->sequence == NULL)
        ops_f32_to_f16(d->c, d->kv, cache + cache_at(d, 0, i_layer) + past, b->n * row);
    else
        for (size_t i = 0; i < b->n; i++)
            ops_f32_to_f16(d->c, d->kv + i * row, cache + cache_at(d, b->sequence[i], i_layer) + past, row);
}

static bool attend_past(struct whisper_decoder *d, const struct batch *b, size_t i_layer, struct error *err)
{
    size_t row = d->w->n_state, n_head = d->w->n_text_head, head_dim = row / n_head;
    size_t n_passes = b->sequence == NULL ? 1 : b->n, n = b->n / n_passes;
    struct ops_attention how = { .n_head = n_head, .n_head_kv = n_head, .head_dim = head_dim };

    for (size_t i = 0; i < n_passes; i++) {
        size_t at = cache_at(d, b->sequence == NULL ? 0 : b->sequence[i], i_layer);
        struct ops_keys keys = { d->self_k + at, d->self_v + at, row, head_dim, OPS_KEYS_F16 };
        if (!ops_attention_cached(d->c, d->step, &how, d->q + i * row, &keys, n, d->n_past, d->normed + i * row, err))
            return false;
    }
    return true;
}

static bool attend_self(struct whisper_decoder *d, const struct batch *b, size_t i_layer, struct error *err)
{
    const struct whisper_attention *a = &d->w->text_block[i_layer].self;
    size_t n = b->n;

    ops_layer_norm(d->c, d->x, a->norm.weight, a->norm.bias, n, d->w->n_state, EPSILON, d->normed);
    if (!ops_matmul(d->c, d->step, a->key.weight, NULL, d->normed, n, d->kv, err))
        return false;
    keep(d, b, i_layer, d->self_k);
    if (!ops_matmul(d->c, d->step, a->value.weight, a->value.bias, d->normed, n, d->kv, err))
        return false;
    keep(d, b, i_layer, d->self_v);
    return ops_matmul(d->c, d->step, a->query.weight, a->query.bias, d->normed, n, d->q, err) &&
           attend_past(d, b, i_layer, err) && add_out(d, a, n, err);
}

/* Keys of the window, in F32 by now, times the queries of each head that is wanted. */
static bool watch_window(struct whisper_decoder *d, size_t i_layer, size_t n, struct error *err)
{
    const struct whisper_watch *watch = d->watch;
    size_t row = d->w->n_state, n_frames = watch->n_frames, head_dim = row / d->w->n_text_head;
    struct arena_mark mark = arena_mark(d->step);
    float *weights = arena_alloc(d->step, n * n_frames, sizeof *weights, err);

    if (weights == NULL)
        return false;
    for (size_t h = 0; h < d->w->n_text_head; h++) {
        if (!watch->wants(watch->user, i_layer, h))
            continue;
        ops_sgemm(d->c, true, n, n_frames, head_dim, 1.0f / sqrtf((float)head_dim), d->q + h * head_dim, row,
                  d->audio_k + h * head_dim, row, weights, n_frames);
        for (size_t i = 0; i < n; i++)
            ops_softmax(weights + i * n_frames, n_frames);
        watch->take(watch->user, weights, n, n_frames);
    }
    arena_rewind(d->step, mark);
    return true;
}

/* Each token sees the whole window.  One at a time reads the F16 rows directly, as
 * the last of n_audio positions; many are worth one conversion to f32. */
static bool attend_window(struct whisper_decoder *d, size_t i_layer, size_t n, struct error *err)
{
    const struct whisper *w = d->w;
    size_t row = w->n_state, n_kv = d->n_audio, n_head = w->n_text_head, head_dim = row / n_head;
    const uint16_t *k = d->cross_k + i_layer * n_kv * row, *v = d->cross_v + i_layer * n_kv * row;
    struct ops_keys keys = { k, v, row, head_dim, OPS_KEYS_F16 };
    const float *bias = n_kv < w->n_audio_ctx ? d->audio_bias : NULL;

    if (n <= FEW_TOKENS && d->watch == NULL) {
        struct ops_attention how = { .n_head = n_head, .n_head_kv = n_head, .head_dim = head_dim, .bias = bias };
        for (size_t i = 0; i < n; i++)
            if (!ops_attention_cached(d->c, d->step, &how, d->q + i * row, &keys, 1, n_kv - 1, d->normed + i * row, err))
                return false;
        return true;
    }
    struct tensor half = { .name = "window", .type = TENSOR_F16, .n_dims = 1, .dim = { n_kv * row, 1, 1, 1 },
                           .data = k, .n_bytes = n_kv * row * sizeof *k };
    ops_dequantize_row(d->c, &half, 0, d->audio_k);
    half.data = v;
    ops_dequantize_row(d->c, &half, 0, d->audio_v);
    if (d->watch != NULL && !watch_window(d, i_layer, n, err))
        return false;
    return ops_attention_full(d->c, d->step, d->q, d->audio_k, d->audio_v, n, n_kv, n_head, head_dim,
                              1.0f / sqrtf((float)head_dim), bias, d->normed, err);
}

static bool attend_cross(struct whisper_decoder *d, size_t i_layer, size_t n, struct error *err)
{
    const struct whisper_attention *a = &d->w->text_block[i_layer].cross;

    ops_layer_norm(d->c, d->x, a->norm.weight, a->norm.bias, n, d->w->n_state, EPSILON, d->normed);
    return ops_matmul(d->c, d->step, a->query.weight, a->query.bias, d->normed, n, d->q, err) &&
           attend_window(d, i_layer, n, err) &&
           add_out(d, a, n, err);
}

static bool transform(struct whisper_decoder *d, const struct whisper_block *b, size_t n, struct error *err)
{
    size_t row = d->w->n_state;

    ops_layer_norm(d->c, d->x, b->mlp_norm.weight, b->mlp_norm.bias, n, row, EPSILON, d->normed);
    if (!ops_matmul(d->c, d->step, b->mlp_up.weight, b->mlp_up.bias, d->normed, n, d->wide, err))
        return false;
    ops_gelu(d->c, d->wide, n * 4 * row);
    if (!ops_matmul(d->c, d->step, b->mlp_down.weight, b->mlp_down.bias, d->wide, n, d->normed, err))
        return false;
    ops_add(d->c, d->x, d->normed, n * row);
    return true;
}

/* x: what the last layer gives for each token. */
static bool pass(struct whisper_decoder *d, const struct batch *b, struct error *err)
{
    const struct whisper *w = d->w;
    size_t n_new = b->sequence == NULL ? b->n : 1;

    if (n_new > w->n_text_ctx - d->n_past)
        return error_set(err, ERROR_INFERENCE, "%zu tokens do not fit in the speech decoder's %zu", d->n_past + n_new, w->n_text_ctx);
    embed(d, b);
    for (size_t i = 0; i < w->n_text_layer; i++)
        if (compute_cancelled(d->c, err) || !attend_self(d, b, i, err) || !attend_cross(d, i, b->n, err) ||
            !transform(d, &w->text_block[i], b->n, err))
            return false;
    d->n_past += n_new;
    return true;
}

/* Of rows x [n]; they are normed in place. */
static bool predict(struct whisper_decoder *d, float *x, size_t n, struct error *err)
{
    const struct whisper *w = d->w;

    ops_layer_norm(d->c, x, w->text_norm.weight, w->text_norm.bias, n, w->n_state, EPSILON, x);
    return ops_matmul(d->c, d->step, w->token_embedding, NULL, x, n, d->logits, err);
}

bool whisper_decoder_feed(struct whisper_decoder *d, const int32_t *ids, size_t n, float **logits, struct error *err)
{
    struct batch b = { ids, NULL, n };

    *logits = d->logits;
    return pass(d, &b, err) && predict(d, d->x + (n - 1) * d->w->n_state, 1, err);
}

bool whisper_decoder_step(struct whisper_decoder *d, const size_t *sequence, const int32_t *ids, size_t n, float **logits,
                          struct error *err)
{
    struct batch b = { ids, sequence, n };

    *logits = d->logits;
    return pass(d, &b, err) && predict(d, d->x, n, err);
}

/* Softmax over the ordinary tokens. */
static float ordinary_p(const struct whisper *w, const float *logits, int32_t id)
{
    double sum = 0.0;

    for (int32_t i = 0; i < w->ids.eot; i++)
        sum += (double)expf(logits[i] - logits[id]);
    return (float)(1.0 / sum);
}

bool whisper_decoder_watch(struct whisper_decoder *d, const int32_t *ids, size_t n, size_t first, const struct whisper_watch *watch,
                           float *p, struct error *err)
{
    struct batch b = { ids, NULL, n };

    d->watch = watch;
    bool ok = pass(d, &b, err);
    d->watch = NULL;
    for (size_t i = first; ok && i + 2 < n; i += LOGIT_ROWS) {
        size_t n_rows = n - 2 - i < LOGIT_ROWS ? n - 2 - i : LOGIT_ROWS;
        ok = predict(d, d->x + i * d->w->n_state, n_rows, err);
        for (size_t k = 0; ok && k < n_rows; k++)
            p[i + k - first] = ordinary_p(d->w, d->logits + k * d->w->n_vocab, ids[i + k + 1]);
    }
    return ok;
}

void whisper_decoder_copy(struct whisper_decoder *d, size_t from, size_t to, size_t n_same)
{
    size_t row = d->w->n_state, n = (d->n_past - n_same) * row;

    for (size_t i = 0; i < d->w->n_text_layer; i++) {
        size_t source = cache_at(d, from, i) + n_same * row, target = cache_at(d, to, i) + n_same * row;
        memcpy(d->self_k + target, d->self_k + source, n * sizeof *d->self_k);
        memcpy(d->self_v + target, d->self_v + source, n * sizeof *d->self_v);
    }
}

size_t whisper_decoder_length(const struct whisper_decoder *d)
{
    return d->n_past;
}
