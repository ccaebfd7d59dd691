/* tokenizer.h - text to token ids and back.
 *
 *   text -> [control tokens, only where allowed] -> pieces (pretokenizer)
 *        -> byte pairs merged (bpe) -> ids
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

/* As text_tokenize. */
bool tokenizer_encode(const struct tokenizer *t, const char *text, size_t n_bytes, bool special,
                      int32_t **ids, size_t *n_ids, struct error *err);

/* As text_token_bytes; an id outside of the vocabulary gives none. */
const char *tokenizer_bytes(const struct tokenizer *t, int32_t id, size_t *n_bytes);

/* Id of a control token such as "<|im_end|>", or -1. */
int32_t tokenizer_control(const struct tokenizer *t, const char *text);

/* True for the tokens that end an answer: eos and eot as the metadata name them,
 * <|im_end|> and <|endoftext|>. */
bool tokenizer_ends_answer(const struct tokenizer *t, int32_t id);

#endif
