#include "ui/progress.h"

#include "ui/sanitise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CLIP_MS = 250, ESTIMATE_MS = 3000 };     /* between two lines; before the rest can be guessed */

void progress_show(bool shown, const char *what, double done, double total)
{
    if (!shown)
        return;
    fputs("\r\033[K", stderr);
    sanitise_write(stderr, what, strlen(what));
    if (total > 0)
        fprintf(stderr, " %3.0f%%", 100.0 * (done < total ? done / total : 1.0));
    fflush(stderr);
}

/* "0:07", "1:02:30" */
static int put_time(char *text, size_t size, double seconds)
{
    long s = lround(fmax(seconds, 0));

    return s >= 3600 ? snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60)
                     : snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
}

static void put_left(char *text, size_t size, double seconds)
{
    long s = (long)ceil(seconds), minutes = (s + 59) / 60;

    if (s < 60)
        snprintf(text, size, ", %ld s left", s);
    else if (minutes < 60)
        snprintf(text, size, ", %ld min left", minutes);
    else
        snprintf(text, size, ", %ld h %ld min left", minutes / 60, minutes % 60);
}

/* What is left goes as fast as what was done since the first line: a clip may not have begun at its start. */
bool progress_clip_line(struct progress_clip *c, double now_ms, double done, double total, char *line, size_t size)
{
    char at[32], of[32], left[40] = "";

    if (c->first_ms == 0) {
        c->first_ms = now_ms;
        c->first_done = done;
    } else if (now_ms - c->shown_ms < CLIP_MS && done < total) {
        return false;
    }
    c->shown_ms = now_ms;
    put_time(at, sizeof at, fmin(done, total));
    put_time(of, sizeof of, total);
    if (now_ms - c->first_ms >= ESTIMATE_MS && done > c->first_done && done < total)
        put_left(left, sizeof left, (total - done) * (now_ms - c->first_ms) / 1000 / (done - c->first_done));
    snprintf(line, size, "%s: %s of %s%s", c->name, at, of, left);
    return true;
}

void progress_clear(bool shown)
{
    if (shown)
        fputs("\r\033[K", stderr);
}
