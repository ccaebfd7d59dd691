/* session.c - the two queues between the caller's thread and the worker's.
 *
 * `lock` guards both queues, n_pending, finished, listening and quitting; `sound` has a lock of its own.  The worker sleeps on
 * `wanted`, session_wait on `came`; event_fd is readable while events wait. */
#include "fusion/session.h"

#include "fusion/sound_queue.h"
#include "fusion/worker.h"

#include "tensor/compute.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum request_kind {
    REQUEST_LOAD, REQUEST_ATTACH, REQUEST_CORRECT, REQUEST_PREVIEW, REQUEST_LISTEN, REQUEST_ASK, REQUEST_MEASURE, REQUEST_RESTORE,
    REQUEST_REWIND, REQUEST_CONFIGURE, REQUEST_SCALE_LORA, REQUEST_EYES
};

struct request {
    struct request *next;
    enum request_kind kind;
    uint32_t number;
    char *path, *name;              /* LOAD, ATTACH, PREVIEW, EYES (of the pair); name: the text of CORRECT */
    char *mmproj;                   /* EYES: of the pair */
    enum session_eyes eyes;
    uint32_t attachment;            /* CORRECT */
    size_t i_segment;
    struct turn turn;               /* ASK, MEASURE, RESTORE; owns what it points to */
    char *answer;                   /* RESTORE */
    size_t n_turns;                 /* REWIND */
    size_t i_lora;                  /* SCALE_LORA */
    float scale;
    uint32_t sound;                 /* LISTEN */
    struct session_settings settings;   /* CONFIGURE; owns what it points to */
};

struct queued_event {
    struct queued_event *next;
    struct session_event event;
};

struct session {
    struct compute compute;
    struct worker *worker;          /* the worker thread's */
    pthread_t thread;
    bool started;
    atomic_bool cancel;
    uint32_t n_requests;            /* so far; the caller's */
    struct sound_queue sound;       /* of session_listen */

    pthread_mutex_t lock;
    pthread_cond_t wanted, came;
    struct request *first_request, **last_request;
    struct queued_event *first_event, **last_event;
    size_t n_pending;               /* requests queued or being computed */
    bool finished;                  /* the one being computed has had its last event */
    bool listening;                 /* a LISTEN is the one being computed */
    bool quitting;
    int event_fd;
};

struct session_params session_params_default(void)
{
    return (struct session_params){ .temperature = -1 };
}

struct session_settings session_settings_default(void)
{
    return (struct session_settings){ .temperature = -1, .top_p = -1, .min_p = -1, .repetition_penalty = -1, .top_k = -1,
                                      .typical_p = -1, .dry = -1, .dry_base = -1, .dry_allowed_length = -1, .dry_range = -1,
                                      .mirostat = -1, .mirostat_eta = -1 };
}

/* ---- requests ------------------------------------------------------------------- */

static void request_free(struct request *r)
{
    if (r == NULL)
        return;
    free(r->path);
    free(r->name);
    free(r->mmproj);
    free(r->answer);
    free((char *)r->turn.text);
    free((char *)r->turn.language);
    free((uint32_t *)r->turn.attachments);
    free((char *)r->settings.system);
    free(r);
}

static bool copy_text(char **to, const char *from)
{
    *to = from != NULL ? strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

static bool copy_turn(struct turn *to, const struct turn *from)
{
    char *text = NULL, *language = NULL;
    uint32_t *ids = malloc((from->n_attachments + 1) * sizeof *ids);
    bool good = copy_text(&text, from->text) && copy_text(&language, from->language) && ids != NULL;

    if (ids != NULL && from->n_attachments > 0)
        memcpy(ids, from->attachments, from->n_attachments * sizeof *ids);
    *to = *from;
    to->text = text;
    to->language = language;
    to->attachments = ids;
    return good;
}

static void push_event(struct session *s, struct session_event *event, bool last);

static void no_memory(struct session *s, uint32_t number)
{
    struct session_event event = { .kind = SESSION_FAILED, .request = number };

    error_set(&event.err, ERROR_INFERENCE, "no memory for the request");
    push_event(s, &event, false);
}

/* Queues a request that was completely copied (`good`), or fails it. */
static uint32_t submit(struct session *s, struct request *r, bool good)
{
    uint32_t number = s->n_requests++;

    if (!good) {
        request_free(r);
        no_memory(s, number);
        return number;
    }
    r->number = number;
    r->next = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->n_pending++ == 0 && !s->quitting)
        atomic_store(&s->cancel, false);    /* a cancel that came when nothing was computed */
    *s->last_request = r;
    s->last_request = &r->next;
    pthread_cond_signal(&s->wanted);
    pthread_mutex_unlock(&s->lock);
    return number;
}

