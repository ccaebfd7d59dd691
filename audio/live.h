/* live.h - sound in as it comes, words out that stay as they are.
 *
 *   samples -> gate -> buffer since the last cut -> decoded again at every pass, behind the words
 *     that are sure -> words that two passes agree on (agree.h) -> on_piece
 *   the buffer is cut at pauses, at the ends of segments, or behind the last sure word
 *
 * Method: Machacek, Dabre, Bojar 2023, "Turning Whisper into Real-Time Transcription System",
 * arXiv:2307.14743.  Order of calls: live_new, (live_feed, live_pass)..., live_finish, live_free;
 * one thread at a time. */
#ifndef AUDIO_LIVE_H
#define AUDIO_LIVE_H

#include "audio/audio.h"

#define LIVE_MOST_FEED (4 * AUDIO_HZ)       /* samples between two passes: what a pass may find new */

struct live;

struct live_piece {
    double start, end;              /* seconds since the first sample; words' times within a segment are interpolated */
    const char *text;               /* UTF-8, with the space before it, if any; good during the call */
    bool ends;                      /* a sentence or a pause ends with it */
};

struct live_params {
    struct whisper_params whisper;  /* language, translate, prompt; the rest is not used */
    /* Words that are sure; none is ever told again or taken back. */
    void (*on_piece)(void *user, const struct live_piece *piece);
    double (*clock_ms)(void *user); /* how long a pass takes is told by it; NULL: base/clock.h */
    void *user;
};

/* w, c and what params points to are needed until live_free. */
struct live *live_new(const struct whisper *w, const struct compute *c, const struct live_params *params, struct error *err);
void live_free(struct live *l);                             /* NULL is fine */

/* Adds samples [n], n <= LIVE_MOST_FEED, mono at AUDIO_HZ.  A pass is due when live_wanted says 0. */
bool live_feed(struct live *l, const float *samples, size_t n, struct error *err);
/* How many samples should come before the next pass: as much sound as the last pass took time, 0.7 s at
 * least, but a pause is not waited out. */
size_t live_wanted(const struct live *l);
/* What was said so far is whole: a pass tells all of it. */
bool live_is_paused(const struct live *l);
/* Decodes what is new, if it is sound. */
bool live_pass(struct live *l, struct error *err);
/* No more sound comes: all that was said becomes sure. */
bool live_finish(struct live *l, struct error *err);

/* Words of the last pass that are not sure yet, "" without any; good until the next call. */
const char *live_pending(struct live *l);
/* Seconds of sound fed, and the longest that a pass has taken. */
double live_seconds(const struct live *l);
double live_slowest(const struct live *l);
const char *live_language(const struct live *l);            /* "en", ...; NULL: not known yet */

/* ---- sound as it comes ------------------------------------------------------ */

struct intake;

/* file, device: as for capture_start. */
struct intake *intake_microphone(const char *file, const char *device, struct error *err);

struct raw_format { int hz, channels; };    /* s16le, interleaved */
/* WAV, of any length that its header gives, or raw samples when raw is not NULL.  Waits for the header;
 * ERROR_INPUT when it is none, ERROR_CANCELLED when cancel (may be NULL) is set first.  fd stays the caller's. */
struct intake *intake_stream(int fd, const struct raw_format *raw, const atomic_bool *cancel, struct error *err);
void intake_close(struct intake *in);                       /* NULL is fine */

/* Up to n samples at AUDIO_HZ that have come, without waiting.  When 2^20
 * of the source's samples are not read yet, a stream's writer waits and a microphone's sound is lost. */
bool intake_read(struct intake *in, float *x, size_t n, size_t *n_read, struct error *err);
bool intake_ended(const struct intake *in);                 /* and all was read */

#endif
