#include "audio/whisper_model.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/language.h"
#include "audio/mel.h"
#include "audio/whisper_rules.h"
#include "audio/whisper_weights.h"

#define MAGIC 0x67676d6cu
#define N_SIZES 11
#define ENGLISH_ONLY_VOCAB 51864    /* *.en: the one vocabulary without languages to choose from */
#define ENGLISH_ONLY_EOT 50256
#define MAX_TOKEN_BYTES 1024
#define MAX_NAME 128
#define ENCODER 2                   /* part of the id: one more whenever the same file is to hear otherwise */
#define CHUNK_BYTES ((size_t)4 << 20)

/* ---- reading --------------------------------------------------------------- */

struct reader {
    FILE *file;
    const char *path;
    size_t n_bytes, left;           /* of the file; not read yet */
    const struct compute *c;
    struct error *err;
};

static bool wrong(struct reader *r, const char *what)
{
    return error_set(r->err, ERROR_MODEL, "%s: not a valid Whisper file (ggml-*.bin): %s", r->path, what);
}

static bool read_bytes(struct reader *r, void *out, size_t n)
{
    if (n > r->left || fread(out, 1, n, r->file) != n)
        return wrong(r, "it ends early; pull it again");
    r->left -= n;
    return true;
}

static bool read_size(struct reader *r, size_t most, const char *name, size_t *size)
{
    int32_t value;

    if (!read_bytes(r, &value, sizeof value))
        return false;
    if (value < 1 || (size_t)value > most)
        return error_set(r->err, ERROR_MODEL, "%s: not a valid Whisper file: %s is %d, expected 1 to %zu",
                         r->path, name, value, most);
    *size = (size_t)value;
    return true;
}

static bool read_header(struct whisper *w, struct reader *r)
{
    uint32_t magic = 0;
    int32_t type = 0;
    size_t n_text_state = 0;
    struct { const char *name; size_t most, *size; } sizes[N_SIZES - 1] = {
        { "n_vocab", 200000, &w->n_vocab }, { "n_audio_ctx", 8192, &w->n_audio_ctx },
        { "n_audio_state", 8192, &w->n_state }, { "n_audio_head", 256, &w->n_head },
        { "n_audio_layer", 256, &w->n_audio_layer }, { "n_text_ctx", 8192, &w->n_text_ctx },
        { "n_text_state", 8192, &n_text_state }, { "n_text_head", 256, &w->n_text_head },
        { "n_text_layer", 256, &w->n_text_layer }, { "n_mels", 512, &w->n_mels },
    };

    if (!read_bytes(r, &magic, sizeof magic))
        return false;
    if (magic != MAGIC)
        return wrong(r, "its first bytes are others");
    for (size_t i = 0; i < N_SIZES - 1; i++)
        if (!read_size(r, sizes[i].most, sizes[i].name, sizes[i].size))
            return false;
    if (!read_bytes(r, &type, sizeof type))     /* what most matrices are; each tensor says its own */
        return false;
    if (n_text_state != w->n_state || w->n_state % w->n_head != 0 || w->n_state % w->n_text_head != 0)
        return wrong(r, "its widths and heads do not fit together");
    return true;
}

static bool read_filters(struct whisper *w, struct reader *r)
{
    size_t n_mels = 0, n_bins = 0;

    if (!read_size(r, 512, "number of mel filters", &n_mels) || !read_size(r, 4096, "length of mel filters", &n_bins))
        return false;
    if (n_mels != w->n_mels || n_bins != MEL_BINS)
        return wrong(r, "its mel filters have another shape than [n_mels][201]");
    float *filters = arena_alloc(w->arena, n_mels * n_bins, sizeof *filters, r->err);
    w->filters = filters;
    return filters != NULL && read_bytes(r, filters, n_mels * n_bins * sizeof *filters);
}

/* What follows the ordinary tokens is known: <|endoftext|>, <|startoftranscript|>, the
 * languages, six more, and a time stamp for each 20 ms of a window, both ends. */
