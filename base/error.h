/* error.h - the one error type of the program.
 *
 * The caller owns a struct error and passes it as the last parameter; a call
 * that fails fills it and returns false (or NULL).  The text names the file,
 * the thing, what was expected and what was found, and what to do. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

/* One code per cause that a script can act on; ui/ maps them to exit codes. */
enum error_code {
    ERROR_NONE,
    ERROR_USAGE,        /* the command line is wrong                    exit 2 */
    ERROR_INPUT,        /* a user's file cannot be read or is refused   exit 3 */
    ERROR_MODEL,        /* a model is missing, invalid or unsupported   exit 4 */
    ERROR_INFERENCE,    /* the computation failed (memory, context)     exit 5 */
    ERROR_PULL,         /* network, disk or hash while pulling          exit 6 */
    ERROR_CANCELLED     /* the user stopped it                        exit 130 */
};

struct error {
    enum error_code code;
    char text[480];
};

/* Formats into err (which may be NULL) and returns false, so that a failing
 * call can end with `return error_set(...)`.  A text too long loses
 * its middle, between characters. */
bool error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Exit status for a code; 0 for ERROR_NONE. */
int error_exit_status(enum error_code code);

#endif
