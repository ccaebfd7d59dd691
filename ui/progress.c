#include "ui/progress.h"

#include "ui/sanitise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_CELLS = 24 };
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

void progress_bar(const char *what, uint64_t done, uint64_t total, double bytes_per_s)
{
    struct winsize size = { .ws_col = 80 };
    char line[400], bar[BAR_CELLS + 1];
    int n = snprintf(line, sizeof line, "%.200s", what);

    if (total > 0) {
        size_t n_full = (size_t)((double)BAR_CELLS * (double)done / (double)total);
        memset(bar, '.', BAR_CELLS);
        memset(bar, '#', n_full < BAR_CELLS ? n_full : BAR_CELLS);
        bar[BAR_CELLS] = '\0';
        n += snprintf(line + n, sizeof line - (size_t)n, " [%s] %3.0f %%  %.0f of %.0f MB", bar,
                      100.0 * (double)done / (double)total, (double)done / 1e6, (double)total / 1e6);
        if (bytes_per_s > 0.0)
            n += snprintf(line + n, sizeof line - (size_t)n, ", %.1f MB/s", bytes_per_s / 1e6);
    }
    ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    if (size.ws_col > 1 && n >= size.ws_col)
        line[size.ws_col - 1] = '\0';       /* a wrapped line could not be drawn over */
    fputc('\r', stderr);
    sanitise_write(stderr, line, strlen(line));
    fputs("\033[K", stderr);
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
