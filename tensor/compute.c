#include "tensor/compute.h"

#include "tensor/blas.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

/* Best first, so the first that runs here is taken when no name is given. */
static const struct kernels *pick(const char *name)
{
    for (const struct kernels *const *k = kernels_all; *k != NULL; k++)
        if ((name == NULL || strcmp((*k)->name, name) == 0) && (*k)->supported())
            return *k;
    return NULL;
}

static bool unknown_kernels(const char *name, struct error *err)
{
    char names[200] = "";
    size_t n = 0;

    for (const struct kernels *const *k = kernels_all; *k != NULL && n < sizeof names; k++)
        if ((*k)->supported())
            n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n > 0 ? ", " : "", (*k)->name);
    return error_set(err, ERROR_USAGE, "kernels \"%s\" are not known or this processor lacks their instructions; "
                     "there are: %s", name, names);
}

/* Cores that this process may use (a container may hold fewer than there are). */
static size_t count_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return (size_t)CPU_COUNT(&set);
}

bool compute_init(struct compute *c, size_t n_threads, const char *kernels, struct error *err)
{
    memset(c, 0, sizeof *c);
    c->kernels = pick(kernels);
    if (c->kernels == NULL)
        return unknown_kernels(kernels, err);
    blas_single_thread();
    c->pool = pool_new(n_threads != 0 ? n_threads : count_cores(), err);
    return c->pool != NULL;
}

void compute_done(struct compute *c)
{
    pool_free(c->pool);
    memset(c, 0, sizeof *c);
}

const char *compute_kernels_name(const struct compute *c)
{
    return c->kernels->name;
}

bool compute_cancelled(const struct compute *c, struct error *err)
{
    if (c->cancel == NULL || !atomic_load(c->cancel))
        return false;
    error_set(err, ERROR_CANCELLED, "stopped");
    return true;
}
