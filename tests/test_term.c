/* The terminal's side of the chat, on ptys: every byte that goes out, the modes that are left behind.
 *
 * The real program with the echo engine, which says back what is pasted; and term.c alone, for
 * what the program does not show by itself. */
#include "ui/term.h"

#include "tests/pty.h"

#include <libgen.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct pty p;
static char program[4096], home[] = "/tmp/mynah-term-XXXXXX", home_variable[64];

static const char *const environment[] = { home_variable, "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "MYNAH_ECHO_MS=4", NULL };
static const char *const chat[] = { program, "--engine", "echo", "--new", NULL };
static const char *const inline_chat[] = { program, "--engine", "echo", "--new", "--inline", NULL };

static void start_as(const char *const *arguments, const char *terminal, int rows, int cols)
{
    struct pty_params params = { .terminal = terminal, .rows = rows, .cols = cols, .allowed = EXT_PASTE | EXT_QUERY,
                                 .environment = environment, .arguments = arguments };

    assert_true(pty_start(&p, &params));
    assert_true(pty_wait(&p, "ready"));
}

static void start_chat(const char *terminal, int rows, int cols)
{
    start_as(chat, terminal, rows, cols);
}

static void paste(const char *text, size_t n)
{
    pty_send(&p, "\x1B[200~");
    pty_send_bytes(&p, text, n);
    pty_send(&p, "\x1B[201~");
}

/* Leaves the chat; everything that was written is terminfo's, and the terminal is as before. */
static void quit_chat(void)
{
    pty_send(&p, "\x04");
    assert_true(pty_wait_end(&p));
    assert_true(WIFEXITED(p.status) && WEXITSTATUS(p.status) == 0);
    assert_true(pty_is_restored(&p));
    assert_false(p.stream.alternate);
    pty_end(&p);
}

/* Pastes text as one question, and waits until it was said and answered. */
static void say(const char *text, size_t n)
{
    static int number;
    char mark[32];
    size_t at = p.n;

    snprintf(mark, sizeof mark, " mark%d", number);
    paste(text, n);
    pty_send(&p, mark);
    assert_true(pty_wait(&p, mark + 1));
    pty_send(&p, "\r");
    snprintf(mark, sizeof mark, "mark%d", number++);
    /* Twice on the screen: as the question and as the answer. */
    for (double end_ms = clock_ms() + PTY_DEADLINE_MS;;) {
        int n_marks = 0;
        for (int row = 0; row < p.stream.rows; row++)
            n_marks += strstr(stream_row(&p.stream, row), mark) != NULL;
        if (n_marks >= 2)
            break;
        if (clock_ms() > end_ms || p.stream.fault[0] != '\0') {
            pty_complain(&p, "the answer");
            fail();
        }
        pty_step(&p, 50);
    }
    pty_settle(&p, 100);            /* the end of the answer is an event of its own */
    assert_true(p.n > at);
}

/* ---- hostile text ----------------------------------------------------------------------------- */

/* What steers terminals: ECMA-48, xterm's ctlseqs, and what made the news. */
static const char *const hostile[] = {
    "\x1B[2J", "\x1B[31m", "\x1B[?1049l", "\x1B[?1000h", "\x1B[1;1H", "\x1B[6n", "\x1B[c", "\x1B[21t", "\x1B[8;1;1t", "\x1B[5i", "\x1B[?25l",
    "\x1B]0;title\a", "\x1B]52;c;ZWNobw==\a", "\x1B]8;;http://x\x1B\\", "\x1B]11;?\a", "\x1B]50;x\a", "\x1B]1337;File=:AAAA\a", "\x1B]777;notify;a;b\a",
    "\x1BPq#0!9~\x1B\\", "\x1BP$q\"p\x1B\\", "\x1BPtmux;\x1B\x1B[2J\x1B\\", "\x1B_Ga=T\x1B\\", "\x1B^x\x1B\\", "\x1BXx\x1B\\",
    "\x1B" "c", "\x1B#8", "\x1B(0", "\x1B)0", "\x1B=", "\x1B>", "\x1B" "7", "\x1B" "8", "\x1B" "D", "\x1B" "M", "\x1BN", "\x1BO", "\x1BZ", "\x1B%G",
    "\xC2\x9B" "2J", "\xC2\x9D" "0;t\xC2\x9C", "\xC2\x90q\xC2\x9C", "\x9B" "2J", "\x9D" "0;t\x9C", "\x84", "\x85", "\x8D",
    "\a", "\b\b\b", "\r", "\v", "\f", "\x0E", "\x0F", "\x11", "\x13", "\x18", "\x1A", "\x7F", "\x05",
    "\xE2\x80\xAE", "\xE2\x81\xA6", "\xD8\x9C", "\xE2\x80\x8F", "\xF3\xA0\x81\x81", "\xC0\x9B[2J", "\xE0\x80\x9B", "\xED\xA0\x80", "\xF4\x90\x80\x80",
    "\x1B\x1B[2J", "\x1B[\x1B[2J", "\x1B[2\r\nJ", "\x1B",
};
enum { N_HOSTILE = sizeof hostile / sizeof hostile[0], SAY_BYTES = 120 };

/* Several in one question, as long as a line or two. */
static void say_hostile(void)
{
    char text[SAY_BYTES + 64];
    size_t n = 0;

    for (int i = 0; i < N_HOSTILE; i++) {
        size_t length = strlen(hostile[i]);
        memcpy(text + n, hostile[i], length);
        n += length;
        text[n++] = i % 3 == 0 ? ' ' : 'x';
        if (n >= SAY_BYTES || i == N_HOSTILE - 1) {
            say(text, n);
            n = 0;
        }
    }
}

/* Each cut in two words at every place: a word of an answer is one event, drawn by itself. */
static void say_split(void)
{
    static const char *const whole[] = { "\x1B[31m", "\x1B]0;t\a", "\x1BPq\x1B\\", ("\xC2\x9B" "2J"), "\xE2\x80\xAE" };
    char text[SAY_BYTES + 64];
    size_t n = 0;

    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        for (size_t cut = 1; cut < strlen(whole[i]); cut++) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%.*s %s ", (int)cut, whole[i], whole[i] + cut);
            if (n >= SAY_BYTES) {
                say(text, n);
                n = 0;
            }
        }
    say(text, n);
}

