#include "tensor/bandwidth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

#define CHUNK (512u << 10)
#define HUGE_PAGE (2u << 20)

typedef uint64_t words __attribute__((vector_size(64)));

struct memory { const unsigned char *bytes; _Atomic uint64_t sum; };

static void read_chunks(void *user, size_t first, size_t last, size_t i_thread)
{
    struct memory *m = user;
    words a = { 0 }, b = a;

    (void)i_thread;
    for (size_t i = first * CHUNK; i < last * CHUNK; i += 2 * sizeof a) {
        a += *(const words *)(const void *)(m->bytes + i);
        b += *(const words *)(const void *)(m->bytes + i + sizeof a);
    }
    a += b;
    m->sum += a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}

double bandwidth_read(struct pool *pool, size_t n_bytes, int n_runs)
{
    size_t n = (n_bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    unsigned char *bytes = aligned_alloc(HUGE_PAGE, n);
    struct memory m = { .bytes = bytes };
    double best = 0;

    if (bytes == NULL)
        return 0;
    (void)madvise(bytes, n, MADV_HUGEPAGE);
    memset(bytes, 1, n);
    for (int run = 0; run < n_runs; run++) {
        double start = clock_ms();
        pool_run(pool, n / CHUNK, 1, read_chunks, &m);
        double speed = (double)n / (clock_ms() - start) * 1e3;
        best = speed > best ? speed : best;
    }
    free(bytes);
    return best;
}
