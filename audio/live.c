#include "audio/live.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/agree.h"
#include "audio/gate.h"
#include "audio/mel.h"
#include "audio/resample.h"
#include "audio/window.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"

#define SECONDS(x) ((size_t)((x) * AUDIO_HZ))
#define LEAST_STEP SECONDS(0.7)     /* between two passes: a word and a half */
#define SOON SECONDS(0.3)           /* ... when the last was not believed: its words wait already */
#define PAUSE SECONDS(0.8)          /* what was said before is whole */
#define MARGIN SECONDS(0.3)         /* of quiet around what is decoded */
#define SEEN SECONDS(0.2)           /* of quiet behind the last word, that a pass saw it whole */
#define LATE SECONDS(1.5)            /* a word that two passes heard differently is told that much later: more would hardly change it */
#define LEAST_LOUD 5                /* frames: 0.1 s, or it is no word */
#define CUT_AT_SEGMENT SECONDS(7)   /* a buffer longer is cut where a segment ends ... */
#define CUT_AT_WORD SECONDS(11)     /* ... or behind a sure word ... */
#define CUT_ANYWHERE SECONDS(20)    /* ... or gives up: with two more feeds it still fits in a window */
#define MOST_PROMPT 64              /* tokens said before: more helps little and is read at every pass */
#define DETECT_SECONDS 5            /* of loud sound, until the language is believed */
#define LEAST_LOGPROB -1.0f         /* as in window.c: a decoding below is not believed ... */
#define MOST_COMPRESSION 2.4f       /* ... nor one that loops ... */
#define NO_SPEECH 0.6f              /* ... nor one of words that need not be there, unless they are likely */
#define LIKELY_LOGPROB -0.5f

struct live {
    struct live_params params;
    struct window window;
    struct gate gate;
    struct samples buffer;          /* since the last cut */
    size_t first;                   /* samples before it */
    size_t n_gated, first_loud, end_loud, n_loud;   /* of the buffer: samples looked at; where sound is; frames of it */
    double all_loud;                /* seconds of sound ever */
    size_t n_new;                   /* samples since the last pass */
    size_t n_decoded;               /* of the buffer, that `newer` has heard */
    struct hypothesis older, newer, told;       /* told: the last words that were sure */
    size_t n_sure;                  /* words of newer */
    struct tokens heard;            /* of newer; the first words' are the next decoding's prefix */
    double told_end;                /* of the last word told */
    bool doubted;                   /* the last pass was not believed */
    bool cut_in_speech;             /* words may be heard on both sides of the last cut */
    double pass_seconds, slowest;
    struct text_buffer pending, piece;
};

/* ---- life ---------------------------------------------------------------------- */

struct live *live_new(const struct whisper *w, const struct compute *c, const struct live_params *params, struct error *err)
{
    struct live *l = calloc(1, sizeof *l);

    if (l == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to listen");
        return NULL;
    }
    l->params = *params;
    l->params.whisper.words = false;
    if (window_init(&l->window, w, c, &l->params.whisper, err) &&
        (l->heard.id = arena_alloc(l->window.arena, w->n_text_ctx + 1, sizeof *l->heard.id, err)) != NULL &&
        text_buffer_add(&l->pending, "", 0, err))
        return l;
    live_free(l);
    return NULL;
}

void live_free(struct live *l)
{
    if (l == NULL)
        return;
    window_done(&l->window);
    hypothesis_done(&l->older);
    hypothesis_done(&l->newer);
    hypothesis_done(&l->told);
    free(l->buffer.data);
    free(l->pending.data);
    free(l->piece.data);
    free(l);
}

/* ---- the buffer ------------------------------------------------------------------ */

bool live_feed(struct live *l, const float *samples, size_t n, struct error *err)
{
    struct samples *b = &l->buffer;

    assert(n <= LIVE_MOST_FEED);
    if (b->n + n > b->capacity) {
        size_t capacity = 2 * b->capacity + n;
        float *data = realloc(b->data, capacity * sizeof *data);
        if (data == NULL)
            return error_set(err, ERROR_INFERENCE, "no memory for %zu samples", capacity);
        b->data = data;
        b->capacity = capacity;
    }
    if (n > 0)
        memcpy(b->data + b->n, samples, n * sizeof *samples);
    b->n += n;
    l->n_new += n;
    for (; l->n_gated + GATE_FRAME <= b->n; l->n_gated += GATE_FRAME) {
        if (!gate_frame(&l->gate, b->data + l->n_gated))
            continue;
        if (l->n_loud++ == 0)
            l->first_loud = l->n_gated;
        l->end_loud = l->n_gated + GATE_FRAME;
        l->all_loud += 1.0 / GATE_FRAMES_PER_SECOND;
    }
    return true;
}

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

