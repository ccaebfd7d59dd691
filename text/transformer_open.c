/* transformer_open.c - a GGUF file's settings and weights, checked and bound.
 *
 * The keys are those of ggml docs/gguf.md, "LLM".  Whatever would change the result
 * and is not computed here is refused by name, a tensor without a use too: a model
 * that is evaluated wrongly still talks, only worse. */
#include "text/transformer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define N_OF(table) (sizeof (table) / sizeof (table)[0])

/* GGUF files of the llama architecture have the rows of q and k permuted so that
 * rotary pairs stand side by side; those of qwen2 do not. */
static const struct architecture {
    const char *name;
    bool rope_interleaved, qkv_bias;
} architectures[] = {
    { "llama", true, false },
    { "qwen2", false, true },
};

struct settings {
    const struct gguf *g;
    const struct architecture *architecture;
};

/* ---- settings ------------------------------------------------------------------------ */

static const struct architecture *find_architecture(const struct gguf *g, struct error *err)
{
    const char *name = gguf_string(g, "general.architecture");
    char names[100] = "";
    size_t n = 0;

    for (size_t i = 0; i < N_OF(architectures); i++) {
        if (name != NULL && strcmp(architectures[i].name, name) == 0)
            return &architectures[i];
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i > 0 ? ", " : "", architectures[i].name);
    }
    error_set(err, ERROR_MODEL, "%s: architecture \"%s\" is not supported; supported are %s",
              gguf_path(g), name == NULL ? "(none)" : name, names);
    return NULL;
}

/* "<architecture>.<key>" in a buffer of the caller's. */
#define KEY_BYTES 128
static const char *key_of(const struct settings *s, const char *key, char full[KEY_BYTES])
{
    snprintf(full, KEY_BYTES, "%s.%s", s->architecture->name, key);
    return full;
}

static bool optional(const struct settings *s, const char *key, size_t *value)
{
    char full[KEY_BYTES];
    uint32_t found;

    if (!gguf_u32(s->g, key_of(s, key, full), &found))
        return false;
    *value = found;
    return true;
}

static bool required(const struct settings *s, const char *key, size_t *value, struct error *err)
{
    char full[KEY_BYTES];

    if (optional(s, key, value) && *value > 0)
        return true;
    return error_set(err, ERROR_MODEL, "%s: %s is missing or not a positive number",
                     gguf_path(s->g), key_of(s, key, full));
}

static bool refuse(const struct settings *s, const char *key, const char *why, struct error *err)
{
    char full[KEY_BYTES];

    return error_set(err, ERROR_MODEL, "%s: %s: %s is not supported", gguf_path(s->g), key_of(s, key, full), why);
}

static bool check_unsupported(const struct settings *s, const struct transformer *t, struct error *err)
{
    char full[KEY_BYTES];
    const char *scaling = gguf_string(s->g, key_of(s, "rope.scaling.type", full));
    size_t n;
    float factor;

    if (scaling != NULL && strcmp(scaling, "none") != 0)
        return refuse(s, "rope.scaling.type", "scaling of rotary positions", err);
    if (gguf_f32(s->g, key_of(s, "rope.scale_linear", full), &factor) && factor != 1.0f)
        return refuse(s, "rope.scale_linear", "scaling of rotary positions", err);
    if (optional(s, "expert_count", &n) && n > 0)
        return refuse(s, "expert_count", "a mixture of experts", err);
    if (optional(s, "attention.sliding_window", &n) && n > 0 && n < t->n_ctx_train)
        return refuse(s, "attention.sliding_window", "attention over a sliding window", err);
    if (optional(s, "rope.dimension_count", &n) && n != t->head_dim)
        return refuse(s, "rope.dimension_count", "rotation of a part of a head", err);
    if (optional(s, "attention.value_length", &n) && n != t->head_dim)
        return refuse(s, "attention.value_length", "values of another length than keys", err);
    return true;
}

