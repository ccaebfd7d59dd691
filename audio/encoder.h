/* encoder.h - an audio encoder with its projector: a clip in, rows of one text model's embedding out.
 *
 *   samples [n] f32, 16 kHz -> log-mel [n_frames][n_mels] -> windows of 30 s -> conv 3, conv 3 with stride 2 (GELU)
 *     -> + positions -> transformer (tensor/encoder.h), 50 positions a second
 *     -> pairs averaged, or some stacked side by side -> projector -> rows [n][n_embd] f32
 *
 * The file is what publishers call mmproj: GGUF, architecture "clip" (tensor/mmproj.h).  Types that are read:
 *
 *   ultravox   (fixie.ai, Ultravox 0.5): 8 positions in a row; RMS norm, a layer of two halves (SiLU of the second times the first),
 *              RMS norm, a layer; 6 rows a second
 *   voxtral    (Liu et al. 2025, arXiv:2507.13264): 4 in a row, silence up to whole windows; two layers with GELU between; 375 rows a window
 *   qwen2a     Qwen2-Audio (Chu et al. 2024, arXiv:2407.10759): each window a clip of its own; pairs averaged; a layer; 25 rows a second
 *   qwen2.5o   Qwen2.5-Omni (Xu et al. 2025, arXiv:2503.20215): likewise, but frames see those of their 2 s alone
 *   mynah-ears own, for the program's text model `tiny`: the encoder is Whisper's, that is there to transcribe (ears.h); 4 positions in a row,
 *              then as Ultravox
 *
 * The maths is that of transformers 5.24, models/{whisper,voxtral,qwen2_audio,qwen2_5_omni}, and of Ultravox's ultravox_model.py and
 * ultravox_processing.py; layout: llama.cpp, tools/mtmd/clip.cpp and convert_hf_to_gguf.py.
 *
 * A struct audio_encoder never changes once open; threads may share it, each with a struct compute of its own. */
#ifndef AUDIO_ENCODER_H
#define AUDIO_ENCODER_H

#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/media_rows.h"

#include <stdbool.h>
#include <stddef.h>

struct whisper;                     /* audio.h */
struct audio_encoder;

/* ERROR_MODEL names the file and the key or tensor that is missing or wrong. */
struct audio_encoder *audio_encoder_open(const char *path, const struct compute *c, struct error *err);
/* As gguf_open_bytes. */
struct audio_encoder *audio_encoder_open_bytes(const char *name, const void *bytes, size_t n_bytes, const struct compute *c, struct error *err);
void audio_encoder_close(struct audio_encoder *e);          /* NULL is fine */

const char *audio_encoder_type(const struct audio_encoder *e);      /* the file's projector type; borrowed */
const char *audio_encoder_id(const struct audio_encoder *e);        /* file_stamp of the file, borrowed; "": of bytes */
size_t audio_encoder_n_embd(const struct audio_encoder *e);         /* width of a row: the text model's n_embd */
/* Of mynah-ears: general.name of the text model that it was made for; NULL for others. */
const char *audio_encoder_text_model(const struct audio_encoder *e);
/* Where the encoder is Whisper's: does this one fit?  ERROR_MODEL when it does not.  True for other types. */
bool audio_encoder_suits(const struct audio_encoder *e, const struct whisper *w, struct error *err);

/* What encoding n_samples takes; nothing is computed. */
struct audio_plan {
    size_t n_windows, n_rows;       /* the encoder runs n_windows times; rows of all */
    size_t n_bytes;                 /* of memory meanwhile, about, the rows included */
};
struct audio_plan audio_encoder_plan(const struct audio_encoder *e, size_t n_samples);

/* Called before each window, with those that are done; may be NULL. */
typedef void audio_encoder_progress(void *user, size_t n_done, size_t n_windows);

/* samples [n_samples], mono at 16 kHz, n_samples >= 1.  w: for mynah-ears one that suits, else not looked at.  The caller frees the rows.
 * NULL and *err when memory runs out or the user cancels, which is looked for between layers. */
struct media_rows *audio_encoder_encode(const struct audio_encoder *e, const struct whisper *w, const struct compute *c, const float *samples,
                                        size_t n_samples, audio_encoder_progress *progress, void *user, struct error *err);

#endif
