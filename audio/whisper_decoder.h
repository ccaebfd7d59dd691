/* whisper_decoder.h - rows of the encoder and tokens so far to logits of the next.
 *
 *   token + position -> n_text_layer x (norm, causal attention over the cache, +;
 *     norm, attention over the window's rows, +; norm, MLP with GELU, +) -> norm
 *     -> token embedding^T -> logits [n_vocab]
 *
 * Keys and values are kept in F16; those over the window are computed once per
 * window.  A decoder belongs to one thread and allocates nothing per token.
 * Radford et al. 2022, arXiv:2212.04356, section 2.2. */
#ifndef AUDIO_WHISPER_DECODER_H
#define AUDIO_WHISPER_DECODER_H

#include "audio/whisper_encoder.h"
#include "audio/whisper_model.h"

struct whisper_decoder;

struct whisper_decoder *whisper_decoder_new(const struct whisper *w, const struct compute *c, struct error *err);
void whisper_decoder_free(struct whisper_decoder *d);       /* NULL is fine */

/* The window that is transcribed from now on; no tokens yet.  rows is not needed afterwards. */
bool whisper_decoder_start(struct whisper_decoder *d, const struct whisper_rows *rows, struct error *err);
/* Forgets the tokens, keeps the window. */
void whisper_decoder_rewind(struct whisper_decoder *d);

/* Appends ids [n], n >= 1; *logits [n_vocab] predict what follows the last one and
 * are the caller's to change until the next call.  Together at most n_text_ctx. */
bool whisper_decoder_feed(struct whisper_decoder *d, const int32_t *ids, size_t n, float **logits, struct error *err);

#endif
