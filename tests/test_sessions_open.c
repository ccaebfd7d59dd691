/* The store as a file: who may read it, what is refused, two programs at once, damage. */
#include "tests/sessions_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- who may read it ------------------------------------------------------------------ */

static void check_mode(const struct store *t, const char *suffix)
{
    char path[128];
    struct stat st;

    snprintf(path, sizeof path, "%s/sessions%s", t->folder, suffix);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void check_modes(const struct store *t)
{
    check_mode(t, ".db");
    check_mode(t, ".db-wal");
    check_mode(t, ".db-shm");
    check_mode(t, ".lock");
}

static void test_private(void **state)
{
    static const mode_t masks[] = { 0, 022, 0277 };
    struct store *t = *state;
    mode_t before = umask(0);

    for (size_t i = 0; i < 3; i++) {
        char command[128];
        sessions_close(t->s);
        t->s = NULL;
        snprintf(command, sizeof command, "rm -f %s/*", t->folder);
        assert_int_equal(system(command), 0);
        umask(masks[i]);
        store_reopen(t);
        store_ask(t, store_begin(t), 0, "secret");
        check_modes(t);
        sessions_close(t->s);
        t->s = NULL;
        assert_int_equal(chmod(t->path, 0644), 0);  /* a copy that came back with other rights */
        store_reopen(t);
        store_ask(t, store_begin(t), 0, "secret");
        check_modes(t);
    }
    umask(before);
}

static void test_usual_place(void **state)
{
    struct store *t = *state;
    char data[96], folder[128];
    struct stat st;

    snprintf(data, sizeof data, "%s/a/b", t->folder);
    assert_int_equal(setenv("XDG_DATA_HOME", data, 1), 0);
    assert_ok(t, (t->s = sessions_open(NULL, &t->err)) != NULL);
    snprintf(folder, sizeof folder, "%s/mynah", data);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(strncmp(sessions_path(t->s), folder, strlen(folder)), 0);
    assert_string_equal(sessions_path(t->s) + strlen(folder), "/sessions.db");
}

/* ---- what is refused -------------------------------------------------------------------- */

static void execute(const struct store *t, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static char *read_whole(const char *path, size_t *n)
{
    FILE *file = fopen(path, "r");
    char *data = malloc(1 << 24);

    assert_non_null(file);
    *n = fread(data, 1, 1 << 24, file);
    fclose(file);
    return data;
}

static void write_whole(const char *path, const char *data, size_t n)
{
    FILE *file = fopen(path, "w");

    assert_int_equal(fwrite(data, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* It is refused with these words, and not a byte of it changes. */
static void check_refused(struct store *t, const char *words)
{
    size_t n_before, n_after;
    char *before = read_whole(t->path, &n_before);

    assert_refused(t, (t->s = sessions_open(t->path, &t->err)) != NULL, words);
    char *after = read_whole(t->path, &n_after);
    assert_int_equal(n_before, n_after);
    assert_memory_equal(before, after, n_before);
    free(before);
    free(after);
}

static void test_refused(void **state)
{
    struct store *t = *state;

    write_whole(t->path, "This is a letter to my aunt, and it is no database at all.\n", 59);
    check_refused(t, "is not a database");
    unlink(t->path);
    execute(t, "CREATE TABLE other (x); INSERT INTO other VALUES (1)");
    check_refused(t, "another program's database");
    execute(t, "PRAGMA application_id = 7");
    check_refused(t, "another program's database (application id 7");
    unlink(t->path);
    store_reopen(t);
    sessions_close(t->s);
    execute(t, "PRAGMA user_version = 99");
    check_refused(t, "newer mynah (version 99");
    unlink(t->path);
    assert_int_equal(mkdir(t->path, 0700), 0);
    assert_refused(t, (t->s = sessions_open(t->path, &t->err)) != NULL, "is not a regular file");
    assert_int_equal(rmdir(t->path), 0);
    assert_int_equal(mkfifo(t->path, 0600), 0);
    assert_refused(t, (t->s = sessions_open(t->path, &t->err)) != NULL, "is not a regular file");
    unlink(t->path);
    strcpy(t->path, "/nowhere/sessions.db");
    assert_refused(t, (t->s = sessions_open(t->path, &t->err)) != NULL, "cannot be made: No such file");
}

/* A database of the first version gets what came since, and keeps what it has. */
static void test_earlier_version(void **state)
{
    struct store *t = *state;
    struct correction *c;
    char version[16];
    size_t n;

    int64_t session = store_begin(t);
    store_ask(t, session, 0, "a question of then");
    sessions_close(t->s);
    t->s = NULL;
    execute(t, "DROP TABLE correction; PRAGMA user_version = 1");
    store_reopen(t);
    store_sql(t, "PRAGMA user_version", version, sizeof version);
    assert_string_equal(version, "2");
    assert_ok(t, corrections_put(t->s, "ab", 1, "x", "y", &t->err));
    assert_ok(t, corrections_load(t->s, "ab", &c, &n, &t->err));
    assert_int_equal(n, 1);
    corrections_free(c, n);
    struct stored_session stored = store_load(t, session);
    assert_string_equal(stored.turns[0].text, "a question of then");
    stored_session_done(&stored);
}

/* An empty file is what a program leaves that is killed between making and filling it. */
static void test_empty_file(void **state)
{
    struct store *t = *state;

    write_whole(t->path, "", 0);
    store_reopen(t);
    store_ask(t, store_begin(t), 0, "q");
    store_check(t);
}

/* As nobody, since root may write everything. */
static void test_read_only(void **state)
{
    struct store *t = *state;
    int status;

    store_ask(t, store_begin(t), 0, "q");
    sessions_close(t->s);
    t->s = NULL;
    assert_int_equal(chmod(t->folder, 0555), 0);
    assert_int_equal(chmod(t->path, 0444), 0);
    pid_t child = fork();
    if (child == 0) {
        struct error err = { 0 };
        if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        struct sessions *s = sessions_open(t->path, &err);
        fprintf(stderr, "%s\n", err.text);
        _exit(s == NULL && strstr(err.text, t->path) != NULL && strstr(err.text, "for writing") != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(t->folder, 0700), 0);
    assert_int_equal(chmod(t->path, 0600), 0);
    assert_int_equal(status, 0);
}

/* ---- locks ---------------------------------------------------------------------------------- */

/* A child that does not outlive a test that failed. */
static pid_t fork_tied(void)
{
    pid_t child = fork();

    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

/* A child that opens the last session and holds it until it is killed. */
static pid_t hold(const struct store *t)
{
    int fds[2];
    char c = 0;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork_tied();
    if (child == 0) {
        struct error err;
        struct stored_session session;
        bool in_use;
        struct sessions *s = sessions_open(t->path, &err);
        bool ok = s != NULL && sessions_resume(s, 0, &session, &in_use, &err) && write(fds[1], "k", 1) == 1;
        for (;;)
            ok ? (void)pause() : _exit(1);
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &c, 1), 1);
    close(fds[0]);
    return child;
}

static void test_locked(void **state)
{
    struct store *t = *state;
    struct stored_session loaded;
    struct session_entry *entries;
    bool in_use = false;
    size_t n;
    int64_t mine = store_begin(t);

    store_ask(t, mine, 0, "mine");
    int64_t theirs = store_begin(t);
    store_ask(t, theirs, 0, "theirs");
    store_reopen(t);                                /* gives up the lock */
    pid_t child = hold(t);
    for (int64_t id = 0; id <= theirs; id += theirs) {
        t->err.code = ERROR_INPUT;
        assert_false(sessions_resume(t->s, id, &loaded, &in_use, &t->err));
        assert_true(in_use);
        assert_int_equal(t->err.code, ERROR_NONE);
    }
    assert_ok(t, sessions_list(t->s, "", &entries, &n, &t->err));
    assert_int_equal(n, 2);
    assert_true(entries[0].in_use);
    assert_false(entries[1].in_use);
    session_entries_free(entries, n);
    assert_refused(t, sessions_delete(t->s, theirs, &t->err), "open");
    assert_ok(t, sessions_rename(t->s, theirs, "a name", &t->err));
    loaded = store_load(t, mine);
    stored_session_done(&loaded);
    assert_false(sessions_resume(t->s, 0, &loaded, &in_use, &t->err));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    loaded = store_load(t, 0);
    assert_int_equal(loaded.id, theirs);
    assert_string_equal(loaded.title, "a name");
    stored_session_done(&loaded);
}

/* Two handles in one program are two programs; one handle has one session at a time. */
static void test_lock_moves(void **state)
{
    struct store *t = *state;
    struct store other = *t;
    struct stored_session loaded;
    bool in_use;
    int64_t first = store_begin(t);

    store_ask(t, first, 0, "first");
    other.s = NULL;
    store_reopen(&other);
    assert_false(sessions_resume(other.s, first, &loaded, &in_use, &other.err));
    assert_true(in_use);
    int64_t second = store_begin(t);                /* gives up the first */
    loaded = store_load(&other, first);
    stored_session_done(&loaded);
    assert_false(sessions_resume(t->s, first, &loaded, &in_use, &t->err));
    store_reopen(&other);                           /* does not sweep our empty one away */
    store_ask(t, second, 0, "still there");
    assert_ok(t, sessions_delete(t->s, second, &t->err));
    assert_int_equal(store_begin(t), second + 1);
    sessions_close(other.s);
}

/* A child that inherited the descriptor does not keep the lock when we close. */
static void test_lock_across_fork(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t);

    store_ask(t, session, 0, "q");
    pid_t child = fork_tied();
    if (child == 0)
        for (;;)
            pause();
    store_reopen(t);
    struct stored_session loaded = store_load(t, session);
    stored_session_done(&loaded);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* ---- two programs at once ----------------------------------------------------------------------- */

enum { PROGRAMS = 6, TURNS_EACH = 40 };

static void work(const char *path, int i)
{
    struct error err = { 0 };
    struct sessions *s = sessions_open(path, &err);
    int64_t session, turn = 0;
    char text[32];
    bool ok = s != NULL && sessions_begin(s, &session, &err);

    for (int k = 0; ok && k < TURNS_EACH; k++) {
        snprintf(text, sizeof text, "%d.%d", i, k);
        const struct session_turn asked = { .parent = turn, .text = text, .answer = text, .state = TURN_FINISHED };
        ok = sessions_ask(s, session, &asked, &turn, &err) && sessions_write(s, turn, text, &err)
          && sessions_answer(s, turn, &asked, &err) && history_add(s, text, &err);
    }
    sessions_close(s);
    if (!ok)
        fprintf(stderr, "program %d: %s\n", i, err.text);
    _exit(ok ? 0 : 1);
}

static void test_two_at_once(void **state)
{
    struct store *t = *state;
    struct session_entry *entries;
    char result[32];
    size_t n;

    for (int i = 0; i < PROGRAMS; i++)              /* all of them make the new file, too */
        if (fork_tied() == 0)
            work(t->path, i);
    for (int i = 0; i < PROGRAMS; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    store_reopen(t);
    assert_ok(t, sessions_list(t->s, "", &entries, &n, &t->err));
    assert_int_equal(n, PROGRAMS);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(entries[i].n_turns, TURNS_EACH);
    session_entries_free(entries, n);
    store_sql(t, "SELECT count(*) FROM history", result, sizeof result);
    assert_int_equal(atoi(result), PROGRAMS * TURNS_EACH);
    store_sql(t, "SELECT count(*) FROM turn t JOIN answer a ON a.turn = t.id AND a.text = t.text", result, sizeof result);
    assert_int_equal(atoi(result), PROGRAMS * TURNS_EACH);
    store_check(t);
}

/* Another program that writes and writes is waited for, then named. */
static void test_busy(void **state)
{
    struct store *t = *state;
    sqlite3 *db;
    int64_t session = store_begin(t);

    assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_refused(t, sessions_set_draft(t->s, session, "d", &t->err), "another program");
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_ok(t, sessions_set_draft(t->s, session, "d", &t->err));
}

/* ---- damage ---------------------------------------------------------------------------------------- */

/* Uses everything once; whether all of it went well. */
static bool use_all(const char *path, struct error *err)
{
    struct sessions *s = sessions_open(path, err);
    struct stored_session session = { 0 };
    struct session_entry *entries = NULL;
    char *markdown = NULL, **texts = NULL;
    size_t n = 0, n_texts = 0;
    int64_t id = 0;
    bool in_use, ok = s != NULL;

    if (s == NULL)
        return false;
    ok = sessions_list(s, "needle", &entries, &n, err);
    session_entries_free(entries, n);
    ok &= sessions_resume(s, 0, &session, &in_use, err);
    for (size_t i = 0; i < session.n_turns; i++)
        assert_true(session.turns[i].parent < session.turns[i].id);
    ok &= (markdown = sessions_markdown(s, session.id, err)) != NULL;
    ok &= history_load(s, 100, &texts, &n_texts, err);
    for (size_t i = 0; i < n_texts; i++)
        free(texts[i]);
    free(texts);
    ok &= sessions_ask(s, session.id, &(struct session_turn){ .parent = session.head, .text = "q" }, &id, err)
       && sessions_write(s, id, "a", err) && sessions_remove_turn(s, id, err);
    free(markdown);
    stored_session_done(&session);
    sessions_close(s);
    return ok;
}

static void fill_pages(struct store *t)
{
    int64_t session = store_begin(t), turn = 0;
    char text[2048];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 40; i++) {
        turn = store_ask(t, session, turn, text);
        store_answer(t, turn, text);
    }
    assert_ok(t, history_add(t->s, text, &t->err));
    sessions_close(t->s);
    t->s = NULL;
}

static void test_damaged(void **state)
{
    struct store *t = *state;
    size_t n;

    fill_pages(t);
    char *whole = read_whole(t->path, &n);
    char *broken = malloc(n);
    memcpy(broken, whole, n);
    memset(broken + 4096, 0xFF, n - 4096);          /* all pages but the first */
    write_whole(t->path, broken, n);
    assert_refused(t, use_all(t->path, &t->err), "is damaged");
    assert_non_null(strstr(t->err.text, ".recover"));
    memset(broken + 100, 0xFF, 3996);               /* the schema, too */
    write_whole(t->path, broken, n);
    check_refused(t, "is damaged");
    free(whole);
    free(broken);
}

/* xorshift32 (Marsaglia 2003). */
static uint32_t next_random(uint32_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

/* Bytes changed or cut off anywhere: an error or not, never a crash or an endless loop. */
static void test_damaged_anyhow(void **state)
{
    struct store *t = *state;
    uint32_t random = 4711;
    int n_refused = 0;
    size_t n;
    char wal[128];

    fill_pages(t);
    snprintf(wal, sizeof wal, "%s-wal", t->path);
    char *whole = read_whole(t->path, &n);
    char *broken = malloc(n);
    for (int i = 0; i < 150; i++) {
        size_t size = i % 10 == 0 ? next_random(&random) % n : n;
        memcpy(broken, whole, n);
        for (uint32_t k = 1 + next_random(&random) % 200; k > 0; k--)
            broken[next_random(&random) % (k % 2 == 0 ? 512 : n)] = (char)next_random(&random);
        if (i % 2 == 0 && size > 100)
            memcpy(broken, whole, 100);             /* a head that is right, so that more is read */
        write_whole(t->path, broken, size);
        unlink(wal);
        t->err = (struct error){ 0 };
        if (!use_all(t->path, &t->err)) {
            assert_int_equal(t->err.code, ERROR_INPUT);
            assert_non_null(strstr(t->err.text, t->path));
            n_refused++;
        }
    }
    print_message("%d of 150 refused\n", n_refused);
    assert_true(n_refused > 50);
    free(whole);
    free(broken);
}

/* Turns that follow themselves or nobody, as our schema forbids: seen all the same. */
static void test_broken_tree(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), first = store_ask(t, session, 0, "first"), second = store_ask(t, session, first, "second");
    char sql[256];

    snprintf(sql, sizeof sql, "PRAGMA ignore_check_constraints = ON; UPDATE turn SET parent = %d WHERE id = %d;"
             "UPDATE turn SET parent = 77 WHERE id = %d; UPDATE session SET head = 78", (int)second, (int)first, (int)second);
    execute(t, sql);
    struct stored_session loaded = store_load(t, session);
    assert_int_equal(loaded.n_turns, 2);
    assert_int_equal(loaded.turns[0].parent, 0);
    assert_int_equal(loaded.turns[1].parent, 0);
    assert_int_equal(loaded.head, second);
    stored_session_done(&loaded);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, store_folder, store_tear_down)
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_set_up, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_private),
        IN_FOLDER(test_usual_place),
        IN_FOLDER(test_refused),
        WITH_STORE(test_earlier_version), IN_FOLDER(test_empty_file),
        WITH_STORE(test_read_only),
        WITH_STORE(test_locked),
        WITH_STORE(test_lock_moves),
        WITH_STORE(test_lock_across_fork),
        IN_FOLDER(test_two_at_once),
        WITH_STORE(test_busy),
        WITH_STORE(test_damaged),
        WITH_STORE(test_damaged_anyhow),
        WITH_STORE(test_broken_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
