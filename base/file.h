/* file.h - a user's file read whole and checked; content hashes. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/error.h"

#include <stddef.h>

#define SHA256_HEX 65               /* 64 hexadecimal digits and NUL */
#define FILE_STAMP 120

/* A regular file, opened for reading: a descriptor for the caller to close, or -1
 * and ERROR_INPUT for what is missing, unreadable, a directory, a device or a FIFO,
 * each by name; symbolic links are followed. */
int file_open(const char *path, size_t *n_bytes, struct error *err);

/* Reads a regular file of at most max_bytes; the caller frees.  NULL and
 * ERROR_INPUT as file_open has it, and for what is empty or larger.  One byte past
 * *n_bytes is NUL. */
unsigned char *file_read(const char *path, size_t max_bytes, size_t *n_bytes, struct error *err);

/* All of it, however often that takes; false with errno.  Async-signal-safe. */
bool file_write_all(int fd, const void *bytes, size_t n);

void sha256_bytes(const void *data, size_t n_bytes, char hex[SHA256_HEX]);
bool sha256_file(const char *path, char hex[SHA256_HEX], struct error *err);

/* Which file it is and how it stands: another text once it is written to or replaced.  For files that take long to hash;
 * a copy has another one.  False and ERROR_INPUT for what is not there. */
bool file_stamp(const char *path, char stamp[FILE_STAMP], struct error *err);

#endif
