/* wordpiece.h - BERT's tokenizer (tokenizer.ggml.model "bert").
 *
 *   text -> controls dropped, white space ends a word, each CJK ideograph is one
 *        -> accents stripped, lower case (unless the file says otherwise)
 *        -> punctuation marks are words of their own
 *        -> each word: the longest token that it begins with, again and again; a word that
 *           cannot be covered, or of more than 100 characters, is the unknown token
 *
 * What the text was cannot be told from the ids.  Tokens are written U+2581 "word" at a word's
 * start, as they are within one.  Source: google-research/bert, tokenization.py, as the
 * `tokenizers` package has it (BertNormalizer, BertPreTokenizer, WordPiece).
 *
 * A struct wordpiece never changes after wordpiece_new; threads may share it. */
#ifndef TEXT_WORDPIECE_H
#define TEXT_WORDPIECE_H

#include "text/id_list.h"
#include "text/vocabulary.h"

struct wordpiece;

/* Memory from `arena`; v stays in use. */
struct wordpiece *wordpiece_new(const struct gguf *g, const struct vocabulary *v, struct arena *arena, struct error *err);

/* Appends the ids of text[0..n_bytes); bytes that are not UTF-8 are dropped. */
bool wordpiece_encode(const struct wordpiece *w, const char *text, size_t n_bytes, struct id_list *ids, struct error *err);

#endif
