#include "fusion/kept.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_room(const char *folder, size_t most)
{
    size_t n = most;

    while (n >= most) {
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
        if (n >= most && unlinkat(dirfd(files), oldest, 0) != 0)
            n = 0;
        if (files != NULL)
            closedir(files);
    }
}

void kept_make_room(const char *path, size_t most)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL && access(path, F_OK) != 0 ? strndup(path, (size_t)(slash - path)) : NULL;

    if (folder != NULL)
        make_room(folder, most);
    free(folder);
}

bool kept_write(const char *path, const void *bytes, size_t n)
{
    char *new = NULL;
    int fd = asprintf(&new, "%s.XXXXXX", path) >= 0 ? mkostemp(new, O_CLOEXEC) : -1;
    bool good = fd >= 0 && file_write_all(fd, bytes, n);

    good = fd >= 0 && close(fd) == 0 && good && rename(new, path) == 0;
    int why = errno;
    if (fd >= 0 && !good)
        unlink(new);
    free(new);
    errno = why;
    return good;
}
