/* tui_turns.c - the branch on the screen, and what is done to its turns. */
#include "ui/tui.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 200 };         /* of a question, where it is named */

/* ---- showing ---------------------------------------------------------------------- */

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static void show_file(struct tui *t, const struct talk_turn *turn, size_t i)
{
    struct buffer label = { 0 };

    if (turn->files[i].attachment != NULL)
        draft_label(&t->draft, turn->files[i].attachment, &label);
    else
        buffer_print(&label, "%s%s", name_of(turn->saved.files[i].path),
                     turn->files[i].gone ? ", which is no longer there or has changed" : "");
    view_add(&t->view, ITEM_CHIP, turn->saved.id, buffer_text(&label));
    buffer_free(&label);
}

static void show_question(struct tui *t, const struct talk_turn *turn)
{
    size_t n, at = talk_sibling(&t->talk, turn->saved.id, &n);

    for (size_t i = 0; i < turn->saved.n_files; i++)
        show_file(t, turn, i);
    size_t item = view_add(&t->view, ITEM_USER, turn->saved.id, turn->saved.text);
    if (n > 1 && at < 9999 && n < 9999)
        snprintf(t->view.items[item].label, sizeof t->view.items[item].label, "%zu/%zu", at + 1, n);
}

static void show_state(struct tui *t, const struct talk_turn *turn)
{
    bool is_head = turn->saved.id == talk_head_id(&t->talk);
    const char *text = NULL;

    if (turn->saved.answer == NULL)
        text = is_head ? "no answer was finished; /retry asks again" : "no answer was finished";
    else if (turn->saved.state != TURN_FINISHED)
        text = turn->saved.state == TURN_CUT ? "cut off" : "stopped";
    if (text != NULL)
        view_add(&t->view, ITEM_NOTE, turn->saved.id, text);
    if (turn->saved.left_out)
        view_add(&t->view, ITEM_NOTE, turn->saved.id, "left out of the context");
}

void tui_show_turn(struct tui *t, const struct talk_turn *turn)
{
    show_question(t, turn);
    if (turn->saved.id == t->talk.asking && t->talk.request != 0) {
        t->i_answer = SIZE_MAX;     /* the next piece makes its item */
        if (t->talk.answer.n > 0) {
            t->i_answer = view_add(&t->view, ITEM_ANSWER, turn->saved.id, buffer_text(&t->talk.answer));
            t->view.items[t->i_answer].live = true;
        }
        return;
    }
    if (turn->saved.answer != NULL)
        view_add(&t->view, ITEM_ANSWER, turn->saved.id, turn->saved.answer);
    show_state(t, turn);
}

void tui_show_branch(struct tui *t)
{
    t->i_answer = SIZE_MAX;         /* its item goes; the turn being answered makes another */
    t->captions.item = SIZE_MAX;
    view_truncate(&t->view, 0);
    for (size_t i = 0; i < t->talk.n_branch; i++)
        tui_show_turn(t, &t->talk.turns[t->talk.branch[i]]);
}

/* The program's own words at the end stay, and so does the place that is read or selected. */
void tui_show_branch_again(struct tui *t)
{
    size_t n = t->view.n_items, n_words = 0;
    struct view was = t->view;

    while (n_words < n && t->view.items[n - n_words - 1].turn == 0)
        n_words++;
    struct { enum item_kind kind; char *text; } *words = calloc(n_words + 1, sizeof *words);
    if (words == NULL)
        abort();
    for (size_t i = 0; i < n_words; i++) {
        const struct item *item = &t->view.items[n - n_words + i];
        words[i].kind = item->kind;
        words[i].text = text_copy(buffer_text(&item->text));
        words[i].text[item->text.n - item->n_unsure] = '\0';
    }
    tui_show_branch(t);
    for (size_t i = 0; i < n_words; i++) {
        view_add(&t->view, words[i].kind, 0, words[i].text);
        free(words[i].text);
    }
    free(words);
    t->view.selecting = was.selecting && was.selected < t->view.n_items;
    t->view.scrolled = was.scrolled && was.top.item < t->view.n_items;
}

/* ---- sessions ----------------------------------------------------------------------- */

static void use_settings(struct tui *t, const char *text)
{
    settings_done(&t->settings);
    settings_init(&t->settings, t->options);
    settings_read(&t->settings, text);
    t->engine->configure(t->engine->self, &t->settings.session);
}

static void start_over(struct tui *t)
{
    tui_drop_question(t);
    t->told_unsaved = false;
    t->send_waits = false;
    t->below = -1;
    t->n_used = 0;
    t->n_printed = 0;
    view_to_end(&t->view);
    view_unselect(&t->view);
}

