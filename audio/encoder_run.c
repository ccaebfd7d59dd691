/* encoder_run.c - windows through convolutions, transformer and projector; rows and markers in order. */
#include "audio/audio.h"
#include "audio/conv1d.h"
#include "audio/ears.h"
#include "audio/encoder_parts.h"
#include "audio/mel.h"
#include "tensor/ops.h"

#include <math.h>
#include <string.h>

#define SCRATCH_BYTES (1 << 20)
#define NEVER (-1e30f)              /* what is added to the score of a key that is not seen */
#define EPS 1e-6f                   /* of the projector's RMS norms; no key says so */

static const float *floats(const struct tensor *t)
{
    return t != NULL ? t->data : NULL;
}

static size_t n_in(const struct audio_encoder *e)
{
    return e->stack * e->d;
}

struct audio_plan audio_encoder_plan(const struct audio_encoder *e, size_t n_samples)
{
    struct audio_plan plan = { 0 };
    size_t most = 0, up = e->up != NULL ? e->up->dim[1] : 0, mel = 0;

    for (size_t i = 0; i < audio_n_parts(e, n_samples); i++) {
        struct audio_part part = audio_part(e, n_samples, i);
        if (part.n_padded / MEL_HOP * e->n_mels > mel)
            mel = part.n_padded / MEL_HOP * e->n_mels;
        for (size_t k = 0; k < part.n_windows; k++) {
            struct audio_window w = audio_window(e, &part, k);
            plan.n_windows++;
            plan.n_rows += w.n_rows;
            most = w.n_positions > most ? w.n_positions : most;
        }
    }
    /* Convolutions have the frames three times side by side, twice as many as positions. */
    plan.n_bytes = plan.n_rows * e->n_embd * sizeof(float) + mel * sizeof(float) + most * (9 * e->d + n_in(e) + up) * sizeof(float)
                 + (e->encoder != NULL ? encoder_bytes(e->encoder, most) : most * 5 * e->d * sizeof(float));
    return plan;
}

/* ---- the transformer ------------------------------------------------------------------------------ */

struct run {
    const struct audio_encoder *e;
    const struct whisper *whisper;
    const struct compute *c;
    struct arena *scratch;
};

/* frames [n][n_mels] -> x [n_positions][d] with their places. */
static bool convolve(const struct run *r, const float *frames, size_t n, size_t n_positions, float *x, struct error *err)
{
    const struct audio_encoder *e = r->e;
    struct arena_mark mark = arena_mark(r->scratch);
    size_t n_wide = 2 * n_positions < n ? 2 * n_positions : n;
    float *wide = arena_alloc(r->scratch, n_wide * e->d, sizeof *wide, err);
    bool good = wide != NULL && conv1d(r->c, r->scratch, e->conv1, e->conv1_bias, frames, n, 1, n_wide, wide, err)
             && conv1d(r->c, r->scratch, e->conv2, e->conv2_bias, wide, n_wide, 2, n_positions, x, err);

    if (good)
        ops_add(r->c, x, e->position->data, n_positions * e->d);
    arena_rewind(r->scratch, mark);
    return good;
}

/* Each chunk by itself; where each ends. */
static bool convolve_chunks(const struct run *r, const float *frames, const struct audio_window *w, float *x, struct encoder_attention *how,
                            struct error *err)
{
    size_t chunk = r->e->family->chunk, n_chunks = (w->n_frames + chunk - 1) / chunk, at = 0;
    size_t *ends = arena_alloc(r->scratch, n_chunks, sizeof *ends, err);

    for (size_t i = 0; ends != NULL && i < n_chunks; i++) {
        size_t n = w->n_frames - i * chunk < chunk ? w->n_frames - i * chunk : chunk;
        if (!convolve(r, frames + i * chunk * r->e->n_mels, n, (n + 1) / 2, x + at * r->e->d, err))
            return false;
        ends[i] = at += (n + 1) / 2;
    }
    how->group_end = ends;
    how->n_groups = n_chunks;
    return ends != NULL;
}

