/* mel.c - the spectrum as a product of matrices.
 *
 * A frame x[0..400) is real, so with e[i] = x[i] + x[400 - i], o[i] = x[i] - x[400 - i]
 *   Re X[k] = sum_i e[i] cos(2 pi i k / 400),   -Im X[k] = sum_i o[i] sin(2 pi i k / 400),   i = 0..200
 * and a block of frames costs two products of [frames][201] with [201][201]: as fast as
 * an FFT of 400 points here, through the sgemm that is there anyway. */
#include "audio/mel.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tensor/ops.h"

#define BLOCK 1024                  /* frames at a time */
#define LOG_FLOOR 1e-10f
#define RANGE 8.0f                  /* log10 of power: 80 dB */

struct work {
    float *hann;                    /* [400], periodic */
    float *cosines, *sines;         /* [201][201], symmetric */
    float *even, *odd;              /* [BLOCK][201] */
    float *re, *im;                 /* [BLOCK][201] */
};

static bool work_init(struct work *w, struct arena *scratch, struct error *err)
{
    const double step = 2.0 * 3.14159265358979323846 / MEL_N_FFT;
    float **blocks[] = { &w->even, &w->odd, &w->re, &w->im };

    w->hann = arena_alloc(scratch, MEL_N_FFT, sizeof(float), err);
    w->cosines = arena_alloc(scratch, MEL_BINS * MEL_BINS, sizeof(float), err);
    w->sines = arena_alloc(scratch, MEL_BINS * MEL_BINS, sizeof(float), err);
    if (w->hann == NULL || w->cosines == NULL || w->sines == NULL)
        return false;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if ((*blocks[i] = arena_alloc(scratch, BLOCK * MEL_BINS, sizeof(float), err)) == NULL)
            return false;
    for (size_t i = 0; i < MEL_N_FFT; i++)
        w->hann[i] = (float)(0.5 - 0.5 * cos(step * (double)i));
    for (size_t i = 0; i < MEL_BINS; i++)
        for (size_t k = 0; k < MEL_BINS; k++) {
            double angle = step * (double)(i * k % MEL_N_FFT);
            w->cosines[i * MEL_BINS + k] = (float)cos(angle);
            w->sines[i * MEL_BINS + k] = (float)sin(angle);
        }
    return true;
}

/* What is transformed: n_samples, then silence; mirrored before the first and behind n_padded. */
struct source {
    const float *samples;
    size_t n_samples, n_padded;
};

/* Frame t starts 200 samples early. */
static void fold_frame(const struct work *w, const struct source *s, size_t t, float *even, float *odd)
{
    float x[MEL_N_FFT];

    for (size_t i = 0; i < MEL_N_FFT; i++) {
        size_t at = t * MEL_HOP + i, half = MEL_N_FFT / 2;
        at = at < half ? half - at : at - half;
        if (at >= s->n_padded)
            at = 2 * (s->n_padded - 1) - at;
        x[i] = at < s->n_samples ? s->samples[at] * w->hann[i] : 0.0f;
    }
    even[0] = x[0];
    even[MEL_BINS - 1] = x[MEL_BINS - 1];
    odd[0] = odd[MEL_BINS - 1] = 0.0f;
    for (size_t i = 1; i < MEL_BINS - 1; i++) {
        even[i] = x[i] + x[MEL_N_FFT - i];
        odd[i] = x[i] - x[MEL_N_FFT - i];
    }
}

/* log10 of the mels of n frames from `first` on into out [n][n_mels]; their maximum. */
static float log_block(const struct work *w, const struct compute *c, const float *filters, size_t n_mels,
                       const struct source *s, size_t first, size_t n, float *out)
{
    float max = log10f(LOG_FLOOR);

    for (size_t t = 0; t < n; t++)
        fold_frame(w, s, first + t, w->even + t * MEL_BINS, w->odd + t * MEL_BINS);
    ops_sgemm(c, true, n, MEL_BINS, MEL_BINS, 1.0f, w->even, MEL_BINS, w->cosines, MEL_BINS, w->re, MEL_BINS);
    ops_sgemm(c, true, n, MEL_BINS, MEL_BINS, 1.0f, w->odd, MEL_BINS, w->sines, MEL_BINS, w->im, MEL_BINS);
    for (size_t i = 0; i < n * MEL_BINS; i++)
        w->re[i] = w->re[i] * w->re[i] + w->im[i] * w->im[i];
    ops_sgemm(c, true, n, n_mels, MEL_BINS, 1.0f, w->re, MEL_BINS, filters, MEL_BINS, out, n_mels);
    for (size_t i = 0; i < n * n_mels; i++) {
        out[i] = log10f(out[i] > LOG_FLOOR ? out[i] : LOG_FLOOR);
        max = out[i] > max ? out[i] : max;
    }
    return max;
}

