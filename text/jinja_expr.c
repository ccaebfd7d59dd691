/* jinja_expr.c - expressions. */
#include "text/jinja_eval.h"

#include <math.h>
#include <string.h>

/* ---- names and calls --------------------------------------------------------------- */

static struct jinja_value name_value(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    const struct jinja_value *found = jinja_lookup(r, s, node->name);

    if (found != NULL)
        return *found;
    const struct jinja_function *f = jinja_function_find(node->name, node->n_name);
    return f != NULL ? (struct jinja_value){ .kind = JINJA_FUNCTION, .function = f } : jinja_undefined(node->name);
}

bool jinja_evaluate_args(struct jinja_run *r, const struct jinja_node *chain, const struct jinja_scope *s,
                         struct jinja_args *args)
{
    size_t n = 0, n_named = 0;

    for (const struct jinja_node *a = chain; a != NULL; a = a->next)
        *(a->kind == NODE_KEYWORD ? &n_named : &n) += 1;
    args->values = n > 0 ? jinja_alloc(r, n * sizeof *args->values) : NULL;
    args->named = n_named > 0 ? jinja_alloc(r, n_named * sizeof *args->named) : NULL;
    for (; chain != NULL && !r->failed; chain = chain->next)
        if (chain->kind == NODE_KEYWORD)
            args->named[args->n_named++] = (struct jinja_named){ chain->name, jinja_evaluate(r, chain->a, s) };
        else
            args->values[args->n++] = jinja_evaluate(r, chain, s);
    return !r->failed;
}

static struct jinja_value call_value(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    struct jinja_value callee = jinja_evaluate(r, node->a, s);
    struct jinja_args args = { 0 };

    r->line = node->line;
    return jinja_evaluate_args(r, node->b, s, &args) ? jinja_call(r, callee, &args, NULL) : jinja_undefined(NULL);
}

static struct jinja_value apply_filter(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s,
                                       struct jinja_value x)
{
    struct jinja_args args = { 0 };

    if (node->filter == NULL) {
        jinja_fail(r, "the filter %s is not supported", node->name);
        return x;
    }
    return jinja_evaluate_args(r, node->b, s, &args) ? node->filter(r, x, &args) : x;
}

struct jinja_value jinja_filter_body(struct jinja_run *r, const struct jinja_node *filter, const struct jinja_scope *s,
                                     struct jinja_value body)
{
    if (filter->kind == NODE_BODY || r->failed || !jinja_enter(r))
        return body;
    struct jinja_value x = apply_filter(r, filter, s, jinja_filter_body(r, filter->a, s, body));
    jinja_leave(r);
    return x;
}

static struct jinja_value test_value(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    struct jinja_value x = jinja_evaluate(r, node->a, s);
    struct jinja_args args = { 0 };

    if (node->test == NULL) {
        jinja_fail(r, "the test %s is not supported", node->name);
        return x;
    }
    return jinja_bool(jinja_evaluate_args(r, node->b, s, &args) && node->test(r, x, &args));
}

/* ---- arithmetic -------------------------------------------------------------------------- */

static bool refuse(struct jinja_run *r, const char *what, struct jinja_value a, struct jinja_value b)
{
    const struct jinja_value *missing = a.kind == JINJA_UNDEFINED ? &a : b.kind == JINJA_UNDEFINED ? &b : NULL;

    if (missing != NULL && missing->name != NULL)
        return jinja_fail(r, "%s is not defined, and %s needs it", missing->name, what);
    return jinja_fail(r, "%s does not work with %s and %s", what, jinja_kind_name(a.kind), jinja_kind_name(b.kind));
}

static int64_t whole(struct jinja_value x)
{
    return x.kind == JINJA_INT ? x.integer : x.truth;
}

static struct jinja_value add_lists(struct jinja_run *r, struct jinja_value a, struct jinja_value b)
{
    struct jinja_value sum = jinja_list(r, a.kind);

    for (size_t i = 0; i < a.list->n && !r->failed; i++)
        jinja_list_add(r, sum.list, a.list->items[i]);
    for (size_t i = 0; i < b.list->n && !r->failed; i++)
        jinja_list_add(r, sum.list, b.list->items[i]);
    return sum;
}

static struct jinja_value join(struct jinja_run *r, struct jinja_value a, struct jinja_value b)
{
    struct jinja_builder together = { 0 };

    jinja_add_value(r, &together, a);
    jinja_add_value(r, &together, b);
    return jinja_built(r, &together);
}