static bool hide_keys(const struct run *r, const struct audio_window *w, struct encoder_attention *how, struct error *err)
{
    float *bias = arena_alloc(r->scratch, w->n_positions, sizeof *bias, err);

    for (size_t i = 0; bias != NULL && i < w->n_positions; i++)
        bias[i] = i < w->n_keys ? 0.0f : NEVER;
    how->bias = bias;
    return bias != NULL;
}

/* The window's frames, zeros where the spectrogram has no more. */
static const float *window_mel(const struct run *r, const struct mel *mel, const struct audio_window *w, struct error *err)
{
    size_t n_mels = r->e->n_mels, n = w->n_positions * 2, there = mel->n_frames - w->first;

    if (w->n_positions == w->n_keys)
        return mel->data + w->first * n_mels;
    float *frames = arena_zero(r->scratch, n * n_mels, sizeof *frames, err);
    if (frames != NULL)
        memcpy(frames, mel->data + w->first * n_mels, (there < n ? there : n) * n_mels * sizeof *frames);
    return frames;
}

static bool transform(const struct run *r, const struct mel *mel, const struct audio_window *w, float *x, struct error *err)
{
    const struct audio_encoder *e = r->e;
    struct encoder_attention how = { 0 };
    const float *frames = window_mel(r, mel, w, err);
    size_t n_frames = w->n_positions == w->n_keys ? w->n_frames : 2 * w->n_positions;

    if (frames == NULL || (w->n_keys < w->n_positions && !hide_keys(r, w, &how, err))
        || !(e->family->chunk != 0 ? convolve_chunks(r, frames, w, x, &how, err) : convolve(r, frames, n_frames, w->n_positions, x, err))
        || !encoder_run(e->encoder, r->c, r->scratch, &how, 0, x, w->n_positions, err))
        return false;
    if (!e->family->pairs)
        encoder_post_norm(e->encoder, r->c, x, w->n_positions);
    return true;
}

/* ---- the projector ---------------------------------------------------------------------------------- */

/* x [n_rows][d] = the mean of two each, in place, and normed. */
static void average_pairs(const struct run *r, const struct audio_window *w, float *x)
{
    size_t d = r->e->d;

    for (size_t i = 0; i < w->n_rows; i++) {
        memmove(x + i * d, x + 2 * i * d, d * sizeof *x);
        ops_add(r->c, x + i * d, x + (2 * i + 1) * d, d);
    }
    ops_scale(r->c, x, 0.5f, w->n_rows * d);
    encoder_post_norm(r->e->encoder, r->c, x, w->n_rows);
}

/* up [n][n_up] -> [n][n_up / 2]: SiLU of the second half times the first. */
static void gate(const struct run *r, float *up, size_t n, size_t n_up, float *to)
{
    for (size_t i = 0; i < n; i++) {
        float *row = up + i * n_up, *half = row + n_up / 2;
        ops_silu_mul(r->c, half, row, n_up / 2);
        memcpy(to + i * n_up / 2, half, n_up / 2 * sizeof *to);
    }
}

/* x [n_rows][n_in], changed */
static bool project(const struct run *r, size_t n, float *x, float *rows, struct error *err)
{
    const struct audio_encoder *e = r->e;
    size_t n_up = e->up != NULL ? e->up->dim[1] : 0;
    float *up = arena_alloc(r->scratch, n * n_up, sizeof *up, err), *half = up;

    if (up == NULL)
        return false;
    if (e->norm_pre != NULL)
        ops_rms_norm(r->c, x, e->norm_pre->data, n, n_in(e), EPS, x);
    if (e->up == NULL)
        return ops_matmul(r->c, r->scratch, e->matrix, floats(e->bias), x, n, rows, err);
    if (!ops_matmul(r->c, r->scratch, e->up, NULL, x, n, up, err))
        return false;
    if (e->family->gated) {
        half = arena_alloc(r->scratch, n * n_up / 2, sizeof *half, err);
        if (half == NULL)
            return false;
        gate(r, up, n, n_up, half);
        ops_rms_norm(r->c, half, e->norm_mid->data, n, n_up / 2, EPS, half);
    } else
        ops_gelu(r->c, up, n * n_up);
    return ops_matmul(r->c, r->scratch, e->matrix, floats(e->bias), half, n, rows, err);
}

