#include "tensor/quantize_mix.h"

#include "tensor/quantize.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Layers of a model whose tensor gets the better type. */
enum layers {
    LAYERS_NONE, LAYERS_ALL,
    LAYERS_FIRST_2, LAYERS_FIRST_4, LAYERS_FIRST_16TH, LAYERS_FIRST_8TH,
    LAYERS_MORE                     /* the first and the last eighth, and of the others every third */
};

struct choice {
    enum layers layers;
    enum tensor_type better, other; /* other: of the remaining layers */
};

struct quantize_mix {
    const char *name;
    uint32_t file_type;             /* enum llama_ftype of llama.cpp's include/llama.h */
    enum tensor_type type;
    struct choice attn_v, ffn_down, attn_output, attn_qkv;
};

#define NO { LAYERS_NONE, 0, 0 }
#define ALL(TYPE) { LAYERS_ALL, TENSOR_##TYPE, TENSOR_##TYPE }
#define SOME(LAYERS, BETTER, OTHER) { LAYERS_##LAYERS, TENSOR_##BETTER, TENSOR_##OTHER }

static const struct quantize_mix mixes[] = {
    { "F32",    0, TENSOR_F32,   NO, NO, NO, NO },
    { "F16",    1, TENSOR_F16,   NO, NO, NO, NO },
    { "BF16",  32, TENSOR_BF16,  NO, NO, NO, NO },
    { "Q4_0",   2, TENSOR_Q4_0,  NO, NO, NO, NO },
    { "Q4_1",   3, TENSOR_Q4_1,  NO, NO, NO, NO },
    { "Q5_0",   8, TENSOR_Q5_0,  NO, NO, NO, NO },
    { "Q5_1",   9, TENSOR_Q5_1,  NO, NO, NO, NO },
    { "Q8_0",   7, TENSOR_Q8_0,  NO, NO, NO, NO },
    { "Q2_K",  10, TENSOR_Q2_K,  ALL(Q3_K), ALL(Q3_K), ALL(Q3_K), NO },
    { "Q3_K_S", 11, TENSOR_Q3_K, NO, NO, NO, NO },
    { "Q3_K_M", 12, TENSOR_Q3_K, SOME(FIRST_2, Q5_K, Q4_K), SOME(FIRST_16TH, Q5_K, Q4_K), ALL(Q4_K), ALL(Q4_K) },
    { "Q3_K_L", 13, TENSOR_Q3_K, ALL(Q5_K), ALL(Q5_K), ALL(Q5_K), ALL(Q4_K) },
    { "Q4_K_S", 14, TENSOR_Q4_K, SOME(FIRST_4, Q5_K, Q4_K), SOME(FIRST_8TH, Q5_K, Q4_K), NO, NO },
    { "Q4_K_M", 15, TENSOR_Q4_K, SOME(MORE, Q6_K, Q4_K), SOME(MORE, Q6_K, Q4_K), NO, ALL(Q5_K) },
    { "Q5_K_S", 16, TENSOR_Q5_K, NO, NO, NO, NO },
    { "Q5_K_M", 17, TENSOR_Q5_K, SOME(MORE, Q6_K, Q5_K), SOME(MORE, Q6_K, Q5_K), NO, ALL(Q6_K) },
    { "Q6_K",  18, TENSOR_Q6_K,  NO, NO, NO, NO },
};

const struct quantize_mix *quantize_mix_find(const char *name)
{
    char medium[8];

    snprintf(medium, sizeof medium, "%s_M", name);
    for (size_t i = 0; i < sizeof mixes / sizeof *mixes; i++)
        if (strcasecmp(mixes[i].name, name) == 0 || (strlen(name) == 4 && strcasecmp(mixes[i].name, medium) == 0))
            return &mixes[i];
    return NULL;
}

const char *quantize_mix_name(const struct quantize_mix *m)
{
    return m->name;
}

uint32_t quantize_mix_file_type(const struct quantize_mix *m)
{
    return m->file_type;
}

