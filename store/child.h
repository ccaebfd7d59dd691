/* child.h - runs another program in a folder, without a shell. */
#ifndef STORE_CHILD_H
#define STORE_CHILD_H

#include "base/error.h"

#include <stdbool.h>

/* Called some times a second while the program runs; false kills it. */
typedef bool child_tick(void *user);

/* Runs argv (ends with NULL; found in PATH) in the folder, with TMPDIR its `tmp`, no
 * input, and output going to its file `log`.  The program and what it starts die with
 * the tick's no (ERROR_CANCELLED) and with this process.  ERROR_PULL holds the last
 * words of the log; a program that is not there is named with what to install. */
bool child_run(int folder_fd, const char *const argv[], child_tick *tick, void *user, struct error *err);

#endif
