#include "fusion/worker.h"

#include "fusion/answer.h"
#include "fusion/attachment.h"
#include "fusion/memory.h"
#include "fusion/prompt.h"
#include "fusion/senses.h"
#include "fusion/wording.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_WORK_BYTES ((size_t)150 << 20)     /* prefill scratch of the 1.5B, rounded up */

enum {
    DESCRIPTION_TOKENS = 160,       /* a sentence, with a quotation, and a reserve */
    ANSWER_RESERVE = 512            /* positions kept free for an answer when the prompt is fitted */
};

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
    struct exchange *exchanges;     /* the conversation */
    size_t n_exchanges;
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

static void forget_exchanges(struct worker *w)
{
    for (size_t i = 0; i < w->n_exchanges; i++)
        exchange_done(&w->exchanges[i]);
    w->n_exchanges = 0;
}

void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    forget_exchanges(w);
    free(w->exchanges);
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
    forget_exchanges(w);
}

/* ---- the text model -------------------------------------------------------------------- */

static bool open_text(const struct worker *w, const char *path, const char *name, struct text_model **model,
                      struct text_context **context, struct error *err)
{
    *model = text_model_open(path, err);
    if (*model == NULL)
        return false;
    const struct text_info *info = text_model_info(*model);
    size_t most = info->n_ctx_train < 8192 ? info->n_ctx_train : 8192;
    size_t n_ctx = w->n_ctx != 0 ? w->n_ctx : most;
    *context = NULL;
    if (memory_fits(name, info->file_bytes, n_ctx * info->kv_bytes_per_token + TEXT_WORK_BYTES, err))
        *context = text_context_new(*model, n_ctx, err);
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
    if (!open_text(w, path, name, &model, &context, &err)) {
        emit_failed(w, &err);
        return;
    }
    text_context_free(w->context);
    text_model_close(w->model);
    w->model = model;
    w->context = context;
    for (size_t i = 0; i < w->n_exchanges; i++) {       /* another model's ids, another context's room */
        free(w->exchanges[i].answer_ids);
        w->exchanges[i].answer_ids = NULL;
        w->exchanges[i].dropped = false;
    }
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
    return e->n_media > 0 || *e->text != '\0' || error_set(err, ERROR_USAGE, "nothing was asked");
}

/* Moves e into the conversation. */
static bool keep_exchange(struct worker *w, struct exchange *e, struct error *err)
{
    struct exchange *grown = realloc(w->exchanges, (w->n_exchanges + 1) * sizeof *grown);

    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the conversation");
    w->exchanges = grown;
    w->exchanges[w->n_exchanges++] = *e;
    *e = (struct exchange){ 0 };
    return true;
}

void worker_restore(struct worker *w, uint32_t request, const struct turn *turn, const char *answer)
{
    struct error err = { 0 };
    struct exchange e;

    w->request = request;
    bool good = make_exchange(w, turn, &e, &err);
    if (good && (e.answer = strdup(answer)) == NULL)
        good = error_set(&err, ERROR_INFERENCE, "no memory for the conversation");
    if (!good || !keep_exchange(w, &e, &err))
        emit_failed(w, &err);
    exchange_done(&e);
}

/* ---- the prompt of a turn -------------------------------------------------------------------- */

struct prompt {
    struct span_list parts;         /* owns the ids */
    const char *begun;
};

static bool add_script(struct span_list *list, const struct worker *w, struct script *script, struct error *err)
{
    bool good = span_list_add(list, w->model, script, err);

    script_done(script);
    return good;
}

static bool add_exchange(struct span_list *list, const struct worker *w, const struct exchange *e, bool with_answer,
                         struct error *err)
{
    struct script script = { 0 };

    script_question(&script, e);
    if (with_answer)
        script_answer(&script, e);
    return add_script(list, w, &script, err);
}

static bool count_exchange(const struct worker *w, const struct exchange *e, bool with_answer, size_t *n,
                           struct error *err)
{
    struct span_list list = { 0 };
    bool good = add_exchange(&list, w, e, with_answer, err);

    *n = list.n_tokens;
    span_list_done(&list);
    return good;
}

static void note_cut_transcript(struct worker *w, const struct exchange_media *media)
{
    const struct transcript *t = media->attachment->seen->transcript;
    struct buffer b = { 0 };

    if (t == NULL || media->n_segments >= t->n_segments)
        return;
    buffer_add(&b, "%s: what is said after %.0f s (of %.0f s) does not fit in the context of %zu tokens and is left "
               "out; a larger context (-c) holds more", media->attachment->name,
               t->segments[media->n_segments].start, t->seconds, text_context_size(w->context));
    char *text = buffer_take(&b, NULL);
    if (text != NULL)
        emit_text(w, SESSION_NOTE, text, 0, 0);
    free(text);
}

/* Long transcripts: every clip of the turn keeps the same share of its segments, from
 * the start, so that the question takes at most n_most positions. */
static bool fit_transcripts(struct worker *w, struct exchange *e, size_t n_most, size_t *n, struct error *err)
{
    size_t low = 0, high = 1000;    /* share in thousandths: low fits (or nothing does), high does not */

    if (!count_exchange(w, e, false, n, err))
        return false;
    if (*n <= n_most)
        return true;
    while (high - low > 1) {
        size_t share = (low + high) / 2;
        for (size_t i = 0; i < e->n_media; i++) {
            const struct transcript *t = e->media[i].attachment->seen->transcript;
            e->media[i].n_segments = t != NULL ? t->n_segments * share / 1000 : 0;
        }
        if (!count_exchange(w, e, false, n, err))
            return false;
        *(*n <= n_most ? &low : &high) = share;
    }
    for (size_t i = 0; i < e->n_media; i++) {
        const struct transcript *t = e->media[i].attachment->seen->transcript;
        e->media[i].n_segments = t != NULL ? t->n_segments * low / 1000 : 0;
        note_cut_transcript(w, &e->media[i]);
    }
    return count_exchange(w, e, false, n, err);
}

