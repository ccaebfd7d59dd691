/* session.h - one conversation and the one worker that runs all models.
 *
 *   requests (attach, listen, ask, clear, model) -> queue -> worker -> queue -> events
 *
 * A request returns at once; what comes of it arrives as events, in order.  The
 * command line waits for events; the chat polls session_event_fd beside the
 * terminal.  All functions are for one thread (the caller's), except
 * session_cancel, which may be called from a signal handler too.
 *
 * A turn is parts -> spans, media before text.  What the encoders found enters as
 * evidence in words (docs/models.md, "Evidence"); pictures may enter as rows of a
 * projector instead (vision/projector.h, vision/encoder.h). */
#ifndef FUSION_SESSION_H
#define FUSION_SESSION_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;
struct cJSON;

/* How pictures reach the text model; EYES_PAIR: in words, those of a model that sees among them. */
enum session_eyes { EYES_WORDS, EYES_ROWS, EYES_PAIR };

/* A token by its number in the model's vocabulary is made more or less likely; -INFINITY: never said. */
struct session_bias { int32_t token; float bias; };

struct session_params {
    const char *text_path;          /* GGUF; may be NULL when no answer is ever asked for */
    const char *text_name;          /* as the user named it, for messages; NULL: the path */
    const char *whisper_path;       /* the rest may be NULL: what needs one then fails, naming the pull */
    const char *classifier_path;
    const char *detector_path;
    enum session_eyes eyes;
    const char *pair_path;          /* EYES_PAIR: GGUF of the text model that looks */
    const char *pair_mmproj;        /* and of its projector */
    const char *pair_name;          /* as the user named it; NULL: the path */
    const char *mmproj_path;        /* EYES_ROWS: GGUF of a projector; EYES_PAIR: of one whose ears alone are used;
                                     * NULL: the program carries it, as mmproj_name, or with a pair there is none */
    const char *mmproj_name;        /* as the user named it; NULL: the path */
    const char *mmproj_text;        /* the text model that goes with it, as -m takes it; NULL: not known */
    const char *system;             /* the user's system text; NULL: ours */
    const char *language;           /* audio language code; NULL: detected */
    bool translate;                 /* clips into English */
    size_t beam;                    /* hypotheses kept while a clip is decoded; 0 or 1: greedy */
    bool words, channels;           /* the time of each word; each channel apart: who speaks */
    const char *prompt, *hotwords;  /* what came before a clip; names and terms in it; may be NULL */
    size_t n_ctx;                   /* 0: min(8192, the model's) */
    const char *const *loras;       /* [n_loras] adapters of the text model, FILE or FILE=SCALE (lora_file) */
    size_t n_loras;
    bool kv_q8_0;                   /* keys and values as Q8_0, half the memory; else F16 */
    size_t n_threads;               /* 0: one per core */
    const char *kernels;            /* NULL: best */
    float temperature;              /* negative: default (0.7 for chat, 0 for descriptions) */
    uint64_t seed;                  /* 0: from the clock */
    size_t max_tokens;              /* of one answer; 0: until the context ends */
    size_t image_rows;              /* most of a picture that a pair's encoder makes; 0: what fits */
    const char *tools;              /* JSON, a list of functions that answers may call, for the chat template; NULL: none */
    const char *tools_name;         /* of its file, for messages */
    const char *grammar;            /* GBNF that every answer keeps to (text/grammar.h); NULL: none */
    bool grammar_is_schema;         /* it is a JSON Schema instead */
    const char *grammar_name;       /* of its file, for messages */
    const char *const *stops;       /* [n_stops] an answer ends before any of these; none is "" */
    size_t n_stops;
    const char *const *dry_breakers;            /* no repetition goes across these; none: line breaks : " and * */
    size_t n_dry_breakers;
    const struct session_bias *biases;
    size_t n_biases;
};
struct session_params session_params_default(void);
/* Does a projector, by a file or (NULL) the name of one that the program carries, make rows of pictures, or of clips alone?
 * true, too, for one that cannot be read: a session says why. */
bool eyes_make_rows(const char *mmproj_path, const char *mmproj_name);

/* Starts the worker, which loads the text model first (request 0: SESSION_READY or
 * SESSION_FAILED follows).  Strings are copied.  Models for media load when the
 * first attachment needs them, the projector at once: a file that is none fails here, as does a bad grammar.
 * SESSION_FAILED follows, too, when its rows are too wide or narrow for the text model. */
