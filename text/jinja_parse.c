/* jinja_parse.c - the statements of a template. */
#include "text/jinja_ast.h"

#include <string.h>

#include "text/jinja_lex.h"

struct jinja_node *jinja_node(struct jinja_parser *p, enum jinja_node_kind kind)
{
    struct jinja_node *node = jinja_alloc(p->r, sizeof *node);

    if (node != NULL)
        *node = (struct jinja_node){ .kind = kind, .line = p->token->line };
    return node;
}

bool jinja_at(const struct jinja_parser *p, const char *text)
{
    return (p->token->kind == TOKEN_NAME || p->token->kind == TOKEN_OPERATOR) && p->token->n == strlen(text) &&
           memcmp(p->token->text, text, p->token->n) == 0;
}

bool jinja_take(struct jinja_parser *p, const char *text)
{
    if (!jinja_at(p, text))
        return false;
    p->token++;
    return true;
}

static bool fail_at(struct jinja_parser *p, const char *wanted)
{
    const struct jinja_token *t = p->token;

    p->r->line = t->line;
    if (t->kind == TOKEN_END)
        return jinja_fail(p->r, "it ends where %s is wanted", wanted);
    if (t->kind == TOKEN_BLOCK_END || t->kind == TOKEN_OUT_END)
        return jinja_fail(p->r, "the tag ends where %s is wanted", wanted);
    return jinja_fail(p->r, "\"%.*s\" stands where %s is wanted", (int)(t->n < 40 ? t->n : 40), t->text, wanted);
}

bool jinja_expect(struct jinja_parser *p, const char *text)
{
    return jinja_take(p, text) || fail_at(p, text);
}

bool jinja_expect_name(struct jinja_parser *p, struct jinja_node *node)
{
    if (node == NULL || p->token->kind != TOKEN_NAME)
        return fail_at(p, "a name");
    char *name = jinja_alloc(p->r, p->token->n + 1);
    if (name == NULL)
        return false;
    memcpy(name, p->token->text, p->token->n);
    name[p->token->n] = '\0';
    node->name = name;
    node->n_name = p->token->n;
    p->token++;
    return true;
}

static bool end_of_tag(struct jinja_parser *p)
{
    if (p->token->kind != TOKEN_BLOCK_END)
        return fail_at(p, "the end of the tag");
    p->token++;
    return true;
}

/* ---- bodies --------------------------------------------------------------------------- */

static struct jinja_node *statements(struct jinja_parser *p, const char *const *ends);

/* Up to one of the words in `ends`, which is next then, its {% passed. */
static bool body(struct jinja_parser *p, struct jinja_node **chain, const char *const *ends)
{
    if (!jinja_enter(p->r))
        return false;
    *chain = statements(p, ends);
    jinja_leave(p->r);
    if (p->r->failed)
        return false;
    return p->token->kind != TOKEN_END || fail_at(p, ends[0]);
}

/* A body up to {% end... %}. */
static bool body_to(struct jinja_parser *p, struct jinja_node **chain, const char *end)
{
    return body(p, chain, (const char *const[]){ end, NULL }) && jinja_expect(p, end) && end_of_tag(p);
}

/* ---- statements --------------------------------------------------------------------------- */

static struct jinja_node *parse_if(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_IF), *last = node;

    while (last != NULL) {
        last->a = jinja_parse_tuple(p);
        if (!end_of_tag(p) || !body(p, &last->body, (const char *const[]){ "endif", "else", "elif", NULL }))
            return NULL;
        if (!jinja_take(p, "elif"))
            break;
        last = last->c = jinja_node(p, NODE_IF);
    }
    if (last != NULL && jinja_take(p, "else") &&
        (!end_of_tag(p) || !body(p, &last->c, (const char *const[]){ "endif", NULL })))
        return NULL;
    return jinja_expect(p, "endif") && end_of_tag(p) ? node : NULL;
}

static struct jinja_node *parse_for(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_FOR);
    bool outer = p->in_loop;

    if (node == NULL || (node->a = jinja_parse_target(p)) == NULL || !jinja_expect(p, "in") ||
        (node->b = jinja_parse_items(p)) == NULL)
        return NULL;
    if (jinja_take(p, "if") && (node->c = jinja_parse_expression(p)) == NULL)
        return NULL;
    if (jinja_at(p, "recursive")) {
        jinja_fail(p->r, "recursive loops are not supported");
        return NULL;
    }
    p->in_loop = true;
    bool good = end_of_tag(p) && body(p, &node->body, (const char *const[]){ "endfor", "else", NULL });
    p->in_loop = outer;
    if (good && jinja_take(p, "else"))
        good = end_of_tag(p) && body(p, &node->d, (const char *const[]){ "endfor", NULL });
    return good && jinja_expect(p, "endfor") && end_of_tag(p) ? node : NULL;
}

static struct jinja_node *parse_set(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_SET);

    if (node == NULL || (node->a = jinja_parse_target(p)) == NULL)
        return NULL;
    if (jinja_take(p, "="))
        return (node->b = jinja_parse_tuple(p)) != NULL && end_of_tag(p) ? node : NULL;
    node->kind = NODE_SET_BLOCK;
    struct jinja_node *inner = jinja_node(p, NODE_BODY);
    node->b = jinja_parse_filters(p, inner);
    if (node->b == inner)
        node->b = NULL;
    return !p->r->failed && end_of_tag(p) && body_to(p, &node->body, "endset") ? node : NULL;
}

/* The body of something that is called: a loop around it is not its own. */
static bool called_body(struct jinja_parser *p, struct jinja_node **chain, const char *end)
{
    bool outer = p->in_loop;

    p->in_loop = false;
    bool good = end_of_tag(p) && body_to(p, chain, end);
    p->in_loop = outer;
    return good;
}

