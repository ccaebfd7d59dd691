#include "ui/tui.h"

#include "ui/paths.h"
#include "ui/tui_draw.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_TICK_MS = 100 };

/* ---- parts of the state -------------------------------------------------------- */

struct item *tui_add(struct tui *t, enum item_kind kind, const char *text)
{
    t->items = array_grow(t->items, t->n_items, &t->item_capacity, sizeof *t->items);
    struct item *item = &t->items[t->n_items++];
    *item = (struct item){ .kind = kind };
    buffer_append(&item->text, text, strlen(text));
    return item;
}

void tui_note(struct tui *t, enum item_kind kind, const char *format, ...)
{
    char text[600];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tui_add(t, kind, text);
}

void tui_hint(struct tui *t, bool warns, const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buffer_clear(&t->hint);
    buffer_append(&t->hint, text, strlen(text));
    t->hint_warns = warns;
}

static void free_items(struct tui *t)
{
    for (size_t i = 0; i < t->n_items; i++) {
        buffer_free(&t->items[i].text);
        wrap_free(&t->items[i].wrap);
    }
    t->n_items = 0;
    t->scrolled = false;
}

void tui_init(struct tui *t, struct engine *engine, struct transcript_log *log, const char *microphone, struct saved *saved)
{
    *t = (struct tui){ .engine = engine, .log = log, .microphone = microphone, .rows = 24, .cols = 80, .i_answer = SIZE_MAX };
    t->editor.goal = -1;
    buffer_print(&t->activity, "loading %s", engine->model);
    resume_start(t, saved);
}

/* An answer that the end of the program cuts off is kept as a stopped one. */
static void save_unfinished(struct tui *t)
{
    if (t->log != NULL && t->ask_request != 0 && t->i_answer != SIZE_MAX)
        transcript_log_answer(t->log, t->engine->model, buffer_text(&t->items[t->i_answer].text), true, NULL);
}

void tui_done(struct tui *t)
{
    save_unfinished(t);
    record_abandon(t->record);
    resume_free(t->resume);
    free_items(t);
    free(t->items);
    while (t->n_chips > 0)
        tui_free_chip(t, t->n_chips - 1);
    free(t->chips);
    tui_forget_asked(t);
    editor_free(&t->editor);
    buffer_free(&t->hint);
    buffer_free(&t->activity);
    buffer_free(&t->details);
    wrap_free(&t->details_wrap);
    free(t->perceived);
    free(t->old_model);
}

void tui_resize(struct tui *t, int rows, int cols)
{
    t->rows = rows > 0 ? rows : 1;
    t->cols = cols > 0 ? cols : 1;
}

void tui_clear(struct tui *t)
{
    struct error err;

    if (t->ask_request != 0)
        t->engine->cancel(t->engine->self);
    t->ask_request = 0;
    t->i_answer = SIZE_MAX;
    resume_free(t->resume);
    t->resume = NULL;
    t->engine->clear(t->engine->self);
    free_items(t);
    t->n_used = 0;
    if (t->log != NULL && !transcript_log_restart(t->log, &err))
        tui_note(t, ITEM_ERROR, "%s", err.text);
}

/* ---- recording ---------------------------------------------------------------------- */

void tui_tick(struct tui *t)
{
    if (t->mode != MODE_RECORDING)
        return;
    t->level = record_level(t->record);
    if (t->level.ended)
        tui_end_recording(t, true);
}

int tui_tick_ms(const struct tui *t)
{
    return t->mode == MODE_RECORDING ? RECORD_TICK_MS : -1;
}

/* ---- key presses ------------------------------------------------------------------ */

static bool is_ctrl(const struct press *p, char letter)
{
    return p->kind == PRESS_CTRL && p->letter == letter;
}

static void press_recording(struct tui *t, const struct press *p)
{
    if (p->kind == PRESS_ENTER || (p->kind == PRESS_TEXT && p->text[0] == ' '))
        tui_end_recording(t, true);
    else if (p->kind == PRESS_ESCAPE || is_ctrl(p, 'c'))
        tui_end_recording(t, false);
}

