/* pty_stream.h - what a program writes to its terminal, taken apart by terminfo alone.
 *
 *   bytes -> characters | CR LF BS TAB | a capability of TERM with its numbers | a named extension
 *         -> a screen of cells, as that terminal would show it
 *
 * Anything else is a fault: so a stream without faults holds no sequence that the terminfo
 * entry does not know.  A capability is matched as terminfo(5) writes it: %d takes digits, a
 * conditional any of its branches, padding nothing. Keys, resets and printing are not output of ours. */
#ifndef TESTS_PTY_STREAM_H
#define TESTS_PTY_STREAM_H

#include "base/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>

enum extension {                    /* allowed beside terminfo */
    EXT_PASTE = 1, EXT_QUERY = 2, EXT_MOUSE = 4, EXT_COPY = 8, EXT_KITTY = 16, EXT_SIXEL = 32
};

enum { STREAM_CAPABILITIES = 512, STREAM_ROWS = 400, STREAM_COLS = 400, STREAM_CELL = 32, STREAM_NUMBERS = 9 };

enum stream_rest { REST_COMES, REST_LATER, REST_NONE };     /* what follows the bytes: at once, after a pause, nothing */

struct stream_cell { char text[STREAM_CELL]; short foreground, background; };    /* "": behind a wide one; -1: none */
struct capability { const char *name; char *text; };
struct numbers { int n[STREAM_NUMBERS], count; };

struct stream {
    struct capability capabilities[STREAM_CAPABILITIES];
    int n_capabilities;
    unsigned allowed, seen;         /* enum extension */
    char fault[200];                /* "": none */
    size_t n_sequences, n_text;
    int rows, cols, row, col, top, bottom;  /* top, bottom: the scrolling region */
    int saved_row, saved_col;
    bool alternate;
    struct stream_cell cells[STREAM_ROWS][STREAM_COLS];
    short foreground, background;
    char last[STREAM_CELL];
    void (*on_query)(void *user);   /* OSC 11 was asked */
    void (*on_scroll_off)(void *user, const char *row);     /* a row left at the top */
    void *user;
};

/* ---- terminfo ------------------------------------------------------------------------------ */

static inline bool stream_is_output(const char *name)
{
    static const char *const others[] = { "k", "rs", "is", "if", "rf", "u6", "u7", "u8", "u9", "mc", "pf", "iprog", "prot", "pctrm" };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0)
            return false;
    return true;
}

static inline void stream_open(struct stream *s, const char *terminal, int rows, int cols, unsigned allowed)
{
    int status;

    memset(s, 0, sizeof *s);
    s->rows = rows;
    s->cols = cols;
    s->bottom = rows - 1;
    s->foreground = s->background = -1;
    s->allowed = allowed;
    if (setupterm(terminal, 1, &status) != 0) {
        snprintf(s->fault, sizeof s->fault, "no terminfo entry %s", terminal);
        return;
    }
    for (size_t i = 0; strnames[i] != NULL; i++) {
        const char *text = tigetstr((char *)(size_t)strnames[i]);
        if (text == NULL || text == (const char *)-1 || *text == '\0' || !stream_is_output(strnames[i]))
            continue;
        if (strcmp(strnames[i], "rep") == 0 && strncmp(text, "%p1%c", 5) == 0)
            text += 5;              /* the character comes first, as text */
        if ((iscntrl((unsigned char)*text) || strncmp(text, "%?", 2) == 0) && s->n_capabilities < STREAM_CAPABILITIES)
            s->capabilities[s->n_capabilities++] = (struct capability){ strnames[i], strdup(text) };
    }
    del_curterm(cur_term);
}

static inline void stream_close(struct stream *s)
{
    for (int i = 0; i < s->n_capabilities; i++)
        free(s->capabilities[i].text);
    s->n_capabilities = 0;
}

