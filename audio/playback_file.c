/* playback_file.c - what would be heard, in real time, into a WAV file. */
#include "audio/playback_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS_PER_SECOND 100       /* 10 ms, as sound cards do */

struct file_sink {
    struct playback_sink sink;
    struct feed *feed;
    SNDFILE *file;
    int fd;
    float *block;                   /* [hz / BLOCKS_PER_SECOND] */
    pthread_t thread;
    atomic_bool stop, ended;
};

static void *write_on(void *user)
{
    struct file_sink *f = user;
    size_t n = (size_t)(f->sink.hz / BLOCKS_PER_SECOND), n_taken;
    struct timespec due;
    bool more = true;

    clock_gettime(CLOCK_MONOTONIC, &due);
    while (more && !atomic_load(&f->stop)) {
        more = feed_take(f->feed, f->block, n, &n_taken);
        more = sf_write_float(f->file, f->block, (sf_count_t)n_taken) == (sf_count_t)n_taken && more;
        due.tv_nsec += 1000000000L / BLOCKS_PER_SECOND;
        due.tv_sec += due.tv_nsec / 1000000000L;
        due.tv_nsec %= 1000000000L;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    atomic_store(&f->ended, true);
    return NULL;
}

static bool file_ended(struct playback_sink *s)
{
    return atomic_load(&((struct file_sink *)s)->ended);
}

static void release(struct file_sink *f)
{
    if (f->file != NULL)
        sf_close(f->file);
    if (f->fd >= 0)
        close(f->fd);
    free(f->block);
    free(f);
}

static void file_close(struct playback_sink *s)
{
    struct file_sink *f = (struct file_sink *)s;

    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    release(f);
}

static bool open_file(struct file_sink *f, const char *path, struct error *err)
{
    SF_INFO info = { .samplerate = f->sink.hz, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT };

    f->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (f->fd < 0)
        return error_set(err, ERROR_INPUT, "%s: what is played cannot be written there: %s", path, strerror(errno));
    if ((f->file = sf_open_fd(f->fd, SFM_WRITE, &info, SF_FALSE)) == NULL)
        return error_set(err, ERROR_INPUT, "%s: what is played cannot be written there: %s", path, sf_strerror(NULL));
    f->block = malloc((size_t)(f->sink.hz / BLOCKS_PER_SECOND + 1) * sizeof *f->block);
    if (f->block == NULL || pthread_create(&f->thread, NULL, write_on, f) != 0)
        return error_set(err, ERROR_INFERENCE, "%s: cannot start to play", path);
    return true;
}

struct playback_sink *playback_file_open(const char *path, int hz, struct feed *feed, struct error *err)
{
    struct file_sink *f = calloc(1, sizeof *f);

    if (f == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to play");
        return NULL;
    }
    f->sink = (struct playback_sink){ hz, file_ended, file_close };
    f->feed = feed;
    if (open_file(f, path, err))
        return &f->sink;
    release(f);
    return NULL;
}
