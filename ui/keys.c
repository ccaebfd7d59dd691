#include "ui/keys_parts.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <string.h>

/* Longer ones are no sequence of a terminal; a paste is given in parts of this size. */
enum { MOST_CSI = 64, MOST_STRING = 1024, MOST_PASTE = 1 << 24 };

static const char paste_start[] = "\x1B[200~", paste_end[] = "\x1B[201~";

void keys_feed(struct keys *k, const char *bytes, size_t n)
{
    buffer_remove(&k->in, 0, k->start);
    k->start = 0;
    buffer_append(&k->in, bytes, n);
    k->fed_ms = clock_ms();
}

bool keys_waiting(const struct keys *k)
{
    return k->in.n > k->start;
}

void keys_free(struct keys *k)
{
    buffer_free(&k->in);
    buffer_free(&k->text);
}

static void take(struct keys *k, size_t n)
{
    k->start += n;
    k->searched = 0;
}

/* ---- text -------------------------------------------------------------------------- */

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
            buffer_append(&k->text, "\n", i + 1 == n || s[i + 1] != '\n');
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

static bool gave_up(const struct keys *k)
{
    return clock_ms() - k->fed_ms >= KEYS_GIVE_UP_MS;
}

/* ---- paste ------------------------------------------------------------------------- */

/* What stands before the paste's end; also when it is too long to wait for that, or when nothing
 * more comes: a terminal that never ends a paste must not swallow what is typed. */
static bool next_paste(struct keys *k, bool ended, struct press *press)
{
    const char *s = k->in.s + k->start;
    size_t n = k->in.n - k->start, whole = n;
    const char *end = memmem(s + k->searched, n - k->searched, paste_end, strlen(paste_end));

    if (end != NULL) {
        set_text(k, s, (size_t)(end - s), true);
        take(k, (size_t)(end - s) + strlen(paste_end));
        k->pasting = false;
        return give_text(k, press, PRESS_PASTE);
    }
    k->searched = n > strlen(paste_end) ? n - strlen(paste_end) : 0;
    if (ended && gave_up(k))
        k->pasting = false;
    else if (n < MOST_PASTE)
        return false;
    else
        whole = utf8_complete(s, k->searched);
    set_text(k, s, whole, true);
    take(k, whole);
    return give_text(k, press, PRESS_PASTE);
}

/* ---- sequences of escape ------------------------------------------------------------- */

enum found { NOTHING = -1, MORE = 0, PRESSED = 1 };     /* NOTHING: taken, and it means nothing */

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

/* Length of ESC [ ... or ESC O ..., 0: it is cut off by the end.  *broken: by a byte that belongs
 * to none, or too long. */
static size_t sequence_length(const char *s, size_t n, bool *broken)
{
    size_t i = 2;

    *broken = false;
    if (s[1] == '[' && n > 2 && s[2] == '[')            /* Linux console */
        return n > 3 ? 4 : 0;
    if (s[1] == '[' && n > 2 && s[2] == 'M')            /* xterm's old mouse report */
        return n > 5 ? 6 : 0;
    while (i < n && s[i] >= 0x20 && s[i] < 0x40 && i < MOST_CSI) {
        if (s[1] == '[' && s[i] == '$' && s[2] >= '0' && s[2] <= '9')
            return i + 1;                               /* rxvt with Shift */
        i++;
    }
    if (i == n)
        return 0;
    *broken = i == MOST_CSI || s[i] < 0x40 || s[i] == 0x7F;
    return *broken ? i : i + 1;
}

/* Strings that terminals answer with: OSC's begin with a number (ctlseqs), DCS' with a marker or
 * a number, kitty's graphics with G.  Anything else is Alt and a letter. */
static bool begins_string(const char *s, size_t n)
{
    if (n < 3)
        return n == 2 && (s[1] == ']' || s[1] == 'P' || s[1] == '_');
    switch (s[1]) {
    case ']': return s[2] >= '0' && s[2] <= '9';
    case 'P': return (s[2] >= '0' && s[2] <= '9') || s[2] == '>' || s[2] == '!';
    case '_': return s[2] == 'G';
    default: return false;
    }
}

/* Up to BEL or ESC \; another control or too many bytes end it, too, and then it is none. */
static enum found next_string(struct keys *k, bool ended, struct press *press)
{
    const char *s = k->in.s + k->start;
    size_t n = k->in.n - k->start, i = 2;

    while (i < n && i < MOST_STRING && !is_control(s[i]))
        i++;
    if (i == n || (s[i] == 0x1B && i + 1 == n)) {
        if (!ended || !gave_up(k))
            return MORE;
        take(k, i);
        return NOTHING;
    }
    bool bell = s[i] == '\a', st = s[i] == 0x1B && s[i + 1] == '\\';
    if (bell || st)
        set_text(k, s + 1, i - 1, false);
    take(k, bell ? i + 1 : st ? i + 2 : i);
    return bell || st ? give_text(k, press, PRESS_REPLY), PRESSED : NOTHING;
}

static bool give_code(struct keys *k, uint32_t code, struct press *press)
{
    char bytes[4];

    set_text(k, bytes, utf8_encode(code, bytes), false);
    return give_text(k, press, PRESS_TEXT);
}

