/* tui_commands.c - the chat's commands: one table for running, help and Tab. */
#include "ui/tui.h"

#include "ui/paths.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef void command_run(struct tui *t, const char *argument);

static command_run run_attach, run_details, run_record, run_model, run_clear, run_help, run_quit;

static const struct { const char *name, *argument, *summary; command_run *run; } table[] = {
    { "/attach", "PATH", "attach an image or a clip, as pasting or dropping does", run_attach },
    { "/record", "", "record a clip; Enter stops, Esc cancels", run_record },
    { "/details", "", "everything that was seen and heard", run_details },
    { "/model", "NAME|PATH", "change the model; `mynah models` lists them", run_model },
    { "/clear", "", "forget the conversation and start a new one", run_clear },
    { "/help", "", "this list", run_help },
    { "/quit", "", "leave; the conversation is saved", run_quit },
};
enum { N_COMMANDS = sizeof table / sizeof table[0] };

static void run_attach(struct tui *t, const char *argument)
{
    struct paths paths;

    paths_parse(argument, &paths);
    for (size_t i = 0; i < paths.n; i++)
        tui_attach(t, paths.items[i]);
    if (paths.n == 0)
        tui_hint(t, true, "/attach takes the path of an image or a clip");
    paths_free(&paths);
}

static void trim_newlines(struct buffer *b)
{
    while (b->n > 0 && b->s[b->n - 1] == '\n')
        buffer_remove(b, b->n - 1, 1);
}

static void run_details(struct tui *t, const char *argument)
{
    struct buffer label = { 0 };

    (void)argument;
    buffer_clear(&t->details);
    wrap_reset(&t->details_wrap);
    for (size_t i = 0; i < t->n_perceived; i++) {
        tui_label(t, t->perceived[i], &label);
        buffer_print(&t->details, "%s%s\n%s", i > 0 ? "\n\n" : "", buffer_text(&label),
                     t->engine->attachment(t->perceived[i]).details);
        trim_newlines(&t->details);
    }
    if (t->n_perceived == 0)
        buffer_print(&t->details, "Nothing was attached yet.");
    buffer_free(&label);
    t->details_top = 0;
    t->mode = MODE_DETAILS;
}

static void run_record(struct tui *t, const char *argument)
{
    struct error err;

    (void)argument;
    t->record = record_start(t->microphone, NULL, &err);
    if (t->record == NULL) {
        tui_note(t, ITEM_ERROR, "%s", err.text);
        return;
    }
    t->level = (struct record_level){ 0 };
    t->mode = MODE_RECORDING;
}

static void run_model(struct tui *t, const char *argument)
{
    struct error err;
    struct paths paths;

    if (*argument == '\0') {
        tui_note(t, ITEM_NOTE, "the model is %s; /model NAME changes it, `mynah models` lists the names", t->engine->model);
        return;
    }
    if (t->ask_request != 0 || t->resume != NULL || t->model_request != 0) {
        tui_hint(t, true, "not now: Esc stops what goes on");
        return;
    }
    free(t->old_model);
    t->old_model = text_copy(t->engine->model);
    paths_parse(argument, &paths);
    t->model_request = 0;
    if (paths.n == 1)
        t->model_request = t->engine->use_model(t->engine, paths.items[0], &err);
    else
        error_set(&err, ERROR_USAGE, "/model takes one name or path");
    paths_free(&paths);
    if (t->model_request == 0) {
        tui_note(t, ITEM_ERROR, "%s", err.text);
        return;
    }
    t->ready = t->no_model = false;
    t->tokens_per_s = 0;
    buffer_clear(&t->activity);
    buffer_print(&t->activity, "loading %s", t->engine->model);
}

static void run_clear(struct tui *t, const char *argument)
{
    (void)argument;
    tui_clear(t);
    tui_hint(t, false, "a new conversation");
}

static void run_help(struct tui *t, const char *argument)
{
    struct buffer text = { 0 };

    (void)argument;
    for (size_t i = 0; i < N_COMMANDS; i++) {
        char left[32];
        snprintf(left, sizeof left, "%s %s", table[i].name, table[i].argument);
        buffer_print(&text, "%-18s%s\n", left, table[i].summary);
    }
    buffer_print(&text, "Alt-Enter or C-j starts a new line; Up and Down go through what was written.\n"
                        "C-a C-e C-k C-u C-w C-y edit as in a shell; PgUp and PgDn scroll.\n"
                        "Esc or C-c stops an answer and keeps it; C-c twice or C-d quits.");
    tui_add(t, ITEM_NOTE, buffer_text(&text));
    buffer_free(&text);
}

