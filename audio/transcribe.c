/* transcribe.c - a recording of any length, window by window.
 *
 *   sound -> tape -> mel of the window at `seek` -> segments -> seek moves to the last time stamp
 *
 * Held are the samples of one window and what it leads to; all else is words.
 * Source: github.com/openai/whisper, whisper/transcribe.py. */
#include "audio/audio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/mel.h"
#include "audio/tape.h"
#include "audio/transcript.h"
#include "audio/window.h"

#define SILENT_PEAK 3e-4f           /* -70 dB, ten steps of 16 bits: out of nothing the decoder makes words */
#define LEAST_FRAMES 10              /* a rest of 0.1 s holds no word */

struct run {                        /* one pass over the sound */
    struct window window;
    struct tape tape;
    size_t channel, n_channels;     /* 1 of 2, 2 of 2; 0 of 1: the mean */
    double done, total;             /* seconds, as progress has them */
    struct text_buffer all;         /* text of all segments */
    struct transcript *transcript;
};

struct whisper_params whisper_params_default(void)
{
    return (struct whisper_params){ 0 };
}

static bool is_silent(const float *x, size_t n)
{
    size_t i = 0;

    while (i < n && fabsf(x[i]) < SILENT_PEAK)
        i++;
    return i == n;
}

/* Seconds of this pass as seconds of all of them. */
static void tell_progress(struct run *r, double seconds)
{
    const struct whisper_params *params = r->window.params;
    size_t pass = r->channel > 0 ? r->channel - 1 : 0;
    double total = sound_facts(r->tape.sound).seconds, n = (double)r->n_channels;
    double done = ((double)pass * total + seconds) / n;

    if (params->progress == NULL || done <= r->done)
        return;
    r->done = done;
    params->progress(params->user, total > 0.0 ? fmin(done, total) : done, total);
}

/* Decodes the window at `seek` [n_frames], which the tape holds. */
static bool run_window(struct run *r, uint64_t seek, size_t *n_frames, struct error *err)
{
    struct window *x = &r->window;
    const float *samples = tape_at(&r->tape, seek);
    size_t n_samples = (size_t)(tape_end(&r->tape) - seek), most = *n_frames * MEL_HOP + MEL_N_FFT / 2;
    struct mel mel;

    r->transcript->n_windows++;
    n_samples = n_samples < most ? n_samples : most;        /* the last frames overlap the end */
    if (is_silent(samples, n_samples))
        return true;
    if (!mel_compute(&mel, x->c, x->arena, x->w->filters, x->w->n_mels, samples, n_samples, err))
        return false;
    mel_window(&mel, 0, 2 * x->w->n_audio_ctx, x->mel);
    size_t n_heard = mel.n_frames;
    mel_done(&mel);
    return window_decode(x, n_heard, seek / MEL_HOP, err) &&
           (window_is_silence(x) || window_segments(x, (double)seek / AUDIO_HZ, n_frames, r->transcript, &r->all, err));
}

static bool run_windows(struct run *r, struct error *err)
{
    uint64_t window = 2 * r->window.w->n_audio_ctx * MEL_HOP, seek = 0;

    for (;;) {
        if (!tape_hold(&r->tape, seek, seek + window + MEL_N_FFT / 2, err))
            return false;
        uint64_t left = tape_end(&r->tape) < seek ? 0 : tape_end(&r->tape) - seek;
        size_t n_frames = (size_t)((left < window ? left : window) + MEL_HOP - 1) / MEL_HOP;

        if (n_frames <= LEAST_FRAMES)
            return true;
        r->transcript->seconds = (double)tape_end(&r->tape) / AUDIO_HZ;     /* the most that a segment's end may be */
        if (!run_window(r, seek, &n_frames, err))
            return false;
        seek += n_frames * MEL_HOP;
        tell_progress(r, fmin((double)seek, (double)tape_end(&r->tape)) / AUDIO_HZ);
    }
}

/* One pass; what it heard is the transcript's newest part. */
static bool run_channel(struct run *r, const struct whisper *w, const struct compute *c, struct sound *sound,
                        const struct whisper_params *params, struct error *err)
{
    size_t first = r->transcript->n_segments;
    struct transcript *t = r->transcript;

    r->tape = (struct tape){ .sound = sound };
    bool ok = sound_rewind(sound, r->channel, err) && window_init(&r->window, w, c, params, err) && run_windows(r, err);
    const char *language = ok ? window_language(&r->window) : NULL;
    if (language != NULL && t->language[0] == '\0') {
        memcpy(t->language, language, strlen(language) + 1);
        t->language_p = r->window.language_p;
    }
    for (size_t i = first; i < t->n_segments; i++)
        t->segments[i].channel = r->channel;
    t->encode_ms += r->window.encode_ms;
    t->decode_ms += r->window.decode_ms;
    window_done(&r->window);
    tape_done(&r->tape);
    return ok;
}

static bool run_channels(struct run *r, const struct whisper *w, const struct compute *c, struct sound *sound,
                         const struct whisper_params *params, struct error *err)
{
    size_t n = (size_t)sound_facts(sound).file_channels;

    r->n_channels = params->channels && n > 1 ? n : 1;
    if (r->n_channels == 1)
        return run_channel(r, w, c, sound, params, err);
    for (r->channel = 1; r->channel <= n; r->channel++)
        if (!run_channel(r, w, c, sound, params, err))
            return false;
    return transcript_interleave(r->transcript, &r->all, err);
}

static bool finish(struct run *r, struct sound *sound, struct error *err)
{
    struct transcript *t = r->transcript;
    size_t from = 0;

    if (!text_buffer_add(&r->all, "", 0, err))
        return false;
    while (r->all.data[from] == ' ')
        from++;
    t->text = transcript_clean(r->all.data + from, r->all.n - from, err);
    t->seconds = sound_facts(sound).seconds;
    return t->text != NULL;
}

struct transcript *whisper_transcribe(const struct whisper *w, const struct compute *c, struct sound *sound,
                                      const struct whisper_params *params, struct error *err)
{
    struct run r = { .transcript = calloc(1, sizeof *r.transcript) };
    struct transcript *t = NULL;

    if (r.transcript == NULL)
        error_set(err, ERROR_INFERENCE, "no memory to transcribe");
    else if (run_channels(&r, w, c, sound, params, err) && finish(&r, sound, err))
        t = r.transcript;
    if (t == NULL)
        transcript_free(r.transcript);
    free(r.all.data);
    return t;
}
