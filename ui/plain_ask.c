/* plain_ask.c - files, and what is asked when in the chat of lines. */
#include "ui/plain_private.h"

#include "base/clock.h"
#include "base/file.h"
#include "ui/corrections.h"
#include "ui/paths.h"
#include "ui/previews.h"

#include <stdlib.h>
#include <string.h>

/* ---- files ---------------------------------------------------------------------------- */

void plain_attach(struct plain *p, const char *path)
{
    struct plain_file file = { .saved.path = paths_whole(path) };
    char sha256[SHA256_HEX];
    struct error err;

    if (!sha256_file(file.saved.path, sha256, &err)) {
        plain_error(p, "%s", err.text);
        free(file.saved.path);
        buffer_clear(&p->question);
        return;
    }
    file.saved.sha256 = text_copy(sha256);
    file.request = p->engine->attach(p->engine->self, file.saved.path);
    p->files = array_grow(p->files, p->n_files, &p->file_capacity, sizeof *p->files);
    p->files[p->n_files++] = file;
    p->told_ms = clock_ms();
}

static void forget_file(struct plain *p, size_t i)
{
    free(p->files[i].saved.path);
    free(p->files[i].saved.sha256);
    memmove(&p->files[i], &p->files[i + 1], (--p->n_files - i) * sizeof *p->files);
}

void plain_forget_files(struct plain *p)
{
    while (p->n_files > 0)
        forget_file(p, p->n_files - 1);
}

void plain_corrected(struct plain *p, const struct attachment *a)
{
    uint32_t id = p->engine->attachment(a).id;

    for (size_t i = 0; i < p->n_perceived; i++)
        if (p->engine->attachment(p->perceived[i]).id == id)
            p->perceived[i] = a;
    for (size_t i = 0; i < p->n_files; i++)
        if (p->files[i].attachment != NULL && p->engine->attachment(p->files[i].attachment).id == id)
            p->files[i].attachment = a;
    talk_replace(&p->talk, a);
}

/* What was corrected of it before is, again. */
void plain_perceive(struct plain *p, const struct attachment *a)
{
    struct error err;

    for (size_t i = 0; i < p->n_perceived; i++)
        if (p->perceived[i] == a)
            return;
    if (!corrections_apply(p->engine, p->talk.sessions, a, &err))
        plain_error(p, "%s", err.text);
    p->perceived = array_grow(p->perceived, p->n_perceived, &p->perceived_capacity, sizeof *p->perceived);
    p->perceived[p->n_perceived++] = a;
}

void plain_decoded(struct plain *p, const struct preview *preview)
{
    struct buffer cost = { 0 };

    if (preview->n_rows == 0)
        return;
    preview_print_cost(preview, &cost);
    if (preview->expected_ms >= 1000)
        buffer_print(&cost, ", about %.0f s", preview->expected_ms / 1000);
    plain_note(p, "%s: %s", preview->kind == ATTACHMENT_IMAGE ? "looking at the picture" : "listening to the clip", buffer_text(&cost));
    buffer_free(&cost);
}

void plain_attached(struct plain *p, struct plain_file *file, const struct attachment *a)
{
    struct engine_attachment facts = p->engine->attachment(a);

    file->request = 0;
    file->attachment = a;
    plain_perceive(p, a);
    plain_note(p, "%s %s attached: %s, %zu tokens%s", facts.kind == ATTACHMENT_IMAGE ? "image" : "clip", facts.name,
               facts.summary, facts.n_tokens, p->question.n == 0 ? "; it goes with your next question" : "");
}

/* A question about a file that cannot be read is not asked: the answer would be made up. */
void plain_refused(struct plain *p, size_t i, const struct error *why)
{
    plain_error(p, "%s", why->text);
    forget_file(p, i);
    if (p->question.n > 0)
        plain_note(p, "the question was not asked");
    buffer_clear(&p->question);
}

size_t plain_find_file(const struct plain *p, uint32_t request)
{
    size_t i = 0;

    while (i < p->n_files && (request == 0 || p->files[i].request != request))
        i++;
    return i;
}

/* ---- asking ------------------------------------------------------------------------------ */

bool plain_busy(const struct plain *p)
{
    if (p->loading || p->model_request != 0 || p->eyes_request != 0 || p->measuring != 0 || p->talk.request != 0 || talk_waits(&p->talk))
        return true;
    for (size_t i = 0; i < p->n_files; i++)
        if (p->files[i].request != 0)
            return true;
    return p->play != NULL && (!p->is_terminal || p->ended);
}