static bool read_heads(const struct settings *s, struct transformer *t, struct error *err)
{
    if (!required(s, "attention.head_count", &t->n_head, err))
        return false;
    t->n_head_kv = t->n_head;
    optional(s, "attention.head_count_kv", &t->n_head_kv);
    if (t->n_head_kv == 0 || t->n_head % t->n_head_kv != 0)
        return error_set(err, ERROR_MODEL, "%s: %zu heads cannot share %zu key/value heads",
                         gguf_path(s->g), t->n_head, t->n_head_kv);
    if (!optional(s, "attention.key_length", &t->head_dim)) {
        if (t->n_embd % t->n_head != 0)
            return error_set(err, ERROR_MODEL, "%s: an embedding of %zu cannot be split into %zu heads",
                             gguf_path(s->g), t->n_embd, t->n_head);
        t->head_dim = t->n_embd / t->n_head;
    }
    if (t->head_dim == 0 || t->head_dim % 2 != 0)
        return error_set(err, ERROR_MODEL, "%s: heads of %zu values cannot be rotated in pairs",
                         gguf_path(s->g), t->head_dim);
    return true;
}

static bool read_settings(const struct settings *s, struct transformer *t, struct error *err)
{
    char full[KEY_BYTES];

    t->architecture = s->architecture->name;
    t->rope_interleaved = s->architecture->rope_interleaved;
    if (!required(s, "block_count", &t->n_layer, err) ||
        !required(s, "embedding_length", &t->n_embd, err) ||
        !required(s, "feed_forward_length", &t->n_ff, err) ||
        !required(s, "context_length", &t->n_ctx_train, err) || !read_heads(s, t, err))
        return false;
    t->rope_theta = 10000.0f;       /* docs/gguf.md: when the key is missing */
    gguf_f32(s->g, key_of(s, "rope.freq_base", full), &t->rope_theta);
    if (!gguf_f32(s->g, key_of(s, "attention.layer_norm_rms_epsilon", full), &t->eps))
        return error_set(err, ERROR_MODEL, "%s: %s is missing", gguf_path(s->g), full);
    if (!(t->rope_theta > 0.0f) || !isfinite(t->rope_theta) || !(t->eps >= 0.0f) || !isfinite(t->eps))
        return error_set(err, ERROR_MODEL, "%s: rope.freq_base %g or layer_norm_rms_epsilon %g makes no sense",
                         gguf_path(s->g), (double)t->rope_theta, (double)t->eps);
    return check_unsupported(s, t, err);
}

/* ---- weights --------------------------------------------------------------------------- */

static bool bind_model(struct transformer *t, const struct gguf *g, struct error *err)
{
    const struct gguf_binding table[] = {
        { "token_embd.weight", offsetof(struct transformer, token_embd), t->n_embd, t->n_vocab, false },
        { "output_norm.weight", offsetof(struct transformer, output_norm), t->n_embd, 0, false },
        { "output.weight", offsetof(struct transformer, output), t->n_embd, t->n_vocab, true },
    };

    return gguf_bind(g, table, N_OF(table), 0, t, err);
}

static bool bind_block(struct transformer *t, const struct settings *s, unsigned i_block, struct error *err)
{
#define FIELD(name) offsetof(struct transformer_layer, name)
    size_t n_q = t->n_head * t->head_dim, n_kv = t->n_head_kv * t->head_dim;
    const struct gguf_binding table[] = {
        { "blk.%u.attn_norm.weight", FIELD(attn_norm), t->n_embd, 0, false },
        { "blk.%u.attn_q.weight", FIELD(attn_q), t->n_embd, n_q, false },
        { "blk.%u.attn_k.weight", FIELD(attn_k), t->n_embd, n_kv, false },
        { "blk.%u.attn_v.weight", FIELD(attn_v), t->n_embd, n_kv, false },
        { "blk.%u.attn_output.weight", FIELD(attn_output), n_q, t->n_embd, false },
        { "blk.%u.ffn_norm.weight", FIELD(ffn_norm), t->n_embd, 0, false },
        { "blk.%u.ffn_gate.weight", FIELD(ffn_gate), t->n_embd, t->n_ff, false },
        { "blk.%u.ffn_up.weight", FIELD(ffn_up), t->n_embd, t->n_ff, false },
        { "blk.%u.ffn_down.weight", FIELD(ffn_down), t->n_ff, t->n_embd, false },
    };
    const struct gguf_binding biases[] = {
        { "blk.%u.attn_q.bias", FIELD(attn_q_bias), n_q, 0, false },
        { "blk.%u.attn_k.bias", FIELD(attn_k_bias), n_kv, 0, false },
        { "blk.%u.attn_v.bias", FIELD(attn_v_bias), n_kv, 0, false },
    };
#undef FIELD
    struct transformer_layer *b = &t->layers[i_block];

    return gguf_bind(s->g, table, N_OF(table), i_block, b, err) &&
           (!s->architecture->qkv_bias || gguf_bind(s->g, biases, N_OF(biases), i_block, b, err));
}

