/* term.c by itself, on a pty: themes, mouse, clipboard, pictures, palette colours, another program.
 *
 * The child draws what single letters ask for; "done N" at the bottom says that the N-th was done. */
#include "ui/term.h"

#include "tests/pty.h"
#include "ui/keys.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct pty p;

/* ---- the child -------------------------------------------------------------------------------- */

static const char kitty[] = "\x1B_Ga=T,f=32,s=1,v=1,c=2,r=1;AAAAAA==\x1B\\", sixel[] = "\x1BP0;1;0q\"1;1;1;6#0;2;100;0;0#0~\x1B\\";

/* Each cell another pair of colours, and others in every frame. */
static int colour_of(int frame, int i, bool background)
{
    return 16 + (background ? i / 240 + 11 * frame : i) % 240;
}

static void draw_colours(struct screen *s, int frame)
{
    for (int i = 0; i < s->rows * s->cols - s->cols; i++) {
        screen_put(s, i / s->cols, i % s->cols, s->cols, "x", 1, STYLE_PLAIN);
        s->cells[i].foreground = (short)colour_of(frame, i, false);
        s->cells[i].background = (short)colour_of(frame, i, true);
    }
}

static void draw_styles(struct screen *s)
{
    for (int i = 0; i < N_STYLES; i++)
        screen_print(s, i, 0, s->cols, "style › 한글 …", (enum style)i);
}

/* ncurses keeps what newterm took when it knows nothing of the terminal. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:new_prescr\n";
}

static void child(void *user)
{
    const struct term_params *params = user;
    struct screen s = { 0 };
    struct keys keys = { 0 };
    struct press press;
    struct error err;
    char bytes[256], text[80], huge[75000];
    int n_done = 0, frame = 0;
    char command = 'd';

    memset(huge, 'h', sizeof huge);
    setlocale(LC_CTYPE, "C.UTF-8");                 /* as the chat does, whatever the environment says */
    if (!term_open(params, &err)) {
        printf("refused: %s\r\n", err.text);
        fflush(stdout);
        return;
    }
    while (command != 'q') {
        int rows, cols, copied = -1;
        term_size(&rows, &cols);
        screen_resize(&s, rows, cols);
        switch (command) {
        case 'm': term_set_mouse(true); break;
        case 'M': term_set_mouse(false); break;
        case 'c': copied = term_copy("copied text", 11); break;
        case 'C': copied = term_copy(huge, sizeof huge); break;
        case 'l': term_set_theme("light"); break;
        case 'o': term_set_theme("mono"); break;
        case 'P': term_clear_pictures(); break;
        case 's':
            term_suspend();
            if (write(STDERR_FILENO, "outside\r\n", 9) != 9)
                raise(SIGABRT);
            term_resume();
            break;
        case 'x': raise(SIGSEGV); break;
        default: break;
        }
        if (command == 'n')
            draw_colours(&s, frame++);
        else
            draw_styles(&s);
        snprintf(text, sizeof text, "theme %s, colours %d, copied %d, done %d.", term_theme(), term_colors(), copied, n_done++);
        screen_print(&s, s.rows - 1, 0, s.cols, text, STYLE_PLAIN);
        term_show(&s);
        if (command == 'k' || command == 'i')
            term_picture(command == 'k' ? kitty : sixel, strlen(command == 'k' ? kitty : sixel), (struct rect){ 16, 30, 1, 2 });
        for (command = 0; command == 0;) {
            if (!keys_next(&keys, false, &press)) {
                int n = term_read(bytes, sizeof bytes);
                if (n < 0)
                    exit(9);
                keys_feed(&keys, bytes, (size_t)n);
            } else if (press.kind == PRESS_REPLY) {
                term_reply(press.text, press.n);
                command = press.text[0] == '[' ? 'r' : 0;   /* DA1 is the last */
            } else if (press.kind == PRESS_TEXT) {
                command = press.text[0];
                for (size_t i = 1; i < press.n; i++)
                    keys_feed(&keys, press.text + i, 1);
            }
        }
    }
    term_close();
    screen_free(&s);
    keys_free(&keys);
}

static struct term_params params;

static void start(const char *terminal, const char *const *environment, const char *background, int answer_ms)
{
    static struct pty_params on;

    on = (struct pty_params){ .terminal = terminal, .rows = 20, .cols = 100, .environment = environment, .background = background,
                              .answer_ms = answer_ms, .function = child, .user = &params,
                              .allowed = EXT_PASTE | EXT_QUERY | EXT_MOUSE | EXT_COPY | EXT_KITTY | EXT_SIXEL };
    assert_true(pty_start(&p, &on));
}

