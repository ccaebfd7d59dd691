/* whisper_encoder.h - one window of sound to rows.
 *
 *   mel [2 n_audio_ctx][n_mels] -> conv 3 GELU -> conv 3, stride 2, GELU -> + positions
 *     -> n_audio_layer x (norm, attention, +; norm, MLP with GELU, +) -> norm -> [n_audio_ctx][n_state]
 *
 * Radford et al. 2022, arXiv:2212.04356, section 2.2.
 *
 * The silence that fills a window up costs less than sound.  Positions of the sound and
 * half a second more have a row each; of those after them every third has one, which
 * stands for its neighbours: log 3 is added to its score wherever it is a key, as if it
 * were there three times.  Three, because the positions' fastest wave turns by one radian
 * a position and a step of pi would alias; the last position, where the convolutions meet
 * the window's end, stands for itself.  The first layer's keys and values are those of
 * all positions: there silence looks at its nearest neighbours, and sampling would be
 * seen (relative squared error 1e-2 and more in place of 1e-4).  On the sound's rows the
 * squared error is below 1e-3 of the size (tests/weights_whisper.c). */
#ifndef AUDIO_WHISPER_ENCODER_H
#define AUDIO_WHISPER_ENCODER_H

#include "audio/whisper_model.h"

struct whisper_rows {
    float *x;                       /* [n][n_state] */
    float *bias;                    /* [n]: log of the number of positions that a row stands for */
    size_t n;                       /* n_audio_ctx: all positions, bias is 0 */
};

/* mel is silence from frame n_frames on; 2 n_audio_ctx when it is not known to be, or every
 * position is wanted.  rows: memory for n_audio_ctx of them, n is set.  scratch is as it was. */
bool whisper_encode(const struct whisper *w, const struct compute *c, struct arena *scratch, const float *mel,
                    size_t n_frames, struct whisper_rows *rows, struct error *err);

/* The sound alone, without the silence that the decoder wants after it: mel [2 n][n_mels], n from 1 to
 * n_audio_ctx -> x [n][n_state].  Not what whisper_encode gives for these positions: those see the silence. */
bool whisper_encode_alone(const struct whisper *w, const struct compute *c, struct arena *scratch, const float *mel, size_t n, float *x,
                          struct error *err);

#endif
