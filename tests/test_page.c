/* Markdown and plain text laid out for a width. */
#include "tests/page_checks.h"

#include "base/file.h"
#include "ui/entities.h"

#include <dirent.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *const style_names[N_STYLES] = {
    [STYLE_DIM] = "dim", [STYLE_BOLD] = "b", [STYLE_ITALIC] = "i", [STYLE_BOLD_ITALIC] = "bi", [STYLE_ACCENT] = "mark",
    [STYLE_HEADING] = "h", [STYLE_CODE] = "code", [STYLE_QUOTE] = "q", [STYLE_LINK] = "a",
};

/* The page as lines, without styles. */
static const char *shown(const char *source, int width)
{
    static struct buffer out;
    struct page p = { 0 };

    buffer_clear(&out);
    buffer_append(&out, "", 0);
    page_markdown(&p, source, strlen(source), width);
    page_check_lines(&p);
    page_check_nothing_lost(&p, source, strlen(source));
    for (size_t i = 0; i < p.n_lines; i++) {
        struct screen s = { 0 };
        screen_resize(&s, 1, width);
        page_draw(&p, i, &s, 0, 0, width);
        char *row = screen_row(&s, 0);
        buffer_print(&out, "%s\n", row);
        free(row);
        screen_free(&s);
    }
    page_free(&p);
    return buffer_text(&out);
}

/* With styles: <b>bold</b>; plain and bars and marks of items as they are. */
static const char *styled(const char *source)
{
    static struct buffer out;
    struct page p = { 0 };

    buffer_clear(&out);
    buffer_append(&out, "", 0);
    page_markdown(&p, source, strlen(source), 80);
    for (size_t i = 0; i < p.n_lines; i++) {
        buffer_print(&out, "%s%*s", i > 0 ? "\n" : "", p.lines[i].indent, "");
        for (size_t k = 0; k < p.lines[i].n_runs; k++) {
            const struct page_run *run = &p.runs[p.lines[i].first_run + k];
            const char *name = style_names[run->style];
            buffer_print(&out, name != NULL ? "<%s>" : "%s", name != NULL ? name : "");
            buffer_append(&out, p.text.s + run->start, run->end - run->start);
            buffer_print(&out, name != NULL ? "</%s>" : "%s", name != NULL ? name : "");
        }
    }
    page_free(&p);
    return buffer_text(&out);
}

static void test_styles(void **state)
{
    (void)state;
    assert_string_equal(styled("# A *b* `c`\n\ntext"), "<h>A b </h><code>c</code>\n\ntext");
    assert_string_equal(styled("Title\nof two\n==="), "<h>Title</h>\n<h>of two</h>");
    assert_string_equal(styled("a **b** *c* ***d*** `e` ~~f~~"), "a <b>b</b> <i>c</i> <bi>d</bi> <code>e</code> <dim>~~f~~</dim>");
    assert_string_equal(styled("a_b_c 2*3*4 \\*x\\*"), "a_b_c 2<i>3</i>4 *x*");
    assert_string_equal(styled("> a **b**"), "<q>│ </q><q>a </q><b>b</b>");
    assert_string_equal(styled("a\nb  \nc\\\nd"), "a\nb\nc\nd");
    assert_string_equal(styled("---"), "<dim>────────────────────────────────────────────────────────────────────────────────</dim>");
    /* A mark goes with the letter that it sits on, whatever the markup says. */
    assert_string_equal(styled("e**\xCC\x81x**"), "e\xCC\x81<b>x</b>");
    assert_string_equal(styled("`e`\xCC\x81x"), "<code>e\xCC\x81</code>x");
}

