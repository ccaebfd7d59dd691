/* picture.h - a preview drawn: an image by libchafa, a clip as a waveform.
 *
 *   blocks        cells with palette colours, in any terminal
 *   kitty, sixel  bytes for term_picture, where the terminal is known to show them
 *
 * Nothing is probed in a way that could print junk: the environment decides (chafa's
 * terminal table), and inside tmux or screen only blocks are drawn. */
#ifndef UI_PICTURE_H
#define UI_PICTURE_H

#include "fusion/session.h"
#include "ui/buffer.h"
#include "ui/screen.h"

enum picture_kind { PICTURE_OFF, PICTURE_BLOCKS, PICTURE_SIXEL, PICTURE_KITTY };

/* wanted: a value of the setting `preview`; n_colors: term_colors(). A choice that is named is obeyed. */
enum picture_kind picture_choose(const char *wanted, int n_colors);

/* What of the rectangle it takes, from its top left; rows 0: nothing can be shown. */
struct rect picture_fit(const struct preview *p, struct rect where);
/* Draws into the rectangle, keeping the aspect ratio (cells count as 1:2); a clip as bars. */
void picture_draw(const struct preview *p, struct screen *s, struct rect where, int n_colors);
/* The bytes of a sixel or kitty image that fills at most `where`; appended. cell_w, cell_h: pixels of a cell. */
void picture_encode(const struct preview *p, enum picture_kind kind, struct rect where, int cell_w, int cell_h, struct buffer *bytes);

#endif
