#include "store/sessions_private.h"

#include <stdlib.h>
#include <string.h>

bool history_add(struct sessions *s, const char *text, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "INSERT INTO history (text) SELECT ?1 "
        "WHERE ?1 IS NOT (SELECT text FROM history ORDER BY id DESC LIMIT 1)", err);

    database_bind_text(q, 1, text);
    return database_run(&s->database, q, err);
}

static void reverse(char **texts, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        char *other = texts[i];
        texts[i] = texts[n - 1 - i];
        texts[n - 1 - i] = other;
    }
}

bool history_load(struct sessions *s, size_t n_most, char ***texts, size_t *n, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "SELECT text FROM history ORDER BY id DESC LIMIT ?1", err);
    size_t capacity = 0;
    bool no_memory = false;

    *texts = NULL;
    *n = 0;
    sqlite3_bind_int64(q, 1, n_most < INT64_MAX ? (int64_t)n_most : INT64_MAX);
    while (!no_memory && sqlite3_step(q) == SQLITE_ROW) {
        char **more = sessions_grow(*texts, *n, &capacity, sizeof **texts);
        no_memory = more == NULL;
        if (no_memory)
            break;
        *texts = more;
        more[*n] = database_text(q, 0, &no_memory);
        *n += !no_memory;
    }
    bool ok = database_done(&s->database, q, err);
    if (ok && !no_memory) {
        reverse(*texts, *n);
        return true;
    }
    while (*n > 0)
        free((*texts)[--*n]);
    free(*texts);
    *texts = NULL;
    return ok && sessions_no_memory(s, err);
}
