/* What a cell looks like on this terminal: colours, attributes, characters. */
#include "base/utf8.h"
#include "ui/term_state.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

/* ---- themes --------------------------------------------------------------------------- */

const struct theme *term_would_choose(int is_light)
{
    const char *no_color = getenv("NO_COLOR");

    return theme_choose(term.wanted, term.n_colors, no_color != NULL && *no_color != '\0', is_light);
}

void term_set_theme(const char *wanted)
{
    char name[sizeof term.wanted] = "auto";

    if (wanted != NULL && strlen(wanted) < sizeof name)
        strcpy(name, wanted);
    strcpy(term.wanted, name);
    term.theme = term_would_choose(term.is_light);
    term_redraw();
}

const char *term_theme(void)
{
    return term.theme->name;
}

int term_colors(void)
{
    return strcmp(term.theme->name, "mono") == 0 ? 0 : term.n_colors >= 256 ? 256 : term.n_colors >= 16 ? 16 : 8;
}

/* ---- a cell's style -------------------------------------------------------------------- */

/* The eight bright colours of a terminal that has eight are the bold ones; more it cannot show. */
static short reduce(short colour, unsigned *attributes)
{
    if (colour < term.n_colors)
        return colour;
    if (colour >= 16)
        return -1;
    *attributes |= THEME_BOLD;
    return (short)(colour - 8);
}

struct theme_style term_style(const struct cell *cell)
{
    struct theme_style style = term.theme->styles[cell->style];
    unsigned none = 0;

    if (term_colors() > 0) {
        style.foreground = reduce(cell->foreground >= 0 ? cell->foreground : style.foreground, &style.attributes);
        style.background = reduce(cell->background >= 0 ? cell->background : style.background, &none);
    }
    if (style.attributes & THEME_ITALIC && !(term.attributes & THEME_ITALIC))
        style.attributes |= THEME_UNDERLINE;
    style.attributes &= term.attributes;
    if (style.foreground >= 0 || style.background >= 0)
        style.attributes &= ~term.not_coloured;
    return style;
}

/* ---- a cell's characters ---------------------------------------------------------------- */

/* The glyphs that the chat draws with, in ASCII. */
static char ascii_of(uint32_t code)
{
    static const struct { uint32_t first, last; char ascii; } table[] = {
        { 0x00B7, 0x00B7, '.' }, { 0x00D7, 0x00D7, 'x' }, { 0x2010, 0x2015, '-' }, { 0x2018, 0x2019, '\'' },
        { 0x201C, 0x201D, '"' }, { 0x2022, 0x2022, '*' }, { 0x2026, 0x2026, '.' }, { 0x2039, 0x2039, '<' },
        { 0x203A, 0x203A, '>' }, { 0x2190, 0x2190, '<' }, { 0x2191, 0x2191, '^' }, { 0x2192, 0x2192, '>' },
        { 0x2193, 0x2193, 'v' }, { 0x2500, 0x2501, '-' }, { 0x2502, 0x2503, '|' }, { 0x2504, 0x250B, '-' },
        { 0x250C, 0x254B, '+' }, { 0x2550, 0x2550, '=' }, { 0x2551, 0x2551, '|' }, { 0x2552, 0x256C, '+' },
        { 0x256D, 0x2570, '+' }, { 0x2581, 0x2583, '_' }, { 0x2584, 0x2586, '=' }, { 0x2591, 0x2591, '.' },
        { 0x258C, 0x2590, '|' }, { 0x2580, 0x259F, '#' }, { 0x25A0, 0x25A1, '#' }, { 0x25B6, 0x25B8, '>' },
        { 0x25BC, 0x25BE, 'v' }, { 0x25CB, 0x25CB, 'o' }, { 0x25CF, 0x25CF, '*' }, { 0x2610, 0x2610, '_' },
        { 0x2611, 0x2612, 'x' }, { 0x2713, 0x2717, 'x' },
    };
    utf8proc_int32_t parts[8];
    int boundary = 0;

    if (code < 0x7F)
        return (char)code;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (code >= table[i].first && code <= table[i].last)
            return table[i].ascii;
    /* A letter with a mark loses the mark. */
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)code, parts, 8, UTF8PROC_DECOMPOSE, &boundary);
    return n > 1 && n <= 8 && parts[0] >= 0x20 && parts[0] < 0x7F ? (char)parts[0] : '?';
}

static void replace(const struct cell *cell, wchar_t *text, wchar_t by)
{
    text[0] = by;
    if (cell->width == 2)
        text[1] = by;
    text[cell->width] = L'\0';
}

void term_text(const struct cell *cell, wchar_t text[CELL_BYTES + 1])
{
    size_t n = 0, length = strlen(cell->text), used;
    uint32_t code;

    for (size_t i = 0; i < length; i += used) {
        used = utf8_decode(cell->text + i, length - i, &code);
        if (used == 0 || (n > 0 && wcwidth((wchar_t)code) != 0))
            break;
        text[n++] = (wchar_t)code;
    }
    text[n] = L'\0';
    if (n == 0 || wcwidth(text[0]) != cell->width)
        replace(cell, text, L'?');
    else if (term.is_ascii)
        replace(cell, text, cell->width == 1 ? (wchar_t)ascii_of((uint32_t)text[0]) : L'?');
}
