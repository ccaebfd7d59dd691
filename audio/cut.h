/* cut.h - where windows begin and end: at speech, and where it pauses.
 *
 *   silence of 2 s and more is left out but for 0.3 s beside speech; a window that would be longer
 *   than the encoder takes ends in its last third's last pause of 0.3 s and more, if there is one
 *   and more than a few words follow
 *
 * Positions are samples; the tape holds the stretch asked about and CUT_AHEAD more, or its end. */
#ifndef AUDIO_CUT_H
#define AUDIO_CUT_H

#include "audio/tape.h"

#define CUT_AHEAD (VAD_AHEAD + AUDIO_HZ)

/* The first place from `from` on, before `until`, at which a window should begin; false when no
 * speech begins there, then *start is where to look further. */
bool cut_start(const struct tape *t, uint64_t from, uint64_t until, uint64_t *start);
/* The end of the window that begins at `start`, at most `most` samples later. */
uint64_t cut_end(const struct tape *t, uint64_t start, uint64_t most);

#endif
