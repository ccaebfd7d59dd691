#include "ui/external.h"

#include "base/file.h"
#include "base/utf8.h"
#include "ui/buffer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_BYTES = 16 << 20, NOT_FOUND = 127 };    /* sh's status when there is no such program */

extern char **environ;

/* ---- the private file --------------------------------------------------------------- */

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && file_write_all(fd, text, strlen(text));

    return fd >= 0 && close(fd) == 0 && good;
}

/* A folder of our own, so that what an editor puts beside the file is private, too. */
static char *make_folder(const char *text, struct buffer *path, struct error *err)
{
    const char *tmp = getenv("TMPDIR");
    struct buffer folder = { 0 };

    buffer_print(&folder, "%s/mynah-draft-XXXXXX", tmp != NULL && *tmp == '/' ? tmp : "/tmp");
    if (mkdtemp(folder.s) != NULL) {
        buffer_print(path, "%s/draft.md", folder.s);
        if (write_file(path->s, text))
            return folder.s;
    }
    error_set(err, ERROR_INPUT, "%s: the draft could not be written there for the editor: %s (TMPDIR names another folder)", folder.s, strerror(errno));
    rmdir(folder.s);
    buffer_free(&folder);
    return NULL;
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

static bool read_file(const char *path, struct buffer *text, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char block[65536];
    struct stat st;
    ssize_t n = 1;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        return error_set(err, ERROR_INPUT, "%s: the editor left no file there; the draft stays as it was", path);
    }
    while (n > 0 && text->n <= TEXT_BYTES)
        if ((n = read(fd, block, sizeof block)) > 0)
            buffer_append(text, block, (size_t)n);
    close(fd);
    if (n < 0)
        return error_set(err, ERROR_INPUT, "%s: %s; the draft stays as it was", path, strerror(errno));
    if (text->n > TEXT_BYTES)
        return error_set(err, ERROR_INPUT, "the edited text is larger than %d MB; the draft stays as it was", TEXT_BYTES >> 20);
    if (!utf8_valid(buffer_text(text), text->n) || memchr(buffer_text(text), '\0', text->n) != NULL)
        return error_set(err, ERROR_INPUT, "the edited text is not UTF-8; the draft stays as it was");
    return true;
}

/* ---- the editor --------------------------------------------------------------------- */

/* Until it ends.  When C-z stopped it, we stop, too: the shell continues both. */
static int wait_for(pid_t pid)
{
    int status;

    for (;;) {
        pid_t done = waitpid(pid, &status, WUNTRACED);
        if (done < 0 && errno != EINTR)
            return NOT_FOUND;
        if (done == pid && WIFSTOPPED(status))
            raise(SIGSTOP);
        else if (done == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

/* Exit status; NOT_FOUND when it could not be started.  The terminal's keys for signals are the editor's
 * meanwhile, as system(3) has it. */
static int run(const char *const argv[])
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t pid;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    int status = posix_spawnp(&pid, argv[0], NULL, &attributes, (char *const *)argv, environ) == 0 ? wait_for(pid) : NOT_FOUND;
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    posix_spawnattr_destroy(&attributes);
    return status;
}

/* The variable's value; NULL: none is set. */
static const char *chosen_editor(void)
{
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");

    return visual != NULL && *visual != '\0' ? visual : editor != NULL && *editor != '\0' ? editor : NULL;
}

static bool run_chosen(const char *value, const char *path, struct error *err)
{
    struct buffer script = { 0 };

    buffer_print(&script, "%s \"$@\"", value);
    int status = run((const char *const[]){ "sh", "-c", script.s, value, path, NULL });
    buffer_free(&script);
    if (status == NOT_FOUND)
        return error_set(err, ERROR_INPUT, "the editor \"%s\" was not found: VISUAL or EDITOR names one. The draft stays as it was", value);
    return status == 0 || error_set(err, ERROR_INPUT, "the editor \"%s\" ended with status %d; the draft stays as it was", value, status);
}

static bool run_editor(const char *path, struct error *err)
{
    static const char *const usual[] = { "editor", "nano", "vi" };
    const char *value = chosen_editor();

    if (value != NULL)
        return run_chosen(value, path, err);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        int status = run((const char *const[]){ usual[i], path, NULL });
        if (status != NOT_FOUND)
            return status == 0 || error_set(err, ERROR_INPUT, "%s ended with status %d; the draft stays as it was", usual[i], status);
    }
    return error_set(err, ERROR_INPUT, "no editor was found: VISUAL or EDITOR names one (editor, nano and vi were looked for)");
}

static size_t trimmed(const char *text, size_t n)
{
    while (n > 0 && strchr("\r\n", text[n - 1]) != NULL)
        n--;
    return n;
}

bool external_edit(const char *text, const struct external_terminal *terminal, char **edited, struct error *err)
{
    struct buffer path = { 0 }, written = { 0 };
    char *folder = make_folder(text, &path, err);

    *edited = NULL;
    if (folder == NULL) {
        buffer_free(&path);
        return false;
    }
    terminal->suspend();
    bool good = run_editor(path.s, err);
    terminal->resume();
    good = good && read_file(path.s, &written, err);
    remove_folder(folder);
    size_t n = trimmed(buffer_text(&written), written.n);
    if (good && (n != trimmed(text, strlen(text)) || memcmp(buffer_text(&written), text, n) != 0)) {
        buffer_remove(&written, n, written.n - n);
        *edited = text_copy(buffer_text(&written));
    }
    buffer_free(&written);
    buffer_free(&path);
    free(folder);
    return good;
}
