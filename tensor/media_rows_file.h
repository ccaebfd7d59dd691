/* media_rows_file.h - a picture's or a clip's rows as bytes, for a file that this machine reads again.
 *
 *   "mynah rows 1\n" | sha256 of all behind it, 64 digits | the key's bytes, which tell what the rows are of | n_embd | pieces:
 *     marker: its bytes    rows: n, width, height, both_ways, [n][n_embd] f32
 *
 * Counts are of 64 bits; numbers lie as the machine has them. */
#ifndef TENSOR_MEDIA_ROWS_FILE_H
#define TENSOR_MEDIA_ROWS_FILE_H

#include "tensor/media_rows.h"

/* malloc'd; NULL and *err without memory. */
unsigned char *media_rows_to_bytes(const struct media_rows *m, const char *key, size_t *n_bytes, struct error *err);

/* Nothing in the bytes is believed.  The caller frees the rows; NULL and ERROR_INPUT for bytes that were damaged, or are of
 * another key or width. */
struct media_rows *media_rows_of_bytes(const void *bytes, size_t n_bytes, const char *key, size_t n_embd, struct error *err);

#endif
