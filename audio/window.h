/* window.h - one window of sound to segments with times.
 *
 *   mel [2 n_audio_ctx][n_mels] -> encoder -> [language] -> decoding at temperature 0, after
 *   hotwords and what was said before; hotter while it is not to be believed -> segments between
 *   time stamps, those over silence left out -> [words]
 *
 * A struct window lives from the first window of a recording to its last: it knows
 * the language and the words said before.  It belongs to one thread.
 * Source: github.com/openai/whisper, whisper/transcribe.py and decoding.py. */
#ifndef AUDIO_WINDOW_H
#define AUDIO_WINDOW_H

#include "audio/guards.h"
#include "audio/search.h"
#include "audio/transcript.h"
#include "audio/whisper_decoder.h"
#include "audio/whisper_encoder.h"
#include "audio/whisper_model.h"

#define WINDOW_STEP_SECONDS 0.02    /* of a time stamp */

struct tokens { int32_t *id; size_t n; };

struct decoding {                   /* one try at a window */
    struct tokens tokens;           /* with time stamps, without the end; room for n_text_ctx */
    float avg_logprob, no_speech_p, compression, temperature;
};

struct span { size_t from, end; };  /* of tokens */

struct window {
    const struct whisper *w;
    const struct compute *c;
    const struct whisper_params *params;
    struct arena *arena;            /* everything here and the encoder's scratch */
    struct whisper_decoder *decoder;
    struct search search;
    float *mel;                     /* [2 n_audio_ctx][n_mels]: the caller fills it */
    struct whisper_rows rows;
    struct span *spans;             /* [n_text_ctx]: of the last window's segments, when words are asked for */
    size_t n_spans;
    double words_end;               /* of the last word; seconds from the clip's start */
    struct tokens hotwords;         /* told first, at most n_text_ctx / 4 */
    struct tokens prompt;           /* what was said before, its newest; with hotwords n_text_ctx / 2 - 1 */
    struct tokens prefix;           /* the caller's: what the decoding starts with, time stamps included; none: n is 0 */
    size_t prefix_steps;            /* out: where the prefix ends in the window, in steps of WINDOW_STEP_SECONDS */
    bool once;                      /* at temperature 0 only */
    struct repeats repeats;
    bool *silent;                   /* [n_silent]: frames of the window, of those that are sound */
    size_t n_silent;
    struct decoding decoding;
    int32_t task[3];                /* start of transcript, language (-1: not known yet), task */
    size_t n_task;
    float language_p;               /* 1 when it was given */
    struct text_buffer spelled;     /* bytes of the tokens at hand */
    double encode_ms, decode_ms;
};

/* params is needed until window_done. */
bool window_init(struct window *x, const struct whisper *w, const struct compute *c, const struct whisper_params *params,
                 struct error *err);
void window_done(struct window *x);

/* Decodes x->mel, silence from frame n_heard on, into x->decoding.  seed: the same one gives the same words. */
bool window_decode(struct window *x, size_t n_heard, uint64_t seed, struct error *err);
bool window_is_silence(const struct window *x);

/* Adds the segments of the last decoding that are heard, cut where two time stamps meet; the window starts at
 * `offset` seconds.  Their text as the tokens spell it goes to `all`.  *n_frames: in, what the
 * window holds; out, how far the next one starts after this one.  Tokens that it will decode again
 * are dropped, those that stay are the next window's prompt. */
bool window_segments(struct window *x, double offset, size_t *n_frames, struct transcript *t, struct text_buffer *all,
                     struct error *err);

/* "en", "ko", ...; NULL when no window was decoded and none was given. */
const char *window_language(const struct window *x);

#endif
