/* transcribe.c - a clip of any length, window by window.
 *
 *   mel of the clip -> window at `seek` -> encoder -> [language] -> decoding at
 *   temperature 0, hotter while it is not to be believed -> segments between time
 *   stamps -> seek moves to the last one
 *
 * Source: github.com/openai/whisper, whisper/transcribe.py and decoding.py. */
#include "audio/audio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/language.h"
#include "audio/mel.h"
#include "audio/transcript.h"
#include "audio/whisper_decoder.h"
#include "audio/whisper_encoder.h"
#include "audio/whisper_model.h"
#include "audio/whisper_rules.h"
#include "base/clock.h"
#include "base/log.h"

#define LEAST_LOGPROB -1.0f         /* a decoding below is retried ... */
#define MOST_COMPRESSION 2.4f       /* ... or above (it loops) */
#define NO_SPEECH 0.6f              /* silence when above and the decoding is bad too */
#define SILENT_PEAK 3e-4f           /* -70 dB, ten steps of 16 bits: out of nothing the decoder makes words */
#define HOT 0.5f                    /* text decoded above is no prompt for the next window */
#define STEP_SECONDS 0.02           /* of a time stamp */
#define FRAMES_PER_STEP 2
#define LEAST_FRAMES 10             /* a rest of 0.1 s holds no word */

static const float temperatures[] = { 0.0f, 0.2f, 0.4f, 0.6f, 0.8f, 1.0f };

struct tokens { int32_t *id; size_t n; };

struct decoding {                   /* one try at a window */
    struct tokens tokens;           /* with time stamps, without the end; room for n_text_ctx */
    float avg_logprob, no_speech_p, compression, temperature;
};

struct run {
    const struct whisper *w;
    const struct compute *c;
    const struct whisper_params *params;
    const struct clip *clip;
    struct arena *arena;            /* everything here and the encoder's scratch */
    struct whisper_decoder *decoder;
    struct mel mel;
    float *window;                  /* [2 n_audio_ctx][n_mels] */
    struct whisper_rows rows;       /* of the window */
    struct tokens prompt;           /* what was said before, its newest n_text_ctx / 2 - 1 */
    struct decoding decoding;
    int32_t task[3];                /* start of transcript, language, task */
    size_t n_task;
    struct text_buffer spelled;     /* bytes of the tokens at hand */
    struct text_buffer all;         /* of all segments */
    struct transcript *transcript;
};

struct whisper_params whisper_params_default(void)
{
    return (struct whisper_params){ 0 };
}

static bool spell(struct run *r, const int32_t *id, size_t n, struct error *err)
{
    r->spelled.n = 0;
    for (size_t i = 0; i < n; i++)
        if (id[i] < r->w->ids.eot &&
            !text_buffer_add(&r->spelled, r->w->token[id[i]], r->w->token_bytes[id[i]], err))
            return false;
    return text_buffer_add(&r->spelled, "", 0, err);
}

/* ---- one window -------------------------------------------------------------- */

static float softmax_at(const float *logits, size_t n, size_t at)
{
    float max = logits[at];
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        max = logits[i] > max ? logits[i] : max;
    for (size_t i = 0; i < n; i++)
        sum += (double)expf(logits[i] - max);
    return (float)((double)expf(logits[at] - max) / sum);
}

/* The language token most likely after the start of the transcript. */
static bool detect_language(struct run *r, struct error *err)
{
    const struct whisper *w = r->w;
    float *logits = NULL;
    size_t best = 0;

    whisper_decoder_rewind(r->decoder);
    if (!whisper_decoder_feed(r->decoder, &w->ids.sot, 1, &logits, err))
        return false;
    logits += w->ids.language;
    for (size_t i = 1; i < w->n_languages; i++)
        if (logits[i] > logits[best])
            best = i;
    r->task[1] = w->ids.language + (int32_t)best;
    r->transcript->language_p = softmax_at(logits, w->n_languages, best);
    return true;
}

