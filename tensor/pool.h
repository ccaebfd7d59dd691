/* pool.h - helper threads that split work by output row.
 *
 * Each item is computed by one thread in one order, so results are
 * bit-identical for any number of threads.  Items are claimed dynamically in
 * small chunks: a thread whose core another program holds delays only the
 * chunk it has.  Waiting threads spin briefly, then sleep on a futex. */
#ifndef TENSOR_POOL_H
#define TENSOR_POOL_H

#include "base/error.h"

#include <stddef.h>

struct pool;

/* n_threads counts the caller too: 1 means no helpers. */
struct pool *pool_new(size_t n_threads, struct error *err);
void pool_free(struct pool *p);                             /* NULL is fine */
size_t pool_n_threads(const struct pool *p);

/* Calls work(user, first, last, i_thread) for disjoint ranges that cover
 * [0, n); returns when all are done.  chunk: items claimed at a time (at least
 * 1).  i_thread < pool_n_threads, for per-thread scratch.  One caller at a time; not to be
 * called from inside work. */
typedef void pool_work(void *user, size_t first, size_t last, size_t i_thread);
void pool_run(struct pool *p, size_t n, size_t chunk, pool_work *work, void *user);

#endif
