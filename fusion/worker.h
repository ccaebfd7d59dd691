/* worker.h - what the worker thread does with each request: attachments, answers,
 * the conversation.  All functions are for that one thread. */
#ifndef FUSION_WORKER_H
#define FUSION_WORKER_H

#include "fusion/session.h"

#include "tensor/compute.h"

struct sound_queue;
struct worker;

/* Takes over what the event owns. */
typedef void worker_emit(void *user, struct session_event *event);

/* params' strings are copied; compute is borrowed.  Loads nothing yet. */
struct worker *worker_new(const struct session_params *params, struct compute *compute, worker_emit *emit, void *user,
                          struct error *err);
void worker_free(struct worker *w);                         /* NULL is fine */

/* Each emits its events, the last one SESSION_READY, ATTACHED, CORRECTED, PREVIEWED, MEASURED, ANSWERED,
 * LISTENED, EYES or FAILED; restore and configure emit only a failure. */
void worker_load(struct worker *w, uint32_t request, const char *path, const char *name);
void worker_attach(struct worker *w, uint32_t request, const char *path);
void worker_correct(struct worker *w, uint32_t request, uint32_t id, size_t i_segment, const char *text);
void worker_preview(struct worker *w, uint32_t request, const char *path);
void worker_listen(struct worker *w, uint32_t request, struct sound_queue *queue, uint32_t sound);
void worker_use_eyes(struct worker *w, uint32_t request, const struct session_params *params);
void worker_ask(struct worker *w, uint32_t request, const struct turn *turn);
void worker_measure(struct worker *w, uint32_t request, const struct turn *turn);
void worker_restore(struct worker *w, uint32_t request, const struct turn *turn, const char *answer);
void worker_rewind(struct worker *w, size_t n_turns);
void worker_scale_lora(struct worker *w, size_t i, float scale);
void worker_configure(struct worker *w, uint32_t request, const struct session_settings *settings);

#endif
