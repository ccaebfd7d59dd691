/* Panels to read in, to answer in and to look back in: keys in, cells and outcomes out. */
#include "panel_driver.h"

#include "base/utf8.h"
#include "ui/found.h"
#include "ui/list.h"

static void check_found(const char *text, const char *query, size_t from, long start, long end)
{
    size_t s, e;
    bool found = found_next(text, strlen(text), from, query, &s, &e);

    assert_int_equal(found, start >= 0);
    if (found) {
        assert_int_equal(s, start);
        assert_int_equal(e, end);
    }
}

static void test_found(void **state)
{
    (void)state;
    check_found("One two", "TWO", 0, 4, 7);
    check_found("one one", "one", 1, 4, 7);
    check_found("one", "", 0, -1, 0);
    check_found("one", "ones", 0, -1, 0);
    check_found("Straße", "STRASSE", 0, 0, 7);
    check_found("ÉCOLE", "e\xCC\x81" "cole", 0, 0, 6);            /* composed, decomposed */
    check_found("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB.png", "한", 0, 0, 9);     /* 한 in three jamo */
    check_found("a 한국", "하", 0, 2, 5);                          /* a syllable not finished */
    check_found("a 한국", "국", 0, 5, 8);
    check_found("bad \xFF x", "X", 0, 6, 7);
    check_found("cut \xE1\x84", "t", 0, 2, 3);
    check_found("ΣΊΣΥΦΟΣ", "σίσυφος", 0, 0, 14);
}

/* ---- text --------------------------------------------------------------------- */

static const char help[] = "Keys here\nEnter   sends what is typed\nEsc     stops\n\nMore of them\nC-r     history\n한국어 도움말은 없습니다";

static void test_text_drawn(void **state)
{
    struct panel *p = panel_text_new("Help", help);

    (void)state;
    assert_string_equal(p->title, "Help");
    assert_string_equal(shown(p, 8, 40), "Keys here\nEnter   sends what is typed\nEsc     stops\n\nMore of them\nC-r     history\n한국어 도움말은 없습니다\n\n");
    assert_int_equal(style_at(0, 0), STYLE_HEADING);
    assert_int_equal(style_at(1, 0), STYLE_PLAIN);
    assert_int_equal(style_at(4, 0), STYLE_HEADING);
    assert_int_equal(style_at(5, 0), STYLE_PLAIN);
    assert_string_equal(shown(p, 5, 20), "Keys here\nEnter   sends what\n        is typed\nEsc     stops\n\n");
    assert_int_equal(driven.cursor_row, -1);
    /* A table's second column stays one; where the first takes half the width, it stands below it. */
    assert_string_equal(shown(p, 5, 24), "Keys here\nEnter   sends what is\n        typed\nEsc     stops\n\n");
    assert_string_equal(shown(p, 5, 15), "Keys here\nEnter\n  sends what is\n  typed\nEsc     stops\n");
    p->free(p);
}

static void test_text_scrolled(void **state)
{
    struct buffer text = { 0 };

    (void)state;
    for (int i = 0; i < 100; i++)
        buffer_print(&text, "line %d%s", i, i < 99 ? "\n" : "");
    struct panel *p = panel_text_new("Lines", text.s);
    static const struct { const char *bytes, *first; } steps[] = {
        { "", "line 0\n" }, { DOWN, "line 1\n" }, { "j", "line 2\n" }, { ENTER, "line 3\n" }, { "\x0E", "line 4\n" },
        { UP, "line 3\n" }, { "kk", "line 1\n" }, { "\x10", "line 0\n" }, { "k", "line 0\n" }, { PAGE_DOWN, "line 10\n" },
        { " ", "line 20\n" }, { PAGE_UP, "line 10\n" }, { "b", "line 0\n" }, { END, "line 90\n" }, { DOWN, "line 90\n" },
        { HOME, "line 0\n" }, { "G", "line 90\n" }, { "g", "line 0\n" }, { "\x1B[1;5F", "line 90\n" }, { "\x1B[1;5H", "line 0\n" },
    };
    shown(p, 10, 20);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(typed(p, steps[i].bytes).act, PANEL_NOTHING);
        assert_memory_equal(shown(p, 10, 20), steps[i].first, strlen(steps[i].first));
    }
    clicked(p, MOUSE_WHEEL_DOWN, 0, 0);
    assert_memory_equal(shown(p, 10, 20), "line 3\n", 7);
    clicked(p, MOUSE_WHEEL_UP, 0, 0);
    clicked(p, MOUSE_LEFT, 0, 0);
    assert_memory_equal(shown(p, 10, 20), "line 0\n", 7);
    typed(p, "G");
    assert_memory_equal(shown(p, 60, 20), "line 40\n", 8);      /* a larger window leaves no gap */
    p->free(p);
    buffer_free(&text);
}

