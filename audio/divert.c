#include "audio/divert.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

struct diversion divert_begin(void)
{
    struct diversion d = { -1, memfd_create("messages", MFD_CLOEXEC) };

    fflush(stderr);
    if (d.file >= 0 && (d.saved = dup(STDERR_FILENO)) >= 0)
        dup2(d.file, STDERR_FILENO);
    return d;
}

void divert_end(struct diversion d, const char *who)
{
    char text[4096], *rest = NULL;

    fflush(stderr);
    if (d.saved >= 0) {
        dup2(d.saved, STDERR_FILENO);
        close(d.saved);
    }
    ssize_t n = d.file < 0 ? 0 : pread(d.file, text, sizeof text - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        log_info("%s: %s", who, line);
    if (d.file >= 0)
        close(d.file);
}
