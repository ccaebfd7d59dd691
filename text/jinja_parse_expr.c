/* jinja_parse_expr.c - the expressions of a template.
 *
 *   a if b else c  <  or  <  and  <  not  <  == != < > in  <  + -  <  ~  <  * / // %  <  **
 *     <  - +  <  x.y x[y] x(y)  <  | is                              weakest to strongest */
#include "text/jinja_ast.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text/jinja_lex.h"

static struct jinja_node *parse_or(struct jinja_parser *p);
static struct jinja_node *parse_unary(struct jinja_parser *p, bool with_filters);

static struct jinja_node *two(struct jinja_parser *p, enum jinja_node_kind kind, struct jinja_node *a, struct jinja_node *b)
{
    struct jinja_node *node = jinja_node(p, kind);

    if (node == NULL || a == NULL || b == NULL)
        return NULL;
    node->line = a->line;
    node->a = a;
    node->b = b;
    return node;
}

static struct jinja_node *one(struct jinja_parser *p, enum jinja_node_kind kind, struct jinja_node *a)
{
    return two(p, kind, a, a);
}

static struct jinja_node *constant(struct jinja_parser *p, struct jinja_value value)
{
    struct jinja_node *node = jinja_node(p, NODE_CONSTANT);

    if (node != NULL)
        node->value = value;
    return node;
}

/* ---- what stands for itself -------------------------------------------------------------- */

/* Strings one after the other are one. */
static struct jinja_node *parse_string(struct jinja_parser *p)
{
    struct jinja_builder b = { 0 };

    if (p->token[1].kind != TOKEN_STRING) {
        struct jinja_node *node = constant(p, jinja_string(p->r, p->token->text, p->token->n, NULL));
        p->token++;
        return node;
    }
    for (; p->token->kind == TOKEN_STRING; p->token++)
        jinja_add(p->r, &b, p->token->text, p->token->n, NULL);
    return constant(p, jinja_built(p->r, &b));
}

static struct jinja_node *parse_number(struct jinja_parser *p)
{
    char digits[64];
    size_t n = 0;
    struct jinja_value value;

    for (size_t i = 0; i < p->token->n && n + 1 < sizeof digits; i++)
        if (p->token->text[i] != '_')
            digits[n++] = p->token->text[i];
    digits[n] = '\0';
    errno = 0;
    value = p->token->kind == TOKEN_INT ? jinja_int(strtoll(digits, NULL, 10)) : jinja_float(strtod(digits, NULL));
    if (errno == ERANGE && p->token->kind == TOKEN_INT)
        jinja_fail(p->r, "%s is too large a number", digits);
    struct jinja_node *node = constant(p, value);
    p->token++;
    return node;
}

static struct jinja_node *parse_name(struct jinja_parser *p)
{
    static const struct { const char *name; struct jinja_value value; } constants[] = {
        { "true", { .kind = JINJA_BOOL, .truth = true } }, { "false", { .kind = JINJA_BOOL } }, { "none", { .kind = JINJA_NONE } },
        { "True", { .kind = JINJA_BOOL, .truth = true } }, { "False", { .kind = JINJA_BOOL } }, { "None", { .kind = JINJA_NONE } },
    };

    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        if (jinja_take(p, constants[i].name))
            return constant(p, constants[i].value);
    struct jinja_node *node = jinja_node(p, NODE_NAME);
    return jinja_expect_name(p, node) ? node : NULL;
}

/* Expressions up to `close`, commas between; each is followed by ": value" in a dict. */
static struct jinja_node *parse_items_to(struct jinja_parser *p, enum jinja_node_kind kind, const char *close)
{
    struct jinja_node *node = jinja_node(p, kind), **last = node != NULL ? &node->a : NULL;

    while (node != NULL && !jinja_take(p, close)) {
        if (node->a != NULL && !jinja_expect(p, ","))
            return NULL;
        if (node->a != NULL && jinja_take(p, close))
            break;
        if ((*last = jinja_parse_expression(p)) == NULL)
            return NULL;
        last = &(*last)->next;
        if (kind != NODE_DICT)
            continue;
        if (!jinja_expect(p, ":") || (*last = jinja_parse_expression(p)) == NULL)
            return NULL;
        last = &(*last)->next;
    }
    return node;
}

static struct jinja_node *parse_group(struct jinja_parser *p)
{
    if (jinja_take(p, ")"))
        return jinja_node(p, NODE_TUPLE);
    struct jinja_node *node = jinja_parse_tuple(p);
    return node != NULL && jinja_expect(p, ")") ? node : NULL;
}