bool live_is_paused(const struct live *l)
{
    return l->n_loud > 0 && l->buffer.n >= l->end_loud + PAUSE;
}

size_t live_wanted(const struct live *l)
{
    size_t step = SECONDS(l->pass_seconds), least = l->doubted ? SOON : LEAST_STEP;

    step = step < least ? least : step > LIVE_MOST_FEED ? LIVE_MOST_FEED : step;
    size_t wanted = less(step, l->n_new), pause = less(l->end_loud + PAUSE, l->buffer.n);
    return l->n_loud > 0 && pause < wanted ? pause : wanted;
}

/* Forgets the first n samples, a multiple of GATE_FRAME. */
static void drop_samples(struct live *l, size_t n)
{
    struct samples *b = &l->buffer;

    memmove(b->data, b->data + n, (b->n - n) * sizeof *b->data);
    b->n -= n;
    l->first += n;
    l->n_gated = less(l->n_gated, n);
    l->first_loud = less(l->first_loud, n);
    l->end_loud = less(l->end_loud, n);
    l->n_decoded = less(l->n_decoded, n);
    if (l->end_loud == 0)
        l->n_loud = 0;
}

static size_t whole_frames(size_t n)
{
    return n / GATE_FRAME * GATE_FRAME;
}

/* The middle of the quietest 60 ms between two places of the buffer. */
static size_t quietest(const struct live *l, size_t from, size_t end)
{
    size_t best = whole_frames(from), width = 3 * GATE_FRAME;
    float least = INFINITY;

    for (size_t at = best; at + width <= l->buffer.n && at + width <= end; at += GATE_FRAME) {
        float rms = gate_rms(l->buffer.data + at, width);
        if (rms < least) {
            least = rms;
            best = at + GATE_FRAME;
        }
    }
    return best;
}

/* ---- a pass ------------------------------------------------------------------------ */

static bool is_stamp(const struct live *l, int32_t id)
{
    return id >= l->window.w->ids.timestamp;
}

static double stamp_seconds(const struct live *l, int32_t id)
{
    return (double)l->first / AUDIO_HZ + WINDOW_STEP_SECONDS * (double)(id - l->window.w->ids.timestamp);
}

/* Languages that put no space between words: each character may be one. */
static bool is_spaced(const struct live *l)
{
    static const char *const unspaced[] = { "zh", "ja", "th", "lo", "my", "yue" };
    const char *language = live_language(l);

    for (size_t i = 0; language != NULL && i < sizeof unspaced / sizeof *unspaced; i++)
        if (strcmp(language, unspaced[i]) == 0)
            return false;
    return true;
}

/* Text of a token [*n]; one that names a language, say, has none. */
static const char *token_text(const struct whisper *w, int32_t id, size_t *n)
{
    *n = id < w->ids.eot ? w->token_bytes[id] : 0;
    return id < w->ids.eot ? w->token[id] : "";
}

/* Words of tokens from..end - 1, which lie between two times in proportion to their bytes. */
static bool hear_segment(struct live *l, struct hypothesis *h, size_t from, size_t end, double start, double stop, struct error *err)
{
    const struct whisper *w = l->window.w;
    const int32_t *id = l->window.decoding.tokens.id;
    struct text_buffer *word = &l->piece;
    size_t n_bytes = 0, n_before = 0, n;
    bool spaced = is_spaced(l);

    for (size_t i = from; i < end; i++, n_bytes += n)
        token_text(w, id[i], &n);
    double per_byte = (stop - start) / (double)(n_bytes > 0 ? n_bytes : 1);
    word->n = 0;
    for (size_t i = from; i < end; i++) {
        const char *text = token_text(w, id[i], &n);
        if (!text_buffer_add(word, text, n, err))
            return false;
        bool ends = i + 1 == end || *token_text(w, id[i + 1], &n) == ' ' || (!spaced && utf8_complete(word->data, word->n) == word->n);
        if (!ends || word->n == 0)
            continue;
        size_t n_after = n_before + word->n;
        if (!hypothesis_add(h, start + per_byte * (double)n_before, start + per_byte * (double)n_after, word->data, word->n, i + 1, err))
            return false;
        n_before = n_after;
        word->n = 0;
    }
    return true;
}

