/* transformer_open.c - a GGUF file's settings and weights, checked and bound.
 *
 * Whatever would change the result and is not computed here is refused by name, a tensor
 * without a use too. */
#include "text/transformer.h"

#include "text/architecture.h"
#include "text/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define N_OF(table) (sizeof (table) / sizeof (table)[0])

struct opening {
    struct settings s;
    const struct architecture *architecture;
    struct transformer *t;
    struct rotation_factors factors;
    struct arena *arena;
    struct error *err;
};

/* ---- settings ------------------------------------------------------------------------ */

static bool check_unsupported(const struct opening *o)
{
    const struct transformer *t = o->t;
    size_t n;

    if (settings_size(&o->s, "expert_count", &n) && n > 0)
        return settings_refuse(&o->s, "expert_count", "a mixture of experts", o->err);
    if (settings_size(&o->s, "attention.value_length", &n) && n != t->head_dim)
        return settings_refuse(&o->s, "attention.value_length", "values of another length than keys", o->err);
    if (o->architecture->window == WINDOW_NONE && settings_size(&o->s, "attention.sliding_window", &n) &&
        n > 0 && n < t->n_ctx_train)
        return settings_refuse(&o->s, "attention.sliding_window", "a window in this architecture", o->err);
    return true;
}

static bool read_heads(const struct opening *o)
{
    struct transformer *t = o->t;
    const char *path = gguf_path(o->s.g);

    if (!settings_require(&o->s, "attention.head_count", &t->n_head, o->err))
        return false;
    t->n_head_kv = t->n_head;
    settings_size(&o->s, "attention.head_count_kv", &t->n_head_kv);
    if (t->n_head_kv == 0 || t->n_head % t->n_head_kv != 0)
        return error_set(o->err, ERROR_MODEL, "%s: %zu heads cannot share %zu key/value heads", path, t->n_head, t->n_head_kv);
    if (!settings_size(&o->s, "attention.key_length", &t->head_dim)) {
        if (t->n_embd % t->n_head != 0)
            return error_set(o->err, ERROR_MODEL, "%s: an embedding of %zu cannot be split into %zu heads",
                             path, t->n_embd, t->n_head);
        t->head_dim = t->n_embd / t->n_head;
    }
    t->n_rot = t->head_dim;
    settings_size(&o->s, "rope.dimension_count", &t->n_rot);
    if (t->n_rot == 0 || t->n_rot % 2 != 0 || t->n_rot > t->head_dim)
        return error_set(o->err, ERROR_MODEL, "%s: of heads of %zu values, %zu cannot be rotated in pairs",
                         path, t->head_dim, t->n_rot);
    return true;
}

/* Gemma 3 27B divides by another root than its own heads'; no key says so, and llama.cpp
 * knows it by its 62 layers, too (google/gemma_pytorch, config.py, query_pre_attn_scalar). */
static float attention_scale(const struct transformer *t)
{
    size_t head_dim = strcmp(t->architecture, "gemma3") == 0 && t->n_layer == 62 ? t->n_embd / t->n_head : t->head_dim;

    return 1.0f / sqrtf((float)head_dim);
}

static bool read_settings(const struct opening *o)
{
    const struct settings *s = &o->s;
    struct transformer *t = o->t;
    char key[SETTINGS_KEY_BYTES];

    t->architecture = o->architecture->name;
    t->rope_interleaved = o->architecture->rope_interleaved;
    t->gelu = o->architecture->gelu;
    if (!settings_require(s, "block_count", &t->n_layer, o->err) ||
        !settings_require(s, "embedding_length", &t->n_embd, o->err) ||
        !settings_require(s, "feed_forward_length", &t->n_ff, o->err) ||
        !settings_require(s, "context_length", &t->n_ctx_train, o->err) || !read_heads(o))
        return false;
    t->embedding_scale = o->architecture->scaled_embedding ? sqrtf((float)t->n_embd) : 1.0f;
    t->attention_scale = attention_scale(t);
    t->eps = -1.0f;
    if (!settings_number(s, "attention.layer_norm_rms_epsilon", false, &t->eps, o->err) ||
        !settings_number(s, "attention.scale", true, &t->attention_scale, o->err) ||
        !settings_number(s, "attn_logit_softcapping", false, &t->attention_soft_cap, o->err) ||
        !settings_number(s, "final_logit_softcapping", false, &t->logit_soft_cap, o->err))
        return false;
    if (t->eps < 0.0f)
        return error_set(o->err, ERROR_MODEL, "%s: %s is missing", gguf_path(s->g),
                         settings_key(s, "attention.layer_norm_rms_epsilon", key));
    return check_unsupported(o);
}

