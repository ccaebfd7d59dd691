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
    if (t->embedding_scale != 1.0f)
        ops_scale(c, rows, t->embedding_scale, n * t->n_embd);
    return true;
}

static size_t work_floats(const struct transformer *t)
{
    size_t n_q = t->n_head * t->head_dim, n_kv = t->n_head_kv * t->head_dim;

    return 2 * t->n_embd + 2 * n_q + 2 * n_kv + 2 * t->n_ff + 2 * t->n_rot;
}

size_t transformer_work_bytes(const struct transformer *t, size_t n)
{
    return (work_floats(t) * n + TRANSFORMER_LOGITS * t->n_vocab) * sizeof(float) +
           n * (PLACES_AXES * sizeof(int32_t) + sizeof(size_t)) + 13 * ARENA_ALIGN;
}

bool transformer_work_init(struct transformer_work *w, const struct transformer *t, size_t n,
                           struct arena *session, struct arena *scratch, struct error *err)
{
    size_t n_q = t->n_head * t->head_dim, n_kv = t->n_head_kv * t->head_dim;
    const struct { float **buffer; size_t n; } buffers[] = {
        { &w->x, n * t->n_embd }, { &w->norm, n * t->n_embd }, { &w->q, n * n_q }, { &w->k, n * n_kv },
        { &w->v, n * n_kv }, { &w->attended, n * n_q }, { &w->gate, n * t->n_ff }, { &w->up, n * t->n_ff },
        { &w->turns[0], n * t->n_rot }, { &w->turns[1], n * t->n_rot }, { &w->logits, TRANSFORMER_LOGITS * t->n_vocab },
    };

    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
        *buffers[i].buffer = arena_alloc(session, buffers[i].n, sizeof(float), err);
        if (*buffers[i].buffer == NULL)
            return false;
    }
    w->places = arena_alloc(session, n, PLACES_AXES * sizeof *w->places, err);
    w->until = w->places == NULL ? NULL : arena_alloc(session, n, sizeof *w->until, err);
    if (w->until == NULL)
        return false;
    w->has_places = w->has_until = false;
    w->n = n;
    w->loras = (struct lora_set){ 0 };
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

/* One layer of one pass.  The last layer gives its keys for all rows, its output only for
 * those whose logits are asked for: these are the `n` rows from `first` on. */
struct pass {
    const struct transformer *t;
    const struct transformer_layer *layer;
    const struct compute *c;
    struct kv_cache *kv;
    struct transformer_work *w;
    size_t i_layer, n_all, first, n;
    struct error *err;
};

/* Norms and biases are F32: transformer_open sees to it. */
static const float *floats(const struct tensor *t)
{
    return t == NULL ? NULL : t->data;
}

/* y [n][n_out] = weight x (+ bias).  Each product with a weight of a layer goes through here. */
static bool project(const struct pass *p, const struct tensor *weight, const struct tensor *bias,
                    const float *x, size_t n, float *y)
{
    return ops_matmul(p->c, p->w->scratch, weight, floats(bias), x, n, y, p->err) &&
           lora_add(&p->w->loras, p->c, p->w->scratch, p->i_layer, weight, x, n, y, p->err);
}

static void norm(const struct pass *p, const struct tensor *weight, const float *x, size_t n, float *y)
{
    ops_rms_norm(p->c, x, floats(weight), n, p->t->n_embd, p->t->eps, y);
}

/* Queries or keys x [n][n_head][head_dim], which stand at the pass's rows from `first` on. */
static void norm_and_turn(const struct pass *p, const struct tensor *weight, float *x, size_t first, size_t n, size_t n_head)
{
    const struct transformer *t = p->t;
    const float *turns = p->w->turns[p->layer->i_rotation] + first * t->n_rot;

    if (weight != NULL)
        ops_rms_norm(p->c, x, floats(weight), n * n_head, t->head_dim, t->eps, x);
    ops_rope(p->c, x, n, n_head, t->head_dim, t->n_rot, turns, t->rope_interleaved);
}

/* x [n] += y, which is normalised first where there is a weight for it. */
static void add(const struct pass *p, const struct tensor *post_norm, float *y, float *x)
{
    if (post_norm != NULL)
        norm(p, post_norm, y, p->n, y);
    ops_add(p->c, x, y, p->n * p->t->n_embd);
}

/* Keys and values of all rows, whose norms are in w->norm, into the cache. */
static bool store_keys(const struct pass *p)
{
    const struct transformer_layer *l = p->layer;
    struct transformer_work *w = p->w;

    if (!project(p, l->attn_k, l->attn_k_bias, w->norm, p->n_all, w->k) ||
        !project(p, l->attn_v, l->attn_v_bias, w->norm, p->n_all, w->v))
        return false;
    norm_and_turn(p, l->attn_k_norm, w->k, 0, p->n_all, p->t->n_head_kv);
    kv_cache_store(p->kv, p->c, p->i_layer, w->k, w->v, p->n_all);
    return true;
}

