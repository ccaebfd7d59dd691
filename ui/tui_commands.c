/* tui_commands.c - the chat's commands: one table for running, help and completion. */
#include "ui/tui.h"

#include "ui/export.h"
#include "ui/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void chat_command(struct tui *t, const char *argument);

static chat_command run_attach, run_files, run_record, run_listen, run_microphone, run_play, run_details, run_paste, run_model, run_eyes, run_lora, run_set, run_system, run_sessions, run_rename,
    run_export, run_new, run_find, run_edit, run_regenerate, run_retry, run_continue, run_delete, run_copy, run_code, run_fold, run_facts, run_editor, run_help, run_quit;

static const struct { struct complete_command command; const char *argument, *summary; chat_command *run; } table[] = {
    { { "/attach", COMPLETE_FILE, NULL }, "PATH", "attach images and clips, as pasting or dropping does", run_attach },
    { { "/files", COMPLETE_NONE, NULL }, "", "choose files to attach", run_files },
    { { "/record", COMPLETE_NONE, NULL }, "", "record a clip; Enter stops, Esc cancels", run_record },
    { { "/listen", COMPLETE_NONE, NULL }, "", "record with captions of what is being said", run_listen },
    { { "/microphone", COMPLETE_NONE, NULL }, "", "choose the microphone", run_microphone },
    { { "/play", COMPLETE_NONE, NULL }, "CLIP @SPAN", "play the last clip, or the one named, or a span of it: /play @1:20-2:05", run_play },
    { { "/details", COMPLETE_NONE, NULL }, "", "everything that was seen and heard", run_details },
    { { "/paste", COMPLETE_NONE, NULL }, "", "open a pasted chip into the draft", run_paste },
    { { "/model", COMPLETE_MODEL, NULL }, "NAME|PATH", "change the model", run_model },
    { { "/eyes", COMPLETE_EYES, NULL }, "NAME|PATH", "who looks at pictures for a model that does not see; words: nobody", run_eyes },
    { { "/lora", COMPLETE_NONE, NULL }, "NAME SCALE", "list the adapters, or change how much of one is taken; 0 is off", run_lora },
    { { "/set", COMPLETE_SETTING, NULL }, "NAME VALUE", "sampling of this conversation, or a setting of mynah", run_set },
    { { "/system", COMPLETE_NONE, NULL }, "TEXT", "what the model is told about itself in this conversation", run_system },
    { { "/new", COMPLETE_NONE, NULL }, "", "start a new conversation; this one is kept", run_new },
    { { "/clear", COMPLETE_NONE, NULL }, "", "the same as /new", run_new },
    { { "/sessions", COMPLETE_NONE, NULL }, "", "earlier conversations: open, search, rename, delete, export", run_sessions },
    { { "/rename", COMPLETE_NONE, NULL }, "TITLE", "name this conversation", run_rename },
    { { "/export", COMPLETE_FILE, NULL }, "[PATH]", "write this conversation as Markdown; transcript srt PATH: what is said in the last clip", run_export },
    { { "/find", COMPLETE_NONE, NULL }, "TEXT", "search this conversation", run_find },
    { { "/edit", COMPLETE_NONE, NULL }, "", "edit the last question; the earlier one is kept beside it", run_edit },
    { { "/regenerate", COMPLETE_NONE, NULL }, "", "another answer to the last question, beside this one", run_regenerate },
    { { "/retry", COMPLETE_NONE, NULL }, "", "ask again after an error", run_retry },
    { { "/continue", COMPLETE_NONE, NULL }, "", "go on with an answer that was stopped or cut", run_continue },
    { { "/delete", COMPLETE_NONE, NULL }, "", "delete the last question and its answer", run_delete },
    { { "/copy", COMPLETE_NONE, NULL }, "", "copy the last answer", run_copy },
    { { "/code", COMPLETE_NONE, NULL }, "", "copy the last code block", run_code },
    { { "/fold", COMPLETE_NONE, NULL }, "", "fold or unfold the last answer", run_fold },
    { { "/facts", COMPLETE_NONE, NULL }, "", "model, tokens, speed and seed of the last answer", run_facts },
    { { "/editor", COMPLETE_NONE, NULL }, "", "write the draft in your editor ($EDITOR)", run_editor },
    { { "/help", COMPLETE_NONE, NULL }, "", "keys and commands", run_help },
    { { "/quit", COMPLETE_NONE, NULL }, "", "leave; the conversation is saved", run_quit },
};
enum { N_COMMANDS = sizeof table / sizeof table[0] };

static void run_attach(struct tui *t, const char *argument)
{
    struct paths paths;

    paths_parse(argument + (argument[0] == '@'), &paths);
    for (size_t i = 0; i < paths.n; i++)
        tui_attach(t, paths.items[i]);
    if (paths.n == 0)
        tui_open_files(t);
    paths_free(&paths);
}

#define WITHOUT_ARGUMENT(name, call) \
    static void name(struct tui *t, const char *argument) { (void)argument; call; }