static float normalise(float x, float max)
{
    return ((x > max - RANGE ? x : max - RANGE) + 4.0f) / 4.0f;
}

/* Frames that the sound touches, by its mirror image, too: the others are silent. */
static size_t n_touched(const struct source *s, size_t n_frames)
{
    size_t n = (s->n_samples + MEL_N_FFT / 2 + MEL_HOP - 1) / MEL_HOP;

    return n < n_frames && s->n_padded - s->n_samples > MEL_N_FFT ? n : n_frames;
}

static bool compute(struct mel *mel, const struct compute *c, struct arena *scratch, const float *filters, size_t n_mels,
                    size_t n_frames, const struct source *s, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    struct work w = { 0 };
    float max = log10f(LOG_FLOOR);
    size_t n_heard = n_touched(s, n_frames);
    bool ok = true;

    mel->n_mels = n_mels;
    mel->n_frames = n_frames;
    mel->data = malloc(mel->n_frames * n_mels * sizeof *mel->data);
    if (mel->data == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the spectrum of %zu samples", s->n_samples);
    ok = work_init(&w, scratch, err);
    for (size_t first = 0; ok && first < n_heard; first += BLOCK) {
        size_t n = n_heard - first < BLOCK ? n_heard - first : BLOCK;
        max = fmaxf(max, log_block(&w, c, filters, n_mels, s, first, n, mel->data + first * n_mels));
        ok = !compute_cancelled(c, err);
    }
    arena_rewind(scratch, mark);
    if (!ok) {
        mel_done(mel);
        return false;
    }
    mel->silence = normalise(log10f(LOG_FLOOR), max);
    for (size_t i = 0; i < n_frames * n_mels; i++)
        mel->data[i] = i < n_heard * n_mels ? normalise(mel->data[i], max) : mel->silence;
    return true;
}

bool mel_compute(struct mel *mel, const struct compute *c, struct arena *scratch, const float *filters,
                 size_t n_mels, const float *samples, size_t n_samples, struct error *err)
{
    const struct source s = { samples, n_samples, SIZE_MAX };

    return compute(mel, c, scratch, filters, n_mels, (n_samples + MEL_N_FFT / 2 + MEL_HOP - 1) / MEL_HOP, &s, err);
}

bool mel_compute_padded(struct mel *mel, const struct compute *c, struct arena *scratch, const float *filters, size_t n_mels,
                        const float *samples, size_t n_samples, size_t n_padded, struct error *err)
{
    const struct source s = { samples, n_samples, n_padded };

    return compute(mel, c, scratch, filters, n_mels, n_padded / MEL_HOP, &s, err);
}

void mel_done(struct mel *mel)
{
    free(mel->data);
    mel->data = NULL;
}

void mel_window(const struct mel *mel, size_t first, size_t n, float *out)
{
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < mel->n_mels; i++)
            out[t * mel->n_mels + i] =
                first + t < mel->n_frames ? mel->data[(first + t) * mel->n_mels + i] : mel->silence;
}

/* ---- filters ------------------------------------------------------------------------ */

/* Mels of a frequency, linear up to 1 kHz, logarithmic above: 27 mels more are 6.4 times as high (Slaney 1998,
 * Auditory Toolbox, as librosa.filters.mel has it). */
static double hz_of(double mel)
{
    return mel < 15.0 ? mel * 200.0 / 3.0 : 1000.0 * exp((mel - 15.0) * log(6.4) / 27.0);
}

static double mel_of(double hz)
{
    return hz < 1000.0 ? hz * 3.0 / 200.0 : 15.0 + 27.0 * log(hz / 1000.0) / log(6.4);
}

void mel_filters(size_t n_mels, float *filters)
{
    const double most = mel_of(MEL_HZ / 2.0);

    for (size_t m = 0; m < n_mels; m++) {
        double low = hz_of(most * (double)m / (double)(n_mels + 1)), middle = hz_of(most * (double)(m + 1) / (double)(n_mels + 1));
        double high = hz_of(most * (double)(m + 2) / (double)(n_mels + 1));
        for (size_t k = 0; k < MEL_BINS; k++) {
            double hz = (double)k * MEL_HZ / MEL_N_FFT;
            double slope = fmin((hz - low) / (middle - low), (high - hz) / (high - middle));
            filters[m * MEL_BINS + k] = (float)(fmax(slope, 0.0) * 2.0 / (high - low));
        }
    }
}
