/* fuzz_tui.c - random keys, events and resizes on the chat's state, with the echo engine: each
 * frame holds together, and no cell carries a control character.
 *
 *   byte 0: bit 0 saved sessions, bit 1 inline, bit 2 vi keys; then operations: a byte, and what
 *   it takes: raw bytes for the keys, a key by number, a size, events */
#include "replay.h"
#include "base/utf8.h"
#include "store/sessions.h"
#include "ui/cli.h"
#include "ui/config.h"
#include "ui/tui.h"
#include "ui/tui_draw.h"

#include <signal.h>

enum { STEPS_MOST = 600, EVENTS_MOST = 400, ROWS = 64, COLS = 160 };

static char folder[] = "/dev/shm/mynah-fuzz-XXXXXX";      /* what is synced costs nothing there */
static int above;                   /* the folder that we came from */
static struct record_level level = { .peak = 0.5f, .seconds = 3 };

/* ---- a microphone ----------------------------------------------------------------------- */

struct record *record_start(const char *file, const char *device, struct error *err)
{
    (void)file;
    (void)device;
    level.seconds += 1;
    if ((int)level.seconds % 3 != 0)
        return (struct record *)&level;
    error_set(err, ERROR_INPUT, "no microphone was found");
    return NULL;
}

struct record_level record_level(const struct record *r)
{
    (void)r;
    return level;
}

size_t record_read(struct record *r, float *x, size_t n)
{
    static size_t n_calls;
    (void)r;
    for (size_t i = 0; i < n; i++)
        x[i] = 0;
    return ++n_calls % 3 != 0 ? n : 0;
}

char *record_finish(struct record *r, struct error *err)
{
    (void)r;
    error_set(err, ERROR_INPUT, "nothing was heard");
    return NULL;
}

void record_abandon(struct record *r)
{
    (void)r;
}

bool record_end(const struct record *r, struct buffer *text)
{
    (void)r;
    buffer_print(text, "it stopped");
    return (int)level.seconds % 2 == 0;
}

char *record_left(void)
{
    return NULL;
}

char *record_devices(struct error *err)
{
    level.seconds += 1;
    if ((int)level.seconds % 3 != 0)
        return text_copy("one\na \033[2J second\n");
    error_set(err, ERROR_INPUT, "no microphone was found");
    return NULL;
}

/* ---- a loudspeaker ------------------------------------------------------------------------ */

struct play *play_start(const char *path, double from_s, double to_s, const char *speaker, struct error *err)
{
    (void)path, (void)from_s, (void)to_s, (void)speaker;
    level.seconds += 1;
    if ((int)level.seconds % 3 != 0)
        return (struct play *)&level;
    error_set(err, ERROR_INPUT, "nothing here plays sound");
    return NULL;
}

struct play_state play_state(const struct play *p)
{
    (void)p;
    level.seconds += 1;
    return (struct play_state){ .at_s = level.seconds, .to_s = level.seconds * 2, .ended = (int)level.seconds % 5 == 0, .gone = (int)level.seconds % 7 == 0 };
}

void play_pause(struct play *p, bool paused) { (void)p, (void)paused; }
void play_seek(struct play *p, double to_s) { (void)p, (void)to_s; }
void play_stop(struct play *p) { (void)p; }

/* ---- what must hold ---------------------------------------------------------------------- */

static void must(bool good)
{
    if (!good)
        __builtin_trap();
}

static void check(const struct screen *s)
{
    must(s->cursor_row < s->rows && s->cursor_col >= 0 && s->cursor_col < s->cols);
    for (int i = 0; i < s->rows * s->cols; i++) {
        const struct cell *cell = &s->cells[i];
        int col = i % s->cols;
        must(cell->style < N_STYLES && cell->width <= 2 && utf8_valid(cell->text, strlen(cell->text)));
        must(cell->width != 2 || (col + 1 < s->cols && cell[1].width == 0));
        must(cell->width != 0 || (col > 0 && cell[-1].width == 2 && cell->text[0] == '\0'));
        must(cell->width == 0 || cell->text[0] != '\0');
        must(cell->foreground < 256 && cell->background < 256);
        for (const char *c = cell->text; *c != '\0'; c++)
            must((unsigned char)*c >= 0x20 && *c != 0x7F && !((unsigned char)c[0] == 0xC2 && (unsigned char)c[1] < 0xA0));
    }
}

static void draw(struct tui *t, struct screen *s)
{
    while (t->is_inline && tui_inline_print(t, s))
        check(s);
    screen_resize(s, t->is_inline ? tui_inline_rows(t) : t->rows, t->cols);
    must(s->rows <= t->rows);
    tui_draw(t, s);
    check(s);
}

/* ---- operations ---------------------------------------------------------------------------- */

/* Keys and lines that lead somewhere; random bytes seldom do. */
static const char *const keys_table[] = {
    "\r", "\t", "\x1B[A", "\x1B[B", "\x1B[C", "\x1B[D", "\x1B[5~", "\x1B[6~", "\x1B[H", "\x1B[F", "\x7F", "\x1B\r", "\x1B[1;2A", "\x1B[1;2B",
    "\x0F", "\x12", "\x13", "\x14", "\x16", "\x07", "\x03", "\x0B", "\x19", "\x1F", "\x17", "\x01", "\x05", "\x1B[<0;3;2M", "\x1B[<64;9;9M",
    "\x1B[<65;9;9M", "\x1B[<0;20;22M", "\x1BOP", "\x1BOQ", "?", "j", "k", "e", "r", "c", "y", "Y", "d", "f", "i", "/", "n", "N", "x", " ",
    "/help\r", "/new\r", "/sessions\r", "/details\r", "/record\r", "/microphone\r", "/play\r", "/play clip @1-2\r", "/clear\r", "/find a\r", "/model echo-large\r", "/model echo-broken\r",
    "/attach picture.png\r", "/attach clip.wav\r", "@picture.png \r", "say # head\n- a\n- b\n\n```c\nint x;\n```\n| a | b |\n|---|---|\n| 1 | 2 |\r",
    "count 40\r", "cut one two three four\r", "bytes 1b5b324ac29b41e280ae\r", "fail\r", "note a\r", "wait\r", "settings\r", "\xED\x95\x9C\xEA\xB8\x80 \xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD e\xCC\x81\r",
    "\x1B[200~one\ntwo\nthree\x1B[201~", "\x1B", "\x1B", "\x1B",
};
enum { N_KEYS = sizeof keys_table / sizeof keys_table[0] };

