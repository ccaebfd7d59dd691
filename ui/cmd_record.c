/* cmd_record.c - the chat's recording over audio/audio.h.
 *
 * No command of its own: it carries the name of one because those are the files of
 * ui/ that may include every public header (tools/lint.sh). */
#include "ui/record.h"

#include "audio/audio.h"
#include "base/folder.h"
#include "ui/buffer.h"

#include <stdlib.h>
#include <time.h>

/* A struct record is a struct capture under a name that the chat may know. */
struct record *record_start(const char *file, const char *device, struct error *err)
{
    return (struct record *)capture_start(file, device, err);
}

struct record_level record_level(const struct record *r)
{
    struct capture_level level = capture_level((const struct capture *)r);

    return (struct record_level){ level.seconds, level.peak, level.clipped, level.ended };
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

char *record_finish(struct record *r, struct error *err)
{
    char *path = take_path(err);

    if (path == NULL) {
        record_abandon(r);
    } else if (!capture_finish((struct capture *)r, path, err)) {
        free(path);
        path = NULL;
    }
    return path;
}

void record_abandon(struct record *r)
{
    capture_abandon((struct capture *)r);
}
