/* The chat, killed at any moment (SIGKILL), loses no turn that was finished.
 *
 *   keys by chance ─> the program on a pty ─ killed ─> a copy of its database, read by sqlite3 alone
 *         ^                                                                    │
 *         └── started again: what was finished last is on the screen <─────────┘
 *
 * The database itself is left as the kill left it: recovering is the program's work.  A question is
 * "say WORDS e\_N", its answer "WORDS e\_N": so it is known what belongs to what, and "e_N" without the
 * backslash is seen in the answer alone, which is Markdown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "tests/pty.h"

#include <cmocka.h>
#include <limits.h>
#include <sqlite3.h>
#include <sys/stat.h>

enum { KILLS = 200, ROWS = 60, COLS = 100, MOST_TURNS = 4000, FINISHED = 2 };    /* state in the database: sessions.h */

static char program[PATH_MAX];
static char folder[] = "/tmp/mynah-kill-XXXXXX", data[64], home[64], database[96], wal[104], copied[96], copied_wal[104];
static struct pty p, other;

/* ---- chance -------------------------------------------------------------------------------- */

static uint32_t state_of_chance = 20261125;

/* xorshift32 (Marsaglia 2003). */
static uint32_t chance(uint32_t n)
{
    state_of_chance ^= state_of_chance << 13;
    state_of_chance ^= state_of_chance >> 17;
    state_of_chance ^= state_of_chance << 5;
    return state_of_chance % n;
}

/* ---- what is on the disk --------------------------------------------------------------------- */

struct turn { sqlite3_int64 id; char *question, *answer; bool may_go, seen; };

static struct turn known[MOST_TURNS];       /* finished, when the database was read last */
static size_t n_known;
static int n_deleted, last_number, seen_finished;       /* seen_finished: a number, in this life; 0: none */
static char seen_question[2048];                        /* of what was asked last */

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t n;

    assert_true(out >= 0);
    while (in >= 0 && (n = read(in, bytes, sizeof bytes)) > 0)
        assert_int_equal(write(out, bytes, (size_t)n), n);
    close(out);
    if (in >= 0)
        close(in);
}

/* A copy of what is there now, checked as a whole. */
static sqlite3 *open_copy(void)
{
    sqlite3 *db;
    sqlite3_stmt *q;

    copy_file(database, copied);
    copy_file(wal, copied_wal);
    assert_int_equal(sqlite3_open(copied, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(q, 0), "ok");
    sqlite3_finalize(q);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_DONE);
    sqlite3_finalize(q);
    return db;
}

static struct turn *find_known(sqlite3_int64 id)
{
    for (size_t i = 0; i < n_known; i++)
        if (known[i].id == id)
            return &known[i];
    return NULL;
}

/* An answer is a beginning of what its question asked for, and all of it when it is finished. */
static void check_answer(const char *question, const char *answer, bool finished)
{
    if (strncmp(question, "say ", 4) != 0)
        return;                     /* something stood in the draft before it */
    if (strncmp(question + 4, answer, strlen(answer)) != 0 || (finished && strcmp(question + 4, answer) != 0))
        fail_msg("%s: was answered (%s): %s", question, finished ? "finished" : "not finished", answer);
}

static void read_turn(sqlite3_stmt *q)
{
    const char *question = (const char *)sqlite3_column_text(q, 1), *answer = (const char *)sqlite3_column_text(q, 2);
    bool finished = sqlite3_column_int(q, 3) == FINISHED;
    struct turn *turn = find_known(sqlite3_column_int64(q, 0));

    if (answer != NULL)
        check_answer(question, answer, finished);
    if (turn == NULL && finished) {
        assert_true(n_known < MOST_TURNS);
        turn = &known[n_known++];
        *turn = (struct turn){ .id = sqlite3_column_int64(q, 0), .question = strdup(question), .answer = strdup(answer) };
    }
    if (turn == NULL)
        return;
    turn->seen = true;
    if (!finished || strcmp(question, turn->question) != 0 || strcmp(answer, turn->answer) != 0)
        fail_msg("turn %lld was finished and is another: %s: %s", turn->id, question, answer != NULL ? answer : "(none)");
}

/* All that was known is there, or was deleted; what is new becomes known. */
static void read_turns(sqlite3 *db)
{
    sqlite3_stmt *q;

    for (size_t i = 0; i < n_known; i++)
        known[i].seen = false;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT t.id, t.text, a.text, a.state FROM turn t LEFT JOIN answer a ON a.turn = t.id",
                                        -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW)
        read_turn(q);
    assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
    for (size_t i = 0; i < n_known; i++) {
        if (known[i].seen)
            continue;
        if (!known[i].may_go)
            fail_msg("turn %lld was finished and is missing: %s", known[i].id, known[i].question);
        n_deleted++;
        free(known[i].question);
        free(known[i].answer);
        known[i--] = known[--n_known];
    }
}