static struct jinja_node *parse_macro(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_MACRO);

    if (!jinja_expect_name(p, node))
        return NULL;
    node->a = jinja_parse_parameters(p);
    return !p->r->failed && called_body(p, &node->body, "endmacro") ? node : NULL;
}

static struct jinja_node *parse_call(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_CALL_BLOCK);

    if (node != NULL && jinja_at(p, "("))
        node->a = jinja_parse_parameters(p);
    if (node == NULL || (node->b = jinja_parse_expression(p)) == NULL)
        return NULL;
    if (node->b->kind != NODE_CALL) {
        fail_at(p, "a call");
        return NULL;
    }
    return called_body(p, &node->body, "endcall") ? node : NULL;
}

static struct jinja_node *parse_filter_block(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_FILTER_BLOCK);

    if (node == NULL || (node->b = jinja_parse_filter(p, jinja_node(p, NODE_BODY))) == NULL)
        return NULL;
    node->b = jinja_parse_filters(p, node->b);
    return node->b != NULL && end_of_tag(p) && body_to(p, &node->body, "endfilter") ? node : NULL;
}

static struct jinja_node *parse_with(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_WITH), **last = node != NULL ? &node->a : NULL;

    while (node != NULL && p->token->kind != TOKEN_BLOCK_END) {
        struct jinja_node *set = jinja_node(p, NODE_SET);
        if ((node->a != NULL && !jinja_expect(p, ",")) || set == NULL || (set->a = jinja_parse_target(p)) == NULL ||
            !jinja_expect(p, "=") || (set->b = jinja_parse_expression(p)) == NULL)
            return NULL;
        *last = set;
        last = &set->next;
    }
    return node != NULL && end_of_tag(p) && body_to(p, &node->body, "endwith") ? node : NULL;
}

/* {% generation %}: what a training would look at; {% block name %} */
static struct jinja_node *parse_block(struct jinja_parser *p, const char *end)
{
    struct jinja_node *node = jinja_node(p, NODE_BLOCK);

    if (node != NULL && p->token->kind == TOKEN_NAME)
        p->token++;
    return node != NULL && end_of_tag(p) && body_to(p, &node->body, end) ? node : NULL;
}

static struct jinja_node *parse_do(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_DO);

    return node != NULL && (node->a = jinja_parse_tuple(p)) != NULL && end_of_tag(p) ? node : NULL;
}

static struct jinja_node *parse_leave(struct jinja_parser *p, enum jinja_node_kind kind)
{
    struct jinja_node *node = jinja_node(p, kind);

    if (!p->in_loop)
        fail_at(p, "a loop around it");
    return node != NULL && end_of_tag(p) ? node : NULL;
}

static struct jinja_node *statement(struct jinja_parser *p)
{
    p->r->line = p->token->line;
    if (jinja_take(p, "if"))
        return parse_if(p);
    if (jinja_take(p, "for"))
        return parse_for(p);
    if (jinja_take(p, "set"))
        return parse_set(p);
    if (jinja_take(p, "macro"))
        return parse_macro(p);
    if (jinja_take(p, "call"))
        return parse_call(p);
    if (jinja_take(p, "filter"))
        return parse_filter_block(p);
    if (jinja_take(p, "with"))
        return parse_with(p);
    if (jinja_take(p, "generation"))
        return parse_block(p, "endgeneration");
    if (jinja_take(p, "do"))
        return parse_do(p);
    if (jinja_take(p, "break"))
        return parse_leave(p, NODE_BREAK);
    if (jinja_take(p, "continue"))
        return parse_leave(p, NODE_CONTINUE);
    jinja_fail(p->r, "{%% %.*s %%} is not supported", (int)(p->token->n < 40 ? p->token->n : 40), p->token->text);
    return NULL;
}

static struct jinja_node *output(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_OUTPUT);

    if (node == NULL || (node->a = jinja_parse_tuple(p)) == NULL)
        return NULL;
    if (p->token->kind != TOKEN_OUT_END) {
        fail_at(p, "}}");
        return NULL;
    }
    p->token++;
    return node;
}

static struct jinja_node *text(struct jinja_parser *p)
{
    struct jinja_node *node = jinja_node(p, NODE_TEXT);

    if (node != NULL)
        node->value = jinja_string(p->r, p->token->text, p->token->n, NULL);
    p->token++;
    return node;
}

static bool at_one_of(const struct jinja_parser *p, const char *const *ends)
{
    for (size_t i = 0; ends[i] != NULL; i++)
        if (jinja_at(p, ends[i]))
            return true;
    return false;
}

static struct jinja_node *statements(struct jinja_parser *p, const char *const *ends)
{
    struct jinja_node *first = NULL, **last = &first;

    while (p->token->kind != TOKEN_END) {
        enum jinja_token_kind kind = p->token->kind;
        struct jinja_node *node;
        if (kind != TOKEN_DATA)
            p->token++;
        if (kind == TOKEN_BLOCK_BEGIN && at_one_of(p, ends))
            return first;
        node = kind == TOKEN_DATA ? text(p) : kind == TOKEN_OUT_BEGIN ? output(p) : statement(p);
        if (node == NULL || p->r->failed)
            return NULL;
        *last = node;
        last = &node->next;
    }
    return first;
}

struct jinja_node *jinja_parse(struct jinja_run *r, const char *source, size_t n)
{
    struct jinja_parser p = { .r = r, .token = jinja_lex(r, source, n) };

    return p.token != NULL ? statements(&p, (const char *const[]){ NULL }) : NULL;
}
