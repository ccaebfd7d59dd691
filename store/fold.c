#include "store/fold.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
    UNIT_CODES = 16,                /* of one unit, before folding; more combining ones start another */
    FOLDED_CODES = 4 * UNIT_CODES,  /* three at most for a character (CaseFolding.txt), decomposed up to four */
    NO_SEQUENCE = UINT16_MAX        /* utf8proc's: folding, decomposition leave it alone */
};

struct unit {
    size_t n_bytes;                 /* in the text */
    const char *folded;
    size_t n_folded;
    int32_t codes[FOLDED_CODES + 1];        /* folded may point into it */
    char letter;
};

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

/* Whether it belongs to the character before: accents, and jamo behind the first. */
static bool joins(uint32_t code)
{
    if (code < 0x300)
        return false;
    if (code >= 0x1160 && code <= 0x11FF)
        return true;
    return utf8proc_get_property((int32_t)code)->combining_class != 0;
}

static bool is_plain(uint32_t code)
{
    const utf8proc_property_t *property = utf8proc_get_property((int32_t)code);

    return property->casefold_seqindex == NO_SEQUENCE && property->decomp_seqindex == NO_SEQUENCE;
}

/* Bytes of the code points behind `at` that join, at most UNIT_CODES - 1 of them. */
static size_t joined_bytes(const char *text, size_t n, size_t at)
{
    size_t from = at;
    uint32_t code;

    /* 0xCC leads U+0300, the first that joins. */
    for (int i = 1; i < UNIT_CODES && at < n && (unsigned char)text[at] >= 0xCC; i++) {
        size_t length = utf8_decode(text + at, n - at, &code);
        if (length == 0 || code == UTF8_REPLACEMENT || !joins(code))
            break;
        at += length;
    }
    return at - from;
}

static void fold_hard(const char *text, struct unit *u)
{
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;
    utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)u->n_bytes, u->codes, FOLDED_CODES, options);

    if (n < 0 || n > FOLDED_CODES)
        return;                     /* stands for itself */
    n = utf8proc_reencode(u->codes, n, options);
    if (n < 0)
        return;
    u->folded = (const char *)u->codes;
    u->n_folded = (size_t)n;
}

/* The unit at text[0], n > 0. */
static void fold_unit(const char *text, size_t n, struct unit *u)
{
    uint32_t code = (unsigned char)text[0];
    size_t length = code < 0x80 ? 1 : utf8_decode(text, n, &code);
    size_t joined = length > 0 ? joined_bytes(text, n, length) : 0;

    u->n_bytes = length > 0 ? length + joined : n;
    u->folded = text;
    u->n_folded = u->n_bytes;
    if (joined == 0 && code < 0x80) {
        u->letter = (char)lower((unsigned char)code);
        u->folded = &u->letter;
    } else if (length > 0 && code != UTF8_REPLACEMENT && (joined > 0 || !is_plain(code))) {
        fold_hard(text, u);
    }
}

char *fold_query(const char *query)
{
    size_t n = strlen(query), capacity = 4 * n + 1, used = 0;
    char *folded = malloc(capacity);
    struct unit u;

    for (size_t at = 0; folded != NULL && at < n; at += u.n_bytes) {
        fold_unit(query + at, n - at, &u);
        if (used + u.n_folded >= capacity) {
            char *more = realloc(folded, capacity = 2 * capacity + u.n_folded);
            if (more == NULL)
                free(folded);
            folded = more;
        }
        if (folded != NULL)
            memcpy(folded + used, u.folded, u.n_folded);
        used += u.n_folded;
    }
    if (folded != NULL)
        folded[used] = '\0';
    return folded;
}

/* Bytes of the text whose units are `folded`; 0: they are not. */
static size_t match(const char *text, size_t n, const char *folded)
{
    size_t at = 0;
    struct unit u;

    for (; *folded != '\0'; at += u.n_bytes) {
        if (at == n)
            return 0;
        fold_unit(text + at, n - at, &u);
        if (strncmp(folded, u.folded, u.n_folded) != 0)
            return 0;
        folded += u.n_folded;
    }
    return at;
}

/* A unit of one plain letter, seen at a glance. */
static bool is_letter(const char *text, size_t n)
{
    return (unsigned char)text[0] < 0x80 && (n == 1 || (unsigned char)text[1] < 0xCC);
}

bool fold_find(const char *text, size_t n, const char *folded, size_t *at, size_t *end)
{
    struct unit u;

    for (*at = 0; *at < n; *at += u.n_bytes) {
        u.n_bytes = 1;
        if (is_letter(text + *at, n - *at)) {
            if ((char)lower((unsigned char)text[*at]) != *folded)
                continue;
        } else {
            fold_unit(text + *at, n - *at, &u);
            if (u.n_folded == 0 || u.folded[0] != *folded)
                continue;
        }
        size_t found = match(text + *at, n - *at, folded);
        if (found > 0) {
            *end = *at + found;
            return true;
        }
    }
    return false;
}
