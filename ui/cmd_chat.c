/* cmd_chat.c - `mynah` alone: the chat.
 *
 *   poll(keys, signals, events) -> state (tui.c) -> cells (tui_draw.c) -> terminal (term.c, or
 *                                                                        term_inline.c in the scrollback) */
#include "base/clock.h"
#include "base/folder.h"
#include "base/log.h"
#include "store/models.h"
#include "store/sessions.h"
#include "ui/cli.h"
#include "ui/clipboard.h"
#include "ui/config.h"
#include "ui/engine.h"
#include "ui/external.h"
#include "ui/params.h"
#include "ui/picture.h"
#include "ui/plain.h"
#include "ui/term.h"
#include "ui/term_inline.h"
#include "ui/tui.h"
#include "ui/tui_draw.h"

#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct chat {
    struct models *models;
    struct model_paths paths;
    struct engine *engine;
    struct sessions *sessions;      /* NULL: not saved, err says why */
    struct error unsaved;
    struct tui tui;
    struct screen screen, printed;  /* printed: inline, what goes to the scrollback */
    enum picture_kind pictures;
    const struct preview *picture;  /* on the terminal now, by pixels; NULL: none */
    struct rect picture_at;
    struct keys keys;
    FILE *log_file;
};

/* Text is UTF-8 throughout; a locale that cannot say so would make ncurses garble it. */
static void set_locale(void)
{
    if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
            setlocale(LC_CTYPE, "en_US.UTF-8");
}

static void on_log(void *user, enum log_level level, const char *text)
{
    static const char *const names[] = { "debug", "info", "warning" };

    fprintf(user, "%s: %s\n", names[level], text);
    fflush(user);
}

/* The log of the last chat, $XDG_DATA_HOME/mynah/log/chat.log; without one, messages are dropped. */
static void open_log(struct chat *c)
{
    char *folder = folder_data("log", NULL), *path = NULL;
    int fd = -1;

    if (folder != NULL && asprintf(&path, "%s/chat.log", folder) > 0)
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    c->log_file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (c->log_file != NULL)
        log_to(on_log, c->log_file, LOG_INFO);
    free(folder);
    free(path);
}

/* What the three jobs need and is not here, the text model first; n of names[4]. */
static size_t missing_models(const struct chat *c, const char *text, const char *names[4])
{
    static const char *const media[] = { "whisper-base", "efficientnet-lite2", "ssd-coco" };
    size_t n = 0;

    names[n++] = text;
    for (int i = 0; i < 3; i++)
        if (!models_present(c->models, media[i]))
            names[n++] = media[i];
    return n;
}

/* Asks, and pulls as `mynah pull` does; false when the user would rather not. */
static bool offer_pull(const struct chat *c, const char *text)
{
    const char *names[4];
    struct options pull = { .arguments = names, .n_arguments = missing_models(c, text, names) };
    char answer[16];
    double bytes = 0;

    for (size_t i = 0; i < pull.n_arguments; i++) {
        const struct model_entry *entry = models_find(c->models, names[i]);
        bytes += (double)entry->download_bytes;
        printf("%s %s (%s)\n", i == 0 ? "Not here yet:" : "             ", entry->title, entry->licence);
    }
    printf("Pull %s now, about %.0f MB? [Y/n] ", pull.n_arguments > 1 ? "them" : "it", bytes / 1e6);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) == NULL || strchr("yY\n", answer[0]) == NULL)
        return false;
    bool pulled = cmd_pull(&pull) == 0;
    tcflush(STDIN_FILENO, TCIFLUSH);            /* what was typed meanwhile was not meant for the chat */
    return pulled;
}

static bool open_models(struct chat *c, const struct options *o, struct error *err)
{
    c->models = models_open(err);
    if (c->models == NULL || !model_paths_projector(&c->paths, c->models, o, err))
        return false;
    c->paths.text = models_path(c->models, o->model, err);
    if (c->paths.text == NULL && models_find(c->models, o->model) != NULL && !models_present(c->models, o->model)
        && isatty(STDIN_FILENO) && offer_pull(c, o->model))        /* lines of a script are no answers */
        c->paths.text = models_path(c->models, o->model, err);
    model_paths_media(&c->paths, c->models);
    return c->paths.text != NULL;
}

