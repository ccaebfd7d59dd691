/* transcribe.c - a clip of any length, window by window.
 *
 *   mel of the clip -> window at `seek` -> segments -> seek moves to the last time stamp
 *
 * Source: github.com/openai/whisper, whisper/transcribe.py. */
#include "audio/audio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/mel.h"
#include "audio/transcript.h"
#include "audio/window.h"

#define SILENT_PEAK 3e-4f           /* -70 dB, ten steps of 16 bits: out of nothing the decoder makes words */
#define LEAST_FRAMES 10              /* a rest of 0.1 s holds no word */

struct run {
    struct window window;
    const struct clip *clip;
    struct mel mel;
    struct text_buffer all;         /* text of all segments */
    struct transcript *transcript;
};

struct whisper_params whisper_params_default(void)
{
    return (struct whisper_params){ 0 };
}

static bool window_is_silent(const struct run *r, size_t seek, size_t n_frames)
{
    size_t i = seek * MEL_HOP, end = (seek + n_frames) * MEL_HOP;

    while (i < end && i < r->clip->n_samples && fabsf(r->clip->samples[i]) < SILENT_PEAK)
        i++;
    return i >= end || i >= r->clip->n_samples;
}

static bool run_window(struct run *r, size_t seek, size_t *n_frames, struct error *err)
{
    struct window *x = &r->window;

    r->transcript->n_windows++;
    if (window_is_silent(r, seek, *n_frames))
        return true;
    mel_window(&r->mel, seek, 2 * x->w->n_audio_ctx, x->mel);
    size_t n_heard = r->mel.n_frames - seek;        /* more than n_frames: the last frames overlap the end */
    return window_decode(x, n_heard, seek, err) &&
           (window_is_silence(x) || window_segments(x, (double)seek / MEL_FRAMES_PER_SECOND, n_frames, r->transcript, &r->all, err));
}

static bool run_windows(struct run *r, struct error *err)
{
    const struct clip *clip = r->clip;
    const struct whisper_params *params = r->window.params;
    size_t n_content = (clip->n_samples + MEL_HOP - 1) / MEL_HOP, window = 2 * r->window.w->n_audio_ctx;

    for (size_t seek = 0; seek + LEAST_FRAMES < n_content; ) {
        size_t n_frames = n_content - seek < window ? n_content - seek : window;

        if (!run_window(r, seek, &n_frames, err))
            return false;
        seek += n_frames;
        if (params->progress != NULL)
            params->progress(params->user, fmin((double)seek / MEL_FRAMES_PER_SECOND, clip->seconds), clip->seconds);
    }
    return true;
}

static bool prepare(struct run *r, const struct whisper *w, const struct compute *c, const struct whisper_params *params,
                    struct error *err)
{
    const struct clip *clip = r->clip;

    r->transcript = calloc(1, sizeof *r->transcript);
    if (r->transcript == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory to transcribe");
    r->transcript->seconds = clip->seconds;
    return window_init(&r->window, w, c, params, err) &&
           mel_compute(&r->mel, c, r->window.arena, w->filters, w->n_mels, clip->samples, clip->n_samples, err);
}

static bool finish(struct run *r, struct error *err)
{
    struct transcript *t = r->transcript;
    const char *language = window_language(&r->window);
    size_t from = 0;

    if (!text_buffer_add(&r->all, "", 0, err))
        return false;
    while (r->all.data[from] == ' ')
        from++;
    t->text = transcript_clean(r->all.data + from, r->all.n - from, err);
    if (language != NULL)
        memcpy(t->language, language, strlen(language) + 1);
    t->language_p = language != NULL ? r->window.language_p : 0.0f;     /* none: silence throughout */
    t->encode_ms = r->window.encode_ms;
    t->decode_ms = r->window.decode_ms;
    return t->text != NULL;
}

struct transcript *whisper_transcribe(const struct whisper *w, const struct compute *c, const struct clip *clip,
                                      const struct whisper_params *params, struct error *err)
{
    struct run r = { .clip = clip };
    struct transcript *t = NULL;

    if (prepare(&r, w, c, params, err) && run_windows(&r, err) && finish(&r, err))
        t = r.transcript;
    else
        transcript_free(r.transcript);
    mel_done(&r.mel);
    window_done(&r.window);
    free(r.all.data);
    return t;
}
