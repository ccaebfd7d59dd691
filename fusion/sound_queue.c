#include "fusion/sound_queue.h"

#include "audio/audio.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SAMPLES ((size_t)600 * AUDIO_HZ)

void sound_queue_init(struct sound_queue *q)
{
    *q = (struct sound_queue){ 0 };
    pthread_mutex_init(&q->lock, NULL);
}

void sound_queue_done(struct sound_queue *q)
{
    pthread_mutex_destroy(&q->lock);
    free(q->samples);
}

uint32_t sound_queue_restart(struct sound_queue *q)
{
    pthread_mutex_lock(&q->lock);
    uint32_t sound = ++q->sound;
    q->n = 0;
    q->ended = q->thrown_away = false;
    pthread_mutex_unlock(&q->lock);
    return sound;
}

static bool has_room(struct sound_queue *q, size_t n)
{
    size_t wanted = q->capacity > 0 ? q->capacity : AUDIO_HZ;

    if (n > MOST_SAMPLES - q->n)
        return false;
    while (wanted < q->n + n)
        wanted *= 2;
    float *grown = wanted > q->capacity ? realloc(q->samples, wanted * sizeof *grown) : q->samples;
    if (grown == NULL)
        return false;
    q->samples = grown;
    q->capacity = wanted;
    return true;
}

void sound_queue_add(struct sound_queue *q, const float *samples, size_t n)
{
    pthread_mutex_lock(&q->lock);
    if (n > 0 && has_room(q, n)) {
        memcpy(q->samples + q->n, samples, n * sizeof *samples);
        q->n += n;
    }
    pthread_mutex_unlock(&q->lock);
}

void sound_queue_end(struct sound_queue *q, bool keep)
{
    pthread_mutex_lock(&q->lock);
    q->ended = true;
    q->thrown_away |= !keep;
    pthread_mutex_unlock(&q->lock);
}

size_t sound_queue_take(struct sound_queue *q, uint32_t sound, float *samples, size_t n)
{
    pthread_mutex_lock(&q->lock);
    n = q->sound != sound ? 0 : n < q->n ? n : q->n;
    if (n > 0) {
        q->n -= n;
        memcpy(samples, q->samples, n * sizeof *samples);
        memmove(q->samples, q->samples + n, q->n * sizeof *samples);
    }
    pthread_mutex_unlock(&q->lock);
    return n;
}

bool sound_queue_is_done(struct sound_queue *q, uint32_t sound)
{
    pthread_mutex_lock(&q->lock);
    bool done = q->sound != sound || (q->ended && q->n == 0);
    pthread_mutex_unlock(&q->lock);
    return done;
}

bool sound_queue_is_thrown_away(struct sound_queue *q, uint32_t sound)
{
    pthread_mutex_lock(&q->lock);
    bool thrown_away = q->sound != sound || q->thrown_away;
    pthread_mutex_unlock(&q->lock);
    return thrown_away;
}