static bool number_tokens(struct whisper *w, struct reader *r)
{
    w->multilingual = w->n_vocab != ENGLISH_ONLY_VOCAB;
    size_t eot = w->multilingual ? w->n_tokens : ENGLISH_ONLY_EOT;
    size_t others = eot + 2 + 6 + w->n_audio_ctx + 1;

    if (others >= w->n_vocab || w->n_vocab - others > LANGUAGE_MAX || w->n_tokens < eot)
        return wrong(r, "the sizes of its vocabulary do not fit together");
    w->n_languages = w->n_vocab - others;
    w->n_tokens = eot;
    w->ids.eot = (int32_t)eot;
    w->ids.sot = w->ids.eot + 1;
    w->ids.language = w->ids.sot + 1;
    w->ids.translate = w->ids.language + (int32_t)w->n_languages;
    w->ids.transcribe = w->ids.translate + 1;
    w->ids.sot_lm = w->ids.translate + 2;
    w->ids.sot_previous = w->ids.translate + 3;
    w->ids.no_speech = w->ids.translate + 4;
    w->ids.no_timestamps = w->ids.translate + 5;
    w->ids.timestamp = w->ids.translate + 6;
    return true;
}

static bool read_vocabulary(struct whisper *w, struct reader *r)
{
    if (!read_size(r, w->n_vocab, "number of tokens", &w->n_tokens))
        return false;
    w->token = arena_alloc(w->arena, w->n_tokens, sizeof *w->token, r->err);
    w->token_bytes = arena_alloc(w->arena, w->n_tokens, sizeof *w->token_bytes, r->err);
    size_t room = r->left < w->n_tokens * 64 ? r->left : w->n_tokens * 64;
    char *bytes = arena_alloc(w->arena, room, 1, r->err);

    if (w->token == NULL || w->token_bytes == NULL || bytes == NULL)
        return false;
    for (size_t i = 0; i < w->n_tokens; i++) {
        uint32_t n;
        if (!read_bytes(r, &n, sizeof n))
            return false;
        if (n > MAX_TOKEN_BYTES || n > room)
            return wrong(r, "a token of its vocabulary is too long");
        if (!read_bytes(r, bytes, n))
            return false;
        w->token[i] = bytes;
        w->token_bytes[i] = n;
        bytes += n;
        room -= n;
    }
    return number_tokens(w, r);
}

/* ---- tensors --------------------------------------------------------------- */

struct entry {
    struct tensor tensor;           /* its data is read when it is bound */
    size_t offset;
};

struct directory {
    struct entry *entries;
    size_t n, most;
};

static bool read_entry(struct whisper *w, struct reader *r, struct entry *e)
{
    struct tensor *t = &e->tensor;
    int32_t head[3], dim[TENSOR_MAX_DIMS];
    size_t widest = w->n_vocab > w->n_audio_ctx ? w->n_vocab : w->n_audio_ctx;
    size_t most = (widest > 4 * w->n_state ? widest : 4 * w->n_state) * (w->n_state > w->n_mels ? w->n_state : w->n_mels);
    size_t n_elements = 1;

    if (!read_bytes(r, head, sizeof head))
        return false;
    if (head[0] < 1 || head[0] > TENSOR_MAX_DIMS || head[1] < 1 || head[1] >= MAX_NAME)
        return wrong(r, "a tensor's number of dimensions or length of name is out of range");
    if (!read_bytes(r, dim, (size_t)head[0] * sizeof *dim))
        return false;
    t->n_dims = (uint32_t)head[0];
    t->type = (enum tensor_type)head[2];
    for (size_t i = 0; i < TENSOR_MAX_DIMS; i++) {
        t->dim[i] = 1;
        if (i >= t->n_dims)
            continue;
        if (dim[i] < 1 || (size_t)dim[i] > most / n_elements)
            return wrong(r, "a tensor's size is out of range");
        t->dim[i] = (size_t)dim[i];
        n_elements *= t->dim[i];
    }
    char *name = arena_zero(w->arena, (size_t)head[1] + 1, 1, r->err);
    if (name == NULL || !read_bytes(r, name, (size_t)head[1]))
        return false;
    t->name = name;
    size_t block = tensor_type_block_elements(t->type);
    if (block == 0 || t->dim[0] % block != 0)
        return error_set(r->err, ERROR_MODEL, "%s: tensor %s is %s[%zu], which is not read; F32, F16, Q5_0, Q5_1 and Q8_0 are",
                         r->path, name, tensor_type_name(t->type), t->dim[0]);
    t->n_bytes = n_elements / block * tensor_type_block_bytes(t->type);
    if (t->n_bytes > r->left)
        return wrong(r, "it ends inside a tensor; pull it again");
    e->offset = r->n_bytes - r->left;
    if (fseeko(r->file, (off_t)t->n_bytes, SEEK_CUR) != 0)
        return wrong(r, "it cannot be read");
    r->left -= t->n_bytes;
    return true;
}

