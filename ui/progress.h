/* progress.h - one line about what is under way, on a terminal's standard error. */
#ifndef UI_PROGRESS_H
#define UI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* shown: whether there is a terminal that wants it. total 0: unknown. */
void progress_show(bool shown, const char *what, double done, double total);

/* "WHAT [####....]  45 %  90 of 200 MB, 12.3 MB/s" over the line before, cut at the terminal's
 * edge.  total 0: unknown; bytes_per_s 0: not told. */
void progress_bar(const char *what, uint64_t done, uint64_t total, double bytes_per_s);

/* A clip that is listened to: "talk.mp3: 12:30 of 58:10, 4 min left". */
struct progress_clip {
    const char *name;               /* borrowed */
    double first_done, first_ms;    /* when it was told of first; first_ms 0: never */
    double shown_ms;                /* last */
};
/* The line at now_ms, done and total in seconds of sound; false: it is too early for another one. */
bool progress_clip_line(struct progress_clip *c, double now_ms, double done, double total, char *line, size_t size);

/* Before anything else is written. */
void progress_clear(bool shown);

#endif