WITHOUT_ARGUMENT(run_files, tui_open_files(t))
WITHOUT_ARGUMENT(run_record, tui_record(t))
WITHOUT_ARGUMENT(run_listen, tui_listen(t))
WITHOUT_ARGUMENT(run_microphone, tui_open_microphones(t))
WITHOUT_ARGUMENT(run_details, tui_open_details(t, NULL))
WITHOUT_ARGUMENT(run_sessions, tui_open_sessions(t))
WITHOUT_ARGUMENT(run_new, tui_new_session(t))
WITHOUT_ARGUMENT(run_edit, tui_edit_turn(t, tui_current_turn(t)))
WITHOUT_ARGUMENT(run_regenerate, tui_regenerate(t, tui_current_turn(t)))
WITHOUT_ARGUMENT(run_retry, tui_regenerate(t, talk_head_id(&t->talk)))
WITHOUT_ARGUMENT(run_continue, tui_continue(t))
WITHOUT_ARGUMENT(run_delete, tui_delete_turn(t, tui_current_turn(t)))
WITHOUT_ARGUMENT(run_copy, tui_copy(t, tui_current_turn(t), false))
WITHOUT_ARGUMENT(run_code, tui_copy(t, tui_current_turn(t), true))
WITHOUT_ARGUMENT(run_fold, tui_fold(t))
WITHOUT_ARGUMENT(run_editor, t->wishes.editor = true)
WITHOUT_ARGUMENT(run_help, tui_open_help(t))
WITHOUT_ARGUMENT(run_quit, t->quits = true)

static void run_play(struct tui *t, const char *argument)
{
    tui_play(t, argument);
}

static void run_facts(struct tui *t, const char *argument)
{
    struct buffer text = { 0 };

    (void)argument;
    tui_facts(t, tui_current_turn(t), &text);
    if (text.n == 0)
        buffer_print(&text, "There is no answer yet.");
    tui_open_text(t, "facts", &text);
}

/* A long paste becomes text again. */
static void run_paste(struct tui *t, const char *argument)
{
    (void)argument;
    if (!draft_open_paste(&t->draft))
        tui_hint(t, true, "nothing long was pasted");
}

static void list_models(struct tui *t)
{
    struct buffer text = { 0 };
    const char *name;
    bool present;

    buffer_print(&text, "the model is %s; /model NAME or PATH changes it:", t->engine->model);
    for (size_t i = 0; (name = t->engine->model_name(t->engine->self, i, &present)) != NULL; i++)
        buffer_print(&text, "\n%s%s", name, present ? "" : " (not here: `mynah pull` fetches it)");
    tui_note(t, ITEM_NOTE, "%s", buffer_text(&text));
    buffer_free(&text);
}

static void run_model(struct tui *t, const char *argument)
{
    struct error err;
    struct paths paths;

    if (*argument == '\0') {
        list_models(t);
        return;
    }
    if (!tui_is_idle(t))
        return;
    paths_parse(argument, &paths);
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
    tui_set_activity(t, "loading %s", t->engine->model);
}

static void run_eyes(struct tui *t, const char *argument)
{
    struct buffer said = { 0 };

    if (*argument != '\0' && !tui_is_idle(t))
        return;
    bool good = eyes_command(t->engine, argument, &t->eyes_request, &said);
    if (said.n > 0)
        tui_note(t, good ? ITEM_NOTE : ITEM_ERROR, "%s", buffer_text(&said));
    buffer_free(&said);
}

static void run_lora(struct tui *t, const char *argument)
{
    struct buffer said = { 0 };
    bool good = loras_command(&t->loras, t->engine, argument, &said);

    tui_note(t, good ? ITEM_NOTE : ITEM_ERROR, "%s", buffer_text(&said));
    buffer_free(&said);
}

/* ---- settings --------------------------------------------------------------------------- */

static void list_settings(struct tui *t)
{
    struct buffer text = { 0 };

    buffer_print(&text, "Of this conversation\n");
    settings_list(&t->settings, &text);
    buffer_print(&text, "\nOf mynah, kept in its configuration file\n");
    for (const struct config_row *row = config_rows(); row->name != NULL; row++) {
        char *value = config_value(t->config, row->name);
        buffer_print(&text, "%-20s%s  (%s)\n", row->name, value != NULL && *value != '\0' ? value : "default", row->summary);
        free(value);
    }
    tui_open_text(t, "settings", &text);
}

static bool is_config(const char *name)
{
    const struct config_row *row = config_rows();

    while (row->name != NULL && strcmp(row->name, name) != 0)
        row++;
    return row->name != NULL;
}

