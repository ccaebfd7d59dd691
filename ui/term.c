/* The whole screen, by ncurses; opening and closing for both ways of drawing. */
#include "ui/term.h"

#include "ui/term_state.h"

#include <limits.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <term.h>
#include <unistd.h>

enum { PALETTE = 256 };

static struct {
    SCREEN *screen;                 /* NULL: not open, or inline */
    struct cell *shown;             /* [rows][cols] sent last; NULL: all is to be sent */
    int rows, cols;
    /* Pairs of colours as ncurses wants them, made when a cell needs one; [foreground + 1][background + 1], 0: none. */
    short pairs[PALETTE + 1][PALETTE + 1];
    short n_pairs;
    bool pictures, kitty;           /* shown; by kitty's protocol */
    struct rect picture;            /* around all that are shown */
} full;

/* ---- what the terminal can ---------------------------------------------------------------- */

static bool has(const char *capability)
{
    const char *s = tigetstr((char *)(size_t)capability);

    return s != NULL && s != (const char *)-1 && *s != '\0';
}

static bool is_utf8_locale(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    const char *value = "";

    for (size_t i = 0; i < 3 && *value == '\0'; i++)
        value = getenv(names[i]) != NULL ? getenv(names[i]) : "";
    return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
}

/* Others than these show UTF-8 whatever the locale says, as they do in a container without one. */
static void know_name(const char *name)
{
    const char *tmux = getenv("TMUX");

    term.is_old = strncmp(name, "linux", 5) == 0 || (strncmp(name, "vt", 2) == 0 && name[2] >= '0' && name[2] <= '9');
    term.is_screen = strncmp(name, "screen", 6) == 0 && (tmux == NULL || *tmux == '\0');
    term.is_ascii = term.is_old && !is_utf8_locale();
}

static void know_capabilities(void)
{
    static const struct { const char *capability; unsigned attribute; } table[] = {
        { "bold", THEME_BOLD }, { "dim", THEME_DIM }, { "sitm", THEME_ITALIC }, { "smul", THEME_UNDERLINE }, { "rev", THEME_REVERSE },
    };
    int not_coloured = tigetnum((char *)(size_t)"ncv");

    term.n_colors = tigetnum((char *)(size_t)"colors");
    if (!has("setaf") || !has("op"))
        term.n_colors = 0;
    term.attributes = term.not_coloured = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (has(table[i].capability))
            term.attributes |= table[i].attribute;
    if (not_coloured > 0)           /* terminfo(5): bit 1 underline, 2 reverse, 4 dim, 5 bold */
        term.not_coloured = (not_coloured & 2 ? THEME_UNDERLINE : 0) | (not_coloured & 4 ? THEME_REVERSE : 0)
                          | (not_coloured & 16 ? THEME_DIM : 0) | (not_coloured & 32 ? THEME_BOLD : 0);
}

/* ---- opening and closing -------------------------------------------------------------- */

static void add_restore(const char *s)
{
    size_t n = strlen(s);

    if (term.n_restore + n < sizeof term.restore) {
        memcpy(term.restore + term.n_restore, s, n);
        term.n_restore += n;
    }
}

/* Without the delays ($<5>), which are for terminals of paper and glass. */
static void add_capability(const char *capability)
{
    char text[64];
    size_t n = 0;

    if (!has(capability))
        return;
    for (const char *s = tigetstr((char *)(size_t)capability); *s != '\0' && n + 1 < sizeof text; s++) {
        if (s[0] == '$' && s[1] == '<' && strchr(s, '>') != NULL)
            s = strchr(s, '>');
        else
            text[n++] = *s;
    }
    text[n] = '\0';
    add_restore(text);
}

static void make_restore(void)
{
    term.n_restore = 0;
    add_capability("sgr0");
    if (has("op"))
        add_capability("op");
    add_restore(ask_paste_off);
    add_capability("cnorm");
    if (!term.is_inline)
        add_capability("rmcup");
}

bool term_usable(struct error *err)
{
    const char *name = getenv("TERM");

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return error_set(err, ERROR_USAGE, "the chat needs a terminal; for scripts there is `mynah ask PROMPT`");
    if (name == NULL || *name == '\0' || strcmp(name, "dumb") == 0)
        return error_set(err, ERROR_USAGE, "the chat cannot draw on this terminal (TERM is %s); `mynah --plain` chats line by line, "
                         "`mynah ask PROMPT` answers once", name == NULL || *name == '\0' ? "not set" : name);
    return true;
}

