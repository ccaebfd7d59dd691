/* term.h - the terminal: cells out, bytes in, signals, and its restoration.
 *
 *   term.c             ncurses: the whole screen
 *   term_inline.c      a live region at the bottom, finished rows above it
 *   term_tty.c         modes, signals, bytes
 *   term_ask.c         what terminfo does not say: paste, mouse, background, clipboard, pictures
 *
 * The only part that knows ncurses, and the only mutable global state of the
 * program: there is one terminal.  While it is open, standard error goes to the
 * log file, so that no library can write over the screen.
 *
 * Restored on: term_close, exit(), C-z and SIGTSTP (until SIGCONT), SIGTERM and
 * SIGHUP (through the event loop; at once if a second one comes), and the crash
 * signals SIGSEGV SIGBUS SIGILL SIGFPE SIGABRT SIGQUIT, which then kill as usual. */
#ifndef UI_TERM_H
#define UI_TERM_H

#include "base/error.h"
#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>

/* ERROR_USAGE when standard input or output is no terminal that can be drawn on: the text
 * names --plain and `mynah ask`. */
bool term_usable(struct error *err);

/* Colours that terminfo knows of a terminal of that name; -1: it does not know the terminal.  Before term_open. */
int term_colors_of(const char *name);

struct term_params {
    int log_fd;                     /* takes standard error meanwhile; -1: it stays */
    const char *theme;              /* as the setting: a theme's name, or "auto" or NULL */
    bool mouse;
    bool is_inline;                 /* no alternate screen: inline_show and inline_print draw, term_show does not */
};
bool term_open(const struct term_params *params, struct error *err);
void term_close(void);

void term_size(int *rows, int *cols);
void term_cell_size(int *width, int *height);   /* pixels; a guess where the terminal does not say */
void term_show(const struct screen *s);     /* only what changed is sent */
void term_redraw(void);                     /* the next term_show or inline_show sends everything */

/* Colours: 0 when none are to be used (the theme is mono), else 8, 16, 256. */
int term_colors(void);
const char *term_theme(void);               /* the name of the theme in use */
void term_set_theme(const char *wanted);
/* A PRESS_REPLY: the answer about the background. True: the theme changed, draw again. */
bool term_reply(const char *text, size_t n);

void term_set_mouse(bool on);               /* nothing where the terminal has none */
/* To the clipboard by OSC 52; false when it is too long or the terminal is known not to take it. */
bool term_copy(const char *text, size_t n);

/* Sends the bytes of a picture (ui/picture.h) for a rectangle whose cells are blank, after
 * term_show; term_clear_pictures takes all away, before the next term_show. */
void term_picture(const char *bytes, size_t n, struct rect where);
void term_clear_pictures(void);

/* Reads what was typed, once poll says that there is something: bytes, 0 for none
 * after all, -1 at the end of input. */
int term_read(char *bytes, size_t n);

/* Readable while signals wait; term_signal takes the next: SIGWINCH, SIGTSTP,
 * SIGCONT, SIGTERM, SIGHUP, SIGINT, or 0. */
int term_signal_fd(void);
int term_signal(void);
void term_stop(void);                       /* stops the program as C-z does; returns when continued */

/* Around another program that uses the terminal, standard error included. */
void term_suspend(void);
void term_resume(void);

#endif
