/* A panel to read in: help, details, facts.
 *
 * Rows are lines of the text and, below the heading of a part that has one, those of its picture. */
#include "ui/panel_text.h"

#include "ui/buffer.h"
#include "ui/found.h"
#include "ui/inset.h"
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
    struct part { size_t start, line; struct inset inset; bool is_clip; } *parts;    /* [n_parts]; line: the one below its heading */
    size_t n_parts;
    int part_rows, part_colors;     /* that the pictures were laid out for */
    size_t top;                     /* first row shown */
    size_t first;                   /* before anything was laid out: the byte that is to be on top */
    int n_shown;                    /* rows of the last draw */
    bool typing;                    /* the query, in the last row */
    struct editor query;
    size_t found;                   /* byte where the query was found last */
    struct buffer hint;
    struct text_line *said;         /* [n_said] lines that may be corrected */
    size_t n_said, i_said;          /* the marked one */
    enum correcting { NOT_CORRECTING, CHOOSING, CORRECTING } correcting;
    const char *keys;               /* of the panel while nothing is corrected */
    bool marked;
    size_t wanted;                  /* byte that is to be on top at the next draw; SIZE_MAX: none */
    struct editor line;             /* CORRECTING: in the last row */
};

static size_t source_start(const struct text_panel *t, size_t at)
{
    while (at > 0 && t->text[at - 1] != '\n')
        at--;
    return at;
}

static bool is_marked(const struct text_panel *t, size_t start)
{
    return (t->marked || t->correcting != NOT_CORRECTING) && t->n_said > 0 && t->said[t->i_said].start == start;
}

/* The first line of the text and of what follows an empty line; where there are parts, theirs alone. */
static bool is_heading(const struct text_panel *t, size_t start)
{
    for (size_t i = 0; i < t->n_parts; i++)
        if (t->parts[i].start == start)
            return true;
    if (t->n_parts > 0)
        return false;
    return start == 0 || (start >= 2 && t->text[start - 2] == '\n');
}

/* ---- lines and rows ------------------------------------------------------------------ */

/* Bytes of a table's first column ("C-r     history") and, in *gap, with the blanks behind it; 0: there is none. */
static size_t first_column(const char *line, size_t n, size_t *gap)
{
    size_t at = 0;

    while (at < n && line[at] == ' ')
        at++;
    while (at + 1 < n && (line[at] != ' ' || line[at + 1] != ' '))
        at++;
    *gap = at;
    while (*gap < n && line[*gap] == ' ')
        ++*gap;
    return *gap + 1 < n ? at : 0;
}

static void add_lines(struct text_panel *t, struct wrap *w, size_t from, size_t to, int indent)
{
    wrap_reset(w);
    wrap_update(w, t->text + from, to - from, t->width - indent);
    for (size_t i = 0; i < w->n; i++) {
        t->lines = array_grow(t->lines, t->n_lines, &t->line_capacity, sizeof *t->lines);
        t->lines[t->n_lines++] = (struct wrap_line){ from + w->lines[i].start, from + w->lines[i].end, indent + w->lines[i].indent };
    }
}

/* The second column goes on below itself; where it would be too narrow, below the first. */
static void lay_out_line(struct text_panel *t, struct wrap *w, size_t start, size_t n)
{
    const char *line = t->text + start;
    size_t gap, key = first_column(line, n, &gap), first = t->n_lines;
    int column = sanitise_width(line, gap), below = (int)strspn(line, " ") + 2;

    if (key == 0 || sanitise_width(line, n) <= t->width) {
        add_lines(t, w, start, start + n, 0);
    } else if (column <= t->width / 2) {
        add_lines(t, w, start + gap, start + n, column);
        t->lines[first].start = start;
        t->lines[first].indent = 0;
    } else {
        add_lines(t, w, start, start + key, 0);
        add_lines(t, w, start + gap, start + n, below <= t->width / 2 ? below : 0);
    }
}