static void test_links(void **state)
{
    (void)state;
    assert_string_equal(styled("[a](http://b.c)"), "<a>a</a><dim> (http://b.c)</dim>");
    assert_string_equal(styled("[a](/b \"title\")"), "<a>a</a><dim> (/b \"title\")</dim>");
    assert_string_equal(styled("<http://b.c> http://d.e www.f.g h@i.jk"), "<a>http://b.c</a> <a>http://d.e</a> <a>www.f.g</a> <a>h@i.jk</a>");
    assert_string_equal(styled("![alt *text*](p.png)"), "<a>alt text</a><dim> (p.png)</dim>");
    assert_string_equal(styled("![](p.png)"), "<dim>p.png</dim>");
    assert_string_equal(styled("[![alt](p.png)](/x)"), "<a>alt</a><dim> (p.png) (/x)</dim>");
    /* References are shown as they came: the definition may come much later. */
    assert_string_equal(styled("[a][1] and [b]\n\n[1]: /x 'y'\n[b]: /z"), "[a][1] and [b]\n\n[1]: /x 'y'\n[b]: /z");
    assert_string_equal(styled("    [1]: code"), "  <code>[1]: code</code>");

    struct page p = { 0 };
    const char *source = "see [a&amp;b](http://x/?a&amp;b) and <http://y>";
    page_markdown(&p, source, strlen(source), 80);
    assert_int_equal(p.n_links, 2);
    assert_string_equal(p.links[0], "http://x/?a&b");
    assert_string_equal(p.links[1], "http://y");
    assert_int_equal(p.runs[1].link, 0);            /* the text */
    assert_int_equal(p.runs[2].link, 0);            /* and the target behind it */
    page_free(&p);
}

static void test_broken_is_shown_as_it_is(void **state)
{
    (void)state;
    assert_string_equal(styled("**a"), "**a");
    assert_string_equal(styled("[a](b"), "[a](b");
    assert_string_equal(styled("`a"), "`a");
    assert_string_equal(styled("| a | b"), "| a | b");
    assert_string_equal(styled("<div>*x*</div>\n<!-- c -->"), "<div><i>x</i></div>\n<!-- c -->");
    assert_string_equal(styled("a\xFF\xE2\x82"), "a\xFF\xE2\x82");
    assert_string_equal(styled("a\x1B[2Jb"), "a\x1B[2Jb");
    assert_string_equal(styled(""), "");
    assert_string_equal(styled("\n\n"), "");
}

static void test_entities(void **state)
{
    char out[ENTITY_BYTES];

    (void)state;
    assert_string_equal(styled("&amp; &lt;b&gt; &eacute; &#65;&#x42; &nosuch; &#0; `&amp;`"), "& <b> é AB &nosuch; \xEF\xBF\xBD <code>&amp;</code>");
    assert_int_equal(entity_decode("&AElig;", 7, out), 2);          /* the first and the last of the table */
    assert_memory_equal(out, "Æ", 2);
    assert_int_equal(entity_decode("&zwnj;", 6, out), 3);
    assert_int_equal(entity_decode("&NotEqualTilde;", 15, out), 5); /* two characters */
    assert_int_equal(entity_decode("&#xD800;", 8, out), 3);
    assert_int_equal(entity_decode("&CounterClockwiseContourIntegralAndMoreAndMoreAndMore;", 54, out), 0);
}

static void test_lists(void **state)
{
    (void)state;
    assert_string_equal(shown("- one two three four\n- b\n  - nested words here\n    continued\n", 20),
                        "• one two three four\n• b\n  • nested words\n    here\n    continued\n");
    assert_string_equal(shown("9. nine\n10. ten of them that wrap\n", 20), "9. nine\n10. ten of them that\n    wrap\n");
    assert_string_equal(shown("3) c\n4) d", 20), "3) c\n4) d\n");
    assert_string_equal(shown("- a\n\n- b\n\n  more\n", 20), "• a\n\n• b\n\n  more\n");
    assert_string_equal(shown("- [x] done\n- [ ] to do", 20), "[x] done\n[ ] to do\n");
    assert_string_equal(shown("-\n- - b\n- # h\n- > q", 20), "•\n• • b\n• h\n• │ q\n");
    assert_string_equal(shown("a\n- b\n\nc", 20), "a\n\n• b\n\nc\n");
    assert_string_equal(shown("a\n\n1.\n\n2. y\n\nend\n", 20), "a\n\n1.\n\n2. y\n\nend\n");
    assert_string_equal(shown("1. a\n   ```\n   x\n   ```\n2. b", 20), "1. a\n     x\n2. b\n");
    /* No room: the mark stands in the text. */
    assert_string_equal(shown("- one two", 8), "• one\ntwo\n");
    assert_string_equal(shown("- - - - - - a", 20), "• • • • • • a\n");
}

