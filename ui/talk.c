#include "ui/talk.h"

#include "base/clock.h"
#include "base/file.h"
#include "ui/run.h"

#include <stdlib.h>
#include <string.h>

enum { WRITE_MS = 500 };            /* what a program that is killed may lose of an answer */

/* ---- saving -------------------------------------------------------------------------- */

/* The first failure is remembered; the talk goes on unsaved. */
static void note_failure(struct talk *t, bool saved, const struct error *err)
{
    if (!saved && t->unsaved.code == ERROR_NONE)
        t->unsaved = *err;
}

static bool saves(const struct talk *t)
{
    return t->sessions != NULL && t->unsaved.code == ERROR_NONE;
}

/* What was set before the conversation had a place goes with it. */
static void begin_session(struct talk *t)
{
    struct error err;

    if (!saves(t) || t->session != 0)
        return;
    note_failure(t, sessions_begin(t->sessions, &t->session, &err), &err);
    if (saves(t) && *t->settings != '\0')
        note_failure(t, sessions_set_settings(t->sessions, t->session, t->settings, &err), &err);
}

void talk_set_draft(struct talk *t, const char *draft)
{
    struct error err;

    if (*draft != '\0')
        begin_session(t);           /* a first question is worth keeping before it is asked */
    if (saves(t) && t->session != 0)
        note_failure(t, sessions_set_draft(t->sessions, t->session, draft, &err), &err);
}

