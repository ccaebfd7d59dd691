#include "fusion/worker.h"

#include "fusion/attachment.h"
#include "fusion/listening.h"
#include "fusion/preview.h"
#include "fusion/sound_queue.h"
#include "fusion/words.h"
#include "fusion/worker_state.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- events ----------------------------------------------------------------------- */

void worker_send(struct worker *w, struct session_event event)
{
    event.request = w->request;
    w->emit(w->user, &event);
}

void worker_send_text(struct worker *w, enum session_event_kind kind, const char *text, double done, double total)
{
    worker_send(w, (struct session_event){ .kind = kind, .text = strdup(text), .done = done, .total = total });
}

void worker_fail(struct worker *w, const struct error *err)
{
    worker_send(w, (struct session_event){ .kind = SESSION_FAILED, .err = *err });
}

void worker_progress(void *worker, const char *text, double done, double total)
{
    worker_send_text(worker, SESSION_PROGRESS, text, done, total);
}

/* Without memory for it the file goes on unseen. */
static void send_decoded(void *user, const struct preview *p)
{
    struct preview *copy = preview_copy(p, NULL);

    if (copy != NULL)
        worker_send(user, (struct session_event){ .kind = SESSION_DECODED, .preview = copy });
}

/* ---- life --------------------------------------------------------------------------- */

static bool copy_settings(struct worker *w, const struct session_settings *settings)
{
    char *system = settings->system != NULL ? strdup(settings->system) : NULL;

    if (settings->system != NULL && system == NULL)
        return false;
    free((char *)w->settings.system);
    w->settings = *settings;
    w->settings.system = system;
    return true;
}

struct worker *worker_new(const struct session_params *params, struct compute *compute, worker_emit *emit_event,
                          void *user, struct error *err)
{
    struct worker *w = calloc(1, sizeof *w);
    struct session_settings settings = session_settings_default();

    settings.system = params->system;
    settings.temperature = params->temperature;
    settings.seed = params->seed;
    settings.max_tokens = params->max_tokens;
    settings.image_rows = params->image_rows;
    if (w == NULL || !copy_settings(w, &settings)) {
        error_set(err, ERROR_INFERENCE, "no memory for the session");
        worker_free(w);
        return NULL;
    }
    w->compute = compute;
    w->emit = emit_event;
    w->user = user;
    w->n_ctx = params->n_ctx;
    w->eyes.n_wished = params->image_rows;
    w->kv = params->kv_q8_0 ? TEXT_KV_Q8_0 : TEXT_KV_F16;
    if (form_init(&w->form, params, err) && adapters_init(&w->adapters, params->loras, params->n_loras, err) &&
        eyes_init(&w->eyes, params, compute, err))
        w->senses = senses_new(params, &w->eyes, compute, worker_progress, send_decoded, w, err);
    if (w->senses != NULL && params->eyes == EYES_PAIR && (w->looker = looker_new(params, compute, worker_progress, w, err)) == NULL) {
        senses_free(w->senses);
        w->senses = NULL;
    }
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
    for (size_t i = 0; i < w->n_replaced; i++)
        attachment_free(w->replaced[i]);
    free(w->replaced);
    senses_free(w->senses);
    looker_free(w->looker);
    eyes_done(&w->eyes);
    form_done(&w->form);
    text_context_free(w->context);
    text_model_close(w->model);
    adapters_done(&w->adapters);
    free((char *)w->settings.system);
    free(w);
}

void worker_configure(struct worker *w, uint32_t request, const struct session_settings *settings)
{
    struct error err = { 0 };

    w->request = request;
    if (!copy_settings(w, settings)) {
        error_set(&err, ERROR_INFERENCE, "no memory for the settings");
        worker_fail(w, &err);
        return;
    }
    w->eyes.n_wished = settings->image_rows;
    if (w->looker != NULL)
        looker_wish(w->looker, settings->image_rows);
}

void worker_scale_lora(struct worker *w, size_t i, float scale)
{
    if (i >= w->adapters.n)
        return;
    w->adapters.scales[i] = scale;
    if (w->context != NULL)
        text_context_scale_lora(w->context, i, scale);
}

