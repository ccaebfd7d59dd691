#include "store/models.h"

#include "base/asset.h"
#include "base/log.h"
#include "store/manifest.h"
#include "store/models_private.h"
#include "store/pull.h"
#include "store/tree.h"
#include "store/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MS = 5000 };

struct models {
    struct manifest *manifest;
    char *folder;
    unsigned answer_ms;             /* the hub's time to begin its answer */
    bool *hub_silent;               /* it did not answer: not asked again by this program; apart, as
                                     * models_pull takes the list as const */
};

/* ---- opening ---------------------------------------------------------------------- */

/* $MYNAH_MODELS, $XDG_DATA_HOME/mynah/models, ~/.local/share/mynah/models; malloc'd. */
static char *default_folder(struct error *err)
{
    const char *own = getenv("MYNAH_MODELS"), *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char *folder = NULL;
    int n;

    if (own != NULL && *own != '\0')
        n = asprintf(&folder, "%s", own);
    else if (data != NULL && *data == '/')      /* a relative one is to be ignored: XDG base directories */
        n = asprintf(&folder, "%s/mynah/models", data);
    else if (home != NULL && *home != '\0')
        n = asprintf(&folder, "%s/.local/share/mynah/models", home);
    else
        n = -2;
    if (n < 0)
        error_set(err, ERROR_MODEL, n == -2 ? "the models have no place: set HOME, XDG_DATA_HOME or MYNAH_MODELS"
                                            : "no memory for a path");
    return n < 0 ? NULL : folder;
}

struct models *models_open_with(const char *manifest_json, const char *folder, struct error *err)
{
    struct models *m = calloc(1, sizeof *m);

    if (m != NULL) {
        m->answer_ms = ANSWER_MS;
        m->folder = folder != NULL ? strdup(folder) : NULL;
        m->hub_silent = calloc(1, sizeof *m->hub_silent);
    }
    if (m == NULL || m->folder == NULL || m->hub_silent == NULL)
        error_set(err, ERROR_MODEL, "no memory for the list of models");
    else if ((m->manifest = manifest_parse(manifest_json, err)) != NULL)
        return m;
    models_close(m);
    return NULL;
}

struct models *models_open(struct error *err)
{
    const struct asset *manifest = asset_find("models.json");
    char *folder = default_folder(err);
    struct models *m = folder == NULL ? NULL : models_open_with(manifest->data, folder, err);

    free(folder);
    return m;
}

void models_close(struct models *m)
{
    if (m == NULL)
        return;
    manifest_free(m->manifest);
    free(m->folder);
    free(m->hub_silent);
    free(m);
}

void models_wait_for_hub(struct models *m, unsigned ms)
{
    m->answer_ms = ms;
}

const char *models_folder(const struct models *m)
{
    return m->folder;
}

size_t models_count(const struct models *m)
{
    return m->manifest->n_models;
}

const struct model_entry *models_at(const struct models *m, size_t i)
{
    return &m->manifest->models[i].entry;
}

const struct model_entry *models_find(const struct models *m, const char *name)
{
    const struct manifest_model *model = manifest_find(m->manifest, name);

    return model == NULL ? NULL : &model->entry;
}

bool models_sees(const struct models *m, const struct model_entry *e)
{
    return e->projector != NULL && models_find(m, e->projector)->sees;
}

/* Those that are asked for by name: a projector comes with its text model. */
static bool unknown_name(const struct models *m, const char *name, enum error_code code, const char *text,
                         struct error *err)
{
    char names[400] = "";
    size_t n = 0;

    for (size_t i = 0; i < m->manifest->n_models && n < sizeof names; i++)
        if (m->manifest->models[i].entry.role != MODEL_PROJECTOR)
            n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n > 0 ? ", " : "", m->manifest->models[i].entry.name);
    return error_set(err, code, "%s %s; the models are %s", name, text, names);
}

/* ---- what is there ------------------------------------------------------------------ */

