/* bench_run.c - a whole command from outside: bench_run OUTPUT COMMAND [ARGUMENT...]
 *
 * Its standard output goes to the file OUTPUT, its errors to OUTPUT.log.  Printed are, counted
 * from before it was started, the milliseconds until it had ended and until its last
 * word came, and its peak memory in MB (ru_maxrss: the same as VmHWM). */
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int create(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
}

/* Until its end; returns when the last byte came. */
static double copy(int from, int to)
{
    char bytes[4096];
    double last = clock_ms();

    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0 && write(to, bytes, (size_t)n) == n;)
        last = clock_ms();
    return last;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    char log[1024];
    int status, ends[2];

    snprintf(log, sizeof log, "%s.log", argc > 2 ? argv[1] : "");
    int output = argc > 2 ? create(argv[1]) : -1, errors = output >= 0 ? create(log) : -1;
    if (errors < 0 || pipe(ends) != 0)
        return 2;
    double start = clock_ms();
    pid_t child = fork();
    if (child == 0) {
        if (dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(errors, STDERR_FILENO) >= 0 && close(ends[0]) == 0 && close(ends[1]) == 0)
            execvp(argv[2], argv + 2);
        _exit(127);
    }
    close(ends[1]);
    double said = copy(ends[0], output);
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 1;
    printf("%.3f %.3f %.1f\n", clock_ms() - start, said - start, (double)usage.ru_maxrss * 1024e-6);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
