#include "text/lora.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/kernels.h"
#include "tensor/ops.h"
#include "text/transformer.h"

struct pair {
    size_t i_layer;
    const struct tensor *weight, *a, *b;
};

struct lora {
    struct gguf *g;
    float alpha;                    /* 0: the rank of each pair */
    struct pair *pairs;             /* by layer, those of layer i from first[i] to first[i + 1] */
    size_t n_pairs, *first;
};

/* ---- opening --------------------------------------------------------------------------- */

static bool check_kind(const struct gguf *g, const struct transformer *t, struct error *err)
{
    const char *type = gguf_string(g, "general.type"), *kind = gguf_string(g, "adapter.type");
    const char *architecture = gguf_string(g, "general.architecture");

    if (type == NULL || strcmp(type, "adapter") != 0)
        return error_set(err, ERROR_MODEL, "%s: is no adapter: general.type is \"%s\", expected \"adapter\"; a model is given with -m",
                         gguf_path(g), type == NULL ? "(none)" : type);
    if (kind == NULL || strcmp(kind, "lora") != 0)
        return error_set(err, ERROR_MODEL, "%s: adapters of the type \"%s\" are not supported; supported is lora",
                         gguf_path(g), kind == NULL ? "(none)" : kind);
    if (architecture == NULL || strcmp(architecture, t->architecture) != 0)
        return error_set(err, ERROR_MODEL, "%s: is for the architecture \"%s\", the model is of \"%s\"",
                         gguf_path(g), architecture == NULL ? "(none)" : architecture, t->architecture);
    return true;
}

/* The weight of a layer that has this name, n bytes of it; a layer begins with its tensors. */
static const struct tensor *find_weight(const struct transformer *t, const char *name, size_t n, size_t *i_layer)
{
    for (size_t l = 0; l < t->n_layer; l++) {
        const struct tensor *const *field = (const struct tensor *const *)&t->layers[l];
        for (size_t k = 0; k < offsetof(struct transformer_layer, window) / sizeof *field; k++)
            if (field[k] != NULL && strncmp(field[k]->name, name, n) == 0 && field[k]->name[n] == '\0') {
                *i_layer = l;
                return field[k];
            }
    }
    return NULL;
}

static bool wrong_shape(const struct gguf *g, const struct tensor *found, size_t n_in, size_t n_out, const struct tensor *weight,
                        struct error *err)
{
    return error_set(err, ERROR_MODEL, "%s: tensor %s: expected [%zu][%zu] beside %s [%zu][%zu], found [%zu][%zu]",
                     gguf_path(g), found->name, n_out, n_in, weight->name, weight->dim[1], weight->dim[0],
                     found->dim[1], found->dim[0]);
}

static bool check_shapes(const struct gguf *g, const struct pair *p, struct error *err)
{
    size_t rank = p->a->dim[1];

    if (p->weight->n_dims != 2)
        return error_set(err, ERROR_MODEL, "%s: tensor %s: %s of the model is no matrix", gguf_path(g), p->a->name, p->weight->name);
    if (p->a->n_dims != 2 || p->a->dim[0] != p->weight->dim[0])
        return wrong_shape(g, p->a, p->weight->dim[0], rank, p->weight, err);
    return (p->b->n_dims == 2 && p->b->dim[0] == rank && p->b->dim[1] == p->weight->dim[1]) ||
           wrong_shape(g, p->b, rank, p->weight->dim[1], p->weight, err);
}

/* Parts of a fused weight have its name; the products are those of the parts. */
static bool is_fused(const struct transformer_layer *l, const struct tensor *weight)
{
    return (l->attn_qkv != NULL && strcmp(l->attn_qkv->name, weight->name) == 0) ||
           (l->ffn_gate_up != NULL && strcmp(l->ffn_gate_up->name, weight->name) == 0);
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), n_end = strlen(end);

    return n > n_end && strcmp(name + n - n_end, end) == 0;
}

/* The tensor's pair when it is the A of one; a B is only checked for its A. */
static bool bind(struct lora *l, const struct transformer *t, const struct tensor *found, struct error *err)
{
    bool is_a = ends_with(found->name, ".lora_a"), is_b = ends_with(found->name, ".lora_b");
    char *other_name = strdup(found->name);
    size_t n = strlen(found->name);

    if (other_name == NULL)
        return error_set(err, ERROR_INFERENCE, "%s: no memory", gguf_path(l->g));
    other_name[n - 1] = is_a ? 'b' : 'a';
    const struct tensor *other = gguf_tensor(l->g, other_name);
    struct pair p = { 0, NULL, found, other };
    bool good = false;
    if (!is_a && !is_b)
        error_set(err, ERROR_MODEL, "%s: tensor %s: expected the name of a weight and .lora_a or .lora_b", gguf_path(l->g), found->name);
    else if (other == NULL)
        error_set(err, ERROR_MODEL, "%s: tensor %s has no %s beside it", gguf_path(l->g), found->name, other_name);
    else if (strncmp(found->name, "token_embd.", 11) == 0 || strncmp(found->name, "output.", 7) == 0)
        error_set(err, ERROR_MODEL, "%s: tensor %s: adapters of token_embd and output are not supported, those of layers are",
                  gguf_path(l->g), found->name);
    else if ((p.weight = find_weight(t, found->name, n - strlen(".lora_a"), &p.i_layer)) == NULL)
        error_set(err, ERROR_MODEL, "%s: tensor %s: the model has no weight of that name", gguf_path(l->g), found->name);
    else if (is_fused(&t->layers[p.i_layer], p.weight))
        error_set(err, ERROR_MODEL, "%s: tensor %s: adapters of %s, which has several weights of the model in one, are not supported",
                  gguf_path(l->g), found->name, p.weight->name);
    else
        good = is_b || check_shapes(l->g, &p, err);
    free(other_name);
    if (good && is_a)
        l->pairs[l->n_pairs++] = p;
    return good;
}

