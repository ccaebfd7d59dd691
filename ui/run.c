#include "ui/run.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "ui/input.h"
#include "ui/previews.h"
#include "ui/sanitise.h"
#include "ui/settings.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The session that Ctrl-C cancels: a signal handler can be given no argument. */
static _Atomic(struct session *) interrupted_session;
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    struct session *session = atomic_exchange(&interrupted_session, NULL);

    interrupted = signal_number;
    if (session == NULL)
        _exit(128 + signal_number);
    session_cancel(session);
}

static void on_log(void *user, enum log_level level, const char *text)
{
    struct run *r = user;

    (void)level;
    progress_clear(r->shows_progress);
    fprintf(stderr, "mynah: ");
    sanitise_write(stderr, text, strlen(text));
    fputc('\n', stderr);
}

void run_note(struct run *r, const char *text)
{
    on_log(r, LOG_WARNING, text);
}

static bool open_models(struct run *r, const struct options *o, bool with_text, struct error *err)
{
    r->models = models_open(err);
    if (r->models == NULL)
        return false;
    if (with_text) {
        if (!model_paths_projector(&r->paths, r->models, o, err))
            return false;
        r->model = o->model;
        r->paths.text = models_path(r->models, o->model, err);
        if (r->paths.text == NULL)
            return false;
    }
    model_paths_media(&r->paths, r->models);
    return true;
}

bool run_open(struct run *r, const struct options *o, bool with_text, struct error *err)
{
    *r = (struct run){ .quiet = o->quiet, .shows_progress = !o->quiet && isatty(STDERR_FILENO) };
    log_to(on_log, r, LOG_WARNING);
    if (!open_models(r, o, with_text, err))
        return false;

    struct session_params p = params_of_options(o, &r->paths);
    if (!form_file_read(&r->form, o, &p, err))
        return false;
    r->session = session_new(&p, err);
    if (r->session == NULL)
        return false;
    atomic_store(&interrupted_session, r->session);
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    if (!with_text)
        return true;
    struct session_settings settings = settings_of_options(o);
    session_configure(r->session, &settings);
    struct session_event ready;
    if (!run_wait(r, 0, &ready, err))
        return false;
    r->load_ms = ready.load_ms;
    session_event_done(&ready);
    return true;
}

void run_close(struct run *r)
{
    atomic_store(&interrupted_session, NULL);
    session_free(r->session);
    models_close(r->models);
    model_paths_done(&r->paths);
    form_file_done(&r->form);
    free(r->text);
    log_to(NULL, NULL, LOG_WARNING);
}

int run_fail(const struct error *err)
{
    int status = cli_fail(err);

    return err->code == ERROR_CANCELLED && interrupted != 0 ? 128 + interrupted : status;
}

static bool collect(struct run *r, const char *text, struct error *err)
{
    size_t n = strlen(text);
    char *grown = realloc(r->text, r->n_text + n + 1);

    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the answer");
    memcpy(grown + r->n_text, text, n + 1);
    r->text = grown;
    r->n_text += n;
    return true;
}

static void show_progress(struct run *r, const struct session_event *e)
{
    char line[300];

    if (!r->shows_progress || r->clip.name == NULL || strcmp(e->text, "transcribing") != 0 || e->total <= 0)
        progress_show(r->shows_progress, e->text, e->done, e->total);
    else if (progress_clip_line(&r->clip, clock_ms(), e->done, e->total, line, sizeof line))
        progress_show(true, line, 0, 0);
}

/* Before a pair's encoder begins. */
static void show_cost(const struct run *r, const struct preview *p)
{
    struct buffer line = { 0 };

    if (p->n_rows == 0)
        return;
    buffer_print(&line, "looking: ");
    preview_print_cost(p, &line);
    if (p->expected_ms >= 1000)
        buffer_print(&line, ", about %.0f s", p->expected_ms / 1000);
    progress_show(r->shows_progress, buffer_text(&line), 0, 0);
    buffer_free(&line);
}

/* In place of the one before, of the same id. */
static void take_looked(struct run *r, const struct attachment *a)
{
    for (size_t i = 0; i < r->n_attachments; i++)
        if (attachment_id(r->attachments[i]) == attachment_id(a))
            r->attachments[i] = a;
}

/* True while the request goes on; otherwise *ok and *err say how it ended. */
static bool take_event(struct run *r, struct session_event *e, bool *ok, struct error *err)
{
    switch (e->kind) {
    case SESSION_PROGRESS:
        show_progress(r, e);
        return true;
    case SESSION_DECODED:
        show_cost(r, e->preview);
        return true;
    case SESSION_LOOKED:
        take_looked(r, e->attachment);
        return true;
    case SESSION_NOTE:
        if (!r->quiet)
            on_log(r, LOG_WARNING, e->text);
        return true;
    case SESSION_TEXT:
        progress_clear(r->shows_progress);
        if (r->stream)
            run_print_text(e->text, strlen(e->text));
        *ok = collect(r, e->text, err);
        return *ok;
    case SESSION_FAILED:
        *err = e->err;
        *ok = false;
        return false;
    case SESSION_ANSWERED:
        r->stopped = e->stopped;
        *ok = !e->stopped || error_set(err, ERROR_CANCELLED, "stopped");
        return false;
    case SESSION_READY:
    case SESSION_ATTACHED:
    case SESSION_CORRECTED:
    case SESSION_PREVIEWED:
    case SESSION_MEASURED:
    case SESSION_HEARD:
    case SESSION_LISTENED:
    case SESSION_EYES:
        break;
    }
    *ok = true;
    return false;
}

