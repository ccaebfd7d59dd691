/* sessions_check.c - whether the database is whole, for `mynah doctor`. */
#include "store/sessions_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool count(struct sessions *s, const char *sql, size_t *n, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, sql, err);

    *n = 0;
    if (sqlite3_step(q) == SQLITE_ROW)
        *n = (size_t)sqlite3_column_int64(q, 0);
    return database_done(&s->database, q, err);
}

/* One row "ok", or rows that each say what is wrong. */
static bool is_whole(struct sessions *s, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "PRAGMA integrity_check", err);
    bool failed = false;
    char *first = sqlite3_step(q) == SQLITE_ROW ? database_text(q, 0, &failed) : NULL;
    bool done = database_done(&s->database, q, err);
    bool ok = done && first != NULL && strcmp(first, "ok") == 0;

    if (done && !ok)
        error_set(err, ERROR_INPUT, "%s: is damaged: %s; move it away and mynah begins a new one", s->database.path,
                  first != NULL ? first : "nothing can be read");
    free(first);
    return ok;
}

bool sessions_check(struct sessions *s, size_t *n_sessions, size_t *n_turns, uint64_t *n_bytes, struct error *err)
{
    struct stat st;

    *n_bytes = stat(s->database.path, &st) == 0 ? (uint64_t)st.st_size : 0;
    return is_whole(s, err) && count(s, "SELECT count(DISTINCT session) FROM turn", n_sessions, err)
           && count(s, "SELECT count(*) FROM turn", n_turns, err);
}
