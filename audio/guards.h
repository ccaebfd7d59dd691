/* guards.h - signs that a decoding was made up.
 *
 * Whisper that loses its way says one thing again and again, or puts words where nothing is
 * heard.  How likely a decoding is, and how well its text compresses, are the other signs
 * (window.c, whisper_rules.h). */
#ifndef AUDIO_GUARDS_H
#define AUDIO_GUARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARDS_REPEATS 3            /* times in a row that the same words are one thing too often */

/* What was said last, over all windows: ordinary tokens of a segment, and how often in a row. */
struct repeats {
    int32_t *id;                    /* the caller's, room for those of a window */
    size_t n, times;
};

/* tokens [n]: segments lie between time stamps, those from `stamp` on.  True when, after what `r` holds,
 * one is said GUARDS_REPEATS times in a row. */
bool guards_repeats(const struct repeats *r, const int32_t *tokens, size_t n, int32_t stamp);
/* r afterwards holds what the tokens end with. */
void guards_remember(struct repeats *r, const int32_t *tokens, size_t n, int32_t stamp);

/* True when frames first .. end - 1, and half a second around them, are all silent. */
bool guards_unheard(const bool *silent, size_t n_frames, size_t first, size_t end);

/* True when a time stamp is so far behind the one before it, with no words between, that 1 s which is not
 * silent is passed over; a stamp stands for two frames. */
bool guards_pass_over(const int32_t *tokens, size_t n, int32_t stamp, const bool *silent, size_t n_frames);

#endif