static void test_quotes(void **state)
{
    (void)state;
    assert_string_equal(shown("> one two three\nlazy\n>\n> > deep\n\nend", 14), "│ one two\n│ three\n│ lazy\n│\n│ │ deep\n\nend\n");
    assert_string_equal(shown("> - a\n>\n> b", 20), "│ • a\n│\n│ b\n");
    assert_string_equal(shown(">", 20), "│\n");
}

static void test_code(void **state)
{
    const char *source = "```c title\nint  a;\n\n\tb\n```\n\n> ~~~\n> quoted\n> ~~~\n";
    struct page p = { 0 };

    (void)state;
    assert_string_equal(shown(source, 20), "  c title\n  int  a;\n\n      b\n\n│   quoted\n");
    assert_string_equal(shown("```\none two three four five six\n```", 16), "  one two three\n  four five six\n");
    assert_string_equal(shown("```\nabc abcdefghijklmn\n```", 12), "  abc abcdef\n  ghijklmn\n");
    page_markdown(&p, source, strlen(source), 20);
    assert_int_equal(p.n_codes, 2);
    assert_string_equal(p.codes[0].language, "c");
    assert_int_equal(p.codes[0].end - p.codes[0].start, 11);
    assert_memory_equal(p.text.s + p.codes[0].start, "int  a;\n\n\tb", 11);
    assert_memory_equal(p.text.s + p.codes[1].start, "quoted", 6);  /* without the bar */
    assert_int_equal(p.codes[1].end - p.codes[1].start, 6);
    assert_int_equal(p.lines[0].code, 0);
    assert_int_equal(p.lines[5].code, 1);
    assert_int_equal(p.lines[4].code, -1);
    page_free(&p);
    assert_string_equal(shown("```", 20), "\n");    /* as it begins to come */
    assert_string_equal(shown("```py\nx = 1", 20), "  py\n  x = 1\n");
}

static void test_tables(void **state)
{
    const char *table = "| name | age |\n|:-----|----:|\n| Ada Lovelace | 36 |\n| Al | 7 |\n";

    (void)state;
    assert_string_equal(shown(table, 40),
                        "┌──────────────┬─────┐\n"
                        "│ name         │ age │\n"
                        "├──────────────┼─────┤\n"
                        "│ Ada Lovelace │  36 │\n"
                        "│ Al           │   7 │\n"
                        "└──────────────┴─────┘\n");
    assert_string_equal(shown(table, 20),
                        "┌────────────┬─────┐\n"
                        "│ name       │ age │\n"
                        "├────────────┼─────┤\n"
                        "│ Ada        │  36 │\n"
                        "│ Lovelace   │     │\n"
                        "├────────────┼─────┤\n"
                        "│ Al         │   7 │\n"
                        "└────────────┴─────┘\n");
    assert_string_equal(shown(table, 12), "name: Ada\nLovelace\nage: 36\n\nname: Al\nage: 7\n");
    assert_string_equal(shown("a|b\n---|:-:\n漢字|x|lost?\n`c|d`|**e**\n", 40),
                        "┌──────┬───────────┐\n"
                        "│ a    │     b     │\n"
                        "├──────┼───────────┤\n"
                        "│ 漢字 │ x | lost? │\n"
                        "│ c|d  │     e     │\n"
                        "└──────┴───────────┘\n");
    assert_string_equal(shown("> |a|\n> |---|\n", 20), "│ ┌───┐\n│ │ a │\n│ └───┘\n");
    assert_string_equal(shown("| |\n|---|\n| | kept |\n", 30), "┌─────────┐\n│         │\n├─────────┤\n│  | kept │\n└─────────┘\n");
}

static void test_korean_and_wide(void **state)
{
    (void)state;
    assert_string_equal(shown("한국어 문장은 띄어쓰기에서", 12), "한국어\n문장은\n띄어쓰기에서\n");
    assert_string_equal(shown("- 漢字漢字漢字漢字", 12), "• 漢字漢字漢\n  字漢字\n");
    assert_string_equal(shown("**한국**어 `문장`은", 8), "한국어\n문장은\n");
}

