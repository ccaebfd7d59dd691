#include "ui/sanitise.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { MARKS_MOST = 4, TAB_COLUMNS = 4 };

/* Characters that steer or hide text and have no glyph of their own. */
static bool is_hidden(uint32_t code)
{
    return (code >= 0x80 && code <= 0x9F)           /* C1 */
        || code == 0x061C || code == 0x180E         /* Arabic letter mark, Mongolian separator */
        || code == 0x200B || code == 0x200E || code == 0x200F
        || (code >= 0x2028 && code <= 0x202E)       /* separators, embeddings, overrides */
        || (code >= 0x2060 && code <= 0x206F)       /* joiners, isolates, deprecated formats */
        || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB)
        || (code >= 0x1D173 && code <= 0x1D17A)
        || (code >= 0xE0000 && code <= 0xE007F);    /* tags */
}

/* Parts of a cluster that are not drawn: terminals combine them or not, as they like. */
static bool is_left_out(uint32_t code)
{
    return code == 0x200C || code == 0x200D || (code >= 0xFE00 && code <= 0xFE0F)
        || (code >= 0x1F3FB && code <= 0x1F3FF) || (code >= 0xE0000 && code <= 0xE01EF);
}

static bool is_tag(uint32_t code)
{
    return code >= 0xE0000 && code <= 0xE007F;
}

static void put(struct glyph *glyph, uint32_t code)
{
    size_t n = strlen(glyph->text);
    char bytes[4];
    size_t n_bytes = utf8_encode(code, bytes);

    if (n + n_bytes < GLYPH_BYTES) {
        memcpy(glyph->text + n, bytes, n_bytes);
        glyph->text[n + n_bytes] = '\0';
        glyph->width += utf8_width(code);
    }
}

/* End of the cluster at `at`; tags outside a flag are cut off and shown one by one. */
static size_t cluster_end(const char *text, size_t n, size_t at, uint32_t first, bool *plain)
{
    size_t end = utf8_grapheme_next(text, n, at);
    uint32_t code;
    size_t n_codes = 0;

    for (size_t i = at; i < end; n_codes++) {
        size_t used = utf8_decode(text + i, n - i, &code);
        if (used == 0)
            used = end - i;
        if (i > at && is_tag(code) && first != 0x1F3F4)
            end = i;
        i += used;
    }
    *plain = n_codes == 1;
    return end;
}

/* Hangul jamo and letters with marks become the one character terminals expect. */
static void put_cluster(struct glyph *glyph, const char *text, size_t n)
{
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t n_composed = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)n,
                                               &composed, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    const char *s = n_composed > 0 ? (const char *)composed : text;
    size_t size = n_composed > 0 ? (size_t)n_composed : n;
    int n_marks = 0;
    uint32_t code;

    for (size_t i = 0; i < size;) {
        size_t used = utf8_decode(s + i, size - i, &code);
        i += used > 0 ? used : 1;
        if (is_left_out(code) && glyph->text[0] != '\0')
            continue;
        if (utf8_width(code) == 0 && n_marks++ == MARKS_MOST)
            break;
        if (utf8_width(code) == 0 && glyph->text[0] == '\0')
            put(glyph, 0x25CC);                     /* a mark of its own sits on a dotted circle */
        put(glyph, code);
    }
    free(composed);
}

/* What stands for one code point that must not reach a terminal; false for the others. */
static bool put_steering(struct glyph *glyph, uint32_t code, bool broken)
{
    if (broken)
        put(glyph, UTF8_REPLACEMENT);
    else if (code < 0x20)
        put(glyph, 0x2400 + code);
    else if (code == 0x7F)
        put(glyph, 0x2421);
    else if (is_hidden(code))
        glyph->width = snprintf(glyph->text, sizeof glyph->text, "<U+%04X>", (unsigned)code);
    else
        return false;
    return true;
}

void sanitise_next(const char *text, size_t n, size_t at, struct glyph *glyph)
{
    uint32_t code;
    size_t used = utf8_decode(text + at, n - at, &code);
    bool plain;

    memset(glyph, 0, sizeof *glyph);
    glyph->code = code;
    glyph->n_bytes = used > 0 ? used : n - at;
    if (code == '\t') {
        memset(glyph->text, ' ', TAB_COLUMNS);
        glyph->width = TAB_COLUMNS;
    } else if (!put_steering(glyph, code, used == 0)) {
        size_t end = cluster_end(text, n, at, code, &plain);
        glyph->n_bytes = end - at;
        if (plain && utf8_width(code) > 0)
            put(glyph, code);
        else
            put_cluster(glyph, text + at, end - at);
    }
}

int sanitise_width(const char *text, size_t n)
{
    struct glyph glyph;
    int width = 0;

    for (size_t at = 0; at < n; at += glyph.n_bytes) {
        sanitise_next(text, n, at, &glyph);
        width += glyph.width;
    }
    return width;
}

void sanitise_write(FILE *to, const char *text, size_t n)
{
    uint32_t code;

    for (size_t at = 0, used; at < n; at += used) {
        struct glyph glyph = { 0 };
        used = utf8_decode(text + at, n - at, &code);
        bool broken = used == 0 || (code == UTF8_REPLACEMENT && text[at] != '\xEF');
        if (used == 0)
            used = n - at;
        if (code != '\n' && code != '\t' && put_steering(&glyph, code, broken))
            fputs(glyph.text, to);
        else
            fwrite(text + at, 1, used, to);
    }
}
