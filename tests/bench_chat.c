/* bench_chat.c - the program with a conversation of 5,000 turns, on a pty: what a person waits for.
 *
 *   bench_chat [TURNS] [MODEL]      MODEL: a name or file instead of the echo engine */
#include "store/sessions.h"
#include "tests/bench_rows.h"
#include "tests/pty.h"

#include <limits.h>
#include <sys/stat.h>

enum { REPEATS = 9, IDLE_MS = 3000 };

static char program[PATH_MAX], folder[] = "/tmp/mynah-bench-XXXXXX", last_words[32], context[] = "MYNAH_ECHO_CONTEXT=100000000";
static const char *model, *place = "chat";         /* what stands before the names of rows */

static const char answer[] =
    "## Reading a file\n\nA **file** is opened with `fopen` and read *line by line*; the [manual](https://example.org/fopen) says more.\n\n"
    "1. Open it and look at the result\n2. Read what is there, until the end or an error\n3. Close it\n\n"
    "```c\nFILE *f = fopen(path, \"r\");\nif (f == NULL)\n    return false;\n```\n\n"
    "> 파일은 한 줄씩 읽습니다. What was read stays as it is, with all of its bytes and lines.\n\n";

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_chat: %s\n", what);
    exit(1);
}

static void make_session(int n_turns)
{
    struct error err = { 0 };
    char path[64], question[64], text[sizeof answer + 32];
    int64_t session, turn = 0;

    snprintf(path, sizeof path, "%s/mynah", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/mynah/sessions.db", folder);
    struct sessions *s = sessions_open(path, &err);
    must(s != NULL && sessions_begin(s, &session, &err), err.text);
    for (int i = 0; i < n_turns; i++) {
        snprintf(question, sizeof question, "How do I read file number %d?", i + 1);
        snprintf(text, sizeof text, "%sThe end of %d.", answer + 17 * (i % 7), i + 1);
        const struct session_turn asked = { .parent = turn, .text = question, .answer = text, .state = TURN_FINISHED };
        must(sessions_ask(s, session, &asked, &turn, &err) && sessions_answer(s, turn, &asked, &err), err.text);
        if (i % 5 == 0)
            history_add(s, question, &err);
    }
    snprintf(last_words, sizeof last_words, "The end of %d.", n_turns);
    sessions_close(s);
}

static double start(struct pty *p, int rows, int cols)
{
    static char data[64], home[64];
    static const char *const environment[] = { data, home, context, "XDG_CONFIG_HOME", "MYNAH_ECHO_MS=1", NULL };
    const char *const echo[] = { program, "--engine", "echo", NULL }, *const real[] = { program, "-m", model, NULL };
    const struct pty_params params = { .terminal = "xterm-256color", .rows = rows, .cols = cols, .environment = environment,
                                       .arguments = model != NULL ? real : echo, .allowed = EXT_PASTE | EXT_QUERY | EXT_MOUSE | EXT_COPY };

    snprintf(data, sizeof data, "XDG_DATA_HOME=%s", folder);
    snprintf(home, sizeof home, "HOME=%s", folder);
    double begun = clock_ms();
    must(pty_start(p, &params), "the program does not start");
    must(pty_wait(p, last_words), "the last answer is not shown");
    return clock_ms() - begun;
}

static void wait_ready(struct pty *p)
{
    must(pty_wait(p, "ready"), "it is not ready");
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void line(const char *what, double *ms, int n, size_t n_bytes)
{
    qsort(ms, (size_t)n, sizeof *ms, compare);
    if (n_bytes > 0)
        bench_row(place, what, ms[n / 2], "ms", "at most %.2f ms, %zu bytes each", ms[n - 1], n_bytes / (size_t)n);
    else
        bench_row(place, what, ms[n / 2], "ms", "at most %.2f ms", ms[n - 1]);
}

/* From the bytes of a key until the first that it changes, and all bytes that follow. */
static void press(struct pty *p, const char *what, const char *key, int n)
{
    double *ms = calloc((size_t)n, sizeof *ms);
    size_t before = p->n;

    must(ms != NULL, "no memory");
    for (int i = 0; i < n; i++) {
        size_t at = p->n;
        double begun = clock_ms();
        pty_send(p, key);
        while (p->n == at && clock_ms() < begun + 10000)
            pty_step(p, 20);
        ms[i] = clock_ms() - begun;
        pty_settle(p, 5);
    }
    line(what, ms, n, p->n - before);
    free(ms);
}

/* utime and stime, in ticks: proc(5). */
static long ticks(pid_t pid)
{
    char path[40], text[512] = "";
    long user = 0, system = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file != NULL && fgets(text, sizeof text, file) != NULL && strrchr(text, ')') != NULL)
        sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system);
    if (file != NULL)
        fclose(file);
    return user + system;
}

