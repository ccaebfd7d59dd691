/* echo.c - an engine without a model, for tests of the chat (ui/engine.h).
 *
 * Requests wait in a list; a timer ticks while there are any, and each tick gives
 * one event of the first: so answers stream and files take their time.  Those that
 * give no event are done as soon as nothing waits before them. */
#include "ui/engine.h"

#include "base/file.h"
#include "ui/buffer.h"
#include "ui/echo_files.h"
#include "ui/echo_hear.h"
#include "ui/echo_say.h"

#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    TICK_MS = 20,
    N_CTX = 8192,
    ANSWER_TOKENS = 512,            /* of the context, at most, kept for the answer */
    ATTACHMENT_TOKENS = 10,
    TOLD = -1
};

static const char question_of_summary[] = "Sum up what we said so far.";

static const struct { const char *name; bool present, broken; size_t times; } models[] = {
    { "echo", true, false, 1 }, { "echo-large", true, false, 4 }, { "echo-broken", true, true, 1 },
    { "echo-missing", false, false, 1 },
};

#define ECHO_EYES "echo-eyes"       /* of a pair */

enum wish { WISH_LOAD, WISH_ATTACH, WISH_CORRECT, WISH_PREVIEW, WISH_LISTEN, WISH_ASK, WISH_MEASURE, WISH_RESTORE, WISH_REWIND, WISH_EYES };

struct request {
    enum wish wish;
    uint32_t number, id;            /* id: the attachment of a correction */
    char *text;                     /* path, prompt, model or line */
    char *files;                    /* of a prompt: "(a.png) (b.wav) " */
    enum turn_task task;
    bool alone;
    size_t n_media, n_answer;       /* n_answer: tokens, of a restored turn */
    size_t n;                       /* turns: of a rewind, of a summary; the line of a correction */
    struct echo_file file;
    struct said said;
    struct echo_ear ear;
    size_t step;                    /* events given */
    size_t done, n_pieces;          /* bytes and pieces said */
    size_t n_prompt;
    size_t *left_out, n_left_out;
};

struct echo_turn {
    size_t n_tokens;
    bool has_media;
    long left_for;                  /* the number of turns when it was left out; TOLD: it is told */
    char *rest;                     /* what the answer did not come to say; NULL: nothing */
};

struct echo {
    struct engine engine;
    int timer;
    long tick_ms;
    struct request *requests;       /* [first, n), the first is being worked on */
    size_t first, n, capacity;
    struct echo_file **attachments;
    size_t n_attachments, attachment_capacity;
    struct echo_turn *turns;
    size_t n_turns, turn_capacity;
    struct session_settings settings;
    size_t n_ctx;
    const char *loaded;             /* the model in use */
    uint32_t last_number;
    bool cancelled;
    char *eyes;
};

/* ---- turns ---------------------------------------------------------------------- */

static size_t told(const struct echo *e)
{
    size_t sum = 0;

    for (size_t i = 0; i < e->n_turns; i++)
        sum += e->turns[i].left_for == TOLD ? e->turns[i].n_tokens : 0;
    return sum;
}

static size_t n_most(const struct echo *e)
{
    return e->n_ctx - (e->n_ctx / 4 < ANSWER_TOKENS ? e->n_ctx / 4 : ANSWER_TOKENS);
}

static void add_turn(struct echo *e, size_t n_tokens, bool has_media, const char *rest)
{
    e->turns = array_grow(e->turns, e->n_turns, &e->turn_capacity, sizeof *e->turns);
    e->turns[e->n_turns++] = (struct echo_turn){ n_tokens, has_media, TOLD, rest != NULL ? text_copy(rest) : NULL };
}

static void rewind_turns(struct echo *e, size_t n)
{
    while (e->n_turns > n)
        free(e->turns[--e->n_turns].rest);
    for (size_t i = 0; i < e->n_turns; i++)
        if (e->turns[i].left_for > (long)n)
            e->turns[i].left_for = TOLD;
}

static size_t question_tokens(const struct request *r)
{
    if (r->task == TURN_CONTINUE)
        return 0;
    return said_words(r->task == TURN_SUMMARISE ? question_of_summary : r->text) + r->n_media * ATTACHMENT_TOKENS;
}

