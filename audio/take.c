#include "audio/take.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/audio.h"

struct take {
    int fd;
    SNDFILE *file;
    char *path;
    bool is_cut;                    /* a write failed: the encoder writes nothing more, no length either */
};

static bool fail(const struct take *t, struct error *err)
{
    return error_set(err, ERROR_INPUT, "%s: the recording cannot be written: is the disk full?", t->path);
}

static bool open_file(struct take *t, struct error *err)
{
    SF_INFO info = { .samplerate = AUDIO_HZ, .channels = 1, .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16 };

    t->fd = open(t->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (t->fd < 0 || flock(t->fd, LOCK_EX | LOCK_NB) != 0 || ftruncate(t->fd, 0) != 0 || fchmod(t->fd, 0600) != 0)
        return error_set(err, ERROR_INPUT, "%s: the recording cannot be written: %s", t->path, strerror(errno));
    if ((t->file = sf_open_fd(t->fd, SFM_WRITE, &info, SF_FALSE)) == NULL)
        return error_set(err, ERROR_INPUT, "%s: the recording cannot be written: %s", t->path, sf_strerror(NULL));
    sf_command(t->file, SFC_SET_CLIPPING, NULL, SF_TRUE);
    return true;
}

struct take *take_open(const char *path, struct error *err)
{
    struct take *t = calloc(1, sizeof *t);

    if (t == NULL || (t->path = strdup(path)) == NULL) {
        free(t);
        error_set(err, ERROR_INFERENCE, "no memory to record");
        return NULL;
    }
    if (open_file(t, err))
        return t;
    if (t->fd >= 0)
        close(t->fd);
    free(t->path);
    free(t);
    return NULL;
}

bool take_write(struct take *t, const float *x, size_t n, struct error *err)
{
    t->is_cut = t->is_cut || sf_write_float(t->file, x, (sf_count_t)n) != (sf_count_t)n;
    if (t->is_cut)
        return fail(t, err);
    return true;
}

bool take_close(struct take *t, bool keep, struct error *err)
{
    bool ok = true;

    if (t == NULL)
        return true;
    if (!keep)
        unlink(t->path);
    if (sf_close(t->file) != 0 || close(t->fd) != 0)
        ok = !keep || t->is_cut || fail(t, err);
    free(t->path);
    free(t);
    return ok;
}
