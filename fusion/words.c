#include "fusion/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for n more bytes and the NUL. */
static bool reserve(struct words *b, size_t n)
{
    if (b->failed)
        return false;
    if (b->capacity - b->n > n)
        return true;
    size_t capacity = 2 * b->capacity + n + 64;
    char *grown = realloc(b->text, capacity);
    if (grown == NULL) {
        b->failed = true;
        return false;
    }
    b->text = grown;
    b->capacity = capacity;
    return true;
}

void words_add_bytes(struct words *b, const char *bytes, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n > 0)
        memcpy(b->text + b->n, bytes, n);
    b->n += n;
    b->text[b->n] = '\0';
}

void words_add(struct words *b, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n >= 0 && reserve(b, (size_t)n)) {
        vsnprintf(b->text + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void words_drop(struct words *b, size_t n)
{
    if (n == 0)
        return;
    memmove(b->text, b->text + n, b->n - n + 1);
    b->n -= n;
}

void words_done(struct words *b)
{
    free(b->text);
    *b = (struct words){ 0 };
}

char *words_take(struct words *b, struct error *err)
{
    if (b->n == 0)
        words_add_bytes(b, "", 0);
    if (b->failed) {
        words_done(b);
        error_set(err, ERROR_INFERENCE, "no memory for text");
        return NULL;
    }
    char *text = b->text;
    *b = (struct words){ 0 };
    return text;
}
