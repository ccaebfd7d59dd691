/* whisper_rules.h - which token may follow, and when a decoding is not to be believed.
 *
 * Source: github.com/openai/whisper, whisper/decoding.py (SuppressBlank, SuppressTokens,
 * ApplyTimestampRules) and whisper/tokenizer.py (non_speech_tokens). */
#ifndef AUDIO_WHISPER_RULES_H
#define AUDIO_WHISPER_RULES_H

#include "audio/whisper_model.h"

/* Fills the list of tokens never sampled, from the vocabulary. */
bool whisper_rules_init(struct whisper *w, struct error *err);

/* Sets what may not follow `sampled` [n] (the window's own tokens, prompt excluded) to -INFINITY. */
void whisper_rules_apply(const struct whisper *w, float *logits, const int32_t *sampled, size_t n);

/* The most probable token at temperature 0, else one drawn with *random's next state;
 * *logprob is its log-probability at temperature 1. */
int32_t whisper_rules_pick(const float *logits, size_t n_vocab, float temperature, uint64_t *random, float *logprob);

/* Bytes over bytes after zlib: loops compress well.  0 for no text. */
float whisper_compression_ratio(const char *text, size_t n);

#endif
