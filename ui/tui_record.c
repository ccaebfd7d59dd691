/* tui_record.c - a take from the microphone becomes an attachment. */
#include "ui/tui.h"

#include "base/folder.h"

#include <stdlib.h>
#include <time.h>

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

static char *take_path(struct error *err)
{
    char *folder = folder_data("recordings", err);
    struct buffer path = { 0 };
    struct timespec now;
    struct tm local;
    char stamp[32];

    if (folder == NULL)
        return NULL;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
    buffer_print(&path, "%s/take-%s-%03ld.wav", folder, stamp, now.tv_nsec / 1000000);
    free(folder);
    return path.s;
}

void tui_end_recording(struct tui *t, bool keep)
{
    struct error err;
    struct record *record = t->record;
    char *path = keep ? take_path(&err) : NULL;

    t->mode = MODE_CHAT;
    t->record = NULL;
    if (path == NULL)
        record_abandon(record);
    if (!keep)
        tui_hint(t, false, "the recording was thrown away");
    else if (path != NULL && record_finish(record, path, &err))
        tui_attach(t, path);
    else
        tui_note(t, ITEM_ERROR, "%s", err.text);
    free(path);
}
