#include "ui/inset.h"

#include "fusion/session.h"
#include "ui/picture.h"

#include <string.h>

enum { ROWS_LEAST = 3, ROWS_MOST = 24 };   /* smaller is no picture; larger only pushes the lines away */

void inset_fit(struct inset *p, int cols, int rows, int n_colors)
{
    struct rect r = { 0, 0, rows < ROWS_MOST ? rows : ROWS_MOST, cols };

    screen_free(&p->cells);
    p->n_colors = n_colors;
    p->rows = p->cols = 0;
    if (p->preview == NULL || n_colors < 0 || rows < ROWS_LEAST || cols < ROWS_LEAST)
        return;
    r = picture_fit(p->preview, r);
    p->rows = r.rows;
    p->cols = r.cols;
}

/* A part of a picture stays where it scrolls to, so it is drawn whole, once, beside the screen. */
static void draw_cells(struct inset *p)
{
    if (p->cells.rows > 0)
        return;
    screen_resize(&p->cells, p->rows, p->cols);
    picture_draw(p->preview, &p->cells, (struct rect){ 0, 0, p->rows, p->cols }, p->n_colors);
}

void inset_draw(struct inset *p, struct screen *s, struct rect where, int row)
{
    bool whole = row >= 0 && row + p->rows <= where.rows;
    int cols = p->cols < where.cols ? p->cols : where.cols;

    if (p->rows == 0 || row >= where.rows || row + p->rows <= 0)
        return;
    if (whole && s->takes_picture && s->picture == NULL && p->preview->rgb != NULL) {
        s->picture = p->preview;
        s->picture_at = (struct rect){ where.row + row, where.col, p->rows, p->cols };
        return;
    }
    draw_cells(p);
    for (int i = row < 0 ? -row : 0; i < p->rows && row + i < where.rows; i++)
        memcpy(&s->cells[(where.row + row + i) * s->cols + where.col], &p->cells.cells[i * p->cols], (size_t)cols * sizeof *s->cells);
}

void inset_free(struct inset *p)
{
    screen_free(&p->cells);
}
