#include "ui/config.h"

#include "base/file.h"
#include "base/folder.h"
#include "ui/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_BYTES = 1 << 20 };

#define AT(field) offsetof(struct config, field)

static const struct config_row rows[] = {
    { "model", NULL, "text model: a name of `mynah models` or a GGUF file", "default", CONFIG_TEXT, AT(model) },
    { "mode", "full inline plain", "full screen; inline keeps the terminal's scrollback; plain is lines only, for screen readers", "full", CONFIG_WORD, AT(mode) },
    { "theme", CONFIG_THEMES, "colours; auto looks at the terminal's background", "auto", CONFIG_WORD, AT(theme) },
    { "keys", "emacs vi", "keys of the input line", "emacs", CONFIG_WORD, AT(keys) },
    { "mouse", "on off", "the wheel scrolls and a click opens; the terminal's own selection then needs Shift", "off", CONFIG_SWITCH, AT(mouse) },
    { "markdown", "on off", "answers are laid out; off shows them as the model wrote them", "on", CONFIG_SWITCH, AT(markdown) },
    { "preview", "auto kitty sixel blocks off", "how pictures are shown", "auto", CONFIG_WORD, AT(preview) },
    { "microphone", NULL, "part of the name of the device (`mynah doctor` lists them); empty: the system's default", "", CONFIG_TEXT, AT(microphone) },
    { "language", NULL, "language spoken in clips, such as en or ko; empty: detected", "", CONFIG_TEXT, AT(language) },
    { "eyes", NULL, "who looks at pictures for a text model that does not see: a name of `mynah models pair`, a GGUF file, words (nobody); auto: smolvlm-500m if it is here", "auto", CONFIG_TEXT, AT(eyes) },
    { "system", NULL, "system text in place of mynah's own, on one line", "", CONFIG_TEXT, AT(system) },
    { "temperature", NULL, "of sampling: 0 is greedy, auto the task's own", "auto", CONFIG_NUMBER, AT(temperature) },
    { "context", NULL, "tokens that a conversation may take; auto: 8192, or the model's own if less", "auto", CONFIG_COUNT, AT(n_ctx) },
    { "image-rows", NULL, "of a picture that becomes rows by a pair's projector, at most: fewer are sooner looked at; auto: what fits in the context", "auto", CONFIG_COUNT, AT(image_rows) },
    { "kv", CONFIG_KV, "keys and values of the context; q8_0 takes half the memory", "f16", CONFIG_WORD, AT(kv) },
    { "threads", NULL, "auto: one per core", "auto", CONFIG_COUNT, AT(n_threads) },
    { NULL, NULL, NULL, NULL, CONFIG_TEXT, 0 }
};

const struct config_row *config_rows(void)
{
    return rows;
}

static const struct config_row *find(const char *name, size_t n)
{
    for (const struct config_row *row = rows; row->name != NULL; row++)
        if (strlen(row->name) == n && memcmp(row->name, name, n) == 0)
            return row;
    return NULL;
}

static bool unknown(struct error *err, const char *name, size_t n)
{
    struct buffer names = { 0 };

    for (const struct config_row *row = rows; row->name != NULL; row++)
        buffer_print(&names, "%s%s", row == rows ? "" : ", ", row->name);
    error_set(err, ERROR_USAGE, "'%.*s' is no setting; there are %s", (int)n, name, names.s);
    buffer_free(&names);
    return false;
}

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = words; n > 0 && strchr(word, ' ') == NULL && (at = strstr(at, word)) != NULL; at++)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

static void set_text(struct config *c, const struct config_row *row, const char *value)
{
    char **field = (char **)((char *)c + row->field);
    char *copy = text_copy(value);

    free(*field);
    *field = copy;
}

static bool set_number(struct config *c, const struct config_row *row, const char *value, struct error *err)
{
    bool is_auto = strcmp(value, "auto") == 0;
    char *end = NULL;
    double number = is_auto ? -1 : strtod(value, &end);
    bool is_count = row->kind == CONFIG_COUNT;

    if (!is_auto && (end == value || *end != '\0' || !isfinite(number) || number < (is_count ? 1 : 0)
                     || (is_count && (number > 1u << 30 || number != floor(number)))))
        return error_set(err, ERROR_USAGE, "%s takes a %s or auto, not '%s'", row->name,
                         is_count ? "whole number of 1 or more" : "number of 0 or more", value);
    if (is_count)
        *(size_t *)((char *)c + row->field) = is_auto ? 0 : (size_t)number;
    else
        *(double *)((char *)c + row->field) = number;
    return true;
}

static bool assign(struct config *c, const struct config_row *row, const char *value, struct error *err)
{
    if (row->values != NULL && !has_word(row->values, value))
        return error_set(err, ERROR_USAGE, "%s takes one of %s, not '%s'", row->name, row->values, value);
    if (row->kind == CONFIG_TEXT && *value == '\0' && *row->fallback != '\0')
        return error_set(err, ERROR_USAGE, "%s takes a value, such as %s", row->name, row->fallback);
    if (value[strcspn(value, "\n")] != '\0')
        return error_set(err, ERROR_USAGE, "%s takes one line", row->name);
    if (row->kind == CONFIG_NUMBER || row->kind == CONFIG_COUNT)
        return set_number(c, row, value, err);
    if (row->kind == CONFIG_SWITCH)
        *(bool *)((char *)c + row->field) = strcmp(value, "on") == 0;
    else
        set_text(c, row, value);
    return true;
}

