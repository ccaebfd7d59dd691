/* capture_source.h - where recorded sound comes from: a device, or a file in its place. */
#ifndef AUDIO_CAPTURE_SOURCE_H
#define AUDIO_CAPTURE_SOURCE_H

#include "audio/ring.h"

struct raw_format;

struct capture_source {
    int hz;                         /* of the mono samples it writes into the ring */
    bool (*ended)(struct capture_source *s);    /* nothing more will come */
    void (*close)(struct capture_source *s);    /* stops and frees */
};

/* All start at once and write into `ring` from a thread of their own, until closed. */
struct capture_source *capture_portaudio_open(const char *device, struct ring *ring, struct error *err);
struct capture_source *capture_file_open(const char *path, struct ring *ring, struct error *err);
/* As intake_stream (live.h).  Its thread waits when the ring is full. */
struct capture_source *capture_stream_open(int fd, const struct raw_format *raw, const atomic_bool *cancel, struct ring *ring,
                                           struct error *err);

#endif
