/* jinja_filter.c - x | NAME: filters that give text, numbers or JSON. */
#include "text/jinja_eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILTER(name) \
    static struct jinja_value name(struct jinja_run *r, struct jinja_value x, const struct jinja_args *args)
#define UNUSED (void)r, (void)args

static const struct jinja_string nothing = { 0, "", NULL };

/* x as text; filters of text take anything. */
static const struct jinja_string *text_of(struct jinja_run *r, struct jinja_value x)
{
    struct jinja_value text = jinja_to_string(r, x);

    return text.kind == JINJA_STRING ? text.string : &nothing;
}

/* ---- text ---------------------------------------------------------------------------------- */

FILTER(trim)       { return jinja_strip(r, text_of(r, x), jinja_arg_string(r, args, 0, "chars", NULL), true, true); }
FILTER(upper)      { UNUSED; return jinja_recase(r, text_of(r, x), JINJA_UPPER); }
FILTER(lower)      { UNUSED; return jinja_recase(r, text_of(r, x), JINJA_LOWER); }
FILTER(title)      { UNUSED; return jinja_recase(r, text_of(r, x), JINJA_TITLE); }
FILTER(capitalize) { UNUSED; return jinja_recase(r, text_of(r, x), JINJA_CAPITALIZE); }
FILTER(string)     { UNUSED; return jinja_to_string(r, x); }
FILTER(safe)       { UNUSED; return jinja_to_string(r, x); }       /* nothing is escaped by itself */

FILTER(replace)
{
    const struct jinja_string *old = jinja_arg_string(r, args, 0, "old", NULL), *new = jinja_arg_string(r, args, 1, "new", NULL);

    if (old == NULL || new == NULL) {
        jinja_fail(r, "replace wants two strings");
        return x;
    }
    return jinja_replace(r, text_of(r, x), old, new, jinja_arg_int(r, args, 2, "count", -1));
}

FILTER(escape)
{
    static const struct { const char *from, *to; } marks[] = {
        { "&", "&amp;" }, { "<", "&lt;" }, { ">", "&gt;" }, { "'", "&#39;" }, { "\"", "&#34;" },
    };
    struct jinja_value text = jinja_to_string(r, x);

    (void)args;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0] && !r->failed; i++) {
        struct jinja_string from = { 1, marks[i].from, NULL }, to = { strlen(marks[i].to), marks[i].to, NULL };
        text = jinja_replace(r, text.string, &from, &to, -1);
    }
    return text;
}

/* width: a number of blanks, or what is put before each line. */
FILTER(indent)
{
    const struct jinja_value *width = jinja_arg(args, 0, "width");
    bool first = jinja_arg_true(args, 1, "first", false), blank = jinja_arg_true(args, 2, "blank", false);
    const struct jinja_string *s = text_of(r, x), space = { 1, " ", NULL };
    struct jinja_value before = width != NULL && width->kind == JINJA_STRING ? *width
        : jinja_binary(r, OP_MULTIPLY, (struct jinja_value){ .kind = JINJA_STRING, .string = &space },
                       jinja_int(jinja_arg_int(r, args, 0, "width", 4)));
    struct jinja_builder b = { 0 };

    for (size_t at = 0, line = 0; at < s->n && !r->failed; line++) {
        const char *end = memchr(s->bytes + at, '\n', s->n - at);
        size_t next = end != NULL ? (size_t)(end - s->bytes) + 1 : s->n;
        bool empty = s->bytes[at] == '\n';
        if (line == 0 ? first : blank || !empty)
            jinja_add_value(r, &b, before);
        jinja_add_part(r, &b, s, at, next);
        at = next;
    }
    return jinja_built(r, &b);
}

FILTER(format)
{
    return jinja_percent(r, text_of(r, x), args->values, args->n);
}

/* ---- numbers ------------------------------------------------------------------------------------ */

/* The whole text as a number; false: it is none. */
static bool parse_number(const struct jinja_string *s, double *number, int64_t *integer, bool *is_whole)
{
    char digits[64], *end;

    if (s->n == 0 || s->n >= sizeof digits)
        return false;
    memcpy(digits, s->bytes, s->n);
    digits[s->n] = '\0';
    if (strspn(digits, " +-.0123456789eE") != s->n)
        return false;
    *integer = strtoll(digits, &end, 10);
    *is_whole = end != digits && *end == '\0';
    *number = strtod(digits, &end);
    return end != digits && *end == '\0';
}

static struct jinja_value number_or(struct jinja_run *r, struct jinja_value x, const struct jinja_args *args, bool whole)
{
    const struct jinja_value *otherwise = jinja_arg(args, 0, "default");
    bool is_whole = false;
    double number;
    int64_t integer;