struct session *session_new(const struct session_params *params, struct error *err);
void session_free(struct session *s);                       /* cancels, joins; NULL is fine */

/* ---- attachments ---------------------------------------------------------- */

enum attachment_kind { ATTACHMENT_IMAGE, ATTACHMENT_AUDIO };

/* What was perceived, immutable once SESSION_ATTACHED names it; owned by the
 * session until session_free. */
struct attachment;
uint32_t attachment_id(const struct attachment *a);
enum attachment_kind attachment_kind(const struct attachment *a);
const char *attachment_path(const struct attachment *a);
const char *attachment_name(const struct attachment *a);    /* last part of the path */
const char *attachment_summary(const struct attachment *a); /* "640x480 JPEG" or "11.0 s WAV" */
size_t attachment_n_tokens(const struct attachment *a);     /* of its evidence; 0 without a text model */
/* Everything that was seen or heard, with numbers, for people: lines of text. */
const char *attachment_details(const struct attachment *a);
/* The same for programs, as `perceived` in --json; the caller deletes it. */
struct cJSON *attachment_json(const struct attachment *a);
const char *attachment_sha256(const struct attachment *a);
size_t attachment_n_segments(const struct attachment *a);   /* of what is said in a clip; 0 for an image */
/* Segment i; strings as long as the attachment. */
struct said_line { double start, end; const char *text, *heard; };   /* heard: not text, where a person corrected it */
struct said_line attachment_said(const struct attachment *a, size_t i);
/* Byte of attachment_details where a line for each segment begins. */
size_t attachment_said_at(const struct attachment *a);
/* Transcript as "txt", "srt", "vtt", "lrc", "csv" or "json" (attachment_json on a line), malloc'd; NULL for an image. */
char *attachment_transcript(const struct attachment *a, const char *format);

/* Kind of a file by its first bytes, else by the end of its name, without decoding it.
 * ERROR_INPUT for one that cannot be read or is neither.  Any thread. */
bool attachment_kind_of(const char *path, enum attachment_kind *kind, struct error *err);

/* Decode and encode a file.  The same bytes are never computed twice.  Returns
 * the request's number, which its events carry.  SESSION_DECODED comes between, except
 * for bytes that were computed before. */
uint32_t session_attach(struct session *s, const char *path);

/* How pictures reach the text model from now on, as eyes and pair_* of params say, nothing else of it:
 * SESSION_EYES, or SESSION_FAILED, after which all stays.  EYES_ROWS is by the projector that the session began with.
 * Pictures that were attached before are told as before. */
uint32_t session_use_eyes(struct session *s, const struct session_params *params);

/* Another text for a segment of a clip; NULL: what was heard.  SESSION_CORRECTED has an attachment of the same
 * id in place of the one before, which stays as it was; questions after it are told the new one. */
uint32_t session_correct(struct session *s, uint32_t attachment, size_t i_segment, const char *text);

/* What a file looks or sounds like, before or without attaching it: decoded in the
 * same confinement, never encoded. */
struct preview {
    enum attachment_kind kind;
    char *summary;                  /* "640x480 JPEG" or "11.0 s WAV" */
    size_t width, height;           /* of the thumbnail, at most PREVIEW_PIXELS each way; 0 for a clip */
    unsigned char *rgb;             /* [height][width][3] */
    size_t n_peaks;                 /* 0 for an image */
    float *peaks;                   /* [n_peaks] largest magnitude of equal parts of the clip, 0..1 */
    double seconds;                 /* of a clip */
    double expected_ms;             /* of encoding, from what this session took before (an image, or 30 s of a
                                     * clip, each its own), a pair's encoder on any day; 0: unknown */
    /* An image or a clip that an encoder makes rows of; else 0. */
    size_t n_rows, n_rows_whole;    /* as many as it gets, and as it would get without any limit */
    size_t n_bytes;                 /* of memory meanwhile; 0: its rows are kept from another day */
};
enum { PREVIEW_PIXELS = 192, PREVIEW_PEAKS = 256 };
void preview_free(struct preview *p);                       /* NULL is fine */
uint32_t session_preview(struct session *s, const char *path);         /* SESSION_PREVIEWED or SESSION_FAILED */
const struct preview *attachment_preview(const struct attachment *a);   /* as long as the attachment */

/* ---- live sound ------------------------------------------------------------ */

