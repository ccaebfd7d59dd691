/* worker_state.h - the worker's own: worker.c loads and perceives, worker_look.c has a pair look, worker_ask.c answers. */
#ifndef FUSION_WORKER_STATE_H
#define FUSION_WORKER_STATE_H

#include "fusion/adapters.h"
#include "fusion/conversation.h"
#include "fusion/form.h"
#include "fusion/looker.h"
#include "fusion/senses.h"
#include "fusion/worker.h"

struct worker {
    struct compute *compute;
    worker_emit *emit;
    void *user;
    uint32_t request;               /* being computed */

    struct text_model *model;       /* NULL: none loaded */
    struct text_context *context;
    double load_ms;                 /* of the text model */
    bool told_system;               /* that it takes no system message */
    size_t n_ctx;                   /* wanted; 0: the default */
    enum text_kv kv;
    struct adapters adapters;       /* of any model that is loaded */

    struct session_settings settings;   /* owns what it points to */
    struct form form;

    struct eyes eyes;
    struct looker *looker;          /* looks for the text model; NULL: none does */
    bool told_trouble;              /* that it sees nothing */
    struct senses *senses;
    struct attachment **attachments;    /* all, for the session's life; the newest of each id */
    size_t n_attachments;
    struct attachment **replaced;   /* those that were corrected: the caller may hold them yet */
    size_t n_replaced;
    struct conversation conversation;
};

/* Events of the request being computed.  An event whose text could not be copied is sent
 * without one. */
void worker_send(struct worker *w, struct session_event event);
void worker_send_text(struct worker *w, enum session_event_kind kind, const char *text, double done, double total);
void worker_fail(struct worker *w, const struct error *err);
/* A worker's, for what takes long. */
void worker_progress(void *worker, const char *text, double done, double total);

/* Whoever was told of the old one is told of the new one from now on; an event of this kind says so.  False and *err
 * without memory: the new one stays the caller's. */
bool worker_replace(struct worker *w, struct attachment *old, struct attachment *new, enum session_event_kind kind, struct error *err);

/* What the eyes say is in a picture that was perceived, into glances; nothing without eyes, or for what is told by rows.
 * False and *err when the user cancels, or without memory. */
bool worker_describe(struct worker *w, const char *path, const struct perception *seen, struct glances *glances, struct error *err);
/* Asks the eyes about the pictures that a turn asks about; what they answer is the turn's and the attachments'.  Measured:
 * nothing is looked at, and what they may say takes its room.  False and *err without memory alone. */
bool worker_look(struct worker *w, struct exchange *e, bool alone, bool measured, struct error *err);
/* conversation_prompt and conversation_measure, without what eyes said where the question fits only so. */
bool worker_prompt(struct worker *w, const struct prompt_room *room, struct exchange *e, bool alone, struct prompt *p, struct error *err);
bool worker_measured(struct worker *w, const struct prompt_room *room, struct exchange *e, bool alone, struct prompt *p, struct error *err);

#endif
