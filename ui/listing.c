#include "ui/listing.h"

#include "ui/buffer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the decoders take (vision/image.c, audio/decode.c), by the usual ends of names. */
static enum listed kind_of_name(const char *name)
{
    static const struct { const char *end; enum listed kind; } ends[] = {
        { ".jpg", LISTED_IMAGE }, { ".jpeg", LISTED_IMAGE }, { ".png", LISTED_IMAGE }, { ".bmp", LISTED_IMAGE },
        { ".webp", LISTED_IMAGE }, { ".wav", LISTED_CLIP }, { ".flac", LISTED_CLIP }, { ".ogg", LISTED_CLIP },
        { ".oga", LISTED_CLIP }, { ".opus", LISTED_CLIP }, { ".mp3", LISTED_CLIP },
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof ends / sizeof ends[0]; i++)
        if (strcasecmp(dot, ends[i].end) == 0)
            return ends[i].kind;
    return LISTED_OTHER;
}

static struct listed_file listed(int folder, const char *name)
{
    struct listed_file f = { .name = text_copy(name), .kind = LISTED_SPECIAL };
    struct stat st;

    if (fstatat(folder, name, &st, 0) != 0)
        f.why = errno == ELOOP ? "is a link to itself" : errno == ENOENT ? "is a link to nothing" : strerror(errno);
    else if (S_ISDIR(st.st_mode))
        f.kind = LISTED_FOLDER;
    else if (S_ISREG(st.st_mode)) {
        f.kind = kind_of_name(name);
        f.n_bytes = (int64_t)st.st_size;
    } else
        f.why = S_ISFIFO(st.st_mode) ? "is a pipe" : S_ISSOCK(st.st_mode) ? "is a socket" : "is a device";
    return f;
}

/* Folders, then what can be attached, then the rest; each by name in any case. */
static int rank(const struct listed_file *f)
{
    return f->kind == LISTED_FOLDER ? 0 : f->kind <= LISTED_CLIP ? 1 : 2;
}

static int by_rank_then_name(const void *a, const void *b)
{
    const struct listed_file *x = a, *y = b;
    int order = rank(x) - rank(y);

    if (order == 0)
        order = strcasecmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->name, y->name);
}

bool listing_read(struct listing *l, const char *folder, struct error *err)
{
    struct listing new = { .path = realpath(folder, NULL) };
    DIR *dir = new.path != NULL ? opendir(new.path) : NULL;

    if (dir == NULL) {
        error_set(err, ERROR_INPUT, "%s: %s", folder, errno == EACCES ? "this folder may not be read" : strerror(errno));
        free(new.path);
        return false;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        new.files = array_grow(new.files, new.n, &new.capacity, sizeof *new.files);
        new.files[new.n++] = listed(dirfd(dir), entry->d_name);
    }
    closedir(dir);
    if (new.n > 0)
        qsort(new.files, new.n, sizeof *new.files, by_rank_then_name);
    listing_free(l);
    *l = new;
    return true;
}

char *listing_path(const struct listing *l, size_t i)
{
    struct buffer path = { 0 };

    buffer_print(&path, "%s%s%s", l->path, strcmp(l->path, "/") == 0 ? "" : "/", l->files[i].name);
    return path.s;
}

void listing_free(struct listing *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->files[i].name);
    free(l->files);
    free(l->path);
    *l = (struct listing){ 0 };
}