/* ---- the text model -------------------------------------------------------------------- */

static bool open_text(const struct worker *w, const char *path, const char *name, struct text_model **model,
                      struct text_context **context, struct error *err)
{
    *model = text_model_open(path, err);
    if (*model == NULL)
        return false;
    *context = eyes_suit(&w->eyes, text_model_info(*model), name, err) && adapters_open(&w->adapters, *model, err)
        ? text_context_new_as(*model, w->n_ctx, w->kv, err) : NULL;   /* asks for the memory first */
    if (*context != NULL) {
        adapters_scale(&w->adapters, *context);
        return true;
    }
    text_model_close(*model);
    return false;
}

static void note_eyes(struct worker *w, const char *name)
{
    const struct text_info *info = text_model_info(w->model);
    char text[400];

    const char *made_for = eyes_strange_to(&w->eyes, info);
    if (made_for == NULL)
        return;
    snprintf(text, sizeof text, "%.100s was made for the text model %.100s, and %.100s is another: it may not understand its rows",
             w->eyes.name, made_for, name);
    worker_send_text(w, SESSION_NOTE, text, 0, 0);
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
        worker_send(w, (struct session_event){ .kind = SESSION_READY });
        return;
    }
    name = name != NULL ? name : path;
    char loading[300];
    snprintf(loading, sizeof loading, "loading %.250s", name);
    worker_send_text(w, SESSION_PROGRESS, loading, 0, 0);
    if (!open_text(w, path, name, &model, &context, &err)) {
        worker_fail(w, &err);
        return;
    }
    form_new_model(&w->form);
    text_context_free(w->context);
    text_model_close(w->model);
    w->model = model;
    w->context = context;
    conversation_new_model(&w->conversation);
    w->told_system = false;
    w->load_ms = clock_ms() - start;
    w->eyes.n_most = text_context_size(context);
    w->eyes.n_picture = room_rows(&(struct prompt_room){ .n_ctx = w->eyes.n_most, .max_tokens = w->settings.max_tokens });
    note_eyes(w, name);
    worker_send(w, (struct session_event){ .kind = SESSION_READY, .text = strdup(name), .load_ms = w->load_ms,
                                    .n_ctx = text_context_size(context) });
}

/* ---- attachments ------------------------------------------------------------------------ */

/* Positions that the evidence of one attachment takes in a question. */
static size_t evidence_tokens(const struct worker *w, const struct attachment *a)
{
    struct exchange_media media = { a, SIZE_MAX, false };
    char text[] = "?";
    struct exchange e = { .text = text, .media = &media, .n_media = 1 };
    const struct prompt_room room = { .model = w->model };
    size_t n = 0;

    if (w->model == NULL || !count_exchange(&room, &e, &n, NULL))
        return 0;
    return n;
}

static void note_words(struct worker *w, const struct attachment *a)
{
    char text[400];

    if (a->seen->n_rows_too_many == 0)
        return;
    snprintf(text, sizeof text, "%.200s: its %zu rows do not fit in the context of %zu tokens: it is told in words", a->name, a->seen->n_rows_too_many,
             w->eyes.n_most);
    worker_send_text(w, SESSION_NOTE, text, 0, 0);
}

/* Why a picture is encoded smaller than it could be; what the user wished is no news. */
static void note_smaller(struct worker *w, const struct attachment *a)
{
    const struct perception *seen = a->seen;
    char tiles[60] = "", why[160];

    if (seen->n_rows_whole == 0 || seen->limit == PICTURE_WISH)
        return;
    if (seen->n_tiles < seen->n_tiles_whole)
        snprintf(tiles, sizeof tiles, " (%zu of %zu tiles)", seen->n_tiles, seen->n_tiles_whole);
    if (seen->limit == PICTURE_CONTEXT)
        snprintf(why, sizeof why, "more do not fit in the context of %zu tokens beside a question: a larger context (-c) holds more", w->eyes.n_most);
    else
        snprintf(why, sizeof why, "for more there is too little memory: close other programs, then attach it again");
    struct words b = { 0 };
    words_add(&b, "%s: encoded smaller, in %zu of %zu rows%s: %s", a->name, perception_n_rows(seen), seen->n_rows_whole, tiles, why);
    char *text = words_take(&b, NULL);
    if (text != NULL)
        worker_send_text(w, SESSION_NOTE, text, 0, 0);
    free(text);
}