/* The number of the last finished turn on the branch that is resumed; 0: there is none. */
static int last_finished(sqlite3 *db)
{
    static const char sql[] =
        "WITH RECURSIVE branch(id, depth) AS ("
        "  SELECT * FROM (SELECT head, 0 FROM session s WHERE draft <> '' OR EXISTS (SELECT 1 FROM turn WHERE session = s.id)"
        "    ORDER BY rank DESC LIMIT 1)"
        "  UNION ALL SELECT turn.parent, depth + 1 FROM branch JOIN turn USING (id))"
        "SELECT text FROM branch JOIN answer ON turn = id WHERE state = 2 ORDER BY depth LIMIT 1";
    sqlite3_stmt *q;
    int number = 0;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        number = atoi(strrchr((const char *)sqlite3_column_text(q, 0), '_') + 1);
    assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
    return number;
}

/* A turn with this number is finished on the disk. */
static bool is_known(int number)
{
    for (size_t i = 0; i < n_known; i++)
        if (atoi(strrchr(known[i].answer, '_') + 1) == number)
            return true;
    return false;
}

/* ---- the program ------------------------------------------------------------------------------ */

static void start(struct pty *pty, const char *echo_ms)
{
    static char data_pair[80], home_pair[80], config_pair[80], ms_pair[40];
    static const char *const environment[] = { data_pair, home_pair, config_pair, ms_pair, "MYNAH_ECHO_CONTEXT=10000000", NULL };
    static const char *const chat[] = { program, "--engine", "echo", NULL };
    const struct pty_params params = { .terminal = "xterm-256color", .rows = ROWS, .cols = COLS, .environment = environment,
                                       .arguments = chat, .allowed = EXT_PASTE | EXT_QUERY | EXT_MOUSE | EXT_COPY };

    snprintf(data_pair, sizeof data_pair, "XDG_DATA_HOME=%s", data);
    snprintf(home_pair, sizeof home_pair, "HOME=%s", home);
    snprintf(config_pair, sizeof config_pair, "XDG_CONFIG_HOME=%s", home);
    snprintf(ms_pair, sizeof ms_pair, "MYNAH_ECHO_MS=%s", echo_ms);
    assert_true(pty_start(pty, &params));
}

/* Takes what comes for so long; the program may not end by itself, nor write what a terminal does not know. */
static void go_on(struct pty *pty, double ms)
{
    for (double end = clock_ms() + ms; clock_ms() < end && !pty->ended;)
        pty_step(pty, 1 + (int)(end - clock_ms()) / 2);
    if (pty->ended || pty->stream.fault[0] != '\0') {
        pty_complain(pty, "a kill");
        fail_msg("the program ended by itself (status %d), or wrote what it may not: %s", pty->status, pty->stream.fault);
    }
}

static void kill_now(struct pty *pty)
{
    kill(pty->program, SIGKILL);
    while (!pty->ended)
        pty_step(pty, 20);
    assert_true(WIFSIGNALED(pty->status) && WTERMSIG(pty->status) == SIGKILL);
    pty_end(pty);
}

static bool is_number_shown(struct pty *pty, int number)
{
    char word[32];

    snprintf(word, sizeof word, "e_%d", number);
    for (int row = 0; row < pty->stream.rows; row++) {
        const char *at = strstr(stream_row(&pty->stream, row), word);
        if (at != NULL && !isdigit((unsigned char)at[strlen(word)]))
            return true;
    }
    return false;
}

/* What was resumed may have begun a few unfinished turns below: then it is looked for. */
static void wait_for_number(struct pty *pty, int number)
{
    double end = clock_ms() + PTY_DEADLINE_MS, next = clock_ms() + 1000;

    while (number != 0 ? !is_number_shown(pty, number) : pty->stream.n_text == 0) {
        go_on(pty, 2);
        if (clock_ms() > end) {
            pty_complain(pty, "the last finished turn");
            fail_msg("the last finished turn, number %d, is not shown", number);
        }
        if (clock_ms() > next) {
            pty_send(pty, "\x1B[5~");
            next += 100;
        }
    }
}

/* ---- what a person does ----------------------------------------------------------------------- */

static void to_empty_draft(struct pty *pty)
{
    pty_send(pty, "\x07\x07\x07\x01\x0B");     /* C-g three times: out of panels and of browsing; C-a C-k */
}