/* Captions of what is being said: SESSION_HEARD as words become sure, then SESSION_LISTENED.  One at a
 * time: another one throws away what was not told of the one before. */
uint32_t session_listen(struct session *s);
/* More sound, mono at 16 kHz, copied.  A worker that falls behind tells words later; what comes while
 * 10 minutes wait for it is not told. */
void session_hear(struct session *s, const float *samples, size_t n);
/* No more comes: what was said becomes sure; or (not keep) nobody wants to know: SESSION_FAILED, ERROR_CANCELLED. */
void session_listen_end(struct session *s, bool keep);

/* ---- turns ---------------------------------------------------------------- */

/* A question may name a part of a recording: @1:20-2:05, @1:20, @80s- (fusion/clip_span.h).  Then that
 * part alone is told; where nothing is attached to the question, of the last recording before it.
 * Bytes of the part that is named at question[at]; 0: none.  from_s, to_s (may be NULL): seconds; to_s is
 * INFINITY for the end, from_s for a moment. */
size_t question_span(const char *question, size_t at, double *from_s, double *to_s);

enum turn_task {
    TURN_CHAT,                      /* answer the text */
    TURN_DESCRIBE,                  /* describe the image in one sentence; text may be NULL */
    TURN_CONTINUE,                  /* go on with the last turn's answer; nothing else of the turn is read */
    TURN_SUMMARISE                  /* sum up the n_summarised turns that go first; then they are left out, and this one stays */
};

/* Turns count from 0 in the order in which they came into the conversation.  Exactly these
 * events add one, at the end:
 *   - SESSION_ANSWERED, also `stopped` (even before the first word) or `cut`, of a TURN_CHAT,
 *     TURN_DESCRIBE or TURN_SUMMARISE that was not `alone`;
 *   - each session_restore (SESSION_FAILED follows only when memory ran out).
 * SESSION_FAILED adds none, nor does TURN_CONTINUE: the last turn's answer grows.  A turn that
 * is left out is not told any more but keeps its number; session_rewind and session_clear
 * alone take numbers back. */

struct turn {
    enum turn_task task;
    const char *text;               /* what the person wrote; TURN_SUMMARISE: not read */
    const uint32_t *attachments;    /* attachment ids, in order */
    size_t n_attachments;
    const char *language;           /* TURN_DESCRIBE: "en", "ko", ... of the answer; NULL: en */
    bool alone;                     /* not part of the conversation: `describe` of many files */
    size_t n_summarised;            /* TURN_SUMMARISE: as many as SESSION_MEASURED named; those */
};
uint32_t session_ask(struct session *s, const struct turn *turn);

/* How many positions a question would take and which turns would have to be left out:
 * SESSION_MEASURED.  Computes nothing but tokens and changes nothing; session_ask of the same
 * turn right after it leaves out exactly those turns, or the first of them where eyes have yet to be asked: room is
 * kept for all that these may say.  A TURN_CHAT without text and
 * attachments measures the conversation alone: what the gauge shows after turns were
 * restored, rewound or left out. */
uint32_t session_measure(struct session *s, const struct turn *turn);

/* Adds a finished turn without computing: how a saved conversation comes back.
 * attachments must have been attached again first; ids that are not there are passed
 * over.  answer NULL or "": none came. */
void session_restore(struct session *s, const struct turn *turn, const char *answer);
void session_clear(struct session *s);                      /* forget the conversation */
/* Forgets all turns but the first n: before another answer, an edited question or another
 * branch.  A turn that was left out for a forgotten one is told again. */
void session_rewind(struct session *s, size_t n_turns);

/* A place of a recording that an answer names, such as [0:07].  Where an answer to a question about a
 * recording has words of it and names no place, the session adds the place behind it. */
struct citation {
    size_t at, n;                   /* bytes of the answer */
    const struct attachment *clip;
    size_t i_segment;
    double from, to;                /* seconds: of the segment, or as the answer has them */
};
/* The citations of an answer, in order; their number, at most `most`.  clips: those that it may be about,
 * what is asked about first; a time belongs to the first that has a segment there, else to the first that is long enough. */
size_t answer_citations(const char *answer, const struct attachment *const *clips, size_t n_clips,
                        struct citation *citations, size_t most);

/* How answers are made from now on, in place of what session_params said; strings are
 * copied.  A value that no sampler takes fails the next session_ask (ERROR_USAGE). */
