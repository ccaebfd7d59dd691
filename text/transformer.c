#include "text/transformer.h"

#include "tensor/ops.h"

/* ---- embedding and buffers -------------------------------------------------------- */

bool transformer_embed(const struct transformer *t, const struct compute *c, const int32_t *ids,
                       size_t n, float *rows, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (ids[i] < 0 || (size_t)ids[i] >= t->n_vocab)
            return error_set(err, ERROR_INFERENCE, "token %d is not one of the model's %zu", ids[i], t->n_vocab);
        ops_dequantize_row(c, t->token_embd, (size_t)ids[i], rows + i * t->n_embd);
    }
    return true;
}

static size_t work_floats(const struct transformer *t)
{
    size_t n_q = t->n_head * t->head_dim, n_kv = t->n_head_kv * t->head_dim;

    return 2 * t->n_embd + 2 * n_q + 2 * n_kv + 2 * t->n_ff + t->head_dim;
}

size_t transformer_work_bytes(const struct transformer *t, size_t n)
{
    return (work_floats(t) * n + TRANSFORMER_LOGITS * t->n_vocab) * sizeof(float) + 10 * ARENA_ALIGN;
}

bool transformer_work_init(struct transformer_work *w, const struct transformer *t, size_t n,
                           struct arena *session, struct arena *scratch, struct error *err)
{
    size_t n_q = t->n_head * t->head_dim, n_kv = t->n_head_kv * t->head_dim;
    const struct { float **buffer; size_t n; } buffers[] = {
        { &w->x, n * t->n_embd }, { &w->norm, n * t->n_embd }, { &w->q, n * n_q }, { &w->k, n * n_kv },
        { &w->v, n * n_kv }, { &w->attended, n * n_q }, { &w->gate, n * t->n_ff }, { &w->up, n * t->n_ff },
        { &w->turns, n * t->head_dim }, { &w->logits, TRANSFORMER_LOGITS * t->n_vocab },
    };

    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
        *buffers[i].buffer = arena_alloc(session, buffers[i].n, sizeof(float), err);
        if (*buffers[i].buffer == NULL)
            return false;
    }
    w->scratch = scratch;
    return true;
}

/* From what tensor/matmul.c and tensor/attention.c ask for: tiles of dequantised
 * weights and blocks of scores for each thread; parts of attention over spans of
 * positions.  test_transformer sees it when this is short. */
size_t transformer_scratch_bytes(const struct transformer *t, size_t n_ctx, size_t n_threads)
{
    size_t n_widest = t->n_ff, n_q = t->n_head * t->head_dim;

    if (n_widest < t->n_embd)
        n_widest = t->n_embd;
    if (n_widest < n_q)
        n_widest = n_q;
    size_t tiles = n_threads * 128 * n_widest * sizeof(float);
    size_t scores = n_threads * (64 + t->n_head) * (3 * t->head_dim + 256) * sizeof(float) * 2;
    size_t parts = (n_ctx / 256 + 1) * 8 * t->n_head * (t->head_dim + 2) * sizeof(float);
    return tiles + scores + parts + 64 * ARENA_ALIGN;
}

/* ---- forward ------------------------------------------------------------------------ */

/* Norms and biases are F32: transformer_open sees to it. */
static const float *floats(const struct tensor *t)
{
    return t == NULL ? NULL : t->data;
}

/* The new positions' keys and values, into the cache. */
static bool store_keys(const struct transformer *t, const struct compute *c, struct kv_cache *kv,
                       struct transformer_work *w, size_t i_layer, size_t n, struct error *err)
{
    const struct transformer_block *b = &t->blocks[i_layer];

    if (!ops_matmul(c, w->scratch, b->attn_k, floats(b->attn_k_bias), w->norm, n, w->k, err) ||
        !ops_matmul(c, w->scratch, b->attn_v, floats(b->attn_v_bias), w->norm, n, w->v, err))
        return false;
    ops_rope(c, w->k, n, t->n_head_kv, t->head_dim, w->turns, t->rope_interleaved);
    kv_cache_store(kv, c, i_layer, w->k, w->v, n);
    return true;
}

/* x [n] += attention of these rows, which stand at positions pos0 and on. */
static bool attend(const struct transformer *t, const struct compute *c, const struct kv_cache *kv,
                   struct transformer_work *w, size_t i_layer, size_t n, size_t pos0, const float *norm,
                   float *x, struct error *err)
{
    const struct transformer_block *b = &t->blocks[i_layer];
    struct ops_keys keys = kv_cache_layer(kv, i_layer);

    if (!ops_matmul(c, w->scratch, b->attn_q, floats(b->attn_q_bias), norm, n, w->q, err))
        return false;
    ops_rope(c, w->q, n, t->n_head, t->head_dim, w->turns + (pos0 - kv->used) * t->head_dim, t->rope_interleaved);
    if (!ops_attention_cached(c, w->scratch, w->q, &keys, n, pos0, t->n_head, t->n_head_kv,
                              t->head_dim, NULL, w->attended, err) ||
        !ops_matmul(c, w->scratch, b->attn_output, NULL, w->attended, n, w->norm, err))
        return false;
    ops_add(c, x, w->norm, n * t->n_embd);
    return true;
}

/* x [n] += down(silu(gate(norm(x))) * up(norm(x))) */
static bool feed_forward(const struct transformer *t, const struct compute *c, struct transformer_work *w,
                         size_t i_layer, size_t n, float *x, struct error *err)
{
    const struct transformer_block *b = &t->blocks[i_layer];

    ops_rms_norm(c, x, floats(b->ffn_norm), n, t->n_embd, t->eps, w->norm);
    if (!ops_matmul(c, w->scratch, b->ffn_gate, NULL, w->norm, n, w->gate, err) ||
        !ops_matmul(c, w->scratch, b->ffn_up, NULL, w->norm, n, w->up, err))
        return false;
    ops_silu_mul(c, w->gate, w->up, n * t->n_ff);
    if (!ops_matmul(c, w->scratch, b->ffn_down, NULL, w->gate, n, w->norm, err))
        return false;
    ops_add(c, x, w->norm, n * t->n_embd);
    return true;
}

bool transformer_forward(const struct transformer *t, const struct compute *c, struct kv_cache *kv,
                         struct transformer_work *w, size_t n, size_t n_logits,
                         transformer_layer_done *layer_done, void *user, struct error *err)
{
    ops_rope_turns(c, n, t->head_dim, kv->used, t->rope_theta, w->turns);
    for (size_t i = 0; i < t->n_layer; i++) {
        /* The last layer gives its keys for all rows, its output only for those that are asked for. */
        size_t first = i + 1 < t->n_layer ? 0 : n - n_logits;
        float *x = w->x + first * t->n_embd;

        if (compute_cancelled(c, err))
            return false;
        ops_rms_norm(c, w->x, floats(t->blocks[i].attn_norm), n, t->n_embd, t->eps, w->norm);
        if (!store_keys(t, c, kv, w, i, n, err))
            return false;
        if (first < n && (!attend(t, c, kv, w, i, n - first, kv->used + first, w->norm + first * t->n_embd, x, err) ||
                          !feed_forward(t, c, w, i, n - first, x, err)))
            return false;
        if (layer_done != NULL)
            layer_done(user, i + 1);
    }
    if (n_logits == 0)
        return true;
    ops_rms_norm(c, w->x + (n - n_logits) * t->n_embd, floats(t->output_norm), n_logits, t->n_embd, t->eps, w->norm);
    return ops_matmul(c, w->scratch, t->output, NULL, w->norm, n_logits, w->logits, err);
}
