/* sessions_fixture.h - a store of sessions in a folder of its own, for cmocka tests. */
#ifndef TESTS_SESSIONS_FIXTURE_H
#define TESTS_SESSIONS_FIXTURE_H

#include "store/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>
#include <cmocka.h>

struct store {
    char folder[64], path[96];
    struct sessions *s;
    struct error err;
};

/* Fails with the error's text. */
#define assert_ok(t, call) do { (t)->err.text[0] = '\0'; if (!(call)) fail_msg("%s: %s", #call, (t)->err.text); } while (0)
#define assert_refused(t, call, words) do {                                                     \
        (t)->err = (struct error){ 0 };                                                         \
        assert_false(call);                                                                     \
        assert_int_equal((t)->err.code, ERROR_INPUT);                                           \
        if (strstr((t)->err.text, (t)->path) == NULL || strstr((t)->err.text, words) == NULL)   \
            fail_msg("%s: \"%s\" was expected: %s", #call, words, (t)->err.text);               \
    } while (0)

static inline void store_reopen(struct store *t)
{
    sessions_close(t->s);
    assert_ok(t, (t->s = sessions_open(t->path, &t->err)) != NULL);
}

static inline int store_folder_in(const char *where, void **state)
{
    struct store *t = calloc(1, sizeof *t);

    snprintf(t->folder, sizeof t->folder, "%s/mynah-sessions-XXXXXX", where);
    if (mkdtemp(t->folder) == NULL)
        return -1;
    snprintf(t->path, sizeof t->path, "%s/sessions.db", t->folder);
    *state = t;
    return 0;
}

static inline int store_folder(void **state)
{
    return store_folder_in("/tmp", state);
}

static inline int store_set_up(void **state)
{
    if (store_folder(state) != 0)
        return -1;
    store_reopen(*state);
    return 0;
}

static inline int store_tear_down(void **state)
{
    struct store *t = *state;
    char command[128];

    sessions_close(t->s);
    snprintf(command, sizeof command, "rm -rf '%s'", t->folder);
    free(t);
    return system(command);
}

static inline int64_t store_begin(struct store *t)
{
    int64_t id = 0;

    assert_ok(t, sessions_begin(t->s, &id, &t->err));
    assert_true(id > 0);
    return id;
}

static inline int64_t store_ask(struct store *t, int64_t session, int64_t parent, const char *text)
{
    int64_t id = 0;

    assert_ok(t, sessions_ask(t->s, session, &(struct session_turn){ .parent = parent, .text = (char *)(size_t)text }, &id, &t->err));
    assert_true(id > parent);
    return id;
}

static inline void store_answer(struct store *t, int64_t turn, const char *answer)
{
    const struct session_turn facts = { .answer = (char *)(size_t)answer, .state = TURN_FINISHED };

    assert_ok(t, sessions_answer(t->s, turn, &facts, &t->err));
}

static inline struct stored_session store_load(struct store *t, int64_t id)
{
    struct stored_session session;
    bool in_use;

    assert_ok(t, sessions_resume(t->s, id, &session, &in_use, &t->err));
    assert_false(in_use);
    return session;
}

/* By SQLite itself, beside the store: the first column of the first row. */
static inline void store_sql(const struct store *t, const char *sql, char *result, size_t n)
{
    sqlite3 *db;
    sqlite3_stmt *q;

    assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    int step = sqlite3_step(q);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    const char *text = step == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
    snprintf(result, n, "%s", text != NULL ? text : "");
    sqlite3_finalize(q);
    sqlite3_close(db);
}

static inline void store_check(const struct store *t)
{
    char result[256];

    store_sql(t, "PRAGMA integrity_check", result, sizeof result);
    assert_string_equal(result, "ok");
    store_sql(t, "PRAGMA foreign_key_check", result, sizeof result);
    assert_string_equal(result, "");
}

#endif
