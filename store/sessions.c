#include "store/sessions_private.h"

#include "base/folder.h"
#include "store/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- opening -------------------------------------------------------------------- */

char *sessions_beside(const char *path, const char *ending)
{
    size_t n = strlen(path);
    char *beside = NULL;

    if (n > 3 && strcmp(path + n - 3, ".db") == 0)
        n -= 3;
    return asprintf(&beside, "%.*s%s", (int)n, path, ending) >= 0 ? beside : NULL;
}

void *sessions_grow(void *array, size_t n, size_t *capacity, size_t size)
{
    size_t wanted = *capacity > 0 ? 2 * *capacity : 16;

    if (n < *capacity)
        return array;
    array = realloc(array, wanted * size);
    if (array != NULL)
        *capacity = wanted;
    return array;
}

bool sessions_no_memory(const struct sessions *s, struct error *err)
{
    return error_set(err, ERROR_INPUT, "%s: no memory for what is in it", s->database.path);
}

/* Sessions that were begun and in which nothing was said: only those that nobody has open.
 * Whoever begins one locks it before it can be seen here. */
static bool sweep(struct sessions *s, struct error *err)
{
    static const char empty[] = "SELECT id FROM session WHERE draft = '' AND NOT EXISTS (SELECT 1 FROM turn WHERE session = session.id)";
    int64_t ids[64];
    int n = 0;
    bool ok = database_begin(&s->database, err);
    sqlite3_stmt *q = ok ? database_prepare(&s->database, empty, err) : NULL;

    while (n < 64 && sqlite3_step(q) == SQLITE_ROW)
        ids[n++] = sqlite3_column_int64(q, 0);
    ok = database_done(&s->database, q, err);
    for (int i = 0; ok && i < n; i++) {
        if (lock_is_taken(s->lock_fd, ids[i]))
            continue;
        q = database_prepare(&s->database, "DELETE FROM session WHERE id = ?1", err);
        sqlite3_bind_int64(q, 1, ids[i]);
        ok = database_run(&s->database, q, err);
    }
    return database_end(&s->database, ok, err);
}

static bool open_all(struct sessions *s, const char *path, struct error *err)
{
    char *lock = sessions_beside(path, ".lock"), *old = sessions_beside(path, "");
    bool ok = lock != NULL && old != NULL;

    if (!ok)
        error_set(err, ERROR_INPUT, "%s: no memory", path);
    ok = ok && database_open(&s->database, path, err) && (s->lock_fd = lock_open(lock, err)) >= 0
        && sweep(s, err) && sessions_import(s, old, err);
    free(lock);
    free(old);
    return ok;
}

static char *usual_path(struct error *err)
{
    char *folder = folder_data("", err), *path = NULL;

    if (folder != NULL && asprintf(&path, "%s/sessions.db", folder) < 0) {
        path = NULL;
        error_set(err, ERROR_INPUT, "no memory for a path");
    }
    free(folder);
    return path;
}

struct sessions *sessions_open(const char *path, struct error *err)
{
    struct sessions *s = calloc(1, sizeof *s);
    char *usual = path == NULL ? usual_path(err) : NULL;

    if (path == NULL)
        path = usual;
    if (s == NULL)
        error_set(err, ERROR_INPUT, "no memory for the conversations");
    else
        s->lock_fd = -1;
    if (s == NULL || path == NULL || !open_all(s, path, err)) {
        sessions_close(s);
        s = NULL;
    }
    free(usual);
    return s;
}

static void give_up_lock(struct sessions *s)
{
    if (s->locked != 0)
        lock_release(s->lock_fd, s->locked);
    s->locked = 0;
}

/* The lock is given up by name: a child that is still running holds the descriptor, too. */
void sessions_close(struct sessions *s)
{
    if (s == NULL)
        return;
    if (s->lock_fd >= 0) {
        give_up_lock(s);
        close(s->lock_fd);
    }
    database_close(&s->database);
    free(s);
}

const char *sessions_path(const struct sessions *s)
{
    return s->database.path;
}

/* ---- one session ------------------------------------------------------------------ */

static bool insert_session(struct sessions *s, int64_t *id, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database,
        "INSERT INTO session (changed, rank) VALUES (?1, 1 + coalesce((SELECT max(rank) FROM session), 0))", err);
    bool taken = false;

    sqlite3_bind_int64(q, 1, time(NULL));
    if (!database_run(&s->database, q, err))
        return false;
    *id = sqlite3_last_insert_rowid(s->database.sqlite);
    return lock_take(s->lock_fd, *id, &taken, err)
        || (taken && error_set(err, ERROR_INPUT, "%s: conversation %lld is new and locked all the same; is its lock file shared "
                               "with another database?", s->database.path, (long long)*id));
}

bool sessions_begin(struct sessions *s, int64_t *id, struct error *err)
{
    int64_t fresh = 0;
    bool ok = database_begin(&s->database, err) && insert_session(s, &fresh, err);

    if (!database_end(&s->database, ok, err)) {
        if (ok)
            lock_release(s->lock_fd, fresh);
        return false;
    }
    give_up_lock(s);
    s->locked = *id = fresh;
    return true;
}

/* *id 0: nothing was ever said or typed. */
static bool find_last(struct sessions *s, int64_t *id, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "SELECT id FROM session"
        " WHERE draft <> '' OR EXISTS (SELECT 1 FROM turn WHERE session = session.id) ORDER BY rank DESC LIMIT 1", err);

    *id = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    return database_done(&s->database, q, err);
}

/* Locks, then loads: what is loaded does not change any more. */
static bool lock_and_load(struct sessions *s, int64_t id, struct stored_session *session, bool *found, bool *in_use, struct error *err)
{
    if (id != s->locked && !lock_take(s->lock_fd, id, in_use, err))
        return false;
    bool ok = sessions_load(s, id, session, found, err);
    if (ok && *found && id != s->locked) {
        give_up_lock(s);
        s->locked = id;
    } else if (id != s->locked) {
        lock_release(s->lock_fd, id);
    }
    return ok;
}

bool sessions_resume(struct sessions *s, int64_t id, struct stored_session *session, bool *in_use, struct error *err)
{
    const bool last = id == 0;
    bool found = false;

    *session = (struct stored_session){ 0 };
    *in_use = false;
    if (err != NULL)
        err->code = ERROR_NONE;
    do {                            /* again when another program deletes it under our hands */
        if (last && !find_last(s, &id, err))
            return false;
        if (id == 0)
            return true;
        if (!lock_and_load(s, id, session, &found, in_use, err))
            return false;
    } while (last && !found);
    return found || error_set(err, ERROR_INPUT, "%s: there is no conversation %lld", s->database.path, (long long)id);
}