static bool read_directory(struct whisper *w, struct reader *r, struct directory *d)
{
    d->most = 11 + 15 * w->n_audio_layer + 24 * w->n_text_layer;
    d->entries = arena_zero(w->arena, d->most, sizeof *d->entries, r->err);
    if (d->entries == NULL)
        return false;
    while (r->left > 0) {
        if (d->n == d->most)
            return wrong(r, "it holds more tensors than a model of its size has");
        if (!read_entry(w, r, &d->entries[d->n++]))
            return false;
    }
    return true;
}

enum size { ONE, STATE, STATE_4, VOCAB, AUDIO_CTX, TEXT_CTX, MELS };
enum kind { VALUES, MATRIX, CONVOLUTION };      /* const float *, const struct tensor *, the same permuted */

struct binding {
    const char *name;               /* after the prefix */
    size_t field;
    enum kind kind;
    enum size n_in, n_out;
};

#define ATTENTION(field) offsetof(struct whisper_attention, field)
static const struct binding attention_table[] = {
    { "_ln.weight", ATTENTION(norm.weight), VALUES, STATE, ONE },
    { "_ln.bias", ATTENTION(norm.bias), VALUES, STATE, ONE },
    { ".query.weight", ATTENTION(query.weight), MATRIX, STATE, STATE },
    { ".query.bias", ATTENTION(query.bias), VALUES, STATE, ONE },
    { ".key.weight", ATTENTION(key.weight), MATRIX, STATE, STATE },
    { ".value.weight", ATTENTION(value.weight), MATRIX, STATE, STATE },
    { ".value.bias", ATTENTION(value.bias), VALUES, STATE, ONE },
    { ".out.weight", ATTENTION(out.weight), MATRIX, STATE, STATE },
    { ".out.bias", ATTENTION(out.bias), VALUES, STATE, ONE },
    { 0 }
};
#define BLOCK(field) offsetof(struct whisper_block, field)
static const struct binding block_table[] = {
    { ".mlp_ln.weight", BLOCK(mlp_norm.weight), VALUES, STATE, ONE },
    { ".mlp_ln.bias", BLOCK(mlp_norm.bias), VALUES, STATE, ONE },
    { ".mlp.0.weight", BLOCK(mlp_up.weight), MATRIX, STATE, STATE_4 },
    { ".mlp.0.bias", BLOCK(mlp_up.bias), VALUES, STATE_4, ONE },
    { ".mlp.2.weight", BLOCK(mlp_down.weight), MATRIX, STATE_4, STATE },
    { ".mlp.2.bias", BLOCK(mlp_down.bias), VALUES, STATE, ONE },
    { 0 }
};
#define MODEL(field) offsetof(struct whisper, field)
static const struct binding model_table[] = {
    { "encoder.conv1.weight", MODEL(conv1.weight), CONVOLUTION, MELS, STATE },
    { "encoder.conv1.bias", MODEL(conv1.bias), VALUES, STATE, ONE },
    { "encoder.conv2.weight", MODEL(conv2.weight), CONVOLUTION, STATE, STATE },
    { "encoder.conv2.bias", MODEL(conv2.bias), VALUES, STATE, ONE },
    { "encoder.positional_embedding", MODEL(audio_position), VALUES, STATE, AUDIO_CTX },
    { "encoder.ln_post.weight", MODEL(audio_norm.weight), VALUES, STATE, ONE },
    { "encoder.ln_post.bias", MODEL(audio_norm.bias), VALUES, STATE, ONE },
    { "decoder.token_embedding.weight", MODEL(token_embedding), MATRIX, STATE, VOCAB },
    { "decoder.positional_embedding", MODEL(text_position), VALUES, STATE, TEXT_CTX },
    { "decoder.ln.weight", MODEL(text_norm.weight), VALUES, STATE, ONE },
    { "decoder.ln.bias", MODEL(text_norm.bias), VALUES, STATE, ONE },
    { 0 }
};

