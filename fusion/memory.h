/* memory.h - is there enough of it, asked before a model is loaded. */
#ifndef FUSION_MEMORY_H
#define FUSION_MEMORY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* ERROR_INFERENCE with the numbers when `file_bytes` of weights and `work_bytes`
 * of caches and scratch do not fit in what the system says is available; `what`
 * names the model.  True where the system does not say. */
bool memory_fits(const char *what, size_t file_bytes, size_t work_bytes, struct error *err);

/* The rule, for a given amount available. */
bool memory_fits_in(const char *what, size_t file_bytes, size_t work_bytes, size_t available, struct error *err);

/* Bytes of a file; 0 when it is not there. */
size_t memory_of_file(const char *path);

#endif
