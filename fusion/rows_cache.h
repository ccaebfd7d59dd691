/* rows_cache.h - rows that published encoders made of pictures and clips, kept in files for another day.
 *
 *   $XDG_CACHE_HOME/mynah/rows/SHA256 of the key -> tensor/media_rows_file.h
 *
 * Where nothing can be kept, nothing is found, and rows are made again: no failure here is anybody's. */
#ifndef FUSION_ROWS_CACHE_H
#define FUSION_ROWS_CACHE_H

#include "tensor/compute.h"
#include "tensor/media_rows.h"

#include <stdbool.h>

/* What rows depend on: the program, the bytes with this hash, the encoder (image_encoder_id), the kernels, and `how` the
 * bytes are encoded.  malloc'd; NULL: nothing is to be kept, which the others take for a key. */
char *rows_cache_key(const char *hash, const char *encoder, const struct compute *c, const char *how);

/* The caller frees them; NULL: there are none. */
struct media_rows *rows_cache_find(const char *key, size_t n_embd);
bool rows_cache_has(const char *key);                       /* a file, at least, which may be damaged */
/* Those not used for longest go when all together take too much. */
void rows_cache_keep(const char *key, const struct media_rows *m);

/* For rows_cache_keep and tests: the files of a folder, n_bytes more of them, are at most n_most then. */
void rows_cache_make_room(const char *folder, size_t n_bytes, size_t n_most);

#endif
