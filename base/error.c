#include "base/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_BYTES 1024

/* Copies the start and the end of text[0..n), which is too long, to[0..size), cut
 * between characters: a long path begins a message, the reason ends it. */
static void shorten(char *to, size_t size, const char *text, size_t n)
{
    static const char gap[] = "...";
    size_t n_head = utf8_complete(text, size / 4);
    size_t at = n - (size - sizeof gap - n_head);

    while (((unsigned char)text[at] & 0xC0) == 0x80)
        at++;
    memcpy(to, text, n_head);
    memcpy(to + n_head, gap, sizeof gap - 1);
    memcpy(to + n_head + sizeof gap - 1, text + at, n - at + 1);
}

/* Memory is asked for only by a text longer than USUAL_BYTES: "no memory" must be told without any. */
bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    va_list args, again;
    char usual[USUAL_BYTES], *text = NULL;

    if (err == NULL)
        return false;
    err->code = code;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(usual, sizeof usual, format, args);
    if (n >= (int)sizeof usual && (n = vasprintf(&text, format, again)) < 0)
        n = (int)utf8_complete(usual, sizeof usual - 1);
    va_end(again);
    va_end(args);
    if (n < 0)
        snprintf(err->text, sizeof err->text, "no text for an error");
    else if (n < (int)sizeof err->text)
        memcpy(err->text, usual, (size_t)n + 1);
    else
        shorten(err->text, sizeof err->text, n < (int)sizeof usual ? usual : text, (size_t)n);
    free(text);
    return false;
}

int error_exit_status(enum error_code code)
{
    switch (code) {
    case ERROR_NONE:      return 0;
    case ERROR_USAGE:     return 2;
    case ERROR_INPUT:     return 3;
    case ERROR_MODEL:     return 4;
    case ERROR_INFERENCE: return 5;
    case ERROR_PULL:      return 6;
    case ERROR_CANCELLED: return 130;
    }
    return 5;
}
