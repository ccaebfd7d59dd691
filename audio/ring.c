#include "audio/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool ring_init(struct ring *r, size_t capacity, struct error *err)
{
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    r->data = calloc(capacity, sizeof *r->data);    /* touched here, not first in the callback */
    r->capacity = capacity;
    atomic_init(&r->head, 0);
    atomic_init(&r->tail, 0);
    if (r->data == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory to record");
    memset(r->data, 0, capacity * sizeof *r->data);
    return true;
}

void ring_done(struct ring *r)
{
    free(r->data);
    r->data = NULL;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t ring_write(struct ring *r, const float *x, size_t n)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    size_t at = head & (r->capacity - 1);

    n = smaller(n, r->capacity - (head - tail));
    size_t first = smaller(n, r->capacity - at);
    memcpy(r->data + at, x, first * sizeof *x);
    memcpy(r->data, x + first, (n - first) * sizeof *x);
    atomic_store_explicit(&r->head, head + n, memory_order_release);
    return n;
}

size_t ring_read(struct ring *r, float *x, size_t n)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    size_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    size_t at = tail & (r->capacity - 1);

    n = smaller(n, head - tail);
    size_t first = smaller(n, r->capacity - at);
    memcpy(x, r->data + at, first * sizeof *x);
    memcpy(x + first, r->data, (n - first) * sizeof *x);
    atomic_store_explicit(&r->tail, tail + n, memory_order_release);
    return n;
}

size_t ring_n_waiting(const struct ring *r)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);     /* first: it never passes the head */

    return atomic_load_explicit(&r->head, memory_order_acquire) - tail;
}
