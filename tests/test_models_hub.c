/* test_models_hub.c - a source whose sha256 the hub names: by the headers of a redirect to where the bytes lie. */
#include "models_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define OTHER_SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *hub_source(const struct server *s)
{
    static char text[200];

    snprintf(text, sizeof text, "{ \"url\": \"http://127.0.0.1:%u/m.gguf\", \"bytes\": %d }", s->port, N_BYTES);
    return text;
}

/* The header lines of a redirect; format may name the sha256 that is given. */
static const char *linked(const char *format, const char *sha256)
{
    static char text[4][300];
    static size_t i;

    i = (i + 1) % 4;
    snprintf(text[i], sizeof text[i], format, sha256);
    return text[i];
}

#define GOOD "X-Linked-Size: 300000\r\nX-Linked-ETag: \"%s\"\r\n"

static struct models *begin(struct server *s, const void *data)
{
    assert_int_equal(server_start(s, data, N_BYTES), 0);
    s->linked = linked(GOOD, sha);
    return open_sources(hub_source(s));
}

static void end(struct server *s, struct models *m)
{
    models_close(m);
    server_stop(s);
}

static void test_named(void **state)
{
    static const char *const formats[] = {
        GOOD, "x-linked-etag: \"%s\"\r\n", "X-Linked-ETag:%s\r\n", GOOD "X-Linked-ETag: \"" OTHER_SHA "\"\r\n",  /* the first counts */
    };
    struct server s;
    struct models *m = begin(&s, content);

    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        s.linked = linked(formats[i], sha);
        s.n_requests = 0;
        pull_well(m);
        assert_int_equal(s.n_requests, 1);
        pull_well(m);               /* it is there: nothing is asked for */
        assert_int_equal(s.n_requests, 1);
        unlink(file_path);
    }
    end(&s, m);
}

/* Without a redirect the answer itself may name it, or not. */
static void test_missing(void **state)
{
    struct server s;
    struct models *m = begin(&s, content);

    (void)state;
    s.linked = "";
    pull_ill(m, ERROR_PULL, "127.0.0.1");
    pull_ill(m, ERROR_PULL, "a header X-Linked-ETag with 64 hexadecimal digits was expected");
    assert_int_equal(s.n_requests, 2);              /* it is not tried again and again */
    s.linked = NULL;
    pull_ill(m, ERROR_PULL, "names no sha256");
    s.linked = linked("X-Linked-ETag-Of-Another: \"%s\"\r\n", sha);
    pull_ill(m, ERROR_PULL, "names no sha256");
    s.linked = linked(GOOD, sha);
    pull_well(m);
    end(&s, m);
}

static void test_malformed(void **state)
{
    static const struct { const char *lines, *expected; } ill[] = {
        { "X-Linked-ETag: \"0123456789abcdef\"\r\n", "X-Linked-ETag is 0123456789abcdef: a sha256, 64 hexadecimal digits, was expected" },
        { "X-Linked-ETag: W/\"" OTHER_SHA "\"\r\n", "64 hexadecimal digits" },
        { "X-Linked-ETag: \"" OTHER_SHA "0\"\r\n", "64 hexadecimal digits" },
        { "X-Linked-ETag: \"g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\r\n", "64 hexadecimal digits" },
        { "X-Linked-ETag: \"\033]0;x\007\"\r\n", "X-Linked-ETag is ]0;x:" },        /* as a terminal may have it */
        { "X-Linked-ETag: \"" OTHER_SHA "\"\r\nX-Linked-Size: 299999\r\n", "X-Linked-Size is 299999: 300000 bytes were expected" },
        { "X-Linked-ETag: \"" OTHER_SHA "\"\r\nX-Linked-Size: much\r\n", "X-Linked-Size is much: 300000 bytes were expected" },
    };
    struct server s;
    struct models *m = begin(&s, content);

    (void)state;
    for (size_t i = 0; i < sizeof ill / sizeof *ill; i++) {
        s.linked = ill[i].lines;
        pull_ill(m, ERROR_PULL, ill[i].expected);
    }
    end(&s, m);
}

/* What was wrong is not kept. */
static void test_wrong_bytes(void **state)
{
    struct server s;
    struct models *m = begin(&s, content);

    (void)state;
    for (int i = 0; i < 2; i++) {
        s.linked = linked(GOOD, OTHER_SHA);
        pull_ill(m, ERROR_PULL, "not the published file");
        assert_int_equal(s.last_from, 0);
    }
    assert_int_equal(s.n_requests, 2);
    s.linked = linked(GOOD, sha);
    pull_well(m);
    assert_int_equal(s.n_requests, 3);
    end(&s, m);
}

