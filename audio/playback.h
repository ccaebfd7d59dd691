/* playback.h - a clip, or a span of one, to the ears.
 *
 *   file -> reading thread (libsndfile, mono, the device's rate) -> ring -> device's callback, or a file in its place
 *
 * What is heard is what the model heard: one channel.  Memory does not follow the clip's length.  All
 * functions are for one thread. */
#ifndef AUDIO_PLAYBACK_H
#define AUDIO_PLAYBACK_H

#include "base/error.h"

#include <stdbool.h>

struct playback;

/* Plays from from_s to to_s seconds of the clip; to_s 0: to its end.  double_path: what would have
 * been heard, pauses left out, is written there instead, in real time, as WAV (float, mono, the
 * clip's rate; for tests); NULL: the system's default device.  ERROR_INPUT names the file and what is wrong
 * with it or the span, or says that nothing here plays sound. */
struct playback *playback_start(const char *path, double from_s, double to_s, const char *double_path, struct error *err);

struct playback_state {
    double at_s, from_s, to_s;      /* of the clip; to_s 0: its length is not known */
    bool paused;
    bool ended;                     /* all was heard, or: */
    bool gone;                      /* the device stopped before that, or the file could not be read on */
};
struct playback_state playback_state(const struct playback *p);

void playback_pause(struct playback *p, bool paused);
void playback_seek(struct playback *p, double to_s);        /* bounded by the span */
void playback_stop(struct playback *p);                     /* frees it; NULL is fine */

#endif
