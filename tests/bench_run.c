/* bench_run.c - a whole command from outside: bench_run OUTPUT COMMAND [ARGUMENT...]
 *
 * Its standard output goes to the file OUTPUT, its errors to OUTPUT.log.  Printed are the
 * milliseconds from before it was started until it had ended, and its peak memory in MB
 * (ru_maxrss: the same as VmHWM). */
#include "base/clock.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool send_to(int fd, const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    return file >= 0 && dup2(file, fd) >= 0;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    char log[1024];
    int status;

    if (argc < 3)
        return 2;
    snprintf(log, sizeof log, "%s.log", argv[1]);
    double start = clock_ms();
    pid_t child = fork();
    if (child == 0) {
        if (send_to(STDOUT_FILENO, argv[1]) && send_to(STDERR_FILENO, log))
            execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 1;
    printf("%.3f %.1f\n", clock_ms() - start, (double)usage.ru_maxrss * 1024e-6);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
