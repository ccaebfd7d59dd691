/* sampler_parts.h - what is held between tokens, and the penalties (sampler_penalty.c). */
#ifndef TEXT_SAMPLER_PARTS_H
#define TEXT_SAMPLER_PARTS_H

#include "text/sampler.h"

struct candidate {
    float logit;
    int32_t id;
};

struct sampler {
    struct sampler_params params;
    size_t n_vocab;
    uint64_t state;                 /* of the random numbers */
    double mirostat_mu;             /* surprise that is not gone beyond, bits */
    float *logits;                  /* [n_vocab] with penalties */
    struct candidate *heap;         /* [n_vocab] */
    double *weights;                /* [n_vocab] of the candidates taken */
    struct candidate *typical;      /* [n_vocab] by how far from typical; NULL when that is off */

    int32_t *recent;                /* [n_ring], a ring of the last tokens */
    size_t n_ring, n_seen;          /* tokens so far */
    uint32_t *count;                /* [n_vocab], good where count_at is now */
    uint32_t *count_at, now;
    int32_t *counted;               /* [n_ring] ids that are counted */
    int32_t *backward;              /* [dry_range] the last tokens, the last first */
    size_t *repeated;               /* [dry_range] length that is the same from there on as from 0 on */
    bool *breaks;                   /* [n_vocab] DRY's breakers; NULL when that is off */
};

bool sampler_penalty_init(struct sampler *s);   /* false: no memory */
void sampler_penalty_done(struct sampler *s);
/* s->logits from the model's. */
void sampler_penalise(struct sampler *s, const float *logits);

#endif
