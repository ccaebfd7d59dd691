/* tokenizer.h - text to token ids and back.
 *
 *   text -> [control tokens, only where allowed] -> what the model's kind makes of the rest:
 *     "gpt2"   user-defined tokens, pieces (pretokenizer), byte pairs merged (bpe)
 *     "llama"  SentencePiece's pairs by score (sentencepiece)
 *     "t5"     SentencePiece's unigram model (unigram)
 *     "bert"   the longest tokens of each word (wordpiece)
 *        -> ids
 *
 * User-defined tokens are found in any text, as the reference tokenizers do, except those
 * that look like a prompt format's own ("<|...|>", or used by the chat template): these
 * count as control tokens there.
 *
 * A struct tokenizer never changes after tokenizer_open; threads may share it. */
#ifndef TEXT_TOKENIZER_H
#define TEXT_TOKENIZER_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tokenizer;

/* From the file's tokenizer.ggml.* keys; texts stay borrowed from g, tables come
 * from `arena`. */
struct tokenizer *tokenizer_open(const struct gguf *g, struct arena *arena, struct error *err);
void tokenizer_close(struct tokenizer *t);                  /* NULL is fine */

size_t tokenizer_n_vocab(const struct tokenizer *t);

/* As text_tokenize_after.  before: the id in front of the text, or one of these. */
#define TOKENIZER_BEGIN (-1)        /* nothing: a text begins */
#define TOKENIZER_MIDST (-2)        /* something that is no control token */
bool tokenizer_encode(const struct tokenizer *t, int32_t before, const char *text, size_t n_bytes, bool special,
                      int32_t **ids, size_t *n_ids, struct error *err);

/* The token that the model wants at the beginning of all, and at the end of a whole text;
 * -1: none. */
int32_t tokenizer_bos(const struct tokenizer *t);
int32_t tokenizer_eos(const struct tokenizer *t);

/* As text_token_bytes; an id outside of the vocabulary gives none. */
const char *tokenizer_bytes(const struct tokenizer *t, int32_t id, size_t *n_bytes);

/* Id of a control token such as "<|im_end|>", or -1. */
int32_t tokenizer_control(const struct tokenizer *t, const char *text);

/* True for the tokens that end an answer: eos and eot as the metadata name them, and those
 * that usually close a turn. */
bool tokenizer_ends_answer(const struct tokenizer *t, int32_t id);

#endif
