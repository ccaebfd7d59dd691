#include "text/memory.h"

#include "base/memory.h"

bool memory_check(size_t needed, const char *path, const char *what, const char *advice, struct error *err)
{
    size_t there;

    if (!memory_available(&there) || needed <= there)
        return true;
    return error_set(err, ERROR_INFERENCE, "%s: %s needs %.0f MB of memory, %.0f MB are available; %s",
                     path, what, (double)needed / 1e6, (double)there / 1e6, advice);
}
