#include "tensor/encoder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tensor/ops.h"

struct linear { const struct tensor *weight, *bias; };      /* also a norm; bias may be NULL */

struct layer {
    struct linear ln1, ln2, q, k, v, out, up, down, gate;
    const struct tensor *q_norm, *k_norm, *ls1, *ls2;
};

struct encoder {
    struct encoder_params params;
    struct linear pre_ln, post_ln;
    struct layer *layers;           /* [n_layer] */
    const float *zeros;             /* [the widest norm]: for norms without a bias */
    size_t n_wide;                  /* numbers of a position that attention or the feed-forward part needs at once */
};

/* ---- binding ---------------------------------------------------------------------------- */

struct opening {
    const struct gguf *g;
    const struct compute *c;
    struct arena *arena;
    struct encoder *e;
};

/* ops_bind of "PREFIX.NAME". */
static bool bind(const struct opening *o, const struct gguf_binding *table, size_t n, size_t i_layer, void *object, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct gguf_binding row = table[i];
        char name[64];
        snprintf(name, sizeof name, "%s.%s", o->e->params.prefix, row.name);
        row.name = name;
        if (!ops_bind(o->g, o->c, o->arena, &row, 1, (unsigned)i_layer, object, err))
            return false;
    }
    return true;
}

static const struct tensor *find(const struct opening *o, size_t i_layer, const char *name)
{
    char full[64];

    snprintf(full, sizeof full, "%s.blk.%zu.%s", o->e->params.prefix, i_layer, name);
    return gguf_tensor(o->g, full);
}

#define LINEAR(field, name, n_in, n_out) \
    { "blk.%u." name ".weight", offsetof(struct layer, field.weight), n_in, n_out, false }, \
    { "blk.%u." name ".bias", offsetof(struct layer, field.bias), n_out, 0, true }
#define NORM(field, name, n) \
    { "blk.%u." name ".weight", offsetof(struct layer, field.weight), n, 0, false }, \
    { "blk.%u." name ".bias", offsetof(struct layer, field.bias), n, 0, true }
#define VECTOR(field, name, n) { "blk.%u." name ".weight", offsetof(struct layer, field), n, 0, true }

/* Rows first .. first + n - 1 of a matrix, or numbers of a vector. */
static const struct tensor *part(struct arena *arena, const struct tensor *t, size_t first, size_t n, struct error *err)
{
    struct tensor *view = t == NULL ? NULL : arena_alloc(arena, 1, sizeof *view, err);

    if (view == NULL)
        return NULL;
    size_t i = t->dim[1] > 1 ? 1 : 0, step = t->n_bytes / t->dim[i];
    *view = *t;
    view->dim[i] = n;
    view->data = (const char *)t->data + first * step;
    view->n_bytes = n * step;
    return view;
}

/* One matrix of queries, keys and values, in this order. */
static bool split(const struct opening *o, const struct linear *qkv, size_t width, struct layer *l, struct error *err)
{
    struct linear *const to[] = { &l->q, &l->k, &l->v };

    for (size_t i = 0; i < 3; i++) {
        to[i]->weight = part(o->arena, qkv->weight, i * width, width, err);
        to[i]->bias = part(o->arena, qkv->bias, i * width, width, err);
        if (to[i]->weight == NULL || (qkv->bias != NULL && to[i]->bias == NULL))
            return false;
    }
    return true;
}

static bool bind_attention(const struct opening *o, size_t i, struct layer *l, struct error *err)
{
    size_t d = o->e->params.n_embd, width = o->e->params.n_head * o->e->params.head_dim;
    const struct gguf_binding together[] = { LINEAR(q, "attn_qkv", d, 3 * width) };
    const struct gguf_binding single[] = { LINEAR(q, "attn_q", d, width), LINEAR(k, "attn_k", d, width), LINEAR(v, "attn_v", d, width) };
    const struct tensor *q_norm = find(o, i, "attn_q_norm.weight");
    /* Over a head, or over all of them. */
    size_t n_norm = q_norm != NULL && q_norm->dim[0] == width ? width : o->e->params.head_dim;
    const struct gguf_binding others[] = {
        LINEAR(out, "attn_out", width, d), VECTOR(q_norm, "attn_q_norm", n_norm), VECTOR(k_norm, "attn_k_norm", n_norm),
    };

    if (find(o, i, "attn_qkv.weight") != NULL) {
        struct layer both = { 0 };
        if (!bind(o, together, sizeof together / sizeof *together, i, &both, err) || !split(o, &both.q, width, l, err))
            return false;
    } else if (!bind(o, single, sizeof single / sizeof *single, i, l, err))
        return false;
    return bind(o, others, sizeof others / sizeof *others, i, l, err);
}

