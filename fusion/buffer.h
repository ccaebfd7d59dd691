/* buffer.h - text that grows while it is written.
 *
 * A buffer starts as { 0 }.  Running out of memory is remembered, so that a
 * sequence of writes is checked once, by buffer_take. */
#ifndef FUSION_BUFFER_H
#define FUSION_BUFFER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *text;                     /* NUL-terminated once anything was written */
    size_t n, capacity;
    bool failed;
};

void buffer_add(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_add_bytes(struct buffer *b, const char *bytes, size_t n);
/* Removes the first n bytes. */
void buffer_drop(struct buffer *b, size_t n);
void buffer_done(struct buffer *b);

/* The text, malloc'd, "" if nothing was written; the buffer is then empty.  NULL
 * and ERROR_INFERENCE when memory ran out. */
char *buffer_take(struct buffer *b, struct error *err);

#endif
