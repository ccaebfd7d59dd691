/* json_schema_string.c - strings: their length, formats, and the patterns that are regular.
 *
 * A pattern is ECMA-262's (as JSON Schema says): literals, ., classes, \d \w \s and their opposites, groups,
 * |, ? * + {m,n}, ^ and $ at the ends.  A character of the string is one of JSON's: those that need a
 * backslash there are written with it. */
#include "text/json_schema.h"

#include "base/utf8.h"
#include "text/grammar_parts.h"

#include <stdlib.h>
#include <string.h>

enum { SET_MOST = 128, GROUPS_MOST = 24 };

struct set {                        /* of code points */
    struct range ranges[SET_MOST];
    size_t n;
};

struct pattern {
    const struct schema *s;
    const struct place *place;
    const char *at;                 /* NUL ends it */
    FILE *to;
    unsigned depth;
};

/* ---- sets ------------------------------------------------------------------------ */

static bool set_add(struct set *set, uint32_t first, uint32_t last)
{
    if (set->n == SET_MOST)
        return false;
    set->ranges[set->n++] = (struct range){ first, last };
    return true;
}

static int by_first(const void *a, const void *b)
{
    const struct range *x = a, *y = b;

    return (x->first > y->first) - (x->first < y->first);
}

static bool set_invert(struct set *set)
{
    struct set other = { .n = 0 };
    uint32_t next = 0;
    bool good = true;

    qsort(set->ranges, set->n, sizeof *set->ranges, by_first);
    for (size_t i = 0; i < set->n; i++) {
        if (set->ranges[i].first > next)
            good = good && set_add(&other, next, set->ranges[i].first - 1);
        if (set->ranges[i].last + 1 > next)
            next = set->ranges[i].last + 1;
    }
    if (next <= 0x10FFFF)
        good = good && set_add(&other, next, 0x10FFFF);
    *set = other;
    return good;
}

static bool set_has(const struct set *set, uint32_t code)
{
    for (size_t i = 0; i < set->n; i++)
        if (code >= set->ranges[i].first && code <= set->ranges[i].last)
            return true;
    return false;
}

/* Of these what needs no backslash in JSON, then what does. */
static bool set_write(const struct set *set, FILE *to)
{
    static const struct { uint32_t code; const char *literal; } escaped[] = {
        { '"', "\"\\\\\\\"\"" }, { '\\', "\"\\\\\\\\\"" }, { '\b', "\"\\\\b\"" }, { '\f', "\"\\\\f\"" }, { '\n', "\"\\\\n\"" }, { '\r', "\"\\\\r\"" }, { '\t', "\"\\\\t\"" },
    };
    struct set plain = *set;
    const char *bar = "";

    if (!set_invert(&plain) || !set_add(&plain, 0, 0x1F) || !set_add(&plain, '"', '"') || !set_add(&plain, '\\', '\\') ||
        !set_add(&plain, 0xD800, 0xDFFF) || !set_invert(&plain))
        return false;
    fputs("(", to);
    for (size_t i = 0; i < plain.n; i++)
        fprintf(to, "%s\\U%08X-\\U%08X", i == 0 ? "[" : "", (unsigned)plain.ranges[i].first, (unsigned)plain.ranges[i].last);
    if (plain.n > 0) {
        fputs("]", to);
        bar = " | ";
    }
    for (size_t i = 0; i < sizeof escaped / sizeof *escaped; i++) {
        if (!set_has(set, escaped[i].code))
            continue;
        fprintf(to, "%s%s", bar, escaped[i].literal);
        bar = " | ";
    }
    fputs(")", to);
    return *bar != '\0';
}

/* ---- characters of a pattern ----------------------------------------------------- */

static bool not_supported(const struct pattern *p, const char *what)
{
    const struct place here = { p->place, "pattern" };

    return schema_wrong(p->s, &here, "%s is not supported, at '%.20s'", what, p->at);
}

static bool read_code(struct pattern *p, uint32_t *code)
{
    size_t n = utf8_decode(p->at, strlen(p->at), code);

    if (n == 0 || *code == UTF8_REPLACEMENT)
        return not_supported(p, "text that is not UTF-8");
    p->at += n;
    return true;
}

