/* clipboard.h - text out to the clipboard, an image in.
 *
 * Out: OSC 52 through the terminal (term.h), and wl-copy or xclip when there is a display and
 * one of them.  In: wl-paste or xclip.  Programs run without a shell, with a deadline. */
#ifndef UI_CLIPBOARD_H
#define UI_CLIPBOARD_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Hands text to wl-copy or xclip; false when neither is there or it failed (OSC 52 was sent by the caller). */
bool clipboard_copy(const char *text, size_t n);
/* Writes the clipboard's image to a new file in the data folder; malloc'd path. NULL and ERROR_INPUT:
 * no program, no image. */
char *clipboard_image(struct error *err);

#endif
