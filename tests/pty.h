/* pty.h - a program on a terminal of its own: keys in, every byte out, deadlines.
 *
 * The program runs in a process group of its own below a small parent that plays the
 * shell: it notes when the program stops or ends, so C-z works as it does for people. */
#ifndef TESTS_PTY_H
#define TESTS_PTY_H

#include "base/clock.h"
#include "tests/pty_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

enum { PTY_DEADLINE_MS = 20000 };

struct pty_params {
    const char *terminal;           /* TERM */
    int rows, cols;
    unsigned allowed;               /* extensions, see pty_stream.h */
    const char *const *environment; /* NAME=value or NAME (unset), NULL at the end; may be NULL */
    const char *folder;             /* where it runs; NULL: here */
    const char *const *arguments;   /* of the program, NULL at the end; or */
    void (*function)(void *user);   /* run in the child instead of a program */
    void *user;
    const char *background;         /* what the terminal answers to OSC 11; NULL: it does not; DA1 always is */
    int answer_ms;                  /* after so long */
    bool bare;                      /* before the program no echo and no keys that make signals: random bytes are typed */
};

struct pty {
    int fd, notes;                  /* the terminal; 'S' stopped, 'E' and a status ended */
    pid_t shell, program;
    struct pty_params params;
    struct termios before;          /* modes as the program found them */
    char *bytes;                    /* all that came */
    size_t n, capacity, n_taken;
    struct stream stream;
    bool stopped, ended;
    int status;
};

static inline void pty_send_bytes(struct pty *p, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(p->fd, bytes, n);
        if (done <= 0 && errno != EINTR && errno != EAGAIN)
            return;
        bytes += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
}

static inline void pty_send(struct pty *p, const char *text)
{
    pty_send_bytes(p, text, strlen(text));
}

static inline void pty_on_query(void *user)
{
    struct pty *p = user;

    poll(NULL, 0, p->params.answer_ms);
    if (p->params.background != NULL)
        pty_send(p, p->params.background);
    pty_send(p, "\x1B[?62;22c");
}

static inline void pty_run_program(const struct pty_params *params)
{
    static const char *const cleared[] = { "NO_COLOR", "COLORFGBG", "TMUX", "STY", "LC_ALL", "LC_CTYPE", "KITTY_WINDOW_ID", "TERM_PROGRAM", "COLORTERM", "DISPLAY", "WAYLAND_DISPLAY" };

    for (size_t i = 0; i < sizeof cleared / sizeof cleared[0]; i++)
        unsetenv(cleared[i]);
    setenv("LANG", "C.UTF-8", 1);
    setenv("TERM", params->terminal, 1);
    for (const char *const *e = params->environment; e != NULL && *e != NULL; e++) {
        char *pair = strdup(*e), *value = strchr(pair, '=');
        if (value == NULL)
            unsetenv(pair);
        else
            *value = '\0', setenv(pair, value + 1, 1);
        free(pair);
    }
    if (params->folder != NULL && chdir(params->folder) != 0)
        _exit(126);
    if (params->function != NULL) {
        params->function(params->user);
        exit(0);
    }
    execv(params->arguments[0], (char *const *)(size_t)params->arguments);
    _exit(127);
}

/* The shell of the terminal: one job. */
static inline void pty_run_shell(const struct pty_params *params, int notes)
{
    int status;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        tcsetpgrp(0, getpid());
        signal(SIGTTOU, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        close(notes);
        pty_run_program(params);
    }
    if (write(notes, &pid, sizeof pid) != sizeof pid)
        _exit(1);
    while (waitpid(pid, &status, WUNTRACED) == pid) {
        char note[1 + sizeof status] = { WIFSTOPPED(status) ? 'S' : 'E' };
        memcpy(note + 1, &status, sizeof status);
        if (write(notes, note, sizeof note) != sizeof note || !WIFSTOPPED(status))
            break;
    }
    for (;;)
        pause();                    /* the terminal stays until the test has read it */
}

static inline bool pty_start(struct pty *p, const struct pty_params *params)
{
    struct winsize size = { .ws_row = (unsigned short)params->rows, .ws_col = (unsigned short)params->cols };
    int notes[2], slave;

    memset(p, 0, sizeof *p);
    p->params = *params;
    stream_open(&p->stream, params->terminal, params->rows, params->cols, params->allowed);
    p->stream.on_query = pty_on_query;
    p->stream.user = p;
    if (p->stream.fault[0] != '\0' || openpty(&p->fd, &slave, NULL, NULL, &size) != 0 || pipe2(notes, O_CLOEXEC) != 0)
        return false;
    tcgetattr(slave, &p->before);
    if (params->bare)
        p->before.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    tcsetattr(slave, TCSANOW, &p->before);
    fflush(NULL);
    p->shell = fork();
    if (p->shell == 0) {
        close(p->fd);
        close(notes[0]);
        login_tty(slave);
        pty_run_shell(params, notes[1]);
    }
    close(slave);
    close(notes[1]);
    p->notes = notes[0];
    return read(p->notes, &p->program, sizeof p->program) == sizeof p->program;
}

