#include "store/sessions_private.h"

#include <time.h>

/* A statement with an id or two that has to have changed something. */
static bool run_one(struct sessions *s, sqlite3_stmt *q, const char *what, int64_t id, struct error *err)
{
    return database_run(&s->database, q, err)
        && (sqlite3_changes(s->database.sqlite) > 0
            || error_set(err, ERROR_INPUT, "%s: there is no %s %lld", s->database.path, what, (long long)id));
}

static bool touch(struct sessions *s, int64_t session, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database,
        "UPDATE session SET changed = ?2, rank = 1 + (SELECT max(rank) FROM session) WHERE id = ?1", err);

    sqlite3_bind_int64(q, 1, session);
    sqlite3_bind_int64(q, 2, time(NULL));
    return run_one(s, q, "conversation", session, err);
}

static bool touch_session_of(struct sessions *s, int64_t turn, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "UPDATE session SET changed = ?2, rank = 1 + (SELECT max(rank) FROM session)"
        " WHERE id = (SELECT session FROM turn WHERE id = ?1)", err);

    sqlite3_bind_int64(q, 1, turn);
    sqlite3_bind_int64(q, 2, time(NULL));
    return run_one(s, q, "turn", turn, err);
}

static void bind_id(sqlite3_stmt *q, int i, int64_t id)
{
    if (id != 0)
        sqlite3_bind_int64(q, i, id);   /* else NULL */
}

static bool insert_file(struct sessions *s, int64_t turn, size_t position, const struct session_file *file, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "INSERT INTO file (turn, position, path, sha256) VALUES (?1, ?2, ?3, ?4)", err);

    sqlite3_bind_int64(q, 1, turn);
    sqlite3_bind_int64(q, 2, (int64_t)position);
    database_bind_text(q, 3, file->path);
    database_bind_text(q, 4, file->sha256 != NULL ? file->sha256 : "");
    return database_run(&s->database, q, err);
}

static bool insert_turn(struct sessions *s, int64_t session, const struct session_turn *turn, int64_t *id, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database,
        "INSERT INTO turn (session, parent, text, summary, left_out) VALUES (?1, ?2, ?3, ?4, ?5)", err);

    sqlite3_bind_int64(q, 1, session);
    bind_id(q, 2, turn->parent);
    database_bind_text(q, 3, turn->text);
    sqlite3_bind_int(q, 4, turn->summary);
    sqlite3_bind_int(q, 5, turn->left_out);
    bool ok = database_run(&s->database, q, err);
    *id = sqlite3_last_insert_rowid(s->database.sqlite);
    return ok;
}

static bool put_head(struct sessions *s, int64_t session, int64_t turn, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "UPDATE session SET head = ?2 WHERE id = ?1", err);

    sqlite3_bind_int64(q, 1, session);
    bind_id(q, 2, turn);
    return run_one(s, q, "conversation", session, err);
}

bool sessions_add_turn(struct sessions *s, int64_t session, const struct session_turn *turn, int64_t *id, struct error *err)
{
    bool ok = insert_turn(s, session, turn, id, err);

    for (size_t i = 0; ok && i < turn->n_files; i++)
        ok = insert_file(s, *id, i, &turn->files[i], err);
    return ok && put_head(s, session, *id, err);
}

bool sessions_ask(struct sessions *s, int64_t session, const struct session_turn *turn, int64_t *id, struct error *err)
{
    int64_t fresh = 0;
    const struct session_turn asked = { .parent = turn->parent, .text = turn->text, .files = turn->files,
                                        .n_files = turn->n_files, .summary = turn->summary };
    bool ok = database_begin(&s->database, err) && sessions_add_turn(s, session, &asked, &fresh, err) && touch(s, session, err);

    if (!database_end(&s->database, ok, err))
        return false;
    *id = fresh;
    return true;
}

/* A statement whose loss in a power failure is bearable: not waited for until it is on the
 * platter (https://www.sqlite.org/pragma.html#pragma_synchronous), but safe from kill -9. */
static bool run_unflushed(struct sessions *s, sqlite3_stmt *q, const char *what, int64_t id, struct error *err)
{
    bool ok = database_exec(&s->database, "PRAGMA synchronous = NORMAL", err);

    ok = run_one(s, q, what, id, err) && ok;
    return database_exec(&s->database, "PRAGMA synchronous = FULL", ok ? err : NULL) && ok;
}

