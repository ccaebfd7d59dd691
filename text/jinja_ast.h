/* jinja_ast.h - a template as a tree.
 *
 * Chains of nodes hang together by `next`.  What a kind uses:
 *
 *   CONSTANT   value                         NAME       name
 *   LIST TUPLE a: chain of items             DICT       a: chain of key, value, key, value
 *   ATTRIBUTE  a . name                      SUBSCRIPT  a [ b ]       SLICE  b : c : d of a
 *   CALL       a ( b: chain )                KEYWORD    name = a, in the chain of a call
 *   FILTER     a | name ( b )                TEST       a is name ( b )
 *   NOT NEGATE POSITIVE  a                   AND OR BINARY  a op b
 *   COMPARE    a, b: chain of OPERAND (op a) CONDITION  a if b else c
 *
 *   TEXT       value                         OUTPUT     a
 *   IF         a: condition, body, c: what else (chain)
 *   FOR        a: target, b: items, c: condition, body, d: when there are none
 *   SET        a: target, b: value           SET_BLOCK  a: target, b: FILTER or NULL, body
 *   MACRO      name, a: chain of PARAMETER (name, a: default), body
 *   CALL_BLOCK b: CALL, a: PARAMETERs, body  FILTER_BLOCK  b: FILTER, body
 *   WITH       a: chain of SET, body         BLOCK      body        DO  a
 *   BREAK CONTINUE
 *
 * A FILTER over a body has BODY where its value comes from. */
#ifndef TEXT_JINJA_AST_H
#define TEXT_JINJA_AST_H

#include "text/jinja_value.h"

enum jinja_node_kind {
    NODE_CONSTANT, NODE_NAME, NODE_LIST, NODE_TUPLE, NODE_DICT, NODE_ATTRIBUTE, NODE_SUBSCRIPT, NODE_SLICE, NODE_CALL,
    NODE_KEYWORD, NODE_FILTER, NODE_TEST, NODE_NOT, NODE_NEGATE, NODE_POSITIVE, NODE_AND, NODE_OR, NODE_BINARY,
    NODE_COMPARE, NODE_OPERAND, NODE_CONDITION, NODE_BODY,
    NODE_TEXT, NODE_OUTPUT, NODE_IF, NODE_FOR, NODE_SET, NODE_SET_BLOCK, NODE_MACRO, NODE_PARAMETER, NODE_CALL_BLOCK,
    NODE_FILTER_BLOCK, NODE_WITH, NODE_BLOCK, NODE_DO, NODE_BREAK, NODE_CONTINUE
};

enum jinja_op {
    OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_FLOOR, OP_REMAINDER, OP_POWER, OP_JOIN,
    OP_EQUAL, OP_UNEQUAL, OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL, OP_IN, OP_NOT_IN
};

struct jinja_node {
    enum jinja_node_kind kind;
    enum jinja_op op;
    unsigned line;
    const char *name;               /* ends with NUL */
    size_t n_name;
    struct jinja_value value;
    struct jinja_node *a, *b, *c, *d, *body, *next;
    jinja_filter *filter;           /* of FILTER and TEST: looked up once; NULL: there is none, which matters */
    jinja_test *test;               /* only when it is reached */
};

/* The chain of statements; NULL: the run has failed, or the template is empty.  The tree is of
 * the run's arena. */
struct jinja_node *jinja_parse(struct jinja_run *r, const char *source, size_t n);

/* ---- between jinja_parse.c (statements) and jinja_parse_expr.c ------------------ */

struct jinja_token;
struct jinja_parser {
    struct jinja_run *r;
    const struct jinja_token *token;            /* the next */
    bool in_loop;
};
struct jinja_node *jinja_node(struct jinja_parser *p, enum jinja_node_kind kind);
bool jinja_at(const struct jinja_parser *p, const char *text);              /* an operator or a name is next */
bool jinja_take(struct jinja_parser *p, const char *text);                  /* passes over it, if it is next */
bool jinja_expect(struct jinja_parser *p, const char *text);
/* A name, into the node. */
bool jinja_expect_name(struct jinja_parser *p, struct jinja_node *node);
struct jinja_node *jinja_parse_expression(struct jinja_parser *p);
/* Without an outer "x if y": what a loop goes through. */
struct jinja_node *jinja_parse_items(struct jinja_parser *p);
/* One or more with commas between: a tuple then. */
struct jinja_node *jinja_parse_tuple(struct jinja_parser *p);
struct jinja_node *jinja_parse_target(struct jinja_parser *p);
/* ( name, name = default ) */
struct jinja_node *jinja_parse_parameters(struct jinja_parser *p);
/* The filters at hand, of `inner`. */
struct jinja_node *jinja_parse_filters(struct jinja_parser *p, struct jinja_node *inner);
struct jinja_node *jinja_parse_filter(struct jinja_parser *p, struct jinja_node *inner);    /* one, after its | */

#endif
