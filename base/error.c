#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Drops a UTF-8 sequence that the end of the buffer cut in two. */
static void trim_partial_character(char *text)
{
    size_t n = strlen(text);
    size_t i = n;

    while (i > 0 && n - i < 3 && ((unsigned char)text[i - 1] & 0xC0) == 0x80)
        i--;
    if (i == 0)
        return;
    unsigned char lead = (unsigned char)text[i - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (i - 1) < want)
        text[i - 1] = '\0';
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return false;
    err->code = code;
    va_start(args, format);
    int n = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (n >= (int)sizeof err->text)
        trim_partial_character(err->text);
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
