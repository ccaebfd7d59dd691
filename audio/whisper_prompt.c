#define PCRE2_CODE_UNIT_WIDTH 8
#include "audio/whisper_prompt.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

static const char pattern[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

struct spelling { const char *bytes; size_t n; int32_t id; };

struct vocabulary {
    struct spelling *sorted;        /* by bytes */
    size_t n;
};

static int by_bytes(const void *a, const void *b)
{
    const struct spelling *x = a, *y = b;
    int order = memcmp(x->bytes, y->bytes, x->n < y->n ? x->n : y->n);

    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

static bool sort_vocabulary(struct vocabulary *v, const struct whisper *w, struct arena *scratch, struct error *err)
{
    v->n = w->n_tokens;
    v->sorted = arena_alloc(scratch, v->n, sizeof *v->sorted, err);
    if (v->sorted == NULL)
        return false;
    for (size_t i = 0; i < v->n; i++)
        v->sorted[i] = (struct spelling){ w->token[i], w->token_bytes[i], (int32_t)i };
    qsort(v->sorted, v->n, sizeof *v->sorted, by_bytes);
    return true;
}

/* -1: no token */
static int32_t rank(const struct vocabulary *v, const char *bytes, size_t n)
{
    const struct spelling key = { bytes, n, 0 };
    const struct spelling *found = bsearch(&key, v->sorted, v->n, sizeof *v->sorted, by_bytes);

    return found == NULL ? -1 : found->id;
}

/* end [n]: where each part ends, from its bytes on; bytes that are no token are left out. */
static void encode_piece(const struct vocabulary *v, const char *bytes, size_t n, size_t *end, int32_t *ids, size_t *n_ids)
{
    size_t n_parts = n;

    for (size_t i = 0; i < n; i++)
        end[i] = i + 1;
    for (;;) {
        int32_t lowest = -1;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n_parts; i++) {
            size_t from = i > 0 ? end[i - 1] : 0;
            int32_t id = rank(v, bytes + from, end[i + 1] - from);
            if (id >= 0 && (lowest < 0 || id < lowest)) {
                lowest = id;
                at = i;
            }
        }
        if (lowest < 0)
            break;
        memmove(end + at, end + at + 1, (n_parts - at - 1) * sizeof *end);
        n_parts--;
    }
    for (size_t i = 0; i < n_parts; i++) {
        size_t from = i > 0 ? end[i - 1] : 0;
        int32_t id = rank(v, bytes + from, end[i] - from);
        if (id >= 0)
            ids[(*n_ids)++] = id;
    }
}

static bool encode(const struct vocabulary *v, const char *text, size_t n_text, size_t *end, int32_t *ids, size_t *n_ids,
                   struct error *err)
{
    int code;
    PCRE2_SIZE where;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &code, &where, NULL);
    pcre2_match_data *match = re == NULL ? NULL : pcre2_match_data_create_from_pattern(re, NULL);
    PCRE2_SIZE at = 0;
    int n = 1;

    while (match != NULL && at < n_text && (n = pcre2_match(re, (PCRE2_SPTR)text, n_text, at, 0, match, NULL)) > 0) {
        const PCRE2_SIZE *span = pcre2_get_ovector_pointer(match);
        encode_piece(v, text + span[0], span[1] - span[0], end, ids, n_ids);
        at = span[1];
    }
    bool ok = match != NULL && (n > 0 || n == PCRE2_ERROR_NOMATCH);
    pcre2_match_data_free(match);
    pcre2_code_free(re);
    return ok || error_set(err, ERROR_USAGE, "the prompt or hotwords of a transcription are not UTF-8 text");
}

bool whisper_prompt_encode(const struct whisper *w, const char *text, struct arena *scratch, int32_t **ids, size_t *n, struct error *err)
{
    size_t n_text = strlen(text);
    struct vocabulary v;

    while (n_text > 0 && strchr(" \t\r\n", *text) != NULL) {
        text++;
        n_text--;
    }
    while (n_text > 0 && strchr(" \t\r\n", text[n_text - 1]) != NULL)
        n_text--;
    if (n_text > WHISPER_PROMPT_MOST_BYTES)
        return error_set(err, ERROR_USAGE, "a prompt or hotwords of %zu bytes, at most %d are read", n_text, WHISPER_PROMPT_MOST_BYTES);
    *n = 0;
    *ids = arena_alloc(scratch, n_text + 1, sizeof **ids, err);
    char *spaced = arena_alloc(scratch, n_text + 1, 1, err);
    size_t *end = arena_alloc(scratch, n_text + 1, sizeof *end, err);
    if (*ids == NULL || spaced == NULL || end == NULL)
        return false;
    if (n_text == 0)
        return true;
    spaced[0] = ' ';
    memcpy(spaced + 1, text, n_text);
    return sort_vocabulary(&v, w, scratch, err) && encode(&v, spaced, n_text + 1, end, *ids, n, err);
}
