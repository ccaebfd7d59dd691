#include "ui/tui.h"

#include "base/clock.h"
#include "ui/sanitise.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOUND_TICK_MS = 100, SAVE_DRAFT_MS = 1000, HINT_MARGIN = 4 };

/* ---- parts of the state -------------------------------------------------------- */

static void print_text(struct buffer *b, const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        abort();
    buffer_clear(b);
    buffer_append(b, text, strlen(text));
    free(text);
}

void tui_note(struct tui *t, enum item_kind kind, const char *format, ...)
{
    struct buffer text = { 0 };
    va_list args;

    va_start(args, format);
    print_text(&text, format, args);
    va_end(args);
    view_add(&t->view, kind, 0, buffer_text(&text));
    buffer_free(&text);
}

/* A warning that the status line would cut stands in the conversation, where it can be read. */
void tui_hint(struct tui *t, bool warns, const char *format, ...)
{
    const struct item *last = t->view.n_items > 0 ? &t->view.items[t->view.n_items - 1] : NULL;
    va_list args;

    va_start(args, format);
    print_text(&t->hint, format, args);
    va_end(args);
    t->hint_warns = warns;
    if (!warns || t->panel != NULL || sanitise_width(t->hint.s, t->hint.n) + HINT_MARGIN <= t->cols)
        return;
    if (last == NULL || last->turn != 0 || strcmp(buffer_text(&last->text), t->hint.s) != 0)
        tui_note(t, ITEM_ERROR, "%s", t->hint.s);
    buffer_clear(&t->hint);
}

void tui_set_activity(struct tui *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_text(&t->activity, format, args);
    va_end(args);
}

void tui_perceive(struct tui *t, const struct attachment *a)
{
    for (size_t i = 0; i < t->n_perceived; i++)
        if (t->perceived[i] == a)
            return;
    t->perceived = array_grow(t->perceived, t->n_perceived, &t->perceived_capacity, sizeof *t->perceived);
    t->perceived[t->n_perceived++] = a;
}

void tui_attach(struct tui *t, const char *path)
{
    if (draft_attach(&t->draft, path))
        tui_draft_edited(t);
    else
        tui_hint(t, false, "that file is attached already");
}

bool tui_is_idle(struct tui *t)
{
    bool idle = t->talk.request == 0 && !talk_waits(&t->talk) && t->model_request == 0 && t->question.text == NULL && t->captions.request == 0;

    if (!idle)
        tui_hint(t, true, "not now: Esc stops what goes on");
    return idle;
}

/* ---- life -------------------------------------------------------------------------- */

void tui_init(struct tui *t, struct engine *engine, struct sessions *sessions, const struct options *options)
{
    struct config *config = options->config;
    char **history;
    size_t n_history;

    *t = (struct tui){ .engine = engine, .sessions = sessions, .options = options, .config = config,
                       .rows = 24, .cols = 80, .n_colors = 256, .i_answer = SIZE_MAX, .below = -1, .captions.item = SIZE_MAX };
    t->view.plain = !config->markdown;
    talk_init(&t->talk, engine, sessions);
    draft_init(&t->draft, engine);
    settings_init(&t->settings, options);
    loras_init(&t->loras, options);
    editor_set_vi(&t->draft.editor, strcmp(config->keys, "vi") == 0);
    tui_set_activity(t, "loading %s", engine->model);
    if (sessions != NULL && history_load(sessions, 1000, &history, &n_history, NULL)) {
        for (size_t i = 0; i < n_history; i++) {
            editor_remember(&t->draft.editor, history[i]);
            free(history[i]);
        }
        free(history);
    }
    if (options->fresh)
        talk_begin(&t->talk);
    else
        tui_open_session(t, 0);
    if (config->n_problems > 0)
        tui_note(t, ITEM_ERROR, "%s%s", config->problems.text, config->n_problems > 1 ? " (there are more)" : "");
}

