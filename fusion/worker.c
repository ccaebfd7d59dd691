#include "fusion/worker.h"

#include "fusion/answer.h"
#include "fusion/attachment.h"
#include "fusion/conversation.h"
#include "fusion/senses.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DESCRIPTION_TOKENS = 160 }; /* a sentence, with a quotation, and a reserve */

struct worker {
    struct compute *compute;
    worker_emit *emit;
    void *user;
    uint32_t request;               /* being computed */

    struct text_model *model;       /* NULL: none loaded */
    struct text_context *context;
    double load_ms;                 /* of the text model */

    char *system;                   /* the user's; NULL: ours */
    size_t n_ctx, max_tokens;
    float temperature;
    uint64_t seed;

    struct senses *senses;
    struct attachment **attachments;    /* all, for the session's life */
    size_t n_attachments;
    struct conversation conversation;
};

/* ---- events ----------------------------------------------------------------------- */

static void emit(struct worker *w, struct session_event event)
{
    event.request = w->request;
    w->emit(w->user, &event);
}

static void emit_failed(struct worker *w, const struct error *err)
{
    emit(w, (struct session_event){ .kind = SESSION_FAILED, .err = *err });
}

/* An event whose text could not be copied is sent without one. */
static void emit_text(struct worker *w, enum session_event_kind kind, const char *text, double done, double total)
{
    emit(w, (struct session_event){ .kind = kind, .text = strdup(text), .done = done, .total = total });
}

static void emit_progress(void *user, const char *text, double done, double total)
{
    emit_text(user, SESSION_PROGRESS, text, done, total);
}

static void emit_prefilling(void *user, size_t done, size_t total)
{
    emit_text(user, SESSION_PROGRESS, "thinking", (double)done, (double)total);
}

static void emit_note(void *user, const char *text)
{
    emit_text(user, SESSION_NOTE, text, 0, 0);
}

static void emit_answer_text(void *user, const char *text, size_t n)
{
    emit(user, (struct session_event){ .kind = SESSION_TEXT, .text = strndup(text, n) });
}

/* ---- life --------------------------------------------------------------------------- */

struct worker *worker_new(const struct session_params *params, struct compute *compute, worker_emit *emit_event,
                          void *user, struct error *err)
{
    struct worker *w = calloc(1, sizeof *w);

    if (w == NULL || (params->system != NULL && (w->system = strdup(params->system)) == NULL)) {
        error_set(err, ERROR_INFERENCE, "no memory for the session");
        worker_free(w);
        return NULL;
    }
    w->compute = compute;
    w->emit = emit_event;
    w->user = user;
    w->n_ctx = params->n_ctx;
    w->max_tokens = params->max_tokens;
    w->temperature = params->temperature;
    w->seed = params->seed;
    w->senses = senses_new(params, compute, emit_progress, w, err);
    if (w->senses == NULL) {
        worker_free(w);
        return NULL;
    }
    return w;
}

void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    conversation_done(&w->conversation);
    for (size_t i = 0; i < w->n_attachments; i++)
        attachment_free(w->attachments[i]);
    free(w->attachments);
    senses_free(w->senses);
    text_context_free(w->context);
    text_model_close(w->model);
    free(w->system);
    free(w);
}

void worker_clear(struct worker *w)
{
    conversation_clear(&w->conversation);
}

/* ---- the text model -------------------------------------------------------------------- */

static bool open_text(const struct worker *w, const char *path, struct text_model **model,
                      struct text_context **context, struct error *err)
{
    *model = text_model_open(path, err);
    if (*model == NULL)
        return false;
    *context = text_context_new(*model, w->n_ctx, err);     /* asks for the memory first */
    if (*context != NULL)
        return true;
    text_model_close(*model);
    return false;
}