bool run_wait(struct run *r, uint32_t request, struct session_event *last, struct error *err)
{
    bool ok = true, goes_on = true;

    r->n_text = 0;
    if (r->text != NULL)
        r->text[0] = '\0';
    if (interrupted)                /* after the last request ended */
        return error_set(err, ERROR_CANCELLED, "stopped");
    while (goes_on) {
        session_wait(r->session, last);
        bool is_ours = last->request == request || last->kind == SESSION_NOTE;
        goes_on = !is_ours || take_event(r, last, &ok, err);
        if (goes_on || !ok)
            session_event_done(last);
    }
    progress_clear(r->shows_progress);
    /* Loading does not look at the cancel; it ends the command all the same. */
    if (!ok || !interrupted)
        return ok;
    session_event_done(last);
    return error_set(err, ERROR_CANCELLED, "stopped");
}

bool run_check_kind(const char *path, enum attachment_kind kind, struct error *err)
{
    enum attachment_kind found;

    if (!attachment_kind_of(path, &found, err))
        return false;
    if (found == kind)
        return true;
    return kind == ATTACHMENT_IMAGE
        ? error_set(err, ERROR_INPUT, "%s: is a clip, an image was expected; `mynah transcribe` takes clips", path)
        : error_set(err, ERROR_INPUT, "%s: is an image, a clip was expected; `mynah describe` takes images", path);
}

int run_each(struct run *r, const struct options *o, run_one *one)
{
    int status = 0;

    for (size_t i = 0; i < o->n_arguments; i++) {
        struct error err = { 0 };
        if (one(r, o, o->arguments[i], &err))
            continue;
        int failed = run_fail(&err);
        if (status == 0 || err.code == ERROR_CANCELLED)
            status = failed;
        if (err.code == ERROR_CANCELLED)
            break;
    }
    return status;
}

const struct attachment *run_attach(struct run *r, const char *path, double *encode_ms, struct error *err)
{
    struct session_event e;
    const char *slash = strrchr(path, '/');

    r->clip = (struct progress_clip){ .name = input_is(path) ? "standard input" : slash != NULL ? slash + 1 : path };
    if (!run_wait(r, session_attach(r->session, path), &e, err))
        return NULL;
    const struct attachment *a = e.attachment;
    *encode_ms += e.encode_ms;
    session_event_done(&e);
    return a;
}

/* JSON is UTF-8, whatever bytes a model or a file's name is made of. */
static void put_valid(const char *json)
{
    size_t n = strlen(json), used;
    uint32_t code;
    char text[4];

    for (size_t at = 0; at < n; at += used > 0 ? used : n - at) {
        used = utf8_decode(json + at, n - at, &code);
        fwrite(text, 1, utf8_encode(used > 0 ? code : UTF8_REPLACEMENT, text), stdout);
    }
    putchar('\n');
}

void run_print_json(const struct run *r, const char *file, const char *text,
                    const struct attachment *const *attachments, size_t n_attachments,
                    const struct session_event *answer, double encode_ms)
{
    static const struct session_event nothing;
    const struct session_event *a = answer != NULL ? answer : &nothing;
    cJSON *line = cJSON_CreateObject();

    cJSON_AddItemToObject(line, "file", file != NULL ? cJSON_CreateString(file) : cJSON_CreateNull());
    cJSON_AddStringToObject(line, "text", text);
    cJSON_AddItemToObject(line, "model", r->model != NULL ? cJSON_CreateString(r->model) : cJSON_CreateNull());
    cJSON_AddBoolToObject(line, "stopped", r->stopped);
    cJSON_AddBoolToObject(line, "cut", a->cut);
    cJSON *perceived = cJSON_AddArrayToObject(line, "perceived");
    for (size_t i = 0; i < n_attachments; i++)
        cJSON_AddItemToArray(perceived, attachment_json(attachments[i]));
    cJSON *tokens = cJSON_AddObjectToObject(line, "tokens");
    cJSON_AddNumberToObject(tokens, "prompt", (double)a->n_prompt);
    cJSON_AddNumberToObject(tokens, "rows", (double)a->n_rows);
    cJSON_AddNumberToObject(tokens, "generated", (double)a->n_generated);
    cJSON *ms = cJSON_AddObjectToObject(line, "ms");
    cJSON_AddNumberToObject(ms, "load", r->load_ms);
    cJSON_AddNumberToObject(ms, "encode", encode_ms);
    cJSON_AddNumberToObject(ms, "prefill", a->prefill_ms);
    cJSON_AddNumberToObject(ms, "decode", a->decode_ms);
    char *printed = cJSON_PrintUnformatted(line);
    if (printed != NULL)
        put_valid(printed);
    fflush(stdout);
    free(printed);
    cJSON_Delete(line);
}

void run_print_text(const char *text, size_t n_bytes)
{
    if (isatty(STDOUT_FILENO))
        sanitise_write(stdout, text, n_bytes);
    else
        fwrite(text, 1, n_bytes, stdout);
    fflush(stdout);
}

static void print_in_a_line(const char *text)
{
    for (size_t n; *text != '\0'; text += n) {
        n = strcspn(text, "\n");
        run_print_text(text, n);
        if (text[n] == '\n') {
            n++;
            if (text[n] != '\0')
                run_print_text(" ", 1);
        }
    }
}

void run_print_line(const char *text)
{
    print_in_a_line(text);
    fputc('\n', stdout);
    fflush(stdout);
}

void run_print_name(const char *path)
{
    print_in_a_line(path);
    run_print_text(": ", 2);
}

const char *run_locale_language(void)
{
    static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    static char language[4];

    for (int i = 0; i < 3; i++) {
        const char *value = getenv(variables[i]);
        if (value == NULL || *value == '\0')
            continue;
        size_t n = strcspn(value, "_.@");
        if (n != 2 && n != 3)       /* C, POSIX */
            break;
        memcpy(language, value, n);
        language[n] = '\0';
        return language;
    }
    return "en";
}