void plain_start_answer(struct plain *p)
{
    p->stopping = false;
    p->answer_begins = true;
    p->told_ms = clock_ms();
}

/* The question and what goes with it; strings and lists are p's, arrays the caller's. */
static struct talk_question question_of(const struct plain *p, struct session_file *files, const struct attachment **attachments)
{
    for (size_t i = 0; i < p->n_files; i++) {
        files[i] = p->files[i].saved;
        attachments[i] = p->files[i].attachment;
    }
    return (struct talk_question){ .parent = talk_head_id(&p->talk), .task = TURN_CHAT, .text = buffer_text(&p->question),
                                   .files = files, .attachments = attachments, .n_files = p->n_files };
}

void plain_send(struct plain *p)
{
    struct session_file *files = calloc(p->n_files + 1, sizeof *files);
    const struct attachment **attachments = calloc(p->n_files + 1, sizeof *attachments);
    struct error err;

    if (files == NULL || attachments == NULL)
        abort();
    struct talk_question q = question_of(p, files, attachments);
    if (!p->measured) {
        p->measuring = talk_measure(&p->talk, &q);
    } else {
        talk_ask(&p->talk, &q);
        if (p->sessions != NULL)
            history_add(p->sessions, q.text, &err);     /* one that is lost is no reason to say so now */
        plain_forget_files(p);
        buffer_clear(&p->question);
        plain_start_answer(p);
    }
    free(files);
    free(attachments);
}

/* Files that the text mentions (@path) are attached, and named by their last part. */
void plain_take_question(struct plain *p, const char *text)
{
    size_t n = strlen(text);

    p->measured = false;
    if (!p->has_model) {
        plain_error(p, "no model is loaded; /model NAME loads one, `mynah pull` fetches what is missing");
        return;
    }
    for (size_t at = 0, used; at < n; at += used) {
        char *path = NULL;
        used = paths_is_mark(text, at) ? paths_mention(text, at, &path) : 0;
        if (used > 0)
            buffer_print(&p->question, "%s", paths_name(path));
        else
            buffer_append(&p->question, text + at, used = 1);
        free(path);
    }
    for (size_t at = 0; at < n; at++) {
        char *path = NULL;
        if (paths_is_mark(text, at) && paths_mention(text, at, &path) > 0)
            plain_attach(p, path);
        free(path);
    }
}

/* What would no longer be told is asked of a person, and told to a script. */
void plain_measured(struct plain *p, const struct session_event *e)
{
    p->measured = true;
    if (e->n_left_out == 0 || p->question.n == 0)       /* taken back meanwhile */
        return;
    free(p->left_out);
    p->left_out = calloc(e->n_left_out, sizeof *p->left_out);
    if (p->left_out == NULL)
        abort();
    memcpy(p->left_out, e->left_out, e->n_left_out * sizeof *p->left_out);
    p->n_left_out = e->n_left_out;
    plain_note(p, "the context of %zu tokens is full: the model can no longer be told the %zu oldest turn%s", e->n_ctx,
               e->n_left_out, e->n_left_out == 1 ? "" : "s");
    p->choosing = p->is_terminal;
    if (p->choosing)
        plain_note(p, "yes leaves them out, sum has the model sum them up first, no keeps all and drops this question");
    else
        talk_leave_out(&p->talk, p->left_out, p->n_left_out);
}

static void sum_up(struct plain *p)
{
    struct talk_question q = { .parent = talk_head_id(&p->talk), .task = TURN_SUMMARISE, .n_summarised = p->n_left_out,
                               .text = "(What was said so far, in short)" };

    p->measured = false;            /* the question is asked when the summary is there, if it fits then */
    talk_ask(&p->talk, &q);
    plain_start_answer(p);
}

void plain_choose(struct plain *p, const char *line)
{
    p->choosing = false;
    if (*line == 'y' || *line == 'Y') {
        talk_leave_out(&p->talk, p->left_out, p->n_left_out);
    } else if (*line == 's' || *line == 'S') {
        sum_up(p);
    } else {
        buffer_clear(&p->question);
        plain_note(p, "the question was not asked; /new begins a new conversation");
    }
}