static size_t resolve(const struct whisper *w, enum size size)
{
    switch (size) {
    case STATE: return w->n_state;
    case STATE_4: return 4 * w->n_state;
    case VOCAB: return w->n_vocab;
    case AUDIO_CTX: return w->n_audio_ctx;
    case TEXT_CTX: return w->n_text_ctx;
    case MELS: return w->n_mels;
    case ONE: break;
    }
    return 1;
}

/* [n_out][n_in][3] to [n_out][3][n_in], so that a row lies over three frames in a
 * row: the convolution is then a product with overlapping windows. */
static bool read_convolution(const struct whisper_source *source, struct tensor *t, size_t offset, struct error *err)
{
    size_t n_in = t->dim[1], n_out = t->dim[2], size = tensor_type_block_bytes(t->type);
    char *data = arena_alloc(source->arena, t->n_bytes, 1, err);
    struct arena_mark mark = arena_mark(source->arena);

    if (data == NULL || !whisper_weights_read(source, t, offset, false, err))
        return false;
    for (size_t o = 0; o < n_out; o++)
        for (size_t i = 0; i < n_in; i++)
            for (size_t k = 0; k < 3; k++)
                memcpy(data + ((o * 3 + k) * n_in + i) * size, (const char *)t->data + ((o * n_in + i) * 3 + k) * size, size);
    arena_rewind(source->arena, mark);
    t->n_dims = 2;
    t->dim[0] = 3 * n_in;
    t->dim[1] = n_out;
    t->dim[2] = 1;
    t->data = data;
    return true;
}

static struct entry *find(const struct directory *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->entries[i].tensor.name, name) == 0)
            return &d->entries[i];
    return NULL;
}

static bool has_shape(const struct tensor *t, enum kind kind, size_t n_in, size_t n_out)
{
    if (kind == CONVOLUTION)
        return t->dim[0] == 3 && t->dim[1] == n_in && t->dim[2] == n_out && t->dim[3] == 1;
    if (n_out == 1 && t->dim[0] == 1)           /* a bias of a convolution: [n_state][1] */
        return t->dim[1] == n_in && t->dim[2] == 1 && t->dim[3] == 1;
    return t->dim[0] == n_in && t->dim[1] == n_out && t->dim[2] == 1 && t->dim[3] == 1;
}

static bool bind_one(struct whisper *w, const struct directory *d, const char *name, const struct binding *b,
                     void *field, struct reader *r)
{
    struct whisper_source source = { fileno(r->file), r->path, r->c, w->arena };
    struct entry *e = find(d, name);
    size_t n_in = resolve(w, b->n_in), n_out = resolve(w, b->n_out);

    if (e == NULL)
        return error_set(r->err, ERROR_MODEL, "%s: not a valid Whisper file: tensor %s is missing", r->path, name);
    struct tensor *t = &e->tensor;
    if (!has_shape(t, b->kind, n_in, n_out) || (b->kind == VALUES && t->type != TENSOR_F32) ||
        (b->kind == CONVOLUTION && tensor_type_block_elements(t->type) != 1))
        return error_set(r->err, ERROR_MODEL, "%s: not a valid Whisper file: tensor %s is %s [%zu][%zu][%zu], "
                         "expected %s[%zu][%zu]", r->path, name, tensor_type_name(t->type), t->dim[2], t->dim[1],
                         t->dim[0], b->kind == VALUES ? "F32 " : "", n_out, n_in);
    if (b->kind == CONVOLUTION ? !read_convolution(&source, t, e->offset, r->err)
                               : !whisper_weights_read(&source, t, e->offset, b->kind == MATRIX, r->err))
        return false;
    if (b->kind == VALUES)
        *(const float **)field = t->data;
    else
        *(const struct tensor **)field = t;
    return true;
}

