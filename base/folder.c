#include "base/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One folder, for the user alone whatever the umask is, when it is new. */
static bool make_folder(const char *path, struct error *err)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return chmod(path, 0700) == 0 || error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    int why = errno;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    return error_set(err, ERROR_INPUT, "the folder %s cannot be made: %s", path,
                     why == EEXIST ? "a file has that name" : strerror(why));
}

/* mkdir -p */
static bool make_folders(char *path, struct error *err)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = make_folder(path, err);
        *slash = '/';
        if (!made)
            return false;
    }
    return make_folder(path, err);
}

static char *folder_below(const char *variable, const char *below_home, const char *name, struct error *err)
{
    const char *base = getenv(variable), *home = getenv("HOME"), *slash = *name != '\0' ? "/" : "";
    char *path = NULL;
    int n;

    if (base != NULL && base[0] == '/')     /* the specification: relative ones are ignored */
        n = asprintf(&path, "%s/mynah%s%s", base, slash, name);
    else if (home != NULL && *home != '\0')
        n = asprintf(&path, "%s/%s/mynah%s%s", home, below_home, slash, name);
    else {
        error_set(err, ERROR_INPUT, "neither %s nor HOME is set: nowhere to keep mynah's files; set one of them", variable);
        return NULL;
    }
    if (n < 0) {
        error_set(err, ERROR_INPUT, "no memory for a path");
        return NULL;
    }
    if (make_folders(path, err))
        return path;
    free(path);
    return NULL;
}

char *folder_data(const char *name, struct error *err)
{
    return folder_below("XDG_DATA_HOME", ".local/share", name, err);
}

char *folder_config(const char *name, struct error *err)
{
    return folder_below("XDG_CONFIG_HOME", ".config", name, err);
}

char *folder_cache(const char *name, struct error *err)
{
    return folder_below("XDG_CACHE_HOME", ".cache", name, err);
}
