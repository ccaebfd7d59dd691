#include "ui/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *resize(void *memory, size_t n, size_t size)
{
    void *grown = n > SIZE_MAX / 2 / size ? NULL : realloc(memory, n * size);

    if (grown == NULL) {
        fprintf(stderr, "mynah: no memory for %zu bytes\n", n * size);
        abort();
    }
    return grown;
}

void *array_grow(void *array, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return array;
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    return resize(array, *capacity, size);
}

char *text_copy(const char *text)
{
    size_t n = strlen(text) + 1;

    return memcpy(resize(NULL, n, 1), text, n);
}

const char *buffer_text(const struct buffer *b)
{
    return b->s != NULL ? b->s : "";
}

static void reserve(struct buffer *b, size_t n)
{
    if (n + 1 <= b->capacity)
        return;
    b->capacity = n + 1 > 2 * b->capacity ? n + 64 : 2 * b->capacity;
    b->s = resize(b->s, b->capacity, 1);
}

void buffer_insert(struct buffer *b, size_t at, const char *text, size_t n)
{
    reserve(b, b->n + n);
    memmove(b->s + at + n, b->s + at, b->n - at);
    if (n > 0)
        memcpy(b->s + at, text, n);
    b->n += n;
    b->s[b->n] = '\0';
}

void buffer_append(struct buffer *b, const char *text, size_t n)
{
    buffer_insert(b, b->n, text, n);
}

void buffer_print(struct buffer *b, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0) {
        reserve(b, b->n + (size_t)n);
        vsnprintf(b->s + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buffer_remove(struct buffer *b, size_t at, size_t n)
{
    if (n == 0)
        return;
    memmove(b->s + at, b->s + at + n, b->n - at - n + 1);
    b->n -= n;
}

void buffer_clear(struct buffer *b)
{
    b->n = 0;
    if (b->s != NULL)
        b->s[0] = '\0';
}

void buffer_free(struct buffer *b)
{
    free(b->s);
    *b = (struct buffer){ 0 };
}
