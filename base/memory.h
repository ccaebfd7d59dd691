/* memory.h - how much memory the system can give. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* MemAvailable of /proc/meminfo (proc(5)): what can be had without swapping, page cache
 * included.  Weights that are mapped already thus count as needed and as available,
 * which cancels out.  false, *n_bytes as it was: the system does not say. */
bool memory_available(size_t *n_bytes);

#endif
