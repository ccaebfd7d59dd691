/* pool.c - helper threads behind one word of state.
 *
 *   state: | generation 15 | open 1 | active 16 |
 *
 * The caller writes the job, then opens it (generation + 1, open).  A helper
 * joins by raising `active` while the job is open, claims chunks from `next`
 * until none is left, and lowers `active`.  The caller works too, then closes
 * the job and waits for `active` to be 0.  So it never waits for a helper that
 * did not come (asleep, or its core taken): only for chunks that are claimed.
 *
 * The job's fields are plain: written before the release that opens the job,
 * read after the acquire that joins it, and not written again until `active`
 * is 0.  Waiting is a futex on `state` (see futex(2)).
 *
 * Another program on a helper's core holds it for a scheduler's slice of some
 * 4 ms, most likely inside a chunk.  So a task's item can be taken from it:
 *
 *   helper:  BOUND -> LOOSE, compute into its own memory, LOOSE -> BOUND, commit
 *   caller:                  LOOSE -> LATE, active - 1, compute and commit
 *
 * Both leave LOOSE by compare-and-swap, so one of them commits.  A late helper reads
 * only what stays as it is: its copy of the job, inputs that pool_inputs does not give
 * out again meanwhile, and what the lease protects.  It writes its own memory. */
#include "tensor/pool.h"

#include "base/arena.h"
#include "base/clock.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ACTIVE_MASK     0x0000FFFFu
#define OPEN            0x00010000u
#define GENERATION_MASK 0xFFFE0000u
#define GENERATION      0x00020000u /* one step; it wraps round at the word's end */

enum {
    MAX_THREADS = 1024,
    WAIT_US = 100,                  /* between looks at a late helper */
    N_INPUTS = 2,                   /* one is free unless two helpers are late with tasks of different inputs */
    N_SPINS = 2000                  /* some 50 us: longer than the gap between two jobs of a forward pass */
};

enum { BOUND, LOOSE, LATE };        /* how a helper holds what it works on; see above */

struct memory {
    unsigned char *bytes;
    size_t n_bytes;
};

struct helper {
    struct pool *pool;
    size_t i_thread;
    pthread_t thread;
    struct memory own;              /* for an item; the caller changes it between jobs, unless the helper is late */
    _Alignas(64) unsigned char job[POOL_JOB_BYTES];
    size_t item;                    /* written before LOOSE */
    _Atomic uint32_t hold;
    size_t i_inputs;                /* the caller's note: which of the inputs it reads while LATE */
};

struct pool {
    size_t n_threads, n_helpers;    /* n_helpers: started */
    struct helper *helpers;
    pool_work *work;                /* the job: this ... */
    void *user;
    size_t n, chunk;
    struct pool_task task;          /* ... or, when work is NULL, this */
    struct memory own;              /* the caller's, for an item */
    struct memory inputs[N_INPUTS];
    size_t i_inputs;                /* the one given out last */
    _Atomic int caller_core;
    _Alignas(64) _Atomic size_t next;       /* first item not claimed; alone on its cache line */
    _Alignas(64) _Atomic uint32_t state;
    _Atomic uint32_t n_asleep;      /* helpers that wait in the kernel, or are about to */
    atomic_bool caller_asleep;      /* likewise */
    atomic_bool stop;
};

/* Helpers and the caller sleep on the same word; the bit says who is meant. */
enum { HELPERS = 1, CALLER = 2 };

static void futex_wait(_Atomic uint32_t *word, uint32_t seen, uint32_t who)
{
    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAIT_BITSET_PRIVATE, seen, NULL, NULL, who);
}

static void futex_wake(_Atomic uint32_t *word, size_t n, uint32_t who)
{
    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAKE_BITSET_PRIVATE, (int)n, NULL, NULL, who);
}

#if defined(__x86_64__)
static void spin(void) { __builtin_ia32_pause(); }
#elif defined(__aarch64__)
static void spin(void) { __asm__ volatile("yield"); }
#else
static void spin(void) { }
#endif

static size_t claim(struct pool *p, size_t n)
{
    return atomic_fetch_add_explicit(&p->next, n, memory_order_relaxed);
}