/* Calls check with each document of the fuzzer's corpus: nested, broken, wide, cut short. */
static void each_document(void (*check)(const char *source, size_t n))
{
    static const char folder[] = "tests/fuzz/corpus/markdown";
    DIR *d = opendir(folder);
    size_t n_read = 0;

    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        char path[512];
        size_t n;
        struct error err = { 0 };
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unsigned char *source = entry->d_name[0] != '.' ? file_read(path, 1 << 20, &n, &err) : NULL;
        if (source != NULL && n > 0) {
            check((const char *)source + 1, n - 1);     /* the first byte is the fuzzer's width */
            n_read++;
        }
        free(source);
    }
    closedir(d);
    assert_true(n_read >= 10);
}

static void check_widths(const char *source, size_t n)
{
    struct page p = { 0 };

    for (int width = 1; width <= 300; width += width < 40 ? 1 : 13) {
        page_markdown(&p, source, n, width);
        page_check_lines(&p);
        page_check_nothing_lost(&p, source, n);
        page_plain(&p, source, n, width + 1, STYLE_PLAIN);
        page_check_lines(&p);
        page_check_nothing_lost(&p, source, n);
    }
    page_free(&p);
}

static void test_every_width(void **state)
{
    (void)state;
    each_document(check_widths);
}

/* Byte by byte, also inside characters and markup: each time the page of what there is. */
static void check_prefixes(const char *source, size_t n)
{
    static const int widths[] = { 17, 80 };
    struct page grown = { 0 }, whole = { 0 }, plain = { 0 };

    for (size_t w = 0; w < 2; w++) {
        page_reset(&plain);
        for (size_t i = 0; i <= n; i++) {
            page_markdown(&grown, source, i, widths[w]);
            page_reset(&whole);
            page_markdown(&whole, source, i, widths[w]);
            page_check_same(&grown, &whole);
            page_plain(&plain, source, i, widths[w], STYLE_PLAIN);
            page_reset(&whole);
            page_plain(&whole, source, i, widths[w], STYLE_PLAIN);
            page_check_same(&plain, &whole);
        }
    }
    page_free(&grown);
    page_free(&whole);
    page_free(&plain);
}

static void test_every_prefix(void **state)
{
    (void)state;
    each_document(check_prefixes);
}

/* What is finished stays: only the last blocks are laid out again. */
static void test_only_the_end_is_laid_out_again(void **state)
{
    struct buffer text = { 0 };
    struct page p = { 0 };

    (void)state;
    for (int i = 0; i < 100; i++) {
        buffer_print(&text, "Paragraph %d.\n\n1. item\n\n   ```c\n\n   int a;\n   ```\n\n| a | b |\n|---|---|\n| c | d |\n\n", i);
        page_markdown(&p, text.s, text.n, 80);
        assert_true(text.n - p.stable.source < 200);
        assert_true(p.stable.n_lines <= p.n_lines && p.n_lines - p.stable.n_lines < 20);
    }
    assert_int_equal(p.n_codes, 100);
    page_reset(&p);
    page_plain(&p, text.s, text.n - 1, 80, STYLE_PLAIN);
    page_plain(&p, text.s, text.n, 80, STYLE_PLAIN);
    assert_int_equal(p.stable.source, text.n);
    buffer_free(&text);
    page_free(&p);
}

/* "sure<unsure>" on each line of captions. */
static const char *captioned(const char *sure, const char *unsure, int width)
{
    static struct buffer out;
    struct buffer text = { 0 };
    struct page p = { 0 };

    buffer_clear(&out);
    buffer_append(&out, "", 0);
    buffer_print(&text, "%s%s", sure, unsure);
    page_captions(&p, text.s, text.n, strlen(sure), width);
    for (size_t i = 0; i < p.n_lines; i++)
        for (size_t k = p.lines[i].first_run; k < p.lines[i].first_run + p.lines[i].n_runs; k++)
            buffer_print(&out, p.runs[k].style == STYLE_DIM ? "<%.*s>" : "%.*s", (int)(p.runs[k].end - p.runs[k].start), p.text.s + p.runs[k].start);
    buffer_free(&text);
    page_free(&p);
    return buffer_text(&out);
}

