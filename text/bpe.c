#include "text/bpe.h"

#include <string.h>

#include "base/utf8.h"
#include "text/hash.h"

#define IDS_PER_BYTE 3              /* a byte without a token becomes U+FFFD: three bytes */

struct merge {
    int32_t left, right, result;
};

struct bpe {
    const struct vocabulary *v;
    struct merge *merges;           /* by rank */
    size_t n_merges;
    uint32_t *by_pair;              /* hash table: rank + 1, 0: free */
    size_t pair_mask;
    int32_t byte_ids[256][IDS_PER_BYTE];
    uint8_t n_byte_ids[256];
    bool whole;
};

/* ---- bytes ---------------------------------------------------------------------- */

static int32_t id_of_byte(const struct vocabulary *v, unsigned byte)
{
    char text[4];
    int32_t id = vocabulary_find(v, text, utf8_encode(vocabulary_character_of_byte(byte), text));

    return vocabulary_is_ordinary(v, id) ? id : -1;
}

/* Some vocabularies lack bytes that valid text never or hardly ever holds (SmolLM2:
 * 21 of them); U+FFFD stands for those, so that nothing vanishes unseen. */
static bool find_bytes(struct bpe *b, const char *path, struct error *err)
{
    static const unsigned char replacement[IDS_PER_BYTE] = { 0xEF, 0xBF, 0xBD };

    for (unsigned byte = 0; byte < 256; byte++) {
        int32_t id = id_of_byte(b->v, byte);
        b->n_byte_ids[byte] = id >= 0 ? 1 : IDS_PER_BYTE;
        for (size_t i = 0; i < b->n_byte_ids[byte]; i++) {
            b->byte_ids[byte][i] = id >= 0 ? id : id_of_byte(b->v, replacement[i]);
            if (b->byte_ids[byte][i] < 0)
                return error_set(err, ERROR_MODEL, "%s: the vocabulary has no token for byte 0x%02X nor for U+FFFD; "
                                 "it is not a byte-level one", path, byte);
        }
    }
    return true;
}

/* ---- merges -------------------------------------------------------------------- */

static size_t pair_slot(const struct bpe *b, int32_t left, int32_t right)
{
    uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;

    return hash_slot(pair * 0x9E3779B97F4A7C15u, b->pair_mask);      /* Knuth 6.4: 2^64 / golden ratio */
}

static uint32_t rank_of(const struct bpe *b, int32_t left, int32_t right)
{
    for (size_t i = pair_slot(b, left, right); b->by_pair[i] != 0; i = (i + 1) & b->pair_mask) {
        uint32_t rank = b->by_pair[i] - 1;
        if (b->merges[rank].left == left && b->merges[rank].right == right)
            return rank;
    }
    return MERGING_NEVER;
}

static bool parse_merge(const struct vocabulary *v, const char *text, size_t n, struct merge *m)
{
    const char *space = memchr(text, ' ', n);

    if (space == NULL || space == text || space + 1 == text + n)
        return false;
    size_t n_left = (size_t)(space - text), n_right = n - n_left - 1;
    m->left = vocabulary_find(v, text, n_left);
    m->right = vocabulary_find(v, space + 1, n_right);
    m->result = vocabulary_find_joined(v, text, n_left, space + 1, n_right);
    return m->left >= 0 && m->right >= 0 && m->result >= 0;
}

static bool read_merges(struct bpe *b, const struct gguf *g, struct arena *arena, struct error *err)
{
    const struct vocabulary *v = b->v;
    const char *const *text;
    const size_t *n_bytes;

    b->n_merges = gguf_strings(g, "tokenizer.ggml.merges", &text, &n_bytes);
    if (b->n_merges == 0 || b->n_merges >= MERGING_NEVER)
        return error_set(err, ERROR_MODEL, "%s: tokenizer.ggml.merges is missing or not an array of strings",
                         gguf_path(g));
    b->pair_mask = hash_mask(b->n_merges);
    b->merges = arena_alloc(arena, b->n_merges, sizeof *b->merges, err);
    b->by_pair = arena_zero(arena, b->pair_mask + 1, sizeof *b->by_pair, err);
    if (b->merges == NULL || b->by_pair == NULL)
        return false;
    for (size_t rank = 0; rank < b->n_merges; rank++) {
        struct merge *m = &b->merges[rank];
        if (!parse_merge(v, text[rank], n_bytes[rank], m))
            return error_set(err, ERROR_MODEL, "%s: merge %zu is not two tokens that form a third",
                             gguf_path(g), rank);
        /* A merge that led to a control token would let a user's text forge one. */
        if (!vocabulary_is_ordinary(v, m->left) || !vocabulary_is_ordinary(v, m->right) ||
            !vocabulary_is_ordinary(v, m->result) || rank_of(b, m->left, m->right) != MERGING_NEVER)
            continue;
        size_t i = pair_slot(b, m->left, m->right);
        while (b->by_pair[i] != 0)
            i = (i + 1) & b->pair_mask;
        b->by_pair[i] = (uint32_t)rank + 1;
    }
    return true;
}

struct bpe *bpe_new(const struct gguf *g, const struct vocabulary *v, bool whole, struct arena *arena,
                    struct error *err)
{
    struct bpe *b = arena_zero(arena, 1, sizeof *b, err);

    if (b == NULL)
        return NULL;
    b->v = v;
    b->whole = whole;
    return find_bytes(b, gguf_path(g), err) && read_merges(b, g, arena, err) ? b : NULL;
}

/* ---- encoding ------------------------------------------------------------------- */

static uint32_t rank_symbols(const void *user, const struct symbol *left, const struct symbol *right, int32_t *id)
{
    const struct bpe *b = user;
    uint32_t rank = rank_of(b, left->id, right->id);

    if (rank != MERGING_NEVER)
        *id = b->merges[rank].result;
    return rank;
}

/* Id of the token that stands for the whole piece, or -1. */
static int32_t whole_piece(const struct bpe *b, const char *piece, size_t n_bytes)
{
    char text[256];
    size_t n = 0;

    if (!b->whole)
        return -1;
    for (size_t i = 0; i < n_bytes; i++) {
        if (n + 4 > sizeof text)
            return -1;
        n += utf8_encode(vocabulary_character_of_byte((unsigned char)piece[i]), text + n);
    }
    int32_t id = vocabulary_find(b->v, text, n);
    return vocabulary_is_ordinary(b->v, id) ? id : -1;
}

bool bpe_encode(const struct bpe *b, struct merging *m, const char *piece, size_t n_bytes, struct id_list *ids,
                struct error *err)
{
    int32_t whole = whole_piece(b, piece, n_bytes);

    if (whole >= 0)
        return id_list_add(ids, whole, err);
    if (!merging_start(m, n_bytes * IDS_PER_BYTE, n_bytes, err) ||
        !id_list_reserve(ids, n_bytes * IDS_PER_BYTE, err))
        return false;
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char byte = (unsigned char)piece[i];
        for (size_t j = 0; j < b->n_byte_ids[byte]; j++)
            merging_add(m, b->byte_ids[byte][j], i, 1);
    }
    merging_run(m, rank_symbols, b);
    for (size_t i = 0; i < m->n_symbols; i++)
        if (m->symbols[i].n_bytes > 0)
            ids->ids[ids->n++] = m->symbols[i].id;
    return true;
}
