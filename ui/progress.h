/* progress.h - one line on standard error that says what goes on; only ever on
 * a terminal (`shown`), so that logs and pipes stay clean. */
#ifndef UI_PROGRESS_H
#define UI_PROGRESS_H

#include <stdbool.h>

/* total 0: unknown.  Drawn over the line before. */
void progress_show(bool shown, const char *what, double done, double total);
void progress_clear(bool shown);

#endif
