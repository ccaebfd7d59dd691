#include "ui/transcript_log.h"

#include "ui/buffer.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct transcript_log {
    char *folder;
    char *path;
    FILE *file;                     /* NULL until the first line of a new file */
};

/* mkdir -p, each new folder for the user alone. */
static bool make_folders(char *path, struct error *err)
{
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
        if (!made)
            error_set(err, ERROR_INPUT, "%s: cannot be made: %s", path, strerror(errno));
        if (slash == NULL || !made)
            return made;
        *slash = '/';
    }
}

char *data_folder(const char *name, struct error *err)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    struct buffer path = { 0 };

    if (data != NULL && data[0] == '/')         /* the XDG specification ignores relative ones */
        buffer_print(&path, "%s/mynah/%s", data, name);
    else if (home != NULL && *home != '\0')
        buffer_print(&path, "%s/.local/share/mynah/%s", home, name);
    else {
        error_set(err, ERROR_INPUT, "neither XDG_DATA_HOME nor HOME is set: nowhere to keep %s", name);
        return NULL;
    }
    if (!make_folders(path.s, err)) {
        buffer_free(&path);
        return NULL;
    }
    return path.s;
}

/* ---- reading ---------------------------------------------------------------- */

static const char *string_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void read_user(struct saved *saved, const cJSON *line, const char *text)
{
    const cJSON *file;

    saved->turns = array_grow(saved->turns, saved->n, &saved->capacity, sizeof *saved->turns);
    struct saved_turn *turn = &saved->turns[saved->n++];
    *turn = (struct saved_turn){ .text = text_copy(text) };
    cJSON_ArrayForEach(file, cJSON_GetObjectItemCaseSensitive(line, "attachments")) {
        const char *path = string_of(file, "path"), *sha256 = string_of(file, "sha256");
        if (path == NULL)
            continue;
        turn->files = array_grow(turn->files, turn->n_files, &turn->capacity, sizeof *turn->files);
        turn->files[turn->n_files++] = (struct saved_file){ text_copy(path), text_copy(sha256 != NULL ? sha256 : "") };
    }
}

static void read_line(struct saved *saved, const char *text)
{
    cJSON *line = cJSON_Parse(text);
    const char *role = string_of(line, "role"), *words = string_of(line, "text");
    bool has_question = saved->n > 0 && saved->turns[saved->n - 1].answer == NULL;

    if (role != NULL && words != NULL && strcmp(role, "user") == 0) {
        read_user(saved, line, words);
    } else if (role != NULL && words != NULL && strcmp(role, "assistant") == 0 && has_question) {
        saved->turns[saved->n - 1].answer = text_copy(words);
        saved->turns[saved->n - 1].stopped = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "stopped"));
    } else if (!cJSON_HasObjectItem(line, "mynah")) {
        saved->n_broken++;
    }
    cJSON_Delete(line);
}

/* Reads all lines and leaves the file ready to be written behind. */
static void read_file(FILE *file, struct saved *saved)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    bool whole = true;

    while ((n = getline(&line, &capacity, file)) > 0) {
        whole = line[n - 1] == '\n';
        if (n > 1 || !whole)
            read_line(saved, line);
    }
    free(line);
    fseek(file, 0, SEEK_END);
    if (!whole)
        fputc('\n', file);
}

void saved_free(struct saved *saved)
{
    for (size_t i = 0; i < saved->n; i++) {
        struct saved_turn *turn = &saved->turns[i];
        for (size_t j = 0; j < turn->n_files; j++) {
            free(turn->files[j].path);
            free(turn->files[j].sha256);
        }
        free(turn->files);
        free(turn->text);
        free(turn->answer);
    }
    free(saved->turns);
    *saved = (struct saved){ 0 };
}

/* ---- files ------------------------------------------------------------------ */

/* Clocks of file systems are coarse: of two changed at once the later name is the later file. */
static bool is_later(const struct stat *a, const char *a_path, const struct stat *b, const char *b_path)
{
    if (a->st_mtim.tv_sec != b->st_mtim.tv_sec)
        return a->st_mtim.tv_sec > b->st_mtim.tv_sec;
    if (a->st_mtim.tv_nsec != b->st_mtim.tv_nsec)
        return a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
    return strcmp(a_path, b_path) > 0;
}

