/* ears.h - one window of a clip through a Whisper model that is there anyway, for a projector of our own.
 *
 *   samples, to whole positions of 20 ms -> log-mel [2 n][n_mels] -> whisper_encode_alone -> [n][n_state]
 *
 * What audio/encoder.h does for a published encoder, with the weights of a ggml-*.bin. */
#ifndef AUDIO_EARS_H
#define AUDIO_EARS_H

#include "audio/whisper_model.h"

#define EARS_POSITION_SAMPLES 320
#define EARS_WINDOW_SAMPLES (30 * AUDIO_HZ)

/* Positions of n_samples, at least 1. */
size_t ears_n_positions(size_t n_samples);

/* x [ears_n_positions(n_samples)][n_state]; n_samples at most EARS_WINDOW_SAMPLES.  scratch is as it was. */
bool ears_listen(const struct whisper *w, const struct compute *c, struct arena *scratch, const float *samples, size_t n_samples, float *x,
                 struct error *err);

#endif
