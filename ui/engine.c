#include "ui/engine.h"

#include "store/models.h"
#include "ui/buffer.h"
#include "ui/params.h"

#include <stdlib.h>
#include <string.h>

struct session_engine {
    struct engine engine;
    struct session *session;
    const struct models *models;
    char *model;
    uint32_t load_request;          /* the last that use_model made */
    char *loaded;                   /* the model in use; NULL: none yet */
    char *eyes;
    bool began_with_rows;
};

static uint32_t attach(void *self, const char *path)
{
    return session_attach(((struct session_engine *)self)->session, path);
}

static uint32_t correct(void *self, uint32_t attachment, size_t i, const char *text)
{
    return session_correct(((struct session_engine *)self)->session, attachment, i, text);
}

static uint32_t preview(void *self, const char *path)
{
    return session_preview(((struct session_engine *)self)->session, path);
}

static uint32_t listen_on(void *self)
{
    return session_listen(((struct session_engine *)self)->session);
}

static void hear(void *self, const float *samples, size_t n)
{
    session_hear(((struct session_engine *)self)->session, samples, n);
}

static void listen_end(void *self, bool keep)
{
    session_listen_end(((struct session_engine *)self)->session, keep);
}

static uint32_t measure(void *self, const struct turn *turn)
{
    return session_measure(((struct session_engine *)self)->session, turn);
}

static void rewind_to(void *self, size_t n_turns)
{
    session_rewind(((struct session_engine *)self)->session, n_turns);
}

static void configure(void *self, const struct session_settings *settings)
{
    session_configure(((struct session_engine *)self)->session, settings);
}

static void scale_lora(void *self, size_t i, float scale)
{
    session_scale_lora(((struct session_engine *)self)->session, i, scale);
}

static uint32_t ask(void *self, const struct turn *turn)
{
    return session_ask(((struct session_engine *)self)->session, turn);
}

static void restore(void *self, const struct turn *turn, const char *answer)
{
    session_restore(((struct session_engine *)self)->session, turn, answer);
}

static void clear(void *self)
{
    session_clear(((struct session_engine *)self)->session);
}

static void cancel(void *self)
{
    session_cancel(((struct session_engine *)self)->session);
}

/* A path is named by its last part. */
static void name_model(struct session_engine *s, const char *name)
{
    const char *slash = strrchr(name, '/');

    free(s->model);
    s->model = text_copy(slash != NULL ? slash + 1 : name);
    s->engine.model = s->model;
}

/* A model that cannot be loaded leaves the old one in use. */
static bool poll_event(void *self, struct session_event *event)
{
    struct session_engine *s = self;

    if (!session_poll(s->session, event))
        return false;
    if (event->kind == SESSION_READY && event->text != NULL) {
        free(s->loaded);
        s->loaded = text_copy(event->text);
    } else if (event->kind == SESSION_FAILED && event->request == s->load_request && s->loaded != NULL) {
        name_model(s, s->loaded);
    } else if (event->kind == SESSION_EYES && event->text != NULL) {
        free(s->eyes);
        s->engine.eyes = s->eyes = text_copy(event->text);
    }
    return true;
}

static uint32_t use_model(struct engine *e, const char *name, struct error *err)
{
    struct session_engine *s = e->self;
    char *path = models_path(s->models, name, err);

    if (path == NULL)
        return 0;
    s->load_request = session_use_model(s->session, path, name);
    name_model(s, name);
    free(path);
    return s->load_request;
}

static uint32_t use_eyes(struct engine *e, const char *how, const char *mmproj, struct error *err)
{
    struct session_engine *s = e->self;
    struct session_params params = session_params_default();
    struct model_paths paths = { 0 };
    uint32_t request = 0;

    if (strcmp(how, "auto") == 0 && s->began_with_rows)
        how = "rows";
    if (params_of_eyes(&params, &paths, s->models, how, mmproj, err))
        request = session_use_eyes(s->session, &params);
    model_paths_done(&paths);
    return request;
}

/* Of text models, those alone that see. */
static const char *text_model_at(const struct models *models, size_t i, bool see, bool *present)
{
    for (size_t k = 0; k < models_count(models); k++) {
        const struct model_entry *entry = models_at(models, k);
        if (entry->role != MODEL_TEXT || (see && !models_sees(models, entry)) || i-- > 0)
            continue;
        *present = models_present(models, entry->name) && (!see || models_present(models, entry->projector));
        return entry->name;
    }
    return NULL;
}

static const char *model_name(void *self, size_t i, bool *present)
{
    return text_model_at(((struct session_engine *)self)->models, i, false, present);
}

static const char *pair_name(void *self, size_t i, bool *present)
{
    return text_model_at(((struct session_engine *)self)->models, i, true, present);
}

/* A projector that only hears leaves pictures to words. */
static bool begins_with_rows(const struct session_params *params)
{
    return params->eyes == EYES_ROWS && eyes_make_rows(params->mmproj_path, params->mmproj_name);
}

static const char *eyes_of(const struct session_params *params)
{
    const char *name = params->pair_name != NULL ? params->pair_name : params->pair_path;
    const char *slash = name != NULL ? strrchr(name, '/') : NULL;

    return begins_with_rows(params) ? "rows" : params->eyes != EYES_PAIR || name == NULL ? "words" : slash != NULL ? slash + 1 : name;
}

static struct engine_attachment describe(const struct attachment *a)
{
    return (struct engine_attachment){
        .id = attachment_id(a), .kind = attachment_kind(a), .path = attachment_path(a), .name = attachment_name(a),
        .summary = attachment_summary(a), .details = attachment_details(a), .n_tokens = attachment_n_tokens(a),
        .preview = attachment_preview(a), .sha256 = attachment_sha256(a),
        .n_said = attachment_n_segments(a), .said_at = attachment_said_at(a),
    };
}

static void free_session(struct engine *e)
{
    struct session_engine *s = e->self;

    session_free(s->session);
    free(s->model);
    free(s->loaded);
    free(s->eyes);
    free(s);
}

struct engine *engine_session_new(const struct session_params *params, const struct models *models, struct error *err)
{
    struct session_engine *s = calloc(1, sizeof *s);

    if (s == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for a conversation");
        return NULL;
    }
    s->session = session_new(params, err);
    if (s->session == NULL) {
        free(s);
        return NULL;
    }
    s->models = models;
    s->eyes = text_copy(eyes_of(params));
    s->began_with_rows = begins_with_rows(params);
    name_model(s, params->text_name != NULL ? params->text_name : params->text_path);
    s->engine = (struct engine){
        .self = s, .model = s->model, .event_fd = session_event_fd(s->session),
        .attach = attach, .correct = correct, .preview = preview,
        .listen = listen_on, .hear = hear, .listen_end = listen_end, .ask = ask, .measure = measure, .restore = restore, .clear = clear,
        .rewind = rewind_to, .configure = configure, .scale_lora = scale_lora, .use_model = use_model, .model_name = model_name,
        .eyes = s->eyes, .use_eyes = use_eyes, .pair_name = pair_name,
        .cancel = cancel, .poll = poll_event, .attachment = describe,
        .said = attachment_said, .transcript = attachment_transcript, .citations = answer_citations, .free = free_session,
    };
    return &s->engine;
}

void engine_free(struct engine *e)
{
    if (e != NULL)
        e->free(e);
}
