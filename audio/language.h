/* language.h - the languages Whisper knows, in the order of its tokens. */
#ifndef AUDIO_LANGUAGE_H
#define AUDIO_LANGUAGE_H

#include <stddef.h>

#define LANGUAGE_MAX 100

/* Code of the i-th language token, i < LANGUAGE_MAX. */
const char *language_code(size_t i);
/* Index of a code or English name in any case; LANGUAGE_MAX when unknown. */
size_t language_find(const char *name);

#endif
