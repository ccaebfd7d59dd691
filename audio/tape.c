#include "audio/tape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void tape_done(struct tape *t)
{
    vad_free(t->vad);
    t->vad = NULL;
    free(t->held.data);
    t->held = (struct samples){ 0 };
}

uint64_t tape_end(const struct tape *t)
{
    return t->first + t->held.n;
}

const float *tape_at(const struct tape *t, uint64_t position)
{
    assert(position >= t->first && position <= tape_end(t));
    return t->held.data + (position - t->first);
}

static void forget(struct tape *t, uint64_t from)
{
    size_t n = from <= t->first ? 0 : from >= tape_end(t) ? t->held.n : (size_t)(from - t->first);

    if (n == 0)
        return;
    memmove(t->held.data, t->held.data + n, (t->held.n - n) * sizeof *t->held.data);
    t->held.n -= n;
    t->first += n;
}

bool tape_hold(struct tape *t, uint64_t from, uint64_t until, struct error *err)
{
    forget(t, from);
    while (!t->ended && tape_end(t) < until) {
        const float *block;
        size_t n;

        if (!sound_read(t->sound, &block, &n, err) || !samples_room(&t->held, n, err))
            return false;
        if (n > 0)
            memcpy(t->held.data + t->held.n, block, n * sizeof *block);
        if (t->vad != NULL)
            vad_feed(t->vad, block, n);
        t->held.n += n;
        t->ended = n == 0;
        if (tape_end(t) <= from)
            forget(t, from);
    }
    forget(t, from);
    return true;
}
