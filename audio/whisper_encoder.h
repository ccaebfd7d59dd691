/* whisper_encoder.h - one window of sound to rows.
 *
 *   mel [2 n_audio_ctx][n_mels] -> conv 3 GELU -> conv 3, stride 2, GELU -> + positions
 *     -> n_audio_layer x (norm, attention, +; norm, MLP with GELU, +) -> norm -> [n_audio_ctx][n_state]
 *
 * Radford et al. 2022, arXiv:2212.04356, section 2.2. */
#ifndef AUDIO_WHISPER_ENCODER_H
#define AUDIO_WHISPER_ENCODER_H

#include "audio/whisper_model.h"

/* scratch is as it was. */
bool whisper_encode(const struct whisper *w, const struct compute *c, struct arena *scratch, const float *mel,
                    float *out, struct error *err);

#endif