static void end(void)
{
    pty_send(&p, "q");
    assert_true(pty_wait_end(&p));
    assert_true(WIFEXITED(p.status) && WEXITSTATUS(p.status) == 0);
    assert_true(pty_is_restored(&p));
    assert_false(p.stream.alternate);
    pty_end(&p);
}

/* ---- themes ------------------------------------------------------------------------------------ */

static const char *const none[] = { NULL }, *const no_color[] = { "NO_COLOR=1", NULL }, *const light[] = { "COLORFGBG=0;15", NULL };
static const char *const dark[] = { "COLORFGBG=15;default;0", NULL }, *const in_tmux[] = { "TMUX=/tmp/x,1,0", NULL };
static const char white[] = "\x1B]11;rgb:ffff/ffff/ffff\x1B\\", black[] = "\x1B]11;rgb:1e1e/1e1e/2e2e\a";

static void test_themes(void **state)
{
    static const struct { const char *terminal, *wanted; const char *const *environment; const char *background, *want; bool asks; } cases[] = {
        { "xterm-256color", "auto", none, white, "light, colours 256", true },
        { "xterm-256color", NULL, none, black, "dark, colours 256", true },
        { "tmux-256color", "auto", in_tmux, white, "light, colours 256", true },
        { "screen-256color", "auto", in_tmux, black, "dark, colours 256", true },
        { "xterm-256color", "auto", none, NULL, "16, colours 256", true },
        { "xterm-256color", "dark", none, white, "dark, colours 256", false },
        { "xterm-256color", "auto", light, black, "light, colours 256", false },
        { "xterm-256color", "auto", dark, white, "dark, colours 256", false },
        { "xterm-256color", "auto", no_color, white, "mono, colours 0", false },
        { "xterm-256color", "light", no_color, black, "light, colours 256", false },
        { "screen-256color", "auto", none, white, "16, colours 256", false },
        { "xterm", "auto", none, white, "16, colours 8", false },
        { "linux", "dark", none, white, "16, colours 8", false },
        { "vt100", "dark", none, white, "mono, colours 0", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char want[64];
        params = (struct term_params){ .log_fd = -1, .theme = cases[i].wanted };
        start(cases[i].terminal, cases[i].environment, cases[i].background, 0);
        snprintf(want, sizeof want, "theme %s, copied", cases[i].want);
        assert_true(pty_wait(&p, cases[i].asks ? "done 1." : "done 0."));
        assert_true(pty_wait(&p, want));
        assert_int_equal((p.stream.seen & EXT_QUERY) != 0, cases[i].asks);
        bool coloured = pty_wrote(&p, 0, "\x1B[3") || pty_wrote(&p, 0, "\x1B[4");
        assert_int_equal(coloured && strstr(want, "colours 0") == NULL, strstr(want, "colours 0") == NULL);
        if (strstr(want, "mono") != NULL)
            for (int row = 0; row < p.stream.rows; row++)
                for (int col = 0; col < p.stream.cols; col++)
                    assert_true(p.stream.cells[row][col].foreground < 0 && p.stream.cells[row][col].background < 0);
        end();
    }
}

static void test_theme_at_run_time(void **state)
{
    (void)state;
    params = (struct term_params){ .log_fd = -1, .theme = "dark" };
    start("xterm-256color", none, NULL, 0);
    assert_true(pty_wait(&p, "theme dark, colours 256, copied -1, done 0."));
    int before = p.stream.cells[STYLE_ACCENT][0].foreground;
    pty_send(&p, "l");
    assert_true(pty_wait(&p, "theme light, colours 256, copied -1, done 1."));
    assert_int_not_equal(p.stream.cells[STYLE_ACCENT][0].foreground, before);
    assert_int_equal(p.stream.cells[STYLE_MATCH][0].background, 222);
    pty_send(&p, "o");
    assert_true(pty_wait(&p, "theme mono, colours 0, copied -1, done 2."));
    assert_int_equal(p.stream.cells[STYLE_ACCENT][0].foreground, -1);
    end();
}

/* The answer comes after the program was told to end: the shell must not get it. */
static void test_answer_at_the_end(void **state)
{
    (void)state;
    params = (struct term_params){ .log_fd = -1 };
    start("xterm-256color", none, white, 60);
    pty_send(&p, "q");
    assert_true(pty_wait_end(&p));
    pty_settle(&p, 100);
    assert_int_equal(p.stream.seen & EXT_QUERY, EXT_QUERY);
    assert_false(stream_has(&p.stream, "^["));      /* echoed by the terminal's driver */
    pty_end(&p);
}

/* ---- what terminals can ------------------------------------------------------------------------- */

static void test_fallbacks(void **state)
{
    (void)state;
    params = (struct term_params){ .log_fd = -1 };
    start("xterm-256color", none, white, 0);
    assert_true(pty_wait(&p, "done 1."));
    assert_true(pty_wrote(&p, 0, "\x1B[3m"));      /* italic */
    assert_string_equal(stream_row(&p.stream, 0), "style › 한글 …");
    end();
    start("linux", none, NULL, 0);                  /* no italic: underlined */
    assert_true(pty_wait(&p, "done 0."));
    assert_false(pty_wrote(&p, 0, ";3m") || pty_wrote(&p, 0, "\x1B[3m"));
    assert_true(pty_wrote(&p, 0, "\x1B[0;10;4m") || pty_wrote(&p, 0, "\x1B[4m"));
    assert_string_equal(stream_row(&p.stream, STYLE_ITALIC), "style › 한글 …");
    end();
    static const char *const locales[][2] = { { "LANG=C", NULL }, { "LANG", NULL }, { "LC_ALL=POSIX", NULL } };
    for (size_t i = 0; i < 3; i++) {
        start(i == 0 ? "linux" : "vt100", locales[i], NULL, 0);
        assert_true(pty_wait(&p, "done 0."));
        assert_string_equal(stream_row(&p.stream, 0), "style > ???? .");
        end();
    }
}

static void test_mouse(void **state)
{
    (void)state;
    params = (struct term_params){ .log_fd = -1, .theme = "dark" };
    start("xterm-256color", none, NULL, 0);
    assert_true(pty_wait(&p, "done 0."));
    assert_int_equal(p.stream.seen & EXT_MOUSE, 0);
    pty_send(&p, "m");
    assert_true(pty_wait(&p, "done 1."));
    assert_true(pty_wrote(&p, 0, "\x1B[?1000h\x1B[?1006h"));
    size_t at = p.n;
    pty_send(&p, "M");
    assert_true(pty_wait(&p, "done 2."));
    assert_true(pty_wrote(&p, at, "\x1B[?1006l\x1B[?1000l"));
    at = p.n;
    end();
    params.mouse = true;                            /* on from the start, and off at the end of any kind */
    for (int crash = 0; crash < 2; crash++) {
        start("xterm-256color", none, NULL, 0);
        assert_true(pty_wait(&p, "done 0."));
        assert_true(pty_wrote(&p, 0, "\x1B[?1000h\x1B[?1006h"));
        at = p.n;
        pty_send(&p, crash ? "x" : "q");
        assert_true(pty_wait_end(&p));
        assert_true(pty_wrote(&p, at, "\x1B[?1006l\x1B[?1000l"));
        assert_true(pty_is_restored(&p));
        pty_end(&p);
    }
    start("linux", none, NULL, 0);
    assert_true(pty_wait(&p, "done 0."));
    assert_int_equal(p.stream.seen & EXT_MOUSE, 0);
    end();
}

static void test_copy(void **state)
{
    static const struct { const char *terminal; const char *const *environment; bool takes; } cases[] = {
        { "xterm-256color", none, true }, { "tmux-256color", in_tmux, true }, { "linux", none, false }, { "vt100", none, false },
        { "screen", none, false },
    };

    (void)state;
    params = (struct term_params){ .log_fd = -1, .theme = "dark" };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start(cases[i].terminal, cases[i].environment, NULL, 0);
        assert_true(pty_wait(&p, "done 0."));
        pty_send(&p, "c");
        assert_true(pty_wait(&p, cases[i].takes ? "copied 1, done 1." : "copied 0, done 1."));
        assert_int_equal(pty_wrote(&p, 0, "\x1B]52;c;Y29waWVkIHRleHQ=\a"), cases[i].takes);
        assert_int_equal(pty_wrote(&p, 0, "\x1BPtmux;\x1B\x1B]52;c;Y29waWVkIHRleHQ=\a\x1B\\"), cases[i].environment == in_tmux);
        pty_send(&p, "C");                          /* more than terminals take */
        assert_true(pty_wait(&p, "copied 0, done 2."));
        end();
    }
}

