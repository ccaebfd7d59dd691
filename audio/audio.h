/* audio.h - sound in, words out.
 *
 *   file -> sound: decode (libsndfile) -> mono -> 16 kHz (soxr) -> blocks of samples [n] f32
 *        -> log-mel [80][3000] per 30 s window -> Whisper encoder -> [1500][n_state]
 *        -> Whisper decoder with timestamps -> segments
 *   microphone -> capture (PortAudio, or a file in its place) -> take
 *
 * A struct whisper never changes after whisper_open.  Source: Radford et al. 2022,
 * arXiv:2212.04356, and github.com/openai/whisper; see docs/models.md. */
#ifndef AUDIO_AUDIO_H
#define AUDIO_AUDIO_H

#include "base/error.h"
#include "tensor/compute.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIO_HZ 16000

/* ---- clips ---------------------------------------------------------------- */

struct clip {
    float *samples;                 /* [n_samples] mono at AUDIO_HZ, -1..1 */
    size_t n_samples;
    double seconds;
    int file_hz, file_channels;
    const char *format;             /* "WAV", "FLAC", "Ogg", "MP3", ... */
    float peak, rms;                /* linear, 0..1 */
};

/* A short file whole, refused as sound_open and sound_read do. */
struct clip *clip_load(const char *path, struct error *err);
void clip_free(struct clip *clip);                          /* NULL is fine */

/* ---- sound, block by block -------------------------------------------------- */

/* A file of any length, in memory that does not grow with it.  One thread. */
struct sound;
struct sound_facts {
    const char *format;             /* as in a clip */
    int file_hz, file_channels;
    double seconds;                 /* what the file says, exact once its end was read; 0: not known before that */
    float peak, rms;                /* of what was read since the start, linear, 0..1 */
};

/* ERROR_INPUT names the file, the reason and, for a container that is not read
 * (M4A, MP4, WebM, ...), the command that converts it. */
struct sound *sound_open(const char *path, struct error *err);
struct sound *sound_of_clip(const struct clip *clip, struct error *err);   /* the clip must outlive it */
void sound_close(struct sound *s);                          /* NULL is fine */
struct sound_facts sound_facts(const struct sound *s);
/* The next samples, mono at AUDIO_HZ, -1..1, borrowed until the next call; *n = 0 at the end.
 * ERROR_INPUT, too, for what only reading reveals: no sound, cut short, too long. */
bool sound_read(struct sound *s, const float **samples, size_t *n, struct error *err);
/* From the start again: channel 1, 2, ... of the file alone, or 0 for the mean of all. */
bool sound_rewind(struct sound *s, size_t channel, struct error *err);
/* All of it from the start, whatever was read of it before. */
struct clip *clip_of_sound(struct sound *s, struct error *err);

/* ---- transcription -------------------------------------------------------- */

struct whisper;

/* A published ggml-*.bin (F32, F16, Q5_0, Q5_1, Q8_0, ...).  c: needed until it returns; where its kernels
 * have integer tiles, matrices of floats are kept in 8 bits. */
struct whisper *whisper_open(const char *path, const struct compute *c, struct error *err);
void whisper_close(struct whisper *w);                      /* NULL is fine */
const char *whisper_id(const struct whisper *w);            /* for cache keys; borrowed */

struct whisper_params {
    const char *language;           /* "en", "ko", ...; NULL: detected */
    bool translate;                 /* into English */
    size_t beam;                    /* hypotheses kept at temperature 0; 0 or 1: greedy */
    bool words;                     /* times and probabilities of words, too */
    const char *prompt;             /* told as if it had been said before the clip; may be NULL */
    const char *hotwords;           /* names and terms, told before every window; may be NULL */
    bool channels;                  /* each by itself, for speakers that have a channel of their own */
    const char *journal;            /* a file of this sound's own: broken off, the next run goes on from it; NULL: none */
    /* Seconds done, growing, and in all (0: not known); may be NULL. */
    void (*progress)(void *user, double done_seconds, double total_seconds);
    void *user;
};
struct whisper_params whisper_params_default(void);

struct word {
    double start, end;              /* seconds from the clip's start */
    char *text;                     /* UTF-8, with the space before it, if any, and its punctuation */
    float p;                        /* mean probability of its tokens */
};

