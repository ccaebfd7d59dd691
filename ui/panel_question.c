/* A question with a few answers, one of which is taken. */
#include "ui/panel.h"

#include "ui/buffer.h"
#include "ui/list.h"
#include "ui/sanitise.h"
#include "ui/wrap.h"

#include <stdlib.h>
#include <string.h>

enum { USUAL_COLS = 76, GAP = 3 };  /* a width to start from; columns between answers */

struct answer { char letter; char *label; };    /* "[d] drop them" */

struct question {
    struct panel panel;
    char *title, *text;
    size_t n_text;
    struct answer *answers;
    size_t n, at;                   /* at: under the cursor */
    struct wrap wrap;
    size_t top;                     /* first line of the text shown */
    int n_shown;
    struct rect drawn;              /* the answers' part of the last draw, for clicks */
    int first;                      /* row of answers it begins with */
};

static int label_width(const struct answer *a)
{
    return sanitise_width(a->label, strlen(a->label));
}

/* Where the answers stand, flowing into as many rows as they need at this width. */
static int answer_place(const struct question *q, size_t wanted, int cols, int *col)
{
    int row = 0;

    *col = 0;
    for (size_t i = 0; i < wanted; i++) {
        *col += label_width(&q->answers[i]) + GAP;
        if (*col + label_width(&q->answers[i + 1]) > cols) {
            *col = 0;
            row++;
        }
    }
    return row;
}

static int answer_rows(const struct question *q, int cols)
{
    int col;

    return q->n > 0 ? answer_place(q, q->n - 1, cols, &col) + 1 : 0;
}

static int wanted(struct question *q, int cols)
{
    wrap_update(&q->wrap, q->text, q->n_text, cols);
    return (int)q->wrap.n + answer_rows(q, cols);
}

static void draw_answers(struct question *q, struct screen *s, struct rect r)
{
    int col;

    /* Fewer rows than answers need: those around the cursor. */
    int here = answer_place(q, q->at, r.cols, &col);
    q->first = here >= r.rows ? here - r.rows + 1 : 0;
    q->drawn = r;
    for (size_t i = 0; i < q->n; i++) {
        int row = answer_place(q, i, r.cols, &col) - q->first;
        if (row >= 0 && row < r.rows)
            panel_line(s, r.row + row, r.col + col, r.col + r.cols, q->answers[i].label, "",
                       i == q->at ? STYLE_SELECTED : STYLE_ACCENT);
    }
}

static void scroll(struct question *q, long by)
{
    size_t most = q->wrap.n > (size_t)q->n_shown ? q->wrap.n - (size_t)q->n_shown : 0;
    size_t top = by < 0 && (size_t)-by > q->top ? 0 : q->top + (size_t)by;

    q->top = top < most ? top : most;
}

/* Answers are always there; the text has the rows that are left and is scrolled in them. */
static void draw(struct panel *p, struct screen *s, struct rect where)
{
    struct question *q = (struct question *)p;
    struct rect r = panel_clear(s, where, STYLE_PLAIN);

    if (r.rows <= 0 || r.cols <= 0)
        return;
    p->rows_wanted = wanted(q, r.cols);
    int rows = answer_rows(q, r.cols);
    if (rows > r.rows)
        rows = r.rows;
    q->n_shown = r.rows - rows < (int)q->wrap.n ? r.rows - rows : (int)q->wrap.n;
    scroll(q, 0);
    for (int i = 0; i < q->n_shown; i++) {
        const struct wrap_line *line = &q->wrap.lines[q->top + (size_t)i];
        screen_put(s, r.row + i, r.col + line->indent, r.col + r.cols, q->text + line->start, line->end - line->start, STYLE_PLAIN);
    }
    draw_answers(q, s, (struct rect){ r.row + q->n_shown, r.col, rows, r.cols });
}

static struct panel_outcome choose(size_t i)
{
    return (struct panel_outcome){ .act = PANEL_CHOICE, .choice = (int)i };
}

static struct panel_outcome press_letter(const struct question *q, const struct press *press)
{
    /* More than one at once was meant for something else. */
    for (size_t i = 0; press->n == 1 && i < q->n; i++)
        if (q->answers[i].letter != 0 && (press->text[0] | 0x20) == (q->answers[i].letter | 0x20))
            return choose(i);
    return (struct panel_outcome){ .act = PANEL_NOTHING };
}

static struct panel_outcome click(const struct question *q, const struct press *press)
{
    int col, row;

    for (size_t i = 0; press->mouse == MOUSE_LEFT && i < q->n; i++) {
        row = answer_place(q, i, q->drawn.cols, &col) - q->first;
        if (row >= 0 && row < q->drawn.rows && press->row == q->drawn.row + row && press->col >= q->drawn.col + col
            && press->col < q->drawn.col + col + label_width(&q->answers[i]))
            return choose(i);
    }
    return (struct panel_outcome){ .act = PANEL_NOTHING };
}

static struct panel_outcome press(struct panel *p, const struct press *press)
{
    struct question *q = (struct question *)p;

    switch (press->kind) {
    case PRESS_ESCAPE: return choose(q->n - 1);
    case PRESS_ENTER: return choose(q->at);
    case PRESS_TEXT: return press_letter(q, press);
    case PRESS_MOUSE: return click(q, press);
    case PRESS_LEFT: case PRESS_UP: case PRESS_BACKTAB: q->at = q->at > 0 ? q->at - 1 : q->n - 1; break;
    case PRESS_RIGHT: case PRESS_DOWN: case PRESS_TAB: q->at = (q->at + 1) % q->n; break;
    case PRESS_HOME: q->at = 0; break;
    case PRESS_END: q->at = q->n - 1; break;
    case PRESS_PAGE_UP: scroll(q, q->n_shown > 1 ? 1 - q->n_shown : -1); break;
    case PRESS_PAGE_DOWN: scroll(q, q->n_shown > 1 ? q->n_shown - 1 : 1); break;
    case PRESS_CTRL:
        if (press->letter == 'g')
            return choose(q->n - 1);
        break;
    default: break;
    }
    return (struct panel_outcome){ .act = PANEL_NOTHING };
}

static void free_panel(struct panel *p)
{
    struct question *q = (struct question *)p;

    for (size_t i = 0; i < q->n; i++)
        free(q->answers[i].label);
    free(q->answers);
    wrap_free(&q->wrap);
    free(q->title);
    free(q->text);
    free(q);
}

static struct answer labelled(const struct panel_answer *a)
{
    struct buffer label = { 0 };

    if (a->letter != 0)
        buffer_print(&label, "[%c] %s", a->letter, a->text);
    else
        buffer_print(&label, "[Esc] %s", a->text);
    return (struct answer){ a->letter, label.s };
}

struct panel *panel_question_new(const char *title, const char *text, const struct panel_answer *answers, size_t n)
{
    struct question *q = calloc(1, sizeof *q);

    if (q == NULL || n == 0 || (q->answers = calloc(n, sizeof *q->answers)) == NULL)
        abort();
    q->title = text_copy(title);
    q->text = text_copy(text);
    q->n_text = strlen(text);
    for (size_t i = 0; i < n; i++)
        q->answers[q->n++] = labelled(&answers[i]);
    q->panel = (struct panel){ .title = q->title, .keys = "a letter, or arrows and Enter · Esc: the last", .draw = draw,
                               .press = press, .free = free_panel };
    q->panel.rows_wanted = wanted(q, USUAL_COLS);
    return &q->panel;
}