bool sessions_write(struct sessions *s, int64_t turn, const char *answer, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "INSERT INTO answer (turn, text, state) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (turn) DO UPDATE SET text = excluded.text, state = excluded.state", err);

    sqlite3_bind_int64(q, 1, turn);
    database_bind_text(q, 2, answer);
    sqlite3_bind_int(q, 3, TURN_WRITING);
    return run_unflushed(s, q, "turn", turn, err);
}

bool sessions_put_answer(struct sessions *s, int64_t turn, const struct session_turn *facts, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "INSERT OR REPLACE INTO answer (turn, text, state, model, seed,"
        " n_prompt, n_generated, encode_ms, prefill_ms, decode_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", err);

    sqlite3_bind_int64(q, 1, turn);
    database_bind_text(q, 2, facts->answer);
    sqlite3_bind_int(q, 3, (int)facts->state);
    database_bind_text(q, 4, facts->model);
    sqlite3_bind_int64(q, 5, (int64_t)facts->seed);
    sqlite3_bind_int64(q, 6, (int64_t)facts->n_prompt);
    sqlite3_bind_int64(q, 7, (int64_t)facts->n_generated);
    sqlite3_bind_double(q, 8, facts->encode_ms);
    sqlite3_bind_double(q, 9, facts->prefill_ms);
    sqlite3_bind_double(q, 10, facts->decode_ms);
    return database_run(&s->database, q, err);
}

bool sessions_answer(struct sessions *s, int64_t turn, const struct session_turn *facts, struct error *err)
{
    bool ok = database_begin(&s->database, err) && sessions_put_answer(s, turn, facts, err) && touch_session_of(s, turn, err);

    return database_end(&s->database, ok, err);
}

static bool put_left_out(struct sessions *s, int64_t turn, bool left_out, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "UPDATE turn SET left_out = ?2 WHERE id = ?1", err);

    sqlite3_bind_int64(q, 1, turn);
    sqlite3_bind_int(q, 2, left_out);
    return run_one(s, q, "turn", turn, err);
}

bool sessions_leave_out(struct sessions *s, const int64_t *turns, size_t n, bool left_out, struct error *err)
{
    bool ok = database_begin(&s->database, err);

    for (size_t i = 0; ok && i < n; i++)
        ok = put_left_out(s, turns[i], left_out, err);
    return database_end(&s->database, ok, err);
}

/* ?1 the turn. */
static bool run_on_turn(struct sessions *s, const char *sql, int64_t turn, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, sql, err);

    sqlite3_bind_int64(q, 1, turn);
    return database_run(&s->database, q, err);
}

bool sessions_remove_turn(struct sessions *s, int64_t turn, struct error *err)
{
    bool ok = database_begin(&s->database, err) && touch_session_of(s, turn, err)
        && run_on_turn(s, "UPDATE turn SET parent = (SELECT parent FROM turn WHERE id = ?1)"
                          " WHERE session = (SELECT session FROM turn WHERE id = ?1) AND parent = ?1", turn, err)
        && run_on_turn(s, "UPDATE session SET head = (SELECT parent FROM turn WHERE id = ?1)"
                          " WHERE id = (SELECT session FROM turn WHERE id = ?1) AND head = ?1", turn, err)
        && run_on_turn(s, "DELETE FROM turn WHERE id = ?1", turn, err);

    return database_end(&s->database, ok, err);
}

bool sessions_set_head(struct sessions *s, int64_t session, int64_t turn, struct error *err)
{
    bool ok = database_begin(&s->database, err) && put_head(s, session, turn, err) && touch(s, session, err);

    return database_end(&s->database, ok, err);
}

bool sessions_set_draft(struct sessions *s, int64_t session, const char *draft, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "UPDATE session SET draft = ?2 WHERE id = ?1", err);

    sqlite3_bind_int64(q, 1, session);
    database_bind_text(q, 2, draft);
    return run_unflushed(s, q, "conversation", session, err);
}

bool sessions_set_settings(struct sessions *s, int64_t session, const char *settings, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "UPDATE session SET settings = ?2 WHERE id = ?1", err);

    sqlite3_bind_int64(q, 1, session);
    database_bind_text(q, 2, settings);
    return run_one(s, q, "conversation", session, err);
}