static bool add_kind(struct set *set, char kind)
{
    struct set own = { .n = 0 };
    bool good = true;

    if (kind == 'd' || kind == 'D' || kind == 'w' || kind == 'W')
        good = set_add(&own, '0', '9');
    if (kind == 'w' || kind == 'W')
        good = good && set_add(&own, 'a', 'z') && set_add(&own, 'A', 'Z') && set_add(&own, '_', '_');
    if (kind == 's' || kind == 'S')
        good = set_add(&own, '\t', '\r') && set_add(&own, ' ', ' ');
    if (kind == 'D' || kind == 'W' || kind == 'S')      /* in ASCII: of the rest engines think differently */
        good = good && set_add(&own, 0x80, 0x10FFFF) && set_invert(&own);
    for (size_t i = 0; good && i < own.n; i++)
        good = set_add(set, own.ranges[i].first, own.ranges[i].last);
    return good;
}

static bool read_hex(struct pattern *p, int n, uint32_t *code)
{
    char digits[5] = { 0 };

    if (strnlen(p->at, (size_t)n) < (size_t)n || strspn(p->at, "0123456789abcdefABCDEF") < (size_t)n)
        return not_supported(p, "an escape without its digits");
    memcpy(digits, p->at, (size_t)n);
    *code = (uint32_t)strtoul(digits, NULL, 16);
    if (*code >= 0xD800 && *code <= 0xDFFF)
        return not_supported(p, "half of a surrogate pair");
    p->at += n;
    return true;
}

/* After a backslash: a kind of characters (*code is then UINT32_MAX), or one. */
static bool read_escape(struct pattern *p, struct set *set, uint32_t *code)
{
    static const char names[] = "nrtfv0", values[] = "\n\r\t\f\v";
    char c = *p->at;
    const char *name = c != '\0' ? strchr(names, c) : NULL;

    *code = UINT32_MAX;
    if (c == '\0' || (c >= '1' && c <= '9') || c == 'b' || c == 'B' || c == 'k' || c == 'p' || c == 'P' || c == 'c')
        return not_supported(p, "this escape");
    p->at++;
    if (strchr("dDwWsS", c) != NULL)
        return add_kind(set, c) || not_supported(p, "a class of so many parts");
    if (c == 'x' || c == 'u')
        return read_hex(p, c == 'x' ? 2 : 4, code);
    if (name != NULL)
        *code = (unsigned char)values[name - names];
    else if ((unsigned char)c < 0x80 && strchr("^$\\.*+?()[]{}|/-\"' ,:;=!<>@#%&~`_", c) != NULL)
        *code = (unsigned char)c;
    else
        return not_supported(p, "this escape");
    return true;
}

static bool read_class_char(struct pattern *p, struct set *set, uint32_t *code)
{
    if (*p->at == '\0')
        return not_supported(p, "a class without ]");
    if (*p->at != '\\')
        return read_code(p, code);
    p->at++;
    return read_escape(p, set, code);
}

/* After the [. */
static bool read_class(struct pattern *p, struct set *set)
{
    bool inverted = *p->at == '^';

    for (p->at += inverted; *p->at != ']';) {
        uint32_t first, last;
        if (!read_class_char(p, set, &first))
            return false;
        if (first == UINT32_MAX)
            continue;
        last = first;
        if (*p->at == '-' && p->at[1] != ']') {
            p->at++;
            if (!read_class_char(p, set, &last))
                return false;
        }
        if (last == UINT32_MAX || last < first)
            return not_supported(p, "a range that is upside down");
        if (!set_add(set, first, last))
            return not_supported(p, "a class of so many parts");
    }
    p->at++;
    return !inverted || set_invert(set) || not_supported(p, "a class of so many parts");
}

/* ---- patterns -------------------------------------------------------------------- */

static bool write_choice(struct pattern *p, bool top);

static bool write_group(struct pattern *p)
{
    if (*p->at == '?' && p->at[1] != ':')
        return not_supported(p, "a group of this kind");
    if (*p->at == '?')
        p->at += 2;
    if (++p->depth > GROUPS_MOST)
        return not_supported(p, "a group inside of so many");
    fputs("(", p->to);
    if (!write_choice(p, false))
        return false;
    if (*p->at != ')')
        return not_supported(p, "a group without )");
    p->at++;
    p->depth--;
    fputs(")", p->to);
    return true;
}

static bool write_atom(struct pattern *p)
{
    struct set set = { .n = 0 };
    uint32_t code = UINT32_MAX;
    char c = *p->at;
    bool good;

    if (strchr("*+?{^$", c) != NULL)
        return not_supported(p, c == '^' || c == '$' ? "^ and $ but at the ends" : "a repetition of nothing");
    if (c == '(') {
        p->at++;
        return write_group(p);
    }
    if (c == '[' || c == '\\' || c == '.')
        p->at++;
    if (c == '[')
        good = read_class(p, &set);
    else if (c == '\\')
        good = read_escape(p, &set, &code);
    else if (c == '.')
        good = set_add(&set, '\n', '\n') && set_add(&set, '\r', '\r') && set_add(&set, 0x2028, 0x2029) && set_invert(&set);
    else
        good = read_code(p, &code);
    if (!good || (code != UINT32_MAX && !set_add(&set, code, code)))
        return false;
    return set_write(&set, p->to) || not_supported(p, "a class that no character of a string is in");
}

