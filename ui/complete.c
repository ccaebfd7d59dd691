/* complete.c - candidates for what stands before the cursor.
 *
 *   /NAME            commands          /COMMAND ARGUMENT   by the command's kind
 *   @PATH            files             /PATH ~/PATH        files: a path alone is attached
 *
 * A file is put as it was begun: in quotes, or with backslashes (ui/paths.h). */
#include "ui/complete.h"

#include "base/utf8.h"
#include "ui/paths.h"
#include "ui/settings.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void complete_close(struct complete *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->items[i].text);
        free(c->items[i].shown);
    }
    free(c->items);
    buffer_free(&c->typed);
    buffer_free(&c->common);
    *c = (struct complete){ 0 };
}

/* Takes both strings over. */
static void add(struct complete *c, char *text, char *shown)
{
    c->items = array_grow(c->items, c->n, &c->capacity, sizeof *c->items);
    c->items[c->n++] = (struct candidate){ text, shown };
}

static bool begins(const char *word, const char *typed, size_t n)
{
    return strncmp(word, typed, n) == 0;
}

/* Bytes that both begin with, whole characters. */
static size_t shared(const char *a, const char *b, size_t n)
{
    size_t i = 0;

    while (i < n && a[i] == b[i] && a[i] != '\0')
        i++;
    while (i > 0 && ((unsigned char)a[i] & 0xC0) == 0x80)
        i--;
    return i;
}

/* ---- words ------------------------------------------------------------------------ */

static void share_words(struct complete *c)
{
    size_t n = c->n > 0 ? strlen(c->items[0].text) : 0;

    for (size_t i = 1; i < c->n; i++)
        n = shared(c->items[0].text, c->items[i].text, n);
    if (c->n > 0)
        buffer_append(&c->common, c->items[0].text, n);
}

static void add_word(struct complete *c, const char *word, size_t n, const char *end)
{
    struct buffer text = { 0 };

    buffer_append(&text, word, n);
    char *shown = text_copy(buffer_text(&text));
    buffer_append(&text, end, strlen(end));
    add(c, text.s, shown);
}

/* typed[n]: what the word must begin with. */
static void find_words(struct complete *c, const char *words, const char *typed, size_t n)
{
    for (const char *word = words; word != NULL && *(word += strspn(word, " ")) != '\0'; word += strcspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (length >= n && begins(word, typed, n))
            add_word(c, word, length, "");
    }
    share_words(c);
}

static void find_commands(struct complete *c, const char *typed, size_t n, const struct complete_sources *sources)
{
    const struct complete_command *command;

    for (size_t i = 0; (command = sources->command(i)) != NULL; i++)
        if (begins(command->name, typed, n))
            add_word(c, command->name, strlen(command->name), command->argument != COMPLETE_NONE ? " " : "");
    share_words(c);
}

/* Those that are here come first: the others can only be pulled. */
static void add_names(struct complete *c, const char *typed, size_t n, const struct engine *engine,
                      const char *(*name_at)(void *self, size_t i, bool *present))
{
    const char *name;
    bool present;

    for (int wanted = 1; wanted >= 0; wanted--)
        for (size_t i = 0; (name = name_at(engine->self, i, &present)) != NULL; i++) {
            if (present != (wanted == 1) || !begins(name, typed, n))
                continue;
            struct buffer shown = { 0 };
            buffer_print(&shown, "%s%s", name, present ? "" : " (not here)");
            add(c, text_copy(name), shown.s);
        }
    share_words(c);
}

static void find_models(struct complete *c, const char *typed, size_t n, const struct engine *engine)
{
    add_names(c, typed, n, engine, engine->model_name);
}

/* How pictures are told, then who may look. */
static void find_eyes(struct complete *c, const char *typed, size_t n, const struct engine *engine)
{
    static const char *const ways[] = { "auto", "words", "rows" };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (begins(ways[i], typed, n))
            add(c, text_copy(ways[i]), text_copy(ways[i]));
    add_names(c, typed, n, engine, engine->pair_name);
}

/* ---- files ------------------------------------------------------------------------ */