static bool is_vector_f32(const struct gguf *g, const struct tensor *t, struct error *err)
{
    if (t == NULL || t->type == TENSOR_F32)
        return true;
    return error_set(err, ERROR_MODEL, "%s: tensor %s: expected F32, found %s",
                     gguf_path(g), t->name, tensor_type_name(t->type));
}

static bool check_vectors(const struct transformer *t, const struct gguf *g, struct error *err)
{
    if (!is_vector_f32(g, t->output_norm, err))
        return false;
    for (size_t i = 0; i < t->n_layer; i++) {
        const struct transformer_layer *b = &t->layers[i];
        if (!is_vector_f32(g, b->attn_norm, err) || !is_vector_f32(g, b->ffn_norm, err) ||
            !is_vector_f32(g, b->attn_q_bias, err) || !is_vector_f32(g, b->attn_k_bias, err) ||
            !is_vector_f32(g, b->attn_v_bias, err))
            return false;
    }
    return true;
}

/* A block is nothing but pointers to tensors, NULL where there is none. */
static bool is_bound(const struct transformer *t, const struct tensor *tensor)
{
    size_t i_block;

    if (sscanf(tensor->name, "blk.%zu.", &i_block) != 1 || i_block >= t->n_layer)
        return tensor == t->token_embd || tensor == t->output_norm || tensor == t->output;
    const struct tensor *const *field = (const struct tensor *const *)&t->layers[i_block];
    for (size_t k = 0; k < sizeof t->layers[i_block] / sizeof *field; k++)
        if (field[k] == tensor)
            return true;
    return false;
}

static bool check_all_bound(const struct transformer *t, const struct gguf *g, struct error *err)
{
    for (size_t i = 0; i < gguf_n_tensors(g); i++)
        if (!is_bound(t, gguf_tensor_at(g, i)))
            return error_set(err, ERROR_MODEL, "%s: tensor %s has no place in the %s architecture as it is supported",
                             gguf_path(g), gguf_tensor_at(g, i)->name, t->architecture);
    return true;
}

bool transformer_open(struct transformer *t, const struct gguf *g, size_t n_vocab,
                      struct arena *arena, struct error *err)
{
    struct settings s = { g, find_architecture(g, err) };

    *t = (struct transformer){ .n_vocab = n_vocab };
    if (s.architecture == NULL || !read_settings(&s, t, err) || !bind_model(t, g, err))
        return false;
    if (t->n_layer > gguf_n_tensors(g))     /* before memory is taken for them */
        return error_set(err, ERROR_MODEL, "%s: %zu blocks, but only %zu tensors", gguf_path(g), t->n_layer,
                         gguf_n_tensors(g));
    t->layers = arena_zero(arena, t->n_layer, sizeof *t->layers, err);
    if (t->layers == NULL)
        return false;
    for (size_t i = 0; i < t->n_layer; i++)
        if (!bind_block(t, &s, (unsigned)i, err))
            return false;
    if (!check_vectors(t, g, err) || !check_all_bound(t, g, err))
        return false;
    if (t->output == NULL)
        t->output = t->token_embd;
    return true;
}
