/* fake_engine.h - an engine whose events the test makes, and a microphone whose
 * level it sets: what the chat asked for is written down in fake.calls. */
#ifndef TESTS_FAKE_ENGINE_H
#define TESTS_FAKE_ENGINE_H

#include "ui/tui.h"
#include "ui/tui_draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_attachment { uint32_t id; enum attachment_kind kind; const char *name, *summary, *details; size_t n_tokens; };

static struct {
    struct engine engine;
    char calls[8192];               /* "attach PATH\n", "ask TEXT [ids]\n", ... */
    uint32_t last;
    struct record_level level;
    const char *take_error;
} fake;

static uint32_t fake_call(const char *format, const char *text)
{
    size_t n = strlen(fake.calls);

    snprintf(fake.calls + n, sizeof fake.calls - n, format, text);
    return ++fake.last;
}

static uint32_t fake_attach(void *self, const char *path)
{
    (void)self;
    return fake_call("attach %s\n", path);
}

static const char *fake_turn(const struct turn *turn)
{
    static char text[1024];
    size_t n = (size_t)snprintf(text, sizeof text, "%s%s", turn->task == TURN_DESCRIBE ? "(describe) " : "", turn->text);

    for (size_t i = 0; i < turn->n_attachments; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, " #%u", (unsigned)turn->attachments[i]);
    return text;
}

static uint32_t fake_ask(void *self, const struct turn *turn)
{
    (void)self;
    return fake_call("ask %s\n", fake_turn(turn));
}

static void fake_restore(void *self, const struct turn *turn, const char *answer)
{
    char text[2048];

    (void)self;
    snprintf(text, sizeof text, "%s -> %s", fake_turn(turn), answer);
    fake_call("restore %s\n", text);
}

static void fake_clear(void *self)
{
    (void)self;
    fake_call("clear%s\n", "");
}

static void fake_cancel(void *self)
{
    (void)self;
    fake_call("cancel%s\n", "");
}

static uint32_t fake_use_model(struct engine *e, const char *name, struct error *err)
{
    if (strcmp(name, "missing") == 0) {
        error_set(err, ERROR_MODEL, "missing: is not here: run `mynah pull missing`");
        return 0;
    }
    e->model = "other";
    return fake_call("model %s\n", name);
}

static struct engine_attachment fake_describe(const struct attachment *attachment)
{
    const struct fake_attachment *a = (const struct fake_attachment *)attachment;

    return (struct engine_attachment){ a->id, a->kind, a->name, a->summary, a->details, a->n_tokens, NULL };
}

struct record *record_start(const char *file, const char *device, struct error *err)
{
    (void)device;
    if (file == NULL) {
        error_set(err, ERROR_INPUT, "no microphone was found");
        return NULL;
    }
    fake_call("record %s\n", file);
    return (struct record *)&fake.level;
}

struct record_level record_level(const struct record *r)
{
    (void)r;
    return fake.level;
}

bool record_finish(struct record *r, const char *path, struct error *err)
{
    (void)r;
    (void)path;
    fake_call("finish%s\n", "");
    return fake.take_error == NULL || error_set(err, ERROR_INPUT, "%s", fake.take_error);
}

void record_abandon(struct record *r)
{
    if (r != NULL)
        fake_call("abandon%s\n", "");
}

/* A chat of rows x cols over the fake engine, not saved, model ready. */
static inline void fake_start(struct tui *t, int rows, int cols, const char *microphone, struct saved *saved)
{
    static struct saved nothing;

    memset(&fake, 0, sizeof fake);
    fake.engine = (struct engine){
        .model = "default", .attach = fake_attach, .ask = fake_ask, .restore = fake_restore, .clear = fake_clear,
        .use_model = fake_use_model, .cancel = fake_cancel, .attachment = fake_describe,
    };
    tui_init(t, &fake.engine, NULL, microphone, saved != NULL ? saved : &nothing);
    tui_resize(t, rows, cols);
}

static inline void fake_event(struct tui *t, struct session_event e)
{
    tui_event(t, &e);
}

static inline void fake_ready(struct tui *t)
{
    fake_event(t, (struct session_event){ .kind = SESSION_READY, .n_ctx = 8192 });
}

static inline void fake_text(struct tui *t, const char *text)
{
    char copy[4096];

    snprintf(copy, sizeof copy, "%s", text);
    fake_event(t, (struct session_event){ .kind = SESSION_TEXT, .request = fake.last, .text = copy });
}

static inline void fake_answer(struct tui *t, const char *text)
{
    fake_text(t, text);
    fake_event(t, (struct session_event){ .kind = SESSION_ANSWERED, .request = fake.last, .n_ctx = 8192, .n_used = 100,
                                          .n_generated = 20, .decode_ms = 1000 });
}

/* Bytes as a terminal would send them. */
static inline void fake_type(struct tui *t, const char *bytes)
{
    struct keys keys = { 0 };
    struct press press;

    keys_feed(&keys, bytes, strlen(bytes));
    while (keys_next(&keys, true, &press))
        tui_press(t, &press);
    keys_free(&keys);
}

/* The screen as lines of text, trailing blanks left out. */
static inline const char *fake_screen(struct tui *t)
{
    static char out[65536];
    struct screen s = { 0 };
    size_t n = 0;

    screen_resize(&s, t->rows, t->cols);
    tui_draw(t, &s);
    for (int row = 0; row < s.rows; row++) {
        char *line = screen_row(&s, row);
        n += (size_t)snprintf(out + n, sizeof out - n, "%s\n", line);
        free(line);
    }
    screen_free(&s);
    return out;
}

#endif
