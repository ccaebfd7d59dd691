/* head.h - a small classifier of our own on top of the frozen networks.
 *
 *   x [n_in] -> clip((x - mean) * scale, -6, 6) -> hidden [n_hidden] -> GELU
 *     -> out [n_word] -> sigmoid -> y [n_word], a probability for each word
 *
 * A GGUF file, general.architecture "mynah-head": F32 `mean`, `scale` [n_in]; Q8_0
 * `hidden.weight` [n_hidden][n_in] and `out.weight` [n_word][n_hidden]; F32
 * `hidden.bias` [n_hidden] and `out.bias` [n_word]; strings `head.words` [n_word].
 * n_in and n_hidden are multiples of 32, whoever fills x pads it with zeros.
 * GELU is the erf form (Hendrycks & Gimpel 2016).  Activations are not quantised, so
 * y is PyTorch's on the dequantised weights.  training/ makes such files.
 *
 * A struct head never changes, threads may share it. */
#ifndef VISION_HEAD_H
#define VISION_HEAD_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"

#include <stddef.h>

struct head;

/* bytes: the file, at a multiple of GGUF_ALIGN; the caller keeps it until head_close.
 * name: for messages.  ERROR_MODEL names what is missing or of another shape. */
struct head *head_open(const char *name, const void *bytes, size_t n_bytes, struct error *err);
void head_close(struct head *h);                            /* NULL is fine */

size_t head_n_in(const struct head *h);
size_t head_n_words(const struct head *h);
const char *head_word(const struct head *h, size_t i);      /* i < n_words; never "", borrowed until head_close */

/* x [n_in], y [n_words], which may not overlap.  ERROR_INFERENCE when there is no
 * memory.  `scratch` is afterwards as it was; y does not depend on the number of
 * threads. */
bool head_run(const struct head *h, const struct compute *c, struct arena *scratch, const float *x, float *y, struct error *err);

#endif