static void test_text_searched(void **state)
{
    struct buffer text = { 0 };

    (void)state;
    for (int i = 0; i < 60; i++)
        buffer_print(&text, "line %d %s\n", i, i % 20 == 7 ? "Wanted" : "other");
    struct panel *p = panel_text_new("Lines", text.s);
    shown(p, 10, 30);
    struct panel_outcome o = typed(p, "n");
    assert_int_equal(o.act, PANEL_HINT);
    typed(p, "/wan");
    const char *screen = shown(p, 10, 30);
    assert_int_equal(row_of(screen, "line 7 Wanted"), 7);
    assert_int_equal(row_of(screen, "/wan"), 9);
    assert_int_equal(driven.cursor_row, 9);
    assert_int_equal(driven.cursor_col, 4);
    assert_int_equal(style_at(7, 7), STYLE_MATCH);
    assert_int_equal(style_at(7, 9), STYLE_MATCH);
    assert_int_equal(style_at(7, 10), STYLE_PLAIN);
    typed(p, "ted" ENTER);
    shown(p, 10, 30);
    assert_int_equal(driven.cursor_row, -1);
    typed(p, "n");
    assert_int_equal(row_of(shown(p, 10, 30), "line 27 Wanted"), 2);
    typed(p, "nn");                                     /* 47, then around to 7 */
    assert_true(row_of(shown(p, 10, 30), "line 7 Wanted") >= 0);
    typed(p, "N");
    assert_true(row_of(shown(p, 10, 30), "line 47 Wanted") >= 0);
    typed(p, "N");
    assert_true(row_of(shown(p, 10, 30), "line 27 Wanted") >= 0);
    typed(p, "/nowhere" ENTER);
    o = typed(p, "n");
    assert_int_equal(o.act, PANEL_HINT);
    assert_true(o.warns);
    assert_string_equal(o.text, "\"nowhere\" is not in this text");
    /* Esc ends typing, and only the next one closes. */
    typed(p, "/oth");
    assert_int_equal(typed(p, ESCAPE).act, PANEL_NOTHING);
    shown(p, 10, 30);
    assert_int_equal(style_at(0, 8), STYLE_PLAIN);
    assert_int_equal(typed(p, ESCAPE).act, PANEL_CLOSE);
    p->free(p);
    buffer_free(&text);
}

/* What is found across the end of a drawn line is marked on both. */
static void test_text_found_over_lines(void **state)
{
    struct panel *p = panel_text_new("x", "aaaa bbbb cccc");

    (void)state;
    shown(p, 4, 10);
    typed(p, "/bbb CCC");
    typed(p, "\x01\x0B" "bbb c" ENTER);
    assert_string_equal(shown(p, 4, 10), "aaaa bbbb\ncccc\n\n\n");
    assert_int_equal(style_at(0, 5), STYLE_HEADING);
    assert_int_equal(style_at(0, 6), STYLE_MATCH);
    assert_int_equal(style_at(1, 0), STYLE_MATCH);
    assert_int_equal(style_at(1, 1), STYLE_HEADING);
    p->free(p);
}

