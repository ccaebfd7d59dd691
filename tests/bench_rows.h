/* bench_rows.h - what a measuring program prints, one line a measurement:
 *
 *   name TAB value TAB unit TAB note      the note may be empty
 *
 * bench.sh collects the lines and makes a table or JSON of them.  The unit says
 * which way is better: a rate or a share up; a time or a size down. */
#ifndef TESTS_BENCH_ROWS_H
#define TESTS_BENCH_ROWS_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

/* The name is "GROUP: WHAT". */
__attribute__((format(printf, 5, 6)))
static inline void bench_row(const char *group, const char *what, double value, const char *unit, const char *note, ...)
{
    va_list arguments;

    printf("%s: %s\t%.4g\t%s\t", group, what, value, unit);
    va_start(arguments, note);
    vprintf(note, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

static inline void bench_must(bool ok, const struct error *err)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

#endif
