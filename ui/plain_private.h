/* plain_private.h - the state of the chat of lines, for its own files.
 *
 *   plain.c           signals, lines in, events
 *   plain_ask.c       files, and what is asked when
 *   plain_say.c       lines out
 *   plain_commands.c  /commands
 *   plain_settings.c  those that change how answers are made */
#ifndef UI_PLAIN_PRIVATE_H
#define UI_PLAIN_PRIVATE_H

#include "ui/plain.h"

#include "ui/buffer.h"
#include "ui/eyes_command.h"
#include "ui/loras.h"
#include "ui/play.h"
#include "ui/record.h"
#include "ui/settings.h"
#include "ui/talk.h"

struct plain_file {                 /* goes with the next question */
    struct session_file saved;
    uint32_t request;               /* being read; 0: it was */
    const struct attachment *attachment;
};

struct plain {
    struct engine *engine;
    struct sessions *sessions;
    const struct options *options;
    struct settings settings;       /* of this conversation */
    struct loras loras;
    struct talk talk;

    bool is_terminal;               /* lines are typed: the terminal shows them */
    struct buffer in;               /* read, not yet taken */
    bool ended;                     /* end of input */
    struct buffer typed;            /* lines of a question that is not complete */
    bool pasting;                   /* it ends with a line of "." */
    bool prompted;                  /* the prompt stands there, nothing behind it yet */

    struct plain_file *files;
    size_t n_files, file_capacity;
    struct buffer question;         /* waits for files and room; empty: none */
    uint32_t measuring;             /* its SESSION_MEASURED; 0: none */
    bool measured;                  /* it may be sent */
    size_t *left_out, n_left_out;   /* turns that would have to go: the user is asked */
    bool choosing;

    bool loading, has_model;        /* of the text model */
    uint32_t model_request;         /* /model under way */
    uint32_t eyes_request;          /* /eyes */
    size_t n_ctx;
    bool unsaved_told;
    const struct attachment **perceived;    /* everything attached, each once */
    size_t n_perceived, perceived_capacity;
    int64_t *listed;                /* by /sessions, for /sessions N */
    size_t n_listed;
    struct record *record;          /* Enter ends it */
    struct play *play;              /* Enter ends it, too; lines of a pipe wait for its end */
    double told_ms;                 /* when progress was told last */

    bool at_start;                  /* of a line of the output */
    bool answer_begins;             /* its first word comes next */
    struct buffer held;             /* of the answer: a word that may go on */
    bool stopping, armed;           /* Ctrl-C was pressed once: in an answer, before one */
    bool quits;
};

/* plain_say.c */
void plain_text(struct plain *p, const char *text, size_t n);       /* through the display edge */
void plain_line(struct plain *p, const char *prefix, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define plain_note(p, ...) plain_line(p, "note: ", __VA_ARGS__)
#define plain_error(p, ...) plain_line(p, "error: ", __VA_ARGS__)
void plain_block(struct plain *p, const char *text);        /* as it is, on lines of its own */
void plain_prompt(struct plain *p, const char *prompt);
void plain_answer(struct plain *p, const char *text);       /* the next piece */
void plain_answer_end(struct plain *p);
void plain_progress(struct plain *p, const char *what, double done, double total);  /* now and then */

/* plain.c */
void plain_open(struct plain *p, int64_t id);       /* a session; 0: the last */

/* plain_ask.c */
bool plain_busy(const struct plain *p);     /* something is under way that lines wait for */
void plain_attach(struct plain *p, const char *path);
void plain_forget_files(struct plain *p);
size_t plain_find_file(const struct plain *p, uint32_t request);    /* that is being read; n_files: none */
/* What looking at a picture takes, where a pair's encoder does. */
void plain_decoded(struct plain *p, const struct preview *preview);
void plain_attached(struct plain *p, struct plain_file *file, const struct attachment *a);
void plain_refused(struct plain *p, size_t i, const struct error *why);
void plain_corrected(struct plain *p, const struct attachment *a);
void plain_perceive(struct plain *p, const struct attachment *a);
void plain_take_question(struct plain *p, const char *text);
void plain_send(struct plain *p);           /* measures it first */
void plain_measured(struct plain *p, const struct session_event *e);
void plain_choose(struct plain *p, const char *line);
void plain_start_answer(struct plain *p);   /* talk has asked */

/* plain_commands.c: a line that begins with '/' and is a command; false when it is none. */
bool plain_command(struct plain *p, const char *line);
void plain_end_record(struct plain *p, bool keep);
void plain_tick_play(struct plain *p);
void plain_end_play(struct plain *p);

/* plain_settings.c */
void plain_use_settings(struct plain *p, const char *text);     /* as kept with a conversation; "": the user's own */
void plain_run_model(struct plain *p, const char *argument);
void plain_run_eyes(struct plain *p, const char *argument);
void plain_run_lora(struct plain *p, const char *argument);
void plain_run_set(struct plain *p, const char *argument);
void plain_run_system(struct plain *p, const char *argument);

#endif
