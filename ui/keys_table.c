#include "ui/keys_parts.h"

#include <string.h>

/* Modifiers as xterm numbers them, less the 1; kitty adds the locks, which change no key here. */
enum { SHIFT = 1, ALT = 2, CTRL = 4, OTHERS = 8 | 16 | 32 };

static const struct known {
    char final;
    int first;                      /* -1: any */
    enum press_kind plain, shift, alt, ctrl;
} csi_keys[] = {
    { 'A', -1, PRESS_UP, PRESS_SHIFT_UP, PRESS_ALT_UP, PRESS_UP },
    { 'B', -1, PRESS_DOWN, PRESS_SHIFT_DOWN, PRESS_ALT_DOWN, PRESS_DOWN },
    { 'C', -1, PRESS_RIGHT, PRESS_RIGHT, PRESS_WORD_RIGHT, PRESS_WORD_RIGHT },
    { 'D', -1, PRESS_LEFT, PRESS_LEFT, PRESS_WORD_LEFT, PRESS_WORD_LEFT },
    { 'H', -1, PRESS_HOME, PRESS_HOME, PRESS_TOP, PRESS_TOP },
    { 'F', -1, PRESS_END, PRESS_END, PRESS_BOTTOM, PRESS_BOTTOM },
    { 'P', -1, PRESS_F1, PRESS_F1, PRESS_F1, PRESS_F1 },            /* PF1; kitty without the O */
    { 'Q', -1, PRESS_F2, PRESS_F2, PRESS_F2, PRESS_F2 },            /* PF2, the same */
    { 'Z', -1, PRESS_BACKTAB, PRESS_BACKTAB, PRESS_BACKTAB, PRESS_BACKTAB },
    { 'a', -1, PRESS_SHIFT_UP, PRESS_SHIFT_UP, PRESS_SHIFT_UP, PRESS_SHIFT_UP },            /* rxvt */
    { 'b', -1, PRESS_SHIFT_DOWN, PRESS_SHIFT_DOWN, PRESS_SHIFT_DOWN, PRESS_SHIFT_DOWN },
    { 'c', -1, PRESS_RIGHT, PRESS_RIGHT, PRESS_RIGHT, PRESS_RIGHT },
    { 'd', -1, PRESS_LEFT, PRESS_LEFT, PRESS_LEFT, PRESS_LEFT },
    { '~', 1, PRESS_HOME, PRESS_HOME, PRESS_TOP, PRESS_TOP },       /* Linux, tmux: Find and Select of a VT220 */
    { '~', 4, PRESS_END, PRESS_END, PRESS_BOTTOM, PRESS_BOTTOM },
    { '~', 7, PRESS_HOME, PRESS_HOME, PRESS_TOP, PRESS_TOP },       /* rxvt */
    { '~', 8, PRESS_END, PRESS_END, PRESS_BOTTOM, PRESS_BOTTOM },
    { '~', 3, PRESS_DELETE, PRESS_DELETE, PRESS_KILL_WORD_RIGHT, PRESS_KILL_WORD_RIGHT },
    { '~', 5, PRESS_PAGE_UP, PRESS_PAGE_UP, PRESS_PAGE_UP, PRESS_PAGE_UP },
    { '~', 6, PRESS_PAGE_DOWN, PRESS_PAGE_DOWN, PRESS_PAGE_DOWN, PRESS_PAGE_DOWN },
    { '~', 11, PRESS_F1, PRESS_F1, PRESS_F1, PRESS_F1 },            /* rxvt, VT220 */
    { '~', 12, PRESS_F2, PRESS_F2, PRESS_F2, PRESS_F2 },
};

static bool find_key(char final, int first, int modifiers, struct press *press)
{
    for (size_t i = 0; i < sizeof csi_keys / sizeof csi_keys[0]; i++) {
        const struct known *k = &csi_keys[i];
        if (k->final != final || (k->first >= 0 && k->first != first))
            continue;
        press->kind = modifiers & CTRL ? k->ctrl : modifiers & ALT ? k->alt : modifiers & SHIFT ? k->shift : k->plain;
        return true;
    }
    return false;
}

