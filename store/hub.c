#include "store/hub.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { N_HEX = SHA256_HEX - 1 };

static bool is_sha256(const char *text)
{
    return strspn(text, "0123456789abcdef") == N_HEX && text[N_HEX] == '\0';
}

void hub_init(struct hub *h, int work_fd)
{
    int fd = openat(work_fd, HUB_KEPT, O_RDONLY | O_CLOEXEC);

    *h = (struct hub){ .work_fd = work_fd };
    if (fd < 0)
        return;
    if (read(fd, h->sha256, N_HEX) != N_HEX || !is_sha256(h->sha256))
        h->sha256[0] = '\0';
    close(fd);
}

void hub_new_answer(struct hub *h)
{
    h->etag[0] = h->size[0] = '\0';
}

/* The value of a header of that name, without quotation marks and what a terminal should not get. */
static void take(const char *line, size_t n, const char *name, char *to, size_t n_to)
{
    size_t n_name = strlen(name), n_put = 0;

    if (n <= n_name || strncasecmp(line, name, n_name) != 0 || line[n_name] != ':' || to[0] != '\0')
        return;
    for (size_t i = n_name + 1; i < n && n_put < n_to - 1; i++)
        if (isgraph((unsigned char)line[i]) && line[i] != '"')
            to[n_put++] = (char)tolower((unsigned char)line[i]);
    to[n_put] = '\0';
}

void hub_take_header(struct hub *h, const char *line, size_t n)
{
    take(line, n, "X-Linked-ETag", h->etag, sizeof h->etag);
    take(line, n, "X-Linked-Size", h->size, sizeof h->size);
}

bool hub_named(const struct hub *h, uint64_t bytes, char sha256[SHA256_HEX], struct error *err)
{
    char *end;

    if (h->etag[0] == '\0')
        return error_set(err, ERROR_PULL, "the answer names no sha256 for the file, and the list of models has none: a header X-Linked-ETag "
                         "with 64 hexadecimal digits was expected");
    if (!is_sha256(h->etag))
        return error_set(err, ERROR_PULL, "X-Linked-ETag is %.80s: a sha256, 64 hexadecimal digits, was expected", h->etag);
    errno = 0;
    if (h->size[0] != '\0' && (strtoull(h->size, &end, 10) != bytes || *end != '\0' || errno != 0))
        return error_set(err, ERROR_PULL, "X-Linked-Size is %s: %llu bytes were expected", h->size, (unsigned long long)bytes);
    memcpy(sha256, h->etag, SHA256_HEX);
    return true;
}

bool hub_keep(struct hub *h, const char *sha256, struct error *err)
{
    int fd = openat(h->work_fd, HUB_KEPT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && file_write_all(fd, sha256, N_HEX);

    if (fd >= 0)
        close(fd);
    if (!ok)
        return error_set(err, ERROR_PULL, HUB_KEPT ": %s", strerror(errno));
    memcpy(h->sha256, sha256, SHA256_HEX);
    return true;
}
