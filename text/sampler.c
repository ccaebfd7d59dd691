/* sampler.c - from logits to one token.
 *
 *   logits -> repetition penalty -> temperature 0: the largest
 *                                -> / temperature -> top-k -> top-p -> min-p -> draw
 *
 * Repetition penalty: Keskar et al. 2019, arXiv:1909.05858.  Top-k: Fan et al. 2018,
 * arXiv:1805.04833.  Top-p: Holtzman et al. 2019, arXiv:1904.09751.  Min-p: Nguyen et
 * al. 2024, arXiv:2407.01082.  The order is that of the transformers library.
 *
 * Candidates leave a heap, most probable first, until a limit is met: that takes few
 * steps, where sorting would take many.  With top-k only the k best come into it, found
 * in one pass over the vocabulary. */
#include "text/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct candidate {
    float logit;
    int32_t id;
};

struct sampler {
    struct sampler_params params;
    size_t n_vocab;
    uint64_t state;                 /* of the random numbers */
    float *logits;                  /* [n_vocab] with penalties */
    struct candidate *heap;         /* [n_vocab] */
    double *weights;                /* [n_vocab] of the candidates taken */
    int32_t *recent;                /* [penalty_window], a ring */
    size_t n_seen;                  /* tokens so far */
};

struct sampler_params sampler_params_default(void)
{
    return (struct sampler_params){
        .temperature = 0.7f, .top_k = 20, .top_p = 0.8f, .min_p = 0.0f,     /* Qwen2.5's generation_config.json */
        .repetition_penalty = 1.0f, .penalty_window = 256, .seed = 0,
    };
}

static bool check_params(const struct sampler_params *p, struct error *err)
{
    if (!(p->temperature >= 0.0f) || !isfinite(p->temperature))
        return error_set(err, ERROR_USAGE, "temperature %g: expected 0 (greedy) or more", (double)p->temperature);
    if (!(p->top_p > 0.0f && p->top_p <= 1.0f))
        return error_set(err, ERROR_USAGE, "top-p %g: expected above 0 and at most 1 (off)", (double)p->top_p);
    if (!(p->min_p >= 0.0f && p->min_p <= 1.0f))
        return error_set(err, ERROR_USAGE, "min-p %g: expected 0 (off) to 1", (double)p->min_p);
    if (!(p->repetition_penalty > 0.0f) || !isfinite(p->repetition_penalty))
        return error_set(err, ERROR_USAGE, "repetition penalty %g: expected above 0; 1 is off",
                         (double)p->repetition_penalty);
    return true;
}

struct sampler *sampler_new(const struct sampler_params *params, size_t n_vocab, struct error *err)
{
    if (!check_params(params, err))
        return NULL;
    struct sampler *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->params = *params;
        s->n_vocab = n_vocab;
        s->state = params->seed;
        s->logits = calloc(n_vocab, sizeof *s->logits);
        s->heap = calloc(n_vocab, sizeof *s->heap);
        s->weights = calloc(n_vocab, sizeof *s->weights);
        s->recent = calloc(params->penalty_window + 1, sizeof *s->recent);
    }
    if (s == NULL || s->logits == NULL || s->heap == NULL || s->weights == NULL || s->recent == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to sample from %zu tokens", n_vocab);
        sampler_free(s);
        return NULL;
    }
    return s;
}

void sampler_free(struct sampler *s)
{
    if (s == NULL)
        return;
    free(s->logits);
    free(s->heap);
    free(s->weights);
    free(s->recent);
    free(s);
}

/* SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.  [0, 1). */
static double random_unit(struct sampler *s)
{
    uint64_t z = s->state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-53;
}

static size_t n_recent(const struct sampler *s)
{
    return s->n_seen < s->params.penalty_window ? s->n_seen : s->params.penalty_window;
}

/* Once for each token, however often it stands in the window: always from the
 * model's own logit. */
static void penalise(struct sampler *s, const float *logits)
{
    memcpy(s->logits, logits, s->n_vocab * sizeof *s->logits);
    for (size_t i = 0; s->params.repetition_penalty != 1.0f && i < n_recent(s); i++) {
        int32_t id = s->recent[i];
        float logit = logits[id];
        s->logits[id] = logit > 0.0f ? logit / s->params.repetition_penalty : logit * s->params.repetition_penalty;
    }
}

/* The first index from i on, a multiple of BLOCK or n, before which nothing is above the limit:
 * whole blocks are passed over by comparisons that a compiler makes several of at once. */
