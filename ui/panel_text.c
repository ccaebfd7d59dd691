/* A panel to read in: help, details, facts. */
#include "ui/panel.h"

#include "ui/buffer.h"
#include "ui/found.h"
#include "ui/list.h"
#include "ui/sanitise.h"
#include "ui/wrap.h"

#include <stdlib.h>
#include <string.h>

enum { WHEEL_ROWS = 3 };

struct text_panel {
    struct panel panel;
    char *title, *text;
    size_t n_text;
    struct wrap_line *lines;        /* [n_lines] of text at this width */
    size_t n_lines, line_capacity;
    int width;
    size_t top;                     /* first line shown */
    int n_shown;                    /* lines of the last draw */
    bool typing;                    /* the query, in the last row */
    struct editor query;
    size_t found;                   /* byte where the query was found last */
    struct buffer hint;
};

static size_t source_start(const struct text_panel *t, size_t at)
{
    while (at > 0 && t->text[at - 1] != '\n')
        at--;
    return at;
}

/* The first line of the text and of what follows an empty line. */
static bool is_heading(const struct text_panel *t, size_t start)
{
    return start == 0 || (start >= 2 && t->text[start - 2] == '\n');
}

/* Bytes of a table's first column and the gap behind it ("C-r     history"), below which the rest of
 * the line goes on; 0: there is none, or it is too wide for that. */
static size_t first_column(const char *line, size_t n, int width)
{
    size_t at = 0;

    while (at < n && line[at] == ' ')
        at++;
    while (at + 1 < n && (line[at] != ' ' || line[at + 1] != ' '))
        at++;
    while (at < n && line[at] == ' ')
        at++;
    return at + 1 < n && sanitise_width(line, at) <= width / 2 ? at : 0;
}

static void lay_out_line(struct text_panel *t, struct wrap *w, size_t start, size_t n)
{
    size_t head = first_column(t->text + start, n, t->width);
    int indent = sanitise_width(t->text + start, head);

    wrap_reset(w);
    wrap_update(w, t->text + start + head, n - head, t->width - indent);
    for (size_t i = 0; i < w->n; i++) {
        t->lines = array_grow(t->lines, t->n_lines, &t->line_capacity, sizeof *t->lines);
        t->lines[t->n_lines++] = (struct wrap_line){ .start = start + (i > 0 ? head + w->lines[i].start : 0),
                                                     .end = start + head + w->lines[i].end,
                                                     .indent = i > 0 ? indent + w->lines[i].indent : 0 };
    }
}

static void lay_out(struct text_panel *t, int width)
{
    struct wrap w = { 0 };

    if (width == t->width)
        return;
    t->width = width;
    t->n_lines = 0;
    for (size_t start = 0, n; start <= t->n_text; start += n + 1) {
        n = strcspn(t->text + start, "\n");
        lay_out_line(t, &w, start, n);
    }
    wrap_free(&w);
}

static size_t line_of(const struct text_panel *t, size_t at)
{
    size_t i = 0;

    while (i + 1 < t->n_lines && t->lines[i + 1].start <= at)
        i++;
    return i;
}

static void draw_line(const struct text_panel *t, struct screen *s, const struct wrap_line *line, int row, int col, int end)
{
    size_t start = source_start(t, line->start);

    found_put(s, row, col + line->indent, end, t->text + start, strcspn(t->text + start, "\n"), line->start - start,
              line->end - start, buffer_text(&t->query.text), is_heading(t, start) ? STYLE_HEADING : STYLE_PLAIN);
}

static size_t last_top(const struct text_panel *t)
{
    return t->n_lines > (size_t)t->n_shown ? t->n_lines - (size_t)t->n_shown : 0;
}

static void draw(struct panel *p, struct screen *s, struct rect where)
{
    struct text_panel *t = (struct text_panel *)p;
    struct rect r = panel_clear(s, where, STYLE_PLAIN);
    int end = r.col + r.cols;

    if (r.rows <= 0 || r.cols <= 0)
        return;
    if (t->typing)
        panel_input(s, r.row + --r.rows, r.col, end, "/", &t->query, "");
    lay_out(t, r.cols);
    t->n_shown = r.rows;
    if (t->top > last_top(t))
        t->top = last_top(t);
    for (int i = 0; i < r.rows && t->top + (size_t)i < t->n_lines; i++)
        draw_line(t, s, &t->lines[t->top + (size_t)i], r.row + i, r.col, end);
}

static void scroll(struct text_panel *t, long by)
{
    size_t top = by < 0 && (size_t)-by > t->top ? 0 : t->top + (size_t)by;

    t->top = top < last_top(t) ? top : last_top(t);
}

/* Shows the place with a line or two above it. */
static void show_found(struct text_panel *t)
{
    if (t->n_lines == 0)            /* not drawn yet: several keys came at once */
        return;
    size_t line = line_of(t, t->found);
    if (line < t->top || line >= t->top + (size_t)t->n_shown) {
        t->top = line;
        scroll(t, t->n_shown > 4 ? -2 : 0);
    }
}

static bool find_forward(struct text_panel *t, size_t from)
{
    const char *query = buffer_text(&t->query.text);
    size_t start, end;

    if (!found_next(t->text, t->n_text, from, query, &start, &end)
        && !found_next(t->text, t->n_text, 0, query, &start, &end))
        return false;
    t->found = start;
    return true;
}

