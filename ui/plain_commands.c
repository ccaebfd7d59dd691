/* plain_commands.c - the commands of the chat of lines: one table for running and help. */
#include "ui/plain_private.h"

#include "ui/config.h"
#include "ui/export.h"
#include "ui/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void plain_command_run(struct plain *p, const char *argument);

static plain_command_run run_attach, run_detach, run_details, run_record, run_microphone, run_play, run_new, run_sessions, run_rename, run_regenerate, run_continue,
                         run_delete, run_facts, run_find, run_export, run_help, run_quit;

static const struct plain_command { const char *name, *argument, *summary; plain_command_run *run; } table[] = {
    { "/attach", "PATH...", "an image or a clip for the next question; a path alone on a line does it, too", run_attach },
    { "/detach", "", "forget the files for the next question", run_detach },
    { "/details", "", "everything that was seen and heard", run_details },
    { "/record", "", "record a clip; Enter ends it, Ctrl-C gives it up", run_record },
    { "/microphone", "[NAME]", "list the microphones, or choose one; a part of its name will do", run_microphone },
    { "/play", "[CLIP] [@SPAN]", "play the last clip, or the one named, or a span of it, @1:20-2:05; Enter ends it", run_play },
    { "/paste", "", "a question of many lines; one with a single full stop ends it", NULL },
    { "/regenerate", "", "another answer to the last question", run_regenerate },
    { "/retry", "", "the same, after an error", run_regenerate },
    { "/continue", "", "go on with an answer that was stopped or cut", run_continue },
    { "/delete", "", "delete the last question and its answer", run_delete },
    { "/facts", "", "model, tokens, speed and seed of the last answer", run_facts },
    { "/find", "WORDS", "lines of this conversation that hold them", run_find },
    { "/new", "", "begin a new conversation; this one is kept", run_new },
    { "/clear", "", "the same", run_new },
    { "/sessions", "[WORDS | NUMBER]", "list conversations, those with the words, or open one of the list", run_sessions },
    { "/rename", "TITLE", "name this conversation", run_rename },
    { "/export", "[FILE]", "write this conversation to a file as Markdown; transcript srt FILE: what is said in the last clip", run_export },
    { "/model", "[NAME | FILE]", "change the model", plain_run_model },
    { "/eyes", "[NAME | FILE]", "who looks at pictures for a model that does not see; words: nobody", plain_run_eyes },
    { "/lora", "[NAME SCALE]", "list the adapters, or change how much of one is taken; 0 is off", plain_run_lora },
    { "/set", "[NAME VALUE]", "settings; sampling of this conversation, or a setting of mynah", plain_run_set },
    { "/system", "[TEXT]", "what the model is told about itself in this conversation", plain_run_system },
    { "/help", "", "this list", run_help },
    { "/quit", "", "end the chat; Ctrl-D does, too", run_quit },
};
enum { N_COMMANDS = sizeof table / sizeof table[0] };

/* ---- files ------------------------------------------------------------------------------ */

static void run_attach(struct plain *p, const char *argument)
{
    struct paths paths;

    paths_parse(argument, &paths);
    for (size_t i = 0; i < paths.n; i++)
        plain_attach(p, paths.items[i]);
    if (paths.n == 0 && p->n_files == 0)
        plain_error(p, "/attach takes the path of an image or a clip");
    for (size_t i = 0; paths.n == 0 && i < p->n_files; i++)
        plain_note(p, "attached: %s", p->files[i].saved.path);
    paths_free(&paths);
}

static void run_detach(struct plain *p, const char *argument)
{
    (void)argument;
    plain_note(p, "%zu file%s forgotten", p->n_files, p->n_files == 1 ? "" : "s");
    plain_forget_files(p);
}

static void run_details(struct plain *p, const char *argument)
{
    (void)argument;
    for (size_t i = 0; i < p->n_perceived; i++) {
        struct engine_attachment a = p->engine->attachment(p->perceived[i]);
        plain_note(p, "%s, %s", a.name, a.summary);
        plain_block(p, a.details);
    }
    if (p->n_perceived == 0)
        plain_note(p, "nothing was attached yet");
}