static int compare_numbers(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x > y) - (x < y);
}

/* What a question takes, and which turns have to go: r->n_prompt, r->left_out. */
static void plan_question(const struct echo *e, struct request *r)
{
    size_t last = e->n_turns - (r->task == TURN_CONTINUE && e->n_turns > 0);

    r->left_out = calloc(e->n_turns + 1, sizeof *r->left_out);
    if (r->left_out == NULL)
        abort();
    r->n_prompt = question_tokens(r) + (r->alone ? 0 : told(e));
    for (int with_media = 0; with_media < 2 && !r->alone; with_media++)
        for (size_t i = 0; i < last && r->n_prompt > n_most(e); i++)
            if (e->turns[i].left_for == TOLD && e->turns[i].has_media == (bool)with_media) {
                r->left_out[r->n_left_out++] = i;
                r->n_prompt -= e->turns[i].n_tokens;
            }
    qsort(r->left_out, r->n_left_out, sizeof *r->left_out, compare_numbers);
    if (r->n_prompt > n_most(e))
        r->n_left_out = 0;
}

/* The turns that plan_question would leave out first. */
static void plan_summary(const struct echo *e, struct request *r)
{
    r->left_out = calloc(e->n_turns + 1, sizeof *r->left_out);
    if (r->left_out == NULL)
        abort();
    r->n_prompt = question_tokens(r);
    for (int with_media = 0; with_media < 2; with_media++)
        for (size_t i = 0; i < e->n_turns && r->n_left_out < r->n; i++)
            if (e->turns[i].left_for == TOLD && e->turns[i].has_media == (bool)with_media) {
                r->left_out[r->n_left_out++] = i;
                r->n_prompt += e->turns[i].n_tokens;
            }
    qsort(r->left_out, r->n_left_out, sizeof *r->left_out, compare_numbers);
}

static void plan(const struct echo *e, struct request *r)
{
    (r->task == TURN_SUMMARISE ? plan_summary : plan_question)(e, r);
}

static void leave_out(struct echo *e, const struct request *r)
{
    for (size_t i = 0; i < r->n_left_out; i++)
        e->turns[r->left_out[i]].left_for = (long)e->n_turns;
}

static void tell_left_out(struct request *r, struct session_event *event)
{
    event->left_out = r->left_out;
    event->n_left_out = r->n_left_out;
    r->left_out = NULL;
}

/* ---- requests ------------------------------------------------------------------- */

static void tick(struct echo *e, bool on)
{
    struct timespec each = { e->tick_ms / 1000, e->tick_ms > 0 ? e->tick_ms % 1000 * 1000000 : 10000 };
    struct itimerspec t = { 0 };

    if (on)
        t = (struct itimerspec){ each, each };
    timerfd_settime(e->timer, 0, &t, NULL);
}

static void free_request(struct request *r)
{
    free(r->text);
    free(r->files);
    free(r->left_out);
    said_done(&r->said);
    echo_file_done(&r->file);
}

/* True when it gives no event. */
static bool do_quietly(struct echo *e, struct request *r)
{
    if (r->wish == WISH_RESTORE)
        add_turn(e, question_tokens(r) + r->n_answer, r->n_media > 0, NULL);
    else if (r->wish == WISH_REWIND)
        rewind_turns(e, r->n);
    else
        return false;
    return true;
}

static void next_request(struct echo *e)
{
    free_request(&e->requests[e->first++]);
    e->cancelled = false;
    while (e->first < e->n && do_quietly(e, &e->requests[e->first]))
        free_request(&e->requests[e->first++]);
    if (e->first < e->n)
        return;
    e->first = e->n = 0;
    tick(e, false);
}

static uint32_t add_request(struct echo *e, struct request r)
{
    r.number = ++e->last_number;
    if (e->n == 0 && do_quietly(e, &r)) {
        free_request(&r);
        return r.number;
    }
    e->requests = array_grow(e->requests, e->n, &e->capacity, sizeof *e->requests);
    e->requests[e->n++] = r;
    if (e->n == 1)
        tick(e, true);
    return r.number;
}

/* ---- loading and files ------------------------------------------------------------ */