static struct jinja_value repeat(struct jinja_run *r, struct jinja_value x, int64_t n)
{
    if (x.kind == JINJA_STRING) {
        struct jinja_builder b = { 0 };
        for (int64_t i = 0; i < n && jinja_work(r, 1); i++)
            jinja_add_string(r, &b, x.string);
        return jinja_built(r, &b);
    }
    struct jinja_value all = jinja_list(r, x.kind);
    for (int64_t i = 0; i < n && jinja_work(r, 1); i++)
        for (size_t k = 0; k < x.list->n && !r->failed; k++)
            jinja_list_add(r, all.list, x.list->items[k]);
    return all;
}

static struct jinja_value power(struct jinja_run *r, struct jinja_value a, struct jinja_value b)
{
    int64_t result = 1;

    if (a.kind == JINJA_FLOAT || b.kind == JINJA_FLOAT || whole(b) < 0)
        return jinja_float(pow(jinja_number(a), jinja_number(b)));
    for (int64_t i = 0; i < whole(b) && jinja_work(r, 1); i++)
        if (__builtin_mul_overflow(result, whole(a), &result)) {
            jinja_fail(r, "a number becomes too large");
            break;
        }
    return jinja_int(result);
}

static struct jinja_value divide(struct jinja_run *r, enum jinja_op op, struct jinja_value a, struct jinja_value b)
{
    if (!jinja_true(b) || (b.kind == JINJA_INT && b.integer == -1 && a.kind == JINJA_INT && a.integer == INT64_MIN)) {
        jinja_fail(r, "a number is divided by zero");
        return a;
    }
    if (op == OP_DIVIDE)
        return jinja_float(jinja_number(a) / jinja_number(b));
    if (a.kind == JINJA_FLOAT || b.kind == JINJA_FLOAT) {
        double quotient = floor(jinja_number(a) / jinja_number(b));
        return jinja_float(op == OP_FLOOR ? quotient : jinja_number(a) - quotient * jinja_number(b));
    }
    int64_t x = whole(a), y = whole(b), rest = x % y;
    bool down = rest != 0 && (rest < 0) != (y < 0);         /* towards minus infinity, as in Python */
    return jinja_int(op == OP_FLOOR ? x / y - down : down ? rest + y : rest);
}

static struct jinja_value arithmetic(struct jinja_run *r, enum jinja_op op, struct jinja_value a, struct jinja_value b)
{
    bool is_float = a.kind == JINJA_FLOAT || b.kind == JINJA_FLOAT, over = false;
    double x = jinja_number(a), y = jinja_number(b);
    int64_t result = 0;

    if (op == OP_POWER)
        return power(r, a, b);
    if (op == OP_DIVIDE || op == OP_FLOOR || op == OP_REMAINDER)
        return divide(r, op, a, b);
    if (is_float)
        return jinja_float(op == OP_ADD ? x + y : op == OP_SUBTRACT ? x - y : x * y);
    if (op == OP_ADD)
        over = __builtin_add_overflow(whole(a), whole(b), &result);
    else if (op == OP_SUBTRACT)
        over = __builtin_sub_overflow(whole(a), whole(b), &result);
    else
        over = __builtin_mul_overflow(whole(a), whole(b), &result);
    if (over)
        jinja_fail(r, "a number becomes too large");
    return jinja_int(result);
}

static bool is_sequence(struct jinja_value x)
{
    return x.kind == JINJA_STRING || x.kind == JINJA_LIST || x.kind == JINJA_TUPLE;
}

struct jinja_value jinja_binary(struct jinja_run *r, enum jinja_op op, struct jinja_value a, struct jinja_value b)
{
    static const char *const signs[] = { "+", "-", "*", "/", "//", "%", "**", "~" };

    if (r->failed)
        return a;
    if (op == OP_JOIN || (op == OP_ADD && a.kind == JINJA_STRING && b.kind == JINJA_STRING))
        return join(r, a, b);
    if (jinja_is_number(a) && jinja_is_number(b))
        return arithmetic(r, op, a, b);
    if (op == OP_ADD && a.kind == b.kind && (a.kind == JINJA_LIST || a.kind == JINJA_TUPLE))
        return add_lists(r, a, b);
    if (op == OP_MULTIPLY && is_sequence(a) && b.kind == JINJA_INT)
        return repeat(r, a, b.integer);
    if (op == OP_MULTIPLY && a.kind == JINJA_INT && is_sequence(b))
        return repeat(r, b, a.integer);
    if (op == OP_REMAINDER && a.kind == JINJA_STRING)
        return jinja_percent(r, a.string, b.kind == JINJA_TUPLE ? b.list->items : &b, b.kind == JINJA_TUPLE ? b.list->n : 1);
    refuse(r, signs[op], a, b);
    return a;
}