static void run_record(struct plain *p, const char *argument)
{
    struct error err;

    (void)argument;
    p->record = record_start(p->options->microphone, p->options->config->microphone, &err);
    if (p->record == NULL)
        plain_error(p, "%s", err.text);
    else
        plain_note(p, "recording; Enter ends it, Ctrl-C gives it up");
}

void plain_end_record(struct plain *p, bool keep)
{
    struct error err;
    struct buffer why = { 0 };
    bool by_itself = record_end(p->record, &why);
    char *path = NULL;

    if (!keep) {
        record_abandon(p->record);
        plain_note(p, "the recording was thrown away");
    } else if ((path = record_finish(p->record, &err)) != NULL) {
        if (by_itself)
            plain_note(p, "%s", why.s);
        plain_attach(p, path);
    } else {
        plain_error(p, "%s", err.text);
    }
    p->record = NULL;
    buffer_free(&why);
    free(path);
}

static void list_microphones(struct plain *p, char *names)
{
    const char *chosen = p->options->config->microphone;
    char *rest;

    for (char *name = strtok_r(names, "\n", &rest); name != NULL; name = strtok_r(NULL, "\n", &rest))
        plain_line(p, "", "%s%s", name, name == names ? ", the default" : "");
    plain_note(p, "the microphone is %s", *chosen != '\0' ? chosen : "the system's default");
}

static void run_microphone(struct plain *p, const char *argument)
{
    struct error err;
    char *names = record_devices(&err);

    if (names == NULL)
        plain_error(p, "%s", err.text);
    else if (*argument == '\0')
        list_microphones(p, names);
    else if (strcasestr(names, argument) == NULL)
        plain_error(p, "no microphone has \"%s\" in its name; /microphone lists them", argument);
    else if (!config_set(p->options->config, NULL, "microphone", argument, &err))
        plain_error(p, "%s", err.text);
    else
        plain_note(p, "the microphone is %s, also next time", argument);
    free(names);
}

static void run_play(struct plain *p, const char *argument)
{
    struct buffer text = { 0 };
    double from_s, to_s;
    struct error err;
    const struct attachment *a = play_find(argument, p->engine, p->perceived, p->n_perceived, &from_s, &to_s, &err);

    if (a != NULL)
        p->play = play_start(p->engine->attachment(a).path, from_s, to_s, p->options->speaker, &err);
    if (p->play == NULL) {
        plain_error(p, "%s", err.text);
        return;
    }
    struct play_state state = play_state(p->play);
    play_print(&state, &text);
    plain_note(p, "%s; Enter ends it", text.s);
    buffer_free(&text);
}

void plain_end_play(struct plain *p)
{
    struct play_state state = play_state(p->play);
    struct buffer text = { 0 };

    span_print_time(&text, state.at_s);
    plain_note(p, "%s at %s", state.gone ? "the sound output is gone, or the file is; the playing ended" : "the playing ended", text.s);
    buffer_free(&text);
    play_stop(p->play);
    p->play = NULL;
}

void plain_tick_play(struct plain *p)
{
    struct play_state state = play_state(p->play);

    if (state.ended || state.gone)
        plain_end_play(p);
}

/* ---- turns -------------------------------------------------------------------------------- */

static bool has_turn(struct plain *p)
{
    if (talk_head(&p->talk) != NULL)
        return true;
    plain_note(p, "nothing was asked yet");
    return false;
}

static void run_regenerate(struct plain *p, const char *argument)
{
    (void)argument;
    if (has_turn(p) && talk_regenerate(&p->talk, talk_head_id(&p->talk)) != 0)
        plain_start_answer(p);
}

