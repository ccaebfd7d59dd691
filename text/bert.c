#include "text/bert.h"

#include <math.h>
#include <string.h>

#include "tensor/ops.h"

#define N_OF(table) (sizeof (table) / sizeof (table)[0])

struct linear {
    const struct tensor *w;
    const struct tensor *bias;
    const float *b;
};

struct layer_norm {
    const struct tensor *weight, *bias;
    const float *w, *b;
};

struct layer {
    struct linear q, k, v, output, up, down;
    struct layer_norm attn_norm, layer_norm;
};

struct bert {
    size_t n_embd, n_head, n_ff, n_layer, n_ctx;
    float eps;
    const struct tensor *token_embd, *position_embd, *token_types;
    struct layer_norm norm;
    struct layer *layers;
};

/* ---- opening ------------------------------------------------------------------------ */

static bool read_count(const struct gguf *g, const char *key, size_t *value, struct error *err)
{
    uint32_t found = 0;

    if (!gguf_u32(g, key, &found) || found == 0 || found > 1 << 20)
        return error_set(err, ERROR_MODEL, "%s: %s is missing or not a positive number", gguf_path(g), key);
    *value = found;
    return true;
}

static bool read_settings(struct bert *b, const struct gguf *g, struct error *err)
{
    if (!read_count(g, "bert.embedding_length", &b->n_embd, err) || !read_count(g, "bert.attention.head_count", &b->n_head, err) ||
        !read_count(g, "bert.feed_forward_length", &b->n_ff, err) || !read_count(g, "bert.block_count", &b->n_layer, err) ||
        !read_count(g, "bert.context_length", &b->n_ctx, err))
        return false;
    if (b->n_embd % b->n_head != 0)
        return error_set(err, ERROR_MODEL, "%s: an embedding of %zu cannot be split into %zu heads", gguf_path(g), b->n_embd, b->n_head);
    if (!gguf_f32(g, "bert.attention.layer_norm_epsilon", &b->eps) || !(b->eps > 0.0f) || b->eps > 1.0f)
        return error_set(err, ERROR_MODEL, "%s: bert.attention.layer_norm_epsilon is missing or no small positive number", gguf_path(g));
    if (b->n_layer > gguf_n_tensors(g))
        return error_set(err, ERROR_MODEL, "%s: %zu blocks were announced, but there are %zu tensors", gguf_path(g), b->n_layer,
                         gguf_n_tensors(g));
    return true;
}

static bool bind_layer(const struct bert *b, const struct gguf *g, unsigned i_layer, struct error *err)
{
    size_t n = b->n_embd, n_ff = b->n_ff;
    const struct gguf_binding table[] = {
        { "blk.%u.attn_q.weight", offsetof(struct layer, q.w), n, n, false },
        { "blk.%u.attn_q.bias", offsetof(struct layer, q.bias), n, 0, false },
        { "blk.%u.attn_k.weight", offsetof(struct layer, k.w), n, n, false },
        { "blk.%u.attn_k.bias", offsetof(struct layer, k.bias), n, 0, false },
        { "blk.%u.attn_v.weight", offsetof(struct layer, v.w), n, n, false },
        { "blk.%u.attn_v.bias", offsetof(struct layer, v.bias), n, 0, false },
        { "blk.%u.attn_output.weight", offsetof(struct layer, output.w), n, n, false },
        { "blk.%u.attn_output.bias", offsetof(struct layer, output.bias), n, 0, false },
        { "blk.%u.attn_output_norm.weight", offsetof(struct layer, attn_norm.weight), n, 0, false },
        { "blk.%u.attn_output_norm.bias", offsetof(struct layer, attn_norm.bias), n, 0, false },
        { "blk.%u.ffn_up.weight", offsetof(struct layer, up.w), n, n_ff, false },
        { "blk.%u.ffn_up.bias", offsetof(struct layer, up.bias), n_ff, 0, false },
        { "blk.%u.ffn_down.weight", offsetof(struct layer, down.w), n_ff, n, false },
        { "blk.%u.ffn_down.bias", offsetof(struct layer, down.bias), n, 0, false },
        { "blk.%u.layer_output_norm.weight", offsetof(struct layer, layer_norm.weight), n, 0, false },
        { "blk.%u.layer_output_norm.bias", offsetof(struct layer, layer_norm.bias), n, 0, false },
    };

    return gguf_bind(g, table, N_OF(table), i_layer, &b->layers[i_layer], err);
}

static bool bind(struct bert *b, const struct gguf *g, size_t n_vocab, struct error *err)
{
    const struct tensor *segments = gguf_tensor(g, "token_types.weight"), *positions = gguf_tensor(g, "position_embd.weight");
    const struct gguf_binding table[] = {
        { "token_embd.weight", offsetof(struct bert, token_embd), b->n_embd, n_vocab, false },
        { "position_embd.weight", offsetof(struct bert, position_embd), b->n_embd, positions != NULL ? positions->dim[1] : b->n_ctx, false },
        { "token_types.weight", offsetof(struct bert, token_types), b->n_embd, segments != NULL ? segments->dim[1] : 2, false },
        { "token_embd_norm.weight", offsetof(struct bert, norm.weight), b->n_embd, 0, false },
        { "token_embd_norm.bias", offsetof(struct bert, norm.bias), b->n_embd, 0, false },
    };

    if (!gguf_bind(g, table, N_OF(table), 0, b, err))
        return false;
    if (b->n_ctx > b->position_embd->dim[1])
        b->n_ctx = b->position_embd->dim[1];
    for (unsigned i = 0; i < b->n_layer; i++)
        if (!bind_layer(b, g, i, err))
            return false;
    return true;
}