static bool start_tokens(struct run *r, float **logits, struct error *err)
{
    const struct whisper *w = r->w;
    struct decoding *d = &r->decoding;

    whisper_decoder_rewind(r->decoder);
    if (r->prompt.n > 0 && (!whisper_decoder_feed(r->decoder, &w->ids.sot_previous, 1, logits, err) ||
                            !whisper_decoder_feed(r->decoder, r->prompt.id, r->prompt.n, logits, err)))
        return false;
    if (!whisper_decoder_feed(r->decoder, r->task, 1, logits, err))
        return false;
    d->no_speech_p = softmax_at(*logits, w->n_vocab, (size_t)w->ids.no_speech);
    return r->n_task == 1 || whisper_decoder_feed(r->decoder, r->task + 1, r->n_task - 1, logits, err);
}

/* Half of the context, and no more than the prompt leaves. */
static size_t most_tokens(const struct run *r)
{
    size_t n_ctx = r->w->n_text_ctx, n_prompt = (r->prompt.n > 0 ? r->prompt.n + 1 : 0) + r->n_task;

    return n_ctx - n_prompt < n_ctx / 2 ? n_ctx - n_prompt : n_ctx / 2;
}

static bool decode_at(struct run *r, float temperature, uint64_t *random, struct error *err)
{
    const struct whisper *w = r->w;
    struct decoding *d = &r->decoding;
    float *logits = NULL, logprob, sum = 0.0f;
    size_t most = most_tokens(r);

    d->tokens.n = 0;
    d->temperature = temperature;
    if (!start_tokens(r, &logits, err))
        return false;
    while (d->tokens.n < most) {
        whisper_rules_apply(w, logits, d->tokens.id, d->tokens.n);
        int32_t id = whisper_rules_pick(logits, w->n_vocab, temperature, random, &logprob);
        sum += logprob;
        if (id == w->ids.eot)
            break;
        d->tokens.id[d->tokens.n++] = id;
        if (d->tokens.n < most && !whisper_decoder_feed(r->decoder, &id, 1, &logits, err))
            return false;
    }
    d->avg_logprob = sum / (float)(d->tokens.n + 1);
    if (!spell(r, d->tokens.id, d->tokens.n, err))
        return false;
    d->compression = whisper_compression_ratio(r->spelled.data, r->spelled.n);
    return true;
}

static bool is_silence(const struct decoding *d)
{
    return d->no_speech_p > NO_SPEECH && !(d->avg_logprob >= LEAST_LOGPROB);
}

static bool decode_window(struct run *r, size_t seek, struct error *err)
{
    const struct decoding *d = &r->decoding;
    uint64_t random = 0x9E3779B97F4A7C15u + seek;   /* the same clip gives the same words */

    for (size_t i = 0; i < sizeof temperatures / sizeof *temperatures; i++) {
        if (!decode_at(r, temperatures[i], &random, err))
            return false;
        if (is_silence(d) || (d->avg_logprob >= LEAST_LOGPROB && d->compression <= MOST_COMPRESSION))
            break;
        log_debug("speech at %.2f s, temperature %.1f: log-probability %.2f, compression %.2f", (double)seek / MEL_FRAMES_PER_SECOND,
                  (double)d->temperature, (double)d->avg_logprob, (double)d->compression);
    }
    return true;
}

/* ---- segments ---------------------------------------------------------------- */

static bool is_stamp(const struct run *r, int32_t id)
{
    return id >= r->w->ids.timestamp;
}

static size_t stamp_steps(const struct run *r, int32_t id)
{
    return (size_t)(id - r->w->ids.timestamp);
}

/* Tokens from..end - 1 as a segment between two times of the window. */
static bool add_segment(struct run *r, double offset, size_t first_step, size_t last_step, size_t from, size_t end,
                        struct error *err)
{
    const struct decoding *d = &r->decoding;
    struct transcript *t = r->transcript;
    double start = fmin(offset + STEP_SECONDS * (double)first_step, t->seconds);
    double stop = fmin(offset + STEP_SECONDS * (double)last_step, t->seconds);

    return spell(r, d->tokens.id + from, end - from, err) &&
           text_buffer_add(&r->all, r->spelled.data, r->spelled.n, err) &&
           transcript_add(t, start, stop, r->spelled.data, r->spelled.n, d->avg_logprob, d->no_speech_p, err);
}

