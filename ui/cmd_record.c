/* cmd_record.c - the chat's recording over audio/audio.h.
 *
 * No command of its own: it carries the name of one because those are the files of
 * ui/ that may include every public header (tools/lint.sh). */
#include "ui/record.h"

#include "audio/audio.h"
#include "base/folder.h"
#include "ui/buffer.h"
#include "ui/when.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNFINISHED "unfinished-"

struct record {
    struct capture *capture;
    char *path;                     /* while it goes on */
};

/* "FOLDER/unfinished-20261128-201533-123.flac" */
static char *new_path(const char *folder)
{
    struct buffer path = { 0 };
    char stamp[WHEN_BYTES];

    when_stamp(stamp);
    buffer_print(&path, "%s/" UNFINISHED "%s.flac", folder, stamp);
    return path.s;
}

/* The same under its lasting name. */
static char *lasting_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct buffer lasting = { 0 };

    buffer_print(&lasting, "%.*s/take-%s", (int)(slash - path), path, slash + 1 + strlen(UNFINISHED));
    return lasting.s;
}

static char *rename_take(const char *path, struct error *err)
{
    char *lasting = lasting_path(path);

    if (rename(path, lasting) == 0)
        return lasting;
    error_set(err, ERROR_INPUT, "%s: the recording cannot be renamed to %s", path, lasting);
    free(lasting);
    return NULL;
}

static void record_free(struct record *r)
{
    free(r->path);
    free(r);
}

struct record *record_start(const char *file, const char *device, struct error *err)
{
    char *folder = folder_data("recordings", err);
    struct record *r = folder == NULL ? NULL : calloc(1, sizeof *r);

    if (folder == NULL)
        return NULL;
    if (r == NULL)
        abort();
    r->path = new_path(folder);
    free(folder);
    if ((r->capture = capture_start(file, device, r->path, err)) != NULL)
        return r;
    record_free(r);
    return NULL;
}

struct record_level record_level(const struct record *r)
{
    struct capture_level level = capture_level(r->capture);

    return (struct record_level){ level.seconds, level.peak, level.rms, level.clipped, level.ended };
}

size_t record_read(struct record *r, float *x, size_t n)
{
    return capture_read(r->capture, x, n);
}

static const char *end_text(enum capture_end end)
{
    switch (end) {
    case CAPTURE_GONE: return "the microphone stopped, was it unplugged?";
    case CAPTURE_FULL: return "a recording is 4 hours at most.";
    case CAPTURE_UNWRITTEN: return "the recording cannot be written any more, is the disk full?";
    case CAPTURE_GOES_ON: break;
    }
    return NULL;
}

bool record_end(const struct record *r, struct buffer *text)
{
    struct capture_level level = capture_level(r->capture);
    const char *why = end_text(level.end);
    int seconds = (int)level.seconds;

    if (why != NULL)
        buffer_print(text, "%s The take of %d:%02d is kept.", why, seconds / 60, seconds % 60);
    return why != NULL;
}

char *record_finish(struct record *r, struct error *err)
{
    char *path = capture_finish(r->capture, err) ? rename_take(r->path, err) : NULL;

    record_free(r);
    return path;
}

void record_abandon(struct record *r)
{
    if (r == NULL)
        return;
    capture_abandon(r->capture);
    record_free(r);
}

/* ---- what a crash left ------------------------------------------------------------ */

/* Another mynah holds a lock on a take that goes on.  One without a sample is no loss. */
static char *take_over(const char *path)
{
    struct stat st;
    char *taken = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        if (st.st_size == 0)
            unlink(path);
        else
            taken = rename_take(path, NULL);
    }
    close(fd);
    return taken;
}

char *record_left(void)
{
    char *folder = folder_data("recordings", NULL), *taken = NULL;
    DIR *dir = folder != NULL ? opendir(folder) : NULL;

    for (struct dirent *entry; dir != NULL && taken == NULL && (entry = readdir(dir)) != NULL;) {
        struct buffer path = { 0 };
        if (strncmp(entry->d_name, UNFINISHED, strlen(UNFINISHED)) != 0)
            continue;
        buffer_print(&path, "%s/%s", folder, entry->d_name);
        taken = take_over(path.s);
        buffer_free(&path);
    }
    if (dir != NULL)
        closedir(dir);
    free(folder);
    return taken;
}

/* ---- devices ------------------------------------------------------------------------ */

char *record_devices(struct error *err)
{
    char *names = capture_devices(err);

    if (names == NULL || *names != '\0')
        return names;
    free(names);
    error_set(err, ERROR_INPUT, "no microphone was found: connect one, or attach a recorded file");
    return NULL;
}
