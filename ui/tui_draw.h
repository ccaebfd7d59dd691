/* tui_draw.h - the chat's state as cells.  Pure but for memos of line breaks and of where
 * things were drawn. */
#ifndef UI_TUI_DRAW_H
#define UI_TUI_DRAW_H

#include "ui/screen.h"
#include "ui/tui.h"

void tui_draw(struct tui *t, struct screen *s);             /* s has the size of tui_resize */

/* Inline: rows that the live region wants, of the t->rows there are. */
int tui_inline_rows(struct tui *t);
/* Inline: what is finished and not printed yet, up to a screenful; false when there is nothing. */
bool tui_inline_print(struct tui *t, struct screen *s);

bool tui_on_panel(const struct tui *t, int row, int col);   /* a cell of the panel as it is drawn; false without one */
int tui_input_width(const struct tui *t);                   /* columns where the draft is drawn */

#endif
