/* The conversation on disk: what was written comes back, whatever happened between. */
#include "ui/transcript_log.h"

#include <dirent.h>
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

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/mynah-log-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static struct transcript_log *open_log(bool fresh, struct saved *saved)
{
    struct error err;
    struct transcript_log *l = transcript_log_open(folder, fresh, saved, &err);

    assert_non_null(l);
    return l;
}

static int n_files(void)
{
    DIR *dir = opendir(folder);
    int n = 0;

    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* One turn with hard text and a file. */
static void write_turn(struct transcript_log *l)
{
    struct saved_file file = { "/a b/\"강\".png", "0123" };
    struct error err;

    assert_true(transcript_log_user(l, "what\n\"is\" \x1B[31m 이것?", &file, 1, &err));
    assert_true(transcript_log_answer(l, "tiny", "a \\ cat\r\n", true, &err));
}

static void check_turn(const struct saved_turn *turn)
{
    assert_string_equal(turn->text, "what\n\"is\" \x1B[31m 이것?");
    assert_string_equal(turn->answer, "a \\ cat\r\n");
    assert_true(turn->stopped);
    assert_int_equal(turn->n_files, 1);
    assert_string_equal(turn->files[0].path, "/a b/\"강\".png");
    assert_string_equal(turn->files[0].sha256, "0123");
}

static void test_comes_back(void **state)
{
    struct saved saved;
    struct stat st;
    struct error err;
    struct transcript_log *l = open_log(false, &saved);

    (void)state;
    assert_int_equal(saved.n, 0);
    assert_int_equal(n_files(), 0);                 /* nothing said, nothing kept */
    write_turn(l);
    assert_int_equal(stat(transcript_log_path(l), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    transcript_log_close(l);

    l = open_log(false, &saved);
    assert_int_equal(saved.n, 1);
    assert_int_equal(saved.n_broken, 0);
    check_turn(&saved.turns[0]);
    saved_free(&saved);
    assert_true(transcript_log_user(l, "more", NULL, 0, &err));     /* and goes on in the same file */
    transcript_log_close(l);
    assert_int_equal(n_files(), 1);

    l = open_log(false, &saved);
    assert_int_equal(saved.n, 2);
    assert_null(saved.turns[1].answer);             /* it was never answered */
    saved_free(&saved);
    transcript_log_close(l);

    l = open_log(true, &saved);                     /* --new */
    assert_int_equal(saved.n, 0);
    assert_true(transcript_log_user(l, "afresh", NULL, 0, &err));
    transcript_log_close(l);
    assert_int_equal(n_files(), 2);
}

/* kill -9 at any byte: all whole lines come back, and what is written behind too. */
static void test_cut_anywhere(void **state)
{
    struct saved saved;
    struct stat st;
    struct error err;
    struct transcript_log *l = open_log(true, &saved);
    char path[256];

    (void)state;
    write_turn(l);
    strcpy(path, transcript_log_path(l));
    transcript_log_close(l);
    FILE *file = fopen(path, "r");
    char whole[4096];
    size_t n = fread(whole, 1, sizeof whole, file);
    fclose(file);
    assert_int_equal(stat(path, &st), 0);
    for (size_t cut = 0; cut <= n; cut++) {
        file = fopen(path, "w");
        fwrite(whole, 1, cut, file);
        fclose(file);
        l = open_log(false, &saved);
        saved_free(&saved);
        assert_true(transcript_log_user(l, "after the crash", NULL, 0, &err));
        transcript_log_close(l);
        l = open_log(false, &saved);
        assert_true(saved.n >= 1);
        assert_string_equal(saved.turns[saved.n - 1].text, "after the crash");
        if (cut == n) {
            assert_int_equal(saved.n, 2);
            assert_int_equal(saved.n_broken, 0);
            check_turn(&saved.turns[0]);
        }
        saved_free(&saved);
        transcript_log_close(l);
    }
}

static void test_hostile_lines(void **state)
{
    struct saved saved;
    char path[256];

    (void)state;
    snprintf(path, sizeof path, "%s/x.jsonl", folder);
    FILE *file = fopen(path, "w");
    fputs("{\"mynah\":1}\nnull\n[]\n{}\n{\"role\":\"user\"}\n{\"role\":3,\"text\":[]}\n"
          "{\"role\":\"assistant\",\"text\":\"before any question\"}\n\xFF\xFE\n\n"
          "{\"role\":\"user\",\"text\":\"q\",\"attachments\":[1,{},{\"path\":\"p\"},{\"path\":7}]}\n"
          "{\"role\":\"user\",\"text\":\"raw \xFF byte\",\"attachments\":{}}\n", file);
    fclose(file);
    struct transcript_log *l = open_log(false, &saved);
    assert_int_equal(saved.n, 2);
    assert_int_equal(saved.n_broken, 7);
    assert_int_equal(saved.turns[0].n_files, 1);
    assert_string_equal(saved.turns[0].files[0].sha256, "");
    assert_string_equal(saved.turns[1].text, "raw \xFF byte");
    saved_free(&saved);
    transcript_log_close(l);
}

static void test_two_at_once(void **state)
{
    struct saved first_saved, second_saved;
    struct error err;
    struct transcript_log *first = open_log(true, &first_saved);

    (void)state;
    write_turn(first);
    struct transcript_log *second = open_log(false, &second_saved);     /* in use: its own file */
    assert_int_equal(second_saved.n, 0);
    assert_true(second_saved.in_use);
    assert_false(first_saved.in_use);
    assert_true(transcript_log_user(second, "elsewhere", NULL, 0, &err));
    assert_string_not_equal(transcript_log_path(first), transcript_log_path(second));
    transcript_log_close(second);
    transcript_log_close(first);
    assert_int_equal(n_files(), 2);
}

static void test_restart(void **state)
{
    struct saved saved;
    struct error err;
    struct transcript_log *l = open_log(true, &saved);

    (void)state;
    write_turn(l);
    assert_true(transcript_log_restart(l, &err));
    transcript_log_close(l);
    assert_int_equal(n_files(), 2);
    l = open_log(false, &saved);                    /* a cleared conversation does not come back */
    assert_int_equal(saved.n, 0);
    transcript_log_close(l);
}

static void test_nowhere_to_write(void **state)
{
    struct saved saved;
    struct error err = { 0 };
    struct transcript_log *l = open_log(true, &saved);

    (void)state;
    assert_int_equal(rmdir(folder), 0);
    assert_false(transcript_log_user(l, "x", NULL, 0, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, folder));
    transcript_log_close(l);
    assert_int_equal(mkdir(folder, 0700), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nowhere_to_write, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
