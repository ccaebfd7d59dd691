/* The file picker: a folder's files, found by what is typed, looked at before they are attached. */
#include "ui/panel.h"

#include "fusion/session.h"
#include "ui/buffer.h"
#include "ui/list.h"
#include "ui/listing.h"
#include "ui/previews.h"
#include "ui/sanitise.h"

#include <stdlib.h>
#include <string.h>

enum {
    PATH_ROWS = 4,                  /* of a panel that shows the folder's path */
    PREVIEW_COLS = 60, PREVIEW_ROWS = 6,        /* of a panel that shows previews */
    LIST_COLS_MOST = 60             /* beside a preview */
};

struct picker {
    struct panel panel;
    struct listing listing;
    struct list list;
    size_t *shown;                  /* [list.n] file of each row */
    size_t shown_capacity;
    bool hidden;                    /* names that begin with '.' are listed */
    char **marked;                  /* paths, in the order in which they were marked */
    size_t n_marked, marked_capacity;
    struct previews previews;
    bool previewing;                /* the last draw had room for it; before the first, it may have */
    char *path;                     /* of an outcome */
    const char *paths[1];
    struct buffer hint;
};

static const struct panel_outcome nothing = { .act = PANEL_NOTHING };

static struct panel_outcome hint(struct picker *p, const char *name, const char *why)
{
    buffer_clear(&p->hint);
    buffer_print(&p->hint, "%s%s", name, why);
    return (struct panel_outcome){ .act = PANEL_HINT, .text = p->hint.s, .warns = true };
}

/* ---- rows ------------------------------------------------------------------------ */

static const struct listed_file *under_cursor(const struct picker *p)
{
    return p->list.n > 0 ? &p->listing.files[p->shown[p->list.at]] : NULL;
}

static const char *path_under_cursor(struct picker *p)
{
    free(p->path);
    p->path = listing_path(&p->listing, p->shown[p->list.at]);
    return p->path;
}

static size_t mark_of(const struct picker *p, const char *path)
{
    size_t i = 0;

    while (i < p->n_marked && strcmp(p->marked[i], path) != 0)
        i++;
    return i;
}

static void say_size(int64_t n_bytes, struct buffer *out)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double size = (double)n_bytes;
    size_t unit = 0;

    for (; size >= 999.5 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        size /= 1000;
    buffer_print(out, "%.*f %s", unit > 0 && size < 9.95 ? 1 : 0, size, units[unit]);
}

static void add_row(struct picker *p, size_t i)
{
    const struct listed_file *f = &p->listing.files[i];
    struct buffer name = { 0 }, size = { 0 };

    buffer_print(&name, "%s%s", f->name, f->kind == LISTED_FOLDER ? "/" : "");
    if (f->kind != LISTED_FOLDER && f->kind != LISTED_SPECIAL)
        say_size(f->n_bytes, &size);
    struct list_row *row = list_add(&p->list, name.s, buffer_text(&size), "");
    row->style = f->kind == LISTED_FOLDER ? STYLE_BOLD : f->kind >= LISTED_OTHER ? STYLE_DIM : STYLE_PLAIN;
    if (p->n_marked > 0) {
        char *path = listing_path(&p->listing, i);
        row->mark = mark_of(p, path) < p->n_marked ? "+" : "";
        free(path);
    }
    buffer_free(&name);
    buffer_free(&size);
}

static void fill(struct picker *p)
{
    list_clear(&p->list);
    for (size_t i = 0; i < p->listing.n; i++) {
        const char *name = p->listing.files[i].name;
        if ((name[0] == '.' && !p->hidden) || !list_holds(&p->list, name))
            continue;
        p->shown = array_grow(p->shown, p->list.n, &p->shown_capacity, sizeof *p->shown);
        p->shown[p->list.n] = i;
        add_row(p, i);
    }
    p->list.empty = p->list.filter.text.n > 0 ? "no name holds that" : "an empty folder";
}

static void move_to_name(struct picker *p, const char *name)
{
    for (size_t row = 0; row < p->list.n; row++)
        if (strcmp(p->listing.files[p->shown[row]].name, name) == 0)
            list_move_to(&p->list, row);
}

/* ---- drawing ---------------------------------------------------------------------- */

