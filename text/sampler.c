/* sampler.c - candidates taken and drawn; the order is told in sampler.h.
 *
 * Top-k: Fan et al. 2018, arXiv:1805.04833.  Top-p: Holtzman et al. 2019, arXiv:1904.09751.  Min-p: Nguyen et
 * al. 2024, arXiv:2407.01082.  Typical: Meister et al. 2022, arXiv:2202.00666.  Their order is that of the
 * transformers library.  Mirostat 2: Basu et al. 2021, arXiv:2007.14966, algorithm 2; surprise is
 * counted in the whole distribution, as in the authors' program.
 *
 * Candidates leave a heap, most probable first, until a limit is met: that takes few
 * steps, where sorting would take many.  With top-k only the k best come into it, found
 * in one pass over the vocabulary. */
#include "text/sampler.h"

#include "text/grammar.h"
#include "text/sampler_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct sampler_params sampler_params_default(void)
{
    return (struct sampler_params){
        .temperature = 0.7f, .top_k = 20, .top_p = 0.8f, .min_p = 0.0f,     /* Qwen2.5's generation_config.json */
        .typical_p = 1.0f, .repetition_penalty = 1.0f, .penalty_window = 256,
        .dry_base = 1.75f, .dry_allowed_length = 2, .dry_range = 2048,      /* its author's; off by its multiplier */
        .mirostat_eta = 0.1f, .seed = 0,
    };
}

/* One of a table of limits: `least` itself is allowed unless the value has to be above it. */
struct limit { const char *name, *what; float value, least, most; bool above; };

static bool check_params(const struct sampler_params *p, struct error *err)
{
    const struct limit limits[] = {
        { "temperature", "0 (greedy) or more", p->temperature, 0, INFINITY, false },
        { "top-p", "above 0 and at most 1 (off)", p->top_p, 0, 1, true },
        { "min-p", "0 (off) to 1", p->min_p, 0, 1, false },
        { "typical-p", "above 0 and at most 1 (off)", p->typical_p, 0, 1, true },
        { "repetition penalty", "above 0; 1 is off", p->repetition_penalty, 0, INFINITY, true },
        { "frequency penalty", "a number; 0 is off", p->frequency_penalty, -INFINITY, INFINITY, true },
        { "presence penalty", "a number; 0 is off", p->presence_penalty, -INFINITY, INFINITY, true },
        { "DRY's multiplier", "0 (off) or more", p->dry_multiplier, 0, INFINITY, false },
        { "DRY's base", "1 or more", p->dry_base, 1, INFINITY, false },
        { "mirostat's tau", "0 (off) or more", p->mirostat_tau, 0, INFINITY, false },
        { "mirostat's eta", "above 0 and at most 1", p->mirostat_eta, 0, 1, true },
    };

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const struct limit *l = &limits[i];
        if (!isfinite(l->value) || l->value < l->least || l->value > l->most || (l->above && l->value == l->least))
            return error_set(err, ERROR_USAGE, "%s %g: expected %s", l->name, (double)l->value, l->what);
    }
    for (size_t i = 0; i < p->n_biases; i++)
        if (isnan(p->biases[i].bias) || p->biases[i].bias == INFINITY)
            return error_set(err, ERROR_USAGE, "bias of token %d: expected a number, or -inf for never", (int)p->biases[i].id);
    return p->dry_range <= 1u << 24 && p->penalty_window <= 1u << 24
        ? true : error_set(err, ERROR_USAGE, "penalties over more than %u tokens are not supported", 1u << 24);
}

