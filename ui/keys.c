#include "ui/keys.h"

#include "base/utf8.h"

#include <string.h>

static const char paste_start[] = "\x1B[200~", paste_end[] = "\x1B[201~";

void keys_feed(struct keys *k, const char *bytes, size_t n)
{
    buffer_append(&k->in, bytes, n);
}

bool keys_waiting(const struct keys *k)
{
    return k->in.n > 0;
}

void keys_free(struct keys *k)
{
    buffer_free(&k->in);
    buffer_free(&k->text);
}

static void take(struct keys *k, size_t n)
{
    buffer_remove(&k->in, 0, n);
}

/* Keeps a draft free of NUL and of ill-formed bytes; \r and \r\n end lines in a paste. */
static void set_text(struct keys *k, const char *s, size_t n, bool paste)
{
    uint32_t code;

    buffer_clear(&k->text);
    for (size_t i = 0, used; i < n; i += used) {
        used = utf8_decode(s + i, n - i, &code);
        if (used == 0)
            used = n - i;
        if (code == UTF8_REPLACEMENT)
            buffer_append(&k->text, "\xEF\xBF\xBD", 3);
        else if (paste && code == '\r')
            buffer_append(&k->text, i + 1 < n && s[i + 1] == '\n' ? "" : "\n", i + 1 < n && s[i + 1] == '\n' ? 0 : 1);
        else if (code != 0)
            buffer_append(&k->text, s + i, used);
    }
}

static bool give_text(struct keys *k, struct press *press, enum press_kind kind)
{
    press->kind = kind;
    press->text = buffer_text(&k->text);
    press->n = k->text.n;
    return true;
}

static const char *find(const char *s, size_t n, const char *what)
{
    return memmem(s, n, what, strlen(what));
}

static bool next_paste(struct keys *k, struct press *press)
{
    size_t start = strlen(paste_start);
    const char *end = find(k->in.s + start, k->in.n - start, paste_end);

    if (end == NULL)
        return false;
    set_text(k, k->in.s + start, (size_t)(end - k->in.s) - start, true);
    take(k, (size_t)(end - k->in.s) + strlen(paste_end));
    return give_text(k, press, PRESS_PASTE);
}

/* final byte and parameters of CSI or SS3 -> key; false for one that means nothing here. */
static bool key_of_sequence(char final, int first, int modifier, enum press_kind *kind)
{
    static const struct { char final; int first; enum press_kind plain, modified; } table[] = {
        { 'A', -1, PRESS_UP, PRESS_UP }, { 'B', -1, PRESS_DOWN, PRESS_DOWN },
        { 'C', -1, PRESS_RIGHT, PRESS_WORD_RIGHT }, { 'D', -1, PRESS_LEFT, PRESS_WORD_LEFT },
        { 'H', -1, PRESS_HOME, PRESS_TOP }, { 'F', -1, PRESS_END, PRESS_BOTTOM },
        { 'M', -1, PRESS_ENTER, PRESS_NEWLINE },    /* keypad Enter, SS3 */
        { '~', 1, PRESS_HOME, PRESS_TOP }, { '~', 7, PRESS_HOME, PRESS_TOP },
        { '~', 4, PRESS_END, PRESS_BOTTOM }, { '~', 8, PRESS_END, PRESS_BOTTOM },
        { '~', 3, PRESS_DELETE, PRESS_KILL_WORD_RIGHT },
        { '~', 5, PRESS_PAGE_UP, PRESS_PAGE_UP }, { '~', 6, PRESS_PAGE_DOWN, PRESS_PAGE_DOWN },
        { 'u', 13, PRESS_ENTER, PRESS_NEWLINE },    /* CSI u: Shift-Enter and its like */
        { 'u', 27, PRESS_ESCAPE, PRESS_ESCAPE },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].final == final && (table[i].first < 0 || table[i].first == first)) {
            *kind = modifier > 1 ? table[i].modified : table[i].plain;
            return true;
        }
    return false;
}

