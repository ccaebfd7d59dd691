/* stop.h - texts that end an answer before they come.
 *
 *   bytes so far -> what may be shown | what may be the beginning of a stop text, held back */
#ifndef FUSION_STOP_H
#define FUSION_STOP_H

#include <stdbool.h>
#include <stddef.h>

struct stop_texts {
    const char *const *texts;       /* [n], none empty */
    size_t n;
};

/* True when a stop text stands in text[0..n): the first begins at *n_safe.  Otherwise none does
 * begin in the first *n_safe bytes, whatever follows. */
bool stop_find(const struct stop_texts *stops, const char *text, size_t n, size_t *n_safe);

#endif
