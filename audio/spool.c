/* spool.c - a pipe's sound in a file without a name, since decoding it may need to seek. */
#include "audio/audio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)1 << 16)

/* /var/tmp is on a disk where /tmp may be memory. */
static int unnamed_file(struct error *err)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];

    if (folder == NULL || folder[0] != '/')
        folder = "/var/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        goto done;
    snprintf(path, sizeof path, "%s/mynah-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
done:
    if (fd < 0)
        error_set(err, ERROR_INPUT, "standard input: cannot be kept in %s: %s; set TMPDIR to another folder", folder, strerror(errno));
    return fd;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

int sound_spool(int fd, struct error *err)
{
    int to = unnamed_file(err);
    char *block = malloc(BLOCK_BYTES);
    ssize_t got = -1;
    bool ok = to >= 0 && (block != NULL || error_set(err, ERROR_INFERENCE, "standard input: no memory to read it"));

    while (ok && (got = read(fd, block, BLOCK_BYTES)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            ok = error_set(err, ERROR_INPUT, "standard input: %s", strerror(errno));
        else if (!write_all(to, block, (size_t)got))
            ok = error_set(err, ERROR_INPUT, "standard input: cannot be kept: %s; set TMPDIR to a folder with room", strerror(errno));
    }
    free(block);
    if (ok)
        return to;
    if (to >= 0)
        close(to);
    return -1;
}
