#include "ui/theme.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Colours of xterm's palette: 16 + 36 r + 6 g + b, and 232..255 from black to white.  Each is
 * read on its background at a contrast of 4.5:1 (WCAG 2.1, 1.4.3); tests/test_theme.c measures. */
const struct theme themes[] = {
    { "dark", {
        [STYLE_PLAIN] = { 0, -1, -1 },               [STYLE_DIM] = { 0, 246, -1 },
        [STYLE_BOLD] = { THEME_BOLD, -1, -1 },       [STYLE_ITALIC] = { THEME_ITALIC, -1, -1 },
        [STYLE_BOLD_ITALIC] = { THEME_BOLD | THEME_ITALIC, -1, -1 },
        [STYLE_ACCENT] = { THEME_BOLD, 80, -1 },     [STYLE_CHIP] = { 0, 116, -1 },
        [STYLE_WARNING] = { 0, 221, -1 },            [STYLE_ERROR] = { 0, 210, -1 },
        [STYLE_HEADING] = { THEME_BOLD, 117, -1 },   [STYLE_CODE] = { 0, 180, -1 },
        [STYLE_QUOTE] = { THEME_ITALIC, 250, -1 },   [STYLE_LINK] = { THEME_UNDERLINE, 111, -1 },
        [STYLE_SELECTED] = { 0, 255, 238 },          [STYLE_MATCH] = { 0, 16, 221 },
    } },
    { "light", {
        [STYLE_PLAIN] = { 0, -1, -1 },               [STYLE_DIM] = { 0, 242, -1 },
        [STYLE_BOLD] = { THEME_BOLD, -1, -1 },       [STYLE_ITALIC] = { THEME_ITALIC, -1, -1 },
        [STYLE_BOLD_ITALIC] = { THEME_BOLD | THEME_ITALIC, -1, -1 },
        [STYLE_ACCENT] = { THEME_BOLD, 25, -1 },     [STYLE_CHIP] = { 0, 24, -1 },
        [STYLE_WARNING] = { 0, 94, -1 },             [STYLE_ERROR] = { 0, 160, -1 },
        [STYLE_HEADING] = { THEME_BOLD, 25, -1 },    [STYLE_CODE] = { 0, 90, -1 },
        [STYLE_QUOTE] = { THEME_ITALIC, 239, -1 },   [STYLE_LINK] = { THEME_UNDERLINE, 25, -1 },
        [STYLE_SELECTED] = { 0, 16, 253 },           [STYLE_MATCH] = { 0, 16, 222 },
    } },
    { "16", {
        [STYLE_PLAIN] = { 0, -1, -1 },               [STYLE_DIM] = { THEME_DIM, -1, -1 },
        [STYLE_BOLD] = { THEME_BOLD, -1, -1 },       [STYLE_ITALIC] = { THEME_ITALIC, -1, -1 },
        [STYLE_BOLD_ITALIC] = { THEME_BOLD | THEME_ITALIC, -1, -1 },
        [STYLE_ACCENT] = { THEME_BOLD, 6, -1 },      [STYLE_CHIP] = { 0, 6, -1 },
        [STYLE_WARNING] = { 0, 3, -1 },              [STYLE_ERROR] = { 0, 1, -1 },
        [STYLE_HEADING] = { THEME_BOLD, 5, -1 },     [STYLE_CODE] = { 0, 2, -1 },
        [STYLE_QUOTE] = { THEME_ITALIC, -1, -1 },    [STYLE_LINK] = { THEME_UNDERLINE, 6, -1 },
        [STYLE_SELECTED] = { THEME_REVERSE, -1, -1 },    [STYLE_MATCH] = { 0, 0, 3 },
    } },
    { "mono", {
        [STYLE_PLAIN] = { 0, -1, -1 },               [STYLE_DIM] = { THEME_DIM, -1, -1 },
        [STYLE_BOLD] = { THEME_BOLD, -1, -1 },       [STYLE_ITALIC] = { THEME_ITALIC, -1, -1 },
        [STYLE_BOLD_ITALIC] = { THEME_BOLD | THEME_ITALIC, -1, -1 },
        [STYLE_ACCENT] = { THEME_BOLD, -1, -1 },     [STYLE_CHIP] = { THEME_UNDERLINE, -1, -1 },
        [STYLE_WARNING] = { THEME_BOLD, -1, -1 },    [STYLE_ERROR] = { THEME_BOLD, -1, -1 },
        [STYLE_HEADING] = { THEME_BOLD | THEME_UNDERLINE, -1, -1 },  [STYLE_CODE] = { 0, -1, -1 },
        [STYLE_QUOTE] = { THEME_ITALIC, -1, -1 },    [STYLE_LINK] = { THEME_UNDERLINE, -1, -1 },
        [STYLE_SELECTED] = { THEME_REVERSE, -1, -1 },    [STYLE_MATCH] = { THEME_REVERSE | THEME_UNDERLINE, -1, -1 },
    } },
    { NULL, { { 0, -1, -1 } } }
};

const struct theme *theme_find(const char *name)
{
    for (const struct theme *t = themes; t->name != NULL; t++)
        if (strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

/* A theme that is asked for wins over NO_COLOR (no-color.org: settings of the user override it),
 * but not over what the terminal can do.  The terminal's own colours are read on any background,
 * so they stand in while it is unknown. */
const struct theme *theme_choose(const char *wanted, int n_colors, bool no_color, int is_light)
{
    const struct theme *named = wanted != NULL ? theme_find(wanted) : NULL;

    if (n_colors < 8 || (named == NULL && no_color))
        return theme_find("mono");
    if (named != NULL && strcmp(named->name, "mono") == 0)
        return named;
    if (n_colors < 256)
        return theme_find("16");
    return named != NULL ? named : theme_find(is_light < 0 ? "16" : is_light ? "light" : "dark");
}

/* One component of 1 to 4 hex digits, 0..1; -1 when it is none. */
static double component(const char **s)
{
    char digits[5] = "";
    int n = 0;

    while (n < 4 && isxdigit((unsigned char)**s))
        digits[n++] = *(*s)++;
    return n > 0 ? (double)strtoul(digits, NULL, 16) / (double)((1u << 4 * n) - 1) : -1;
}

/* XParseColor's forms that terminals answer with: rgb:r/g/b, rgba:r/g/b/a, each 1 to 4 digits. */
int theme_background_of_reply(const char *reply)
{
    static const double weights[] = { 0.2126, 0.7152, 0.0722 };     /* luminance, BT.709 */
    const char *s = strstr(reply, "rgb");
    double luminance = 0;

    if (s == NULL)
        return -1;
    s += strncmp(s, "rgba", 4) == 0 ? 4 : 3;
    for (int i = 0; i < 3; i++) {
        if (*s != (i == 0 ? ':' : '/'))
            return -1;
        s++;
        double value = component(&s);
        if (value < 0)
            return -1;
        luminance += weights[i] * value;
    }
    return luminance > 0.5;
}

/* rxvt's "15;0" or "15;default;0": the last is the background's number; 7 and the bright ones are light. */
int theme_background_of_environment(void)
{
    const char *colours = getenv("COLORFGBG"), *last = colours != NULL ? strrchr(colours, ';') : NULL;
    char *end;

    if (last == NULL || !isdigit((unsigned char)last[1]))
        return -1;
    long number = strtol(last + 1, &end, 10);
    if (*end != '\0' || number > 15)
        return -1;
    return number == 7 || number > 8;
}
