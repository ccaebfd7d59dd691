/* vocabulary.h - the tokens of a model file: how they are written, what kind each is, and
 * the bytes that each stands for.
 *
 *   tokenizer.ggml.tokens [n] | .token_type [n] | .scores [n]   (the latter two may be missing)
 *
 * Token texts spell bytes in the way of their tokenizer:
 *   byte level     one printable character for each byte (Radford et al. 2019, GPT-2,
 *                  encoder.py: bytes_to_unicode)
 *   SentencePiece  U+2581 for a blank; a byte token is written <0x0A>
 *                  (https://github.com/google/sentencepiece, src/model_interface.cc)
 *
 * A struct vocabulary never changes after vocabulary_read; threads may share it. */
#ifndef TEXT_VOCABULARY_H
#define TEXT_VOCABULARY_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of tokenizer.ggml.token_type. */
enum token_type {
    TOKEN_NORMAL = 1, TOKEN_UNKNOWN = 2, TOKEN_CONTROL = 3, TOKEN_USER_DEFINED = 4,
    TOKEN_UNUSED = 5, TOKEN_BYTE = 6
};

enum spelling { SPELLING_BYTE_LEVEL, SPELLING_SENTENCEPIECE };

#define BLANK_MARK "\xE2\x96\x81"   /* U+2581, SentencePiece's blank */
#define BLANK_MARK_BYTES 3

struct vocabulary {
    enum spelling spelling;
    size_t n;
    const char *const *text;        /* as in the file, borrowed from it */
    const size_t *text_bytes;
    const int32_t *type;            /* NULL: all normal */
    const float *score;             /* NULL: none; no NaN */
    size_t longest;                 /* most bytes of a text */
    const char *chat_template;      /* tokenizer.chat_template, or NULL */
    char *bytes;                    /* what the tokens stand for, one after the other */
    size_t *first_byte;             /* [n + 1] into bytes */
    uint32_t *table;                /* hash table of the texts: id + 1, 0: free */
    size_t mask;
};

/* Tables come from `arena`, texts stay borrowed from g. */
bool vocabulary_read(struct vocabulary *v, const struct gguf *g, enum spelling spelling, struct arena *arena,
                     struct error *err);

enum token_type vocabulary_type(const struct vocabulary *v, int32_t id);    /* id < n */
/* Only tokens of ordinary text may come from ordinary text; false for id -1. */
bool vocabulary_is_ordinary(const struct vocabulary *v, int32_t id);
/* Control and unknown tokens, and of the user-defined ones those that a prompt format writes:
 * "<|...|>", or in angles or brackets and named by the chat template.  Only text of the
 * program's own may hold them. */
bool vocabulary_is_marker(const struct vocabulary *v, int32_t id);
/* What the token stands for: none for control, unknown and unused tokens. */
const char *vocabulary_bytes(const struct vocabulary *v, int32_t id, size_t *n_bytes);
/* Id of the token written a b (b may be empty), or -1; of equal ones the lowest. */
int32_t vocabulary_find(const struct vocabulary *v, const char *text, size_t n_bytes);
int32_t vocabulary_find_joined(const struct vocabulary *v, const char *a, size_t n_a, const char *b, size_t n_b);

/* As vocabulary_find, with the text's hash (hash.h) known. */
int32_t vocabulary_find_hashed(const struct vocabulary *v, uint64_t hash, const char *text, size_t n_bytes);

/* Id of the unknown token, by the metadata or by its type; -1: none. */
int32_t vocabulary_unknown(const struct vocabulary *v, const struct gguf *g);

/* The character that spells a byte at byte level. */
uint32_t vocabulary_character_of_byte(unsigned byte);
/* Value of a byte token's text "<0x0A>", or -1. */
int vocabulary_byte_value(const char *text, size_t n_bytes);

#endif
