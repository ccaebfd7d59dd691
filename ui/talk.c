#include "ui/talk_private.h"

#include "base/clock.h"
#include "ui/run.h"

#include <stdlib.h>
#include <string.h>

enum { WRITE_MS = 500 };            /* what a program that is killed may lose of an answer */

/* ---- saving -------------------------------------------------------------------------- */

/* The first failure is remembered; the talk goes on unsaved. */
void talk_note_failure(struct talk *t, bool saved, const struct error *err)
{
    if (!saved && t->unsaved.code == ERROR_NONE)
        t->unsaved = *err;
}

bool talk_saves(const struct talk *t)
{
    return t->sessions != NULL && t->unsaved.code == ERROR_NONE;
}

/* What was set before the conversation had a place goes with it. */
static void begin_session(struct talk *t)
{
    struct error err;

    if (!talk_saves(t) || t->session != 0)
        return;
    talk_note_failure(t, sessions_begin(t->sessions, &t->session, &err), &err);
    if (talk_saves(t) && *t->settings != '\0')
        talk_note_failure(t, sessions_set_settings(t->sessions, t->session, t->settings, &err), &err);
}

void talk_set_draft(struct talk *t, const char *draft)
{
    struct error err;

    if (*draft != '\0')
        begin_session(t);           /* a first question is worth keeping before it is asked */
    if (talk_saves(t) && t->session != 0)
        talk_note_failure(t, sessions_set_draft(t->sessions, t->session, draft, &err), &err);
}

void talk_set_settings(struct talk *t, const char *settings)
{
    struct error err;
    char *copy = text_copy(settings);

    free(t->settings);
    t->settings = copy;
    if (talk_saves(t) && t->session != 0)
        talk_note_failure(t, sessions_set_settings(t->sessions, t->session, copy, &err), &err);
}

bool talk_rename(struct talk *t, const char *title, struct error *err)
{
    if (t->sessions != NULL && t->session != 0 && !sessions_rename(t->sessions, t->session, title, err))
        return false;
    char *copy = text_copy(title);
    free(t->title);
    t->title = copy;
    return true;
}

const char *talk_title(const struct talk *t)
{
    return *t->title != '\0' ? t->title : t->n_branch > 0 ? t->turns[t->branch[0]].saved.text : "";
}

/* ---- sessions ------------------------------------------------------------------------------ */

void talk_init(struct talk *t, struct engine *engine, struct sessions *sessions)
{
    *t = (struct talk){ .engine = engine, .sessions = sessions, .title = text_copy(""), .settings = text_copy("") };
}

static void keep_answer(struct talk *t, const struct session_event *event);

/* What was being answered is kept as stopped. */
static void abandon(struct talk *t)
{
    if (t->request == 0)
        return;
    t->engine->cancel(t->engine->self);
    if (t->answer.n > 0)
        keep_answer(t, &(struct session_event){ .stopped = true });
    t->request = 0;
}

static void forget(struct talk *t)
{
    abandon(t);
    for (size_t i = 0; i < t->n_turns; i++)
        talk_free_turn(&t->turns[i]);
    t->n_turns = t->n_branch = t->n_told = t->n_waiting = 0;
    t->session = 0;
}

void talk_done(struct talk *t)
{
    forget(t);
    free(t->turns);
    free(t->branch);
    free(t->told);
    free(t->title);
    free(t->settings);
    buffer_free(&t->answer);
}

void talk_begin(struct talk *t)
{
    forget(t);
    free(t->title);
    free(t->settings);
    t->title = text_copy("");
    t->settings = text_copy("");
    t->unsaved = (struct error){ 0 };       /* another conversation may well be saved */
    t->engine->clear(t->engine->self);
}

/* Takes over what was loaded. */
static void take_session(struct talk *t, struct stored_session *session, char **draft)
{
    talk_begin(t);
    t->session = session->id;
    for (size_t i = 0; i < session->n_turns; i++) {
        t->turns = array_grow(t->turns, t->n_turns, &t->turn_capacity, sizeof *t->turns);
        struct talk_turn *turn = &t->turns[t->n_turns++];
        *turn = (struct talk_turn){ .saved = session->turns[i] };
        turn->files = calloc(turn->saved.n_files + 1, sizeof *turn->files);
        if (turn->files == NULL)
            abort();
    }
    free(session->turns);
    free(t->title);
    free(t->settings);
    t->title = session->title;
    t->settings = session->settings;
    *draft = session->draft;
    talk_set_branch(t, session->head);
    talk_tell(t);
}

