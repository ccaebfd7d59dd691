#include "store/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool tree_make(const char *path, struct error *err)
{
    char *partial = strdup(path);
    struct stat st;

    if (partial == NULL)
        return error_set(err, ERROR_PULL, "no memory for a path");
    for (char *slash = strchr(partial + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(partial, 0700);       /* the last one's outcome tells */
        *slash = '/';
    }
    free(partial);
    if (mkdir(path, 0700) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return true;
    return error_set(err, ERROR_PULL, "the folder %s cannot be made: %s; MYNAH_MODELS can name another",
                     path, errno == EEXIST ? "a file has that name" : strerror(errno));
}

int tree_open(int folder_fd, const char *name, struct error *err)
{
    int fd = -1;

    if (mkdirat(folder_fd, name, 0700) == 0 || errno == EEXIST)
        fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        error_set(err, ERROR_PULL, "%s: %s", name, strerror(errno));
    return fd;
}

/* Calls visit for each entry of a folder; nothing when it is none. */
typedef void tree_visit(int folder_fd, const char *name, void *user);

static void visit_all(int folder_fd, const char *name, tree_visit *visit, void *user)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (folder == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            visit(fd, entry->d_name, user);
    closedir(folder);
}

static void add_bytes(int folder_fd, const char *name, void *user)
{
    struct stat st;

    if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (S_ISREG(st.st_mode))
        *(uint64_t *)user += (uint64_t)st.st_size;
    else if (S_ISDIR(st.st_mode))
        visit_all(folder_fd, name, add_bytes, user);
}

uint64_t tree_bytes(int folder_fd, const char *name)
{
    uint64_t sum = 0;

    add_bytes(folder_fd, name, &sum);
    return sum;
}

static void remove_entry(int folder_fd, const char *name, void *user)
{
    if (unlinkat(folder_fd, name, 0) == 0)
        return;
    visit_all(folder_fd, name, remove_entry, user);
    unlinkat(folder_fd, name, AT_REMOVEDIR);
}

void tree_remove(int folder_fd, const char *name)
{
    remove_entry(folder_fd, name, NULL);
}