static size_t line_of(const struct text_panel *t, size_t at)
{
    size_t low = 0, high = t->n_lines;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (t->lines[middle].start <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static size_t row_of_line(const struct text_panel *t, size_t line)
{
    size_t row = line;

    for (size_t i = 0; i < t->n_parts && t->parts[i].line <= line; i++)
        row += (size_t)t->parts[i].inset.rows;
    return row;
}

static size_t row_of_byte(const struct text_panel *t, size_t at)
{
    return row_of_line(t, line_of(t, at));
}

/* The line in a row, or the one above the picture that is there. */
static size_t line_at(const struct text_panel *t, size_t row)
{
    size_t above = 0;

    for (size_t i = 0; i < t->n_parts && t->parts[i].line + above <= row; i++) {
        size_t rows = (size_t)t->parts[i].inset.rows;
        if (row < t->parts[i].line + above + rows)
            return t->parts[i].line - 1;
        above += rows;
    }
    return row - above;
}

/* A picture leaves half of the rows to the lines. */
static void lay_out_parts(struct text_panel *t)
{
    for (size_t i = 0; i < t->n_parts; i++) {
        size_t start = t->parts[i].start, end = start + strcspn(t->text + start, "\n");
        t->parts[i].line = line_of(t, end) + 1;
        inset_fit(&t->parts[i].inset, t->width, t->part_rows / 2, t->part_colors);
    }
}

/* What was on top stays there. */
static void lay_out(struct text_panel *t, int rows, int width)
{
    struct wrap w = { 0 };
    size_t on_top = t->n_lines > 0 ? t->lines[line_at(t, t->top)].start : t->first;

    if (width == t->width && (t->n_parts == 0 || (rows == t->part_rows && t->panel.n_colors == t->part_colors)))
        return;
    t->width = width;
    t->part_rows = rows;
    t->part_colors = t->panel.n_colors;
    t->n_lines = 0;
    for (size_t start = 0, n; start <= t->n_text; start += n + 1) {
        n = strcspn(t->text + start, "\n");
        lay_out_line(t, &w, start, n);
    }
    wrap_free(&w);
    lay_out_parts(t);
    t->top = row_of_byte(t, on_top);
}

/* ---- drawing ------------------------------------------------------------------------ */

static void draw_line(const struct text_panel *t, struct screen *s, const struct wrap_line *line, int row, int col, int end)
{
    size_t start = source_start(t, line->start);

    found_put(s, row, col + line->indent, end, t->text + start, strcspn(t->text + start, "\n"), line->start - start,
              line->end - start, buffer_text(&t->query.text), is_marked(t, start) ? STYLE_SELECTED : is_heading(t, start) ? STYLE_HEADING : STYLE_PLAIN);
}

static size_t last_top(const struct text_panel *t)
{
    size_t n = row_of_line(t, t->n_lines);

    return n > (size_t)t->n_shown ? n - (size_t)t->n_shown : 0;
}

/* A part that was jumped to is on top, however short it is. */
static size_t lowest_top(const struct text_panel *t)
{
    size_t last = t->n_parts > 1 ? row_of_byte(t, t->parts[t->n_parts - 1].start) : 0;

    return last > last_top(t) ? last : last_top(t);
}

static void draw_rows(struct text_panel *t, struct screen *s, struct rect r)
{
    for (size_t i = line_at(t, t->top); i < t->n_lines; i++) {
        size_t row = row_of_line(t, i);
        if (row >= t->top + (size_t)r.rows)
            break;
        if (row >= t->top)
            draw_line(t, s, &t->lines[i], r.row + (int)(row - t->top), r.col, r.col + r.cols);
    }
    for (size_t i = 0; i < t->n_parts; i++) {
        struct part *part = &t->parts[i];
        long row = (long)row_of_line(t, part->line) - part->inset.rows - (long)t->top;
        if (row > -part->inset.rows && row < r.rows)
            inset_draw(&part->inset, s, r, (int)row);
    }
}

static void draw(struct panel *p, struct screen *s, struct rect where)
{
    struct text_panel *t = (struct text_panel *)p;
    struct rect r = panel_clear(s, where, STYLE_PLAIN);

    if (r.rows <= 0 || r.cols <= 0)
        return;
    lay_out(t, r.rows, r.cols);
    if (t->typing)
        panel_input(s, r.row + --r.rows, r.col, r.col + r.cols, "/", &t->query, "");
    if (t->correcting == CORRECTING)
        panel_input(s, r.row + --r.rows, r.col, r.col + r.cols, "> ", &t->line, "empty: what was heard");
    if (t->wanted != SIZE_MAX)
        t->top = row_of_byte(t, t->wanted);
    t->wanted = SIZE_MAX;
    t->n_shown = r.rows;
    if (t->top > lowest_top(t))
        t->top = lowest_top(t);
    draw_rows(t, s, r);
}

/* ---- going about -------------------------------------------------------------------- */

static void scroll(struct text_panel *t, long by)
{
    size_t top = by < 0 && (size_t)-by > t->top ? 0 : t->top + (size_t)by;

    if (by < 0 || top <= last_top(t))
        t->top = top;
    else if (t->top < last_top(t))
        t->top = last_top(t);
}

/* To the heading after the first row shown, or before it. */
static void jump(struct text_panel *t, bool back)
{
    size_t to = t->top;

    for (size_t i = 0; i < t->n_parts; i++) {
        size_t row = row_of_byte(t, t->parts[i].start);
        if (row < t->top ? back : row > t->top && !back) {
            to = row;
            if (!back)
                break;
        }
    }
    t->top = to;
}

/* Shows the place with a line or two above it. */
static void show_found(struct text_panel *t)
{
    if (t->n_lines == 0)            /* not drawn yet: several keys came at once */
        return;
    size_t row = row_of_byte(t, t->found);
    if (row < t->top || row >= t->top + (size_t)t->n_shown) {
        size_t above = t->n_shown > 4 && row > 2 ? 2 : 0;
        t->top = row - above < last_top(t) ? row - above : last_top(t);
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

/* ---- correcting --------------------------------------------------------------------- */

/* Near the top, once it is drawn. */
static void show_said(struct text_panel *t)
{
    size_t start = t->said[t->i_said].start;

    if (t->n_lines == 0) {
        t->wanted = start;
        return;
    }
    size_t row = row_of_byte(t, start);
    if (row < t->top || row + 1 >= t->top + (size_t)t->n_shown)
        t->wanted = start;
}

static void set_correcting(struct text_panel *t, enum correcting correcting)
{
    t->correcting = correcting;
    t->panel.keys = correcting == CHOOSING ? "up, down: which line · Enter corrects it · Esc leaves it"
                  : correcting == CORRECTING ? "Enter keeps it · Esc drops it · an empty line brings back what was heard" : t->keys;
}

static struct panel_outcome choose_line(struct text_panel *t)
{
    size_t top = t->n_lines > 0 ? t->lines[line_at(t, t->top)].start : t->first;

    if (t->n_said == 0)
        return (struct panel_outcome){ .act = PANEL_HINT, .text = "nothing was said here that could be corrected" };
    for (size_t i = 0; !t->marked && i < t->n_said; i++)
        if (t->said[i].start >= top || i + 1 == t->n_said) {
            t->i_said = i;
            break;
        }
    set_correcting(t, CHOOSING);
    show_said(t);
    return (struct panel_outcome){ .act = PANEL_HINT, .text = "up, down: which line · Enter corrects it · Esc leaves it" };
}

static struct panel_outcome press_choosing(struct text_panel *t, const struct press *press)
{
    bool up = press->kind == PRESS_UP || (press->kind == PRESS_TEXT && press->n == 1 && press->text[0] == 'k');
    bool down = press->kind == PRESS_DOWN || (press->kind == PRESS_TEXT && press->n == 1 && press->text[0] == 'j');

    if (press->kind == PRESS_ESCAPE || (press->kind == PRESS_CTRL && press->letter == 'g'))
        set_correcting(t, NOT_CORRECTING);
    if (press->kind == PRESS_ENTER && strlen(t->said[t->i_said].text) > PANEL_INPUT_BYTES)
        return (struct panel_outcome){ .act = PANEL_HINT, .text = "this line is too long to be corrected here", .warns = true };
    if (press->kind == PRESS_ENTER) {
        set_correcting(t, CORRECTING);
        editor_set(&t->line, t->said[t->i_said].text);
    }
    if (up && t->i_said > 0)
        t->i_said--;
    if (down && t->i_said + 1 < t->n_said)
        t->i_said++;
    show_said(t);
    return (struct panel_outcome){ .act = PANEL_NOTHING };
}

/* The owner opens the panel again, with the line as it is then. */
static struct panel_outcome press_correcting(struct text_panel *t, const struct press *press)
{
    const struct text_line *line = &t->said[t->i_said];
    const char *text = buffer_text(&t->line.text);

    if (press->kind == PRESS_ESCAPE || (press->kind == PRESS_CTRL && press->letter == 'g'))
        set_correcting(t, NOT_CORRECTING);
    else if (press->kind != PRESS_ENTER)
        panel_edit(&t->line, press);
    else {
        set_correcting(t, NOT_CORRECTING);
        return (struct panel_outcome){ .act = PANEL_CORRECT, .choice = (int)line->part, .id = (int64_t)line->i,
                                       .text = text[strspn(text, " ")] != '\0' ? text : NULL };
    }
    return (struct panel_outcome){ .act = PANEL_NOTHING };
}

void panel_text_take_lines(struct panel *p, struct text_line *lines, size_t n)
{
    struct text_panel *t = (struct text_panel *)p;

    t->said = lines;
    t->n_said = n;
    t->keys = p->keys = "Esc closes · Space plays · e corrects what was heard · / searches";
}

bool panel_text_corrects(const struct panel *p)
{
    return ((const struct text_panel *)p)->correcting != NOT_CORRECTING;
}

void panel_text_show_line(struct panel *p, size_t part, size_t i)
{
    struct text_panel *t = (struct text_panel *)p;

    for (size_t k = 0; k < t->n_said; k++)
        if (t->said[k].part == part && t->said[k].i == i) {
            t->i_said = k;
            t->marked = true;
            show_said(t);
        }
}

/* ---- playing ------------------------------------------------------------------------ */

static bool has_clip(const struct text_panel *t)
{
    for (size_t i = 0; i < t->n_parts; i++)
        if (t->parts[i].is_clip)
            return true;
    return false;
}

/* Plays the first clip of which something is in sight. */
static struct panel_outcome play(struct text_panel *t)
{
    for (size_t i = 0; i < t->n_parts; i++) {
        size_t end = i + 1 < t->n_parts ? row_of_byte(t, t->parts[i + 1].start) : SIZE_MAX;
        if (t->parts[i].is_clip && end > t->top && row_of_byte(t, t->parts[i].start) < t->top + (size_t)t->n_shown)
            return (struct panel_outcome){ .act = PANEL_PLAY, .id = (int64_t)i };
    }
    return (struct panel_outcome){ .act = PANEL_HINT, .text = "no clip is in sight" };
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
        case ' ':
            if (has_clip(t))
                outcome = play(t);
            else
                scroll(t, t->n_shown);
            break;
        case 'b': scroll(t, -t->n_shown); break;
        case 'g': t->top = 0; break;
        case 'G': t->top = last_top(t); break;
        case 'n': outcome = again(t, false); break;
        case 'N': outcome = again(t, true); break;
        case 'e': outcome = choose_line(t); break;
        case '/':
            t->typing = true;
            t->found = t->n_lines > 0 ? t->lines[line_at(t, t->top)].start : 0;
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
    if (t->correcting != NOT_CORRECTING)
        return (t->correcting == CHOOSING ? press_choosing : press_correcting)(t, press);
    switch (press->kind) {
    case PRESS_ESCAPE: return (struct panel_outcome){ .act = PANEL_CLOSE };
    case PRESS_TEXT: return press_text(t, press);
    case PRESS_UP: scroll(t, -1); break;
    case PRESS_DOWN: case PRESS_ENTER: scroll(t, 1); break;
    case PRESS_PAGE_UP: scroll(t, -t->n_shown); break;
    case PRESS_PAGE_DOWN: scroll(t, t->n_shown); break;
    case PRESS_LEFT: case PRESS_RIGHT:
        if (t->panel.plays)
            return (struct panel_outcome){ .act = PANEL_SEEK, .choice = press->kind == PRESS_LEFT ? -1 : 1 };
        jump(t, press->kind == PRESS_LEFT);
        break;
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

    for (size_t i = 0; i < t->n_parts; i++)
        inset_free(&t->parts[i].inset);
    free(t->parts);
    for (size_t i = 0; i < t->n_said; i++)
        free(t->said[i].text);
    free(t->said);
    free(t->lines);
    editor_free(&t->query);
    editor_free(&t->line);
    buffer_free(&t->hint);
    free(t->title);
    free(t->text);
    free(t);
}

struct panel *panel_text_with_parts(const char *title, const char *text, const struct text_part *parts, size_t n, size_t first)
{
    struct text_panel *t = calloc(1, sizeof *t);
    struct part *own = calloc(n > 0 ? n : 1, sizeof *own);

    if (t == NULL || own == NULL)
        abort();
    for (size_t i = 0; i < n; i++)
        own[i] = (struct part){ .start = parts[i].start, .inset.preview = parts[i].picture, .is_clip = parts[i].is_clip };
    t->parts = own;
    t->n_parts = n;
    t->wanted = SIZE_MAX;
    t->first = first < n ? parts[first].start : 0;
    t->title = text_copy(title);
    t->text = text_copy(text);
    t->n_text = strlen(text);
    t->panel = (struct panel){ .title = t->title, .cols_wanted = 64, .n_colors = 256, .draw = draw, .press = press, .free = free_panel,
                               .keys = n > 1 && has_clip(t) ? "Esc closes · Space plays · up, down scroll · left, right: the next one · / searches"
                                     : n > 1 ? "Esc closes · up, down scroll · left, right: the next one · / searches"
                                     : has_clip(t) ? "Esc closes · Space plays · up, down scroll · / searches · n next"
                                             : "Esc closes · up, down scroll · / searches · n next" };
    return &t->panel;
}

struct panel *panel_text_new(const char *title, const char *text)
{
    return panel_text_with_parts(title, text, NULL, 0, 0);
}
