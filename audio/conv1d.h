/* conv1d.h - the convolutions before Whisper's encoder: three frames wide.
 *
 * Radford et al. 2022, arXiv:2212.04356, section 2.2. */
#ifndef AUDIO_CONV1D_H
#define AUDIO_CONV1D_H

#include "base/arena.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"

/* y [n_out][d] = GELU(w * windows + bias): window t is rows t stride - 1, t stride, t stride + 1 of x [n][n_in], zeros where
 * there are none.  weight [d][3][n_in]: a row per output, time before channel; bias [d].  scratch is as it was. */
bool conv1d(const struct compute *c, struct arena *scratch, const struct tensor *weight, const float *bias, const float *x, size_t n,
            size_t stride, size_t n_out, float *y, struct error *err);

/* weight as files of PyTorch's convolutions have it, [d][n_in][3] in F32, F16 or BF16, as conv1d wants it; from `arena`. */
const struct tensor *conv1d_turned(const struct tensor *weight, struct arena *arena, struct error *err);

#endif