/* Behind the next %e (else_too) or %; of this conditional. */
static inline const char *stream_branch_end(const char *t, bool else_too)
{
    for (int depth = 0; *t != '\0'; t++) {
        if (*t != '%')
            continue;
        t++;
        if (*t == '?')
            depth++;
        else if (*t == 'e' && depth == 0 && else_too)
            return t + 1;
        else if (*t == ';' && depth-- == 0)
            return t + 1;
        else if (*t == '\'')
            t += 2;
        else if (*t == '\0')
            break;
    }
    return t;
}

/* The end of what the template takes of [s, end), NULL when it does not match. */
static inline const char *stream_match(const char *t, const char *s, const char *end, struct numbers *n);

static inline const char *stream_match_branches(const char *t, const char *s, const char *end, struct numbers *n)
{
    const char *best = NULL;
    struct numbers taken = *n;

    for (bool last = false; !last;) {
        struct numbers tried = *n;
        const char *stop = stream_match(t, s, end, &tried);
        if (stop != NULL && (best == NULL || stop > best)) {
            best = stop;
            taken = tried;
        }
        last = t[-1] == ';';        /* behind the whole: no branch was taken */
        t = stream_branch_end(t, true);
    }
    *n = taken;
    return best;
}

static inline const char *stream_match_number(const char *s, const char *end, struct numbers *n)
{
    int value = 0;

    if (s == end || !isdigit((unsigned char)*s))
        return NULL;
    for (; s < end && isdigit((unsigned char)*s) && value < 100000; s++)
        value = value * 10 + *s - '0';
    if (n->count < STREAM_NUMBERS)
        n->n[n->count++] = value;
    return s;
}

static inline const char *stream_match(const char *t, const char *s, const char *end, struct numbers *n)
{
    while (*t != '\0') {
        if (t[0] == '$' && t[1] == '<') {
            t = strchr(t, '>') + 1;
        } else if (*t != '%' || t[1] == '%') {
            t += *t == '%';
            if (s == end || *s != *t)
                return NULL;
            s++, t++;
        } else if (t[1] == '?') {
            return stream_match_branches(t + 2, s, end, n);
        } else if (t[1] == 'e') {
            t = stream_branch_end(t + 2, false);
        } else if (strchr("pPg", t[1]) != NULL) {
            t += 3;
        } else if (t[1] == '{') {
            t = strchr(t, '}') + 1;
        } else if (t[1] == '\'') {
            t += 4;
        } else if (t[1] == 'c') {
            if (s++ == end)
                return NULL;
            t += 2;
        } else if (t[1] == 'd' || isdigit((unsigned char)t[1])) {
            if ((s = stream_match_number(s, end, n)) == NULL)
                return NULL;
            t = strchr(t, 'd') + 1;
        } else {
            t += 2;                 /* arithmetic, %i, %t, %; */
        }
    }
    return s;
}

/* ---- the screen ---------------------------------------------------------------------------- */

static inline void stream_blank(struct stream *s, int row, int from, int to)
{
    for (int col = from; col < to && col < s->cols; col++)
        s->cells[row][col] = (struct stream_cell){ " ", -1, -1 };
}

static inline void stream_clear(struct stream *s)
{
    for (int row = 0; row < s->rows; row++)
        stream_blank(s, row, 0, s->cols);
}

/* A row without its trailing blanks; in a buffer that the next call reuses. */
static inline const char *stream_row(const struct stream *s, int row)
{
    static char text[STREAM_COLS * STREAM_CELL];
    size_t n = 0;

    for (int col = 0; col < s->cols; col++) {
        size_t length = strlen(s->cells[row][col].text);
        memcpy(text + n, s->cells[row][col].text, length);
        n += length;
    }
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
    return text;
}

/* Rows [top, bottom] move up by n, or down when n < 0. */
static inline void stream_scroll(struct stream *s, int top, int bottom, int n)
{
    if (top > bottom)               /* written for a size that is not any more */
        return;
    for (; n > 0; n--) {
        if (top == 0 && s->on_scroll_off != NULL)
            s->on_scroll_off(s->user, stream_row(s, 0));
        memmove(s->cells[top], s->cells[top + 1], (size_t)(bottom - top) * sizeof s->cells[0]);
        stream_blank(s, bottom, 0, s->cols);
    }
    for (; n < 0; n++) {
        memmove(s->cells[top + 1], s->cells[top], (size_t)(bottom - top) * sizeof s->cells[0]);
        stream_blank(s, top, 0, s->cols);
    }
}

