/* playback.c - the reading thread: a span of a clip, mixed and resampled, into the ring ahead of what is heard.
 *
 * A jump: the reader asks the sink to throw away what is in the ring, waits until it did, and
 * goes on from the new place.  `file`, `resampler` and `made` are the reading thread's while it runs. */
#include "audio/playback.h"

#include <math.h>
#include <pthread.h>
#include <sndfile.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "audio/divert.h"
#include "audio/playback_sink.h"
#include "audio/resample.h"
#include "base/file.h"
#include "base/log.h"

#define RING_SAMPLES (1 << 17)      /* over 2 s up to 48 kHz */
#define BLOCK_FRAMES 2048
#define POLL_MS 10

struct playback {
    struct feed feed;
    struct playback_sink *sink;
    int fd;
    SNDFILE *file;
    SF_INFO info;
    sf_count_t from, to;            /* frames; to SF_COUNT_MAX: until it ends */
    sf_count_t next;                /* that is read next */
    struct resampler *resampler;
    struct samples made;            /* resampled, from `written` on not yet in the ring */
    size_t written;
    float *block;                   /* [BLOCK_FRAMES][channels] */
    pthread_t thread;
    bool has_thread;
    atomic_bool stop, failed;
    _Atomic sf_count_t jump;        /* frame to go on from; -1: none asked for */
};

bool feed_take(struct feed *f, float *x, size_t n, size_t *n_taken)
{
    bool complete = atomic_load(&f->complete);      /* before the ring is looked at */
    size_t got = 0;

    if (atomic_load(&f->discard)) {
        while (ring_read(&f->ring, x, n) > 0)
            ;
        atomic_store(&f->discard, false);
        complete = false;
    } else if (!atomic_load(&f->paused) && !atomic_load(&f->filling)) {
        got = ring_read(&f->ring, x, n);
        atomic_fetch_add(&f->at, got);
    } else {
        complete = false;
    }
    for (size_t i = got; i < n; i++)
        x[i] = 0.0f;
    *n_taken = got;
    return !complete || got == n;
}

/* ---- the file ----------------------------------------------------------------------- */

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ 0, ms * 1000000L }, NULL);
}

/* Mono in place, as clips are mixed to be heard by the model. */
static void mix(float *x, size_t n, size_t n_channels)
{
    for (size_t i = 0; i < n; i++) {
        float sum = 0.0f;
        for (size_t j = 0; j < n_channels; j++)
            sum += x[i * n_channels + j];
        x[i] = isfinite(sum) ? sum / (float)n_channels : 0.0f;
    }
}

static bool open_clip(struct playback *p, const char *path, struct error *err)
{
    size_t n_bytes;
    struct diversion diversion = divert_begin();    /* libmpg123 warns there */

    p->fd = file_open(path, &n_bytes, err);
    if (p->fd >= 0 && (p->file = sf_open_fd(p->fd, SFM_READ, &p->info, SF_FALSE)) == NULL)
        error_set(err, ERROR_INPUT, "%s: cannot be played: %s", path, sf_strerror(NULL));
    divert_end(diversion, path);
    if (p->file == NULL)
        return false;
    p->block = malloc(BLOCK_FRAMES * (size_t)p->info.channels * sizeof *p->block);
    return p->block != NULL || error_set(err, ERROR_INFERENCE, "%s: no memory to play it", path);
}

static bool has_length(const struct playback *p)
{
    return p->info.frames > 0 && p->info.frames < SF_COUNT_MAX;
}

static bool set_span(struct playback *p, const char *path, double from_s, double to_s, struct error *err)
{
    double hz = p->info.samplerate, seconds = has_length(p) ? (double)p->info.frames / hz : INFINITY;

    if (!(from_s >= 0) || from_s >= seconds)
        return error_set(err, ERROR_INPUT, "%s: is %.1f s long, there is nothing to play at %.1f s", path, seconds, from_s);
    if (to_s != 0 && !(to_s > from_s))
        return error_set(err, ERROR_INPUT, "%s: cannot play from %.1f s to %.1f s", path, from_s, to_s);
    p->from = (sf_count_t)llround(from_s * hz);
    p->to = to_s != 0 && to_s < seconds ? (sf_count_t)llround(to_s * hz) : has_length(p) ? p->info.frames : SF_COUNT_MAX;
    return true;
}

/* The next samples into `made`; false at the end. */
static bool read_block(struct playback *p)
{
    sf_count_t wanted = p->to - p->next < BLOCK_FRAMES ? p->to - p->next : BLOCK_FRAMES;
    sf_count_t n = wanted > 0 ? sf_readf_float(p->file, p->block, wanted) : 0;
    struct error err;

    p->made.n = p->written = 0;
    n = n > 0 ? n : 0;
    mix(p->block, (size_t)n, (size_t)p->info.channels);
    if (!resampler_feed(p->resampler, p->block, (size_t)n, &p->made, &err)) {
        log_warning("playing: %s", err.text);
        atomic_store(&p->failed, true);
    }
    p->next += n;
    return n > 0 && !atomic_load(&p->failed);
}