static bool bind_ffn(const struct opening *o, size_t i, struct layer *l, struct error *err)
{
    size_t d = o->e->params.n_embd;
    const struct tensor *up = find(o, i, "ffn_up.weight"), *down = find(o, i, "ffn_down.weight");
    bool exchanged = up != NULL && down != NULL && up->dim[1] == d && down->dim[0] == d && up->dim[0] != d;
    const struct tensor *first = exchanged ? down : up;
    size_t n_ff = first == NULL ? 0 : first->dim[1];
    const struct gguf_binding plain[] = { LINEAR(up, "ffn_up", d, n_ff), LINEAR(down, "ffn_down", n_ff, d) };
    const struct gguf_binding old[] = { LINEAR(up, "ffn_down", d, n_ff), LINEAR(down, "ffn_up", n_ff, d) };
    const struct gguf_binding gate[] = { LINEAR(gate, "ffn_gate", d, n_ff) };
    bool gated = find(o, i, "ffn_gate.weight") != NULL;

    if (!bind(o, exchanged ? old : plain, sizeof plain / sizeof *plain, i, l, err)
        || (gated && !bind(o, gate, sizeof gate / sizeof *gate, i, l, err)))
        return false;
    if (o->e->n_wide < n_ff * (gated ? 2 : 1))
        o->e->n_wide = n_ff * (gated ? 2 : 1);
    return true;
}

static bool bind_layer(const struct opening *o, size_t i, struct error *err)
{
    size_t d = o->e->params.n_embd;
    struct layer *l = &o->e->layers[i];
    const struct gguf_binding table[] = {
        NORM(ln1, "ln1", d), NORM(ln2, "ln2", d), VECTOR(ls1, "ls1", d), VECTOR(ls2, "ls2", d),
    };

    return bind(o, table, sizeof table / sizeof *table, i, l, err) && bind_attention(o, i, l, err) && bind_ffn(o, i, l, err);
}

static bool bind_all(const struct opening *o, struct error *err)
{
    struct encoder *e = o->e;
    size_t d = e->params.n_embd, width = e->params.n_head * e->params.head_dim;
    const struct gguf_binding table[] = {
        { "pre_ln.weight", offsetof(struct encoder, pre_ln.weight), d, 0, true },
        { "pre_ln.bias", offsetof(struct encoder, pre_ln.bias), d, 0, true },
        { "post_ln.weight", offsetof(struct encoder, post_ln.weight), d, 0, true },
        { "post_ln.bias", offsetof(struct encoder, post_ln.bias), d, 0, true },
    };

    if (!bind(o, table, sizeof table / sizeof *table, 0, e, err))
        return false;
    e->n_wide = 4 * width;          /* q, k, v and what attention gathers */
    for (size_t i = 0; i < e->params.n_layer; i++)
        if (!bind_layer(o, i, err))
            return false;
    e->zeros = arena_zero(o->arena, d > width ? d : width, sizeof *e->zeros, err);
    return e->zeros != NULL;
}

/* Files come with such sizes: what no tensor can have would overflow below. */
static bool check_params(const struct gguf *g, const struct encoder_params *p, struct error *err)
{
    const size_t most = 1 << 24;

    return (p->n_embd >= 1 && p->n_embd <= most && p->n_layer >= 1 && p->n_layer <= gguf_n_tensors(g) && p->n_head >= 1 && p->n_head <= most
            && p->head_dim >= 1 && p->head_dim <= most / p->n_head)
        || error_set(err, ERROR_MODEL, "%s: an encoder of %zu layers, %zu numbers and %zu heads of %zu is not possible", gguf_path(g),
                     p->n_layer, p->n_embd, p->n_head, p->head_dim);
}