/* ---- windows, rotations ------------------------------------------------------------------- */

/* By one flag for each layer, or by a number n: each n-th layer sees all. */
static bool read_windows(const struct opening *o)
{
    struct transformer *t = o->t;
    char key[SETTINGS_KEY_BYTES];
    size_t window = 0, pattern = o->architecture->window_pattern;
    const unsigned char *local;

    settings_size(&o->s, "attention.sliding_window", &window);
    if (window == 0 || o->architecture->window == WINDOW_NONE)
        return true;
    settings_size(&o->s, "attention.sliding_window_pattern", &pattern);
    size_t n_flags = gguf_bools(o->s.g, settings_key(&o->s, "attention.sliding_window_pattern", key), &local);
    if (o->architecture->window == WINDOW_PATTERN && n_flags != 0 && n_flags != t->n_layer)
        return error_set(o->err, ERROR_MODEL, "%s: %s: %zu flags for %zu layers", gguf_path(o->s.g), key, n_flags, t->n_layer);
    for (size_t i = 0; i < t->n_layer; i++) {
        bool is_local = o->architecture->window == WINDOW_ALL ||
                        (n_flags != 0 ? local[i] != 0 : pattern != 0 && (i + 1) % pattern != 0);
        t->layers[i].window = is_local ? window : 0;
        t->layers[i].i_rotation = is_local && o->architecture->rope_theta_local != 0.0f;
        if (t->layers[i].i_rotation != 0)
            t->n_rotations = 2;
    }
    return true;
}

static bool open_rotations(const struct opening *o)
{
    struct transformer *t = o->t;
    float theta_local = o->architecture->rope_theta_local;

    if (!rotation_open(&t->rotations[0], &o->s, &o->factors, t->n_rot, t->n_ctx_train, o->architecture->axes, o->arena, o->err))
        return false;
    if (t->n_rotations < 2)
        return true;
    return settings_number(&o->s, "rope.freq_base_swa", true, &theta_local, o->err) &&
           rotation_plain(&t->rotations[1], theta_local, t->n_rot, o->arena, o->err);
}

/* ---- weights --------------------------------------------------------------------------- */

static bool bind_model(struct opening *o)
{
    struct transformer *t = o->t;
    const struct gguf_binding table[] = {
        { "token_embd.weight", offsetof(struct transformer, token_embd), t->n_embd, t->n_vocab, false },
        { "output_norm.weight", offsetof(struct transformer, output_norm), t->n_embd, 0, false },
        { "output.weight", offsetof(struct transformer, output), t->n_embd, t->n_vocab, true },
    };
    const struct gguf_binding factors[] = {
        { "rope_freqs.weight", offsetof(struct rotation_factors, all), t->n_rot / 2, 0, true },
        { "rope_factors_short.weight", offsetof(struct rotation_factors, for_short), t->n_rot / 2, 0, true },
        { "rope_factors_long.weight", offsetof(struct rotation_factors, for_long), t->n_rot / 2, 0, true },
    };

    return gguf_bind(o->s.g, table, N_OF(table), 0, t, o->err) &&
           gguf_bind(o->s.g, factors, N_OF(factors), 0, &o->factors, o->err);
}

/* n rows of a tensor from `first` on, as a tensor. */
static const struct tensor *rows_of(const struct tensor *whole, size_t first, size_t n, struct arena *arena, struct error *err)
{
    size_t row_bytes = whole->n_bytes / whole->dim[1];
    struct tensor *part = arena_alloc(arena, 1, sizeof *part, err);

    if (part != NULL) {
        *part = *whole;
        part->dim[1] = n;
        part->data = (const unsigned char *)whole->data + first * row_bytes;
        part->n_bytes = n * row_bytes;
    }
    return part;
}

/* What stands in one tensor is used as if it stood in several. */
static bool split_fused(struct opening *o, struct transformer_layer *l)
{
    size_t n_q = o->t->n_head * o->t->head_dim, n_kv = o->t->n_head_kv * o->t->head_dim, n_ff = o->t->n_ff;

    if (l->attn_qkv != NULL) {
        l->attn_q = rows_of(l->attn_qkv, 0, n_q, o->arena, o->err);
        l->attn_k = rows_of(l->attn_qkv, n_q, n_kv, o->arena, o->err);
        l->attn_v = rows_of(l->attn_qkv, n_q + n_kv, n_kv, o->arena, o->err);
        if (l->attn_q == NULL || l->attn_k == NULL || l->attn_v == NULL)
            return false;
    }
    if (l->ffn_gate_up == NULL)
        return true;
    l->ffn_gate = rows_of(l->ffn_gate_up, 0, n_ff, o->arena, o->err);
    l->ffn_up = rows_of(l->ffn_gate_up, n_ff, n_ff, o->arena, o->err);
    return l->ffn_gate != NULL && l->ffn_up != NULL;
}

