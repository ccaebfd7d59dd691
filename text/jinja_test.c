/* jinja_test.c - x is NAME: the tests of Jinja2 that need no more than a value. */
#include "text/jinja_eval.h"

#include <string.h>

#define TEST(name) static bool name(struct jinja_run *r, struct jinja_value x, const struct jinja_args *args)
#define UNUSED (void)r, (void)x, (void)args

TEST(is_defined)   { UNUSED; return x.kind != JINJA_UNDEFINED; }
TEST(is_undefined) { UNUSED; return x.kind == JINJA_UNDEFINED; }
TEST(is_none)      { UNUSED; return x.kind == JINJA_NONE; }
TEST(is_string)    { UNUSED; return x.kind == JINJA_STRING; }
TEST(is_mapping)   { UNUSED; return x.kind == JINJA_DICT; }
TEST(is_number)    { UNUSED; return jinja_is_number(x); }
TEST(is_integer)   { UNUSED; return x.kind == JINJA_INT; }
TEST(is_float)     { UNUSED; return x.kind == JINJA_FLOAT; }
TEST(is_boolean)   { UNUSED; return x.kind == JINJA_BOOL; }
TEST(is_true)      { UNUSED; return x.kind == JINJA_BOOL && x.truth; }
TEST(is_false)     { UNUSED; return x.kind == JINJA_BOOL && !x.truth; }
TEST(is_callable)  { UNUSED; return x.kind == JINJA_MACRO || x.kind == JINJA_FUNCTION || x.kind == JINJA_METHOD; }
TEST(is_escaped)   { UNUSED; return false; }

TEST(is_iterable)
{
    UNUSED;
    return x.kind == JINJA_UNDEFINED || x.kind == JINJA_STRING || x.kind == JINJA_LIST || x.kind == JINJA_TUPLE ||
           x.kind == JINJA_DICT;
}

static bool is_cased(struct jinja_run *r, struct jinja_value x, enum jinja_case wanted)
{
    if (x.kind != JINJA_STRING)
        return false;
    struct jinja_value same = jinja_recase(r, x.string, wanted);
    struct jinja_value other = jinja_recase(r, x.string, wanted == JINJA_UPPER ? JINJA_LOWER : JINJA_UPPER);
    return !r->failed && jinja_equal(r, x, same) && !jinja_equal(r, same, other);
}

TEST(is_upper) { UNUSED; return is_cased(r, x, JINJA_UPPER); }
TEST(is_lower) { UNUSED; return is_cased(r, x, JINJA_LOWER); }

static bool remainder_is(struct jinja_run *r, struct jinja_value x, struct jinja_value by, int64_t rest)
{
    struct jinja_value found = jinja_binary(r, OP_REMAINDER, x, by);

    return jinja_equal(r, found, jinja_int(rest));
}

TEST(is_even) { UNUSED; return remainder_is(r, x, jinja_int(2), 0); }
TEST(is_odd)  { UNUSED; return remainder_is(r, x, jinja_int(2), 1); }

static bool compared(struct jinja_run *r, enum jinja_op op, struct jinja_value x, const struct jinja_args *args)
{
    if (args->n != 1)
        return jinja_fail(r, "a comparing test takes one value, %zu are given", args->n);
    return jinja_compare(r, op, x, args->values[0]);
}

TEST(is_equal)            { return compared(r, OP_EQUAL, x, args); }
TEST(is_unequal)          { return compared(r, OP_UNEQUAL, x, args); }
TEST(is_less)             { return compared(r, OP_LESS, x, args); }
TEST(is_less_or_equal)    { return compared(r, OP_LESS_EQUAL, x, args); }
TEST(is_greater)          { return compared(r, OP_GREATER, x, args); }
TEST(is_greater_or_equal) { return compared(r, OP_GREATER_EQUAL, x, args); }
TEST(is_in)               { return compared(r, OP_IN, x, args); }
TEST(is_divisible)        { return args->n == 1 ? remainder_is(r, x, args->values[0], 0) : compared(r, OP_EQUAL, x, args); }

TEST(is_same)
{
    return compared(r, OP_EQUAL, x, args) && x.kind == args->values[0].kind;
}

static bool has_filter(const char *name) { return jinja_filter_find(name) != NULL; }
static bool has_test(const char *name)   { return jinja_test_find(name) != NULL; }

static bool is_name_of(struct jinja_value x, bool (*find)(const char *name))
{
    char name[64];

    if (x.kind != JINJA_STRING || x.string->n >= sizeof name)
        return false;
    memcpy(name, x.string->bytes, x.string->n);
    name[x.string->n] = '\0';
    return find(name);
}

TEST(is_filter) { UNUSED; return is_name_of(x, has_filter); }
TEST(is_test)   { UNUSED; return is_name_of(x, has_test); }

static const struct { const char *name; jinja_test *test; } tests[] = {
    { "defined", is_defined }, { "undefined", is_undefined }, { "none", is_none }, { "string", is_string },
    { "mapping", is_mapping }, { "number", is_number }, { "integer", is_integer }, { "float", is_float },
    { "boolean", is_boolean }, { "true", is_true }, { "false", is_false }, { "callable", is_callable },
    { "escaped", is_escaped }, { "iterable", is_iterable }, { "sequence", is_iterable }, { "upper", is_upper },
    { "lower", is_lower }, { "even", is_even }, { "odd", is_odd }, { "divisibleby", is_divisible },
    { "eq", is_equal }, { "equalto", is_equal }, { "==", is_equal }, { "ne", is_unequal }, { "!=", is_unequal },
    { "lt", is_less }, { "<", is_less }, { "lessthan", is_less }, { "le", is_less_or_equal }, { "<=", is_less_or_equal },
    { "gt", is_greater }, { ">", is_greater }, { "greaterthan", is_greater }, { "ge", is_greater_or_equal },
    { ">=", is_greater_or_equal }, { "in", is_in }, { "sameas", is_same }, { "filter", is_filter }, { "test", is_test },
};

jinja_test *jinja_test_find(const char *name)
{
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        if (strcmp(tests[i].name, name) == 0)
            return tests[i].test;
    return NULL;
}
