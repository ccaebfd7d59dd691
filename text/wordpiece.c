#include "text/wordpiece.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"

#define MOST_CHARACTERS 100         /* of a word */

struct wordpiece {
    const struct vocabulary *v;
    int32_t unknown;
    bool lowercase, strip_accents;
};

struct wordpiece *wordpiece_new(const struct gguf *g, const struct vocabulary *v, struct arena *arena, struct error *err)
{
    struct wordpiece *w = arena_zero(arena, 1, sizeof *w, err);
    int32_t unknown = vocabulary_unknown(v, g);

    if (w == NULL)
        return NULL;
    if (unknown < 0)
        unknown = vocabulary_find(v, "[UNK]", 5);
    if (unknown < 0) {
        error_set(err, ERROR_MODEL, "%s: the vocabulary has no unknown token (tokenizer.ggml.unknown_token_id, [UNK])", gguf_path(g));
        return NULL;
    }
    w->v = v;
    w->unknown = unknown;
    w->lowercase = true;
    gguf_bool(g, "tokenizer.ggml.normalizer.lowercase", &w->lowercase);
    w->strip_accents = w->lowercase;
    gguf_bool(g, "tokenizer.ggml.normalizer.strip_accents", &w->strip_accents);
    return w;
}

/* ---- characters -------------------------------------------------------------------- */

static bool is_white(uint32_t code, utf8proc_category_t category)
{
    return code == '\t' || code == '\n' || code == '\r' || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

static bool is_dropped(uint32_t code, utf8proc_category_t category)
{
    return code == UTF8_REPLACEMENT || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
           category == UTF8PROC_CATEGORY_CO;
}

static bool is_ideograph(uint32_t code)
{
    return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) || (code >= 0x20000 && code <= 0x2A6DF) ||
           (code >= 0x2A700 && code <= 0x2B73F) || (code >= 0x2B740 && code <= 0x2B81F) || (code >= 0x2B920 && code <= 0x2CEAF) ||
           (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x2F800 && code <= 0x2FA1F);
}

static bool is_punctuation(uint32_t code, utf8proc_category_t category)
{
    return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') || (code >= '[' && code <= '`') ||
           (code >= '{' && code <= '~') || (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO);
}

/* ---- normalising ---------------------------------------------------------------------- */

/* Blanks for white space and around ideographs; malloc'd, at most 5 / 3 of what comes in. */
static char *clean(const char *text, size_t n_bytes, size_t *n_out)
{
    char *out = malloc(2 * n_bytes + 8);
    size_t n = 0;

    for (size_t at = 0, length; out != NULL && at < n_bytes; at += length) {
        uint32_t code;
        length = utf8_decode(text + at, n_bytes - at, &code);
        if (length == 0)            /* cut by the end */
            break;
        utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
        if (is_white(code, category)) {
            out[n++] = ' ';
        } else if (!is_dropped(code, category)) {
            bool alone = is_ideograph(code);
            if (alone)
                out[n++] = ' ';
            n += utf8_encode(code, out + n);
            if (alone)
                out[n++] = ' ';
        }
    }
    *n_out = n;
    return out;
}

/* Cleaned, and decomposed where accents go; malloc'd, NULL without memory. */
static char *normalise(const struct wordpiece *w, const char *text, size_t n_bytes, size_t *n_out)
{
    utf8proc_uint8_t *decomposed;
    char *cleaned = clean(text, n_bytes, n_out);

    if (cleaned == NULL || !w->strip_accents)
        return cleaned;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)cleaned, (utf8proc_ssize_t)*n_out, &decomposed,
                                      UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
    free(cleaned);
    if (n < 0)
        return NULL;
    *n_out = (size_t)n;
    return (char *)decomposed;
}

/* ---- words ------------------------------------------------------------------------------ */

struct word {
    char text[4 * (MOST_CHARACTERS + 1)];
    size_t start[MOST_CHARACTERS + 2];      /* of each character, and the end */
    size_t n;                               /* characters; MOST_CHARACTERS + 1: too many */
};

/* Characters of the longest token that begins at character `first`, or 0. */
static size_t longest(const struct wordpiece *w, const struct word *word, size_t first, int32_t *id)
{
    for (size_t end = word->n; end > first; end--) {
        size_t at = word->start[first], n = word->start[end] - at;
        *id = vocabulary_find_joined(w->v, BLANK_MARK, first == 0 ? BLANK_MARK_BYTES : 0, word->text + at, n);
        if (vocabulary_is_ordinary(w->v, *id))
            return end - first;
    }
    return 0;
}

/* Appends the word's ids and empties it. */
static bool end_word(const struct wordpiece *w, struct word *word, struct id_list *ids, struct error *err)
{
    size_t n_before = ids->n, n_characters = word->n;
    int32_t id;

    if (n_characters == 0)
        return true;
    if (!id_list_reserve(ids, n_characters, err))
        return false;
    bool covered = n_characters <= MOST_CHARACTERS;
    for (size_t at = 0, n; covered && at < n_characters; at += n) {
        n = longest(w, word, at, &id);
        covered = n > 0;
        if (covered)
            ids->ids[ids->n++] = id;
    }
    if (!covered) {
        ids->n = n_before;
        ids->ids[ids->n++] = w->unknown;
    }
    word->n = 0;
    return true;
}

static void add_character(struct word *word, uint32_t code)
{
    if (word->n > MOST_CHARACTERS)
        return;
    size_t at = word->n == 0 ? 0 : word->start[word->n];
    word->start[word->n] = at;
    word->start[++word->n] = at + utf8_encode(code, word->text + at);
}

static bool encode_normalised(const struct wordpiece *w, const char *text, size_t n_bytes, struct id_list *ids,
                              struct error *err)
{
    struct word word = { .n = 0 };

    for (size_t at = 0; at < n_bytes;) {
        uint32_t code;
        at += utf8_decode(text + at, n_bytes - at, &code);
        utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
        if (w->strip_accents && category == UTF8PROC_CATEGORY_MN)
            continue;
        if (w->lowercase)
            code = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
        bool ends = is_white(code, category), alone = is_punctuation(code, category);
        if ((ends || alone) && !end_word(w, &word, ids, err))
            return false;
        if (!ends)
            add_character(&word, code);
        if (alone && !end_word(w, &word, ids, err))
            return false;
    }
    return end_word(w, &word, ids, err);
}

bool wordpiece_encode(const struct wordpiece *w, const char *text, size_t n_bytes, struct id_list *ids, struct error *err)
{
    size_t n;

    if (n_bytes == 0)
        return true;
    char *normal = normalise(w, text, n_bytes, &n);
    if (normal == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory to tokenise %zu bytes", n_bytes);
    bool ok = encode_normalised(w, normal, n, ids, err);
    free(normal);
    return ok;
}
