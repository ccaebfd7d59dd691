#include "text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "text/bpe.h"
#include "text/pretokenizer.h"

#define N_ENDS 4

struct tokenizer {
    struct bpe *bpe;
    struct pretokenizer *pretokenizer;
    int32_t *added;                 /* control and user-defined tokens, longest first */
    size_t n_added;
    bool opens_added[256];          /* first bytes of those */
    int32_t ends[N_ENDS];           /* -1: not there */
};

/* ---- opening -------------------------------------------------------------------- */

static bool is_added(const struct bpe *b, int32_t id)
{
    return bpe_type(b, id) == TOKEN_CONTROL || bpe_type(b, id) == TOKEN_USER_DEFINED;
}

static size_t text_length(const struct bpe *b, int32_t id)
{
    size_t n;

    bpe_text(b, id, &n);
    return n;
}

/* Longest first, then by id. */
static int compare_added(const void *a, const void *b, void *bpe)
{
    int32_t id_a = *(const int32_t *)a, id_b = *(const int32_t *)b;
    size_t n_a = text_length(bpe, id_a), n_b = text_length(bpe, id_b);

    return n_a != n_b ? (n_a < n_b) - (n_a > n_b) : (id_a > id_b) - (id_a < id_b);
}

static bool list_added(struct tokenizer *t, struct arena *arena, struct error *err)
{
    int32_t n_vocab = (int32_t)bpe_n_vocab(t->bpe);
    size_t n = 0;

    for (int32_t id = 0; id < n_vocab; id++)
        n += is_added(t->bpe, id);
    t->added = arena_alloc(arena, n, sizeof *t->added, err);
    if (t->added == NULL)
        return false;
    for (int32_t id = 0; id < n_vocab; id++) {
        if (!is_added(t->bpe, id) || text_length(t->bpe, id) == 0)
            continue;
        t->added[t->n_added++] = id;
        t->opens_added[(unsigned char)bpe_text(t->bpe, id, &n)[0]] = true;
    }
    qsort_r(t->added, t->n_added, sizeof *t->added, compare_added, t->bpe);
    return true;
}

static int32_t id_in_metadata(const struct tokenizer *t, const struct gguf *g, const char *key)
{
    uint32_t id;

    return gguf_u32(g, key, &id) && id < bpe_n_vocab(t->bpe) ? (int32_t)id : -1;
}

/* What would change the ids and is not done here is refused by name. */
static bool check_supported(const struct gguf *g, struct error *err)
{
    const char *kind = gguf_string(g, "tokenizer.ggml.model");
    bool add_bos = false;

    if (kind == NULL || strcmp(kind, "gpt2") != 0)
        return error_set(err, ERROR_MODEL, "%s: tokenizer \"%s\" is not supported; supported is gpt2 (byte-level BPE)",
                         gguf_path(g), kind == NULL ? "(none)" : kind);
    if (gguf_string(g, "tokenizer.ggml.pre") == NULL)
        return error_set(err, ERROR_MODEL, "%s: tokenizer.ggml.pre is missing, so the pre-tokenizer is not known",
                         gguf_path(g));
    if (gguf_bool(g, "tokenizer.ggml.add_bos_token", &add_bos) && add_bos)
        return error_set(err, ERROR_MODEL, "%s: tokenizer.ggml.add_bos_token = true is not supported", gguf_path(g));
    return true;
}

struct tokenizer *tokenizer_open(const struct gguf *g, struct arena *arena, struct error *err)
{
    if (!check_supported(g, err))
        return NULL;
    struct tokenizer *t = arena_zero(arena, 1, sizeof *t, err);
    if (t == NULL)
        return NULL;
    t->pretokenizer = pretokenizer_new(gguf_string(g, "tokenizer.ggml.pre"), gguf_path(g), err);
    if (t->pretokenizer == NULL)
        return NULL;
    t->bpe = bpe_new(g, arena, err);
    if (t->bpe == NULL || !list_added(t, arena, err)) {
        tokenizer_close(t);
        return NULL;
    }
    t->ends[0] = id_in_metadata(t, g, "tokenizer.ggml.eos_token_id");
    t->ends[1] = id_in_metadata(t, g, "tokenizer.ggml.eot_token_id");
    t->ends[2] = tokenizer_control(t, "<|im_end|>");
    t->ends[3] = tokenizer_control(t, "<|endoftext|>");
    return t;
}

