/* tui_listen.c - captions: a take whose sound goes to the engine, too, while it is recorded.
 *
 *   record -> tick -> engine's hear ... SESSION_HEARD -> an item of the conversation
 *
 * After the take has ended the engine may still be behind: the item grows until SESSION_LISTENED. */
#include "ui/tui.h"

enum { BLOCK = 4096 };

void tui_listen(struct tui *t)
{
    if (!tui_is_idle(t) || !tui_record(t))
        return;
    t->captions.item = SIZE_MAX;
    t->captions.began = false;
    t->captions.request = t->engine->listen(t->engine->self);
    view_to_end(&t->view);
    tui_set_activity(t, "getting ready");
}

void tui_tick_captions(struct tui *t)
{
    float samples[BLOCK];
    size_t n;

    while (t->captions.request != 0 && (n = record_read(t->record, samples, BLOCK)) > 0)
        t->engine->hear(t->engine->self, samples, n);
}

static void end(struct tui *t)
{
    if (t->captions.item < t->view.n_items)
        view_hear(&t->view, t->captions.item, "", "");
    t->captions.item = SIZE_MAX;
    t->captions.request = 0;
}

/* What was heard of a take that is thrown away goes, too, unless something stands below it; what comes of it yet is passed over. */
void tui_end_captions(struct tui *t, bool keep)
{
    if (t->captions.request == 0)
        return;
    if (keep) {
        tui_tick_captions(t);
        tui_set_activity(t, "writing down the rest, Esc stops");
    } else {
        if (t->captions.item != SIZE_MAX && t->captions.item + 1 == t->view.n_items)
            view_truncate(&t->view, t->captions.item);
        end(t);
        buffer_clear(&t->activity);
    }
    t->engine->listen_end(t->engine->self, keep);
}

/* ---- events ------------------------------------------------------------------------ */

static void show(struct tui *t, const char *sure, const char *unsure)
{
    if (*sure == '\0' && *unsure == '\0' && t->captions.item == SIZE_MAX)
        return;
    if (t->captions.item >= t->view.n_items)
        t->captions.item = view_add(&t->view, ITEM_CAPTIONS, 0, "");
    view_hear(&t->view, t->captions.item, sure, unsure);
}

/* A take that could not be heard at all is not wanted; otherwise it goes on, and has what the captions lack. */
static void failed(struct tui *t, const struct error *err)
{
    if (err->code == ERROR_CANCELLED)
        return;
    if (t->mode == MODE_RECORDING && !t->captions.began)
        tui_end_recording(t, false);
    tui_note(t, ITEM_ERROR, "%s", err->text);
}

bool tui_heard(struct tui *t, const struct session_event *e)
{
    if (t->captions.request == 0 || e->request != t->captions.request)
        return false;
    if (e->kind == SESSION_HEARD) {
        t->captions.began = true;
        show(t, e->text != NULL ? e->text : "", e->unsure != NULL ? e->unsure : "");
    } else if (e->kind == SESSION_LISTENED || e->kind == SESSION_FAILED) {
        end(t);
        if (e->kind == SESSION_FAILED)
            failed(t, &e->err);
    }
    return true;
}