static enum found next_sequence(struct keys *k, bool ended, struct press *press)
{
    const char *s = k->in.s + k->start;
    size_t n = k->in.n - k->start;
    bool broken, known;
    uint32_t code = 0;
    size_t length = sequence_length(s, n, &broken);

    if (length == 0 && (!ended || (n > 2 && !gave_up(k))))
        return MORE;
    if (n == 2) {                   /* nothing followed */
        take(k, 2);
        return key_of_alt(s[1], press) ? PRESSED : NOTHING;
    }
    if (length == 0 || broken) {
        take(k, length == 0 ? n : length);
        return NOTHING;
    }
    take(k, length);
    if (length == strlen(paste_start) && memcmp(s, paste_start, length) == 0) {
        k->pasting = true;
        return NOTHING;
    }
    if (s[1] == '[' && is_answer(s, length)) {
        set_text(k, s + 1, length - 1, false);
        return give_text(k, press, PRESS_REPLY) ? PRESSED : NOTHING;
    }
    known = s[1] == 'O' ? key_of_ss3(s, length, press, &code) : key_of_csi(s, length, press, &code);
    if (known && code != 0)
        give_code(k, code, press);
    return known ? PRESSED : NOTHING;
}

/* ESC ESC [ A: rxvt's and others' Alt with an arrow.  What else follows a first ESC is of its own. */
static enum found next_double(struct keys *k, bool ended, struct press *press)
{
    const char *s = k->in.s + k->start;
    size_t n = k->in.n - k->start;

    if (n == 2 && !ended)
        return MORE;
    if (n > 2 && (s[2] == '[' || s[2] == 'O')) {
        if (n == 3 && !ended)
            return MORE;
        if (n > 3 && ((s[3] >= 'A' && s[3] <= 'D') || (s[3] >= 'a' && s[3] <= 'd'))) {
            static const enum press_kind kinds[] = { PRESS_ALT_UP, PRESS_ALT_DOWN, PRESS_WORD_RIGHT, PRESS_WORD_LEFT };
            press->kind = kinds[(s[3] & 0x1F) - 1];
            take(k, 4);
            return PRESSED;
        }
    }
    press->kind = PRESS_ESCAPE;
    take(k, 1);
    return PRESSED;
}

static enum found next_escape(struct keys *k, bool ended, struct press *press)
{
    const char *s = k->in.s + k->start;
    size_t n = k->in.n - k->start;

    if (n == 1 && !ended)
        return MORE;
    if (n > 1 && s[1] == 0x1B)
        return next_double(k, ended, press);
    if (n > 1 && (s[1] == '[' || s[1] == 'O'))
        return next_sequence(k, ended, press);
    if (n > 1 && begins_string(s, n) && !(n == 2 && ended))
        return n == 2 ? MORE : next_string(k, ended, press);
    bool known = n > 1 && key_of_alt(s[1], press);
    if (!known)
        press->kind = PRESS_ESCAPE; /* alone, or a key faster than we read */
    take(k, known ? 2 : 1);
    k->escaped = n == 1;
    return PRESSED;
}

/* An answer whose ESC came so much earlier that it was taken for the key: its rest, begun as
 * nobody types in one go, is no text.  MORE: perhaps. */
static enum found next_late(struct keys *k, bool ended, struct press *press)
{
    static const char *const begins[] = { "]10;", "]11;", "]4;", "[?", "[<", "[6;", "_Gi=" };
    const char *s = k->in.s + k->start;
    size_t n = k->in.n - k->start;

    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        size_t length = strlen(begins[i]);
        if (memcmp(s, begins[i], n < length ? n : length) != 0)
            continue;
        if (n < length && !ended)
            return MORE;
        if (n >= length) {
            k->escaped = false;
            buffer_insert(&k->in, k->start, "\x1B", 1);
            return next_escape(k, ended, press);
        }
    }
    return NOTHING;
}

/* ---- all -------------------------------------------------------------------------- */

static bool next_typed(struct keys *k, bool ended, struct press *press)
{
    const char *s = k->in.s + k->start;
    size_t n = 0, left = k->in.n - k->start;

    while (n < left && !is_control(s[n]))
        n++;
    size_t whole = n == left && !ended ? utf8_complete(s, n) : n;
    if (whole == 0)
        return false;
    set_text(k, s, whole, false);
    take(k, whole);
    return give_text(k, press, PRESS_TEXT);
}

bool keys_next(struct keys *k, bool ended, struct press *press)
{
    enum found found;

    *press = (struct press){ 0 };
    while (keys_waiting(k)) {
        char c = k->in.s[k->start];
        if (k->pasting)
            return next_paste(k, ended, press);
        if (k->escaped) {
            found = next_late(k, ended, press);
            if (found == MORE)
                return false;
            k->escaped = false;
            if (found == PRESSED)
                return true;
        } else if (c == 0x1B) {
            found = next_escape(k, ended, press);
            if (found == MORE)
                return false;
            if (found == PRESSED)
                return true;
        } else if (is_control(c)) {
            take(k, 1);
            if (key_of_control(c, press))
                return true;
        } else {
            return next_typed(k, ended, press);
        }
    }
    return false;
}
