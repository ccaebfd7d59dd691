/* worker_state.h - the worker's own: worker.c loads and perceives, worker_ask.c answers. */
#ifndef FUSION_WORKER_STATE_H
#define FUSION_WORKER_STATE_H

#include "fusion/adapters.h"
#include "fusion/conversation.h"
#include "fusion/form.h"
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

#endif