static bool open_session(struct chat *c, const struct options *o, struct error *err)
{
    if (!open_models(c, o, err))
        return false;
    struct session_params p = params_of_options(o, &c->paths);
    c->engine = engine_session_new(&p, c->models, err);
    return c->engine != NULL;
}

static bool open_engine(struct chat *c, const struct options *o, struct error *err)
{
    if (o->engine == NULL)
        return open_session(c, o, err);
    if (strcmp(o->engine, "echo") != 0)
        return error_set(err, ERROR_USAGE, "--engine takes echo, not '%s'", o->engine);
    c->engine = engine_echo_new(err);
    return c->engine != NULL;
}

/* Finished turns go to the scrollback, the rest is drawn below them. */
static void draw_inline(struct chat *c)
{
    while (tui_inline_print(&c->tui, &c->printed))
        inline_print(&c->printed);
    screen_resize(&c->screen, tui_inline_rows(&c->tui), c->tui.cols);
    tui_draw(&c->tui, &c->screen);
    inline_show(&c->screen);
}

/* A picture that is left to the terminal follows the cells around it. */
static void show_picture(struct chat *c)
{
    struct buffer bytes = { 0 };
    int width, height;

    c->picture = c->screen.picture;
    c->picture_at = c->screen.picture_at;
    if (c->picture == NULL)
        return;
    term_cell_size(&width, &height);
    picture_encode(c->picture, c->pictures, c->picture_at, width, height, &bytes);
    term_picture(bytes.s, bytes.n, c->picture_at);
    buffer_free(&bytes);
}

static void draw(struct chat *c)
{
    if (c->tui.is_inline) {
        draw_inline(c);
        return;
    }
    tui_draw(&c->tui, &c->screen);
    bool stays = c->screen.picture == c->picture && memcmp(&c->screen.picture_at, &c->picture_at, sizeof c->picture_at) == 0;
    if (!stays)
        term_clear_pictures();
    term_show(&c->screen);
    if (!stays)
        show_picture(c);
}

static void forget_picture(struct chat *c)
{
    term_clear_pictures();
    c->picture = NULL;
}

static void resize(struct chat *c)
{
    int rows, cols;

    term_size(&rows, &cols);
    tui_resize(&c->tui, rows, cols);
    screen_resize(&c->screen, rows, cols);
    forget_picture(c);              /* the terminal may have lost it */
}

/* ---- wishes ------------------------------------------------------------------------- */

static void edit_draft(struct chat *c)
{
    struct error err = { 0 };
    struct external_terminal terminal = { term_suspend, term_resume };
    char *text = NULL;

    if (external_edit(buffer_text(&c->tui.draft.editor.text), &terminal, &text, &err))
        tui_edited(&c->tui, text);
    else
        tui_hint(&c->tui, true, "%s", err.text);
    resize(c);
}

static void copy(struct chat *c, struct buffer *text)
{
    bool sent = term_copy(text->s, text->n), taken = clipboard_copy(text->s, text->n);

    if (!sent && !taken)
        tui_hint(&c->tui, true, "not copied: it is too long for this terminal, and there is no wl-copy or xclip");
    buffer_clear(text);
}

static void use_colors(struct chat *c)
{
    c->tui.n_colors = c->pictures == PICTURE_OFF ? -1 : term_colors();
}

/* What the chat wants of the terminal. */
static void grant_wishes(struct chat *c)
{
    struct wishes *w = &c->tui.wishes;

    if (w->redraw) {
        term_redraw();
        forget_picture(c);
    }
    if (w->theme) {
        term_set_theme(c->tui.config->theme);
        use_colors(c);
    }
    if (w->mouse)
        term_set_mouse(c->tui.config->mouse);
    if (w->copy.n > 0)
        copy(c, &w->copy);
    if (w->editor)
        edit_draft(c);
    w->redraw = w->theme = w->mouse = w->editor = false;
}

/* ---- the loop ----------------------------------------------------------------------- */

/* Returns the signal that ends the program, or 0. */
static int take_signals(struct chat *c)
{
    struct press interrupt = { .kind = PRESS_CTRL, .letter = 'c' };

    for (int number; (number = term_signal()) != 0;) {
        if (number == SIGTERM || number == SIGHUP)
            return number;
        if (number == SIGTSTP)
            term_stop();
        if (number == SIGINT)
            tui_press(&c->tui, &interrupt);
        else
            resize(c);
        if (number == SIGCONT)
            term_redraw();
    }
    return 0;
}

