/* talk.h - the turns of one session, in step: on disk, told to the engine, asked and answered.
 *
 *   talk_ask ─> store: a turn ─> engine: ask ─> SESSION_TEXT ─> store: what came, twice a second
 *                                             └> SESSION_ANSWERED ─> store: the answer and its facts
 *
 * Turns are a tree (store/sessions.h).  The branch that ends in the head is what is shown and
 * what the engine is told; asking below an earlier turn begins another branch and keeps
 * both.  Knows neither terminal nor lines: the full chat and the plain one stand on it.
 * One thread.  Turns are named by their id; one that is not saved has an id, too. */
#ifndef UI_TALK_H
#define UI_TALK_H

#include "store/sessions.h"
#include "ui/buffer.h"
#include "ui/engine.h"

struct talk_file {                  /* of a turn; path and sha256 are in saved.files */
    uint32_t request;               /* being attached again; 0: not asked for */
    const struct attachment *attachment;    /* NULL: not read (yet) */
    bool gone;                      /* missing, changed or refused */
};

struct talk_turn {
    struct session_turn saved;
    struct talk_file *files;        /* [saved.n_files] */
    bool in_engine;
    size_t i_sibling, n_children;   /* its place among the turns below the same one; turns below it */
    int64_t newest_child;           /* 0: none */
};

struct talk {
    struct engine *engine;
    struct sessions *sessions;      /* NULL: nothing is saved */
    int64_t session;                /* 0: none begun yet */
    char *title, *settings;         /* never NULL */
    struct talk_turn *turns;        /* the whole tree, by id */
    size_t n_turns, turn_capacity;
    size_t n_roots;                 /* turns below none */
    size_t *branch;                 /* indices into turns, first to head */
    size_t n_branch, branch_capacity;
    int64_t *told;                  /* ids of what the engine holds, in its order */
    size_t n_told, told_capacity;
    size_t n_waiting;               /* files on their way before the rest can be told */
    uint32_t request;               /* the answer being written; 0: none */
    int64_t asking;                 /* its turn */
    bool continues;                 /* an answer goes on */
    struct buffer answer;           /* of that turn, so far */
    double written_ms;              /* when it was written to the disk last */
    struct error unsaved;           /* why saving failed; ERROR_NONE: it did not */
};

void talk_init(struct talk *t, struct engine *engine, struct sessions *sessions);
void talk_done(struct talk *t);     /* an unfinished answer is kept as a stopped one */

/* ---- sessions ---------------------------------------------------------------------- */

/* Loads a session (id 0: the last) and begins to tell it to the engine.  True also when there
 * is none, or another program has it (*in_use): then a new one begins.  *draft: what was
 * typed and not sent, malloc'd. */
bool talk_resume(struct talk *t, int64_t id, bool *in_use, char **draft, struct error *err);
void talk_begin(struct talk *t);    /* a new session; it is on disk with its first turn */
/* The user's, or what was asked first; "" before that. */
const char *talk_title(const struct talk *t);
bool talk_rename(struct talk *t, const char *title, struct error *err);
void talk_set_draft(struct talk *t, const char *draft);
void talk_set_settings(struct talk *t, const char *settings);

/* ---- turns ------------------------------------------------------------------------- */

/* Index in turns; SIZE_MAX: not there. */
size_t talk_find(const struct talk *t, int64_t id);
struct talk_turn *talk_head(const struct talk *t);          /* NULL: no turn yet */
int64_t talk_head_id(const struct talk *t);                 /* 0: no turn yet */
/* Its place among the turns that follow the same one, from 0, and their number. */
size_t talk_sibling(const struct talk *t, int64_t id, size_t *n);

/* The attachment of the same id was corrected. */
void talk_replace(struct talk *t, const struct attachment *a);

/* What the engine is still to be told; a question has to wait for it. */
bool talk_waits(const struct talk *t);

struct talk_question {
    int64_t parent;                 /* the turn before; 0: none */
    enum turn_task task;            /* TURN_CHAT, TURN_DESCRIBE, TURN_SUMMARISE */
    const char *text;
    struct session_file *files;     /* [n_files] */
    const struct attachment **attachments;  /* [n_files] */
    size_t n_files, n_summarised;
};
/* Not while an answer is written or talk_waits. The id of the turn. */
int64_t talk_ask(struct talk *t, const struct talk_question *q);
uint32_t talk_measure(struct talk *t, const struct talk_question *q);   /* SESSION_MEASURED follows */
/* Asks the turn's question once more, beside it; in its place when it has no answer. */
int64_t talk_regenerate(struct talk *t, int64_t id);
bool talk_can_continue(const struct talk *t);               /* the head's answer was stopped or cut */
void talk_continue(struct talk *t);
/* The turn before goes on with what followed. */
void talk_remove(struct talk *t, int64_t id);
void talk_switch(struct talk *t, int64_t id, int direction);    /* to the branch of a sibling, its newest end */
/* The turns told as numbers i[n] of SESSION_MEASURED are no longer told. */
void talk_leave_out(struct talk *t, const size_t *i, size_t n);

/* ---- events ------------------------------------------------------------------------ */

enum talk_news {
    TALK_OTHER,                     /* not about a turn of this talk */
    TALK_FILE,                      /* a file of an earlier turn was read or refused */
    TALK_TEXT,                      /* event->text came to the answer of `asking` */
    TALK_ANSWERED, TALK_FAILED      /* the answer is complete, or there is none: turn *id */
};
enum talk_news talk_event(struct talk *t, const struct session_event *event, int64_t *id);

#endif
