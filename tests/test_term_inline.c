/* The live region without the alternate screen: what stands on the terminal and in its scrollback.
 *
 * The child obeys single letters; the terminal is pty_stream.h's, which keeps what scrolls off.
 * Terminals that wrap their rows anew at a resize and those that cut them are both played. */
#include "ui/term_inline.h"

#include "tests/pty.h"
#include "ui/term.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct pty p;
static char scrollback[1 << 20];
static size_t n_scrollback;

/* ---- the child -------------------------------------------------------------------------------- */

static void region(struct screen *s, int rows, int cols, int height, int count, bool full_rows)
{
    char text[64];

    screen_resize(s, height < rows ? height : rows, cols);
    for (int row = 0; row < s->rows; row++) {
        snprintf(text, sizeof text, "region row %d of %d, %d 한글", row, height, count);
        screen_print(s, row, row == 2 ? 4 : 0, cols, text, row % 2 ? STYLE_DIM : STYLE_PLAIN);
    }
    for (int col = 0; full_rows && col < cols; col++)
        screen_print(s, 0, col, cols, "─", STYLE_DIM);
    s->cursor_row = s->rows > 1 ? s->rows - 2 : 0;
    s->cursor_col = 3 < cols ? 3 : 0;
}

static void print_rows(int cols, int count, int n_rows)
{
    struct screen s = { 0 };
    char text[64];

    screen_resize(&s, n_rows, cols);
    for (int row = 0; row < n_rows; row++) {
        snprintf(text, sizeof text, "printed <%d.%d> 漢字", count, row);
        screen_print(&s, row, 0, cols, text, STYLE_BOLD);
    }
    inline_print(&s);
    screen_free(&s);
}

static void print_full_row(int cols, int count)
{
    struct screen s = { 0 };
    char text[64];

    screen_resize(&s, 1, cols);
    for (int col = 0; col < cols; col++)
        screen_print(&s, 0, col, cols, "w", STYLE_PLAIN);
    snprintf(text, sizeof text, "<%d.0>", count);
    screen_print(&s, 0, 0, cols, text, STYLE_PLAIN);
    inline_print(&s);
    screen_free(&s);
}

static void child(void *user)
{
    struct term_params params = { .log_fd = -1, .theme = "dark", .is_inline = true };
    struct screen s = { 0 };
    struct error err;
    int height = 3, count = 0, n_printed = 0;
    bool full_rows = user != NULL;
    char c = '3';

    setlocale(LC_CTYPE, "C.UTF-8");
    printf("before the chat\r\n");
    fflush(stdout);
    if (!term_open(&params, &err)) {
        printf("refused: %s\r\n", err.text);
        return;
    }
    while (c != 'q') {
        int rows, cols;
        term_size(&rows, &cols);
        if (c >= '1' && c <= '9')
            height = c - '0';
        if (c == 'f')
            full_rows = !full_rows;
        if (c == 'p')
            print_rows(cols, ++n_printed, 2);
        if (c == 'P')
            print_rows(cols, ++n_printed, 30);
        if (c == 'w')
            print_full_row(cols, ++n_printed);
        if (c == 'z')
            term_stop();
        if (c == 'x')
            raise(SIGSEGV);
        if (c == 'l')
            term_redraw();
        region(&s, rows, cols, height, ++count, full_rows);
        inline_show(&s);
        struct pollfd fds[] = { { 0, POLLIN, 0 }, { term_signal_fd(), POLLIN, 0 } };
        for (c = 0; c == 0;) {
            poll(fds, 2, -1);
            for (int number; (number = term_signal()) != 0;)
                c = number == SIGWINCH ? 'r' : c;
            if (fds[0].revents != 0 && c == 0 && term_read(&c, 1) < 0)
                exit(9);
        }
    }
    term_close();
    screen_free(&s);
    printf("after the chat\r\n");
}

/* ---- the terminal -------------------------------------------------------------------------------- */

static void keep(void *user, const char *row)
{
    (void)user;
    n_scrollback += (size_t)snprintf(scrollback + n_scrollback, sizeof scrollback - n_scrollback, "%s\n", row);
}

static void start(const char *terminal, int rows, int cols)
{
    struct pty_params params = { .terminal = terminal, .rows = rows, .cols = cols, .allowed = EXT_PASTE, .function = child };

    n_scrollback = 0;
    scrollback[0] = '\0';
    assert_true(pty_start(&p, &params));
    p.stream.on_scroll_off = keep;
    assert_true(pty_wait(&p, ", 1 한글"));
}

static void command(const char *letter, int count)
{
    char shown[32];

    pty_send(&p, letter);
    snprintf(shown, sizeof shown, ", %d 한글", count);
    assert_true(pty_wait(&p, shown));
    pty_settle(&p, 30);
}