static long resident_kib(pid_t pid)
{
    char path[40], text[128];
    long kib = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(text, sizeof text, file) != NULL)
        sscanf(text, "VmRSS: %ld", &kib);
    if (file != NULL)
        fclose(file);
    return kib;
}

static void bench_idle(struct pty *p)
{
    pty_settle(p, 1500);            /* a draft is saved a second after it changed */
    long before = ticks(p->program);
    size_t n = p->n;

    for (double end = clock_ms() + IDLE_MS; clock_ms() < end;)
        pty_step(p, 100);
    bench_row(place, "idle for 3 s", (double)(p->n - n), "bytes", "%ld ticks of CPU; %.1f MB resident", ticks(p->program) - before,
        (double)resident_kib(p->program) * 1024e-6);
}

static void bench_stream(struct pty *p, int n_words)
{
    char text[40];
    size_t n = p->n;
    double begun = clock_ms();

    snprintf(text, sizeof text, "\x01\x0B" "count %d\r", n_words);
    pty_send(p, text);
    snprintf(text, sizeof text, "%d %d", n_words - 1, n_words);
    must(pty_wait(p, text), "the answer does not end");
    bench_row(place, "a word of an answer, one each ms", (clock_ms() - begun) / n_words, "ms", "%zu bytes each", (p->n - n) / (size_t)n_words);
    pty_settle(p, 100);
}

static void bench_keys(int rows, int cols)
{
    static struct pty p;

    start(&p, rows, cols);
    wait_ready(&p);
    pty_settle(&p, 100);
    place = rows < 50 ? "chat 80x24" : "chat 300x100";
    press(&p, "a letter", "x", 40);
    pty_send(&p, "\x01\x0B");
    pty_settle(&p, 100);
    press(&p, "a page up", "\x1B[5~", 40);
    press(&p, "a page down", "\x1B[6~", 20);
    press(&p, "browsing begins", "\t", 1);
    press(&p, "the turn before", "k", 20);
    press(&p, "to the first turn", "g", 1);
    press(&p, "to the last turn", "G", 1);
    press(&p, "browsing ends", "q", 1);
    if (rows < 50)
        bench_idle(&p);
    bench_stream(&p, 300 + cols);
    pty_end(&p);
    place = "chat";
}

static void bench_open(void)
{
    static struct pty p;
    double shown[REPEATS], ready[REPEATS];

    for (int i = 0; i < REPEATS; i++) {
        double begun = clock_ms();
        shown[i] = start(&p, 24, 80);
        wait_ready(&p);
        ready[i] = clock_ms() - begun;
        pty_end(&p);
    }
    line("start until the last answer is shown", shown, REPEATS, 0);
    line("start until it is ready", ready, REPEATS, 0);
}

/* What comes first after the question, and after the choice of what to drop. */
static bool is_answering(struct pty *p, const char *what) { return (void)what, pty_is_shown(p, "answering") || pty_is_shown(p, "said_so"); }
static bool is_something(struct pty *p, const char *what) { return is_answering(p, what) || pty_is_shown(p, "the context is full"); }

/* The first question of a conversation that does not fit: with the echo engine what the chat takes of it. */
static void bench_full(const char *question)
{
    static struct pty p;
    double begun = clock_ms(), shown = start(&p, 24, 80);

    wait_ready(&p);
    bench_row(place, "a conversation too long, shown", shown, "ms", "ready after %.0f ms", clock_ms() - begun);
    begun = clock_ms();
    pty_send(&p, question);
    must(pty_until(&p, is_something, "an answer or a choice"), "nothing comes of a question");
    bool is_full = !is_answering(&p, "");
    bench_row(place, is_full ? "a question until the choice what to drop" : "a question until its first word", clock_ms() - begun, "ms", "%s", "");
    begun = clock_ms();
    pty_send(&p, "d");
    while (is_full && clock_ms() < begun + 300000 && !is_answering(&p, ""))
        pty_step(&p, 5);
    if (is_full)
        bench_row(place, "all but the last turns dropped, the first word", clock_ms() - begun, "ms", "%s", "");
    pty_end(&p);
}

int main(int argc, char **argv)
{
    char command[64];

    model = argc > 2 ? argv[2] : NULL;
    snprintf(program, sizeof program, "%.*s/../mynah", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
    must(mkdtemp(folder) != NULL, "no folder");
    make_session(argc > 1 ? atoi(argv[1]) : 5000);
    if (model != NULL) {
        bench_full("What is a file?\r");
    } else {
        bench_open();
        bench_keys(24, 80);
        bench_keys(100, 300);
        snprintf(context, sizeof context, "MYNAH_ECHO_CONTEXT=8192");
        snprintf(last_words, sizeof last_words, "resumed");     /* more was said since */
        bench_full("say said\\_so\r");
    }
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}
