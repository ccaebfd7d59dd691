/* The first release's files become sessions: once, in order, with all that was in them. */
#include "tests/sessions_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define HEAD "{\"mynah\":1,\"started\":\"2026-11-24T21:15:00Z\"}\n"

static void put_file(const struct store *t, const char *name, time_t changed, const char *text)
{
    char path[160];
    const struct timespec times[2] = { { .tv_sec = changed }, { .tv_sec = changed } };

    snprintf(path, sizeof path, "%s/sessions", t->folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/sessions/%s", t->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static size_t count(struct store *t, struct session_entry *last)
{
    struct session_entry *entries;
    size_t n;

    assert_ok(t, sessions_list(t->s, "", &entries, &n, &t->err));
    if (n > 0)
        *last = entries[0];
    session_entries_free(entries, n);
    return n;
}

static void test_import(void **state)
{
    struct store *t = *state;
    struct session_entry last;

    put_file(t, "a.jsonl", 3000, HEAD
        "{\"role\":\"user\",\"text\":\"what\\nis \xFF \\u001b[31m 이것?\",\"attachments\":[{\"path\":\"/a b.png\",\"sha256\":\"01\"},{\"path\":\"/c.wav\"}]}\n"
        "{\"role\":\"assistant\",\"model\":\"tiny\",\"text\":\"a \\\\ cat\\r\\n\",\"stopped\":true}\n"
        "{\"role\":\"user\",\"text\":\"more\"}\n"
        "{\"role\":\"assistant\",\"model\":\"default\",\"text\":\"\"}\n"
        "{\"role\":\"user\",\"text\":\"never answered\"}\n");
    put_file(t, "b.jsonl", 2000, HEAD "{\"role\":\"user\",\"text\":\"older\"}\n");
    put_file(t, "notes.txt", 9000, HEAD "{\"role\":\"user\",\"text\":\"not ours\"}\n");
    store_reopen(t);
    assert_int_equal(count(t, &last), 2);
    assert_int_equal(last.changed, 3000);
    struct stored_session loaded = store_load(t, 0);
    assert_string_equal(loaded.title, "what");
    assert_int_equal(loaded.n_turns, 3);
    const struct session_turn *turn = loaded.turns;
    assert_string_equal(turn[0].text, "what\nis \xFF \x1B[31m 이것?");
    assert_string_equal(turn[0].answer, "a \\ cat\r\n");
    assert_int_equal(turn[0].state, TURN_STOPPED);
    assert_string_equal(turn[0].model, "tiny");
    assert_int_equal(turn[0].n_files, 2);
    assert_string_equal(turn[0].files[0].path, "/a b.png");
    assert_string_equal(turn[0].files[0].sha256, "01");
    assert_string_equal(turn[0].files[1].sha256, "");
    assert_string_equal(turn[1].answer, "");
    assert_int_equal(turn[1].state, TURN_FINISHED);
    assert_int_equal(turn[1].parent, turn[0].id);
    assert_null(turn[2].answer);
    assert_int_equal(turn[2].state, TURN_WAITING);
    assert_int_equal(loaded.head, turn[2].id);
    stored_session_done(&loaded);
    store_check(t);
}

static void test_once(void **state)
{
    struct store *t = *state;
    struct session_entry last;
    char path[160];

    put_file(t, "a.jsonl", 3000, HEAD "{\"role\":\"user\",\"text\":\"q\"}\n");
    put_file(t, "empty.jsonl", 4000, HEAD);
    store_reopen(t);
    assert_int_equal(count(t, &last), 1);
    assert_ok(t, sessions_delete(t->s, last.id, &t->err));
    store_reopen(t);                                /* deleted is deleted */
    assert_int_equal(count(t, &last), 0);
    snprintf(path, sizeof path, "%s/sessions/a.jsonl", t->folder);
    assert_int_equal(access(path, R_OK), 0);        /* and the file is where it was */
    put_file(t, "new.jsonl", time(NULL) + 100000, HEAD "{\"role\":\"user\",\"text\":\"later\"}\n");
    store_reopen(t);
    assert_int_equal(count(t, &last), 1);
    assert_true(last.changed <= (int64_t)time(NULL));
}

/* The session changed last is resumed, by name where the clock was too coarse. */
static void test_order(void **state)
{
    struct store *t = *state;
    struct session_entry *entries;
    char titles[64] = "";
    size_t n;

    put_file(t, "20260102-1.jsonl", 5000, "{\"role\":\"user\",\"text\":\"two\"}\n");
    put_file(t, "20260103-1.jsonl", 5000, "{\"role\":\"user\",\"text\":\"three\"}\n");
    put_file(t, "20260101-1.jsonl", 6000, "{\"role\":\"user\",\"text\":\"four\"}\n");
    put_file(t, "20260104-1.jsonl", 4000, "{\"role\":\"user\",\"text\":\"one\"}\n");
    store_reopen(t);
    assert_ok(t, sessions_list(t->s, "", &entries, &n, &t->err));
    for (size_t i = 0; i < n; i++)
        strcat(strcat(titles, entries[i].title), " ");
    session_entries_free(entries, n);
    assert_string_equal(titles, "four three two one ");
    struct stored_session loaded = store_load(t, 0);
    assert_string_equal(loaded.title, "four");
    stored_session_done(&loaded);
}

static void test_hostile_lines(void **state)
{
    struct store *t = *state;

    put_file(t, "x.jsonl", 1000, HEAD
        "null\n[]\n{}\n{\"role\":\"user\"}\n{\"role\":3,\"text\":[]}\n"
        "{\"role\":\"assistant\",\"text\":\"before any question\"}\n\xFF\xFE\n\n"
        "{\"role\":\"user\",\"text\":\"q\",\"attachments\":[1,{},{\"path\":\"p\"},{\"path\":7}]}\n"
        "{\"role\":\"assistant\",\"text\":\"a\"}\n{\"role\":\"assistant\",\"text\":\"twice\"}\n"
        "{\"role\":\"user\",\"text\":\"raw \xFF byte\",\"attachments\":{}}\n{\"role\":\"user\",\"text\":\"cut sh");
    store_reopen(t);
    struct stored_session loaded = store_load(t, 0);
    assert_int_equal(loaded.n_turns, 2);
    assert_string_equal(loaded.turns[0].answer, "a");
    assert_int_equal(loaded.turns[0].n_files, 1);
    assert_string_equal(loaded.turns[0].files[0].path, "p");
    assert_string_equal(loaded.turns[1].text, "raw \xFF byte");
    stored_session_done(&loaded);
    store_check(t);
}

/* A first release that is still running has its file locked: it is taken when it is whole.
 * A link, a folder or a FIFO of such a name is none of its files. */
static void test_left_for_later(void **state)
{
    struct store *t = *state;
    struct session_entry last;
    char path[160];

    put_file(t, "a.jsonl", 1000, "{\"role\":\"user\",\"text\":\"q\"}\n");
    snprintf(path, sizeof path, "%s/sessions/fifo.jsonl", t->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/sessions/folder.jsonl", t->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/sessions/link.jsonl", t->folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/sessions/a.jsonl", t->folder);
    int fd = open(path, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    store_reopen(t);
    assert_int_equal(count(t, &last), 0);
    close(fd);
    store_reopen(t);
    assert_int_equal(count(t, &last), 1);
}

/* Programs that start together find the same files, and take each over once. */
static void test_two_at_once(void **state)
{
    struct store *t = *state;
    struct session_entry last;
    char name[32];
    int ready[2], status;

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%d.jsonl", i);
        put_file(t, name, 1000 + i, "{\"role\":\"user\",\"text\":\"q\"}\n");
    }
    assert_int_equal(pipe(ready), 0);
    for (int i = 0; i < 6; i++)
        if (fork() == 0) {
            struct error err = { 0 };
            char c;
            close(ready[1]);
            bool ok = read(ready[0], &c, 1) == 0 && sessions_open(t->path, &err) != NULL;     /* all go when the pipe closes */
            fputs(err.text, stderr);
            _exit(ok ? 0 : 1);
        }
    close(ready[1]);
    close(ready[0]);
    for (int i = 0; i < 6; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    store_reopen(t);
    assert_int_equal(count(t, &last), 20);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, store_folder, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_import),
        IN_FOLDER(test_once),
        IN_FOLDER(test_order),
        IN_FOLDER(test_hostile_lines),
        IN_FOLDER(test_left_for_later),
        IN_FOLDER(test_two_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
