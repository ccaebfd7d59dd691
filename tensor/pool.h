/* pool.h - helper threads that split work by output row.
 *
 * Each item is computed by one thread in one order, so results are
 * bit-identical for any number of threads.  Items are claimed dynamically in
 * small chunks: a thread whose core another program holds delays only the
 * chunk it has.  Waiting threads spin briefly, then sleep on a futex. */
#ifndef TENSOR_POOL_H
#define TENSOR_POOL_H

#include "base/error.h"

#include <stdatomic.h>
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

/* ---- work that waits for nobody ------------------------------------------------
 *
 * A helper whose core another program takes would hold up pool_run for as long as
 * its chunk is unfinished: milliseconds.  A task's item is computed into memory of the
 * thread's own and then committed; an item that takes a helper too long is computed
 * again by the caller, and what the late helper brings is dropped.  pool_run_task may
 * so return while `compute` still runs in helpers. */

/* Counts late helpers that may still read what its owner is about to release. */
struct pool_lease { atomic_size_t n_late; };
void pool_lease_wait(struct pool_lease *lease);             /* until there is none; call it before releasing */

#define POOL_JOB_BYTES 256

struct pool_task {
    size_t n;                       /* items 0 .. n - 1 */
    const void *job;                /* what the functions are given: ... */
    size_t job_bytes;               /* ... <= POOL_JOB_BYTES, helpers get a copy */
    size_t own_bytes;               /* a thread's memory for an item, aligned for any kernel */
    /* May read: the job, memory of the last pool_inputs, and what the lease protects; writes
     * to `own` only. */
    void (*compute)(const void *job, size_t item, void *own);
    /* From `own` to where the results belong; short, since it is waited for.  Once for each item. */
    void (*commit)(const void *job, size_t item, const void *own);
    struct pool_lease *lease;       /* NULL: nothing protects what is read, so helpers are waited for */
};

/* Memory for what the next task reads, of at least n_bytes, until the call after; no late
 * helper reads it.  It keeps what it has, so in a steady state it allocates nothing. */
void *pool_inputs(struct pool *p, size_t n_bytes, struct error *err);

/* false, with nothing done, when there is no memory. */
bool pool_run_task(struct pool *p, const struct pool_task *task, struct error *err);

#endif