static bool write_repetition(struct pattern *p)
{
    size_t n = 0;

    if (*p->at == '\0' || strchr("*+?{", *p->at) == NULL)
        return true;
    if (*p->at == '{') {
        n = strcspn(p->at, "}");
        if (p->at[n] == '\0' || n < 2 || strspn(p->at + 1, "0123456789,") != n - 1 || p->at[1] == ',')
            return not_supported(p, "{ that begins no repetition");
    }
    fwrite(p->at, 1, n + 1, p->to);
    p->at += n + 1;
    return *p->at == '\0' || strchr("*+?{", *p->at) == NULL || not_supported(p, "a repetition that is lazy or repeated");
}

/* Where no ^ or $ is, anything may stand before or after it. */
static bool write_sequence(struct pattern *p, bool top)
{
    bool from_start = top && *p->at == '^', to_end = false;

    p->at += from_start;
    fputs(top && !from_start ? "char* " : "\"\" ", p->to);
    while (*p->at != '\0' && *p->at != '|' && *p->at != ')') {
        to_end = top && *p->at == '$' && (p->at[1] == '\0' || p->at[1] == '|');
        if (to_end) {
            p->at++;
            break;
        }
        if (!write_atom(p) || !write_repetition(p))
            return false;
        fputs(" ", p->to);
    }
    if (top && !to_end)
        fputs("char*", p->to);
    return true;
}

static bool write_choice(struct pattern *p, bool top)
{
    for (;;) {
        if (!write_sequence(p, top))
            return false;
        if (*p->at != '|')
            return true;
        p->at++;
        fputs(" | ", p->to);
    }
}

static bool write_pattern(const struct schema *s, const cJSON *pattern, const struct place *at, FILE *to)
{
    const struct place here = { at, "pattern" };

    if (!cJSON_IsString(pattern))
        return schema_wrong(s, &here, "has to be a string");
    struct pattern p = { .s = s, .place = at, .at = pattern->valuestring, .to = to };
    fputs("\"\\\"\" (", to);
    if (!write_choice(&p, true))
        return false;
    fputs(") \"\\\"\"", to);
    return *p.at == '\0' || not_supported(&p, "this )");
}

/* ---- strings --------------------------------------------------------------------- */

static bool write_format(const struct schema *s, const cJSON *format, const struct place *at, FILE *to)
{
    static const char *const formats[] = { "date", "time", "date-time", "uuid", "ipv4" };
    const struct place here = { at, "format" };

    for (size_t i = 0; cJSON_IsString(format) && i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(format->valuestring, formats[i]) != 0)
            continue;
        fprintf(to, "\"\\\"\" format-%s \"\\\"\"", formats[i]);
        return true;
    }
    return schema_wrong(s, &here, "'%s' is not supported; supported are date, time, date-time, uuid and ipv4",
                        cJSON_IsString(format) ? format->valuestring : "?");
}

bool schema_string(struct schema *s, const cJSON *node, const struct place *at, FILE *to)
{
    const cJSON *pattern = cJSON_GetObjectItemCaseSensitive(node, "pattern"), *format = cJSON_GetObjectItemCaseSensitive(node, "format");
    uint32_t least, most;

    if (!schema_count(s, at, node, "minLength", 0, &least) || !schema_count(s, at, node, "maxLength", NO_END, &most))
        return false;
    if (least > most)
        return schema_wrong(s, at, "minLength is more than maxLength");
    if ((pattern != NULL) + (format != NULL) + (least > 0 || most != NO_END) > 1)
        return schema_wrong(s, at, "of pattern, format and a length only one is supported at a time");
    if (pattern != NULL)
        return write_pattern(s, pattern, at, to);
    if (format != NULL)
        return write_format(s, format, at, to);
    if (least == 0 && most == NO_END)
        fputs("string", to);
    else if (most == NO_END)
        fprintf(to, "\"\\\"\" char{%u,} \"\\\"\"", (unsigned)least);
    else
        fprintf(to, "\"\\\"\" char{%u,%u} \"\\\"\"", (unsigned)least, (unsigned)most);
    return true;
}