static bool bind(struct whisper *w, const struct directory *d, const char *prefix, const struct binding *table,
                 void *object, struct reader *r)
{
    for (const struct binding *b = table; b->name != NULL; b++) {
        char name[MAX_NAME];
        snprintf(name, sizeof name, "%s%s", prefix, b->name);
        if (!bind_one(w, d, name, b, (char *)object + b->field, r))
            return false;
    }
    return true;
}

static bool bind_blocks(struct whisper *w, const struct directory *d, bool text, struct reader *r)
{
    size_t n = text ? w->n_text_layer : w->n_audio_layer;
    struct whisper_block *blocks = arena_zero(w->arena, n, sizeof *blocks, r->err);

    if (blocks == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        char prefix[64], attention[80];

        snprintf(prefix, sizeof prefix, "%s.blocks.%zu", text ? "decoder" : "encoder", i);
        snprintf(attention, sizeof attention, "%s.attn", prefix);
        if (!bind(w, d, prefix, block_table, &blocks[i], r) ||
            !bind(w, d, attention, attention_table, &blocks[i].self, r))
            return false;
        snprintf(attention, sizeof attention, "%s.cross_attn", prefix);
        if (text && !bind(w, d, attention, attention_table, &blocks[i].cross, r))
            return false;
    }
    if (text)
        w->text_block = blocks;
    else
        w->audio_block = blocks;
    return true;
}

/* ---- the model ------------------------------------------------------------- */

static bool load(struct whisper *w, struct reader *r)
{
    struct directory d = { 0 };
    char hash[SHA256_HEX];

    if (!read_header(w, r) || !read_filters(w, r) || !read_vocabulary(w, r) || !read_directory(w, r, &d) ||
        !bind(w, &d, "", model_table, w, r) || !bind_blocks(w, &d, false, r) || !bind_blocks(w, &d, true, r) ||
        !whisper_rules_init(w, r->err))
        return false;
    /* Learned, and small enough to hash at each start. */
    sha256_bytes(w->text_position, w->n_text_ctx * w->n_state * sizeof *w->text_position, hash);
    snprintf(w->id, sizeof w->id, "%zu-%s-%d", r->n_bytes, hash, ENCODER);
    return true;
}

struct whisper *whisper_open(const char *path, const struct compute *c, struct error *err)
{
    struct reader r = { .path = path, .c = c, .err = err };
    struct whisper *w = NULL;
    int fd = file_open(path, &r.n_bytes, err);
    bool ok = false;

    if (fd < 0) {
        if (err != NULL)
            err->code = ERROR_MODEL;
        return NULL;
    }
    r.left = r.n_bytes;
    r.file = fdopen(fd, "rb");
    w = calloc(1, sizeof *w);
    if (r.file == NULL || w == NULL || (w->path = strdup(path)) == NULL)
        error_set(err, ERROR_INFERENCE, "%s: no memory to read it", path);
    else if ((w->arena = arena_new("whisper", CHUNK_BYTES, err)) != NULL)
        ok = load(w, &r);
    if (r.file != NULL)
        fclose(r.file);
    else
        close(fd);
    if (ok)
        return w;
    whisper_close(w);
    return NULL;
}

void whisper_close(struct whisper *w)
{
    if (w == NULL)
        return;
    arena_free(w->arena);
    free(w->path);
    free(w);
}

const char *whisper_id(const struct whisper *w)
{
    return w->id;
}