/* The words of the window's decoding. */
static bool hear(struct live *l, struct hypothesis *h, struct error *err)
{
    const struct tokens *t = &l->window.decoding.tokens;
    double last = (double)(l->first + l->n_decoded) / AUDIO_HZ, start = (double)l->first / AUDIO_HZ;

    for (size_t i = 0, end; i < t->n; i = end) {
        end = i + 1;
        if (is_stamp(l, t->id[i])) {
            start = fmin(stamp_seconds(l, t->id[i]), last);
            continue;
        }
        while (end < t->n && !is_stamp(l, t->id[end]))
            end++;
        double stop = end < t->n ? fmin(stamp_seconds(l, t->id[end]), last) : last;
        if (!hear_segment(l, h, i, end, start, fmax(start, stop), err))
            return false;
    }
    return true;
}

static bool is_believed(const struct live *l)
{
    const struct decoding *d = &l->window.decoding;

    if (d->compression > MOST_COMPRESSION || d->avg_logprob < LEAST_LOGPROB)
        return false;
    return l->n_sure > 0 || d->no_speech_p <= NO_SPEECH || d->avg_logprob > LIKELY_LOGPROB;
}

/* A phrase that goes round is told once, and is no prompt. */
static void drop_loop(struct live *l)
{
    size_t n = agree_before_loop(&l->newer);

    n = n < l->n_sure ? l->n_sure : n;
    if (n == l->newer.n)
        return;
    hypothesis_keep(&l->newer, n);
    l->heard.n = n > 0 ? l->newer.words[n - 1].end_token : 0;
    l->window.prompt.n = 0;
}

/* Decodes the buffer behind its sure words; what is not believed leaves the hypotheses as they were. */
static bool decode(struct live *l, bool last, bool *believed, struct error *err)
{
    struct window *x = &l->window;
    size_t n = l->end_loud + MARGIN < l->buffer.n ? l->end_loud + MARGIN : l->buffer.n;
    struct mel mel = { 0 };

    if (x->params->language == NULL && x->w->multilingual && l->n_sure == 0 && l->all_loud < DETECT_SECONDS)
        x->task[1] = -1;
    x->prefix = (struct tokens){ l->heard.id, l->n_sure > 0 ? l->newer.words[l->n_sure - 1].end_token : 0 };
    x->once = !last;
    if (!mel_compute(&mel, x->c, x->arena, x->w->filters, x->w->n_mels, l->buffer.data, n, err))
        return false;
    mel_window(&mel, 0, 2 * x->w->n_audio_ctx, x->mel);
    bool ok = window_decode(x, mel.n_frames, l->first + n, err);
    mel_done(&mel);
    if (!ok)
        return false;
    *believed = is_believed(l);
    l->doubted = !*believed;
    if (!*believed) {
        log_debug("live: %.2f s not believed: log-probability %.2f, compression %.2f, no speech %.2f", (double)n / AUDIO_HZ,
                  (double)x->decoding.avg_logprob, (double)x->decoding.compression, (double)x->decoding.no_speech_p);
        return true;
    }
    l->n_decoded = n;
    hypothesis_done(&l->older);
    l->older = l->newer;
    l->newer = (struct hypothesis){ 0 };
    l->heard.n = x->decoding.tokens.n;
    memcpy(l->heard.id, x->decoding.tokens.id, l->heard.n * sizeof *l->heard.id);
    if (!hear(l, &l->newer, err))
        return false;
    drop_loop(l);
    log_debug("live: %.2f..%.2f s, %zu words, %zu of them sure", (double)l->first / AUDIO_HZ, (double)(l->first + n) / AUDIO_HZ,
              l->newer.n, l->n_sure);
    return true;
}

/* ---- sure words ---------------------------------------------------------------------- */

static bool tell(struct live *l, size_t from, size_t end, bool pause, struct error *err)
{
    const struct heard *words = l->newer.words;

    l->piece.n = 0;
    for (size_t i = from; i < end; i++)
        if (!text_buffer_add(&l->piece, words[i].text, strlen(words[i].text), err))
            return false;
    double start = fmax(words[from].start, l->told_end);
    l->told_end = fmax(start, words[end - 1].end);
    struct live_piece piece = { start, l->told_end, l->piece.data, pause || agree_ends_sentence(words[end - 1].text) };
    if (l->params.on_piece != NULL)
        l->params.on_piece(l->params.user, &piece);
    return true;
}

