/* ring.h - samples from one thread to one other, without a lock.
 *
 * The writer (a sound card's callback) neither waits nor allocates; what does not
 * fit is dropped.  head and tail only grow; each has one thread that changes it. */
#ifndef AUDIO_RING_H
#define AUDIO_RING_H

#include "base/error.h"

#include <stdatomic.h>
#include <stddef.h>

struct ring {
    float *data;
    size_t capacity;                /* a power of two */
    _Atomic size_t head;            /* samples ever written */
    _Atomic size_t tail;            /* samples ever read */
};

bool ring_init(struct ring *r, size_t capacity, struct error *err);
void ring_done(struct ring *r);

/* Both return how many samples there was room for, or were there. */
size_t ring_write(struct ring *r, const float *x, size_t n);
size_t ring_read(struct ring *r, float *x, size_t n);
size_t ring_n_waiting(const struct ring *r);                /* written and not yet read; any thread */

#endif