static bool go_to(struct playback *p, sf_count_t frame)
{
    struct error err;

    resampler_free(p->resampler);
    p->resampler = resampler_between(p->info.samplerate, p->sink->hz, &err);
    p->made.n = p->written = 0;
    p->next = frame;
    atomic_store(&p->feed.at, (size_t)llround((double)frame / p->info.samplerate * p->sink->hz));
    return p->resampler != NULL && sf_seek(p->file, frame, SF_SEEK_SET) == frame;
}

/* ---- the reading thread --------------------------------------------------------------- */

static void jump(struct playback *p, sf_count_t frame)
{
    atomic_store(&p->feed.complete, false);
    atomic_store(&p->feed.filling, true);
    atomic_store(&p->feed.discard, true);
    while (atomic_load(&p->feed.discard) && !atomic_load(&p->stop) && !p->sink->ended(p->sink))
        pause_ms(1);
    if (!go_to(p, frame))
        atomic_store(&p->failed, true);
    atomic_compare_exchange_strong(&p->jump, &frame, -1);      /* unless another was asked for meanwhile */
}

/* What was made goes into the ring as far as there is room, then more is made; false when there is nothing to do. */
static bool advance(struct playback *p)
{
    if (p->written < p->made.n) {
        size_t n = ring_write(&p->feed.ring, p->made.data + p->written, p->made.n - p->written);
        p->written += n;
        return n > 0;
    }
    if (atomic_load(&p->feed.complete) || atomic_load(&p->failed))
        return false;
    if (!read_block(p) && p->made.n == 0)
        atomic_store(&p->feed.complete, true);
    return true;
}

static void *read_ahead(void *user)
{
    struct playback *p = user;

    while (!atomic_load(&p->stop)) {
        sf_count_t frame = atomic_load(&p->jump);
        if (frame >= 0)
            jump(p, frame);
        else if (!advance(p)) {
            atomic_store(&p->feed.filling, false);
            pause_ms(POLL_MS);
        }
    }
    return NULL;
}

/* ---- the calls --------------------------------------------------------------------------- */

struct playback *playback_start(const char *path, double from_s, double to_s, const char *double_path, struct error *err)
{
    struct playback *p = calloc(1, sizeof *p);

    if (p == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to play");
        return NULL;
    }
    p->fd = -1;
    atomic_store(&p->jump, -1);
    atomic_store(&p->feed.filling, true);
    if (!open_clip(p, path, err) || !set_span(p, path, from_s, to_s, err) || !ring_init(&p->feed.ring, RING_SAMPLES, err))
        goto fail;
    p->sink = double_path != NULL ? playback_file_open(double_path, p->info.samplerate, &p->feed, err)
                                  : playback_portaudio_open(p->info.samplerate, &p->feed, err);
    if (p->sink == NULL)
        goto fail;
    if (!go_to(p, p->from)) {
        error_set(err, ERROR_INPUT, "%s: cannot be played from %.1f s", path, from_s);
        goto fail;
    }
    p->has_thread = pthread_create(&p->thread, NULL, read_ahead, p) == 0;
    if (p->has_thread)
        return p;
    error_set(err, ERROR_INFERENCE, "cannot start a thread to play");
fail:
    playback_stop(p);
    return NULL;
}

struct playback_state playback_state(const struct playback *p)
{
    double hz = p->info.samplerate;
    sf_count_t asked = atomic_load(&p->jump);
    bool ended = p->sink->ended(p->sink), all = atomic_load(&p->feed.complete) && ring_n_waiting(&p->feed.ring) == 0;
    struct playback_state state = {
        .at_s = asked >= 0 ? (double)asked / hz : (double)atomic_load(&p->feed.at) / p->sink->hz,
        .from_s = (double)p->from / hz, .to_s = p->to < SF_COUNT_MAX ? (double)p->to / hz : 0,
        .paused = atomic_load(&p->feed.paused), .ended = ended && all, .gone = atomic_load(&p->failed) || (ended && !all),
    };
    return state;
}

void playback_pause(struct playback *p, bool paused)
{
    atomic_store(&p->feed.paused, paused);
}

void playback_seek(struct playback *p, double to_s)
{
    sf_count_t frame = to_s > 0 ? (sf_count_t)llround(to_s * p->info.samplerate) : 0;

    frame = frame < p->from ? p->from : frame;
    atomic_store(&p->jump, frame > p->to ? p->to : frame);
}

void playback_stop(struct playback *p)
{
    if (p == NULL)
        return;
    atomic_store(&p->stop, true);
    if (p->has_thread)
        pthread_join(p->thread, NULL);
    if (p->sink != NULL)
        p->sink->close(p->sink);
    resampler_free(p->resampler);
    ring_done(&p->feed.ring);
    if (p->file != NULL)
        sf_close(p->file);
    if (p->fd >= 0)
        close(p->fd);
    free(p->made.data);
    free(p->block);
    free(p);
}