static void fail(struct echo *e, struct session_event *event, enum error_code code, const char *text)
{
    event->kind = SESSION_FAILED;
    error_set(&event->err, code, "%s", text);
    next_request(e);
}

static void load(struct echo *e, struct request *r, struct session_event *event)
{
    size_t i = 0;

    while (strcmp(models[i].name, r->text) != 0)
        i++;
    if (models[i].broken) {
        e->engine.model = e->loaded;
        fail(e, event, ERROR_MODEL, "echo-broken: is not a model");
        return;
    }
    const char *context = getenv("MYNAH_ECHO_CONTEXT");
    size_t n_ctx = context != NULL ? strtoul(context, NULL, 10) : 0;
    e->n_ctx = (n_ctx > 0 ? n_ctx : N_CTX) * models[i].times;
    for (size_t k = 0; k < e->n_turns; k++)
        e->turns[k].left_for = TOLD;
    event->kind = SESSION_READY;
    event->text = text_copy(models[i].name);
    e->loaded = models[i].name;
    event->n_ctx = e->n_ctx;
    next_request(e);
}

static void next_of_file(struct echo *e, struct request *r, struct session_event *event)
{
    double expected_ms = 0;

    if (r->step == 0 && !echo_file_open(&r->file, r->text, &event->err)) {
        event->kind = SESSION_FAILED;
        next_request(e);
        return;
    }
    expected_ms = (double)(r->file.n_bytes / ECHO_TICK_BYTES) * (double)e->tick_ms;
    event->kind = SESSION_PROGRESS;
    if (e->cancelled) {
        error_set(&event->err, ERROR_CANCELLED, "%s: cancelled", r->text);
        event->kind = SESSION_FAILED;
        next_request(e);
    } else if (r->step == 1) {
        event->kind = r->wish == WISH_PREVIEW ? SESSION_PREVIEWED : SESSION_DECODED;
        event->preview = echo_file_preview(&r->file, expected_ms);
        r->step++;
        if (r->wish == WISH_PREVIEW)
            next_request(e);
    } else if (r->done > r->file.n_bytes) {
        r->file.id = (uint32_t)e->n_attachments + 1;
        e->attachments = array_grow(e->attachments, e->n_attachments, &e->attachment_capacity, sizeof *e->attachments);
        e->attachments[e->n_attachments++] = echo_file_take(&r->file, expected_ms);
        event->kind = SESSION_ATTACHED;
        event->attachment = (const struct attachment *)e->attachments[e->n_attachments - 1];
        next_request(e);
    } else {
        r->step++;
        r->done += ECHO_TICK_BYTES;
        event->text = text_copy("reading");
        event->done = (double)(r->done < r->file.n_bytes ? r->done : r->file.n_bytes);
        event->total = (double)r->file.n_bytes;
    }
}

static void correct(struct echo *e, struct request *r, struct session_event *event)
{
    struct echo_file *f = e->attachments[r->id - 1];

    echo_file_correct(f, r->n, r->text);
    event->kind = SESSION_CORRECTED;
    event->attachment = (const struct attachment *)f;
    next_request(e);
}

static void take_eyes(struct echo *e, struct request *r, struct session_event *event)
{
    free(e->eyes);
    e->engine.eyes = e->eyes = text_copy(r->text);
    event->kind = SESSION_EYES;
    event->text = text_copy(r->text);
    next_request(e);
}

/* False: nothing new was said. */
static bool listen_on(struct echo *e, struct request *r, struct session_event *event)
{
    if (e->cancelled)
        echo_ear_end(&r->ear, false);
    if (!echo_ear_next(&r->ear, event))
        return false;
    if (event->kind != SESSION_HEARD)
        next_request(e);
    return true;
}

/* ---- answers ------------------------------------------------------------------------ */

static void measure(struct echo *e, struct request *r, struct session_event *event)
{
    plan(e, r);
    event->kind = SESSION_MEASURED;
    event->n_ctx = e->n_ctx;
    event->n_most = n_most(e);
    event->n_prompt = r->n_prompt;
    tell_left_out(r, event);
    next_request(e);
}

static struct echo_turn *last_turn(const struct echo *e)
{
    return e->n_turns > 0 ? &e->turns[e->n_turns - 1] : NULL;
}

