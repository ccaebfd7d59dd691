/* doctor.h - what `mynah doctor` finds, a line each: for people, or with --json for programs. */
#ifndef UI_DOCTOR_H
#define UI_DOCTOR_H

#include "ui/cli.h"

enum doctor_state { DOCTOR_OK, DOCTOR_MISSING, DOCTOR_PROBLEM, DOCTOR_NOTE };

void doctor_tell(const struct options *o, enum doctor_state state, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* doctor_place.c: where mynah runs.  False: something is damaged. */
void doctor_terminal(const struct options *o);
void doctor_clipboard(const struct options *o);
void doctor_settings(const struct options *o);
bool doctor_sessions(const struct options *o);

#endif
