/* sampler_penalty.c - logits changed by what the answer has already.
 *
 * Repetition: Keskar et al. 2019, arXiv:1909.05858 (z / p, or z * p where negative), once for each
 * token.  Frequency and presence: OpenAI's API (z - n * f - p).  DRY, "don't repeat yourself":
 * P. E. Weidmann 2024, text-generation-webui #5677: where the answer's end repeats n tokens of what
 * was said before, what came next there loses multiplier * base^(n - allowed).  The lengths are those of
 * the Z-algorithm (Gusfield 1997, 1.4) over the tokens backward. */
#include "text/sampler_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool sampler_penalty_init(struct sampler *s)
{
    const struct sampler_params *p = &s->params;
    bool dry = p->dry_multiplier > 0.0f;
    size_t range = dry ? p->dry_range : 0;

    s->n_ring = (p->penalty_window > range ? p->penalty_window : range) + 1;
    s->recent = calloc(s->n_ring, sizeof *s->recent);
    s->counted = calloc(s->n_ring, sizeof *s->counted);
    s->count = calloc(s->n_vocab, sizeof *s->count);
    s->count_at = calloc(s->n_vocab, sizeof *s->count_at);
    s->backward = calloc(range + 1, sizeof *s->backward);
    s->repeated = calloc(range + 1, sizeof *s->repeated);
    s->breaks = calloc(s->n_vocab, sizeof *s->breaks);
    for (size_t i = 0; dry && s->breaks != NULL && i < p->n_dry_breakers; i++)
        if (p->dry_breakers[i] >= 0 && (size_t)p->dry_breakers[i] < s->n_vocab)
            s->breaks[p->dry_breakers[i]] = true;
    return s->recent != NULL && s->counted != NULL && s->count != NULL && s->count_at != NULL && s->backward != NULL &&
           s->repeated != NULL && s->breaks != NULL;
}

void sampler_penalty_done(struct sampler *s)
{
    free(s->recent);
    free(s->counted);
    free(s->count);
    free(s->count_at);
    free(s->backward);
    free(s->repeated);
    free(s->breaks);
}

void sampler_remember(struct sampler *s, int32_t id)
{
    if (id >= 0 && (size_t)id < s->n_vocab)
        s->recent[s->n_seen++ % s->n_ring] = id;
}

/* 0: the last. */
static int32_t token_back(const struct sampler *s, size_t i)
{
    return s->recent[(s->n_seen - 1 - i) % s->n_ring];
}

static size_t n_back(const struct sampler *s, size_t most)
{
    return s->n_seen < most ? s->n_seen : most;
}

/* The place of an id's count, 0 when it was not asked for since s->now changed. */
static uint32_t *count_of(struct sampler *s, int32_t id, size_t *n_counted)
{
    if (s->count_at[id] != s->now) {
        s->count_at[id] = s->now;
        s->count[id] = 0;
        s->counted[(*n_counted)++] = id;
    }
    return &s->count[id];
}

static void begin_count(struct sampler *s)
{
    if (++s->now == 0) {
        memset(s->count_at, 0, s->n_vocab * sizeof *s->count_at);
        s->now = 1;
    }
}

static void penalise_said(struct sampler *s)
{
    const struct sampler_params *p = &s->params;
    size_t n = n_back(s, p->penalty_window), n_counted = 0;

    if (p->repetition_penalty == 1.0f && p->frequency_penalty == 0.0f && p->presence_penalty == 0.0f)
        return;
    begin_count(s);
    for (size_t i = 0; i < n; i++)
        ++*count_of(s, token_back(s, i), &n_counted);
    for (size_t i = 0; i < n_counted; i++) {
        int32_t id = s->counted[i];
        float logit = s->logits[id];
        logit = logit > 0.0f ? logit / p->repetition_penalty : logit * p->repetition_penalty;
        s->logits[id] = logit - (float)s->count[id] * p->frequency_penalty - p->presence_penalty;
    }
}

/* repeated[k]: how many tokens are the same backward from k on as from 0 on. */
static void find_repeated(const int32_t *backward, size_t n, size_t *repeated)
{
    size_t from = 0, to = 0;        /* backward[from..to) is the same as backward[0..to - from) */

    for (size_t k = 1; k < n; k++) {
        size_t same = k < to ? repeated[k - from] : 0;
        if (k < to && same > to - k)
            same = to - k;
        while (k + same < n && backward[same] == backward[k + same])
            same++;
        repeated[k] = same;
        if (k + same > to) {
            from = k;
            to = k + same;
        }
    }
}

static void penalise_dry(struct sampler *s)
{
    const struct sampler_params *p = &s->params;
    size_t n = p->dry_multiplier > 0.0f ? n_back(s, p->dry_range) : 0, n_counted = 0, unbroken = 0;

    for (size_t i = 0; i < n; i++)
        s->backward[i] = token_back(s, i);
    while (unbroken < n && !s->breaks[s->backward[unbroken]])
        unbroken++;
    find_repeated(s->backward, n, s->repeated);
    begin_count(s);
    for (size_t k = 1; k < n; k++) {
        size_t same = s->repeated[k] < unbroken ? s->repeated[k] : unbroken;
        int32_t next = s->backward[k - 1];
        if (same == 0 || same < p->dry_allowed_length || s->breaks[next])
            continue;
        uint32_t *longest = count_of(s, next, &n_counted);
        *longest = same > *longest ? (uint32_t)same : *longest;
    }
    for (size_t i = 0; i < n_counted; i++) {
        int32_t id = s->counted[i];
        double penalty = (double)p->dry_multiplier * pow((double)p->dry_base, (double)(s->count[id] - p->dry_allowed_length));
        s->logits[id] -= (float)fmin(penalty, 1e30);            /* unlikely, not impossible */
    }
}

void sampler_penalise(struct sampler *s, const float *logits)
{
    const struct sampler_params *p = &s->params;

    memcpy(s->logits, logits, s->n_vocab * sizeof *s->logits);
    for (size_t i = 0; i < p->n_biases; i++)
        if (p->biases[i].id >= 0 && (size_t)p->biases[i].id < s->n_vocab)
            s->logits[p->biases[i].id] += p->biases[i].bias;
    penalise_said(s);
    penalise_dry(s);
}
