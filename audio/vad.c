#include "audio/vad.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_FFT 1024                  /* 64 ms: harmonics 100 Hz apart are told from each other */
#define N_BINS (N_FFT / 2 + 1)
#define LEAD ((N_FFT - VAD_HOP) / 2)      /* a frame is in its spectrum's middle */
#define BLOCK 25                    /* frames, 0.5 s */
#define REACH 16                    /* blocks that the floor is looked for in, each way */
#define N_KEPT_BLOCKS (2 * REACH + 1)
#define FEATURES_KEPT 1024          /* frames; more than (REACH + 2) BLOCK */
#define SHORT_FRAMES 200            /* a sound of 4 s and less may be speech throughout, and has no floor */
#define SILENT_PEAK 3e-4f           /* -70 dB, ten steps of 16 bits */
#define LEAST_FLOOR 1e-9f           /* -90 dB in a band: no noise is lower */
#define RISE_DB 6.0f                /* mean over the bands, above the floor */
#define FLAT_DB -2.2f               /* harmonics are below; noise of any colour is above */

enum { N_BANDS = 11, N_NARROW = 13, NARROW_BINS = 16, NARROW_FIRST = 13 };
static const int edge_hz[N_BANDS + 1] = { 100, 250, 400, 600, 850, 1150, 1600, 2200, 3000, 4000, 5500, 7500 };

struct features { float db[N_BANDS], flat_db; bool loud; };

struct vad {
    float hann[N_FFT], cosines[N_FFT / 2], sines[N_FFT / 2];
    float samples[N_FFT];           /* of the next spectrum; n_samples of them are there */
    size_t n_samples;
    float power[N_BINS];            /* smoothed */
    uint64_t n_fed;                 /* samples */
    uint64_t n_seen, n_answered;    /* frames */
    bool ended;
    struct features frame[FEATURES_KEPT];
    float lowest[N_KEPT_BLOCKS + 1][N_BANDS];   /* of block i, at i modulo their number */
    bool speech[VAD_KEPT];
};

struct vad *vad_new(struct error *err)
{
    struct vad *v = calloc(1, sizeof *v);
    const double step = 2.0 * 3.14159265358979323846 / N_FFT;

    if (v == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to look for speech");
        return NULL;
    }
    for (size_t i = 0; i < N_FFT; i++)
        v->hann[i] = (float)(0.5 - 0.5 * cos(step * (double)i));
    for (size_t i = 0; i < N_FFT / 2; i++) {
        v->cosines[i] = (float)cos(step * (double)i);
        v->sines[i] = (float)sin(step * (double)i);
    }
    v->n_samples = LEAD;            /* silence before the sound */
    return v;
}

void vad_free(struct vad *v)
{
    free(v);
}

/* ---- a frame ----------------------------------------------------------------------- */

/* In place, radix 2, decimation in time (Cooley and Tukey 1965). */
static void fft(const struct vad *v, float *re, float *im)
{
    for (size_t i = 1, j = 0; i < N_FFT; i++) {
        size_t bit = N_FFT / 2;
        for (; j & bit; bit /= 2)
            j ^= bit;
        j |= bit;
        if (i < j) {
            float swap = re[i];
            re[i] = re[j];
            re[j] = swap;           /* im is 0 throughout */
        }
    }
    for (size_t half = 1; half < N_FFT; half *= 2)
        for (size_t k = 0; k < half; k++) {
            float c = v->cosines[k * (N_FFT / 2 / half)], s = -v->sines[k * (N_FFT / 2 / half)];
            for (size_t i = k; i < N_FFT; i += 2 * half) {
                float x = re[i + half] * c - im[i + half] * s, y = re[i + half] * s + im[i + half] * c;
                re[i + half] = re[i] - x;
                im[i + half] = im[i] - y;
                re[i] += x;
                im[i] += y;
            }
        }
}

/* Power in mean squares, half of it new. */
static void smooth_spectrum(struct vad *v)
{
    float re[N_FFT], im[N_FFT] = { 0 };
    const float scale = 1.0f / ((float)N_FFT * (float)N_FFT * 0.375f);      /* 0.375: the window's mean square */

    for (size_t i = 0; i < N_FFT; i++)
        re[i] = v->samples[i] * v->hann[i];
    fft(v, re, im);
    for (size_t i = 0; i < N_BINS; i++)
        v->power[i] = 0.5f * v->power[i] + scale * (re[i] * re[i] + im[i] * im[i]);
}

static float decibels(float power)
{
    return 10.0f * log10f(power);
}

static float band_db(const struct vad *v, int from_hz, int to_hz)
{
    float sum = LEAST_FLOOR;

    for (size_t i = (size_t)from_hz * N_FFT / 16000; i < (size_t)to_hz * N_FFT / 16000; i++)
        sum += v->power[i];
    return decibels(sum);
}

