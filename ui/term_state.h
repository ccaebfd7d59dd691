/* term_state.h - what the files of the terminal share; nobody else includes this. */
#ifndef UI_TERM_STATE_H
#define UI_TERM_STATE_H

#include "ui/term.h"
#include "ui/theme.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include <wchar.h>

struct term_state {
    struct termios saved;           /* as the shell left it */
    struct termios raw;
    char restore[256];              /* what a signal handler writes, made beforehand */
    size_t n_restore;
    int saved_stderr, log_fd;
    int pipe[2];                    /* signals to the event loop */
    bool is_inline;
    bool is_ascii;                  /* other characters would be garbled */
    bool is_old;                    /* vt100, linux: perhaps prints what terminfo does not say */
    bool is_screen;                 /* GNU screen: neither answers about colours nor knows a clipboard */
    bool asked;                     /* about the background, and the answer is not here yet */
    int n_colors;                   /* of the terminal */
    unsigned attributes;            /* of the theme's, those that it has */
    unsigned not_coloured;          /* those that it has not together with colours */
    const struct theme *theme;
    char wanted[16];                /* theme: as the setting says */
    int is_light;                   /* -1: not known */
    volatile sig_atomic_t is_open, asked_to_end, mouse;
    volatile sig_atomic_t n_below;  /* inline: rows of the region below the cursor */
};
extern struct term_state term;

/* ---- term_tty.c */
bool tty_open(int log_fd, struct error *err);       /* takes standard error; the modes stay */
void tty_close(void);
void tty_handle_signals(bool on);
void tty_raw(void);
void tty_cooked(void);
void tty_write(const char *s, size_t n);
void tty_raise_stop(void);          /* stops as the default action of SIGTSTP does */
void tty_stderr(bool to_log);

/* ---- term_ask.c */
extern const char ask_paste_on[], ask_paste_off[], ask_mouse_on[], ask_mouse_off[];
void ask_on(void);                  /* paste, mouse, the question about the background */
void ask_off(void);                 /* waits shortly for an answer that is on its way, so that the shell does not get it */

/* ---- term_style.c */
const struct theme *term_would_choose(int is_light);
/* A cell's style as the terminal can show it: attributes that it has, colours below n_colors. */
struct theme_style term_style(const struct cell *cell);
/* The cell's characters, at most CELL_BYTES and NUL; '?' for each column when it cannot show them or
 * disagrees with us on the width, which would shift the row. */
void term_text(const struct cell *cell, wchar_t text[CELL_BYTES + 1]);

/* ---- term_inline.c */
void inline_redraw(void);           /* what the region shows is not sure any more */
void inline_leave(void);            /* moves the cursor below the region, which is left as it is */

#endif