static struct request *request_new(enum request_kind kind)
{
    struct request *r = calloc(1, sizeof *r);

    if (r != NULL)
        r->kind = kind;
    return r;
}

static uint32_t submit_load(struct session *s, enum request_kind kind, const char *path, const char *name)
{
    struct request *r = request_new(kind);
    bool good = r != NULL && copy_text(&r->path, path) && copy_text(&r->name, name);

    return submit(s, r, good);
}

static uint32_t submit_turn(struct session *s, enum request_kind kind, const struct turn *turn, const char *answer)
{
    struct request *r = request_new(kind);
    bool good = r != NULL && copy_turn(&r->turn, turn) && copy_text(&r->answer, answer);

    return submit(s, r, good);
}

uint32_t session_attach(struct session *s, const char *path)
{
    return submit_load(s, REQUEST_ATTACH, path, NULL);
}

uint32_t session_correct(struct session *s, uint32_t attachment, size_t i_segment, const char *text)
{
    struct request *r = request_new(REQUEST_CORRECT);
    bool good = r != NULL && copy_text(&r->name, text);

    if (r != NULL) {
        r->attachment = attachment;
        r->i_segment = i_segment;
    }
    return submit(s, r, good);
}

uint32_t session_use_eyes(struct session *s, const struct session_params *params)
{
    struct request *r = request_new(REQUEST_EYES);
    bool good = r != NULL && copy_text(&r->path, params->pair_path) && copy_text(&r->name, params->pair_name) &&
                copy_text(&r->mmproj, params->pair_mmproj);

    if (r != NULL)
        r->eyes = params->eyes;
    return submit(s, r, good);
}

uint32_t session_preview(struct session *s, const char *path)
{
    return submit_load(s, REQUEST_PREVIEW, path, NULL);
}

uint32_t session_listen(struct session *s)
{
    struct request *r = request_new(REQUEST_LISTEN);

    if (r != NULL)
        r->sound = sound_queue_restart(&s->sound);
    return submit(s, r, r != NULL);
}

void session_hear(struct session *s, const float *samples, size_t n)
{
    sound_queue_add(&s->sound, samples, n);
}

/* The one being computed may be another, which is not to be cancelled. */
void session_listen_end(struct session *s, bool keep)
{
    sound_queue_end(&s->sound, keep);
    pthread_mutex_lock(&s->lock);
    if (!keep && s->listening)
        atomic_store(&s->cancel, true);
    pthread_mutex_unlock(&s->lock);
}

uint32_t session_use_model(struct session *s, const char *text_path, const char *text_name)
{
    return submit_load(s, REQUEST_LOAD, text_path, text_name);
}

uint32_t session_ask(struct session *s, const struct turn *turn)
{
    return submit_turn(s, REQUEST_ASK, turn, NULL);
}

uint32_t session_measure(struct session *s, const struct turn *turn)
{
    return submit_turn(s, REQUEST_MEASURE, turn, NULL);
}

void session_restore(struct session *s, const struct turn *turn, const char *answer)
{
    submit_turn(s, REQUEST_RESTORE, turn, answer);
}

void session_rewind(struct session *s, size_t n_turns)
{
    struct request *r = request_new(REQUEST_REWIND);

    if (r != NULL)
        r->n_turns = n_turns;
    submit(s, r, r != NULL);
}

void session_clear(struct session *s)
{
    session_rewind(s, 0);
}