/* What is to be said; false and *err when nothing can be. */
static bool begin_answer(struct echo *e, struct request *r, struct error *err)
{
    const struct echo_turn *last = last_turn(e);
    struct buffer b = { 0 };

    if (r->task == TURN_CONTINUE && last == NULL)
        return error_set(err, ERROR_USAGE, "there is no answer to go on with");
    if (r->task == TURN_SUMMARISE && r->n_left_out == 0)
        return error_set(err, ERROR_USAGE, "there is nothing to sum up");
    if (r->task == TURN_CONTINUE)
        buffer_print(&b, "say %s", last->rest != NULL ? last->rest : "and so on");
    else if (r->task == TURN_SUMMARISE)
        buffer_print(&b, "say Summary of %zu turn%s.", r->n_left_out, r->n_left_out == 1 ? "" : "s");
    said_init(&r->said, b.n > 0 ? b.s : r->text, r->files, &e->settings);
    buffer_free(&b);
    if (r->said.fails)
        return error_set(err, ERROR_INFERENCE, "%s", r->said.bytes);
    return r->n_prompt <= n_most(e) ||
           error_set(err, ERROR_INFERENCE, "the question does not fit: it takes %zu tokens, the context has %zu, of which "
                     "%zu are for the answer", r->n_prompt, e->n_ctx, e->n_ctx - n_most(e));
}

static void keep_turn(struct echo *e, const struct request *r)
{
    const char *rest = r->done < r->said.n ? r->said.bytes + r->done : NULL;

    if (r->task == TURN_CONTINUE) {
        free(last_turn(e)->rest);
        last_turn(e)->rest = rest != NULL ? text_copy(rest) : NULL;
        last_turn(e)->n_tokens += r->n_pieces;
    } else if (!r->alone) {
        add_turn(e, question_tokens(r) + r->n_pieces, r->n_media > 0, rest);
    }
}

/* A summary that was stopped leaves nothing out. */
static void end_answer(struct echo *e, struct request *r, struct session_event *event)
{
    event->kind = SESSION_ANSWERED;
    event->stopped = e->cancelled;
    event->cut = !e->cancelled && r->done < r->said.n;
    keep_turn(e, r);
    if (r->task == TURN_SUMMARISE) {
        event->text = text_copy(question_of_summary);
        if (event->stopped)
            r->n_left_out = 0;
        leave_out(e, r);
    }
    event->n_ctx = e->n_ctx;
    event->n_prompt = r->n_prompt;
    event->n_reused = r->n_prompt - (question_tokens(r) < r->n_prompt ? question_tokens(r) : r->n_prompt);
    event->n_generated = r->n_pieces;
    event->n_used = told(e);
    event->decode_ms = (double)r->n_pieces * (double)(e->tick_ms > 0 ? e->tick_ms : 1);
    event->seed = e->settings.seed != 0 ? e->settings.seed : event->request;
    tell_left_out(r, event);
    next_request(e);
}

/* The first event of an answer, when it is not a piece of it. */
static bool open_answer(struct echo *e, struct request *r, struct session_event *event)
{
    plan(e, r);
    if (!begin_answer(e, r, &event->err)) {
        event->kind = SESSION_FAILED;
        next_request(e);
        return true;
    }
    if (r->task != TURN_SUMMARISE && r->n_left_out > 0) {
        struct buffer b = { 0 };
        leave_out(e, r);
        buffer_print(&b, "%zu earlier turn%s left out from now on", r->n_left_out, r->n_left_out == 1 ? "" : "s");
        event->kind = SESSION_NOTE;
        event->text = b.s;
        return true;
    }
    return false;
}

static void next_of_answer(struct echo *e, struct request *r, struct session_event *event)
{
    if (r->step++ == 0 && open_answer(e, r, event))
        return;
    event->n_ctx = e->n_ctx;
    if (r->said.notes) {
        r->said.notes = false;
        event->kind = SESSION_NOTE;
        event->text = text_copy(r->said.bytes);
        return;
    }
    if (r->said.waits && !e->cancelled) {
        event->kind = SESSION_PROGRESS;
        event->text = text_copy("thinking");
        return;
    }
    size_t n = said_piece(&r->said, r->done, r->n_pieces);
    bool full = r->n_prompt + r->n_pieces >= e->n_ctx ||
                (e->settings.max_tokens > 0 && r->n_pieces >= e->settings.max_tokens);
    if (e->cancelled || n == 0 || full) {
        end_answer(e, r, event);
        return;
    }
    event->kind = SESSION_TEXT;
    event->text = strndup(r->said.bytes + r->done, n);
    r->done += n;
    r->n_pieces++;
}

