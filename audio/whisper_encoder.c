#include "audio/whisper_encoder.h"

#include <math.h>
#include <string.h>

#include "audio/conv1d.h"
#include "tensor/ops.h"

#define EPSILON 1e-5f               /* torch.nn.LayerNorm's default */
#define MARGIN 25                   /* positions after the sound that are computed as it is: 0.5 s */
#define STEP 3                      /* of the silence after them every third has a row ... */
#define LEAST_SILENCE 10            /* ... if it fills a tenth of the window */

/* ---- which positions have a row ---------------------------------------------- */

/* Positions up to n_exact, then groups of STEP with the middle one's, then the last. */
struct layout {
    size_t n_audio_ctx, n_exact, n_rows;        /* n_audio_ctx: positions in all */
};

static struct layout layout(const struct whisper *w, size_t n_frames)
{
    struct layout l = { w->n_audio_ctx, w->n_audio_ctx, w->n_audio_ctx };
    size_t n_exact = (n_frames + 1) / 2 + MARGIN;

    if (n_exact + l.n_audio_ctx / LEAST_SILENCE < l.n_audio_ctx) {
        l.n_exact = n_exact;
        l.n_rows = n_exact + (l.n_audio_ctx - 1 - n_exact + STEP - 1) / STEP + 1;
    }
    return l;
}

/* The position of a row; *n_positions: how many it stands for. */
static size_t position(const struct layout *l, size_t row, size_t *n_positions)
{
    *n_positions = 1;
    if (row < l->n_exact)
        return row;
    if (row + 1 == l->n_rows)
        return l->n_audio_ctx - 1;
    size_t first = l->n_exact + (row - l->n_exact) * STEP, left = l->n_audio_ctx - 1 - first;
    *n_positions = left < STEP ? left : STEP;
    return first + *n_positions / 2;
}

/* ---- the network ------------------------------------------------------------- */

struct encoding {
    const struct whisper *w;
    const struct compute *c;
    struct arena *scratch;
    struct layout layout;
    float *x;                       /* [n_audio_ctx][n_state], as all below but wide */
    const float *bias;              /* [n_rows], or NULL: all positions are there */
    float *normed, *q, *k, *v;
    float *wide;                    /* [n_audio_ctx][4 n_state]; q, k, v lie in it */
};

/* The convolutions see two positions of silence: one like those that follow, and the last. */
static bool convolve_window(struct encoding *e, const float *mel, struct error *err)
{
    const struct whisper *w = e->w;
    size_t n = e->layout.n_audio_ctx, row = w->n_state, n_exact = e->layout.n_exact, n_seen = n_exact < n ? n_exact + 2 : n;

    if (!conv1d(e->c, e->scratch, w->conv1.weight, w->conv1.bias, mel, 2 * n_seen, 1, 2 * n_seen, e->wide, err) ||
        !conv1d(e->c, e->scratch, w->conv2.weight, w->conv2.bias, e->wide, 2 * n_seen, 2, n_seen, e->x, err))
        return false;
    if (n_seen < n)
        memcpy(e->x + (n - 1) * row, e->x + (n_seen - 1) * row, row * sizeof *e->x);
    for (size_t i = n_seen - 1; i + 1 < n; i++)
        memcpy(e->x + i * row, e->x + n_exact * row, row * sizeof *e->x);
    ops_add(e->c, e->x, w->audio_position, n * row);
    return true;
}

/* Leaves the rows that go on, of x and normed. */
static void keep_rows(struct encoding *e)
{
    size_t row = e->w->n_state, n_positions;

    for (size_t i = e->layout.n_exact; i < e->layout.n_rows; i++) {
        size_t at = position(&e->layout, i, &n_positions);
        memmove(e->x + i * row, e->x + at * row, row * sizeof *e->x);
        memmove(e->normed + i * row, e->normed + at * row, row * sizeof *e->normed);
    }
}

