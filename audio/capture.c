/* capture.c - a take: what a source writes into the ring, gathered, measured, kept.
 *
 *   source's thread (callback) -> ring -> gathering thread -> 16 kHz samples, level
 *
 * The gathering thread owns `take` and `take_peak` until it is joined; level and
 * flags are atomics that any thread reads. */
#include "audio/audio.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audio/capture_source.h"
#include "audio/resample.h"

#define RING_SAMPLES (1 << 18)      /* over 2 s at any rate, should the machine be busy */
#define BLOCK 4096
#define POLL_MS 20
#define LEVEL_PER_SECOND 10         /* times the level is renewed */
#define SILENT_PEAK 0.01f           /* -40 dB: a muted or wrong microphone */
#define CLIPPED_PEAK 0.999f
#define MAX_SECONDS 3600

struct capture {
    struct ring ring;
    struct capture_source *source;
    struct resampler *resampler;
    pthread_t thread;
    struct samples take;
    float take_peak;
    float part_peak, part_squares;  /* of the level being measured */
    size_t n_part;
    struct error failure;           /* of the gathering thread */
    atomic_bool stop, ended, clipped;
    _Atomic float peak, rms;        /* newest level */
    _Atomic size_t n_taken;
};

static void measure(struct capture *c, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float size = fabsf(x[i]);
        c->part_peak = fmaxf(c->part_peak, size);
        c->part_squares += size * size;
        if (++c->n_part < (size_t)(c->source->hz / LEVEL_PER_SECOND))
            continue;
        atomic_store(&c->peak, c->part_peak);
        atomic_store(&c->rms, sqrtf(c->part_squares / (float)c->n_part));
        c->part_peak = c->part_squares = 0.0f;
        c->n_part = 0;
    }
    for (size_t i = 0; i < n; i++)
        c->take_peak = fmaxf(c->take_peak, fabsf(x[i]));
    if (c->take_peak >= CLIPPED_PEAK)
        atomic_store(&c->clipped, true);
}

/* All that is in the ring; false without memory. */
static bool drain(struct capture *c)
{
    float block[BLOCK];
    size_t n;

    while ((n = ring_read(&c->ring, block, BLOCK)) > 0) {
        measure(c, block, n);
        if (!resampler_feed(c->resampler, block, n, &c->take, &c->failure))
            return false;
    }
    atomic_store(&c->n_taken, c->take.n);
    return true;
}

static void *gather(void *user)
{
    struct capture *c = user;
    const struct timespec pause = { 0, POLL_MS * 1000000L };
    bool more = true;

    while (more) {
        /* Asked before draining: what was written before the end is then drained. */
        more = !atomic_load(&c->stop) && !c->source->ended(c->source) && c->take.n < (size_t)MAX_SECONDS * AUDIO_HZ;
        if (!drain(c))
            break;
        if (more)
            nanosleep(&pause, NULL);
    }
    atomic_store(&c->ended, true);
    return NULL;
}

static void release(struct capture *c)
{
    if (c->source != NULL)
        c->source->close(c->source);
    resampler_free(c->resampler);
    ring_done(&c->ring);
    free(c->take.data);
    free(c);
}

struct capture *capture_start(const char *file, const char *device, struct error *err)
{
    struct capture *c = calloc(1, sizeof *c);

    if (c == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to record");
        return NULL;
    }
    if (!ring_init(&c->ring, RING_SAMPLES, err))
        goto fail;
    c->source = file != NULL ? capture_file_open(file, &c->ring, err) : capture_portaudio_open(device, &c->ring, err);
    if (c->source == NULL || (c->resampler = resampler_new(c->source->hz, err)) == NULL)
        goto fail;
    if (pthread_create(&c->thread, NULL, gather, c) == 0)
        return c;
    error_set(err, ERROR_INFERENCE, "cannot start a thread to record");
fail:
    release(c);
    return NULL;
}

struct capture_level capture_level(const struct capture *c)
{
    struct capture_level level = {
        .seconds = (double)atomic_load(&c->n_taken) / AUDIO_HZ,
        .peak = atomic_load(&c->peak), .rms = atomic_load(&c->rms),
        .clipped = atomic_load(&c->clipped), .ended = atomic_load(&c->ended),
    };
    return level;
}

static bool write_wav(const char *path, const float *samples, size_t n, struct error *err)
{
    SF_INFO info = { .samplerate = AUDIO_HZ, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return error_set(err, ERROR_INPUT, "%s: the recording cannot be written: %s", path, strerror(errno));
    SNDFILE *file = fchmod(fd, 0600) == 0 ? sf_open_fd(fd, SFM_WRITE, &info, SF_FALSE) : NULL;
    bool ok = false;
    if (file != NULL) {
        sf_command(file, SFC_SET_CLIPPING, NULL, SF_TRUE);
        ok = sf_write_float(file, samples, (sf_count_t)n) == (sf_count_t)n;
        ok = sf_close(file) == 0 && ok;
    }
    if (close(fd) == 0 && ok)
        return true;
    unlink(path);
    return error_set(err, ERROR_INPUT, "%s: the recording cannot be written: is the disk full?", path);
}

bool capture_finish(struct capture *c, const char *path, struct error *err)
{
    bool ok = false;

    atomic_store(&c->stop, true);
    pthread_join(c->thread, NULL);
    if (c->failure.code != ERROR_NONE)
        error_set(err, c->failure.code, "%s", c->failure.text);
    else if (!resampler_feed(c->resampler, NULL, 0, &c->take, err))
        ;
    else if (c->take.n == 0)
        error_set(err, ERROR_INPUT, "nothing was recorded: the microphone gave no sound");
    else if (c->take_peak < SILENT_PEAK)
        error_set(err, ERROR_INPUT, "the recording is silent: its peak level is %.4f, %.2f is the least; "
                  "is the microphone muted, or another one chosen?", (double)c->take_peak, (double)SILENT_PEAK);
    else
        ok = write_wav(path, c->take.data, c->take.n, err);
    release(c);
    return ok;
}

void capture_abandon(struct capture *c)
{
    if (c == NULL)
        return;
    atomic_store(&c->stop, true);
    pthread_join(c->thread, NULL);
    release(c);
}