bool talk_resume(struct talk *t, int64_t id, bool *in_use, char **draft, struct error *err)
{
    struct stored_session session;

    *draft = NULL;
    *in_use = false;
    if (t->sessions == NULL)
        return true;
    if (!sessions_resume(t->sessions, id, &session, in_use, err))
        return *in_use;
    if (session.id != 0)
        take_session(t, &session, draft);
    return true;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static char *copy_or_null(const char *text)
{
    return text != NULL ? text_copy(text) : NULL;
}

/* Adds the question below its parent; the branch ends in it. */
static struct talk_turn *add_turn(struct talk *t, const struct talk_question *q)
{
    struct error err;
    struct session_turn saved = { .parent = q->parent, .text = text_copy(q->text), .n_files = q->n_files,
                                  .summary = q->task == TURN_SUMMARISE };
    struct talk_file *files = calloc(q->n_files + 1, sizeof *files);

    saved.files = calloc(q->n_files + 1, sizeof *saved.files);
    if (files == NULL || saved.files == NULL)
        abort();
    for (size_t i = 0; i < q->n_files; i++) {
        saved.files[i] = (struct session_file){ text_copy(q->files[i].path), copy_or_null(q->files[i].sha256) };
        files[i].attachment = q->attachments[i];
        files[i].gone = q->attachments[i] == NULL;
    }
    saved.id = t->n_turns > 0 ? t->turns[t->n_turns - 1].saved.id + 1 : 1;
    begin_session(t);
    if (talk_saves(t))
        talk_note_failure(t, sessions_ask(t->sessions, t->session, &saved, &saved.id, &err), &err);
    t->turns = array_grow(t->turns, t->n_turns, &t->turn_capacity, sizeof *t->turns);
    t->turns[t->n_turns++] = (struct talk_turn){ .saved = saved, .files = files };
    talk_set_branch(t, saved.id);
    return &t->turns[t->n_turns - 1];
}

static void start_answer(struct talk *t, struct talk_turn *turn, const struct turn *asked)
{
    buffer_clear(&t->answer);
    t->continues = asked->task == TURN_CONTINUE;
    if (t->continues)
        buffer_append(&t->answer, turn->saved.answer, strlen(turn->saved.answer));
    t->asking = turn->saved.id;
    t->written_ms = clock_ms();
    t->request = t->engine->ask(t->engine->self, asked);
}

static struct turn engine_turn(const struct talk_question *q, const struct talk *t, uint32_t **ids)
{
    struct turn turn = { .task = q->task, .text = q->text, .language = run_locale_language(), .n_summarised = q->n_summarised };
    size_t capacity = 0;

    *ids = NULL;
    for (size_t i = 0; i < q->n_files; i++)
        if (q->attachments[i] != NULL) {
            *ids = array_grow(*ids, turn.n_attachments, &capacity, sizeof **ids);
            (*ids)[turn.n_attachments++] = t->engine->attachment(q->attachments[i]).id;
        }
    turn.attachments = *ids;
    return turn;
}

int64_t talk_ask(struct talk *t, const struct talk_question *q)
{
    uint32_t *ids;
    struct turn turn = engine_turn(q, t, &ids);

    talk_stand_below(t, q->parent);
    struct talk_turn *added = add_turn(t, q);
    start_answer(t, added, &turn);
    free(ids);
    return added->saved.id;
}

uint32_t talk_measure(struct talk *t, const struct talk_question *q)
{
    uint32_t *ids;
    struct turn turn = engine_turn(q, t, &ids);
    int64_t head = talk_head_id(t);

    talk_stand_below(t, q->parent);
    uint32_t request = t->engine->measure(t->engine->self, &turn);
    talk_set_branch(t, head);            /* it may not be asked after all; what is told is put right then */
    free(ids);
    return request;
}

int64_t talk_regenerate(struct talk *t, int64_t id)
{
    const struct talk_turn *turn = talk_turn(t, id);

    if (turn == NULL)
        return 0;
    size_t n = turn->saved.n_files;
    char *text = text_copy(turn->saved.text);
    struct session_file *files = calloc(n + 1, sizeof *files);
    const struct attachment **attachments = calloc(n + 1, sizeof *attachments);
    if (files == NULL || attachments == NULL)
        abort();
    for (size_t i = 0; i < n; i++) {
        files[i] = (struct session_file){ text_copy(turn->saved.files[i].path), copy_or_null(turn->saved.files[i].sha256) };
        attachments[i] = turn->files[i].attachment;
    }
    struct talk_question q = { .parent = turn->saved.parent, .task = TURN_CHAT, .text = text, .files = files,
                               .attachments = attachments, .n_files = n };
    if (turn->saved.answer == NULL)
        talk_remove(t, id);
    int64_t asked = talk_ask(t, &q);
    for (size_t i = 0; i < n; i++) {
        free(files[i].path);
        free(files[i].sha256);
    }
    free(files);
    free(attachments);
    free(text);
    return asked;
}

bool talk_can_continue(const struct talk *t)
{
    const struct talk_turn *head = talk_head(t);

    return head != NULL && talk_is_wanted(head) && head->saved.answer != NULL && head->saved.state != TURN_FINISHED;
}

void talk_continue(struct talk *t)
{
    struct turn turn = { .task = TURN_CONTINUE };

    talk_tell(t);
    start_answer(t, talk_head(t), &turn);
}

/* ---- events ---------------------------------------------------------------------------------------- */

static void keep_answer(struct talk *t, const struct session_event *e)
{
    struct error err;
    struct talk_turn *turn = talk_turn(t, t->asking);

    if (turn == NULL)
        return;
    struct session_turn *s = &turn->saved;
    free(s->answer);
    free(s->model);
    s->answer = text_copy(buffer_text(&t->answer));
    s->model = text_copy(t->engine->model);
    s->state = e->stopped ? TURN_STOPPED : e->cut ? TURN_CUT : TURN_FINISHED;
    s->seed = e->seed;
    s->n_prompt = e->n_prompt;
    s->n_generated = e->n_generated + (t->continues ? s->n_generated : 0);
    s->encode_ms = e->encode_ms;
    s->prefill_ms = e->prefill_ms;
    s->decode_ms = e->decode_ms + (t->continues ? s->decode_ms : 0);
    if (talk_saves(t))
        talk_note_failure(t, sessions_answer(t->sessions, s->id, s, &err), &err);
}

static void add_text(struct talk *t, const char *text)
{
    struct error err;

    buffer_append(&t->answer, text, strlen(text));
    if (!talk_saves(t) || clock_ms() - t->written_ms < WRITE_MS)
        return;
    talk_note_failure(t, sessions_write(t->sessions, t->asking, buffer_text(&t->answer), &err), &err);
    t->written_ms = clock_ms();
}

static enum talk_news answered(struct talk *t, const struct session_event *e)
{
    t->request = 0;
    if (e->kind == SESSION_FAILED)
        return TALK_FAILED;
    keep_answer(t, e);
    if (!t->continues)
        talk_add_told(t, talk_turn(t, t->asking));
    talk_leave_out(t, e->left_out, e->n_left_out);
    return TALK_ANSWERED;
}

/* A file of an earlier turn. */
static bool take_file(struct talk *t, const struct session_event *e)
{
    for (size_t i = 0; i < t->n_turns; i++)
        for (size_t k = 0; k < t->turns[i].saved.n_files; k++) {
            struct talk_file *file = &t->turns[i].files[k];
            if (file->request != e->request)
                continue;
            file->request = 0;
            file->attachment = e->kind == SESSION_ATTACHED ? e->attachment : NULL;
            file->gone = e->kind == SESSION_FAILED;
            if (--t->n_waiting == 0)
                talk_tell(t);
            return true;
        }
    return false;
}

void talk_replace(struct talk *t, const struct attachment *a)
{
    for (size_t i = 0; i < t->n_turns; i++)
        for (size_t k = 0; k < t->turns[i].saved.n_files; k++) {
            struct talk_file *file = &t->turns[i].files[k];
            if (file->attachment != NULL && t->engine->attachment(file->attachment).id == t->engine->attachment(a).id)
                file->attachment = a;
        }
}

enum talk_news talk_event(struct talk *t, const struct session_event *e, int64_t *id)
{
    bool is_answer = t->request != 0 && e->request == t->request;
    bool is_last = e->kind == SESSION_ATTACHED || e->kind == SESSION_FAILED;

    *id = t->asking;
    if (is_answer && e->kind == SESSION_TEXT) {
        add_text(t, e->text);
        return TALK_TEXT;
    }
    if (is_answer && (e->kind == SESSION_ANSWERED || e->kind == SESSION_FAILED))
        return answered(t, e);
    return t->n_waiting > 0 && e->request != 0 && is_last && take_file(t, e) ? TALK_FILE : TALK_OTHER;
}
