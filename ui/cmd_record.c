/* cmd_record.c - the chat's recording over audio/audio.h.
 *
 * No command of its own: it carries the name of one because those are the files of
 * ui/ that may include every public header (tools/lint.sh). */
#include "ui/record.h"

#include "audio/audio.h"

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

bool record_finish(struct record *r, const char *path, struct error *err)
{
    return capture_finish((struct capture *)r, path, err);
}

void record_abandon(struct record *r)
{
    capture_abandon((struct capture *)r);
}
