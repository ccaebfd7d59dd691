#include "store/child.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { TICK_MS = 50, NOT_FOUND = 127 };

/* The environment with TMPDIR of our own; pointers only, so free() of the list is all. */
static char **make_environment(void)
{
    static char tmp[] = "TMPDIR=tmp";
    size_t n = 0, n_kept = 0;

    while (environ != NULL && environ[n] != NULL)
        n++;
    char **list = calloc(n + 2, sizeof *list);
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], "TMPDIR=", 7) != 0)
            list[n_kept++] = environ[i];
    list[n_kept] = tmp;
    return list;
}

/* In the child, where only async-signal-safe calls are allowed.  Its own process group,
 * so that a kill reaches what it starts; and it does not outlive us, who might be
 * started again and go on with the same files. */
static void become(int folder_fd, int log_fd, const char *const argv[], char *const envp[], pid_t parent)
{
    sigset_t none;
    int null_fd = open("/dev/null", O_RDONLY);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && fchdir(folder_fd) == 0 &&
        null_fd >= 0 && dup2(null_fd, 0) == 0 && dup2(log_fd, 1) == 1 && dup2(log_fd, 2) == 2)
        execvpe(argv[0], (char *const *)argv, envp);
    _exit(NOT_FOUND);
}

/* Waits for the end; the tick may ask for it. */
static bool await_end(pid_t pid, int *status, child_tick *tick, void *user)
{
    const struct timespec pause = { 0, TICK_MS * 1000000L };
    bool wanted = true;

    for (;;) {
        pid_t got = waitpid(pid, status, wanted ? WNOHANG : 0);
        if (got == pid || (got < 0 && errno != EINTR))
            return wanted;
        if (wanted && !tick(user)) {
            wanted = false;
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);     /* perhaps it has no group yet */
        } else if (wanted) {
            nanosleep(&pause, NULL);
        }
    }
}

/* The last line of the log that says something; in a buffer of n bytes. */
static void last_line(int log_fd, char *text, size_t n)
{
    off_t size = lseek(log_fd, 0, SEEK_END);
    off_t start = size > (off_t)n - 1 ? size - (off_t)n + 1 : 0;
    ssize_t got = pread(log_fd, text, n - 1, start);

    if (got < 0)
        got = 0;
    while (got > 0 && isspace((unsigned char)text[got - 1]))
        got--;
    text[got] = '\0';
    char *line = strrchr(text, '\n');
    if (line != NULL)
        memmove(text, line + 1, strlen(line + 1) + 1);
}

static bool report(int status, int log_fd, const char *program, struct error *err)
{
    char text[240];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
        return error_set(err, ERROR_PULL, "%s cannot be started; install the packages python3 and python3-pip", program);
    last_line(log_fd, text, sizeof text);
    if (WIFEXITED(status))
        return error_set(err, ERROR_PULL, "%s ended with %d: %s", program, WEXITSTATUS(status), text);
    return error_set(err, ERROR_PULL, "%s was ended by signal %d: %s", program, WTERMSIG(status), text);
}

bool child_run(int folder_fd, const char *const argv[], child_tick *tick, void *user, struct error *err)
{
    int log_fd = openat(folder_fd, "log", O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    char **envp = make_environment();
    pid_t parent = getpid(), pid = -1;
    int status = 0;
    bool ok = false;

    if (log_fd < 0 || envp == NULL || (mkdirat(folder_fd, "tmp", 0700) != 0 && errno != EEXIST)) {
        error_set(err, ERROR_PULL, "%s cannot be started: %s", argv[0], strerror(errno));
    } else if ((pid = fork()) < 0) {
        error_set(err, ERROR_PULL, "%s cannot be started: %s", argv[0], strerror(errno));
    } else if (pid == 0) {
        become(folder_fd, log_fd, argv, envp, parent);
    } else if (!await_end(pid, &status, tick, user)) {
        error_set(err, ERROR_CANCELLED, "stopped");
    } else {
        ok = report(status, log_fd, argv[0], err);
    }
    if (log_fd >= 0)
        close(log_fd);
    free(envp);
    return ok;
}
