/* editor_parts.h - what the editor's files share.
 *
 *   editor.c        presses, kills, history      editor_move.c   places in a text
 *   editor_undo.c   every change goes through    editor_wrap.c   lines again, where the text changed
 *   editor_vi.c     vi's normal mode */
#ifndef UI_EDITOR_PARTS_H
#define UI_EDITOR_PARTS_H

#include "ui/editor.h"

/* ---- editor_move.c: places, from a cluster boundary to another ----------------- */

struct text { const char *s; size_t n; };

static inline struct text editor_text(const struct editor *e)
{
    return (struct text){ buffer_text(&e->text), e->text.n };
}

size_t move_next(struct text t, size_t at);
size_t move_previous(struct text t, size_t at);
size_t move_settle(struct text t, size_t at);           /* forward to a cluster boundary */
size_t move_line_start(struct text t, size_t at);
size_t move_line_end(struct text t, size_t at);
size_t move_first_letter(struct text t, size_t at);     /* of the line, behind its blanks */
size_t move_word_left(struct text t, size_t at);
size_t move_word_right(struct text t, size_t at);
size_t move_blank_left(struct text t, size_t at);       /* back to a blank, as C-w in a shell */
bool move_is_word(struct text t, size_t at);
bool move_is_blank(struct text t, size_t at);

/* ---- editor_undo.c ------------------------------------------------------------- */

/* The one way to change the text: noted in the log's current group, lines wrapped again. The
 * cursor goes behind what was put, to a cluster boundary. */
void editor_change(struct editor *e, size_t from, size_t to, const char *text, size_t n);
/* A new step of undo, unless this press goes on with a run of typing or deleting. */
void editor_begin(struct editor *e, enum editor_run run);
void edit_log_free(struct edit_log *log);

/* ---- editor_wrap.c ------------------------------------------------------------- */

/* True when the lines of text that touch [from, to] open or close a block of code. */
bool editor_wrap_toggles(struct text t, size_t from, size_t to);
/* `removed` bytes at `at` gave way to `inserted`; t: the text now. toggled: of what was there before. */
void editor_wrap_changed(struct wrap *w, struct text t, size_t at, size_t removed, size_t inserted, bool toggled);

/* ---- editor.c, for editor_vi.c ------------------------------------------------- */

enum kill_way { KILL_FORWARD, KILL_BACKWARD };

void editor_move_to(struct editor *e, size_t at);
void editor_move_line(struct editor *e, int by, int width);
void editor_keep(struct editor *e, size_t from, size_t to, enum kill_way way);  /* into the ring of kills */
void editor_kill(struct editor *e, size_t from, size_t to, enum kill_way way);
enum letter_case { CASE_UPPER, CASE_LOWER, CASE_CAPITAL, CASE_SWAP };
void editor_change_case(struct editor *e, size_t from, size_t to, enum letter_case to_case);

/* ---- editor_vi.c --------------------------------------------------------------- */

bool vi_escape(struct editor *e);                       /* false: there was nothing to leave */
void vi_forget(struct editor *e);                       /* counts, operators and the like that wait for more */
void vi_clamp(struct editor *e);                        /* in normal mode the cursor is on a character, not behind the line */
bool vi_text(struct editor *e, const char *text, size_t n, int width);      /* false: the last meant nothing */

#endif
