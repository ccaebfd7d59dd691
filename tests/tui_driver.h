/* tui_driver.h - the chat without a terminal: presses and events in, cells out. */
#ifndef TESTS_TUI_DRIVER_H
#define TESTS_TUI_DRIVER_H

#include "tests/told_engine.h"
#include "ui/tui.h"
#include "ui/tui_draw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct fake_engine fake;
    struct sessions *sessions;
    struct config config;
    struct options options;
    struct tui tui;
    struct screen screen;
    char folder[64];
};

static inline void start(struct fixture *f, bool fresh)
{
    struct error err;
    char path[96];

    fake_init(&f->fake);
    snprintf(path, sizeof path, "%s/sessions.db", f->folder);
    f->sessions = sessions_open(path, &err);
    assert_non_null(f->sessions);
    config_init(&f->config);
    f->options = (struct options){ .config = &f->config, .temperature = -1, .fresh = fresh };
    tui_init(&f->tui, &f->fake.engine, f->sessions, &f->options);
    tui_resize(&f->tui, 24, 80);
}

static inline void end(struct fixture *f)
{
    tui_done(&f->tui);
    sessions_close(f->sessions);
    config_done(&f->config);
    fake_done(&f->fake);
}

static inline void event(struct fixture *f, struct session_event e)
{
    tui_event(&f->tui, &e);
}

static inline void ready(struct fixture *f)
{
    event(f, (struct session_event){ .kind = SESSION_READY, .n_ctx = 1000 });
    fake_told(&f->fake);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    snprintf(f->folder, sizeof f->folder, "/tmp/test_tui.XXXXXX");
    if (mkdtemp(f->folder) == NULL)
        return -1;
    setenv("XDG_DATA_HOME", f->folder, 1);
    setenv("XDG_CONFIG_HOME", f->folder, 1);
    start(f, false);
    ready(f);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];

    end(f);
    screen_free(&f->screen);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    int status = system(command);
    free(f);
    return status;
}

static inline void press(struct fixture *f, enum press_kind kind)
{
    tui_press(&f->tui, &(struct press){ .kind = kind });
}

static inline void control(struct fixture *f, char letter)
{
    tui_press(&f->tui, &(struct press){ .kind = PRESS_CTRL, .letter = letter });
}

static inline void type(struct fixture *f, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++)
        tui_press(&f->tui, &(struct press){ .kind = PRESS_TEXT, .text = (char[]){ text[i], '\0' }, .n = 1 });
}

static inline void enter(struct fixture *f, const char *text)
{
    type(f, text);
    press(f, PRESS_ENTER);
}

/* All rows of the screen, each ended by a newline. */
static const char *shown(struct fixture *f)
{
    static struct buffer text;

    buffer_clear(&text);
    screen_resize(&f->screen, f->tui.rows, f->tui.cols);
    tui_draw(&f->tui, &f->screen);
    for (int row = 0; row < f->screen.rows; row++) {
        char *line = screen_row(&f->screen, row);
        buffer_print(&text, "%s\n", line);
        free(line);
    }
    return buffer_text(&text);
}

static inline void assert_shown(struct fixture *f, const char *what, int line)
{
    const char *text = shown(f);

    if (strstr(text, what) == NULL)
        fail_msg("line %d: \"%s\" is not shown:\n%s", line, what, text);
}
#define assert_shows(f, what) assert_shown(f, what, __LINE__)
#define assert_hides(f, what) assert_null(strstr(shown(f), what))

static inline void measured(struct fixture *f, size_t *left_out, size_t n)
{
    assert_int_not_equal(f->tui.question.request, 0);
    event(f, (struct session_event){ .kind = SESSION_MEASURED, .request = f->tui.question.request, .n_ctx = 1000, .n_prompt = n > 0 ? 900 : 90,
                                     .n_most = 800, .left_out = left_out, .n_left_out = n });
}

static inline void said(struct fixture *f, const char *text)
{
    event(f, (struct session_event){ .kind = SESSION_TEXT, .request = f->tui.talk.request, .text = (char *)(size_t)text });
}

static inline void answered(struct fixture *f, bool stopped)
{
    event(f, (struct session_event){ .kind = SESSION_ANSWERED, .request = f->tui.talk.request, .n_ctx = 1000, .n_used = 100, .n_prompt = 80,
                                     .n_generated = 20, .decode_ms = 1000, .prefill_ms = 500, .seed = 99, .stopped = stopped });
}

static inline void exchange(struct fixture *f, const char *question, const char *answer)
{
    enter(f, question);
    measured(f, NULL, 0);
    said(f, answer);
    answered(f, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