static struct jinja_value negate(struct jinja_run *r, struct jinja_value x)
{
    if (!jinja_is_number(x))
        refuse(r, "a sign", x, x);
    return x.kind == JINJA_FLOAT ? jinja_float(-x.number) : jinja_binary(r, OP_SUBTRACT, jinja_int(0), x);
}

/* ---- comparisons ----------------------------------------------------------------------------- */

static bool contains(struct jinja_run *r, struct jinja_value x, struct jinja_value in)
{
    if (in.kind == JINJA_STRING)
        return x.kind == JINJA_STRING ? jinja_find(r, in.string, x.string, 0) != SIZE_MAX : refuse(r, "in", x, in);
    if (in.kind == JINJA_DICT)
        return jinja_dict_find(r, in.dict, x) != NULL;
    const struct jinja_list *items = jinja_items(r, in, false);
    for (size_t i = 0; items != NULL && i < items->n; i++)
        if (jinja_equal(r, items->items[i], x))
            return true;
    return false;
}

bool jinja_compare(struct jinja_run *r, enum jinja_op op, struct jinja_value a, struct jinja_value b)
{
    switch (op) {
    case OP_EQUAL:         return jinja_equal(r, a, b);
    case OP_UNEQUAL:       return !jinja_equal(r, a, b);
    case OP_IN:            return contains(r, a, b);
    case OP_NOT_IN:        return !contains(r, a, b);
    case OP_LESS:          return jinja_order(r, a, b) < 0;
    case OP_LESS_EQUAL:    return jinja_order(r, a, b) <= 0;
    case OP_GREATER:       return jinja_order(r, a, b) > 0;
    case OP_GREATER_EQUAL: return jinja_order(r, a, b) >= 0;
    default:               return false;
    }
}

static struct jinja_value compare_chain(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    struct jinja_value left = jinja_evaluate(r, node->a, s);

    for (const struct jinja_node *o = node->b; o != NULL && !r->failed; o = o->next) {
        struct jinja_value right = jinja_evaluate(r, o->a, s);
        r->line = node->line;
        if (!jinja_compare(r, o->op, left, right))
            return jinja_bool(false);
        left = right;
    }
    return jinja_bool(true);
}

/* ---- parts ---------------------------------------------------------------------------------------- */

/* As Python's slice.indices(). */
static bool slice_bounds(struct jinja_run *r, const struct jinja_value bounds[3], int64_t n, int64_t *from, int64_t *to,
                         int64_t *step)
{
    int64_t *out[3] = { from, to, step };

    *step = bounds[2].kind == JINJA_INT ? bounds[2].integer : 1;
    if (*step == 0)
        return jinja_fail(r, "the step of a slice is zero");
    *from = *step > 0 ? 0 : n - 1;
    *to = *step > 0 ? n : -1;
    for (size_t i = 0; i < 3; i++) {
        if (bounds[i].kind == JINJA_NONE)
            continue;
        if (bounds[i].kind != JINJA_INT)
            return jinja_fail(r, "a slice is bounded by a %s", jinja_kind_name(bounds[i].kind));
        if (i == 2)
            break;
        int64_t at = bounds[i].integer < 0 ? bounds[i].integer + n : bounds[i].integer;
        int64_t least = *step > 0 ? 0 : -1, most = *step > 0 ? n : n - 1;
        *out[i] = at < least ? least : at > most ? most : at;
    }
    return true;
}

static struct jinja_value slice_list(struct jinja_run *r, const struct jinja_list *list, enum jinja_kind kind, int64_t from,
                                     int64_t to, int64_t step)
{
    struct jinja_value part = jinja_list(r, kind);

    for (int64_t i = from; (step > 0 ? i < to : i > to) && !r->failed;) {
        jinja_list_add(r, part.list, list->items[i]);
        if (__builtin_add_overflow(i, step, &i))
            break;
    }
    return part;
}

static size_t byte_of(const struct jinja_string *s, int64_t i_char)
{
    size_t at = 0;

    while (i_char-- > 0 && at < s->n)
        at = jinja_char_end(s, at);
    return at;
}

struct jinja_value jinja_slice(struct jinja_run *r, struct jinja_value x, const struct jinja_value bounds[3])
{
    int64_t from, to, step, n = (int64_t)jinja_length(r, x);

