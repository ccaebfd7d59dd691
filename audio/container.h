/* container.h - what kind of file this is, by its first bytes; names lie. */
#ifndef AUDIO_CONTAINER_H
#define AUDIO_CONTAINER_H

#include <stddef.h>
#include <stdint.h>

#define CONTAINER_HEAD 64           /* first bytes of a file that are looked at */

struct container {
    const char *name;               /* "WAV", "M4A or MP4", "AMR", ... */
    enum { CONTAINER_READ, CONTAINER_CONVERT, CONTAINER_NOT_SOUND } use;
};

/* NULL when no kind is recognised. */
const struct container *container_find(const uint8_t *head, size_t n);

/* Sound bytes that a RIFF WAVE file promises and those it has, from its first
 * n_head bytes and its size.  Both 0 when the header does not say (a stream's
 * 0xFFFFFFFF too) or has no data chunk there. */
struct wav_extent { uint64_t promised, present; };
struct wav_extent container_wav_extent(const uint8_t *head, size_t n_head, uint64_t file_bytes);

#endif