/* How a name is written behind what was begun: quote is ', " or NUL. */
static void put_name(struct buffer *to, const char *name, size_t n, char quote)
{
    for (size_t i = 0; i < n; i++) {
        if (quote == '\'' && name[i] == '\'')
            buffer_print(to, "'\\'");
        else if (quote != '\'' && strchr(quote == '"' ? "\"\\$`" : " \\'\"", name[i]) != NULL)
            buffer_print(to, "\\");
        buffer_append(to, name + i, 1);
    }
}

static void take_name(struct buffer *to, const char *typed, size_t n, char quote)
{
    for (size_t i = 0; i < n; i++) {
        if (typed[i] == '\\' && quote != '\'' && i + 1 < n)
            i++;
        buffer_append(to, typed + i, 1);
    }
}

/* A name that the draft can hold and a person can read. */
static bool is_writable(const char *name)
{
    for (const char *s = name; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7F)
            return false;
    return utf8_valid(name, strlen(name));
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct candidate *)a)->shown, ((const struct candidate *)b)->shown);
}

static void add_file(struct complete *c, int folder_fd, const char *name, char quote)
{
    struct buffer text = { 0 }, shown = { 0 };
    struct stat st;
    bool is_folder = fstatat(folder_fd, name, &st, 0) == 0 && S_ISDIR(st.st_mode);

    put_name(&text, name, strlen(name), quote);
    if (is_folder || quote != '\0')
        buffer_append(&text, is_folder ? "/" : &quote, 1);
    buffer_print(&shown, "%s%s", name, is_folder ? "/" : "");
    add(c, text.s, shown.s);
}

static char *folder_of(const char *typed, size_t n, char quote)
{
    struct buffer text = { 0 };
    struct paths paths;

    buffer_append(&text, typed, n);
    if (quote != '\0')
        buffer_append(&text, &quote, 1);
    paths_parse(buffer_text(&text), &paths);
    char *folder = text_copy(n > (quote != '\0') && paths.n == 1 ? paths.items[0] : ".");
    paths_free(&paths);
    buffer_free(&text);
    return folder;
}

/* The names are compared as they are: a backslash is not shared without what it stands before. */
static void share_names(struct complete *c, char quote)
{
    size_t n = c->n > 0 ? strlen(c->items[0].shown) : 0;

    for (size_t i = 1; i < c->n; i++)
        n = shared(c->items[0].shown, c->items[i].shown, n);
    if (c->n == 1)
        buffer_print(&c->common, "%s", c->items[0].text);
    if (c->n < 2)
        return;
    put_name(&c->common, c->items[0].shown, n, quote);
    qsort(c->items, c->n, sizeof *c->items, compare);
}

/* What was begun: text[start, c->to).  Only its last part is replaced. */
static void find_files(struct complete *c, const char *text, size_t start)
{
    char quote = text[start] == '\'' || text[start] == '"' ? text[start] : '\0';
    size_t name_start = c->to;
    struct buffer begun = { 0 };

    while (name_start > start + (quote != '\0') && text[name_start - 1] != '/')
        name_start--;
    c->from = name_start;
    take_name(&begun, text + name_start, c->to - name_start, quote);
    char *folder = folder_of(text + start, name_start - start, quote);
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        if (begins(entry->d_name, buffer_text(&begun), begun.n) && (entry->d_name[0] != '.' || begun.n > 0) &&
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && is_writable(entry->d_name))
            add_file(c, dirfd(dir), entry->d_name, quote);
    if (dir != NULL)
        closedir(dir);
    share_names(c, quote);
    if (quote != '\0' && text[c->to] == quote)      /* the closing one is there already */
        c->to++;
    free(folder);
    buffer_free(&begun);
}

/* ---- what is being typed ---------------------------------------------------------- */

/* Start of the shell's word that the text ends in. */
static size_t word_start(const char *text, size_t from, size_t at)
{
    char quote = '\0';
    size_t start = from;

    for (size_t i = from; i < at; i++) {
        if (text[i] == '\\' && quote != '\'')
            i++;
        else if (text[i] == quote)
            quote = '\0';
        else if (quote == '\0' && (text[i] == '\'' || text[i] == '"'))
            quote = text[i];
        else if (quote == '\0' && strchr(" \t\n", text[i]) != NULL)
            start = i + 1;
    }
    return start;
}

