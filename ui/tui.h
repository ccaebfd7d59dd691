/* tui.h - the chat: its state, and what key presses and events do to it.
 *
 *   press (keys.h) ─┐                       ┌─ tui_draw -> cells (screen.h)
 *   event (engine) ─┼─> state, engine calls ┤
 *   tick           ─┘                       └─ conversation's file (transcript_log.h)
 *
 * Nothing here knows of a terminal.  One thread.  struct wrap members are memos of
 * line breaks: they change when drawn, what is drawn does not depend on them. */
#ifndef UI_TUI_H
#define UI_TUI_H

#include "base/file.h"
#include "ui/buffer.h"
#include "ui/editor.h"
#include "ui/engine.h"
#include "ui/keys.h"
#include "ui/record.h"
#include "ui/transcript_log.h"
#include "ui/wrap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum item_kind {
    ITEM_USER, ITEM_CHIP,           /* what the person wrote and attached; chips come first */
    ITEM_ANSWER,
    ITEM_NOTE, ITEM_ERROR           /* the program's own words */
};

struct item {                       /* one part of the conversation on the screen */
    enum item_kind kind;
    struct buffer text;
    struct wrap wrap;
};

enum chip_state { CHIP_READING, CHIP_READY, CHIP_FAILED };

struct chip {                       /* an attachment of the draft */
    enum chip_state state;
    char *path;
    char sha256[SHA256_HEX];        /* "" when it could not be read */
    uint32_t request, id;
    struct buffer label;            /* facts, or why it failed */
    double done, total;
    struct buffer shown;            /* as drawn; a memo like its wrap */
    struct wrap wrap;
};

struct asked {                      /* the question sent last: one that fails is a draft again */
    char *text;                     /* as it was typed; NULL: none was sent */
    struct chip *chips;
    size_t n_chips;
    size_t i_history;               /* where the editor remembers it */
    bool failed;                    /* and the chips wait here until Up shows the question */
};

struct place { size_t item, row; }; /* a row of the conversation; row 0 may be the gap above the item */

enum tui_mode { MODE_CHAT, MODE_DETAILS, MODE_RECORDING };

struct paths;
struct resume;                      /* a saved conversation on its way back (tui_resume.c) */

struct tui {
    struct engine *engine;
    struct transcript_log *log;     /* NULL: not saved, the user was told why */
    const char *microphone;         /* a clip in its place; NULL: the default device */
    int rows, cols;
    enum tui_mode mode;
    bool quits;
    bool redraws;                   /* the whole terminal, once (C-l) */

    struct item *items;
    size_t n_items, item_capacity;
    bool scrolled;                  /* `top` is what the user scrolled to; otherwise the end is shown */
    struct place top;

    struct editor editor;
    struct chip *chips;
    size_t n_chips, chip_capacity;
    struct asked asked;
    bool send_waits;                /* Enter was pressed before everything was ready */
    struct buffer hint;             /* a few words until the next press */
    bool hint_warns, quit_armed;    /* C-c was pressed once */

    bool ready;                     /* a text model is loaded and no other is on its way */
    bool has_model;                 /* one was loaded */
    bool no_model;                  /* none could be loaded: only /model helps */
    uint32_t ask_request;           /* the answer being written; 0: none */
    uint32_t model_request;         /* /model under way */
    uint32_t active_request;        /* of the last progress */
    char *old_model;                /* its name until the new one is loaded */
    struct buffer activity;         /* "reading 40 %" */
    size_t i_answer;                /* its item; SIZE_MAX before the first word */
    size_t n_ctx, n_used;
    double tokens_per_s;            /* of the last answer; 0: none yet */

    const struct attachment **perceived;    /* everything attached, in order, each once */
    size_t n_perceived, perceived_capacity;
    struct buffer details;          /* MODE_DETAILS */
    struct wrap details_wrap;
    size_t details_top;

    struct record *record;          /* MODE_RECORDING */
    struct record_level level;
    struct resume *resume;          /* NULL when nothing is coming back */
};

/* Takes the saved turns over; engine and log stay the caller's. */
void tui_init(struct tui *t, struct engine *engine, struct transcript_log *log, const char *microphone, struct saved *saved);
void tui_done(struct tui *t);
void tui_resize(struct tui *t, int rows, int cols);
void tui_press(struct tui *t, const struct press *press);
void tui_event(struct tui *t, const struct session_event *event);
void tui_tick(struct tui *t);
int tui_tick_ms(const struct tui *t);       /* until the next tick is due; -1: none */

/* ---- for the chat's own files ------------------------------------------------- */

struct item *tui_add(struct tui *t, enum item_kind kind, const char *text);
void tui_note(struct tui *t, enum item_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
void tui_hint(struct tui *t, bool warns, const char *format, ...) __attribute__((format(printf, 3, 4)));
void tui_perceive(struct tui *t, const struct attachment *a);
void tui_clear(struct tui *t);

/* tui_draft.c */
void tui_label(const struct tui *t, const struct attachment *a, struct buffer *label);
void tui_attach(struct tui *t, const char *path);
bool tui_attach_all(struct tui *t, struct paths *paths);    /* frees the paths; false: none */
struct chip *tui_find_chip(struct tui *t, uint32_t request);    /* one that is still read */
void tui_free_chip(struct tui *t, size_t i);
void tui_remove_chip(struct tui *t);        /* the last, as Backspace does */
void tui_submit(struct tui *t);             /* Enter */
void tui_send_if_ready(struct tui *t);
void tui_take_back(struct tui *t);          /* the question failed: it is the draft again, or Up brings it */
void tui_recall_chips(struct tui *t);       /* the editor moved, perhaps to the question that failed */
void tui_forget_asked(struct tui *t);
void tui_end_recording(struct tui *t, bool keep);

/* tui_commands.c: runs a line that begins with '/'; false when it is none. */
bool tui_command(struct tui *t, const char *line);
void tui_complete(struct tui *t);           /* Tab: a command's or a file's name */

/* tui_resume.c */
void resume_start(struct tui *t, struct saved *saved);
bool resume_event(struct tui *t, const struct session_event *event);    /* true: it was its */
void resume_free(struct resume *r);         /* NULL is fine */

#endif
