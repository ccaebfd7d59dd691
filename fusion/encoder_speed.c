#include "fusion/encoder_speed.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/log.h"
#include "fusion/kept.h"
#include "tensor/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "mynah speed 1 "     /* another number: another form */
#define MOST_MS 1e6                 /* of a row */
enum { FILE_BYTES = 64, MOST_FILES = 64 };

/* malloc'd; NULL: nothing can be kept. */
static char *path_of(const char *encoder, const struct compute *c)
{
    char name[SHA256_HEX], *text = NULL, *path = NULL;
    struct error err = { 0 };
    char *folder = folder_cache("speed", &err);

    if (folder == NULL)
        log_debug("how long encoders take is not kept: %s", err.text);
    if (folder != NULL && asprintf(&text, "%s %s %zu", encoder, compute_kernels_name(c), pool_n_threads(c->pool)) >= 0) {
        sha256_bytes(text, strlen(text), name);
        if (asprintf(&path, "%s/%s", folder, name) < 0)
            path = NULL;
        free(text);
    }
    free(folder);
    return path;
}

static double read_ms(const char *path)
{
    struct error err = { 0 };
    size_t n;
    char *text = access(path, F_OK) == 0 ? (char *)file_read(path, FILE_BYTES, &n, &err) : NULL, *end = NULL;
    double ms = text != NULL && strncmp(text, FORMAT, strlen(FORMAT)) == 0 ? strtod(text + strlen(FORMAT), &end) : 0;

    if (end == NULL || strcmp(end, "\n") != 0 || !(ms > 0 && ms < MOST_MS))
        ms = 0;
    free(text);
    return ms;
}

double encoder_speed(const char *encoder, const struct compute *c)
{
    char *path = path_of(encoder, c);
    double ms = path != NULL ? read_ms(path) : 0;

    free(path);
    return ms;
}

void encoder_speed_learn(const char *encoder, const struct compute *c, size_t n_rows, double ms)
{
    char *path = path_of(encoder, c), line[FILE_BYTES];

    if (path == NULL || n_rows == 0 || !(ms > 0)) {
        free(path);
        return;
    }
    double before = read_ms(path), now = ms / (double)n_rows;
    snprintf(line, sizeof line, FORMAT "%.6f\n", before > 0 ? (before + now) / 2 : now);
    kept_make_room(path, MOST_FILES);
    kept_write(path, line, strlen(line));
    free(path);
}
