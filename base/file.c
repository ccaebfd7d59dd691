#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK so that opening a FIFO nobody writes to cannot hang. */
int file_open(const char *path, size_t *n_bytes, struct error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) != 0)
        error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        error_set(err, ERROR_INPUT, "%s: is a directory, a file was expected", path);
    else if (!S_ISREG(st.st_mode))
        error_set(err, ERROR_INPUT, "%s: is not a regular file (a device, pipe or socket)", path);
    else {
        *n_bytes = (size_t)st.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

unsigned char *file_read(const char *path, size_t max_bytes, size_t *n_bytes, struct error *err)
{
    size_t n = 0, size = 0;
    int fd = file_open(path, &size, err);
    unsigned char *data = NULL;

    if (fd < 0)
        return NULL;
    if (size == 0) {
        error_set(err, ERROR_INPUT, "%s: is empty", path);
        goto fail;
    }
    if (size > max_bytes) {
        error_set(err, ERROR_INPUT, "%s: has %.1f MB, at most %.1f MB are read", path,
                  (double)size / 1e6, (double)max_bytes / 1e6);
        goto fail;
    }
    data = malloc(size + 1);
    if (data == NULL) {
        error_set(err, ERROR_INPUT, "%s: no memory for %zu bytes", path, size);
        goto fail;
    }
    while (n < size) {
        ssize_t got = read(fd, data + n, size - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            error_set(err, ERROR_INPUT, "%s: %s", path,
                      got < 0 ? strerror(errno) : "became shorter while it was read");
            goto fail;
        }
        n += (size_t)got;
    }
    data[size] = 0;
    close(fd);
    *n_bytes = size;
    return data;

fail:
    free(data);
    close(fd);
    return NULL;
}

static void to_hex(const unsigned char digest[32], char hex[SHA256_HEX])
{
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

bool file_write_all(int fd, const void *bytes, size_t n)
{
    for (const char *at = bytes; n > 0; ) {
        ssize_t wrote = write(fd, at, n);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        at += wrote;
        n -= (size_t)wrote;
    }
    return true;
}

void sha256_bytes(const void *data, size_t n_bytes, char hex[SHA256_HEX])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
    unsigned int n = 0;

    EVP_Digest(data, n_bytes, digest, &n, EVP_sha256(), NULL);
    to_hex(digest, hex);
}

bool sha256_file(const char *path, char hex[SHA256_HEX], struct error *err)
{
    enum { BLOCK = 1 << 20 };
    size_t size = 0;
    unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
    unsigned int n = 0;
    int fd = file_open(path, &size, err);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *block = malloc(BLOCK);
    ssize_t got = -1;

    if (fd < 0)
        goto done;
    if (context == NULL || block == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        error_set(err, ERROR_INPUT, "%s: no memory to compute its sha256", path);
        goto done;
    }
    while ((got = read(fd, block, BLOCK)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        EVP_DigestUpdate(context, block, (size_t)got);
    }
    if (got < 0)
        error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    else
        EVP_DigestFinal_ex(context, digest, &n);
    to_hex(digest, hex);
done:
    if (fd >= 0)
        close(fd);
    EVP_MD_CTX_free(context);
    free(block);
    return got == 0;
}

bool file_stamp(const char *path, char stamp[FILE_STAMP], struct error *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    snprintf(stamp, FILE_STAMP, "%jx-%jx-%jx.%lx-%jx.%lx", (uintmax_t)st.st_ino, (uintmax_t)st.st_size, (uintmax_t)st.st_mtim.tv_sec,
             (unsigned long)st.st_mtim.tv_nsec, (uintmax_t)st.st_ctim.tv_sec, (unsigned long)st.st_ctim.tv_nsec);
    return true;
}
