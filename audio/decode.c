/* decode.c - a short sound file whole. */
#include "audio/audio.h"

#include <stdlib.h>
#include <string.h>

#include "audio/resample.h"

static bool read_all(struct sound *sound, struct samples *all, struct error *err)
{
    const float *block;
    size_t n;

    while (sound_read(sound, &block, &n, err)) {
        if (n == 0)
            return true;
        if (!samples_room(all, n, err))
            return false;
        memcpy(all->data + all->n, block, n * sizeof *block);
        all->n += n;
    }
    return false;
}

struct clip *clip_of_sound(struct sound *sound, struct error *err)
{
    struct samples all = { 0 };
    struct clip *clip = NULL;

    if (sound_rewind(sound, 0, err) && read_all(sound, &all, err) && (clip = calloc(1, sizeof *clip)) == NULL)
        error_set(err, ERROR_INFERENCE, "no memory to read a clip");
    if (clip != NULL) {
        struct sound_facts facts = sound_facts(sound);
        *clip = (struct clip){ .samples = all.data, .n_samples = all.n, .seconds = facts.seconds, .file_hz = facts.file_hz,
                               .file_channels = facts.file_channels, .format = facts.format, .peak = facts.peak, .rms = facts.rms };
    } else {
        free(all.data);
    }
    return clip;
}

struct clip *clip_load(const char *path, struct error *err)
{
    struct sound *sound = sound_open(path, err);
    struct clip *clip = sound != NULL ? clip_of_sound(sound, err) : NULL;

    sound_close(sound);
    return clip;
}

void clip_free(struct clip *clip)
{
    if (clip == NULL)
        return;
    free(clip->samples);
    free(clip);
}