/* Length of the control sequence at the start of the input, 0 when it is cut off. */
static size_t sequence_length(const char *s, size_t n)
{
    size_t i = 2;

    if (s[1] == 'O')
        return n > 2 ? 3 : 0;
    while (i < n && s[i] >= 0x20 && s[i] < 0x40)
        i++;
    return i < n ? i + 1 : 0;
}

static bool parse_sequence(const char *s, size_t length, enum press_kind *kind)
{
    int numbers[3] = { 0 }, n_numbers = 0;

    for (size_t i = 2; i + 1 < length; i++) {
        if (s[i] >= '0' && s[i] <= '9' && numbers[n_numbers] < 10000)
            numbers[n_numbers] = numbers[n_numbers] * 10 + s[i] - '0';
        else if (s[i] == ';' && n_numbers < 2)
            n_numbers++;
    }
    if (s[length - 1] == '~' && numbers[0] == 27) {     /* xterm: CSI 27 ; modifier ; code ~ */
        *kind = PRESS_NEWLINE;
        return numbers[2] == 13;
    }
    return key_of_sequence(s[length - 1], numbers[0], numbers[1], kind);
}

static bool alt_key(char c, enum press_kind *kind)
{
    switch (c) {
    case '\r': case '\n': *kind = PRESS_NEWLINE; return true;
    case 'b': *kind = PRESS_WORD_LEFT; return true;
    case 'f': *kind = PRESS_WORD_RIGHT; return true;
    case 'd': *kind = PRESS_KILL_WORD_RIGHT; return true;
    case 0x7F: case '\b': *kind = PRESS_KILL_WORD_LEFT; return true;
    case '<': *kind = PRESS_TOP; return true;
    case '>': *kind = PRESS_BOTTOM; return true;
    default: return false;
    }
}

/* 1: a press, 0: wait for more, -1: bytes that mean nothing were taken. */
static int next_escape(struct keys *k, bool ended, struct press *press)
{
    const char *s = k->in.s;
    size_t n = k->in.n, length;

    if (n >= strlen(paste_start) && memcmp(s, paste_start, strlen(paste_start)) == 0)
        return next_paste(k, press) ? 1 : 0;
    if (n > 1 && (s[1] == '[' || s[1] == 'O') && (length = sequence_length(s, n)) > 0) {
        bool known = parse_sequence(s, length, &press->kind);
        take(k, length);
        return known ? 1 : -1;
    }
    if (n > 1 && s[1] != '[' && s[1] != 'O' && s[1] != 0x1B) {
        bool known = alt_key(s[1], &press->kind);
        if (!known)
            press->kind = PRESS_ESCAPE;     /* ESC, then a key, faster than we read */
        take(k, known ? 2 : 1);
        return 1;
    }
    if (n > 1 && s[1] == 0x1B)
        ended = true;
    if (!ended)
        return 0;
    press->kind = PRESS_ESCAPE;
    take(k, 1);
    return 1;
}

static bool next_control(struct keys *k, struct press *press)
{
    char c = k->in.s[0];

    take(k, 1);
    switch (c) {
    case '\r': press->kind = PRESS_ENTER; return true;
    case '\n': press->kind = PRESS_NEWLINE; return true;
    case '\t': press->kind = PRESS_TAB; return true;
    case 0x7F: case '\b': press->kind = PRESS_BACKSPACE; return true;
    default: break;
    }
    if (c == 0)
        return false;
    press->kind = PRESS_CTRL;
    press->letter = (char)(c | 0x60);
    return true;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

bool keys_next(struct keys *k, bool ended, struct press *press)
{
    *press = (struct press){ 0 };
    while (k->in.n > 0) {
        if (k->in.s[0] == 0x1B) {
            int found = next_escape(k, ended, press);
            if (found >= 0)
                return found == 1;
        } else if (is_control(k->in.s[0])) {
            if (next_control(k, press))
                return true;
        } else {
            size_t n = 0;
            while (n < k->in.n && !is_control(k->in.s[n]))
                n++;
            size_t whole = n == k->in.n && !ended ? utf8_complete(k->in.s, n) : n;
            if (whole == 0)
                return false;
            set_text(k, k->in.s, whole, false);
            take(k, whole);
            return give_text(k, press, PRESS_TEXT);
        }
    }
    return false;
}
