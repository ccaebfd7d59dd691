/* quantize_file.h - a GGUF file written again with its matrices in other types.
 *
 *   "GGUF" | version 3 | counts | the file's key-values | tensor infos | tensors
 *
 * All metadata is kept but general.file_type and general.quantization_version, which say
 * what the new file is, and split.*, since one file is written. */
#ifndef TENSOR_QUANTIZE_FILE_H
#define TENSOR_QUANTIZE_FILE_H

#include "base/error.h"
#include "tensor/gguf.h"
#include "tensor/quantize_mix.h"

#include <stdbool.h>
#include <stddef.h>

struct compute;

/* Bytes of tensors written, of how many; false stops with ERROR_CANCELLED. */
typedef bool quantize_tick(void *user, size_t done, size_t total);

struct quantize_report {
    size_t n_bytes;                 /* of the new file */
    size_t n_quantised;             /* tensors whose type changed */
    size_t n_again;                 /* of these, such as were quantised already */
    size_t n_other;                 /* of these, such as got a type of 32 or F16, as their rows are not whole blocks of 256 */
};

/* Writes `path`, beside it first and then under its name, so that there is never half a
 * file; one that is there is replaced.  The pool's threads share the rows.  ERROR_INPUT for
 * the path (the input's own, a full disk), ERROR_MODEL for weights that are no numbers. */
bool quantize_file(const struct gguf *g, const struct quantize_mix *mix, const char *path, const struct compute *c,
                   quantize_tick *tick, void *user, struct quantize_report *report, struct error *err);

#endif
