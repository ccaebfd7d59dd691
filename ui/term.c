#include "ui/term.h"

#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <ncurses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

static const char paste_on[] = "\x1B[?2004h", paste_off[] = "\x1B[?2004l";

static struct {
    SCREEN *screen;
    struct termios saved;           /* as the shell left it */
    struct termios raw;
    char restore[256];              /* what a signal handler writes, made beforehand */
    size_t n_restore;
    int saved_stderr;
    int pipe[2];                    /* signals to the event loop */
    struct cell *shown;             /* [rows][cols] sent last; NULL: all is to be sent */
    int rows, cols;
    attr_t attributes[N_STYLES];
    short pairs[N_STYLES];
    volatile sig_atomic_t is_open, asked_to_end;
} term = { .saved_stderr = -1, .pipe = { -1, -1 } };

/* ---- signals ------------------------------------------------------------------------ */

static void write_all(const char *s, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDOUT_FILENO, s, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        s += done;
        n -= (size_t)done;
    }
}

/* Async-signal-safe: write and tcsetattr only. */
static void restore_now(void)
{
    if (!term.is_open)
        return;
    term.is_open = 0;
    write_all(term.restore, term.n_restore);
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

static void install_handlers(void)
{
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
    static const int others[] = { SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT };

    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        handle(crashes[i], on_crash, SA_RESETHAND | SA_NODEFER);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        handle(others[i], on_signal, SA_RESTART);
    handle(SIGPIPE, SIG_IGN, 0);
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

/* ---- opening and closing -------------------------------------------------------------- */

static void add_restore(const char *capability)
{
    const char *s = tigetstr((char *)(size_t)capability);

    /* Delays ($<5>) are for printing terminals; none that draws has them here. */
    if (s != NULL && s != (const char *)-1 && strstr(s, "$<") == NULL && term.n_restore + strlen(s) < sizeof term.restore) {
        memcpy(term.restore + term.n_restore, s, strlen(s));
        term.n_restore += strlen(s);
    }
}

static void set_styles(void)
{
    static const struct { attr_t attributes; short colour; } styles[N_STYLES] = {
        [STYLE_DIM] = { A_DIM, -1 }, [STYLE_BOLD] = { A_BOLD, -1 }, [STYLE_ACCENT] = { A_BOLD, COLOR_CYAN },
        [STYLE_PLAIN] = { A_NORMAL, -1 }, [STYLE_CHIP] = { A_NORMAL, COLOR_CYAN },
        [STYLE_WARNING] = { A_NORMAL, COLOR_YELLOW }, [STYLE_ERROR] = { A_NORMAL, COLOR_RED },
    };
    const char *no_color = getenv("NO_COLOR");
    bool coloured = (no_color == NULL || *no_color == '\0') && has_colors() && start_color() == OK
                 && use_default_colors() == OK;

    for (short i = 0; i < N_STYLES; i++) {
        term.attributes[i] = styles[i].attributes;
        term.pairs[i] = 0;
        if (coloured && styles[i].colour >= 0 && init_pair((short)(i + 1), styles[i].colour, -1) == OK)
            term.pairs[i] = (short)(i + 1);
    }
}

/* Keys reach us as bytes; C-c, C-z and the like too. */
static void set_raw(void)
{
    term.raw = term.saved;
    term.raw.c_iflag &= ~(tcflag_t)(IXON | IXOFF | ICRNL | INLCR | IGNCR | ISTRIP | BRKINT);
    term.raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    term.raw.c_cc[VMIN] = 1;        /* 0 would read as the end of input to a shell that gets us stopped by SIGSTOP */
    term.raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &term.raw);
    write_all(paste_on, strlen(paste_on));
}

bool term_usable(struct error *err)
{
    const char *name = getenv("TERM");

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return error_set(err, ERROR_USAGE, "the chat needs a terminal; for scripts there is `mynah ask PROMPT`");
    if (name == NULL || *name == '\0' || strcmp(name, "dumb") == 0)
        return error_set(err, ERROR_USAGE, "the chat cannot draw on this terminal (TERM is %s); `mynah ask PROMPT` answers without drawing",
                         name == NULL || *name == '\0' ? "not set" : name);
    return true;
}

bool term_open(int log_fd, struct error *err)
{
    const char *name = getenv("TERM");

    if (!term_usable(err))
        return false;
    if (tcgetattr(STDIN_FILENO, &term.saved) != 0 || pipe2(term.pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_set(err, ERROR_USAGE, "the terminal cannot be used: %s", strerror(errno));
    fflush(NULL);
    term.saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    if (log_fd >= 0)
        dup2(log_fd, STDERR_FILENO);
    term.screen = newterm(name, stdout, stdin);
    if (term.screen == NULL || tigetstr((char *)(size_t)"cup") == NULL) {
        if (term.saved_stderr >= 0)
            dup2(term.saved_stderr, STDERR_FILENO);
        return error_set(err, ERROR_USAGE, "TERM is %s, of which nothing is known here; try TERM=xterm, or `mynah ask PROMPT`", name);
    }
    term.n_restore = 0;
    add_restore("sgr0");
    memcpy(term.restore + term.n_restore, paste_off, strlen(paste_off));
    term.n_restore += strlen(paste_off);
    add_restore("cnorm");
    add_restore("rmcup");
    set_styles();
    leaveok(stdscr, FALSE);
    term.is_open = 1;
    install_handlers();
    atexit(term_close);
    set_raw();
    term_redraw();
    return true;
}

static void leave(void)
{
    write_all(paste_off, strlen(paste_off));
    curs_set(1);
    endwin();
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &term.saved);
}

void term_close(void)
{
    if (!term.is_open)
        return;
    leave();
    term.is_open = 0;
    if (term.saved_stderr >= 0) {
        dup2(term.saved_stderr, STDERR_FILENO);
        close(term.saved_stderr);
        term.saved_stderr = -1;
    }
    delscreen(term.screen);
    term.screen = NULL;
    free(term.shown);
    term.shown = NULL;
}

void term_stop(void)
{
    leave();
    handle(SIGTSTP, SIG_DFL, 0);
    raise(SIGTSTP);
    handle(SIGTSTP, on_signal, SA_RESTART);
    set_raw();
    term_redraw();
}

/* ---- input and output ------------------------------------------------------------------ */

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
    *rows = size.ws_row > 0 ? size.ws_row : LINES > 0 ? LINES : 24;
    *cols = size.ws_col > 0 ? size.ws_col : COLS > 0 ? COLS : 80;
}

void term_redraw(void)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &term.raw);      /* a shell may have changed it while we were stopped */
    free(term.shown);
    term.shown = NULL;
}

