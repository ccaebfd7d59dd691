/* whisper_prompt.h - text that a window is told before it is decoded, as tokens.
 *
 *   text -> pieces (words with the space before them, numbers, marks) -> bytes -> the pair whose
 *   union is the lowest token is joined, again and again
 *
 * Source: github.com/openai/tiktoken (byte pair encoding by rank) and openai/whisper,
 * whisper/tokenizer.py (the pattern of gpt2 and multilingual); ids are ranks. */
#ifndef AUDIO_WHISPER_PROMPT_H
#define AUDIO_WHISPER_PROMPT_H

#include "audio/whisper_model.h"

#define WHISPER_PROMPT_MOST_BYTES 4096

/* Tokens of " " and text without spaces around it, from `scratch`; *n of them, 0 for a blank text.
 * ERROR_USAGE when it is not UTF-8, or longer than WHISPER_PROMPT_MOST_BYTES. */
bool whisper_prompt_encode(const struct whisper *w, const char *text, struct arena *scratch, int32_t **ids, size_t *n, struct error *err);

#endif
