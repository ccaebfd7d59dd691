/* tui_record.c - a take from the microphone becomes an attachment. */
#include "ui/tui.h"

#include "base/clock.h"

#include <stdlib.h>

static bool start(struct tui *t)
{
    struct error err;

    t->record = record_start(t->options->microphone, t->config->microphone, &err);
    if (t->record == NULL) {
        tui_note(t, ITEM_ERROR, "%s", err.text);
        return false;
    }
    t->level = (struct record_level){ 0 };
    t->mode = MODE_RECORDING;
    return true;
}

bool tui_record(struct tui *t)
{
    hold_forget(&t->hold);
    return start(t);
}

void tui_hold(struct tui *t)
{
    switch (hold_press(&t->hold, t->mode == MODE_RECORDING, clock_ms())) {
    case HOLD_START:
        if (start(t))
            hold_started(&t->hold, clock_ms());
        break;
    case HOLD_STOP: tui_end_recording(t, true); break;
    case HOLD_NOTHING: break;
    }
}

void tui_press_recording(struct tui *t, const struct press *p)
{
    char letter = p->kind == PRESS_CTRL ? p->letter : 0;

    if (p->kind == PRESS_F2 || letter == 'q')
        tui_hold(t);
    else if (p->kind == PRESS_ENTER || (p->kind == PRESS_TEXT && p->text[0] == ' '))
        tui_end_recording(t, true);
    else if (p->kind == PRESS_ESCAPE || letter == 'c')
        tui_end_recording(t, false);
    else if (p->kind == PRESS_TEXT && t->captions.request != 0)
        tui_hint(t, false, "listening: a question can be asked when Enter has ended it");
}

void tui_tick_recording(struct tui *t)
{
    t->level = record_level(t->record);
    tui_tick_captions(t);
    if (t->level.ended || hold_is_released(&t->hold, clock_ms()))
        tui_end_recording(t, true);
}

void tui_end_recording(struct tui *t, bool keep)
{
    struct error err;
    struct buffer why = { 0 };
    bool by_itself = record_end(t->record, &why);
    char *path = NULL;

    t->mode = MODE_CHAT;
    tui_end_captions(t, keep);
    if (!keep) {
        record_abandon(t->record);
        tui_hint(t, false, "the recording was thrown away");
    } else if ((path = record_finish(t->record, &err)) != NULL) {
        if (by_itself)
            tui_note(t, ITEM_NOTE, "%s", why.s);
        tui_attach(t, path);
    } else {
        tui_note(t, ITEM_ERROR, "%s", err.text);
    }
    t->record = NULL;
    buffer_free(&why);
    free(path);
}

/* ---- the microphone ----------------------------------------------------------------- */

void tui_open_microphones(struct tui *t)
{
    struct error err;
    char *names = record_devices(&err);

    if (names != NULL)
        tui_open_panel(t, FOR_MICROPHONE, panel_devices_new(names, t->config->microphone));
    else
        tui_note(t, ITEM_ERROR, "%s", err.text);
    free(names);
}

void tui_use_microphone(struct tui *t, const char *name)
{
    struct error err;

    if (config_set(t->config, NULL, "microphone", name, &err))
        tui_hint(t, false, "the microphone is %s, also next time", *name != '\0' ? name : "the system's default");
    else
        tui_hint(t, true, "%s", err.text);
}

/* ---- what a crash left ---------------------------------------------------------------- */

void tui_tell_left_takes(struct tui *t)
{
    for (char *path; (path = record_left()) != NULL; free(path))
        tui_note(t, ITEM_NOTE, "a recording was cut off when mynah ended; what was recorded is kept: /attach %s", path);
}
