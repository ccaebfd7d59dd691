/* tui_send.c - Enter, until the question is asked.
 *
 *   draft ─ chips ready, model loaded, earlier turns told ─> question ─ SESSION_MEASURED ─┬─ fits ──────> asked
 *                                                                                         └─ a choice ──> asked, or a draft again */
#include "ui/tui.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 60, SHOWN_TURNS = 8 };    /* of a question, and how many, where they are named */

static bool is_blank_text(const char *s)
{
    return s[strspn(s, " \t\n")] == '\0';
}

static void free_question(struct question *q)
{
    for (size_t i = 0; i < q->n_files; i++) {
        free(q->files[i].path);
        free(q->files[i].sha256);
    }
    free(q->files);
    free(q->attachments);
    free(q->text);
    free(q->left_out);
    *q = (struct question){ 0 };
}

void tui_drop_question(struct tui *t)
{
    free_question(&t->question);
    if (t->panel != NULL && t->purpose == FOR_OVERFLOW)
        tui_close_panel(t);
}

static const struct attachment *attachment_of(const struct tui *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_perceived; i++)
        if (t->engine->attachment(t->perceived[i]).id == id)
            return t->perceived[i];
    return NULL;
}

static void take_files(struct tui *t, struct question *q)
{
    q->files = calloc(t->draft.n_chips + 1, sizeof *q->files);
    q->attachments = calloc(t->draft.n_chips + 1, sizeof *q->attachments);
    if (q->files == NULL || q->attachments == NULL)
        abort();
    for (size_t i = 0; i < t->draft.n_chips; i++) {
        const struct chip *chip = &t->draft.chips[i];
        const struct attachment *a = chip->kind == CHIP_FILE && chip->state == CHIP_READY ? attachment_of(t, chip->id) : NULL;
        if (a == NULL)
            continue;
        q->files[q->n_files] = (struct session_file){ text_copy(chip->path), text_copy(chip->sha256) };
        q->attachments[q->n_files++] = a;
    }
}

/* An image or a clip sent without a word still asks something, and shows what. */
static void settle_text(struct tui *t, struct question *q)
{
    if (!is_blank_text(q->text) || q->n_files == 0)
        return;
    bool clip = t->engine->attachment(q->attachments[0]).kind == ATTACHMENT_AUDIO;
    free(q->text);
    q->text = text_copy(clip ? "What is said in it?" : "Describe the image in one sentence.");
    q->task = clip ? TURN_CHAT : TURN_DESCRIBE;
}

static struct talk_question talk_question(const struct tui *t)
{
    const struct question *q = &t->question;

    return (struct talk_question){ .parent = t->below >= 0 ? t->below : talk_head_id(&t->talk), .task = q->task, .text = q->text,
                                   .files = q->files, .attachments = q->attachments, .n_files = q->n_files };
}

static void measure(struct tui *t)
{
    struct talk_question q = talk_question(t);

    t->question.request = talk_measure(&t->talk, &q);
}

/* What could not be read is not in the question: the conversation says so. */
static void note_failed_chips(struct tui *t)
{
    for (size_t i = 0; i < t->draft.n_chips; i++)
        if (t->draft.chips[i].kind == CHIP_FILE && t->draft.chips[i].state == CHIP_FAILED)
            tui_note(t, ITEM_ERROR, "not sent along: %s", buffer_text(&t->draft.chips[i].label));
}

static void ask(struct tui *t)
{
    struct talk_question q = talk_question(t);
    struct error err;
    bool branches = t->below >= 0;

    talk_ask(&t->talk, &q);
    if (t->sessions != NULL)
        history_add(t->sessions, q.text, &err);
    editor_remember(&t->draft.editor, q.text);
    free_question(&t->question);
    t->below = -1;
    if (branches) {
        tui_show_branch(t);
        tui_print_again(t);
    } else {
        tui_show_turn(t, talk_head(&t->talk));
    }
    note_failed_chips(t);
    draft_clear(&t->draft);
    talk_set_draft(&t->talk, "");
    t->draft_changed = false;
    t->i_answer = SIZE_MAX;
    view_to_end(&t->view);
    tui_set_activity(t, "thinking");
}

void tui_submit(struct tui *t)
{
    const char *text = buffer_text(&t->draft.editor.text);

    view_to_end(&t->view);          /* what comes of it stands at the end */
    complete_close(&t->complete);
    if (draft_take_paths(&t->draft, text)) {
        draft_set(&t->draft, "");
        return;
    }
    if (text[0] == '/' && tui_command(t, text))
        return;
    if (is_blank_text(text) && draft_n_sendable(&t->draft) == 0)
        return;
    if (t->question.text != NULL) {
        tui_hint(t, true, "the question before is still on its way: Esc takes it back");
        return;
    }
    if (t->no_model) {
        tui_hint(t, true, "no model is loaded: /model NAME loads one");
        return;
    }
    draft_take_mentions(&t->draft);
    t->send_waits = true;
    tui_send_if_ready(t);
}

