#include "text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "text/added.h"
#include "text/bpe.h"
#include "text/pretokenizer.h"
#include "text/sentencepiece.h"
#include "text/unigram.h"
#include "text/wordpiece.h"

/* Tokens that close a turn in some format; eos and eot come from the metadata. */
static const char *const closing[] = { "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>" };
#define N_CLOSING (sizeof closing / sizeof closing[0])
#define N_ENDS (N_CLOSING + 3)

struct tokenizer {
    struct vocabulary v;
    struct bpe *bpe;                /* one of these */
    struct sentencepiece *sentencepiece;
    struct unigram *unigram;
    struct wordpiece *wordpiece;
    struct pretokenizer *pretokenizer;      /* of bpe */
    struct added markers;           /* found in the program's own text only */
    struct added added;             /* of bpe: user-defined tokens, found in any text */
    bool strips;                    /* white space after a marker belongs to it */
    int32_t bos, eos;               /* -1: not wanted */
    int32_t ends[N_ENDS];           /* -1: not there */
};

/* ---- opening -------------------------------------------------------------------- */

static bool is_marker(const void *v, int32_t id)
{
    return vocabulary_is_marker(v, id);
}

static bool is_added(const void *v, int32_t id)
{
    return vocabulary_type(v, id) == TOKEN_USER_DEFINED && !vocabulary_is_marker(v, id);
}

static int32_t id_in_metadata(const struct tokenizer *t, const struct gguf *g, const char *key)
{
    uint32_t id;

    return gguf_u32(g, key, &id) && id < t->v.n ? (int32_t)id : -1;
}

static bool open_bpe(struct tokenizer *t, const struct gguf *g, struct arena *arena, struct error *err)
{
    const char *pre = gguf_string(g, "tokenizer.ggml.pre");

    t->pretokenizer = pretokenizer_new(pre == NULL ? "default" : pre, gguf_path(g), err);
    if (t->pretokenizer == NULL || !vocabulary_read(&t->v, g, SPELLING_BYTE_LEVEL, arena, err))
        return false;
    t->bpe = bpe_new(g, &t->v, pretokenizer_keeps_whole(t->pretokenizer), arena, err);
    return t->bpe != NULL && added_new(&t->added, &t->v, is_added, &t->v, false, arena, err);
}

static bool open_sentencepiece(struct tokenizer *t, const struct gguf *g, struct arena *arena, struct error *err)
{
    if (!vocabulary_read(&t->v, g, SPELLING_SENTENCEPIECE, arena, err))
        return false;
    t->sentencepiece = sentencepiece_new(g, &t->v, arena, err);
    return t->sentencepiece != NULL;
}

static bool open_unigram(struct tokenizer *t, const struct gguf *g, struct arena *arena, struct error *err)
{
    if (!vocabulary_read(&t->v, g, SPELLING_SENTENCEPIECE, arena, err))
        return false;
    t->unigram = unigram_new(g, &t->v, arena, err);
    return t->unigram != NULL;
}

static bool open_wordpiece(struct tokenizer *t, const struct gguf *g, struct arena *arena, struct error *err)
{
    if (!vocabulary_read(&t->v, g, SPELLING_SENTENCEPIECE, arena, err))
        return false;
    t->wordpiece = wordpiece_new(g, &t->v, arena, err);
    return t->wordpiece != NULL;
}

static bool open_kind(struct tokenizer *t, const struct gguf *g, struct arena *arena, struct error *err)
{
    const char *kind = gguf_string(g, "tokenizer.ggml.model");

    if (kind != NULL && strcmp(kind, "gpt2") == 0)
        return open_bpe(t, g, arena, err);
    if (kind != NULL && strcmp(kind, "llama") == 0)
        return open_sentencepiece(t, g, arena, err);
    if (kind != NULL && strcmp(kind, "t5") == 0)
        return open_unigram(t, g, arena, err);
    if (kind != NULL && strcmp(kind, "bert") == 0)
        return open_wordpiece(t, g, arena, err);
    return error_set(err, ERROR_MODEL, "%s: tokenizer \"%s\" is not supported; supported are gpt2 (byte-level BPE), "
                     "llama (SentencePiece BPE), t5 (unigram) and bert (WordPiece)", gguf_path(g), kind == NULL ? "(none)" : kind);
}

/* wanted: whether it is, where the file does not say. */
static int32_t find_edge(const struct tokenizer *t, const struct gguf *g, const char *flag, bool wanted, const char *key)
{
    gguf_bool(g, flag, &wanted);
    return wanted ? id_in_metadata(t, g, key) : -1;
}

