#include "text/memory.h"

#include <stdint.h>
#include <stdio.h>

/* proc(5): MemAvailable counts what the page cache could give back, thus also a
 * mapped model's own pages. */
static bool available(uint64_t *n_bytes)
{
    FILE *f = fopen("/proc/meminfo", "r");
    char line[256];
    unsigned long long kib = 0;
    bool found = false;

    while (f != NULL && !found && fgets(line, sizeof line, f) != NULL)
        found = sscanf(line, "MemAvailable: %llu kB", &kib) == 1;
    if (f != NULL)
        fclose(f);
    *n_bytes = (uint64_t)kib * 1024;
    return found;
}

bool memory_check(size_t needed, const char *path, const char *what, const char *advice, struct error *err)
{
    uint64_t there;

    if (!available(&there) || needed <= there)
        return true;
    return error_set(err, ERROR_INFERENCE, "%s: %s needs %.0f MB of memory, %.0f MB are available; %s",
                     path, what, (double)needed / 1e6, (double)there / 1e6, advice);
}
