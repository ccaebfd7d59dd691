/* take.h - the file that a recording is written into while it goes on: FLAC, 16 kHz, mono, 16 bits.
 *
 * What was written is there however the program ends: a file that was not closed only lacks its
 * length (STREAMINFO's total samples are 0, "unknown", until then), and at most the
 * last 4096 samples, a frame.  Whoever writes holds a lock on it (flock), so that another
 * program can tell a take that goes on from one that was left behind. */
#ifndef AUDIO_TAKE_H
#define AUDIO_TAKE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct take;

/* Makes the file (0600) or empties the one that is there.  ERROR_INPUT names path and cause. */
struct take *take_open(const char *path, struct error *err);
/* mono at AUDIO_HZ; what exceeds -1..1 is clipped.  After a failure (a full disk) nothing more is
 * written, and what was before stays playable. */
bool take_write(struct take *t, const float *x, size_t n, struct error *err);
/* keep: completes the file, else removes it.  Frees t; NULL is fine. */
bool take_close(struct take *t, bool keep, struct error *err);

#endif
