/* jinja_eval.c - statements, and calls of macros. */
#include "text/jinja_eval.h"

#include <string.h>

/* ---- scopes ------------------------------------------------------------------------- */

bool jinja_set(struct jinja_run *r, struct jinja_scope *s, const char *name, struct jinja_value value)
{
    for (struct jinja_variable *v = s->variables; v != NULL; v = v->next)
        if (strcmp(v->name, name) == 0) {
            v->value = value;
            return true;
        }
    struct jinja_variable *v = jinja_alloc(r, sizeof *v);
    if (v == NULL)
        return false;
    *v = (struct jinja_variable){ name, value, s->variables };
    s->variables = v;
    return true;
}

const struct jinja_value *jinja_lookup(struct jinja_run *r, const struct jinja_scope *s, const char *name)
{
    for (; s != NULL; s = s->outer)
        for (const struct jinja_variable *v = s->variables; v != NULL; v = v->next)
            if (!jinja_work(r, 1))
                return NULL;
            else if (strcmp(v->name, name) == 0)
                return &v->value;
    return NULL;
}

/* Scopes outlive their block where a macro was written in them: from the arena. */
static struct jinja_scope *scope_in(struct jinja_run *r, const struct jinja_scope *outer)
{
    struct jinja_scope *s = jinja_alloc(r, sizeof *s);

    if (s != NULL)
        *s = (struct jinja_scope){ .outer = outer };
    return s;
}

/* ---- set ---------------------------------------------------------------------------------- */

static bool assign(struct jinja_run *r, const struct jinja_node *target, struct jinja_scope *s, struct jinja_value value);

static bool assign_all(struct jinja_run *r, const struct jinja_node *targets, struct jinja_scope *s, struct jinja_value value)
{
    const struct jinja_list *items = jinja_items(r, value, false);
    size_t n = 0;

    for (const struct jinja_node *t = targets; t != NULL; t = t->next)
        n++;
    if (items == NULL || (items->n != n && !jinja_fail(r, "%zu names are given %zu values", n, items->n)))
        return false;
    for (size_t i = 0; i < n; i++, targets = targets->next)
        if (!assign(r, targets, s, items->items[i]))
            return false;
    return true;
}

static bool assign_attribute(struct jinja_run *r, const struct jinja_node *target, struct jinja_scope *s,
                             struct jinja_value value)
{
    struct jinja_value of = jinja_evaluate(r, target->a, s);

    if (of.kind != JINJA_NAMESPACE)
        return jinja_fail(r, "%s.%s cannot be set: %s is no namespace", target->a->name, target->name, target->a->name);
    return jinja_dict_set_text(r, of.dict, target->name, value);
}

static bool assign(struct jinja_run *r, const struct jinja_node *target, struct jinja_scope *s, struct jinja_value value)
{
    if (r->failed)
        return false;
    if (target->kind == NODE_TUPLE)
        return assign_all(r, target->a, s, value);
    if (target->kind == NODE_ATTRIBUTE)
        return assign_attribute(r, target, s, value);
    return jinja_set(r, s, target->name, value);
}

/* What a body writes, in a scope of its own. */
static struct jinja_value captured(struct jinja_run *r, const struct jinja_node *body, const struct jinja_scope *outer)
{
    struct jinja_builder b = { 0 };
    struct jinja_scope *s = scope_in(r, outer);

    if (s != NULL)
        jinja_execute(r, body, s, &b);
    return jinja_built(r, &b);
}

static void set_block(struct jinja_run *r, const struct jinja_node *node, struct jinja_scope *s)
{
    struct jinja_value value = captured(r, node->body, s);

    if (node->b != NULL)
        value = jinja_filter_body(r, node->b, s, value);
    assign(r, node->a, s, value);
}

/* ---- for ------------------------------------------------------------------------------------- */

