/* plain.h - the chat as lines: for screen readers, dumb terminals and pipes.
 *
 *   you: what is in it?            a line, or several: each but the last ends in a backslash
 *   mynah: It shows a cup.         the answer, flushed word by word
 *   note: ..., error: ...          whole lines; of progress one every few seconds at most
 *
 * No cursor is moved and no colour set: nothing but text and line ends is written, and
 * the terminal's own line editing is used.  Lines of a pipe are shown as if they were typed;
 * they wait for the answer before.  End of input ends the chat once all is answered.
 * Ctrl-C stops an answer; twice, it ends the chat.  The turns are talk.h's. */
#ifndef UI_PLAIN_H
#define UI_PLAIN_H

#include "store/sessions.h"
#include "ui/cli.h"
#include "ui/engine.h"

/* --plain, or the setting, or a terminal that can do no more (TERM is dumb or not set). */
bool plain_wanted(const struct options *o);

/* Exit status: 0, or 128 + the signal that ended it.  sessions: NULL when nothing is saved, *unsaved
 * says why then. */
int plain_run(struct engine *engine, struct sessions *sessions, const struct error *unsaved, const struct options *o);

#endif