static void say_random(unsigned seed, int n_times)
{
    for (int i = 0; i < n_times; i++) {
        char text[SAY_BYTES];
        for (size_t k = 0; k < sizeof text; k++) {
            seed = seed * 1664525u + 1013904223u;
            text[k] = (char)(seed >> 24);
            if (text[k] == 0x1B && k > 0 && k + 1 < sizeof text)
                text[k] = 'e';      /* the end of a paste must not come by chance; ESC is above */
        }
        say(text, sizeof text);
    }
}

static void test_stream_of(const char *terminal)
{
    start_chat(terminal, 24, 80);
    say_hostile();
    say_split();
    say_random(7, 4);
    assert_true(stream_has(&p.stream, "mark"));
    quit_chat();
    assert_int_equal(p.stream.seen & ~(unsigned)(EXT_PASTE | EXT_QUERY), 0);
}

static void test_stream_xterm(void **state) { (void)state; test_stream_of("xterm-256color"); }
static void test_stream_tmux(void **state) { (void)state; test_stream_of("tmux-256color"); }
static void test_stream_linux(void **state) { (void)state; test_stream_of("linux"); }
static void test_stream_vt100(void **state) { (void)state; test_stream_of("vt100"); }
static void test_stream_screen(void **state) { (void)state; test_stream_of("screen"); }

/* In the scrollback, where nothing but term_text stands between a cell and the terminal. */
static void test_stream_inline(void **state)
{
    static const char *const terminals[] = { "xterm-256color", "vt100" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_as(inline_chat, terminals[i], 24, 80);
        say_hostile();
        say_random(11, 2);
        assert_false(pty_wrote(&p, 0, "\x1B[?1049h"));
        quit_chat();
    }
}

/* The checker itself refuses what it should. */
static void test_checker(void **state)
{
    static const char *const bad[] = {
        "\x1B[2Z1", "\x1B]0;t\a", "\x1B]52;c;QQ==\a", "\a\x1B[9999z", "\xC2\x9B", "\xE2\x80\xAE", "\xFF", "\x1B[?1000h", "\x1B[c", "\x1BPq~\x1B\\",
    };
    static const char *const good[] = { "\x1B[12;40H", "\x1B[K", "\x1B[38;5;246m", "\x1B(B\x1B[m", "\x1B[?2004h", "a\xEA\xB0\x80\r\n\b\t", "\x1B[1m\x1B[H" };
    static struct stream s;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        stream_open(&s, "xterm-256color", 24, 80, EXT_PASTE);
        stream_take(&s, bad[i], strlen(bad[i]), REST_NONE);
        if (s.fault[0] == '\0')
            fail_msg("number %zu was taken", i);
        stream_close(&s);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (size_t cut = 0; cut <= strlen(good[i]); cut++) {
            stream_open(&s, "xterm-256color", 24, 80, EXT_PASTE);
            size_t taken = stream_take(&s, good[i], cut, REST_COMES);
            stream_take(&s, good[i] + taken, strlen(good[i]) - taken, REST_NONE);
            assert_string_equal(s.fault, "");
            stream_close(&s);
        }
}