/* With the long pastes, as text. */
void tui_save_draft(struct tui *t)
{
    if (!t->draft_changed)
        return;
    t->draft_changed = false;
    char *draft = draft_text(&t->draft);
    talk_set_draft(&t->talk, draft);
    free(draft);
}

void tui_done(struct tui *t)
{
    tui_save_draft(t);
    tui_close_panel(t);
    record_abandon(t->record);
    tui_drop_question(t);
    talk_done(&t->talk);
    draft_done(&t->draft);
    complete_close(&t->complete);
    view_free(&t->view);
    settings_done(&t->settings);
    loras_done(&t->loras);
    buffer_free(&t->hint);
    buffer_free(&t->activity);
    buffer_free(&t->finding);
    buffer_free(&t->wishes.copy);
    free(t->perceived);
}

void tui_resize(struct tui *t, int rows, int cols)
{
    t->rows = rows > 0 ? rows : 1;
    t->cols = cols > 0 ? cols : 1;
}

/* ---- time ----------------------------------------------------------------------------- */

void tui_draft_changed(struct tui *t)
{
    if (!t->draft_changed)
        t->draft_changed_ms = clock_ms();
    t->draft_changed = true;
}

/* When a question that is on its way is asked, the draft is cleared: what was added since would be lost. */
void tui_draft_edited(struct tui *t)
{
    if (t->send_waits || t->question.text != NULL)
        tui_hint(t, false, "not sent: the draft was changed");
    t->send_waits = false;
    tui_drop_question(t);
    tui_draft_changed(t);
}

void tui_tick(struct tui *t)
{
    if (t->draft_changed && clock_ms() - t->draft_changed_ms >= SAVE_DRAFT_MS)
        tui_save_draft(t);
    if (t->mode == MODE_RECORDING)
        tui_tick_recording(t);
    if (t->play != NULL)
        tui_tick_playing(t);
}

int tui_tick_ms(const struct tui *t)
{
    return t->mode == MODE_RECORDING || t->play != NULL ? SOUND_TICK_MS : t->draft_changed ? SAVE_DRAFT_MS : -1;
}

static void ask_for_gauge(struct tui *t)
{
    struct talk_question q = { .parent = talk_head_id(&t->talk), .text = "" };    /* measures what is told */

    if (!t->gauges || !t->ready || talk_waits(&t->talk) || t->talk.request != 0)
        return;
    t->gauges = false;
    t->gauge_request = talk_measure(&t->talk, &q);
}

/* ---- key presses ------------------------------------------------------------------ */

bool tui_stop(struct tui *t)
{
    if (t->send_waits || t->question.text != NULL) {
        bool summing_up = t->question.after_summary;
        tui_drop_question(t);
        t->send_waits = false;
        if (summing_up)
            t->engine->cancel(t->engine->self);
        tui_hint(t, false, "not sent");
    } else if (t->talk.request != 0 || talk_waits(&t->talk) || t->captions.request != 0) {
        t->engine->cancel(t->engine->self);
        tui_hint(t, false, "stopping");
    } else {
        return false;
    }
    return true;
}

static void press_one(struct tui *t, const struct press *press)
{
    buffer_clear(&t->hint);
    if (press->kind == PRESS_CTRL && press->letter == 'l') {
        t->wishes.redraw = true;
        return;
    }
    if (press->kind == PRESS_MOUSE) {
        t->quit_armed = false;
        tui_press_mouse(t, press);
        ask_for_gauge(t);           /* another conversation may have been opened */
        return;
    }
    if (t->panel != NULL) {
        tui_press_panel(t, press);
        ask_for_gauge(t);           /* another conversation may have been opened */
        return;
    }
    switch (t->mode) {
    case MODE_CHAT: tui_press_chat(t, press); break;
    case MODE_BROWSE: tui_press_browse(t, press); break;
    case MODE_FIND: tui_press_find(t, press); break;
    case MODE_RECORDING: tui_press_recording(t, press); break;
    }
    ask_for_gauge(t);
}

