/* echo.c - an engine without a model, for tests of the chat (ui/engine.h).
 *
 * Requests wait in a list; a timer ticks while there are any, and each tick gives
 * one event of the first: so answers stream and files take their time. */
#include "ui/engine.h"

#include "base/file.h"
#include "ui/buffer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    TICK_MS = 20,
    TICK_BYTES = 4096,              /* of a file, read in one tick: 1 MB takes 5 s */
    FILE_BYTES = 64 << 20
};

enum wish { WISH_READY, WISH_ATTACH, WISH_ASK };

struct request {
    enum wish wish;
    uint32_t number;
    char *text;                     /* path or prompt */
    size_t done, total;             /* bytes */
};

struct echo_attachment {
    uint32_t id;
    char *path, *summary, *details;
    bool is_audio;
};

struct echo {
    struct engine engine;
    int timer;
    struct request *requests;       /* [n], the first is being worked on */
    size_t n, capacity;
    struct echo_attachment **attachments;
    size_t n_attachments, attachment_capacity;
    uint32_t last_number;
    size_t n_words;                 /* said and heard: the context used */
    bool cancelled;
};

static void tick(struct echo *e, bool on)
{
    struct itimerspec t = { .it_interval.tv_nsec = on ? TICK_MS * 1000000 : 0, .it_value.tv_nsec = on ? TICK_MS * 1000000 : 0 };

    timerfd_settime(e->timer, 0, &t, NULL);
}

static uint32_t add_request(struct echo *e, enum wish wish, const char *text)
{
    e->requests = array_grow(e->requests, e->n, &e->capacity, sizeof *e->requests);
    e->requests[e->n++] = (struct request){ .wish = wish, .number = ++e->last_number, .text = text_copy(text), .total = strlen(text) };
    if (e->n == 1)
        tick(e, true);
    return e->last_number;
}

static void end_request(struct echo *e)
{
    free(e->requests[0].text);
    memmove(e->requests, e->requests + 1, --e->n * sizeof *e->requests);
    e->cancelled = false;
    if (e->n == 0)
        tick(e, false);
}

