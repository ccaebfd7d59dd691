#include "ui/plain_private.h"

#include "ui/config.h"
#include "ui/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 16 << 20, RECORD_TICK_MS = 1000, PLAY_TICK_MS = 100 };

/* ---- signals ------------------------------------------------------------------------ */

/* Handlers may run in any thread and be given no argument: they write to this pipe. */
static int signal_pipe[2] = { -1, -1 };

static void on_signal(int number)
{
    char byte = (char)number;
    int why = errno;

    if (write(signal_pipe[1], &byte, 1) != 1 && number != SIGCONT)
        _exit(128 + number);
    errno = why;
}

static bool catch_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGCONT };
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);       /* the conversation is saved before the program ends: see loop */
    return true;
}

static void interrupt(struct plain *p)
{
    if (p->stopping || p->armed) {
        p->quits = true;
    } else if (p->record != NULL) {
        plain_end_record(p, false);
    } else if (p->play != NULL) {
        plain_end_play(p);
    } else if (plain_busy(p)) {
        p->stopping = true;
        buffer_clear(&p->question);
        p->engine->cancel(p->engine->self);
    } else {
        p->armed = true;
        p->choosing = p->pasting = false;
        buffer_clear(&p->typed);
        buffer_clear(&p->question);
        plain_note(p, "Ctrl-C once more ends the chat; so does /quit");
    }
}

/* The signal that ends the program, or 0. */
static int take_signals(struct plain *p)
{
    char byte;

    while (read(signal_pipe[0], &byte, 1) == 1) {
        if (byte == SIGTERM || byte == SIGHUP)
            return byte;
        if (byte == SIGINT)
            interrupt(p);
        else
            p->prompted = false;    /* continued: the prompt has scrolled away */
    }
    return 0;
}

/* ---- lines ------------------------------------------------------------------------------- */

static void complete_question(struct plain *p)
{
    struct paths paths;
    char *text = text_copy(buffer_text(&p->typed));

    buffer_clear(&p->typed);
    if (paths_only(text, &paths))
        for (size_t i = 0; i < paths.n; i++)
            plain_attach(p, paths.items[i]);
    else if (text[strspn(text, " \t\n")] != '\0')
        plain_take_question(p, text);
    paths_free(&paths);
    free(text);
}

static void take_line(struct plain *p, const char *line)
{
    size_t n = strlen(line);

    p->armed = p->stopping = false;
    if (p->record != NULL) {
        plain_end_record(p, true);
    } else if (p->play != NULL) {
        plain_end_play(p);
    } else if (p->choosing) {
        plain_choose(p, line);
    } else if (p->pasting) {
        p->pasting = strcmp(line, ".") != 0;
        if (p->pasting)
            buffer_print(&p->typed, "%s\n", line);
        else
            complete_question(p);
    } else if (p->typed.n == 0 && strcmp(line, "/paste") == 0) {
        p->pasting = true;
        plain_note(p, "write or paste lines; one with a single full stop ends them");
    } else if (n > 0 && line[n - 1] == '\\') {
        buffer_append(&p->typed, line, n - 1);
        buffer_append(&p->typed, "\n", 1);
    } else if (p->typed.n > 0 || !plain_command(p, line)) {
        buffer_append(&p->typed, line, n);
        complete_question(p);
    }
}

/* The next line that was read; false when there is none. */
static bool next_line(struct plain *p)
{
    char *end = p->in.n > 0 ? memchr(p->in.s, '\n', p->in.n) : NULL;
    size_t n = end != NULL ? (size_t)(end - p->in.s) : p->in.n;

    if (end == NULL && (p->in.n == 0 || (!p->ended && p->in.n < LINE_BYTES)))
        return false;
    char *line = strndup(buffer_text(&p->in), n);
    if (line == NULL)
        abort();
    bool has_nul = strlen(line) < n;
    buffer_remove(&p->in, 0, end != NULL ? n + 1 : n);
    n = strlen(line);
    if (n > 0 && line[n - 1] == '\r')
        line[n - 1] = '\0';
    if (!p->is_terminal)
        plain_text(p, line, strlen(line));
    p->at_start = p->is_terminal;   /* the terminal has shown it, and its end */
    p->prompted = false;
    if (has_nul)
        plain_error(p, "the line holds NUL bytes; files are attached by their path");
    else
        take_line(p, line);
    free(line);
    return true;
}

/* End of input is the end of what was begun, too. */
static void take_end(struct plain *p)
{
    if (p->record != NULL)
        plain_end_record(p, true);
    else if (p->typed.n > 0)
        complete_question(p);
    else
        p->quits = true;
    p->pasting = p->choosing = false;
}