void worker_attach(struct worker *w, uint32_t request, const char *path)
{
    struct error err = { 0 };
    struct glances glances = { 0 };
    double load_ms = 0, look_ms = 0;

    w->request = request;
    const struct perception *seen = senses_perceive(w->senses, path, &load_ms, &err);
    bool good = seen != NULL && worker_describe(w, path, seen, &glances, &err);
    struct attachment *a = good ? attachment_new((uint32_t)w->n_attachments + 1, path, seen, &glances, &err) : NULL;
    struct attachment **grown = NULL;
    for (size_t i = 0; i < glances.n; i++)
        look_ms += glances.items[i].ms;
    glances_done(&glances);
    if (a != NULL) {
        grown = realloc(w->attachments, (w->n_attachments + 1) * sizeof(struct attachment *));
        if (grown == NULL)
            error_set(&err, ERROR_INFERENCE, "%s: no memory", path);
    }
    if (grown == NULL) {
        attachment_free(a);
        worker_fail(w, &err);
        return;
    }
    w->attachments = grown;
    w->attachments[w->n_attachments++] = a;
    note_words(w, a);
    note_smaller(w, a);
    a->n_tokens = evidence_tokens(w, a);
    worker_send(w, (struct session_event){ .kind = SESSION_ATTACHED, .attachment = a, .load_ms = load_ms,
                                    .encode_ms = seen->ms + look_ms });
}

bool worker_replace(struct worker *w, struct attachment *old, struct attachment *new, enum session_event_kind kind, struct error *err)
{
    struct attachment **grown = realloc(w->replaced, (w->n_replaced + 1) * sizeof(struct attachment *));

    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "%s: no memory", old->path);
    w->replaced = grown;
    w->replaced[w->n_replaced++] = old;
    w->attachments[new->id - 1] = new;
    new->n_tokens = evidence_tokens(w, new);
    conversation_replace(&w->conversation, old, new);
    worker_send(w, (struct session_event){ .kind = kind, .attachment = new });
    return true;
}

void worker_correct(struct worker *w, uint32_t request, uint32_t id, size_t i_segment, const char *text)
{
    struct error err = { 0 };
    struct attachment *a = id >= 1 && id <= w->n_attachments ? w->attachments[id - 1] : NULL, *corrected = NULL;

    w->request = request;
    if (a == NULL || i_segment >= attachment_n_segments(a))
        error_set(&err, ERROR_USAGE, "line %zu of attachment %u is not there", i_segment + 1, (unsigned)id);
    else
        corrected = attachment_corrected(a, i_segment, text, &err);
    if (corrected != NULL && worker_replace(w, a, corrected, SESSION_CORRECTED, &err))
        return;
    attachment_free(corrected);
    worker_fail(w, &err);
}

void worker_preview(struct worker *w, uint32_t request, const char *path)
{
    struct error err = { 0 };

    w->request = request;
    struct preview *p = senses_preview(w->senses, path, &err);
    if (p != NULL)
        worker_send(w, (struct session_event){ .kind = SESSION_PREVIEWED, .preview = p });
    else
        worker_fail(w, &err);
}

/* ---- live sound --------------------------------------------------------------------------- */

static void send_heard(void *user, const char *sure, const char *unsure)
{
    worker_send(user, (struct session_event){ .kind = SESSION_HEARD, .text = strdup(sure), .unsure = strdup(unsure) });
}

void worker_listen(struct worker *w, uint32_t request, struct sound_queue *queue, uint32_t sound)
{
    struct error err = { 0 };
    struct whisper_params params;

    w->request = request;
    const struct whisper *whisper = senses_whisper(w->senses, &params, &err);
    if (whisper != NULL && listening_run(whisper, w->compute, &params, queue, sound, send_heard, w, &err))
        worker_send(w, (struct session_event){ .kind = SESSION_LISTENED });
    else
        worker_fail(w, &err);
}