static void test_resumes(void **state)
{
    struct server s;
    struct models *m = begin(&s, content);

    (void)state;
    s.mode = SERVER_CUT;
    s.cut_bytes = 50000;
    pull_ill(m, ERROR_PULL, "127.0.0.1");
    assert_int_equal(s.n_requests, 3);
    assert_int_equal(s.last_from, 100000);
    models_close(m);
    m = open_sources(hub_source(&s));               /* of another program */
    s.mode = SERVER_GOOD;
    pull_well(m);
    assert_int_equal(s.last_from, 150000);
    end(&s, m);
}

/* The hub has another file by now: none of the old one's bytes are in it. */
static void test_resumes_another(void **state)
{
    static unsigned char other[N_BYTES];
    char other_sha[SHA256_HEX], kept[100];
    struct server s;

    (void)state;
    for (size_t i = 0; i < N_BYTES; i++)
        other[i] = content[i] ^ 0x55;
    sha256_bytes(other, N_BYTES, other_sha);
    struct models *m = begin(&s, other);
    s.linked = linked(GOOD, other_sha);
    s.mode = SERVER_CUT;
    s.cut_bytes = 50000;
    pull_ill(m, ERROR_PULL, "127.0.0.1");
    s.data = content;
    s.linked = linked(GOOD, sha);
    s.mode = SERVER_GOOD;
    s.n_requests = 0;
    pull_well(m);
    assert_int_equal(s.n_requests, 2);              /* the rest, which is of another, then all */
    assert_int_equal(s.last_from, 0);

    unlink(file_path);                              /* a part of which it is not known whose it is */
    s.mode = SERVER_CUT;
    pull_ill(m, ERROR_PULL, "127.0.0.1");
    snprintf(kept, sizeof kept, "%s/.pull/m/0-hub/sha256", models_folder_path);
    write_bytes(kept, "0123", 4);
    s.mode = SERVER_GOOD;
    s.n_requests = 0;
    pull_well(m);
    assert_int_equal(s.n_requests, 1);
    assert_int_equal(s.last_from, 0);
    end(&s, m);
}

static bool kill_at(void *user, const char *name, const char *what, uint64_t done, uint64_t total)
{
    (void)name;
    (void)total;
    if (strcmp(what, user) == 0 && done > 0)
        kill(getpid(), SIGKILL);
    return true;
}

/* Killed while it is fetched, and when all of it is there: no byte is asked for twice. */
static void test_killed(void **state)
{
    static char downloading[] = "downloading", verifying[] = "verifying";
    struct server s;
    struct models *m = begin(&s, content);

    (void)state;
    for (int i = 0; i < 2; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            struct error err;
            models_pull(m, "m", kill_at, i == 0 ? downloading : verifying, &err);
            _exit(1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    size_t n_requests = s.n_requests;
    pull_well(m);
    assert_int_equal(s.n_requests, n_requests);
    end(&s, m);
}

/* Later size and time stamp are compared, and the sha256 with that of the pull when they differ. */
static void test_later(void **state)
{
    struct server s;
    struct models *m = begin(&s, content);
    struct error err = { 0 };
    struct stat st;
    char notes[100];

    (void)state;
    pull_well(m);
    assert_int_equal(stat(file_path, &st), 0);
    const struct timespec times[2] = { st.st_atim, st.st_mtim };
    assert_int_equal(utimensat(AT_FDCWD, file_path, NULL, 0), 0);
    check_pulled(m);                                /* read again, and noted */
    content[7] ^= 1;
    write_bytes(file_path, content, N_BYTES);
    content[7] ^= 1;
    assert_null(models_path(m, "m", &err));
    assert_non_null(strstr(err.text, "not the published file"));
    assert_int_equal(utimensat(AT_FDCWD, file_path, times, 0), 0);
    assert_null(models_path(m, "m", &err));

    snprintf(notes, sizeof notes, "%s/verified", models_folder_path);
    unlink(notes);                                  /* as if put there by hand: nobody knows its sha256 */
    write_bytes(file_path, content, N_BYTES);
    assert_null(models_path(m, "m", &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, "the hub names it; run `mynah pull m`"));
    pull_well(m);
    end(&s, m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_named), TEST(test_missing), TEST(test_malformed), TEST(test_wrong_bytes), TEST(test_resumes), TEST(test_resumes_another),
        TEST(test_killed), TEST(test_later),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
