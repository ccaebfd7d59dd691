/* encoder_speed.h - how long a row of an encoder took on this machine, for another day.
 *
 *   $XDG_CACHE_HOME/mynah/speed/SHA256 of the encoder, kernels and threads: "mynah speed 1 12.250\n", milliseconds
 */
#ifndef FUSION_ENCODER_SPEED_H
#define FUSION_ENCODER_SPEED_H

#include "tensor/compute.h"

#include <stddef.h>

/* Milliseconds a row; 0: it was never measured.  encoder: image_encoder_id. */
double encoder_speed(const char *encoder, const struct compute *c);
/* The newest counts half: other programs come and go. */
void encoder_speed_learn(const char *encoder, const struct compute *c, size_t n_rows, double ms);

#endif
