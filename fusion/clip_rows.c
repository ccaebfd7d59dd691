#include "fusion/clip_rows.h"

#include "fusion/memory.h"

static bool encode(const struct eyes *eyes, const struct whisper *w, const struct compute *c, const struct clip *clip, audio_encoder_progress *progress,
                   void *user, struct perception *p, struct error *err)
{
    struct audio_plan plan = audio_encoder_plan(eyes->ears, clip->n_samples);

    if (eyes->n_most != 0 && plan.n_rows >= eyes->n_most) {
        p->n_rows_too_many = plan.n_rows;
        return true;
    }
    if (!memory_fits("encoding the clip", 0, plan.n_bytes, err))
        return false;
    p->media = audio_encoder_encode(eyes->ears, w, c, clip->samples, clip->n_samples, progress, user, err);
    p->own_media = audio_encoder_text_model(eyes->ears) != NULL;
    p->projector = p->media != NULL ? eyes->name : NULL;
    return p->media != NULL;
}

bool clip_rows_make(const struct eyes *eyes, const struct whisper *w, const struct compute *c, struct sound *sound, audio_encoder_progress *progress,
                    void *user, struct perception *p, struct error *err)
{
    struct clip *clip = audio_encoder_suits(eyes->ears, w, err) ? clip_of_sound(sound, err) : NULL;
    bool good = clip != NULL && encode(eyes, w, c, clip, progress, user, p, err);

    clip_free(clip);
    return good;
}