static void take_keys(struct chat *c, bool ended)
{
    struct press press;

    while (!c->tui.quits && keys_next(&c->keys, ended, &press)) {
        if (press.kind == PRESS_CTRL && press.letter == 'z') {
            term_stop();
            resize(c);
        } else if (press.kind == PRESS_REPLY) {
            if (term_reply(press.text, press.n))
                use_colors(c);
        } else {
            tui_press(&c->tui, &press);
            grant_wishes(c);
        }
    }
}

static void take_events(struct chat *c)
{
    struct session_event event;

    while (c->engine->poll(c->engine->self, &event)) {
        tui_event(&c->tui, &event);
        session_event_done(&event);
    }
}

/* Until the user quits (0), the terminal goes away or a signal asks (its number). */
static int loop(struct chat *c)
{
    struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { term_signal_fd(), POLLIN, 0 }, { c->engine->event_fd, POLLIN, 0 } };
    char bytes[4096];
    double typed_ms = 0;

    while (!c->tui.quits) {
        draw(c);
        int wait_ms = keys_waiting(&c->keys) ? KEYS_WAIT_MS : tui_tick_ms(&c->tui);
        int ready = poll(fds, 3, wait_ms);
        bool typed = ready > 0 && fds[0].revents != 0;
        if (!typed && keys_waiting(&c->keys) && clock_ms() - typed_ms >= KEYS_WAIT_MS)
            take_keys(c, true);
        if (fds[1].revents != 0 || ready < 0) {
            int number = take_signals(c);
            if (number != 0)
                return number;
        }
        if (typed) {
            int n = term_read(bytes, sizeof bytes);
            if (n < 0)
                return SIGHUP;
            typed_ms = clock_ms();
            keys_feed(&c->keys, bytes, (size_t)n);
            take_keys(c, false);
        }
        if (ready > 0 && fds[2].revents != 0)
            take_events(c);
        tui_tick(&c->tui);
    }
    return 0;
}

/* ---- opening -------------------------------------------------------------------------- */

static int run_full(struct chat *c, const struct options *o)
{
    struct error err = { 0 };
    bool is_inline = strcmp(o->mode, "inline") == 0;
    struct term_params params = { .log_fd = fileno(c->log_file), .theme = o->theme, .mouse = o->mouse, .is_inline = is_inline };

    if (!term_open(&params, &err))
        return cli_fail(&err);
    tui_init(&c->tui, c->engine, c->sessions, o);
    c->tui.is_inline = is_inline;
    c->pictures = picture_choose(o->config->preview, term_colors());
    use_colors(c);
    c->screen.takes_picture = !is_inline && (c->pictures == PICTURE_SIXEL || c->pictures == PICTURE_KITTY);
    if (c->sessions == NULL)
        tui_note(&c->tui, ITEM_ERROR, "this conversation is not saved: %s", c->unsaved.text);
    tui_tell_left_takes(&c->tui);
    resize(c);
    int number = loop(c);
    term_close();
    tui_done(&c->tui);
    return number == 0 ? 0 : 128 + number;
}

/* So that there is a file to look into; without one the defaults hold. */
static void offer_settings(void)
{
    char *path = config_path(NULL);

    if (path != NULL)
        config_write_new(path, NULL);
    free(path);
}

static int run(struct chat *c, const struct options *o)
{
    offer_settings();
    c->sessions = sessions_open(NULL, &c->unsaved);
    if (plain_wanted(o))
        return plain_run(c->engine, c->sessions, &c->unsaved, o);
    return run_full(c, o);
}

int cmd_chat(const struct options *o)
{
    struct chat c = { 0 };
    struct error err = { 0 };
    int status;

    set_locale();
    open_log(&c);
    if ((!plain_wanted(o) && !term_usable(&err)) || !open_engine(&c, o, &err))
        status = cli_fail(&err);
    else
        status = run(&c, o);
    engine_free(c.engine);
    sessions_close(c.sessions);
    screen_free(&c.screen);
    screen_free(&c.printed);
    keys_free(&c.keys);
    log_to(NULL, NULL, LOG_INFO);
    model_paths_done(&c.paths);
    models_close(c.models);
    if (c.log_file != NULL)
        fclose(c.log_file);
    return status;
}
