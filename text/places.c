#include "text/places.h"

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bool is_grid(const struct text_span *span)
{
    return span->ids == NULL && span->width > 0;
}

void places_next(const struct text_span *spans, size_t n_spans, bool axes, int32_t *next)
{
    int32_t place = 0;

    for (size_t s = 0; s < n_spans; s++) {
        const struct text_span *span = &spans[s];
        if (axes && is_grid(span) && span->n > 0) {
            place += (int32_t)max_size(span->width, span->height);
            for (size_t i = 0; i < span->n; i++)
                *next++ = place;
        } else {
            for (size_t i = 0; i < span->n; i++)
                *next++ = ++place;
        }
    }
}

static void place_row(const struct text_span *span, size_t i, int32_t start, int32_t *place)
{
    bool grid = is_grid(span);

    place[0] = grid ? start : start + (int32_t)i;
    place[1] = grid ? start + (int32_t)(i / span->width) : place[0];
    place[2] = grid ? start + (int32_t)(i % span->width) : place[0];
}

void places_of(const struct text_span *spans, size_t n_spans, const int32_t *next, size_t first, size_t n, int32_t *places)
{
    for (size_t s = 0, at = 0; s < n_spans && at < first + n; at += spans[s++].n)
        for (size_t i = first > at ? first - at : 0; i < spans[s].n && at + i < first + n; i++)
            place_row(&spans[s], i, at == 0 ? 0 : next[at - 1], places + (at + i - first) * PLACES_AXES);
}

bool places_until(const struct text_span *spans, size_t n_spans, size_t first, size_t n, size_t *until)
{
    bool any = false;

    for (size_t s = 0, at = 0; s < n_spans; at += spans[s++].n)
        any |= spans[s].both_ways && at < first + n && at + spans[s].n > first;
    if (!any)
        return false;
    for (size_t s = 0, at = 0; s < n_spans && at < first + n; at += spans[s++].n)
        for (size_t i = first > at ? first - at : 0; i < spans[s].n && at + i < first + n; i++)
            until[at + i - first] = spans[s].both_ways ? at + spans[s].n : at + i + 1;
    return true;
}

size_t places_whole(const struct text_span *spans, size_t n_spans, size_t at)
{
    for (size_t s = 0, start = 0; s < n_spans && start < at; start += spans[s++].n)
        if (spans[s].both_ways && at < start + spans[s].n)
            return start;
    return at;
}

size_t places_chunk(const struct text_span *spans, size_t n_spans, size_t first, size_t end)
{
    size_t start = places_whole(spans, n_spans, end);

    if (start > first || start == end)
        return start;
    while (places_whole(spans, n_spans, end) != end)    /* it begins the chunk, and is longer */
        end++;
    return end;
}
