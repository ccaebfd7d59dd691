/* theme.h - the colours of each style, for terminals of different abilities.
 *
 * dark, light: 256 colours; 16: the terminal's own eight and their bright ones; mono: attributes only.
 * NO_COLOR, a terminal without colours, or none chosen and no answer about the
 * background decide as theme_choose says. */
#ifndef UI_THEME_H
#define UI_THEME_H

#include "ui/screen.h"

#include <stdbool.h>

enum { THEME_BOLD = 1, THEME_DIM = 2, THEME_ITALIC = 4, THEME_UNDERLINE = 8, THEME_REVERSE = 16 };

struct theme_style { unsigned attributes; short foreground, background; };      /* colour -1: the terminal's own */
struct theme { const char *name; struct theme_style styles[N_STYLES]; };

extern const struct theme themes[];                         /* ends with a NULL name */
const struct theme *theme_find(const char *name);           /* NULL: none of that name */

/* wanted: a name, or "auto" or NULL.  n_colors: of the terminal; is_light: of its background, -1 unknown. */
const struct theme *theme_choose(const char *wanted, int n_colors, bool no_color, int is_light);

/* The answer to OSC 11 ("rgb:ffff/ffff/dddd" and its like): 1 light, 0 dark, -1 not understood; COLORFGBG likewise. */
int theme_background_of_reply(const char *reply);
int theme_background_of_environment(void);

#endif
