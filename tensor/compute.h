/* compute.h - what every computation is given: kernels, threads, cancel.
 *
 * Passed down instead of globals.  One computation at a time uses it. */
#ifndef TENSOR_COMPUTE_H
#define TENSOR_COMPUTE_H

#include "base/error.h"

#include <stdatomic.h>
#include <stddef.h>

struct kernels;
struct pool;

struct compute {
    const struct kernels *kernels;  /* variant for this processor */
    struct pool *pool;
    atomic_bool *cancel;            /* set by another thread to stop; may be NULL */
};

/* n_threads 0: one per core that this process may use.  kernels: "ref", "avx2",
 * ... or NULL for the best; ERROR_USAGE lists the names when unknown or not
 * supported here. */
bool compute_init(struct compute *c, size_t n_threads, const char *kernels, struct error *err);
void compute_done(struct compute *c);

const char *compute_kernels_name(const struct compute *c);

/* True (with ERROR_CANCELLED in *err) once cancel is set; asked between layers. */
bool compute_cancelled(const struct compute *c, struct error *err);

#endif