/* The model in use stays until the new one is there. */
void worker_load(struct worker *w, uint32_t request, const char *path, const char *name)
{
    struct error err = { 0 };
    struct text_model *model;
    struct text_context *context;
    double start = clock_ms();

    w->request = request;
    if (path == NULL) {             /* a session that only perceives */
        emit(w, (struct session_event){ .kind = SESSION_READY });
        return;
    }
    name = name != NULL ? name : path;
    char loading[300];
    snprintf(loading, sizeof loading, "loading %.250s", name);
    emit_text(w, SESSION_PROGRESS, loading, 0, 0);
    if (!open_text(w, path, &model, &context, &err)) {
        emit_failed(w, &err);
        return;
    }
    text_context_free(w->context);
    text_model_close(w->model);
    w->model = model;
    w->context = context;
    conversation_new_model(&w->conversation);
    w->load_ms = clock_ms() - start;
    emit(w, (struct session_event){ .kind = SESSION_READY, .text = strdup(name), .load_ms = w->load_ms,
                                    .n_ctx = text_context_size(context) });
}

/* ---- attachments ------------------------------------------------------------------------ */

/* Positions that the evidence of one attachment takes in a question. */
static size_t evidence_tokens(const struct worker *w, const struct attachment *a)
{
    struct exchange_media media = { a, SIZE_MAX };
    char text[] = "?";
    struct exchange e = { .text = text, .media = &media, .n_media = 1 };
    struct script script = { 0 };
    struct span_list list = { 0 };
    size_t n = 0;

    if (w->model == NULL)
        return 0;
    script_question(&script, &e);
    if (span_list_add(&list, w->model, &script, NULL))
        n = list.n_tokens;
    span_list_done(&list);
    script_done(&script);
    return n;
}

void worker_attach(struct worker *w, uint32_t request, const char *path)
{
    struct error err = { 0 };
    double load_ms = 0;

    w->request = request;
    const struct perception *seen = senses_perceive(w->senses, path, &load_ms, &err);
    struct attachment *a = seen != NULL ? attachment_new((uint32_t)w->n_attachments + 1, path, seen, &err) : NULL;
    struct attachment **grown = NULL;
    if (a != NULL) {
        grown = realloc(w->attachments, (w->n_attachments + 1) * sizeof(struct attachment *));
        if (grown == NULL)
            error_set(&err, ERROR_INFERENCE, "%s: no memory", path);
    }
    if (grown == NULL) {
        attachment_free(a);
        emit_failed(w, &err);
        return;
    }
    w->attachments = grown;
    w->attachments[w->n_attachments++] = a;
    a->n_tokens = evidence_tokens(w, a);
    emit(w, (struct session_event){ .kind = SESSION_ATTACHED, .attachment = a, .load_ms = load_ms,
                                    .encode_ms = seen->ms });
}

/* ---- exchanges --------------------------------------------------------------------------- */

static const struct attachment *find_attachment(const struct worker *w, uint32_t id)
{
    return id >= 1 && id <= w->n_attachments ? w->attachments[id - 1] : NULL;
}

/* A turn with one image and nothing said asks for its description. */
static void settle_task(struct exchange *e)
{
    bool one_image = e->n_media == 1 && e->media[0].attachment->seen->kind == ATTACHMENT_IMAGE;

    if (!one_image)
        e->task = TURN_CHAT;
    else if (*e->text == '\0')
        e->task = TURN_DESCRIBE;
}

