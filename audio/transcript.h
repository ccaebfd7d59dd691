/* transcript.h - building a transcript (audio.h) segment by segment. */
#ifndef AUDIO_TRANSCRIPT_H
#define AUDIO_TRANSCRIPT_H

#include "audio/audio.h"

struct text_buffer {                /* zero-initialised is empty; NUL-terminated when data is not NULL */
    char *data;
    size_t n, capacity;
};
bool text_buffer_add(struct text_buffer *b, const char *bytes, size_t n, struct error *err);

/* bytes as valid UTF-8: malformed parts become U+FFFD; malloc'd, NULL and *err without memory. */
char *transcript_clean(const char *bytes, size_t n, struct error *err);

/* Appends a segment; text [n] as the tokens spell it, spaces included.  One of
 * spaces only is left out. */
bool transcript_add(struct transcript *t, double start, double end, const char *text, size_t n,
                    float avg_logprob, float no_speech_p, struct error *err);

void transcript_cut(struct transcript *t, size_t n_segments);          /* drops those after the first so many */

/* Orders segments by their start, equal ones by channel; `all` becomes their text, a new line
 * wherever another channel goes on. */
bool transcript_interleave(struct transcript *t, struct text_buffer *all, struct error *err);

#endif