void talk_set_settings(struct talk *t, const char *settings)
{
    struct error err;
    char *copy = text_copy(settings);

    free(t->settings);
    t->settings = copy;
    if (saves(t) && t->session != 0)
        note_failure(t, sessions_set_settings(t->sessions, t->session, copy, &err), &err);
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

/* ---- the tree -------------------------------------------------------------------------- */

static void free_turn(struct talk_turn *turn)
{
    for (size_t i = 0; i < turn->saved.n_files; i++) {
        free(turn->saved.files[i].path);
        free(turn->saved.files[i].sha256);
    }
    free(turn->saved.files);
    free(turn->saved.text);
    free(turn->saved.answer);
    free(turn->saved.model);
    free(turn->files);
}

size_t talk_find(const struct talk *t, int64_t id)
{
    size_t low = 0, high = t->n_turns;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (t->turns[middle].saved.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->n_turns && t->turns[low].saved.id == id ? low : SIZE_MAX;
}

static struct talk_turn *turn_of(const struct talk *t, int64_t id)
{
    size_t i = talk_find(t, id);

    return i != SIZE_MAX ? &t->turns[i] : NULL;
}

struct talk_turn *talk_head(const struct talk *t)
{
    return t->n_branch > 0 ? &t->turns[t->branch[t->n_branch - 1]] : NULL;
}

int64_t talk_head_id(const struct talk *t)
{
    return t->n_branch > 0 ? talk_head(t)->saved.id : 0;
}

size_t talk_sibling(const struct talk *t, int64_t id, size_t *n)
{
    const struct talk_turn *turn = turn_of(t, id), *parent = turn != NULL ? turn_of(t, turn->saved.parent) : NULL;

    *n = turn == NULL ? 0 : parent != NULL ? parent->n_children : t->n_roots;
    return turn != NULL ? turn->i_sibling : 0;
}

/* Children follow their parent: one pass counts all. */
static void count_children(struct talk *t)
{
    t->n_roots = 0;
    for (size_t i = 0; i < t->n_turns; i++) {
        struct talk_turn *turn = &t->turns[i], *parent = turn_of(t, turn->saved.parent);
        turn->n_children = 0;
        turn->newest_child = 0;
        turn->i_sibling = parent != NULL ? parent->n_children++ : t->n_roots++;
        if (parent != NULL)
            parent->newest_child = turn->saved.id;
    }
}

/* The branch from its first turn to `head`. */
static void set_branch(struct talk *t, int64_t head)
{
    count_children(t);
    t->n_branch = 0;
    for (size_t i = talk_find(t, head); i != SIZE_MAX; i = talk_find(t, t->turns[i].saved.parent)) {
        t->branch = array_grow(t->branch, t->n_branch, &t->branch_capacity, sizeof *t->branch);
        t->branch[t->n_branch++] = i;
    }
    for (size_t i = 0; i < t->n_branch / 2; i++) {
        size_t other = t->branch[i];
        t->branch[i] = t->branch[t->n_branch - 1 - i];
        t->branch[t->n_branch - 1 - i] = other;
    }
}

/* The end of the branch on which its newest turns are. */
static int64_t newest_below(const struct talk *t, int64_t id)
{
    const struct talk_turn *turn = turn_of(t, id);

    while (turn != NULL && turn->newest_child != 0) {
        id = turn->newest_child;
        turn = turn_of(t, id);
    }
    return id;
}

/* ---- telling the engine ------------------------------------------------------------------ */

static void attach_file(struct talk *t, struct talk_turn *turn, size_t i)
{
    const struct session_file *file = &turn->saved.files[i];
    char sha256[SHA256_HEX] = "";

    if (!sha256_file(file->path, sha256, NULL) || strcmp(sha256, file->sha256) != 0) {
        turn->files[i].gone = true;
        return;
    }
    turn->files[i].request = t->engine->attach(t->engine->self, file->path);
    t->n_waiting++;
}

static bool is_wanted(const struct talk_turn *turn)
{
    return turn->in_engine || (turn->saved.answer != NULL && !turn->saved.left_out);
}

static void add_told(struct talk *t, struct talk_turn *turn)
{
    t->told = array_grow(t->told, t->n_told, &t->told_capacity, sizeof *t->told);
    t->told[t->n_told++] = turn->saved.id;
    turn->in_engine = true;
}

static uint32_t *attachment_ids(const struct talk *t, const struct talk_turn *turn, size_t *n)
{
    uint32_t *ids = NULL;
    size_t capacity = 0;

    *n = 0;
    for (size_t i = 0; i < turn->saved.n_files; i++)
        if (turn->files[i].attachment != NULL) {
            ids = array_grow(ids, *n, &capacity, sizeof *ids);
            ids[(*n)++] = t->engine->attachment(turn->files[i].attachment).id;
        }
    return ids;
}

static void tell_turn(struct talk *t, struct talk_turn *turn)
{
    struct turn told = { .task = TURN_CHAT, .text = turn->saved.text };
    uint32_t *ids = attachment_ids(t, turn, &told.n_attachments);

    told.attachments = ids;
    t->engine->restore(t->engine->self, &told, turn->saved.answer);
    free(ids);
    add_told(t, turn);
}

/* Forgets in the engine what is no longer on the branch; returns the place on the branch
 * behind what it holds. */
static size_t rewind_to_branch(struct talk *t)
{
    size_t n_kept = 0, place = 0;

    for (size_t i = 0; i < t->n_branch && n_kept < t->n_told; i++) {
        const struct talk_turn *turn = &t->turns[t->branch[i]];
        if (!is_wanted(turn))
            continue;
        if (turn->saved.id != t->told[n_kept])
            break;
        n_kept++;
        place = i + 1;
    }
    if (n_kept == t->n_told)
        return place;
    for (size_t i = n_kept; i < t->n_told; i++) {
        struct talk_turn *turn = turn_of(t, t->told[i]);
        if (turn != NULL)
            turn->in_engine = false;
    }
    t->engine->rewind(t->engine->self, n_kept);
    t->n_told = n_kept;
    return place;
}

/* Makes the engine hold the branch: files first, then, when the last was read, the turns. */
static void tell(struct talk *t)
{
    size_t place = rewind_to_branch(t);

    for (size_t i = place; i < t->n_branch; i++) {
        struct talk_turn *turn = &t->turns[t->branch[i]];
        bool asked_again = i + 1 == t->n_branch && turn->saved.answer == NULL;
        for (size_t k = 0; (is_wanted(turn) || asked_again) && k < turn->saved.n_files; k++)
            if (turn->files[k].attachment == NULL && !turn->files[k].gone && turn->files[k].request == 0)
                attach_file(t, turn, k);
    }
    for (size_t i = place; t->n_waiting == 0 && i < t->n_branch; i++)
        if (is_wanted(&t->turns[t->branch[i]]))
            tell_turn(t, &t->turns[t->branch[i]]);
}

bool talk_waits(const struct talk *t)
{
    return t->n_waiting > 0;
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
        free_turn(&t->turns[i]);
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
    set_branch(t, session->head);
    tell(t);
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
    if (saves(t))
        note_failure(t, sessions_ask(t->sessions, t->session, &saved, &saved.id, &err), &err);
    t->turns = array_grow(t->turns, t->n_turns, &t->turn_capacity, sizeof *t->turns);
    t->turns[t->n_turns++] = (struct talk_turn){ .saved = saved, .files = files };
    set_branch(t, saved.id);
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

/* The engine is told what stands before the question, and nothing else. */
static void stand_below(struct talk *t, int64_t parent)
{
    set_branch(t, parent);
    tell(t);
}

int64_t talk_ask(struct talk *t, const struct talk_question *q)
{
    uint32_t *ids;
    struct turn turn = engine_turn(q, t, &ids);

    stand_below(t, q->parent);
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

    stand_below(t, q->parent);
    uint32_t request = t->engine->measure(t->engine->self, &turn);
    set_branch(t, head);            /* it may not be asked after all; what is told is put right then */
    free(ids);
    return request;
}

int64_t talk_regenerate(struct talk *t, int64_t id)
{
    const struct talk_turn *turn = turn_of(t, id);

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

    return head != NULL && is_wanted(head) && head->saved.answer != NULL && head->saved.state != TURN_FINISHED;
}

void talk_continue(struct talk *t)
{
    struct turn turn = { .task = TURN_CONTINUE };

    tell(t);
    start_answer(t, talk_head(t), &turn);
}

/* ---- changing the tree ------------------------------------------------------------------------- */

void talk_remove(struct talk *t, int64_t id)
{
    struct error err;
    size_t at = talk_find(t, id);
    int64_t head = talk_head_id(t);

    if (at == SIZE_MAX)
        return;
    int64_t parent = t->turns[at].saved.parent;
    if (saves(t))
        note_failure(t, sessions_remove_turn(t->sessions, id, &err), &err);
    for (size_t i = 0; i < t->n_turns; i++)
        if (t->turns[i].saved.parent == id)
            t->turns[i].saved.parent = parent;
    free_turn(&t->turns[at]);
    memmove(&t->turns[at], &t->turns[at + 1], (--t->n_turns - at) * sizeof *t->turns);
    set_branch(t, head == id ? parent : head);
    tell(t);
}

void talk_switch(struct talk *t, int64_t id, int direction)
{
    struct error err;
    size_t n, wanted = talk_sibling(t, id, &n) + (size_t)direction;
    const struct talk_turn *turn = turn_of(t, id);

    for (size_t i = 0; turn != NULL && wanted < n && i < t->n_turns; i++) {
        if (t->turns[i].saved.parent != turn->saved.parent || t->turns[i].i_sibling != wanted)
            continue;
        int64_t head = newest_below(t, t->turns[i].saved.id);
        if (saves(t))
            note_failure(t, sessions_set_head(t->sessions, t->session, head, &err), &err);
        stand_below(t, head);
        return;
    }
}

static void leave_out(struct talk *t, int64_t id)
{
    struct error err;
    struct talk_turn *turn = turn_of(t, id);

    if (turn == NULL || turn->saved.left_out)
        return;
    turn->saved.left_out = true;
    if (saves(t))
        note_failure(t, sessions_leave_out(t->sessions, id, true, &err), &err);
}

void talk_leave_out(struct talk *t, const size_t *i, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (i[k] < t->n_told)
            leave_out(t, t->told[i[k]]);
}

/* ---- events ---------------------------------------------------------------------------------------- */

static void keep_answer(struct talk *t, const struct session_event *e)
{
    struct error err;
    struct talk_turn *turn = turn_of(t, t->asking);

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
    if (saves(t))
        note_failure(t, sessions_answer(t->sessions, s->id, s, &err), &err);
}

static void add_text(struct talk *t, const char *text)
{
    struct error err;

    buffer_append(&t->answer, text, strlen(text));
    if (!saves(t) || clock_ms() - t->written_ms < WRITE_MS)
        return;
    note_failure(t, sessions_write(t->sessions, t->asking, buffer_text(&t->answer), &err), &err);
    t->written_ms = clock_ms();
}

static enum talk_news answered(struct talk *t, const struct session_event *e)
{
    t->request = 0;
    if (e->kind == SESSION_FAILED)
        return TALK_FAILED;
    keep_answer(t, e);
    if (!t->continues)
        add_told(t, turn_of(t, t->asking));
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
                tell(t);
            return true;
        }
    return false;
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
