/* capture.c - a recording: what a source writes into the ring, gathered, measured, written.
 *
 *   source's thread (callback) -> ring -> gathering thread -> level; 16 kHz samples -> take (a file)
 *                                                                                   -> heard, a ring
 * The gathering thread owns `take`, `block` and `take_peak` until it is joined; level and
 * flags are atomics that any thread reads. */
#include "audio/audio.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "audio/capture_source.h"
#include "audio/resample.h"
#include "audio/take.h"

#define RING_SAMPLES (1 << 18)      /* over 2 s at any rate, should the machine be busy */
#define HEARD_SAMPLES (1 << 18)     /* 16 s at 16 kHz, as above */
#define BLOCK 4096
#define POLL_MS 20
#define LEVEL_PER_SECOND 10         /* times the level is renewed */
#define SILENT_PEAK 0.01f           /* -40 dB: a muted or wrong microphone */
#define CLIPPED_PEAK 0.999f
#define STALL_POLLS 250             /* 5 s without a sample: some drivers never say that a device is gone */

struct capture {
    struct ring ring, heard;        /* heard: for capture_read */
    struct capture_source *source;
    struct resampler *resampler;
    pthread_t thread;
    struct take *take;              /* NULL: only measured */
    struct samples block;           /* resampled, on its way to the take */
    float take_peak;
    int n_idle;                     /* polls since samples came last; not time, which goes on while we are stopped */
    float part_peak, part_squares;  /* of the level being measured */
    size_t n_part;
    struct error failure;           /* of the gathering thread */
    atomic_bool stop, ended, clipped;
    _Atomic enum capture_end end;
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

/* x [n] of the source, n = 0 at its end, to the take. */
static bool keep(struct capture *c, const float *x, size_t n)
{
    c->block.n = 0;
    if (!resampler_feed(c->resampler, x, n, &c->block, &c->failure))
        return false;
    if (c->take != NULL && !take_write(c->take, c->block.data, c->block.n, &c->failure)) {
        atomic_store(&c->end, CAPTURE_UNWRITTEN);
        return false;
    }
    ring_write(&c->heard, c->block.data, c->block.n);
    atomic_fetch_add(&c->n_taken, c->block.n);
    return true;
}

/* All that is in the ring; false when it cannot be kept. */
static bool drain(struct capture *c)
{
    float x[BLOCK];
    size_t n;

    while ((n = ring_read(&c->ring, x, BLOCK)) > 0) {
        c->n_idle = 0;
        measure(c, x, n);
        if (!keep(c, x, n))
            return false;
    }
    return true;
}

static bool goes_on(struct capture *c)
{
    if (c->source->ended(c->source) || ++c->n_idle > STALL_POLLS)
        atomic_store(&c->end, CAPTURE_GONE);
    else if (atomic_load(&c->n_taken) >= (size_t)CAPTURE_MAX_SECONDS * AUDIO_HZ)
        atomic_store(&c->end, CAPTURE_FULL);
    return atomic_load(&c->end) == CAPTURE_GOES_ON && !atomic_load(&c->stop);
}

static void *gather(void *user)
{
    struct capture *c = user;
    const struct timespec pause = { 0, POLL_MS * 1000000L };
    bool more = true;

    while (more) {
        more = goes_on(c);          /* asked before draining: what was written before the end is then drained */
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
    take_close(c->take, false, NULL);
    resampler_free(c->resampler);
    ring_done(&c->ring);
    ring_done(&c->heard);
    free(c->block.data);
    free(c);
}

struct capture *capture_start(const char *file, const char *device, const char *path, struct error *err)
{
    struct capture *c = calloc(1, sizeof *c);

    if (c == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to record");
        return NULL;
    }
    if (!ring_init(&c->ring, RING_SAMPLES, err) || !ring_init(&c->heard, HEARD_SAMPLES, err) ||
        (path != NULL && (c->take = take_open(path, err)) == NULL))
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
        .clipped = atomic_load(&c->clipped), .ended = atomic_load(&c->ended), .end = atomic_load(&c->end),
    };
    return level;
}

size_t capture_read(struct capture *c, float *x, size_t n)
{
    return ring_read(&c->heard, x, n);
}

/* A disk that filled up is no reason to throw away what is on it; without memory the rest is missing, too. */
static bool is_whole(const struct capture *c, struct error *err)
{
    if (atomic_load(&c->n_taken) == 0 && c->failure.code != ERROR_NONE)
        return error_set(err, c->failure.code, "%s", c->failure.text);
    if (atomic_load(&c->n_taken) == 0)
        return error_set(err, ERROR_INPUT, "nothing was recorded: the microphone gave no sound");
    if (c->take_peak < SILENT_PEAK)
        return error_set(err, ERROR_INPUT, "the recording is silent: its peak level is %.4f, %.2f is the least; "
                         "is the microphone muted, or another one chosen?", (double)c->take_peak, (double)SILENT_PEAK);
    return true;
}

bool capture_finish(struct capture *c, struct error *err)
{
    atomic_store(&c->stop, true);
    pthread_join(c->thread, NULL);
    if (c->failure.code == ERROR_NONE)
        keep(c, NULL, 0);
    bool whole = is_whole(c, err);
    bool ok = take_close(c->take, whole, err) && whole;
    c->take = NULL;
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