/* Letters that came at once, as a slow line brings them, are so many keys where they are not text. */
void tui_press(struct tui *t, const struct press *press)
{
    struct press rest = *press;
    const struct panel *before = t->panel;
    uint32_t code;

    while (rest.kind == PRESS_TEXT && rest.n > 0 && (t->panel != NULL || t->mode == MODE_BROWSE)) {
        char one[5] = "";
        size_t n = utf8_decode(rest.text, rest.n, &code);
        memcpy(one, rest.text, n);
        press_one(t, &(struct press){ .kind = PRESS_TEXT, .text = one, .n = n });
        rest.text += n;
        rest.n -= n;
        if (t->panel != NULL && t->panel != before)
            return;                 /* not seen yet: the next key is no answer to it */
    }
    if (rest.kind != PRESS_TEXT || rest.n > 0)
        press_one(t, &rest);
}

void tui_edited(struct tui *t, char *text)
{
    if (text == NULL) {
        tui_hint(t, false, "the draft was left as it was");
        return;
    }
    draft_set(&t->draft, text);
    tui_draft_edited(t);
    free(text);
}

/* ---- events ----------------------------------------------------------------------- */

/* The file of the draft that is being read; "": none of them. */
static const char *chip_name(const struct tui *t, uint32_t request)
{
    for (size_t i = 0; i < t->draft.n_chips; i++)
        if (t->draft.chips[i].kind == CHIP_FILE && t->draft.chips[i].request == request) {
            const char *slash = strrchr(t->draft.chips[i].path, '/');
            return slash != NULL ? slash + 1 : t->draft.chips[i].path;
        }
    return "";
}

static void show_progress(struct tui *t, const struct session_event *e)
{
    const char *name = chip_name(t, e->request);

    buffer_clear(&t->activity);
    buffer_print(&t->activity, "%s%s%s", e->text != NULL ? e->text : "", *name != '\0' ? " " : "", name);
    if (e->total > 0)
        buffer_print(&t->activity, " %.0f %%", 100 * e->done / e->total);
}

static void add_answer_text(struct tui *t, const char *text)
{
    if (t->i_answer == SIZE_MAX) {
        t->i_answer = view_add(&t->view, ITEM_ANSWER, t->talk.asking, "");
        t->view.items[t->i_answer].live = true;
    }
    tui_set_activity(t, "answering, Esc stops");
    view_append(&t->view, t->i_answer, text, strlen(text));
}

static void end_answer(struct tui *t)
{
    if (t->i_answer != SIZE_MAX)
        t->view.items[t->i_answer].live = false;
    t->i_answer = SIZE_MAX;
}

static void answered(struct tui *t, const struct session_event *e)
{
    t->n_ctx = e->n_ctx > 0 ? e->n_ctx : t->n_ctx;
    t->n_used = e->n_used;
    if (e->decode_ms > 0 && e->n_generated > 0)
        t->tokens_per_s = (double)e->n_generated * 1000 / e->decode_ms;
    if (e->prefill_ms > 0 && e->n_prompt > e->n_reused)
        t->draft.prefill_per_s = (double)(e->n_prompt - e->n_reused) * 1000 / e->prefill_ms;
    end_answer(t);
    if (e->stopped) {
        tui_note(t, ITEM_NOTE, "stopped; /continue goes on");
        buffer_clear(&t->hint);     /* "stopping" */
    } else if (e->cut) {
        tui_note(t, ITEM_NOTE, "cut off: the limit of tokens or the end of the context was reached; /continue goes on");
    }
    if (t->question.after_summary)
        tui_ask_after_summary(t);
}

static void failed(struct tui *t, const struct session_event *e)
{
    end_answer(t);
    tui_drop_question(t);
    if (e->err.code != ERROR_CANCELLED)
        tui_note(t, ITEM_ERROR, "%s", e->err.text);
    tui_note(t, ITEM_NOTE, "no answer; /retry asks again");
}

static void loaded(struct tui *t, const struct session_event *e)
{
    t->ready = t->has_model = true;
    t->no_model = false;
    t->model_request = 0;
    t->n_ctx = t->draft.n_ctx = e->n_ctx;
    t->n_used = e->n_used > 0 ? e->n_used : t->n_used;
}

