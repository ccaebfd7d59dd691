/* verify.h - is a file the published one?  And the note that says it was.
 *
 * Notes are lines "SHA256 BYTES MTIME_NS NAME" of the file `verified` in the models
 * folder: while size and time stamp are as noted, the file is not read again. */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include "base/error.h"
#include "base/file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Called now and then with the bytes done; false cancels. */
typedef bool verify_tick(void *user, uint64_t done);

/* sha256 of the file `name` in a folder; `tick` may be NULL.  ERROR_PULL, or
 * ERROR_CANCELLED. */
bool verify_hash(int folder_fd, const char *name, char hex[SHA256_HEX], verify_tick *tick, void *user,
                 struct error *err);

/* The sha256 noted for a file that still has this size and time stamp; st NULL: whatever they are now.  false: none. */
bool verify_noted(int folder_fd, const char *name, const struct stat *st, char hex[SHA256_HEX]);

/* Replaces the note of that file.  A folder that cannot be written keeps none, which
 * costs only time. */
void verify_note(int folder_fd, const char *name, const struct stat *st, const char *hex);

#endif