struct encoder *encoder_open(const struct gguf *g, const struct compute *c, const struct encoder_params *params,
                             struct arena *arena, struct error *err)
{
    struct opening o = { g, c, arena, NULL };

    if (!check_params(g, params, err) || (o.e = arena_zero(arena, 1, sizeof *o.e, err)) == NULL)
        return NULL;
    o.e->params = *params;
    o.e->layers = arena_zero(arena, params->n_layer, sizeof *o.e->layers, err);
    return o.e->layers != NULL && bind_all(&o, err) ? o.e : NULL;
}

const struct encoder_params *encoder_params(const struct encoder *e)
{
    return &e->params;
}

/* ---- forward ------------------------------------------------------------------------------ */

struct encoding {
    const struct encoder *e;
    const struct compute *c;
    struct arena *scratch;
    const struct encoder_attention *how;
    size_t n;
    float *x;                       /* [n][n_embd] */
    float *a;                       /* [n][n_embd]: what a norm gives, and what is added to x */
    float *wide;                    /* [n][n_wide] */
};

static const float *numbers(const struct tensor *t)
{
    return t == NULL ? NULL : t->data;
}

static void norm(const struct encoder *e, const struct compute *c, const struct tensor *weight, const struct tensor *bias,
                 const float *x, size_t n, size_t n_embd, float *y)
{
    if (e->params.norm == ENCODER_NORM_RMS) {
        ops_rms_norm(c, x, weight->data, n, n_embd, e->params.eps, y);
        for (size_t i = 0; bias != NULL && i < n; i++)
            ops_add(c, y + i * n_embd, bias->data, n_embd);
        return;
    }
    ops_layer_norm(c, x, weight->data, bias == NULL ? e->zeros : bias->data, n, n_embd, e->params.eps, y);
}

static bool apply(const struct encoding *r, const struct linear *l, const float *x, float *y, struct error *err)
{
    return ops_matmul(r->c, r->scratch, l->weight, numbers(l->bias), x, r->n, y, err);
}

/* x += scale * a, scale [n_embd] for all rows or NULL. */
static void add_scaled(const struct encoding *r, const struct tensor *scale)
{
    size_t d = r->e->params.n_embd;
    const float *s = numbers(scale);

    for (size_t i = 0; s != NULL && i < r->n; i++)
        for (size_t j = 0; j < d; j++)
            r->a[i * d + j] *= s[j];
    ops_add(r->c, r->x, r->a, r->n * d);
}

/* Queries or keys [n][n_head * head_dim] in place. */
static void place_heads(const struct encoding *r, const struct tensor *weight, float *x)
{
    const struct encoder_params *p = &r->e->params;

    if (weight != NULL)
        norm(r->e, r->c, weight, NULL, x, r->n * p->n_head * p->head_dim / weight->dim[0], weight->dim[0], x);
    if (r->how->turns != NULL)
        ops_rope(r->c, x, r->n, p->n_head, p->head_dim, p->head_dim, r->how->turns, false);
}

/* Positions first .. last - 1 among themselves. */
static bool attend_group(const struct encoding *r, size_t first, size_t last, float *q, float *k, float *v, float *out, struct error *err)
{
    const struct encoder_params *p = &r->e->params;
    size_t at = first * p->n_head * p->head_dim, n = last - first;

    return ops_attention_full(r->c, r->scratch, q + at, k + at, v + at, n, n, p->n_head, p->head_dim, 1.0f / sqrtf((float)p->head_dim),
                              r->how->bias == NULL ? NULL : r->how->bias + first, out + at, err);
}

static bool attend_groups(const struct encoding *r, size_t i_layer, float *q, float *k, float *v, float *out, struct error *err)
{
    bool all = r->how->n_groups == 0 || (r->how->full_every != 0 && (i_layer + 1) % r->how->full_every == 0);
    size_t first = 0;

    if (all)
        return attend_group(r, 0, r->n, q, k, v, out, err);
    for (size_t i = 0; i < r->how->n_groups; first = r->how->group_end[i++])
        if (!attend_group(r, first, r->how->group_end[i], q, k, v, out, err))
            return false;
    return true;
}