struct sampler *sampler_new(const struct sampler_params *params, size_t n_vocab, struct error *err)
{
    if (!check_params(params, err))
        return NULL;
    struct sampler *s = calloc(1, sizeof *s);
    bool good = s != NULL;
    if (good) {
        s->params = *params;
        s->n_vocab = n_vocab;
        s->state = params->seed;
        s->mirostat_mu = 2.0 * (double)params->mirostat_tau;
        s->logits = calloc(n_vocab, sizeof *s->logits);
        s->heap = calloc(n_vocab, sizeof *s->heap);
        s->weights = calloc(n_vocab, sizeof *s->weights);
        s->typical = params->typical_p < 1.0f ? calloc(n_vocab, sizeof *s->typical) : NULL;
        good = sampler_penalty_init(s) && s->logits != NULL && s->heap != NULL && s->weights != NULL &&
               (params->typical_p == 1.0f || s->typical != NULL);
    }
    if (!good) {
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
    free(s->typical);
    sampler_penalty_done(s);
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

/* Of the n gathered, those that are left in the heap while the most probable leave it: candidate
 * k is then heap[n - 1 - k], its weight weights[k]. */
struct taking { size_t n, n_heap, n_kept; float best; double sum; };

static double take(struct sampler *s, struct taking *t)
{
    if (t->n_kept == t->n - t->n_heap)
        pop(s->heap, &t->n_heap);
    return weight_of(s, s->heap[t->n - 1 - t->n_kept], t->best);
}

static void keep(struct sampler *s, struct taking *t, double weight)
{
    s->weights[t->n_kept++] = weight;
    t->sum += weight;
}

static double weigh_all(const struct sampler *s, const struct taking *t)
{
    double total = 0.0;

    for (size_t i = 0; i < t->n; i++)
        total += weight_of(s, s->heap[i], t->best);
    return total;
}

/* The likeliest that make up top_p of what top-k leaves, and are likely enough. */
static void take_likeliest(struct sampler *s, struct taking *t)
{
    const struct sampler_params *p = &s->params;
    double total = weigh_all(s, t);

    while (t->n_kept < t->n && t->sum < (double)p->top_p * total) {
        double weight = take(s, t);
        if (weight < (double)p->min_p)
            break;
        keep(s, t, weight);
    }
}

/* Of those taken the ones whose surprise is nearest to the mean of all, until they make up typical_p. */
static void keep_typical(struct sampler *s, struct taking *t)
{
    size_t n = t->n_kept, n_heap = n;
    double mean = 0.0, sum = 0.0;

    for (size_t i = 0; i < n; i++)
        if (s->weights[i] > 0.0)
            mean -= s->weights[i] / t->sum * log(s->weights[i] / t->sum);
    for (size_t i = 0; i < n; i++)
        s->typical[i] = (struct candidate){ -(float)fabs(-log(s->weights[i] / t->sum) - mean), (int32_t)i };
    make_heap(s->typical, n, before);
    while (n_heap > 0 && sum < (double)s->params.typical_p * t->sum) {
        pop(s->typical, &n_heap);
        sum += s->weights[s->typical[n_heap].id];
    }
    for (size_t i = 0; i < n_heap; i++)         /* those that are left over */
        s->weights[s->typical[i].id] = -1.0;
    t->n_kept = 0;
    t->sum = sum;
    for (size_t i = 0; i < n; i++) {
        if (s->weights[i] < 0.0)
            continue;
        s->weights[t->n_kept] = s->weights[i];
        s->heap[t->n - 1 - t->n_kept++] = s->heap[t->n - 1 - i];
    }
}

/* Those whose surprise is at most mu, but for the first. */
static void take_unsurprising(struct sampler *s, struct taking *t, double total)
{
    while (t->n_kept < t->n) {
        double weight = take(s, t);
        if (t->n_kept > 0 && -log2(weight / total) > s->mirostat_mu)
            break;
        keep(s, t, weight);
    }
}

static size_t n_gathered(const struct sampler *s)
{
    const struct sampler_params *p = &s->params;
    bool all = p->top_k == 0 || p->top_k > s->n_vocab || p->mirostat_tau > 0.0f;

    return p->temperature == 0.0f ? 1 : all ? s->n_vocab : p->top_k;
}

static int32_t draw(struct sampler *s)
{
    bool mirostat = s->params.mirostat_tau > 0.0f;
    double unit = random_unit(s), total = 0.0;
    struct taking t = { .n = gather(s, n_gathered(s)) };
    size_t i = 0;

    t.n_heap = t.n;
    t.best = t.n > 0 ? s->heap[0].logit : 0.0f;
    if (mirostat)
        take_unsurprising(s, &t, total = weigh_all(s, &t));
    else
        take_likeliest(s, &t);
    if (s->typical != NULL && !mirostat && t.n_kept > 0)
        keep_typical(s, &t);
    if (t.n_kept == 0)              /* logits that are no numbers */
        return largest(s->logits, s->n_vocab);
    for (double rest = unit * t.sum - s->weights[0]; rest >= 0.0 && i + 1 < t.n_kept; rest -= s->weights[i])
        i++;
    if (mirostat && s->weights[i] > 0.0)
        s->mirostat_mu -= (double)s->params.mirostat_eta * (-log2(s->weights[i] / total) - (double)s->params.mirostat_tau);
    return s->heap[t.n - 1 - i].id;
}

static int32_t choose(struct sampler *s)
{
    return s->params.temperature > 0.0f ? draw(s) : largest(s->logits, s->n_vocab);
}

int32_t sampler_next(struct sampler *s, const float *logits)
{
    sampler_penalise(s, logits);
    int32_t id = choose(s);
    sampler_remember(s, id);
    return id;
}

/* What is not allowed gets -INFINITY, as far as that matters: as many of the best as will be gathered
 * are looked at one by one, with some to spare; where too few of those are allowed, all tokens are. */
static bool constrain(struct sampler *s, struct constraint *c, struct error *err)
{
    enum { SPARE = 64 };
    size_t n_wanted = n_gathered(s), n_allowed = 0;

    if (n_wanted + SPARE < s->n_vocab) {
        size_t n_heap = gather(s, n_wanted + SPARE);
        while (n_heap > 0 && n_allowed < n_wanted) {
            pop(s->heap, &n_heap);
            if (constraint_allows(c, s->heap[n_heap].id))
                n_allowed++;
            else
                s->logits[s->heap[n_heap].id] = -INFINITY;
        }
        if (n_allowed == n_wanted)
            return true;
    }
    return constraint_mask(c, s->logits) > 0 || constraint_fail(c, err);
}

bool sampler_next_allowed(struct sampler *s, const float *logits, struct constraint *c, int32_t *id, struct error *err)
{
    sampler_penalise(s, logits);
    if (c != NULL && !constrain(s, c, err))
        return false;
    *id = choose(s);
    if (c != NULL && !constraint_take(c, *id, err))
        return false;
    sampler_remember(s, *id);
    return true;
}
