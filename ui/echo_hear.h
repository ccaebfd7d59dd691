/* echo_hear.h - captions of the echo engine: so many words for so much sound, whatever it is. */
#ifndef UI_ECHO_HEAR_H
#define UI_ECHO_HEAR_H

#include "fusion/session.h"

struct echo_ear {                   /* starts as { 0 } */
    size_t n_samples, n_told;       /* heard; words told as sure */
    bool began, ended, thrown_away;
};

void echo_ear_end(struct echo_ear *ear, bool keep);
/* The next SESSION_HEARD, or SESSION_LISTENED or SESSION_FAILED at the end; false: none now. */
bool echo_ear_next(struct echo_ear *ear, struct session_event *event);

#endif
