/* term.h - the terminal: cells out, bytes in, signals, and its restoration.
 *
 * The only part that knows ncurses, and the only mutable global state of the
 * program: there is one terminal.  While it is open, standard error goes to the
 * log file, so that no library can write over the screen.
 *
 * Restored on: term_close, exit(), C-z and SIGTSTP (until SIGCONT), SIGTERM and
 * SIGHUP (through the event loop; at once if a second one comes), and the crash
 * signals SIGSEGV SIGBUS SIGILL SIGFPE SIGABRT, which then kill as usual. */
#ifndef UI_TERM_H
#define UI_TERM_H

#include "base/error.h"
#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>

/* ERROR_USAGE when standard input or output is no terminal that can be drawn on. */
bool term_usable(struct error *err);
/* log_fd takes standard error meanwhile. */
bool term_open(int log_fd, struct error *err);
void term_close(void);

void term_size(int *rows, int *cols);
void term_show(const struct screen *s);     /* only what changed is sent */
void term_redraw(void);                     /* the next term_show sends everything */

/* Reads what was typed, once poll says that there is something: bytes, 0 for none
 * after all, -1 at the end of input. */
int term_read(char *bytes, size_t n);

/* Readable while signals wait; term_signal takes the next: SIGWINCH, SIGTSTP,
 * SIGCONT, SIGTERM, SIGHUP, SIGINT, or 0. */
int term_signal_fd(void);
int term_signal(void);
void term_stop(void);                       /* stops the program as C-z does; returns when continued */

#endif
