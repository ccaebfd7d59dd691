/* tree.h - folders with what is in them: made, measured, removed. */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* A folder and those above it, readable by the user alone where they are new. */
bool tree_make(const char *path, struct error *err);

/* Opens a folder below another, made when missing; -1 and ERROR_PULL. */
int tree_open(int folder_fd, const char *name, struct error *err);

uint64_t tree_bytes(int folder_fd, const char *name);       /* of all files; 0 when missing */
void tree_remove(int folder_fd, const char *name);          /* symbolic links are not followed */

#endif
