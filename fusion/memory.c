#include "fusion/memory.h"

#include <sys/stat.h>

#include "base/memory.h"

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