static uint32_t model_u32(const struct gguf *g, const char *of)
{
    const char *architecture = gguf_string(g, "general.architecture");
    uint32_t value = 0;
    char key[160];

    snprintf(key, sizeof key, "%s.%s", architecture != NULL ? architecture : "", of);
    gguf_u32(g, key, &value);
    return value;
}

struct quantize_model quantize_model_of(const struct gguf *g)
{
    uint32_t n_head = model_u32(g, "attention.head_count"), n_head_kv = model_u32(g, "attention.head_count_kv");

    return (struct quantize_model){
        .n_layer = model_u32(g, "block_count"),
        .tied = gguf_tensor(g, "output.weight") == NULL,
        .shares_heads = n_head_kv > 0 && n_head / n_head_kv >= 4,
    };
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), n_end = strlen(end);

    return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

/* Matrices that products are taken with; tables that are only looked up and small ones are not. */
static bool is_quantised(const struct tensor *t)
{
    static const char *const kept[] = { "_norm.weight", "ffn_gate_inp.weight", "position_embd.weight", "token_types.weight",
                                        "ssm_conv1d.weight", "shortconv.conv.weight", "per_layer_model_proj.weight" };

    if (t->n_dims < 2 || t->n_dims > 3 || !ends_with(t->name, "weight"))
        return false;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (ends_with(t->name, kept[i]))
            return false;
    return true;
}

static bool is_among(enum layers layers, size_t i, size_t n)
{
    switch (layers) {
    case LAYERS_NONE: return false;
    case LAYERS_ALL: return true;
    case LAYERS_FIRST_2: return i < 2;
    case LAYERS_FIRST_4: return i < 4;
    case LAYERS_FIRST_16TH: return i < n / 16;
    case LAYERS_FIRST_8TH: return i < n / 8;
    case LAYERS_MORE: return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
    }
    return false;
}

static enum tensor_type choose(const struct quantize_mix *m, const struct quantize_model *model, const struct tensor *t)
{
    const struct choice *c = NULL;
    unsigned layer = 0;

    if (strcmp(t->name, "output.weight") == 0 || (model->tied && strcmp(t->name, "token_embd.weight") == 0))
        return m->type == TENSOR_Q8_0 ? TENSOR_Q8_0 : TENSOR_Q6_K;
    if (ends_with(t->name, ".attn_v.weight"))
        c = &m->attn_v;
    else if (ends_with(t->name, ".ffn_down.weight") || ends_with(t->name, ".ffn_down_exps.weight"))
        c = &m->ffn_down;
    else if (ends_with(t->name, ".attn_output.weight"))
        c = &m->attn_output;
    else if (ends_with(t->name, ".attn_qkv.weight"))
        c = &m->attn_qkv;
    if (c == NULL || c->layers == LAYERS_NONE || sscanf(t->name, "blk.%u.", &layer) != 1)
        return m->type;
    if (c == &m->attn_v && m->type == TENSOR_Q2_K && model->shares_heads)
        return TENSOR_Q4_K;         /* a small matrix that many heads read */
    return is_among(c->layers, layer, model->n_layer) ? c->better : c->other;
}

static bool fits(enum tensor_type type, const struct tensor *t)
{
    return t->dim[0] % tensor_type_block_elements(type) == 0;
}

enum tensor_type quantize_mix_type(const struct quantize_mix *m, const struct quantize_model *model, const struct tensor *t)
{
    enum tensor_type type;

    if (!is_quantised(t))
        return t->type;
    if (tensor_type_block_elements(m->type) == 1)
        return m->type;
    type = choose(m, model, t);
    if (!fits(type, t))
        type = type == TENSOR_Q6_K   ? TENSOR_Q8_0
               : type == TENSOR_Q5_K ? TENSOR_Q5_1
               : type == TENSOR_Q4_K ? TENSOR_Q5_0
                                     : TENSOR_Q4_0;
    return fits(type, t) ? type : TENSOR_F16;
}
