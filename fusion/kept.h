/* kept.h - folders of files that can be made again, each named by a SHA-256. */
#ifndef FUSION_KEPT_H
#define FUSION_KEPT_H

#include <stdbool.h>
#include <stddef.h>

/* Removes the oldest beside this file while there are `most` and more; nothing where the file is there already. */
void kept_make_room(const char *path, size_t most);
/* The file is there whole, for the user alone, or as it was before; false and errno. */
bool kept_write(const char *path, const void *bytes, size_t n);

#endif
