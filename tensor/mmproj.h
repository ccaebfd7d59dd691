/* mmproj.h - what a projector file ("mmproj") says of itself, checked.
 *
 * Such a file holds an encoder for pictures, one for sound, or both, each with the layers that
 * turn its output into rows of a text model's embedding.  Its keys:
 *
 *   general.architecture                     "clip", whatever the encoder is
 *   clip.has_vision_encoder, clip.has_audio_encoder
 *   clip.projector_type                      or, of a file with both, clip.vision.projector_type ...
 *   clip.use_gelu, clip.use_silu             the activation; neither: "quick" GELU
 *   clip.vision.embedding_length, ...        sizes, clip.audio.* likewise
 *
 * Nothing a file says is used before it was checked: each getter takes the bounds that its
 * value has to keep, and *err names the file, the key, what was found and what is possible.
 * Format: llama.cpp, tools/mtmd/clip-impl.h and gguf-py/gguf/constants.py (keys), convert_hf_to_gguf.py. */
#ifndef TENSOR_MMPROJ_H
#define TENSOR_MMPROJ_H

#include "base/error.h"
#include "tensor/encoder.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mmproj_kind { MMPROJ_VISION, MMPROJ_AUDIO };

/* Is it a projector file with an encoder of any kind?  ERROR_MODEL says what it is instead. */
bool mmproj_check(const struct gguf *g, struct error *err);
bool mmproj_has(const struct gguf *g, enum mmproj_kind kind);
/* As mmproj_check, and that there is an encoder of this kind. */
bool mmproj_check_kind(const struct gguf *g, enum mmproj_kind kind, struct error *err);

/* The projector's name such as "idefics3", borrowed from g; NULL and *err when there is none. */
const char *mmproj_projector_type(const struct gguf *g, enum mmproj_kind kind, struct error *err);

/* Values of "clip.vision.KEY" or "clip.audio.KEY".  *to is as it was when false comes back; an
 * _or stores `otherwise` when the file has no such key (a value of the wrong kind is refused). */
bool mmproj_count(const struct gguf *g, enum mmproj_kind kind, const char *key, size_t least, size_t most, size_t *to,
                  struct error *err);
bool mmproj_count_or(const struct gguf *g, enum mmproj_kind kind, const char *key, size_t least, size_t most, size_t otherwise,
                     size_t *to, struct error *err);
/* Greater than `above` and less than `below`, so never NaN. */
bool mmproj_float(const struct gguf *g, enum mmproj_kind kind, const char *key, float above, float below, float *to,
                  struct error *err);
/* An array of exactly three such numbers. */
bool mmproj_floats3(const struct gguf *g, enum mmproj_kind kind, const char *key, float above, float below, float to[3],
                    struct error *err);
/* An array of at most n_most numbers from least to most; *n is 0 without the key. */
bool mmproj_counts(const struct gguf *g, enum mmproj_kind kind, const char *key, int32_t least, int32_t most, size_t n_most,
                   int32_t *to, size_t *n, struct error *err);

/* The width of the rows that the text model is to have: clip.*.projection_dim. */
bool mmproj_n_embd(const struct gguf *g, enum mmproj_kind kind, size_t *n_embd, struct error *err);

/* What encoder_open is to be told: sizes and eps as the file has them, layer norm, and the
 * activation of clip.use_gelu (the tanh form), clip.use_silu or neither (quick).  Families
 * whose reference has another norm or activation change those two. */
bool mmproj_encoder(const struct gguf *g, enum mmproj_kind kind, struct encoder_params *params, struct error *err);

#endif
