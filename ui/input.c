#include "ui/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { MAX_PROMPT_BYTES = 16 << 20 };
static const uint64_t MAX_FILE_BYTES = (uint64_t)4 << 30;

bool input_is(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, INPUT_PATH) == 0;
}

size_t input_count(const char *const *paths, size_t n)
{
    size_t n_found = 0;

    for (size_t i = 0; i < n; i++)
        n_found += input_is(paths[i]);
    return n_found;
}

/* O_TMPFILE, or a name that is gone at once where a file system lacks it. */
static int open_nameless(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char *path = NULL;

    if (fd >= 0 || asprintf(&path, "%s/mynah-XXXXXX", folder) < 0)
        return fd;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

static bool copy_to(int fd, const char *folder, struct error *err)
{
    char bytes[1 << 16];
    uint64_t n = 0;

    for (ssize_t got; (got = read(STDIN_FILENO, bytes, sizeof bytes)) != 0;) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, ERROR_INPUT, "standard input: %s", strerror(errno));
        if (!file_write_all(fd, bytes, (size_t)got))
            return error_set(err, ERROR_INPUT, "standard input: its copy in %s cannot be written: %s; TMPDIR names another folder",
                             folder, strerror(errno));
        n += (uint64_t)got;
        if (n > MAX_FILE_BYTES)
            return error_set(err, ERROR_INPUT, "standard input: has more than 4 GB");
    }
    return n > 0 || error_set(err, ERROR_INPUT, "standard input: is empty, an image or a clip was expected");
}

static bool copy(struct error *err)
{
    const char *folder = getenv("TMPDIR");

    if (folder == NULL || *folder != '/')
        folder = "/tmp";
    if (isatty(STDIN_FILENO))
        return error_set(err, ERROR_INPUT, "standard input: is a terminal, an image or a clip was expected: mynah ... - < FILE");
    int fd = open_nameless(folder);
    if (fd < 0)
        return error_set(err, ERROR_INPUT, "standard input: its copy in %s cannot be made: %s; TMPDIR names another folder",
                         folder, strerror(errno));
    bool ok = copy_to(fd, folder, err);
    if (ok && dup2(fd, STDIN_FILENO) < 0)
        ok = error_set(err, ERROR_INPUT, "standard input: %s", strerror(errno));
    close(fd);
    return ok;
}

bool input_take(const char **paths, size_t n, struct error *err)
{
    size_t n_wanted = input_count(paths, n);

    if (n_wanted == 0)
        return true;
    if (n_wanted > 1)
        return error_set(err, ERROR_USAGE, "standard input was asked for %zu times; it can be read once", n_wanted);
    if (!copy(err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (input_is(paths[i]))
            paths[i] = INPUT_PATH;
    return true;
}

/* NULL when there is more than a prompt may have. */
static char *read_all(size_t *n)
{
    size_t room = 1 << 16;
    char *text = malloc(room);

    *n = 0;
    while (text != NULL) {
        *n += fread(text + *n, 1, room - 1 - *n, stdin);
        if (*n < room - 1)
            break;
        char *grown = room > MAX_PROMPT_BYTES ? NULL : realloc(text, room *= 2);
        if (grown == NULL)
            free(text);
        text = grown;
    }
    return text;
}

char *input_bytes(size_t *n_bytes, struct error *err)
{
    char *text = read_all(n_bytes);

    if (text == NULL)
        error_set(err, ERROR_INPUT, "standard input: more than %d MB; a prompt must fit in the model's context", MAX_PROMPT_BYTES >> 20);
    return text;
}

char *input_text(struct error *err)
{
    size_t n;
    char *text = input_bytes(&n, err);

    if (text == NULL)
        return NULL;
    text[n] = '\0';
    bool has_nul = memchr(text, '\0', n) != NULL;
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = '\0';
    if (!has_nul && n > 0)
        return text;
    error_set(err, ERROR_INPUT, has_nul ? "standard input: holds NUL bytes; a prompt is text, files are attached with -i and -a"
                                        : "standard input: is empty, a prompt was expected");
    free(text);
    return NULL;
}
