/* What the doctor is told of the database: counts, and damage. */
#include "store/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/mynah-check-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || setenv("XDG_DATA_HOME", folder, 1) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/sessions.db", folder);
    return 0;
}

static int tear_down(void **state)
{
    char command[80];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void fill(struct sessions *s)
{
    struct error err;
    int64_t session, turn;
    char text[2000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 2; i++) {
        int64_t parent = 0;
        assert_true(sessions_begin(s, &session, &err));
        for (int k = 0; k < 50; k++, parent = turn) {
            struct session_turn asked = { .parent = parent, .text = text };
            assert_true(sessions_ask(s, session, &asked, &turn, &err));
        }
    }
    assert_true(sessions_begin(s, &session, &err));         /* without a turn: it does not count */
}

static void test_whole_and_damaged(void **state)
{
    struct error err;
    struct stat st;
    size_t n_sessions, n_turns;
    uint64_t n_bytes;
    struct sessions *s = sessions_open(path, &err);

    (void)state;
    assert_non_null(s);
    assert_true(sessions_check(s, &n_sessions, &n_turns, &n_bytes, &err));
    assert_int_equal(n_sessions, 0);
    assert_int_equal(n_turns, 0);
    fill(s);
    assert_true(sessions_check(s, &n_sessions, &n_turns, &n_bytes, &err));
    assert_int_equal(n_sessions, 2);
    assert_int_equal(n_turns, 100);
    sessions_close(s);
    assert_int_equal(stat(path, &st), 0);

    /* Zeroes over the last page, which holds rows or an index. */
    FILE *file = fopen(path, "r+");
    char zeroes[4096] = { 0 };
    assert_int_equal(fseek(file, st.st_size - 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(zeroes, 1, sizeof zeroes, file), sizeof zeroes);
    fclose(file);
    s = sessions_open(path, &err);
    if (s != NULL)
        assert_false(sessions_check(s, &n_sessions, &n_turns, &n_bytes, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, path));
    sessions_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_whole_and_damaged) };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
