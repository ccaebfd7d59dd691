/* The display edge: nothing that steers a terminal passes, everything is visible. */
#include "ui/sanitise.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <cmocka.h>

/* The whole text as it would be drawn. */
static const char *drawn(const char *text, size_t n)
{
    static char out[4096];
    struct glyph glyph;

    out[0] = '\0';
    for (size_t at = 0; at < n; at += glyph.n_bytes) {
        sanitise_next(text, n, at, &glyph);
        assert_true(glyph.n_bytes > 0 && glyph.width > 0 && at + glyph.n_bytes <= n);
        assert_true(strlen(out) + strlen(glyph.text) < sizeof out);
        strcat(out, glyph.text);
    }
    return out;
}

static void check(const char *text, const char *want)
{
    assert_string_equal(drawn(text, strlen(text)), want);
}

/* No byte of C0, C1 or an ill-formed sequence, no bidi control. */
static void assert_harmless(const char *s)
{
    uint32_t code;

    for (size_t i = 0, n = strlen(s); i < n;) {
        size_t used = utf8_decode(s + i, n - i, &code);
        assert_true(used > 0);
        assert_false(code < 0x20 || (code >= 0x7F && code <= 0x9F));
        assert_false((code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069));
        i += used;
    }
}

static void test_every_control(void **state)
{
    char text[8], want[16];

    (void)state;
    for (unsigned c = 1; c < 0x20; c++) {
        if (c == '\t')
            continue;
        text[0] = (char)c;
        want[utf8_encode(0x2400 + c, want)] = '\0';
        assert_string_equal(drawn(text, 1), want);
    }
    check("\x7F", "\xE2\x90\xA1");
    assert_string_equal(drawn("\0", 1), "\xE2\x90\x80");
    check("a\tb", "a    b");
    for (unsigned c = 0x80; c < 0xA0; c++) {
        text[utf8_encode(c, text)] = '\0';
        snprintf(want, sizeof want, "<U+%04X>", c);
        check(text, want);                      /* C1 as UTF-8 */
        text[0] = (char)c;
        assert_string_equal(drawn(text, 1), "\xEF\xBF\xBD");    /* and as a raw byte */
    }
}

static void test_escape_sequences(void **state)
{
    (void)state;
    check("\x1B[31mred", "\xE2\x90\x9B[31mred");
    check("\x1B]52;c;AAAA\a", "\xE2\x90\x9B]52;c;AAAA\xE2\x90\x87");
    check("\x1B]8;;http://x\x1B\\link", "\xE2\x90\x9B]8;;http://x\xE2\x90\x9B\\link");
    check("\xC2\x9B" "2J", "<U+009B>2J");
    check("good\rbad", "good\xE2\x90\x8D" "bad");
    check("a\bb", "a\xE2\x90\x88" "b");
    /* Split anywhere, the pieces are drawn like the whole. */
    const char *whole = "x\x1B[2J\x1B]0;t\a\xC2\x9B" "y";
    for (size_t cut = 1; cut < strlen(whole); cut++) {
        if (utf8_complete(whole, cut) != cut)
            continue;
        char both[256];
        strcpy(both, drawn(whole, cut));
        strcat(both, drawn(whole + cut, strlen(whole) - cut));
        check(whole, both);
    }
}

/* The two parts as they would be drawn one after the other. */
static const char *drawn_in_parts(const char *text, size_t n, size_t cut)
{
    static char both[8192];

    strcpy(both, drawn(text, cut));
    strcat(both, drawn(text + cut, n - cut));
    return both;
}

/* Cut anywhere it stays harmless, and between characters it is drawn no differently. */
static void check_all_cuts(const char *text, size_t n)
{
    char whole[4096];

    strcpy(whole, drawn(text, n));
    assert_harmless(whole);
    for (size_t cut = 0; cut <= n; cut++) {
        const char *parts = drawn_in_parts(text, n, cut);
        assert_harmless(parts);
        if (utf8_complete(text, cut) == cut)
            assert_string_equal(parts, whole);
    }
}

/* ECMA-48: ESC and a final byte (5.3), CSI parameters intermediates final (5.4), control strings
 * (5.6) with BEL, ST and C1's ST behind; each by ESC, by C1 in UTF-8 and by C1 as a raw byte. */
static void test_every_sequence(void **state)
{
    static const char *const starts[][3] = {
        { "\x1B[", "\xC2\x9B", "\x9B" }, { "\x1B]", "\xC2\x9D", "\x9D" }, { "\x1BP", "\xC2\x90", "\x90" },
        { "\x1B_", "\xC2\x9F", "\x9F" }, { "\x1B^", "\xC2\x9E", "\x9E" }, { "\x1BX", "\xC2\x98", "\x98" },
    };
    static const char *const bodies[] = { "", "0", "1;2", "?25", ">0;1", "=1 ", "52;c;QQ==", "8;;http://x", "$q\"p", "Ga=T" };
    static const char *const ends[] = { "", "\a", "\x1B\\", "\xC2\x9C", "\x9C", "\x18", "\x1A", "\r\n" };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        for (int form = 0; form < 3; form++)
            for (size_t b = 0; b < sizeof bodies / sizeof bodies[0]; b++)
                for (size_t e = 0; e < sizeof ends / sizeof ends[0]; e++) {
                    snprintf(text, sizeof text, "a%s%s%sb", starts[i][form], bodies[b], ends[e]);
                    check_all_cuts(text, strlen(text));
                }
    for (int final = 0x20; final < 0x7F; final++) {
        check_all_cuts(text, (size_t)snprintf(text, sizeof text, "\x1B%cx", final));
        check_all_cuts(text, (size_t)snprintf(text, sizeof text, "\x1B[1;2 %cx", final));
        check_all_cuts(text, (size_t)snprintf(text, sizeof text, "\x1B[?%cx", final));
        check_all_cuts(text, (size_t)snprintf(text, sizeof text, "\x1B\x1B[%cx", final));
    }
}