/* A character the C library gives another width than we do would shift the row. */
static void put_cell(int row, int col, const struct cell *cell)
{
    wchar_t wide[CCHARW_MAX + 1];
    size_t n = 0, length = strlen(cell->text), used;
    uint32_t code;
    cchar_t out;

    for (size_t i = 0; i < length && n < CCHARW_MAX; i += used) {
        used = utf8_decode(cell->text + i, length - i, &code);
        if (used == 0)
            break;
        wide[n++] = (wchar_t)code;
    }
    if (n == 0 || wcwidth(wide[0]) != cell->width) {
        wide[0] = L'?';
        n = 1;
    }
    for (size_t i = 1; i < n; i++)
        if (wcwidth(wide[i]) != 0)
            n = i;
    wide[n] = L'\0';
    if (setcchar(&out, wide, term.attributes[cell->style], term.pairs[cell->style], NULL) == OK)
        mvadd_wch(row, col, &out);
}

static void put_row(const struct screen *s, int row)
{
    move(row, 0);
    clrtoeol();
    for (int col = 0; col < s->cols; col++) {
        const struct cell *cell = &s->cells[row * s->cols + col];
        if (cell->width > 0 && (cell->style != STYLE_PLAIN || strcmp(cell->text, " ") != 0))
            put_cell(row, col, cell);
    }
}

void term_show(const struct screen *s)
{
    size_t row_bytes = (size_t)s->cols * sizeof *s->cells;
    bool all = term.shown == NULL || term.rows != s->rows || term.cols != s->cols;

    if (all) {
        free(term.shown);
        term.shown = malloc((size_t)s->rows * row_bytes);
        if (term.shown == NULL)
            abort();
        term.rows = s->rows;
        term.cols = s->cols;
        resizeterm(s->rows, s->cols);
        clearok(stdscr, TRUE);
        erase();
    }
    for (int row = 0; row < s->rows; row++) {
        const struct cell *cells = s->cells + row * s->cols;
        struct cell *shown = term.shown + row * s->cols;
        if (!all && memcmp(cells, shown, row_bytes) == 0)
            continue;
        memcpy(shown, cells, row_bytes);
        put_row(s, row);
    }
    curs_set(s->cursor_row >= 0);
    if (s->cursor_row >= 0)
        move(s->cursor_row, s->cursor_col);
    refresh();
}
