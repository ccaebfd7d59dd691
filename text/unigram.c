#include "text/unigram.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/hash.h"

#define UNKNOWN_PENALTY 10.0f       /* below the lowest score, as SentencePiece's kUnkPenalty */
#define SUM_MOST 100000.0f          /* beyond it sums begin at 0 again, as its kScoreResetThreshold */

struct unigram {
    const struct vocabulary *v;
    bool blank_in_front, joins_blanks;
    int32_t unknown;
    float unknown_score;
};

struct unigram *unigram_new(const struct gguf *g, const struct vocabulary *v, struct arena *arena, struct error *err)
{
    static const char charsmap[] = "tokenizer.ggml.precompiled_charsmap";
    struct unigram *u = arena_zero(arena, 1, sizeof *u, err);
    float lowest = FLT_MAX;

    if (u == NULL)
        return NULL;
    u->v = v;
    u->unknown = vocabulary_unknown(v, g);
    if (v->score == NULL || u->unknown < 0 || gguf_has(g, charsmap)) {
        error_set(err, ERROR_MODEL, v->score == NULL ? "%s: tokenizer.ggml.scores is missing; a unigram vocabulary needs it"
                                    : u->unknown < 0 ? "%s: the vocabulary has no unknown token"
                                    : "%s: tokenizer.ggml.precompiled_charsmap is not supported: text would be normalised "
                                      "otherwise than the model was trained", gguf_path(g));
        return NULL;
    }
    u->blank_in_front = u->joins_blanks = true;
    gguf_bool(g, "tokenizer.ggml.add_space_prefix", &u->blank_in_front);
    gguf_bool(g, "tokenizer.ggml.remove_extra_whitespaces", &u->joins_blanks);
    for (size_t id = 0; id < v->n; id++) {
        if (isinf(v->score[id])) {
            error_set(err, ERROR_MODEL, "%s: tokenizer.ggml.scores: the score of token %zu is not a finite number", gguf_path(g), id);
            return NULL;
        }
        if (vocabulary_type(v, (int32_t)id) == TOKEN_NORMAL)
            lowest = fminf(lowest, v->score[id]);
    }
    u->unknown_score = lowest - UNKNOWN_PENALTY;
    return u;
}

/* ---- the best cut ------------------------------------------------------------------ */

struct best {                       /* way to cut the text up to here */
    float score;
    int32_t id;                     /* of its last token; -1: no way was found */
    uint32_t start;                 /* where that begins */
};

/* Sums are floats, as in SentencePiece: near-ties hang on it. */
static void offer(struct best *best, float score, int32_t id, size_t start)
{
    if (best->id < 0 || score > best->score)
        *best = (struct best){ score, id, (uint32_t)start };
}

/* A large sum has no bits for what tells cuts apart: all that are known from `at` on lose its own. */
static void begin_again(struct best *best, size_t at, size_t end)
{
    float offset = best[at].score;

    for (size_t i = at; i <= end; i++)
        if (best[i].id >= 0)
            best[i].score -= offset;
}

/* Above those of all other tokens, which are logarithms of probabilities; of several, fewer are better. */
static float user_defined_score(size_t n_bytes)
{
    return (float)(0.1 * ((double)n_bytes - 1.0));
}

static size_t character_length(const char *text, size_t n)
{
    uint32_t code;
    size_t length = utf8_decode(text, n, &code);

    return length == 0 ? n : length;
}

/* Tokens that begin at `at`; whether one of them is the character of `length` bytes. */
static bool offer_tokens(const struct unigram *u, const char *text, size_t n, size_t at, size_t length, struct best *best)
{
    const struct vocabulary *v = u->v;
    uint64_t hash = HASH_START;
    bool covered = false;

    for (size_t end = at, step; end < n && end - at < v->longest; end += step) {
        step = character_length(text + end, n - end);
        hash = hash_more(hash, text + end, step);
        int32_t id = vocabulary_find_hashed(v, hash, text + at, end + step - at);
        enum token_type type = id < 0 ? TOKEN_UNUSED : vocabulary_type(v, id);
        bool fixed = type == TOKEN_USER_DEFINED && !vocabulary_is_marker(v, id);
        if (type != TOKEN_NORMAL && !fixed)
            continue;
        float score = fixed ? user_defined_score(end + step - at) : v->score[id];
        offer(&best[end + step], best[at].score + score, id, at);
        covered = covered || end + step - at == length;
    }
    return covered;
}

/* Backwards; several unknown characters in a row are one unknown token. */
static void take_back(const struct unigram *u, const struct best *best, size_t n, struct id_list *ids)
{
    size_t first = ids->n;

    for (size_t at = n; at > 0; at = best[at].start)
        if (best[at].id != u->unknown || ids->n == first || ids->ids[ids->n - 1] != u->unknown)
            ids->ids[ids->n++] = best[at].id;
    for (size_t i = first, j = ids->n; i + 1 < j; i++) {
        int32_t id = ids->ids[--j];
        ids->ids[j] = ids->ids[i];
        ids->ids[i] = id;
    }
}

static bool encode_normal(const struct unigram *u, const char *text, size_t n, struct id_list *ids, struct error *err)
{
    struct best *best = n < UINT32_MAX ? malloc((n + 1) * sizeof *best) : NULL;

    if (best == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory to tokenise %zu bytes", n);
    for (size_t i = 0; i <= n; i++)
        best[i] = (struct best){ .id = -1 };
    best[0] = (struct best){ 0 };
    for (size_t at = 0, length; at < n; at += length) {
        size_t reach = n - at < u->v->longest ? n - at : u->v->longest;
        length = character_length(text + at, n - at);
        if (fabsf(best[at].score) > SUM_MOST)
            begin_again(best, at, at + (reach > length ? reach : length));
        if (!offer_tokens(u, text, n, at, length, best))
            offer(&best[at + length], best[at].score + u->unknown_score, u->unknown, at);
    }
    bool ok = id_list_reserve(ids, n, err);
    if (ok)
        take_back(u, best, n, ids);
    free(best);
    return ok;
}

/* ---- blanks --------------------------------------------------------------------------- */

static size_t put_mark(char *out)
{
    memcpy(out, BLANK_MARK, BLANK_MARK_BYTES);
    return BLANK_MARK_BYTES;
}

/* malloc'd; of joined blanks none stands at either end. */
static char *normalise(const struct unigram *u, const char *text, size_t n_bytes, bool begins, size_t *n_out)
{
    char *out = malloc((n_bytes + 1) * BLANK_MARK_BYTES);
    bool blank = begins && u->blank_in_front, any = false;
    size_t n = 0;

    for (size_t i = 0; out != NULL && i < n_bytes; i++) {
        if (text[i] == ' ' && u->joins_blanks) {
            blank = blank || any || !begins;
            continue;
        }
        if (blank)
            n += put_mark(out + n);
        blank = false;
        any = true;
        if (text[i] == ' ')
            n += put_mark(out + n);
        else
            out[n++] = text[i];
    }
    *n_out = n;
    return out;
}

bool unigram_encode(const struct unigram *u, const char *text, size_t n_bytes, bool begins, struct id_list *ids,
                    struct error *err)
{
    size_t n;
    char *normal = normalise(u, text, n_bytes, begins, &n);

    if (normal == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory to tokenise %zu bytes", n_bytes);
    bool ok = encode_normal(u, normal, n, ids, err);
    free(normal);
    return ok;
}
