/* inset.h - a picture or waveform among lines that scroll. */
#ifndef UI_INSET_H
#define UI_INSET_H

#include "ui/screen.h"

struct preview;                     /* fusion/session.h */

struct inset {                      /* all zero but the preview: not laid out yet */
    const struct preview *preview;  /* borrowed; NULL: none */
    int rows, cols;                 /* that it takes; rows 0: there is no room */
    int n_colors;
    struct screen cells;            /* a memo: how it looks, once it was seen */
};

/* How much it takes of a place of so many columns and rows; n_colors as in struct panel. */
void inset_fit(struct inset *p, int cols, int rows, int n_colors);
/* Its first row stands `row` rows below the top of `where`, or above it: the part inside is
 * drawn.  Pixels are left to the terminal only when all of it is inside. */
void inset_draw(struct inset *p, struct screen *s, struct rect where, int row);
void inset_free(struct inset *p);

#endif
