#include "ui/editor_parts.h"

#include <string.h>

/* Odd: between the lines from[0..n) a block of code is left open (or closed). */
static bool odd_fences(const char *s, size_t n)
{
    bool odd = false;

    for (const char *end = s + n, *line = s; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((newline != NULL ? newline : end) - line);
        odd ^= wrap_is_fence(line, length);
        line += length + 1;
    }
    return odd;
}

static size_t paragraph_end(struct text t, size_t at)
{
    const char *newline = at < t.n ? memchr(t.s + at, '\n', t.n - at) : NULL;

    return newline != NULL ? (size_t)(newline - t.s) : t.n;
}

bool editor_wrap_toggles(struct text t, size_t from, size_t to)
{
    size_t start = move_line_start(t, from);

    return odd_fences(t.s + start, paragraph_end(t, to) - start);
}

/* Index of the first line that starts at or behind `at`. */
static size_t first_from(const struct wrap *w, size_t at)
{
    size_t low = 0, high = w->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (w->lines[middle].start < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* lines[first..end) give way to those of `part`, which start at byte `start`. */
static void splice(struct wrap *w, size_t first, size_t end, const struct wrap *part, size_t n_part, size_t start)
{
    size_t n = w->n - (end - first) + n_part;

    while (w->capacity < n)
        w->lines = array_grow(w->lines, w->capacity, &w->capacity, sizeof *w->lines);
    memmove(w->lines + first + n_part, w->lines + end, (w->n - end) * sizeof *w->lines);
    for (size_t i = 0; i < n_part; i++) {
        struct wrap_line line = part->lines[i];
        w->lines[first + i] = (struct wrap_line){ line.start + start, line.end + start, line.indent };
    }
    w->n = n;
}

/* Only the lines of text that were touched are wrapped again, with the memo of their own; those
 * behind move.  A fence that came or went changes all that follows, so the whole is wrapped. */
void editor_wrap_changed(struct wrap *w, struct text t, size_t at, size_t removed, size_t inserted, bool toggled)
{
    size_t start = move_line_start(t, at), end = paragraph_end(t, at + inserted);

    if (w->n == 0)
        return;
    if (editor_wrap_toggles(t, at, at + inserted) != toggled) {
        wrap_reset(w);
        return;
    }
    size_t first = first_from(w, start), behind = first_from(w, end + removed - inserted + 1);
    bool goes_on = end < t.n;
    struct wrap part = { .width = w->width, .code = odd_fences(t.s, start) };
    wrap_update(&part, t.s + start, end - start + goes_on, w->width);
    size_t n_part = part.n - goes_on;       /* behind the newline an empty line begins, which is the rest's first */
    splice(w, first, behind, &part, n_part, start);
    for (size_t i = first + n_part; i < w->n; i++) {
        w->lines[i].start += inserted - removed;
        w->lines[i].end += inserted - removed;
    }
    w->n_bytes = t.n;
    wrap_free(&part);
}
