/* What was perceived: one attachment after the other, its picture or waveform and the lines on it. */
#include "ui/panel_text.h"

#include "fusion/session.h"
#include "ui/buffer.h"

#include <stdlib.h>
#include <string.h>

static void add_detail(const struct panel_detail *d, struct buffer *text)
{
    size_t n = strlen(d->lines);

    while (n > 0 && d->lines[n - 1] == '\n')
        n--;
    buffer_print(text, "%s%s\n", text->n > 0 ? "\n\n" : "", d->heading);
    buffer_append(text, d->lines, n);
}

/* The lines that may be corrected of a detail whose text ends the text. */
static void add_lines(const struct panel_detail *d, size_t part, const char *text, size_t at, struct text_line **lines, size_t *n)
{
    *lines = realloc(*lines, (*n + d->n_said + 1) * sizeof **lines);
    if (*lines == NULL)
        abort();
    at += d->said_at;
    for (size_t i = 0; i < d->n_said; i++) {
        (*lines)[(*n)++] = (struct text_line){ at, part, i, text_copy(d->said[i]) };
        at += strcspn(text + at, "\n") + 1;
    }
}

void panel_details_show(struct panel *p, size_t detail, size_t i)
{
    panel_text_show_line(p, detail, i);
}

static bool is_clip(const struct panel_detail *d)
{
    return d->preview != NULL && d->preview->kind == ATTACHMENT_AUDIO;
}

bool panel_details_corrects(const struct panel *p)
{
    return panel_text_corrects(p);
}

struct panel *panel_details_new(const struct panel_detail *details, size_t n, size_t first)
{
    struct text_part *parts = calloc(n > 0 ? n : 1, sizeof *parts);
    struct buffer text = { 0 };
    struct text_line *lines = NULL;
    size_t n_lines = 0;

    if (parts == NULL)
        abort();
    for (size_t i = 0; i < n; i++) {
        parts[i] = (struct text_part){ text.n > 0 ? text.n + 2 : 0, details[i].preview, is_clip(&details[i]) };
        add_detail(&details[i], &text);
        if (details[i].n_said > 0)
            add_lines(&details[i], i, text.s, parts[i].start + strlen(details[i].heading) + 1, &lines, &n_lines);
    }
    if (n == 0)
        buffer_print(&text, "Nothing was attached yet.");
    struct panel *panel = panel_text_with_parts("what was perceived", buffer_text(&text), parts, n, first);
    if (n_lines > 0)
        panel_text_take_lines(panel, lines, n_lines);
    else
        free(lines);
    buffer_free(&text);
    free(parts);
    return panel;
}
