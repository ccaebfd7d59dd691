/* panel_text.h - what the panels to read in share: a text to scroll and search, some parts of it with a picture. */
#ifndef UI_PANEL_TEXT_H
#define UI_PANEL_TEXT_H

#include "ui/panel.h"

struct text_part {
    size_t start;                   /* byte of the line that is its heading */
    const struct preview *picture;  /* below the heading, as high as there is room for; NULL: none; borrowed */
    bool is_clip;                   /* Space plays it */
};

struct text_line {                  /* that may be corrected */
    size_t start, part, i;          /* its byte in the text; the number of it in its part */
    char *text;                     /* what can be changed of it; owned */
};

/* Parts come in the order of the text; Left and Right go from one to the next, and only they are
 * headings.  The panel opens at part `first`. */
struct panel *panel_text_with_parts(const char *title, const char *text, const struct text_part *parts, size_t n, size_t first);
/* Takes the lines over: e chooses one of them and opens it in the last row. */
void panel_text_take_lines(struct panel *p, struct text_line *lines, size_t n);
bool panel_text_corrects(const struct panel *p);
void panel_text_show_line(struct panel *p, size_t part, size_t i);

#endif