static int ask(struct pty *pty, uint32_t n_words)
{
    char text[2048] = "say ";

    for (uint32_t i = 0; i < n_words; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "w%u ", chance(1000));
    snprintf(text + strlen(text), sizeof text - strlen(text), "e\\_%d\r", ++last_number);
    to_empty_draft(pty);
    pty_send(pty, text);
    snprintf(seen_question, sizeof seen_question, "%s", text);
    return last_number;
}

/* Its last word is seen, and that nothing is being answered: from now on it may not be lost. */
static int see_through(struct pty *pty, int number)
{
    double end = clock_ms() + 1000;

    while (clock_ms() < end) {
        go_on(pty, 2);
        if (is_number_shown(pty, number) && pty_is_gone(pty, "Esc stops"))
            return number;
    }
    return 0;
}

/* Drawn down to its answers: a frame may come in parts, and below the title something older may stand. */
static bool is_asking(struct pty *pty)
{
    return !pty_is_gone(pty, "Delete this question") && !pty_is_gone(pty, "keep it");
}

/* The question that the dialog shows, or its beginning, is what may be gone. */
static void allow_deletion(struct pty *pty)
{
    char shown[32] = "";
    bool below = false;

    for (int row = 0; row < pty->stream.rows && shown[0] == '\0'; row++) {
        const char *text = stream_row(&pty->stream, row);
        if (below)
            snprintf(shown, sizeof shown, "%s", text + strspn(text, " "));
        below = below || strstr(text, "Delete this question") != NULL;
    }
    assert_true(shown[0] != '\0');
    for (size_t i = 0; i < n_known; i++)
        known[i].may_go = known[i].may_go || strncmp(known[i].question, shown, strlen(shown)) == 0;
    if (strncmp(seen_question, shown, strlen(shown)) == 0)
        seen_finished = 0;
}

static void delete_one(struct pty *pty)
{
    to_empty_draft(pty);
    pty_send(pty, "\t");
    for (uint32_t i = chance(5); i > 0; i--)
        pty_send(pty, "k");
    pty_send(pty, "d");
    for (double end = clock_ms() + 300; clock_ms() < end && !is_asking(pty);)
        go_on(pty, 2);
    if (!is_asking(pty))
        return;                     /* what comes next closes it, should it be late */
    allow_deletion(pty);
    pty_send(pty, "y");
}

static void browse(struct pty *pty)
{
    static const char *const keys[] = { "k", "k", "k", "j", "g", "G", "f", "y", "i\x07", "r", "r", "c", "\x1B[C", "\x1B[D", "\x1B[D", "\x1B[5~" };

    to_empty_draft(pty);
    pty_send(pty, "\t");
    for (uint32_t i = 1 + chance(6); i > 0; i--) {
        pty_send(pty, keys[chance(sizeof keys / sizeof keys[0])]);
        go_on(pty, chance(4));
    }
}

/* An earlier question with more words: a branch. */
static void edit_one(struct pty *pty)
{
    char text[64];

    to_empty_draft(pty);
    pty_send(pty, "\t");
    for (uint32_t i = chance(5); i > 0; i--)
        pty_send(pty, "k");
    pty_send(pty, "e");
    for (double end = clock_ms() + 100; clock_ms() < end && pty_is_gone(pty, "Enter asks this in place");)
        go_on(pty, 2);
    if (pty_is_gone(pty, "Enter asks this in place"))
        return;                     /* the words would be a question of their own */
    snprintf(text, sizeof text, " e\\_%d%s", ++last_number, chance(4) > 0 ? "\r" : "");
    pty_send(pty, text);
}

static void do_something(struct pty *pty)
{
    static const char *const keys[] = { "\x1B", "\x19", "\x1F", "\x1B[5~", "\x1B[6~", "\x1B[A", "\x14", "\x7F", "\x0C", "\x1B[200~pasted\ntext\x1B[201~" };
    char text[256];

    switch (chance(12)) {
    case 0: case 1: ask(pty, chance(6)); break;
    case 2: ask(pty, 20 + chance(80)); break;
    case 3: seen_finished = see_through(pty, ask(pty, chance(12))); break;
    case 4: edit_one(pty); break;
    case 5: delete_one(pty); break;
    case 6: case 7: browse(pty); break;
    case 8:
        to_empty_draft(pty);
        pty_send(pty, chance(3) == 0 ? "/new\r" : chance(2) == 0 ? "/continue\r" : "/retry\r");
        break;
    case 9:
        to_empty_draft(pty);
        snprintf(text, sizeof text, "/attach %s/cat.png\r", folder);
        pty_send(pty, text);
        break;
    case 10:
        to_empty_draft(pty);
        pty_send(pty, "typed and never sent");
        break;
    default: pty_send(pty, keys[chance(sizeof keys / sizeof keys[0])]); break;
    }
}

