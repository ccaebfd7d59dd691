/* view_lines.h - geometry of the conversation (private to ui/view*.c).
 *
 *   marker │ text of the item's page, at most TEXT_COLUMNS_MOST wide      │ label
 *
 * An item's rows: perhaps a gap, its lines, perhaps the line that says what is folded. */
#ifndef UI_VIEW_LINES_H
#define UI_VIEW_LINES_H

#include "ui/view.h"

enum {
    TEXT_COLUMNS_MOST = 100,        /* longer lines are hard to read */
    INDENT = 2, NARROW = 16,        /* below this width nothing is indented */
    FOLD_SHOWN = 10, FOLD_LEAST = 14        /* lines shown of an item that has this many */
};

int view_indent(int cols);
size_t view_gap(const struct view *v, size_t item);         /* blank rows above */
const struct page *view_page_of(struct view *v, size_t item, int cols);
size_t view_n_lines(struct view *v, size_t item, int cols);          /* shown of its page */
bool view_has_fold(struct view *v, size_t item, int cols);
size_t view_rows_of(struct view *v, size_t item, int cols);

struct view_place view_back(struct view *v, struct view_place p, size_t n, int cols);
struct view_place view_on(struct view *v, struct view_place p, size_t n, int cols);
bool view_is_before(struct view_place a, struct view_place b);
struct view_place view_end_top(struct view *v, struct rect where);  /* first row when the end stands at the bottom */
struct view_place view_top(struct view *v, struct rect where);      /* first row shown */
void view_set_top(struct view *v, struct view_place top);           /* or the end, where that is less far down */
void view_show(struct view *v, size_t item, size_t row);            /* scrolls until the row of the item is seen */

/* Where text[from..n) holds the query, any case; SIZE_MAX: nowhere.  *end: behind it. */
size_t view_match(const char *text, size_t n, size_t from, const struct buffer *query, size_t *end);

#endif
