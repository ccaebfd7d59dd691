/* A program that is killed at any moment, or has no room to write, loses nothing it had finished.
 *
 * A child asks, streams answers, branches, removes and types, and says over a pipe what it has
 * finished; we kill it (SIGKILL) at random moments and look at what is there. */
#include "tests/sessions_fixture.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { KILLS = 200, MOST_TURNS = 20000, ANSWER_BYTES = 4096 };

/* What a child says: an answer is finished, or a turn is about to be removed. */
struct said { int64_t turn; uint32_t seed; char what; };

/* xorshift32 (Marsaglia 2003). */
static uint32_t next_random(uint32_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

/* The answer that belongs to a seed; its question is the seed. */
static size_t make_answer(uint32_t seed, char answer[ANSWER_BYTES + 1])
{
    uint32_t random = seed | 1;
    size_t n = 1 + next_random(&random) % ANSWER_BYTES;

    for (size_t i = 0; i < n; i++)
        answer[i] = (char)(1 + next_random(&random) % 255);
    answer[n] = '\0';
    return n;
}

/* ---- the child ------------------------------------------------------------------------ */

struct writer {
    struct sessions *s;
    int64_t session, head, turns[256];      /* turns: finished by this child */
    size_t n_turns;
    int fd;
    uint32_t random;
};

static void must(bool ok, const struct error *err)
{
    if (ok)
        return;
    fprintf(stderr, "child: %s\n", err->text);
    _exit(1);
}

static void say(const struct writer *w, char what, int64_t turn, uint32_t seed)
{
    struct said said;

    memset(&said, 0, sizeof said);
    said.turn = turn;
    said.seed = seed;
    said.what = what;
    if (write(w->fd, &said, sizeof said) != (ssize_t)sizeof said)
        _exit(1);
}

static void ask_and_answer(struct writer *w)
{
    char question[32], answer[ANSWER_BYTES + 1], part[ANSWER_BYTES + 1];
    uint32_t seed = next_random(&w->random);
    struct session_file file = { "/a/cat.png", "0123" };
    struct session_turn turn = { .parent = w->head, .text = question, .files = &file, .n_files = 1 };
    size_t n = make_answer(seed, answer);
    struct error err;

    snprintf(question, sizeof question, "%u", seed);
    must(sessions_ask(w->s, w->session, &turn, &w->head, &err), &err);
    for (size_t i = 1; i <= 4; i++) {
        memcpy(part, answer, n * i / 5);
        part[n * i / 5] = '\0';
        must(sessions_write(w->s, w->head, part, &err), &err);
    }
    turn.answer = answer;
    turn.state = TURN_FINISHED;
    must(sessions_answer(w->s, w->head, &turn, &err), &err);
    say(w, 'f', w->head, seed);
    w->turns[w->n_turns++ % 256] = w->head;
}

static int64_t any_turn(struct writer *w)
{
    size_t n = w->n_turns < 256 ? w->n_turns : 256;

    return n > 0 ? w->turns[next_random(&w->random) % n] : 0;
}

static void edit(struct writer *w)
{
    int64_t turn = any_turn(w);
    struct error err;

    switch (next_random(&w->random) % 8) {
    case 0:                         /* another branch */
        if (turn != 0 && sessions_set_head(w->s, w->session, turn, &err))
            w->head = turn;
        break;
    case 1:                         /* the newest goes */
        if (w->n_turns == 0 || w->n_turns > 256 || w->turns[w->n_turns - 1] != w->head)
            break;
        say(w, 'r', w->head, 0);
        must(sessions_remove_turn(w->s, w->head, &err), &err);
        w->head = 0;
        w->n_turns--;
        break;
    case 2: must(sessions_set_draft(w->s, w->session, "something typed", &err), &err); break;
    case 3: must(history_add(w->s, "something asked", &err), &err); break;
    default: break;
    }
}

static void write_until_killed(const char *path, int fd, uint32_t seed)
{
    struct writer w = { .fd = fd, .random = seed };
    struct stored_session session;
    struct error err;
    bool in_use;

    must((w.s = sessions_open(path, &err)) != NULL, &err);
    must(sessions_resume(w.s, 0, &session, &in_use, &err), &err);
    w.session = session.id;
    w.head = session.head;
    if (session.id == 0 || session.n_turns > 400)
        must(sessions_begin(w.s, &w.session, &err), &err);
    if (w.session != session.id)
        w.head = 0;
    stored_session_done(&session);
    for (;;) {
        ask_and_answer(&w);
        edit(&w);
    }
}

/* ---- we ------------------------------------------------------------------------------- */

struct finished { size_t n; struct said at[MOST_TURNS]; };

/* Up to n_most reports, fewer when the child ends. */
static void hear(int fd, struct finished *finished, size_t n_most)
{
    struct said said;

    for (; n_most > 0 && read(fd, &said, sizeof said) == (ssize_t)sizeof said; n_most--) {
        if (said.what == 'f') {
            assert_true(finished->n < MOST_TURNS);
            finished->at[finished->n++] = said;
        }
        for (size_t i = finished->n; said.what == 'r' && i-- > 0;)
            if (finished->at[i].turn == said.turn) {
                finished->at[i] = finished->at[--finished->n];
                break;
            }
    }
}

static void sleep_us(uint32_t us)
{
    nanosleep(&(struct timespec){ .tv_nsec = (long)us * 1000 }, NULL);
}

static void kill_one(const char *path, uint32_t *random, struct finished *finished)
{
    int fds[2], status;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(fds[0]);
        write_until_killed(path, fds[1], next_random(random));
    }
    close(fds[1]);
    next_random(random);
    hear(fds[0], finished, next_random(random) % 16);       /* 0: while it starts */
    sleep_us(next_random(random) % 4000);
    kill(child, SIGKILL);
    hear(fds[0], finished, SIZE_MAX);
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));               /* it did not end by an error of its own */
}

