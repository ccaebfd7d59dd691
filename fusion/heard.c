#include "fusion/heard.h"

#include "fusion/kept.h"
#include "fusion/words.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEAST_SECONDS 60.0
#define MOST_FILES 64

/* Another program may hear otherwise, so what it kept is not taken. */
static bool make_name(const char *hash, const struct whisper *w, const char *how, char name[SHA256_HEX])
{
    char program[SHA256_HEX];
    struct words b = { 0 };
    struct error err;

    if (!sha256_file("/proc/self/exe", program, &err))
        return false;
    words_add(&b, "%s %s %s %s", program, hash, whisper_id(w), how);
    char *text = words_take(&b, NULL);
    if (text == NULL)
        return false;
    sha256_bytes(text, strlen(text), name);
    free(text);
    return true;
}

char *heard_path(const char *hash, double seconds, const struct whisper *w, const char *how)
{
    char name[SHA256_HEX], *path = NULL;
    struct error err = { 0 };

    if (seconds < LEAST_SECONDS || !make_name(hash, w, how, name))
        return NULL;
    char *folder = folder_cache("heard", &err);
    if (folder == NULL)
        log_debug("no transcripts are kept: %s", err.text);
    else if (asprintf(&path, "%s/%s", folder, name) < 0)
        path = NULL;
    if (path != NULL)
        kept_make_room(path, MOST_FILES);
    free(folder);
    return path;
}