/* Of the sources, the one whose usable file this is, sha256 NULL: by its size: the folder may hold either's.  pulled: the
 * sha256 that was noted at the pull, which is that of a source that has none; "": none was. */
static const struct manifest_source *source_with(const struct manifest_model *model, uint64_t bytes, const char *sha256, const char *pulled)
{
    for (size_t i = 0; i < model->n_sources; i++) {
        const struct manifest_source *s = &model->sources[i];
        if (s->bytes == bytes && (sha256 == NULL || strcmp(s->sha256 != NULL ? s->sha256 : pulled, sha256) == 0))
            return s;
    }
    return NULL;
}

/* That of the last source. */
static const char *expected_sha256(const struct manifest_model *model, const char *pulled)
{
    const struct manifest_source *last = &model->sources[model->n_sources - 1];

    return last->sha256 != NULL ? last->sha256 : pulled;
}

static bool stat_file(int folder_fd, const char *file, struct stat *st)
{
    return folder_fd >= 0 && fstatat(folder_fd, file, st, 0) == 0 && S_ISREG(st->st_mode);
}

static int open_folder(const struct models *m)
{
    return open(m->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The file of that size is noted as verified, or is read now and then noted. */
static bool check_file(const struct models *m, const struct manifest_model *model, int folder_fd,
                       const struct stat *st, struct error *err)
{
    const char *file = model->entry.file, *name = model->entry.name;
    struct error inner = { 0 };
    char hex[SHA256_HEX], pulled[SHA256_HEX];

    if (source_with(model, (uint64_t)st->st_size, NULL, "") == NULL)
        return error_set(err, ERROR_MODEL, "%s/%s has %lld bytes, %llu were expected; remove it and run `mynah pull %s`",
                         m->folder, file, (long long)st->st_size, (unsigned long long)model->entry.bytes, name);
    if (!verify_noted(folder_fd, file, NULL, pulled))
        pulled[0] = '\0';
    if (*expected_sha256(model, pulled) == '\0')
        return error_set(err, ERROR_MODEL, "%s/%s was not fetched by this program, and the list of models has no sha256 for it: the hub names it; "
                         "run `mynah pull %s`", m->folder, file, name);
    bool noted = verify_noted(folder_fd, file, st, hex);
    if (!noted && !verify_hash(folder_fd, file, hex, NULL, NULL, &inner))
        return error_set(err, ERROR_MODEL, "%s/%s", m->folder, inner.text);
    if (source_with(model, (uint64_t)st->st_size, hex, pulled) == NULL)
        return error_set(err, ERROR_MODEL, "%s/%s is not the published file: its sha256 is %.16s..., %.16s... was "
                         "expected; remove it and run `mynah pull %s`", m->folder, file, hex,
                         expected_sha256(model, pulled), name);
    if (!noted)
        verify_note(folder_fd, file, st, hex);
    return true;
}

bool models_present(const struct models *m, const char *name)
{
    const struct manifest_model *model = manifest_find(m->manifest, name);
    int fd = open_folder(m);
    struct stat st;

    bool present = model != NULL && stat_file(fd, model->entry.file, &st) &&
                   source_with(model, (uint64_t)st.st_size, NULL, "") != NULL;
    if (fd >= 0)
        close(fd);
    return present;
}

static bool check_model(const struct models *m, const struct manifest_model *model, struct error *err)
{
    int fd = open_folder(m);
    struct stat st;
    bool ok;

    if (stat_file(fd, model->entry.file, &st))
        ok = check_file(m, model, fd, &st, err);
    else
        ok = error_set(err, ERROR_MODEL, "the model %s is not there (%s/%s); run `mynah pull %s` (about %.2f GB)",
                       model->entry.name, m->folder, model->entry.file, model->entry.name,
                       (double)model->entry.download_bytes / 1e9);
    if (fd >= 0)
        close(fd);
    return ok;
}

char *models_path(const struct models *m, const char *name, struct error *err)
{
    const struct manifest_model *model = manifest_find(m->manifest, name);
    char *path = NULL;

    if (model == NULL && access(name, F_OK) != 0) {
        unknown_name(m, name, ERROR_MODEL, "is neither a known model nor a file", err);
        return NULL;
    }
    if (model != NULL && !check_model(m, model, err))
        return NULL;
    int n = model == NULL ? asprintf(&path, "%s", name) : asprintf(&path, "%s/%s", m->folder, model->entry.file);
    if (n < 0) {
        error_set(err, ERROR_MODEL, "no memory for a path");
        return NULL;
    }
    return path;
}

/* ---- pulling ------------------------------------------------------------------------ */

/* Two programs that pull take turns; the second finds what the first has done. */
static bool lock(struct pull *p, int *lock_fd, struct error *err)
{
    const struct timespec pause = { 0, 200 * 1000000L };

    *lock_fd = openat(p->models_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*lock_fd < 0)
        return error_set(err, ERROR_PULL, "%s cannot be written: %s", p->folder, strerror(errno));
    p->what = "waiting for another pull";
    while (flock(*lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return error_set(err, ERROR_PULL, "%s/.lock: %s", p->folder, strerror(errno));
        if (!pull_tick(p, 0))
            return error_set(err, ERROR_CANCELLED, "stopped");
        nanosleep(&pause, NULL);
    }
    return true;
}

/* Sources in order; what each says is kept, in short, for the case that none works. */
static bool try_sources(const struct models *m, struct pull *p, struct error *err)
{
    char said[380] = "";
    size_t n = 0;

    for (size_t i = 0; i < p->model->n_sources; i++) {
        struct error e = { 0 };
        bool silent = false;
        if (p->model->sources[i].url != NULL && *m->hub_silent)
            continue;
        if (pull_source(p, i, &silent, &e))
            return true;
        if (e.code == ERROR_CANCELLED)
            return error_set(err, ERROR_CANCELLED, "stopped; `mynah pull %s` goes on from here", p->model->entry.name);
        if (silent)
            *m->hub_silent = true;
        log_info("%s: %s", p->model->entry.name, e.text);
        if (n < sizeof said)
            n += (size_t)snprintf(said + n, sizeof said - n, "%s%s", n > 0 ? "; " : "", e.text);
    }
    return error_set(err, ERROR_PULL, "%s: %s. What was fetched is kept: run `mynah pull %s` again",
                     p->model->entry.name, n > 0 ? said : "the hub does not answer", p->model->entry.name);
}

static void remove_work(int models_fd, const char *name)
{
    int fd = openat(models_fd, ".pull", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    tree_remove(fd, name);
    close(fd);
    unlinkat(models_fd, ".pull", AT_REMOVEDIR);     /* fails while it holds another model's */
}

static bool pull_locked(const struct models *m, struct pull *p, struct error *err)
{
    struct stat st;
    struct error e = { 0 };

    if (stat_file(p->models_fd, p->model->entry.file, &st)) {
        if (check_file(m, p->model, p->models_fd, &st, &e))
            return true;
        log_info("%s", e.text);     /* and is replaced */
    }
    if (!try_sources(m, p, err))
        return false;
    remove_work(p->models_fd, p->model->entry.name);
    return true;
}

bool models_pull(const struct models *m, const char *name, models_progress *progress, void *user, struct error *err)
{
    struct pull p = { .folder = m->folder, .answer_ms = m->answer_ms, .model = manifest_find(m->manifest, name), .progress = progress, .user = user };
    int lock_fd = -1;

    if (p.model == NULL)
        return unknown_name(m, name, ERROR_USAGE, "is not a known model", err);
    if (!tree_make(m->folder, err))
        return false;
    p.models_fd = open_folder(m);
    if (p.models_fd < 0)
        return error_set(err, ERROR_PULL, "%s: %s", m->folder, strerror(errno));
    bool ok = lock(&p, &lock_fd, err) && pull_locked(m, &p, err);
    if (lock_fd >= 0)
        close(lock_fd);
    close(p.models_fd);
    return ok;
}
