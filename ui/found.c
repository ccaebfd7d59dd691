#include "ui/found.h"

#include "base/utf8.h"
#include "ui/buffer.h"
#include "ui/sanitise.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { FOLDED_MOST = 16 };          /* code points that one folds and decomposes to: 4 in Unicode 15 */

/* The code point at text[at], folded; its bytes. */
static size_t fold(const char *text, size_t n, size_t at, int32_t folded[FOLDED_MOST], size_t *n_folded)
{
    uint32_t code;
    size_t used = utf8_decode(text + at, n - at, &code);
    int boundary = 0;

    if (used == 0) {
        used = n - at;
        code = UTF8_REPLACEMENT;
    }
    folded[0] = code >= 'A' && code <= 'Z' ? (int32_t)code + 'a' - 'A' : (int32_t)code;
    *n_folded = 1;
    if (code >= 0x80) {
        utf8proc_ssize_t got = utf8proc_decompose_char((utf8proc_int32_t)code, folded, FOLDED_MOST,
                                                       UTF8PROC_CASEFOLD | UTF8PROC_DECOMPOSE, &boundary);
        if (got > 0 && got <= FOLDED_MOST)
            *n_folded = (size_t)got;
        else
            folded[0] = (int32_t)code;
    }
    return used;
}

static int32_t *fold_all(const char *query, size_t *n)
{
    int32_t *codes = NULL, folded[FOLDED_MOST];
    size_t capacity = 0, n_query = strlen(query), n_folded;

    *n = 0;
    for (size_t at = 0; at < n_query;) {
        at += fold(query, n_query, at, folded, &n_folded);
        for (size_t i = 0; i < n_folded; i++) {
            codes = array_grow(codes, *n, &capacity, sizeof *codes);
            codes[(*n)++] = folded[i];
        }
    }
    return codes;
}

/* End of what the query matches at text[at]; 0: nothing. */
static size_t match_at(const char *text, size_t n, size_t at, const int32_t *query, size_t n_query)
{
    int32_t folded[FOLDED_MOST];
    size_t n_folded;

    for (size_t k = 0; k < n_query;) {
        if (at >= n)
            return 0;
        at += fold(text, n, at, folded, &n_folded);
        for (size_t i = 0; i < n_folded && k < n_query; i++)
            if (folded[i] != query[k++])
                return 0;
    }
    return at;
}

static bool next_match(const char *text, size_t n, size_t from, const int32_t *query, size_t n_query,
                       size_t *start, size_t *end)
{
    uint32_t code;

    for (size_t at = from, used; n_query > 0 && at < n; at += used) {
        used = utf8_decode(text + at, n - at, &code);
        if (used == 0)
            used = n - at;
        *end = match_at(text, n, at, query, n_query);
        *start = at;
        if (*end > 0)
            return true;
    }
    return false;
}

bool found_next(const char *text, size_t n, size_t from, const char *query, size_t *start, size_t *end)
{
    size_t n_query;
    int32_t *folded = fold_all(query, &n_query);
    bool found = next_match(text, n, from, folded, n_query, start, end);

    free(folded);
    return found;
}

int found_put(struct screen *s, int row, int col, int end, const char *text, size_t n, size_t from, size_t to,
              const char *query, enum style style)
{
    size_t n_query, start = 0, stop = 0;
    int32_t *folded = fold_all(query, &n_query);
    bool found = next_match(text, n, 0, folded, n_query, &start, &stop);
    struct glyph glyph;

    for (size_t at = from; at < to; at += glyph.n_bytes) {
        sanitise_next(text, to, at, &glyph);
        while (found && stop <= at)
            found = next_match(text, n, stop, folded, n_query, &start, &stop);
        if (col + glyph.width > end)
            break;
        bool inside = found && start < at + glyph.n_bytes;
        col = screen_put(s, row, col, end, text + at, glyph.n_bytes, inside ? STYLE_MATCH : style);
    }
    free(folded);
    return col;
}