static bool attend(const struct encoding *r, size_t i_layer, struct error *err)
{
    const struct encoder *e = r->e;
    const struct layer *l = &e->layers[i_layer];
    size_t d = e->params.n_embd, size = r->n * e->params.n_head * e->params.head_dim;
    float *q = r->wide, *k = q + size, *v = k + size, *gathered = v + size;

    norm(e, r->c, l->ln1.weight, l->ln1.bias, r->x, r->n, d, r->a);
    if (!apply(r, &l->q, r->a, q, err) || !apply(r, &l->k, r->a, k, err) || !apply(r, &l->v, r->a, v, err))
        return false;
    place_heads(r, l->q_norm, q);
    place_heads(r, l->k_norm, k);
    if (!attend_groups(r, i_layer, q, k, v, gathered, err) || !apply(r, &l->out, gathered, r->a, err))
        return false;
    add_scaled(r, l->ls1);
    return true;
}

/* x = activation(x) * up, up NULL for ones. */
static void activate(const struct encoding *r, float *x, const float *up, size_t n)
{
    switch (r->e->params.activation) {
    case ENCODER_GELU:
        ops_gelu(r->c, x, n);
        for (size_t i = 0; up != NULL && i < n; i++)
            x[i] *= up[i];
        return;
    case ENCODER_GELU_TANH:
        ops_gelu_mul(r->c, x, up, n);
        return;
    case ENCODER_GELU_QUICK:
        ops_gelu_quick_mul(r->c, x, up, n);
        return;
    case ENCODER_SILU:
        ops_silu_mul(r->c, x, up, n);
    }
}

static bool transform(const struct encoding *r, const struct layer *l, struct error *err)
{
    size_t n_ff = l->up.weight->dim[1];
    bool gated = l->gate.weight != NULL;
    float *wide = r->wide, *up = gated ? wide + r->n * n_ff : NULL;

    norm(r->e, r->c, l->ln2.weight, l->ln2.bias, r->x, r->n, r->e->params.n_embd, r->a);
    if (!apply(r, gated ? &l->gate : &l->up, r->a, wide, err) || (gated && !apply(r, &l->up, r->a, up, err)))
        return false;
    activate(r, wide, up, r->n * n_ff);
    if (!apply(r, &l->down, wide, r->a, err))
        return false;
    add_scaled(r, l->ls2);
    return true;
}

static bool forward(struct encoding *r, size_t n_layer, struct error *err)
{
    const struct encoder *e = r->e;
    size_t d = e->params.n_embd;

    r->a = arena_alloc(r->scratch, r->n, d * sizeof *r->a, err);
    r->wide = r->a == NULL ? NULL : arena_alloc(r->scratch, r->n, e->n_wide * sizeof *r->wide, err);
    if (r->wide == NULL)
        return false;
    if (e->pre_ln.weight != NULL)
        norm(e, r->c, e->pre_ln.weight, e->pre_ln.bias, r->x, r->n, d, r->x);
    for (size_t i = 0; i < n_layer; i++)
        if (compute_cancelled(r->c, err) || !attend(r, i, err) || !transform(r, &e->layers[i], err))
            return false;
    return true;
}

bool encoder_run(const struct encoder *e, const struct compute *c, struct arena *scratch, const struct encoder_attention *how,
                 size_t n_layer, float *x, size_t n, struct error *err)
{
    static const struct encoder_attention plain = { 0 };
    struct arena_mark mark = arena_mark(scratch);
    struct encoding r = { .e = e, .c = c, .scratch = scratch, .how = how != NULL ? how : &plain, .n = n, .x = x };
    bool ok = forward(&r, n_layer != 0 ? n_layer : e->params.n_layer, err);

    arena_rewind(scratch, mark);
    return ok;
}

void encoder_post_norm(const struct encoder *e, const struct compute *c, float *x, size_t n)
{
    if (e->post_ln.weight != NULL)
        norm(e, c, e->post_ln.weight, e->post_ln.bias, x, n, e->params.n_embd, x);
}

size_t encoder_bytes(const struct encoder *e, size_t n)
{
    return n * (e->params.n_embd + e->n_wide) * sizeof(float) + 2 * ARENA_ALIGN;
}
