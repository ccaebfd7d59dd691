#include "audio/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/language.h"
#include "audio/pauses.h"
#include "audio/whisper_prompt.h"
#include "audio/whisper_rules.h"
#include "audio/words.h"
#include "base/clock.h"
#include "base/log.h"

#define LEAST_LOGPROB -1.0f         /* a decoding below is retried ... */
#define MOST_COMPRESSION 2.4f       /* ... or above (it loops) */
#define NO_SPEECH 0.6f              /* silence when above and the decoding is bad too */
#define HOT 0.5f                    /* text decoded above is no prompt for the next window */
#define MOST_BEAM 16                /* each hypothesis has keys and values: large-v3's weigh 73 MB */
#define FRAMES_PER_STEP 2

static const float temperatures[] = { 0.0f, 0.2f, 0.4f, 0.6f, 0.8f, 1.0f };

static bool spell(struct window *x, const int32_t *id, size_t n, struct error *err)
{
    x->spelled.n = 0;
    for (size_t i = 0; i < n; i++)
        if (id[i] < x->w->ids.eot &&
            !text_buffer_add(&x->spelled, x->w->token[id[i]], x->w->token_bytes[id[i]], err))
            return false;
    return text_buffer_add(&x->spelled, "", 0, err);
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
static bool detect_language(struct window *x, struct error *err)
{
    const struct whisper *w = x->w;
    float *logits = NULL;
    size_t best = 0;

    whisper_decoder_rewind(x->decoder);
    if (!whisper_decoder_feed(x->decoder, &w->ids.sot, 1, &logits, err))
        return false;
    logits += w->ids.language;
    for (size_t i = 1; i < w->n_languages; i++)
        if (logits[i] > logits[best])
            best = i;
    x->task[1] = w->ids.language + (int32_t)best;
    x->language_p = softmax_at(logits, w->n_languages, best);
    return true;
}

/* The decoding begins with what the caller has fixed.  The likeliest time stamp behind it tells where it ends. */
static bool start_prefix(struct window *x, float **logits, struct error *err)
{
    const struct whisper *w = x->w;
    struct decoding *d = &x->decoding;
    size_t best = (size_t)w->ids.timestamp;

    d->tokens.n = x->prefix.n;
    if (x->prefix.n == 0)
        return true;
    memcpy(d->tokens.id, x->prefix.id, x->prefix.n * sizeof *x->prefix.id);
    if (!whisper_decoder_feed(x->decoder, x->prefix.id, x->prefix.n, logits, err))
        return false;
    for (size_t i = best; i < w->n_vocab; i++)
        if ((*logits)[i] > (*logits)[best])
            best = i;
    x->prefix_steps = best - (size_t)w->ids.timestamp;
    return true;
}

static bool start_tokens(struct window *x, float **logits, struct error *err)
{
    const struct whisper *w = x->w;
    struct decoding *d = &x->decoding;

    whisper_decoder_rewind(x->decoder);
    if (x->hotwords.n + x->prompt.n > 0 && !whisper_decoder_feed(x->decoder, &w->ids.sot_previous, 1, logits, err))
        return false;
    if (x->hotwords.n > 0 && !whisper_decoder_feed(x->decoder, x->hotwords.id, x->hotwords.n, logits, err))
        return false;
    if (x->prompt.n > 0 && !whisper_decoder_feed(x->decoder, x->prompt.id, x->prompt.n, logits, err))
        return false;
    if (!whisper_decoder_feed(x->decoder, x->task, 1, logits, err))
        return false;
    d->no_speech_p = softmax_at(*logits, w->n_vocab, (size_t)w->ids.no_speech);
    return (x->n_task == 1 || whisper_decoder_feed(x->decoder, x->task + 1, x->n_task - 1, logits, err)) &&
           start_prefix(x, logits, err);
}

/* Half of the context, and no more than the prompt leaves. */
static size_t most_tokens(const struct window *x)
{
    size_t n_told = x->hotwords.n + x->prompt.n, n_ctx = x->w->n_text_ctx, n_prompt = (n_told > 0 ? n_told + 1 : 0) + x->n_task;

    return n_ctx - n_prompt < n_ctx / 2 ? n_ctx - n_prompt : n_ctx / 2;
}

/* The likeliest token of each step, or one that is drawn. */
static bool sample(struct window *x, float *logits, size_t most, uint64_t *random, struct error *err)
{
    const struct whisper *w = x->w;
    struct decoding *d = &x->decoding;
    float logprob, sum = 0.0f;

    while (d->tokens.n < most) {
        whisper_rules_apply(w, logits, d->tokens.id, d->tokens.n);
        int32_t id = whisper_rules_pick(logits, w->n_vocab, d->temperature, random, &logprob);
        sum += logprob;
        if (id == w->ids.eot)
            break;
        d->tokens.id[d->tokens.n++] = id;
        if (d->tokens.n < most && !whisper_decoder_feed(x->decoder, &id, 1, &logits, err))
            return false;
    }
    d->avg_logprob = sum / (float)(d->tokens.n - x->prefix.n + 1);
    return true;
}

static bool beam_search(struct window *x, float *logits, size_t most, struct error *err)
{
    struct decoding *d = &x->decoding;
    const struct beam *best;

    if (!search_run(&x->search, logits, most, &best, err))
        return false;
    memcpy(d->tokens.id, best->id, best->n * sizeof *best->id);
    d->tokens.n = best->n;
    d->avg_logprob = (float)(best->sum / (double)(best->n + 1));
    return true;
}

static bool decode_at(struct window *x, float temperature, bool with_beam, uint64_t *random, struct error *err)
{
    struct decoding *d = &x->decoding;
    float *logits = NULL;
    size_t most = most_tokens(x);

    d->temperature = temperature;
    if (!start_tokens(x, &logits, err))
        return false;
    if (with_beam ? !beam_search(x, logits, most, err) : !sample(x, logits, most, random, err))
        return false;
    if (!spell(x, d->tokens.id, d->tokens.n, err))
        return false;
    d->compression = whisper_compression_ratio(x->spelled.data, x->spelled.n);
    return true;
}

bool window_is_silence(const struct window *x)
{
    const struct decoding *d = &x->decoding;

    return d->no_speech_p > NO_SPEECH && !(d->avg_logprob >= LEAST_LOGPROB);
}

/* The likeliest text may be one that passes over speech; token by token is then heard more. */
static bool decode_coolest(struct window *x, uint64_t *random, struct error *err)
{
    const struct decoding *d = &x->decoding;
    bool with_beam = x->search.n_beam > 1 && x->prefix.n == 0;

    if (!decode_at(x, 0.0f, with_beam, random, err))
        return false;
    if (!with_beam || !guards_pass_over(d->tokens.id, d->tokens.n, x->w->ids.timestamp, x->silent, x->n_silent))
        return true;
    log_debug("the beam passes over sound");
    return decode_at(x, 0.0f, false, random, err);
}

static bool try_temperatures(struct window *x, uint64_t seed, struct error *err)
{
    const struct decoding *d = &x->decoding;
    uint64_t random = 0x9E3779B97F4A7C15u + seed;   /* the same clip gives the same words */
    bool repeated = false;

    for (size_t i = 0; i < sizeof temperatures / sizeof *temperatures; i++) {
        if (i == 0 ? !decode_coolest(x, &random, err) : !decode_at(x, temperatures[i], false, &random, err))
            return false;
        bool repeats = !repeated && guards_repeats(&x->repeats, d->tokens.id, d->tokens.n, x->w->ids.timestamp);
        if (window_is_silence(x) || (d->avg_logprob >= LEAST_LOGPROB && d->compression <= MOST_COMPRESSION && !repeats))
            break;
        if (x->once)
            break;
        log_debug("window %llu, temperature %.1f: log-probability %.2f, compression %.2f%s", (unsigned long long)seed,
                  (double)d->temperature, (double)d->avg_logprob, (double)d->compression, repeats ? ", says one thing again" : "");
        if (repeats) {              /* once: people do repeat themselves; and not told what was said before */
            repeated = true;
            x->prompt.n = 0;
        }
    }
    return true;
}

/* ---- segments ---------------------------------------------------------------- */

static bool is_stamp(const struct window *x, int32_t id)
{
    return id >= x->w->ids.timestamp;
}

static size_t stamp_steps(const struct window *x, int32_t id)
{
    return (size_t)(id - x->w->ids.timestamp);
}

struct place { double offset; struct transcript *t; struct text_buffer *all; };      /* where segments go */

/* Tokens from..end - 1 as a segment between two times of the window. */
static bool add_segment(struct window *x, const struct place *to, size_t first_step, size_t last_step, size_t from, size_t end,
                        struct error *err)
{
    const struct decoding *d = &x->decoding;
    double start = fmin(to->offset + WINDOW_STEP_SECONDS * (double)first_step, to->t->seconds);
    double stop = fmin(to->offset + WINDOW_STEP_SECONDS * (double)last_step, to->t->seconds);

    size_t n_before = to->t->n_segments;

    if (guards_unheard(x->silent, x->n_silent, FRAMES_PER_STEP * first_step, FRAMES_PER_STEP * last_step))
        return true;
    if (!spell(x, d->tokens.id + from, end - from, err) || !text_buffer_add(to->all, x->spelled.data, x->spelled.n, err) ||
        !transcript_add(to->t, start, stop, x->spelled.data, x->spelled.n, d->avg_logprob, d->no_speech_p, err))
        return false;
    if (to->t->n_segments > n_before)
        x->spans[x->n_spans++] = (struct span){ from, end };
    return true;
}

/* Cuts where two time stamps meet (window_segments). */
static bool add_segments(struct window *x, const struct place *to, size_t *n_frames, struct error *err)
{
    struct tokens *t = &x->decoding.tokens;
    bool one_ends = t->n >= 2 && !is_stamp(x, t->id[t->n - 2]) && is_stamp(x, t->id[t->n - 1]);
    size_t from = 0;

    for (size_t i = 1; i < t->n + 1; i++) {
        bool meet = i < t->n && is_stamp(x, t->id[i - 1]) && is_stamp(x, t->id[i]);
        bool rest = i == t->n && one_ends && from > 0;
        if (!meet && !rest)
            continue;
        if (!add_segment(x, to, stamp_steps(x, t->id[from]), stamp_steps(x, t->id[i - 1]), from, i, err))
            return false;
        from = i;
    }
    if (from > 0) {     /* words after the last pair are decoded again, with what follows them */
        size_t frames = FRAMES_PER_STEP * stamp_steps(x, t->id[from - 1]);
        if (!one_ends && frames > 0 && frames < *n_frames)
            *n_frames = frames;
        t->n = from;
        return true;
    }
    size_t last = *n_frames / FRAMES_PER_STEP, i = t->n;
    while (i > 0 && !is_stamp(x, t->id[i - 1]))
        i--;
    if (i > 0 && stamp_steps(x, t->id[i - 1]) > 0)
        last = stamp_steps(x, t->id[i - 1]);
    return add_segment(x, to, 0, last, 0, t->n, err);
}

/* ---- words --------------------------------------------------------------------- */

struct text {                       /* ordinary tokens of all spans */
    int32_t *id;
    size_t n;
    struct alignment times;
};

static bool gather(const struct window *x, struct text *text, struct error *err)
{
    const struct tokens *t = &x->decoding.tokens;

    text->id = arena_alloc(x->arena, t->n, sizeof *text->id, err);
    text->times.frame = arena_alloc(x->arena, t->n + 1, sizeof *text->times.frame, err);
    text->times.peak = arena_alloc(x->arena, t->n, sizeof *text->times.peak, err);
    text->times.p = arena_alloc(x->arena, t->n, sizeof *text->times.p, err);
    if (text->id == NULL || text->times.frame == NULL || text->times.peak == NULL || text->times.p == NULL)
        return false;
    for (size_t i = 0; i < x->n_spans; i++)
        for (size_t k = x->spans[i].from; k < x->spans[i].end; k++)
            if (t->id[k] < x->w->ids.eot)
                text->id[text->n++] = t->id[k];
    return true;
}

/* Each segment's words, listed in `words` too. */
static bool split_segments(struct window *x, const struct place *to, const struct text *text, struct heard *words, size_t *n_words,
                           struct error *err)
{
    size_t from = 0;

    for (size_t i = 0; i < x->n_spans; i++) {
        struct segment *s = &to->t->segments[to->t->n_segments - x->n_spans + i];
        struct alignment times = { text->times.frame + from, text->times.peak + from, text->times.p + from };
        size_t n = 0;
        for (size_t k = x->spans[i].from; k < x->spans[i].end; k++)
            n += x->decoding.tokens.id[k] < x->w->ids.eot;
        if (!words_make(x->w, window_language(x), text->id + from, n, &times, to->offset, x->arena, s, words + *n_words, err))
            return false;
        *n_words += s->n_words;
        from += n;
    }
    return true;
}

/* A segment with words lasts from its first to its last. */
static bool add_words(struct window *x, const struct place *to, size_t n_frames, struct error *err)
{
    struct arena_mark mark = arena_mark(x->arena);
    size_t n_rows = n_frames / FRAMES_PER_STEP < x->rows.n ? n_frames / FRAMES_PER_STEP : x->rows.n, n_words = 0;
    struct text text = { 0 };
    struct heard *words = arena_alloc(x->arena, x->decoding.tokens.n, sizeof *words, err);

    if (words == NULL || !gather(x, &text, err) ||
        !align_tokens(x->decoder, x->w, x->arena, x->task, x->n_task, text.id, text.n, n_rows, &text.times, err) ||
        !split_segments(x, to, &text, words, &n_words, err))
        return false;
    pauses_fit(words, n_words, x->silent, n_frames < x->n_silent ? n_frames : x->n_silent, to->offset, x->words_end, to->t->seconds);
    x->words_end = n_words > 0 ? words[n_words - 1].word->end : x->words_end;
    for (size_t i = to->t->n_segments - x->n_spans; i < to->t->n_segments; i++) {
        struct segment *s = &to->t->segments[i];
        if (s->n_words > 0) {
            s->start = s->words[0].start;
            s->end = s->words[s->n_words - 1].end;
        }
    }
    arena_rewind(x->arena, mark);
    return true;
}

/* ---- a recording ---------------------------------------------------------------- */

/* Appends the newest tokens that the prompt has room for. */
static void tell(struct window *x, const int32_t *id, size_t n_ids)
{
    size_t most = x->w->n_text_ctx / 2 - 1 - x->hotwords.n;
    size_t n = n_ids < most ? n_ids : most;
    size_t kept = x->prompt.n < most - n ? x->prompt.n : most - n;

    memmove(x->prompt.id, x->prompt.id + x->prompt.n - kept, kept * sizeof *x->prompt.id);
    memcpy(x->prompt.id + kept, id + n_ids - n, n * sizeof *id);
    x->prompt.n = kept + n;
}

static void remember(struct window *x)
{
    const struct tokens *t = &x->decoding.tokens;

    guards_remember(&x->repeats, t->id, t->n, x->w->ids.timestamp);
    if (x->decoding.temperature > HOT)
        x->prompt.n = 0;
    else
        tell(x, t->id, t->n);
}

/* The caller's prompt as if it had been said before, and hotwords. */
static bool read_prompts(struct window *x, struct error *err)
{
    const struct whisper_params *params = x->params;
    struct arena_mark mark = arena_mark(x->arena);
    size_t most = x->w->n_text_ctx / 4, n = 0;
    int32_t *ids;

    if (params->hotwords != NULL) {
        if (!whisper_prompt_encode(x->w, params->hotwords, x->arena, &ids, &n, err))
            return false;
        if (n > most)
            return error_set(err, ERROR_USAGE, "hotwords of %zu tokens are too many, at most %zu fit; leave some out", n, most);
        memcpy(x->hotwords.id, ids, n * sizeof *ids);
        x->hotwords.n = n;
    }
    if (params->prompt != NULL) {
        if (!whisper_prompt_encode(x->w, params->prompt, x->arena, &ids, &n, err))
            return false;
        tell(x, ids, n);
    }
    arena_rewind(x->arena, mark);
    return true;
}

static bool choose_task(struct window *x, struct error *err)
{
    const struct whisper *w = x->w;
    const char *language = x->params->language;

    x->task[0] = w->ids.sot;
    x->task[1] = -1;
    x->task[2] = x->params->translate ? w->ids.translate : w->ids.transcribe;
    x->n_task = w->multilingual ? 3 : 1;
    x->language_p = 1.0f;
    if (!w->multilingual)
        language = language == NULL ? "en" : language;
    if (language == NULL)
        return true;
    size_t i = language_find(language);
    if (i >= (w->multilingual ? w->n_languages : 1))
        return error_set(err, ERROR_USAGE, "%s: this model does not know the language \"%s\"", w->path, language);
    x->task[1] = w->ids.language + (int32_t)i;
    return true;
}

bool window_init(struct window *x, const struct whisper *w, const struct compute *c, const struct whisper_params *params,
                 struct error *err)
{
    size_t n_beam = params->beam > 1 ? params->beam : 1;

    *x = (struct window){ .w = w, .c = c, .params = params };
    if (n_beam > MOST_BEAM)
        return error_set(err, ERROR_USAGE, "a beam of %zu is too wide, expected 1 to %d", n_beam, MOST_BEAM);
    if (!choose_task(x, err) || (x->arena = arena_new("speech", 64 << 20, err)) == NULL ||
        (x->decoder = whisper_decoder_new(w, c, n_beam, err)) == NULL ||
        !search_init(&x->search, w, x->decoder, n_beam, x->arena, err))
        return false;
    struct { void *field; size_t n, size; } blocks[] = {
        { &x->mel, 2 * w->n_audio_ctx * w->n_mels, sizeof *x->mel }, { &x->rows.x, w->n_audio_ctx * w->n_state, sizeof *x->rows.x },
        { &x->rows.bias, w->n_audio_ctx, sizeof *x->rows.bias }, { &x->spans, w->n_text_ctx, sizeof *x->spans },
        { &x->hotwords.id, w->n_text_ctx, sizeof *x->hotwords.id }, { &x->prompt.id, w->n_text_ctx, sizeof *x->prompt.id },
        { &x->repeats.id, w->n_text_ctx, sizeof *x->repeats.id }, { &x->silent, 2 * w->n_audio_ctx, sizeof *x->silent },
        { &x->decoding.tokens.id, w->n_text_ctx, sizeof *x->decoding.tokens.id },
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        void *data = arena_alloc(x->arena, blocks[i].n, blocks[i].size, err);
        if (data == NULL)
            return false;
        memcpy(blocks[i].field, &data, sizeof data);
    }
    return read_prompts(x, err);
}

void window_done(struct window *x)
{
    whisper_decoder_free(x->decoder);
    arena_free(x->arena);
    free(x->spelled.data);
}

bool window_decode(struct window *x, size_t n_heard, uint64_t seed, struct error *err)
{
    double start_ms = clock_ms();

    x->n_silent = n_heard < 2 * x->w->n_audio_ctx ? n_heard : 2 * x->w->n_audio_ctx;
    if (!pauses_find(x->mel, x->n_silent, x->w->n_mels, x->arena, x->silent, err))
        return false;
    if (!whisper_encode(x->w, x->c, x->arena, x->mel, n_heard, &x->rows, err) ||
        !whisper_decoder_start(x->decoder, &x->rows, err))
        return false;
    double encoded_ms = clock_ms();
    x->encode_ms += encoded_ms - start_ms;
    bool ok = (!x->w->multilingual || x->task[1] >= 0 || detect_language(x, err)) && try_temperatures(x, seed, err);
    x->decode_ms += clock_ms() - encoded_ms;
    return ok;
}

bool window_segments(struct window *x, double offset, size_t *n_frames, struct transcript *t, struct text_buffer *all,
                     struct error *err)
{
    struct place to = { offset, t, all };
    size_t n_held = *n_frames;

    x->n_spans = 0;
    if (!add_segments(x, &to, n_frames, err) || (x->params->words && x->n_spans > 0 && !add_words(x, &to, n_held, err)))
        return false;
    remember(x);
    return true;
}

const char *window_language(const struct window *x)
{
    return x->task[1] < 0 ? NULL : language_code((size_t)(x->task[1] - x->w->ids.language));
}