static bool is_audio(const char *path)
{
    static const char *const endings[] = { ".wav", ".flac", ".ogg", ".mp3" };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

static const struct attachment *add_attachment(struct echo *e, const char *path, size_t n_bytes)
{
    struct echo_attachment *a = calloc(1, sizeof *a);
    struct buffer text = { 0 };

    if (a == NULL)
        abort();
    a->id = (uint32_t)e->n_attachments + 1;
    a->is_audio = is_audio(path);
    a->path = text_copy(path);
    buffer_print(&text, "%zu bytes", n_bytes);
    a->summary = text_copy(text.s);
    buffer_print(&text, " at %s\nNothing was looked at or listened to: this is the echo engine.", path);
    a->details = text.s;
    e->attachments = array_grow(e->attachments, e->n_attachments, &e->attachment_capacity, sizeof *e->attachments);
    e->attachments[e->n_attachments++] = a;
    return (const struct attachment *)a;
}

static void next_of_attach(struct echo *e, struct request *r, struct session_event *event)
{
    struct stat st;

    if (r->done == 0) {
        size_t n_bytes = 0;
        unsigned char *data = file_read(r->text, FILE_BYTES, &n_bytes, &event->err);
        free(data);
        event->kind = SESSION_FAILED;
        if (data == NULL) {
            end_request(e);
            return;
        }
        r->total = n_bytes;
    }
    event->kind = SESSION_PROGRESS;
    event->text = text_copy("reading");
    r->done += TICK_BYTES;
    event->done = (double)(r->done < r->total ? r->done : r->total);
    event->total = (double)r->total;
    if (e->cancelled) {
        event->kind = SESSION_FAILED;
        error_set(&event->err, ERROR_CANCELLED, "%s: cancelled", r->text);
        end_request(e);
    } else if (r->done > r->total + TICK_BYTES) {
        event->kind = SESSION_ATTACHED;
        event->attachment = add_attachment(e, r->text, stat(r->text, &st) == 0 ? (size_t)st.st_size : 0);
        end_request(e);
    }
}

/* One word and the blanks behind it. */
static void next_of_answer(struct echo *e, struct request *r, struct session_event *event)
{
    size_t n = strcspn(r->text + r->done, " \n");

    n += strspn(r->text + r->done + n, " \n");
    event->n_ctx = 8192;
    if (e->cancelled || n == 0) {
        event->kind = SESSION_ANSWERED;
        event->stopped = e->cancelled;
        event->n_used = e->n_words;
        event->n_generated = e->n_words / 2;
        event->decode_ms = (double)event->n_generated * TICK_MS;
        end_request(e);
        return;
    }
    event->kind = SESSION_TEXT;
    event->text = strndup(r->text + r->done, n);
    r->done += n;
    e->n_words += 2;
}

static bool poll_event(void *self, struct session_event *event)
{
    struct echo *e = self;
    uint64_t ticks;

    *event = (struct session_event){ 0 };
    if (e->n == 0 || read(e->timer, &ticks, sizeof ticks) != sizeof ticks)
        return false;
    event->request = e->requests[0].number;
    if (e->requests[0].wish == WISH_READY) {
        event->kind = SESSION_READY;
        event->n_ctx = 8192;
        end_request(e);
    } else if (e->requests[0].wish == WISH_ATTACH) {
        next_of_attach(e, &e->requests[0], event);
    } else {
        next_of_answer(e, &e->requests[0], event);
    }
    return true;
}

static uint32_t attach(void *self, const char *path)
{
    return add_request(self, WISH_ATTACH, path);
}

static uint32_t ask(void *self, const struct turn *turn)
{
    struct echo *e = self;
    struct buffer answer = { 0 };

    for (size_t i = 0; i < turn->n_attachments; i++)
        buffer_print(&answer, "(%s) ", strrchr(e->attachments[turn->attachments[i] - 1]->path, '/') + 1);
    buffer_print(&answer, "%s", turn->text);
    uint32_t number = add_request(e, WISH_ASK, buffer_text(&answer));
    buffer_free(&answer);
    return number;
}

static void restore(void *self, const struct turn *turn, const char *answer)
{
    struct echo *e = self;

    (void)turn;
    for (const char *s = answer; *s != '\0'; s++)
        e->n_words += *s == ' ' ? 2 : 0;
}

static void clear(void *self)
{
    ((struct echo *)self)->n_words = 0;
}

static uint32_t use_model(struct engine *engine, const char *name, struct error *err)
{
    if (strcmp(name, "echo") == 0)
        return add_request(engine->self, WISH_READY, "");
    error_set(err, ERROR_MODEL, "%s: the echo engine has no models", name);
    return 0;
}

static void cancel(void *self)
{
    struct echo *e = self;

    e->cancelled = e->n > 0;
}

static struct engine_attachment describe(const struct attachment *attachment)
{
    const struct echo_attachment *a = (const struct echo_attachment *)attachment;
    const char *slash = strrchr(a->path, '/');

    return (struct engine_attachment){
        .id = a->id, .kind = a->is_audio ? ATTACHMENT_AUDIO : ATTACHMENT_IMAGE,
        .name = slash != NULL ? slash + 1 : a->path, .summary = a->summary, .details = a->details, .n_tokens = 10,
    };
}

static void free_echo(struct engine *engine)
{
    struct echo *e = engine->self;

    while (e->n > 0)
        end_request(e);
    for (size_t i = 0; i < e->n_attachments; i++) {
        free(e->attachments[i]->path);
        free(e->attachments[i]->summary);
        free(e->attachments[i]->details);
        free(e->attachments[i]);
    }
    free(e->attachments);
    free(e->requests);
    close(e->timer);
    free(e);
}

struct engine *engine_echo_new(struct error *err)
{
    struct echo *e = calloc(1, sizeof *e);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    if (e == NULL || timer < 0) {
        error_set(err, ERROR_INFERENCE, "the echo engine could not start");
        free(e);
        return NULL;
    }
    e->timer = timer;
    e->engine = (struct engine){
        .self = e, .model = "echo", .event_fd = timer,
        .attach = attach, .ask = ask, .restore = restore, .clear = clear, .use_model = use_model,
        .cancel = cancel, .poll = poll_event, .attachment = describe, .free = free_echo,
    };
    add_request(e, WISH_READY, "");
    return &e->engine;
}
