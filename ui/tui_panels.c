/* tui_panels.c - opens panels and does what they ask for. */
#include "ui/tui.h"

#include <stdlib.h>
#include <string.h>

void tui_close_panel(struct tui *t)
{
    tui_stop_playing(t);
    if (t->panel != NULL)
        t->panel->free(t->panel);
    t->panel = NULL;
    free(t->preview_path);
    t->preview_path = NULL;
    t->preview_request = 0;
}

void tui_open_panel(struct tui *t, enum panel_purpose purpose, struct panel *panel)
{
    tui_close_panel(t);
    t->panel = panel;
    t->purpose = purpose;
    if (panel != NULL)
        panel->n_colors = t->n_colors;
}

/* ---- the panels --------------------------------------------------------------------- */

void tui_open_text(struct tui *t, const char *title, struct buffer *text)
{
    tui_open_panel(t, FOR_READING, panel_text_new(title, buffer_text(text)));
    buffer_free(text);
}

static void trim_newlines(struct buffer *b)
{
    while (b->n > 0 && b->s[b->n - 1] == '\n')
        buffer_remove(b, b->n - 1, 1);
}

void tui_open_details(struct tui *t, const struct attachment *first)
{
    struct panel_detail *details = calloc(t->n_perceived + 1, sizeof *details);
    struct buffer *labels = calloc(t->n_perceived + 1, sizeof *labels);
    const char ***said = calloc(t->n_perceived + 1, sizeof *said);
    size_t at = 0;

    if (said == NULL)
        abort();
    if (details == NULL || labels == NULL)
        abort();
    for (size_t i = 0; i < t->n_perceived; i++) {
        struct engine_attachment a = t->engine->attachment(t->perceived[i]);
        draft_label(&t->draft, t->perceived[i], &labels[i]);
        said[i] = calloc(a.n_said + 1, sizeof *said[i]);
        for (size_t k = 0; said[i] != NULL && k < a.n_said; k++)
            said[i][k] = t->engine->said(t->perceived[i], k).text;
        details[i] = (struct panel_detail){ buffer_text(&labels[i]), a.details, a.preview, said[i], said[i] != NULL ? a.n_said : 0, a.said_at };
        at = t->perceived[i] == first ? i : at;
    }
    tui_open_panel(t, FOR_DETAILS, panel_details_new(details, t->n_perceived, at));
    for (size_t i = 0; i < t->n_perceived; i++) {
        buffer_free(&labels[i]);
        free(said[i]);
    }
    free(said);
    free(labels);
    free(details);
}

void tui_open_help(struct tui *t)
{
    struct buffer text = { 0 };

    tui_keys_help(t->mode, &text);
    if (t->mode == MODE_CHAT) {
        tui_commands_help(&text);
        tui_keys_help(MODE_BROWSE, &text);
    }
    trim_newlines(&text);
    tui_open_text(t, "help", &text);
}

void tui_open_sessions(struct tui *t)
{
    struct error err;

    if (t->sessions == NULL) {
        tui_hint(t, true, "conversations are not saved");
        return;
    }
    struct panel *panel = panel_sessions_new(t->sessions, t->talk.session, &err);
    if (panel != NULL)
        tui_open_panel(t, FOR_SESSIONS, panel);
    else
        tui_note(t, ITEM_ERROR, "%s", err.text);
}

/* The first file is looked at as if the cursor had come to it. */
static void open_with_preview(struct tui *t, struct panel *panel)
{
    tui_open_panel(t, FOR_FILES, panel);
    tui_press_panel(t, &(struct press){ .kind = PRESS_REPLY });
}

void tui_open_files(struct tui *t)
{
    struct error err;
    struct panel *panel = panel_files_new(".", &err);

    if (panel != NULL)
        open_with_preview(t, panel);
    else
        tui_note(t, ITEM_ERROR, "%s", err.text);
}

