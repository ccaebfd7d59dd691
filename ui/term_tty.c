#include "ui/term_state.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CELL_WIDTH = 8, CELL_HEIGHT = 16 };  /* pixels of VGA's font, where a terminal does not say */

struct term_state term = { .saved_stderr = -1, .log_fd = -1, .pipe = { -1, -1 } };

/* ---- signals ------------------------------------------------------------------------ */

void tty_write(const char *s, size_t n)
{
    (void)file_write_all(STDOUT_FILENO, s, n);
}

/* Async-signal-safe: write and tcsetattr only. */
static void restore_now(void)
{
    if (!term.is_open)
        return;
    term.is_open = 0;
    for (int i = 0; i < term.n_below; i++)
        tty_write("\r\n", 2);
    if (term.mouse)
        tty_write(ask_mouse_off, strlen(ask_mouse_off));
    tty_write(term.restore, term.n_restore);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &term.saved);
}

static void die_of(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

/* The handler was set with SA_RESETHAND and SA_NODEFER, so the signal kills as it would have. */
static void on_crash(int number)
{
    restore_now();
    raise(number);
}

static void on_signal(int number)
{
    int error = errno;
    unsigned char byte = (unsigned char)number;

    if (number == SIGTERM || number == SIGHUP) {
        if (term.asked_to_end) {
            restore_now();
            die_of(number);
        }
        term.asked_to_end = 1;
    }
    if (write(term.pipe[1], &byte, 1) != 1)
        errno = error;              /* full: the event loop has enough to do */
    errno = error;
}

static void handle(int number, void (*handler)(int), unsigned flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = (int)flags };

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void tty_handle_signals(bool on)
{
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT };
    static const int others[] = { SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT };

    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        handle(crashes[i], on ? on_crash : SIG_DFL, on ? SA_RESETHAND | SA_NODEFER : 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        handle(others[i], on ? on_signal : SIG_DFL, SA_RESTART);
    if (on)
        handle(SIGPIPE, SIG_IGN, 0);
}

void tty_raise_stop(void)
{
    handle(SIGTSTP, SIG_DFL, 0);
    raise(SIGTSTP);
    handle(SIGTSTP, on_signal, SA_RESTART);
}

int term_signal_fd(void)
{
    return term.pipe[0];
}

int term_signal(void)
{
    unsigned char byte;

    return read(term.pipe[0], &byte, 1) == 1 ? byte : 0;
}

/* ---- modes ---------------------------------------------------------------------------- */

void tty_stderr(bool to_log)
{
    if (term.saved_stderr >= 0)
        dup2(to_log ? term.log_fd : term.saved_stderr, STDERR_FILENO);
}

bool tty_open(int log_fd, struct error *err)
{
    if (tcgetattr(STDIN_FILENO, &term.saved) != 0 || pipe2(term.pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_set(err, ERROR_USAGE, "the terminal cannot be used: %s", strerror(errno));
    term.log_fd = log_fd;
    term.saved_stderr = log_fd >= 0 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10) : -1;
    term.asked_to_end = 0;
    term.n_below = 0;
    tty_stderr(true);
    return true;
}

void tty_close(void)
{
    tty_stderr(false);
    if (term.saved_stderr >= 0)
        close(term.saved_stderr);
    term.saved_stderr = -1;
    for (int i = 0; i < 2; i++) {
        if (term.pipe[i] >= 0)
            close(term.pipe[i]);
        term.pipe[i] = -1;
    }
}

/* Keys reach us as bytes; C-c, C-z and the like too. */
void tty_raw(void)
{
    term.raw = term.saved;
    term.raw.c_iflag &= ~(tcflag_t)(IXON | IXOFF | ICRNL | INLCR | IGNCR | ISTRIP | BRKINT);
    term.raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    term.raw.c_cc[VMIN] = 1;        /* 0 would read as the end of input to a shell that gets us stopped by SIGSTOP */
    term.raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &term.raw);
}

void tty_cooked(void)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &term.saved);
}

int term_read(char *bytes, size_t n)
{
    ssize_t got = read(STDIN_FILENO, bytes, n);

    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -1;
    return got > 0 ? (int)got : -1;
}

void term_size(int *rows, int *cols)
{
    struct winsize size = { 0 };

    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    *rows = size.ws_row > 0 ? size.ws_row : 24;
    *cols = size.ws_col > 0 ? size.ws_col : 80;
}

void term_cell_size(int *width, int *height)
{
    struct winsize size = { 0 };

    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    *width = size.ws_col > 0 ? size.ws_xpixel / size.ws_col : 0;
    *height = size.ws_row > 0 ? size.ws_ypixel / size.ws_row : 0;
    if (*width < 2 || *height < 2) {
        *width = CELL_WIDTH;
        *height = CELL_HEIGHT;
    }
}