static void test_text_closes(void **state)
{
    static const char *const keys[] = { "q", ESCAPE, "\x07" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct panel *p = panel_text_new("Help", "");
        assert_string_equal(shown(p, 2, 10), "\n\n");
        assert_int_equal(typed(p, "?x\t").act, PANEL_NOTHING);
        assert_int_equal(typed(p, keys[i]).act, PANEL_CLOSE);
        p->free(p);
    }
}

/* ---- question ------------------------------------------------------------------- */

static const struct panel_answer three[] = { { 'd', "drop them" }, { 's', "sum them up" }, { 0, "back" } };
static const char full[] = "The window is full: the three oldest questions have to go before this one fits.";

static void test_question_drawn(void **state)
{
    struct panel *p = panel_question_new("Full", full, three, 3);

    (void)state;
    assert_int_equal(p->rows_wanted, 3);
    assert_string_equal(shown(p, 3, 80), "The window is full: the three oldest questions have to go before this one fits.\n"
                                         "[d] drop them   [s] sum them up   [Esc] back\n\n");
    assert_int_equal(p->rows_wanted, 2);
    assert_int_equal(style_at(1, 0), STYLE_SELECTED);
    assert_int_equal(style_at(1, 16), STYLE_ACCENT);
    /* Too small for all: answers first. */
    assert_string_equal(shown(p, 5, 20), "The window is full:\nthe three oldest\n[d] drop them\n[s] sum them up\n[Esc] back\n");
    typed(p, PAGE_DOWN);
    assert_string_equal(shown(p, 5, 20), "the three oldest\nquestions have to go\n[d] drop them\n[s] sum them up\n[Esc] back\n");
    typed(p, LEFT);
    assert_string_equal(shown(p, 1, 20), "[Esc] back\n");
    p->free(p);
}

static void check_choice(const char *bytes, int choice)
{
    struct panel *p = panel_question_new("Full", full, three, 3);

    shown(p, 5, 80);
    struct panel_outcome o = typed(p, bytes);
    assert_int_equal(o.act, choice >= 0 ? PANEL_CHOICE : PANEL_NOTHING);
    if (choice >= 0)
        assert_int_equal(o.choice, choice);
    p->free(p);
}

static void test_question_answered(void **state)
{
    (void)state;
    check_choice("d", 0);
    check_choice("S", 1);
    check_choice(ESCAPE, 2);
    check_choice("\x07", 2);
    check_choice(ENTER, 0);
    check_choice(RIGHT ENTER, 1);
    check_choice("\t\t" ENTER, 2);
    check_choice(DOWN DOWN DOWN ENTER, 0);
    check_choice(UP ENTER, 2);
    check_choice(END LEFT ENTER, 1);
    check_choice(END HOME ENTER, 0);
    check_choice("?x", -1);
    check_choice("drop", -1);                           /* words that were typed for the draft choose nothing */
    struct panel *p = panel_question_new("Full", full, three, 3);
    shown(p, 5, 80);
    struct panel_outcome o = clicked(p, MOUSE_LEFT, 1, 17);
    assert_int_equal(o.act, PANEL_CHOICE);
    assert_int_equal(o.choice, 1);
    assert_int_equal(clicked(p, MOUSE_LEFT, 1, 14).act, PANEL_NOTHING);     /* between two */
    assert_int_equal(clicked(p, MOUSE_LEFT, 0, 17).act, PANEL_NOTHING);
    assert_int_equal(clicked(p, MOUSE_RIGHT, 1, 17).act, PANEL_NOTHING);
    p->press(p, &(struct press){ .kind = PRESS_BACKTAB });
    assert_int_equal(typed(p, ENTER).choice, 2);
    p->free(p);
}

/* ---- history -------------------------------------------------------------------- */

static char *const asked[] = { "What is a mynah?", "first line\nsecond line", "고마워", "What is a mynah?", "Écoute" };

