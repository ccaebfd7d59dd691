#include "base/memory.h"

#include <stdio.h>

bool memory_available(size_t *n_bytes)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[256];
    size_t kib;
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = sscanf(line, "MemAvailable: %zu kB", &kib) == 1;
    if (file != NULL)
        fclose(file);
    if (found)
        *n_bytes = kib * 1024;
    return found;
}