/* Cuts where two time stamps meet.  *n_frames: in, what the window holds; out,
 * how far the next one starts after this one.  Tokens that it will decode again
 * are dropped. */
static bool add_segments(struct run *r, size_t seek, size_t *n_frames, struct error *err)
{
    struct tokens *t = &r->decoding.tokens;
    double offset = (double)seek / MEL_FRAMES_PER_SECOND;
    bool one_ends = t->n >= 2 && !is_stamp(r, t->id[t->n - 2]) && is_stamp(r, t->id[t->n - 1]);
    size_t from = 0;

    for (size_t i = 1; i < t->n + 1; i++) {
        bool meet = i < t->n && is_stamp(r, t->id[i - 1]) && is_stamp(r, t->id[i]);
        bool rest = i == t->n && one_ends && from > 0;
        if (!meet && !rest)
            continue;
        if (!add_segment(r, offset, stamp_steps(r, t->id[from]), stamp_steps(r, t->id[i - 1]), from, i, err))
            return false;
        from = i;
    }
    if (from > 0) {     /* words after the last pair are decoded again, with what follows them */
        size_t frames = FRAMES_PER_STEP * stamp_steps(r, t->id[from - 1]);
        if (!one_ends && frames > 0 && frames < *n_frames)
            *n_frames = frames;
        t->n = from;
        return true;
    }
    size_t last = *n_frames / FRAMES_PER_STEP, i = t->n;
    while (i > 0 && !is_stamp(r, t->id[i - 1]))
        i--;
    if (i > 0 && stamp_steps(r, t->id[i - 1]) > 0)
        last = stamp_steps(r, t->id[i - 1]);
    return add_segment(r, offset, 0, last, 0, t->n, err);
}

/* Keeps the newest tokens that a prompt has room for. */
static void remember(struct run *r)
{
    size_t most = r->w->n_text_ctx / 2 - 1;
    const struct tokens *t = &r->decoding.tokens;
    size_t n = t->n < most ? t->n : most;
    size_t kept = r->prompt.n < most - n ? r->prompt.n : most - n;

    if (r->decoding.temperature > HOT) {
        r->prompt.n = 0;
        return;
    }
    memmove(r->prompt.id, r->prompt.id + r->prompt.n - kept, kept * sizeof *r->prompt.id);
    memcpy(r->prompt.id + kept, t->id + t->n - n, n * sizeof *t->id);
    r->prompt.n = kept + n;
}

/* ---- the clip ---------------------------------------------------------------- */

static bool window_is_silent(const struct run *r, size_t seek, size_t n_frames)
{
    size_t i = seek * MEL_HOP, end = (seek + n_frames) * MEL_HOP;

    while (i < end && i < r->clip->n_samples && fabsf(r->clip->samples[i]) < SILENT_PEAK)
        i++;
    return i >= end || i >= r->clip->n_samples;
}

static bool run_window(struct run *r, size_t seek, size_t *n_frames, struct error *err)
{
    struct transcript *t = r->transcript;
    double start_ms = clock_ms();

    t->n_windows++;
    if (window_is_silent(r, seek, *n_frames))
        return true;
    mel_window(&r->mel, seek, 2 * r->w->n_audio_ctx, r->window);
    size_t n_heard = r->mel.n_frames - seek;        /* more than n_frames: the last frames overlap the end */
    if (!whisper_encode(r->w, r->c, r->arena, r->window, n_heard, &r->rows, err) ||
        !whisper_decoder_start(r->decoder, &r->rows, err))
        return false;
    t->encode_ms += clock_ms() - start_ms;
    start_ms = clock_ms();
    if (r->w->multilingual && r->task[1] < 0 && !detect_language(r, err))
        return false;
    bool ok = decode_window(r, seek, err);
    if (ok && !is_silence(&r->decoding)) {
        ok = add_segments(r, seek, n_frames, err);
        remember(r);
    }
    t->decode_ms += clock_ms() - start_ms;
    return ok;
}

