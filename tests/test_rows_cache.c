/* test_rows_cache.c - rows are found again under their own key alone; what is damaged is not taken; what was not used for longest
 * makes room; a folder that cannot be had harms nothing. */
#include "fusion/rows_cache.h"

#include <dirent.h>
#include <fcntl.h>
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

#include "base/file.h"

enum { WIDE = 8 };

static char home[40], folder[80];
static struct compute compute;

static int set_up(void **state)
{
    (void)state;
    strcpy(home, "/tmp/test_rows_cache_XXXXXX");
    if (mkdtemp(home) == NULL || setenv("XDG_CACHE_HOME", home, 1) != 0)
        return -1;
    snprintf(folder, sizeof folder, "%s/mynah/rows", home);
    return compute_init(&compute, 1, "ref", NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[80];

    (void)state;
    compute_done(&compute);
    snprintf(command, sizeof command, "rm -rf '%s'", home);
    return system(command);
}

static struct media_rows *make_rows(float first)
{
    struct media_rows *m = media_rows_new(WIDE, NULL);
    float *rows = media_rows_add(m, 2, NULL);

    assert_non_null(rows);
    rows[0] = first;
    return m;
}

static void keep(const char *key, float first)
{
    struct media_rows *m = make_rows(first);

    rows_cache_keep(key, m);
    media_rows_free(m);
}

/* The first number of what is kept; 0: nothing is. */
static float first_of(const char *key)
{
    struct media_rows *m = rows_cache_find(key, WIDE);
    float first = m != NULL ? m->pieces[0].rows[0] : 0.0f;

    media_rows_free(m);
    return first;
}

static size_t n_files(void)
{
    DIR *open = opendir(folder);
    size_t n = 0;

    for (const struct dirent *e; open != NULL && (e = readdir(open)) != NULL; )
        n += e->d_name[0] != '.';
    if (open != NULL)
        closedir(open);
    return n;
}

static const char *path_of(const char *key)
{
    static char path[200];
    char name[SHA256_HEX];

    sha256_bytes(key, strlen(key), name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void test_keys(void **state)
{
    static const char *const said[][3] = { { "hash", "encoder", "how" }, { "hasH", "encoder", "how" }, { "hash", "encodeR", "how" }, { "hash", "encoder", "hoW" } };
    char *keys[4];
    struct compute best;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        keys[i] = rows_cache_key(said[i][0], said[i][1], &compute, said[i][2]);
        assert_non_null(keys[i]);
        assert_true(first_of(keys[i]) == 0.0f);
        keep(keys[i], 1.0f + (float)i);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(first_of(keys[i]) == 1.0f + (float)i);
        free(keys[i]);
    }
    assert_int_equal(n_files(), 4);
    assert_true(compute_init(&best, 1, NULL, NULL));
    char *other = rows_cache_key("hash", "encoder", &best, "how");
    assert_true(first_of(other) == (strcmp(compute_kernels_name(&best), "ref") == 0 ? 1.0f : 0.0f));
    free(other);
    compute_done(&best);
}

static void test_files(void **state)
{
    struct stat st;

    (void)state;
    keep("private", 3.0f);
    assert_int_equal(stat(path_of("private"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    keep("private", 4.0f);          /* the newest counts */
    assert_true(first_of("private") == 4.0f);
    assert_null(rows_cache_find("private", WIDE + 1));
    assert_null(rows_cache_find(NULL, WIDE));
    keep(NULL, 1.0f);
}

static void test_damaged(void **state)
{
    (void)state;
    for (size_t how = 0; how < 4; how++) {
        keep("damaged", 5.0f);
        const char *path = path_of("damaged");
        int fd = open(path, O_WRONLY);
        assert_true(fd >= 0);
        if (how == 0)
            assert_int_equal(pwrite(fd, "!", 1, 120), 1);
        else
            assert_int_equal(ftruncate(fd, how == 1 ? 0 : how == 2 ? 100 : 1 << 20), 0);
        close(fd);
        assert_true(first_of("damaged") == 0.0f);
        keep("damaged", 6.0f);
        assert_true(first_of("damaged") == 6.0f);
    }
    keep("another", 7.0f);          /* under a name that is not its own */
    char *from = strdup(path_of("another"));
    assert_int_equal(rename(from, path_of("damaged")), 0);
    free(from);
    assert_true(first_of("damaged") == 0.0f);
    unlink(path_of("damaged"));
    assert_int_equal(mkfifo(path_of("damaged"), 0600), 0);
    assert_true(first_of("damaged") == 0.0f);
    unlink(path_of("damaged"));
}

/* Oldest first, however they are named; what was found is young again. */
static void test_room(void **state)
{
    static const char *const keys[] = { "a", "b", "c", "d" };
    struct timespec times[2] = { 0 };
    struct stat st;

    (void)state;
    rows_cache_make_room(folder, 0, 0);
    assert_int_equal(n_files(), 0);
    for (size_t i = 0; i < 4; i++) {
        keep(keys[i], 1.0f + (float)i);
        times[0].tv_sec = times[1].tv_sec = 1000 - (time_t)(i == 3 ? 2 : i);        /* oldest: c and d, by a part of a second */
        times[0].tv_nsec = times[1].tv_nsec = i == 3 ? 5 : 0;
        assert_int_equal(utimensat(AT_FDCWD, path_of(keys[i]), times, 0), 0);
    }
    assert_int_equal(stat(path_of("a"), &st), 0);
    size_t n = (size_t)st.st_size;
    rows_cache_make_room(folder, 0, 4 * n);
    assert_int_equal(n_files(), 4);
    rows_cache_make_room(folder, 1, 4 * n);
    assert_int_equal(n_files(), 3);
    assert_true(first_of("c") == 0.0f);
    assert_true(first_of("d") == 4.0f);
    rows_cache_make_room(folder, n, 2 * n);
    assert_int_equal(n_files(), 1);
    assert_true(first_of("d") == 4.0f);
    rows_cache_make_room(folder, 2 * n, n);
    assert_int_equal(n_files(), 0);
    rows_cache_make_room("/nowhere", 1, 0);
}

static void test_no_folder(void **state)
{
    char taken[100];

    (void)state;
    keep("before", 8.0f);
    assert_int_equal(setenv("XDG_CACHE_HOME", "/proc/nothing", 1), 0);
    keep("before", 9.0f);
    assert_true(first_of("before") == 0.0f);
    assert_int_equal(setenv("XDG_CACHE_HOME", home, 1), 0);
    assert_true(first_of("before") == 8.0f);
    rows_cache_make_room(folder, 0, 0);
    assert_int_equal(rmdir(folder), 0);
    snprintf(taken, sizeof taken, "%s/mynah/rows", home);
    close(open(taken, O_CREAT | O_WRONLY, 0600));       /* a file where the folder would be */
    keep("before", 9.0f);
    assert_true(first_of("before") == 0.0f);
    unlink(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys), cmocka_unit_test(test_files), cmocka_unit_test(test_damaged), cmocka_unit_test(test_room),
        cmocka_unit_test(test_no_folder),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