int term_colors_of(const char *name)
{
    int status, n_colors = -1;

    if (setupterm(name, STDOUT_FILENO, &status) != OK)
        return -1;
    if ((n_colors = tigetnum((char *)(size_t)"colors")) < 0)
        n_colors = 0;
    del_curterm(cur_term);
    return n_colors;
}

static bool open_full(const char *name)
{
    full.screen = newterm(name, stdout, stdin);
    if (full.screen == NULL || !has("cup"))
        return false;
    if (has_colors() && start_color() == OK)
        use_default_colors();
    leaveok(stdscr, FALSE);
    idlok(stdscr, TRUE);            /* a conversation that moves up by a line is scrolled, not sent again */
    return true;
}

static bool open_inline(const char *name)
{
    int status;

    return setupterm(name, STDOUT_FILENO, &status) == OK && has("cuu1") && has("el") && has("ed");
}

/* Sets the modes; ncurses keeps them as those to return to. */
static void enter(void)
{
    tty_raw();
    if (full.screen != NULL)
        def_prog_mode();
    ask_on();
}

static void leave(void)
{
    if (term.is_inline)
        inline_leave();
    term_clear_pictures();
    ask_off();
    if (full.screen != NULL) {
        curs_set(1);
        endwin();
        if (!has("rmcup"))          /* the shell goes on below the chat, not over its last line */
            tty_write("\r\n", 2);
    } else {
        tty_write(term.restore, term.n_restore);
    }
    tty_cooked();
}

bool term_open(const struct term_params *params, struct error *err)
{
    const char *name = getenv("TERM");

    if (!term_usable(err))
        return false;
    fflush(NULL);
    if (!tty_open(params->log_fd, err))
        return false;
    term.is_inline = params->is_inline;
    tty_handle_signals(true);       /* first: ncurses would take those without a handler, and ignore SIGTSTP while it draws */
    if (!(term.is_inline ? open_inline(name) : open_full(name))) {
        tty_handle_signals(false);
        tty_close();
        return error_set(err, ERROR_USAGE, "TERM is %s, of which too little is known here; try TERM=xterm, `mynah --plain` or `mynah ask PROMPT`", name);
    }
    know_name(name);
    know_capabilities();
    term.is_light = theme_background_of_environment();
    term_set_theme(params->theme);
    term.mouse = params->mouse && !term.is_old;
    make_restore();
    term.is_open = 1;
    atexit(term_close);
    enter();
    return true;
}

void term_close(void)
{
    if (!term.is_open)
        return;
    leave();
    term.is_open = 0;
    tty_handle_signals(false);
    tty_close();
    if (full.screen != NULL)
        delscreen(full.screen);
    full.screen = NULL;
    free(full.shown);
    full.shown = NULL;
    memset(full.pairs, 0, sizeof full.pairs);
    full.n_pairs = 0;
}

void term_suspend(void)
{
    leave();
    tty_stderr(false);
}

void term_resume(void)
{
    tty_stderr(true);
    enter();
    term_redraw();
}

void term_stop(void)
{
    term_suspend();
    tty_raise_stop();
    term_resume();
}

void term_redraw(void)
{
    if (term.is_open)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &term.raw);  /* a shell may have changed it while we were stopped */
    free(full.shown);
    full.shown = NULL;
    if (term.is_inline)
        inline_redraw();
}

/* ---- colours -------------------------------------------------------------------------- */

static short *pair_of(const struct theme_style *style)
{
    return &full.pairs[style->foreground + 1][style->background + 1];
}

/* False when there is no pair left. */
static bool take_pair(const struct cell *cell)
{
    struct theme_style style = term_style(cell);
    short *pair = pair_of(&style);
    int most = COLOR_PAIRS - 1 < SHRT_MAX ? COLOR_PAIRS - 1 : SHRT_MAX;

    if (*pair != 0 || (style.foreground < 0 && style.background < 0))
        return true;
    if (full.n_pairs >= most || init_pair((short)(full.n_pairs + 1), style.foreground, style.background) != OK)
        return false;
    *pair = ++full.n_pairs;
    return true;
}

static bool take_pairs(const struct screen *s)
{
    bool all = true;

    for (int i = 0; i < s->rows * s->cols; i++)
        all = take_pair(&s->cells[i]) && all;
    return all;
}

