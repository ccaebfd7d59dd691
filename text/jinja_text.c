/* jinja_text.c - strings of a template: built, measured, cut, changed; each byte keeps its origin. */
#include "text/jinja_value.h"

#include <string.h>

#include <utf8proc.h>

#include "base/utf8.h"

/* ---- building ---------------------------------------------------------------------- */

/* Room for n more bytes. */
static bool reserve(struct jinja_run *r, struct jinja_builder *b, size_t n)
{
    if (r->failed)
        return false;
    if (n <= b->capacity - b->n)
        return true;
    if (n > r->n_bytes_most)
        return jinja_alloc(r, n) != NULL;
    size_t capacity = 2 * b->capacity + n + 32;
    char *bytes = jinja_alloc(r, 2 * capacity);
    if (bytes == NULL)
        return false;
    uint8_t *from = (uint8_t *)bytes + capacity;
    if (b->n > 0) {
        memcpy(bytes, b->bytes, b->n);
        memcpy(from, b->from, b->n);
    }
    b->bytes = bytes;
    b->from = from;
    b->capacity = capacity;
    return true;
}

void jinja_add(struct jinja_run *r, struct jinja_builder *b, const char *bytes, size_t n, const uint8_t *from)
{
    if (n == 0 || !jinja_work(r, 1 + n / 64) || !reserve(r, b, n))
        return;
    memcpy(b->bytes + b->n, bytes, n);
    if (from != NULL)
        memcpy(b->from + b->n, from, n);
    else
        memset(b->from + b->n, JINJA_FROM_TEMPLATE, n);
    b->mixed |= from != NULL;
    b->n += n;
}

void jinja_add_text(struct jinja_run *r, struct jinja_builder *b, const char *text)
{
    jinja_add(r, b, text, strlen(text), NULL);
}

void jinja_add_string(struct jinja_run *r, struct jinja_builder *b, const struct jinja_string *s)
{
    jinja_add(r, b, s->bytes, s->n, s->from);
}

void jinja_add_part(struct jinja_run *r, struct jinja_builder *b, const struct jinja_string *s, size_t from, size_t to)
{
    jinja_add(r, b, s->bytes + from, to - from, s->from != NULL ? s->from + from : NULL);
}

struct jinja_value jinja_built(struct jinja_run *r, const struct jinja_builder *b)
{
    return jinja_string(r, b->n > 0 ? b->bytes : "", b->n, b->mixed ? b->from : NULL);
}

/* ---- measuring and cutting ---------------------------------------------------------------- */

size_t jinja_char_end(const struct jinja_string *s, size_t at)
{
    uint32_t code;
    size_t used = utf8_decode(s->bytes + at, s->n - at, &code);

    return used > 0 ? at + used : s->n;
}

size_t jinja_n_chars(struct jinja_run *r, const struct jinja_string *s)
{
    size_t n = 0;

    if (!jinja_work(r, 1 + s->n / 8))
        return 0;
    for (size_t at = 0; at < s->n; at = jinja_char_end(s, at))
        n++;
    return n;
}

struct jinja_value jinja_part(struct jinja_run *r, const struct jinja_string *s, size_t from, size_t to)
{
    return jinja_string(r, s->bytes + from, to - from, s->from != NULL ? s->from + from : NULL);
}

size_t jinja_find(struct jinja_run *r, const struct jinja_string *s, const struct jinja_string *what, size_t at)
{
    if (what->n > s->n - at || !jinja_work(r, (s->n - at) / 64))
        return SIZE_MAX;
    if (what->n == 0)
        return at;
    const char *found = memmem(s->bytes + at, s->n - at, what->bytes, what->n);
    return found != NULL ? (size_t)(found - s->bytes) : SIZE_MAX;
}

/* ---- strip ------------------------------------------------------------------------------------- */

/* str.isspace() of Python. */
static bool is_space(uint32_t code)
{
    return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 || code == 0xA0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
           code == 0x205F || code == 0x3000;
}

bool jinja_is_blank_at(const struct jinja_string *s, size_t at)
{
    uint32_t code;

    utf8_decode(s->bytes + at, s->n - at, &code);
    return is_space(code);
}

/* The character s[at..end) is one of `chars`; NULL: it is blank. */
static bool is_one_of(const struct jinja_string *s, size_t at, size_t end, const struct jinja_string *chars)
{
    if (chars == NULL)
        return jinja_is_blank_at(s, at);
    for (size_t i = 0; i < chars->n;) {
        size_t next = jinja_char_end(chars, i);
        if (next - i == end - at && memcmp(chars->bytes + i, s->bytes + at, end - at) == 0)
            return true;
        i = next;
    }
    return false;
}

static size_t char_start(const struct jinja_string *s, size_t end)
{
    size_t at = end - 1;

    while (at > 0 && end - at < 4 && (s->bytes[at] & 0xC0) == 0x80)
        at--;
    return jinja_char_end(s, at) == end ? at : end - 1;
}

