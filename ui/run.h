/* run.h - a session driven to its end by a command of the command line.
 *
 *   options -> session -> requests -> events -> answer on stdout, progress on stderr
 *
 * Ctrl-C and SIGTERM cancel the request that runs; a second one ends the program.  One
 * struct run at a time. */
#ifndef UI_RUN_H
#define UI_RUN_H

#include "fusion/session.h"
#include "store/models.h"
#include "ui/cli.h"
#include "ui/form_file.h"
#include "ui/params.h"
#include "ui/progress.h"

struct cJSON;

struct run {
    struct session *session;
    struct models *models;
    struct model_paths paths;
    struct form_file form;
    const char *model;              /* what made the text, as --json names it */
    bool quiet;                     /* errors alone on stderr */
    bool shows_progress;
    bool stream;                    /* print the answer as it comes */
    bool stopped;                   /* the last answer, by a signal */
    struct progress_clip clip;      /* being listened to */
    char *text;                     /* of the last answer; collected when not streamed */
    size_t n_text;
    double load_ms;
    const struct attachment **attachments;      /* [n_attachments] of the question, the caller's: kept the newest */
    size_t n_attachments;
};

/* with_text: load the text model too, and wait until it is ready. */
bool run_open(struct run *r, const struct options *o, bool with_text, struct error *err);
void run_close(struct run *r);
/* cli_fail, but the status of what SIGTERM cancelled is its own. */
int run_fail(const struct error *err);

/* Waits for the request's last event (SESSION_ATTACHED, _ANSWERED, _READY, ...), which the
 * caller releases by session_event_done; false and *err when it failed or was cancelled. */
bool run_wait(struct run *r, uint32_t request, struct session_event *last, struct error *err);

/* That a file is there and of this kind; costs nothing, so it comes before models are loaded. */
bool run_check_kind(const char *path, enum attachment_kind kind, struct error *err);

/* Calls one(r, o, path, err) for each argument; a failure is printed and the rest goes on,
 * except after Ctrl-C.  Exit status: of the first failure. */
typedef bool run_one(struct run *r, const struct options *o, const char *path, struct error *err);
int run_each(struct run *r, const struct options *o, run_one *one);

/* A line on standard error beside the progress. */
void run_note(struct run *r, const char *text);

/* Reads and perceives a file; NULL and *err on failure. */
const struct attachment *run_attach(struct run *r, const char *path, double *encode_ms, struct error *err);

/* One line of --json: file (NULL: null), text, model, stopped, cut, perceived, tokens, ms.  answer may be NULL. */
void run_print_json(const struct run *r, const char *file, const char *text,
                    const struct attachment *const *attachments, size_t n_attachments,
                    const struct session_event *answer, double encode_ms);

/* Writes text to stdout: as it is, or with control characters made visible on a terminal. */
void run_print_text(const char *text, size_t n_bytes);
void run_print_line(const char *text);      /* line breaks become blanks; ends the line */
void run_print_name(const char *path);      /* "FILE: " before its line */

/* Language code of the user's locale, "en" when it names none; valid until the next call. */
const char *run_locale_language(void);

#endif
