/* listing.h - a folder as people look for files in it: folders, then images and clips, then the rest.
 *
 * Files are told by the ends of their names and by stat, never opened, so a FIFO or a device
 * blocks nothing.  Symbolic links are followed; the folder's own path is resolved, so
 * a loop of links does not make it longer. */
#ifndef UI_LISTING_H
#define UI_LISTING_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum listed { LISTED_FOLDER, LISTED_IMAGE, LISTED_CLIP, LISTED_OTHER, LISTED_SPECIAL };

struct listed_file {
    char *name;
    enum listed kind;
    int64_t n_bytes;                /* of a regular file */
    const char *why;                /* of LISTED_SPECIAL: "is a pipe", a literal */
};

struct listing {                    /* all zero: nothing read yet */
    char *path;                     /* absolute */
    struct listed_file *files;
    size_t n, capacity;
};

/* ERROR_INPUT for a folder that cannot be read, by name; the listing is as it was. */
bool listing_read(struct listing *l, const char *folder, struct error *err);
char *listing_path(const struct listing *l, size_t i);      /* of a file; malloc'd */
void listing_free(struct listing *l);

#endif
