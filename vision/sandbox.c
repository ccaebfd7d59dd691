/* sandbox.c - fork, limits, a filter of system calls.
 *
 * The caller has other threads, so between fork and _exit the child may hold a
 * lock that nobody will release.  glibc takes malloc's own locks across fork;
 * nothing else with a lock is called by the decoders.
 *
 * The filter answers EPERM rather than killing, so that a libc which tries some
 * harmless call does not break decoding.  A kernel without seccomp leaves the
 * process and its limits.  Source: seccomp(2). */
#include "vision/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* The sanitizers' runtimes map terabytes and make calls of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CONFINED = 0 };
#else
enum { CONFINED = 1 };
#endif

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#define THIS_ARCH 0                 /* no filter: the process and its limits remain */
#endif

#define ALLOW(call)                                                   \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),            \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void filter_calls(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(brk), ALLOW(mmap), ALLOW(munmap), ALLOW(mremap), ALLOW(mprotect), ALLOW(madvise),
        ALLOW(futex), ALLOW(exit_group), ALLOW(exit), ALLOW(rt_sigreturn),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = { sizeof rules / sizeof *rules, rules };

    if (THIS_ARCH != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

/* Address space in use, from the first number of /proc/self/statm; 0 when unknown.
 * Asked by the child: in the parent other threads could map more before the fork. */
static size_t mapped_bytes(void)
{
    char text[64];
    size_t pages = 0;
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);

    for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
        pages = pages * 10 + (size_t)(text[i] - '0');
    if (fd >= 0)
        close(fd);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void confine(size_t max_bytes, int max_ms)
{
    const size_t mapped = mapped_bytes();
    const struct rlimit none = { 0, 0 };
    const struct rlimit memory = { mapped + max_bytes, mapped + max_bytes };
    const struct rlimit seconds = { (rlim_t)max_ms / 1000 + 1, (rlim_t)max_ms / 1000 + 1 };

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)setrlimit(RLIMIT_CPU, &seconds);
    if (!CONFINED)
        return;
    if (mapped > 0)
        (void)setrlimit(RLIMIT_AS, &memory);
    filter_calls();
}

/* The child's end closes with it, however it ends. */
static enum sandbox_end wait_for_end(int fd, int max_ms)
{
    const double until = clock_ms() + max_ms;
    struct pollfd end = { .fd = fd, .events = POLLIN };

    for (;;) {
        const double left = until - clock_ms();
        const int n = poll(&end, 1, left > 0 ? (int)left + 1 : 0);
        if (n > 0)
            return SANDBOX_DONE;
        if (n == 0 || errno != EINTR)
            return SANDBOX_LATE;
    }
}

static enum sandbox_end run_child(void (*work)(void *user), bool (*meanwhile)(void *user), void *user, size_t max_bytes,
                                  int max_ms, volatile int *done)
{
    sigset_t all, before;
    int pipe_fd[2];

    if (pipe2(pipe_fd, O_CLOEXEC) != 0)
        return SANDBOX_NONE;
    /* The child never unblocks: our handlers, which restore a terminal, are not
     * to run in there; a fault still ends it. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t child = fork();
    if (child == 0) {
        confine(max_bytes, max_ms);
        work(user);
        *done = 1;
        _exit(0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(pipe_fd[1]);
    if (child > 0 && meanwhile != NULL)
        while (wait_for_end(pipe_fd[0], 0) == SANDBOX_LATE && meanwhile(user))
            ;
    enum sandbox_end end = child < 0 ? SANDBOX_NONE : wait_for_end(pipe_fd[0], max_ms);
    close(pipe_fd[0]);
    if (child < 0)
        return end;
    if (end == SANDBOX_LATE)
        kill(child, SIGKILL);
    /* ECHILD where the parent of us all has SIGCHLD ignored: `done` decides. */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return end == SANDBOX_DONE && !*done ? SANDBOX_BROKE : end;
}

enum sandbox_end sandbox_run(void (*work)(void *user), bool (*meanwhile)(void *user), void *user, size_t max_bytes, int max_ms)
{
    volatile int *done = mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if ((const volatile void *)done == MAP_FAILED)
        return SANDBOX_NONE;
    const enum sandbox_end end = run_child(work, meanwhile, user, max_bytes, max_ms, done);
    munmap((void *)(size_t)done, sizeof *done);
    return end;
}