/* Its end is what tells folders apart, so the front gives way. */
static void draw_path(const struct picker *p, struct screen *s, int row, int col, int end)
{
    struct buffer marks = { 0 };
    const char *path = p->listing.path;

    if (p->n_marked > 0)
        buffer_print(&marks, " %zu marked", p->n_marked);
    int width = (int)marks.n < end - col ? (int)marks.n : 0;
    screen_print(s, row, end - width, end, buffer_text(&marks), STYLE_ACCENT);
    end -= width;
    width = sanitise_width(path, strlen(path));
    if (width > end - col) {
        col = screen_print(s, row, col, end, "…", STYLE_DIM);
        for (struct glyph g; width > end - col && *path != '\0'; path += g.n_bytes, width -= g.width)
            sanitise_next(path, strlen(path), 0, &g);
    }
    screen_print(s, row, col, end, path, STYLE_DIM);
    buffer_free(&marks);
}

static void draw_preview(struct picker *p, struct screen *s, struct rect where)
{
    const struct listed_file *f = under_cursor(p);

    if (f == NULL || (f->kind != LISTED_IMAGE && f->kind != LISTED_CLIP))
        return;
    char *path = listing_path(&p->listing, p->shown[p->list.at]);
    previews_draw(&p->previews, path, s, where, p->panel.n_colors);
    free(path);
}

static void draw(struct panel *panel, struct screen *s, struct rect where)
{
    struct picker *p = (struct picker *)panel;
    struct rect r = panel_clear(s, where, STYLE_PLAIN);

    if (r.rows >= PATH_ROWS && r.cols > 0) {
        draw_path(p, s, r.row, r.col, r.col + r.cols);
        r.row++;
        r.rows--;
    }
    p->previewing = r.cols >= PREVIEW_COLS && r.rows >= PREVIEW_ROWS;
    if (p->previewing) {
        int cols = r.cols / 2 < LIST_COLS_MOST ? r.cols / 2 : LIST_COLS_MOST;
        draw_preview(p, s, (struct rect){ r.row, r.col + cols + 2, r.rows, r.cols - cols - 2 });
        r.cols = cols;
    }
    list_draw(&p->list, s, r);
}

/* ---- going about -------------------------------------------------------------------- */

static struct panel_outcome go(struct picker *p, const char *folder)
{
    struct error err = { 0 };

    if (!listing_read(&p->listing, folder, &err))
        return hint(p, err.text, "");
    list_set_query(&p->list, "");
    fill(p);
    return nothing;
}

/* The cursor is on the folder that was left. */
static struct panel_outcome go_up(struct picker *p)
{
    const char *slash = strrchr(p->listing.path, '/');
    char *left = text_copy(slash + 1), *parent = text_copy(p->listing.path);

    parent[slash > p->listing.path ? slash - p->listing.path : 1] = '\0';
    struct panel_outcome outcome = go(p, parent);
    move_to_name(p, left);
    free(left);
    free(parent);
    return outcome;
}

static struct panel_outcome go_home(struct picker *p)
{
    const char *home = getenv("HOME");

    return home != NULL && home[0] != '\0' ? go(p, home) : hint(p, "~", ": HOME is not set");
}

/* ---- choosing ----------------------------------------------------------------------- */

/* A file that its name does not tell is looked into, once it is chosen. */
static bool attachable(struct picker *p, struct panel_outcome *refusal)
{
    const struct listed_file *f = under_cursor(p);
    enum attachment_kind kind;
    struct error err = { 0 };

    if (f->kind == LISTED_FOLDER || f->kind == LISTED_SPECIAL) {
        buffer_clear(&p->hint);
        buffer_print(&p->hint, "%s: %s", f->name, f->kind == LISTED_FOLDER ? "is a folder; files are attached" : f->why);
        *refusal = (struct panel_outcome){ .act = PANEL_HINT, .text = p->hint.s, .warns = true };
        return false;
    }
    if (f->kind != LISTED_OTHER || attachment_kind_of(path_under_cursor(p), &kind, &err))
        return true;
    *refusal = hint(p, err.text, "");
    return false;
}

static struct panel_outcome attach(struct picker *p)
{
    struct panel_outcome refusal;

    if (p->n_marked > 0)
        return (struct panel_outcome){ .act = PANEL_ATTACH, .paths = (const char *const *)p->marked, .n_paths = p->n_marked };
    if (!attachable(p, &refusal))
        return refusal;
    p->paths[0] = path_under_cursor(p);
    return (struct panel_outcome){ .act = PANEL_ATTACH, .paths = p->paths, .n_paths = 1 };
}

static struct panel_outcome choose(struct picker *p)
{
    return under_cursor(p)->kind == LISTED_FOLDER ? go(p, path_under_cursor(p)) : attach(p);
}

/* Marks or unmarks, and goes on to the next. */
static struct panel_outcome mark(struct picker *p)
{
    struct panel_outcome refusal;

