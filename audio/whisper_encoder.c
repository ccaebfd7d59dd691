#include "audio/whisper_encoder.h"

#include <math.h>
#include <string.h>

#include "tensor/ops.h"

#define EPSILON 1e-5f               /* torch.nn.LayerNorm's default */

/* y [n / stride][n_out] = GELU(w * windows of three rows of x [n][n_in], zeros outside). */
static bool convolve(const struct compute *c, struct arena *scratch, const struct whisper_linear *l,
                     const float *x, size_t n, size_t stride, float *y, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    size_t n_in = l->weight->dim[0] / 3, n_rows = n / stride;
    float *windows = arena_alloc(scratch, n_rows * 3 * n_in, sizeof *windows, err);

    if (windows == NULL)
        return false;
    for (size_t t = 0; t < n_rows; t++)
        for (size_t k = 0; k < 3; k++) {
            float *row = windows + (t * 3 + k) * n_in;
            size_t from = t * stride + k;       /* of x, counted from one row before it */
            if (from == 0 || from > n)
                memset(row, 0, n_in * sizeof *row);
            else
                memcpy(row, x + (from - 1) * n_in, n_in * sizeof *row);
        }
    bool ok = ops_matmul(c, scratch, l->weight, l->bias, windows, n_rows, y, err);
    if (ok)
        ops_gelu(c, y, n_rows * l->weight->dim[1]);
    arena_rewind(scratch, mark);
    return ok;
}

/* x += attention(norm(x)); normed, q, k, v are [n_audio_ctx][n_state]. */
static bool attend(const struct whisper *w, const struct compute *c, struct arena *scratch,
                   const struct whisper_attention *a, float *x, float *normed, float *q, float *k, float *v,
                   struct error *err)
{
    size_t n = w->n_audio_ctx, head_dim = w->n_state / w->n_head;

    ops_layer_norm(c, x, a->norm.weight, a->norm.bias, n, w->n_state, EPSILON, normed);
    if (!ops_matmul(c, scratch, a->query.weight, a->query.bias, normed, n, q, err) ||
        !ops_matmul(c, scratch, a->key.weight, NULL, normed, n, k, err) ||
        !ops_matmul(c, scratch, a->value.weight, a->value.bias, normed, n, v, err) ||
        !ops_attention_full(c, scratch, q, k, v, n, n, w->n_head, head_dim, 1.0f / sqrtf((float)head_dim), NULL, normed, err) ||
        !ops_matmul(c, scratch, a->out.weight, a->out.bias, normed, n, q, err))
        return false;
    ops_add(c, x, q, n * w->n_state);
    return true;
}

/* x += MLP(norm(x)); wide: [n_audio_ctx][4 n_state]. */
static bool transform(const struct whisper *w, const struct compute *c, struct arena *scratch,
                      const struct whisper_block *b, float *x, float *normed, float *wide, struct error *err)
{
    size_t n = w->n_audio_ctx;

    ops_layer_norm(c, x, b->mlp_norm.weight, b->mlp_norm.bias, n, w->n_state, EPSILON, normed);
    if (!ops_matmul(c, scratch, b->mlp_up.weight, b->mlp_up.bias, normed, n, wide, err))
        return false;
    ops_gelu(c, wide, n * 4 * w->n_state);
    if (!ops_matmul(c, scratch, b->mlp_down.weight, b->mlp_down.bias, wide, n, normed, err))
        return false;
    ops_add(c, x, normed, n * w->n_state);
    return true;
}

static bool encode(const struct whisper *w, const struct compute *c, struct arena *scratch, const float *mel,
                   float *x, struct error *err)
{
    size_t n = w->n_audio_ctx, row = w->n_state;
    float *wide = arena_alloc(scratch, n * 4 * row, sizeof *wide, err);     /* also the first convolution's 2 n rows */
    float *normed = arena_alloc(scratch, n * row, sizeof *normed, err);
    float *q = wide, *k = wide + n * row, *v = wide + 2 * n * row;          /* used before the MLP needs wide */

    if (wide == NULL || normed == NULL ||
        !convolve(c, scratch, &w->conv1, mel, 2 * n, 1, wide, err) ||
        !convolve(c, scratch, &w->conv2, wide, 2 * n, 2, x, err))
        return false;
    ops_add(c, x, w->audio_position, n * row);
    for (size_t i = 0; i < w->n_audio_layer; i++) {
        const struct whisper_block *b = &w->audio_block[i];
        if (compute_cancelled(c, err) ||
            !attend(w, c, scratch, &b->self, x, normed, q, k, v, err) ||
            !transform(w, c, scratch, b, x, normed, wide, err))
            return false;
    }
    ops_layer_norm(c, x, w->audio_norm.weight, w->audio_norm.bias, n, row, EPSILON, x);
    return true;
}

bool whisper_encode(const struct whisper *w, const struct compute *c, struct arena *scratch, const float *mel,
                    float *out, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    bool ok = encode(w, c, scratch, mel, out, err);

    arena_rewind(scratch, mark);
    return ok;
}
