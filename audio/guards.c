#include "audio/guards.h"

#include <string.h>

#define FRAMES_PER_STAMP 2
#define PASSED_OVER 100             /* frames, 1 s */
#define MARGIN 50                   /* frames of 10 ms: time stamps are not exact */

struct run { const int32_t *id; size_t n; };

/* The next segment with words from *at on; none: empty. */
static struct run next_run(const int32_t *tokens, size_t n, int32_t stamp, size_t *at)
{
    size_t from = *at;

    while (from < n && tokens[from] >= stamp)
        from++;
    size_t end = from;
    while (end < n && tokens[end] < stamp)
        end++;
    *at = end;
    return (struct run){ tokens + from, end - from };
}

static bool same(struct run a, struct run b)
{
    return a.n == b.n && memcmp(a.id, b.id, a.n * sizeof *a.id) == 0;
}

/* The last segment, how often it was said in a row, and the most that any was. */
static struct run follow(const struct repeats *r, const int32_t *tokens, size_t n, int32_t stamp, size_t *times, size_t *most)
{
    struct run last = { r->id, r->n };
    size_t at = 0;

    *times = r->times;
    *most = 0;
    for (struct run run; (run = next_run(tokens, n, stamp, &at)).n > 0; last = run) {
        *times = same(run, last) ? *times + 1 : 1;
        *most = *times > *most ? *times : *most;
    }
    return last;
}

bool guards_repeats(const struct repeats *r, const int32_t *tokens, size_t n, int32_t stamp)
{
    size_t times, most;

    follow(r, tokens, n, stamp, &times, &most);
    return most >= GUARDS_REPEATS;
}

void guards_remember(struct repeats *r, const int32_t *tokens, size_t n, int32_t stamp)
{
    size_t times, most;
    struct run last = follow(r, tokens, n, stamp, &times, &most);

    memmove(r->id, last.id, last.n * sizeof *r->id);
    r->n = last.n;
    r->times = times;
}

bool guards_unheard(const bool *silent, size_t n_frames, size_t first, size_t end)
{
    size_t from = first > MARGIN ? first - MARGIN : 0, to = end + MARGIN < n_frames ? end + MARGIN : n_frames;

    while (from < to && silent[from])
        from++;
    return from >= to;
}

bool guards_pass_over(const int32_t *tokens, size_t n, int32_t stamp, const bool *silent, size_t n_frames)
{
    size_t from = 0;                /* frame where words ended last */

    for (size_t i = 0; i < n; i++) {
        if (tokens[i] < stamp)
            continue;
        size_t at = FRAMES_PER_STAMP * (size_t)(tokens[i] - stamp), heard = 0;
        bool words_before = i > 0 && tokens[i - 1] < stamp;
        for (size_t k = from; !words_before && k < at && k < n_frames; k++)
            heard += !silent[k];
        if (heard >= PASSED_OVER)
            return true;
        from = at;
    }
    return false;
}
