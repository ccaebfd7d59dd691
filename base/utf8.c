#include "base/utf8.h"

#include <string.h>
#include <utf8proc.h>

/* Table 3-7: the second byte's range depends on the first. */
static bool second_byte_range(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xBF;
    switch (lead) {
    case 0xE0: *low = 0xA0; break;
    case 0xED: *high = 0x9F; break;
    case 0xF0: *low = 0x90; break;
    case 0xF4: *high = 0x8F; break;
    default: break;
    }
    return lead >= 0xC2 && lead <= 0xF4;
}

size_t utf8_decode(const char *text, size_t n, uint32_t *code)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low, high;

    *code = UTF8_REPLACEMENT;
    if (s[0] < 0x80) {
        *code = s[0];
        return 1;
    }
    if (!second_byte_range(s[0], &low, &high))
        return 1;
    size_t want = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    uint32_t value = s[0] & (0x7Fu >> want);
    for (size_t i = 1; i < want; i++) {
        if (i == n)
            return 0;
        if (s[i] < low || s[i] > high)
            return i;
        value = value << 6 | (s[i] & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    *code = value;
    return want;
}

size_t utf8_encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

size_t utf8_complete(const char *text, size_t n)
{
    uint32_t code;

    for (size_t back = 1; back <= 3 && back <= n; back++) {
        unsigned char byte = (unsigned char)text[n - back];
        if ((byte & 0xC0) == 0x80)
            continue;
        return utf8_decode(text + n - back, back, &code) == 0 ? n - back : n;
    }
    return n;
}

bool utf8_valid(const char *text, size_t n)
{
    uint32_t code;

    for (size_t at = 0; at < n;) {
        size_t used = utf8_decode(text + at, n - at, &code);
        bool is_literal = used == 3 && memcmp(text + at, "\xEF\xBF\xBD", 3) == 0;
        if (used == 0 || (code == UTF8_REPLACEMENT && !is_literal))
            return false;
        at += used;
    }
    return true;
}

int utf8_width(uint32_t code)
{
    if (code < 0x20 || (code >= 0x7F && code < 0xA0))
        return 0;
    /* Spacing vowel signs (Devanagari, Tamil, ...) join a cluster but take a column in
     * terminals and the C library; utf8proc gives them none. */
    if (utf8proc_category((utf8proc_int32_t)code) == UTF8PROC_CATEGORY_MC)
        return 1;
    return utf8proc_charwidth((utf8proc_int32_t)code);
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F;
}

size_t utf8_grapheme_next(const char *text, size_t n, size_t at)
{
    utf8proc_int32_t state = 0;
    uint32_t code, next;

    if (is_plain(text[at]) && (at + 1 == n || (unsigned char)text[at + 1] < 0x80))
        return at + 1;              /* nothing in ASCII joins a letter; most text is that */
    size_t used = utf8_decode(text + at, n - at, &code);
    if (used == 0)
        return n;
    at += used;
    while (at < n) {
        used = utf8_decode(text + at, n - at, &next);
        if (used == 0)
            return at;
        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)code,
                                             (utf8proc_int32_t)next, &state))
            return at;
        code = next;
        at += used;
    }
    return at;
}

static size_t code_before(const char *text, size_t at)
{
    size_t start = at - 1;

    while (start > 0 && at - start < 4 && ((unsigned char)text[start] & 0xC0) == 0x80)
        start--;
    return start;
}

/* A place before `at` where a cluster begins for sure (UAX 29): a line, printable ASCII behind
 * anything but a prepended mark, or between two code points of no class. */
static size_t safe_start(const char *text, size_t at)
{
    bool plain = false;             /* of what begins at `at` */
    int class = UTF8PROC_BOUNDCLASS_EXTEND;
    uint32_t code;

    while (at > 0 && text[at - 1] != '\n') {
        size_t start = code_before(text, at);
        utf8_decode(text + start, at - start, &code);
        int before = utf8proc_get_property((utf8proc_int32_t)code)->boundclass;
        if (plain ? before != UTF8PROC_BOUNDCLASS_PREPEND
                  : before == UTF8PROC_BOUNDCLASS_OTHER && class == UTF8PROC_BOUNDCLASS_OTHER)
            return at;
        plain = is_plain(text[start]);
        class = before;
        at = start;
    }
    return at;
}

size_t utf8_grapheme_previous(const char *text, size_t n, size_t at)
{
    if (text[at - 1] == '\n')       /* a line break, which may be CR LF */
        return at >= 2 && text[at - 2] == '\r' ? at - 2 : at - 1;
    for (size_t start = safe_start(text, at);;) {
        size_t next = utf8_grapheme_next(text, n, start);
        if (next >= at)
            return start;
        start = next;
    }
}
