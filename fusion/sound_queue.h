/* sound_queue.h - samples on their way from the caller's thread to the worker's.
 *
 * One sound after another, by numbers: who takes of a sound that another has followed finds it thrown away. */
#ifndef FUSION_SOUND_QUEUE_H
#define FUSION_SOUND_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sound_queue {
    pthread_mutex_t lock;           /* of all that follows */
    float *samples;                 /* [n] waiting */
    size_t n, capacity;
    uint32_t sound;                 /* whose they are */
    bool ended, thrown_away;
};

void sound_queue_init(struct sound_queue *q);
void sound_queue_done(struct sound_queue *q);

/* The caller's.  What does not fit (10 minutes, or memory) is dropped. */
uint32_t sound_queue_restart(struct sound_queue *q);        /* the number of a new sound, without samples yet */
void sound_queue_add(struct sound_queue *q, const float *samples, size_t n);
void sound_queue_end(struct sound_queue *q, bool keep);

/* The worker's. */
size_t sound_queue_take(struct sound_queue *q, uint32_t sound, float *samples, size_t n);  /* up to n, without waiting */
bool sound_queue_is_done(struct sound_queue *q, uint32_t sound);    /* no more comes, and all was taken */
bool sound_queue_is_thrown_away(struct sound_queue *q, uint32_t sound);

#endif
