/* editor.h - the draft: several lines of UTF-8, edited by grapheme cluster.
 *
 *   C-a C-e Home End   line          C-k C-u C-w M-d M-Backspace   kill
 *   C-b C-f arrows     cluster       C-y   yank
 *   M-b M-f C-arrows   word          C-j Alt-Enter   newline
 *   Up Down C-p C-n    line, then the history of this session */
#ifndef UI_EDITOR_H
#define UI_EDITOR_H

#include "ui/buffer.h"
#include "ui/keys.h"
#include "ui/wrap.h"

#include <stdbool.h>
#include <stddef.h>

struct editor {                     /* all zero: empty */
    struct buffer text;
    size_t at;                      /* cursor, at a cluster boundary of text */
    struct buffer killed;
    struct wrap wrap;               /* of text at the width last asked for */
    int goal;                       /* column Up and Down aim for; -1: the cursor's own */
    char **history;                 /* oldest first */
    size_t n_history, capacity;
    size_t i_history;               /* n_history: the draft itself */
    struct buffer draft;            /* kept while the history is shown */
};

/* True when the press was an editing one.  width: columns of the input, > 0. */
bool editor_press(struct editor *e, const struct press *press, int width);
void editor_insert(struct editor *e, const char *text, size_t n);
void editor_set(struct editor *e, const char *text);        /* cursor at the end */
void editor_remember(struct editor *e, const char *text);   /* into the history */
/* Lines at this width, valid until the text changes. */
const struct wrap *editor_lines(struct editor *e, int width);
void editor_free(struct editor *e);

#endif