void tui_open_session(struct tui *t, int64_t id)
{
    bool in_use;
    char *draft = NULL;
    struct error err = { 0 };

    tui_save_draft(t);              /* another may take its place */
    bool opened = talk_resume(&t->talk, id, &in_use, &draft, &err);

    if (!opened) {
        tui_note(t, ITEM_ERROR, "%s", err.text);
        return;
    }
    if (in_use && id != 0) {
        tui_hint(t, true, "another mynah has this conversation open");
        return;
    }
    start_over(t);
    t->gauges = t->talk.n_turns > 0;
    tui_show_branch(t);
    use_settings(t, t->talk.settings);
    if (in_use)
        tui_note(t, ITEM_NOTE, "another mynah has the last conversation open; this is a new one");
    else if (t->talk.n_turns > 0)
        tui_note(t, ITEM_NOTE, "resumed; /new starts a new conversation");
    if (draft != NULL && *draft != '\0')
        draft_restore(&t->draft, draft);
    free(draft);
}

void tui_new_session(struct tui *t)
{
    tui_save_draft(t);
    talk_begin(&t->talk);
    start_over(t);
    use_settings(t, "");
    tui_end_captions(t, false);
    view_truncate(&t->view, 0);
    t->i_answer = SIZE_MAX;
    buffer_clear(&t->activity);
    tui_hint(t, false, "a new conversation");
}

/* ---- one turn ------------------------------------------------------------------------- */

int64_t tui_current_turn(const struct tui *t)
{
    if (t->view.selecting && t->view.selected < t->view.n_items)
        return t->view.items[t->view.selected].turn;
    return talk_head_id(&t->talk);
}

static bool has_turn(struct tui *t, int64_t turn)
{
    if (talk_find(&t->talk, turn) != SIZE_MAX)
        return true;
    tui_hint(t, true, "there is no question yet");
    return false;
}

void tui_print_again(struct tui *t)
{
    for (size_t i = t->view.n_items; i > 0 && t->view.items[i - 1].turn == talk_head_id(&t->talk); i--)
        t->n_printed = i - 1 < t->n_printed ? i - 1 : t->n_printed;
}

static void answer_begins(struct tui *t)
{
    view_unselect(&t->view);
    t->mode = MODE_CHAT;
    t->below = -1;                  /* what was being edited is given up */
    tui_show_branch(t);
    tui_print_again(t);
    view_to_end(&t->view);
    tui_set_activity(t, "thinking");
}

void tui_regenerate(struct tui *t, int64_t turn)
{
    if (!has_turn(t, turn) || !tui_is_idle(t))
        return;
    if (!t->ready) {
        tui_hint(t, true, "the model is not loaded yet");
        return;
    }
    talk_regenerate(&t->talk, turn);
    answer_begins(t);
}

void tui_continue(struct tui *t)
{
    if (!has_turn(t, talk_head_id(&t->talk)) || !tui_is_idle(t))
        return;
    if (!talk_can_continue(&t->talk)) {
        tui_hint(t, true, "the last answer is complete");
        return;
    }
    talk_continue(&t->talk);
    answer_begins(t);
}

void tui_edit_turn(struct tui *t, int64_t turn)
{
    if (!has_turn(t, turn) || !tui_is_idle(t))
        return;
    const struct talk_turn *edited = &t->talk.turns[talk_find(&t->talk, turn)];
    if (!draft_is_empty(&t->draft)) {
        tui_hint(t, true, "the draft is not empty: send it or clear it first");
        return;
    }
    t->below = edited->saved.parent;
    for (size_t i = 0; i < edited->saved.n_files; i++)
        draft_attach(&t->draft, edited->saved.files[i].path);
    draft_set(&t->draft, edited->saved.text);
    view_unselect(&t->view);
    t->mode = MODE_CHAT;
    tui_hint(t, false, "Enter asks this beside the earlier question, Esc gives it up");
}

void tui_delete_turn(struct tui *t, int64_t turn)
{
    static const struct panel_answer answers[] = { { 'y', "delete it" }, { 'n', "keep it" } };
    struct buffer text = { 0 };

    if (!has_turn(t, turn) || !tui_is_idle(t))
        return;
    const struct talk_turn *deleted = &t->talk.turns[talk_find(&t->talk, turn)];
    buffer_print(&text, "Delete this question and its answer? What follows stays.\n\n");
    buffer_append(&text, deleted->saved.text, utf8_complete(deleted->saved.text, strnlen(deleted->saved.text, SHOWN_BYTES)));
    t->deletes = turn;
    tui_open_panel(t, FOR_DELETING, panel_question_new("delete", buffer_text(&text), answers, 2));
    buffer_free(&text);
}

static size_t depth_of(const struct tui *t, int64_t turn)
{
    size_t i = 0;

    while (i < t->talk.n_branch && t->talk.turns[t->talk.branch[i]].saved.id != turn)
        i++;
    return i;
}