/* Scrollback and screen as one text, without the blank rows at its end. */
static const char *everything(void)
{
    static char text[1 << 20];
    size_t n = n_scrollback;

    memcpy(text, scrollback, n);
    for (int row = 0; row < p.stream.rows; row++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\n", stream_row(&p.stream, row));
    while (n > 1 && text[n - 1] == '\n' && text[n - 2] == '\n')
        n--;
    text[n] = '\0';
    return text;
}

static int times(const char *text, const char *what)
{
    int n = 0;

    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

static void end(void)
{
    pty_send(&p, "q");
    assert_true(pty_wait_end(&p));
    assert_true(WIFEXITED(p.status) && WEXITSTATUS(p.status) == 0);
    assert_true(pty_is_restored(&p));
    assert_false(pty_wrote(&p, 0, "\x1B[?1049h"));
    assert_true(pty_wait(&p, "after the chat"));
    pty_end(&p);
}

static const char *const terminals[] = { "xterm-256color", "tmux-256color", "linux", "vt100", "screen" };
enum { N_TERMINALS = sizeof terminals / sizeof terminals[0] };

/* ---- tests ---------------------------------------------------------------------------------------- */

static void test_show_and_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TERMINALS; i++) {
        start(terminals[i], 24, 60);
        command("p", 2);
        command("p", 3);
        command("5", 4);
        command("w", 5);
        command("2", 6);
        assert_string_equal(everything(),
            "before the chat\n"
            "printed <1.0> 漢字\nprinted <1.1> 漢字\nprinted <2.0> 漢字\nprinted <2.1> 漢字\n"
            "<3.0>wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww\n"
            "region row 0 of 2, 6 한글\nregion row 1 of 2, 6 한글\n");
        assert_int_equal(p.stream.row, 6);
        assert_int_equal(p.stream.col, 3);
        end();
    }
}

/* Down at the bottom the terminal scrolls: nothing is lost, nothing is there twice. */
static void test_scrollback(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TERMINALS; i++) {
        char want[64];
        start(terminals[i], 8, 40);
        for (int n = 1; n <= 12; n++)
            command(n % 4 == 3 ? "P" : "p", n + 1);
        command("8", 14);
        command("1", 15);
        command("6", 16);
        const char *text = everything();
        const char *at = text;
        for (int n = 1; n <= 12; n++)
            for (int row = 0; row < (n % 4 == 3 ? 30 : 2); row++) {
                snprintf(want, sizeof want, "\nprinted <%d.%d> 漢字\n", n, row);
                assert_int_equal(times(text, want), 1);
                assert_true(strstr(at, want) != NULL);
                at = strstr(at, want);
            }
        assert_int_equal(times(text, "region row 0"), 1);
        assert_non_null(strstr(text, "before the chat\nprinted <1.0>"));
        assert_non_null(strstr(text, "region row 4 of 6, 16 한글\nregion row 5 of 6, 16 한글\n"));
        end();
    }
}

static void test_few_bytes(void **state)
{
    size_t before;

    (void)state;
    start("xterm-256color", 24, 80);
    command("p", 2);
    before = p.n;
    command("3", 3);                                /* a digit in each of three rows */
    print_message("bytes to change a digit in three rows: %zu\n", p.n - before);
    assert_true(p.n - before < 100);
    before = p.n;
    command("p", 4);
    print_message("bytes to print two rows above three: %zu\n", p.n - before);
    assert_true(p.n - before < 400);
    end();
}

/* ---- resizes ----------------------------------------------------------------------------------------- */

/* As xterm does: rows are cut, the lower ones pushed up when there is no room. */
static void cut(int rows, int cols)
{
    while (pty_step(&p, 0))
        ;
    struct stream *s = &p.stream;
    for (; s->row >= rows; s->row--)
        stream_scroll(s, 0, s->rows - 1, 1);
    for (int row = 0; row < rows; row++)
        stream_blank(s, row, row < s->rows && cols > s->cols ? s->cols : row < s->rows ? cols : 0, STREAM_COLS);
    int old_cols = s->cols, old_rows = s->rows;
    s->rows = rows;
    s->cols = cols;
    s->bottom = rows - 1;
    for (int row = 0; row < rows; row++)
        stream_blank(s, row, row < old_rows ? old_cols : 0, cols);
    stream_move(s, s->row, s->col);
}

/* As kitty, foot and tmux do: a row too long goes on in the next; what was one is not joined here, because
 * we end each by a line feed. */
