/* The drawer of sessions: found by what was said in them, opened, renamed, deleted, exported. */
#include "ui/panel.h"

#include "store/sessions.h"
#include "ui/buffer.h"
#include "ui/export.h"
#include "ui/list.h"
#include "ui/when.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum mode { MODE_LIST, MODE_RENAME, MODE_DELETE };     /* the last two ask in the row under the cursor */

struct drawer {
    struct panel panel;
    struct sessions *sessions;
    int64_t current;                /* the one the chat has open; 0: none */
    struct list list;
    struct session_entry *entries;  /* [list.n] */
    enum mode mode;
    struct editor name;
    struct buffer hint;
};

static const struct panel_outcome nothing = { .act = PANEL_NOTHING };

static struct panel_outcome hint(struct drawer *d, bool warns, const char *before, const char *text, const char *after)
{
    buffer_clear(&d->hint);
    buffer_print(&d->hint, "%s%s%s", before, text, after);
    return (struct panel_outcome){ .act = PANEL_HINT, .text = d->hint.s, .warns = warns };
}

static const char *title_of(const struct session_entry *e)
{
    return e->title[0] != '\0' ? e->title : "without a title";
}

static void add_row(struct drawer *d, const struct session_entry *e, int64_t now)
{
    char when[WHEN_BYTES];

    when_said(e->changed, now, when);
    struct list_row *row = list_add(&d->list, title_of(e), when, e->found);
    if (e->id == d->current)
        row->mark = "•";
    else if (e->in_use)
        row->mark = "!";
    if (e->in_use && e->id != d->current)
        row->style = STYLE_DIM;
}

/* Reads the list again; the cursor goes to session `id`, else to row `at`. */
static bool fill(struct drawer *d, int64_t id, size_t at, struct error *err)
{
    struct session_entry *entries = NULL;
    int64_t now = (int64_t)time(NULL);
    size_t n = 0;

    if (!sessions_list(d->sessions, list_query(&d->list), &entries, &n, err))
        return false;
    session_entries_free(d->entries, d->list.n);
    d->entries = entries;
    list_clear(&d->list);
    for (size_t i = 0; i < n; i++) {
        add_row(d, &entries[i], now);
        if (entries[i].id == id)
            at = i;
    }
    list_move_to(&d->list, at);
    return true;
}

static struct panel_outcome refill(struct drawer *d, int64_t id, size_t at, struct panel_outcome outcome)
{
    struct error err = { 0 };

    return fill(d, id, at, &err) ? outcome : hint(d, true, err.text, "", "");
}

static void draw_name(struct drawer *d, struct screen *s)
{
    struct rect r = panel_clear(s, (struct rect){ d->list.here.row, d->list.here.col, 1, d->list.here.cols }, STYLE_PLAIN);

    screen_print(s, r.row, r.col, r.col + r.cols, "›", STYLE_ACCENT);
    panel_input(s, r.row, r.col + LIST_TEXT_COLUMN, r.col + r.cols, "", &d->name, "its first question");
}

/* The answer has to be seen whatever the title's length. */
static void draw_delete(struct drawer *d, struct screen *s)
{
    static const char ask[] = "delete? y/n ";
    struct rect r = panel_clear(s, (struct rect){ d->list.here.row, d->list.here.col, 1, d->list.here.cols }, STYLE_PLAIN);
    int col = screen_print(s, r.row, r.col, r.col + r.cols, ask, STYLE_WARNING);

    panel_line(s, r.row, col, r.col + r.cols, title_of(&d->entries[d->list.at]), "", STYLE_BOLD);
    s->cursor_row = -1;
}

static void draw(struct panel *p, struct screen *s, struct rect where)
{
    struct drawer *d = (struct drawer *)p;

    list_draw(&d->list, s, where);
    if (d->list.here.rows > 0 && d->mode == MODE_RENAME)
        draw_name(d, s);
    else if (d->list.here.rows > 0 && d->mode == MODE_DELETE)
        draw_delete(d, s);
}

static bool is_elsewhere(const struct drawer *d, const struct session_entry *e)
{
    return e->in_use && e->id != d->current;
}

static struct panel_outcome refuse(struct drawer *d)
{
    return hint(d, true, "this one is open in another mynah; close it there first", "", "");
}

static struct panel_outcome press_rename(struct drawer *d, const struct press *press)
{
    int64_t id = d->entries[d->list.at].id;
    struct error err = { 0 };

