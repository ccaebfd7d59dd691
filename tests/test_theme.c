/* Themes: chosen by terminal, NO_COLOR, setting and background; readable. */
#include "ui/theme.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_choose(void **state)
{
    static const struct { const char *wanted; int n_colors; bool no_color; int is_light; const char *want; } cases[] = {
        { NULL, 256, false, 0, "dark" }, { "auto", 256, false, 1, "light" }, { "auto", 256, false, -1, "16" },
        { "auto", 16, false, 1, "16" }, { "auto", 8, false, 0, "16" }, { "auto", 0, false, 0, "mono" }, { "auto", -1, false, 0, "mono" },
        { "auto", 256, true, 0, "mono" }, { "dark", 256, true, 1, "dark" }, { "light", 256, false, 0, "light" },
        { "light", 8, false, 0, "16" }, { "dark", 2, false, 0, "mono" }, { "mono", 256, false, 0, "mono" },
        { "16", 256, false, 1, "16" }, { "no such", 256, false, 1, "light" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(theme_choose(cases[i].wanted, cases[i].n_colors, cases[i].no_color, cases[i].is_light)->name, cases[i].want);
    assert_null(theme_find("auto"));
}

static void test_replies(void **state)
{
    static const struct { const char *reply; int is_light; } cases[] = {
        { "]11;rgb:ffff/ffff/dddd", 1 }, { "]11;rgb:0000/0000/0000", 0 }, { "11;rgb:1e/1e/2e", 0 }, { "rgb:f/f/f", 1 },
        { "]11;rgba:fdfd/f6f6/e3e3/ffff", 1 }, { "rgb:0000/0000/ffff", 0 }, { "rgb:0000/ffff/0000", 1 },
        { "", -1 }, { "rgb:", -1 }, { "rgb:ffff/ffff", -1 }, { "rgb:ffff/ffff/", -1 }, { "rgb:ffff,ffff,ffff", -1 },
        { "rgb:12345/0/0", -1 }, { "[?62;4c", -1 }, { "]11;?", -1 }, { "rgb", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(theme_background_of_reply(cases[i].reply), cases[i].is_light);
}

static void test_environment(void **state)
{
    static const struct { const char *value; int is_light; } cases[] = {
        { "15;0", 0 }, { "0;15", 1 }, { "0;default;15", 1 }, { "0;7", 1 }, { "7;8", 0 }, { "15;default", -1 },
        { "15;16", -1 }, { "x", -1 }, { "", -1 }, { "0;15x", -1 }, { "0;", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("COLORFGBG", cases[i].value, 1);
        assert_int_equal(theme_background_of_environment(), cases[i].is_light);
    }
    unsetenv("COLORFGBG");
    assert_int_equal(theme_background_of_environment(), -1);
}

/* Relative luminance and contrast: WCAG 2.1. */
static double luminance(int colour)
{
    static const int levels[] = { 0, 95, 135, 175, 215, 255 };
    static const double weights[] = { 0.2126, 0.7152, 0.0722 };
    double sum = 0;

    for (int i = 0; i < 3; i++) {
        int level = colour >= 232 ? 8 + 10 * (colour - 232) : levels[(colour - 16) / (i == 0 ? 36 : i == 1 ? 6 : 1) % 6];
        double c = level / 255.0;
        sum += weights[i] * (c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(double a, double b)
{
    return a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);
}

static void test_readable(void **state)
{
    (void)state;
    for (int light = 0; light < 2; light++) {
        const struct theme *theme = theme_find(light ? "light" : "dark");
        double background = luminance(light ? 255 : 235);       /* not the extremes: off-white, dark grey */
        for (int i = 0; i < N_STYLES; i++) {
            const struct theme_style *s = &theme->styles[i];
            if (s->foreground >= 0)
                assert_true(contrast(luminance(s->foreground), s->background >= 0 ? luminance(s->background) : background) >= 4.5);
            assert_true(s->background < 0 || s->foreground >= 0);
        }
    }
}

/* What must be told apart is, in every theme. */
static void test_distinct(void **state)
{
    static const enum style pairs[][2] = {
        { STYLE_PLAIN, STYLE_DIM }, { STYLE_PLAIN, STYLE_ACCENT }, { STYLE_PLAIN, STYLE_CHIP }, { STYLE_PLAIN, STYLE_ERROR },
        { STYLE_PLAIN, STYLE_SELECTED }, { STYLE_SELECTED, STYLE_MATCH }, { STYLE_PLAIN, STYLE_LINK }, { STYLE_PLAIN, STYLE_HEADING },
        { STYLE_BOLD, STYLE_ITALIC }, { STYLE_BOLD, STYLE_BOLD_ITALIC },
    };

    (void)state;
    for (const struct theme *t = themes; t->name != NULL; t++)
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
            assert_memory_not_equal(&t->styles[pairs[i][0]], &t->styles[pairs[i][1]], sizeof t->styles[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choose), cmocka_unit_test(test_replies), cmocka_unit_test(test_environment),
        cmocka_unit_test(test_readable), cmocka_unit_test(test_distinct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