static bool poll_event(void *self, struct session_event *event)
{
    struct echo *e = self;
    uint64_t ticks;

    *event = (struct session_event){ 0 };
    if (e->n == 0 || read(e->timer, &ticks, sizeof ticks) != sizeof ticks)
        return false;
    struct request *r = &e->requests[e->first];
    event->request = r->number;
    switch (r->wish) {
    case WISH_LOAD:    load(e, r, event); break;
    case WISH_ATTACH:
    case WISH_PREVIEW: next_of_file(e, r, event); break;
    case WISH_CORRECT: correct(e, r, event); break;
    case WISH_LISTEN:  return listen_on(e, r, event);
    case WISH_MEASURE: measure(e, r, event); break;
    case WISH_EYES:    take_eyes(e, r, event); break;
    default:           next_of_answer(e, r, event); break;
    }
    return true;
}

/* ---- the seam ------------------------------------------------------------------------- */

static uint32_t attach(void *self, const char *path)
{
    return add_request(self, (struct request){ .wish = WISH_ATTACH, .text = text_copy(path) });
}

static uint32_t preview(void *self, const char *path)
{
    return add_request(self, (struct request){ .wish = WISH_PREVIEW, .text = text_copy(path) });
}

/* Of the newest that listens; NULL: none does. */
static struct echo_ear *newest_ear(struct echo *e)
{
    for (size_t i = e->n; i > e->first; i--)
        if (e->requests[i - 1].wish == WISH_LISTEN)
            return &e->requests[i - 1].ear;
    return NULL;
}

static uint32_t listen_to(void *self)
{
    return add_request(self, (struct request){ .wish = WISH_LISTEN });
}

static void hear(void *self, const float *samples, size_t n)
{
    struct echo_ear *ear = newest_ear(self);

    (void)samples;
    if (ear != NULL)
        ear->n_samples += n;
}

static void listen_end(void *self, bool keep)
{
    struct echo_ear *ear = newest_ear(self);

    if (ear != NULL)
        echo_ear_end(ear, keep);
}

static struct request of_turn(const struct echo *e, enum wish wish, const struct turn *turn)
{
    struct buffer files = { 0 };

    for (size_t i = 0; i < turn->n_attachments; i++)
        buffer_print(&files, "(%s) ", echo_file_name(e->attachments[turn->attachments[i] - 1]));
    return (struct request){
        .wish = wish, .text = text_copy(turn->text != NULL ? turn->text : ""), .files = files.s != NULL ? files.s : text_copy(""),
        .task = turn->task, .alone = turn->alone, .n_media = turn->n_attachments, .n = turn->n_summarised,
    };
}

static uint32_t ask(void *self, const struct turn *turn)
{
    return add_request(self, of_turn(self, WISH_ASK, turn));
}

static uint32_t measure_turn(void *self, const struct turn *turn)
{
    return add_request(self, of_turn(self, WISH_MEASURE, turn));
}

static void restore(void *self, const struct turn *turn, const char *answer)
{
    struct request r = of_turn(self, WISH_RESTORE, turn);

    r.n_answer = answer != NULL ? said_words(answer) : 0;
    add_request(self, r);
}

/* There are no weights that it could change: what is told of it is the chat's own. */
static void scale_lora(void *self, size_t i, float scale)
{
    (void)self, (void)i, (void)scale;
}

static void rewind_to(void *self, size_t n_turns)
{
    add_request(self, (struct request){ .wish = WISH_REWIND, .n = n_turns });
}

static void clear(void *self)
{
    rewind_to(self, 0);
}

static void configure(void *self, const struct session_settings *settings)
{
    struct echo *e = self;
    char *system = settings->system != NULL ? text_copy(settings->system) : NULL;

    free((char *)e->settings.system);
    e->settings = *settings;
    e->settings.system = system;
}

