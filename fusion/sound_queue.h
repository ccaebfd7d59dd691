/* sound_queue.h - samples on their way from the caller's thread to the worker's. */
#ifndef FUSION_SOUND_QUEUE_H
#define FUSION_SOUND_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct sound_queue {
    pthread_mutex_t lock;           /* of all that follows */
    float *samples;                 /* [n] waiting */
    size_t n, capacity;
    bool ended, thrown_away;
};

void sound_queue_init(struct sound_queue *q);
void sound_queue_done(struct sound_queue *q);

/* The caller's.  What does not fit (10 minutes, or memory) is dropped. */
void sound_queue_restart(struct sound_queue *q);            /* empty, going on */
void sound_queue_add(struct sound_queue *q, const float *samples, size_t n);
void sound_queue_end(struct sound_queue *q, bool keep);

/* The worker's. */
size_t sound_queue_take(struct sound_queue *q, float *samples, size_t n);   /* up to n, without waiting */
bool sound_queue_is_done(struct sound_queue *q);            /* no more comes, and all was taken */
bool sound_queue_is_thrown_away(struct sound_queue *q);

#endif
