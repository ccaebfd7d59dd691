/* external.h - the draft in the user's own editor.
 *
 *   text -> private file, draft.md -> $VISUAL or $EDITOR, else editor, nano, vi -> text
 *
 * The variable may hold arguments ("code -w"): it is read by sh as git reads it, and the file's name is
 * an argument that sh never reads.  Call from the thread that has the terminal. */
#ifndef UI_EXTERNAL_H
#define UI_EXTERNAL_H

#include "base/error.h"

#include <stdbool.h>

/* How the terminal is handed over and taken back: term_suspend, term_resume. */
struct external_terminal { void (*suspend)(void), (*resume)(void); };

/* *edited: what was written, malloc'd, without the newlines at its end; NULL when nothing changed.
 * False and *err when no editor could be run, it failed, or what it wrote is no text: the draft stays. */
bool external_edit(const char *text, const struct external_terminal *terminal, char **edited, struct error *err);

#endif
