/* sampler.h - from logits to one token.
 *
 *   logits -> + bias -> repetition, frequency and presence penalties -> DRY -> what a grammar allows
 *          -> temperature 0: the largest
 *          -> / temperature -> top-k -> top-p -> min-p -> typical -> draw
 *                           -> mirostat in place of these four    -> draw
 *
 * Penalties look at the answer alone, not at the prompt.  Draws are SplitMix64's: a seed gives the
 * same answer on every machine.  A sampler belongs to one thread. */
#ifndef TEXT_SAMPLER_H
#define TEXT_SAMPLER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct constraint;

struct sampler_bias {
    int32_t id;
    float bias;                     /* -INFINITY: never */
};

struct sampler_params {
    float temperature;              /* 0: greedy */
    size_t top_k;                   /* 0: off */
    float top_p;                    /* 1: off */
    float min_p;                    /* 0: off */
    float typical_p;                /* 1: off */
    float repetition_penalty;       /* 1: off; over the last penalty_window tokens, as the next two */
    float frequency_penalty;        /* 0: off; for each time that a token stands there */
    float presence_penalty;         /* 0: off; once, when it does */
    size_t penalty_window;
    float dry_multiplier;           /* 0: off */
    float dry_base;                 /* for each token by which a repetition is longer than dry_allowed_length */
    size_t dry_allowed_length, dry_range;       /* tokens; of the last dry_range */
    const int32_t *dry_breakers;    /* [n_dry_breakers] ids that no repetition goes across; borrowed */
    size_t n_dry_breakers;
    float mirostat_tau;             /* bits of surprise to be kept to; 0: off */
    float mirostat_eta;             /* how fast */
    const struct sampler_bias *biases;          /* [n_biases], borrowed; ids that are none count for nothing */
    size_t n_biases;
    uint64_t seed;
};
struct sampler_params sampler_params_default(void);

struct sampler;
struct sampler *sampler_new(const struct sampler_params *params, size_t n_vocab, struct error *err);
void sampler_free(struct sampler *s);                       /* NULL is fine */
int32_t sampler_next(struct sampler *s, const float *logits);       /* also remembers it */
/* As if the logits of what c does not allow were -INFINITY; c takes the token.  c may be NULL.
 * ERROR_INFERENCE when nothing is allowed. */
bool sampler_next_allowed(struct sampler *s, const float *logits, struct constraint *c, int32_t *id, struct error *err);
/* As if it had been sampled: an answer that goes on is penalised for how it began. */
void sampler_remember(struct sampler *s, int32_t id);

#endif