static void reflow(int rows, int cols)
{
    static struct stream_cell old[STREAM_ROWS][STREAM_COLS];
    struct stream *s = &p.stream;

    while (pty_step(&p, 0))
        ;
    int old_rows = s->row + 1, old_cols = s->cols, cursor_row = s->row, cursor_col = s->col;
    for (int row = s->row + 1; row < s->rows; row++)
        if (stream_row(s, row)[0] != '\0')
            old_rows = row + 1;
    memcpy(old, s->cells, sizeof old);
    s->rows = rows;
    s->cols = cols;
    s->top = 0;
    s->bottom = rows - 1;
    stream_clear(s);
    s->row = s->col = 0;
    int new_row = 0, new_col = 0;
    for (int row = 0; row < old_rows; row++) {
        int end = old_cols;
        while (end > 0 && strcmp(old[row][end - 1].text, " ") == 0)
            end--;
        for (int col = 0; col < end || (row == cursor_row && col <= cursor_col); col++) {
            int width = col + 1 < old_cols && old[row][col + 1].text[0] == '\0' ? 2 : 1;
            if (old[row][col].text[0] == '\0')
                continue;
            if (row == cursor_row && col == cursor_col) {
                if (s->col >= cols) {
                    s->col = 0;
                    stream_line_feed(s);
                }
                new_row = s->row;
                new_col = s->col;
            }
            bool scrolls = s->row == rows - 1 && s->col + width > cols;
            stream_put(s, old[row][col].text, strlen(old[row][col].text), width);
            if (scrolls && (row > cursor_row || (row == cursor_row && col > cursor_col)))
                new_row--;
        }
        s->col = 0;
        if (row + 1 < old_rows) {
            if (s->row == rows - 1 && row >= cursor_row)
                new_row--;
            stream_line_feed(s);
        }
    }
    stream_move(s, new_row, new_col);
}

static void resize_by(void (*as)(int rows, int cols), int rows, int cols)
{
    struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

    as(rows, cols);
    ioctl(p.fd, TIOCSWINSZ, &size);
}

/* Whatever the terminal does with the region, no printed row is touched, and the region stands whole at the end. */
static void test_resizes(void **state)
{
    static const int sizes[][2] = { { 20, 50 }, { 20, 30 }, { 12, 30 }, { 12, 60 }, { 6, 28 }, { 5, 40 }, { 24, 80 }, { 24, 31 }, { 24, 29 }, { 10, 80 } };
    void (*const ways[])(int rows, int cols) = { cut, reflow };

    (void)state;
    for (int way = 0; way < 2; way++)
        for (size_t i = 0; i < N_TERMINALS; i += 3) {
            char want[64];
            int count = 1, n_printed = 0;
            start(terminals[i], 20, 60);
            command("f", ++count);
            for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
                command("p", (n_printed++, ++count));
                resize_by(ways[way], sizes[k][0], sizes[k][1]);
                command("", ++count);
                command("4", ++count);
            }
            command("f", ++count);
            const char *text = everything(), *at = text;
            for (int n = 1; n <= n_printed; n++)
                for (int row = 0; row < 2; row++) {
                    snprintf(want, sizeof want, "printed <%d.%d> 漢", n, row);
                    if (times(text, want) != 1 || strstr(at, want) == NULL)
                        fail_msg("%s: %s in\n%s", terminals[i], want, text);
                    at = strstr(at, want);
                }
            for (int row = 0; row < 4; row++) {
                snprintf(want, sizeof want, "region row %d of 4, %d 한글\n", row, count);
                assert_int_equal(times(text, want), 1);
            }
            if (way == 0)               /* where rows are only cut nothing of an old region is left either */
                assert_int_equal(times(text, "region row"), 4);
            end();
        }
}

/* ---- the end --------------------------------------------------------------------------------------- */

static void test_stop(void **state)
{
    (void)state;
    start("xterm-256color", 24, 60);
    pty_send(&p, "z");
    assert_true(pty_wait_stop(&p));
    while (pty_step(&p, 0))
        ;
    assert_true(pty_is_restored(&p));
    stream_put(&p.stream, "$", 1, 1);                /* the shell's prompt */
    p.stopped = false;
    kill(p.program, SIGCONT);
    assert_true(pty_wait(&p, ", 2 한글"));
    pty_settle(&p, 30);
    assert_int_equal(times(everything(), "region row 2 of 3, 1 한글\n"), 1);
    end();
}

static void test_crash_leaves_the_cursor_below(void **state)
{
    (void)state;
    start("xterm-256color", 24, 60);
    command("5", 2);
    pty_send(&p, "x");
    assert_true(pty_wait_end(&p));
    assert_true(WIFSIGNALED(p.status) && WTERMSIG(p.status) == SIGSEGV);
    assert_true(pty_is_restored(&p));
    assert_int_equal(p.stream.row, 1 + 5);
    assert_int_equal(p.stream.col, 0);
    pty_end(&p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_show_and_print), cmocka_unit_test(test_scrollback), cmocka_unit_test(test_few_bytes),
        cmocka_unit_test(test_resizes), cmocka_unit_test(test_stop), cmocka_unit_test(test_crash_leaves_the_cursor_below),
    };

    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