/* What is not a matrix is read as floats in place. */
static bool is_vector_f32(const struct opening *o, const struct tensor *t)
{
    if (t == NULL || t->type == TENSOR_F32 || t->dim[1] > 1)
        return true;
    return error_set(o->err, ERROR_MODEL, "%s: tensor %s: expected F32, found %s",
                     gguf_path(o->s.g), t->name, tensor_type_name(t->type));
}

static bool bind_layer(struct opening *o, unsigned i_layer)
{
    struct transformer *t = o->t;
    struct transformer_layer *l = &t->layers[i_layer];
    size_t n_q = t->n_head * t->head_dim, n_kv = t->n_head_kv * t->head_dim;
    const size_t sides[N_WEIGHT_SIDES] = {
        [SIDE_EMBD] = t->n_embd, [SIDE_HEAD] = t->head_dim, [SIDE_Q] = n_q, [SIDE_KV] = n_kv,
        [SIDE_QKV] = n_q + 2 * n_kv, [SIDE_FF] = t->n_ff, [SIDE_GATE_UP] = 2 * t->n_ff,
    };

    for (const struct architecture_weight *w = o->architecture->weights; w->name != NULL; w++) {
        char name[64];
        snprintf(name, sizeof name, "blk.%%u.%s", w->name);
        struct gguf_binding row = { name, w->field, sides[w->in], sides[w->out], w->optional };
        if (!gguf_bind(o->s.g, &row, 1, i_layer, l, o->err) ||
            !is_vector_f32(o, *(const struct tensor *const *)(const void *)((const char *)l + w->field)))
            return false;
    }
    return split_fused(o, l);
}

static bool is_bound(const struct opening *o, const struct tensor *tensor)
{
    const struct transformer *t = o->t;
    size_t i_layer;

    if (sscanf(tensor->name, "blk.%zu.", &i_layer) != 1 || i_layer >= t->n_layer)
        return tensor == t->token_embd || tensor == t->output_norm || tensor == t->output ||
               tensor == o->factors.all || tensor == o->factors.for_short || tensor == o->factors.for_long;
    const struct tensor *const *field = (const struct tensor *const *)&t->layers[i_layer];
    for (size_t k = 0; k < offsetof(struct transformer_layer, window) / sizeof *field; k++)
        if (field[k] == tensor)
            return true;
    return false;
}

static bool check_all_bound(const struct opening *o)
{
    for (size_t i = 0; i < gguf_n_tensors(o->s.g); i++)
        if (!is_bound(o, gguf_tensor_at(o->s.g, i)))
            return error_set(o->err, ERROR_MODEL, "%s: tensor %s has no place in the %s architecture as it is supported",
                             gguf_path(o->s.g), gguf_tensor_at(o->s.g, i)->name, o->t->architecture);
    return true;
}

static bool bind_weights(struct opening *o)
{
    struct transformer *t = o->t;

    if (!bind_model(o) || !is_vector_f32(o, t->output_norm) || !is_vector_f32(o, o->factors.all) ||
        !is_vector_f32(o, o->factors.for_short) || !is_vector_f32(o, o->factors.for_long))
        return false;
    if (t->n_layer > gguf_n_tensors(o->s.g))        /* before memory is taken for them */
        return error_set(o->err, ERROR_MODEL, "%s: %zu blocks, but only %zu tensors", gguf_path(o->s.g), t->n_layer,
                         gguf_n_tensors(o->s.g));
    t->layers = arena_zero(o->arena, t->n_layer, sizeof *t->layers, o->err);
    if (t->layers == NULL)
        return false;
    for (size_t i = 0; i < t->n_layer; i++)
        if (!bind_layer(o, (unsigned)i))
            return false;
    if (!check_all_bound(o))
        return false;
    if (t->output == NULL)
        t->output = t->token_embd;
    return true;
}

bool transformer_open(struct transformer *t, const struct gguf *g, size_t n_vocab,
                      struct arena *arena, struct error *err)
{
    struct opening o = { .architecture = architecture_find(g, err), .t = t, .arena = arena, .err = err };

    *t = (struct transformer){ .n_vocab = n_vocab, .n_rotations = 1 };
    if (o.architecture == NULL)
        return false;
    o.s = (struct settings){ g, o.architecture->name };
    return read_settings(&o) && bind_weights(&o) && read_windows(&o) && open_rotations(&o);
}
