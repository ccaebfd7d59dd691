/* rotation.h - how far the pairs of a head turn from one position to the next.
 *
 *   frequency[i] = theta^(-2 i / n_rot), i < n_rot / 2      Su et al. 2021, arXiv:2104.09864
 *
 * and what models that were stretched to longer texts make of it:
 *   linear      frequency / factor                          Chen et al. 2023, arXiv:2306.15595
 *   yarn        slow pairs as linear, fast ones as they are  Peng et al. 2023, arXiv:2309.00071
 *   longrope    frequency / factors[i], one list for contexts as long as in the first
 *               training and one for longer ones             Ding et al. 2024, arXiv:2402.13753
 *   rope_freqs  frequency / factors[i]                       Llama 3.1 and later
 *   sections    as many pairs turn by time, then by row, then by column (places.h)
 * With yarn and longrope queries and keys also grow: `magnitude`. */
#ifndef TEXT_ROTATION_H
#define TEXT_ROTATION_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"
#include "text/settings.h"
#include "text/places.h"

#include <stdbool.h>
#include <stddef.h>

struct rotation {
    size_t n_rot;                   /* values of a head that are turned, from its first on */
    const double *frequency;        /* [n_rot / 2], radians per position */
    const double *frequency_long;   /* for contexts of more than n_ctx_short positions; or the same */
    size_t n_ctx_short;
    float magnitude;                /* of what has been turned; 1: as it was */
    const uint8_t *axis;            /* [n_rot / 2]: by which number of its place a pair turns; NULL: positions have no axes */
};

/* Factors by pair, as a file's tensors have them: F32 [n_rot / 2], or NULL. */
struct rotation_factors {
    const struct tensor *all, *for_short, *for_long;
};

/* From rope.* settings; tables come from `arena`.  axes: by rope.dimension_sections. */
bool rotation_open(struct rotation *r, const struct settings *s, const struct rotation_factors *factors,
                   size_t n_rot, size_t n_ctx_train, bool axes, struct arena *arena, struct error *err);
/* theta^(-2 i / n_rot) and nothing else, whatever the settings are. */
bool rotation_plain(struct rotation *r, float theta, size_t n_rot, struct arena *arena, struct error *err);

/* cos and sin for n positions from pos0 on, in a context of n_ctx: turns [n][n_rot] (ops_rope_turns). */
void rotation_turns(const struct rotation *r, const struct compute *c, size_t n_ctx, size_t n, size_t pos0, float *turns);
/* Likewise for n places [n][PLACES_AXES] (places.h) of a model whose positions have axes. */
void rotation_turns_at(const struct rotation *r, const struct compute *c, size_t n_ctx, size_t n, const int32_t *places, float *turns);

#endif
