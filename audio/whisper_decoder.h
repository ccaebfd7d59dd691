/* whisper_decoder.h - rows of the encoder and tokens so far to logits of the next.
 *
 *   token + position -> n_text_layer x (norm, causal attention over the cache, +;
 *     norm, attention over the window's rows, +; norm, MLP with GELU, +) -> norm
 *     -> token embedding^T -> logits [n_vocab]
 *
 * Keys and values are kept in F16; those over the window are computed once per
 * window.  Several sequences of tokens may go on side by side, each with keys and values
 * of its own: one pass appends a token to each, so the weights are read once.  A decoder belongs to one thread and allocates nothing per token.
 * Radford et al. 2022, arXiv:2212.04356, section 2.2. */
#ifndef AUDIO_WHISPER_DECODER_H
#define AUDIO_WHISPER_DECODER_H

#include "audio/whisper_encoder.h"
#include "audio/whisper_model.h"

struct whisper_decoder;

/* n_sequences >= 1: how many there may be. */
struct whisper_decoder *whisper_decoder_new(const struct whisper *w, const struct compute *c, size_t n_sequences, struct error *err);
void whisper_decoder_free(struct whisper_decoder *d);       /* NULL is fine */

/* The window that is transcribed from now on; no tokens yet.  rows is not needed afterwards. */
bool whisper_decoder_start(struct whisper_decoder *d, const struct whisper_rows *rows, struct error *err);
/* Forgets the tokens, keeps the window. */
void whisper_decoder_rewind(struct whisper_decoder *d);

/* Appends ids [n], n >= 1, to sequence 0; *logits [n_vocab] predict what follows the last one
 * and are the caller's to change until the next call.  Together at most n_text_ctx. */
bool whisper_decoder_feed(struct whisper_decoder *d, const int32_t *ids, size_t n, float **logits, struct error *err);

/* Appends ids[i] to sequence[i], i < n; these are different ones, and equally long.  *logits
 * [n][n_vocab], as above; each row has the bits that it has alone up to OPS_SAME_ROWS of them. */
bool whisper_decoder_step(struct whisper_decoder *d, const size_t *sequence, const int32_t *ids, size_t n, float **logits,
                          struct error *err);
/* Sequence `to` becomes what `from` is; they share their first n_same tokens already. */
void whisper_decoder_copy(struct whisper_decoder *d, size_t from, size_t to, size_t n_same);

/* What sequence 0's tokens look at: for each head that is wanted, a softmax over the window's first
 * n_frames rows, weights [n][n_frames], which are the watcher's to change. */
struct whisper_watch {
    size_t n_frames;
    bool (*wants)(void *user, size_t i_layer, size_t i_head);
    void (*take)(void *user, float *weights, size_t n, size_t n_frames);
    void *user;
};
/* Appends ids [n] to sequence 0, watched.  p [n - 2 - first]: probability of ids[i + 1] among the ordinary
 * tokens after ids[i], i = first .. n - 3 (the last id is the end). */
bool whisper_decoder_watch(struct whisper_decoder *d, const int32_t *ids, size_t n, size_t first, const struct whisper_watch *watch,
                           float *p, struct error *err);
size_t whisper_decoder_length(const struct whisper_decoder *d);         /* tokens fed */

#endif
