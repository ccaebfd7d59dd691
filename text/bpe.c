#include "text/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct merge {
    int32_t left, right, result;
};

struct bpe {
    const char *const *text;        /* as in the file */
    const size_t *text_bytes;
    const int32_t *type;            /* NULL: all normal */
    size_t n_vocab;
    char *bytes;                    /* all tokens' bytes, one after the other */
    size_t *first_byte;             /* [n_vocab + 1] into bytes */
    uint32_t *vocab;                /* hash table: id + 1, 0: free */
    size_t vocab_mask;
    struct merge *merges;           /* by rank */
    size_t n_merges;
    uint32_t *by_pair;              /* hash table: rank + 1, 0: free */
    size_t pair_mask;
    int32_t byte_ids[256][BPE_IDS_PER_BYTE];
    uint8_t n_byte_ids[256];
};

/* ---- GPT-2's printable characters for bytes ----------------------------------- */

/* Printable Latin-1 stands for itself, the other bytes for U+0100 and on, in order. */
static bool stands_for_itself(unsigned byte)
{
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

static uint32_t character_of_byte(unsigned byte)
{
    uint32_t others = 0;

    if (stands_for_itself(byte))
        return byte;
    for (unsigned b = 0; b < byte; b++)
        others += !stands_for_itself(b);
    return 0x100 + others;
}

#define LAST_CHARACTER 0x143        /* 68 bytes do not stand for themselves */

static void make_byte_of_character(int16_t byte[LAST_CHARACTER + 1])
{
    for (size_t i = 0; i <= LAST_CHARACTER; i++)
        byte[i] = -1;
    for (unsigned b = 0; b < 256; b++)
        byte[character_of_byte(b)] = (int16_t)b;
}

/* ---- vocabulary ---------------------------------------------------------------- */

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/; continued from `hash`. */
#define HASH_START 14695981039346656037u
static uint64_t hash_more(uint64_t hash, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash;
}

static size_t slot(uint64_t hash, size_t mask)
{
    return (size_t)(hash ^ hash >> 32) & mask;
}

/* Power of two with at least a third of the slots free. */
static size_t table_mask(size_t n)
{
    size_t size = 16;

    while (size / 3 * 2 < n)
        size *= 2;
    return size - 1;
}

/* Id of the token a b (b may be empty), or -1. */
static int32_t find_joined(const struct bpe *t, const char *a, size_t n_a, const char *b, size_t n_b)
{
    uint64_t hash = hash_more(hash_more(HASH_START, a, n_a), b, n_b);

    for (size_t i = slot(hash, t->vocab_mask); t->vocab[i] != 0; i = (i + 1) & t->vocab_mask) {
        size_t id = t->vocab[i] - 1;
        if (t->text_bytes[id] == n_a + n_b && memcmp(t->text[id], a, n_a) == 0 &&
            memcmp(t->text[id] + n_a, b, n_b) == 0)
            return (int32_t)id;
    }
    return -1;
}

int32_t bpe_find(const struct bpe *b, const char *text, size_t n_bytes)
{
    return find_joined(b, text, n_bytes, "", 0);
}

static bool read_vocabulary(struct bpe *b, const struct gguf *g, struct arena *arena, struct error *err)
{
    size_t n_types = gguf_i32s(g, "tokenizer.ggml.token_type", &b->type);

    b->n_vocab = gguf_strings(g, "tokenizer.ggml.tokens", &b->text, &b->text_bytes);
    if (b->n_vocab == 0 || b->n_vocab > INT32_MAX)
        return error_set(err, ERROR_MODEL, "%s: tokenizer.ggml.tokens is missing or not an array of strings",
                         gguf_path(g));
    if (n_types != 0 && n_types != b->n_vocab)
        return error_set(err, ERROR_MODEL, "%s: %zu tokens but %zu token types", gguf_path(g), b->n_vocab, n_types);
    if (n_types == 0)
        b->type = NULL;
    b->vocab_mask = table_mask(b->n_vocab);
    b->vocab = arena_zero(arena, b->vocab_mask + 1, sizeof *b->vocab, err);
    if (b->vocab == NULL)
        return false;
    for (size_t id = 0; id < b->n_vocab; id++) {
        size_t i = slot(hash_more(HASH_START, b->text[id], b->text_bytes[id]), b->vocab_mask);
        while (b->vocab[i] != 0)
            i = (i + 1) & b->vocab_mask;
        b->vocab[i] = (uint32_t)id + 1;
    }
    return true;
}

/* Writes what a token of ordinary text stands for; at most n bytes.  A character
 * that stands for no byte is kept as it is. */
static size_t decode_text(const int16_t byte[], const char *text, size_t n, char *out)
{
    size_t n_out = 0;

    for (size_t at = 0; at < n;) {
        uint32_t code;
        size_t length = utf8_decode(text + at, n - at, &code);
        if (length > 0 && code <= LAST_CHARACTER && byte[code] >= 0) {
            out[n_out++] = (char)byte[code];
        } else {
            length = length > 0 ? length : n - at;
            memcpy(out + n_out, text + at, length);
            n_out += length;
        }
        at += length;
    }
    return n_out;
}

static bool decode_vocabulary(struct bpe *b, struct arena *arena, struct error *err)
{
    int16_t byte[LAST_CHARACTER + 1];
    size_t total = 0;

    for (size_t id = 0; id < b->n_vocab; id++)
        total += b->text_bytes[id];
    b->bytes = arena_alloc(arena, total, 1, err);
    b->first_byte = arena_alloc(arena, b->n_vocab + 1, sizeof *b->first_byte, err);
    if (b->bytes == NULL || b->first_byte == NULL)
        return false;
    make_byte_of_character(byte);
    size_t at = 0;
    for (size_t id = 0; id < b->n_vocab; id++) {
        b->first_byte[id] = at;
        switch (bpe_type(b, (int32_t)id)) {
        case TOKEN_NORMAL:
        case TOKEN_BYTE:
            at += decode_text(byte, b->text[id], b->text_bytes[id], b->bytes + at);
            break;
        case TOKEN_USER_DEFINED:
            memcpy(b->bytes + at, b->text[id], b->text_bytes[id]);
            at += b->text_bytes[id];
            break;
        case TOKEN_UNKNOWN:
        case TOKEN_CONTROL:
        case TOKEN_UNUSED:
            break;
        }
    }
    b->first_byte[b->n_vocab] = at;
    return true;
}

/* Only tokens of ordinary text may come from ordinary text. */
static bool is_ordinary(const struct bpe *b, int32_t id)
{
    return id >= 0 && (bpe_type(b, id) == TOKEN_NORMAL || bpe_type(b, id) == TOKEN_BYTE);
}

static int32_t id_of_byte(const struct bpe *b, unsigned byte)
{
    char text[4];
    int32_t id = bpe_find(b, text, utf8_encode(character_of_byte(byte), text));

    return is_ordinary(b, id) ? id : -1;
}

/* Some vocabularies lack bytes that valid text never or hardly ever holds (SmolLM2:
 * 21 of them); U+FFFD stands for those, so that nothing vanishes unseen. */
static bool find_bytes(struct bpe *b, const char *path, struct error *err)
{
    static const unsigned char replacement[BPE_IDS_PER_BYTE] = { 0xEF, 0xBF, 0xBD };

    for (unsigned byte = 0; byte < 256; byte++) {
        int32_t id = id_of_byte(b, byte);
        b->n_byte_ids[byte] = id >= 0 ? 1 : BPE_IDS_PER_BYTE;
        for (size_t i = 0; i < b->n_byte_ids[byte]; i++) {
            b->byte_ids[byte][i] = id >= 0 ? id : id_of_byte(b, replacement[i]);
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

    return slot(pair * 0x9E3779B97F4A7C15u, b->pair_mask);      /* Knuth 6.4: 2^64 / golden ratio */
}

#define NO_RANK UINT32_MAX

static uint32_t rank_of(const struct bpe *b, int32_t left, int32_t right)
{
    for (size_t i = pair_slot(b, left, right); b->by_pair[i] != 0; i = (i + 1) & b->pair_mask) {
        uint32_t rank = b->by_pair[i] - 1;
        if (b->merges[rank].left == left && b->merges[rank].right == right)
            return rank;
    }
    return NO_RANK;
}

static bool parse_merge(const struct bpe *b, const char *text, size_t n, struct merge *m)
{
    const char *space = memchr(text, ' ', n);

    if (space == NULL || space == text || space + 1 == text + n)
        return false;
    size_t n_left = (size_t)(space - text), n_right = n - n_left - 1;
    m->left = bpe_find(b, text, n_left);
    m->right = bpe_find(b, space + 1, n_right);
    m->result = find_joined(b, text, n_left, space + 1, n_right);
    return m->left >= 0 && m->right >= 0 && m->result >= 0;
}

static bool read_merges(struct bpe *b, const struct gguf *g, struct arena *arena, struct error *err)
{
    const char *const *text;
    const size_t *n_bytes;

    b->n_merges = gguf_strings(g, "tokenizer.ggml.merges", &text, &n_bytes);
    if (b->n_merges == 0 || b->n_merges >= NO_RANK)
        return error_set(err, ERROR_MODEL, "%s: tokenizer.ggml.merges is missing or not an array of strings",
                         gguf_path(g));
    b->pair_mask = table_mask(b->n_merges);
    b->merges = arena_alloc(arena, b->n_merges, sizeof *b->merges, err);
    b->by_pair = arena_zero(arena, b->pair_mask + 1, sizeof *b->by_pair, err);
    if (b->merges == NULL || b->by_pair == NULL)
        return false;
    for (size_t rank = 0; rank < b->n_merges; rank++) {
        struct merge *m = &b->merges[rank];
        if (!parse_merge(b, text[rank], n_bytes[rank], m))
            return error_set(err, ERROR_MODEL, "%s: merge %zu is not two tokens that form a third",
                             gguf_path(g), rank);
        /* A merge that led to a control token would let a user's text forge one. */
        if (!is_ordinary(b, m->left) || !is_ordinary(b, m->right) || !is_ordinary(b, m->result) ||
            rank_of(b, m->left, m->right) != NO_RANK)
            continue;
        size_t i = pair_slot(b, m->left, m->right);
        while (b->by_pair[i] != 0)
            i = (i + 1) & b->pair_mask;
        b->by_pair[i] = (uint32_t)rank + 1;
    }
    return true;
}

struct bpe *bpe_new(const struct gguf *g, struct arena *arena, struct error *err)
{
    struct bpe *b = arena_zero(arena, 1, sizeof *b, err);

    if (b == NULL || !read_vocabulary(b, g, arena, err) || !decode_vocabulary(b, arena, err) ||
        !find_bytes(b, gguf_path(g), err) || !read_merges(b, g, arena, err))
        return NULL;
    return b;
}

size_t bpe_n_vocab(const struct bpe *b)
{
    return b->n_vocab;
}

enum token_type bpe_type(const struct bpe *b, int32_t id)
{
    return b->type == NULL ? TOKEN_NORMAL : (enum token_type)b->type[id];
}

const char *bpe_text(const struct bpe *b, int32_t id, size_t *n_bytes)
{
    *n_bytes = b->text_bytes[id];
    return b->text[id];
}

const char *bpe_bytes(const struct bpe *b, int32_t id, size_t *n_bytes)
{
    *n_bytes = b->first_byte[id + 1] - b->first_byte[id];
    return b->bytes + b->first_byte[id];
}

/* ---- merging a piece: a linked list of symbols, a heap of candidates ------------- */

struct bpe_symbol {
    int32_t id;                     /* -1: joined to the one before */
    uint32_t previous, next;        /* NOWHERE at the ends */
};
#define NOWHERE UINT32_MAX

/* Ordered by rank, then place. */
struct bpe_candidate {
    uint32_t rank, place;
};

static bool before(struct bpe_candidate a, struct bpe_candidate b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.place < b.place;
}

static void push(struct bpe_candidate *heap, size_t *n, struct bpe_candidate c)
{
    size_t i = (*n)++;

    for (; i > 0 && before(c, heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = c;
}

static struct bpe_candidate pop(struct bpe_candidate *heap, size_t *n)
{
    struct bpe_candidate top = heap[0], last = heap[--*n];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < *n; i = child) {
        if (child + 1 < *n && before(heap[child + 1], heap[child]))
            child++;
        if (!before(heap[child], last))
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return top;
}

/* Each join leaves at most two new candidates, so 3 a symbol are enough. */
static bool reserve(struct bpe_scratch *s, size_t n_bytes, struct error *err)
{
    size_t n = n_bytes * BPE_IDS_PER_BYTE;

    if (n <= s->n_symbols)
        return true;
    if (n_bytes > UINT32_MAX / 16)
        return error_set(err, ERROR_INPUT, "one word of %zu bytes is too long", n_bytes);
    n += n / 2;
    bpe_scratch_done(s);
    s->symbols = malloc(n * sizeof *s->symbols);
    s->heap = malloc(3 * n * sizeof *s->heap);
    if (s->symbols == NULL || s->heap == NULL) {
        bpe_scratch_done(s);
        return error_set(err, ERROR_INFERENCE, "no memory to tokenise a word of %zu bytes", n_bytes);
    }
    s->n_symbols = n;
    return true;
}

void bpe_scratch_done(struct bpe_scratch *s)
{
    free(s->symbols);
    free(s->heap);
    *s = (struct bpe_scratch){ 0 };
}

static void offer(const struct bpe *b, struct bpe_scratch *s, uint32_t place)
{
    uint32_t next = place == NOWHERE ? NOWHERE : s->symbols[place].next;

    if (next == NOWHERE)
        return;
    uint32_t rank = rank_of(b, s->symbols[place].id, s->symbols[next].id);
    if (rank != NO_RANK)
        push(s->heap, &s->n_heap, (struct bpe_candidate){ rank, place });
}

static size_t start(const struct bpe *b, struct bpe_scratch *s, const char *piece, size_t n_bytes)
{
    uint32_t n = 0;

    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char byte = (unsigned char)piece[i];
        for (size_t j = 0; j < b->n_byte_ids[byte]; j++, n++)
            s->symbols[n] = (struct bpe_symbol){ b->byte_ids[byte][j], n - 1, n + 1 };
    }
    s->symbols[0].previous = NOWHERE;
    s->symbols[n - 1].next = NOWHERE;
    s->n_heap = 0;
    for (uint32_t i = 0; i < n; i++)
        offer(b, s, i);
    return n;
}

/* Joins the candidate's two symbols, unless one has been joined elsewhere since. */
static void join(const struct bpe *b, struct bpe_scratch *s, struct bpe_candidate c)
{
    const struct merge *m = &b->merges[c.rank];
    struct bpe_symbol *left = &s->symbols[c.place];

    if (left->id != m->left || left->next == NOWHERE || s->symbols[left->next].id != m->right)
        return;
    struct bpe_symbol *right = &s->symbols[left->next];
    left->id = m->result;
    left->next = right->next;
    right->id = -1;
    if (left->next != NOWHERE)
        s->symbols[left->next].previous = c.place;
    offer(b, s, left->previous);
    offer(b, s, c.place);
}

bool bpe_encode(const struct bpe *b, struct bpe_scratch *s, const char *piece, size_t n_bytes,
                int32_t *ids, size_t *n_ids, struct error *err)
{
    if (n_bytes == 0)
        return true;
    if (!reserve(s, n_bytes, err))
        return false;
    size_t n = start(b, s, piece, n_bytes);
    while (s->n_heap > 0)
        join(b, s, pop(s->heap, &s->n_heap));
    for (size_t i = 0; i < n; i++)
        if (s->symbols[i].id >= 0)
            ids[(*n_ids)++] = s->symbols[i].id;
    return true;
}