/* Where the path of a mention that is being written starts; 0: there is none. */
static size_t mention_start(const char *text, size_t at)
{
    for (size_t i = at; i-- > 0 && at - i < 4096;) {
        char quote = text[i + 1] == '"' || text[i + 1] == '\'' ? text[i + 1] : '\0';
        if (!paths_is_mark(text, i))
            continue;
        if (quote != '\0' && i + 1 < at)
            return memchr(text + i + 2, quote, at - i - 2) == NULL ? i + 1 : 0;
        return word_start(text, i + 1, at) == i + 1 ? i + 1 : 0;
    }
    return 0;
}

static const struct config_row *find_setting(const struct config_row *rows, const char *name, size_t n)
{
    for (; rows->name != NULL; rows++)
        if (strlen(rows->name) == n && memcmp(rows->name, name, n) == 0)
            return rows;
    return NULL;
}

static void find_setting_words(struct complete *c, const char *text, size_t from, const struct complete_sources *sources)
{
    size_t n_name = strcspn(text + from, " ");
    const struct config_row *row = sources->settings;

    if (from + n_name >= c->to) {
        for (; row->name != NULL; row++)
            if (begins(row->name, text + from, c->to - from))
                add_word(c, row->name, strlen(row->name), " ");
        /* And of this conversation, where the settings file has none of that name. */
        for (size_t i = 0; settings_name(i) != NULL; i++)
            if (begins(settings_name(i), text + from, c->to - from) && find_setting(sources->settings, settings_name(i), strlen(settings_name(i))) == NULL)
                add_word(c, settings_name(i), strlen(settings_name(i)), " ");
        share_words(c);
        return;
    }
    row = find_setting(sources->settings, text + from, n_name);
    c->from = from + n_name + strspn(text + from + n_name, " ");
    if (row == NULL || c->from > c->to)
        return;
    if (strcmp(row->name, "model") == 0)
        find_models(c, text + c->from, c->to - c->from, sources->engine);
    else if (strcmp(row->name, "eyes") == 0)
        find_eyes(c, text + c->from, c->to - c->from, sources->engine);
    else
        find_words(c, row->values, text + c->from, c->to - c->from);
}

static bool is_path_begun(const char *s)
{
    return *s == '/' || begins(s, "~/", 2) || begins(s, "./", 2) || begins(s, "../", 3);
}

static void find_argument(struct complete *c, const char *text, const struct complete_command *command, const struct complete_sources *sources)
{
    size_t from = strcspn(text, " ");

    from += strspn(text + from, " ");
    if (from > c->to)
        return;
    c->from = from;
    switch (command->argument) {
    case COMPLETE_NONE: return;
    case COMPLETE_FILE: find_files(c, text, word_start(text, from, c->to)); return;
    case COMPLETE_SETTING: find_setting_words(c, text, from, sources); return;
    case COMPLETE_WORDS: find_words(c, command->words, text + from, c->to - from); return;
    case COMPLETE_EYES:
        if (is_path_begun(text + from))
            find_files(c, text, from);
        else
            find_eyes(c, text + from, c->to - from, sources->engine);
        return;
    case COMPLETE_MODEL:
        if (is_path_begun(text + from))
            find_files(c, text, from);
        else
            find_models(c, text + from, c->to - from, sources->engine);
    }
}

static const struct complete_command *command_of(const char *text, const struct complete_sources *sources)
{
    const struct complete_command *command;
    size_t n = strcspn(text, " ");

    for (size_t i = 0; (command = sources->command(i)) != NULL; i++)
        if (strlen(command->name) == n && memcmp(command->name, text, n) == 0)
            return command;
    return NULL;
}

void complete_find(struct complete *c, const char *text, size_t at, const struct complete_sources *sources)
{
    const struct complete_command *command = text[0] == '/' ? command_of(text, sources) : NULL;
    size_t mention = mention_start(text, at);

    complete_close(c);
    c->to = at;
    if (mention > 0)
        find_files(c, text, mention);
    else if (command != NULL && at > strlen(command->name))
        find_argument(c, text, command, sources);
    else if (text[0] == '/' && at > 0 && memchr(text, ' ', at) == NULL)
        find_commands(c, text, at, sources);
    if (c->n == 0 && command == NULL && mention == 0 && at > 1 && is_path_begun(text) && word_start(text, 0, at) == 0)
        find_files(c, text, 0);
    c->i = c->n;
    if (c->n == 0)
        c->from = c->to = at;
    buffer_append(&c->typed, text + c->from, c->to - c->from);
}