/* The first n words are sure: those that were not are told, a sentence at a time. */
static bool settle(struct live *l, size_t n, bool pause, struct error *err)
{
    const struct heard *words = l->newer.words;

    for (size_t from = l->n_sure, i = from; i < n; i++) {
        if (!hypothesis_add(&l->told, words[i].start, words[i].end, words[i].text, strlen(words[i].text), 0, err))
            return false;
        if (i + 1 < n && !agree_ends_sentence(words[i].text))
            continue;
        if (!tell(l, from, i + 1, pause && i + 1 == n, err))
            return false;
        from = i + 1;
    }
    l->n_sure = n > l->n_sure ? n : l->n_sure;
    hypothesis_drop(&l->told, less(l->told.n, 8));
    return true;
}

/* Words at the start of the buffer that were told before the cut are sure already. */
static void skip_overlap(struct live *l)
{
    if (!l->cut_in_speech || l->newer.n == 0)
        return;
    l->cut_in_speech = false;
    l->n_sure = agree_overlap(&l->told, &l->newer);
    if (l->n_sure > 0)
        hypothesis_done(&l->older);
}

/* ---- cuts ------------------------------------------------------------------------------ */

static void remember(struct live *l, size_t n_tokens)
{
    struct tokens *prompt = &l->window.prompt;

    for (size_t i = 0; i < n_tokens; i++) {
        if (is_stamp(l, l->heard.id[i]))
            continue;
        if (prompt->n >= MOST_PROMPT) {
            memmove(prompt->id, prompt->id + 1, (prompt->n - 1) * sizeof *prompt->id);
            prompt->n--;
        }
        prompt->id[prompt->n++] = l->heard.id[i];
    }
}

/* Cuts at a place of the buffer behind the first n_tokens: they are the next passes' prompt; those
 * behind them start at `steps`. */
static void cut(struct live *l, size_t at, size_t n_tokens, size_t steps)
{
    int32_t stamp = l->window.w->ids.timestamp, moved = (int32_t)(at / GATE_FRAME);     /* a stamp's step is a frame */
    size_t n_words = 0;

    remember(l, n_tokens);
    while (n_words < l->newer.n && l->newer.words[n_words].end_token <= n_tokens)
        n_words++;
    hypothesis_drop(&l->newer, n_words);
    l->n_sure = less(l->n_sure, n_words);
    for (size_t i = 0; i < l->newer.n; i++)
        l->newer.words[i].end_token -= n_tokens - 1;
    l->heard.n -= n_tokens;
    memmove(l->heard.id + 1, l->heard.id + n_tokens, l->heard.n * sizeof *l->heard.id);
    l->heard.id[0] = stamp + (int32_t)steps;
    l->heard.n++;
    for (size_t i = 0; i < l->heard.n; i++)
        if (is_stamp(l, l->heard.id[i]))
            l->heard.id[i] = l->heard.id[i] - moved > stamp ? l->heard.id[i] - moved : stamp;
    drop_samples(l, at);
    log_debug("live: cut at %.2f s, %zu sure words stay", (double)l->first / AUDIO_HZ, l->n_sure);
}

/* All of it was told or is not to be. */
static void cut_all(struct live *l, size_t at)
{
    remember(l, l->newer.n > 0 ? l->newer.words[l->newer.n - 1].end_token : 0);
    hypothesis_done(&l->newer);
    hypothesis_done(&l->older);
    l->n_sure = 0;
    l->heard.n = 0;
    drop_samples(l, at);
    l->n_decoded = 0;
}

/* Where the last segment ends whose words are sure and that others follow. */
static bool cut_at_segment(struct live *l)
{
    const int32_t *id = l->heard.id;
    size_t sure = l->n_sure < l->newer.n ? l->newer.words[l->n_sure].end_token : 0;

    for (size_t i = sure; i-- > 2; ) {
        if (!is_stamp(l, id[i - 1]) || !is_stamp(l, id[i]))
            continue;
        size_t end = (size_t)(id[i - 1] - l->window.w->ids.timestamp), start = (size_t)(id[i] - l->window.w->ids.timestamp);
        size_t at = quietest(l, less(end, 5) * GATE_FRAME, (start + 6) * GATE_FRAME);
        if (at >= SECONDS(1) && at < l->buffer.n) {
            cut(l, at, i + 1, start);
            return true;
        }
    }
    return false;
}

