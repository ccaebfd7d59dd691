/* fuzz_wav.c - any bytes as a sound file: a clip of samples within -1..1, or a refusal. */
#include "audio/audio.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/replay.h"

/* libsndfile 1.2.0 does not free what libvorbis prepared for an Ogg file that then turns out broken. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:vorbis_info_init\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char path[40];
    int fd = memfd_create("sound", 0);
    struct error err = { 0 };

    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct clip *clip = clip_load(path, &err);
    if (clip == NULL)
        assert(err.code != ERROR_NONE && err.text[0] != '\0');
    for (size_t i = 0; clip != NULL && i < clip->n_samples; i++)
        assert(clip->samples[i] >= -1.0f && clip->samples[i] <= 1.0f);
    clip_free(clip);
    close(fd);
    return 0;
}
