/* playback_sink.h - where played sound goes: a device, or a file in its place; and what both take it from.
 *
 *   reading thread -> feed (ring, flags) -> sink's thread: feed_take */
#ifndef AUDIO_PLAYBACK_SINK_H
#define AUDIO_PLAYBACK_SINK_H

#include "audio/ring.h"

#include <stdbool.h>

struct feed {
    struct ring ring;
    atomic_bool paused;
    atomic_bool filling;            /* as if it were paused: the ring is to be full before it is heard */
    atomic_bool discard;            /* set by the reader: what is in the ring is not to be heard; cleared when it is gone */
    atomic_bool complete;           /* nothing follows what is in the ring */
    _Atomic size_t at;              /* sample of the clip, at the sink's rate, that is heard next */
};

/* x [n] for the sink, silence where nothing is there or it is paused; *n_taken: that are not silence.
 * False: that was all.  Neither waits nor allocates. */
bool feed_take(struct feed *f, float *x, size_t n, size_t *n_taken);

struct playback_sink {
    int hz;                         /* of the mono samples that it takes */
    bool (*ended)(struct playback_sink *s);     /* nothing more is heard: all was, or the device is gone */
    void (*close)(struct playback_sink *s);     /* stops at once and frees */
};

/* Both start at once and take from `feed` in a thread of their own, until closed.  hz: the clip's; a
 * device may want another. */
struct playback_sink *playback_portaudio_open(int hz, struct feed *feed, struct error *err);
struct playback_sink *playback_file_open(const char *path, int hz, struct feed *feed, struct error *err);

#endif