void tui_send_if_ready(struct tui *t)
{
    if (!t->send_waits || !t->ready || talk_waits(&t->talk) || t->talk.request != 0 || draft_waits_for(&t->draft) != NULL)
        return;
    t->send_waits = false;
    t->question.text = draft_question(&t->draft);
    take_files(t, &t->question);
    settle_text(t, &t->question);
    measure(t);
}

/* ---- what does not fit -------------------------------------------------------------------- */

static void list_left_out(const struct tui *t, struct buffer *text)
{
    const struct question *q = &t->question;

    for (size_t i = 0; i < q->n_left_out && i < SHOWN_TURNS; i++) {
        size_t at = q->left_out[i] < t->talk.n_told ? talk_find(&t->talk, t->talk.told[q->left_out[i]]) : SIZE_MAX;
        if (at == SIZE_MAX)
            continue;
        const struct session_turn *turn = &t->talk.turns[at].saved;
        size_t n = utf8_complete(turn->text, strnlen(turn->text, SHOWN_BYTES));
        buffer_print(text, "\n  %.*s%s", (int)n, turn->text, turn->n_files > 0 ? " (with what was attached)" : "");
    }
    if (q->n_left_out > SHOWN_TURNS)
        buffer_print(text, "\n  and %zu more", q->n_left_out - SHOWN_TURNS);
}

static void ask_what_to_drop(struct tui *t, const struct session_event *e)
{
    static const struct panel_answer answers[] = {
        { 'd', "drop them from what the model is told" }, { 's', "sum them up first" }, { 'n', "ask in a new conversation" }, { 0, "back to the draft" },
    };
    struct buffer text = { 0 };

    buffer_print(&text, "All that was said does not fit: questions may take %zu of the context's %zu tokens. This one takes %zu when the model is no longer told %zu earlier turn%s:",
                 e->n_most, e->n_ctx, e->n_prompt, e->n_left_out, e->n_left_out == 1 ? "" : "s");
    list_left_out(t, &text);
    tui_open_panel(t, FOR_OVERFLOW, panel_question_new("the context is full", buffer_text(&text), answers, 4));
    buffer_free(&text);
}

bool tui_measured(struct tui *t, const struct session_event *e)
{
    struct question *q = &t->question;
    bool is_ours = q->request != 0 && e->request == q->request;

    if (!is_ours || (e->kind != SESSION_MEASURED && e->kind != SESSION_FAILED))
        return is_ours;
    q->request = 0;
    if (e->kind == SESSION_FAILED) {
        tui_note(t, ITEM_ERROR, "%s", e->err.text);
        tui_drop_question(t);
        return true;
    }
    if (e->n_left_out == 0 && e->n_prompt > e->n_most) {
        tui_note(t, ITEM_ERROR, "this takes %zu tokens, of the context's %zu at most %zu can be asked with: shorten it, or start mynah with a larger context (-c)",
                 e->n_prompt, e->n_ctx, e->n_most);
        tui_drop_question(t);
        return true;
    }
    if (e->n_left_out == 0) {
        ask(t);
        return true;
    }
    free(q->left_out);
    q->left_out = calloc(e->n_left_out, sizeof *q->left_out);
    if (q->left_out == NULL)
        abort();
    memcpy(q->left_out, e->left_out, e->n_left_out * sizeof *q->left_out);
    q->n_left_out = e->n_left_out;
    ask_what_to_drop(t, e);
    return true;
}

static void sum_up(struct tui *t)
{
    struct talk_question q = talk_question(t);

    q.task = TURN_SUMMARISE;
    q.text = "Sum up what we said so far.";
    q.n_files = 0;
    q.n_summarised = t->question.n_left_out;
    t->question.after_summary = true;
    talk_ask(&t->talk, &q);
    t->below = -1;
    tui_show_branch(t);
    t->i_answer = SIZE_MAX;
    view_to_end(&t->view);
    tui_set_activity(t, "summing up");
}

void tui_ask_after_summary(struct tui *t)
{
    t->question.after_summary = false;
    tui_show_branch(t);             /* what was summed up is marked */
    measure(t);
}

void tui_overflow_choice(struct tui *t, int choice)
{
    switch (choice) {
    case 0:
        talk_leave_out(&t->talk, t->question.left_out, t->question.n_left_out);
        tui_show_branch_again(t);
        ask(t);
        break;
    case 1:
        sum_up(t);
        break;
    case 2:
        talk_begin(&t->talk);
        view_truncate(&t->view, 0);
        t->n_printed = 0;
        settings_keep(&t->settings, &t->talk);    /* they go along */
        t->below = -1;
        t->n_used = 0;
        measure(t);
        break;
    default:
        tui_drop_question(t);
        tui_hint(t, false, "not sent");
    }
}