static inline void stream_line_feed(struct stream *s)
{
    if (s->row == s->bottom)
        stream_scroll(s, s->top, s->bottom, 1);
    else if (s->row < s->rows - 1)
        s->row++;
}

static inline void stream_put(struct stream *s, const char *text, size_t n, int width)
{
    if (width == 0) {               /* a mark joins what stands before it */
        int col = s->col - 1;
        while (col > 0 && s->cells[s->row][col].text[0] == '\0')
            col--;
        if (col >= 0 && strlen(s->cells[s->row][col].text) + n < STREAM_CELL)
            strncat(s->cells[s->row][col].text, text, n);
        return;
    }
    if (s->col + width > s->cols) {
        s->col = 0;
        stream_line_feed(s);
    }
    struct stream_cell *cell = &s->cells[s->row][s->col];
    if (cell->text[0] == '\0' && s->col > 0)
        strcpy(cell[-1].text, " ");
    if (s->col + width < s->cols && cell[width].text[0] == '\0')
        strcpy(cell[width].text, " ");
    *cell = (struct stream_cell){ "", s->foreground, s->background };
    if (width == 2)
        cell[1] = *cell;
    memcpy(cell->text, text, n);
    memcpy(s->last, cell->text, STREAM_CELL);
    s->col += width;
}

