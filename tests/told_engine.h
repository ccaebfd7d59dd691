/* told_engine.h - an engine that writes down what it is told, for tests of what stands on it.
 *
 * Events are made by the test.  Attachments are numbers: the n-th attach is answered by fake_attached(n). */
#ifndef TESTS_TOLD_ENGINE_H
#define TESTS_TOLD_ENGINE_H

#include "ui/buffer.h"
#include "ui/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_attachment { uint32_t id; enum attachment_kind kind; };

struct fake_engine {
    struct engine engine;
    struct buffer told;             /* "ask(text) rewind(2) ..." since the last fake_told */
    struct buffer last;
    uint32_t n_requests;
    struct fake_attachment attachments[16];
    size_t n_attachments;
};

static inline uint32_t fake_note(struct fake_engine *f, const char *what, const char *text)
{
    buffer_print(&f->told, "%s%s(%s)", f->told.n > 0 ? " " : "", what, text);
    return ++f->n_requests;
}

static inline uint32_t fake_attach(void *self, const char *path)
{
    const char *slash = strrchr(path, '/');

    return fake_note(self, "attach", slash != NULL ? slash + 1 : path);
}

static inline uint32_t fake_preview(void *self, const char *path) { return fake_note(self, "preview", path); }

static inline uint32_t fake_turn(void *self, const char *what, const struct turn *turn)
{
    static const char *const tasks[] = { "", "describe ", "continue ", "summarise " };
    struct buffer text = { 0 };

    buffer_print(&text, "%s%s", tasks[turn->task], turn->text != NULL ? turn->text : "");
    for (size_t i = 0; i < turn->n_attachments; i++)
        buffer_print(&text, " #%u", (unsigned)turn->attachments[i]);
    uint32_t request = fake_note(self, what, text.s);
    buffer_free(&text);
    return request;
}

static inline uint32_t fake_ask(void *self, const struct turn *turn)     { return fake_turn(self, "ask", turn); }
static inline uint32_t fake_measure(void *self, const struct turn *turn) { return fake_turn(self, "measure", turn); }

static inline void fake_restore(void *self, const struct turn *turn, const char *answer)
{
    struct buffer text = { 0 };

    buffer_print(&text, "%s: %s", turn->text, answer);
    for (size_t i = 0; i < turn->n_attachments; i++)
        buffer_print(&text, " #%u", (unsigned)turn->attachments[i]);
    fake_note(self, "restore", text.s);
    buffer_free(&text);
}

static inline void fake_clear(void *self) { fake_note(self, "clear", ""); }

static inline void fake_rewind(void *self, size_t n)
{
    char text[24];

    snprintf(text, sizeof text, "%zu", n);
    fake_note(self, "rewind", text);
}

static inline void fake_configure(void *self, const struct session_settings *settings)
{
    char text[32];

    snprintf(text, sizeof text, "%g", (double)settings->temperature);
    fake_note(self, "configure", text);
}

static inline uint32_t fake_use_model(struct engine *e, const char *name, struct error *err)
{
    (void)err;
    return fake_note(e->self, "model", name);
}

static inline const char *fake_model_name(void *self, size_t i, bool *present)
{
    (void)self;
    *present = true;
    return i == 0 ? "fake" : NULL;
}

static inline void fake_cancel(void *self) { fake_note(self, "cancel", ""); }
static inline bool fake_poll(void *self, struct session_event *event) { (void)self; (void)event; return false; }

static inline struct engine_attachment fake_describe(const struct attachment *a)
{
    const struct fake_attachment *f = (const struct fake_attachment *)a;

    return (struct engine_attachment){ .id = f->id, .kind = f->kind, .path = "/nowhere/talk.wav", .name = f->kind == ATTACHMENT_IMAGE ? "cat.png" : "talk.wav",
                                       .summary = "4 bytes", .details = "seen: nothing", .n_tokens = 10 };
}

static inline void fake_init(struct fake_engine *f)
{
    *f = (struct fake_engine){ .engine = {
        .self = f, .model = "fake", .event_fd = -1, .attach = fake_attach, .preview = fake_preview, .ask = fake_ask, .measure = fake_measure,
        .restore = fake_restore, .clear = fake_clear, .rewind = fake_rewind, .configure = fake_configure, .use_model = fake_use_model,
        .model_name = fake_model_name, .cancel = fake_cancel, .poll = fake_poll, .attachment = fake_describe } };
}

static inline void fake_done(struct fake_engine *f)
{
    buffer_free(&f->told);
    buffer_free(&f->last);
}

/* What the engine was told since the last call; good until the next. */
static inline const char *fake_told(struct fake_engine *f)
{
    struct buffer told = f->told;

    f->told = f->last;
    f->last = told;
    buffer_clear(&f->told);
    return buffer_text(&f->last);
}

static inline const struct attachment *fake_attached(struct fake_engine *f, enum attachment_kind kind)
{
    struct fake_attachment *a = &f->attachments[f->n_attachments++];

    *a = (struct fake_attachment){ (uint32_t)f->n_attachments, kind };
    return (const struct attachment *)a;
}

#endif
