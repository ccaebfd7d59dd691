/* keys.h - bytes from a terminal into key presses.
 *
 *   ESC [ ... final | ESC O final | ESC key (Alt) | ESC [200~ paste ESC [201~
 *   C0 controls | UTF-8 text
 *
 * Sources: ECMA-48 5.4 (control sequences), xterm's ctlseqs (keys, modifiers
 * 1 + shift 1 + alt 2 + ctrl 4, bracketed paste). */
#ifndef UI_KEYS_H
#define UI_KEYS_H

#include "ui/buffer.h"

#include <stdbool.h>
#include <stddef.h>

enum press_kind {
    PRESS_TEXT,                     /* one or more characters typed or arriving at once */
    PRESS_PASTE,                    /* what a bracketed paste held, lines ended by \n */
    PRESS_CTRL,                     /* letter: 'a' for C-a, ... */
    PRESS_ENTER, PRESS_NEWLINE, PRESS_TAB, PRESS_ESCAPE, PRESS_BACKSPACE, PRESS_DELETE,
    PRESS_UP, PRESS_DOWN, PRESS_LEFT, PRESS_RIGHT, PRESS_HOME, PRESS_END, PRESS_PAGE_UP, PRESS_PAGE_DOWN,
    PRESS_WORD_LEFT, PRESS_WORD_RIGHT, PRESS_KILL_WORD_LEFT, PRESS_KILL_WORD_RIGHT,
    PRESS_TOP, PRESS_BOTTOM         /* C-Home, C-End */
};

struct press {
    enum press_kind kind;
    char letter;
    const char *text;               /* valid UTF-8 [n], good until the next call */
    size_t n;
};

struct keys {                       /* all zero: nothing came yet */
    struct buffer in;               /* bytes not understood yet */
    struct buffer text;             /* what the last press carries */
};

void keys_feed(struct keys *k, const char *bytes, size_t n);

/* The next press; false when the bytes so far end inside one.  ended: no more
 * came for KEYS_WAIT_MS, so a lone ESC is the key. */
bool keys_next(struct keys *k, bool ended, struct press *press);
bool keys_waiting(const struct keys *k);    /* bytes are left: call again with `ended` */
void keys_free(struct keys *k);

#define KEYS_WAIT_MS 50

#endif