static inline int stream_limit(int value, int most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

static inline void stream_move(struct stream *s, int row, int col)
{
    s->row = stream_limit(row, s->rows - 1);
    s->col = stream_limit(col, s->cols - 1);
}

static inline void stream_shift(struct stream *s, int n)    /* n > 0: blanks go in, n < 0: cells go out */
{
    struct stream_cell *cells = s->cells[s->row] + s->col;
    int left = s->cols > s->col ? s->cols - s->col : 0, by = n > 0 ? n : -n;

    by = by < left ? by : left;
    if (n > 0)
        memmove(cells + by, cells, (size_t)(left - by) * sizeof *cells);
    else
        memmove(cells, cells + by, (size_t)(left - by) * sizeof *cells);
    stream_blank(s, s->row, n > 0 ? s->col : s->cols - by, n > 0 ? s->col + by : s->cols);
}

/* False for one that changes neither cell nor place nor colour; colours below 16 come as the digit that is sent. */
static inline bool stream_obey(struct stream *s, const char *name, const struct numbers *p)
{
    int n = p->count > 0 ? p->n[0] : 1, col = stream_limit(s->col, s->cols - 1);

#define IS(what) (strcmp(name, what) == 0)
    if (IS("cup"))
        stream_move(s, p->n[0] - 1, p->n[1] - 1);
    else if (IS("home"))
        stream_move(s, 0, 0);
    else if (IS("hpa"))
        stream_move(s, s->row, n - 1);
    else if (IS("vpa"))
        stream_move(s, n - 1, col);
    else if (IS("cuu") || IS("cuu1"))
        stream_move(s, s->row - n, col);
    else if (IS("cud") || IS("cud1"))
        stream_move(s, s->row + n, col);
    else if (IS("cuf") || IS("cuf1"))
        stream_move(s, s->row, col + n);
    else if (IS("cub") || IS("cub1"))
        stream_move(s, s->row, col - n);
    else if (IS("ind") || IS("indn"))
        for (; n > 0; n--)
            stream_line_feed(s);
    else if (IS("ri") || IS("rin"))
        for (; n > 0; n--) {
            if (s->row == s->top)
                stream_scroll(s, s->top, s->bottom, -1);
            else
                stream_move(s, s->row - 1, col);
        }
    else if (IS("csr")) {
        s->top = stream_limit(p->n[0] - 1, s->rows - 1);
        s->bottom = stream_limit(p->n[1] - 1, s->rows - 1);
        stream_move(s, 0, 0);
    } else if (IS("il") || IS("il1"))
        stream_scroll(s, s->row, s->bottom, -n);
    else if (IS("dl") || IS("dl1"))
        stream_scroll(s, s->row, s->bottom, n);
    else if (IS("el"))
        stream_blank(s, s->row, col, s->cols);
    else if (IS("el1"))
        stream_blank(s, s->row, 0, col + 1);
    else if (IS("ech"))
        stream_blank(s, s->row, col, col + n);
    else if (IS("ich") || IS("ich1"))
        stream_shift(s, n);
    else if (IS("dch") || IS("dch1"))
        stream_shift(s, -n);
    else if (IS("ed")) {
        stream_blank(s, s->row, col, s->cols);
        for (int row = s->row + 1; row < s->rows; row++)
            stream_blank(s, row, 0, s->cols);
    } else if (IS("clear") || IS("smcup") || IS("rmcup")) {
        stream_clear(s);
        stream_move(s, 0, 0);
        s->alternate = IS("smcup") || (IS("clear") && s->alternate);
    } else if (IS("rep")) {
        for (char last[STREAM_CELL]; n > 0; n--) {
            memcpy(last, s->last, sizeof last);
            stream_put(s, last, strlen(last), 1);
        }
    } else if (IS("sc")) {
        s->saved_row = s->row;
        s->saved_col = s->col;
    } else if (IS("rc"))
        stream_move(s, s->saved_row, s->saved_col);
    else if (IS("setaf"))
        s->foreground = (short)n;
    else if (IS("setab"))
        s->background = (short)n;
    else if (IS("op") || IS("sgr0") || IS("sgr"))
        s->foreground = s->background = -1;
    else
        return false;
#undef IS
    return true;
}

/* ---- extensions ----------------------------------------------------------------------------- */

/* Length of prefix, then bytes of a kind, then suffix; 0 when it is not that. */
static inline size_t stream_envelope(const char *s, size_t n, const char *prefix, const char *suffix, bool escapes)
{
    size_t i = strlen(prefix);

    if (n < i || memcmp(s, prefix, i) != 0)
        return 0;
    for (; i < n; i++) {
        if (n - i >= strlen(suffix) && memcmp(s + i, suffix, strlen(suffix)) == 0)
            return i + strlen(suffix);
        if (!isprint((unsigned char)s[i]) && s[i] != '\n' && s[i] != '\r' && !(escapes && (s[i] == 0x1B || s[i] == '\a')))
            return 0;
    }
    return 0;
}

static inline size_t stream_extension(struct stream *s, const char *text, size_t n)
{
    static const struct { enum extension kind; const char *text; } fixed[] = {
        { EXT_PASTE, "\x1B[?2004h" }, { EXT_PASTE, "\x1B[?2004l" }, { EXT_QUERY, "\x1B]11;?\x1B\\\x1B[c" },
        { EXT_MOUSE, "\x1B[?1000h\x1B[?1006h" }, { EXT_MOUSE, "\x1B[?1006l\x1B[?1000l" },
    };
    static const struct { enum extension kind; const char *prefix, *suffix; bool escapes; } envelopes[] = {
        { EXT_COPY, "\x1B]52;c;", "\a", false }, { EXT_COPY, "\x1BPtmux;\x1B\x1B]52;c;", "\a\x1B\\", true },
        { EXT_KITTY, "\x1B_G", "\x1B\\", false }, { EXT_SIXEL, "\x1BP0;", "\x1B\\", false },
    };

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        size_t length = strlen(fixed[i].text);
        if (!(s->allowed & fixed[i].kind) || n < length || memcmp(text, fixed[i].text, length) != 0)
            continue;
        s->seen |= fixed[i].kind;
        if (fixed[i].kind == EXT_QUERY && s->on_query != NULL)
            s->on_query(s->user);
        return length;
    }
    for (size_t i = 0; i < sizeof envelopes / sizeof envelopes[0]; i++) {
        size_t length = s->allowed & envelopes[i].kind ? stream_envelope(text, n, envelopes[i].prefix, envelopes[i].suffix, envelopes[i].escapes) : 0;
        if (length > 0) {
            s->seen |= envelopes[i].kind;
            return length;
        }
    }
    return 0;
}

