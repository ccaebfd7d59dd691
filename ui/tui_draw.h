/* tui_draw.h - the chat's state -> cells, and the geometry both sides need.
 *
 *   conversation      from the top; the end is shown unless scrolled
 *   ─────────────     from 8 rows up; says when there is more below
 *   › draft           chips, then text; at most a third of the rows
 *   status            from 3 rows up: model, speed, context | what goes on */
#ifndef UI_TUI_DRAW_H
#define UI_TUI_DRAW_H

#include "ui/screen.h"
#include "ui/tui.h"

/* The screen has the state's rows and columns (tui_resize). */
void tui_draw(struct tui *t, struct screen *s);

int tui_input_width(const struct tui *t);   /* columns of the draft's text, > 0 */
void tui_scroll(struct tui *t, bool up);    /* by a page */
void tui_details_clamp(struct tui *t);      /* details_top to what there is */

#endif
