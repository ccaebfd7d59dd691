#include "fusion/rows_cache.h"

#include "fusion/kept.h"
#include "fusion/words.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/log.h"
#include "tensor/media_rows_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)512 << 20)  /* of all files; a photograph's rows take 3 (SmolVLM) to 48 MB (InternVL 8B) */

/* Another program may encode otherwise, so what it kept is not taken. */
char *rows_cache_key(const char *hash, const char *encoder, const struct compute *c, const char *how)
{
    char program[SHA256_HEX];
    struct words b = { 0 };
    struct error err;

    if (!sha256_file("/proc/self/exe", program, &err))
        return NULL;
    words_add(&b, "%s %s %s %s %s", program, hash, encoder, compute_kernels_name(c), how);
    return words_take(&b, NULL);
}

/* ---- files --------------------------------------------------------------------------------- */

/* The folder, malloc'd; NULL, and the log says why. */
static char *open_folder(void)
{
    struct error err = { 0 };
    char *folder = folder_cache("rows", &err);

    if (folder == NULL)
        log_debug("no rows are kept: %s", err.text);
    return folder;
}

static char *path_of(const char *folder, const char *key)
{
    char name[SHA256_HEX], *path = NULL;

    sha256_bytes(key, strlen(key), name);
    return asprintf(&path, "%s/%s", folder, name) >= 0 ? path : NULL;
}

struct media_rows *rows_cache_find(const char *key, size_t n_embd)
{
    char *folder = key != NULL ? open_folder() : NULL, *path = folder != NULL ? path_of(folder, key) : NULL;
    unsigned char *bytes = NULL;
    struct media_rows *m = NULL;
    struct error err = { 0 };
    size_t n;

    if (path != NULL && access(path, F_OK) == 0) {
        bytes = file_read(path, MOST_BYTES, &n, &err);
        m = bytes != NULL ? media_rows_of_bytes(bytes, n, key, n_embd, &err) : NULL;
        if (m == NULL)
            log_debug("%s: is not taken, and made again: %s", path, err.text);
        else
            utimensat(AT_FDCWD, path, NULL, 0);         /* used now */
    }
    free(bytes);
    free(path);
    free(folder);
    return m;
}

bool rows_cache_has(const char *key)
{
    char *folder = key != NULL ? open_folder() : NULL, *path = folder != NULL ? path_of(folder, key) : NULL;
    bool is_there = path != NULL && access(path, F_OK) == 0;

    free(path);
    free(folder);
    return is_there;
}

void rows_cache_keep(const char *key, const struct media_rows *m)
{
    size_t n;
    unsigned char *bytes = key != NULL ? media_rows_to_bytes(m, key, &n, NULL) : NULL;
    char *folder = bytes != NULL && n <= MOST_BYTES ? open_folder() : NULL, *path = folder != NULL ? path_of(folder, key) : NULL;

    if (path != NULL) {
        unlink(path);               /* damaged, if anything: it is not to be counted */
        rows_cache_make_room(folder, n, MOST_BYTES);
        if (!kept_write(path, bytes, n))
            log_debug("%s: cannot be kept: %s", path, strerror(errno));
    }
    free(path);
    free(folder);
    free(bytes);
}

/* ---- room ---------------------------------------------------------------------------------- */

enum { NAME_BYTES = SHA256_HEX + sizeof ".XXXXXX" - 1 };     /* with that of one that is being written */
struct kept_file { char name[NAME_BYTES]; struct timespec used; size_t n_bytes; };

static int by_use(const void *a, const void *b)
{
    const struct timespec *x = &((const struct kept_file *)a)->used, *y = &((const struct kept_file *)b)->used;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

/* Those that were broken off while they were written, too. */
static struct kept_file *list_files(DIR *folder, size_t *n)
{
    struct kept_file *files = NULL;
    size_t capacity = 0;
    struct stat st;

    *n = 0;
    for (const struct dirent *e; (e = readdir(folder)) != NULL; ) {
        size_t length = strlen(e->d_name);
        if (length >= NAME_BYTES || fstatat(dirfd(folder), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        if (*n == capacity) {
            struct kept_file *grown = realloc(files, (capacity = 2 * capacity + 64) * sizeof *grown);
            if (grown == NULL)
                return files;
            files = grown;
        }
        files[*n].used = st.st_mtim;
        files[*n].n_bytes = (size_t)st.st_size;
        memcpy(files[(*n)++].name, e->d_name, length + 1);
    }
    return files;
}

void rows_cache_make_room(const char *folder, size_t n_bytes, size_t n_most)
{
    DIR *open = opendir(folder);
    size_t n = 0, total = n_bytes;
    struct kept_file *files = open != NULL ? list_files(open, &n) : NULL;

    if (n > 0)
        qsort(files, n, sizeof *files, by_use);
    for (size_t i = 0; i < n; i++)
        total += files[i].n_bytes;
    for (size_t i = 0; i < n && total > n_most; i++)
        if (unlinkat(dirfd(open), files[i].name, 0) == 0)
            total -= files[i].n_bytes;
    free(files);
    if (open != NULL)
        closedir(open);
}
