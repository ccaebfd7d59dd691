/* transcribe.c - a recording of any length, window by window.
 *
 *   sound -> tape -> mel of the window that begins at speech (cut.c) -> segments -> on from the last time stamp
 *
 * Held are the samples of one window and what it leads to; all else is words.
 * Source: github.com/openai/whisper, whisper/transcribe.py. */
#include "audio/audio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/cut.h"
#include "audio/journal.h"
#include "audio/language.h"
#include "audio/mel.h"
#include "audio/tape.h"
#include "audio/transcript.h"
#include "audio/whisper_model.h"
#include "audio/window.h"

#define SILENT_PEAK 3e-4f           /* -70 dB, ten steps of 16 bits: out of nothing the decoder makes words */
#define LEAST_SAMPLES 1600           /* a rest of 0.1 s holds no word */

struct run {                        /* one pass over the sound */
    struct window window;
    struct tape tape;
    size_t channel, n_channels;     /* 1 of 2, 2 of 2; 0 of 1: the mean */
    struct journal *journal;        /* or NULL */
    struct journal_place place;     /* of the last record; prompt [n_text_ctx] is ours */
    bool resumed;                   /* the next pass goes on from there ... */
    bool foreign;                   /* ... but the sound ends before */
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

/* Decodes the window from `start` to `end`, which the tape holds; *end: how far it was understood. */
static bool run_window(struct run *r, uint64_t start, uint64_t *end, struct error *err)
{
    struct window *x = &r->window;
    const float *samples = tape_at(&r->tape, start);
    size_t n_samples = (size_t)(*end - start), n_frames = (n_samples + MEL_HOP - 1) / MEL_HOP, whole = n_frames;
    struct mel mel;

    r->transcript->n_windows++;
    if (is_silent(samples, n_samples))
        return true;
    if (!mel_compute(&mel, x->c, x->arena, x->w->filters, x->w->n_mels, samples, n_samples, err))
        return false;
    mel_window(&mel, 0, 2 * x->w->n_audio_ctx, x->mel);
    size_t n_heard = mel.n_frames;                          /* more than n_frames: the last ones overlap the end */
    mel_done(&mel);
    r->transcript->seconds = (double)*end / AUDIO_HZ;       /* the most that a segment's end may be */
    if (!window_decode(x, n_heard, start / MEL_HOP, err))
        return false;
    if (!window_is_silence(x) && !window_segments(x, (double)start / AUDIO_HZ, &n_frames, r->transcript, &r->all, err))
        return false;
    if (n_frames < whole)
        *end = start + n_frames * MEL_HOP;
    return true;
}

/* Moves *seek to where the next window begins; false at the sound's end and on failure. */
static bool next_start(struct run *r, uint64_t *seek, bool *failed, struct error *err)
{
    uint64_t window = 2 * r->window.w->n_audio_ctx * MEL_HOP;
    bool found = false;

    while (!found) {
        *failed = compute_cancelled(r->window.c, err) || !tape_hold(&r->tape, *seek, *seek + window + CUT_AHEAD, err);
        uint64_t end = *failed ? 0 : tape_end(&r->tape);
        if (end <= *seek + LEAST_SAMPLES)
            return false;
        found = cut_start(&r->tape, *seek, *seek + window < end ? *seek + window : end, seek);
        if (!found)
            tell_progress(r, (double)*seek / AUDIO_HZ);
    }
    *failed = !tape_hold(&r->tape, *seek, *seek + window + CUT_AHEAD, err);
    return !*failed;
}

static void keep_window(struct run *r, uint64_t seek, size_t first_segment, size_t first_byte)
{
    const struct window *x = &r->window;
    struct journal_place place = { .channel = (uint32_t)r->channel, .seek = seek, .language = x->task[1],
        .language_p = x->language_p, .prompt = x->prompt.id, .n_prompt = x->prompt.n,
        .repeated = x->repeats.id, .n_repeated = x->repeats.n, .repeats = (uint32_t)x->repeats.times, .words_end = x->words_end };

    journal_write(r->journal, &place, r->transcript, first_segment, &r->all, first_byte);
}

static bool run_windows(struct run *r, uint64_t seek, struct error *err)
{
    uint64_t window = 2 * r->window.w->n_audio_ctx * MEL_HOP;
    bool failed = false;

    while (next_start(r, &seek, &failed, err)) {
        uint64_t end = cut_end(&r->tape, seek, window);
        size_t n_segments = r->transcript->n_segments, n_bytes = r->all.n;

        if (!run_window(r, seek, &end, err))
            return false;
        for (size_t i = n_segments; i < r->transcript->n_segments; i++)
            r->transcript->segments[i].channel = r->channel;
        seek = end;
        keep_window(r, seek, n_segments, n_bytes);
        tell_progress(r, (double)seek / AUDIO_HZ);
    }
    return !failed;
}

/* As the pass was after the last record; the sound is passed over up to there. */
static bool resume(struct run *r, uint64_t *seek, struct error *err)
{
    struct window *x = &r->window;

    if (!tape_hold(&r->tape, r->place.seek, r->place.seek, err))
        return false;
    r->resumed = false;
    r->foreign = tape_end(&r->tape) < r->place.seek;
    if (r->foreign)
        return false;
    *seek = r->place.seek;
    x->task[1] = r->place.language;
    x->language_p = r->place.language_p;
    x->prompt.n = r->place.n_prompt;
    memcpy(x->prompt.id, r->place.prompt, x->prompt.n * sizeof *x->prompt.id);
    x->repeats.n = r->place.n_repeated;
    x->repeats.times = r->place.repeats;
    memcpy(x->repeats.id, r->place.repeated, x->repeats.n * sizeof *x->repeats.id);
    x->words_end = r->place.words_end;
    return true;
}

static void note_language(struct transcript *t, const char *language, float p)
{
    if (language == NULL || t->language[0] != '\0')
        return;
    memcpy(t->language, language, strlen(language) + 1);
    t->language_p = p;
}

/* One pass; what it hears is added to the transcript. */
static bool run_channel(struct run *r, const struct whisper *w, const struct compute *c, struct sound *sound,
                        const struct whisper_params *params, struct error *err)
{
    uint64_t seek = 0;

    r->tape = (struct tape){ .sound = sound, .vad = vad_new(err) };
    bool ok = r->tape.vad != NULL && sound_rewind(sound, r->channel, err) && window_init(&r->window, w, c, params, err) &&
              (!r->resumed || resume(r, &seek, err)) && run_windows(r, seek, err);
    if (ok)
        note_language(r->transcript, window_language(&r->window), r->window.language_p);
    r->transcript->encode_ms += r->window.encode_ms;
    r->transcript->decode_ms += r->window.decode_ms;
    window_done(&r->window);
    tape_done(&r->tape);
    return ok;
}

/* All passes, from the one on that the journal broke off in. */
static bool run_channels(struct run *r, const struct whisper *w, const struct compute *c, struct sound *sound,
                         const struct whisper_params *params, struct error *err)
{
    size_t last = r->n_channels > 1 ? r->n_channels : 0, first = last > 0 ? 1 : 0;

    for (r->channel = r->resumed ? r->place.channel : first; r->channel <= last; r->channel++)
        if (!run_channel(r, w, c, sound, params, err))
            return false;
    return true;
}

/* What the journal has goes into the transcript. */
static bool read_journal(struct run *r, const struct whisper *w, const struct whisper_params *params, struct error *err)
{
    struct journal_place place;
    int32_t *prompt = calloc(2 * w->n_text_ctx, sizeof *prompt);

    if (prompt == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory to transcribe");
    int32_t *repeated = prompt + w->n_text_ctx;
    r->place.prompt = prompt;
    r->place.repeated = repeated;
    r->journal = journal_open(params->journal, w, params);
    while (!r->place.finished && journal_read(r->journal, &place, r->transcript, &r->all)) {
        memcpy(prompt, place.prompt, place.n_prompt * sizeof *prompt);
        memcpy(repeated, place.repeated, place.n_repeated * sizeof *repeated);
        place.prompt = prompt;
        place.repeated = repeated;
        r->place = place;
        r->transcript->n_windows += !place.finished;
        r->resumed = true;
        if (place.language >= 0)
            note_language(r->transcript, language_code((size_t)(place.language - w->ids.language)), place.language_p);
    }
    if (r->place.channel <= r->n_channels && (r->place.channel > 0) == (r->n_channels > 1))
        return true;
    r->foreign = r->resumed;
    return true;
}

static void forget_journal(struct run *r)
{
    transcript_cut(r->transcript, 0);
    r->transcript->n_windows = 0;
    r->transcript->language[0] = '\0';
    r->all.n = 0;
    r->resumed = r->foreign = r->place.finished = false;
    journal_empty(r->journal);
}

static bool finish(struct run *r, double seconds, struct error *err)
{
    struct transcript *t = r->transcript;
    size_t from = 0;

    if ((r->n_channels > 1 && !transcript_interleave(t, &r->all, err)) || !text_buffer_add(&r->all, "", 0, err))
        return false;
    while (r->all.data[from] == ' ')
        from++;
    t->text = transcript_clean(r->all.data + from, r->all.n - from, err);
    t->seconds = seconds;
    return t->text != NULL;
}

static bool run_all(struct run *r, const struct whisper *w, const struct compute *c, struct sound *sound,
                    const struct whisper_params *params, struct error *err)
{
    size_t n = (size_t)sound_facts(sound).file_channels;

    r->n_channels = params->channels && n > 1 ? n : 1;
    if (!read_journal(r, w, params, err))
        return false;
    if (r->foreign)
        forget_journal(r);
    if (r->place.finished)
        return finish(r, r->place.seconds, err);
    bool ok = run_channels(r, w, c, sound, params, err);
    if (!ok && r->foreign) {
        forget_journal(r);
        ok = run_channels(r, w, c, sound, params, err);
    }
    if (!ok)
        return false;
    struct journal_place end = { .language = -1, .finished = true, .seconds = sound_facts(sound).seconds };
    end.channel = r->n_channels > 1 ? (uint32_t)r->n_channels : 0;
    journal_write(r->journal, &end, r->transcript, r->transcript->n_segments, &r->all, r->all.n);
    return finish(r, end.seconds, err);
}

struct transcript *whisper_transcribe(const struct whisper *w, const struct compute *c, struct sound *sound,
                                      const struct whisper_params *params, struct error *err)
{
    struct run r = { .transcript = calloc(1, sizeof *r.transcript) };
    struct transcript *t = NULL;

    if (r.transcript == NULL)
        error_set(err, ERROR_INFERENCE, "no memory to transcribe");
    else if (run_all(&r, w, c, sound, params, err))
        t = r.transcript;
    if (t == NULL)
        transcript_free(r.transcript);
    journal_close(r.journal);
    free((int32_t *)r.place.prompt);
    free(r.all.data);
    return t;
}
