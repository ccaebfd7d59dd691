/* Conversations of the first release, one file each:
 *
 *   sessions/20261124-211500-4242-1.jsonl
 *   {"mynah":1,"started":"2026-11-24T21:15:00Z"}
 *   {"role":"user","text":"...","attachments":[{"path":"...","sha256":"..."}]}
 *   {"role":"assistant","model":"default","text":"...","stopped":true}
 *
 * What cannot be read of a file (a line that kill -9 cut short) is skipped; the file stays
 * where it is, and its name is noted so that it is not taken over again. */
#include "store/sessions_private.h"

#include "base/log.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- one file ---------------------------------------------------------------------- */

struct import {
    struct sessions *s;
    int64_t session, last;          /* 0: not begun; the turn added last */
    bool answered;                  /* that turn has its answer */
    time_t changed;                 /* of the file */
    size_t n_broken;
};

static const char *string_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool begin_session(struct import *in, struct error *err)
{
    struct database *d = &in->s->database;
    sqlite3_stmt *q = database_prepare(d, "INSERT INTO session (changed, rank)"
        " VALUES (?1, 1 + coalesce((SELECT max(rank) FROM session), 0))", err);

    sqlite3_bind_int64(q, 1, in->changed);
    bool ok = database_run(d, q, err);
    in->session = sqlite3_last_insert_rowid(d->sqlite);
    return ok;
}

/* Names and hashes are borrowed from the line. */
static void read_files(const cJSON *line, struct session_turn *turn)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(line, "attachments"), *item;

    turn->files = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *turn->files);
    cJSON_ArrayForEach(item, list) {
        char *path = (char *)(size_t)string_of(item, "path"), *sha256 = (char *)(size_t)string_of(item, "sha256");
        if (path != NULL && turn->files != NULL)
            turn->files[turn->n_files++] = (struct session_file){ path, sha256 };
    }
}

static bool add_question(struct import *in, const cJSON *line, const char *text, struct error *err)
{
    struct session_turn turn = { .parent = in->last, .text = (char *)(size_t)text };

    read_files(line, &turn);
    bool ok = (turn.files != NULL || sessions_no_memory(in->s, err)) && (in->session != 0 || begin_session(in, err))
        && sessions_add_turn(in->s, in->session, &turn, &in->last, err);
    free(turn.files);
    in->answered = false;
    return ok;
}

static bool add_answer(struct import *in, const cJSON *line, const char *text, struct error *err)
{
    bool stopped = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "stopped"));
    const struct session_turn facts = { .answer = (char *)(size_t)text, .state = stopped ? TURN_STOPPED : TURN_FINISHED,
                                        .model = (char *)(size_t)string_of(line, "model") };

    in->answered = true;
    return sessions_put_answer(in->s, in->last, &facts, err);
}

static bool read_line(struct import *in, const char *text, struct error *err)
{
    cJSON *line = cJSON_Parse(text);
    const char *role = string_of(line, "role"), *words = string_of(line, "text");
    bool ok = true;

    if (role != NULL && words != NULL && strcmp(role, "user") == 0)
        ok = add_question(in, line, words, err);
    else if (role != NULL && words != NULL && strcmp(role, "assistant") == 0 && in->last != 0 && !in->answered)
        ok = add_answer(in, line, words, err);
    else if (!cJSON_HasObjectItem(line, "mynah"))
        in->n_broken++;
    cJSON_Delete(line);
    return ok;
}

static bool note_name(struct sessions *s, const char *name, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "INSERT INTO imported (name) VALUES (?1)", err);

    database_bind_text(q, 1, name);
    return database_run(&s->database, q, err);
}

static bool import_lines(struct sessions *s, FILE *file, time_t changed, const char *name, struct error *err)
{
    const time_t now = time(NULL);
    struct import in = { .s = s, .changed = changed < now ? changed : now };
    char *line = NULL;
    size_t capacity = 0;
    bool ok = true;

    for (ssize_t n; ok && (n = getline(&line, &capacity, file)) > 0;)
        ok = n == 1 || read_line(&in, line, err);
    free(line);
    if (ok && in.n_broken > 0)
        log_warning("%s: %zu lines could not be read and were left out", name, in.n_broken);
    return ok && note_name(s, name, err);
}