static void press_details(struct tui *t, const struct press *p)
{
    size_t page = t->rows > 3 ? (size_t)t->rows - 3 : 1, by = 0;
    bool up = p->kind == PRESS_UP || p->kind == PRESS_PAGE_UP;

    switch (p->kind) {
    case PRESS_UP: case PRESS_DOWN: by = 1; break;
    case PRESS_PAGE_UP: case PRESS_PAGE_DOWN: by = page; break;
    case PRESS_HOME: case PRESS_TOP: t->details_top = 0; break;
    case PRESS_END: case PRESS_BOTTOM: t->details_top = SIZE_MAX / 2; break;
    case PRESS_TEXT: by = p->text[0] == ' ' ? page : 0; break;
    default: break;
    }
    if (up)
        t->details_top -= by < t->details_top ? by : t->details_top;
    else
        t->details_top += by;
    tui_details_clamp(t);
    if (p->kind == PRESS_ESCAPE || p->kind == PRESS_ENTER || is_ctrl(p, 'c') || is_ctrl(p, 'd')
        || (p->kind == PRESS_TEXT && p->text[0] == 'q'))
        t->mode = MODE_CHAT;
}

/* Esc or C-c: stops what goes on; true when there was something. */
static bool stop(struct tui *t)
{
    if (t->send_waits) {
        t->send_waits = false;
        tui_hint(t, false, "not sent");
    } else if (t->ask_request != 0 || t->resume != NULL) {
        t->engine->cancel(t->engine->self);
        tui_hint(t, false, "stopping");
    } else {
        return false;
    }
    return true;
}

static void press_escape(struct tui *t)
{
    if (!stop(t) && t->n_chips > 0)
        tui_hint(t, false, "Backspace at the start removes the attachment");
}

static void press_interrupt(struct tui *t, bool armed)
{
    if (stop(t))
        return;
    if (armed)
        t->quits = true;
    t->quit_armed = true;
    tui_hint(t, false, "C-c once more quits");
}

/* Several characters at once may be a file dropped on a terminal. */
static bool press_text(struct tui *t, const struct press *p)
{
    struct paths paths;

    return p->n > 1 && paths_only(p->text, &paths) && tui_attach_all(t, &paths);
}

static void edited(struct tui *t)
{
    tui_recall_chips(t);
    if (t->send_waits)
        tui_hint(t, false, "not sent: the draft was changed");
    t->send_waits = false;
}

static void press_chat(struct tui *t, const struct press *p, bool armed)
{
    bool empty = t->editor.text.n == 0;

    if (is_ctrl(p, 'c'))
        press_interrupt(t, armed);
    else if (is_ctrl(p, 'd') && empty && t->n_chips == 0)
        t->quits = true;
    else if (is_ctrl(p, 'd') && empty)
        tui_hint(t, false, "Backspace removes the attachment; C-c twice quits");
    else if (is_ctrl(p, 'l'))
        t->redraws = true;
    else if (p->kind == PRESS_ESCAPE)
        press_escape(t);
    else if (p->kind == PRESS_ENTER)
        tui_submit(t);
    else if (p->kind == PRESS_TAB)
        tui_complete(t);
    else if (p->kind == PRESS_PAGE_UP || p->kind == PRESS_PAGE_DOWN)
        tui_scroll(t, p->kind == PRESS_PAGE_UP);
    else if (p->kind == PRESS_BACKSPACE && t->editor.at == 0 && t->n_chips > 0)
        tui_remove_chip(t);
    else if ((p->kind == PRESS_TEXT || p->kind == PRESS_PASTE) && press_text(t, p))
        return;
    else if (editor_press(&t->editor, p, tui_input_width(t)))
        edited(t);
}

void tui_press(struct tui *t, const struct press *press)
{
    bool armed = t->quit_armed;

    t->quit_armed = false;
    buffer_clear(&t->hint);
    switch (t->mode) {
    case MODE_CHAT: press_chat(t, press, armed); break;
    case MODE_DETAILS: press_details(t, press); break;
    case MODE_RECORDING: press_recording(t, press); break;
    }
}

/* ---- events ----------------------------------------------------------------------- */

static void set_activity(struct tui *t, const struct session_event *e)
{
    const struct chip *chip = tui_find_chip(t, e->request);

    buffer_clear(&t->activity);
    buffer_print(&t->activity, "%s%s%s", e->text, chip != NULL ? " " : "", chip != NULL ? buffer_text(&chip->label) : "");
    if (e->total > 0)
        buffer_print(&t->activity, " %.0f %%", 100 * e->done / e->total);
}