static void find_special(struct tokenizer *t, const struct gguf *g)
{
    const char *architecture = gguf_string(g, "general.architecture");

    bool bos = t->bpe != NULL ? pretokenizer_wants_bos(t->pretokenizer) : t->unigram == NULL;
    t->bos = find_edge(t, g, "tokenizer.ggml.add_bos_token", bos, "tokenizer.ggml.bos_token_id");
    t->eos = find_edge(t, g, "tokenizer.ggml.add_eos_token", t->unigram != NULL, "tokenizer.ggml.eos_token_id");
    if (t->wordpiece != NULL) {     /* [CLS] text [SEP] */
        t->bos = find_edge(t, g, "tokenizer.ggml.add_bos_token", true, "tokenizer.ggml.cls_token_id");
        if (t->bos < 0)
            t->bos = find_edge(t, g, "tokenizer.ggml.add_bos_token", true, "tokenizer.ggml.bos_token_id");
        t->eos = find_edge(t, g, "tokenizer.ggml.add_sep_token", true, "tokenizer.ggml.seperator_token_id");
    }
    t->ends[0] = id_in_metadata(t, g, "tokenizer.ggml.eos_token_id");
    t->ends[1] = id_in_metadata(t, g, "tokenizer.ggml.eot_token_id");
    t->ends[2] = id_in_metadata(t, g, "tokenizer.ggml.eom_token_id");
    for (size_t i = 0; i < N_CLOSING; i++)
        t->ends[3 + i] = tokenizer_control(t, closing[i]);
    /* rstrip of its added tokens (tokenizer.json of microsoft/Phi-3-mini-4k-instruct) is not in the metadata. */
    t->strips = t->sentencepiece != NULL && architecture != NULL && strcmp(architecture, "phi3") == 0;
}

struct tokenizer *tokenizer_open(const struct gguf *g, struct arena *arena, struct error *err)
{
    struct tokenizer *t = arena_zero(arena, 1, sizeof *t, err);

    if (t == NULL)
        return NULL;
    if (!open_kind(t, g, arena, err) || !added_new(&t->markers, &t->v, is_marker, &t->v, false, arena, err)) {
        tokenizer_close(t);
        return NULL;
    }
    find_special(t, g);
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
    return t->v.n;
}

int32_t tokenizer_bos(const struct tokenizer *t)
{
    return t->bos;
}

int32_t tokenizer_eos(const struct tokenizer *t)
{
    return t->eos;
}

const char *tokenizer_bytes(const struct tokenizer *t, int32_t id, size_t *n_bytes)
{
    *n_bytes = 0;
    if (id < 0 || (size_t)id >= t->v.n)
        return "";
    return vocabulary_bytes(&t->v, id, n_bytes);
}

int32_t tokenizer_control(const struct tokenizer *t, const char *text)
{
    int32_t id = vocabulary_find(&t->v, text, strlen(text));

    return id >= 0 && vocabulary_is_marker(&t->v, id) ? id : -1;
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
    struct merging merging;
    struct id_list ids;
};

static bool encode_piece(void *user, const char *piece, size_t n_bytes, struct error *err)
{
    struct encoding *e = user;

    return bpe_encode(e->t->bpe, &e->merging, piece, n_bytes, &e->ids, err);
}

static bool encode_bpe(struct encoding *e, const char *text, size_t n_bytes, struct error *err)
{
    const struct tokenizer *t = e->t;
    size_t plain = 0;               /* start of the text since the last user-defined token */

    for (size_t at = 0, length; at < n_bytes;) {
        int32_t id = added_at(&t->added, text + at, n_bytes - at, &length);
        if (id < 0) {
            at++;
            continue;
        }
        if (!pretokenizer_split(t->pretokenizer, text + plain, at - plain, encode_piece, e, err) ||
            !id_list_add(&e->ids, id, err))
            return false;
        at += length;
        plain = at;
    }
    return pretokenizer_split(t->pretokenizer, text + plain, n_bytes - plain, encode_piece, e, err);
}

static bool is_white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Text without markers; begins: at the beginning, or after one. */
static bool encode_plain(struct encoding *e, const char *text, size_t n_bytes, bool begins, bool after_marker,
                         struct error *err)
{
    if (e->t->bpe != NULL)
        return encode_bpe(e, text, n_bytes, err);
    if (e->t->unigram != NULL)
        return unigram_encode(e->t->unigram, text, n_bytes, begins, &e->ids, err);
    if (e->t->wordpiece != NULL)
        return wordpiece_encode(e->t->wordpiece, text, n_bytes, &e->ids, err);
    while (e->t->strips && after_marker && n_bytes > 0 && is_white(*text)) {
        text++;
        n_bytes--;
    }
    return sentencepiece_encode(e->t->sentencepiece, &e->merging, text, n_bytes, begins, &e->ids, err);
}

static bool encode(struct encoding *e, int32_t before, const char *text, size_t n_bytes, bool special, struct error *err)
{
    const struct tokenizer *t = e->t;
    bool after_marker = before >= 0 && (size_t)before < t->v.n && vocabulary_is_marker(&t->v, before);
    bool begins = after_marker || before == TOKENIZER_BEGIN;
    size_t plain = 0;               /* start of the text since the last marker */

    for (size_t at = 0, length; special && at < n_bytes;) {
        int32_t id = added_at(&t->markers, text + at, n_bytes - at, &length);
        if (id < 0) {
            at++;
            continue;
        }
        if (!encode_plain(e, text + plain, at - plain, begins, after_marker, err) || !id_list_add(&e->ids, id, err))
            return false;
        begins = after_marker = true;
        at += length;
        plain = at;
    }
    return encode_plain(e, text + plain, n_bytes - plain, begins, after_marker, err) &&
           id_list_reserve(&e->ids, 1, err);      /* so that no ids are not NULL */
}

bool tokenizer_encode(const struct tokenizer *t, int32_t before, const char *text, size_t n_bytes, bool special,
                      int32_t **ids, size_t *n_ids, struct error *err)
{
    struct encoding e = { .t = t };
    bool ok = encode(&e, before, text, n_bytes, special, err);

    merging_done(&e.merging);
    if (!ok) {
        free(e.ids.ids);
        return false;
    }
    *ids = e.ids.ids;
    *n_ids = e.ids.n;
    return true;
}