static void test_history(void **state)
{
    struct panel *p = panel_history_new(asked, 5);

    (void)state;
    assert_string_equal(shown(p, 6, 30), "/ type to search\n›  Écoute\n   What is a mynah?\n   고마워\n   first line second line\n\n");
    assert_int_equal(style_at(0, 2), STYLE_DIM);
    assert_int_equal(style_at(1, 29), STYLE_SELECTED);
    assert_int_equal(driven.cursor_row, 0);
    assert_int_equal(driven.cursor_col, 2);
    typed(p, "LINE");
    assert_string_equal(shown(p, 6, 30), "/ LINE\n›  first line second line\n\n\n\n\n");
    assert_int_equal(style_at(1, 9), STYLE_MATCH);
    assert_int_equal(style_at(1, 8), STYLE_SELECTED);
    struct panel_outcome o = typed(p, ENTER);
    assert_int_equal(o.act, PANEL_INSERT);
    assert_string_equal(o.text, "first line\nsecond line");
    typed(p, "x");
    assert_string_equal(shown(p, 3, 30), "/ LINEx\n   no question holds that\n\n");
    assert_int_equal(typed(p, ENTER).act, PANEL_NOTHING);
    typed(p, "\x15" "고\x7F");                          /* one character, one Backspace */
    assert_string_equal(shown(p, 2, 30), "/ type to search\n›  Écoute\n");
    typed(p, "\x12\x12\x12");
    assert_string_equal(typed(p, ENTER).text, "first line\nsecond line");
    typed(p, "\x13");
    assert_string_equal(typed(p, ENTER).text, "고마워");
    assert_int_equal(typed(p, "\x07").act, PANEL_CLOSE);
    assert_int_equal(typed(p, ESCAPE).act, PANEL_CLOSE);
    p->free(p);
    p = panel_history_new(NULL, 0);
    assert_string_equal(shown(p, 2, 30), "/ type to search\n   nothing was asked yet\n");
    p->free(p);
}

static void test_history_scrolled(void **state)
{
    char texts[50][32], *pointers[50];

    (void)state;
    for (int i = 0; i < 50; i++) {
        snprintf(texts[i], sizeof texts[i], "question %d", i);
        pointers[i] = texts[i];
    }
    struct panel *p = panel_history_new(pointers, 50);
    static const struct { const char *bytes, *under; } steps[] = {
        { "", "›  question 49" }, { DOWN, "›  question 48" }, { UP UP, "›  question 49" }, { "\x0E\x0E\x10", "›  question 48" },
        { PAGE_DOWN, "›  question 40" }, { PAGE_DOWN, "›  question 32" }, { PAGE_UP, "›  question 40" }, { END, "›  question 0" },
        { PAGE_DOWN, "›  question 0" }, { HOME, "›  question 49" },
    };
    static const struct { enum mouse mouse; int row; const char *under; } clicks[] = {
        { MOUSE_WHEEL_DOWN, 3, "›  question 46" }, { MOUSE_WHEEL_UP, 3, "›  question 49" }, { MOUSE_LEFT, 3, "›  question 47" },
        { MOUSE_LEFT, 0, "›  question 47" }, { MOUSE_RIGHT, 6, "›  question 47" },
    };
    shown(p, 10, 20);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(typed(p, steps[i].bytes).act, PANEL_NOTHING);
        assert_non_null(strstr(shown(p, 10, 20), steps[i].under));
    }
    for (size_t i = 0; i < sizeof clicks / sizeof clicks[0]; i++) {
        assert_int_equal(clicked(p, clicks[i].mouse, clicks[i].row, 4).act, PANEL_NOTHING);
        assert_non_null(strstr(shown(p, 10, 20), clicks[i].under));
    }
    typed(p, END);
    assert_int_equal(row_of(shown(p, 10, 20), "›  question 0"), 9);     /* no gap below the last */
    assert_int_equal(row_of(shown(p, 60, 20), "›  question 0"), 50);
    /* A click on the one under the cursor takes it. */
    shown(p, 10, 20);
    assert_string_equal(clicked(p, MOUSE_LEFT, 9, 4).text, "question 0");
    p->free(p);
}