void tui_open_history(struct tui *t)
{
    const struct editor *e = &t->draft.editor;

    if (e->n_history == 0)
        tui_hint(t, true, "nothing was asked before");
    else
        tui_open_panel(t, FOR_HISTORY, panel_history_new(e->history, e->n_history));
}

/* ---- what they ask for -------------------------------------------------------------------- */

static void preview(struct tui *t, const char *path)
{
    free(t->preview_path);
    t->preview_path = text_copy(path);
    t->preview_request = t->engine->preview(t->engine->self, path);
}

void tui_previewed(struct tui *t, const struct session_event *e)
{
    if (e->kind != SESSION_PREVIEWED && e->kind != SESSION_FAILED)
        return;
    t->preview_request = 0;
    if (t->panel != NULL && t->panel->preview != NULL)
        t->panel->preview(t->panel, t->preview_path, e->preview, e->kind == SESSION_FAILED ? e->err.text : NULL);
}

static void choose(struct tui *t, enum panel_purpose purpose, int choice)
{
    if (purpose == FOR_OVERFLOW)
        tui_overflow_choice(t, choice);
    else if (choice == 0 && tui_is_idle(t)) {  /* an answer may have begun meanwhile */
        talk_remove(&t->talk, t->deletes);
        t->below = -1;              /* an edit may have stood below it */
        view_unselect(&t->view);
        tui_show_branch(t);
    }
}

static void session_gone(struct tui *t, int64_t id)
{
    if (id == t->talk.session)
        tui_new_session(t);
}

static void attach_all(struct tui *t, const struct panel_outcome *o)
{
    for (size_t i = 0; i < o->n_paths; i++)
        tui_attach(t, o->paths[i]);
}

/* Closes the panel when the outcome says so; what it points to is used before. */
static void act(struct tui *t, const struct panel_outcome *o)
{
    enum panel_purpose purpose = t->purpose;
    bool closes = o->act == PANEL_CLOSE || o->act == PANEL_OPEN_SESSION || o->act == PANEL_ATTACH
               || o->act == PANEL_CHOICE || o->act == PANEL_INSERT || o->act == PANEL_MICROPHONE;

    switch (o->act) {
    case PANEL_ATTACH: attach_all(t, o); break;
    case PANEL_INSERT: draft_set(&t->draft, o->text); tui_draft_edited(t); break;
    case PANEL_MICROPHONE: tui_use_microphone(t, o->text); break;
    case PANEL_PLAY: tui_play_or_pause(t, (size_t)o->id); break;
    case PANEL_SEEK: tui_seek(t, o->choice); break;
    case PANEL_PREVIEW: preview(t, o->paths[0]); break;
    case PANEL_HINT: tui_hint(t, o->warns, "%s", o->text); break;
    case PANEL_CORRECT: tui_correct(t, (size_t)o->choice, (size_t)o->id, o->text); break;
    case PANEL_SESSION_GONE: session_gone(t, o->id); break;
    case PANEL_NOTHING: case PANEL_CLOSE: case PANEL_OPEN_SESSION: case PANEL_SESSION_RENAMED: case PANEL_CHOICE: break;
    }
    int64_t id = o->id;
    int choice = o->choice;
    enum panel_act what = o->act;
    if (closes)
        tui_close_panel(t);
    if (what == PANEL_OPEN_SESSION && id != t->talk.session)
        tui_open_session(t, id);
    else if (what == PANEL_CHOICE)
        choose(t, purpose, choice);
    else if (what == PANEL_CLOSE && purpose == FOR_OVERFLOW)
        tui_overflow_choice(t, -1);
}

/* C-c leaves a panel as it leaves everything else. */
void tui_press_panel(struct tui *t, const struct press *press)
{
    static const struct press escape = { .kind = PRESS_ESCAPE };
    bool is_interrupt = press->kind == PRESS_CTRL && press->letter == 'c';
    struct panel_outcome o = t->panel->press(t->panel, is_interrupt ? &escape : press);

    act(t, &o);
}