/* The items that the loop's condition lets through. */
static const struct jinja_list *chosen_items(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *outer)
{
    const struct jinja_list *items = jinja_items(r, jinja_evaluate(r, node->b, outer), false);
    struct jinja_value chosen = jinja_list(r, JINJA_LIST);

    if (items == NULL || node->c == NULL)
        return items;
    for (size_t i = 0; i < items->n && !r->failed; i++) {
        struct jinja_scope *s = scope_in(r, outer);
        if (s != NULL && assign(r, node->a, s, items->items[i]) && jinja_true(jinja_evaluate(r, node->c, s)))
            jinja_list_add(r, chosen.list, items->items[i]);
    }
    return r->failed ? NULL : chosen.list;
}

static void run_loop(struct jinja_run *r, const struct jinja_node *node, struct jinja_scope *outer, struct jinja_builder *out)
{
    const struct jinja_list *items = chosen_items(r, node, outer);
    struct jinja_loop *loop = jinja_alloc(r, sizeof *loop);

    if (items == NULL || loop == NULL)
        return;
    if (items->n == 0)
        jinja_execute(r, node->d, outer, out);
    *loop = (struct jinja_loop){ items->items, items->n, 0 };
    for (; loop->index0 < loop->n && !r->failed; loop->index0++) {
        struct jinja_scope *s = scope_in(r, outer);
        if (s == NULL || !assign(r, node->a, s, loop->items[loop->index0]) ||
            !jinja_set(r, s, "loop", (struct jinja_value){ .kind = JINJA_LOOP, .loop = loop }) ||
            jinja_execute(r, node->body, s, out) == JINJA_BREAK)
            break;
    }
}

/* ---- macros --------------------------------------------------------------------------------------- */

static bool has_parameter(const struct jinja_macro *m, const char *name)
{
    for (const struct jinja_node *p = m->node->a; p != NULL; p = p->next)
        if (strcmp(p->name, name) == 0)
            return true;
    return false;
}

static bool set_parameters(struct jinja_run *r, const struct jinja_macro *m, const struct jinja_args *args, struct jinja_scope *s)
{
    const char *name = m->node->kind == NODE_MACRO ? m->node->name : "caller";
    size_t i = 0;

    for (const struct jinja_node *p = m->node->a; p != NULL; p = p->next, i++) {
        const struct jinja_value *given = jinja_arg(args, i, p->name);
        if (!jinja_set(r, s, p->name, given != NULL ? *given
                                      : p->a != NULL ? jinja_evaluate(r, p->a, s) : jinja_undefined(p->name)))
            return false;
    }
    if (args->n > i)
        return jinja_fail(r, "%s() takes %zu arguments, %zu are given", name, i, args->n);
    for (size_t k = 0; k < args->n_named; k++)
        if (!has_parameter(m, args->named[k].name))
            return jinja_fail(r, "%s() takes no argument %s", name, args->named[k].name);
    return true;
}

static struct jinja_value call_macro(struct jinja_run *r, const struct jinja_macro *m, const struct jinja_args *args,
                                     const struct jinja_value *caller)
{
    struct jinja_builder b = { 0 };
    struct jinja_scope *s = scope_in(r, m->scope);

    if (s != NULL && (caller == NULL || jinja_set(r, s, "caller", *caller)) && set_parameters(r, m, args, s))
        jinja_execute(r, m->node->body, s, &b);
    return jinja_built(r, &b);
}

struct jinja_value jinja_call(struct jinja_run *r, struct jinja_value callee, const struct jinja_args *args,
                              const struct jinja_value *caller)
{
    struct jinja_value result = jinja_undefined(NULL);
    unsigned line = r->line;

    if (r->failed || !jinja_enter(r))
        return result;
    if (callee.kind == JINJA_MACRO)
        result = call_macro(r, callee.macro, args, caller);
    else if (callee.kind == JINJA_FUNCTION)
        result = callee.function->call(r, args);
    else if (callee.kind == JINJA_METHOD)
        result = callee.method->kind->call(r, callee.method->self, args);
    else if (callee.kind == JINJA_UNDEFINED)
        jinja_fail(r, "%s is called and not defined", callee.name != NULL ? callee.name : "something");
    else
        jinja_fail(r, "a %s is called, which is no macro or function", jinja_kind_name(callee.kind));
    jinja_leave(r);
    r->line = line;
    return result;
}

