#include "fusion/listening.h"

#include "fusion/sound_queue.h"
#include "fusion/words.h"

#include "audio/live.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = AUDIO_HZ / 10, WAIT_MS = 20 };

struct listening {
    struct live *live;
    struct sound_queue *queue;
    uint32_t sound;
    const struct compute *c;
    struct words sure;              /* since they were told */
    bool in_line;
};

static void on_piece(void *user, const struct live_piece *piece)
{
    struct listening *x = user;
    const char *text = piece->text;

    if (!x->in_line)
        text += strspn(text, " ");
    words_add(&x->sure, "%s%s", text, piece->ends ? "\n" : "");
    x->in_line = !piece->ends;
}

static bool tell(struct listening *x, listening_heard *heard, void *user, struct error *err)
{
    const char *unsure = live_pending(x->live);
    char *sure = words_take(&x->sure, err);

    if (sure == NULL)
        return false;
    heard(user, sure, unsure + (x->in_line ? 0 : strspn(unsure, " ")));
    free(sure);
    return true;
}

static bool is_cancelled(const struct listening *x, struct error *err)
{
    if (sound_queue_is_thrown_away(x->queue, x->sound))
        error_set(err, ERROR_CANCELLED, "cancelled");
    return sound_queue_is_thrown_away(x->queue, x->sound) || compute_cancelled(x->c, err);
}

/* What has come, at most what a pass may find new, and no further than a pause. */
static bool take_sound(struct listening *x, size_t *n_fed, struct error *err)
{
    float block[BLOCK];
    size_t n = 1;

    while (n > 0 && *n_fed + BLOCK <= LIVE_MOST_FEED && !live_is_paused(x->live)) {
        n = sound_queue_take(x->queue, x->sound, block, BLOCK);
        if (!live_feed(x->live, block, n, err))
            return false;
        *n_fed += n;
    }
    return true;
}

static bool listen_on(struct listening *x, listening_heard *heard, void *user, struct error *err)
{
    const struct timespec pause = { 0, WAIT_MS * 1000000L };
    size_t n_fed = 0;

    while (!sound_queue_is_done(x->queue, x->sound)) {
        if (is_cancelled(x, err) || !take_sound(x, &n_fed, err))
            return false;
        if (live_wanted(x->live) > 0) {
            nanosleep(&pause, NULL);
            continue;
        }
        if (!live_pass(x->live, err) || !tell(x, heard, user, err))
            return false;
        n_fed = 0;
    }
    return !is_cancelled(x, err) && live_finish(x->live, err) && tell(x, heard, user, err);
}

bool listening_run(const struct whisper *w, const struct compute *c, const struct whisper_params *params,
                  struct sound_queue *queue, uint32_t sound, listening_heard *heard, void *user, struct error *err)
{
    struct listening x = { .queue = queue, .sound = sound, .c = c };
    const struct live_params p = { .whisper = *params, .on_piece = on_piece, .user = &x };

    x.live = live_new(w, c, &p, err);
    bool ok = x.live != NULL && tell(&x, heard, user, err) && listen_on(&x, heard, user, err);
    live_free(x.live);
    words_done(&x.sure);
    return ok;
}