static void test_untrusted_text(void **state)
{
    static char *const texts[] = { "a\x1B]0;t\a\x1B[2J\xE2\x80\xAE z" };
    struct panel *p = panel_history_new(texts, 1);

    (void)state;
    assert_non_null(strstr(shown(p, 3, 60), "a␛]0;t␇␛[2J<U+202E> z"));
    assert_string_equal(typed(p, ENTER).text, texts[0]);
    p->free(p);
    p = panel_text_new("x", texts[0]);
    assert_non_null(strstr(shown(p, 3, 60), "a␛]0;t␇␛[2J<U+202E> z"));
    p->free(p);
    const struct panel_answer answer = { 'y', texts[0] };
    p = panel_question_new("x", texts[0], &answer, 1);
    assert_non_null(strstr(shown(p, 3, 60), "[y] a␛]0;t␇␛[2J<U+202E> z"));
    p->free(p);
}

/* A long row ends in an ellipsis, a long query shows the part around its cursor. */
static void test_list_cut(void **state)
{
    struct list l = { .hint = "type", .empty = "none" };
    struct screen s = { 0 };

    (void)state;
    list_add(&l, "한글과 긴 제목이 여기 있다", "3 turns", "");
    list_add(&l, "short", "a fact too long for this", "found there")->mark = "•";
    screen_resize(&s, 4, 24);
    list_draw(&l, &s, (struct rect){ 0, 0, 4, 24 });
    char *row = screen_row(&s, 1);
    assert_string_equal(row, "›  한글과 긴 제… 3 turns");
    free(row);
    row = screen_row(&s, 2);
    assert_string_equal(row, " • short");
    free(row);
    row = screen_row(&s, 3);
    assert_string_equal(row, "   found there");
    free(row);
    list_press(&l, &(struct press){ .kind = PRESS_PASTE, .text = "0123456789\nabcdefghijklmnop", .n = 27 });
    assert_string_equal(list_query(&l), "0123456789 abcdefghijklmnop");
    list_draw(&l, &s, (struct rect){ 0, 0, 4, 24 });
    row = screen_row(&s, 0);
    assert_string_equal(row, "/ 6789 abcdefghijklmnop");
    free(row);
    assert_int_equal(s.cursor_col, 23);
    /* Yanks of yanks do not grow without end; the cut is between characters. */
    for (int i = 0; i < 200; i++) {
        list_press(&l, &(struct press){ .kind = PRESS_TEXT, .text = "가", .n = 3 });
        list_press(&l, &(struct press){ .kind = PRESS_CTRL, .letter = 'u' });
        for (int j = 0; j < 3; j++)
            list_press(&l, &(struct press){ .kind = PRESS_CTRL, .letter = 'y' });
    }
    assert_true(strlen(list_query(&l)) <= 1000);
    assert_true(strlen(list_query(&l)) > 990);
    assert_true(utf8_valid(list_query(&l), strlen(list_query(&l))));
    list_free(&l);
    screen_free(&s);
}

static void test_inside_and_random(void **state)
{
    static const char letters[] = "abcnNqjkgG/? 한글漢字👍é\xCC\x81tz.~";

    (void)state;
    for (uint32_t seed = 1; seed <= 6; seed++) {
        struct panel *panels[] = { panel_text_new("도움말", help), panel_question_new("묻기", full, three, 3), panel_history_new(asked, 5) };
        for (size_t i = 0; i < 3; i++) {
            check_every_size(panels[i]);
            check_random(panels[i], letters, seed, 400);
            check_every_size(panels[i]);
            panels[i]->free(panels[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_text_drawn),
        cmocka_unit_test(test_text_scrolled),
        cmocka_unit_test(test_text_searched),
        cmocka_unit_test(test_text_found_over_lines),
        cmocka_unit_test(test_text_closes),
        cmocka_unit_test(test_question_drawn),
        cmocka_unit_test(test_question_answered),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_history_scrolled),
        cmocka_unit_test(test_untrusted_text),
        cmocka_unit_test(test_list_cut),
        cmocka_unit_test(test_inside_and_random),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    screen_free(&driven);
    return failed;
}