/* x += output(attention(rope(q(norm)), keys, values)) */
static bool attend(const struct pass *p, float *x)
{
    const struct transformer *t = p->t;
    const struct transformer_layer *l = p->layer;
    struct transformer_work *w = p->w;
    struct ops_keys keys = kv_cache_layer(p->kv, p->i_layer);
    struct ops_attention how = {
        .n_head = t->n_head, .n_head_kv = t->n_head_kv, .head_dim = t->head_dim,
        .scale = t->attention_scale, .soft_cap = t->attention_soft_cap, .window = l->window,
        .until = w->has_until ? w->until + p->first : NULL,
    };

    if (!project(p, l->attn_q, l->attn_q_bias, w->norm + p->first * t->n_embd, p->n, w->q))
        return false;
    norm_and_turn(p, l->attn_q_norm, w->q, p->first, p->n, t->n_head);
    if (!ops_attention_cached(p->c, w->scratch, &how, w->q, &keys, p->n, p->kv->used + p->first, w->attended, p->err) ||
        !project(p, l->attn_output, l->attn_output_bias, w->attended, p->n, w->norm))
        return false;
    add(p, l->post_attention_norm, w->norm, x);
    return true;
}

/* x += down(act(gate(norm(x))) * up(norm(x))), where act is silu or gelu */
static bool feed_forward(const struct pass *p, float *x)
{
    const struct transformer *t = p->t;
    const struct transformer_layer *l = p->layer;
    struct transformer_work *w = p->w;

    norm(p, l->ffn_norm, x, p->n, w->norm);
    if (!project(p, l->ffn_gate, l->ffn_gate_bias, w->norm, p->n, w->gate) ||
        !project(p, l->ffn_up, l->ffn_up_bias, w->norm, p->n, w->up))
        return false;
    (t->gelu ? ops_gelu_mul : ops_silu_mul)(p->c, w->gate, w->up, p->n * t->n_ff);
    if (!project(p, l->ffn_down, l->ffn_down_bias, w->gate, p->n, w->norm))
        return false;
    add(p, l->post_ffw_norm, w->norm, x);
    return true;
}

static bool evaluate_layer(const struct pass *p)
{
    float *x = p->w->x + p->first * p->t->n_embd;

    norm(p, p->layer->attn_norm, p->w->x, p->n_all, p->w->norm);
    return store_keys(p) && (p->n == 0 || (attend(p, x) && feed_forward(p, x)));
}

static void turn(const struct transformer *t, const struct compute *c, const struct kv_cache *kv, const struct transformer_work *w, size_t n)
{
    for (unsigned i = 0; i < t->n_rotations; i++)
        if (w->has_places)
            rotation_turns_at(&t->rotations[i], c, kv->n_ctx, n, w->places, w->turns[i]);
        else
            rotation_turns(&t->rotations[i], c, kv->n_ctx, n, kv->used, w->turns[i]);
}

/* All layers, and the last norm of the last n_rows rows into w->norm. */
static bool evaluate(const struct transformer *t, const struct compute *c, struct kv_cache *kv, struct transformer_work *w,
                     size_t n, size_t n_rows, transformer_layer_done *layer_done, void *user, struct error *err)
{
    struct pass p = { .t = t, .c = c, .kv = kv, .w = w, .n_all = n, .n = n, .err = err };

    turn(t, c, kv, w, n);
    for (size_t i = 0; i < t->n_layer; i++) {
        p.i_layer = i;
        p.layer = &t->layers[i];
        if (i + 1 == t->n_layer) {
            p.n = n_rows;
            p.first = n - n_rows;
        }
        if (compute_cancelled(c, err) || !evaluate_layer(&p))
            return false;
        if (layer_done != NULL)
            layer_done(user, i + 1);
    }
    if (n_rows > 0)
        norm(&p, t->output_norm, w->x + p.first * t->n_embd, n_rows, w->norm);
    return true;
}

bool transformer_hidden(const struct transformer *t, const struct compute *c, struct kv_cache *kv,
                        struct transformer_work *w, size_t n, struct error *err)
{
    return evaluate(t, c, kv, w, n, n, NULL, NULL, err);
}

bool transformer_forward(const struct transformer *t, const struct compute *c, struct kv_cache *kv,
                         struct transformer_work *w, size_t n, size_t n_logits,
                         transformer_layer_done *layer_done, void *user, struct error *err)
{
    if (!evaluate(t, c, kv, w, n, n_logits, layer_done, user, err))
        return false;
    if (n_logits == 0)
        return true;
    if (!ops_matmul(c, w->scratch, t->output, NULL, w->norm, n_logits, w->logits, err))
        return false;
    if (t->logit_soft_cap != 0.0f)
        ops_soft_cap(c, w->logits, t->logit_soft_cap, n_logits * t->n_vocab);
    return true;
}
