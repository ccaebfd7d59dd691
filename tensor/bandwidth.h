/* bandwidth.h - how fast this machine reads memory, which is how fast it writes tokens:
 * decoding reads every weight once for each. */
#ifndef TENSOR_BANDWIDTH_H
#define TENSOR_BANDWIDTH_H

#include "tensor/pool.h"

#include <stddef.h>

/* Bytes a second that the pool's threads read together from n_bytes (more than any cache
 * holds), the best of n_runs; 0 when there is no memory for it.  Measured and not looked
 * up: a virtual machine's share of a memory bus is written nowhere. */
double bandwidth_read(struct pool *pool, size_t n_bytes, int n_runs);

#endif
