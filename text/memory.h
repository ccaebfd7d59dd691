/* memory.h - asks the system before much memory is taken, so that a model too large
 * is a message at start and not a machine that stands still. */
#ifndef TEXT_MEMORY_H
#define TEXT_MEMORY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* ERROR_INFERENCE with the numbers when `needed` bytes for `what` are more than
 * /proc/meminfo's MemAvailable; true when that cannot be read. */
bool memory_check(size_t needed, const char *path, const char *what, const char *advice, struct error *err);

#endif
