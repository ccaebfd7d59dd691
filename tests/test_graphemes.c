/* Clusters that others cut (golden/graphemes.txt), moved over, deleted and drawn one by one. */
#include "ui/editor.h"

#include "base/file.h"
#include "base/utf8.h"
#include "ui/sanitise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST_CLUSTERS = 64 };

struct sample {
    char text[512];
    size_t n, ends[MOST_CLUSTERS], n_clusters;      /* ends[i]: of cluster i */
};

static const char *read_case(const char *line, struct sample *s)
{
    unsigned byte;

    *s = (struct sample){ 0 };
    while (*line != '\n' && *line != '\0') {
        if (*line == ' ') {
            s->ends[s->n_clusters++] = s->n;
            line++;
        }
        assert_int_equal(sscanf(line, "%2x", &byte), 1);
        s->text[s->n++] = (char)byte;
        line += 2;
    }
    s->ends[s->n_clusters++] = s->n;
    return line + (*line == '\n');
}

static size_t each_case(void (*check)(const struct sample *))
{
    struct error err = { 0 };
    struct sample s;
    size_t n, n_cases = 0;
    char *file = (char *)file_read("tests/golden/graphemes.txt", 1 << 20, &n, &err);

    assert_non_null(file);
    char *end = file + n - 1;
    *end = '\0';                    /* in place of the last newline */
    for (const char *line = file; line < end; n_cases++) {
        line = read_case(line, &s);
        check(&s);
    }
    free(file);
    return n_cases;
}

static void press(struct editor *e, enum press_kind kind)
{
    assert_true(editor_press(e, &(struct press){ .kind = kind }, 200));
}

static void check_boundaries(const struct sample *s)
{
    for (size_t i = 0, start = 0; i < s->n_clusters; start = s->ends[i++]) {
        assert_int_equal(utf8_grapheme_next(s->text, s->n, start), s->ends[i]);
        assert_int_equal(utf8_grapheme_previous(s->text, s->n, s->ends[i]), start);
    }
}

/* Right and Left stop at each end, and nowhere else; the cursor's column is what was drawn up to it. */
static void check_moving(const struct sample *s)
{
    struct editor e = { 0 };
    int column;

    editor_insert(&e, s->text, s->n);
    press(&e, PRESS_TOP);
    for (size_t i = 0; i < s->n_clusters; i++) {
        press(&e, PRESS_RIGHT);
        assert_int_equal(e.at, s->ends[i]);
        const struct wrap *w = editor_lines(&e, 200);
        size_t line = wrap_find(w, s->text, e.at, &column);
        if (e.at <= w->lines[line].end) {       /* else behind a CR, which is not drawn */
            struct glyph glyph;
            int drawn = 0;
            for (size_t at = w->lines[line].start; at < e.at; at += glyph.n_bytes) {
                sanitise_next(s->text, w->lines[line].end, at, &glyph);
                drawn += glyph.width;
                assert_true(at + glyph.n_bytes <= e.at);        /* no unit goes across the cursor */
            }
            assert_int_equal(column, drawn < 200 ? drawn : 200);
            assert_true(wrap_byte(w, s->text, line, column) >= e.at || column == 200);
        }
    }
    for (size_t i = s->n_clusters; i > 0; i--) {
        assert_int_equal(e.at, s->ends[i - 1]);
        press(&e, PRESS_LEFT);
    }
    assert_int_equal(e.at, 0);
    editor_free(&e);
}

/* Backspace from the end and Delete from the start take one cluster each; undo brings all back. */
static void check_deleting(const struct sample *s)
{
    struct editor e = { 0 };

    editor_insert(&e, s->text, s->n);
    for (size_t i = s->n_clusters; i-- > 0;) {
        press(&e, PRESS_BACKSPACE);
        assert_int_equal(e.text.n, i > 0 ? s->ends[i - 1] : 0);
    }
    assert_true(editor_undo(&e));
    assert_int_equal(e.text.n, s->n);
    assert_memory_equal(e.text.s, s->text, s->n);
    press(&e, PRESS_TOP);
    for (size_t i = 0; i < s->n_clusters; i++) {
        press(&e, PRESS_DELETE);
        assert_int_equal(e.text.n, s->n - s->ends[i]);
        assert_memory_equal(e.text.s, s->text + s->ends[i], e.text.n);
    }
    editor_free(&e);
}

static void test_boundaries(void **state)
{
    (void)state;
    assert_true(each_case(check_boundaries) > 600);
}

static void test_moving(void **state)
{
    (void)state;
    each_case(check_moving);
}

static void test_deleting(void **state)
{
    (void)state;
    each_case(check_deleting);
}

/* A start is found without the line's, and is the same: all texts joined by one space are one line. */
static char joined[1 << 16];
static size_t n_joined;

static void join(const struct sample *s)
{
    if (memchr(s->text, '\n', s->n) != NULL || n_joined + s->n + 1 > sizeof joined)
        return;
    memcpy(joined + n_joined, s->text, s->n);
    n_joined += s->n;
    joined[n_joined++] = ' ';
}

static void test_long_line(void **state)
{
    (void)state;
    each_case(join);
    for (size_t at = 0; at < n_joined;) {
        size_t next = utf8_grapheme_next(joined, n_joined, at);
        assert_int_equal(utf8_grapheme_previous(joined, n_joined, next), at);
        at = next;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boundaries), cmocka_unit_test(test_moving), cmocka_unit_test(test_deleting),
        cmocka_unit_test(test_long_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