static void run_continue(struct plain *p, const char *argument)
{
    (void)argument;
    if (!talk_can_continue(&p->talk)) {
        plain_note(p, "the last answer is complete");
        return;
    }
    talk_continue(&p->talk);
    plain_start_answer(p);
}

static void run_delete(struct plain *p, const char *argument)
{
    (void)argument;
    if (!has_turn(p))
        return;
    plain_note(p, "deleted: %s", talk_head(&p->talk)->saved.text);
    talk_remove(&p->talk, talk_head_id(&p->talk));
}

static void run_facts(struct plain *p, const char *argument)
{
    (void)argument;
    if (!has_turn(p))
        return;
    const struct session_turn *s = &talk_head(&p->talk)->saved;
    plain_note(p, "model %s, seed %llu; %zu tokens read in %.1f s, %zu written in %.1f s, %.1f a second",
               s->model != NULL ? s->model : "unknown", (unsigned long long)s->seed, s->n_prompt, s->prefill_ms / 1e3,
               s->n_generated, s->decode_ms / 1e3, s->decode_ms > 0 ? (double)s->n_generated * 1e3 / s->decode_ms : 0.0);
}

/* Lines of the text that hold the words, any case of ASCII, behind `who`. */
static size_t find_in(struct plain *p, const char *who, size_t number, const char *text, const char *words)
{
    size_t n_found = 0;

    for (size_t n; text != NULL && *text != '\0'; text += n + (text[n] == '\n')) {
        n = strcspn(text, "\n");
        char *line = strndup(text, n);
        if (line != NULL && strcasestr(line, words) != NULL) {
            plain_line(p, "", "%zu, %s: %s", number, who, line);
            n_found++;
        }
        free(line);
    }
    return n_found;
}

static void run_find(struct plain *p, const char *argument)
{
    size_t n_found = 0;

    if (*argument == '\0') {
        plain_error(p, "/find takes the words to look for");
        return;
    }
    for (size_t i = 0; i < p->talk.n_branch; i++) {
        const struct session_turn *s = &p->talk.turns[p->talk.branch[i]].saved;
        n_found += find_in(p, "you", i + 1, s->text, argument) + find_in(p, "mynah", i + 1, s->answer, argument);
    }
    if (n_found == 0)
        plain_note(p, "nowhere in this conversation; /sessions %s looks in all", argument);
}

/* ---- sessions ------------------------------------------------------------------------------- */

static void run_new(struct plain *p, const char *argument)
{
    (void)argument;
    talk_begin(&p->talk);
    plain_use_settings(p, "");
    plain_note(p, "a new conversation");
}

static bool saves(struct plain *p)
{
    if (p->sessions == NULL)
        plain_error(p, "conversations are not saved here");
    return p->sessions != NULL;
}

static void list_sessions(struct plain *p, const char *words)
{
    struct session_entry *entries;
    struct error err;
    size_t n;

    if (!sessions_list(p->sessions, words, &entries, &n, &err)) {
        plain_error(p, "%s", err.text);
        return;
    }
    free(p->listed);
    p->listed = calloc(n + 1, sizeof *p->listed);
    p->n_listed = p->listed != NULL ? n : 0;
    for (size_t i = 0; i < p->n_listed; i++) {
        char when[32] = "";
        struct tm local;
        time_t changed = (time_t)entries[i].changed;
        if (localtime_r(&changed, &local) != NULL)
            strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
        p->listed[i] = entries[i].id;
        plain_line(p, "", "%zu. %s, %s, %zu turn%s%s%s%s", i + 1, *entries[i].title != '\0' ? entries[i].title : "untitled", when,
                   entries[i].n_turns, entries[i].n_turns == 1 ? "" : "s", entries[i].id == p->talk.session ? ", this one" : "",
                   *entries[i].found != '\0' ? ": " : "", entries[i].found);
    }
    plain_note(p, n == 0 ? "there is none" : "/sessions NUMBER opens one");
    session_entries_free(entries, n);
}