/* Behind the words that this pass was given, where the decoder heard their end. */
static bool cut_at_word(struct live *l)
{
    size_t n_tokens = l->window.prefix.n, step = l->window.prefix_steps;

    if (n_tokens == 0 || step * GATE_FRAME < SECONDS(1))
        return false;
    size_t at = quietest(l, less(step, 10) * GATE_FRAME, (step + 10) * GATE_FRAME);
    if (at >= l->buffer.n)
        return false;
    cut(l, at, n_tokens, at / GATE_FRAME);
    l->cut_in_speech = l->n_sure == 0;
    return true;
}

static bool shorten(struct live *l, struct error *err)
{
    if (l->buffer.n > CUT_AT_SEGMENT && cut_at_segment(l))
        return true;
    if (l->buffer.n > CUT_AT_WORD && cut_at_word(l))
        return true;
    if (l->buffer.n <= CUT_ANYWHERE)
        return true;
    if (!settle(l, l->newer.n, false, err))
        return false;
    size_t end = l->n_decoded > 0 ? l->n_decoded : l->buffer.n / 2;     /* nothing was believed: the older half goes */
    cut_all(l, quietest(l, less(end, SECONDS(0.5)), end));
    l->cut_in_speech = true;
    return true;
}

/* ---- passes ------------------------------------------------------------------------------ */

static void drop_quiet(struct live *l)
{
    size_t n = l->n_loud > 0 ? less(l->first_loud, MARGIN) : less(l->buffer.n, MARGIN);

    if (l->newer.n == 0 && whole_frames(n) > 0)
        drop_samples(l, whole_frames(n));
}

static double now_ms(const struct live *l)
{
    return l->params.clock_ms != NULL ? l->params.clock_ms(l->params.user) : clock_ms();
}

static bool decode_new(struct live *l, bool whole, struct error *err)
{
    double start_ms = now_ms(l);
    bool believed = false;

    l->n_new = 0;
    if (!decode(l, whole, &believed, err))
        return false;
    l->pass_seconds = (now_ms(l) - start_ms) / 1000.0;
    l->slowest = fmax(l->slowest, l->pass_seconds);
    if (!believed)
        return true;
    skip_overlap(l);
    size_t n_agreed = agree_prefix(&l->older, &l->newer, l->n_sure);
    double late = (double)(l->first + less(l->n_decoded, LATE)) / AUDIO_HZ;
    while (n_agreed + 1 < l->newer.n && n_agreed + 1 < l->older.n && l->newer.words[n_agreed].end < late)
        n_agreed++;
    if (n_agreed < l->older.n && n_agreed < l->newer.n)
        log_debug("live: told up to \"%s\", which was \"%s\"", l->newer.words[n_agreed].text, l->older.words[n_agreed].text);
    return settle(l, n_agreed, false, err);
}

static bool pass(struct live *l, bool last, struct error *err)
{
    drop_quiet(l);
    bool whole = live_is_paused(l) || (last && l->n_loud > 0);
    bool seen = l->newer.n > l->n_sure && l->n_decoded >= l->end_loud + SEEN;

    if (l->n_loud < LEAST_LOUD && l->newer.n == 0) {
        l->n_new = 0;
        if (whole)
            cut_all(l, whole_frames(l->end_loud));
        return true;
    }
    if (!seen && !decode_new(l, whole, err))
        return false;
    if (!whole)
        return shorten(l, err);
    if (!settle(l, l->newer.n, true, err))
        return false;
    cut_all(l, whole_frames(l->end_loud + (last ? 0 : MARGIN)));
    return true;
}

bool live_pass(struct live *l, struct error *err)
{
    return pass(l, false, err);
}

bool live_finish(struct live *l, struct error *err)
{
    return pass(l, true, err);
}

const char *live_pending(struct live *l)
{
    struct text_buffer *out = &l->pending;

    out->n = 0;
    out->data[0] = '\0';
    for (size_t i = l->n_sure; i < l->newer.n; i++)
        if (!text_buffer_add(out, l->newer.words[i].text, strlen(l->newer.words[i].text), NULL))
            break;
    return out->data;
}

double live_seconds(const struct live *l)
{
    return (double)(l->first + l->buffer.n) / AUDIO_HZ;
}

double live_slowest(const struct live *l)
{
    return l->slowest;
}

const char *live_language(const struct live *l)
{
    return window_language(&l->window);
}
