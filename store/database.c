#include "store/database.h"

#include "base/clock.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };            /* how long another program may write before we give up */

/* ---- errors --------------------------------------------------------------------- */

/* SQLite keeps errno of some failures; of others, such as a COMMIT that cannot be written,
 * it is what the system call left a moment ago (statements begin with errno 0). */
static const char *system_reason(const struct database *d, int code, int why)
{
    const int kept = sqlite3_system_errno(d->sqlite);

    if ((code & 0xFF) == SQLITE_READONLY)
        return sqlite3_errstr(code);
    return kept != 0 ? strerror(kept) : why != 0 ? strerror(why) : sqlite3_errstr(code);
}

static bool fail(const struct database *d, int code, struct error *err)
{
    const int why = errno;
    const char *path = d->path;

    switch (code & 0xFF) {          /* the primary code: https://www.sqlite.org/rescode.html */
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(err, ERROR_INPUT, "%s: another program has been writing it for %d seconds; try again",
                         path, BUSY_MS / 1000);
    case SQLITE_FULL:
        return error_set(err, ERROR_INPUT, "%s: the disk is full: what was saved before is kept; make room and try again", path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return error_set(err, ERROR_INPUT, "%s: cannot be opened for writing (%s): check the permissions of the file and its folder, "
                         "or name another folder with XDG_DATA_HOME", path, system_reason(d, code, why));
    case SQLITE_IOERR:
        return error_set(err, ERROR_INPUT, "%s: cannot be read or written: %s; what was saved before is kept", path, system_reason(d, code, why));
    case SQLITE_NOTADB:
        return error_set(err, ERROR_INPUT, "%s: is not a database, mynah's conversations were expected; move it away to start afresh", path);
    case SQLITE_CORRUPT:
        return error_set(err, ERROR_INPUT, "%s: is damaged (%s) and was left as it is; \"sqlite3 %s .recover\" shows what can be saved; "
                         "move it and the files %s-* away to start afresh", path, sqlite3_errmsg(d->sqlite), path, path);
    case SQLITE_CONSTRAINT:
        return error_set(err, ERROR_INPUT, "%s: the conversation or its turn is not there (%s)", path, sqlite3_errmsg(d->sqlite));
    case SQLITE_NOMEM:
        return error_set(err, ERROR_INPUT, "%s: no memory", path);
    default:
        return error_set(err, ERROR_INPUT, "%s: %s", path, sqlite3_errmsg(d->sqlite));
    }
}

/* ---- statements ------------------------------------------------------------------- */

bool database_exec(struct database *d, const char *sql, struct error *err)
{
    errno = 0;
    int code = sqlite3_exec(d->sqlite, sql, NULL, NULL, NULL);

    return code == SQLITE_OK || fail(d, code, err);
}

sqlite3_stmt *database_prepare(struct database *d, const char *sql, struct error *err)
{
    sqlite3_stmt *q = NULL;

    errno = 0;
    int code = sqlite3_prepare_v2(d->sqlite, sql, -1, &q, NULL);

    if (code != SQLITE_OK)
        fail(d, code, err);
    return q;
}

void database_bind_text(sqlite3_stmt *q, int i, const char *text)
{
    sqlite3_bind_text(q, i, text, -1, SQLITE_STATIC);
}

char *database_text(sqlite3_stmt *q, int column, bool *failed)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    char *copy = strdup(text != NULL ? text : "");

    if (copy == NULL)
        *failed = true;
    return copy;
}

bool database_done(struct database *d, sqlite3_stmt *q, struct error *err)
{
    if (q == NULL)
        return false;               /* database_prepare said why */
    int code = sqlite3_finalize(q); /* the last step's */
    return code == SQLITE_OK || fail(d, code, err);
}

bool database_run(struct database *d, sqlite3_stmt *q, struct error *err)
{
    sqlite3_step(q);
    return database_done(d, q, err);
}

/* IMMEDIATE: whoever waits, waits here, where waiting is allowed, and not when a read
 * has to become a write (https://www.sqlite.org/isolation.html). */
bool database_begin(struct database *d, struct error *err)
{
    return database_exec(d, "BEGIN IMMEDIATE", err);
}