bool key_of_control(char c, struct press *press)
{
    switch (c) {
    case 0: return false;
    case '\r': press->kind = PRESS_ENTER; return true;
    case '\n': press->kind = PRESS_NEWLINE; return true;
    case '\t': press->kind = PRESS_TAB; return true;
    case 0x1B: press->kind = PRESS_ESCAPE; return true;
    case 0x7F: case '\b': press->kind = PRESS_BACKSPACE; return true;
    default: break;
    }
    press->kind = PRESS_CTRL;
    press->letter = (char)(c < 0x1B ? c | 0x60 : c | 0x40);
    return true;
}

bool key_of_alt(char c, struct press *press)
{
    bool printable = c > 0x20 && c < 0x7F;

    press->letter = printable ? c : 0;
    switch (c) {
    case '\r': case '\n': press->kind = PRESS_NEWLINE; return true;
    case 'b': press->kind = PRESS_WORD_LEFT; return true;
    case 'f': press->kind = PRESS_WORD_RIGHT; return true;
    case 'd': press->kind = PRESS_KILL_WORD_RIGHT; return true;
    case 0x7F: case '\b': press->kind = PRESS_KILL_WORD_LEFT; return true;
    case '<': press->kind = PRESS_TOP; return true;
    case '>': press->kind = PRESS_BOTTOM; return true;
    default: press->kind = PRESS_ALT; return printable;
    }
}

/* ---- parameters -------------------------------------------------------------------- */

struct numbers { int value[4], sub[4]; size_t n; };         /* 13:20;5 is value 13 5, sub 20 0 */

static struct numbers read_numbers(const char *s, size_t n)
{
    struct numbers p = { .n = 1 };
    int n_colons = 0;

    for (size_t i = 0; i < n; i++) {
        int *at = n_colons == 0 ? &p.value[p.n - 1] : &p.sub[p.n - 1];
        if (s[i] >= '0' && s[i] <= '9' && n_colons < 2 && *at < 1000000)
            *at = *at * 10 + s[i] - '0';
        else if (s[i] == ':')
            n_colons++;
        else if (s[i] == ';' && p.n < 4) {
            p.n++;
            n_colons = 0;
        }
    }
    return p;
}

static int modifiers_of(int number)
{
    return number > 0 ? number - 1 : 0;
}

/* A character's key with its modifiers, as modifyOtherKeys and CSI u tell them, to what the
 * terminal would have sent without. */
static bool key_of_code(int value, int shifted, int modifiers, struct press *press, uint32_t *code)
{
    bool shift = modifiers & SHIFT;

    if (value == 57414)             /* kitty: Enter of the keypad */
        value = '\r';
    if (value == '\r' && (modifiers & (SHIFT | ALT | CTRL)) != 0)
        return key_of_control('\n', press);
    if ((value == '\t' || value == 0x7F || value == '\b') && modifiers != 0) {
        press->kind = value == '\t' ? PRESS_BACKTAB : modifiers & CTRL ? PRESS_CTRL_BACKSPACE
                    : modifiers & ALT ? PRESS_KILL_WORD_LEFT : PRESS_BACKSPACE;
        return value != '\t' || modifiers == SHIFT;
    }
    if (value < 0x20 || value == 0x7F)
        return value != 0 && key_of_control((char)value, press);
    if (modifiers & CTRL) {
        char c = value >= 'a' && value <= 'z' ? (char)(value - 0x60) : value == '/' ? 0x1F
               : value >= '@' && value <= '_' ? (char)(value - 0x40) : 0;
        return (modifiers & ALT) == 0 && key_of_control(c, press);
    }
    if (shift && shifted > 0)
        value = shifted;
    else if (shift && value >= 'a' && value <= 'z')
        value -= 0x20;
    if (modifiers & ALT)
        return value < 0x7F && key_of_alt((char)value, press);
    /* Private use: kitty's numbers of keys that have no character. */
    if (value > 0x10FFFF || (value >= 0x80 && value < 0xA0) || (value >= 0xD800 && value < 0xF900))
        return false;
    *code = (uint32_t)value;
    return true;
}