/* ---- few bytes ---------------------------------------------------------------------------------- */

static void test_few_bytes(void **state)
{
    size_t before, most = 0, sum = 0;

    (void)state;
    start_chat("xterm-256color", 24, 80);
    pty_send(&p, "a");
    assert_true(pty_wait(&p, "› a"));
    pty_settle(&p, 100);
    for (char c = 'b'; c <= 'k'; c++) {
        char shown[32] = "› ";
        before = p.n;
        pty_send_bytes(&p, &c, 1);
        for (char k = 'a'; k <= c; k++)
            strncat(shown, &k, 1);
        assert_true(pty_wait(&p, shown));
        pty_settle(&p, 60);
        size_t n = p.n - before;
        most = n > most ? n : most;
        sum += n;
    }
    print_message("bytes for a key: %.1f, at most %zu\n", (double)sum / 10, most);
    assert_true(sum < 10 * 30 && most < 64);        /* a key that changes the gauge's tokens says so, too */
    pty_send(&p, "\x15");
    before = p.n;
    say("one two three four five six seven eight nine ten eleven twelve", 62);
    print_message("bytes for a question of 13 words and its answer: %zu\n", p.n - before);
    assert_true(p.n - before < 3000);
    quit_chat();
}

/* ---- the end -------------------------------------------------------------------------------------- */

static void check_killed(int number)
{
    start_chat("xterm-256color", 24, 80);
    pty_send(&p, "words words");
    assert_true(pty_wait(&p, "words words"));
    kill(p.program, number);
    assert_true(pty_wait_end(&p));
    assert_true(pty_is_restored(&p));
    assert_false(p.stream.alternate);
    assert_true(pty_wrote(&p, 0, "\x1B[?2004l"));
}

static void test_signals(void **state)
{
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGQUIT };

    (void)state;
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        check_killed(crashes[i]);
        assert_true(WIFSIGNALED(p.status) && WTERMSIG(p.status) == crashes[i]);
        pty_end(&p);
    }
    check_killed(SIGTERM);
    assert_true(WIFEXITED(p.status) && WEXITSTATUS(p.status) == 128 + SIGTERM);
    pty_end(&p);
    check_killed(SIGHUP);
    assert_true(WIFEXITED(p.status) && WEXITSTATUS(p.status) == 128 + SIGHUP);
    pty_end(&p);
}

static void test_stop_and_continue(void **state)
{
    (void)state;
    start_chat("xterm-256color", 24, 80);
    pty_send(&p, "kept");
    assert_true(pty_wait(&p, "kept"));
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            kill(p.program, SIGTSTP);
        else
            pty_send(&p, "\x1A");
        assert_true(pty_wait_stop(&p));
        while (pty_step(&p, 0))
            ;
        assert_true(pty_is_restored(&p));
        assert_false(p.stream.alternate);
        stream_clear(&p.stream);
        p.stopped = false;
        kill(p.program, SIGCONT);
        assert_true(pty_wait(&p, "kept"));
        assert_true(p.stream.alternate);
        assert_false(pty_is_restored(&p));
        pty_send(&p, "!");
        assert_true(pty_wait(&p, "kept!"));
        pty_send(&p, "\x7F");
        assert_true(pty_wait_gone(&p, "kept!"));
    }
    pty_send(&p, "\x15");
    assert_true(pty_wait_gone(&p, "kept"));
    quit_chat();
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(home) == NULL)
        return -1;
    snprintf(home_variable, sizeof home_variable, "HOME=%s", home);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", home);
    return system(command);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checker), cmocka_unit_test(test_stream_xterm), cmocka_unit_test(test_stream_tmux),
        cmocka_unit_test(test_stream_linux), cmocka_unit_test(test_stream_vt100), cmocka_unit_test(test_stream_screen), cmocka_unit_test(test_stream_inline),
        cmocka_unit_test(test_few_bytes), cmocka_unit_test(test_signals), cmocka_unit_test(test_stop_and_continue),
    };

    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    snprintf(program, sizeof program, "%s/../mynah", dirname(argv[0]));
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