static void test_captions(void **state)
{
    (void)state;
    assert_string_equal(captioned("one two", " three", 80), "one two< three>");
    assert_string_equal(captioned("one two", "", 80), "one two");
    assert_string_equal(captioned("", "three", 80), "<three>");
    assert_string_equal(captioned("one.\n", "two three", 80), "one.<two three>");
    assert_string_equal(captioned("one two", " three four", 10), "one two<three four>");
    assert_string_equal(captioned("one two three", " four", 8), "one twothree<four>");
    assert_string_equal(captioned("one ", "two", 80), "one <two>");
}

/* Examples of the specifications (CommonMark 0.31, GFM 0.29), by number: what each is there for. */
static void test_specification(void **state)
{
    (void)state;
    assert_string_equal(styled("***\n---\n___") + 5, styled("***\n\n---\n\n___") + 5);                  /* 43 */
    assert_string_equal(styled("####### foo"), "####### foo");                                            /* 63 */
    assert_string_equal(styled("#5 bolt\n\n#hashtag"), "#5 bolt\n\n#hashtag");                            /* 64 */
    assert_string_equal(styled("## foo ##"), "<h>foo</h>");                                               /* 71 */
    assert_string_equal(styled("foo\n    bar"), "foo\nbar");                                              /* 113 */
    assert_string_equal(styled("````\naaa\n```\n``````"), "  <code>aaa</code>\n  <code>```</code>");      /* 126 */
    assert_string_equal(styled("> ```\n> aaa\n\nbbb"), "<q>│ </q>  <code>aaa</code>\n\nbbb");             /* 128 */
    assert_string_equal(styled("> # Foo\n> bar\nbaz"), "<q>│ </q><h>Foo</h>\n<q>│</q>\n<q>│ </q><q>bar</q>\n<q>│ </q><q>baz</q>"); /* 228, 232 */
    assert_string_equal(styled("> foo\n---")  + 0, styled("> foo\n\n---"));                               /* 234 */
    assert_string_equal(styled("-one\n\n2.two"), "-one\n\n2.two");                                       /* 261 */
    assert_string_equal(styled("123456789. ok"), "<mark>123456789. </mark>ok");                          /* 265 */
    assert_string_equal(styled("- foo\n- bar\n+ baz"), "<mark>• </mark>foo\n<mark>• </mark>bar\n\n<mark>• </mark>baz");  /* 301 */
    assert_string_equal(styled("The number is\n14.  doors"), "The number is\n14.  doors");                 /* 304 */
    assert_string_equal(styled("`` foo ` bar ``"), "<code>foo ` bar</code>");                             /* 329 */
    assert_string_equal(styled("a * foo bar*"), "a * foo bar*");                                          /* 351 */
    assert_string_equal(styled("foo*bar*"), "foo<i>bar</i>");                                             /* 355 */
    assert_string_equal(styled("snake_case_name"), "snake_case_name");                                    /* 360 */
    assert_string_equal(styled("**foo*bar*baz**"), "<b>foo</b><bi>bar</bi><b>baz</b>");                   /* 410 */
    assert_string_equal(styled("[link](foo\\bar)"), "<a>link</a><dim> (foo\\bar)</dim>");                 /* 502 */
    assert_string_equal(styled("foo\\\nbar"), "foo\nbar");                                               /* 639 */
    assert_string_equal(styled("~~Hi~~ ~there~"), "<dim>~~Hi~~</dim> <dim>~~there~~</dim>");              /* GFM 491 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_styles), cmocka_unit_test(test_links), cmocka_unit_test(test_broken_is_shown_as_it_is),
        cmocka_unit_test(test_entities), cmocka_unit_test(test_lists), cmocka_unit_test(test_quotes), cmocka_unit_test(test_code),
        cmocka_unit_test(test_tables), cmocka_unit_test(test_korean_and_wide), cmocka_unit_test(test_every_width),
        cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_only_the_end_is_laid_out_again), cmocka_unit_test(test_captions),
        cmocka_unit_test(test_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
