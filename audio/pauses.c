#include "audio/pauses.h"

#include <math.h>
#include <stdlib.h>

#define FRAMES_PER_SECOND 100.0
#define BELOW_LOUD 35.0f            /* dB under what is loud is silence ... */
#define QUIET_PART 0.3f             /* ... and so is the lower part of what lies between quiet and loud ... */
#define LEAST_PAUSE 8               /* ... for 80 ms: most stops close for less */
#define LEAST_SOUND 4               /* frames: a shorter one is a click in a pause */
#define LEAST_WORD 8                /* frames that a pause leaves of a word */
#define LONG_PAUSE 15               /* frames: too long to be within a word */
#define REACH 30                    /* frames that a pause may be away */

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Power over all bands; mel = (log10 of it + 4) / 4. */
static float loudness_db(const float *mel, size_t n_mels)
{
    double sum = 0.0;

    for (size_t i = 0; i < n_mels; i++)
        sum += pow(10.0, 4.0 * (double)mel[i] - 4.0);
    return 10.0f * (float)log10(sum);
}

static void leave_out_clicks(bool *silent, size_t n)
{
    for (size_t f = 1, from = 1; f < n; f++) {
        if (!silent[f])
            continue;
        if (silent[from - 1] && f - from < LEAST_SOUND)
            while (from < f)
                silent[from++] = true;
        from = f + 1;
    }
}

bool pauses_find(const float *mel, size_t n, size_t n_mels, struct arena *scratch, bool *silent, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    float *loudness = arena_alloc(scratch, n, sizeof *loudness, err), *sorted = arena_alloc(scratch, n, sizeof *sorted, err);

    if (loudness == NULL || sorted == NULL)
        return false;
    for (size_t f = 0; f < n; f++)
        sorted[f] = loudness[f] = loudness_db(mel + f * n_mels, n_mels);
    qsort(sorted, n, sizeof *sorted, ascending);
    float quiet = sorted[n / 20], loud = sorted[n - 1 - n / 20];
    float least = fmaxf(loud - BELOW_LOUD, quiet + QUIET_PART * (loud - quiet));
    for (size_t f = 0; f < n; f++)
        silent[f] = loudness[f] < least;
    leave_out_clicks(silent, n);
    arena_rewind(scratch, mark);
    return true;
}

struct pause { size_t from, end; };     /* frames */

static size_t distance(struct pause p, size_t at)
{
    return at < p.from ? p.from - at : at >= p.end ? at - p.end + 1 : 0;
}

/* The nearest to `at`, within from .. end; none: empty. */
static struct pause nearest(const bool *silent, size_t from, size_t end, size_t at)
{
    struct pause best = { 0, 0 };
    size_t reach = REACH;

    for (size_t f = from; f < end; f++) {
        struct pause p = { f, f };
        while (p.end < end && silent[p.end])
            p.end++;
        size_t n = p.end - p.from, away = distance(p, at);
        if (n >= LEAST_PAUSE && away <= reach && (p.from == from || p.from >= from + LEAST_WORD) &&
            (p.end == end || p.end + LEAST_WORD <= end)) {
            best = p;
            reach = away;
        }
        f = p.end;
    }
    return best;
}

static size_t frame_at(double seconds, size_t n)
{
    double f = floor(seconds * FRAMES_PER_SECOND + 0.5);

    return f < 0.0 ? 0 : f > (double)n ? n : (size_t)f;
}

/* The time between two words; there is no word before the first, none after the last. */
static void fit_between(struct word *before, struct word *after, const bool *silent, size_t n, double offset)
{
    size_t from = before != NULL ? frame_at(before->start - offset, n) : 0;
    size_t end = after != NULL ? frame_at(after->end - offset, n) : n;
    struct pause p = nearest(silent, from, end, frame_at((after != NULL ? after->start : before->end) - offset, n));

    if (p.from == p.end)
        return;
    if (before != NULL && p.from > from)
        before->end = offset + (double)p.from / FRAMES_PER_SECOND;
    if (after != NULL && p.end < end)
        after->start = offset + (double)p.end / FRAMES_PER_SECOND;
}

/* Leaves what lies beyond a long pause from both peaks; in a pause they look ahead. */
static void fit_within(const struct heard *h, const bool *silent, size_t n, double offset)
{
    size_t first = frame_at(h->first - offset, n), last = frame_at(h->last - offset, n);
    size_t from = frame_at(h->word->start - offset, n), end = frame_at(h->word->end - offset, n);

    for (size_t f = from; f < end; f++) {
        struct pause p = { f, f };
        while (p.end < end && silent[p.end])
            p.end++;
        f = p.end;
        if (p.end - p.from < LONG_PAUSE)
            continue;
        if (p.from <= first && p.end < end) {
            h->word->start = offset + (double)p.end / FRAMES_PER_SECOND;
        } else if (p.from > last && p.from > from) {
            h->word->end = offset + (double)p.from / FRAMES_PER_SECOND;
            return;
        }
    }
}

void pauses_fit(const struct heard *words, size_t n_words, const bool *silent, size_t n, double offset, double earliest,
                double latest)
{
    for (size_t i = 0; i < n_words + 1 && n_words > 0; i++)
        fit_between(i > 0 ? words[i - 1].word : NULL, i < n_words ? words[i].word : NULL, silent, n, offset);
    for (size_t i = 0; i < n_words; i++) {
        struct word *word = words[i].word;
        fit_within(&words[i], silent, n, offset);
        word->start = fmin(fmax(word->start, earliest), latest);
        word->end = fmin(fmax(word->end, word->start), latest);
        earliest = word->end;
    }
}