/* The question or the answer of a turn; its question, when it has no answer. */
static void select_part(struct tui *t, int64_t turn, enum item_kind kind)
{
    size_t i = t->view.n_items;

    while (i > 0 && (t->view.items[i - 1].turn != turn || (t->view.items[i - 1].kind != kind && t->view.items[i - 1].kind != ITEM_USER)))
        i--;
    t->view.selecting = i > 0;
    t->view.selected = i;           /* as if one came from the item below */
    view_select(&t->view, -1);
}

void tui_switch_branch(struct tui *t, int64_t turn, int direction)
{
    size_t n, at;

    if (!has_turn(t, turn) || !tui_is_idle(t))
        return;
    at = talk_sibling(&t->talk, turn, &n);
    if (at + (size_t)direction >= n) {
        tui_hint(t, false, n > 1 ? "there is no further branch that way" : "this question has one branch; e or r begins another");
        return;
    }
    size_t depth = depth_of(t, turn);
    enum item_kind kind = t->view.selecting ? t->view.items[t->view.selected].kind : ITEM_ANSWER;
    talk_switch(&t->talk, turn, direction);
    t->below = -1;
    tui_show_branch(t);
    if (depth < t->talk.n_branch)
        select_part(t, t->talk.turns[t->talk.branch[depth]].saved.id, kind);
    tui_hint(t, false, "branch %zu of %zu", at + (size_t)direction + 1, n);
}

/* The last code block of the answer, or all of it. */
static void copy_of(struct tui *t, const struct talk_turn *turn, bool code, struct buffer *text)
{
    for (size_t i = t->view.n_items; i-- > 0;) {
        if (t->view.items[i].turn != turn->saved.id || t->view.items[i].kind != ITEM_ANSWER)
            continue;
        size_t n, n_codes = view_n_codes(&t->view, i);
        if (!code) {
            buffer_append(text, buffer_text(&t->view.items[i].text), t->view.items[i].text.n);
        } else if (n_codes > 0) {
            const char *source = view_code(&t->view, i, n_codes - 1, &n);
            buffer_append(text, source, n);
        }
        return;
    }
}

void tui_copy(struct tui *t, int64_t turn, bool code)
{
    if (!has_turn(t, turn))
        return;
    buffer_clear(&t->wishes.copy);
    copy_of(t, &t->talk.turns[talk_find(&t->talk, turn)], code, &t->wishes.copy);
    if (t->wishes.copy.n == 0)
        tui_hint(t, true, code ? "there is no code in this answer" : "there is no answer to copy");
    else
        tui_hint(t, false, code ? "the last code block is copied" : "the answer is copied");
}

/* The selected item; else the last answer. */
void tui_fold(struct tui *t)
{
    size_t i = t->view.selected;

    if (!t->view.selecting)
        for (i = t->view.n_items; i > 0 && t->view.items[i - 1].kind != ITEM_ANSWER;)
            i--;
    if (!t->view.selecting && i-- == 0)
        tui_hint(t, true, "there is nothing to fold");
    else
        view_fold(&t->view, i, !t->view.items[i].folded);
}

static void print_ms(struct buffer *text, const char *name, double ms)
{
    if (ms > 0)
        buffer_print(text, "%-12s%.2f s\n", name, ms / 1000);
}

void tui_facts(const struct tui *t, int64_t turn, struct buffer *text)
{
    static const char *const states[] = { "not answered", "not finished", "finished", "stopped", "cut off" };
    size_t n, at = talk_find(&t->talk, turn), i = talk_sibling(&t->talk, turn, &n);

    if (at == SIZE_MAX)
        return;
    const struct session_turn *s = &t->talk.turns[at].saved;
    buffer_print(text, "This answer\n%-12s%s\n", "state", states[s->state]);
    if (s->model != NULL)
        buffer_print(text, "%-12s%s\n", "model", s->model);
    if (s->seed != 0)
        buffer_print(text, "%-12s%llu\n", "seed", (unsigned long long)s->seed);
    if (s->n_prompt > 0)
        buffer_print(text, "%-12s%zu tokens\n", "prompt", s->n_prompt);
    if (s->n_generated > 0)
        buffer_print(text, "%-12s%zu tokens", "answer", s->n_generated);
    if (s->n_generated > 0 && s->decode_ms > 0)
        buffer_print(text, ", %.1f per second", (double)s->n_generated * 1000 / s->decode_ms);
    buffer_print(text, "%s", s->n_generated > 0 ? "\n" : "");
    print_ms(text, "looking", s->encode_ms);
    print_ms(text, "reading", s->prefill_ms);
    print_ms(text, "writing", s->decode_ms);
    if (n > 1)
        buffer_print(text, "%-12s%zu of %zu\n", "branch", i + 1, n);
    if (s->left_out)
        buffer_print(text, "\nThe model is no longer told this turn.\n");
}
