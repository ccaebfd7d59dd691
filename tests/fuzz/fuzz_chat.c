/* fuzz_chat.c - random bytes typed into the real program on a pty, at random sizes: it ends when it is
 * told to, the terminal is as before, and every byte it wrote is text or terminfo's.
 *
 *   byte 0: terminal, bit 2 inline; then: a byte 0..15 and so many bytes typed, or 16.. and rows and columns */
#include "replay.h"
#include "tests/pty.h"

#include <libgen.h>

static struct pty p;
static char folder[] = "/dev/shm/mynah-chat-XXXXXX", program[4096], home[64], data_home[80], config_home[80];
static char sanitizer[128];

static void remove_folder(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        exit(1);
}

/* The program stands beside the tests: build/FLAVOUR/tests/fuzz/fuzz_chat. */
static void prepare(void)
{
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 16);

    if (n < 0 || mkdtemp(folder) == NULL)
        exit(1);
    program[n] = '\0';
    dirname(dirname(dirname(program)));
    strcat(program, "/mynah");
    atexit(remove_folder);
    snprintf(home, sizeof home, "HOME=%s", folder);
    snprintf(data_home, sizeof data_home, "XDG_DATA_HOME=%s/data", folder);
    snprintf(sanitizer, sizeof sanitizer, "ASAN_OPTIONS=handle_segv=2:log_path=%s/report", folder);
    snprintf(config_home, sizeof config_home, "XDG_CONFIG_HOME=%s/config", folder);
}

static void fault(const char *what)
{
    char command[80];

    fprintf(stderr, "%s; status %x, fault: %s; the last bytes:\n", what, (unsigned)p.status, p.stream.fault);
    for (size_t i = p.n > 2000 ? p.n - 2000 : 0; i < p.n; i++)
        fputc(p.bytes[i], stderr);
    snprintf(command, sizeof command, "cat '%s'/report* 2>/dev/null", folder);
    if (system(command) != 0)
        fprintf(stderr, "\nno report\n");
    remove_folder();
    abort();
}

static bool is_up(struct pty *of, const char *what)
{
    (void)what;
    return of->ended || (of->stream.n_text > 0 && (of->stream.seen & EXT_PASTE));
}

static void go_on_if_stopped(void)
{
    if (p.stopped && !p.ended)
        kill(p.program, SIGCONT);
    p.stopped = false;
}

/* Whatever it does, it takes what is typed. */
static void type(const uint8_t *bytes, size_t n)
{
    pty_send_bytes(&p, (const char *)bytes, n);
    pty_step(&p, 2);
    go_on_if_stopped();
}

static void drive(const uint8_t *data, size_t n)
{
    for (size_t i = 1; i + 3 < n && !p.ended; ) {
        size_t length = data[i++];
        if (length < 16) {
            length = length + 1 < n - i ? length + 1 : n - i;
            type(data + i, length);
            i += length;
        } else {
            pty_resize(&p, 1 + data[i] % 60, 1 + data[i + 1] % 140);
            i += 2;
        }
        if (p.stream.fault[0] != '\0')
            fault("a byte that is not terminfo's");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const terminals[] = { "xterm-256color", "tmux-256color", "linux", "vt100" };
    const char *const environment[] = { home, data_home, config_home, "XDG_CACHE_HOME", "XDG_STATE_HOME", "EDITOR=true", "VISUAL", "MYNAH_ECHO_MS=1", sanitizer, NULL };
    const char *const arguments[] = { program, "--engine", "echo", "--new", data[0] & 4 ? "--inline" : NULL, NULL };
    struct pty_params params = { .bare = true, .folder = folder, .rows = 24, .cols = 80, .environment = environment, .arguments = arguments,
                                 .allowed = EXT_PASTE | EXT_QUERY | EXT_MOUSE | EXT_COPY };

    if (n < 2 || n > 2048)
        return 0;
    if (home[0] == '\0')
        prepare();
    params.terminal = terminals[data[0] & 3];
    if (!pty_start(&p, &params) || !pty_until(&p, is_up, "the chat"))
        fault("it did not start");
    drive(data, n);
    if (!p.ended)
        kill(p.program, SIGTERM);
    for (double end_ms = clock_ms() + PTY_DEADLINE_MS; !p.ended && clock_ms() < end_ms; pty_step(&p, 50))
        go_on_if_stopped();
    if (!pty_wait_end(&p))
        fault("it did not end well");
    /* One that was quitting has given the terminal back and its handlers up: the signal ends it. */
    bool by_signal = WIFSIGNALED(p.status) && WTERMSIG(p.status) == SIGTERM;
    if (!by_signal && (!WIFEXITED(p.status) || (WEXITSTATUS(p.status) != 0 && WEXITSTATUS(p.status) != 128 + SIGTERM)))
        fault("it did not end as it should");
    if (!pty_is_restored(&p) || p.stream.alternate)
        fault("the terminal is not as before");
    pty_end(&p);
    return 0;
}
