#include "ui/progress.h"

#include "ui/sanitise.h"

#include <stdio.h>
#include <string.h>

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

void progress_clear(bool shown)
{
    if (shown)
        fputs("\r\033[K", stderr);
}