void config_init(struct config *c)
{
    *c = (struct config){ 0 };
    for (const struct config_row *row = rows; row->name != NULL; row++)
        assign(c, row, row->fallback, NULL);
}

void config_done(struct config *c)
{
    for (const struct config_row *row = rows; row->name != NULL; row++)
        if (row->kind == CONFIG_TEXT || row->kind == CONFIG_WORD)
            free(*(char **)((char *)c + row->field));
    *c = (struct config){ 0 };
}

char *config_value(const struct config *c, const char *name)
{
    const struct config_row *row = find(name, strlen(name));
    const void *field = row != NULL ? (const char *)c + row->field : NULL;
    struct buffer text = { 0 };

    if (row == NULL)
        return NULL;
    if (row->kind == CONFIG_TEXT || row->kind == CONFIG_WORD)
        return text_copy(*(char *const *)field);
    if (row->kind == CONFIG_SWITCH)
        return text_copy(*(const bool *)field ? "on" : "off");
    if (row->kind == CONFIG_NUMBER && *(const double *)field >= 0)
        buffer_print(&text, "%.15g", *(const double *)field);
    else if (row->kind == CONFIG_COUNT && *(const size_t *)field > 0)
        buffer_print(&text, "%zu", *(const size_t *)field);
    else
        buffer_print(&text, "auto");
    return text.s;
}

/* ---- the file ------------------------------------------------------------------ */

char *config_path(struct error *err)
{
    char *folder = folder_config("", err);
    struct buffer path = { 0 };

    if (folder == NULL)
        return NULL;
    buffer_print(&path, "%s/config", folder);
    free(folder);
    return path.s;
}

/* A line of the file: `name = value`, its parts [n] of the text.  name NULL: a comment, or blank.
 * A comment that would be a setting without its '#' has a name when wanted. */
struct line { const char *name, *value; size_t n_name, n_value; bool has_value, is_comment; };

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct line read_line(const char *s, size_t n)
{
    struct line line = { 0 };
    const char *end = s + n;

    while (s < end && (blank(*s) || *s == '#')) {
        line.is_comment = line.is_comment || *s == '#';
        s++;
    }
    while (end > s && blank(end[-1]))
        end--;
    const char *equals = memchr(s, '=', (size_t)(end - s));
    line.has_value = equals != NULL;
    line.name = s;
    line.n_name = (size_t)((equals != NULL ? equals : end) - s);
    while (line.n_name > 0 && blank(s[line.n_name - 1]))
        line.n_name--;
    line.value = equals != NULL ? equals + 1 : end;
    while (line.value < end && blank(*line.value))
        line.value++;
    line.n_value = (size_t)(end - line.value);
    return line;
}

static bool take_line(struct config *c, const char *s, size_t n, struct error *err)
{
    struct line line = read_line(s, n);
    const struct config_row *row = find(line.name, line.n_name);

    if (line.is_comment || (line.n_name == 0 && !line.has_value))
        return true;
    if (memchr(s, '\0', n) != NULL)
        return error_set(err, ERROR_USAGE, "the line holds a NUL byte; settings are text");
    if (!line.has_value)
        return error_set(err, ERROR_USAGE, "'%.*s' is no setting: `name = value` was expected", (int)line.n_name, line.name);
    if (row == NULL)
        return unknown(err, line.name, line.n_name);
    char *value = strndup(line.value, line.n_value);
    bool ok = value != NULL && assign(c, row, value, err);
    free(value);
    return ok;
}

/* The whole file, malloc'd.  NULL without an error: there is none, or it is empty. */
static char *read_file(const char *path, size_t *n, struct error *err)
{
    struct stat st;

    *n = 0;
    err->code = ERROR_NONE;
    if ((stat(path, &st) != 0 && errno == ENOENT) || (S_ISREG(st.st_mode) && st.st_size == 0))
        return NULL;
    return (char *)file_read(path, CONFIG_BYTES, n, err);
}

static void problem(struct config *c, const struct error *why, const char *path, size_t number)
{
    if (c->n_problems++ > 0)
        return;
    if (number == 0)
        c->problems = *why;
    else
        error_set(&c->problems, why->code, "%s:%zu: %s", path, number, why->text);
}

static void load(struct config *c, const char *path)
{
    static const char mark[] = "\xEF\xBB\xBF";      /* a byte order mark, which some editors write */
    struct error err = { 0 };
    size_t n, at = 0;
    char *text = read_file(path, &n, &err);

    if (text == NULL && err.code != ERROR_NONE)
        problem(c, &err, path, 0);
    if (n >= 3 && memcmp(text, mark, 3) == 0)
        at = 3;
    for (size_t number = 1; at < n; number++) {
        const char *newline = memchr(text + at, '\n', n - at);
        size_t length = newline != NULL ? (size_t)(newline - (text + at)) : n - at;
        if (!take_line(c, text + at, length, &err))
            problem(c, &err, path, number);
        at += length + 1;
    }
    free(text);
}

