/* mel.h - log-mel spectrogram, as Whisper was trained on.
 *
 *   samples -> frames of 400 (25 ms), every 160 (10 ms), Hann -> |DFT|^2 [201]
 *           -> mel filters [n_mels] -> log10, floor 8 below the samples' maximum, (x + 4) / 4
 *
 * Computed for a window of a recording at a time, as transformers' WhisperFeatureExtractor does:
 * a loud noise elsewhere does not raise the floor.
 * Source: github.com/openai/whisper, whisper/audio.py (log_mel_spectrogram). */
#ifndef AUDIO_MEL_H
#define AUDIO_MEL_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"

#include <stddef.h>

#define MEL_HZ 16000
#define MEL_N_FFT 400
#define MEL_HOP 160
#define MEL_BINS (MEL_N_FFT / 2 + 1)
#define MEL_FRAMES_PER_SECOND 100

struct mel {
    float *data;                    /* [n_frames][n_mels] */
    size_t n_frames, n_mels;        /* frames that the sound touches; silence follows */
    float silence;                  /* value of every mel after them */
};

/* filters [n_mels][MEL_BINS]; the caller frees with mel_done.  scratch is as it was. */
bool mel_compute(struct mel *mel, const struct compute *c, struct arena *scratch, const float *filters,
                 size_t n_mels, const float *samples, size_t n_samples, struct error *err);
/* Of a clip that is n_padded samples long, a multiple of MEL_HOP and at least 2 MEL_HOP: silence after n_samples, and mirrored
 * at its end, too, as a spectrogram of torch.stft is.  n_padded / MEL_HOP frames; the floor is below their own maximum. */
bool mel_compute_padded(struct mel *mel, const struct compute *c, struct arena *scratch, const float *filters, size_t n_mels,
                        const float *samples, size_t n_samples, size_t n_padded, struct error *err);
void mel_done(struct mel *mel);

/* Frames first .. first + n - 1, silence where there are none: out [n][n_mels]. */
void mel_window(const struct mel *mel, size_t first, size_t n, float *out);

/* filters [n_mels][MEL_BINS], triangles of the same area: those of Whisper's own files for 80 and 128. */
void mel_filters(size_t n_mels, float *filters);

#endif