static struct jinja_node *parse_primary(struct jinja_parser *p)
{
    if (p->token->kind == TOKEN_NAME)
        return parse_name(p);
    if (p->token->kind == TOKEN_STRING)
        return parse_string(p);
    if (p->token->kind == TOKEN_INT || p->token->kind == TOKEN_FLOAT)
        return parse_number(p);
    if (jinja_take(p, "("))
        return parse_group(p);
    if (jinja_take(p, "["))
        return parse_items_to(p, NODE_LIST, "]");
    if (jinja_take(p, "{"))
        return parse_items_to(p, NODE_DICT, "}");
    jinja_expect(p, "a value");
    return NULL;
}

/* ---- what follows a value -------------------------------------------------------------------- */

/* After "(" to the ")": the chain, in which names stand last. */
static bool parse_arguments(struct jinja_parser *p, struct jinja_node **chain)
{
    struct jinja_node **last = chain;
    bool named = false;

    while (!jinja_take(p, ")")) {
        if (*chain != NULL && !jinja_expect(p, ","))
            return false;
        if (*chain != NULL && jinja_take(p, ")"))
            break;
        if (jinja_at(p, "*") || jinja_at(p, "**"))
            return jinja_fail(p->r, "arguments given by %.*s are not supported", (int)p->token->n, p->token->text);
        bool keyword = p->token->kind == TOKEN_NAME && p->token[1].kind == TOKEN_OPERATOR && p->token[1].n == 1 &&
                       p->token[1].text[0] == '=';
        if (!keyword && named)
            return jinja_fail(p->r, "an argument without a name stands after one with a name");
        struct jinja_node *node = keyword ? jinja_node(p, NODE_KEYWORD) : NULL, *value;
        if (keyword && (!jinja_expect_name(p, node) || !jinja_expect(p, "=")))
            return false;
        if ((value = jinja_parse_expression(p)) == NULL)
            return false;
        if (keyword)
            node->a = value;
        named |= keyword;
        *last = keyword ? node : value;
        last = &(*last)->next;
    }
    return true;
}

static struct jinja_node *parse_call(struct jinja_parser *p, struct jinja_node *of)
{
    struct jinja_node *node = jinja_node(p, NODE_CALL);

    if (node == NULL || of == NULL)
        return NULL;
    node->line = of->line;
    node->a = of;
    return parse_arguments(p, &node->b) ? node : NULL;
}

static bool parse_bound(struct jinja_parser *p, struct jinja_node **bound)
{
    if (jinja_at(p, ":") || jinja_at(p, "]"))
        return true;
    *bound = jinja_parse_expression(p);
    return *bound != NULL;
}

static struct jinja_node *parse_subscript(struct jinja_parser *p, struct jinja_node *of)
{
    struct jinja_node *node = two(p, NODE_SUBSCRIPT, of, of);

    if (node == NULL)
        return NULL;
    node->b = NULL;
    if (!parse_bound(p, &node->b))
        return NULL;
    if (jinja_take(p, ":")) {
        node->kind = NODE_SLICE;
        if (!parse_bound(p, &node->c) || (jinja_take(p, ":") && !parse_bound(p, &node->d)))
            return NULL;
    } else if (node->b == NULL) {
        jinja_expect(p, "a value");
        return NULL;
    }
    return jinja_expect(p, "]") ? node : NULL;
}

static struct jinja_node *parse_attribute(struct jinja_parser *p, struct jinja_node *of)
{
    struct jinja_node *node;

    if (p->token->kind == TOKEN_INT) {          /* pair.0 */
        node = parse_number(p);
        return two(p, NODE_SUBSCRIPT, of, node);
    }
    node = one(p, NODE_ATTRIBUTE, of);
    return jinja_expect_name(p, node) ? node : NULL;
}

/* .name, [key] and (arguments), as many as there are. */
static struct jinja_node *parse_postfix(struct jinja_parser *p, struct jinja_node *node)
{
    while (node != NULL && jinja_work(p->r, 1)) {
        if (jinja_take(p, "."))
            node = parse_attribute(p, node);
        else if (jinja_take(p, "["))
            node = parse_subscript(p, node);
        else if (jinja_take(p, "("))
            node = parse_call(p, node);
        else
            break;
    }
    return p->r->failed ? NULL : node;
}

struct jinja_node *jinja_parse_filter(struct jinja_parser *p, struct jinja_node *inner)
{
    struct jinja_node *node = one(p, NODE_FILTER, inner);

    if (node == NULL)
        return NULL;
    node->b = NULL;
    if (!jinja_expect_name(p, node) || (jinja_take(p, "(") && !parse_arguments(p, &node->b)))
        return NULL;
    node->filter = jinja_filter_find(node->name);
    return node;
}

struct jinja_node *jinja_parse_filters(struct jinja_parser *p, struct jinja_node *inner)
{
    while (inner != NULL && jinja_take(p, "|"))
        inner = jinja_parse_filter(p, inner);
    return inner;
}

