#include "ui/paths.h"

#include "fusion/session.h"
#include "ui/buffer.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

static bool exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

/* Malloc'd; composed, with every kind of space a plain one. */
static char *fold(const char *name)
{
    utf8proc_uint8_t *composed = utf8proc_NFC((const utf8proc_uint8_t *)name);
    char *folded = composed != NULL ? (char *)composed : text_copy(name);
    char *to = folded;

    for (const char *s = folded; *s != '\0';) {
        size_t space = strncmp(s, "\xE2\x80\xAF", 3) == 0 ? 3 : strncmp(s, "\xC2\xA0", 2) == 0 ? 2 : 0;
        *to++ = space > 0 ? ' ' : *s;
        s += space > 0 ? space : 1;
    }
    *to = '\0';
    return folded;
}

/* Replaces the last part of path by the folder's entry that folds alike, if any. */
static bool find_alike(struct buffer *path)
{
    char *slash = strrchr(path->s, '/');
    size_t start = slash != NULL ? (size_t)(slash - path->s) + 1 : 0;
    char *folder = start == 0 ? text_copy(".") : strndup(path->s, start);
    char *wanted = fold(path->s + start);
    DIR *dir = folder != NULL ? opendir(folder) : NULL;
    bool found = false;

    for (struct dirent *entry; dir != NULL && !found && (entry = readdir(dir)) != NULL;) {
        char *name = fold(entry->d_name);
        if (strcmp(name, wanted) == 0) {
            buffer_remove(path, start, path->n - start);
            buffer_append(path, entry->d_name, strlen(entry->d_name));
            found = true;
        }
        free(name);
    }
    if (dir != NULL)
        closedir(dir);
    free(folder);
    free(wanted);
    return found;
}

