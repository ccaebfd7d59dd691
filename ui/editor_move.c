#include "ui/editor_parts.h"

#include "base/utf8.h"

#include <utf8proc.h>

size_t move_next(struct text t, size_t at)
{
    return at < t.n ? utf8_grapheme_next(t.s, t.n, at) : at;
}

size_t move_previous(struct text t, size_t at)
{
    return at > 0 ? utf8_grapheme_previous(t.s, t.n, at) : 0;
}

size_t move_settle(struct text t, size_t at)
{
    return at > 0 ? utf8_grapheme_next(t.s, t.n, utf8_grapheme_previous(t.s, t.n, at)) : 0;
}

size_t move_line_start(struct text t, size_t at)
{
    while (at > 0 && t.s[at - 1] != '\n')
        at--;
    return at;
}

size_t move_line_end(struct text t, size_t at)
{
    while (at < t.n && t.s[at] != '\n')
        at++;
    return at > 0 && at < t.n && t.s[at - 1] == '\r' ? at - 1 : at;    /* CR LF is one cluster */
}

bool move_is_blank(struct text t, size_t at)
{
    return at < t.n && (t.s[at] == ' ' || t.s[at] == '\t' || t.s[at] == '\n' || t.s[at] == '\r');
}

size_t move_first_letter(struct text t, size_t at)
{
    size_t end = move_line_end(t, at);

    for (at = move_line_start(t, at); at < end && move_is_blank(t, at);)
        at = move_next(t, at);
    return at;
}

/* Letters, digits and what belongs to them, in any script. */
bool move_is_word(struct text t, size_t at)
{
    uint32_t code;

    if (at >= t.n)
        return false;
    utf8_decode(t.s + at, t.n - at, &code);
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

size_t move_word_left(struct text t, size_t at)
{
    size_t before;

    while (at > 0 && !move_is_word(t, before = move_previous(t, at)))
        at = before;
    while (at > 0 && move_is_word(t, before = move_previous(t, at)))
        at = before;
    return at;
}

size_t move_word_right(struct text t, size_t at)
{
    while (at < t.n && !move_is_word(t, at))
        at = move_next(t, at);
    while (at < t.n && move_is_word(t, at))
        at = move_next(t, at);
    return at;
}

size_t move_blank_left(struct text t, size_t at)
{
    size_t before;

    while (at > 0 && move_is_blank(t, before = move_previous(t, at)))
        at = before;
    while (at > 0 && !move_is_blank(t, before = move_previous(t, at)))
        at = before;
    return at;
}
