/* clipboard.c - wl-copy, wl-paste and xclip, without a shell.
 *
 *   text -> memfd = stdin of wl-copy|xclip           (they stay behind to serve the clipboard: only the
 *                                                     one that was started is waited for)
 *   stdout of wl-paste|xclip = pipe -> bytes -> an image by its first bytes -> file 0600
 *
 * Formats: PNG signature (PNG 3rd edition, 5.2), JPEG SOI (T.81 B.1), RIFF....WEBP (RFC 9649). */
#include "ui/clipboard.h"

#include "base/file.h"
#include "base/folder.h"
#include "ui/buffer.h"
#include "ui/when.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_MS = 3000, IMAGE_BYTES = 64 << 20, WAIT_MS = 2, NAME_TRIES = 100 };

extern char **environ;

/* ---- programs --------------------------------------------------------------------- */

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A session of its own, so that it outlives the terminal and is killed with what it started; no signal
 * of ours is blocked or ignored in it.  in, out: -1 for nothing. */
static bool start(const char *const argv[], int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawn_file_actions_init(&files);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&files, in, 0);
    else
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    if (out >= 0)
        posix_spawn_file_actions_adddup2(&files, out, 1);
    else
        posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawnp(pid, argv[0], &files, &attributes, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return failed == 0;
}