/* Path of the session changed last; malloc'd, NULL when there is none. */
static char *find_last(const char *folder)
{
    DIR *dir = opendir(folder);
    struct stat st, latest = { 0 };
    char *last = NULL;

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        size_t n = strlen(entry->d_name);
        struct buffer path = { 0 };
        if (n < 6 || strcmp(entry->d_name + n - 6, ".jsonl") != 0)
            continue;
        buffer_print(&path, "%s/%s", folder, entry->d_name);
        if (stat(path.s, &st) == 0 && S_ISREG(st.st_mode) && (last == NULL || is_later(&st, path.s, &latest, last))) {
            free(last);
            last = path.s;
            latest = st;
        } else {
            buffer_free(&path);
        }
    }
    if (dir != NULL)
        closedir(dir);
    return last;
}

/* Opened and locked, or NULL; errno EWOULDBLOCK: another program writes it. */
static FILE *open_locked(const char *path, int flags)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    FILE *file = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? fdopen(fd, "r+") : NULL;

    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

struct transcript_log *transcript_log_open(const char *folder, bool fresh, struct saved *saved, struct error *err)
{
    struct transcript_log *l = calloc(1, sizeof *l);

    *saved = (struct saved){ 0 };
    if (l == NULL) {
        error_set(err, ERROR_INPUT, "no memory for the conversation's file");
        return NULL;
    }
    l->folder = folder != NULL ? text_copy(folder) : data_folder("sessions", err);
    if (l->folder == NULL) {
        free(l);
        return NULL;
    }
    l->path = fresh ? NULL : find_last(l->folder);
    l->file = l->path != NULL ? open_locked(l->path, 0) : NULL;
    if (l->file != NULL) {
        read_file(l->file, saved);
    } else {
        saved->in_use = l->path != NULL && errno == EWOULDBLOCK;
        free(l->path);
        l->path = NULL;
    }
    return l;
}

static bool write_line(struct transcript_log *l, cJSON *line, struct error *err)
{
    char *text = cJSON_PrintUnformatted(line);
    bool ok = text != NULL && fputs(text, l->file) >= 0 && fputc('\n', l->file) != EOF
           && fflush(l->file) == 0 && fdatasync(fileno(l->file)) == 0;

    free(text);
    cJSON_Delete(line);
    return ok || error_set(err, ERROR_INPUT, "%s: the conversation could not be saved: %s", l->path, strerror(errno));
}

static bool start_file(struct transcript_log *l, struct error *err)
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32], started[32];
    struct buffer path = { 0 };

    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &utc);
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    /* Two in one second, after /clear: numbered. */
    for (int i = 1; l->file == NULL && (i == 1 || errno == EEXIST); i++) {
        buffer_clear(&path);
        buffer_print(&path, "%s/%s-%ld-%d.jsonl", l->folder, stamp, (long)getpid(), i);
        l->file = open_locked(path.s, O_CREAT | O_EXCL);
    }
    free(l->path);
    l->path = path.s;
    if (l->file == NULL)
        return error_set(err, ERROR_INPUT, "%s: the conversation cannot be saved: %s", l->path, strerror(errno));
    cJSON *line = cJSON_CreateObject();
    cJSON_AddNumberToObject(line, "mynah", 1);
    cJSON_AddStringToObject(line, "started", started);
    return write_line(l, line, err);
}

bool transcript_log_user(struct transcript_log *l, const char *text, const struct saved_file *files, size_t n_files, struct error *err)
{
    if (l->file == NULL && !start_file(l, err))
        return false;
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "role", "user");
    cJSON_AddStringToObject(line, "text", text);
    cJSON *list = n_files > 0 ? cJSON_AddArrayToObject(line, "attachments") : NULL;
    for (size_t i = 0; i < n_files; i++) {
        cJSON *file = cJSON_CreateObject();
        cJSON_AddStringToObject(file, "path", files[i].path);
        cJSON_AddStringToObject(file, "sha256", files[i].sha256);
        cJSON_AddItemToArray(list, file);
    }
    return write_line(l, line, err);
}

bool transcript_log_answer(struct transcript_log *l, const char *model, const char *text, bool stopped, struct error *err)
{
    if (l->file == NULL && !start_file(l, err))
        return false;
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "role", "assistant");
    cJSON_AddStringToObject(line, "model", model);
    cJSON_AddStringToObject(line, "text", text);
    if (stopped)
        cJSON_AddTrueToObject(line, "stopped");
    return write_line(l, line, err);
}

bool transcript_log_restart(struct transcript_log *l, struct error *err)
{
    if (l->file != NULL)
        fclose(l->file);
    l->file = NULL;
    return start_file(l, err);
}

const char *transcript_log_path(const struct transcript_log *l)
{
    return l->path;
}

void transcript_log_close(struct transcript_log *l)
{
    if (l == NULL)
        return;
    if (l->file != NULL)
        fclose(l->file);
    free(l->folder);
    free(l->path);
    free(l);
}