static void note_dropped(struct worker *w, size_t n_dropped)
{
    char text[200];

    snprintf(text, sizeof text, "%zu earlier turn%s no longer fit%s in the context of %zu tokens and %s left out "
             "from now on", n_dropped, n_dropped == 1 ? "" : "s", n_dropped == 1 ? "s" : "",
             text_context_size(w->context), n_dropped == 1 ? "is" : "are");
    emit_text(w, SESSION_NOTE, text, 0, 0);
}

/* Decides which earlier turns stay; n_fixed positions are taken besides. */
static bool fit_conversation(struct worker *w, size_t n_fixed, size_t n_most, struct error *err)
{
    size_t *n_tokens = calloc(w->n_exchanges + 1, sizeof *n_tokens);
    bool good = n_tokens != NULL || error_set(err, ERROR_INFERENCE, "no memory for the conversation");

    for (size_t i = 0; good && i < w->n_exchanges; i++)
        good = count_exchange(w, &w->exchanges[i], true, &n_tokens[i], err);
    if (good) {
        size_t n_dropped = exchanges_drop(w->exchanges, n_tokens, w->n_exchanges, n_fixed, n_most);
        if (n_dropped > 0)
            note_dropped(w, n_dropped);
    }
    free(n_tokens);
    return good;
}

static bool build_chat(struct worker *w, struct exchange *e, bool alone, struct prompt *p, struct error *err)
{
    size_t size = text_context_size(w->context), n_question = 0;
    size_t reserve = w->max_tokens > 0 && w->max_tokens < ANSWER_RESERVE ? w->max_tokens : ANSWER_RESERVE;
    size_t n_most = size - (reserve < size / 4 ? reserve : size / 4);
    struct script script = { 0 };

    p->begun = "";
    script_system(&script, w->system);
    if (!add_script(&p->parts, w, &script, err))
        return false;
    size_t n_system = p->parts.n_tokens;
    /* A clip leaves a quarter for what is asked about it later. */
    if (n_system < n_most && !fit_transcripts(w, e, (n_most - n_system) / 4 * 3, &n_question, err))
        return false;
    if (n_system >= n_most || n_question > n_most - n_system)
        return error_set(err, ERROR_INFERENCE, "the question does not fit: it takes %zu tokens, the context has %zu",
                         n_system + n_question, size);
    if (!alone && !fit_conversation(w, n_system + n_question, n_most, err))
        return false;
    for (size_t i = 0; !alone && i < w->n_exchanges; i++)
        if (!w->exchanges[i].dropped && !add_exchange(&p->parts, w, &w->exchanges[i], true, err))
            return false;
    return add_exchange(&p->parts, w, e, false, err);
}

static bool build_prompt(struct worker *w, struct exchange *e, bool alone, struct prompt *p, struct error *err)
{
    struct script script = { 0 };

    if (e->task == TURN_CHAT)
        return build_chat(w, e, alone, p, err);
    script_describe(&script, w->system, e, &p->begun);
    return add_script(&p->parts, w, &script, err);
}

/* ---- answering -------------------------------------------------------------------------------- */

/* Chat: Qwen2.5's own generation settings but for the penalty (docs/models.md). */
static struct sampler_params sampling(const struct worker *w, enum turn_task task)
{
    struct sampler_params s = sampler_params_default();
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    s.temperature = w->temperature >= 0 ? w->temperature : task == TURN_DESCRIBE ? 0.0f : 0.7f;
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
        return keep_exchange(w, e, err);
    e->answer = buffer_take(&a->text, err);
    if (e->answer == NULL)
        return false;
    e->answer_ids = a->ids;
    e->n_answer_ids = a->n_ids;
    a->ids = NULL;
    return keep_exchange(w, e, err);
}

static bool answer_exchange(struct worker *w, struct exchange *e, bool alone, struct error *err)
{
    struct prompt prompt = { 0 };
    struct answer a = { 0 };
    struct answer_hooks hooks = { emit_prefilling, emit_answer_text, w };
    bool good = build_prompt(w, e, alone, &prompt, err);

    if (good) {
        struct answer_params params = {
            .spans = prompt.parts.spans, .n_spans = prompt.parts.n_spans, .begun = prompt.begun,
            .sampler = sampling(w, e->task),
            .max_tokens = w->max_tokens == 0 && e->task == TURN_DESCRIBE ? DESCRIPTION_TOKENS : w->max_tokens,
        };
        struct session_event event = { .kind = SESSION_ANSWERED, .seed = params.sampler.seed,
                                       .encode_ms = encode_ms(e), .load_ms = w->load_ms };
        good = answer_generate(&a, w->model, w->context, w->compute, &params, &hooks, err);
        event.n_ctx = text_context_size(w->context);
        event.n_used = text_context_used(w->context);
        event.n_prompt = prompt.parts.n_tokens;
        event.n_reused = a.n_reused;
        event.n_rows = prompt.parts.n_rows;
        event.n_generated = a.n_generated;
        event.prefill_ms = a.prefill_ms;
        event.decode_ms = a.decode_ms;
        event.stopped = a.stopped;
        event.cut = a.cut;
        if (good && a.looped)
            emit_text(w, SESSION_NOTE, "the answer repeated itself and was ended", 0, 0);
        good = good && (alone || keep_answer(w, e, &a, err));
        if (good)
            emit(w, event);
    }
    answer_done(&a);
    span_list_done(&prompt.parts);
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