    if (r->failed || !slice_bounds(r, bounds, n, &from, &to, &step))
        return jinja_undefined(NULL);
    if (x.kind == JINJA_STRING && step == 1)
        return jinja_part(r, x.string, byte_of(x.string, from), byte_of(x.string, from < to ? to : from));
    if (x.kind == JINJA_STRING) {
        struct jinja_builder b = { 0 };
        struct jinja_list *chars = jinja_items(r, x, false);
        struct jinja_value part = chars != NULL ? slice_list(r, chars, JINJA_LIST, from, to, step) : jinja_undefined(NULL);
        for (size_t i = 0; !r->failed && i < part.list->n; i++)
            jinja_add_string(r, &b, part.list->items[i].string);
        return jinja_built(r, &b);
    }
    if (x.kind == JINJA_LIST || x.kind == JINJA_TUPLE)
        return slice_list(r, x.list, x.kind, from, to, step);
    jinja_fail(r, "a %s cannot be cut", jinja_kind_name(x.kind));
    return x;
}

static struct jinja_value slice_value(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    struct jinja_value x = jinja_evaluate(r, node->a, s);
    struct jinja_value bounds[3] = {
        node->b != NULL ? jinja_evaluate(r, node->b, s) : jinja_none(), node->c != NULL ? jinja_evaluate(r, node->c, s) : jinja_none(),
        node->d != NULL ? jinja_evaluate(r, node->d, s) : jinja_none(),
    };

    return r->failed ? x : jinja_slice(r, x, bounds);
}

/* ---- values built ------------------------------------------------------------------------------------ */

static struct jinja_value list_value(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    struct jinja_value list = jinja_list(r, node->kind == NODE_LIST ? JINJA_LIST : JINJA_TUPLE);

    for (const struct jinja_node *item = node->a; item != NULL && !r->failed; item = item->next)
        jinja_list_add(r, list.list, jinja_evaluate(r, item, s));
    return list;
}

static struct jinja_value dict_value(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    struct jinja_value dict = jinja_dict(r, JINJA_DICT);

    for (const struct jinja_node *key = node->a; key != NULL && !r->failed; key = key->next->next) {
        struct jinja_value k = jinja_evaluate(r, key, s);
        jinja_dict_set(r, dict.dict, k, jinja_evaluate(r, key->next, s));
    }
    return dict;
}

static struct jinja_value evaluate(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    struct jinja_value a;

    switch (node->kind) {
    case NODE_CONSTANT:  return node->value;
    case NODE_NAME:      return name_value(r, node, s);
    case NODE_LIST:
    case NODE_TUPLE:     return list_value(r, node, s);
    case NODE_DICT:      return dict_value(r, node, s);
    case NODE_ATTRIBUTE: return jinja_attribute(r, jinja_evaluate(r, node->a, s), node->name, node->n_name);
    case NODE_SUBSCRIPT: a = jinja_evaluate(r, node->a, s); return jinja_subscript(r, a, jinja_evaluate(r, node->b, s));
    case NODE_SLICE:     return slice_value(r, node, s);
    case NODE_CALL:      return call_value(r, node, s);
    case NODE_FILTER:    return apply_filter(r, node, s, jinja_evaluate(r, node->a, s));
    case NODE_TEST:      return test_value(r, node, s);
    case NODE_NOT:       return jinja_bool(!jinja_true(jinja_evaluate(r, node->a, s)));
    case NODE_NEGATE:    return negate(r, jinja_evaluate(r, node->a, s));
    case NODE_POSITIVE:  return jinja_binary(r, OP_ADD, jinja_int(0), jinja_evaluate(r, node->a, s));
    case NODE_AND:       a = jinja_evaluate(r, node->a, s); return jinja_true(a) ? jinja_evaluate(r, node->b, s) : a;
    case NODE_OR:        a = jinja_evaluate(r, node->a, s); return jinja_true(a) ? a : jinja_evaluate(r, node->b, s);
    case NODE_BINARY:    a = jinja_evaluate(r, node->a, s); return jinja_binary(r, node->op, a, jinja_evaluate(r, node->b, s));
    case NODE_COMPARE:   return compare_chain(r, node, s);
    case NODE_CONDITION:
        return jinja_true(jinja_evaluate(r, node->b, s)) ? jinja_evaluate(r, node->a, s)
             : node->c != NULL ? jinja_evaluate(r, node->c, s) : jinja_undefined(NULL);
    default:             return jinja_undefined(NULL);
    }
}

struct jinja_value jinja_evaluate(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    if (r->failed || !jinja_enter(r))
        return jinja_undefined(NULL);
    struct jinja_value value = evaluate(r, node, s);
    jinja_leave(r);
    return r->failed ? jinja_undefined(NULL) : value;
}
