/* pauses.h - times of words fitted to the pauses between them.
 *
 * Attention tells which word is said within a tenth of a second or two, not where in a pause it
 * ends: there one word's time lasts until the next one's begins.  Where a window is silent near
 * that time, the word before ends where the silence begins and the next begins where it ends.  What
 * a long pause parts from the sound that a word's tokens look at most is not of that word: sound
 * that was not understood. */
#ifndef AUDIO_PAUSES_H
#define AUDIO_PAUSES_H

#include "audio/audio.h"
#include "base/arena.h"

/* mel [n][n_mels] of a window as the encoder sees it, n >= 1 frames of 10 ms; silent [n]. */
bool pauses_find(const float *mel, size_t n, size_t n_mels, struct arena *scratch, bool *silent, struct error *err);

struct heard {
    struct word *word;
    double first, last;             /* seconds: where its first and its last token look most */
};

/* words [n_words] in order; silent [n]: from `offset` seconds on.  Afterwards times do not run backwards,
 * and none is before `earliest` or after `latest`. */
void pauses_fit(const struct heard *words, size_t n_words, const bool *silent, size_t n, double offset, double earliest,
                double latest);

#endif
