/* sentencepiece.h - SentencePiece's byte-pair encoding by score (tokenizer.ggml.model
 * "llama": Llama 2, Mistral, Phi-3, Gemma).
 *
 *   text -> [blank in front] -> blanks as U+2581 -> user-defined tokens taken out
 *        -> characters; neighbours that form a token are joined, the highest score first
 *        -> ids; what is no token: its bytes' tokens <0xEC> ..., or the unknown token
 *
 * Source: https://github.com/google/sentencepiece, src/bpe_model.cc and src/normalizer.cc
 * (identity normaliser).  There bytes that are not UTF-8 become U+FFFD; here they keep
 * their value where the vocabulary has byte tokens.
 *
 * A struct sentencepiece never changes after sentencepiece_new; threads may share it. */
#ifndef TEXT_SENTENCEPIECE_H
#define TEXT_SENTENCEPIECE_H

#include "text/id_list.h"
#include "text/merging.h"
#include "text/vocabulary.h"

struct sentencepiece;

/* Memory from `arena`; v and g stay in use. */
struct sentencepiece *sentencepiece_new(const struct gguf *g, const struct vocabulary *v, struct arena *arena,
                                        struct error *err);

/* Appends the ids of text[0..n_bytes).  begins: it stands at the beginning or after a
 * control token, where the model may want a blank in front. */
bool sentencepiece_encode(const struct sentencepiece *s, struct merging *m, const char *text, size_t n_bytes,
                          bool begins, struct id_list *ids, struct error *err);

#endif
