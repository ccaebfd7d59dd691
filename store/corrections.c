#include "store/sessions_private.h"

#include <stdlib.h>

bool corrections_put(struct sessions *s, const char *sha256, int64_t start_ms, const char *heard, const char *text, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, text != NULL
        ? "INSERT OR REPLACE INTO correction (sha256, start_ms, heard, text) VALUES (?1, ?2, ?3, ?4)"
        : "DELETE FROM correction WHERE sha256 = ?1 AND start_ms = ?2 AND heard = ?3", err);

    database_bind_text(q, 1, sha256);
    sqlite3_bind_int64(q, 2, start_ms);
    database_bind_text(q, 3, heard);
    if (text != NULL)
        database_bind_text(q, 4, text);
    return database_run(&s->database, q, err);
}

bool corrections_load(struct sessions *s, const char *sha256, struct correction **corrections, size_t *n, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database,
        "SELECT start_ms, heard, text FROM correction WHERE sha256 = ?1 ORDER BY start_ms, heard", err);
    size_t capacity = 0;
    bool failed = false;

    *corrections = NULL;
    *n = 0;
    database_bind_text(q, 1, sha256);
    while (!failed && sqlite3_step(q) == SQLITE_ROW) {
        struct correction *more = sessions_grow(*corrections, *n, &capacity, sizeof *more);
        if ((failed = more == NULL))
            break;
        *corrections = more;
        more[(*n)++] = (struct correction){ sqlite3_column_int64(q, 0), database_text(q, 1, &failed), database_text(q, 2, &failed) };
    }
    if (database_done(&s->database, q, err) && (!failed || sessions_no_memory(s, err)))
        return true;
    corrections_free(*corrections, *n);
    *corrections = NULL;
    *n = 0;
    return false;
}

void corrections_free(struct correction *corrections, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(corrections[i].heard);
        free(corrections[i].text);
    }
    free(corrections);
}
