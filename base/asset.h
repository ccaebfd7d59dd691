/* asset.h - the files of assets/ and tools/ that the program carries inside.
 *
 * Embedded at build time (assets/embed.S), so the binary needs no data folder. */
#ifndef BASE_ASSET_H
#define BASE_ASSET_H

#include <stddef.h>

struct asset {
    const char *name;               /* file name without folder, "models.json" */
    const char *data;               /* at a multiple of 64; followed by a NUL that n_bytes does not count */
    size_t n_bytes;
};

/* NULL when no asset has that name; names are fixed at build time. */
const struct asset *asset_find(const char *name);

#endif
