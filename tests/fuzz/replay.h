/* replay.h - main for a fuzz target built without a fuzzing engine.
 *
 *   fuzz_NAME [FOLDER|FILE]...
 *
 * Runs LLVMFuzzerTestOneInput over the files, then over mutations of them made
 * with a fixed seed, for FUZZ_SECONDS (1).  The input being tried stands in
 * PROGRAM.input; the file is left there only when the program dies on it, and
 * belongs into the corpus then.  Prints one "ok" line, as tests/run.sh reads. */
#ifndef TESTS_FUZZ_REPLAY_H
#define TESTS_FUZZ_REPLAY_H

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* For targets that read files: the input as one; to be closed. */
enum { REPLAY_PATH_BYTES = 64 };
static inline int replay_open(const uint8_t *data, size_t n, char path[REPLAY_PATH_BYTES])
{
    int fd = memfd_create("input", 0);

    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        exit(1);
    snprintf(path, REPLAY_PATH_BYTES, "/proc/self/fd/%d", fd);
    return fd;
}

enum { REPLAY_MAX_BYTES = 1 << 16, REPLAY_MAX_FILES = 1024 };

struct replay {
    unsigned char *data[REPLAY_MAX_FILES];
    size_t n_bytes[REPLAY_MAX_FILES];
    size_t n_files, n_runs;
    int fd;                         /* of PROGRAM.input */
    uint64_t random;
};

/* xorshift64* (Vigna 2016). */
static inline size_t replay_random(struct replay *r, size_t below)
{
    r->random ^= r->random >> 12;
    r->random ^= r->random << 25;
    r->random ^= r->random >> 27;
    return (size_t)((r->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

static inline void replay_run(struct replay *r, const unsigned char *data, size_t n)
{
    if (ftruncate(r->fd, 0) != 0 || pwrite(r->fd, data, n, 0) != (ssize_t)n)
        exit(1);
    unsigned char *exact = malloc(n > 0 ? n : 1);   /* so that a sanitizer sees a read past the end */
    memcpy(exact, data, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    r->n_runs++;
}

static inline void replay_add(struct replay *r, const char *path)
{
    struct error err = { 0 };
    struct stat st;

    if (r->n_files == REPLAY_MAX_FILES || stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return;
    r->data[r->n_files] = file_read(path, REPLAY_MAX_BYTES, &r->n_bytes[r->n_files], &err);
    if (r->data[r->n_files] != NULL)
        r->n_files++;
    else
        fprintf(stderr, "%s\n", err.text);
}

static inline void replay_add_all(struct replay *r, const char *path)
{
    struct dirent **entries;
    char file[4096];
    int n = scandir(path, &entries, NULL, alphasort);   /* sorted: mutations are the same everywhere */

    if (n < 0)
        replay_add(r, path);
    for (int i = 0; i < n; i++) {
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        replay_add(r, file);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

/* One to eight of: a bit, a byte, a number at its extremes, bytes cut out,
 * repeated or taken from another file, an early end. */
static inline size_t replay_mutate(struct replay *r, unsigned char *to)
{
    static const uint64_t extremes[] = { 0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000,
                                         0xFFFFFFFF, INT64_MAX, UINT64_MAX };
    size_t i_file = replay_random(r, r->n_files), n = r->n_bytes[i_file];

    memcpy(to, r->data[i_file], n);
    for (size_t n_changes = 1 + replay_random(r, 8); n_changes > 0 && n > 1; n_changes--) {
        size_t at = replay_random(r, n), left = n - at, length = 1 + replay_random(r, left < 64 ? left : 64);
        switch (replay_random(r, 7)) {
        case 0: to[at] ^= (unsigned char)(1u << replay_random(r, 8)); break;
        case 1: to[at] = (unsigned char)replay_random(r, 256); break;
        case 2: {
            uint64_t value = extremes[replay_random(r, sizeof extremes / sizeof *extremes)];
            size_t width = (size_t)1 << replay_random(r, 4);
            memcpy(to + at, &value, width < left ? width : left);
            break;
        }
        case 3: memmove(to + at, to + at + length, left - length); n -= length; break;
        case 4:
            if (n + length <= REPLAY_MAX_BYTES) {
                memmove(to + at + length, to + at, left);
                n += length;
            }
            break;
        case 5: {
            size_t i_other = replay_random(r, r->n_files), from = replay_random(r, r->n_bytes[i_other]);
            size_t most = r->n_bytes[i_other] - from;
            memcpy(to + at, r->data[i_other] + from, length < most ? length : most);
            break;
        }
        default: n = at; break;
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    static struct replay r;
    static unsigned char input[REPLAY_MAX_BYTES];
    const char *seconds = getenv("FUZZ_SECONDS");
    char path[4096];

    snprintf(path, sizeof path, "%s.input", argv[0]);
    r.fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    r.random = 20240607;
    for (int i = 1; i < argc; i++)
        replay_add_all(&r, argv[i]);
    if (r.n_files == 0 || r.fd < 0) {
        printf("not ok %s: no corpus\n", argv[0]);
        return 1;
    }
    for (size_t i = 0; i < r.n_files; i++)
        replay_run(&r, r.data[i], r.n_bytes[i]);
    double end_ms = clock_ms() + 1000.0 * (seconds != NULL ? atof(seconds) : 1.0);
    while (clock_ms() < end_ms)
        replay_run(&r, input, replay_mutate(&r, input));
    for (size_t i = 0; i < r.n_files; i++)
        free(r.data[i]);
    close(r.fd);
    unlink(path);
    printf("ok %s: %zu files, %zu runs\n", argv[0], r.n_files, r.n_runs);
    return 0;
}

#endif