/* ---- the stream ------------------------------------------------------------------------------ */

/* The longest capability; of several alike one that moves or clears. */
static inline size_t stream_capability(struct stream *s, const char *text, size_t n, enum stream_rest rest)
{
    size_t longest = 0;

    for (int i = 0; i < s->n_capabilities; i++) {
        struct numbers tried = { { 0 }, 0 };
        const char *stop = stream_match(s->capabilities[i].text, text, text + n, &tried);
        if (stop != NULL && (size_t)(stop - text) > longest)
            longest = (size_t)(stop - text);
    }
    if (longest == n && rest == REST_COMES)
        return 0;                   /* perhaps the beginning of a longer one */
    for (int i = 0; i < s->n_capabilities && longest > 0; i++) {
        struct numbers tried = { { 0 }, 0 };
        if (stream_match(s->capabilities[i].text, text, text + n, &tried) == text + longest
            && stream_obey(s, s->capabilities[i].name, &tried))
            break;
    }
    return longest;
}

static inline void stream_fault(struct stream *s, const char *text, size_t n)
{
    size_t length = (size_t)snprintf(s->fault, sizeof s->fault, "neither text nor a sequence of this terminal: ");

    for (size_t i = 0; i < n && i < 24 && length + 5 < sizeof s->fault; i++)
        length += (size_t)snprintf(s->fault + length, sizeof s->fault - length, isgraph((unsigned char)text[i]) ? "%c" : "\\x%02X",
                                   (unsigned char)text[i]);
}

static inline size_t stream_control(struct stream *s, const char *text, size_t n, enum stream_rest rest)
{
    switch (text[0]) {
    case '\r': s->col = 0; return 1;
    case '\n': stream_line_feed(s); return 1;
    case '\b': stream_move(s, s->row, stream_limit(s->col, s->cols - 1) - 1); return 1;
    case '\t': stream_move(s, s->row, (s->col / 8 + 1) * 8); return 1;
    default: break;
    }
    size_t length = stream_extension(s, text, n);
    if (length == 0)
        length = stream_capability(s, text, n, rest);
    s->n_sequences += length > 0;
    return length;
}

/* Takes text[0..n) and returns how much of it was understood; the rest is the beginning of
 * something, or a fault when nothing follows. */
static inline size_t stream_take(struct stream *s, const char *text, size_t n, enum stream_rest rest)
{
    size_t at = 0, used;
    uint32_t code;

    if (s->cells[0][0].text[0] == '\0' && s->n_text + s->n_sequences == 0)
        stream_clear(s);
    for (; at < n && s->fault[0] == '\0'; at += used) {
        unsigned char first = (unsigned char)text[at];
        if (first < 0x20 || first == 0x7F) {
            used = stream_control(s, text + at, n - at, rest);
            /* Longer ones may still come whole: a picture's pieces are of a few thousand bytes. */
            if (used == 0 && rest != REST_NONE && n - at < (s->allowed & (EXT_COPY | EXT_KITTY | EXT_SIXEL) ? 1u << 20 : 64))
                return at;
            if (used == 0)
                stream_fault(s, text + at, n - at);
            continue;
        }
        used = utf8_decode(text + at, n - at, &code);
        if (used == 0 && rest != REST_NONE)
            return at;
        if (used == 0 || (code == UTF8_REPLACEMENT && first != 0xEF) || (code >= 0x80 && code < 0xA0)
            || code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069)) {
            stream_fault(s, text + at, n - at);
            break;
        }
        stream_put(s, text + at, used, utf8_width(code));
        s->n_text++;
    }
    return at;
}

static inline bool stream_has(const struct stream *s, const char *text)
{
    for (int row = 0; row < s->rows; row++)
        if (strstr(stream_row(s, row), text) != NULL)
            return true;
    return false;
}

static inline void stream_resize(struct stream *s, int rows, int cols)
{
    s->rows = rows;
    s->cols = cols;
    s->top = 0;
    s->bottom = rows - 1;
    stream_clear(s);
    stream_move(s, s->row, s->col);
}

#endif
