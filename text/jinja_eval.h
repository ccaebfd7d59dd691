/* jinja_eval.h - a tree run: statements write, expressions have values.
 *
 * Names are looked up from the innermost scope outwards.  Each round of a loop, each call of a
 * macro and each block that is captured has a scope of its own, so what is set there is
 * forgotten after it; an if has none. */
#ifndef TEXT_JINJA_EVAL_H
#define TEXT_JINJA_EVAL_H

#include "text/jinja_ast.h"

struct jinja_variable {
    const char *name;
    struct jinja_value value;
    struct jinja_variable *next;
};

struct jinja_scope {
    const struct jinja_scope *outer;
    struct jinja_variable *variables;
};

struct jinja_loop {
    const struct jinja_value *items;            /* [n] */
    size_t n, index0;
};

struct jinja_macro {
    const struct jinja_node *node;  /* MACRO, or CALL_BLOCK: then what caller() writes */
    const struct jinja_scope *scope;            /* that it was written in */
};

bool jinja_set(struct jinja_run *r, struct jinja_scope *s, const char *name, struct jinja_value value);
/* NULL: there is no such name. */
const struct jinja_value *jinja_lookup(struct jinja_run *r, const struct jinja_scope *s, const char *name);

enum jinja_flow { JINJA_GO_ON, JINJA_BREAK, JINJA_CONTINUE };
enum jinja_flow jinja_execute(struct jinja_run *r, const struct jinja_node *chain, struct jinja_scope *s,
                              struct jinja_builder *out);

struct jinja_value jinja_evaluate(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s);
/* A FILTER whose innermost value is BODY. */
struct jinja_value jinja_filter_body(struct jinja_run *r, const struct jinja_node *filter, const struct jinja_scope *s,
                                     struct jinja_value body);
/* The arguments of a call; then the call. */
bool jinja_evaluate_args(struct jinja_run *r, const struct jinja_node *chain, const struct jinja_scope *s,
                         struct jinja_args *args);
struct jinja_value jinja_call(struct jinja_run *r, struct jinja_value callee, const struct jinja_args *args,
                              const struct jinja_value *caller);
struct jinja_value jinja_binary(struct jinja_run *r, enum jinja_op op, struct jinja_value a, struct jinja_value b);
bool jinja_compare(struct jinja_run *r, enum jinja_op op, struct jinja_value a, struct jinja_value b);
struct jinja_value jinja_slice(struct jinja_run *r, struct jinja_value x, const struct jinja_value bounds[3]);

#endif
