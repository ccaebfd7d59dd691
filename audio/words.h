/* words.h - tokens with times to words, as people write them.
 *
 *   tokens -> pieces of whole characters -> words: a new one at a space or a mark; in languages
 *   without spaces each piece is one -> marks joined to the word that they belong to
 *
 * Source: github.com/openai/whisper, whisper/tokenizer.py (split_to_word_tokens) and timing.py
 * (merge_punctuations). */
#ifndef AUDIO_WORDS_H
#define AUDIO_WORDS_H

#include "audio/align.h"
#include "audio/audio.h"
#include "audio/pauses.h"

/* Fills segment->words, malloc'd, from the tokens that spell its text; times count from `offset`
 * seconds.  a: of these tokens; a word's time and probability are those of its letters, not of its
 * marks.  language: a code.  heard [n]: the caller's, the first segment->n_words are set. */
bool words_make(const struct whisper *w, const char *language, const int32_t *text, size_t n, const struct alignment *a,
                double offset, struct arena *scratch, struct segment *segment, struct heard *heard, struct error *err);

#endif
