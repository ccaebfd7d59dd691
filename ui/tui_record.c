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
    char *path = NULL;

    t->mode = MODE_CHAT;
    if (!keep) {
        record_abandon(t->record);
        tui_hint(t, false, "the recording was thrown away");
    } else if ((path = record_finish(t->record, &err)) != NULL) {
        tui_attach(t, path);
    } else {
        tui_note(t, ITEM_ERROR, "%s", err.text);
    }
    t->record = NULL;
    free(path);
}