static bool check_finite(const struct audio_encoder *e, const float *rows, size_t n, struct error *err)
{
    for (size_t i = 0; i < n * e->n_embd; i++)
        if (!isfinite(rows[i]))
            return error_set(err, ERROR_MODEL, "%s: gives rows that are no finite numbers", gguf_path(e->file));
    return true;
}

/* ---- a clip --------------------------------------------------------------------------------------------- */

/* x: room for what stacks of the last row take beyond the positions, zero. */
static bool encode_window(const struct run *r, const struct mel *mel, const float *samples, const struct audio_part *part,
                          const struct audio_window *w, float *rows, struct error *err)
{
    const struct audio_encoder *e = r->e;
    struct arena_mark mark = arena_mark(r->scratch);
    size_t n_stacked = w->n_rows * e->stack, n = n_stacked > w->n_positions ? n_stacked : w->n_positions;
    float *x = arena_zero(r->scratch, n * e->d, sizeof *x, err);
    bool good = x != NULL
             && (e->family->own ? ears_listen(r->whisper, r->c, r->scratch, samples, part->n_samples, x, err) : transform(r, mel, w, x, err));

    if (good && e->family->pairs)
        average_pairs(r, w, x);
    good = good && project(r, w->n_rows, x, rows, err) && check_finite(e, rows, w->n_rows, err);
    arena_rewind(r->scratch, mark);
    return good;
}

struct progress {
    audio_encoder_progress *call;
    void *user;
    size_t n_done, n_windows;
};

static bool encode_part(const struct run *r, const float *samples, const struct audio_part *part, struct progress *progress, struct media_rows *to,
                        struct error *err)
{
    const struct audio_encoder *e = r->e;
    struct mel mel = { 0 };
    bool good = e->family->own
             || mel_compute_padded(&mel, r->c, r->scratch, e->filters, e->n_mels, samples, part->n_samples, part->n_padded, err);

    for (size_t i = 0; good && i < part->n_windows; i++) {
        struct audio_window w = audio_window(e, part, i);
        if (progress->call != NULL)
            progress->call(progress->user, progress->n_done, progress->n_windows);
        float *rows = media_rows_add(to, w.n_rows, err);
        good = rows != NULL && encode_window(r, &mel, samples, part, &w, rows, err);
        progress->n_done++;
    }
    mel_done(&mel);
    return good;
}

static bool encode(const struct run *r, const float *samples, size_t n_samples, struct progress *progress, struct media_rows *to, struct error *err)
{
    const struct audio_family *f = r->e->family;
    bool good = f->begin == NULL || media_rows_add_marker(to, f->begin, err);

    for (size_t i = 0; good && i < audio_n_parts(r->e, n_samples); i++) {
        struct audio_part part = audio_part(r->e, n_samples, i);
        good = encode_part(r, samples + part.first, &part, progress, to, err);
    }
    return good && (f->end == NULL || media_rows_add_marker(to, f->end, err));
}

struct media_rows *audio_encoder_encode(const struct audio_encoder *e, const struct whisper *w, const struct compute *c, const float *samples,
                                        size_t n_samples, audio_encoder_progress *progress, void *user, struct error *err)
{
    struct progress p = { progress, user, 0, audio_encoder_plan(e, n_samples).n_windows };
    struct run r = { e, w, c, arena_new("audio encoder", SCRATCH_BYTES, err) };
    struct media_rows *rows = r.scratch != NULL ? media_rows_new(e->n_embd, err) : NULL;

    if (rows != NULL && !encode(&r, samples, n_samples, &p, rows, err)) {
        media_rows_free(rows);
        rows = NULL;
    }
    arena_free(r.scratch);
    return rows;
}