/* Every turn is what its seed says, and whole when it says that it is. */
static void check_turns(sqlite3 *db)
{
    sqlite3_stmt *q;
    char answer[ANSWER_BYTES + 1];

    assert_int_equal(sqlite3_prepare_v2(db, "SELECT t.text, a.text, a.state FROM turn t LEFT JOIN answer a ON a.turn = t.id", -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        const void *text = sqlite3_column_blob(q, 1);
        size_t n = (size_t)sqlite3_column_bytes(q, 1);
        size_t whole = make_answer((uint32_t)strtoul((const char *)sqlite3_column_text(q, 0), NULL, 10), answer);
        if (sqlite3_column_int(q, 2) == TURN_FINISHED)
            assert_int_equal(n, whole);
        assert_true(n <= whole);
        if (n > 0)
            assert_memory_equal(text, answer, n);
    }
    assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
}

static void check_finished(sqlite3 *db, const struct finished *finished)
{
    sqlite3_stmt *q;
    char seed[32];

    assert_int_equal(sqlite3_prepare_v2(db, "SELECT t.text, a.state, (SELECT count(*) FROM file WHERE turn = t.id)"
        " FROM turn t JOIN answer a ON a.turn = t.id WHERE t.id = ?1", -1, &q, NULL), SQLITE_OK);
    for (size_t i = 0; i < finished->n; i++) {
        sqlite3_bind_int64(q, 1, finished->at[i].turn);
        if (sqlite3_step(q) != SQLITE_ROW)
            fail_msg("turn %d was finished and is missing", (int)finished->at[i].turn);
        snprintf(seed, sizeof seed, "%u", finished->at[i].seed);
        assert_string_equal((const char *)sqlite3_column_text(q, 0), seed);
        assert_int_equal(sqlite3_column_int(q, 1), TURN_FINISHED);
        assert_int_equal(sqlite3_column_int(q, 2), 1);
        sqlite3_reset(q);
    }
    sqlite3_finalize(q);
}

static void check_all(struct store *t, const struct finished *finished)
{
    sqlite3 *db;

    store_check(t);
    assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
    check_finished(db, finished);
    check_turns(db);
    sqlite3_close(db);
}

static void test_killed(void **state)
{
    static struct finished finished;
    struct store *t = *state;
    uint32_t random = 20241124;

    sessions_close(t->s);
    t->s = NULL;
    for (int i = 0; i < KILLS; i++) {
        kill_one(t->path, &random, &finished);
        check_all(t, &finished);
        store_reopen(t);                            /* and we can go on with it */
        struct stored_session loaded = store_load(t, 0);
        stored_session_done(&loaded);
        sessions_close(t->s);
        t->s = NULL;
    }
    print_message("%d kills, %zu finished turns\n", KILLS, finished.n);
    assert_true(finished.n > KILLS);
}

/* ---- no room -------------------------------------------------------------------------- */

/* Asks and answers until it is refused; how many were not. */
static int fill(struct sessions *s, int64_t session, int most, struct error *err)
{
    char question[32], answer[ANSWER_BYTES + 1];
    int64_t turn;

    for (int i = 0; i < most; i++) {
        snprintf(question, sizeof question, "%d", i);
        make_answer((uint32_t)i, answer);
        const struct session_turn asked = { .text = question, .answer = answer, .state = TURN_FINISHED };
        if (!sessions_ask(s, session, &asked, &turn, err) || !sessions_write(s, turn, "so far", err)
            || !sessions_answer(s, turn, &asked, err))
            return i;
    }
    return most;
}

static void check_filled(struct store *t, int n)
{
    sqlite3 *db;
    char result[32], sql[128];

    store_check(t);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM turn t JOIN answer a ON a.turn = t.id WHERE t.id <= %d AND a.state = %d", n, TURN_FINISHED);
    store_sql(t, sql, result, sizeof result);
    assert_int_equal(atoi(result), n);
    assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
    sqlite3_exec(db, "DELETE FROM answer WHERE state <> 2", NULL, NULL, NULL);  /* "so far" is of no seed */
    check_turns(db);
    sqlite3_close(db);
}

static void check_refusal(const struct store *t, const struct error *err, const char *words)
{
    if (err->code != ERROR_INPUT || strstr(err->text, t->path) == NULL || strstr(err->text, words) == NULL)
        fail_msg("\"%s\" was expected: %s", words, err->text);
}

/* Files may not grow any more (setrlimit(2)): refused by name, and all is well once they may. */
static void test_file_limit(void **state)
{
    struct store *t = *state;
    struct rlimit before, limit;
    int64_t session = store_begin(t);

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 1500000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int n = fill(t->s, session, 100000, &t->err);
    struct error again = { 0 };
    bool refused = fill(t->s, session, 1, &again) == 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    print_message("%d turns, then: %s\n", n, t->err.text);
    assert_true(n > 10 && n < 100000);
    assert_true(refused);
    check_refusal(t, &t->err, "File too large; what was saved before is kept");
    check_refusal(t, &again, "File too large");
    check_filled(t, n);
    assert_ok(t, fill(t->s, session, 5, &t->err) == 5);     /* with the same handle */
    store_reopen(t);
    check_filled(t, n);
}

/* A full disk of 2 MB, when we may make one. */
static void test_full_disk(void **state)
{
    struct store *t = *state;

    sessions_close(t->s);
    t->s = NULL;
    /* in a view of the file systems that ends with us */
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
        || mount("tmpfs", t->folder, "tmpfs", 0, "size=2m") != 0) {
        print_message("not tried: no file system can be mounted: %s\n", strerror(errno));
        skip();
    }
    store_reopen(t);
    int64_t session = store_begin(t);
    int n = fill(t->s, session, 100000, &t->err);
    print_message("%d turns, then: %s\n", n, t->err.text);
    struct error full = t->err;
    sessions_close(t->s);
    t->s = NULL;
    int remounted = mount("tmpfs", t->folder, "tmpfs", MS_REMOUNT, "size=8m");
    assert_int_equal(remounted, 0);
    check_refusal(t, &full, "the disk is full");
    assert_true(n > 10);
    check_filled(t, n);
    store_reopen(t);
    assert_ok(t, fill(t->s, store_begin(t), 5, &t->err) == 5);
}

/* The folder below the mount is empty when it is gone. */
static int unmount_and_tear_down(void **state)
{
    struct store *t = *state;

    sessions_close(t->s);
    t->s = NULL;
    (void)umount2(t->folder, MNT_DETACH);
    return store_tear_down(state);
}

/* In memory where that can be: what survives SIGKILL does so without a disk, and faster. */
static int set_up_in_memory(void **state)
{
    if (store_folder_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", state) != 0)
        return -1;
    store_reopen(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed, set_up_in_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_file_limit, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_full_disk, store_set_up, unmount_and_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
