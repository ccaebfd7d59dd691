#include "text/lookup.h"

#include <stdbool.h>
#include <string.h>

#define LONGEST 32                  /* tokens compared: longer matches are no better */
#define OF_LATE 8                   /* a time that is newest weighs an eighth, a guess half of that */
#define FORGETTING 0.005            /* of a guess not made, towards the first estimate */
#define COST 0.15                   /* before it is measured; then between ... */
#define COST_LEAST 0.05
#define COST_MOST 0.85              /* ... less than long matches are right: they are always tried, times vary */

/* By length of the match, how often the next token is right before anything is known: about
 * as in tests/lookup/quoting.txt.  A single token that matches is right too rarely. */
static const struct { size_t length; double right; } kinds[LOOKUP_N_KINDS] = {
    { 2, 0.6 }, { 3, 0.7 }, { 4, 0.8 }, { 8, 0.95 },
};

void lookup_init(struct lookup *l)
{
    *l = (struct lookup){ .cost = COST };
    lookup_reset(l);
}

void lookup_reset(struct lookup *l)
{
    for (size_t i = 0; i < LOOKUP_N_KINDS; i++)
        l->right[i] = kinds[i].right;
    l->n_guess = l->n_guessed = l->n_right = 0;
}

/* The mean at first, then mostly of what is newest. */
static void average(double *mean, size_t *n, double value)
{
    if (*n < OF_LATE)
        ++*n;
    *mean += (value - *mean) / (double)*n;
}

void lookup_timed(struct lookup *l, size_t n_rows, double ms)
{
    if (n_rows == 1) {
        if (ms < l->step_ms / 2)                        /* the steps before were held up: weights came from disk */
            l->n_steps = 0;
        average(&l->step_ms, &l->n_steps, ms);
        return;
    }
    if (!(l->step_ms > 0.0))
        return;
    double cost = (ms / l->step_ms - 1.0) / (double)(n_rows - 1);
    average(&l->cost, &l->n_longer, cost < COST_LEAST ? COST_LEAST : cost > COST_MOST ? COST_MOST : cost);
}

/* The tokens of the last guess up to the first wrong one, as far as they are known. */
static void learn(struct lookup *l, const int32_t *ids, size_t n)
{
    for (size_t i = 0; i < l->n_guess && l->at + i < n; i++) {
        bool right = ids[l->at + i] == l->guess[i];
        l->right[l->kind] += ((right ? 1.0 : 0.0) - l->right[l->kind]) / (2 * OF_LATE);
        l->n_right += right;
        if (!right)
            break;
    }
    l->n_guess = 0;
}

/* Tokens before `end` that are those before n, LONGEST at most. */
static size_t match_length(const int32_t *ids, size_t n, size_t end)
{
    size_t length = 0;

    while (length < LONGEST && length < end && ids[end - 1 - length] == ids[n - 1 - length] && ids[n - 1 - length] >= 0)
        length++;
    return length;
}

/* The end of the longest match, of these the latest; its length, 0 when there is none. */
static size_t find(const int32_t *ids, size_t n, size_t *end)
{
    size_t longest = 0;

    for (size_t i = n - 1; i > 0 && longest < LONGEST; i--) {
        if (ids[i - 1] != ids[n - 1])
            continue;
        size_t length = match_length(ids, n, i);
        if (length > longest) {
            longest = length;
            *end = i;
        }
    }
    return longest;
}

/* With k guesses, each right with probability p as long as those before it were, a step
 * gives 1 + p + ... + p^k tokens and costs 1 + k cost; the k that gives most for its cost. */
static size_t worth(double p, double cost, size_t n_most)
{
    size_t best = 0;
    double most = 1.0, chance = 1.0, tokens = 1.0;

    for (size_t k = 1; k <= n_most; k++) {
        chance *= p;
        tokens += chance;
        if (tokens / (1.0 + cost * (double)k) > most) {
            most = tokens / (1.0 + cost * (double)k);
            best = k;
        }
    }
    return best;
}

size_t lookup_guess(struct lookup *l, const int32_t *ids, size_t n, size_t n_most, int32_t *guess)
{
    size_t end = 0, kind = LOOKUP_N_KINDS;

    learn(l, ids, n);
    size_t length = n > 0 ? find(ids, n, &end) : 0;
    while (kind > 0 && length < kinds[kind - 1].length)
        kind--;
    if (kind-- == 0)
        return 0;
    n_most = worth(l->right[kind], l->cost, n_most < LOOKUP_MOST ? n_most : LOOKUP_MOST);
    if (n_most == 0)
        l->right[kind] += FORGETTING * (kinds[kind].right - l->right[kind]);
    size_t k = 0;
    for (; k < n_most; k++) {
        guess[k] = end + k < n ? ids[end + k] : guess[end + k - n];     /* what repeats itself goes on to */
        if (guess[k] < 0)
            break;
    }
    memcpy(l->guess, guess, k * sizeof *guess);
    l->n_guess = k;
    l->at = n;
    l->kind = kind;
    l->n_guessed += k;
    return k;
}