static void run_sessions(struct plain *p, const char *argument)
{
    char *end;
    unsigned long number = strtoul(argument, &end, 10);

    if (!saves(p))
        return;
    if (*argument < '0' || *argument > '9' || *end != '\0' || p->n_listed == 0)
        list_sessions(p, argument);
    else if (number < 1 || number > p->n_listed)
        plain_error(p, "the list has numbers from 1 to %zu", p->n_listed);
    else
        plain_open(p, p->listed[number - 1]);
}

static void run_rename(struct plain *p, const char *argument)
{
    struct error err;

    if (!saves(p) || !has_turn(p))
        return;
    if (*argument == '\0')
        plain_error(p, "/rename takes the title");
    else if (talk_rename(&p->talk, argument, &err))
        plain_note(p, "this conversation is now \"%s\"", argument);
    else
        plain_error(p, "%s", err.text);
}

/* Of the clip that was attached last. */
static void export_transcript(struct plain *p, const char *format, const char *path)
{
    const struct attachment *clip = NULL;
    struct error err = { 0 };

    for (size_t i = 0; i < p->n_perceived; i++)
        if (p->engine->attachment(p->perceived[i]).kind == ATTACHMENT_AUDIO)
            clip = p->perceived[i];
    char *text = clip != NULL ? p->engine->transcript(clip, format) : NULL;
    if (clip == NULL)
        plain_error(p, "no clip was attached yet");
    else if (text == NULL || path == NULL)
        plain_error(p, "/export transcript takes txt, srt, vtt, lrc, csv or json, and the path of the new file");
    else if (export_to(path, text, &err))
        plain_note(p, "written: %s", path);
    else
        plain_error(p, "%s", err.text);
    free(text);
}

static void run_export(struct plain *p, const char *argument)
{
    struct error err = { 0 };
    struct paths paths;

    paths_parse(argument, &paths);
    if (paths.n > 0 && strcmp(paths.items[0], "transcript") == 0)
        export_transcript(p, paths.n > 1 ? paths.items[1] : "", paths.n > 2 ? paths.items[2] : NULL);
    if ((paths.n > 0 && strcmp(paths.items[0], "transcript") == 0) || !saves(p) || !has_turn(p)) {
        paths_free(&paths);
        return;
    }
    char *text = sessions_markdown(p->sessions, p->talk.session, &err);
    char *path = text == NULL ? NULL : paths.n == 0 ? export_markdown(talk_title(&p->talk), text, &err)
               : export_to(paths.items[0], text, &err) ? text_copy(paths.items[0]) : NULL;
    if (path != NULL)
        plain_note(p, "written: %s", path);
    else
        plain_error(p, "%s", err.text);
    free(path);
    free(text);
    paths_free(&paths);
}

/* ---- all ------------------------------------------------------------------------------------------- */

static void run_help(struct plain *p, const char *argument)
{
    (void)argument;
    for (size_t i = 0; i < N_COMMANDS; i++)
        plain_line(p, "", "%s%s%s: %s", table[i].name, *table[i].argument != '\0' ? " " : "", table[i].argument, table[i].summary);
    plain_note(p, "a backslash at the end of a line goes on in the next; Ctrl-C stops an answer, twice it ends the chat");
}

static void run_quit(struct plain *p, const char *argument)
{
    (void)argument;
    p->quits = true;
}

/* A path is none, though it begins with '/' too. */
bool plain_command(struct plain *p, const char *line)
{
    size_t n = strcspn(line, " \t");
    struct paths paths;

    if (*line != '/')
        return false;
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strlen(table[i].name) == n && memcmp(line, table[i].name, n) == 0 && table[i].run != NULL) {
            table[i].run(p, line + n + strspn(line + n, " \t"));
            return true;
        }
    bool is_paths = paths_only(line, &paths);
    paths_free(&paths);
    if (!is_paths)
        plain_error(p, "%.*s is no command; /help lists them, and a question that begins with a slash is asked behind a blank", (int)n, line);
    return !is_paths;
}