static bool run_windows(struct run *r, struct error *err)
{
    const struct clip *clip = r->clip;
    size_t n_content = (clip->n_samples + MEL_HOP - 1) / MEL_HOP, window = 2 * r->w->n_audio_ctx;

    for (size_t seek = 0; seek + LEAST_FRAMES < n_content; ) {
        size_t n_frames = n_content - seek < window ? n_content - seek : window;

        if (!run_window(r, seek, &n_frames, err))
            return false;
        seek += n_frames;
        if (r->params->progress != NULL)
            r->params->progress(r->params->user, fmin((double)seek / MEL_FRAMES_PER_SECOND, clip->seconds), clip->seconds);
    }
    return true;
}

static bool choose_task(struct run *r, struct error *err)
{
    const struct whisper *w = r->w;
    const char *language = r->params->language;

    r->task[0] = w->ids.sot;
    r->task[1] = -1;
    r->task[2] = r->params->translate ? w->ids.translate : w->ids.transcribe;
    r->n_task = w->multilingual ? 3 : 1;
    r->transcript->language_p = 1.0f;
    if (!w->multilingual)
        language = language == NULL ? "en" : language;
    if (language == NULL)
        return true;
    size_t i = language_find(language);
    if (i >= (w->multilingual ? w->n_languages : 1))
        return error_set(err, ERROR_USAGE, "%s: this model does not know the language \"%s\"", w->path, language);
    r->task[1] = w->ids.language + (int32_t)i;
    return true;
}

static bool prepare(struct run *r, struct error *err)
{
    const struct whisper *w = r->w;
    const struct clip *clip = r->clip;

    r->transcript = calloc(1, sizeof *r->transcript);
    if (r->transcript == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory to transcribe");
    r->transcript->seconds = clip->seconds;
    if (!choose_task(r, err) || (r->arena = arena_new("speech", 64 << 20, err)) == NULL ||
        (r->decoder = whisper_decoder_new(w, r->c, err)) == NULL)
        return false;
    r->window = arena_alloc(r->arena, 2 * w->n_audio_ctx * w->n_mels, sizeof(float), err);
    r->rows.x = arena_alloc(r->arena, w->n_audio_ctx * w->n_state, sizeof(float), err);
    r->rows.bias = arena_alloc(r->arena, w->n_audio_ctx, sizeof(float), err);
    r->prompt.id = arena_alloc(r->arena, w->n_text_ctx, sizeof(int32_t), err);
    r->decoding.tokens.id = arena_alloc(r->arena, w->n_text_ctx, sizeof(int32_t), err);
    return r->window != NULL && r->rows.x != NULL && r->rows.bias != NULL && r->prompt.id != NULL &&
           r->decoding.tokens.id != NULL &&
           mel_compute(&r->mel, r->c, r->arena, w->filters, w->n_mels, clip->samples, clip->n_samples, err);
}

static bool finish(struct run *r, struct error *err)
{
    struct transcript *t = r->transcript;
    size_t from = 0;

    if (!text_buffer_add(&r->all, "", 0, err))
        return false;
    while (r->all.data[from] == ' ')
        from++;
    t->text = transcript_clean(r->all.data + from, r->all.n - from, err);
    if (r->task[1] >= 0) {
        const char *code = language_code((size_t)(r->task[1] - r->w->ids.language));
        memcpy(t->language, code, strlen(code) + 1);
    } else {
        t->language_p = 0.0f;       /* silence throughout */
    }
    return t->text != NULL;
}

struct transcript *whisper_transcribe(const struct whisper *w, const struct compute *c, const struct clip *clip,
                                      const struct whisper_params *params, struct error *err)
{
    struct run r = { .w = w, .c = c, .params = params, .clip = clip };
    struct transcript *t = NULL;
    bool ok = prepare(&r, err) && run_windows(&r, err) && finish(&r, err);

    if (ok)
        t = r.transcript;
    else
        transcript_free(r.transcript);
    mel_done(&r.mel);
    whisper_decoder_free(r.decoder);
    arena_free(r.arena);
    free(r.spelled.data);
    free(r.all.data);
    return t;
}