void config_load(struct config *c, const char *path)
{
    struct error err = { 0 };
    char *place = path != NULL ? text_copy(path) : config_path(&err);

    /* Without a folder for settings there are none, which config_set would tell. */
    if (place != NULL)
        load(c, place);
    free(place);
}

static void template(struct buffer *text)
{
    buffer_print(text, "# mynah's settings, `name = value` a line.  A line that begins with # does not count:\n"
                       "# take the # away to change a setting.  What the command line says wins.\n"
                       "# /set NAME VALUE in the chat changes a line here and leaves the others as they are.\n");
    for (const struct config_row *row = rows; row->name != NULL; row++) {
        buffer_print(text, "\n# %s\n", row->summary);
        if (row->values != NULL)
            buffer_print(text, "# one of: %s\n", row->values);
        buffer_print(text, "# %s =%s%s\n", row->name, *row->fallback != '\0' ? " " : "", row->fallback);
    }
}

/* Written beside it and renamed, so that a crash or a full disk leaves the old file whole.  What a
 * symbolic link points to is replaced, not the link. */
static bool replace_file(const char *path, const char *text, size_t n, struct error *err)
{
    struct stat st;
    char *target = realpath(path, NULL), *temporary = NULL;

    if (target == NULL && lstat(path, &st) == 0)
        return error_set(err, ERROR_INPUT, "%s: is a link to a file that is not there; remove the link or make that file", path);
    if (target == NULL)
        target = text_copy(path);
    if (asprintf(&temporary, "%s.XXXXXX", target) < 0) {
        free(target);
        return error_set(err, ERROR_INPUT, "%s: no memory for its name", path);
    }
    int fd = mkostemp(temporary, O_CLOEXEC);        /* 0600 */
    bool ok = fd >= 0 && (file_write_all(fd, text, n) && fsync(fd) == 0) && rename(temporary, target) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && !ok)
        unlink(temporary);
    free(temporary);
    free(target);
    return ok || error_set(err, ERROR_INPUT, "%s: cannot be written: %s", path, strerror(why));
}

bool config_write_new(const char *path, struct error *err)
{
    struct stat st;
    struct buffer text = { 0 };

    if (lstat(path, &st) == 0)
        return true;
    template(&text);
    bool ok = replace_file(path, text.s, text.n, err);
    buffer_free(&text);
    return ok;
}

/* Where the setting's line is: the last that counts, else the first that is commented out;
 * *n its length.  SIZE_MAX: nowhere. */
static size_t find_line(const char *text, size_t n_text, const struct config_row *row, size_t *n)
{
    size_t found = SIZE_MAX, length;

    for (size_t at = 0; at < n_text; at += length + 1) {
        const char *newline = memchr(text + at, '\n', n_text - at);
        length = newline != NULL ? (size_t)(newline - (text + at)) : n_text - at;
        struct line line = read_line(text + at, length);
        if (!line.has_value || find(line.name, line.n_name) != row || (line.is_comment && found != SIZE_MAX))
            continue;
        found = at;
        *n = length;
    }
    return found;
}

static bool set_in_file(const char *path, const struct config_row *row, const char *value, struct error *err)
{
    struct error why = { 0 };
    struct buffer text = { 0 }, line = { 0 };
    size_t n, n_line = 0;
    char *old = read_file(path, &n, &why);

    if (old == NULL && why.code != ERROR_NONE) {
        *err = why;
        return false;
    }
    if (old != NULL)
        buffer_append(&text, old, n);
    else
        template(&text);
    free(old);
    buffer_print(&line, "%s =%s%s", row->name, *value != '\0' ? " " : "", value);
    size_t at = find_line(text.s, text.n, row, &n_line);
    if (at == SIZE_MAX) {
        if (text.n > 0 && text.s[text.n - 1] != '\n')
            buffer_append(&text, "\n", 1);
        at = text.n;
        buffer_append(&line, "\n", 1);
    }
    buffer_remove(&text, at, n_line);
    buffer_insert(&text, at, line.s, line.n);
    bool ok = replace_file(path, text.s, text.n, err);
    buffer_free(&text);
    buffer_free(&line);
    return ok;
}

/* As it will be read back. */
static char *trimmed(const char *value)
{
    size_t n;

    while (blank(*value))
        value++;
    for (n = strlen(value); n > 0 && blank(value[n - 1]);)
        n--;
    char *copy = text_copy(value);
    copy[n] = '\0';
    return copy;
}

bool config_set(struct config *c, const char *path, const char *name, const char *value, struct error *err)
{
    const struct config_row *row = find(name, strlen(name));

    if (row == NULL)
        return unknown(err, name, strlen(name));
    char *kept = trimmed(value), *place = NULL;
    bool ok = assign(c, row, kept, err) && (place = path != NULL ? text_copy(path) : config_path(err)) != NULL
              && set_in_file(place, row, kept, err);
    free(place);
    free(kept);
    return ok;
}
