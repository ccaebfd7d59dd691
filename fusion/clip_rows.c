#include "fusion/clip_rows.h"

#include "fusion/encoder_speed.h"
#include "fusion/memory.h"
#include "fusion/rows_cache.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>

struct work {
    const struct eyes *eyes;
    const struct whisper *whisper;
    const struct compute *compute;
    audio_encoder_progress *progress;
    void *user;
};

static bool fit(const struct eyes *eyes, size_t n_rows)
{
    return eyes->n_most == 0 || n_rows < eyes->n_most;
}

static bool too_many(const struct work *w, size_t n_rows, struct perception *p)
{
    if (fit(w->eyes, n_rows))
        return false;
    p->n_rows_too_many = n_rows;
    return true;
}

/* malloc'd; NULL: nothing is kept, since ours, of bytes, are made fast enough. */
static char *key_of(const struct eyes *eyes, const struct compute *c, const char *hash)
{
    const char *id = audio_encoder_id(eyes->ears);

    return *id != '\0' ? rows_cache_key(hash, id, c, "clip") : NULL;
}

static size_t n_samples_of(double seconds)
{
    return (size_t)(seconds * AUDIO_HZ + 0.5);
}

/* With the samples. */
static size_t bytes_of(const struct audio_plan *plan, size_t n_samples)
{
    return plan->n_bytes + n_samples * sizeof(float);
}

void clip_rows_plan(const struct eyes *eyes, const struct compute *c, const char *hash, double seconds, struct preview *preview)
{
    size_t n_samples = n_samples_of(seconds);
    struct audio_plan plan = audio_encoder_plan(eyes->ears, n_samples);

    if (!fit(eyes, plan.n_rows))    /* it is told in words */
        return;
    char *key = key_of(eyes, c, hash);
    bool kept = rows_cache_has(key);
    double ms = kept ? 0 : encoder_speed(audio_encoder_id(eyes->ears), c) * (double)plan.n_rows;

    preview->n_rows = preview->n_rows_whole = plan.n_rows;
    preview->n_bytes = kept ? 0 : bytes_of(&plan, n_samples);
    preview->expected_ms = preview->expected_ms > 0 && (kept || ms > 0) ? preview->expected_ms + ms : 0;
    free(key);
}

/* Where memory is short the clip is told in words: it was transcribed already. */
static bool encode(const struct work *w, struct sound *sound, struct perception *p, struct error *err)
{
    const struct audio_encoder *e = w->eyes->ears;
    size_t n_samples = n_samples_of(p->seconds);
    struct audio_plan plan = audio_encoder_plan(e, n_samples);
    struct error inner = { 0 };

    if (too_many(w, plan.n_rows, p))
        return true;
    if (!memory_fits("encoding the clip", 0, bytes_of(&plan, n_samples), &inner)) {
        log_warning("%s; it is told in words", inner.text);
        return true;
    }
    struct clip *clip = clip_of_sound(sound, err);
    double start = clock_ms();
    if (clip != NULL)
        p->media = audio_encoder_encode(e, w->whisper, w->compute, clip->samples, clip->n_samples, w->progress, w->user, err);
    if (p->media != NULL)
        encoder_speed_learn(audio_encoder_id(e), w->compute, p->media->n_rows, clock_ms() - start);
    clip_free(clip);
    return p->media != NULL;
}

/* Those of another day, or made now. */
static bool find_or_encode(const struct work *w, struct sound *sound, const char *hash, struct perception *p, struct error *err)
{
    char *key = key_of(w->eyes, w->compute, hash);
    struct media_rows *kept = rows_cache_find(key, audio_encoder_n_embd(w->eyes->ears));
    bool good = true;

    p->rows_kept = kept != NULL;
    if (kept == NULL) {
        good = encode(w, sound, p, err);
        if (p->media != NULL)
            rows_cache_keep(key, p->media);
    } else if (!too_many(w, kept->n_rows, p)) {
        p->media = kept;
        kept = NULL;
    }
    media_rows_free(kept);
    free(key);
    return good;
}

bool clip_rows_make(const struct eyes *eyes, const struct whisper *whisper, const struct compute *c, struct sound *sound, const char *hash,
                    audio_encoder_progress *progress, void *user, struct perception *p, struct error *err)
{
    struct work w = { eyes, whisper, c, progress, user };

    if (!audio_encoder_suits(eyes->ears, whisper, err) || !find_or_encode(&w, sound, hash, p, err))
        return false;
    p->own_media = audio_encoder_text_model(eyes->ears) != NULL;
    p->projector = p->media != NULL ? eyes->name : NULL;
    return true;
}
