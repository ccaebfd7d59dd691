/* jinja_lex.c - see jinja_lex.h.  The rules are those of Jinja2 3.1's lexer.py. */
#include "text/jinja_lex.h"

#include <string.h>

#include "base/utf8.h"

enum { BRACES_MOST = 200 };

struct lexer {
    struct jinja_run *r;
    const char *source;
    size_t n, at;
    unsigned line;
    struct jinja_token *tokens;
    size_t n_tokens, capacity;
    bool line_starts;               /* what was read last ended a line, or nothing was */
};

static bool add(struct lexer *x, enum jinja_token_kind kind, const char *text, size_t n)
{
    if (x->n_tokens == x->capacity) {
        size_t capacity = 2 * x->capacity + 64;
        struct jinja_token *grown = jinja_alloc(x->r, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        if (x->n_tokens > 0)
            memcpy(grown, x->tokens, x->n_tokens * sizeof *grown);
        x->tokens = grown;
        x->capacity = capacity;
    }
    x->tokens[x->n_tokens++] = (struct jinja_token){ kind, x->line, text, n };
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}

static void skip(struct lexer *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x->line += x->source[x->at + i] == '\n';
    x->at += n;
    x->r->line = x->line;
}

static void skip_blanks(struct lexer *x)
{
    while (x->at < x->n && is_blank(x->source[x->at]))
        skip(x, 1);
}

static bool here(const struct lexer *x, const char *text)
{
    size_t n = strlen(text);

    return n <= x->n - x->at && memcmp(x->source + x->at, text, n) == 0;
}

/* ---- between tags --------------------------------------------------------------------- */

/* Where the next tag opens, or the end. */
static size_t find_tag(const struct lexer *x, size_t at)
{
    for (; at + 1 < x->n; at++)
        if (x->source[at] == '{' && memchr("%{#", x->source[at + 1], 3) != NULL)
            return at;
    return x->n;
}

/* The text before a tag at `end`, less the blanks that the tag takes along. */
static bool add_data(struct lexer *x, size_t end, size_t tag)
{
    const char *text = x->source + x->at;
    size_t n = end - x->at, line = n;
    bool tagged = tag + 2 < x->n, out = tagged && x->source[tag + 1] == '{';
    char sign = tagged ? x->source[tag + 2] : '\0';

    if (tag < x->n && sign == '-') {
        while (n > 0 && is_blank(text[n - 1]))
            n--;
    } else if (tag < x->n && sign != '+' && !out) {
        while (line > 0 && text[line - 1] != '\n' && is_blank(text[line - 1]))
            line--;
        if (line > 0 ? text[line - 1] == '\n' : x->line_starts)
            n = line;
    }
    bool good = n == 0 || add(x, TOKEN_DATA, text, n);
    skip(x, end - x->at);
    return good;
}

/* At the end of a tag, "%}" and its like: signs, and the line break. */
static bool end_tag(struct lexer *x, const char *close, bool takes_line)
{
    bool minus = x->source[x->at] == '-', plus = x->source[x->at] == '+';

    x->at += minus || plus;
    if (!here(x, close)) {
        x->at -= minus || plus;
        return false;
    }
    skip(x, 2);
    size_t before = x->at;
    if (minus)
        skip_blanks(x);
    else if (takes_line && !plus && x->at < x->n && x->source[x->at] == '\n')
        skip(x, 1);
    x->line_starts = x->at > before && x->source[x->at - 1] == '\n';
    return true;
}

static bool comment(struct lexer *x)
{
    unsigned line = x->line;

    skip(x, 2);
    while (x->at < x->n) {
        if (x->source[x->at] == '#' ? end_tag(x, "#}", true)
            : memchr("-+", x->source[x->at], 2) != NULL && end_tag(x, "#}", true))
            return true;
        skip(x, 1);
    }
    x->r->line = line;
    return jinja_fail(x->r, "a comment is not closed by #}");
}

/* The tag at `at` is {% word %}; its end, or 0. */
static size_t tag_of_word(const struct lexer *x, size_t at, const char *word)
{
    size_t n = strlen(word);

    at += 2;
    at += at < x->n && memchr("-+", x->source[at], 2) != NULL;
    while (at < x->n && is_blank(x->source[at]))
        at++;
    if (n > x->n - at || memcmp(x->source + at, word, n) != 0)
        return 0;
    for (at += n; at < x->n && is_blank(x->source[at]);)
        at++;
    size_t close = at + (at < x->n && memchr("-+", x->source[at], 2) != NULL);
    return close + 1 < x->n && memcmp(x->source + close, "%}", 2) == 0 ? at : 0;
}

/* {% raw %} ... {% endraw %} */
static bool raw(struct lexer *x, size_t end)
{
    skip(x, end - x->at);
    end_tag(x, "%}", false);
    for (size_t tag = x->at; (tag = find_tag(x, tag)) < x->n; tag++) {
        size_t close = x->source[tag + 1] == '%' ? tag_of_word(x, tag, "endraw") : 0;
        if (close == 0)
            continue;
        if (!add_data(x, tag, tag))
            return false;
        skip(x, close - x->at);
        return end_tag(x, "%}", true);
    }
    return jinja_fail(x->r, "{%% raw %%} is not closed by {%% endraw %%}");
}

/* ---- in tags -------------------------------------------------------------------------------- */

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* n digits of a base at text; -1: they are not there. */
static long code_at(const char *text, size_t n_left, size_t n, int base)
{
    long code = 0;

    for (size_t i = 0; i < n; i++) {
        if (i >= n_left || digit_of(text[i]) >= base)
            return -1;
        code = code * base + digit_of(text[i]);
    }
    return code;
}

/* One escape after its backslash, as Python reads them; how many bytes it has, 0: it is none. */
static size_t unescape(const char *text, size_t n, char out[4], size_t *n_out)
{
    static const char letters[] = "n\nt\tr\r\\\\'\'\"\"a\ab\bf\fv\v";

    *n_out = 1;
    for (size_t i = 0; i + 1 < sizeof letters; i += 2)
        if (text[0] == letters[i]) {
            out[0] = letters[i + 1];
            return 1;
        }
    if (text[0] == '\n') {
        *n_out = 0;
        return 1;
    }
    size_t n_octal = 0;
    while (n_octal < 3 && n_octal < n && digit_of(text[n_octal]) < 8)
        n_octal++;
    size_t n_digits = text[0] == 'x' ? 2 : text[0] == 'u' ? 4 : text[0] == 'U' ? 8 : 0;
    long code = n_octal > 0 ? code_at(text, n, n_octal, 8) : n_digits > 0 ? code_at(text + 1, n - 1, n_digits, 16) : -1;
    if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    *n_out = utf8_encode((uint32_t)code, out);
    return n_octal > 0 ? n_octal : 1 + n_digits;
}

static bool string(struct lexer *x)
{
    char quote = x->source[x->at];
    size_t from = x->at + 1, end = from, n = 0;

    while (end < x->n && x->source[end] != quote)
        end += x->source[end] == '\\' ? 2 : 1;
    if (end >= x->n)
        return jinja_fail(x->r, "a string is not closed by %c", quote);
    char *text = jinja_alloc(x->r, end - from + 1);
    if (text == NULL)
        return false;
    for (size_t i = from; i < end; i++) {
        char out[4];
        size_t n_out, used = x->source[i] == '\\' ? unescape(x->source + i + 1, end - i - 1, out, &n_out) : 0;
        if (used == 0) {
            text[n++] = x->source[i];
            continue;
        }
        memcpy(text + n, out, n_out);
        n += n_out;
        i += used;
    }
    if (!add(x, TOKEN_STRING, text, n))
        return false;
    skip(x, end + 1 - x->at);
    return true;
}

static bool is_name(char c, bool first)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80 ||
           (!first && c >= '0' && c <= '9');
}

