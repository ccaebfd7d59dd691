#include "audio/align.h"

#include <math.h>
#include <string.h>

#include "audio/heads.h"

#define MEDIAN 7                    /* frames */

struct aligner {
    const struct whisper *w;
    struct heads heads;
    size_t first, n;                /* rows of the text: each predicts a token of it, the last one the end */
    float *sum;                     /* [n][n_frames] */
};

static bool wants(void *user, size_t i_layer, size_t i_head)
{
    const struct aligner *a = user;

    return heads_have(&a->heads, a->w, i_layer, i_head);
}

/* Each frame over the tokens: mean 0, deviation 1. */
static void standardise(float *weights, size_t n, size_t n_frames)
{
    for (size_t f = 0; f < n_frames; f++) {
        double sum = 0.0, square = 0.0;
        for (size_t i = 0; i < n; i++)
            sum += (double)weights[i * n_frames + f];
        double mean = sum / (double)n;
        for (size_t i = 0; i < n; i++)
            square += pow((double)weights[i * n_frames + f] - mean, 2.0);
        double deviation = sqrt(square / (double)n);
        for (size_t i = 0; i < n; i++)
            weights[i * n_frames + f] = deviation > 0.0 ? (float)(((double)weights[i * n_frames + f] - mean) / deviation) : 0.0f;
    }
}

/* Of the values around frame f; those beyond an end are mirrored there. */
static float median(const float *row, size_t n_frames, size_t f)
{
    float sorted[MEDIAN];

    for (size_t k = 0; k < MEDIAN; k++) {
        size_t at = f + k < MEDIAN / 2 ? MEDIAN / 2 - f - k : f + k - MEDIAN / 2, i = k;
        if (at >= n_frames)
            at = 2 * (n_frames - 1) - at;
        for (; i > 0 && sorted[i - 1] > row[at]; i--)
            sorted[i] = sorted[i - 1];
        sorted[i] = row[at];
    }
    return sorted[MEDIAN / 2];
}

static void take(void *user, float *weights, size_t n, size_t n_frames)
{
    struct aligner *a = user;

    standardise(weights, n, n_frames);
    for (size_t i = 0; i < a->n; i++) {
        const float *row = weights + (a->first + i) * n_frames;
        for (size_t f = 0; f < n_frames; f++)
            a->sum[i * n_frames + f] += n_frames > MEDIAN / 2 ? median(row, n_frames, f) : row[f];
    }
}

/* From the last token and frame back to the first ones; the step into a cell is kept in `step`. */
enum step { BOTH, TOKEN, FRAME };

static void walk_back(const uint8_t *step, size_t n, size_t n_frames, size_t *frame)
{
    size_t i = n - 1, f = n_frames - 1;

    for (;;) {
        frame[i] = f;
        enum step s = i == 0 ? FRAME : f == 0 ? TOKEN : (enum step)step[i * n_frames + f];
        if (i == 0 && f == 0)
            break;
        i -= s != FRAME;
        f -= s != TOKEN;
    }
}

/* cost(i, f) = -gain(i, f) + least of the three cells before it. */
static bool warp(const float *gain, size_t n, size_t n_frames, struct arena *scratch, size_t *frame, struct error *err)
{
    uint8_t *step = arena_alloc(scratch, n * n_frames, sizeof *step, err);
    float *cost = arena_alloc(scratch, n + 1, sizeof *cost, err);       /* of one frame; [0]: before the first token */

    if (step == NULL || cost == NULL)
        return false;
    for (size_t i = 0; i <= n; i++)
        cost[i] = i == 0 ? 0.0f : INFINITY;
    for (size_t f = 0; f < n_frames; f++) {
        float both = cost[0];                       /* of the frame before, one token up */
        cost[0] = INFINITY;
        for (size_t i = 0; i < n; i++) {
            float token = cost[i], same = cost[i + 1], least = same;
            uint8_t *s = &step[i * n_frames + f];
            *s = FRAME;
            if (both < token && both < same) {
                least = both;
                *s = BOTH;
            } else if (token < both && token < same) {
                least = token;
                *s = TOKEN;
            }
            both = same;
            cost[i + 1] = least - gain[i * n_frames + f];
        }
    }
    walk_back(step, n, n_frames, frame);
    return true;
}

static void find_peaks(const float *gain, size_t n, size_t n_frames, const size_t *frame, size_t *peak)
{
    for (size_t i = 0; i < n; i++) {
        peak[i] = frame[i];
        for (size_t f = frame[i]; f < frame[i + 1]; f++)
            if (gain[i * n_frames + f] > gain[i * n_frames + peak[i]])
                peak[i] = f;
    }
}

static bool align(struct whisper_decoder *d, struct aligner *a, struct arena *scratch, const int32_t *ids, size_t n_ids,
                  size_t n_frames, struct alignment *out, struct error *err)
{
    struct whisper_watch watch = { n_frames, wants, take, a };

    a->sum = arena_zero(scratch, a->n * n_frames, sizeof *a->sum, err);
    whisper_decoder_rewind(d);
    bool ok = a->sum != NULL && whisper_decoder_watch(d, ids, n_ids, a->first, &watch, out->p, err) &&
              warp(a->sum, a->n, n_frames, scratch, out->frame, err);
    whisper_decoder_rewind(d);
    if (ok)
        find_peaks(a->sum, a->n - 1, n_frames, out->frame, out->peak);
    return ok;
}

bool align_tokens(struct whisper_decoder *d, const struct whisper *w, struct arena *scratch, const int32_t *task, size_t n_task,
                  const int32_t *text, size_t n, size_t n_frames, struct alignment *a, struct error *err)
{
    struct aligner aligner = { .w = w, .heads = heads_of(w), .first = n_task, .n = n + 1 };
    struct arena_mark mark = arena_mark(scratch);
    int32_t *ids = arena_alloc(scratch, n_task + n + 2, sizeof *ids, err);

    if (ids == NULL)
        return false;
    memcpy(ids, task, n_task * sizeof *ids);
    ids[n_task] = w->ids.no_timestamps;
    memcpy(ids + n_task + 1, text, n * sizeof *ids);
    ids[n_task + 1 + n] = w->ids.eot;
    bool ok = align(d, &aligner, scratch, ids, n_task + n + 2, n_frames, a, err);
    arena_rewind(scratch, mark);
    return ok;
}