static void set_config(struct tui *t, const char *name, const char *value)
{
    struct error err;

    if (!is_config(name)) {
        tui_hint(t, true, "'%s' is no setting: /set alone lists them", name);
        return;
    }
    if (!config_set(t->config, NULL, name, value, &err)) {
        tui_hint(t, true, "%s", err.text);
        return;
    }
    t->view.plain = !t->config->markdown;
    for (size_t i = 0; strcmp(name, "markdown") == 0 && i < t->view.n_items; i++)
        page_reset(&t->view.items[i].page);
    editor_set_vi(&t->draft.editor, strcmp(t->config->keys, "vi") == 0);
    t->wishes.theme = strcmp(name, "theme") == 0;
    t->wishes.mouse = strcmp(name, "mouse") == 0;
    tui_hint(t, false, "%s is %s, also next time", name, value);
    if (strcmp(name, "eyes") == 0)
        run_eyes(t, t->config->eyes);
}

static void run_set(struct tui *t, const char *argument)
{
    struct error err;
    size_t n = strcspn(argument, " ");
    char *name = strndup(argument, n);
    const char *value = argument + n + strspn(argument + n, " ");

    if (name == NULL)
        abort();
    if (*name == '\0')
        list_settings(t);
    else if (!settings_set(&t->settings, name, value, &err))
        set_config(t, name, value);
    else if (err.code != ERROR_NONE)
        tui_hint(t, true, "%s", err.text);
    else {
        settings_keep(&t->settings, &t->talk);
        tui_hint(t, false, "%s is %s in this conversation", name, *value != '\0' ? value : "default");
    }
    free(name);
}

static void run_system(struct tui *t, const char *argument)
{
    struct error err;

    if (*argument == '\0') {
        tui_note(t, ITEM_NOTE, "the system text is %s; /system TEXT changes it, /system default takes mynah's own",
                 t->settings.system != NULL ? t->settings.system : "mynah's own");
        return;
    }
    settings_set(&t->settings, "system", argument, &err);
    settings_keep(&t->settings, &t->talk);
    tui_hint(t, false, "the model is told so from the next question on");
}

/* ---- sessions ------------------------------------------------------------------------------ */

static bool has_session(struct tui *t)
{
    if (t->sessions != NULL && t->talk.session != 0 && t->talk.n_turns > 0)
        return true;
    tui_hint(t, true, "this conversation has no turn yet");
    return false;
}

static void run_rename(struct tui *t, const char *argument)
{
    struct error err;

    if (!has_session(t))
        return;
    if (*argument == '\0')
        tui_hint(t, true, "/rename takes a title");
    else if (talk_rename(&t->talk, argument, &err))
        tui_hint(t, false, "renamed");
    else
        tui_note(t, ITEM_ERROR, "%s", err.text);
}

static void run_export(struct tui *t, const char *argument)
{
    struct error err;
    struct paths paths;

    paths_parse(argument, &paths);
    if (paths.n > 0 && strcmp(paths.items[0], "transcript") == 0) {
        tui_export_transcript(t, paths.n > 1 ? paths.items[1] : "", paths.n > 2 ? paths.items[2] : NULL);
        paths_free(&paths);
        return;
    }
    if (!has_session(t)) {
        paths_free(&paths);
        return;
    }
    char *text = sessions_markdown(t->sessions, t->talk.session, &err);
    char *path = text == NULL ? NULL : paths.n == 0 ? export_markdown(talk_title(&t->talk), text, &err)
               : export_to(paths.items[0], text, &err) ? text_copy(paths.items[0]) : NULL;
    if (path != NULL)
        tui_hint(t, false, "written to %s", path);
    else
        tui_note(t, ITEM_ERROR, "%s", err.text);
    free(path);
    free(text);
    paths_free(&paths);
}

static void run_find(struct tui *t, const char *argument)
{
    buffer_clear(&t->finding);
    buffer_append(&t->finding, argument, strlen(argument));
    t->mode = MODE_FIND;
    if (*argument != '\0')
        tui_press_find(t, &(struct press){ .kind = PRESS_ENTER });
}

/* ---- names --------------------------------------------------------------------------------- */

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
        if (distance(table[i].command.name, name) < distance(table[best].command.name, name))
            best = i;
    return best;
}

bool tui_command(struct tui *t, const char *line)
{
    size_t n = strcspn(line, " \t\n");
    char name[40];

    if (n == 1 || memchr(line + 1, '/', n - 1) != NULL)     /* a path, a fraction: not for us */
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), line);
    const char *argument = line + n + strspn(line + n, " \t\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(table[i].command.name, name) != 0)
            continue;
        char *kept = text_copy(argument);
        editor_remember(&t->draft.editor, line);
        draft_set(&t->draft, "");
        tui_draft_changed(t);
        table[i].run(t, kept);
        free(kept);
        return true;
    }
    tui_hint(t, true, "%s is no command: did you mean %s?", name, table[nearest(name)].command.name);
    return true;
}

void tui_commands_help(struct buffer *text)
{
    buffer_print(text, "Commands\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        char left[40];
        snprintf(left, sizeof left, "%s %s", table[i].command.name, table[i].argument);
        buffer_print(text, "%-18s%s\n", left, table[i].summary);
    }
    buffer_print(text, "\n");
}

const struct complete_command *tui_complete_command(size_t i)
{
    return i < N_COMMANDS ? &table[i].command : NULL;
}
