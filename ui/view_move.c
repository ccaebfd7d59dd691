/* Places in the conversation: scrolling, selecting. */
#include "ui/view_lines.h"

bool view_is_before(struct view_place a, struct view_place b)
{
    return a.item < b.item || (a.item == b.item && a.row < b.row);
}

struct view_place view_back(struct view *v, struct view_place p, size_t n, int cols)
{
    while (n > p.row && p.item > 0) {
        n -= p.row + 1;
        p.item--;
        p.row = view_rows_of(v, p.item, cols) - 1;
    }
    p.row -= n < p.row ? n : p.row;
    return p;
}

struct view_place view_on(struct view *v, struct view_place p, size_t n, int cols)
{
    while (p.item < v->n_items && p.row + n >= view_rows_of(v, p.item, cols)) {
        n -= view_rows_of(v, p.item, cols) - p.row;
        p = (struct view_place){ p.item + 1, 0 };
    }
    p.row += p.item < v->n_items ? n : 0;
    return p;
}

struct view_place view_end_top(struct view *v, struct rect where)
{
    struct view_place end = { v->n_items, 0 };

    return view_back(v, end, where.rows > 0 ? (size_t)where.rows : 0, where.cols);
}

/* A resize or an unfolding may have made the scrolled place's row too large. */
struct view_place view_top(struct view *v, struct rect where)
{
    struct view_place end = view_end_top(v, where), top = v->top;

    if (!v->scrolled)
        return end;
    if (top.item < v->n_items && top.row >= view_rows_of(v, top.item, where.cols))
        top.row = view_rows_of(v, top.item, where.cols) - 1;
    return view_is_before(top, end) ? top : end;
}

void view_set_top(struct view *v, struct view_place top)
{
    v->top = top;
    v->scrolled = view_is_before(top, view_end_top(v, v->drawn));
}

void view_scroll(struct view *v, int rows)
{
    struct view_place top = view_top(v, v->drawn);

    if (rows < 0)
        view_set_top(v, view_back(v, top, (size_t)-(int64_t)rows, v->drawn.cols));
    else
        view_set_top(v, view_on(v, top, (size_t)rows, v->drawn.cols));
}

void view_page(struct view *v, bool up)
{
    int page = v->drawn.rows > 2 ? v->drawn.rows - 2 : 1;

    view_scroll(v, up ? -page : page);
}

void view_to_start(struct view *v)
{
    view_set_top(v, (struct view_place){ 0, 0 });
}

void view_to_end(struct view *v)
{
    v->scrolled = false;
}

/* ---- selecting -------------------------------------------------------------------- */

void view_show(struct view *v, size_t item, size_t row)
{
    struct view_place top = view_top(v, v->drawn), wanted = { item, row };
    struct view_place below = view_on(v, top, v->drawn.rows > 0 ? (size_t)v->drawn.rows : 0, v->drawn.cols);

    if (view_is_before(wanted, top) || !view_is_before(wanted, below))
        view_set_top(v, view_back(v, wanted, (size_t)v->drawn.rows / 3, v->drawn.cols));
}

/* As little as needed for all of the item; its beginning, when it is longer than the screen. */
static void show_item(struct view *v, size_t item)
{
    size_t rows = v->drawn.rows > 0 ? (size_t)v->drawn.rows : 0, n = view_rows_of(v, item, v->drawn.cols);
    struct view_place top = view_top(v, v->drawn), first = { item, 0 }, behind = { item + 1, 0 };
    struct view_place below = view_on(v, top, rows, v->drawn.cols);

    if (view_is_before(first, top) || n > rows)
        view_set_top(v, first);
    else if (view_is_before(below, behind))
        view_set_top(v, view_back(v, behind, rows, v->drawn.cols));
}

static bool is_selectable(const struct view *v, size_t item)
{
    return v->items[item].kind == ITEM_USER || v->items[item].kind == ITEM_ANSWER;
}

bool view_select(struct view *v, int direction)
{
    size_t i = v->selecting ? v->selected : v->n_items;

    if (!v->selecting)
        direction = -1;
    for (;;) {
        if (direction < 0 ? i == 0 : i + 1 >= v->n_items)
            return false;
        i = direction < 0 ? i - 1 : i + 1;
        if (is_selectable(v, i))
            break;
    }
    v->selecting = true;
    v->selected = i;
    show_item(v, i);
    return true;
}

void view_unselect(struct view *v)
{
    v->selecting = false;
}
