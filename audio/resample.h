/* resample.h - a growing row of samples, and bringing any rate to 16 kHz. */
#ifndef AUDIO_RESAMPLE_H
#define AUDIO_RESAMPLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct samples {                    /* zero-initialised is empty; the owner frees data */
    float *data;
    size_t n, capacity;
};
bool samples_room(struct samples *s, size_t n, struct error *err);      /* for n more */

struct resampler;

/* Mono at from_hz to mono at AUDIO_HZ.  A rate that is right already is copied. */
struct resampler *resampler_new(int from_hz, struct error *err);
struct resampler *resampler_between(int from_hz, int to_hz, struct error *err);
void resampler_free(struct resampler *r);                   /* NULL is fine */

/* Appends what x [n] gives to *out; n = 0 at the end brings out what is held back. */
bool resampler_feed(struct resampler *r, const float *x, size_t n, struct samples *out, struct error *err);

#endif
