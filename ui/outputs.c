#include "ui/outputs.h"

#include "base/file.h"
#include "ui/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---------------------------------------------------------------------- */

/* "talk" of "a/talk.mp3"; a dot at the start of a name begins no ending. */
static char *stem_of(const char *input)
{
    const char *slash = strrchr(input, '/'), *name = slash != NULL ? slash + 1 : input, *dot = strrchr(name, '.');

    if (input_is(input))
        name = dot = "stdin";
    return strndup(name, dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name));
}

static bool is_taken(const struct outputs *o, const char *name)
{
    for (size_t i = 0; i < o->n_names; i++)
        if (strcmp(o->names[i], name) == 0)
            return true;
    return false;
}

static char *free_name(const struct outputs *o, const char *input)
{
    char *stem = stem_of(input), *name = stem != NULL ? strdup(stem) : NULL;

    for (size_t k = 2; name != NULL && is_taken(o, name); k++) {
        free(name);
        if (asprintf(&name, "%s-%zu", stem, k) < 0)
            name = NULL;
    }
    free(stem);
    return name;
}

/* mkdir -p, as the umask has it. */
static bool make_folders(const char *folder, struct error *err)
{
    char *path = strdup(folder);
    struct stat st;
    bool ok = path != NULL || error_set(err, ERROR_INFERENCE, "no memory for a path");

    for (char *end = path; ok && *end != '\0';) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        char was = *end;
        *end = '\0';
        ok = mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) ||
             error_set(err, ERROR_INPUT, "--out: the folder %s cannot be made: %s", path,
                       errno == EEXIST ? "a file has that name" : strerror(errno));
        *end = was;
    }
    free(path);
    return ok;
}

bool outputs_init(struct outputs *o, const char *folder, const char *const *inputs, size_t n_inputs, bool overwrites, struct error *err)
{
    *o = (struct outputs){ .folder = folder, .overwrites = overwrites };
    if (*folder == '\0')
        return error_set(err, ERROR_USAGE, "--out takes a folder");
    if (!make_folders(folder, err))
        return false;
    o->names = calloc(n_inputs + 1, sizeof *o->names);
    while (o->names != NULL && o->n_names < n_inputs) {
        char *name = free_name(o, inputs[o->n_names]);
        if (name == NULL)
            break;
        o->names[o->n_names++] = name;
    }
    return (o->names != NULL && o->n_names == n_inputs) || error_set(err, ERROR_INFERENCE, "no memory for %zu names", n_inputs);
}

void outputs_done(struct outputs *o)
{
    for (size_t i = 0; i < o->n_names; i++)
        free(o->names[i]);
    free(o->names);
    *o = (struct outputs){ 0 };
}

/* ---- files ----------------------------------------------------------------------- */

char *outputs_path(const struct outputs *o, size_t i, const char *ending)
{
    const char *slash = o->folder[strlen(o->folder) - 1] == '/' ? "" : "/";
    char *path = NULL;

    return asprintf(&path, "%s%s%s.%s", o->folder, slash, o->names[i], ending) < 0 ? NULL : path;
}

bool outputs_free(const struct outputs *o, const char *path, struct error *err)
{
    return o->overwrites || access(path, F_OK) != 0 ||
           error_set(err, ERROR_INPUT, "%s: is there already and was left as it is; --force writes over it", path);
}

bool outputs_write(const struct outputs *o, const char *path, const char *text, struct error *err)
{
    char *part = NULL;

    if (!outputs_free(o, path, err))
        return false;
    if (asprintf(&part, "%s.part", path) < 0)
        return error_set(err, ERROR_INFERENCE, "%s: no memory", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool written = fd >= 0 && file_write_all(fd, text, strlen(text));
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && written) {
        written = false;
        why = errno;
    }
    if (written && rename(part, path) != 0) {
        written = false;
        why = errno;
    }
    if (!written && fd >= 0)
        unlink(part);
    free(part);
    return written || error_set(err, ERROR_INPUT, "%s: was not written: %s", path, strerror(why));
}
