/* previews.h - what files look or sound like: kept once it was asked for, and drawn with its facts. */
#ifndef UI_PREVIEWS_H
#define UI_PREVIEWS_H

#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>

struct buffer;                      /* ui/buffer.h */
struct preview;                     /* fusion/session.h */

enum { PREVIEWS_KEPT = 32 };        /* 192x192 pixels each: 3.5 MB at most */

struct previews {                   /* all zero: nothing asked for yet */
    struct kept_preview { char *path; struct preview *preview; char *why_not; } kept[PREVIEWS_KEPT];
    size_t next;                    /* the one that gives way */
    char *asked;                    /* the last one asked for, not answered yet; NULL: none */
};

/* True when nothing is known of the file and it is not being looked at: it is from now on. */
bool previews_ask(struct previews *p, const char *path);
/* What came; copied.  why_not: NULL when preview is there. */
void previews_put(struct previews *p, const char *path, const struct preview *preview, const char *why_not);
/* The picture or waveform and a few lines below it.  n_colors as in struct panel. */
void previews_draw(const struct previews *p, const char *path, struct screen *s, struct rect where, int n_colors);
void previews_free(struct previews *p);

/* "208 of 832 rows, 240 MB of memory": what a pair's encoder takes for it, where one looks; else nothing. */
void preview_print_cost(const struct preview *p, struct buffer *to);

#endif
