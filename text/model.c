/* model.c - a model file opened: its tokenizer, chat format and weights. */
#include "text/model.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text/memory.h"

#define MODEL_CHUNK_BYTES (1u << 20)

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static void describe(struct text_model *m)
{
    const struct transformer *t = &m->net;
    const char *name = gguf_string(m->g, "general.name");

    m->info = (struct text_info){
        .name = name != NULL && *name != '\0' ? name : file_name(gguf_path(m->g)),
        .architecture = t->architecture,
        .n_embd = t->n_embd, .n_layer = t->n_layer, .n_vocab = t->n_vocab, .n_ctx_train = t->n_ctx_train,
        .file_bytes = gguf_file_bytes(m->g),
        .kv_bytes_per_token = t->n_layer * 2 * t->n_head_kv * t->head_dim * sizeof(uint16_t),
    };
}

static bool open_tokens(struct text_model *m, const char *path, struct error *err)
{
    m->g = gguf_open(path, err);
    m->arena = m->g != NULL ? arena_new("model", MODEL_CHUNK_BYTES, err) : NULL;
    m->tokenizer = m->arena != NULL ? tokenizer_open(m->g, m->arena, err) : NULL;
    return m->tokenizer != NULL;
}

/* The text of a token that the metadata name, "" if they do not. */
static const char *named_token(const struct gguf *g, const char *key)
{
    const char *const *text;
    const size_t *n_bytes;
    uint32_t id;

    return gguf_u32(g, key, &id) && id < gguf_strings(g, "tokenizer.ggml.tokens", &text, &n_bytes) ? text[id] : "";
}

static bool open_chat(struct text_model *m, const char *path, struct error *err)
{
    const struct chat_template_source source = {
        .jinja = gguf_string(m->g, "tokenizer.chat_template"), .path = path,
        .bos = named_token(m->g, "tokenizer.ggml.bos_token_id"), .eos = named_token(m->g, "tokenizer.ggml.eos_token_id"),
    };

    m->chat = chat_template_open(&source, m->tokenizer, err);
    return m->chat != NULL;
}

static bool open_parts(struct text_model *m, const char *path, struct error *err)
{
    if (!open_tokens(m, path, err) ||
        !memory_check(gguf_file_bytes(m->g), path, "the model", "take a smaller one", err) ||
        !transformer_open(&m->net, m->g, tokenizer_n_vocab(m->tokenizer), m->arena, err))
        return false;
    describe(m);
    return open_chat(m, path, err);
}

static struct text_model *open_with(bool (*open)(struct text_model *m, const char *path, struct error *err),
                                    const char *path, struct error *err)
{
    struct text_model *m = calloc(1, sizeof *m);

    if (m == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory to open it", path);
        return NULL;
    }
    if (!open(m, path, err)) {
        text_model_close(m);
        return NULL;
    }
    return m;
}

struct text_model *text_model_open(const char *path, struct error *err)
{
    return open_with(open_parts, path, err);
}

struct text_model *text_model_open_tokens(const char *path, struct error *err)
{
    return open_with(open_tokens, path, err);
}

void text_model_close(struct text_model *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n_loras; i++)
        lora_close(m->loras[i]);
    free(m->loras);
    chat_template_close(m->chat);
    tokenizer_close(m->tokenizer);
    arena_free(m->arena);
    gguf_close(m->g);
    free(m);
}

bool text_model_add_lora(struct text_model *m, const char *path, struct error *err)
{
    struct lora **grown = realloc(m->loras, (m->n_loras + 1) * sizeof *grown);

    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "%s: no memory", path);
    m->loras = grown;
    m->loras[m->n_loras] = lora_open(path, &m->net, err);
    return m->loras[m->n_loras] != NULL && ++m->n_loras > 0;
}

size_t text_model_n_loras(const struct text_model *m)
{
    return m->n_loras;
}

const struct text_info *text_model_info(const struct text_model *m)
{
    return &m->info;
}

bool text_tokenize(const struct text_model *m, const char *text, size_t n_bytes, bool special,
                   int32_t **ids, size_t *n_ids, struct error *err)
{
    return tokenizer_encode(m->tokenizer, TOKENIZER_BEGIN, text, n_bytes, special, ids, n_ids, err);
}

bool text_tokenize_after(const struct text_model *m, int32_t before, const char *text, size_t n_bytes, bool special,
                         int32_t **ids, size_t *n_ids, struct error *err)
{
    return tokenizer_encode(m->tokenizer, before, text, n_bytes, special, ids, n_ids, err);
}

int32_t text_bos(const struct text_model *m)
{
    return tokenizer_bos(m->tokenizer);
}

int32_t text_eos(const struct text_model *m)
{
    return tokenizer_eos(m->tokenizer);
}

const char *text_token_bytes(const struct text_model *m, int32_t id, size_t *n_bytes)
{
    return tokenizer_bytes(m->tokenizer, id, n_bytes);
}

bool text_token_ends_answer(const struct text_model *m, int32_t id)
{
    return tokenizer_ends_answer(m->tokenizer, id);
}

bool text_embed(const struct text_model *m, const struct compute *c, const int32_t *ids, size_t n,
                float *rows, struct error *err)
{
    return transformer_embed(&m->net, c, ids, n, rows, err);
}

bool text_render(const struct text_model *m, const struct text_chat *chat, struct text_rendering *out, struct error *err)
{
    return chat_template_render(m->chat, chat, time(NULL), out, err);
}

bool text_takes_tools(const struct text_model *m)
{
    return chat_template_takes_tools(m->chat);
}

bool text_takes_system(const struct text_model *m)
{
    return chat_template_takes_system(m->chat);
}

const char *text_answer_opening(const struct text_model *m)
{
    return chat_template_opening(m->chat);
}
