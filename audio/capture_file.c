/* capture_file.c - plays a clip in real time as if a microphone heard it. */
#include "audio/capture_source.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "audio/audio.h"

#define BLOCK (AUDIO_HZ / 100)      /* 10 ms, as sound cards do */

struct file_source {
    struct capture_source source;
    struct ring *ring;
    struct clip *clip;
    pthread_t thread;
    atomic_bool stop, ended;
};

static void *play(void *user)
{
    struct file_source *f = user;
    struct timespec due;

    clock_gettime(CLOCK_MONOTONIC, &due);
    for (size_t at = 0; at < f->clip->n_samples && !atomic_load(&f->stop); at += BLOCK) {
        size_t n = f->clip->n_samples - at < BLOCK ? f->clip->n_samples - at : BLOCK;

        due.tv_nsec += (long)n * (1000000000L / AUDIO_HZ);
        due.tv_sec += due.tv_nsec / 1000000000L;
        due.tv_nsec %= 1000000000L;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        ring_write(f->ring, f->clip->samples + at, n);
    }
    atomic_store(&f->ended, true);
    return NULL;
}

static bool file_ended(struct capture_source *s)
{
    return atomic_load(&((struct file_source *)s)->ended);
}

static void file_close(struct capture_source *s)
{
    struct file_source *f = (struct file_source *)s;

    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    clip_free(f->clip);
    free(f);
}

struct capture_source *capture_file_open(const char *path, struct ring *ring, struct error *err)
{
    struct clip *clip = clip_load(path, err);
    struct file_source *f = clip == NULL ? NULL : calloc(1, sizeof *f);

    if (f != NULL) {
        f->source = (struct capture_source){ AUDIO_HZ, file_ended, file_close };
        f->ring = ring;
        f->clip = clip;
        if (pthread_create(&f->thread, NULL, play, f) == 0)
            return &f->source;
    }
    if (clip != NULL)
        error_set(err, ERROR_INFERENCE, "%s: cannot start to play it", path);
    clip_free(clip);
    free(f);
    return NULL;
}