static inline void pty_read_note(struct pty *p)
{
    char note[1 + sizeof p->status];

    if (read(p->notes, note, sizeof note) != sizeof note)
        return;
    memcpy(&p->status, note + 1, sizeof p->status);
    p->stopped = note[0] == 'S';
    p->ended = note[0] == 'E';
}

static inline void pty_take(struct pty *p, enum stream_rest rest)
{
    p->n_taken += stream_take(&p->stream, p->bytes + p->n_taken, p->n - p->n_taken, rest);
}

/* Takes what came, waiting at most wait_ms for it; false when nothing did. */
static inline bool pty_step(struct pty *p, int wait_ms)
{
    struct pollfd fds[] = { { p->fd, POLLIN, 0 }, { p->ended ? -1 : p->notes, POLLIN, 0 } };
    bool any = false;

    if (poll(fds, 2, wait_ms) <= 0) {
        if (wait_ms > 0)
            pty_take(p, REST_LATER);
        return false;
    }
    if (fds[0].revents & POLLIN) {
        if (p->n + 65536 > p->capacity)
            p->bytes = realloc(p->bytes, p->capacity = 2 * p->capacity + 131072);
        ssize_t got = read(p->fd, p->bytes + p->n, 65536);
        if (got > 0) {
            p->n += (size_t)got;
            any = true;
            pty_take(p, REST_COMES);
        }
    } else if (fds[1].revents & POLLIN) {
        pty_read_note(p);           /* after all that was written before it */
        any = true;
    }
    return any;
}

static inline void pty_complain(const struct pty *p, const char *what)
{
    fprintf(stderr, "TERM=%s: waited for %s; fault: %s\n", p->params.terminal, what, p->stream.fault[0] != '\0' ? p->stream.fault : "none");
    for (int row = 0; row < p->stream.rows; row++)
        fprintf(stderr, "    |%s\n", stream_row(&p->stream, row));
}

/* Until condition(p, argument); false when the deadline came first or a fault did. */
static inline bool pty_until(struct pty *p, bool (*condition)(struct pty *p, const char *argument), const char *argument)
{
    double end_ms = clock_ms() + PTY_DEADLINE_MS;

    while (!condition(p, argument)) {
        if (clock_ms() > end_ms || p->stream.fault[0] != '\0')
            break;
        pty_step(p, 50);
    }
    if (condition(p, argument) && p->stream.fault[0] == '\0')
        return true;
    pty_complain(p, argument);
    return false;
}

static inline bool pty_is_shown(struct pty *p, const char *text) { return stream_has(&p->stream, text); }
static inline bool pty_is_gone(struct pty *p, const char *text) { return !stream_has(&p->stream, text); }
static inline bool pty_is_stopped(struct pty *p, const char *what) { return (void)what, p->stopped; }
static inline bool pty_is_ended(struct pty *p, const char *what) { return (void)what, p->ended; }

static inline bool pty_wait(struct pty *p, const char *text) { return pty_until(p, pty_is_shown, text); }
static inline bool pty_wait_gone(struct pty *p, const char *text) { return pty_until(p, pty_is_gone, text); }
static inline bool pty_wait_stop(struct pty *p) { return pty_until(p, pty_is_stopped, "a stop"); }
static inline bool pty_wait_end(struct pty *p)
{
    bool ended = pty_until(p, pty_is_ended, "the end");

    while (pty_step(p, 0))
        ;
    pty_take(p, REST_NONE);
    if (ended && p->stream.fault[0] != '\0')
        pty_complain(p, "the end");
    return ended && p->stream.fault[0] == '\0';
}

/* Nothing came for a while: what the program had to say about the last key is said. */
static inline void pty_settle(struct pty *p, int quiet_ms)
{
    for (double end_ms = clock_ms() + PTY_DEADLINE_MS; pty_step(p, quiet_ms) && clock_ms() < end_ms;)
        ;
}

static inline void pty_resize(struct pty *p, int rows, int cols)
{
    struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

    while (pty_step(p, 0))
        ;
    stream_resize(&p->stream, rows, cols);
    ioctl(p->fd, TIOCSWINSZ, &size);
}

/* The terminal's modes are those that the program found. */
static inline bool pty_is_restored(struct pty *p)
{
    struct termios now;

    return tcgetattr(p->fd, &now) == 0 && now.c_iflag == p->before.c_iflag && now.c_oflag == p->before.c_oflag
        && now.c_lflag == p->before.c_lflag && memcmp(now.c_cc, p->before.c_cc, sizeof now.c_cc) == 0;
}

static inline bool pty_wrote(const struct pty *p, size_t from, const char *bytes)
{
    return p->n > from && memmem(p->bytes + from, p->n - from, bytes, strlen(bytes)) != NULL;
}

static inline void pty_end(struct pty *p)
{
    if (!p->ended)
        kill(p->program, SIGKILL);
    kill(p->shell, SIGKILL);
    waitpid(p->shell, NULL, 0);
    close(p->fd);
    close(p->notes);
    stream_close(&p->stream);
    free(p->bytes);
}

#endif
