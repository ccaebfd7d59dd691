#include "audio/ears.h"

#include "audio/mel.h"
#include "audio/whisper_encoder.h"

size_t ears_n_positions(size_t n_samples)
{
    return n_samples == 0 ? 1 : (n_samples + EARS_POSITION_SAMPLES - 1) / EARS_POSITION_SAMPLES;
}

bool ears_listen(const struct whisper *w, const struct compute *c, struct arena *scratch, const float *samples, size_t n_samples, float *x,
                 struct error *err)
{
    size_t n = ears_n_positions(n_samples);
    struct mel mel;

    if (n > w->n_audio_ctx)
        return error_set(err, ERROR_INPUT, "%zu positions are more than the encoder's %zu", n, w->n_audio_ctx);
    if (!mel_compute_padded(&mel, c, scratch, w->filters, w->n_mels, samples, n_samples, n * EARS_POSITION_SAMPLES, err))
        return false;
    bool ok = whisper_encode_alone(w, c, scratch, mel.data, n, x, err);
    mel_done(&mel);
    return ok;
}
