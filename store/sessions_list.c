#include "store/sessions_private.h"

#include "base/utf8.h"
#include "store/fold.h"
#include "store/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the line around what was found ------------------------------------------------- */

enum { FOUND_BEFORE = 24, FOUND_CHARACTERS = 80 };  /* graphemes that are shown before it, and in all */

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* malloc'd; NULL without memory. */
static char *line_around(const char *text, size_t n, size_t at)
{
    size_t from = at, to = at;

    for (int i = 0; i < FOUND_BEFORE && from > 0 && !ends_line(text[from - 1]); i++)
        from = utf8_grapheme_previous(text, n, from);
    for (int i = 0; i < FOUND_CHARACTERS - FOUND_BEFORE && to < n && !ends_line(text[to]); i++)
        to = utf8_grapheme_next(text, n, to);
    bool before = from > 0 && !ends_line(text[from - 1]), after = to < n && !ends_line(text[to]);
    while (from < at && (text[from] == ' ' || text[from] == '\t'))
        from++;
    char *line = NULL;
    return asprintf(&line, "%s%.*s%s", before ? "…" : "", (int)(to - from), text + from, after ? "…" : "") >= 0 ? line : NULL;
}

/* ---- searching -------------------------------------------------------------------------- */

/* *found: the line, when it is there; else untouched. */
static bool column_holds(sqlite3_stmt *q, int column, const char *folded, char **found)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    size_t n = (size_t)sqlite3_column_bytes(q, column), at, end;

    if (text == NULL || !fold_find(text, n, folded, &at, &end))
        return false;
    *found = line_around(text, n, at);
    return true;
}

/* The newest turn that holds it decides: *found, NULL when there is none. */
static bool search_turns(struct sessions *s, int64_t session, const char *folded, char **found, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "SELECT t.text, a.text FROM turn t LEFT JOIN answer a ON a.turn = t.id"
        " WHERE t.session = ?1 ORDER BY t.id DESC", err);
    bool holds = false;

    *found = NULL;
    sqlite3_bind_int64(q, 1, session);
    while (!holds && sqlite3_step(q) == SQLITE_ROW)
        holds = column_holds(q, 0, folded, found) || column_holds(q, 1, folded, found);
    return database_done(&s->database, q, err) && (!holds || *found != NULL || sessions_no_memory(s, err));
}

/* folded: NULL when everything is wanted. */
static bool search_entry(struct sessions *s, struct session_entry *entry, const char *folded, bool *wanted, struct error *err)
{
    size_t at, end;

    *wanted = folded == NULL || fold_find(entry->title, strlen(entry->title), folded, &at, &end);
    if (*wanted) {
        entry->found = strdup("");
        return entry->found != NULL || sessions_no_memory(s, err);
    }
    bool ok = search_turns(s, entry->id, folded, &entry->found, err);
    *wanted = entry->found != NULL;
    return ok;
}

/* ---- the list ------------------------------------------------------------------------------ */

void session_entries_free(struct session_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(entries[i].title);
        free(entries[i].found);
    }
    free(entries);
}

static bool read_entry(struct sessions *s, sqlite3_stmt *q, struct session_entry *entry, struct error *err)
{
    *entry = (struct session_entry){
        .id = sqlite3_column_int64(q, 0), .changed = sqlite3_column_int64(q, 2), .n_turns = (size_t)sqlite3_column_int64(q, 3),
        .title = sessions_title((const char *)sqlite3_column_text(q, 1), (const char *)sqlite3_column_text(q, 4),
                                (const char *)sqlite3_column_text(q, 5)),
    };
    entry->in_use = entry->id != s->locked && lock_is_taken(s->lock_fd, entry->id);
    return entry->title != NULL || sessions_no_memory(s, err);
}

/* Appends the entry of a row when it is wanted. */
static bool add_entry(struct sessions *s, sqlite3_stmt *q, const char *folded, struct session_entry *entries, size_t *n, struct error *err)
{
    struct session_entry *entry = &entries[*n];
    bool wanted = false, ok = read_entry(s, q, entry, err) && search_entry(s, entry, folded, &wanted, err);

    if (ok && wanted)
        (*n)++;
    else {
        free(entry->title);
        free(entry->found);
    }
    return ok;
}

static bool list_all(struct sessions *s, const char *folded, struct session_entry **entries, size_t *n, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database,
        "SELECT s.id, s.title, s.changed, (SELECT count(*) FROM turn WHERE session = s.id), t.text,"
        " (SELECT path FROM file WHERE turn = t.id ORDER BY position LIMIT 1)"
        " FROM session s JOIN turn t ON t.id = (SELECT min(id) FROM turn WHERE session = s.id) ORDER BY s.rank DESC", err);
    size_t capacity = 0;
    bool ok = true;

    while (ok && sqlite3_step(q) == SQLITE_ROW) {
        struct session_entry *more = sessions_grow(*entries, *n, &capacity, sizeof *more);
        ok = more != NULL || sessions_no_memory(s, err);
        if (ok) {
            *entries = more;
            ok = add_entry(s, q, folded, more, n, err);
        }
    }
    return database_done(&s->database, q, ok ? err : NULL) && ok;
}

bool sessions_list(struct sessions *s, const char *query, struct session_entry **entries, size_t *n, struct error *err)
{
    char *folded = query != NULL && *query != '\0' ? fold_query(query) : NULL;

    *entries = NULL;
    *n = 0;
    if (query != NULL && *query != '\0' && folded == NULL)
        return sessions_no_memory(s, err);
    bool ok = list_all(s, folded, entries, n, err);
    free(folded);
    if (ok)
        return true;
    session_entries_free(*entries, *n);
    *entries = NULL;
    *n = 0;
    return false;
}

/* ---- one of them ------------------------------------------------------------------------------ */

static bool is_gone(struct sessions *s, int64_t id, struct error *err)
{
    return sqlite3_changes(s->database.sqlite) == 0
        && !error_set(err, ERROR_INPUT, "%s: there is no conversation %lld", s->database.path, (long long)id);
}

bool sessions_rename(struct sessions *s, int64_t id, const char *title, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "UPDATE session SET title = ?2 WHERE id = ?1", err);

    sqlite3_bind_int64(q, 1, id);
    database_bind_text(q, 2, title != NULL && *title != '\0' ? title : NULL);
    return database_run(&s->database, q, err) && !is_gone(s, id, err);
}

bool sessions_delete(struct sessions *s, int64_t id, struct error *err)
{
    bool taken = false;

    if (id != s->locked && !lock_take(s->lock_fd, id, &taken, err))
        return taken ? error_set(err, ERROR_INPUT, "%s: another mynah has this conversation open; close it there first", s->database.path)
                     : false;
    sqlite3_stmt *q = database_prepare(&s->database, "DELETE FROM session WHERE id = ?1", err);
    sqlite3_bind_int64(q, 1, id);
    bool ok = database_run(&s->database, q, err) && !is_gone(s, id, err);
    if (ok || id != s->locked) {
        lock_release(s->lock_fd, id);
        if (id == s->locked)
            s->locked = 0;
    }
    return ok;
}