static void claim_chunks(struct pool *p, size_t i_thread)
{
    for (;;) {
        size_t first = claim(p, p->chunk);
        if (first >= p->n)
            return;
        p->work(p->user, first, p->n - first > p->chunk ? first + p->chunk : p->n, i_thread);
    }
}

/* A helper's share of a task; false when the caller took its item.  The task is then
 * over for it, and was counted so: nothing of the pool's may be read. */
static bool claim_items(struct pool *p, struct helper *h)
{
    struct pool_task t = p->task;

    if (h->own.n_bytes < t.own_bytes)
        return true;                /* it was late when memory was given out */
    memcpy(h->job, t.job, t.job_bytes);
    while ((h->item = claim(p, 1)) < t.n) {
        uint32_t loose = LOOSE;
        if (t.lease != NULL)
            atomic_store(&h->hold, LOOSE);
        t.compute(h->job, h->item, h->own.bytes);
        if (t.lease != NULL && !atomic_compare_exchange_strong(&h->hold, &loose, BOUND)) {
            atomic_fetch_sub(&t.lease->n_late, 1);
            atomic_store(&h->hold, BOUND);
            return false;
        }
        t.commit(h->job, h->item, h->own.bytes);
    }
    return true;
}

static bool do_share(struct pool *p, struct helper *h)
{
    if (p->work == NULL)
        return claim_items(p, h);
    claim_chunks(p, h->i_thread);
    return true;
}

/* A job that the helper whose last one was `generation` can still join. */
static bool is_new_job(uint32_t state, uint32_t generation)
{
    return (state & OPEN) != 0 && (state & GENERATION_MASK) != generation;
}

static bool join(struct pool *p, uint32_t *generation)
{
    uint32_t state = atomic_load(&p->state);

    while (is_new_job(state, *generation)) {
        if (atomic_compare_exchange_weak(&p->state, &state, state + 1)) {
            *generation = state & GENERATION_MASK;
            return true;
        }
    }
    return false;
}

static void leave(struct pool *p)
{
    uint32_t state = atomic_fetch_sub(&p->state, 1) - 1;

    if ((state & (ACTIVE_MASK | OPEN)) == 0 && atomic_load(&p->caller_asleep))
        futex_wake(&p->state, 1, CALLER);
}

/* Waits for a new job or the end; gives up the core after a while.
 *
 * The count is raised before the state is read again: a caller that opens a job
 * either sees the count and wakes, or has changed the state, and then the kernel
 * does not put us to sleep. */
static void rest(struct pool *p, uint32_t generation)
{
    for (int i = 0; i < N_SPINS; i++) {
        if (is_new_job(atomic_load_explicit(&p->state, memory_order_relaxed), generation) || atomic_load(&p->stop))
            return;
        spin();
    }
    atomic_fetch_add(&p->n_asleep, 1);
    uint32_t seen = atomic_load(&p->state);
    if (!is_new_job(seen, generation) && !atomic_load(&p->stop))
        futex_wait(&p->state, seen, HELPERS);
    atomic_fetch_sub(&p->n_asleep, 1);
}

/* The scheduler may wake a helper on the caller's core while another program has the
 * other one: then we would take turns, and both cores do half our work.  A helper that
 * finds itself there moves, and is free again to be placed anywhere. */
static void leave_the_callers_core(struct pool *p)
{
    int core = atomic_load_explicit(&p->caller_core, memory_order_relaxed);
    cpu_set_t all, others;

    if (core < 0 || sched_getcpu() != core || sched_getaffinity(0, sizeof all, &all) != 0)
        return;
    others = all;
    CPU_CLR((size_t)core, &others);
    if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0)
        sched_setaffinity(0, sizeof all, &all);
}

static void *helper_main(void *argument)
{
    struct helper *h = argument;
    struct pool *p = h->pool;
    uint32_t generation = 0;        /* the one last worked on; a job's first is 1 step */

    while (!atomic_load(&p->stop)) {
        if (!is_new_job(atomic_load(&p->state), generation)) {
            rest(p, generation);
            continue;
        }
        leave_the_callers_core(p);
        if (join(p, &generation) && do_share(p, h))
            leave(p);
    }
    return NULL;
}

