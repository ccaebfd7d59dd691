/* words.h - text that grows while it is written.
 *
 * A struct words starts as { 0 }.  Running out of memory is remembered, so that a
 * sequence of writes is checked once, by words_take. */
#ifndef FUSION_WORDS_H
#define FUSION_WORDS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct words {
    char *text;                     /* NUL-terminated once anything was written */
    size_t n, capacity;
    bool failed;
};

void words_add(struct words *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void words_add_bytes(struct words *b, const char *bytes, size_t n);
/* Removes the first n bytes. */
void words_drop(struct words *b, size_t n);
void words_done(struct words *b);

/* The text, malloc'd, "" if nothing was written; it is then empty.  NULL
 * and ERROR_INFERENCE when memory ran out. */
char *words_take(struct words *b, struct error *err);

#endif
