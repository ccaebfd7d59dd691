#include "fusion/heard.h"

#include "fusion/words.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Removes the oldest file while there are more than MOST_FILES. */
static void make_room(const char *folder)
{
    size_t n = MOST_FILES;

    while (n >= MOST_FILES) {
        DIR *files = opendir(folder);
        char oldest[SHA256_HEX] = "";
        struct timespec oldest_time = { 0 };
        struct stat st;
        n = 0;
        for (struct dirent *e; files != NULL && (e = readdir(files)) != NULL; ) {
            if (strlen(e->d_name) != SHA256_HEX - 1 || fstatat(dirfd(files), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
                continue;
            n++;
            if (oldest[0] == '\0' || st.st_mtim.tv_sec < oldest_time.tv_sec) {
                memcpy(oldest, e->d_name, sizeof oldest);
                oldest_time = st.st_mtim;
            }
        }
        if (n >= MOST_FILES && unlinkat(dirfd(files), oldest, 0) != 0)
            n = 0;
        if (files != NULL)
            closedir(files);
    }
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
    if (path != NULL && access(path, F_OK) != 0)
        make_room(folder);
    free(folder);
    return path;
}