static void test_pictures(void **state)
{
    (void)state;
    params = (struct term_params){ .log_fd = -1, .theme = "dark" };
    start("xterm-256color", none, NULL, 0);
    assert_true(pty_wait(&p, "done 0."));
    pty_send(&p, "k");
    assert_true(pty_wait(&p, "done 1."));
    pty_settle(&p, 60);
    assert_true(pty_wrote(&p, 0, "\x1B[17;31H\x1B_Ga=T"));
    size_t at = p.n;
    pty_send(&p, "P");
    assert_true(pty_wait(&p, "done 2."));
    assert_true(pty_wrote(&p, at, "\x1B_Ga=d,d=A\x1B\\"));
    pty_send(&p, "i");
    assert_true(pty_wait(&p, "done 3."));
    pty_settle(&p, 60);
    assert_true(pty_wrote(&p, 0, "\x1B[17;31H\x1BP0;1;0q"));
    at = p.n;
    pty_send(&p, "P");                              /* its row is written again, nobody tells kitty */
    assert_true(pty_wait(&p, "done 4."));
    assert_false(pty_wrote(&p, at, "\x1B_G"));
    assert_true(pty_wrote(&p, at, "\x1B[K") || pty_wrote(&p, at, "\x1B[1K") || pty_wrote(&p, at, "X"));
    end();
}