/* The rest is the arena's. */
void tokenizer_close(struct tokenizer *t)
{
    if (t != NULL)
        pretokenizer_free(t->pretokenizer);
}

/* ---- single tokens ------------------------------------------------------------- */

size_t tokenizer_n_vocab(const struct tokenizer *t)
{
    return bpe_n_vocab(t->bpe);
}

const char *tokenizer_bytes(const struct tokenizer *t, int32_t id, size_t *n_bytes)
{
    *n_bytes = 0;
    if (id < 0 || (size_t)id >= bpe_n_vocab(t->bpe))
        return "";
    return bpe_bytes(t->bpe, id, n_bytes);
}

int32_t tokenizer_control(const struct tokenizer *t, const char *text)
{
    int32_t id = bpe_find(t->bpe, text, strlen(text));

    return id >= 0 && bpe_type(t->bpe, id) == TOKEN_CONTROL ? id : -1;
}

bool tokenizer_ends_answer(const struct tokenizer *t, int32_t id)
{
    for (size_t i = 0; i < N_ENDS; i++)
        if (t->ends[i] >= 0 && t->ends[i] == id)
            return true;
    return false;
}

/* ---- encoding ------------------------------------------------------------------- */

struct encoding {
    const struct tokenizer *t;
    struct bpe_scratch scratch;
    int32_t *ids;
    size_t n_ids, n_room;
};

static bool reserve(struct encoding *e, size_t n_more, struct error *err)
{
    if (n_more <= e->n_room - e->n_ids)
        return true;
    size_t n = e->n_room + e->n_room / 2 + n_more + 16;
    int32_t *grown = n <= SIZE_MAX / 2 / sizeof *grown ? realloc(e->ids, n * sizeof *grown) : NULL;
    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for %zu tokens", n);
    e->ids = grown;
    e->n_room = n;
    return true;
}

static bool encode_piece(void *user, const char *piece, size_t n_bytes, struct error *err)
{
    struct encoding *e = user;

    return reserve(e, n_bytes * BPE_IDS_PER_BYTE, err) &&
           bpe_encode(e->t->bpe, &e->scratch, piece, n_bytes, e->ids, &e->n_ids, err);
}

/* Id of the longest added token that text begins with, or -1. */
static int32_t added_at(const struct tokenizer *t, const char *text, size_t n_bytes)
{
    if (!t->opens_added[(unsigned char)text[0]])
        return -1;
    for (size_t i = 0; i < t->n_added; i++) {
        size_t length;
        const char *token = bpe_text(t->bpe, t->added[i], &length);
        if (length <= n_bytes && memcmp(token, text, length) == 0)
            return t->added[i];
    }
    return -1;
}

static bool encode(struct encoding *e, const char *text, size_t n_bytes, bool special, struct error *err)
{
    size_t plain = 0;               /* start of the text since the last added token */

    for (size_t at = 0; special && at < n_bytes;) {
        int32_t id = added_at(e->t, text + at, n_bytes - at);
        if (id < 0) {
            at++;
            continue;
        }
        if (!pretokenizer_split(e->t->pretokenizer, text + plain, at - plain, encode_piece, e, err) ||
            !reserve(e, 1, err))
            return false;
        e->ids[e->n_ids++] = id;
        at += text_length(e->t->bpe, id);
        plain = at;
    }
    return pretokenizer_split(e->t->pretokenizer, text + plain, n_bytes - plain, encode_piece, e, err) &&
           reserve(e, 1, err);      /* so that no ids are not NULL */
}

bool tokenizer_encode(const struct tokenizer *t, const char *text, size_t n_bytes, bool special,
                      int32_t **ids, size_t *n_ids, struct error *err)
{
    struct encoding e = { .t = t };
    bool ok = encode(&e, text, n_bytes, special, err);

    bpe_scratch_done(&e.scratch);
    if (!ok) {
        free(e.ids);
        return false;
    }
    *ids = e.ids;
    *n_ids = e.n_ids;
    return true;
}