static bool norm_floats(struct layer_norm *n, const struct compute *c, struct arena *arena, struct error *err)
{
    n->w = ops_to_f32(c, arena, n->weight, err);
    n->b = n->w != NULL ? ops_to_f32(c, arena, n->bias, err) : NULL;
    return n->b != NULL;
}

static bool layer_floats(struct layer *l, const struct compute *c, struct arena *arena, struct error *err)
{
    struct linear *const all[] = { &l->q, &l->k, &l->v, &l->output, &l->up, &l->down };

    for (size_t i = 0; i < N_OF(all); i++)
        if ((all[i]->b = ops_to_f32(c, arena, all[i]->bias, err)) == NULL)
            return false;
    return norm_floats(&l->attn_norm, c, arena, err) && norm_floats(&l->layer_norm, c, arena, err);
}

struct bert *bert_open(const struct gguf *g, const struct compute *c, size_t n_vocab, struct arena *arena, struct error *err)
{
    struct bert *b = arena_zero(arena, 1, sizeof *b, err);

    if (b == NULL || !read_settings(b, g, err))
        return NULL;
    b->layers = arena_zero(arena, b->n_layer, sizeof *b->layers, err);
    if (b->layers == NULL || !bind(b, g, n_vocab, err) || !norm_floats(&b->norm, c, arena, err))
        return NULL;
    for (size_t i = 0; i < b->n_layer; i++)
        if (!layer_floats(&b->layers[i], c, arena, err))
            return NULL;
    return b;
}

size_t bert_n_embd(const struct bert *b)
{
    return b->n_embd;
}

size_t bert_n_ctx(const struct bert *b)
{
    return b->n_ctx;
}

/* ---- forward ------------------------------------------------------------------------ */

struct pass {
    const struct bert *b;
    const struct compute *c;
    struct arena *scratch;
    size_t n;
    float *x, *q, *k, *v, *y, *up;  /* [n][n_embd], up [n][n_ff] */
    struct error *err;
};

static bool take_buffers(struct pass *p)
{
    float **const buffers[] = { &p->x, &p->q, &p->k, &p->v, &p->y };

    for (size_t i = 0; i < N_OF(buffers); i++)
        if ((*buffers[i] = arena_alloc(p->scratch, p->n * p->b->n_embd, sizeof(float), p->err)) == NULL)
            return false;
    p->up = arena_alloc(p->scratch, p->n * p->b->n_ff, sizeof(float), p->err);
    return p->up != NULL;
}

static bool apply(struct pass *p, const struct linear *l, const float *x, float *y)
{
    return ops_matmul(p->c, p->scratch, l->w, l->b, x, p->n, y, p->err);
}

/* x = norm(x + y) */
static void add_norm(struct pass *p, const struct layer_norm *norm, const float *y)
{
    ops_add(p->c, p->x, y, p->n * p->b->n_embd);
    ops_layer_norm(p->c, p->x, norm->w, norm->b, p->n, p->b->n_embd, p->b->eps, p->x);
}

static bool embed(struct pass *p, const int32_t *ids)
{
    const struct bert *b = p->b;
    float *row = p->q;

    for (size_t i = 0; i < p->n; i++) {
        float *x = p->x + i * b->n_embd;
        if (ids[i] < 0 || (size_t)ids[i] >= b->token_embd->dim[1])
            return error_set(p->err, ERROR_INFERENCE, "token %d is not one of the model's %zu", ids[i], b->token_embd->dim[1]);
        ops_dequantize_row(p->c, b->token_embd, (size_t)ids[i], x);
        ops_dequantize_row(p->c, b->position_embd, i, row);
        ops_add(p->c, x, row, b->n_embd);
        ops_dequantize_row(p->c, b->token_types, 0, row);
        ops_add(p->c, x, row, b->n_embd);
    }
    ops_layer_norm(p->c, p->x, b->norm.w, b->norm.b, p->n, b->n_embd, b->eps, p->x);
    return true;
}

static bool evaluate_layer(struct pass *p, const struct layer *l)
{
    const struct bert *b = p->b;
    size_t head_dim = b->n_embd / b->n_head;

    if (!apply(p, &l->q, p->x, p->q) || !apply(p, &l->k, p->x, p->k) || !apply(p, &l->v, p->x, p->v) ||
        !ops_attention_full(p->c, p->scratch, p->q, p->k, p->v, p->n, p->n, b->n_head, head_dim, 1.0f / sqrtf((float)head_dim),
                            NULL, p->y, p->err) ||
        !apply(p, &l->output, p->y, p->q))
        return false;
    add_norm(p, &l->attn_norm, p->q);
    if (!apply(p, &l->up, p->x, p->up))
        return false;
    ops_gelu(p->c, p->up, p->n * b->n_ff);
    if (!apply(p, &l->down, p->up, p->y))
        return false;
    add_norm(p, &l->layer_norm, p->y);
    return true;
}

const float *bert_rows(const struct bert *b, const struct compute *c, const int32_t *ids, size_t n, struct arena *scratch,
                       struct error *err)
{
    struct pass p = { .b = b, .c = c, .scratch = scratch, .n = n, .err = err };

    if (!take_buffers(&p) || !embed(&p, ids))
        return NULL;
    for (size_t i = 0; i < b->n_layer; i++)
        if (compute_cancelled(c, err) || !evaluate_layer(&p, &b->layers[i]))
            return NULL;
    return p.x;
}