/* True when it ended well in time; a program that did not end is killed. */
static bool ends_well(pid_t pid, double deadline)
{
    struct timespec pause = { .tv_nsec = WAIT_MS * 1000000 };
    pid_t done;
    int status;

    while ((done = waitpid(pid, &status, WNOHANG)) == 0 || (done < 0 && errno == EINTR)) {
        if (now_ms() > deadline) {
            kill(-pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                continue;
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return done == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Reads to the end; false: too much or too late. */
static bool read_all(int fd, double deadline, struct buffer *bytes)
{
    char block[65536];

    while (bytes->n <= IMAGE_BYTES) {
        double left = deadline - now_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (left <= 0)
            return false;
        if (poll(&p, 1, (int)left + 1) <= 0)
            continue;
        ssize_t n = read(fd, block, sizeof block);
        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            buffer_append(bytes, block, (size_t)n);
    }
    return false;
}

/* What the program prints; false: it is not there or failed. */
static bool output_of(const char *const argv[], double deadline, struct buffer *bytes)
{
    int ends[2];
    pid_t pid;

    buffer_clear(bytes);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    bool good = start(argv, -1, ends[1], &pid);
    close(ends[1]);
    if (good) {
        good = read_all(ends[0], deadline, bytes);
        if (!good)
            kill(-pid, SIGKILL);
        good = ends_well(pid, deadline) && good;
    }
    close(ends[0]);
    return good;
}

/* ---- text out --------------------------------------------------------------------- */

static bool has(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && *value != '\0';
}

/* The text as a file, which no program can leave half read with a signal for us. */
static int file_of(const char *text, size_t n)
{
    int fd = memfd_create("clipboard", MFD_CLOEXEC);

    if (fd < 0)
        return -1;
    if (file_write_all(fd, text, n) && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool copy_by(const char *const argv[], const char *text, size_t n)
{
    int fd = file_of(text, n);
    pid_t pid;

    if (fd < 0)
        return false;
    bool good = start(argv, fd, -1, &pid) && ends_well(pid, now_ms() + DEADLINE_MS);
    close(fd);
    return good;
}

bool clipboard_copy(const char *text, size_t n)
{
    static const char *const wl_copy[] = { "wl-copy", "--type", "text/plain;charset=utf-8", NULL };
    static const char *const xclip[] = { "xclip", "-selection", "clipboard", "-in", NULL };

    return (has("WAYLAND_DISPLAY") && copy_by(wl_copy, text, n)) || (has("DISPLAY") && copy_by(xclip, text, n));
}

/* ---- an image in ------------------------------------------------------------------ */

/* The end of its file's name; NULL: no image that can be read. */
static const char *ending_of(const struct buffer *b)
{
    if (b->n > 8 && memcmp(b->s, "\x89PNG\r\n\x1a\n", 8) == 0)
        return "png";
    if (b->n > 3 && memcmp(b->s, "\xFF\xD8\xFF", 3) == 0)
        return "jpg";
    if (b->n > 12 && memcmp(b->s, "RIFF", 4) == 0 && memcmp(b->s + 8, "WEBP", 4) == 0)
        return "webp";
    return NULL;
}

static const char *ask_for_image(struct buffer *bytes, double deadline)
{
    static const char *const types[] = { "image/png", "image/jpeg", "image/webp" };
    const char *ending = NULL;

    for (size_t i = 0; i < sizeof types / sizeof types[0] && ending == NULL && now_ms() < deadline; i++) {
        const char *const wl_paste[] = { "wl-paste", "--no-newline", "--type", types[i], NULL };
        const char *const xclip[] = { "xclip", "-selection", "clipboard", "-target", types[i], "-out", NULL };
        if (has("WAYLAND_DISPLAY") && output_of(wl_paste, deadline, bytes))
            ending = ending_of(bytes);
        if (ending == NULL && has("DISPLAY") && output_of(xclip, deadline, bytes))
            ending = ending_of(bytes);
    }
    return ending;
}

static void print_name(struct buffer *path, const char *folder, const char *ending)
{
    char stamp[WHEN_BYTES];

    when_stamp(stamp);
    buffer_print(path, "%s/clipboard-%s.%s", folder, stamp, ending);
}

/* Two in one millisecond: the next one's name is free. */
static int create(struct buffer *path, const char *folder, const char *ending)
{
    int fd = -1;

    errno = EEXIST;
    for (int i = 0; fd < 0 && errno == EEXIST && i < NAME_TRIES; i++) {
        buffer_clear(path);
        print_name(path, folder, ending);
        fd = open(path->s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 && errno == EEXIST)
            nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    return fd;
}

static char *save(const struct buffer *bytes, const char *ending, struct error *err)
{
    char *folder = folder_data("clipboard", err);
    struct buffer path = { 0 };

    if (folder == NULL)
        return NULL;
    int fd = create(&path, folder, ending);
    free(folder);
    bool good = fd >= 0 && file_write_all(fd, bytes->s, bytes->n);
    if (fd >= 0)
        good = close(fd) == 0 && good;
    if (good)
        return path.s;
    error_set(err, ERROR_INPUT, "the image of the clipboard could not be written to %s: %s", path.s, strerror(errno));
    if (fd >= 0)
        unlink(path.s);
    buffer_free(&path);
    return NULL;
}

static bool is_on_path(const char *name)
{
    const char *path = getenv("PATH");

    for (size_t n; path != NULL && *path != '\0'; path += n + (path[n] == ':')) {
        struct buffer file = { 0 };
        n = strcspn(path, ":");
        buffer_append(&file, path, n);
        buffer_print(&file, "/%s", name);
        bool found = access(file.s, X_OK) == 0;
        buffer_free(&file);
        if (found)
            return true;
    }
    return false;
}

static void say_why(struct error *err)
{
    bool wayland = has("WAYLAND_DISPLAY"), x11 = has("DISPLAY");

    if (!wayland && !x11)
        error_set(err, ERROR_INPUT, "there is no clipboard here: neither WAYLAND_DISPLAY nor DISPLAY is set. /attach takes the path of a file");
    else if (!(wayland && is_on_path("wl-paste")) && !(x11 && is_on_path("xclip")))
        error_set(err, ERROR_INPUT, "the clipboard's image needs %s: install %s", wayland ? "wl-paste" : "xclip", wayland ? "wl-clipboard" : "xclip");
    else
        error_set(err, ERROR_INPUT, "the clipboard holds no image (PNG, JPEG or WebP), or it did not come in %d s: copy one first", DEADLINE_MS / 1000);
}

char *clipboard_image(struct error *err)
{
    struct buffer bytes = { 0 };
    const char *ending = ask_for_image(&bytes, now_ms() + DEADLINE_MS);
    char *path = NULL;

    if (ending != NULL)
        path = save(&bytes, ending, err);
    else
        say_why(err);
    buffer_free(&bytes);
    return path;
}
