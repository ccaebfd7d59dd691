/* whisper_weights.h - data of one tensor of a Whisper file, in the form it is computed with.
 *
 *   as it is in the file, aligned         vectors; quantised matrices; others without an integer tile
 *   Q8_0: blocks of 32 weights, d q       F32 and F16 matrices, where the kernels have a tile for it
 *
 * Q8_0 halves what each decoded token reads, and its products are those of integers.
 * It is made from the file block by block, so F16 is never in memory as a whole.  The
 * encoder's rows differ from F16's by a squared error of 1e-3 of their size, less than
 * 3e-3 (tests/weights_whisper.c). */
#ifndef AUDIO_WHISPER_WEIGHTS_H
#define AUDIO_WHISPER_WEIGHTS_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>

struct whisper_source {
    int fd;
    const char *path;               /* for messages */
    const struct compute *c;        /* its kernels decide the form */
    struct arena *arena;            /* the model's */
};

/* t: shape, type, n_bytes as the file has them, its data `offset` bytes in; data is set.
 * matrix: t is multiplied with rows, and its type, n_bytes may change.  ERROR_MODEL when
 * the file ends early. */
bool whisper_weights_read(const struct whisper_source *s, struct tensor *t, size_t offset, bool matrix, struct error *err);

#endif