/* ---- sequences --------------------------------------------------------------------- */

bool key_of_ss3(const char *s, size_t n, struct press *press, uint32_t *code)
{
    char final = s[n - 1];
    struct numbers p = read_numbers(s + 2, n - 3);
    int modifiers = modifiers_of(p.n > 1 ? p.value[1] : p.value[0]);

    if (final >= 'a' && final <= 'd') {     /* rxvt with Ctrl */
        static const enum press_kind kinds[] = { PRESS_UP, PRESS_DOWN, PRESS_WORD_RIGHT, PRESS_WORD_LEFT };
        press->kind = kinds[final - 'a'];
        return true;
    }
    if (final == 'M')
        return key_of_control(modifiers != 0 ? '\n' : '\r', press);
    if ((final >= 'j' && final <= 'y') || final == 'X') {   /* the keypad of a VT100: * + , - . / 0-9 = */
        *code = final == 'X' ? '=' : (uint32_t)(final & 0x3F);
        return true;
    }
    return final >= 'A' && final <= 'Q' && find_key(final, 1, modifiers, press);
}

static bool key_of_mouse(const struct numbers *p, char final, struct press *press)
{
    static const enum mouse buttons[] = { MOUSE_LEFT, MOUSE_MIDDLE, MOUSE_RIGHT };
    int button = p->value[0] & ~(4 | 8 | 16);       /* without Shift, Alt, Ctrl */

    if (final != 'M' || p->n < 3 || p->value[1] < 1 || p->value[2] < 1)
        return false;               /* 'm': released */
    if (button < 3)
        press->mouse = buttons[button];
    else if (button == 64 || button == 65)
        press->mouse = button == 64 ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
    else
        return false;               /* + 32: moved */
    press->kind = PRESS_MOUSE;
    press->col = p->value[1] - 1;
    press->row = p->value[2] - 1;
    return true;
}

bool key_of_csi(const char *s, size_t n, struct press *press, uint32_t *code)
{
    char final = s[n - 1];
    bool mouse = s[2] == '<';

    if (s[2] == '[')                /* Linux console: F1 to F5 */
        return (final == 'A' || final == 'B') && find_key(final == 'A' ? 'P' : 'Q', 1, 0, press);
    if ((unsigned char)s[2] >= 0x3C && !mouse && n > 3)
        return false;
    struct numbers p = read_numbers(s + 2 + mouse, n - 3 - mouse);
    if (mouse)
        return key_of_mouse(&p, final, press);
    int number = p.n > 1 ? p.value[1] : 0, modifiers = modifiers_of(number) & ~(64 | 128);
    if (p.n > 1 && p.sub[1] == 3)
        return false;               /* kitty: released */
    if (modifiers & OTHERS)
        return false;
    if (final == 'u')
        return key_of_code(p.value[0], p.sub[0], modifiers, press, code);
    if (final == '~' && p.value[0] == 27 && p.n == 3)
        return key_of_code(p.value[2], 0, modifiers, press, code);
    if (final == '^' || final == '$' || final == '@') {     /* rxvt: Ctrl, Shift, both */
        modifiers = final == '^' ? CTRL : final == '$' ? SHIFT : SHIFT | CTRL;
        final = '~';
    }
    return find_key(final, p.value[0], modifiers, press);
}

bool is_answer(const char *s, size_t n)
{
    char final = s[n - 1], marker = s[2];

    if (marker == '?' || marker == '>' || marker == '=')
        return n > 3;
    if (marker < '0' || marker > '9')
        return false;
    return final == 't' || final == 'n' || (final == 'R' && memchr(s, ';', n) != NULL);
}