static void attached(struct tui *t, const struct session_event *e)
{
    struct chip *chip = tui_find_chip(t, e->request);

    if (chip == NULL)               /* removed while it was read */
        return;
    chip->state = CHIP_READY;
    chip->id = t->engine->attachment(e->attachment).id;
    tui_label(t, e->attachment, &chip->label);
    tui_perceive(t, e->attachment);
}

static void add_answer_text(struct tui *t, const char *text)
{
    if (t->i_answer == SIZE_MAX) {
        tui_add(t, ITEM_ANSWER, "");
        t->i_answer = t->n_items - 1;
        buffer_clear(&t->activity);
        buffer_print(&t->activity, "answering, Esc stops");
    }
    buffer_append(&t->items[t->i_answer].text, text, strlen(text));
}

static void trim_end(struct item *item)
{
    size_t n = item->text.n;

    while (n > 0 && strchr(" \n", item->text.s[n - 1]) != NULL)
        n--;
    buffer_remove(&item->text, n, item->text.n - n);
    wrap_reset(&item->wrap);
}

static void answered(struct tui *t, const struct session_event *e)
{
    struct error err;

    if (e->request != t->ask_request)           /* of a conversation that was cleared since */
        return;
    t->ask_request = 0;
    t->n_ctx = e->n_ctx > 0 ? e->n_ctx : t->n_ctx;
    t->n_used = e->n_used;
    if (e->decode_ms > 0 && e->n_generated > 0)
        t->tokens_per_s = (double)e->n_generated * 1000 / e->decode_ms;
    if (t->i_answer == SIZE_MAX) {
        tui_add(t, ITEM_ANSWER, "");
        t->i_answer = t->n_items - 1;
    }
    const char *text = buffer_text(&t->items[t->i_answer].text);
    bool saved = t->log == NULL || transcript_log_answer(t->log, t->engine->model, text, e->stopped, &err);
    trim_end(&t->items[t->i_answer]);
    if (!saved)
        tui_note(t, ITEM_ERROR, "%s", err.text);
    if (e->stopped) {
        tui_note(t, ITEM_NOTE, "stopped");
        buffer_clear(&t->hint);     /* "stopping" */
    } else if (e->cut) {
        tui_note(t, ITEM_NOTE, "cut off: the limit of tokens or the end of the context was reached");
    }
}

static void failed(struct tui *t, const struct session_event *e)
{
    struct chip *chip = tui_find_chip(t, e->request);

    if (chip != NULL) {
        chip->state = CHIP_FAILED;
        buffer_clear(&chip->label);
        buffer_print(&chip->label, "%s", e->err.text);
        t->send_waits = false;
        return;
    }
    if (e->request != 0 && e->request == t->ask_request) {
        t->ask_request = 0;
        tui_take_back(t);
    } else if (e->request == t->model_request) {        /* 0: the one that the chat started with */
        if (e->request != 0)
            t->engine->model = t->old_model;
        t->model_request = 0;
        t->ready = t->has_model;
        t->no_model = !t->has_model;
    } else {
        return;                     /* of a file whose chip was removed, or of what was cleared */
    }
    if (e->err.code != ERROR_CANCELLED)
        tui_note(t, ITEM_ERROR, "%s", e->err.text);
    t->send_waits = false;
}

void tui_event(struct tui *t, const struct session_event *e)
{
    if (e->kind == SESSION_PROGRESS) {
        struct chip *chip = tui_find_chip(t, e->request);
        t->active_request = e->request;
        set_activity(t, e);
        if (chip != NULL) {
            chip->done = e->done;
            chip->total = e->total;
        }
        return;
    }
    if (e->kind == SESSION_TEXT) {
        if (e->request == t->ask_request)
            add_answer_text(t, e->text);
        return;
    }
    if (e->kind == SESSION_NOTE) {
        tui_note(t, ITEM_NOTE, "%s", e->text);
        return;
    }
    if (e->kind == SESSION_DECODED)
        return;
    buffer_clear(&t->activity);
    if (resume_event(t, e)) {
        /* it came back with the saved conversation */
    } else if (e->kind == SESSION_READY) {
        t->ready = t->has_model = true;
        t->no_model = false;
        t->model_request = 0;
        t->n_ctx = e->n_ctx;
    } else if (e->kind == SESSION_ATTACHED) {
        attached(t, e);
    } else if (e->kind == SESSION_ANSWERED) {
        answered(t, e);
    } else {
        failed(t, e);
    }
    tui_send_if_ready(t);
}
