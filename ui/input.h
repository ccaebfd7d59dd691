/* input.h - standard input in place of a file, or of a prompt.
 *
 * A file that comes by a pipe is copied to one without a name, which then is standard input:
 * /dev/stdin can be opened and read from its start like any other.  However the program
 * ends, nothing is left behind. */
#ifndef UI_INPUT_H
#define UI_INPUT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define INPUT_PATH "/dev/stdin"

/* "-", and the name that the system has for it. */
bool input_is(const char *path);
size_t input_count(const char *const *paths, size_t n);     /* those that are standard input */

/* Copies it if one of the paths is, which then is INPUT_PATH.  ERROR_INPUT for a terminal
 * and for what is empty; ERROR_USAGE for two. */
bool input_take(const char **paths, size_t n, struct error *err);

/* All of it as text without the newlines at its end; malloc'd.  NULL and ERROR_INPUT for what
 * is empty, holds NUL bytes or is larger than a prompt can be. */
char *input_text(struct error *err);

/* All of it as it is; malloc'd.  NULL and ERROR_INPUT when it is larger than a prompt can be. */
char *input_bytes(size_t *n_bytes, struct error *err);

#endif
