/* What was perceived: one attachment after the other, its picture or waveform and the lines on it. */
#include "ui/panel_text.h"

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

struct panel *panel_details_new(const struct panel_detail *details, size_t n, size_t first)
{
    struct text_part *parts = calloc(n > 0 ? n : 1, sizeof *parts);
    struct buffer text = { 0 };

    if (parts == NULL)
        abort();
    for (size_t i = 0; i < n; i++) {
        parts[i] = (struct text_part){ text.n > 0 ? text.n + 2 : 0, details[i].preview };
        add_detail(&details[i], &text);
    }
    if (n == 0)
        buffer_print(&text, "Nothing was attached yet.");
    struct panel *panel = panel_text_with_parts("what was perceived", buffer_text(&text), parts, n, first);
    buffer_free(&text);
    free(parts);
    return panel;
}
