#include "base/quote.h"

#include <stdio.h>
#include <string.h>

void quote_path(const char *path, char out[QUOTED_BYTES])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,+:@%-";
    size_t n = 0;

    if (strlen(path) > 120) {
        snprintf(out, QUOTED_BYTES, "FILE");
        return;
    }
    if (path[0] != '-' && path[0] != '\0' && path[strspn(path, plain)] == '\0') {
        snprintf(out, QUOTED_BYTES, "%s", path);
        return;
    }
    n += (size_t)snprintf(out, QUOTED_BYTES, "%s", path[0] == '-' ? "./'" : "'");
    for (; *path != '\0' && n + 6 < QUOTED_BYTES; path++) {
        if (*path == '\'')
            n += (size_t)snprintf(out + n, QUOTED_BYTES - n, "'\\''");
        else
            out[n++] = *path;
    }
    snprintf(out + n, QUOTED_BYTES - n, "'");
}