/* The path as it is on disk: component by component, so that a folder may differ too. */
static void resolve(struct buffer *path)
{
    struct buffer found = { 0 };

    if (exists(path->s))
        return;
    for (const char *s = path->s; *s != '\0';) {
        size_t n = strspn(s, "/");
        n += strcspn(s + n, "/");
        buffer_append(&found, s, n);
        s += n;
        if (!exists(found.s) && !find_alike(&found)) {
            buffer_free(&found);
            return;
        }
    }
    buffer_free(path);
    *path = found;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static bool is_uri(const char *text)
{
    return strncasecmp(text, "file:", 5) == 0;
}

/* RFC 8089: file:///path, file://localhost/path, file://HOST/path of this host, file:/path;
 * percent codes but %00. */
static void decode_uri(struct buffer *path)
{
    const char *rest = path->s + 5;
    char host[256] = "";

    if (strncmp(rest, "//", 2) == 0) {
        size_t n = strcspn(rest += 2, "/");
        gethostname(host, sizeof host - 1);
        if ((n == 9 && strncasecmp(rest, "localhost", n) == 0) || (n > 0 && n == strlen(host) && strncasecmp(rest, host, n) == 0))
            rest += n;
    }
    buffer_remove(path, 0, (size_t)(rest - path->s));
    for (size_t i = 0; i + 2 < path->n; i++) {
        int high = hex_digit(path->s[i + 1]), low = high < 0 ? -1 : hex_digit(path->s[i + 2]);
        if (path->s[i] != '%' || low < 0 || high * 16 + low == 0)
            continue;
        path->s[i] = (char)(high * 16 + low);
        buffer_remove(path, i + 1, 2);
    }
}

static void add(struct paths *paths, struct buffer *token)
{
    const char *home = getenv("HOME");

    if (token->n == 0)
        return;
    if (is_uri(token->s)) {
        decode_uri(token);
    } else if (token->s[0] == '~' && (token->s[1] == '/' || token->s[1] == '\0') && home != NULL) {
        buffer_remove(token, 0, 1);
        buffer_insert(token, 0, home, strlen(home));
    }
    if (token->n > 0)
        resolve(token);
    paths->items = array_grow(paths->items, paths->n, &paths->capacity, sizeof *paths->items);
    paths->items[paths->n++] = text_copy(buffer_text(token));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether a backslash takes the meaning of c away (POSIX 2.2). */
static bool escapes(char c, char quote)
{
    if (quote == '"')
        return c != '\0' && strchr("\"\\$`", c) != NULL;
    return quote == '\0' && c != '\0' && c != '\n';
}

/* One word by the shell's rules: quotes, backslashes.  Moves *s behind it. */
static void next_word(const char **s, struct buffer *word)
{
    char quote = '\0';

    for (; **s != '\0' && (quote != '\0' || !is_blank(**s)); (*s)++) {
        char c = **s;
        if (quote == '\0' && (c == '\'' || c == '"'))
            quote = c;
        else if (c == quote)
            quote = '\0';
        else {
            if (c == '\\' && escapes((*s)[1], quote))
                c = *++*s;
            buffer_append(word, &c, 1);
        }
    }
}

/* text[0..n) as one path, spaces and all. */
static bool parse_whole(const char *text, size_t n, struct paths *paths)
{
    struct buffer whole = { 0 };
    size_t before = paths->n;

    buffer_append(&whole, text, n);
    add(paths, &whole);
    buffer_free(&whole);
    if (paths->n > before && exists(paths->items[before]))
        return true;
    if (paths->n > before)
        free(paths->items[--paths->n]);
    return false;
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static size_t trim(const char **text, size_t n)
{
    while (n > 0 && is_blank(**text)) {
        (*text)++;
        n--;
    }
    while (n > 0 && is_blank((*text)[n - 1]))
        n--;
    return n;
}

/* The words of text[0..n).  files_only: false at the first that is not the absolute path of a file. */
static bool parse_words(const char *text, size_t n, bool files_only, struct paths *paths)
{
    char *copy = strndup(text, n);
    const char *s = copy;
    bool good = true;

    while (good && s != NULL && *(s += strspn(s, " \t\r\n")) != '\0') {
        struct buffer word = { 0 };
        size_t before = paths->n;
        next_word(&s, &word);
        add(paths, &word);
        buffer_free(&word);
        good = !files_only || (paths->n > before && paths->items[before][0] == '/' && is_file(paths->items[before]));
    }
    free(copy);
    return good;
}

/* A line is one path with blanks in it, or words. */
static bool parse_lines(const char *text, bool files_only, struct paths *paths)
{
    for (size_t n; *text != '\0'; text += n) {
        const char *line = text;
        n = strcspn(text, "\n");
        size_t length = trim(&line, n);
        size_t before = paths->n;
        if (length > 0 && !parse_whole(line, length, paths) && !parse_words(line, length, files_only, paths))
            return false;
        if (files_only && paths->n > before && (paths->items[before][0] != '/' || !is_file(paths->items[before])))
            return false;
        n += text[n] == '\n';
    }
    return true;
}

void paths_parse(const char *text, struct paths *paths)
{
    *paths = (struct paths){ 0 };
    parse_lines(text, false, paths);
}

bool paths_only(const char *text, struct paths *paths)
{
    *paths = (struct paths){ 0 };
    text += strspn(text, " \t\r\n");
    const char *first = text + (*text == '\'' || *text == '"');
    if ((*first == '/' || *first == '~' || is_uri(first)) && parse_lines(text, true, paths) && paths->n > 0)
        return true;
    paths_free(paths);
    return false;
}

void paths_free(struct paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free(paths->items[i]);
    free(paths->items);
    *paths = (struct paths){ 0 };
}

char *paths_whole(const char *path)
{
    char *whole = path[0] == '/' ? NULL : realpath(path, NULL);

    return whole != NULL ? whole : text_copy(path);
}

const char *paths_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* ---- mentions ---------------------------------------------------------------------- */

enum { FORM_MOST = 1024 };          /* bytes of a mention; Chinese has no blanks that would end one */

bool paths_is_mark(const char *text, size_t at)
{
    if (text[at] != '@')
        return false;
    return at == 0 || is_blank(text[at - 1]) || strchr("([{\"'", text[at - 1]) != NULL || (unsigned char)text[at - 1] >= 0x80;
}

/* Whether a name may end before this: a sentence goes on, not a name. */
static bool goes_on(const char *rest)
{
    if (*rest == '\0' || is_blank(*rest) || (unsigned char)*rest >= 0x80 || strchr(",;:!?)]}\"'", *rest) != NULL)
        return true;
    size_t n = strspn(rest, ".");
    return n > 0 && (rest[n] == '\0' || is_blank(rest[n]) || strchr(")]}\"'", rest[n]) != NULL);
}

/* Bytes of the form at s as a quoted word, or of a bare word with escaped blanks. */
static size_t form_length(const char *s)
{
    size_t n = 1;

    if (*s == '"' || *s == '\'') {
        for (; s[n] != '\0' && s[n] != *s; n++)
            n += s[n] == '\\' && escapes(s[n + 1], *s);
        return s[n] != '\0' ? n + 1 : 0;
    }
    for (n = 0; s[n] != '\0' && !is_blank(s[n]); n++)
        n += s[n] == '\\' && escapes(s[n + 1], '\0');
    return n;
}

static char *file_of(const char *form, size_t n)
{
    struct paths paths = { 0 };
    char *whole = NULL;

    parse_words(form, n, false, &paths);
    if (paths.n == 1 && is_file(paths.items[0]) && access(paths.items[0], R_OK) == 0)
        whole = paths_whole(paths.items[0]);
    paths_free(&paths);
    return whole;
}

size_t paths_mention(const char *text, size_t at, char **path)
{
    const char *form = text + at + 1;
    bool quoted = *form == '"' || *form == '\'';

    if (!paths_is_mark(text, at))
        return 0;
    size_t most = form_length(form), span = question_span(text, at, NULL, NULL);     /* a time is no name, unless a file has all of it */
    for (size_t n = most < FORM_MOST ? most : FORM_MOST; n > 0 && n + 1 >= span; n--) {
        bool inside = ((unsigned char)form[n] & 0xC0) == 0x80;
        if (!quoted && (inside || !goes_on(form + n)))
            continue;
        *path = file_of(form, n);
        if (*path != NULL || quoted)
            return *path != NULL ? n + 1 : 0;
    }
    return 0;
}

void paths_escape(const char *name, struct buffer *to)
{
    for (; *name != '\0'; name++) {
        if (strchr(" \t\\'\"", *name) != NULL)
            buffer_append(to, "\\", 1);
        buffer_append(to, name, 1);
    }
}