/* More pairs of colours than curses has: all are right, frame after frame. */
static void test_many_colours(void **state)
{
    (void)state;
    params = (struct term_params){ .log_fd = -1, .theme = "dark" };
    start("xterm-256color", none, NULL, 0);
    assert_true(pty_wait(&p, "done 0."));
    for (int frame = 0; frame < 22; frame++) {
        char done[32];
        snprintf(done, sizeof done, "done %d.", frame + 1);
        pty_send(&p, "n");
        assert_true(pty_wait(&p, done));
        pty_settle(&p, 30);
        for (int i = 0; i < 19 * 100; i++) {
            const struct stream_cell *cell = &p.stream.cells[i / 100][i % 100];
            assert_int_equal(cell->foreground, colour_of(frame, i, false));
            assert_int_equal(cell->background, colour_of(frame, i, true));
        }
    }
    end();
    start("linux", none, NULL, 0);                  /* colours that it has not, 64 pairs */
    assert_true(pty_wait(&p, "done 0."));
    pty_send(&p, "n");
    assert_true(pty_wait(&p, "done 1."));
    end();
}

static void test_suspend(void **state)
{
    FILE *log = tmpfile();

    (void)state;
    params = (struct term_params){ .log_fd = fileno(log), .theme = "dark", .mouse = true };
    start("xterm-256color", none, NULL, 0);
    assert_true(pty_wait(&p, "done 0."));
    size_t at = p.n;
    pty_send(&p, "s");
    assert_true(pty_wait(&p, "done 1."));
    const char *outside = memmem(p.bytes + at, p.n - at, "outside", 7), *left = memmem(p.bytes + at, p.n - at, "\x1B[?1049l", 8);
    assert_true(outside != NULL && left != NULL && left < outside);         /* on the shell's screen, not in the log */
    assert_true(pty_wrote(&p, (size_t)(outside - p.bytes), "\x1B[?1049h"));
    assert_true(pty_wrote(&p, (size_t)(outside - p.bytes), "\x1B[?1000h"));
    assert_false(pty_is_restored(&p));
    assert_int_equal(lseek(fileno(log), 0, SEEK_END), 0);
    end();
    fclose(log);
}

static void test_refused(void **state)
{
    static const char *const refused[][3] = { { "TERM=dumb", NULL, "--plain" }, { "TERM", NULL, "--plain" }, { "TERM=", NULL, "--plain" },
                                              { "TERM=no-such-terminal", NULL, "--plain" } };

    (void)state;
    params = (struct term_params){ .log_fd = -1 };
    for (int is_inline = 0; is_inline < 2; is_inline++)
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
            params.is_inline = is_inline;
            start("xterm-256color", refused[i], NULL, 0);
            assert_true(pty_wait(&p, refused[i][2]));
            end();
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_themes), cmocka_unit_test(test_theme_at_run_time), cmocka_unit_test(test_answer_at_the_end),
        cmocka_unit_test(test_fallbacks), cmocka_unit_test(test_mouse), cmocka_unit_test(test_copy), cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_many_colours), cmocka_unit_test(test_suspend), cmocka_unit_test(test_refused),
    };

    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
