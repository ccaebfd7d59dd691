/* tui_record.c - a take from the microphone becomes an attachment. */
#include "ui/tui.h"

#include <stdlib.h>

void tui_record(struct tui *t)
{
    struct error err;

    t->record = record_start(t->options->microphone, t->config->microphone, &err);
    if (t->record == NULL) {
        tui_note(t, ITEM_ERROR, "%s", err.text);
        return;
    }
    t->level = (struct record_level){ 0 };
    t->mode = MODE_RECORDING;
}

void tui_end_recording(struct tui *t, bool keep)
{
    struct error err;
    struct buffer why = { 0 };
    bool by_itself = record_end(t->record, &why);
    char *path = NULL;

    t->mode = MODE_CHAT;
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

void tui_tell_left_takes(struct tui *t)
{
    for (char *path; (path = record_left()) != NULL; free(path))
        tui_note(t, ITEM_NOTE, "a recording was cut off when mynah ended; what was recorded is kept: /attach %s", path);
}