static size_t n_digits_at(const struct lexer *x, size_t at)
{
    size_t from = at;

    while (at < x->n && ((x->source[at] >= '0' && x->source[at] <= '9') || (x->source[at] == '_' && at > from)))
        at++;
    return at - from;
}

static bool number(struct lexer *x)
{
    size_t n = n_digits_at(x, x->at), end = x->at + n, from = x->at;
    bool after_dot = x->at > 0 && x->source[x->at - 1] == '.', is_float = false;

    if (!after_dot && end < x->n && x->source[end] == '.' && n_digits_at(x, end + 1) > 0) {
        end += 1 + n_digits_at(x, end + 1);
        is_float = true;
    }
    if (!after_dot && end < x->n && (x->source[end] | 0x20) == 'e') {
        size_t sign = end + 1 < x->n && memchr("+-", x->source[end + 1], 2) != NULL, more = n_digits_at(x, end + 1 + sign);
        end += more > 0 ? 1 + sign + more : 0;
        is_float |= more > 0;
    }
    x->at = end;
    return add(x, is_float ? TOKEN_FLOAT : TOKEN_INT, x->source + from, end - from);
}

static bool operator(struct lexer *x)
{
    static const char *const two[] = { "//", "**", "==", "!=", ">=", "<=" };
    size_t n = 0;

    for (size_t i = 0; i < sizeof two / sizeof two[0]; i++)
        n = here(x, two[i]) ? 2 : n;
    if (n == 0 && memchr("+-/*%~[](){}<>=.:|,;", x->source[x->at], 20) != NULL)
        n = 1;
    if (n == 0)
        return jinja_fail(x->r, "an expression holds a byte 0x%02x, which means nothing there",
                          (unsigned)(unsigned char)x->source[x->at]);
    bool good = add(x, TOKEN_OPERATOR, x->source + x->at, n);
    x->at += n;
    return good;
}

