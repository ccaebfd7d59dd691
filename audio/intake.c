/* intake.c - sound as it comes from a capture source, at 16 kHz; nothing is kept.
 *
 *   source's thread -> ring -> resampler -> intake_read, of the thread that decodes */
#include "audio/live.h"

#include <stdlib.h>
#include <string.h>

#include "audio/capture_source.h"
#include "audio/resample.h"

#define RING_SAMPLES ((size_t)1 << 20)  /* 21 s at 48 kHz: longer than a pass takes where this works at all */
#define BLOCK 4096

struct intake {
    struct ring ring;
    struct capture_source *source;
    struct resampler *resampler;
    struct samples ready;           /* at 16 kHz, not read yet */
    bool flushed;                   /* the source ended and the resampler gave all */
};

static struct intake *finish_open(struct intake *in, struct error *err)
{
    if (in->source != NULL && (in->resampler = resampler_new(in->source->hz, err)) != NULL)
        return in;
    intake_close(in);
    return NULL;
}

static struct intake *intake_new(struct error *err)
{
    struct intake *in = calloc(1, sizeof *in);

    if (in == NULL)
        error_set(err, ERROR_INFERENCE, "no memory to listen");
    else if (ring_init(&in->ring, RING_SAMPLES, err))
        return in;
    free(in);
    return NULL;
}

struct intake *intake_microphone(const char *file, const char *device, struct error *err)
{
    struct intake *in = intake_new(err);

    if (in == NULL)
        return NULL;
    in->source = file != NULL ? capture_file_open(file, &in->ring, err) : capture_portaudio_open(device, &in->ring, err);
    return finish_open(in, err);
}

struct intake *intake_stream(int fd, const struct raw_format *raw, const atomic_bool *cancel, struct error *err)
{
    struct intake *in = intake_new(err);

    if (in == NULL)
        return NULL;
    in->source = capture_stream_open(fd, raw, cancel, &in->ring, err);
    return finish_open(in, err);
}

void intake_close(struct intake *in)
{
    if (in == NULL)
        return;
    if (in->source != NULL)
        in->source->close(in->source);
    resampler_free(in->resampler);
    ring_done(&in->ring);
    free(in->ready.data);
    free(in);
}

/* Until n samples are ready or the ring is empty. */
static bool fill(struct intake *in, size_t n, struct error *err)
{
    float block[BLOCK];
    bool ended = in->source->ended(in->source);     /* asked first: what was written before is then read */
    size_t k = 1;

    while (in->ready.n < n && (k = ring_read(&in->ring, block, BLOCK)) > 0)
        if (!resampler_feed(in->resampler, block, k, &in->ready, err))
            return false;
    if (k > 0 || !ended || in->flushed)
        return true;
    in->flushed = true;
    return resampler_feed(in->resampler, NULL, 0, &in->ready, err);
}

bool intake_read(struct intake *in, float *x, size_t n, size_t *n_read, struct error *err)
{
    *n_read = 0;
    if (!fill(in, n, err))
        return false;
    n = in->ready.n < n ? in->ready.n : n;
    if (n > 0) {
        memcpy(x, in->ready.data, n * sizeof *x);
        in->ready.n -= n;
        memmove(in->ready.data, in->ready.data + n, in->ready.n * sizeof *x);
    }
    *n_read = n;
    return true;
}

bool intake_ended(const struct intake *in)
{
    return in->flushed && in->ready.n == 0;
}