struct jinja_value jinja_strip(struct jinja_run *r, const struct jinja_string *s, const struct jinja_string *chars, bool left,
                               bool right)
{
    size_t from = 0, to = s->n;

    while (left && from < to && is_one_of(s, from, jinja_char_end(s, from), chars))
        from = jinja_char_end(s, from);
    while (right && to > from && is_one_of(s, char_start(s, to), to, chars))
        to = char_start(s, to);
    jinja_work(r, (from + s->n - to) / 4 * (1 + (chars != NULL ? chars->n : 0)));
    return jinja_part(r, s, from, to);
}

/* ---- replace ------------------------------------------------------------------------------------- */

struct jinja_value jinja_replace(struct jinja_run *r, const struct jinja_string *s, const struct jinja_string *old,
                                 const struct jinja_string *new, int64_t most)
{
    struct jinja_builder b = { 0 };
    size_t at = 0, found;

    while (most != 0 && at <= s->n && (found = jinja_find(r, s, old, at)) != SIZE_MAX && jinja_work(r, 1)) {
        most -= most > 0;
        jinja_add_part(r, &b, s, at, found);
        jinja_add_string(r, &b, new);
        at = found + old->n;
        if (old->n == 0) {          /* between all characters */
            size_t end = found < s->n ? jinja_char_end(s, found) : s->n;
            jinja_add_part(r, &b, s, found, end);
            at = end;
            if (found == s->n)
                break;
        }
    }
    if (at < s->n)
        jinja_add_part(r, &b, s, at, s->n);
    return jinja_built(r, &b);
}

/* ---- upper and lower case -------------------------------------------------------------------------- */

static bool is_letter(uint32_t code)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);

    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LT;
}

/* Letters that one after the other change with the case of what they follow. */
static uint32_t recased(uint32_t code, enum jinja_case wanted, bool first)
{
    bool upper = wanted == JINJA_UPPER || (wanted != JINJA_LOWER && first);

    return (uint32_t)(upper ? utf8proc_toupper((utf8proc_int32_t)code) : utf8proc_tolower((utf8proc_int32_t)code));
}

struct jinja_value jinja_recase(struct jinja_run *r, const struct jinja_string *s, enum jinja_case wanted)
{
    struct jinja_builder b = { 0 };
    bool first = true;              /* of a word, or of the whole */
    uint32_t code;

    for (size_t at = 0; at < s->n && jinja_work(r, 1);) {
        char bytes[4];
        uint8_t from[4];
        size_t used = utf8_decode(s->bytes + at, s->n - at, &code);
        if (used == 0 || (code == UTF8_REPLACEMENT && used < 3)) {  /* not UTF-8: as it is */
            used = used > 0 ? used : s->n - at;
            jinja_add_part(r, &b, s, at, at + used);
        } else {
            memset(from, s->from != NULL ? s->from[at] : JINJA_FROM_TEMPLATE, sizeof from);
            jinja_add(r, &b, bytes, utf8_encode(recased(code, wanted, first), bytes), s->from != NULL ? from : NULL);
        }
        first = wanted == JINJA_TITLE && !is_letter(code);
        at += used;
    }
    return jinja_built(r, &b);
}

/* ---- % ------------------------------------------------------------------------------------------------- */

static void add_percent(struct jinja_run *r, struct jinja_builder *b, char letter, struct jinja_value x)
{
    if (letter == 's')
        jinja_add_value(r, b, x);
    else if (letter == 'r')
        jinja_add_repr(r, b, x);
    else if (jinja_is_number(x) && (letter == 'd' || letter == 'i'))
        jinja_add_value(r, b, jinja_int(x.kind == JINJA_INT ? x.integer : (int64_t)jinja_number(x)));
    else
        jinja_fail(r, "%%%c of a %s is not supported", letter, jinja_kind_name(x.kind));
}

struct jinja_value jinja_percent(struct jinja_run *r, const struct jinja_string *format, const struct jinja_value *values,
                                 size_t n)
{
    struct jinja_builder b = { 0 };
    size_t used = 0, from = 0;

    for (size_t at = 0; at < format->n && !r->failed; at++) {
        if (format->bytes[at] != '%')
            continue;
        char letter = at + 1 < format->n ? format->bytes[at + 1] : '\0';
        jinja_add_part(r, &b, format, from, at);
        if (letter == '%')
            jinja_add_text(r, &b, "%");
        else if (used < n)
            add_percent(r, &b, letter, values[used++]);
        else
            jinja_fail(r, "there are fewer values than the format wants");
        from = ++at + 1;
    }
    if (used < n)
        jinja_fail(r, "there are more values than the format wants");
    if (from < format->n)
        jinja_add_part(r, &b, format, from, format->n);
    return jinja_built(r, &b);
}