void session_scale_lora(struct session *s, size_t i, float scale)
{
    struct request *r = request_new(REQUEST_SCALE_LORA);

    if (r != NULL) {
        r->i_lora = i;
        r->scale = scale;
    }
    submit(s, r, r != NULL);
}

void session_configure(struct session *s, const struct session_settings *settings)
{
    struct request *r = request_new(REQUEST_CONFIGURE);
    char *system = NULL;
    bool good = r != NULL && copy_text(&system, settings->system);

    if (r != NULL) {
        r->settings = *settings;
        r->settings.system = system;
    }
    submit(s, r, good);
}

void session_cancel(struct session *s)
{
    atomic_store(&s->cancel, true);
}

/* ---- events --------------------------------------------------------------------- */

/* Called with the lock held when the queue goes from empty to not, and back. */
static void set_readable(struct session *s, bool readable)
{
    uint64_t one = 1;
    ssize_t n = readable ? write(s->event_fd, &one, sizeof one) : read(s->event_fd, &one, sizeof one);

    (void)n;                        /* an eventfd of value 0 or 1 neither blocks nor fails here */
}

/* With the lock held, once for each request: a cancel until now was for this one,
 * what the caller cancels after its last event is the next. */
static void finish(struct session *s)
{
    if (s->finished)
        return;
    s->finished = true;
    s->listening = false;
    s->n_pending--;
    if (!s->quitting)
        atomic_store(&s->cancel, false);
}

/* last: of the request being computed. */
static void push_event(struct session *s, struct session_event *event, bool last)
{
    struct queued_event *queued = malloc(sizeof *queued);

    if (queued == NULL) {           /* a lost event would hang the caller; there is nothing better to do */
        session_event_done(event);
        return;
    }
    queued->next = NULL;
    queued->event = *event;
    pthread_mutex_lock(&s->lock);
    if (last)
        finish(s);
    if (s->first_event == NULL)
        set_readable(s, true);
    *s->last_event = queued;
    s->last_event = &queued->next;
    pthread_cond_signal(&s->came);
    pthread_mutex_unlock(&s->lock);
}

/* Called with the lock held. */
static bool pop_event(struct session *s, struct session_event *event)
{
    struct queued_event *queued = s->first_event;

    if (queued == NULL)
        return false;
    *event = queued->event;
    s->first_event = queued->next;
    if (s->first_event == NULL) {
        s->last_event = &s->first_event;
        set_readable(s, false);
    }
    free(queued);
    return true;
}

int session_event_fd(const struct session *s)
{
    return s->event_fd;
}

bool session_poll(struct session *s, struct session_event *event)
{
    pthread_mutex_lock(&s->lock);
    bool any = pop_event(s, event);
    pthread_mutex_unlock(&s->lock);
    return any;
}