/* Brackets have to match, so that "}}" can end a dict in an expression. */
static bool balance(struct lexer *x, char braces[BRACES_MOST], size_t *depth)
{
    char c = x->source[x->at], *open = c != '\0' ? strchr("([{", c) : NULL;

    if (open != NULL) {
        if (*depth == BRACES_MOST)
            return jinja_fail(x->r, "brackets are nested more than %d deep", BRACES_MOST);
        braces[(*depth)++] = c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
        if (*depth == 0 || braces[--*depth] != c)
            return jinja_fail(x->r, "%c closes nothing", c);
    }
    return true;
}

/* From after the opening of a tag to its end. */
static bool expression(struct lexer *x, bool out)
{
    char braces[BRACES_MOST];
    size_t depth = 0;

    for (;;) {
        skip_blanks(x);
        if (x->at >= x->n)
            return jinja_fail(x->r, "a tag is not closed by %s", out ? "}}" : "%}");
        char c = x->source[x->at];
        if (depth == 0 && memchr("-+%}", c, 4) != NULL && end_tag(x, out ? "}}" : "%}", !out))
            return add(x, out ? TOKEN_OUT_END : TOKEN_BLOCK_END, "", 0);
        bool good;
        if (c == '"' || c == '\'') {
            good = string(x);
        } else if (is_name(c, true)) {
            size_t from = x->at;
            while (x->at < x->n && is_name(x->source[x->at], false))
                x->at++;
            good = add(x, TOKEN_NAME, x->source + from, x->at - from);
        } else if (c >= '0' && c <= '9') {
            good = number(x);
        } else {
            good = balance(x, braces, &depth) && operator(x);
        }
        if (!good)
            return false;
    }
}

/* ---- all ---------------------------------------------------------------------------------------- */

static bool tag(struct lexer *x)
{
    char second = x->source[x->at + 1];
    size_t raw_end = second == '%' ? tag_of_word(x, x->at, "raw") : 0;

    if (second == '#')
        return comment(x);
    if (raw_end > 0)
        return raw(x, raw_end);
    if (!add(x, second == '{' ? TOKEN_OUT_BEGIN : TOKEN_BLOCK_BEGIN, "", 0))
        return false;
    skip(x, 2);
    x->at += x->at < x->n && memchr("-+", x->source[x->at], 2) != NULL;
    return expression(x, second == '{');
}

/* Line ends as \n, and without the last. */
static char *normalised(struct jinja_run *r, const char *source, size_t *n)
{
    char *text = jinja_alloc(r, *n + 1);
    size_t length = 0;

    for (size_t i = 0; i < *n && text != NULL; i++) {
        bool pair = source[i] == '\r' && i + 1 < *n && source[i + 1] == '\n';
        if (!pair)
            text[length++] = source[i] == '\r' ? '\n' : source[i];
    }
    *n = length > 0 && text[length - 1] == '\n' ? length - 1 : length;
    return text;
}

struct jinja_token *jinja_lex(struct jinja_run *r, const char *source, size_t n)
{
    struct lexer x = { .r = r, .n = n, .line = 1, .line_starts = true };

    r->line = 1;
    x.source = normalised(r, source, &x.n);
    while (x.source != NULL && x.at < x.n) {
        size_t next = find_tag(&x, x.at);
        if ((next > x.at && !add_data(&x, next, next)) || (next < x.n && !tag(&x)))
            return NULL;
    }
    return add(&x, TOKEN_END, "", 0) ? x.tokens : NULL;
}
