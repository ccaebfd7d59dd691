#include "text/vocabulary.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "text/hash.h"

/* ---- GPT-2's printable characters for bytes ----------------------------------- */

/* Printable Latin-1 stands for itself, the other bytes for U+0100 and on, in order. */
static bool stands_for_itself(unsigned byte)
{
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

uint32_t vocabulary_character_of_byte(unsigned byte)
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
        byte[vocabulary_character_of_byte(b)] = (int16_t)b;
}

/* ---- what a token stands for ----------------------------------------------------- */

/* Writes at most n bytes.  A character that stands for no byte is kept as it is. */
static size_t decode_byte_level(const int16_t byte[], const char *text, size_t n, char *out)
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

static size_t decode_blanks(const char *text, size_t n, char *out)
{
    size_t n_out = 0;

    for (size_t at = 0; at < n;) {
        bool blank = n - at >= BLANK_MARK_BYTES && memcmp(text + at, BLANK_MARK, BLANK_MARK_BYTES) == 0;
        out[n_out++] = blank ? ' ' : text[at];
        at += blank ? BLANK_MARK_BYTES : 1;
    }
    return n_out;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int vocabulary_byte_value(const char *text, size_t n_bytes)
{
    if (n_bytes != 6 || memcmp(text, "<0x", 3) != 0 || text[5] != '>' || digit(text[3]) < 0 || digit(text[4]) < 0)
        return -1;
    return 16 * digit(text[3]) + digit(text[4]);
}

static size_t decode_sentencepiece(enum token_type type, const char *text, size_t n, char *out)
{
    int value = type == TOKEN_BYTE ? vocabulary_byte_value(text, n) : -1;

    if (value < 0)
        return decode_blanks(text, n, out);
    out[0] = (char)value;
    return 1;
}

static size_t decode_token(const struct vocabulary *v, size_t id, const int16_t byte[], char *out)
{
    enum token_type type = vocabulary_type(v, (int32_t)id);
    const char *text = v->text[id];
    size_t n = v->text_bytes[id];

    switch (type) {
    case TOKEN_USER_DEFINED:
        if (v->spelling == SPELLING_BYTE_LEVEL) {
            memcpy(out, text, n);
            return n;
        }
        return decode_blanks(text, n, out);
    case TOKEN_NORMAL:
    case TOKEN_BYTE:
        return v->spelling == SPELLING_BYTE_LEVEL ? decode_byte_level(byte, text, n, out)
                                                  : decode_sentencepiece(type, text, n, out);
    case TOKEN_UNKNOWN:
    case TOKEN_CONTROL:
    case TOKEN_UNUSED:
        break;
    }
    return 0;
}

static bool decode_all(struct vocabulary *v, struct arena *arena, struct error *err)
{
    int16_t byte[LAST_CHARACTER + 1];
    size_t total = 0, at = 0;

    for (size_t id = 0; id < v->n; id++)
        total += v->text_bytes[id];
    v->bytes = arena_alloc(arena, total, 1, err);
    v->first_byte = arena_alloc(arena, v->n + 1, sizeof *v->first_byte, err);
    if (v->bytes == NULL || v->first_byte == NULL)
        return false;
    make_byte_of_character(byte);
    for (size_t id = 0; id < v->n; id++) {
        v->first_byte[id] = at;
        at += decode_token(v, id, byte, v->bytes + at);
    }
    v->first_byte[v->n] = at;
    return true;
}

/* ---- reading ------------------------------------------------------------------- */

int32_t vocabulary_find_joined(const struct vocabulary *v, const char *a, size_t n_a, const char *b, size_t n_b)
{
    if (n_a > v->longest || n_b > v->longest - n_a)
        return -1;
    uint64_t hash = hash_more(hash_more(HASH_START, a, n_a), b, n_b);
    for (size_t i = hash_slot(hash, v->mask); v->table[i] != 0; i = (i + 1) & v->mask) {
        size_t id = v->table[i] - 1;
        if (v->text_bytes[id] == n_a + n_b && memcmp(v->text[id], a, n_a) == 0 &&
            memcmp(v->text[id] + n_a, b, n_b) == 0)
            return (int32_t)id;
    }
    return -1;
}

int32_t vocabulary_find_hashed(const struct vocabulary *v, uint64_t hash, const char *text, size_t n_bytes)
{
    for (size_t i = hash_slot(hash, v->mask); v->table[i] != 0; i = (i + 1) & v->mask) {
        size_t id = v->table[i] - 1;
        if (v->text_bytes[id] == n_bytes && memcmp(v->text[id], text, n_bytes) == 0)
            return (int32_t)id;
    }
    return -1;
}

int32_t vocabulary_find(const struct vocabulary *v, const char *text, size_t n_bytes)
{
    return vocabulary_find_joined(v, text, n_bytes, "", 0);
}

static bool make_table(struct vocabulary *v, struct arena *arena, struct error *err)
{
    v->mask = hash_mask(v->n);
    v->table = arena_zero(arena, v->mask + 1, sizeof *v->table, err);
    if (v->table == NULL)
        return false;
    for (size_t id = 0; id < v->n; id++) {
        size_t i = hash_slot(hash_more(HASH_START, v->text[id], v->text_bytes[id]), v->mask);
        while (v->table[i] != 0)
            i = (i + 1) & v->mask;
        v->table[i] = (uint32_t)id + 1;
        if (v->text_bytes[id] > v->longest)
            v->longest = v->text_bytes[id];
    }
    return true;
}

static bool read_scores(struct vocabulary *v, const struct gguf *g, struct error *err)
{
    size_t n = gguf_f32s(g, "tokenizer.ggml.scores", &v->score);

    if (n == 0)
        v->score = NULL;
    else if (n != v->n)
        return error_set(err, ERROR_MODEL, "%s: %zu tokens but %zu scores (tokenizer.ggml.scores)", gguf_path(g), v->n, n);
    for (size_t id = 0; id < n; id++)
        if (isnan(v->score[id]))
            return error_set(err, ERROR_MODEL, "%s: tokenizer.ggml.scores: the score of token %zu is not a number",
                             gguf_path(g), id);
    return true;
}

bool vocabulary_read(struct vocabulary *v, const struct gguf *g, enum spelling spelling, struct arena *arena,
                     struct error *err)
{
    size_t n_types = gguf_i32s(g, "tokenizer.ggml.token_type", &v->type);

    v->spelling = spelling;
    v->n = gguf_strings(g, "tokenizer.ggml.tokens", &v->text, &v->text_bytes);
    if (v->n == 0 || v->n > INT32_MAX)
        return error_set(err, ERROR_MODEL, "%s: tokenizer.ggml.tokens is missing or not an array of strings",
                         gguf_path(g));
    if (n_types != 0 && n_types != v->n)
        return error_set(err, ERROR_MODEL, "%s: %zu tokens but %zu token types", gguf_path(g), v->n, n_types);
    if (n_types == 0)
        v->type = NULL;
    v->chat_template = gguf_string(g, "tokenizer.chat_template");
    return read_scores(v, g, err) && make_table(v, arena, err) && decode_all(v, arena, err);
}

enum token_type vocabulary_type(const struct vocabulary *v, int32_t id)
{
    return v->type == NULL ? TOKEN_NORMAL : (enum token_type)v->type[id];
}

bool vocabulary_is_ordinary(const struct vocabulary *v, int32_t id)
{
    return id >= 0 && (vocabulary_type(v, id) == TOKEN_NORMAL || vocabulary_type(v, id) == TOKEN_BYTE);
}

static bool looks_like_marker(const struct vocabulary *v, const char *text, size_t n)
{
    if (n < 3 || (text[0] != '<' && text[0] != '['))
        return false;
    if (n > 4 && memcmp(text, "<|", 2) == 0 && memcmp(text + n - 2, "|>", 2) == 0)
        return true;
    return v->chat_template != NULL && memmem(v->chat_template, strlen(v->chat_template), text, n) != NULL;
}

bool vocabulary_is_marker(const struct vocabulary *v, int32_t id)
{
    enum token_type type = vocabulary_type(v, id);

    return type == TOKEN_CONTROL || type == TOKEN_UNKNOWN ||
           (type == TOKEN_USER_DEFINED && looks_like_marker(v, v->text[id], v->text_bytes[id]));
}

const char *vocabulary_bytes(const struct vocabulary *v, int32_t id, size_t *n_bytes)
{
    *n_bytes = v->first_byte[id + 1] - v->first_byte[id];
    return v->bytes + v->first_byte[id];
}

int32_t vocabulary_unknown(const struct vocabulary *v, const struct gguf *g)
{
    uint32_t id;

    if (gguf_u32(g, "tokenizer.ggml.unknown_token_id", &id) && id < v->n)
        return (int32_t)id;
    for (size_t i = 0; i < v->n; i++)
        if (vocabulary_type(v, (int32_t)i) == TOKEN_UNKNOWN)
            return (int32_t)i;
    return -1;
}