/* Signals are the main thread's: helpers start with all of them blocked. */
static bool start_helpers(struct pool *p, struct error *err)
{
    sigset_t all, old;
    int rc = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (p->n_helpers < p->n_threads - 1) {
        struct helper *h = &p->helpers[p->n_helpers];
        h->pool = p;
        h->i_thread = p->n_helpers + 1;
        rc = pthread_create(&h->thread, NULL, helper_main, h);
        if (rc != 0)
            break;
        p->n_helpers++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0)
        return error_set(err, ERROR_INFERENCE, "thread %zu of %zu cannot be started: %s",
                         p->n_helpers + 2, p->n_threads, strerror(rc));
    return true;
}

struct pool *pool_new(size_t n_threads, struct error *err)
{
    if (n_threads < 1 || n_threads > MAX_THREADS) {
        error_set(err, ERROR_USAGE, "%zu threads: 1 to %d are possible", n_threads, MAX_THREADS);
        return NULL;
    }
    struct pool *p = aligned_alloc(_Alignof(struct pool), sizeof *p);
    if (p != NULL) {
        memset(p, 0, sizeof *p);
        p->n_threads = n_threads;
        p->helpers = aligned_alloc(_Alignof(struct helper), n_threads * sizeof *p->helpers);
        if (p->helpers != NULL)
            memset(p->helpers, 0, n_threads * sizeof *p->helpers);
    }
    if (p == NULL || p->helpers == NULL)
        error_set(err, ERROR_INFERENCE, "no memory for %zu threads", n_threads);
    else if (start_helpers(p, err))
        return p;
    pool_free(p);
    return NULL;
}

void pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    atomic_store(&p->stop, true);
    atomic_fetch_add(&p->state, GENERATION);    /* so that nobody falls asleep on the old state */
    futex_wake(&p->state, MAX_THREADS, HELPERS);
    for (size_t i = 0; i < p->n_helpers; i++)
        pthread_join(p->helpers[i].thread, NULL);
    for (size_t i = 0; i < p->n_helpers; i++)
        free(p->helpers[i].own.bytes);
    for (size_t i = 0; i < N_INPUTS; i++)
        free(p->inputs[i].bytes);
    free(p->own.bytes);
    free(p->helpers);
    free(p);
}

size_t pool_n_threads(const struct pool *p)
{
    return p->n_threads;
}

/* ---- the caller ------------------------------------------------------------------- */

static void open_job(struct pool *p, size_t n_chunks)
{
    atomic_store_explicit(&p->caller_core, sched_getcpu(), memory_order_relaxed);
    atomic_store(&p->state, (atomic_load(&p->state) + GENERATION) | OPEN);
    if (atomic_load(&p->n_asleep) != 0)
        futex_wake(&p->state, n_chunks <= p->n_helpers ? n_chunks - 1 : p->n_helpers, HELPERS);
}

static void close_job(struct pool *p)
{
    atomic_fetch_and(&p->state, ~OPEN);
}

static bool helpers_are_active(const struct pool *p)
{
    return (atomic_load(&p->state) & ACTIVE_MASK) != 0;
}

/* Waits, the job being closed, for helpers that are inside a chunk. */
static void await_helpers(struct pool *p)
{
    uint32_t state;

    for (int i = 0; helpers_are_active(p) && i < N_SPINS; i++)
        spin();
    if (!helpers_are_active(p))
        return;
    atomic_store(&p->caller_asleep, true);
    while (((state = atomic_load(&p->state)) & ACTIVE_MASK) != 0)
        futex_wait(&p->state, state, CALLER);
    atomic_store(&p->caller_asleep, false);
}

void pool_run(struct pool *p, size_t n, size_t chunk, pool_work *work, void *user)
{
    size_t n_chunks = n / chunk + (n % chunk != 0);
    bool shared = p->n_helpers > 0 && n_chunks > 1;

    p->work = work;
    p->user = user;
    p->n = n;
    p->chunk = chunk;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    if (shared)
        open_job(p, n_chunks);
    claim_chunks(p, 0);
    if (shared) {
        close_job(p);
        await_helpers(p);
    }
}