/* A test takes one value without brackets: "x is divisibleby 3". */
static bool test_takes_value(const struct jinja_parser *p)
{
    switch (p->token->kind) {
    case TOKEN_STRING:
    case TOKEN_INT:
    case TOKEN_FLOAT:    return true;
    case TOKEN_NAME:     return !jinja_at(p, "else") && !jinja_at(p, "or") && !jinja_at(p, "and") && !jinja_at(p, "is") &&
                                !jinja_at(p, "if") && !jinja_at(p, "not") && !jinja_at(p, "in");
    case TOKEN_OPERATOR: return jinja_at(p, "[") || jinja_at(p, "{");
    default:             return false;
    }
}

static struct jinja_node *parse_test(struct jinja_parser *p, struct jinja_node *of)
{
    bool negated = jinja_take(p, "not");
    struct jinja_node *node = one(p, NODE_TEST, of);

    if (node == NULL)
        return NULL;
    node->b = NULL;
    if (!jinja_expect_name(p, node))
        return NULL;
    node->test = jinja_test_find(node->name);
    if (jinja_take(p, "(")) {
        if (!parse_arguments(p, &node->b))
            return NULL;
    } else if (test_takes_value(p)) {
        node->b = parse_postfix(p, parse_primary(p));
        if (node->b == NULL)
            return NULL;
    }
    return negated ? one(p, NODE_NOT, node) : node;
}

static struct jinja_node *parse_filter_and_test(struct jinja_parser *p, struct jinja_node *node)
{
    while (node != NULL && jinja_work(p->r, 1)) {
        if (jinja_take(p, "|"))
            node = jinja_parse_filter(p, node);
        else if (jinja_take(p, "is"))
            node = parse_test(p, node);
        else if (jinja_take(p, "("))
            node = parse_call(p, node);
        else
            break;
    }
    return p->r->failed ? NULL : node;
}

/* ---- operators ------------------------------------------------------------------------------------ */

static struct jinja_node *parse_unary_inner(struct jinja_parser *p, bool with_filters)
{
    struct jinja_node *node;

    if (jinja_take(p, "-"))
        node = one(p, NODE_NEGATE, parse_unary(p, false));
    else if (jinja_take(p, "+"))
        node = one(p, NODE_POSITIVE, parse_unary(p, false));
    else
        node = parse_primary(p);
    node = parse_postfix(p, node);
    return with_filters ? parse_filter_and_test(p, node) : node;
}

static struct jinja_node *parse_unary(struct jinja_parser *p, bool with_filters)
{
    if (!jinja_enter(p->r))
        return NULL;
    struct jinja_node *node = parse_unary_inner(p, with_filters);
    jinja_leave(p->r);
    return node;
}

struct level { const char *text; enum jinja_op op; };

static const struct level *level_at(const struct jinja_parser *p, const struct level *levels)
{
    for (; levels->text != NULL; levels++)
        if (p->token->kind == TOKEN_OPERATOR && jinja_at(p, levels->text))
            return levels;
    return NULL;
}

/* Operators of one strength, from left to right. */
static struct jinja_node *parse_binary(struct jinja_parser *p, size_t strength)
{
    static const struct level levels[4][5] = {
        { { "+", OP_ADD }, { "-", OP_SUBTRACT }, { NULL, 0 } },
        { { "~", OP_JOIN }, { NULL, 0 } },
        { { "*", OP_MULTIPLY }, { "/", OP_DIVIDE }, { "//", OP_FLOOR }, { "%", OP_REMAINDER }, { NULL, 0 } },
        { { "**", OP_POWER }, { NULL, 0 } },
    };
    const struct level *level;

    if (strength == 4)
        return parse_unary(p, true);
    struct jinja_node *node = parse_binary(p, strength + 1);
    while (node != NULL && (level = level_at(p, levels[strength])) != NULL && jinja_work(p->r, 1)) {
        p->token++;
        node = two(p, NODE_BINARY, node, parse_binary(p, strength + 1));
        if (node != NULL)
            node->op = level->op;
    }
    return p->r->failed ? NULL : node;
}

static bool take_comparison(struct jinja_parser *p, enum jinja_op *op)
{
    static const struct level levels[] = {
        { "==", OP_EQUAL }, { "!=", OP_UNEQUAL }, { "<", OP_LESS }, { "<=", OP_LESS_EQUAL }, { ">", OP_GREATER },
        { ">=", OP_GREATER_EQUAL }, { NULL, 0 },
    };
    const struct level *level = level_at(p, levels);

    if (level != NULL) {
        *op = level->op;
        p->token++;
        return true;
    }
    *op = OP_IN;
    if (jinja_take(p, "in"))
        return true;
    *op = OP_NOT_IN;
    if (!jinja_at(p, "not") || p->token[1].kind != TOKEN_NAME || p->token[1].n != 2 || memcmp(p->token[1].text, "in", 2) != 0)
        return false;
    p->token += 2;
    return true;
}