static const char *model_name(void *self, size_t i, bool *present)
{
    (void)self;
    if (i >= sizeof models / sizeof models[0])
        return NULL;
    *present = models[i].present;
    return models[i].name;
}

static uint32_t use_model(struct engine *engine, const char *name, struct error *err)
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (strcmp(models[i].name, name) == 0 && models[i].present) {
            engine->model = models[i].name;
            return add_request(engine->self, (struct request){ .wish = WISH_LOAD, .text = text_copy(name) });
        }
    error_set(err, ERROR_MODEL, "%s: is not here: the echo engine has echo, echo-large and echo-broken", name);
    return 0;
}

static const char *pair_name(void *self, size_t i, bool *present)
{
    (void)self;
    *present = true;
    return i == 0 ? ECHO_EYES : NULL;
}

static uint32_t use_eyes(struct engine *engine, const char *how, const char *mmproj, struct error *err)
{
    (void)mmproj;
    if (strcmp(how, "words") == 0 || strcmp(how, "auto") == 0 || strcmp(how, ECHO_EYES) == 0)
        return add_request(engine->self, (struct request){ .wish = WISH_EYES, .text = text_copy(strcmp(how, "auto") == 0 ? "words" : how) });
    error_set(err, ERROR_MODEL, "%s: is not here: the echo engine has " ECHO_EYES, how);
    return 0;
}

static void cancel(void *self)
{
    struct echo *e = self;

    e->cancelled = e->n > 0;
}

static uint32_t correct_line(void *self, uint32_t attachment, size_t i, const char *text)
{
    return add_request(self, (struct request){ .wish = WISH_CORRECT, .id = attachment, .n = i, .text = text != NULL ? text_copy(text) : NULL });
}

static struct engine_attachment describe(const struct attachment *attachment)
{
    const struct echo_file *a = (const struct echo_file *)attachment;

    return (struct engine_attachment){
        .id = a->id, .kind = a->kind, .path = a->path, .name = echo_file_name(a), .summary = a->preview->summary, .details = a->details,
        .n_tokens = ATTACHMENT_TOKENS, .preview = a->preview,
        .sha256 = a->sha256, .n_said = a->n_lines, .said_at = a->said_at,
    };
}

static void free_echo(struct engine *engine)
{
    struct echo *e = engine->self;

    for (; e->first < e->n; e->first++)
        free_request(&e->requests[e->first]);
    rewind_turns(e, 0);
    for (size_t i = 0; i < e->n_attachments; i++) {
        echo_file_done(e->attachments[i]);
        free(e->attachments[i]);
    }
    free(e->attachments);
    free(e->requests);
    free(e->turns);
    free((char *)e->settings.system);
    free(e->eyes);
    close(e->timer);
    free(e);
}

struct engine *engine_echo_new(struct error *err)
{
    struct echo *e = calloc(1, sizeof *e);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    const char *ms = getenv("MYNAH_ECHO_MS");

    if (e == NULL || timer < 0) {
        error_set(err, ERROR_INFERENCE, "the echo engine could not start");
        free(e);
        return NULL;
    }
    e->timer = timer;
    e->tick_ms = ms != NULL ? strtol(ms, NULL, 10) : TICK_MS;
    e->settings = session_settings_default();
    e->engine = (struct engine){
        .self = e, .model = models[0].name, .event_fd = timer,
        .attach = attach, .correct = correct_line, .preview = preview,
        .listen = listen_to, .hear = hear, .listen_end = listen_end, .ask = ask, .measure = measure_turn, .restore = restore, .clear = clear,
        .rewind = rewind_to, .configure = configure, .scale_lora = scale_lora, .use_model = use_model, .model_name = model_name,
        .eyes = "words", .use_eyes = use_eyes, .pair_name = pair_name,
        .cancel = cancel, .poll = poll_event, .attachment = describe,
        .said = echo_line, .transcript = echo_transcript, .citations = echo_citations, .free = free_echo,
    };
    add_request(e, (struct request){ .wish = WISH_LOAD, .text = text_copy(models[0].name) });
    return &e->engine;
}