/* ---- tasks ------------------------------------------------------------------------ */

static bool grow(struct memory *m, size_t n_bytes, struct error *err)
{
    if (n_bytes <= m->n_bytes)
        return true;
    free(m->bytes);
    *m = (struct memory){ aligned_alloc(ARENA_ALIGN, (n_bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN), n_bytes };
    if (m->bytes != NULL)
        return true;
    m->n_bytes = 0;
    return error_set(err, ERROR_INFERENCE, "no memory for a computation: %zu bytes wanted", n_bytes);
}

static bool is_read_by_a_late_helper(const struct pool *p, size_t i_inputs)
{
    for (size_t i = 0; i < p->n_helpers; i++)
        if (p->helpers[i].i_inputs == i_inputs && atomic_load(&p->helpers[i].hold) == LATE)
            return true;
    return false;
}

/* All that are free grow together, so that a later call, when one is not, allocates nothing. */
void *pool_inputs(struct pool *p, size_t n_bytes, struct error *err)
{
    p->i_inputs = N_INPUTS;
    for (;;) {
        for (size_t i = N_INPUTS; i-- > 0; ) {
            if (is_read_by_a_late_helper(p, i))
                continue;
            if (!grow(&p->inputs[i], n_bytes, err))
                return NULL;
            p->i_inputs = i;
        }
        if (p->i_inputs < N_INPUTS)
            return p->inputs[p->i_inputs].bytes;
        usleep(WAIT_US);
    }
}

static bool grow_own(struct pool *p, size_t n_bytes, struct error *err)
{
    bool ok = grow(&p->own, n_bytes, err);

    for (size_t i = 0; i < p->n_helpers && ok; i++)
        if (atomic_load(&p->helpers[i].hold) != LATE)
            ok = grow(&p->helpers[i].own, n_bytes, err);
    return ok;
}

static void do_item(struct pool *p, size_t item)
{
    p->task.compute(p->task.job, item, p->own.bytes);
    p->task.commit(p->task.job, item, p->own.bytes);
}

/* Makes a helper late, if it can be. */
static bool take_item(struct pool *p, struct helper *h)
{
    uint32_t loose = LOOSE;

    if (atomic_load(&h->hold) != LOOSE)
        return false;
    h->i_inputs = p->i_inputs;
    atomic_fetch_add(&p->task.lease->n_late, 1);
    if (atomic_compare_exchange_strong(&h->hold, &loose, LATE)) {
        atomic_fetch_sub(&p->state, 1);
        return true;
    }
    atomic_fetch_sub(&p->task.lease->n_late, 1);
    return false;
}

/* Gives helpers as long as their items should take, then does these itself. */
static void take_late_items(struct pool *p, double grace_ms)
{
    double until = clock_ms() + grace_ms;

    while (helpers_are_active(p) && clock_ms() < until)
        for (int i = 0; i < 20; i++)
            spin();
    for (size_t i = 0; i < p->n_helpers && helpers_are_active(p); i++)
        if (take_item(p, &p->helpers[i]))
            do_item(p, p->helpers[i].item);
}

bool pool_run_task(struct pool *p, const struct pool_task *task, struct error *err)
{
    bool shared = p->n_helpers > 0 && task->n > 1;
    size_t item, n_done = 0;

    if (!grow_own(p, task->own_bytes, err))
        return false;
    p->work = NULL;
    p->task = *task;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    if (shared)
        open_job(p, task->n);
    double start = clock_ms();
    for (; (item = claim(p, 1)) < task->n; n_done++)
        do_item(p, item);
    if (shared) {
        close_job(p);
        if (task->lease != NULL)
            take_late_items(p, n_done > 0 ? 1.5 * (clock_ms() - start) / (double)n_done + 0.01 : 0.1);
        await_helpers(p);
    }
    return true;
}

void pool_lease_wait(struct pool_lease *lease)
{
    while (atomic_load(&lease->n_late) != 0)
        usleep(WAIT_US);
}