/* x += attention(norm(x)).  first: x holds all positions, as keys too; afterwards the rows. */
static bool attend(struct encoding *e, const struct whisper_attention *a, bool first, struct error *err)
{
    const struct whisper *w = e->w;
    const struct compute *c = e->c;
    size_t row = w->n_state, head_dim = row / w->n_head, n = e->layout.n_rows, n_keys = first ? e->layout.n_audio_ctx : n;

    ops_layer_norm(c, e->x, a->norm.weight, a->norm.bias, n_keys, row, EPSILON, e->normed);
    if (!ops_matmul(c, e->scratch, a->key.weight, NULL, e->normed, n_keys, e->k, err) ||
        !ops_matmul(c, e->scratch, a->value.weight, a->value.bias, e->normed, n_keys, e->v, err))
        return false;
    if (n < n_keys)
        keep_rows(e);
    if (!ops_matmul(c, e->scratch, a->query.weight, a->query.bias, e->normed, n, e->q, err) ||
        !ops_attention_full(c, e->scratch, e->q, e->k, e->v, n, n_keys, w->n_head, head_dim, 1.0f / sqrtf((float)head_dim),
                            first ? NULL : e->bias, e->normed, err) ||
        !ops_matmul(c, e->scratch, a->out.weight, a->out.bias, e->normed, n, e->q, err))
        return false;
    ops_add(c, e->x, e->q, n * row);
    return true;
}

/* x += MLP(norm(x)) */
static bool transform(struct encoding *e, const struct whisper_block *b, struct error *err)
{
    size_t n = e->layout.n_rows, row = e->w->n_state;

    ops_layer_norm(e->c, e->x, b->mlp_norm.weight, b->mlp_norm.bias, n, row, EPSILON, e->normed);
    if (!ops_matmul(e->c, e->scratch, b->mlp_up.weight, b->mlp_up.bias, e->normed, n, e->wide, err))
        return false;
    ops_gelu(e->c, e->wide, n * 4 * row);
    if (!ops_matmul(e->c, e->scratch, b->mlp_down.weight, b->mlp_down.bias, e->wide, n, e->normed, err))
        return false;
    ops_add(e->c, e->x, e->normed, n * row);
    return true;
}

static bool encode(struct encoding *e, const float *mel, struct error *err)
{
    const struct whisper *w = e->w;
    size_t n = e->layout.n_audio_ctx, row = w->n_state;

    e->wide = arena_alloc(e->scratch, n * 4 * row, sizeof *e->wide, err);   /* also the first convolution's 2 n rows */
    e->normed = arena_alloc(e->scratch, n * row, sizeof *e->normed, err);
    if (e->wide == NULL || e->normed == NULL || !convolve_window(e, mel, err))
        return false;
    e->q = e->wide;
    e->k = e->wide + n * row;
    e->v = e->wide + 2 * n * row;
    for (size_t i = 0; i < w->n_audio_layer; i++)
        if (compute_cancelled(e->c, err) || !attend(e, &w->audio_block[i].self, i == 0, err) ||
            !transform(e, &w->audio_block[i], err))
            return false;
    ops_layer_norm(e->c, e->x, w->audio_norm.weight, w->audio_norm.bias, e->layout.n_rows, row, EPSILON, e->x);
    return true;
}

bool whisper_encode(const struct whisper *w, const struct compute *c, struct arena *scratch, const float *mel,
                    size_t n_frames, struct whisper_rows *rows, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    struct encoding e = { .w = w, .c = c, .scratch = scratch, .layout = layout(w, n_frames), .x = rows->x };
    size_t n_positions;

    rows->n = e.layout.n_rows;
    for (size_t i = 0; i < rows->n; i++) {
        position(&e.layout, i, &n_positions);
        rows->bias[i] = logf((float)n_positions);
    }
    e.bias = rows->n < w->n_audio_ctx ? rows->bias : NULL;
    bool ok = encode(&e, mel, err);
    arena_rewind(scratch, mark);
    return ok;
}

bool whisper_encode_alone(const struct whisper *w, const struct compute *c, struct arena *scratch, const float *mel, size_t n, float *x,
                          struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    struct encoding e = { .w = w, .c = c, .scratch = scratch, .layout = { n, n, n }, .x = x };
    bool ok = encode(&e, mel, err);

    arena_rewind(scratch, mark);
    return ok;
}
