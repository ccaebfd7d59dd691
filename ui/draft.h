/* draft.h - what is about to be said: the text, and chips of what goes with it.
 *
 *   typed, pasted, dropped, @path, picked, recorded, from the clipboard -> text | chip
 *
 * A chip is a file that the engine reads, or a long paste.  It is removed as a unit (Backspace at
 * the start of the text; C-Backspace or a click, too).  Knows the engine, not the terminal. */
#ifndef UI_DRAFT_H
#define UI_DRAFT_H

#include "base/file.h"
#include "ui/buffer.h"
#include "ui/editor.h"
#include "ui/engine.h"
#include "ui/keys.h"
#include "ui/screen.h"
#include "ui/wrap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chip_kind { CHIP_FILE, CHIP_PASTE };
enum chip_state { CHIP_READING, CHIP_READY, CHIP_FAILED };

struct chip {
    enum chip_kind kind;
    enum chip_state state;
    char *path;                     /* of a file */
    char sha256[SHA256_HEX];        /* "" when it could not be read */
    uint32_t request, id;           /* id: the attachment's, when ready */
    char *pasted;                   /* of a paste */
    struct buffer label;            /* facts, or why it failed */
    double done, total;             /* of the reading; total 0: unknown */
    double expected_ms;             /* of the encoding; 0: unknown */
    struct buffer shown;            /* as drawn; a memo like its wrap */
    struct wrap wrap;
};

struct draft {
    struct engine *engine;
    struct editor editor;
    struct chip *chips;
    size_t n_chips, chip_capacity;
    size_t n_ctx;                   /* of the model, for shares; 0: unknown */
    double prefill_per_s;           /* tokens, as measured last; 0: unknown */
    struct rect drawn;              /* where it was drawn last, for clicks */
};

void draft_init(struct draft *d, struct engine *engine);
void draft_done(struct draft *d);
bool draft_is_empty(const struct draft *d);

/* Text and pastes as they will be asked, @paths replaced by the names of files that became chips. malloc'd. */
char *draft_question(struct draft *d);
void draft_clear(struct draft *d);
void draft_set(struct draft *d, const char *text);          /* chips stay */

void draft_attach(struct draft *d, const char *path);
bool draft_take_paths(struct draft *d, const char *text);   /* nothing but paths of files: they are chips now */
bool draft_take_mentions(struct draft *d);                  /* @path in the text; true: some became chips */
void draft_paste(struct draft *d, const char *text, size_t n);  /* text, paths or a long paste */
void draft_remove_chip(struct draft *d, size_t i);
/* What it still waits for; NULL: nothing. */
const char *draft_waits_for(const struct draft *d);
size_t draft_n_sendable(const struct draft *d);             /* chips that did not fail */

/* SESSION_PROGRESS, _DECODED, _ATTACHED, _FAILED of one of its chips: true, it was its. */
bool draft_event(struct draft *d, const struct session_event *event, const struct attachment **attached);

/* A press that edits; false when it means nothing here. */
bool draft_press(struct draft *d, const struct press *press, int width);

int draft_rows(struct draft *d, int width);                 /* lines it wants, chips and text */
void draft_draw(struct draft *d, struct screen *s, struct rect where);      /* and places the cursor */
int draft_chip_at(const struct draft *d, int row, int col); /* -1: none */

/* "image cat.png · 640x480 JPEG · 30 tokens, < 1 %": of a chip that is ready, and of what was sent. */
void draft_label(const struct draft *d, const struct attachment *a, struct buffer *label);

#endif
