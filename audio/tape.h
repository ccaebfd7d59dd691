/* tape.h - the stretch of a sound that is being worked on, by positions in samples. */
#ifndef AUDIO_TAPE_H
#define AUDIO_TAPE_H

#include "audio/audio.h"
#include "audio/resample.h"
#include "audio/vad.h"

struct tape {                       /* zero-initialised but for its sound, which stands at its start; tape_done frees */
    struct sound *sound;
    struct samples held;            /* positions first .. first + held.n - 1 */
    uint64_t first;
    bool ended;                     /* nothing follows what is held */
    struct vad *vad;                /* hears all that is read; NULL: nothing does; freed by tape_done */
};
void tape_done(struct tape *t);

/* Forgets what is before `from` and reads until `until` or the sound's end is held. */
bool tape_hold(struct tape *t, uint64_t from, uint64_t until, struct error *err);
uint64_t tape_end(const struct tape *t);                    /* first position that is not held */
const float *tape_at(const struct tape *t, uint64_t position);

#endif
