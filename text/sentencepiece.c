#include "text/sentencepiece.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/added.h"

struct sentencepiece {
    const struct vocabulary *v;
    struct added user_defined;
    bool blank_in_front;
    int32_t byte_ids[256];          /* -1: none */
    int32_t unknown;                /* -1: none */
};

/* ---- opening -------------------------------------------------------------------- */

static bool is_user_defined(const void *user, int32_t id)
{
    return vocabulary_type(user, id) == TOKEN_USER_DEFINED && !vocabulary_is_marker(user, id);
}

static bool find_bytes(struct sentencepiece *s, const char *path, struct error *err)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[8];
        int n = snprintf(text, sizeof text, "<0x%02X>", byte);
        int32_t id = vocabulary_find(s->v, text, (size_t)n);
        s->byte_ids[byte] = vocabulary_is_ordinary(s->v, id) ? id : -1;
        if (s->byte_ids[byte] < 0 && s->unknown < 0)
            return error_set(err, ERROR_MODEL, "%s: the vocabulary has neither a token %s nor an unknown token", path, text);
    }
    return true;
}

struct sentencepiece *sentencepiece_new(const struct gguf *g, const struct vocabulary *v, struct arena *arena,
                                        struct error *err)
{
    if (v->score == NULL) {
        error_set(err, ERROR_MODEL, "%s: tokenizer.ggml.scores is missing; a SentencePiece vocabulary needs it",
                  gguf_path(g));
        return NULL;
    }
    struct sentencepiece *s = arena_zero(arena, 1, sizeof *s, err);
    if (s == NULL)
        return NULL;
    s->v = v;
    s->blank_in_front = true;       /* unless the file says otherwise, as SentencePiece's default */
    gguf_bool(g, "tokenizer.ggml.add_space_prefix", &s->blank_in_front);
    s->unknown = vocabulary_unknown(v, g);
    return find_bytes(s, gguf_path(g), err) && added_new(&s->user_defined, v, is_user_defined, v, true, arena, err) ? s : NULL;
}

/* ---- joining --------------------------------------------------------------------- */

/* The order of floats, turned round, as that of unsigned integers. */
static uint32_t rank_of_score(float score)
{
    float plus = score + 0.0f;      /* -0 is 0 */
    uint32_t bits;

    memcpy(&bits, &plus, sizeof bits);
    return bits & 0x80000000u ? bits : ~bits & 0x7FFFFFFFu;
}

struct joining {
    const struct sentencepiece *s;
    const char *text;
};

static uint32_t rank_symbols(const void *user, const struct symbol *left, const struct symbol *right, int32_t *id)
{
    const struct joining *j = user;
    const struct vocabulary *v = j->s->v;

    *id = vocabulary_find(v, j->text + left->first, left->n_bytes + (size_t)right->n_bytes);
    return *id >= 0 && vocabulary_type(v, *id) == TOKEN_NORMAL ? rank_of_score(v->score[*id]) : MERGING_NEVER;
}

/* Bytes of the character at text; 1 for a byte that begins none. */
static size_t character_length(const char *text, size_t n)
{
    uint32_t code;
    size_t length = utf8_decode(text, n, &code);

    return length == 0 || (code == UTF8_REPLACEMENT && memcmp(text, "\xEF\xBF\xBD", length) != 0) ? 1 : length;
}

/* Several unknown symbols in a row are one unknown token. */
static void add_symbol(const struct sentencepiece *s, const char *text, const struct symbol *symbol, struct id_list *ids,
                       bool *unknown)
{
    if (symbol->id >= 0) {
        ids->ids[ids->n++] = symbol->id;
        *unknown = false;
        return;
    }
    for (size_t i = 0; i < symbol->n_bytes; i++) {
        int32_t id = s->byte_ids[(unsigned char)text[symbol->first + i]];
        if (id >= 0 || !*unknown)
            ids->ids[ids->n++] = id >= 0 ? id : s->unknown;
        *unknown = id < 0;
    }
}

/* Text without user-defined tokens. */
static bool encode_plain(const struct sentencepiece *s, struct merging *m, const char *text, size_t n_bytes,
                         struct id_list *ids, struct error *err)
{
    struct joining joining = { s, text };
    bool unknown = false;

    if (!merging_start(m, n_bytes, n_bytes, err) || !id_list_reserve(ids, n_bytes, err))
        return false;
    for (size_t at = 0; at < n_bytes;) {
        size_t length = character_length(text + at, n_bytes - at);
        int32_t id = vocabulary_find(s->v, text + at, length);
        merging_add(m, id >= 0 && vocabulary_type(s->v, id) == TOKEN_NORMAL ? id : -1, at, length);
        at += length;
    }
    merging_run(m, rank_symbols, &joining);
    for (size_t i = 0; i < m->n_symbols; i++)
        if (m->symbols[i].n_bytes > 0)
            add_symbol(s, text, &m->symbols[i], ids, &unknown);
    return true;
}

/* ---- text ------------------------------------------------------------------------- */

/* With blanks as U+2581; malloc'd. */
static char *mark_blanks(const char *text, size_t n_bytes, bool blank_in_front, size_t *n_out)
{
    size_t n_blanks = blank_in_front, n = 0;

    for (size_t i = 0; i < n_bytes; i++)
        n_blanks += text[i] == ' ';
    char *out = malloc(n_bytes + n_blanks * BLANK_MARK_BYTES + 1);
    if (out == NULL)
        return NULL;
    if (blank_in_front) {
        memcpy(out, BLANK_MARK, BLANK_MARK_BYTES);
        n = BLANK_MARK_BYTES;
    }
    for (size_t i = 0; i < n_bytes; i++) {
        if (text[i] == ' ') {
            memcpy(out + n, BLANK_MARK, BLANK_MARK_BYTES);
            n += BLANK_MARK_BYTES;
        } else {
            out[n++] = text[i];
        }
    }
    *n_out = n;
    return out;
}

static bool encode_marked(const struct sentencepiece *s, struct merging *m, const char *text, size_t n_bytes,
                          struct id_list *ids, struct error *err)
{
    size_t plain = 0;               /* start of the text since the last user-defined token */

    for (size_t at = 0, length; at < n_bytes;) {
        int32_t id = added_at(&s->user_defined, text + at, n_bytes - at, &length);
        if (id < 0) {
            at += character_length(text + at, n_bytes - at);
            continue;
        }
        if (!encode_plain(s, m, text + plain, at - plain, ids, err) || !id_list_add(ids, id, err))
            return false;
        at += length;
        plain = at;
    }
    return encode_plain(s, m, text + plain, n_bytes - plain, ids, err);
}

bool sentencepiece_encode(const struct sentencepiece *s, struct merging *m, const char *text, size_t n_bytes,
                          bool begins, struct id_list *ids, struct error *err)
{
    size_t n;

    if (n_bytes == 0)
        return true;
    char *marked = mark_blanks(text, n_bytes, begins && s->blank_in_front, &n);
    if (marked == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory to tokenise %zu bytes", n_bytes);
    bool ok = encode_marked(s, m, marked, n, ids, err);
    free(marked);
    return ok;
}
