/* hold.h - a key that is held as long as one speaks, told from its repeats alone.
 *
 *   press  ....  repeat repeat repeat      (released)  -> 0.7 s later it stops
 *   press                                  press       -> the second one stops
 *
 * Terminals report no release.  A press within 0.7 s of the one before is a repeat: longer than the delay
 * before a keyboard repeats (X11's 660 ms is the longest of the usual ones). */
#ifndef UI_HOLD_H
#define UI_HOLD_H

#include <stdbool.h>

enum { HOLD_MS = 700 };

struct hold {                       /* all zero: never pressed */
    bool is_pressed, is_held;       /* once at least; its repeats came */
    double pressed_ms;              /* last */
};

enum hold_act { HOLD_NOTHING, HOLD_START, HOLD_STOP };

/* The key was pressed, or repeats.  Repeats go on after a stop or a cancel: they start nothing anew. */
enum hold_act hold_press(struct hold *h, bool running, double now_ms);
/* What HOLD_START asked for is under way, which may have taken a while: repeats waited meanwhile. */
void hold_started(struct hold *h, double now_ms);
/* Started by something else than the key: the next press stops it. */
void hold_forget(struct hold *h);
bool hold_is_released(const struct hold *h, double now_ms);

#endif