/* 0: the model that the chat started with. */
static void not_loaded(struct tui *t, const struct session_event *e)
{
    t->model_request = 0;
    t->ready = t->has_model;
    t->no_model = !t->has_model;
    t->send_waits = false;
    if (e->err.code != ERROR_CANCELLED)
        tui_note(t, ITEM_ERROR, "%s", e->err.text);
}

/* A file of an earlier turn came back, or did not. */
static void file_returned(struct tui *t, const struct session_event *e)
{
    if (e->kind == SESSION_ATTACHED)
        tui_attached(t, e->attachment);
    else
        tui_note(t, ITEM_ERROR, "%s", e->err.text);
    tui_show_branch_again(t);
}

static void turn_event(struct tui *t, const struct session_event *e)
{
    int64_t id;

    switch (talk_event(&t->talk, e, &id)) {
    case TALK_TEXT: add_answer_text(t, e->text); break;
    case TALK_ANSWERED: answered(t, e); break;
    case TALK_FAILED: failed(t, e); break;
    case TALK_FILE: file_returned(t, e); break;
    case TALK_OTHER:
        if (e->kind == SESSION_FAILED && e->request == t->model_request)
            not_loaded(t, e);
        break;
    }
}

static void tell_eyes(struct tui *t, const struct session_event *e)
{
    struct buffer said = { 0 };

    t->eyes_request = 0;
    if (e->kind == SESSION_EYES)
        eyes_told(t->engine->eyes, &said);
    tui_note(t, e->kind == SESSION_EYES ? ITEM_NOTE : ITEM_ERROR, "%s", e->kind == SESSION_EYES ? buffer_text(&said) : e->err.text);
    buffer_free(&said);
}

static void set_gauge(struct tui *t, const struct session_event *e)
{
    t->gauge_request = 0;
    if (e->kind == SESSION_MEASURED)
        t->n_used = e->n_prompt;
}

static void tell_unsaved(struct tui *t)
{
    if (t->talk.unsaved.code == ERROR_NONE || t->told_unsaved)
        return;
    t->told_unsaved = true;
    tui_note(t, ITEM_ERROR, "%s; from here on this conversation is not saved", t->talk.unsaved.text);
}

void tui_event(struct tui *t, const struct session_event *e)
{
    const struct attachment *attached = NULL;
    bool goes_on = e->kind == SESSION_PROGRESS || e->kind == SESSION_TEXT || e->kind == SESSION_NOTE || e->kind == SESSION_DECODED ||
                   e->kind == SESSION_HEARD;

    if (!goes_on)
        buffer_clear(&t->activity);
    if (e->kind == SESSION_CORRECTED || e->kind == SESSION_LOOKED) {
        tui_corrected(t, e->attachment);
    } else if (draft_event(&t->draft, e, &attached)) {
        if (attached != NULL)
            tui_attached(t, attached);
        if (e->kind == SESSION_FAILED)
            t->send_waits = false;
        if (e->kind == SESSION_PROGRESS)
            show_progress(t, e);
    } else if (e->kind == SESSION_PROGRESS) {
        show_progress(t, e);
    } else if (tui_heard(t, e)) {
        /* it is in the conversation */
    } else if (e->kind == SESSION_NOTE) {
        tui_note(t, ITEM_NOTE, "%s", e->text);
    } else if (t->eyes_request != 0 && e->request == t->eyes_request) {
        tell_eyes(t, e);
    } else if (e->kind == SESSION_READY) {
        loaded(t, e);
    } else if (t->gauge_request != 0 && e->request == t->gauge_request) {
        set_gauge(t, e);
    } else if (t->preview_request != 0 && e->request == t->preview_request) {
        tui_previewed(t, e);
    } else if (!tui_measured(t, e)) {
        turn_event(t, e);
    }
    tell_unsaved(t);
    tui_send_if_ready(t);
    ask_for_gauge(t);
}
