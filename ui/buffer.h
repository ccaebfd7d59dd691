/* buffer.h - text that grows: drafts, answers, lines of the chat.
 *
 * Always NUL-terminated once something was added.  Running out of memory here
 * aborts (the terminal is restored by term.c's handler): what the user wrote is
 * on disk by then, and no state could be trusted afterwards. */
#ifndef UI_BUFFER_H
#define UI_BUFFER_H

#include <stddef.h>

struct buffer {                     /* all zero: empty */
    char *s;                        /* [n] and a NUL; NULL when nothing was ever added */
    size_t n, capacity;
};

const char *buffer_text(const struct buffer *b);            /* never NULL */
void buffer_insert(struct buffer *b, size_t at, const char *text, size_t n);
void buffer_append(struct buffer *b, const char *text, size_t n);
void buffer_print(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_remove(struct buffer *b, size_t at, size_t n);
void buffer_clear(struct buffer *b);                        /* keeps the memory */
void buffer_free(struct buffer *b);

/* Room for one more element of `size` bytes in an array of n; doubles it. */
void *array_grow(void *array, size_t n, size_t *capacity, size_t size);
char *text_copy(const char *text);

#endif