    if (press->kind == PRESS_ESCAPE || (press->kind == PRESS_CTRL && press->letter == 'g')) {
        d->mode = MODE_LIST;
    } else if (press->kind == PRESS_ENTER) {
        d->mode = MODE_LIST;
        if (!sessions_rename(d->sessions, id, buffer_text(&d->name.text), &err))
            return hint(d, true, err.text, "", "");
        return refill(d, id, d->list.at, (struct panel_outcome){ .act = PANEL_SESSION_RENAMED, .id = id });
    } else {
        panel_edit(&d->name, press);
    }
    return nothing;
}

static struct panel_outcome press_delete(struct drawer *d, const struct press *press)
{
    int64_t id = d->entries[d->list.at].id;
    struct error err = { 0 };

    d->mode = MODE_LIST;
    if (press->kind != PRESS_TEXT || press->n != 1 || (press->text[0] | 0x20) != 'y')
        return hint(d, false, "kept", "", "");
    if (!sessions_delete(d->sessions, id, &err))
        return hint(d, true, err.text, "", "");
    if (id == d->current)
        d->current = 0;
    return refill(d, 0, d->list.at, (struct panel_outcome){ .act = PANEL_SESSION_GONE, .id = id });
}

static struct panel_outcome export(struct drawer *d)
{
    const struct session_entry *e = &d->entries[d->list.at];
    struct error err = { 0 };
    char *markdown = sessions_markdown(d->sessions, e->id, &err);
    char *name = markdown != NULL ? export_markdown(e->title, markdown, &err) : NULL;
    struct panel_outcome outcome = name != NULL ? hint(d, false, "written to ", name, " in this folder") : hint(d, true, err.text, "", "");

    free(markdown);
    free(name);
    return outcome;
}

static struct panel_outcome open_session(struct drawer *d)
{
    const struct session_entry *e = &d->entries[d->list.at];

    if (e->id == d->current)
        return (struct panel_outcome){ .act = PANEL_CLOSE };
    if (is_elsewhere(d, e))
        return refuse(d);
    return (struct panel_outcome){ .act = PANEL_OPEN_SESSION, .id = e->id };
}

/* A letter with Ctrl that does something to the session under the cursor. */
static struct panel_outcome press_control(struct drawer *d, char letter)
{
    const struct session_entry *e = &d->entries[d->list.at];

    if (letter == 'e')
        return export(d);
    if (letter == 'd' && is_elsewhere(d, e))
        return refuse(d);
    d->mode = letter == 'd' ? MODE_DELETE : MODE_RENAME;
    editor_set(&d->name, e->title);
    return nothing;
}

static struct panel_outcome press(struct panel *p, const struct press *press)
{
    struct drawer *d = (struct drawer *)p;
    bool control = press->kind == PRESS_CTRL;

    if (d->mode != MODE_LIST)
        return d->mode == MODE_RENAME ? press_rename(d, press) : press_delete(d, press);
    if (press->kind == PRESS_ESCAPE || (control && press->letter == 'g'))
        return (struct panel_outcome){ .act = PANEL_CLOSE };
    if (control && press->letter != '\0' && strchr("rde", press->letter) != NULL)
        return d->list.n > 0 ? press_control(d, press->letter) : nothing;
    switch (list_press(&d->list, press)) {
    case LIST_CHOSEN: return open_session(d);
    case LIST_FILTERED: return refill(d, 0, 0, nothing);
    default: return nothing;
    }
}

static void free_panel(struct panel *p)
{
    struct drawer *d = (struct drawer *)p;

    session_entries_free(d->entries, d->list.n);
    list_free(&d->list);
    editor_free(&d->name);
    buffer_free(&d->hint);
    free(d);
}

struct panel *panel_sessions_new(struct sessions *sessions, int64_t current, struct error *err)
{
    struct drawer *d = calloc(1, sizeof *d);

    if (d == NULL)
        abort();
    d->panel = (struct panel){ .title = "Sessions", .keys = "Enter open · C-r name · C-d delete · C-e save · Esc",
                               .cols_wanted = 54, .draw = draw, .press = press, .free = free_panel };
    d->sessions = sessions;
    d->current = current;
    d->list.hint = "type to search what was said";
    d->list.empty = "no session";
    if (!fill(d, current, 0, err)) {
        free_panel(&d->panel);
        return NULL;
    }
    return &d->panel;
}