struct segment {
    double start, end;              /* seconds from the clip's start */
    char *text;                     /* UTF-8, trimmed */
    float avg_logprob, no_speech_p;
    size_t channel;                 /* from 1: who speaks, when channels were heard apart; else 0 */
    struct word *words;             /* [n_words], when asked for; together they spell the text */
    size_t n_words;
    char *heard;                    /* what was heard, where a person corrected the text; else NULL */
};

struct transcript {
    struct segment *segments;
    size_t n_segments;
    char *text;                     /* all segments joined; "" when silent */
    char language[8];               /* "" when silent and not given */
    float language_p;               /* 1 when it was given */
    double seconds;                 /* of the clip */
    double encode_ms, decode_ms;
    size_t n_windows;
};

/* Hears the sound from its start to its end, whatever was read of it before. */
struct transcript *whisper_transcribe(const struct whisper *w, const struct compute *c, struct sound *sound,
                                      const struct whisper_params *params, struct error *err);
void transcript_free(struct transcript *t);                 /* NULL is fine */
/* A copy with texts[i], where that is not NULL, in place of what was heard in segment i, which then has no
 * words; texts [n_segments]. */
struct transcript *transcript_corrected(const struct transcript *t, const char *const *texts, struct error *err);

enum transcript_format {
    TRANSCRIPT_TXT, TRANSCRIPT_SRT, TRANSCRIPT_VTT, TRANSCRIPT_LRC, TRANSCRIPT_CSV, TRANSCRIPT_JSON, TRANSCRIPT_N_FORMATS
};
/* malloc'd text in that format, NULL without memory; txt is words only, json one line.  Where it
 * is known who speaks and when each word, the formats that have a place for it tell it. */
char *transcript_format(const struct transcript *t, enum transcript_format format);
const char *transcript_format_name(enum transcript_format format);  /* "srt", as files end */
bool transcript_format_find(const char *name, enum transcript_format *format);
/* Adds language, language_p, seconds, text and segments to an object; false without memory. */
struct cJSON;
bool transcript_json(const struct transcript *t, struct cJSON *json);
/* "Speaker 2", in Korean for "ko"; "" for channel 0. */
enum { TRANSCRIPT_SPEAKER_BYTES = 40 };
void transcript_speaker(const char *language, size_t channel, char *name, size_t size);

/* True and the English name for a code or name Whisper knows ("ko", "Korean"). */
bool whisper_language(const char *name, const char **code, const char **english);

/* ---- recording ------------------------------------------------------------ */

struct capture;

/* Names of the devices that record, a line each, the default one first; malloc'd, "" without
 * any.  NULL and ERROR_INPUT when the sound system does not start. */
char *capture_devices(struct error *err);

/* Starts recording at once.  file: a clip to play in real time instead of the
 * microphone (tests), or NULL; device: a device's name or a part of it, any case; NULL or "" for the
 * default one.  The take is written to `path` (audio/take.h) while it goes on, so memory is
 * bounded and a crash loses under a second; NULL: it is only measured.  Device chatter goes to
 * the log.  ERROR_INPUT when there is no such device, saying so. */
struct capture *capture_start(const char *file, const char *device, const char *path, struct error *err);

enum capture_end {
    CAPTURE_GOES_ON,
    CAPTURE_GONE,                   /* the device stopped or gives nothing: unplugged; or the file has ended */
    CAPTURE_FULL,                   /* CAPTURE_MAX_SECONDS, as much as is read back */
    CAPTURE_UNWRITTEN               /* the disk is full */
};
#define CAPTURE_MAX_SECONDS (4 * 3600)

struct capture_level { double seconds; float peak, rms; bool clipped, ended; enum capture_end end; };
struct capture_level capture_level(const struct capture *c);        /* any thread */
/* Up to n of the take's samples, mono at AUDIO_HZ, that were not read yet, for one thread that hears them as they
 * come; what is not read within 16 s is not given, the take has it. */
size_t capture_read(struct capture *c, float *x, size_t n);
/* Stops, completes the take (16 kHz mono FLAC, 0600) and frees c.  However the recording ended, what was
 * recorded until then is kept.  A take whose peak is under 0.01 is removed and refused with
 * ERROR_INPUT, the level named. */
bool capture_finish(struct capture *c, struct error *err);
void capture_abandon(struct capture *c);                    /* removes the take; NULL is fine */

#endif
