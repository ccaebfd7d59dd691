/* editor.h - the draft: several lines of UTF-8, edited by grapheme cluster.
 *
 *   C-a C-e Home End   line          C-k C-u C-w M-d M-Backspace   kill
 *   C-b C-f arrows     cluster       C-y   yank   M-y   the kill before
 *   M-b M-f C-arrows   word          C-t   transpose   M-u M-l M-c   case of a word
 *   M-< M->            text          C-_ C-/ C-x u   undo   M-_ C-x C-r   redo
 *   Up Down C-p C-n    line, then the history   C-j Alt-Enter   newline
 *
 * After editor_set_vi: insert mode, where all of these work but Alt and a letter, which is Esc
 * and the letter, as in readline.  Esc leads to
 *   i a I A o O h j k l w b e W B E 0 ^ $ gg G x X D C S s dd cc yy Y p P u C-r r ~ J
 *   f t F T ; ,  counts, and d c y with any motion.
 * Sources: readline's and vi's manual (POSIX 2018, vi). */
#ifndef UI_EDITOR_H
#define UI_EDITOR_H

#include "ui/buffer.h"
#include "ui/keys.h"
#include "ui/wrap.h"

#include <stdbool.h>
#include <stddef.h>

enum editor_mode { EDITOR_EMACS, EDITOR_VI_INSERT, EDITOR_VI_NORMAL };

struct edit;                        /* editor_undo.c: one replacement */
struct edit_log {
    struct edit *edits;             /* [n]; the first n_done are in the text, the others can be redone */
    size_t n, n_done, capacity;
    unsigned group;                 /* edits of one step have the same */
};

struct editor_line {                /* the draft, or a line of the history that was changed */
    size_t i_history;
    struct buffer text;
    struct edit_log log;
};

enum { EDITOR_KILLS = 32 };

/* What the last press was, for presses that go on with it. */
enum editor_run { RUN_NONE, RUN_TYPED, RUN_DELETED, RUN_KILLED, RUN_YANKED };

struct editor_vi {
    bool on, normal;
    size_t count, operator_count;   /* 0: none was typed */
    char operator;                  /* 'd', 'c', 'y' or 0 */
    char pending;                   /* 'f', 't', 'F', 'T', 'r', 'g': its character comes next */
    char find;                      /* what ; repeats: 'f', 't', 'F' or 'T', with the character */
    char find_text[32];
    bool line_yank;                 /* the last kill or yank took whole lines */
};

struct editor {                     /* all zero: empty */
    struct buffer text;             /* to be read only */
    size_t at;                      /* cursor, at a cluster boundary of text */
    struct wrap wrap;               /* of text at the width last asked for */
    bool has_goal;
    int goal;                       /* column Up and Down aim for, when has_goal */
    char **history;                 /* oldest first */
    size_t n_history, capacity;
    size_t i_history;               /* n_history: the draft itself */
    struct editor_line *lines;      /* put aside while another is shown */
    size_t n_lines, line_capacity;
    struct edit_log log;
    struct buffer kills[EDITOR_KILLS];  /* a ring */
    size_t n_kills, i_kill;
    size_t yanked_at;               /* where the last yank began */
    enum editor_run run, last_run;  /* of this press, of the one before */
    bool prefixed;                  /* C-x was pressed: the chat looks at the next press first (C-e), then the editor */
    struct editor_vi vi;
};

/* True when the press was an editing one; Esc is one only when it leaves vi's insert mode or
 * drops a prefix, so the editor is asked first.  width: columns of the input, > 0. */
bool editor_press(struct editor *e, const struct press *press, int width);
void editor_set_vi(struct editor *e, bool on);
enum editor_mode editor_mode(const struct editor *e);       /* for the status line */

/* Each is one step of undo.  from, to: cluster boundaries; the cursor goes behind what was put. */
void editor_replace(struct editor *e, size_t from, size_t to, const char *text, size_t n);
void editor_insert(struct editor *e, const char *text, size_t n);
void editor_set(struct editor *e, const char *text);        /* cursor at the end */
bool editor_undo(struct editor *e);                         /* false: nothing is left */
bool editor_redo(struct editor *e);

/* The draft was sent: empty, nothing to undo, changes to lines of the history are forgotten. */
void editor_reset(struct editor *e);
void editor_remember(struct editor *e, const char *text);   /* into the history; the text becomes the draft's */
/* Lines at this width, valid until the text changes. */
const struct wrap *editor_lines(struct editor *e, int width);
void editor_free(struct editor *e);

#endif
