#include "ui/export.h"

#include "base/file.h"
#include "base/utf8.h"
#include "ui/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

enum { NAME_BYTES = 80, TRIES = 1000 };

static bool stays(uint32_t code)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);

    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO) || code == '_';
}

/* Letters, marks and digits of any script; all between two of them is one hyphen. */
static void name_of(const char *title, struct buffer *name)
{
    size_t n = strlen(title), used;
    uint32_t code;
    bool gap = false;

    for (size_t i = 0; i < n; i += used) {
        used = utf8_decode(title + i, n - i, &code);
        if (used == 0)
            break;
        if (!stays(code) || code == UTF8_REPLACEMENT) {
            gap = name->n > 0;
            continue;
        }
        if (name->n + used + 1 > NAME_BYTES)
            break;
        if (gap)
            buffer_append(name, "-", 1);
        gap = false;
        buffer_append(name, title + i, used);
    }
    if (name->n == 0)
        buffer_print(name, "conversation");
}

static int create(const char *name, struct buffer *path)
{
    int fd = -1;

    errno = EEXIST;
    for (int i = 1; i < TRIES && fd < 0 && errno == EEXIST; i++) {
        buffer_clear(path);
        if (i == 1)
            buffer_print(path, "%s.md", name);
        else
            buffer_print(path, "%s-%d.md", name, i);
        fd = open(path->s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    return fd;
}

/* Takes fd over; a half-written file is removed. */
static bool fill(int fd, const char *path, const char *text, struct error *err)
{
    bool written = file_write_all(fd, text, strlen(text));
    int why = errno;

    if (close(fd) != 0 && written) {
        written = false;
        why = errno;
    }
    if (written)
        return true;
    unlink(path);
    return error_set(err, ERROR_INPUT, "%s: was not written: %s", path, strerror(why));
}

char *export_markdown(const char *title, const char *markdown, struct error *err)
{
    struct buffer name = { 0 }, path = { 0 };

    name_of(title, &name);
    int fd = create(name.s, &path);
    buffer_free(&name);
    if (fd < 0)
        error_set(err, ERROR_INPUT, "%s: cannot be written here: %s; start mynah in a folder of yours", buffer_text(&path), strerror(errno));
    else if (fill(fd, path.s, markdown, err))
        return path.s;
    buffer_free(&path);
    return NULL;
}

bool export_to(const char *path, const char *markdown, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0)
        return error_set(err, ERROR_INPUT, "%s: cannot be written: %s", path, errno == EEXIST ? "a file of that name is there" : strerror(errno));
    return fill(fd, path, markdown, err);
}