    (void)r;
    if (x.kind == JINJA_STRING && parse_number(x.string, &number, &integer, &is_whole))
        x = is_whole && whole ? jinja_int(integer) : jinja_float(number);
    if (!jinja_is_number(x) || (whole && x.kind == JINJA_FLOAT && !(fabs(x.number) < 9e18)))
        return otherwise != NULL ? *otherwise : whole ? jinja_int(0) : jinja_float(0);
    if (!whole)
        return jinja_float(jinja_number(x));
    return x.kind == JINJA_INT ? x : jinja_int((int64_t)jinja_number(x));
}

FILTER(to_int)   { return number_or(r, x, args, true); }
FILTER(to_float) { return number_or(r, x, args, false); }

FILTER(absolute)
{
    (void)args;
    if (!jinja_is_number(x))
        jinja_fail(r, "abs of a %s", jinja_kind_name(x.kind));
    if (x.kind == JINJA_FLOAT)
        return jinja_float(fabs(x.number));
    return jinja_compare(r, OP_LESS, x, jinja_int(0)) ? jinja_binary(r, OP_SUBTRACT, jinja_int(0), x) : x;
}

/* method: "common" (to even, as Python's round), "ceil" or "floor". */
FILTER(round_number)
{
    int64_t precision = jinja_arg_int(r, args, 0, "precision", 0);
    const struct jinja_value *method = jinja_arg(args, 1, "method");

    if (!jinja_is_number(x) || precision < 0 || precision > 15) {
        jinja_fail(r, "round of a %s to %lld places", jinja_kind_name(x.kind), (long long)precision);
        return x;
    }
    if (x.kind != JINJA_FLOAT && (method == NULL || jinja_is(*method, "common")))
        return x;
    double scale = pow(10, (double)precision), scaled = jinja_number(x) * scale;
    if (method != NULL && jinja_is(*method, "ceil"))
        return jinja_float(ceil(scaled) / scale);
    if (method != NULL && jinja_is(*method, "floor"))
        return jinja_float(floor(scaled) / scale);
    return jinja_float(nearbyint(scaled) / scale);
}

FILTER(length)
{
    (void)args;
    return jinja_int((int64_t)jinja_length(r, x));
}

/* ---- others ----------------------------------------------------------------------------------------- */

/* default(value, also_when_false) */
FILTER(or_default)
{
    const struct jinja_value *otherwise = jinja_arg(args, 0, "default_value");
    bool missing = x.kind == JINJA_UNDEFINED || (jinja_arg_true(args, 1, "boolean", false) && !jinja_true(x));

    return !missing ? x : otherwise != NULL ? *otherwise : jinja_text(r, "");
}

static const char *separator(struct jinja_run *r, const struct jinja_list *list, size_t i)
{
    const struct jinja_string *s = list->n == 2 && list->items[i].kind == JINJA_STRING ? list->items[i].string : NULL;
    char *text = s != NULL ? jinja_alloc(r, s->n + 1) : NULL;

    if (text == NULL) {
        jinja_fail(r, "separators of tojson are two strings");
        return "";
    }
    memcpy(text, s->bytes, s->n);
    text[s->n] = '\0';
    return text;
}

/* As transformers has it: json.dumps with ensure_ascii = False. */
FILTER(tojson)
{
    const struct jinja_value *indent = jinja_arg(args, 1, "indent"), *separators = jinja_arg(args, 2, "separators");
    struct jinja_builder b = { 0 };
    struct jinja_json_form form = { -1, jinja_arg_true(args, 3, "sort_keys", false),
                                    jinja_arg_true(args, 0, "ensure_ascii", false), ", ", ": " };

    if (args->n > 0 && args->values[0].kind == JINJA_INT)           /* tojson(4), as Jinja2's own */
        indent = &args->values[0], form.ascii = false;
    if (indent != NULL && indent->kind == JINJA_INT) {
        form.indent = indent->integer > 16 ? 16 : indent->integer < 0 ? 0 : (int)indent->integer;
        form.between = ",";
    }
    if (separators != NULL && (separators->kind == JINJA_TUPLE || separators->kind == JINJA_LIST)) {
        form.between = separator(r, separators->list, 0);
        form.after_key = separator(r, separators->list, 1);
    }
    jinja_add_json(r, &b, x, &form);
    return jinja_built(r, &b);
}

static const struct { const char *name; jinja_filter *filter; } filters[] = {
    { "trim", trim }, { "upper", upper }, { "lower", lower }, { "title", title }, { "capitalize", capitalize },
    { "string", string }, { "safe", safe }, { "escape", escape }, { "e", escape }, { "forceescape", escape },
    { "replace", replace }, { "indent", indent }, { "format", format }, { "int", to_int }, { "float", to_float },
    { "abs", absolute }, { "round", round_number }, { "length", length }, { "count", length }, { "default", or_default },
    { "d", or_default }, { "tojson", tojson },
};

jinja_filter *jinja_filter_of_text(const char *name)
{
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
        if (strcmp(filters[i].name, name) == 0)
            return filters[i].filter;
    return NULL;
}

jinja_filter *jinja_filter_find(const char *name)
{
    jinja_filter *filter = jinja_filter_of_text(name);

    return filter != NULL ? filter : jinja_filter_of_lists(name);
}
