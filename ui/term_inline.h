/* term_inline.h - the chat without the alternate screen: a live region at the bottom.
 *
 *   ... the shell's and our finished rows: the terminal's own scrollback, never touched again
 *   ┌ region: the last struct screen given to inline_show, updated in place
 *   └
 *
 * For a terminal opened with term_params.is_inline; term_close leaves the cursor below the
 * region.  After a resize nobody knows where the terminal put the region (some wrap its rows
 * anew, some cut them): the rows from its first one that certainly is ours are cleared, and the region is
 * drawn again; what lies above is never cleared, at worst some old rows of ours stay there. */
#ifndef UI_TERM_INLINE_H
#define UI_TERM_INLINE_H

#include "ui/screen.h"

/* At most as many rows as the terminal has; the height may change from call to call. */
void inline_show(const struct screen *s);
/* Rows above the region, into the scrollback, without their trailing blanks. */
void inline_print(const struct screen *s);

#endif
