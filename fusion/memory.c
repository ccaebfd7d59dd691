/* MemAvailable of /proc/meminfo (proc(5)) counts what can be had without swapping,
 * page cache included: weights that are mapped already are therefore counted
 * once as needed and once as available, which cancels out. */
#include "fusion/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool memory_fits_in(const char *what, size_t file_bytes, size_t work_bytes, size_t available, struct error *err)
{
    if (file_bytes <= available && work_bytes <= available - file_bytes)
        return true;
    return error_set(err, ERROR_INFERENCE,
                     "%s needs %.0f MB of memory (weights %.0f MB, context and working memory %.0f MB), "
                     "%.0f MB are available: close other programs, choose a smaller model or a smaller context (-c)",
                     what, (double)(file_bytes + work_bytes) / 1e6, (double)file_bytes / 1e6,
                     (double)work_bytes / 1e6, (double)available / 1e6);
}

static bool memory_available(size_t *bytes)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[256];
    size_t kib;
    bool found = false;

    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "MemAvailable: %zu kB", &kib) == 1) {
            *bytes = kib * 1024;
            found = true;
        }
    fclose(file);
    return found;
}

bool memory_fits(const char *what, size_t file_bytes, size_t work_bytes, struct error *err)
{
    size_t available;

    return !memory_available(&available) || memory_fits_in(what, file_bytes, work_bytes, available, err);
}

size_t memory_of_file(const char *path)
{
    struct stat st;

    return path != NULL && stat(path, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0;
}