static int by_layer(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    return x->i_layer < y->i_layer ? -1 : x->i_layer > y->i_layer;
}

static bool bind_all(struct lora *l, const struct transformer *t, struct error *err)
{
    size_t n = gguf_n_tensors(l->g);

    l->pairs = calloc(n + 1, sizeof *l->pairs);
    l->first = calloc(t->n_layer + 1, sizeof *l->first);
    if (l->pairs == NULL || l->first == NULL)
        return error_set(err, ERROR_INFERENCE, "%s: no memory", gguf_path(l->g));
    for (size_t i = 0; i < n; i++)
        if (!bind(l, t, gguf_tensor_at(l->g, i), err))
            return false;
    if (l->n_pairs == 0)
        return error_set(err, ERROR_MODEL, "%s: holds no matrices: expected tensors such as blk.0.attn_q.weight.lora_a", gguf_path(l->g));
    qsort(l->pairs, l->n_pairs, sizeof *l->pairs, by_layer);
    for (size_t i = 0; i < l->n_pairs; i++)
        l->first[l->pairs[i].i_layer + 1]++;
    for (size_t i = 0; i < t->n_layer; i++)
        l->first[i + 1] += l->first[i];
    return true;
}

struct lora *lora_open(const char *path, const struct transformer *t, struct error *err)
{
    struct lora *l = calloc(1, sizeof *l);

    if (l == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory", path);
        return NULL;
    }
    l->g = gguf_open(path, err);
    if (l->g == NULL || !check_kind(l->g, t, err) || !bind_all(l, t, err)) {
        lora_close(l);
        return NULL;
    }
    gguf_f32(l->g, "adapter.lora.alpha", &l->alpha);
    if (!isfinite(l->alpha)) {
        error_set(err, ERROR_MODEL, "%s: adapter.lora.alpha is not a number", path);
        lora_close(l);
        return NULL;
    }
    return l;
}

void lora_close(struct lora *l)
{
    if (l == NULL)
        return;
    gguf_close(l->g);
    free(l->pairs);
    free(l->first);
    free(l);
}

const char *lora_path(const struct lora *l)
{
    return gguf_path(l->g);
}

size_t lora_most_rank(const struct lora *l)
{
    size_t most = 0;

    for (size_t i = 0; i < l->n_pairs; i++)
        most = l->pairs[i].a->dim[1] > most ? l->pairs[i].a->dim[1] : most;
    return most;
}

size_t lora_most_out(const struct lora *l)
{
    size_t most = 0;

    for (size_t i = 0; i < l->n_pairs; i++)
        most = l->pairs[i].b->dim[1] > most ? l->pairs[i].b->dim[1] : most;
    return most;
}

/* ---- adding ------------------------------------------------------------------------------ */

static void find_most(const struct lora *const *loras, size_t n, size_t *rank, size_t *out)
{
    *rank = *out = 0;
    for (size_t i = 0; i < n; i++) {
        *rank = lora_most_rank(loras[i]) > *rank ? lora_most_rank(loras[i]) : *rank;
        *out = lora_most_out(loras[i]) > *out ? lora_most_out(loras[i]) : *out;
    }
}

size_t lora_set_bytes(const struct lora *const *loras, size_t n, size_t n_rows)
{
    size_t rank, out, n_bytes = n * sizeof(float);

    find_most(loras, n, &rank, &out);
    for (size_t i = 0; i < n; i++)
        n_bytes += gguf_file_bytes(loras[i]->g);
    return n_bytes + n_rows * (rank + out) * sizeof(float);
}

bool lora_set_init(struct lora_set *s, const struct lora *const *loras, size_t n, size_t n_rows, struct arena *session,
                   struct error *err)
{
    size_t rank, out;

    *s = (struct lora_set){ .loras = loras, .n = n };
    find_most(loras, n, &rank, &out);
    s->scales = arena_zero(session, n, sizeof *s->scales, err);
    s->low = s->scales == NULL ? NULL : arena_alloc(session, n_rows * rank, sizeof *s->low, err);
    s->added = s->low == NULL ? NULL : arena_alloc(session, n_rows * out, sizeof *s->added, err);
    return s->added != NULL;
}

static const struct pair *find_pair(const struct lora *l, size_t i_layer, const struct tensor *weight)
{
    for (size_t i = l->first[i_layer]; i < l->first[i_layer + 1]; i++)
        if (l->pairs[i].weight == weight)
            return &l->pairs[i];
    return NULL;
}

bool lora_add(const struct lora_set *s, const struct compute *c, struct arena *scratch, size_t i_layer,
              const struct tensor *weight, const float *x, size_t n, float *y, struct error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct pair *p = s->scales[i] != 0.0f ? find_pair(s->loras[i], i_layer, weight) : NULL;
        if (p == NULL)
            continue;
        float rank = (float)p->a->dim[1], alpha = s->loras[i]->alpha != 0.0f ? s->loras[i]->alpha : rank;
        if (!ops_matmul(c, scratch, p->a, NULL, x, n, s->low, err) ||
            !ops_matmul(c, scratch, p->b, NULL, s->low, n, s->added, err))
            return false;
        c->kernels->add_scaled(y, s->scales[i] * alpha / rank, s->added, n * weight->dim[1]);
    }
    return true;
}