/* Mean over narrow bands of 250 Hz from 200 Hz to 3.4 kHz. */
static float flatness_db(const struct vad *v)
{
    float sum = 0.0f;

    for (size_t b = 0; b < N_NARROW; b++) {
        float mean = 0.0f, mean_db = 0.0f;
        for (size_t i = 0; i < NARROW_BINS; i++) {
            float power = v->power[NARROW_FIRST + b * NARROW_BINS + i] + LEAST_FLOOR / NARROW_BINS;
            mean += power / NARROW_BINS;
            mean_db += decibels(power) / NARROW_BINS;
        }
        sum += mean_db - decibels(mean);
    }
    return sum / N_NARROW;
}

static bool is_loud(const float *x)
{
    for (size_t i = 0; i < VAD_HOP; i++)
        if (fabsf(x[i]) >= SILENT_PEAK)
            return true;
    return false;
}

static void see_frame(struct vad *v)
{
    struct features *f = &v->frame[v->n_seen % FEATURES_KEPT];
    float *lowest = v->lowest[v->n_seen / BLOCK % (N_KEPT_BLOCKS + 1)];

    smooth_spectrum(v);
    f->loud = is_loud(v->samples + LEAD);
    f->flat_db = flatness_db(v);
    for (size_t b = 0; b < N_BANDS; b++) {
        f->db[b] = band_db(v, edge_hz[b], edge_hz[b + 1]);
        lowest[b] = v->n_seen % BLOCK == 0 || f->db[b] < lowest[b] ? f->db[b] : lowest[b];
    }
    v->n_seen++;
    memmove(v->samples, v->samples + VAD_HOP, (N_FFT - VAD_HOP) * sizeof *v->samples);
    v->n_samples -= VAD_HOP;
}

/* ---- answers ------------------------------------------------------------------------- */

static bool is_speech(const struct features *f, const float floor_db[N_BANDS])
{
    float rise = 0.0f;

    for (size_t b = 0; b < N_BANDS; b++)
        rise += (f->db[b] - floor_db[b]) / N_BANDS;
    return f->loud && (rise > RISE_DB || f->flat_db < FLAT_DB);
}

static bool any_loud(const struct vad *v)
{
    for (size_t i = 0; i < v->n_seen; i++)
        if (v->frame[i].loud)
            return true;
    return false;
}

static void answer_block(struct vad *v)
{
    uint64_t block = v->n_answered / BLOCK, last = (v->n_seen - 1) / BLOCK;
    float floor_db[N_BANDS];

    for (size_t b = 0; b < N_BANDS; b++)
        floor_db[b] = INFINITY;
    for (uint64_t i = block < REACH ? 0 : block - REACH; i <= block + REACH && i <= last; i++)
        for (size_t b = 0; b < N_BANDS; b++)
            floor_db[b] = fminf(floor_db[b], v->lowest[i % (N_KEPT_BLOCKS + 1)][b]);
    bool all = v->ended && v->n_seen <= SHORT_FRAMES && any_loud(v);
    do {
        const struct features *f = &v->frame[v->n_answered % FEATURES_KEPT];
        v->speech[v->n_answered % VAD_KEPT] = all || is_speech(f, floor_db);
        v->n_answered++;
    } while (v->n_answered < v->n_seen && v->n_answered % BLOCK != 0);
}

static void take(struct vad *v, const float *x, size_t n)
{
    while (n > 0) {
        size_t part = N_FFT - v->n_samples < n ? N_FFT - v->n_samples : n;
        memcpy(v->samples + v->n_samples, x, part * sizeof *x);
        v->n_samples += part;
        x += part;
        n -= part;
        if (v->n_samples == N_FFT)
            see_frame(v);
        if (!v->ended && v->n_seen >= v->n_answered + (REACH + 1) * BLOCK)
            answer_block(v);
    }
}

void vad_feed(struct vad *v, const float *x, size_t n)
{
    static const float silence[VAD_HOP];
    uint64_t n_frames = (v->n_fed + n + VAD_HOP - 1) / VAD_HOP;

    assert(!v->ended);
    v->n_fed += n;
    if (n > 0) {
        take(v, x, n);
        return;
    }
    v->ended = true;
    while (v->n_seen < n_frames)
        take(v, silence, N_FFT - v->n_samples < VAD_HOP ? N_FFT - v->n_samples : VAD_HOP);
    while (v->n_answered < v->n_seen)
        answer_block(v);
}

uint64_t vad_n_frames(const struct vad *v)
{
    return v->n_answered;
}

bool vad_is_speech(const struct vad *v, uint64_t frame)
{
    assert(frame < v->n_answered && frame + VAD_KEPT >= v->n_answered);
    return v->speech[frame % VAD_KEPT];
}
