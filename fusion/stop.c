#include "fusion/stop.h"

#include <string.h>

/* How many of its first bytes, all or as many as there are, stand at text[at..n). */
static bool stands_at(const char *stop, const char *text, size_t n, size_t at, bool *whole)
{
    size_t length = strlen(stop), left = n - at;

    *whole = length <= left;
    return memcmp(stop, text + at, *whole ? length : left) == 0;
}

bool stop_find(const struct stop_texts *stops, const char *text, size_t n, size_t *n_safe)
{
    bool held = false;

    *n_safe = n;
    for (size_t at = 0; at < n; at++)
        for (size_t i = 0; i < stops->n; i++) {
            bool whole;
            if (!stands_at(stops->texts[i], text, n, at, &whole))
                continue;
            if (!held)
                *n_safe = at;
            if (whole) {
                *n_safe = at;
                return true;
            }
            held = true;
        }
    return false;
}