static void forget_pairs(void)
{
    memset(full.pairs, 0, sizeof full.pairs);
    full.n_pairs = 0;
}

/* ---- cells ---------------------------------------------------------------------------- */

static attr_t attributes_of(unsigned attributes)
{
    return (attributes & THEME_BOLD ? A_BOLD : 0) | (attributes & THEME_DIM ? A_DIM : 0) | (attributes & THEME_ITALIC ? A_ITALIC : 0)
         | (attributes & THEME_UNDERLINE ? A_UNDERLINE : 0) | (attributes & THEME_REVERSE ? A_REVERSE : 0);
}

static void put_cell(int row, int col, const struct cell *cell)
{
    struct theme_style style = term_style(cell);
    wchar_t text[CELL_BYTES + 1], part[CCHARW_MAX + 1];
    cchar_t out;

    term_text(cell, text);
    for (size_t i = 0, n; text[i] != L'\0'; i += n, col++) {
        for (n = 1; wcwidth(text[i + n]) == 0 && text[i + n] != L'\0';)
            n++;
        wmemset(part, L'\0', CCHARW_MAX + 1);
        wmemcpy(part, text + i, n < CCHARW_MAX ? n : CCHARW_MAX);
        if (setcchar(&out, part, attributes_of(style.attributes), *pair_of(&style), NULL) == OK)
            mvadd_wch(row, col, &out);
    }
}

static void start_over(const struct screen *s)
{
    free(full.shown);
    full.shown = calloc((size_t)s->rows * (size_t)s->cols, sizeof *full.shown);
    if (full.shown == NULL)
        abort();
    full.rows = s->rows;
    full.cols = s->cols;
    resizeterm(s->rows, s->cols);
    clearok(stdscr, TRUE);
    erase();
}

void term_show(const struct screen *s)
{
    if (!take_pairs(s)) {
        forget_pairs();             /* those of before are still on the screen: all of it is drawn anew */
        take_pairs(s);
        term_redraw();
    }
    if (full.shown == NULL || full.rows != s->rows || full.cols != s->cols)
        start_over(s);
    for (int row = 0; row < s->rows; row++)
        for (int col = 0; col < s->cols; col++) {
            const struct cell *cell = &s->cells[row * s->cols + col];
            if (cell->width > 0 && memcmp(cell, &full.shown[row * s->cols + col], sizeof *cell) != 0)
                put_cell(row, col, cell);
        }
    memcpy(full.shown, s->cells, (size_t)s->rows * (size_t)s->cols * sizeof *s->cells);
    curs_set(s->cursor_row >= 0);
    if (s->cursor_row >= 0)
        move(s->cursor_row, s->cursor_col);
    refresh();
}

/* ---- pictures ------------------------------------------------------------------------- */

static const char kitty_delete[] = "\x1B_Ga=d,d=A\x1B\\";     /* all that are placed, and their data */

static int put_byte(int c)
{
    char byte = (char)c;

    tty_write(&byte, 1);
    return c;
}

static struct rect around(struct rect a, struct rect b)
{
    int end_row = a.row + a.rows > b.row + b.rows ? a.row + a.rows : b.row + b.rows;
    int end_col = a.col + a.cols > b.col + b.cols ? a.col + a.cols : b.col + b.cols;
    struct rect both = { a.row < b.row ? a.row : b.row, a.col < b.col ? a.col : b.col, 0, 0 };

    both.rows = end_row - both.row;
    both.cols = end_col - both.col;
    return both;
}

/* ncurses believes that the cursor is where it left it: so it is again. */
void term_picture(const char *bytes, size_t n, struct rect where)
{
    if (full.screen == NULL || !has("sc") || !has("rc"))
        return;
    tputs(save_cursor, 1, put_byte);
    tputs(tiparm(cursor_address, where.row, where.col), 1, put_byte);
    tty_write(bytes, n);
    tputs(restore_cursor, 1, put_byte);
    full.kitty = n > 1 && bytes[1] == '_';
    full.picture = full.pictures ? around(full.picture, where) : where;
    full.pictures = true;
}

/* Kitty takes its pictures away when told; a sixel goes when its rows are written again. */
void term_clear_pictures(void)
{
    if (!full.pictures)
        return;
    full.pictures = false;
    if (full.kitty)
        tty_write(kitty_delete, sizeof kitty_delete - 1);
    else
        wredrawln(stdscr, full.picture.row, full.picture.rows);
}
