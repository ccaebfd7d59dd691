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
 * is 0.  Waiting is a futex on `state` (see futex(2)). */
#include "tensor/pool.h"

#include <linux/futex.h>
#include <pthread.h>
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
    N_SPINS = 2000                  /* some 50 us: longer than the gap between two jobs of a forward pass */
};

struct helper {
    struct pool *pool;
    size_t i_thread;
    pthread_t thread;
};

struct pool {
    size_t n_threads, n_helpers;    /* n_helpers: started */
    struct helper *helpers;
    pool_work *work;                /* the job */
    void *user;
    size_t n, chunk;
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

static void claim_chunks(struct pool *p, size_t i_thread)
{
    for (;;) {
        size_t first = atomic_fetch_add_explicit(&p->next, p->chunk, memory_order_relaxed);
        if (first >= p->n)
            return;
        p->work(p->user, first, p->n - first > p->chunk ? first + p->chunk : p->n, i_thread);
    }
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

static void *helper_main(void *argument)
{
    struct helper *h = argument;
    struct pool *p = h->pool;
    uint32_t generation = 0;        /* the one last worked on; a job's first is 1 step */

    while (!atomic_load(&p->stop)) {
        if (join(p, &generation)) {
            claim_chunks(p, h->i_thread);
            leave(p);
        } else {
            rest(p, generation);
        }
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
        *h = (struct helper){ .pool = p, .i_thread = p->n_helpers + 1 };
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
        p->helpers = calloc(n_threads, sizeof *p->helpers);
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
    free(p->helpers);
    free(p);
}

size_t pool_n_threads(const struct pool *p)
{
    return p->n_threads;
}

/* Closes the job and waits for helpers that are inside a chunk. */
static void await_helpers(struct pool *p)
{
    uint32_t state = atomic_fetch_and(&p->state, ~OPEN);

    for (int i = 0; (state & ACTIVE_MASK) != 0 && i < N_SPINS; i++) {
        spin();
        state = atomic_load(&p->state);
    }
    if ((state & ACTIVE_MASK) == 0)
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
    if (shared) {
        atomic_store(&p->state, (atomic_load(&p->state) + GENERATION) | OPEN);
        if (atomic_load(&p->n_asleep) != 0)
            futex_wake(&p->state, n_chunks <= p->n_helpers ? n_chunks - 1 : p->n_helpers, HELPERS);
    }
    claim_chunks(p, 0);
    if (shared)
        await_helpers(p);
}