/* A file that cannot be read, or that a first release is writing, is left for the next time. */
static bool import_file(struct sessions *s, const char *path, time_t changed, const char *name, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool is_ours = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0;
    FILE *file = is_ours ? fdopen(fd, "r") : NULL;

    if (file == NULL) {
        log_warning("%s: %s", path, is_ours || errno != EWOULDBLOCK ? strerror(errno) : "another program is writing it");
        if (fd >= 0)
            close(fd);
        return true;
    }
    bool ok = import_lines(s, file, changed, name, err);
    fclose(file);
    return ok;
}

/* ---- the folder ---------------------------------------------------------------------- */

struct old_file {
    char *path;
    const char *name;               /* in path */
    struct timespec changed;
};

/* Oldest first.  Clocks of file systems are coarse: of two changed at once the later name is the later file. */
static int compare(const void *a, const void *b)
{
    const struct old_file *x = a, *y = b;

    if (x->changed.tv_sec != y->changed.tv_sec)
        return x->changed.tv_sec < y->changed.tv_sec ? -1 : 1;
    if (x->changed.tv_nsec != y->changed.tv_nsec)
        return x->changed.tv_nsec < y->changed.tv_nsec ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_known(struct sessions *s, const char *name, bool *known, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "SELECT 1 FROM imported WHERE name = ?1", err);

    database_bind_text(q, 1, name);
    *known = sqlite3_step(q) == SQLITE_ROW;
    return database_done(&s->database, q, err);
}

static bool is_jsonl(const char *name)
{
    size_t n = strlen(name);

    return n > 6 && strcmp(name + n - 6, ".jsonl") == 0;
}

struct old_files { struct old_file *at; size_t n, capacity; };

static bool add_file(struct sessions *s, struct old_files *files, const char *folder, const char *name, struct error *err)
{
    struct old_file *more = sessions_grow(files->at, files->n, &files->capacity, sizeof *more);
    struct stat st;
    char *path = NULL;

    if (more != NULL)
        files->at = more;
    if (more == NULL || asprintf(&path, "%s/%s", folder, name) < 0)
        return sessions_no_memory(s, err);
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
        more[files->n++] = (struct old_file){ path, path + strlen(folder) + 1, st.st_mtim };
    else
        free(path);
    return true;
}

/* Those that were not taken over yet. */
static bool find_files(struct sessions *s, const char *folder, struct old_files *files, struct error *err)
{
    DIR *dir = opendir(folder);
    bool ok = true, known = false;

    for (struct dirent *entry; ok && dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (!is_jsonl(entry->d_name))
            continue;
        ok = is_known(s, entry->d_name, &known, err) && (known || add_file(s, files, folder, entry->d_name, err));
    }
    if (dir != NULL)
        closedir(dir);
    return ok;
}

/* Another program may have been faster: what is known is asked again. */
static bool import_all(struct sessions *s, const struct old_files *files, struct error *err)
{
    bool known = false, ok = database_begin(&s->database, err);

    for (size_t i = 0; ok && i < files->n; i++) {
        const struct old_file *file = &files->at[i];
        ok = is_known(s, file->name, &known, err)
            && (known || import_file(s, file->path, file->changed.tv_sec, file->name, err));
    }
    return database_end(&s->database, ok, err);
}

bool sessions_import(struct sessions *s, const char *folder, struct error *err)
{
    struct old_files files = { 0 };
    bool ok = find_files(s, folder, &files, err);

    if (ok && files.n > 0) {
        qsort(files.at, files.n, sizeof *files.at, compare);
        ok = import_all(s, &files, err);
    }
    for (size_t i = 0; i < files.n; i++)
        free(files.at[i].path);
    free(files.at);
    return ok;
}