/* Every code point by itself, before and behind a letter: nothing of C0, C1, bidi or tags is drawn, and
 * what Unicode calls a control or a bidi control is named. */
static void test_every_character(void **state)
{
    char text[16], name[16];

    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        text[0] = 'a';
        size_t n = 1 + utf8_encode(code, text + 1);
        text[n++] = 'b';
        const char *shown = drawn(text, n);
        assert_harmless(shown);
        const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)code);
        bool steers = property->category == UTF8PROC_CATEGORY_CC || property->category == UTF8PROC_CATEGORY_ZL
            || property->category == UTF8PROC_CATEGORY_ZP || property->bidi_class == UTF8PROC_BIDI_CLASS_LRE
            || property->bidi_class == UTF8PROC_BIDI_CLASS_LRO || property->bidi_class == UTF8PROC_BIDI_CLASS_RLE
            || property->bidi_class == UTF8PROC_BIDI_CLASS_RLO || property->bidi_class == UTF8PROC_BIDI_CLASS_PDF
            || property->bidi_class == UTF8PROC_BIDI_CLASS_LRI || property->bidi_class == UTF8PROC_BIDI_CLASS_RLI
            || property->bidi_class == UTF8PROC_BIDI_CLASS_FSI || property->bidi_class == UTF8PROC_BIDI_CLASS_PDI;
        if (steers && code > 0x9F) {
            snprintf(name, sizeof name, "a<U+%04X>b", (unsigned)code);
            assert_string_equal(shown, name);
        }
        assert_int_equal(sanitise_width(text, n) >= 2, 1);
    }
}

static void test_hidden_characters(void **state)
{
    (void)state;
    check("a\xE2\x80\xAE" "b", "a<U+202E>b");
    check("\xE2\x81\xA6x\xE2\x81\xA9", "<U+2066>x<U+2069>");
    check("a\xE2\x80\x8B" "b", "a<U+200B>b");
    check("\xEF\xBB\xBFx", "<U+FEFF>x");
    check("a\xF3\xA0\x81\x81", "a<U+E0041>");               /* text hidden in tags */
    check("\xF0\x9F\x8F\xB4\xF3\xA0\x81\xA7\xF3\xA0\x81\xBF", "\xF0\x9F\x8F\xB4");  /* but a flag's own are fine */
}

static void test_broken_utf8(void **state)
{
    (void)state;
    check("a\xFF" "b", "a\xEF\xBF\xBD" "b");
    check("\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");      /* a surrogate */
    check("\xEA\xB0", "\xEF\xBF\xBD");                      /* cut by the end: one unit */
    check("\xC0\x9B[2J", "\xEF\xBF\xBD\xEF\xBF\xBD[2J");    /* overlong ESC */
}

static void test_clusters(void **state)
{
    struct glyph glyph;

    (void)state;
    check("\xEA\xB0\x95", "\xEA\xB0\x95");
    check("\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xBC", "\xEA\xB0\x95");     /* jamo compose */
    check("e\xCC\x81", "\xC3\xA9");
    sanitise_next("\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xBC", 9, 0, &glyph);
    assert_int_equal(glyph.n_bytes, 9);
    assert_int_equal(glyph.width, 2);
    check("\xE2\x9D\xA4\xEF\xB8\x8F", "\xE2\x9D\xA4");                  /* heart without its selector */
    check("\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", "\xF0\x9F\x91\x8D");      /* thumb without its tone */
    sanitise_next("\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", 11, 0, &glyph);   /* two people joined */
    assert_int_equal(glyph.n_bytes, 11);
    assert_int_equal(glyph.width, 4);
    sanitise_next("\xE0\xA4\x95\xE0\xA4\xBF", 6, 0, &glyph);     /* Devanagari ki: its sign has a column */
    assert_int_equal(glyph.n_bytes, 6);
    assert_int_equal(glyph.width, 2);
    check("\xCC\x81", "\xE2\x97\x8C\xCC\x81");                          /* a mark alone */
    /* Any number of marks stays one short glyph. */
    char marks[512] = "a";
    for (int i = 0; i < 100; i++)
        strcat(marks, "\xCC\xB4");
    sanitise_next(marks, strlen(marks), 0, &glyph);
    assert_int_equal(glyph.n_bytes, strlen(marks));
    assert_int_equal(glyph.width, 1);
    assert_true(strlen(glyph.text) <= 1 + 4 * 2);
}

static void test_any_bytes_are_harmless(void **state)
{
    char text[64];
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t n = 1 + (size_t)round % sizeof text;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = (char)(seed >> 24);
        }
        assert_harmless(drawn(text, n));
    }
}

static void test_write(void **state)
{
    static const char text[] = "a\n\tb\x1B[2J\xE2\x80\xAE\xFF \xEF\xBF\xBD \xEA\xB0\x95\xE2\x80\x8D";
    char *out = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&out, &n);

    (void)state;
    assert_non_null(to);
    sanitise_write(to, text, strlen(text));
    fclose(to);
    assert_string_equal(out, "a\n\tb\xE2\x90\x9B[2J<U+202E>\xEF\xBF\xBD \xEF\xBF\xBD \xEA\xB0\x95\xE2\x80\x8D");
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_control), cmocka_unit_test(test_escape_sequences),
        cmocka_unit_test(test_every_sequence), cmocka_unit_test(test_every_character), cmocka_unit_test(test_hidden_characters), cmocka_unit_test(test_broken_utf8),
        cmocka_unit_test(test_clusters), cmocka_unit_test(test_any_bytes_are_harmless),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
