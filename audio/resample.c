/* resample.c - libsoxr, its high quality recipe (20 bits, pass band to 91 %). */
#include "audio/resample.h"

#include <soxr.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"

#define LEAST_ROOM 65536            /* samples; about 4 s */

struct resampler {
    soxr_t soxr;                    /* NULL: the rate is right already */
    double ratio;
};

struct resampler *resampler_new(int from_hz, struct error *err)
{
    return resampler_between(from_hz, AUDIO_HZ, err);
}

struct resampler *resampler_between(int from_hz, int to_hz, struct error *err)
{
    struct resampler *r = calloc(1, sizeof *r);
    soxr_error_t failed = NULL;

    if (r == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to resample");
        return NULL;
    }
    r->ratio = (double)to_hz / from_hz;
    if (from_hz == to_hz)
        return r;
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_runtime_spec_t one_thread = soxr_runtime_spec(1);
    r->soxr = soxr_create(from_hz, to_hz, 1, &failed, NULL, &quality, &one_thread);
    if (failed == NULL)
        return r;
    error_set(err, ERROR_INPUT, "cannot resample from %d Hz to %d Hz: %s", from_hz, to_hz, failed);
    resampler_free(r);
    return NULL;
}

void resampler_free(struct resampler *r)
{
    if (r == NULL)
        return;
    soxr_delete(r->soxr);
    free(r);
}

bool samples_room(struct samples *s, size_t n, struct error *err)
{
    if (s->capacity - s->n >= n)
        return true;
    size_t grown = s->n + n + s->capacity / 2 + LEAST_ROOM;
    float *data = realloc(s->data, grown * sizeof *data);
    if (data == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for %zu bytes of sound", grown * sizeof *data);
    s->data = data;
    s->capacity = grown;
    return true;
}

bool resampler_feed(struct resampler *r, const float *x, size_t n, struct samples *out, struct error *err)
{
    size_t room = (size_t)((double)n * r->ratio) + LEAST_ROOM;
    bool end = n == 0;

    if (r->soxr == NULL) {
        if (!samples_room(out, n, err))
            return false;
        if (n > 0)
            memcpy(out->data + out->n, x, n * sizeof *x);
        out->n += n;
        return true;
    }
    for (;;) {
        size_t used = 0, made = 0;

        if (!samples_room(out, room, err))
            return false;
        soxr_error_t failed = soxr_process(r->soxr, end ? NULL : x, n, &used, out->data + out->n, room, &made);
        if (failed != NULL)
            return error_set(err, ERROR_INFERENCE, "resampling failed: %s", failed);
        out->n += made;
        x += used;
        n -= used;
        if (made < room && n == 0)
            return true;
    }
}