/* a < b <= c: each pair is compared. */
static struct jinja_node *parse_comparison(struct jinja_parser *p)
{
    struct jinja_node *first = parse_binary(p, 0), *node = NULL, **last = NULL;
    enum jinja_op op;

    while (first != NULL && take_comparison(p, &op)) {
        struct jinja_node *operand = one(p, NODE_OPERAND, parse_binary(p, 0));
        if (operand == NULL)
            return NULL;
        operand->op = op;
        if (node == NULL) {
            node = two(p, NODE_COMPARE, first, operand);
            if (node == NULL)
                return NULL;
        } else {
            *last = operand;
        }
        last = &operand->next;
    }
    return node != NULL ? node : first;
}

static struct jinja_node *parse_not(struct jinja_parser *p)
{
    if (!jinja_take(p, "not"))
        return parse_comparison(p);
    if (!jinja_enter(p->r))
        return NULL;
    struct jinja_node *node = one(p, NODE_NOT, parse_not(p));
    jinja_leave(p->r);
    return node;
}

static struct jinja_node *parse_and(struct jinja_parser *p)
{
    struct jinja_node *node = parse_not(p);

    while (node != NULL && jinja_take(p, "and"))
        node = two(p, NODE_AND, node, parse_not(p));
    return node;
}

static struct jinja_node *parse_or(struct jinja_parser *p)
{
    struct jinja_node *node = parse_and(p);

    while (node != NULL && jinja_take(p, "or"))
        node = two(p, NODE_OR, node, parse_and(p));
    return node;
}

static struct jinja_node *parse_condition(struct jinja_parser *p)
{
    struct jinja_node *node = parse_or(p);

    while (node != NULL && jinja_take(p, "if")) {
        node = two(p, NODE_CONDITION, node, parse_or(p));
        if (node != NULL && jinja_take(p, "else") && (node->c = jinja_parse_expression(p)) == NULL)
            return NULL;
    }
    return node;
}

struct jinja_node *jinja_parse_expression(struct jinja_parser *p)
{
    if (!jinja_enter(p->r))
        return NULL;
    struct jinja_node *node = parse_condition(p);
    jinja_leave(p->r);
    return p->r->failed ? NULL : node;
}

/* ---- lists without brackets --------------------------------------------------------------------------- */

static bool ends_tuple(const struct jinja_parser *p)
{
    return p->token->kind == TOKEN_OUT_END || p->token->kind == TOKEN_BLOCK_END || jinja_at(p, ")") || jinja_at(p, "in") ||
           jinja_at(p, "=") || jinja_at(p, "if") || jinja_at(p, "recursive");
}

static struct jinja_node *parse_several(struct jinja_parser *p, struct jinja_node *(*parse)(struct jinja_parser *p))
{
    struct jinja_node *first = parse(p);

    if (first == NULL || !jinja_at(p, ","))
        return first;
    struct jinja_node *tuple = jinja_node(p, NODE_TUPLE), *last = first;
    if (tuple == NULL)
        return NULL;
    tuple->a = first;
    while (jinja_take(p, ",") && !ends_tuple(p)) {
        last = last->next = parse(p);
        if (last == NULL)
            return NULL;
    }
    return tuple;
}

struct jinja_node *jinja_parse_tuple(struct jinja_parser *p)
{
    return parse_several(p, jinja_parse_expression);
}

struct jinja_node *jinja_parse_items(struct jinja_parser *p)
{
    return parse_several(p, parse_or);
}

static struct jinja_node *parse_one_target(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_NAME), *of;

    if (jinja_take(p, "(")) {       /* for (a, b) in x */
        if (!jinja_enter(p->r))
            return NULL;
        node = parse_several(p, parse_one_target);
        jinja_leave(p->r);
        return node != NULL && jinja_expect(p, ")") ? node : NULL;
    }
    if (!jinja_expect_name(p, node))
        return NULL;
    if (!jinja_take(p, "."))
        return node;
    of = node;
    node = one(p, NODE_ATTRIBUTE, of);
    return jinja_expect_name(p, node) ? node : NULL;
}

struct jinja_node *jinja_parse_target(struct jinja_parser *p)
{
    return parse_several(p, parse_one_target);
}

struct jinja_node *jinja_parse_parameters(struct jinja_parser *p)
{
    struct jinja_node *first = NULL, **last = &first;

    if (!jinja_expect(p, "("))
        return NULL;
    while (!jinja_take(p, ")")) {
        struct jinja_node *node = jinja_node(p, NODE_PARAMETER);
        if ((first != NULL && !jinja_expect(p, ",")) || !jinja_expect_name(p, node) ||
            (jinja_take(p, "=") && (node->a = jinja_parse_expression(p)) == NULL))
            return NULL;
        *last = node;
        last = &node->next;
    }
    return first;
}