struct session_settings {
    const char *system;             /* NULL: ours */
    float temperature;              /* negative: the task's own */
    float top_p, min_p, repetition_penalty;     /* negative: the task's own */
    int32_t top_k;                  /* negative: the task's own; 0: off */
    /* The rest is off unless set (text/sampler.h has what they do); negative: the default. */
    float typical_p;
    float frequency_penalty, presence_penalty;  /* of either sign; 0: off */
    float dry, dry_base;            /* multiplier; 0: off */
    int32_t dry_allowed_length, dry_range;
    float mirostat, mirostat_eta;   /* bits of surprise; 0: off */
    uint64_t seed;                  /* 0: from the clock, a new one for each answer */
    size_t max_tokens;              /* 0: until the context ends */
    size_t image_rows;              /* most of a picture from now on (session_params); 0: what fits */
};
struct session_settings session_settings_default(void);
void session_configure(struct session *s, const struct session_settings *settings);
/* Another scale of adapter i of session_params, from the next question on; 0: as if it were not there. */
void session_scale_lora(struct session *s, size_t i, float scale);
/* Bytes of the file's name in FILE or FILE=SCALE, and the scale, 1 when there is none. */
size_t lora_file(const char *text, float *scale);
/* SESSION_READY, or SESSION_FAILED, after which the model in use stays. */
uint32_t session_use_model(struct session *s, const char *text_path, const char *text_name);

/* Stops the request being computed; its event says ERROR_CANCELLED or, for an
 * answer, SESSION_ANSWERED with `stopped`: what came is kept in the conversation. */
void session_cancel(struct session *s);

/* ---- events --------------------------------------------------------------- */

enum session_event_kind {
    SESSION_READY,                  /* text model loaded: text (its name), n_ctx, load_ms; n_ctx 0 without one */
    SESSION_PROGRESS,               /* text: "reading", "transcribing", ...; done, total (0: unknown) */
    SESSION_DECODED,                /* preview: of what is being attached; encoding follows, expected_ms of it */
    SESSION_PREVIEWED,              /* preview: of session_preview */
    SESSION_ATTACHED,               /* attachment, encode_ms */
    SESSION_CORRECTED,              /* attachment */
    SESSION_LOOKED,                 /* attachment: as SESSION_CORRECTED, with what eyes answered to the question that is being asked */
    SESSION_EYES,                   /* text: who looks, "words" or "rows" */
    SESSION_HEARD,                  /* text: words that are sure, more of them, a line a sentence; unsure: what may follow,
                                     * instead of what the event before said.  The first comes, empty, when it begins to hear */
    SESSION_LISTENED,               /* all was told */
    SESSION_MEASURED,               /* n_ctx, n_prompt, n_most, left_out[n_left_out]; n_prompt > n_most: does not fit
                                     * even with all turns left out (left_out is empty then) */
    SESSION_TEXT,                   /* text: the next piece of the answer, whole characters */
    SESSION_NOTE,                   /* text: something the user should know (turns dropped, ...) */
    SESSION_ANSWERED,               /* the answer is complete: counts and times; left_out: not told any more from now on;
                                     * text: of a TURN_SUMMARISE, the question as it stands in the conversation */
    SESSION_FAILED                  /* err; nothing was added to the conversation */
};

struct session_event {
    enum session_event_kind kind;
    uint32_t request;
    const struct attachment *attachment;
    char *text;                     /* owned by the event */
    char *unsure;                   /* owned by the event */
    struct preview *preview;        /* owned by the event */
    size_t *left_out, n_left_out;   /* owned by the event: turns by number, ascending; none twice */
    size_t n_most;                  /* positions that a prompt may take: the rest is kept for the answer */
    double done, total;
    struct error err;
    /* SESSION_READY, SESSION_ANSWERED */
    size_t n_ctx, n_used;           /* context positions in all, filled */
    size_t n_prompt, n_reused, n_rows, n_generated;
    double load_ms, encode_ms, prefill_ms, decode_ms;
    bool stopped;                   /* by the user */
    bool cut;                       /* by max_tokens or the end of the context */
    uint64_t seed;
};

int session_event_fd(const struct session *s);              /* readable while events wait */
bool session_poll(struct session *s, struct session_event *event);  /* false: none now */
void session_wait(struct session *s, struct session_event *event);  /* blocks */
void session_event_done(struct session_event *event);       /* frees what it owns */

#endif