static void tell_unsaved(struct plain *p)
{
    if (p->talk.unsaved.code != ERROR_NONE && !p->unsaved_told)
        plain_error(p, "this conversation is not saved: %s", p->talk.unsaved.text);
    p->unsaved_told = p->talk.unsaved.code != ERROR_NONE;
}

/* Goes on as far as can be without more input or events. */
static void advance(struct plain *p)
{
    while (!p->quits && !plain_busy(p)) {
        p->stopping = false;
        tell_unsaved(p);
        if (p->question.n > 0 && !p->choosing) {
            plain_send(p);
            continue;
        }
        if (p->in.n > 0 || !p->ended)
            plain_prompt(p, p->choosing ? "yes, sum or no: " : p->record != NULL ? "recording: " : p->play != NULL ? "playing: " :
                            p->pasting || p->typed.n > 0 ? "more: " : "you: ");
        if (!next_line(p)) {
            if (!p->ended)
                break;
            take_end(p);
        }
    }
}

/* ---- events -------------------------------------------------------------------------------- */

static void tell_end(struct plain *p, const struct session_event *e)
{
    plain_answer_end(p);
    if (e->stopped)
        plain_note(p, "stopped; /continue goes on with the answer");
    else if (e->cut)
        plain_note(p, "the answer was cut; /continue goes on with it");
}

static void take_ready(struct plain *p, const struct session_event *e)
{
    p->loading = false;
    p->has_model = true;
    p->n_ctx = e->n_ctx;
    plain_note(p, "the model is %s", p->engine->model);
    p->model_request = 0;
}

static void take_failure(struct plain *p, const struct session_event *e)
{
    size_t file = plain_find_file(p, e->request);

    if (file < p->n_files) {
        plain_refused(p, file, &e->err);
    } else if (e->request == p->measuring && e->request != 0) {
        p->measuring = 0;
        p->measured = true;         /* asking tells what is wrong */
    } else {
        if (e->request == 0)
            p->loading = p->has_model = false;
        if (e->request == p->model_request)
            p->model_request = 0;
        if (e->request == p->eyes_request)
            p->eyes_request = 0;
        plain_error(p, "%s", e->err.text);
    }
}

static void tell_eyes(struct plain *p)
{
    struct buffer said = { 0 };

    p->eyes_request = 0;
    eyes_told(p->engine->eyes, &said);
    plain_note(p, "%s", buffer_text(&said));
    buffer_free(&said);
}

/* Events that are not about a turn. */
static void take_other(struct plain *p, const struct session_event *e)
{
    size_t file = plain_find_file(p, e->request);

    if (e->kind == SESSION_READY)
        take_ready(p, e);
    else if (e->kind == SESSION_FAILED)
        take_failure(p, e);
    else if (e->kind == SESSION_ATTACHED && file < p->n_files)
        plain_attached(p, &p->files[file], e->attachment);
    else if (e->kind == SESSION_DECODED)
        plain_decoded(p, e->preview);
    else if (e->kind == SESSION_CORRECTED || e->kind == SESSION_LOOKED)
        plain_corrected(p, e->attachment);
    else if (e->kind == SESSION_EYES)
        tell_eyes(p);
    else if (e->kind == SESSION_NOTE)
        plain_note(p, "%s", e->text);
    else if (e->kind == SESSION_PROGRESS)
        plain_progress(p, e->text, e->done, e->total);
    else if (e->kind == SESSION_MEASURED && e->request == p->measuring) {
        p->measuring = 0;
        plain_measured(p, e);
    }
}

static void take_event(struct plain *p, const struct session_event *e)
{
    int64_t id;

    switch (talk_event(&p->talk, e, &id)) {
    case TALK_TEXT:
        plain_answer(p, e->text);
        break;
    case TALK_ANSWERED:
        tell_end(p, e);
        break;
    case TALK_FAILED:
        plain_answer_end(p);
        plain_error(p, "%s", e->err.text);
        if (e->err.code != ERROR_CANCELLED)
            plain_note(p, "/regenerate asks again");
        break;
    case TALK_FILE:
        if (e->kind == SESSION_ATTACHED)
            plain_perceive(p, e->attachment);
        break;
    case TALK_OTHER:
        take_other(p, e);
        break;
    }
}

