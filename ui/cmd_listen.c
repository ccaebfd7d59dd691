/* cmd_listen.c - `mynah listen`: captions of what is being said.
 *
 *   microphone, or standard input -> intake -> live (audio/live.h) -> stdout, in words that stay
 *
 * On a terminal the words that may still change follow them, dim, and are erased by the next. */
#include "ui/cli.h"

#include "audio/live.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "store/models.h"
#include "ui/config.h"
#include "ui/run.h"
#include "ui/sanitise.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = AUDIO_HZ / 10, WAIT_MS = 20, LEAST_ROOM = 8 };

static volatile sig_atomic_t interrupted;
static atomic_bool sound_ends;      /* a signal handler can be given no argument */

/* The first ends the sound, what was said is still decoded; the second ends the program. */
static void on_interrupt(int signal_number)
{
    if (interrupted)
        _exit(128 + signal_number);
    interrupted = signal_number;
    atomic_store(&sound_ends, true);
}

struct listening {
    const struct options *o;
    struct models *models;
    struct compute c;
    struct whisper *w;
    struct live *live;
    struct intake *in;
    double start_ms;                /* when sound began to come */
    bool in_line, told, shows_pending;
    size_t column;                  /* of the terminal, behind the words that stay */
};

static void on_log(void *user, enum log_level level, const char *text)
{
    (void)user, (void)level;
    fputs("mynah: ", stderr);
    sanitise_write(stderr, text, strlen(text));
    fputc('\n', stderr);
}

/* ---- words on stdout ---------------------------------------------------------- */