static void press_all(struct tui *t, struct keys *k, bool ended)
{
    struct press press;

    while (!t->quits && keys_next(k, ended, &press))
        if (press.kind != PRESS_REPLY && !(press.kind == PRESS_CTRL && press.letter == 'z'))
            tui_press(t, &press);
}

static void take_events(struct tui *t, struct engine *engine, size_t most)
{
    struct session_event event;

    for (; most > 0 && engine->poll(engine->self, &event); most--) {
        tui_event(t, &event);
        session_event_done(&event);
    }
}

struct input { const uint8_t *data; size_t n, at; };

static unsigned next(struct input *in)
{
    return in->at < in->n ? in->data[in->at++] : 0;
}

static void step(struct tui *t, struct engine *engine, struct keys *k, struct input *in)
{
    unsigned operation = next(in), argument = next(in);
    size_t n;

    switch (operation % 8) {
    case 0:
        n = argument % 16 + 1 < in->n - in->at ? argument % 16 + 1 : in->n - in->at;
        keys_feed(k, (const char *)in->data + in->at, n);
        in->at += n;
        press_all(t, k, argument & 16);
        break;
    case 1: case 2:
        keys_feed(k, keys_table[argument % N_KEYS], strlen(keys_table[argument % N_KEYS]));
        press_all(t, k, true);
        break;
    case 3:                         /* several before the next frame */
        for (unsigned i = 0; i < 3; i++, argument = next(in))
            keys_feed(k, keys_table[argument % N_KEYS], strlen(keys_table[argument % N_KEYS]));
        press_all(t, k, true);
        break;
    case 4: tui_resize(t, 1 + (int)(argument % ROWS), 1 + (int)(next(in) % COLS)); break;
    case 5: take_events(t, engine, argument % 8 + 1); break;
    case 6: take_events(t, engine, EVENTS_MOST); break;
    default: tui_tick(t); break;
    }
}

/* Clears what the terminal's owner would do. */
static void drop_wishes(struct tui *t)
{
    if (t->wishes.editor)
        tui_edited(t, strdup("from the editor\n"));
    t->wishes.redraw = t->wishes.theme = t->wishes.mouse = t->wishes.editor = false;
    buffer_clear(&t->wishes.copy);
}

/* ---- one input ------------------------------------------------------------------------------ */

static void write_file(const char *name, const char *bytes, size_t n)
{
    FILE *f = fopen(name, "w");

    if (f == NULL || fwrite(bytes, 1, n, f) != n)
        exit(1);
    fclose(f);
}

static void remove_folder(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        exit(1);
}

/* A place of its own, so that exports and settings hit nothing, and programs of the clipboard are not found. */
static void prepare(void)
{
    static const char *const places[] = { "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME" };

    above = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mkdtemp(folder) == NULL || above < 0 || chdir(folder) != 0)
        exit(1);
    atexit(remove_folder);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        setenv(places[i], folder, 1);
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    setenv("PATH", "/bin:/usr/bin", 1);
    setenv("MYNAH_ECHO_MS", "0", 1);
    setenv("MYNAH_ECHO_CONTEXT", "200", 1);
    signal(SIGPIPE, SIG_IGN);
    write_file("picture.png", "\x89PNG", 4);
    write_file("clip.wav", "RIFF", 4);
}

static void run(unsigned flags, struct input *in)
{
    struct error err = { 0 };
    struct config config;
    struct options options = { .config = &config, .temperature = -1, .fresh = true };
    struct screen s = { 0 };
    struct keys k = { 0 };
    struct tui t;
    struct engine *engine = engine_echo_new(&err);
    struct sessions *sessions = flags & 1 ? sessions_open("fuzz.db", &err) : NULL;

    if (engine == NULL || (flags & 1 && sessions == NULL))
        exit(1);
    config_init(&config);
    if (flags & 4) {
        free(config.keys);
        config.keys = strdup("vi");
    }
    tui_init(&t, engine, sessions, &options);
    t.is_inline = flags & 2;
    t.n_colors = 256;
    tui_resize(&t, 24, 80);
    for (int i = 0; i < STEPS_MOST && in->at < in->n && !t.quits; i++) {
        step(&t, engine, &k, in);
        drop_wishes(&t);
        draw(&t, &s);
    }
    tui_done(&t);
    engine_free(engine);
    sessions_close(sessions);
    config_done(&config);
    keys_free(&k);
    screen_free(&s);
    unlink("fuzz.db");
    unlink("fuzz.db-wal");
    unlink("fuzz.db-shm");
    unlink("fuzz.lock");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static bool prepared;
    struct input in = { data, n, 1 };

    if (n < 2)
        return 0;
    if (!prepared)
        prepare();
    prepared = true;
    if (chdir(folder) != 0)
        exit(1);
    run(data[0], &in);
    if (fchdir(above) != 0)         /* the replay has names relative to it */
        exit(1);
    return 0;
}