bool database_end(struct database *d, bool ok, struct error *err)
{
    ok = ok && database_exec(d, "COMMIT", err);
    if (!ok && sqlite3_get_autocommit(d->sqlite) == 0)
        sqlite3_exec(d->sqlite, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

/* ---- opening ---------------------------------------------------------------------- */

/* Nobody else may read it, also where an older file or a copy came with other rights. */
static void close_to_others(const char *path, const char *suffix)
{
    struct stat st;
    char *file = NULL;

    if (asprintf(&file, "%s%s", path, suffix) < 0)
        return;
    if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        (void)chmod(file, 0600);    /* not ours to change: then it is readable, which is no reason to stop */
    free(file);
}

/* SQLite gives -wal and -shm the rights of the file.  An existing one is not opened here:
 * closing it would give up the locks that another connection of this process has on it. */
static bool make_file(const char *path, struct error *err)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0) {
        bool ok = fchmod(fd, 0600) == 0;
        close(fd);
        return ok || error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    }
    if (errno != EEXIST || stat(path, &st) != 0)
        return error_set(err, ERROR_INPUT, "%s: cannot be made: %s; check the folder's permissions, "
                         "or name another folder with XDG_DATA_HOME", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERROR_INPUT, "%s: is not a regular file, mynah's conversations were expected; move it away", path);
    close_to_others(path, "");
    close_to_others(path, "-wal");
    close_to_others(path, "-shm");
    return true;
}

static bool read_number(struct database *d, const char *sql, int64_t *number, struct error *err)
{
    sqlite3_stmt *q = database_prepare(d, sql, err);

    *number = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    return database_done(d, q, err);
}

/* *version: 0 for a new file.  Inside a transaction: another program may be making its tables. */
static bool check_kind(struct database *d, int64_t *version, struct error *err)
{
    int64_t application = 0, n_tables = 0;

    if (!read_number(d, "PRAGMA application_id", &application, err) || !read_number(d, "PRAGMA user_version", version, err)
        || !read_number(d, "SELECT count(*) FROM sqlite_master", &n_tables, err))
        return false;
    if (application == 0 && n_tables == 0 && *version == 0)
        return true;
    if (application != SCHEMA_APPLICATION)
        return error_set(err, ERROR_INPUT, "%s: is another program's database (application id %lld, %d was expected); move it away",
                         d->path, (long long)application, SCHEMA_APPLICATION);
    if (*version > SCHEMA_VERSION)
        return error_set(err, ERROR_INPUT, "%s: was written by a newer mynah (version %lld, this one knows %d); update mynah, "
                         "or name another folder with XDG_DATA_HOME", d->path, (long long)*version, SCHEMA_VERSION);
    return true;
}

/* Two programs may be here at once: what the other has done is looked at again. */
static bool migrate(struct database *d, struct error *err)
{
    int64_t version = 0;
    char done[96];
    bool ok = database_begin(d, err) && check_kind(d, &version, err);

    for (; ok && version < SCHEMA_VERSION; version++) {
        snprintf(done, sizeof done, "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_APPLICATION, (int)version + 1);
        ok = database_exec(d, schema_steps[version], err) && database_exec(d, done, err);
    }
    return database_end(d, ok, err);
}

/* Two that make the same new file a WAL one get SQLITE_BUSY without the wait of busy_timeout. */
static bool use_wal(struct database *d, struct error *err)
{
    const double until = clock_ms() + BUSY_MS;
    int code;

    while ((code = sqlite3_exec(d->sqlite, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) == SQLITE_BUSY && clock_ms() < until)
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    return code == SQLITE_OK || fail(d, code, err);
}

static bool set_up(struct database *d, struct error *err)
{
    int64_t version = 0;

    sqlite3_extended_result_codes(d->sqlite, 1);
    sqlite3_busy_timeout(d->sqlite, BUSY_MS);
    if (sqlite3_db_readonly(d->sqlite, "main") == 1)
        return fail(d, SQLITE_READONLY, err);
    /* The file may be anybody's: nothing in its schema is run on our behalf. */
    sqlite3_db_config(d->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(d->sqlite, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(d->sqlite, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    bool ok = database_exec(d, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; BEGIN", err) && check_kind(d, &version, err);
    if (!database_end(d, ok, err))  /* nothing was written yet: a file of somebody else is as it was */
        return false;
    return use_wal(d, err) && database_exec(d, "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL", err)
        && (version == SCHEMA_VERSION || migrate(d, err));
}

bool database_open(struct database *d, const char *path, struct error *err)
{
    *d = (struct database){ .path = strdup(path) };
    if (d->path == NULL)
        return error_set(err, ERROR_INPUT, "%s: no memory", path);
    if (!make_file(path, err)) {
        database_close(d);
        return false;
    }
    int code = sqlite3_open_v2(path, &d->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    bool ok = code == SQLITE_OK ? set_up(d, err) : fail(d, code, err);
    if (!ok)
        database_close(d);
    return ok;
}

void database_close(struct database *d)
{
    sqlite3_close(d->sqlite);
    free(d->path);
    *d = (struct database){ 0 };
}
