/* unigram.h - SentencePiece's unigram model (tokenizer.ggml.model "t5").
 *
 *   text -> [blank in front, runs of blanks made one] -> blanks as U+2581
 *        -> of all ways to cut it into tokens, the one whose scores (log probabilities) add up to
 *           the most -> ids; characters that no token covers: the unknown token
 *
 * Source: Kudo 2018, arXiv:1804.10959; https://github.com/google/sentencepiece 0.2.3,
 * src/unigram_model.cc (Model::EncodeOptimized, GetUserDefinedScore).  A file that brings a table of normalised
 * characters (precompiled_charsmap) is refused by name.
 *
 * A struct unigram never changes after unigram_new; threads may share it. */
#ifndef TEXT_UNIGRAM_H
#define TEXT_UNIGRAM_H

#include "text/id_list.h"
#include "text/vocabulary.h"

struct unigram;

/* Memory from `arena`; v stays in use. */
struct unigram *unigram_new(const struct gguf *g, const struct vocabulary *v, struct arena *arena, struct error *err);

/* As sentencepiece_encode; O(n_bytes * longest token) time. */
bool unigram_encode(const struct unigram *u, const char *text, size_t n_bytes, bool begins, struct id_list *ids,
                    struct error *err);

#endif
