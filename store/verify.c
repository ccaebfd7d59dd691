#include "store/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTES "verified"

enum { BLOCK = 1 << 20, LINE = 512 };

static bool hash_fd(int fd, EVP_MD_CTX *context, unsigned char *block, verify_tick *tick, void *user,
                    const char *name, struct error *err)
{
    uint64_t done = 0;
    ssize_t got;

    while ((got = read(fd, block, BLOCK)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, ERROR_PULL, "%s: %s", name, strerror(errno));
        EVP_DigestUpdate(context, block, (size_t)got);
        done += (uint64_t)got;
        if (tick != NULL && !tick(user, done))
            return error_set(err, ERROR_CANCELLED, "stopped");
    }
    return true;
}

bool verify_hash(int folder_fd, const char *name, char hex[SHA256_HEX], verify_tick *tick, void *user,
                 struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *block = malloc(BLOCK);
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = false;

    if (fd < 0)
        error_set(err, ERROR_PULL, "%s: %s", name, strerror(errno));
    else if (context == NULL || block == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        error_set(err, ERROR_PULL, "%s: no memory to compute its sha256", name);
    else
        ok = hash_fd(fd, context, block, tick, user, name, err);
    if (ok) {
        EVP_DigestFinal_ex(context, digest, NULL);
        for (size_t i = 0; i < 32; i++)
            snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    if (fd >= 0)
        close(fd);
    EVP_MD_CTX_free(context);
    free(block);
    return ok;
}

/* ---- notes ------------------------------------------------------------------------ */

static int64_t mtime_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static FILE *open_notes(int folder_fd, const char *name, int flags, const char *mode)
{
    int fd = openat(folder_fd, name, flags | O_CLOEXEC, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, mode);

    if (fd >= 0 && f == NULL)
        close(fd);
    return f;
}

/* The part of a line after its three numbers, if it is the note of that file. */
static bool is_note_of(const char *line, const char *name)
{
    size_t n = strlen(name), n_line = strcspn(line, "\n");

    return n_line > n && line[n_line - n - 1] == ' ' && strncmp(line + n_line - n, name, n) == 0;
}

bool verify_noted(int folder_fd, const char *name, const struct stat *st, char hex[SHA256_HEX])
{
    FILE *f = open_notes(folder_fd, NOTES, O_RDONLY, "r");
    char line[LINE];
    bool found = false;

    if (f == NULL)
        return false;
    while (!found && fgets(line, sizeof line, f) != NULL) {
        uint64_t bytes = 0;
        int64_t time_ns = 0;
        found = is_note_of(line, name) && sscanf(line, "%64[0-9a-f] %" SCNu64 " %" SCNd64, hex, &bytes, &time_ns) == 3 &&
                strlen(hex) == 64 && (st == NULL || (bytes == (uint64_t)st->st_size && time_ns == mtime_ns(st)));
    }
    fclose(f);
    return found;
}

/* The new list is written beside the old one and takes its place whole. */
void verify_note(int folder_fd, const char *name, const struct stat *st, const char *hex)
{
    char fresh[64], line[LINE];

    snprintf(fresh, sizeof fresh, NOTES ".%ld", (long)getpid());
    FILE *to = open_notes(folder_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC, "w");
    if (to == NULL)
        return;
    FILE *from = open_notes(folder_fd, NOTES, O_RDONLY, "r");
    while (from != NULL && fgets(line, sizeof line, from) != NULL)
        if (!is_note_of(line, name))
            fputs(line, to);
    if (from != NULL)
        fclose(from);
    fprintf(to, "%s %" PRIu64 " %" PRId64 " %s\n", hex, (uint64_t)st->st_size, mtime_ns(st), name);
    bool ok = fflush(to) == 0;
    if (fclose(to) != 0 || !ok || renameat(folder_fd, fresh, folder_fd, NOTES) != 0)
        unlinkat(folder_fd, fresh, 0);
}
