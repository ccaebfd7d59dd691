/* Microphones to choose from: the system's default, then each by its name. */
#include "ui/panel.h"

#include "ui/buffer.h"
#include "ui/list.h"

#include <stdlib.h>
#include <string.h>

struct devices {
    struct panel panel;
    struct list list;
    char **names;                   /* [n] the default one first; "" before all: the system's default, whichever that is */
    size_t n;
    size_t *shown;                  /* [list.n] name of each row */
    struct buffer chosen;           /* as it is set */
    struct buffer outcome;
};

/* Bytes without the number of the card, "USB Mic: Audio (hw:1,0)", which may be another after the next start. */
static size_t lasting_bytes(const char *name)
{
    const char *number = strstr(name, " (hw:");
    size_t n = strlen(name);

    return number != NULL && n > 0 && name[n - 1] == ')' ? (size_t)(number - name) : n;
}

/* What is remembered of it: as much as tells it from all others. */
static void put_lasting(const struct devices *d, size_t i, struct buffer *text)
{
    size_t n = lasting_bytes(d->names[i]);

    for (size_t j = 1; j < d->n; j++)
        if (j != i && strncasecmp(d->names[j], d->names[i], n) == 0)
            n = strlen(d->names[i]);
    buffer_append(text, d->names[i], n);
}

/* The one that is set: the name itself before a part of it, as the microphone is found, too (capture_portaudio.c). */
static size_t chosen_name(const struct devices *d)
{
    const char *set = buffer_text(&d->chosen);
    size_t found = d->n;

    for (size_t i = 1; i < d->n && *set != '\0'; i++) {
        if (strcasecmp(d->names[i], set) == 0)
            return i;
        if (found == d->n && strcasestr(d->names[i], set) != NULL)
            found = i;
    }
    return *set == '\0' ? 0 : found;
}

static void fill(struct devices *d)
{
    size_t chosen = chosen_name(d);

    list_clear(&d->list);
    for (size_t i = 0; i < d->n; i++) {
        const char *text = i == 0 ? "the system's default" : d->names[i];
        if (!list_holds(&d->list, text))
            continue;
        d->shown[d->list.n] = i;
        struct list_row *row = list_add(&d->list, text, i == 1 ? "default" : "", "");
        if (i == chosen)
            row->mark = "•";
    }
}

static void draw(struct panel *p, struct screen *s, struct rect where)
{
    list_draw(&((struct devices *)p)->list, s, where);
}

static struct panel_outcome press(struct panel *p, const struct press *press)
{
    struct devices *d = (struct devices *)p;

    if (press->kind == PRESS_ESCAPE || (press->kind == PRESS_CTRL && press->letter == 'g'))
        return (struct panel_outcome){ .act = PANEL_CLOSE };
    switch (list_press(&d->list, press)) {
    case LIST_FILTERED: fill(d); break;
    case LIST_CHOSEN:
        buffer_clear(&d->outcome);
        put_lasting(d, d->shown[d->list.at], &d->outcome);
        return (struct panel_outcome){ .act = PANEL_MICROPHONE, .text = buffer_text(&d->outcome) };
    default: break;
    }
    return (struct panel_outcome){ .act = PANEL_NOTHING };
}

static void free_panel(struct panel *p)
{
    struct devices *d = (struct devices *)p;

    list_free(&d->list);
    for (size_t i = 0; i < d->n; i++)
        free(d->names[i]);
    free(d->names);
    free(d->shown);
    buffer_free(&d->chosen);
    buffer_free(&d->outcome);
    free(d);
}

static void take_names(struct devices *d, const char *names)
{
    size_t capacity = 0;

    d->names = array_grow(d->names, d->n, &capacity, sizeof *d->names);
    d->names[d->n++] = text_copy("");
    for (size_t n; *names != '\0'; names += n + (names[n] == '\n')) {
        n = strcspn(names, "\n");
        if (n == 0)
            continue;
        d->names = array_grow(d->names, d->n, &capacity, sizeof *d->names);
        if ((d->names[d->n++] = strndup(names, n)) == NULL)
            abort();
    }
    d->shown = calloc(d->n, sizeof *d->shown);
    if (d->shown == NULL)
        abort();
}

struct panel *panel_devices_new(const char *names, const char *chosen)
{
    struct devices *d = calloc(1, sizeof *d);

    if (d == NULL)
        abort();
    d->panel = (struct panel){ .title = "Microphone", .cols_wanted = 56, .n_colors = 256, .keys = "Enter takes it, also next time · Esc closes",
                               .draw = draw, .press = press, .free = free_panel };
    d->list.hint = "type to search";
    d->list.empty = "no microphone has that in its name";
    buffer_append(&d->chosen, chosen, strlen(chosen));
    take_names(d, names);
    fill(d);
    for (size_t row = 0; row < d->list.n; row++)
        if (d->shown[row] == chosen_name(d))
            list_move_to(&d->list, row);
    return &d->panel;
}