/* The last place before the one found; from the start on, the last of all. */
static bool find_backward(struct text_panel *t)
{
    const char *query = buffer_text(&t->query.text);
    size_t start, end, before = SIZE_MAX, last = SIZE_MAX;

    for (size_t from = 0; found_next(t->text, t->n_text, from, query, &start, &end); from = end) {
        last = start;
        if (start < t->found)
            before = start;
    }
    if (last == SIZE_MAX)
        return false;
    t->found = before != SIZE_MAX ? before : last;
    return true;
}

static struct panel_outcome told(struct text_panel *t, bool found)
{
    if (found) {
        show_found(t);
        return (struct panel_outcome){ .act = PANEL_NOTHING };
    }
    buffer_clear(&t->hint);
    buffer_print(&t->hint, "\"%s\" is not in this text", buffer_text(&t->query.text));
    return (struct panel_outcome){ .act = PANEL_HINT, .text = t->hint.s, .warns = true };
}

static struct panel_outcome again(struct text_panel *t, bool back)
{
    if (t->query.text.n == 0)
        return (struct panel_outcome){ .act = PANEL_HINT, .text = "press / and type what to search for" };
    return told(t, back ? find_backward(t) : find_forward(t, t->found + 1));
}

static struct panel_outcome press_typing(struct text_panel *t, const struct press *press)
{
    bool leaves = press->kind == PRESS_ESCAPE || (press->kind == PRESS_CTRL && press->letter == 'g');

    if (leaves)
        editor_set(&t->query, "");
    if (leaves || press->kind == PRESS_ENTER)
        t->typing = false;
    if (press->kind == PRESS_ENTER && t->query.text.n > 0)
        return told(t, find_forward(t, t->found));
    if (!leaves && press->kind != PRESS_ENTER && panel_edit(&t->query, press) && find_forward(t, t->found))
        show_found(t);
    return (struct panel_outcome){ .act = PANEL_NOTHING };
}

/* Typed letters are keys here; '/' ends them, what follows in the same press is the query. */
static struct panel_outcome press_text(struct text_panel *t, const struct press *press)
{
    struct panel_outcome outcome = { .act = PANEL_NOTHING };

    for (size_t i = 0; i < press->n && outcome.act != PANEL_CLOSE; i++)
        switch (press->text[i]) {
        case 'q': outcome.act = PANEL_CLOSE; break;
        case 'j': scroll(t, 1); break;
        case 'k': scroll(t, -1); break;
        case ' ': scroll(t, t->n_shown); break;
        case 'b': scroll(t, -t->n_shown); break;
        case 'g': t->top = 0; break;
        case 'G': t->top = last_top(t); break;
        case 'n': outcome = again(t, false); break;
        case 'N': outcome = again(t, true); break;
        case '/':
            t->typing = true;
            t->found = t->top < t->n_lines ? t->lines[t->top].start : 0;
            editor_set(&t->query, "");
            return press_typing(t, &(struct press){ .kind = PRESS_TEXT, .text = press->text + i + 1, .n = press->n - i - 1 });
        default: break;
        }
    return outcome;
}

static struct panel_outcome press(struct panel *p, const struct press *press)
{
    struct text_panel *t = (struct text_panel *)p;

    if (t->typing)
        return press_typing(t, press);
    switch (press->kind) {
    case PRESS_ESCAPE: return (struct panel_outcome){ .act = PANEL_CLOSE };
    case PRESS_TEXT: return press_text(t, press);
    case PRESS_UP: scroll(t, -1); break;
    case PRESS_DOWN: case PRESS_ENTER: scroll(t, 1); break;
    case PRESS_PAGE_UP: scroll(t, -t->n_shown); break;
    case PRESS_PAGE_DOWN: scroll(t, t->n_shown); break;
    case PRESS_HOME: case PRESS_TOP: t->top = 0; break;
    case PRESS_END: case PRESS_BOTTOM: t->top = last_top(t); break;
    case PRESS_MOUSE:
        if (press->mouse == MOUSE_WHEEL_UP || press->mouse == MOUSE_WHEEL_DOWN)
            scroll(t, press->mouse == MOUSE_WHEEL_UP ? -WHEEL_ROWS : WHEEL_ROWS);
        break;
    case PRESS_CTRL:
        if (press->letter == 'g')
            return (struct panel_outcome){ .act = PANEL_CLOSE };
        if (press->letter == 'p' || press->letter == 'n')
            scroll(t, press->letter == 'p' ? -1 : 1);
        break;
    default: break;
    }
    return (struct panel_outcome){ .act = PANEL_NOTHING };
}

static void free_panel(struct panel *p)
{
    struct text_panel *t = (struct text_panel *)p;

    free(t->lines);
    editor_free(&t->query);
    buffer_free(&t->hint);
    free(t->title);
    free(t->text);
    free(t);
}

struct panel *panel_text_new(const char *title, const char *text)
{
    struct text_panel *t = calloc(1, sizeof *t);

    if (t == NULL)
        abort();
    t->title = text_copy(title);
    t->text = text_copy(text);
    t->n_text = strlen(text);
    t->panel = (struct panel){ .title = t->title, .keys = "Esc closes · up, down scroll · / searches · n next", .cols_wanted = 64,
                               .draw = draw, .press = press, .free = free_panel };
    return &t->panel;
}
