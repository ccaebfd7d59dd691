#include "vision/projector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tensor/gguf.h"
#include "tensor/mmproj.h"
#include "tensor/ops.h"

#define TYPE "mynah-eyes"
#define MOST 6.0f                   /* standard deviations that a number of the summary may be from its mean */

struct layer { const struct tensor *weight, *bias; };       /* linear or a norm */

struct attention { struct layer norm, q, k, v, out; };

struct block {
    struct attention cross, self;
    struct layer ffn_norm, ffn_up, ffn_down;
};

struct projector {
    struct gguf *file;
    struct arena *arena;            /* blocks, and weights that are not f32 in the file */
    struct projector_sizes sizes;
    size_t d, n_head, n_layer;
    float eps;
    const char *text_model;
    struct layer grid, box, summary, token_norm, out_norm, out;
    const struct tensor *position, *classes, *mean, *scale, *query;
    struct block *blocks;           /* [n_layer] */
    char id[SHA256_HEX];
};

/* ---- what kind of file it is ---------------------------------------------------------- */

static bool check_kind(const struct gguf *g, struct error *err)
{
    const char *type = gguf_string(g, "general.type");

    return mmproj_check_kind(g, MMPROJ_VISION, err)
        && ((type != NULL && strcmp(type, "mmproj") == 0)
            || error_set(err, ERROR_MODEL, "%s: general.type is %s, mmproj was expected", gguf_path(g), type == NULL ? "missing" : type));
}

static bool check_type(const struct gguf *g, struct error *err)
{
    const char *type = gguf_string(g, "clip.projector_type");

    return (type != NULL && strcmp(type, TYPE) == 0)
        || error_set(err, ERROR_MODEL, "%s: clip.projector_type is %s; only " TYPE " is read", gguf_path(g), type == NULL ? "missing" : type);
}

/* ---- sizes ---------------------------------------------------------------------------- */

static bool take_metadata(struct projector *p, struct error *err)
{
    const struct gguf *g = p->file;
    const char *text_model = TYPE ".text_model";

    /* No more blocks than tensors, no more heads or numbers than a tensor can have. */
    if (!mmproj_n_embd(g, MMPROJ_VISION, &p->sizes.n_embd, err)
        || !mmproj_count(g, MMPROJ_VISION, "attention.head_count", 1, p->d, &p->n_head, err)
        || !mmproj_count(g, MMPROJ_VISION, "block_count", 1, gguf_n_tensors(g), &p->n_layer, err))
        return false;
    if (p->d % p->n_head != 0)
        return error_set(err, ERROR_MODEL, "%s: %zu heads do not divide a width of %zu", gguf_path(g), p->n_head, p->d);
    if (!mmproj_float(g, MMPROJ_VISION, "attention.layer_norm_epsilon", 0.0f, 1.0f, &p->eps, err))
        return false;
    p->text_model = gguf_string(g, text_model);
    return (p->text_model != NULL && *p->text_model != '\0')
        || error_set(err, ERROR_MODEL, "%s: %s is missing, or no name", gguf_path(g), text_model);
}

static bool take_dim(const struct gguf *g, const char *name, int i, size_t *to, struct error *err)
{
    const struct tensor *t = gguf_tensor(g, name);

    if (t == NULL)
        return error_set(err, ERROR_MODEL, "%s: tensor %s is missing", gguf_path(g), name);
    *to = t->dim[i];
    return true;
}

static bool take_sizes(struct projector *p, struct error *err)
{
    const struct gguf *g = p->file;
    struct projector_sizes *s = &p->sizes;

    return take_dim(g, "mm.query", 0, &p->d, err) && take_dim(g, "mm.query", 1, &s->n_rows, err)
        && take_dim(g, "v.grid.weight", 0, &s->n_grid, err) && take_dim(g, "v.position_embd", 1, &s->n_position, err)
        && take_dim(g, "v.box.weight", 0, &s->n_box, err) && take_dim(g, "v.class_embd", 1, &s->n_class, err)
        && take_dim(g, "v.summary.mean", 0, &s->n_summary, err);
}

/* ---- weights -------------------------------------------------------------------------- */

