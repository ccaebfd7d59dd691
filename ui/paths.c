#include "ui/paths.h"

#include "ui/buffer.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
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

/* RFC 8089: file:///path, file://localhost/path, file:/path; percent codes but %00. */
static void decode_uri(struct buffer *path)
{
    size_t skip = 5;

    if (strncmp(path->s + 5, "//", 2) == 0) {
        skip = 7;
        if (strncasecmp(path->s + 7, "localhost/", 10) == 0)
            skip = 16;
    }
    buffer_remove(path, 0, skip);
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
            if (c == '\\' && quote != '\'' && (*s)[1] != '\0' && (*s)[1] != '\n')
                c = *++*s;
            buffer_append(word, &c, 1);
        }
    }
}

/* The whole text as one path, spaces and all. */
static bool parse_whole(const char *text, size_t n, struct paths *paths)
{
    struct buffer whole = { 0 };
    struct paths one = { 0 };

    buffer_append(&whole, text, n);
    add(&one, &whole);
    bool found = one.n == 1 && exists(one.items[0]);
    buffer_free(&whole);
    if (found)
        *paths = one;
    else
        paths_free(&one);
    return found;
}

void paths_parse(const char *text, struct paths *paths)
{
    size_t n;

    *paths = (struct paths){ 0 };
    while (is_blank(*text))
        text++;
    for (n = strlen(text); n > 0 && is_blank(text[n - 1]);)
        n--;
    if (n == 0 || parse_whole(text, n, paths))
        return;
    while (*text != '\0') {
        struct buffer word = { 0 };
        next_word(&text, &word);
        add(paths, &word);
        buffer_free(&word);
        while (is_blank(*text))
            text++;
    }
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool paths_only(const char *text, struct paths *paths)
{
    *paths = (struct paths){ 0 };
    while (is_blank(*text))
        text++;
    const char *first = text + (*text == '\'' || *text == '"');
    if (*first != '/' && *first != '~' && !is_uri(first))
        return false;
    paths_parse(text, paths);
    for (size_t i = 0; i < paths->n; i++)
        if (paths->items[i][0] != '/' || !is_file(paths->items[i])) {
            paths_free(paths);
            return false;
        }
    return paths->n > 0;
}

void paths_free(struct paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free(paths->items[i]);
    free(paths->items);
    *paths = (struct paths){ 0 };
}