static bool make_exchange(const struct worker *w, const struct turn *turn, struct exchange *e, struct error *err)
{
    *e = (struct exchange){ .task = turn->task };
    e->text = strdup(turn->text != NULL ? turn->text : "");
    e->media = calloc(turn->n_attachments + 1, sizeof *e->media);
    if (e->text == NULL || e->media == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the question");
    snprintf(e->language, sizeof e->language, "%s", turn->language != NULL ? turn->language : "en");
    for (size_t i = 0; i < turn->n_attachments; i++) {
        const struct attachment *a = find_attachment(w, turn->attachments[i]);
        if (a == NULL)
            return error_set(err, ERROR_USAGE, "attachment %u is not there", (unsigned)turn->attachments[i]);
        e->media[e->n_media++] = (struct exchange_media){ a, SIZE_MAX };
    }
    settle_task(e);
    return e->n_media > 0 || e->text[strspn(e->text, " \t\r\n")] != '\0' || error_set(err, ERROR_USAGE, "nothing was asked");
}

void worker_restore(struct worker *w, uint32_t request, const struct turn *turn, const char *answer)
{
    struct error err = { 0 };
    struct exchange e;

    w->request = request;
    bool good = make_exchange(w, turn, &e, &err);
    if (good && (e.answer = strdup(answer)) == NULL)
        good = error_set(&err, ERROR_INFERENCE, "no memory for the conversation");
    if (!good || !conversation_keep(&w->conversation, &e, &err))
        emit_failed(w, &err);
    exchange_done(&e);
}

/* ---- answering -------------------------------------------------------------------------------- */

/* Chat: Qwen2.5's own generation settings but for the penalty (docs/models.md). */
static struct sampler_params sampling(const struct worker *w, enum turn_task task, bool about_media)
{
    struct sampler_params s = sampler_params_default();
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    s.temperature = w->temperature >= 0 ? w->temperature : task == TURN_DESCRIBE ? 0.0f : about_media ? 0.2f : 0.7f;
    s.top_k = 40;
    s.top_p = 0.9f;
    s.min_p = 0.05f;
    s.repetition_penalty = task == TURN_DESCRIBE ? 1.0f : 1.05f;
    s.penalty_window = 64;
    s.seed = w->seed != 0 ? w->seed : (uint64_t)now.tv_sec * 1000003u ^ (uint64_t)now.tv_nsec;
    return s;
}

static double encode_ms(const struct exchange *e)
{
    double ms = 0;

    for (size_t i = 0; i < e->n_media; i++)
        ms += e->media[i].attachment->seen->ms;
    return ms;
}

static bool keep_answer(struct worker *w, struct exchange *e, struct answer *a, struct error *err)
{
    if (a->n_ids == 0)              /* stopped before a word came */
        return conversation_keep(&w->conversation, e, err);
    e->answer = words_take(&a->text, err);
    if (e->answer == NULL)
        return false;
    e->answer_ids = a->ids;
    e->n_answer_ids = a->n_ids;
    a->ids = NULL;
    return conversation_keep(&w->conversation, e, err);
}

static bool answer_exchange(struct worker *w, struct exchange *e, bool alone, struct error *err)
{
    struct span_list parts = { 0 };
    const char *begun;
    struct answer a = { 0 };
    struct answer_hooks hooks = { emit_prefilling, emit_answer_text, w };
    struct prompt_room room = { w->model, text_context_size(w->context), w->max_tokens, w->system, emit_note, w };
    bool good = conversation_prompt(&w->conversation, &room, e, alone, &parts, &begun, err);

    if (good) {
        struct answer_params params = {
            .spans = parts.spans, .n_spans = parts.n_spans, .begun = begun,
            .sampler = sampling(w, e->task, e->n_media > 0 || (!alone && conversation_has_media(&w->conversation))),
            .max_tokens = w->max_tokens == 0 && e->task == TURN_DESCRIBE ? DESCRIPTION_TOKENS : w->max_tokens,
        };
        struct session_event event = { .kind = SESSION_ANSWERED, .seed = params.sampler.seed,
                                       .encode_ms = encode_ms(e), .load_ms = w->load_ms };
        good = answer_generate(&a, w->model, w->context, w->compute, &params, &hooks, err);
        event.n_ctx = text_context_size(w->context);
        event.n_used = text_context_used(w->context);
        event.n_prompt = parts.n_tokens;
        event.n_reused = a.n_reused;
        event.n_rows = parts.n_rows;
        event.n_generated = a.n_generated;
        event.prefill_ms = a.prefill_ms;
        event.decode_ms = a.decode_ms;
        event.stopped = a.stopped;
        event.cut = a.cut;
        if (good && a.looped)
            emit_note(w, "the answer repeated itself and was ended");
        good = good && (alone || keep_answer(w, e, &a, err));
        if (good)
            emit(w, event);
    }
    answer_done(&a);
    span_list_done(&parts);
    return good;
}

void worker_ask(struct worker *w, uint32_t request, const struct turn *turn)
{
    struct error err = { 0 };
    struct exchange e = { 0 };

    w->request = request;
    bool good = w->model != NULL ||
                error_set(&err, ERROR_MODEL, "no text model is loaded: run `mynah pull default`, or choose one");
    if (!good || !make_exchange(w, turn, &e, &err) || !answer_exchange(w, &e, turn->alone, &err))
        emit_failed(w, &err);
    exchange_done(&e);
}