    if (p->list.n == 0)
        return nothing;
    size_t i = mark_of(p, path_under_cursor(p));
    if (i < p->n_marked) {
        free(p->marked[i]);
        memmove(&p->marked[i], &p->marked[i + 1], (--p->n_marked - i) * sizeof *p->marked);
        p->list.rows[p->list.at].mark = "";
    } else if (!attachable(p, &refusal)) {
        return refusal;
    } else {
        p->marked = array_grow(p->marked, p->n_marked, &p->marked_capacity, sizeof *p->marked);
        p->marked[p->n_marked++] = text_copy(path_under_cursor(p));
        p->list.rows[p->list.at].mark = "+";
    }
    list_move_to(&p->list, p->list.at + 1);
    return nothing;
}

/* ---- presses -------------------------------------------------------------------------- */

static struct panel_outcome press_list(struct picker *p, const struct press *press)
{
    switch (list_press(&p->list, press)) {
    case LIST_FILTERED: fill(p); return nothing;
    case LIST_CHOSEN: return choose(p);
    default: return nothing;
    }
}

/* Keys that are letters, where they cannot be a part of what is looked for. */
static struct panel_outcome press_text(struct picker *p, const struct press *press)
{
    struct panel_outcome outcome = nothing;
    size_t spaces = 0;

    while (spaces < press->n && press->text[spaces] == ' ')
        spaces++;
    if (spaces == press->n) {           /* a key that is held comes as several */
        for (; spaces > 0 && outcome.act == PANEL_NOTHING; spaces--)
            outcome = mark(p);
        return outcome;
    }
    if (press->n == 1 && p->list.filter.text.n == 0 && press->text[0] == '~')
        return go_home(p);
    if (press->n == 1 && p->list.filter.text.n == 0 && press->text[0] == '.') {
        p->hidden = !p->hidden;
        fill(p);
        return nothing;
    }
    return press_list(p, press);
}

static struct panel_outcome press_key(struct picker *p, const struct press *press)
{
    const struct listed_file *f = under_cursor(p);

    switch (press->kind) {
    case PRESS_ESCAPE: return (struct panel_outcome){ .act = PANEL_CLOSE };
    case PRESS_TEXT: return press_text(p, press);
    case PRESS_LEFT: return go_up(p);
    case PRESS_RIGHT: return f != NULL && f->kind == LISTED_FOLDER ? go(p, path_under_cursor(p)) : nothing;
    case PRESS_BACKSPACE: return p->list.filter.text.n == 0 ? go_up(p) : press_list(p, press);
    case PRESS_CTRL:
        if (press->letter == 'g')
            return (struct panel_outcome){ .act = PANEL_CLOSE };
        return press_list(p, press);
    default: return press_list(p, press);
    }
}

static struct panel_outcome press(struct panel *panel, const struct press *press)
{
    struct picker *p = (struct picker *)panel;
    struct panel_outcome outcome = press_key(p, press);
    const struct listed_file *f = under_cursor(p);

    if (outcome.act != PANEL_NOTHING || !p->previewing || f == NULL || (f->kind != LISTED_IMAGE && f->kind != LISTED_CLIP)
        || !previews_ask(&p->previews, path_under_cursor(p)))
        return outcome;
    p->paths[0] = p->path;
    return (struct panel_outcome){ .act = PANEL_PREVIEW, .paths = p->paths, .n_paths = 1 };
}

static void take_preview(struct panel *panel, const char *path, const struct preview *preview, const char *why_not)
{
    previews_put(&((struct picker *)panel)->previews, path, preview, why_not);
}

static void free_panel(struct panel *panel)
{
    struct picker *p = (struct picker *)panel;

    for (size_t i = 0; i < p->n_marked; i++)
        free(p->marked[i]);
    free(p->marked);
    free(p->shown);
    free(p->path);
    listing_free(&p->listing);
    list_free(&p->list);
    previews_free(&p->previews);
    buffer_free(&p->hint);
    free(p);
}

struct panel *panel_files_new(const char *folder, struct error *err)
{
    struct picker *p = calloc(1, sizeof *p);

    if (p == NULL)
        abort();
    p->panel = (struct panel){ .title = "Attach", .keys = "Enter attaches · Space marks · Backspace up · ~ home · . hidden · Esc closes",
                               .n_colors = 256, .draw = draw, .press = press, .preview = take_preview, .free = free_panel };
    p->list.hint = "type to filter";
    p->previewing = true;
    if (!listing_read(&p->listing, folder, err)) {
        free_panel(&p->panel);
        return NULL;
    }
    fill(p);
    return &p->panel;
}
