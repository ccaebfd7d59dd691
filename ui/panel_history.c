/* What was asked before, newest first, each text once. */
#include "ui/panel.h"

#include "ui/buffer.h"
#include "ui/list.h"

#include <stdlib.h>
#include <string.h>

struct history {
    struct panel panel;
    struct list list;
    char **texts;                   /* newest first */
    size_t n;
    size_t *shown;                  /* [list.n] text of each row */
};

/* A text as a row: lines after each other. */
static void add_row(struct list *list, const char *text)
{
    char *line = text_copy(text);

    for (char *c = line; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    list_add(list, line, "", "");
    free(line);
}

static void fill(struct history *h)
{
    list_clear(&h->list);
    for (size_t i = 0; i < h->n; i++)
        if (list_holds(&h->list, h->texts[i])) {
            h->shown[h->list.n] = i;
            add_row(&h->list, h->texts[i]);
        }
}

static void draw(struct panel *p, struct screen *s, struct rect where)
{
    list_draw(&((struct history *)p)->list, s, where);
}

static struct panel_outcome press(struct panel *p, const struct press *press)
{
    struct history *h = (struct history *)p;
    bool control = press->kind == PRESS_CTRL;

    if (press->kind == PRESS_ESCAPE || (control && press->letter == 'g'))
        return (struct panel_outcome){ .act = PANEL_CLOSE };
    /* C-r again goes on to the one before it, as in a shell. */
    if (control && (press->letter == 'r' || press->letter == 's')) {
        list_press(&h->list, &(struct press){ .kind = press->letter == 'r' ? PRESS_DOWN : PRESS_UP });
        return (struct panel_outcome){ .act = PANEL_NOTHING };
    }
    switch (list_press(&h->list, press)) {
    case LIST_FILTERED: fill(h); break;
    case LIST_CHOSEN: return (struct panel_outcome){ .act = PANEL_INSERT, .text = h->texts[h->shown[h->list.at]] };
    default: break;
    }
    return (struct panel_outcome){ .act = PANEL_NOTHING };
}

static void free_panel(struct panel *p)
{
    struct history *h = (struct history *)p;

    list_free(&h->list);
    for (size_t i = 0; i < h->n; i++)
        free(h->texts[i]);
    free(h->texts);
    free(h->shown);
    free(h);
}

static int by_text_then_newest(const void *a, const void *b)
{
    char *const *x = *(char *const *const *)a, *const *y = *(char *const *const *)b;
    int order = strcmp(*x, *y);

    return order != 0 ? order : x > y ? -1 : 1;
}

static int by_newest(const void *a, const void *b)
{
    char *const *x = *(char *const *const *)a, *const *y = *(char *const *const *)b;

    return x > y ? -1 : x < y;
}

/* texts: oldest first; of those that are equal the newest stays. */
static void take_texts(struct history *h, char *const *texts, size_t n)
{
    char *const **order = calloc(n + 1, sizeof *order);

    h->texts = calloc(n + 1, sizeof *h->texts);
    h->shown = calloc(n + 1, sizeof *h->shown);
    if (order == NULL || h->texts == NULL || h->shown == NULL)
        abort();
    for (size_t i = 0; i < n; i++)
        order[i] = &texts[i];
    qsort(order, n, sizeof *order, by_text_then_newest);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(*order[kept - 1], *order[i]) != 0)
            order[kept++] = order[i];
    qsort(order, kept, sizeof *order, by_newest);
    for (h->n = 0; h->n < kept; h->n++)
        h->texts[h->n] = text_copy(*order[h->n]);
    free(order);
}

struct panel *panel_history_new(char *const *texts, size_t n)
{
    struct history *h = calloc(1, sizeof *h);

    if (h == NULL)
        abort();
    h->panel = (struct panel){ .title = "History", .keys = "Enter takes it into the draft · C-r older · Esc closes",
                               .draw = draw, .press = press, .free = free_panel };
    h->list.hint = "type to search";
    h->list.empty = n > 0 ? "no question holds that" : "nothing was asked yet";
    take_texts(h, texts, n);
    fill(h);
    return &h->panel;
}