static struct jinja_value macro_of(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *s)
{
    struct jinja_macro *m = jinja_alloc(r, sizeof *m);

    if (m == NULL)
        return jinja_undefined(NULL);
    *m = (struct jinja_macro){ node, s };
    return (struct jinja_value){ .kind = JINJA_MACRO, .macro = m };
}

static void call_block(struct jinja_run *r, const struct jinja_node *node, struct jinja_scope *s, struct jinja_builder *out)
{
    struct jinja_value caller = macro_of(r, node, s), callee = jinja_evaluate(r, node->b->a, s);
    struct jinja_args args = { 0 };

    if (jinja_evaluate_args(r, node->b->b, s, &args))
        jinja_add_value(r, out, jinja_call(r, callee, &args, &caller));
}

/* ---- statements --------------------------------------------------------------------------------------- */

static enum jinja_flow run_if(struct jinja_run *r, const struct jinja_node *node, struct jinja_scope *s,
                              struct jinja_builder *out)
{
    while (!r->failed) {
        r->line = node->line;
        if (jinja_true(jinja_evaluate(r, node->a, s)))
            return jinja_execute(r, node->body, s, out);
        const struct jinja_node *other = node->c;
        bool is_elif = other != NULL && other->kind == NODE_IF && other->next == NULL;
        if (!is_elif)
            return jinja_execute(r, other, s, out);
        node = other;
    }
    return JINJA_GO_ON;
}

static enum jinja_flow run_with(struct jinja_run *r, const struct jinja_node *node, const struct jinja_scope *outer,
                                struct jinja_builder *out)
{
    struct jinja_scope *s = scope_in(r, outer);

    for (const struct jinja_node *set = node->a; set != NULL && s != NULL; set = set->next)
        assign(r, set->a, s, jinja_evaluate(r, set->b, outer));
    return s != NULL ? jinja_execute(r, node->body, s, out) : JINJA_GO_ON;
}

static enum jinja_flow execute_one(struct jinja_run *r, const struct jinja_node *node, struct jinja_scope *s,
                                   struct jinja_builder *out)
{
    switch (node->kind) {
    case NODE_TEXT:         jinja_add_string(r, out, node->value.string); break;
    case NODE_OUTPUT:       jinja_add_value(r, out, jinja_evaluate(r, node->a, s)); break;
    case NODE_IF:           return run_if(r, node, s, out);
    case NODE_FOR:          run_loop(r, node, s, out); break;
    case NODE_SET:          assign(r, node->a, s, jinja_evaluate(r, node->b, s)); break;
    case NODE_SET_BLOCK:    set_block(r, node, s); break;
    case NODE_MACRO:        jinja_set(r, s, node->name, macro_of(r, node, s)); break;
    case NODE_CALL_BLOCK:   call_block(r, node, s, out); break;
    case NODE_FILTER_BLOCK:
        jinja_add_value(r, out, jinja_filter_body(r, node->b, s, captured(r, node->body, s)));
        break;
    case NODE_WITH:         return run_with(r, node, s, out);
    case NODE_BLOCK:        return jinja_execute(r, node->body, s, out);
    case NODE_DO:           jinja_evaluate(r, node->a, s); break;
    case NODE_BREAK:        return JINJA_BREAK;
    case NODE_CONTINUE:     return JINJA_CONTINUE;
    default:                break;
    }
    return JINJA_GO_ON;
}

enum jinja_flow jinja_execute(struct jinja_run *r, const struct jinja_node *chain, struct jinja_scope *s,
                              struct jinja_builder *out)
{
    enum jinja_flow flow = JINJA_GO_ON;

    if (chain == NULL || !jinja_enter(r))
        return flow;
    for (; chain != NULL && flow == JINJA_GO_ON && jinja_work(r, 1); chain = chain->next) {
        r->line = chain->line;
        flow = execute_one(r, chain, s, out);
    }
    jinja_leave(r);
    return flow;
}
