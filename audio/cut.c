#include "audio/cut.h"

/* In frames of 20 ms */
#define BESIDE 15                   /* silence kept at either side of speech */
#define PAUSE 8                     /* long enough to cut in: 0.3 s, of which the smoothed spectrum hides some */
#define LONG_PAUSE 100              /* long enough to leave out */
#define LEAST_SPEECH 5              /* frames of speech among ... */
#define AMONG 25                    /* ... these make it worth a window */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Frames that are answered from one on are few at the sound's end only. */
static bool speaks(const struct tape *t, uint64_t frame)
{
    return frame < vad_n_frames(t->vad) && vad_is_speech(t->vad, frame);
}

static bool begins(const struct tape *t, uint64_t frame)
{
    size_t n = 0;

    for (uint64_t i = frame; i < frame + AMONG; i++)
        n += speaks(t, i);
    return n >= LEAST_SPEECH && speaks(t, frame);
}

bool cut_start(const struct tape *t, uint64_t from, uint64_t until, uint64_t *start)
{
    uint64_t first = from / VAD_HOP, last = until / VAD_HOP, frame = first;

    while (frame < last && !begins(t, frame))
        frame++;
    if (frame < last) {
        *start = frame - first < LONG_PAUSE ? from : (frame - BESIDE) * VAD_HOP;
        return true;
    }
    *start = last - first > BESIDE ? (last - BESIDE) * VAD_HOP : until;     /* speech may begin right there */
    return false;
}

uint64_t cut_end(const struct tape *t, uint64_t start, uint64_t most)
{
    uint64_t first = start / VAD_HOP, last = earlier(start + most, tape_end(t)) / VAD_HOP;
    uint64_t spoken = 0, pause_from = 0, pause_to = 0;      /* last frame of speech + 1; last pause in the last third */

    for (uint64_t i = first; i < last; i++) {
        if (speaks(t, i)) {
            if (spoken > 0 && i - spoken >= PAUSE && i > first + (last - first) * 2 / 3) {
                pause_from = spoken;
                pause_to = i;
            }
            spoken = i + 1;
        } else if (spoken > 0 && i + 1 - spoken >= LONG_PAUSE) {
            return (spoken + BESIDE) * VAD_HOP;
        }
    }
    if (tape_end(t) <= start + most)
        return tape_end(t);
    if (t->ended && tape_end(t) <= start + most + CUT_AHEAD)
        return start + most;        /* what would be left is too little to be understood by itself */
    if (spoken > 0 && last - spoken >= PAUSE)
        return (spoken + BESIDE) * VAD_HOP;
    return pause_to > 0 ? (pause_from + pause_to) / 2 * VAD_HOP : start + most;
}