static bool bind(struct projector *p, const struct compute *c, const struct gguf_binding *table, size_t n, unsigned i_block,
                 void *object, struct error *err)
{
    if (!gguf_bind(p->file, table, n, i_block, object, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!ops_as_f32(c, p->arena, (const struct tensor **)(void *)((char *)object + table[i].field), err))
            return false;
    return true;
}

#define LAYER(type, layer, name, n_in, n_out) \
    { name ".weight", offsetof(type, layer.weight), n_in, n_out, false }, { name ".bias", offsetof(type, layer.bias), n_out, 0, false }
#define NORM(type, layer, name, n) \
    { name ".weight", offsetof(type, layer.weight), n, 0, false }, { name ".bias", offsetof(type, layer.bias), n, 0, false }

static bool bind_block(struct projector *p, const struct compute *c, unsigned i, struct error *err)
{
    size_t d = p->d, n_ff = 0;
    char name[40];

    snprintf(name, sizeof name, "mm.blk.%u.ffn_up.bias", i);
    if (!take_dim(p->file, name, 0, &n_ff, err))
        return false;
    const struct gguf_binding table[] = {
        NORM(struct block, cross.norm, "mm.blk.%u.cross_norm", d), LAYER(struct block, cross.q, "mm.blk.%u.cross_q", d, d),
        LAYER(struct block, cross.k, "mm.blk.%u.cross_k", d, d), LAYER(struct block, cross.v, "mm.blk.%u.cross_v", d, d),
        LAYER(struct block, cross.out, "mm.blk.%u.cross_out", d, d),
        NORM(struct block, self.norm, "mm.blk.%u.self_norm", d), LAYER(struct block, self.q, "mm.blk.%u.self_q", d, d),
        LAYER(struct block, self.k, "mm.blk.%u.self_k", d, d), LAYER(struct block, self.v, "mm.blk.%u.self_v", d, d),
        LAYER(struct block, self.out, "mm.blk.%u.self_out", d, d),
        NORM(struct block, ffn_norm, "mm.blk.%u.ffn_norm", d), LAYER(struct block, ffn_up, "mm.blk.%u.ffn_up", d, n_ff),
        LAYER(struct block, ffn_down, "mm.blk.%u.ffn_down", n_ff, d),
    };
    return bind(p, c, table, sizeof table / sizeof *table, i, &p->blocks[i], err);
}

static bool bind_all(struct projector *p, const struct compute *c, struct error *err)
{
    const struct projector_sizes *s = &p->sizes;
    size_t d = p->d;
    const struct gguf_binding table[] = {
        LAYER(struct projector, grid, "v.grid", s->n_grid, d), LAYER(struct projector, box, "v.box", s->n_box, d),
        LAYER(struct projector, summary, "v.summary", s->n_summary, d),
        { "v.position_embd", offsetof(struct projector, position), d, s->n_position, false },
        { "v.class_embd", offsetof(struct projector, classes), d, s->n_class, false },
        { "v.summary.mean", offsetof(struct projector, mean), s->n_summary, 0, false },
        { "v.summary.scale", offsetof(struct projector, scale), s->n_summary, 0, false },
        NORM(struct projector, token_norm, "mm.token_norm", d), NORM(struct projector, out_norm, "mm.out_norm", d),
        { "mm.query", offsetof(struct projector, query), d, s->n_rows, false },
        LAYER(struct projector, out, "mm.out", d, s->n_embd),
    };

    if (!bind(p, c, table, sizeof table / sizeof *table, 0, p, err))
        return false;
    p->blocks = arena_zero(p->arena, p->n_layer, sizeof *p->blocks, err);
    for (size_t i = 0; p->blocks != NULL && i < p->n_layer; i++)
        if (!bind_block(p, c, (unsigned)i, err))
            return false;
    return p->blocks != NULL;
}

/* ---- opening -------------------------------------------------------------------------- */

/* Takes the file, which may be NULL with *err saying why. */
static struct projector *projector_new(struct gguf *file, const struct compute *c, struct error *err)
{
    struct projector *p = file == NULL ? NULL : calloc(1, sizeof *p);

    if (p == NULL) {
        if (file != NULL)
            error_set(err, ERROR_INFERENCE, "%s: no memory to open it", gguf_path(file));
        gguf_close(file);
        return NULL;
    }
    p->file = file;
    p->arena = arena_new("projector", 1 << 16, err);
    if (p->arena != NULL && check_kind(file, err) && check_type(file, err) && take_sizes(p, err)
        && take_metadata(p, err) && bind_all(p, c, err))
        return p;
    projector_close(p);
    return NULL;
}

struct projector *projector_open(const char *path, const struct compute *c, struct error *err)
{
    struct projector *p = projector_new(gguf_open(path, err), c, err);

    if (p == NULL || sha256_file(path, p->id, err))
        return p;
    projector_close(p);
    return NULL;
}

struct projector *projector_open_bytes(const char *name, const void *bytes, size_t n_bytes, const struct compute *c, struct error *err)
{
    struct projector *p = projector_new(gguf_open_bytes(name, bytes, n_bytes, err), c, err);

    if (p != NULL)
        sha256_bytes(bytes, n_bytes, p->id);
    return p;
}

void projector_close(struct projector *p)
{
    if (p == NULL)
        return;
    arena_free(p->arena);
    gguf_close(p->file);
    free(p);
}

const char *projector_id(const struct projector *p)
{
    return p->id;
}

const char *projector_text_model(const struct projector *p)
{
    return p->text_model;
}

size_t projector_n_embd(const struct projector *p)
{
    return p->sizes.n_embd;
}

struct projector_sizes projector_sizes(const struct projector *p)
{
    return p->sizes;
}

/* ---- forward -------------------------------------------------------------------------- */

struct projecting {
    const struct projector *p;
    const struct compute *c;
    struct arena *scratch;
    const struct projector_input *in;
    size_t n_tokens;
    float *tokens;                  /* [n_tokens][d] */
    float *clipped;                 /* [n_summary] */
    float *h, *a, *q, *attended;    /* [n_rows][d] */
    float *k, *v;                   /* [n_tokens or n_rows][d] */
};

static bool apply(const struct projecting *j, const struct layer *l, const float *x, size_t n, float *y, struct error *err)
{
    return ops_matmul(j->c, j->scratch, l->weight, l->bias->data, x, n, y, err);
}

static void norm(const struct projecting *j, const struct layer *l, const float *x, size_t n, float *y)
{
    ops_layer_norm(j->c, x, l->weight->data, l->bias->data, n, j->p->d, j->p->eps, y);
}

static bool allocate(struct projecting *j, struct error *err)
{
    size_t d = j->p->d, n_rows = j->p->sizes.n_rows, n_keys = j->n_tokens > n_rows ? j->n_tokens : n_rows;
    struct { float **to; size_t n; } const all[] = {
        { &j->tokens, j->n_tokens * d }, { &j->clipped, j->p->sizes.n_summary }, { &j->h, n_rows * d }, { &j->a, n_rows * d },
        { &j->q, n_rows * d }, { &j->attended, n_rows * d }, { &j->k, n_keys * d }, { &j->v, n_keys * d },
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if ((*all[i].to = arena_alloc(j->scratch, all[i].n, sizeof(float), err)) == NULL)
            return false;
    return true;
}

static bool embed_boxes(const struct projecting *j, float *tokens, struct error *err)
{
    const struct projector *p = j->p;

    if (j->in->n_boxes == 0)
        return true;
    if (!apply(j, &p->box, j->in->boxes, j->in->n_boxes, tokens, err))
        return false;
    for (size_t i = 0; i < j->in->n_boxes; i++)
        ops_add(j->c, tokens + i * p->d, (const float *)p->classes->data + j->in->classes[i] * p->d, p->d);
    return true;
}

static bool embed_summary(const struct projecting *j, float *token, struct error *err)
{
    const float *mean = j->p->mean->data, *scale = j->p->scale->data;

    for (size_t i = 0; i < j->p->sizes.n_summary; i++)
        j->clipped[i] = fminf(fmaxf((j->in->summary[i] - mean[i]) * scale[i], -MOST), MOST);
    return apply(j, &j->p->summary, j->clipped, 1, token, err);
}

static bool embed(const struct projecting *j, struct error *err)
{
    const struct projector *p = j->p;
    size_t n = p->sizes.n_position;

    if (!apply(j, &p->grid, j->in->grid, n, j->tokens, err))
        return false;
    ops_add(j->c, j->tokens, p->position->data, n * p->d);
    if (!embed_boxes(j, j->tokens + n * p->d, err) || !embed_summary(j, j->tokens + (j->n_tokens - 1) * p->d, err))
        return false;
    norm(j, &p->token_norm, j->tokens, j->n_tokens, j->tokens);
    return true;
}

/* h += out(attention of norm(h) to keys [n_keys][d]); keys NULL: to itself. */
static bool attend(const struct projecting *j, const struct attention *l, const float *keys, size_t n_keys, struct error *err)
{
    size_t n = j->p->sizes.n_rows, head_dim = j->p->d / j->p->n_head;

    norm(j, &l->norm, j->h, n, j->a);
    if (keys == NULL) {
        keys = j->a;
        n_keys = n;
    }
    if (!apply(j, &l->q, j->a, n, j->q, err) || !apply(j, &l->k, keys, n_keys, j->k, err)
        || !apply(j, &l->v, keys, n_keys, j->v, err)
        || !ops_attention_full(j->c, j->scratch, j->q, j->k, j->v, n, n_keys, j->p->n_head, head_dim, 1.0f / sqrtf((float)head_dim),
                               NULL, j->attended, err)
        || !apply(j, &l->out, j->attended, n, j->q, err))
        return false;
    ops_add(j->c, j->h, j->q, n * j->p->d);
    return true;
}

/* h += ffn_down(GELU(ffn_up(norm(h)))) */
static bool transform(const struct projecting *j, const struct block *b, struct error *err)
{
    struct arena_mark mark = arena_mark(j->scratch);
    size_t n = j->p->sizes.n_rows, n_ff = b->ffn_up.weight->dim[1];
    float *wide = arena_alloc(j->scratch, n * n_ff, sizeof *wide, err);
    bool ok = wide != NULL;

    if (ok) {
        norm(j, &b->ffn_norm, j->h, n, j->a);
        ok = apply(j, &b->ffn_up, j->a, n, wide, err);
    }
    if (ok) {
        ops_gelu(j->c, wide, n * n_ff);
        ok = apply(j, &b->ffn_down, wide, n, j->a, err);
    }
    if (ok)
        ops_add(j->c, j->h, j->a, n * j->p->d);
    arena_rewind(j->scratch, mark);
    return ok;
}

static bool forward(struct projecting *j, float *rows, struct error *err)
{
    const struct projector *p = j->p;

    if (!allocate(j, err) || !embed(j, err))
        return false;
    memcpy(j->h, p->query->data, p->sizes.n_rows * p->d * sizeof *j->h);
    for (size_t i = 0; i < p->n_layer; i++) {
        const struct block *b = &p->blocks[i];
        if (compute_cancelled(j->c, err) || !attend(j, &b->cross, j->tokens, j->n_tokens, err) || !attend(j, &b->self, NULL, 0, err)
            || !transform(j, b, err))
            return false;
    }
    norm(j, &p->out_norm, j->h, p->sizes.n_rows, j->h);
    return apply(j, &p->out, j->h, p->sizes.n_rows, rows, err);
}

static bool check_finite(const struct projector *p, const float *rows, struct error *err)
{
    for (size_t i = 0; i < p->sizes.n_rows * p->sizes.n_embd; i++)
        if (!isfinite(rows[i]))
            return error_set(err, ERROR_MODEL, "%s: gives rows that are no finite numbers", gguf_path(p->file));
    return true;
}

bool projector_run(const struct projector *p, const struct compute *c, struct arena *scratch,
                   const struct projector_input *in, float *rows, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    struct projecting j = { .p = p, .c = c, .scratch = scratch, .in = in, .n_tokens = p->sizes.n_position + in->n_boxes + 1 };
    bool ok = forward(&j, rows, err) && check_finite(p, rows, err);

    arena_rewind(scratch, mark);
    return ok;
}