/* ---- 200 times -------------------------------------------------------------------------------- */

/* From start to kill; ms until what was finished before is shown, 0: it was not waited for. */
static double one_life(int expected)
{
    static const char *const speeds[] = { "1", "1", "2", "5" };
    double begun = clock_ms(), start_ms = 0;

    seen_finished = 0;
    start(&p, speeds[chance(4)]);
    if (chance(10) == 0) {          /* while it starts */
        go_on(&p, chance(60));
    } else {
        wait_for_number(&p, expected);
        start_ms = clock_ms() - begun;
        for (uint32_t i = chance(5); i > 0; i--) {
            do_something(&p);
            go_on(&p, chance(25));
        }
        go_on(&p, chance(12) == 0 ? 400 + chance(300) : chance(150));   /* parts of an answer are written twice a second */
    }
    kill_now(&p);
    return start_ms;
}

static int read_disk(void)
{
    sqlite3 *db = open_copy();
    read_turns(db);
    int expected = last_finished(db);
    sqlite3_close(db);
    return expected;
}

static void test_killed(void **state)
{
    double sum_ms = 0, ms, begun = clock_ms();
    int expected = 0, n_starts = 0, n_seen = 0;

    (void)state;
    for (int i = 0; i < KILLS; i++) {
        ms = one_life(expected);
        sum_ms += ms;
        n_starts += ms > 0;
        expected = read_disk();
        n_seen += seen_finished != 0;
        if (seen_finished != 0 && !is_known(seen_finished))
            fail_msg("life %d: number %d was finished on the screen and is not on the disk", i, seen_finished);
    }
    print_message("%d kills in %.0f s, %zu finished turns, %d deleted; %d were seen to end; %.0f ms from start to the last turn\n",
                  KILLS, (clock_ms() - begun) / 1000, n_known, n_deleted, n_seen, sum_ms / n_starts);
    assert_true(n_known > KILLS / 5);
    assert_true(n_deleted > 0);
    assert_true(n_seen > 5);
}

/* ---- two programs ------------------------------------------------------------------------------ */

static void test_two_programs(void **state)
{
    (void)state;
    start(&p, "1");
    assert_true(pty_wait(&p, "ready"));
    int first = ask(&p, 3);
    assert_true(see_through(&p, first) != 0);
    start(&other, "5");
    assert_true(pty_wait(&other, "another mynah has the last conversation open"));
    int second = ask(&other, 3);
    assert_true(see_through(&other, second) != 0);
    int third = ask(&p, 3);
    assert_true(see_through(&p, third) != 0);
    int streamed = ask(&other, 100);            /* is being answered when the other program dies */
    ask(&p, 100);
    go_on(&p, 30);
    kill_now(&p);
    wait_for_number(&other, streamed);
    assert_true(see_through(&other, streamed) != 0);
    read_disk();
    assert_true(is_known(first) && is_known(second) && is_known(third) && is_known(streamed));
    start(&p, "1");                             /* the lock of the dead is free, that of the living is not */
    assert_true(pty_wait(&p, "another mynah has the last conversation open"));
    to_empty_draft(&p);
    pty_send(&p, "\x14");                       /* C-t: all conversations */
    assert_true(pty_wait(&p, "›! say"));    /* in use */
    kill_now(&other);
    kill_now(&p);
    int expected = read_disk();
    assert_int_equal(expected, streamed);
    start(&p, "1");
    wait_for_number(&p, streamed);
    kill_now(&p);
}

/* ---- life --------------------------------------------------------------------------------------- */

static void write_image(void)
{
    static const unsigned char png[] = {    /* 1x1, grey */
        0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3A, 0x7E, 0x9B, 0x55,
        0, 0, 0, 10, 'I', 'D', 'A', 'T', 0x78, 0x9C, 0x63, 0x60, 0, 0, 0, 2, 0, 1, 0x48, 0xAF, 0xA4, 0x71,
        0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82,
    };
    char path[96];

    snprintf(path, sizeof path, "%s/cat.png", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(png, sizeof png, 1, file), 1);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    if (folder[strlen(folder) - 1] == 'X' && mkdtemp(folder) == NULL)
        return -1;
    snprintf(home, sizeof home, "%s/home", folder);
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(database, sizeof database, "%s/mynah/sessions.db", data);
    snprintf(wal, sizeof wal, "%s-wal", database);
    snprintf(copied, sizeof copied, "%s/copy.db", folder);
    snprintf(copied_wal, sizeof copied_wal, "%s-wal", copied);
    mkdir(home, 0700);
    write_image();
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_killed), cmocka_unit_test(test_two_programs) };

    (void)argc;
    snprintf(program, sizeof program, "%.*s/../mynah", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