static size_t columns(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Bytes of text that fit into `room` columns, and the columns they take. */
static size_t fitting(const char *text, size_t room, size_t *width)
{
    size_t at = 0, n = strlen(text);

    *width = 0;
    while (at < n) {
        uint32_t code;
        size_t used = utf8_decode(text + at, n - at, &code), w = used > 0 ? (size_t)utf8_width(code) : 0;
        if (used == 0 || *width + w > room)
            break;
        *width += w;
        at += used;
    }
    return at;
}

static void say(struct listening *x, const char *text)
{
    size_t width;

    fitting(text, SIZE_MAX, &width);
    x->column += width;
    run_print_text(text, strlen(text));
}

static void erase_pending(const struct listening *x)
{
    if (x->shows_pending)
        fputs("\033[K", stdout);
}

/* Within the line that the cursor is in, so that going back is one step. */
static void show_pending(struct listening *x)
{
    const char *text = live_pending(x->live);
    size_t n_columns = columns(), column = x->column % n_columns, room = n_columns - column - 1, width;

    if (!x->shows_pending || (x->in_line && column == 0))
        return;
    erase_pending(x);
    text += !x->in_line && *text == ' ';
    size_t n = room < LEAST_ROOM ? 0 : fitting(text, room, &width);
    if (n > 0) {
        fputs("\033[2m", stdout);
        sanitise_write(stdout, text, n);
        fputs("\033[0m\r", stdout);
        if (column > 0)
            printf("\033[%zuC", column);
    }
    fflush(stdout);
}

static void print_json(const struct listening *x, const struct live_piece *piece, const char *text)
{
    cJSON *line = cJSON_CreateObject();

    cJSON_AddNumberToObject(line, "start", round(1000.0 * piece->start) / 1000.0);
    cJSON_AddNumberToObject(line, "end", round(1000.0 * piece->end) / 1000.0);
    cJSON_AddStringToObject(line, "text", text);
    cJSON_AddBoolToObject(line, "ends", piece->ends);
    cJSON_AddNumberToObject(line, "committed", round(clock_ms() - x->start_ms) / 1000.0);
    char *printed = cJSON_PrintUnformatted(line);
    if (printed != NULL)
        puts(printed);
    fflush(stdout);
    cJSON_free(printed);
    cJSON_Delete(line);
}

static void print_line_start(struct listening *x, double seconds)
{
    char time[32];
    long long s = (long long)seconds;

    x->column = 0;
    x->in_line = true;
    if (!x->o->times)
        return;
    if (s < 3600)
        snprintf(time, sizeof time, "[%lld:%02lld] ", s / 60, s % 60);
    else
        snprintf(time, sizeof time, "[%lld:%02lld:%02lld] ", s / 3600, s / 60 % 60, s % 60);
    say(x, time);
}

static void on_piece(void *user, const struct live_piece *piece)
{
    struct listening *x = user;
    const char *text = piece->text;

    x->told = true;
    if (x->o->json) {
        print_json(x, piece, text + strspn(text, " "));
        return;
    }
    erase_pending(x);
    if (!x->in_line) {
        print_line_start(x, piece->start);
        text += strspn(text, " ");
    }
    say(x, text);
    if (!piece->ends)
        return;
    run_print_text("\n", 1);
    x->in_line = false;
    x->column = 0;
}

/* ---- the loop ------------------------------------------------------------------- */

/* What has come, at most what a pass may find new, and no further than a pause. */
static bool take_sound(struct listening *x, size_t *n_fed, struct error *err)
{
    float block[BLOCK];
    size_t n = 1;

    while (n > 0 && !interrupted && *n_fed + BLOCK <= LIVE_MOST_FEED && !live_is_paused(x->live)) {
        if (!intake_read(x->in, block, BLOCK, &n, err) || !live_feed(x->live, block, n, err))
            return false;
        *n_fed += n;
    }
    return true;
}

static bool listen_on(struct listening *x, struct error *err)
{
    const struct timespec pause = { 0, WAIT_MS * 1000000L };
    size_t n_fed = 0;

    while (!interrupted && !intake_ended(x->in)) {
        if (!take_sound(x, &n_fed, err))
            return false;
        if (live_wanted(x->live) > 0) {
            nanosleep(&pause, NULL);
            continue;
        }
        if (!live_pass(x->live, err))
            return false;
        n_fed = 0;
        show_pending(x);
    }
    bool ok = live_finish(x->live, err);
    erase_pending(x);
    if (x->in_line)
        run_print_text("\n", 1);
    return ok;
}

static bool check(const struct options *o, struct error *err)
{
    bool from_stdin = o->n_arguments == 1 && strcmp(o->arguments[0], "-") == 0;

    if (o->n_arguments > 0 && !from_stdin)
        return error_set(err, ERROR_USAGE, "`mynah listen` takes the microphone or - for standard input, not '%s'; `mynah transcribe` takes files", o->arguments[0]);
    if (!from_stdin && (o->raw || o->rate != 0 || o->raw_channels != 0))
        return error_set(err, ERROR_USAGE, "--raw, --rate and --raw-channels are of standard input: arecord -t raw -f S16_LE -r 16000 | mynah listen --raw -");
    if (!o->raw && (o->rate != 0 || o->raw_channels != 0))
        return error_set(err, ERROR_USAGE, "--rate and --raw-channels are of samples without a header, with --raw; a WAV file tells its own");
    if (o->rate != 0 && (o->rate < 1000 || o->rate > 384000))
        return error_set(err, ERROR_USAGE, "--rate takes 1000 to 384000 Hz, not %zu", o->rate);
    if (o->raw_channels > 64)
        return error_set(err, ERROR_USAGE, "--raw-channels takes 1 to 64, not %zu", o->raw_channels);
    if (from_stdin && o->microphone != NULL)
        return error_set(err, ERROR_USAGE, "either --microphone or - for standard input");
    if (from_stdin && isatty(STDIN_FILENO))
        return error_set(err, ERROR_USAGE, "standard input is a terminal: arecord -f S16_LE -r 16000 -t wav | mynah listen -");
    return o->language == NULL || whisper_language(o->language, &(const char *){ NULL }, &(const char *){ NULL }) ||
           error_set(err, ERROR_USAGE, "--language takes one that Whisper knows, such as en or Korean, not '%s'", o->language);
}

static struct intake *open_sound(const struct options *o, struct error *err)
{
    struct raw_format raw = { o->rate != 0 ? (int)o->rate : AUDIO_HZ, o->raw_channels != 0 ? (int)o->raw_channels : 1 };
    const char *named = o->microphone;
    bool is_file = named != NULL && access(named, F_OK) == 0;

    if (o->n_arguments == 1)
        return intake_stream(STDIN_FILENO, o->raw ? &raw : NULL, &sound_ends, err);
    return intake_microphone(is_file ? named : NULL, named != NULL ? named : o->config->microphone, err);
}

static bool open_live(struct listening *x, struct error *err)
{
    const struct options *o = x->o;
    struct live_params p = { .whisper = whisper_params_default(), .on_piece = on_piece, .user = x };
    const char *english;

    if (o->language != NULL)
        whisper_language(o->language, &p.whisper.language, &english);
    p.whisper.translate = o->translate;
    x->models = models_open(err);
    char *path = x->models != NULL ? models_path(x->models, "whisper-base", err) : NULL;
    if (path != NULL && compute_init(&x->c, o->n_threads, o->kernels, err) && (x->w = whisper_open(path, &x->c, err)) != NULL)
        x->live = live_new(x->w, &x->c, &p, err);
    free(path);
    return x->live != NULL;
}

static void close_all(struct listening *x)
{
    intake_close(x->in);
    live_free(x->live);
    whisper_close(x->w);
    if (x->c.pool != NULL)
        compute_done(&x->c);
    models_close(x->models);
    log_to(NULL, NULL, LOG_WARNING);
}

int cmd_listen(const struct options *o)
{
    struct listening x = { .o = o };
    const char *term = getenv("TERM");
    struct error err = { 0 };

    x.shows_pending = !o->json && isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
    log_to(on_log, NULL, o->quiet ? LOG_WARNING + 1 : LOG_WARNING);
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    bool ok = check(o, &err) && open_live(&x, &err) && (x.in = open_sound(o, &err)) != NULL;
    if (ok && !o->quiet && isatty(STDERR_FILENO))
        fprintf(stderr, "mynah: listening; Ctrl-C ends it\n");
    x.start_ms = clock_ms();
    ok = ok && listen_on(&x, &err);
    if (ok && !x.told && !o->quiet)
        log_warning("no speech was heard");
    close_all(&x);
    if (!ok && err.code != ERROR_CANCELLED)
        return cli_fail(&err);
    return interrupted ? 128 + interrupted : 0;
}
