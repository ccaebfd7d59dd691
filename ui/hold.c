#include "ui/hold.h"

enum hold_act hold_press(struct hold *h, bool running, double now_ms)
{
    bool repeats = h->is_pressed && now_ms - h->pressed_ms <= HOLD_MS;

    h->is_pressed = true;
    h->pressed_ms = now_ms;
    if (running && (repeats || h->is_held)) {
        h->is_held = true;
        return HOLD_NOTHING;
    }
    h->is_held = false;
    return repeats ? HOLD_NOTHING : running ? HOLD_STOP : HOLD_START;
}

void hold_started(struct hold *h, double now_ms)
{
    h->pressed_ms = now_ms;
}

void hold_forget(struct hold *h)
{
    *h = (struct hold){ 0 };
}

bool hold_is_released(const struct hold *h, double now_ms)
{
    return h->is_held && now_ms - h->pressed_ms > HOLD_MS;
}