static void run_quit(struct tui *t, const char *argument)
{
    (void)argument;
    t->quits = true;
}

/* Edits that turn a into b (Levenshtein); names here are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], n = strlen(b);

    if (n + 1 > sizeof row / sizeof row[0])
        return n;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j + 1] = best < diagonal + 1 ? best : diagonal + 1;
        }
    }
    return row[n];
}

static size_t nearest(const char *name)
{
    size_t best = 0;

    for (size_t i = 1; i < N_COMMANDS; i++)
        if (distance(table[i].name, name) < distance(table[best].name, name))
            best = i;
    return best;
}

bool tui_command(struct tui *t, const char *line)
{
    size_t n = strcspn(line, " \t\n");
    char name[40];

    if (memchr(line + 1, '/', n - 1) != NULL || n == 1)     /* a path, a fraction: not for us */
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), line);
    const char *argument = line + n + strspn(line + n, " \t\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(table[i].name, name) != 0)
            continue;
        char *kept = text_copy(argument);
        editor_remember(&t->editor, line);
        editor_set(&t->editor, "");
        table[i].run(t, kept);
        free(kept);
        return true;
    }
    tui_hint(t, true, "%s is no command: did you mean %s?", name, table[nearest(name)].name);
    return true;
}

/* ---- Tab ---------------------------------------------------------------------------- */

/* What all candidates share beyond what was typed. */
struct completion { char common[256]; size_t n; };

static void consider(struct completion *c, const char *candidate)
{
    if (c->n++ == 0) {
        snprintf(c->common, sizeof c->common, "%s", candidate);
        return;
    }
    size_t i = 0;
    while (c->common[i] != '\0' && c->common[i] == candidate[i])
        i++;
    while (i > 0 && ((unsigned char)c->common[i] & 0xC0) == 0x80)   /* not inside a character */
        i--;
    c->common[i] = '\0';
}

static void insert_escaped(struct tui *t, const char *s)
{
    for (; *s != '\0'; s++) {
        if (strchr(" \\'\"", *s) != NULL)
            editor_insert(&t->editor, "\\", 1);
        editor_insert(&t->editor, s, 1);
    }
}

static void complete_file(struct tui *t, const char *typed)
{
    struct paths paths;
    struct completion c = { .n = 0 };
    struct stat st;

    paths_parse(*typed == '\0' ? "./" : typed, &paths);
    char *path = paths.n == 1 ? paths.items[0] : NULL;
    char *slash = path != NULL ? strrchr(path, '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : path != NULL ? path : "";
    char *folder = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : text_copy("./");
    DIR *dir = path != NULL && folder != NULL ? opendir(folder) : NULL;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        if (strncmp(entry->d_name, name, strlen(name)) == 0 && (entry->d_name[0] != '.' || name[0] == '.'))
            consider(&c, entry->d_name);
    if (c.n > 0 && strlen(c.common) >= strlen(name))
        insert_escaped(t, c.common + strlen(name));
    if (c.n == 1) {
        struct buffer whole = { 0 };
        buffer_print(&whole, "%s%s", folder, c.common);
        if (stat(whole.s, &st) == 0 && S_ISDIR(st.st_mode))
            editor_insert(&t->editor, "/", 1);
        buffer_free(&whole);
    } else if (c.n > 1) {
        tui_hint(t, false, "%zu files begin so", c.n);
    }
    if (dir != NULL)
        closedir(dir);
    free(folder);
    paths_free(&paths);
}

void tui_complete(struct tui *t)
{
    const char *text = buffer_text(&t->editor.text);
    struct completion c = { .n = 0 };
    size_t n = t->editor.text.n;

    if (text[0] != '/' || t->editor.at != n)
        return;
    if (strncmp(text, "/attach ", 8) == 0 || strncmp(text, "/model ", 7) == 0) {
        complete_file(t, strchr(text, ' ') + 1);
        return;
    }
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strncmp(table[i].name, text, n) == 0)
            consider(&c, table[i].name);
    if (c.n > 0)
        editor_insert(&t->editor, c.common + n, strlen(c.common + n));
    if (c.n == 1)
        editor_insert(&t->editor, " ", 1);
}
