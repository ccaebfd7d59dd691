/* grammar_parse.c - GBNF read into nodes; the notation is told in grammar.h. */
#include "text/grammar_parts.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RULES_MOST = 8192, NODES_MOST = 1 << 18, DEPTH_MOST = 64,      /* of parentheses */
    REPEAT_MOST = 1 << 20, TEXT_BYTES_MOST = 1 << 22
};

struct parser {
    struct grammar *g;
    const char *at, *end;
    size_t line, n_nodes, depth;
    struct range *ranges;           /* of the class being read */
    size_t n_ranges, ranges_room;
    struct error *err;
};

bool grammar_grow(void *list, size_t n, size_t *room, size_t size)
{
    void **items = list;

    if (n < *room)
        return true;
    size_t wanted = 2 * *room + 64;
    void *grown = realloc(*items, wanted * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = wanted;
    return true;
}

__attribute__((format(printf, 2, 3)))
static bool wrong(const struct parser *p, const char *format, ...)
{
    char text[300];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return error_set(p->err, ERROR_INPUT, "%s:%zu: %s", p->g->name, p->line, text);
}

static bool no_memory(const struct parser *p)
{
    return error_set(p->err, ERROR_INFERENCE, "%s: no memory for the grammar", p->g->name);
}

/* ---- words ----------------------------------------------------------------------- */

static bool at_char(const struct parser *p, char c)
{
    return p->at < p->end && *p->at == c;
}

static bool in_name(const struct parser *p)
{
    char c = p->at < p->end ? *p->at : ' ';

    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void skip_space(struct parser *p, bool newlines)
{
    for (; p->at < p->end; p->at++) {
        if (*p->at == '#')
            while (p->at < p->end && *p->at != '\n')
                p->at++;
        if (p->at == p->end || (*p->at == '\n' && !newlines))
            return;
        if (*p->at == '\n')
            p->line++;
        else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\r')
            return;
    }
}

/* What stands here, for a message. */
static const char *found(const struct parser *p, char text[24])
{
    uint32_t code;
    size_t n = p->at < p->end ? utf8_decode(p->at, (size_t)(p->end - p->at), &code) : 0;

    if (p->at == p->end)
        return "the end of the grammar";
    if (*p->at == '\n')
        return "the end of the line";
    if (n > 0 && code >= ' ' && code != UTF8_REPLACEMENT)
        snprintf(text, 24, "'%.*s'", (int)n, p->at);
    else
        snprintf(text, 24, "byte 0x%02X", (unsigned)(unsigned char)*p->at);
    return text;
}

/* ---- nodes ----------------------------------------------------------------------- */

static struct node *new_node(struct parser *p, enum node_kind kind)
{
    if (p->n_nodes++ >= NODES_MOST) {
        wrong(p, "the grammar is too large: %d elements are the most", NODES_MOST);
        return NULL;
    }
    struct node *node = arena_zero(p->g->arena, 1, sizeof *node, p->err);
    if (node != NULL)
        node->kind = kind;
    return node;
}

static void append(struct node *parent, struct node *child)
{
    child->before = parent->last;
    parent->last = child;
}

/* The rule of that name, which may be new. */
static struct rule *find_rule(struct parser *p, const char *name, size_t n)
{
    struct grammar *g = p->g;

    for (size_t i = 0; i < g->n_rules; i++)
        if (g->rules[i].n_name == n && memcmp(g->rules[i].name, name, n) == 0)
            return &g->rules[i];
    if (g->n_rules == RULES_MOST) {
        wrong(p, "the grammar is too large: %d rules are the most", RULES_MOST);
        return NULL;
    }
    if (!grammar_grow(&g->rules, g->n_rules, &g->rules_room, sizeof *g->rules)) {
        no_memory(p);
        return NULL;
    }
    g->rules[g->n_rules] = (struct rule){ .name = name, .n_name = n, .line = p->line };
    return &g->rules[g->n_rules++];
}

static struct rule *read_name(struct parser *p)
{
    const char *name = p->at;
    char text[24];

    while (in_name(p))
        p->at++;
    if (p->at > name)
        return find_rule(p, name, (size_t)(p->at - name));
    wrong(p, "%s stands where the name of a rule was expected", found(p, text));
    return NULL;
}

/* ---- literals and classes ------------------------------------------------------------ */

static bool read_hex(struct parser *p, size_t n_digits, uint32_t *code)
{
    *code = 0;
    for (size_t i = 0; i < n_digits; i++, p->at++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = p->at < p->end && *p->at != '\0' ? strchr(digits, *p->at >= 'A' && *p->at <= 'F' ? *p->at + 32 : *p->at) : NULL;
        if (digit == NULL)
            return wrong(p, "%zu hexadecimal digits were expected", n_digits);
        *code = *code << 4 | (uint32_t)(digit - digits);
    }
    if (*code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF))
        return wrong(p, "U+%04X is no character", (unsigned)*code);
    return true;
}

static bool read_escape(struct parser *p, uint32_t *code)
{
    char c = p->at < p->end ? *p->at++ : ' ';

    switch (c) {
    case 'n': *code = '\n'; return true;
    case 'r': *code = '\r'; return true;
    case 't': *code = '\t'; return true;
    case '\\': case '"': case '[': case ']': case '-': case '^': case '/': *code = (uint32_t)c; return true;
    case 'x': return read_hex(p, 2, code);
    case 'u': return read_hex(p, 4, code);
    case 'U': return read_hex(p, 8, code);
    default: return wrong(p, "'\\%c' is no escape: there are \\n \\r \\t \\\\ \\\" \\[ \\] \\- \\^ \\/ \\xHH \\uHHHH \\UHHHHHHHH", c);
    }
}

/* One character of a literal or a class, which `close` ends. */
static bool read_char(struct parser *p, char close, uint32_t *code)
{
    if (p->at == p->end || *p->at == '\n')
        return wrong(p, "%c is missing at the end of the line", close);
    if (*p->at == '\\') {
        p->at++;
        return read_escape(p, code);
    }
    size_t n = utf8_decode(p->at, (size_t)(p->end - p->at), code);
    if (n == 0 || (*code == UTF8_REPLACEMENT && memcmp(p->at, "\xEF\xBF\xBD", n < 3 ? n : 3) != 0))
        return wrong(p, "the grammar is not UTF-8 here");
    p->at += n;
    return true;
}

static struct node *read_text(struct parser *p)
{
    struct node *node = new_node(p, NODE_TEXT);
    const char *close = p->at + 1;
    size_t n = 0;

    while (close < p->end && *close != '"' && *close != '\n')
        close += *close == '\\' && close + 1 < p->end ? 2 : 1;
    char *text = node != NULL ? arena_alloc(p->g->arena, (size_t)(close - p->at) + 4, 1, p->err) : NULL;
    for (p->at++; text != NULL && !at_char(p, '"');) {
        uint32_t code;
        if (!read_char(p, '"', &code))
            return NULL;
        n += utf8_encode(code, text + n);
    }
    if (text == NULL)
        return NULL;
    p->at++;
    node->text = text;
    node->n = n;
    return node;
}

static bool add_range(struct parser *p, uint32_t first, uint32_t last)
{
    if (!grammar_grow(&p->ranges, p->n_ranges, &p->ranges_room, sizeof *p->ranges))
        return no_memory(p);
    p->ranges[p->n_ranges++] = (struct range){ first, last };
    return true;
}

static int by_first(const void *a, const void *b)
{
    uint32_t x = ((const struct range *)a)->first, y = ((const struct range *)b)->first;

    return (x > y) - (x < y);
}

/* Ascending and apart; those that touch become one. */
static void settle_ranges(struct parser *p)
{
    size_t n = 0;

    if (p->n_ranges > 1)
        qsort(p->ranges, p->n_ranges, sizeof *p->ranges, by_first);
    for (size_t i = 0; i < p->n_ranges; i++) {
        struct range r = p->ranges[i];
        if (n == 0 || r.first > p->ranges[n - 1].last + 1)
            p->ranges[n++] = r;
        else if (r.last > p->ranges[n - 1].last)
            p->ranges[n - 1].last = r.last;
    }
    p->n_ranges = n;
}

/* Those not in the settled ranges. */
static bool invert_ranges(struct parser *p)
{
    size_t n = p->n_ranges;
    uint32_t next = 0;

    for (size_t i = 0; i < n; i++) {
        struct range r = p->ranges[i];
        if (r.first > next && !add_range(p, next, r.first - 1))
            return false;
        next = r.last + 1;
    }
    if (next <= 0x10FFFF && !add_range(p, next, 0x10FFFF))
        return false;
    memmove(p->ranges, p->ranges + n, (p->n_ranges - n) * sizeof *p->ranges);
    p->n_ranges -= n;
    return true;
}

static struct node *class_of_ranges(struct parser *p)
{
    struct node *node = new_node(p, NODE_CLASS);

    if (node == NULL || (node->ranges = arena_alloc(p->g->arena, p->n_ranges, sizeof *node->ranges, p->err)) == NULL)
        return NULL;
    memcpy(node->ranges, p->ranges, p->n_ranges * sizeof *node->ranges);
    node->n = p->n_ranges;
    return node;
}

static struct node *read_any(struct parser *p)
{
    p->at++;
    p->n_ranges = 0;
    return add_range(p, 0, 0x10FFFF) ? class_of_ranges(p) : NULL;
}

static struct node *read_class(struct parser *p)
{
    p->at++;
    p->n_ranges = 0;
    bool inverted = at_char(p, '^');
    p->at += inverted;
    while (!at_char(p, ']')) {
        uint32_t first, last;
        if (!read_char(p, ']', &first))
            return NULL;
        last = first;
        if (at_char(p, '-') && p->at + 1 < p->end && p->at[1] != ']') {
            p->at++;
            if (!read_char(p, ']', &last))
                return NULL;
        }
        if (last < first) {
            wrong(p, "the range from U+%04X to U+%04X is upside down", (unsigned)first, (unsigned)last);
            return NULL;
        }
        if (!add_range(p, first, last))
            return NULL;
    }
    p->at++;
    if (inverted && !add_range(p, 0xD800, 0xDFFF))      /* surrogates are no characters */
        return NULL;
    settle_ranges(p);
    if (inverted && !invert_ranges(p))
        return NULL;
    if (p->n_ranges > 0)
        return class_of_ranges(p);
    wrong(p, "a class that no character is in can never be matched");
    return NULL;
}

/* ---- repetition ---------------------------------------------------------------------- */

static bool read_count(struct parser *p, uint32_t *count)
{
    char text[24];
    uint32_t n = 0;

    if (p->at == p->end || *p->at < '0' || *p->at > '9')
        return wrong(p, "%s stands where a number was expected: {m}, {m,}, {m,n} or {,n}", found(p, text));
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
        if ((n = n * 10 + (uint32_t)(*p->at - '0')) > REPEAT_MOST)
            return wrong(p, "a repetition of more than %d is not supported", REPEAT_MOST);
    *count = n;
    skip_space(p, false);
    return true;
}

/* After the '{'. */
static bool read_bounds(struct parser *p, uint32_t *least, uint32_t *most)
{
    char text[24];

    skip_space(p, false);
    *least = 0;
    if (!at_char(p, ',') && !read_count(p, least))
        return false;
    *most = *least;
    if (at_char(p, ',')) {
        p->at++;
        skip_space(p, false);
        *most = NO_END;
        if (!at_char(p, '}') && !read_count(p, most))
            return false;
    }
    if (!at_char(p, '}'))
        return wrong(p, "%s stands where } was expected", found(p, text));
    p->at++;
    return *most >= *least || wrong(p, "{%u,%u} has more at least than at most", (unsigned)*least, (unsigned)*most);
}

/* What repeats the item before it, if it does: *item becomes that. */
static bool read_repetition(struct parser *p, struct node **item)
{
    const char *at = p->at;
    uint32_t least = 0, most = 1;

    if (p->at == p->end || (*at != '?' && *at != '*' && *at != '+' && *at != '{'))
        return true;
    p->at++;
    if (*at == '{' && !read_bounds(p, &least, &most))
        return false;
    if (*at == '+')
        least = 1;
    if (*at == '*' || *at == '+')
        most = NO_END;
    struct node *node = new_node(p, NODE_REPEAT);
    if (node == NULL)
        return false;
    node->least = least;
    node->most = most;
    append(node, *item);
    *item = node;
    return true;
}

/* ---- rules --------------------------------------------------------------------------- */

static struct node *read_choice(struct parser *p, bool nested);

static struct node *read_group(struct parser *p)
{
    char text[24];

    if (p->depth == DEPTH_MOST) {
        wrong(p, "%d parentheses inside each other are the most", DEPTH_MOST);
        return NULL;
    }
    p->at++;
    p->depth++;
    skip_space(p, true);
    struct node *node = read_choice(p, true);
    p->depth--;
    if (node != NULL && !at_char(p, ')')) {
        wrong(p, "%s stands where ) was expected", found(p, text));
        return NULL;
    }
    p->at++;
    return node;
}

static struct node *read_reference(struct parser *p)
{
    struct rule *rule = read_name(p);
    struct node *node = rule != NULL ? new_node(p, NODE_RULE) : NULL;

    if (node != NULL)
        node->rule = (uint32_t)(rule - p->g->rules);
    return node;
}

/* NULL and an error, or NULL alone where no item begins. */
static struct node *read_item(struct parser *p)
{
    if (at_char(p, '"'))
        return read_text(p);
    if (at_char(p, '['))
        return read_class(p);
    if (at_char(p, '.'))
        return read_any(p);
    if (at_char(p, '('))
        return read_group(p);
    if (at_char(p, '<') || at_char(p, '!'))
        wrong(p, "tokens by name or number (<...>) are not supported; write their text");
    else if (at_char(p, '?') || at_char(p, '*') || at_char(p, '+') || at_char(p, '{'))
        wrong(p, "'%c' repeats what is before it, and there is nothing; a second one needs parentheses around the first", *p->at);
    return in_name(p) ? read_reference(p) : NULL;
}

static struct node *read_sequence(struct parser *p, bool nested)
{
    struct node *sequence = new_node(p, NODE_SEQUENCE), *item;

    p->err->code = sequence == NULL ? p->err->code : ERROR_NONE;
    while (sequence != NULL && (item = read_item(p)) != NULL) {
        if (!read_repetition(p, &item))
            return NULL;
        append(sequence, item);
        skip_space(p, nested);
    }
    return p->err->code == ERROR_NONE ? sequence : NULL;
}

/* Outside of parentheses the next line goes on when it begins with |. */
static bool reads_bar(struct parser *p, bool nested)
{
    struct parser ahead = *p;

    skip_space(&ahead, true);
    if (!at_char(nested ? p : &ahead, '|'))
        return false;
    p->at = ahead.at + 1;
    p->line = ahead.line;
    skip_space(p, true);
    return true;
}

static struct node *read_choice(struct parser *p, bool nested)
{
    struct node *choice = new_node(p, NODE_CHOICE), *sequence;

    if (choice == NULL)
        return NULL;
    do {
        sequence = read_sequence(p, nested);
        if (sequence == NULL)
            return NULL;
        append(choice, sequence);
    } while (reads_bar(p, nested));
    return choice;
}

static bool read_rule(struct parser *p)
{
    char text[24];
    size_t line = p->line;
    struct rule *rule = read_name(p);

    if (rule == NULL)
        return false;
    size_t i = (size_t)(rule - p->g->rules);
    skip_space(p, false);
    if (p->end - p->at < 3 || memcmp(p->at, "::=", 3) != 0)
        return wrong(p, "%s stands where ::= was expected", found(p, text));
    if (rule->body != NULL)
        return wrong(p, "the rule '%.*s' is defined for a second time", (int)rule->n_name, rule->name);
    rule->line = line;
    p->at += 3;
    skip_space(p, true);
    struct node *body = read_choice(p, false);
    if (body == NULL)
        return false;
    p->g->rules[i].body = body;     /* which may have moved */
    return p->at == p->end || *p->at == '\n' ||
           wrong(p, "%s stands where a literal, a class, a rule or the end of the line was expected", found(p, text));
}

static bool check_defined(struct parser *p)
{
    const struct grammar *g = p->g;

    for (size_t i = 0; i < g->n_rules; i++) {
        p->line = g->rules[i].line;
        if (g->rules[i].body == NULL && i == 0)
            return error_set(p->err, ERROR_INPUT, "%s: the rule 'root', where an answer begins, is not defined", g->name);
        if (g->rules[i].body == NULL)
            return wrong(p, "the rule '%.*s' is used but not defined", (int)g->rules[i].n_name, g->rules[i].name);
    }
    return true;
}

static bool read_grammar(struct parser *p)
{
    if (find_rule(p, "root", 4) == NULL)
        return false;
    for (skip_space(p, true); p->at < p->end; skip_space(p, true))
        if (!read_rule(p))
            return false;
    return check_defined(p);
}

/* The grammar's own copy: messages and names outlive what they were read from. */
static const char *copy(struct grammar *g, const char *text, size_t n, struct error *err)
{
    char *to = arena_alloc(g->arena, n + 1, 1, err);

    if (to == NULL)
        return NULL;
    memcpy(to, text, n);
    to[n] = '\0';
    return to;
}

static bool make(struct grammar *g, const char *name, const char *text, size_t n, struct error *err)
{
    struct error ignored;
    struct parser p = { .g = g, .line = 1, .err = err != NULL ? err : &ignored };

    g->arena = arena_new("grammar", 1u << 16, err);
    if (g->arena == NULL || (g->name = copy(g, name, strlen(name), err)) == NULL)
        return false;
    if (n > TEXT_BYTES_MOST)
        return error_set(err, ERROR_INPUT, "%s: a grammar of %zu bytes is too large: %d are the most", name, n, TEXT_BYTES_MOST);
    if ((p.at = copy(g, text, n, err)) == NULL)
        return false;
    p.end = p.at + n;
    bool good = read_grammar(&p) && grammar_compile(g, p.err);
    free(p.ranges);
    return good;
}

struct grammar *grammar_parse(const char *name, const char *text, size_t n, struct error *err)
{
    struct grammar *g = calloc(1, sizeof *g);

    if (g == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory for the grammar", name);
        return NULL;
    }
    if (make(g, name, text, n, err))
        return g;
    grammar_free(g);
    return NULL;
}

void grammar_free(struct grammar *g)
{
    if (g == NULL)
        return;
    free(g->rules);
    free(g->states);
    free(g->edges);
    arena_free(g->arena);
    free(g);
}