static void take_events(struct plain *p)
{
    struct session_event event;

    while (p->engine->poll(p->engine->self, &event)) {
        take_event(p, &event);
        session_event_done(&event);
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void take_bytes(struct plain *p)
{
    char bytes[4096];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);

    if (n > 0)
        buffer_append(&p->in, bytes, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        p->ended = true;
}

static void tick_record(struct plain *p)
{
    struct record_level level = record_level(p->record);
    struct buffer text = { 0 };

    buffer_print(&text, "%.0f s recorded%s", level.seconds, level.clipped ? ", too loud" : "");
    plain_progress(p, text.s, 0, 0);
    buffer_free(&text);
    if (level.ended)
        plain_end_record(p, true);
}

/* Until the user quits (0), output has no reader or a signal asks (its number). */
static int loop(struct plain *p)
{
    for (;;) {
        advance(p);
        if (p->quits)
            return 0;
        if (ferror(stdout))
            return SIGPIPE;
        bool listens = !plain_busy(p) && !p->ended;
        struct pollfd fds[] = { { signal_pipe[0], POLLIN, 0 }, { p->engine->event_fd, POLLIN, 0 },
                                { listens ? STDIN_FILENO : -1, POLLIN, 0 } };
        int ready = poll(fds, 3, p->play != NULL ? PLAY_TICK_MS : p->record != NULL ? RECORD_TICK_MS : -1);
        if (ready > 0 && fds[2].revents != 0)
            take_bytes(p);
        if (ready > 0 && fds[1].revents != 0)
            take_events(p);
        int number = take_signals(p);
        if (number != 0)
            return number;
        if (p->record != NULL)
            tick_record(p);
        if (p->play != NULL)
            plain_tick_play(p);
    }
}

void plain_open(struct plain *p, int64_t id)
{
    struct error err;
    char *draft = NULL;
    bool in_use;

    if (!talk_resume(&p->talk, id, &in_use, &draft, &err))
        plain_error(p, "%s", err.text);
    else if (in_use)
        plain_note(p, "that conversation is open in another mynah; %s", id == 0 ? "this is a new one" : "this one goes on");
    else if (p->talk.n_branch > 0)
        plain_note(p, "conversation %s%s%s%zu turn%s; /new begins another", *p->talk.title != '\0' ? "\"" : "", p->talk.title,
                   *p->talk.title != '\0' ? "\", " : "of ", p->talk.n_branch, p->talk.n_branch == 1 ? "" : "s");
    plain_use_settings(p, p->talk.settings);
    if (draft != NULL && *draft != '\0')
        plain_note(p, "typed and not sent: %s", draft);
    free(draft);
}

static void start(struct plain *p, const struct error *unsaved)
{
    const struct config *config = p->options->config;

    plain_note(p, "this is mynah as lines of text; /help lists the commands, Ctrl-D ends it");
    if (config->n_problems > 0)
        plain_error(p, "%s", config->problems.text);
    if (p->sessions == NULL)
        plain_error(p, "this conversation is not saved: %s", unsaved->text);
    else if (!p->options->fresh)
        plain_open(p, 0);
    for (char *path; (path = record_left()) != NULL; free(path))
        plain_note(p, "a recording was cut off when mynah ended; what was recorded is kept: /attach %s", path);
}

static void done(struct plain *p)
{
    if (p->record != NULL)
        record_abandon(p->record);
    play_stop(p->play);
    plain_answer_end(p);
    talk_done(&p->talk);
    plain_forget_files(p);
    settings_done(&p->settings);
    loras_done(&p->loras);
    free(p->files);
    free(p->perceived);
    free(p->listed);
    free(p->left_out);
    buffer_free(&p->in);
    buffer_free(&p->typed);
    buffer_free(&p->question);
    buffer_free(&p->held);
}

bool plain_wanted(const struct options *o)
{
    const char *terminal = getenv("TERM");

    return strcmp(o->mode, "plain") == 0 || terminal == NULL || *terminal == '\0' || strcmp(terminal, "dumb") == 0;
}

int plain_run(struct engine *engine, struct sessions *sessions, const struct error *unsaved, const struct options *o)
{
    struct plain p = { .engine = engine, .sessions = sessions, .options = o,
                       .is_terminal = isatty(STDIN_FILENO), .at_start = true, .loading = true };
    struct error err;

    if (!catch_signals()) {
        error_set(&err, ERROR_INFERENCE, "no pipe for signals: %s", strerror(errno));
        return cli_fail(&err);
    }
    loras_init(&p.loras, o);
    talk_init(&p.talk, engine, sessions);
    plain_use_settings(&p, "");
    start(&p, unsaved);
    int number = loop(&p);
    done(&p);
    return number == 0 ? 0 : 128 + number;
}
