/* keys.h - bytes from a terminal into key presses.
 *
 *   ESC [ ... final | ESC O final | ESC key (Alt) | ESC [200~ paste ESC [201~
 *   ESC [ < b ; x ; y M (mouse) | ESC ] ... ST, ESC [ ? ... c (what a terminal answers)
 *   C0 controls | UTF-8 text
 *
 * What is known of no key is swallowed; so are focus reports, releases and motion of the mouse.
 * No sequence that stays unfinished holds what is typed after it back for longer than KEYS_GIVE_UP_MS.
 *
 * Sources: ECMA-48 5.4 (control sequences), xterm's ctlseqs (keys, modifiers
 * 1 + shift 1 + alt 2 + ctrl 4, bracketed paste, SGR mouse, modifyOtherKeys), the kitty keyboard
 * protocol (CSI code:shifted ; modifiers:event u), rxvt's and the Linux console's own forms. */
#ifndef UI_KEYS_H
#define UI_KEYS_H

#include "ui/buffer.h"

#include <stdbool.h>
#include <stddef.h>

enum press_kind {
    PRESS_TEXT,                     /* one or more characters typed or arriving at once */
    PRESS_PASTE,                    /* what a bracketed paste held, lines ended by \n */
    PRESS_CTRL,                     /* letter: 'a' for C-a, ... '_' for C-_ and C-/ */
    PRESS_ALT,                      /* letter: what Alt was pressed with, 'U' with Shift, where it is none of those below */
    PRESS_ENTER, PRESS_NEWLINE, PRESS_TAB, PRESS_BACKTAB, PRESS_ESCAPE, PRESS_BACKSPACE, PRESS_DELETE,
    PRESS_UP, PRESS_DOWN, PRESS_LEFT, PRESS_RIGHT, PRESS_HOME, PRESS_END, PRESS_PAGE_UP, PRESS_PAGE_DOWN,
    PRESS_SHIFT_UP, PRESS_SHIFT_DOWN, PRESS_ALT_UP, PRESS_ALT_DOWN,
    PRESS_WORD_LEFT, PRESS_WORD_RIGHT, PRESS_KILL_WORD_LEFT, PRESS_KILL_WORD_RIGHT,
    PRESS_CTRL_BACKSPACE,           /* where the terminal tells it from Backspace */
    PRESS_TOP, PRESS_BOTTOM,        /* C-Home, C-End */
    PRESS_F1, PRESS_F2,
    PRESS_MOUSE,                    /* mouse, row, col; only what was pressed and the wheel */
    PRESS_REPLY                     /* text: an answer of the terminal without its first ESC and its end:
                                     * "]11;rgb:ffff/ffff/ffff", "[?62;4c", "[6;18;9t", "_Gi=1;OK" */
};

enum mouse { MOUSE_LEFT, MOUSE_MIDDLE, MOUSE_RIGHT, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct press {
    enum press_kind kind;
    char letter;                    /* also of a word motion or kill that came as Alt and a letter; otherwise 0 */
    enum mouse mouse;
    int row, col;                   /* from 0 */
    const char *text;               /* valid UTF-8 [n], good until the next call */
    size_t n;
};

struct keys {                       /* all zero: nothing came yet */
    struct buffer in;               /* bytes not understood yet, from `start` */
    size_t start;
    size_t searched;                /* of an unfinished paste: no end begins before */
    bool pasting;                   /* inside a bracketed paste of which a part was given */
    bool escaped;                   /* the last press was an ESC of which nothing more came: an answer may follow late */
    double fed_ms;                  /* when bytes came last */
    struct buffer text;             /* what the last press carries */
};

void keys_feed(struct keys *k, const char *bytes, size_t n);

/* The next press; false when the bytes so far end inside one.  ended: no more
 * came for KEYS_WAIT_MS, so a lone ESC is the key. */
bool keys_next(struct keys *k, bool ended, struct press *press);
bool keys_waiting(const struct keys *k);    /* bytes are left: call again with `ended` */
void keys_free(struct keys *k);

#define KEYS_WAIT_MS 50
#define KEYS_GIVE_UP_MS 2000

#endif