static size_t skip_below(const float *logits, size_t i, size_t n, float limit)
{
    enum { BLOCK = 64 };

    for (; i % BLOCK == 0 && n - i >= BLOCK; i += BLOCK) {
        int n_above = 0;
        for (size_t k = 0; k < BLOCK; k++)
            n_above += logits[i + k] > limit;
        if (n_above > 0)
            break;
    }
    return i;
}

/* Of equals the lowest id; what is not a number never wins. */
static int32_t largest(const float *logits, size_t n)
{
    size_t best = 0;

    for (size_t i = 0; (i = skip_below(logits, i, n, isnan(logits[best]) ? -INFINITY : logits[best])) < n; i++)
        if (logits[i] > logits[best] || isnan(logits[best]))
            best = i;
    return (int32_t)best;
}

static bool before(struct candidate a, struct candidate b)
{
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

static bool after(struct candidate a, struct candidate b)
{
    return before(b, a);
}

/* What `first` says of two stands above in the heap. */
static void sift_down(struct candidate *heap, size_t n, size_t i, bool (*first)(struct candidate, struct candidate))
{
    struct candidate moved = heap[i];

    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && first(heap[child + 1], heap[child]))
            child++;
        if (!first(heap[child], moved))
            break;
        heap[i] = heap[child];
    }
    heap[i] = moved;
}

static void make_heap(struct candidate *heap, size_t n, bool (*first)(struct candidate, struct candidate))
{
    for (size_t i = n / 2; i-- > 0;)
        sift_down(heap, n, i, first);
}

/* The n_most best, least probable on top while they are gathered: what is better takes its
 * place.  Then a heap with the most probable on top. */
static size_t gather(struct sampler *s, size_t n_most)
{
    struct candidate *heap = s->heap;
    size_t n = 0, i = 0;

    for (; i < s->n_vocab && n < n_most; i++)
        if (s->logits[i] > -INFINITY)
            heap[n++] = (struct candidate){ s->logits[i], (int32_t)i };
    if (i < s->n_vocab)
        make_heap(heap, n, after);
    for (; (i = skip_below(s->logits, i, s->n_vocab, heap[0].logit)) < s->n_vocab; i++)
        if (s->logits[i] > heap[0].logit) {
            heap[0] = (struct candidate){ s->logits[i], (int32_t)i };
            sift_down(heap, n, 0, after);
        }
    make_heap(heap, n, before);
    return n;
}

/* The most probable leaves the heap for the place behind it. */
static void pop(struct candidate *heap, size_t *n)
{
    struct candidate top = heap[0];

    heap[0] = heap[--*n];
    sift_down(heap, *n, 0, before);
    heap[*n] = top;
}

static double weight_of(const struct sampler *s, struct candidate c, float best)
{
    return exp(((double)c.logit - (double)best) / (double)s->params.temperature);
}

/* Weights of the candidates that may be drawn, most probable first; candidate i is
 * then heap[n - 1 - i]. */
static size_t weigh(struct sampler *s, size_t n, double *sum)
{
    const struct sampler_params *p = &s->params;
    size_t n_heap = n, n_kept = 0;
    float best = s->heap[0].logit;
    double total = 0.0;             /* of what top-k leaves: top-p counts within that */

    for (size_t i = 0; i < n; i++)
        total += weight_of(s, s->heap[i], best);
    *sum = 0.0;
    while (n_kept < n && *sum < (double)p->top_p * total) {
        if (n_kept == n - n_heap)
            pop(s->heap, &n_heap);
        double weight = weight_of(s, s->heap[n - 1 - n_kept], best);
        if (weight < (double)p->min_p)
            break;
        s->weights[n_kept++] = weight;
        *sum += weight;
    }
    return n_kept;
}

static int32_t draw(struct sampler *s)
{
    double sum, unit = random_unit(s);
    size_t n_most = s->params.top_k > 0 && s->params.top_k < s->n_vocab ? s->params.top_k : s->n_vocab;
    size_t n = gather(s, n_most), n_kept = n > 0 ? weigh(s, n, &sum) : 0, i = 0;

    if (n_kept == 0)                /* logits that are no numbers */
        return largest(s->logits, s->n_vocab);
    for (double rest = unit * sum - s->weights[0]; rest >= 0.0 && i + 1 < n_kept; rest -= s->weights[i])
        i++;
    return s->heap[n - 1 - i].id;
}

void sampler_remember(struct sampler *s, int32_t id)
{
    if (s->params.penalty_window > 0)
        s->recent[s->n_seen++ % s->params.penalty_window] = id;
}

int32_t sampler_next(struct sampler *s, const float *logits)
{
    penalise(s, logits);
    int32_t id = s->params.temperature > 0.0f ? draw(s) : largest(s->logits, s->n_vocab);
    sampler_remember(s, id);
    return id;
}
