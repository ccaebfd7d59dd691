/* fuzz_whisper.c - any bytes as a Whisper file; what opens also transcribes. */
#include "audio/audio.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { N = 3200 };
    float samples[N];
    char path[40];
    int fd = memfd_create("whisper", 0);
    struct error err = { 0 };
    struct compute c;
    struct clip clip = { .samples = samples, .n_samples = N, .seconds = (double)N / AUDIO_HZ };
    struct whisper_params params = whisper_params_default();

    if (fd < 0 || write(fd, data, n) != (ssize_t)n || !compute_init(&c, 1, NULL, &err))
        return 0;
    for (int i = 0; i < N; i++)
        samples[i] = sinf(0.1f * (float)i);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct whisper *w = whisper_open(path, &c, &err);
    struct sound *sound = sound_of_clip(&clip, &err);
    struct transcript *t = w == NULL || sound == NULL ? NULL : whisper_transcribe(w, &c, sound, &params, &err);
    assert(t != NULL || err.code != ERROR_NONE);
    transcript_free(t);
    sound_close(sound);
    whisper_close(w);
    compute_done(&c);
    close(fd);
    return 0;
}