void session_wait(struct session *s, struct session_event *event)
{
    pthread_mutex_lock(&s->lock);
    while (!pop_event(s, event))
        pthread_cond_wait(&s->came, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void session_event_done(struct session_event *event)
{
    free(event->text);
    free(event->unsure);
    preview_free(event->preview);
    free(event->left_out);
    event->text = event->unsure = NULL;
    event->preview = NULL;
    event->left_out = NULL;
}

/* ---- the worker's thread ------------------------------------------------------------ */

static void emit(void *user, struct session_event *event)
{
    bool last = event->kind == SESSION_READY || event->kind == SESSION_ATTACHED || event->kind == SESSION_CORRECTED || event->kind == SESSION_PREVIEWED ||
                event->kind == SESSION_LISTENED || event->kind == SESSION_MEASURED || event->kind == SESSION_ANSWERED || event->kind == SESSION_EYES ||
                event->kind == SESSION_FAILED;

    push_event(user, event, last);
}

static void use_eyes(struct worker *w, const struct request *r)
{
    struct session_params params = session_params_default();

    params.eyes = r->eyes;
    params.pair_path = r->path;
    params.pair_name = r->name;
    params.pair_mmproj = r->mmproj;
    worker_use_eyes(w, r->number, &params);
}

/* The next request, or NULL when the session ends. */
static struct request *next_request(struct session *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->first_request == NULL && !s->quitting)
        pthread_cond_wait(&s->wanted, &s->lock);
    struct request *r = s->quitting ? NULL : s->first_request;
    if (r != NULL) {
        s->finished = false;
        s->listening = r->kind == REQUEST_LISTEN;
        s->first_request = r->next;
        if (s->first_request == NULL)
            s->last_request = &s->first_request;
    }
    pthread_mutex_unlock(&s->lock);
    return r;
}

static void *work(void *user)
{
    struct session *s = user;
    struct request *r;

    while ((r = next_request(s)) != NULL) {
        switch (r->kind) {
        case REQUEST_LOAD:    worker_load(s->worker, r->number, r->path, r->name); break;
        case REQUEST_ATTACH:  worker_attach(s->worker, r->number, r->path); break;
        case REQUEST_CORRECT: worker_correct(s->worker, r->number, r->attachment, r->i_segment, r->name); break;
        case REQUEST_PREVIEW: worker_preview(s->worker, r->number, r->path); break;
        case REQUEST_LISTEN:  worker_listen(s->worker, r->number, &s->sound, r->sound); break;
        case REQUEST_ASK:     worker_ask(s->worker, r->number, &r->turn); break;
        case REQUEST_MEASURE: worker_measure(s->worker, r->number, &r->turn); break;
        case REQUEST_RESTORE: worker_restore(s->worker, r->number, &r->turn, r->answer); break;
        case REQUEST_REWIND:  worker_rewind(s->worker, r->n_turns); break;
        case REQUEST_SCALE_LORA: worker_scale_lora(s->worker, r->i_lora, r->scale); break;
        case REQUEST_EYES:    use_eyes(s->worker, r); break;
        case REQUEST_CONFIGURE: worker_configure(s->worker, r->number, &r->settings); break;
        }
        pthread_mutex_lock(&s->lock);
        finish(s);                  /* for those without a last event */
        pthread_mutex_unlock(&s->lock);
        request_free(r);
    }
    return NULL;
}

/* ---- life ---------------------------------------------------------------------------- */

/* Signals are the caller's thread's business: our threads inherit a full mask. */
static bool start(struct session *s, const struct session_params *params, struct error *err)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool good = compute_init(&s->compute, params->n_threads, params->kernels, err);
    if (good) {
        s->compute.cancel = &s->cancel;
        s->worker = worker_new(params, &s->compute, emit, s, err);
        good = s->worker != NULL;
        s->started = good && pthread_create(&s->thread, NULL, work, s) == 0;
        if (good && !s->started)
            good = error_set(err, ERROR_INFERENCE, "a thread cannot be started");
        if (!good) {
            worker_free(s->worker);
            compute_done(&s->compute);
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return good;
}

struct session *session_new(const struct session_params *params, struct error *err)
{
    struct session *s = calloc(1, sizeof *s);

    if (s == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the session");
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    sound_queue_init(&s->sound);
    pthread_cond_init(&s->wanted, NULL);
    pthread_cond_init(&s->came, NULL);
    s->last_request = &s->first_request;
    s->last_event = &s->first_event;
    s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->event_fd < 0)
        error_set(err, ERROR_INFERENCE, "an eventfd cannot be made");
    else if (start(s, params, err)) {
        submit_load(s, REQUEST_LOAD, params->text_path, params->text_name);
        return s;
    }
    session_free(s);
    return NULL;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    if (s->started) {
        pthread_mutex_lock(&s->lock);
        s->quitting = true;
        atomic_store(&s->cancel, true);
        pthread_cond_signal(&s->wanted);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
        worker_free(s->worker);
        compute_done(&s->compute);
    }
    for (struct request *r = s->first_request, *next; r != NULL; r = next) {
        next = r->next;
        request_free(r);
    }
    for (struct session_event event; pop_event(s, &event);)
        session_event_done(&event);
    if (s->event_fd >= 0)
        close(s->event_fd);
    pthread_cond_destroy(&s->came);
    pthread_cond_destroy(&s->wanted);
    pthread_mutex_destroy(&s->lock);
    sound_queue_done(&s->sound);
    free(s);
}
