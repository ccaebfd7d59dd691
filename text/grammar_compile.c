/* grammar_compile.c - rules as states that read bytes.
 *
 *   a rule is compiled from its end: each node is told the state that follows it
 *
 *   "ab"    BYTE a -> BYTE b -> next          x | y   SPLIT -> x -> next
 *   x*      SPLIT -> x -> itself                           -> y -> next
 *              -> next                        rule    CALL rule, then next; where next is RETURN, a jump
 *
 * Then two checks, so that matching always comes to an end: no rule begins with itself, and each
 * can end. */
#include "text/grammar_parts.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { STATES_MOST = 1 << 20, EDGES_MOST = 1 << 22, STEPS_MOST = 1 << 23 };

#define FAILED UINT32_MAX

struct compiler {
    struct grammar *g;
    size_t n_steps;
    bool no_memory;
};

/* ---- states ---------------------------------------------------------------------- */

static uint32_t add_state(struct compiler *c, enum state_kind kind, uint32_t a, uint32_t b)
{
    struct grammar *g = c->g;

    if (a == FAILED || b == FAILED || g->n_states == STATES_MOST)
        return FAILED;
    if (!grammar_grow(&g->states, g->n_states, &g->states_room, sizeof *g->states)) {
        c->no_memory = true;
        return FAILED;
    }
    g->states[g->n_states] = (struct state){ kind, a, b };
    return (uint32_t)g->n_states++;
}

static bool add_edge(struct compiler *c, unsigned char first, unsigned char last, uint32_t to)
{
    struct grammar *g = c->g;

    if (g->n_edges == EDGES_MOST)
        return false;
    if (!grammar_grow(&g->edges, g->n_edges, &g->edges_room, sizeof *g->edges)) {
        c->no_memory = true;
        return false;
    }
    g->edges[g->n_edges++] = (struct edge){ first, last, to };
    return true;
}

static uint32_t add_byte(struct compiler *c, unsigned char byte, uint32_t next)
{
    uint32_t first = (uint32_t)c->g->n_edges;

    return next != FAILED && add_edge(c, byte, byte, next) ? add_state(c, STATE_BYTE, first, 1) : FAILED;
}

/* ---- classes --------------------------------------------------------------------- */

/* Code points of one length whose bytes are, one by one, any of first[k] .. last[k]. */
struct bytes {
    unsigned char first[4], last[4];
    size_t n;
};

struct byte_list {
    struct bytes *items;
    size_t n, room;
};

static bool add_bytes(struct byte_list *list, uint32_t first, uint32_t last)
{
    struct bytes b;
    char low[4], high[4];

    if (!grammar_grow(&list->items, list->n, &list->room, sizeof *list->items))
        return false;
    b.n = utf8_encode(first, low);
    utf8_encode(last, high);
    for (size_t k = 0; k < b.n; k++) {
        b.first[k] = (unsigned char)low[k];
        b.last[k] = (unsigned char)high[k];
    }
    list->items[list->n++] = b;
    return true;
}

/* Cuts first .. last, all of `n` bytes, where a byte behind the first would not take all 64 values. */
static bool cut_range(struct byte_list *list, uint32_t first, uint32_t last, size_t n)
{
    for (size_t k = 1; k < n; k++) {
        uint32_t mask = (1u << 6 * k) - 1;
        if ((first & ~mask) == (last & ~mask))
            continue;
        if ((first & mask) != 0)
            return cut_range(list, first, first | mask, n) && cut_range(list, (first | mask) + 1, last, n);
        if ((last & mask) != mask)
            return cut_range(list, first, (last & ~mask) - 1, n) && cut_range(list, last & ~mask, last, n);
    }
    return add_bytes(list, first, last);
}

/* By the length of their UTF-8, without surrogates. */
static bool split_range(struct byte_list *list, struct range r)
{
    static const struct { uint32_t first, last; size_t n; } parts[] = {
        { 0, 0x7F, 1 }, { 0x80, 0x7FF, 2 }, { 0x800, 0xD7FF, 3 }, { 0xE000, 0xFFFF, 3 }, { 0x10000, 0x10FFFF, 4 },
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint32_t first = r.first > parts[i].first ? r.first : parts[i].first;
        uint32_t last = r.last < parts[i].last ? r.last : parts[i].last;
        if (first <= last && !cut_range(list, first, last, parts[i].n))
            return false;
    }
    return true;
}

/* items[0..n) agree on what is before byte k; what follows each is the same.  Ranges of
 * byte k are the same or apart, as cut_range leaves them. */
static uint32_t add_class(struct compiler *c, const struct bytes *items, size_t n, size_t k, uint32_t next)
{
    uint32_t *to = malloc(n * sizeof *to);
    size_t n_groups = 0;
    bool good = to != NULL;

    for (size_t i = 0, j; good && i < n; i = j) {
        for (j = i + 1; j < n && items[j].first[k] == items[i].first[k] && items[j].n > k + 1; j++)
            ;
        to[i] = items[i].n == k + 1 ? next : add_class(c, items + i, j - i, k + 1, next);
        good = to[i] != FAILED;
    }
    uint32_t first = (uint32_t)c->g->n_edges;
    for (size_t i = 0, j; good && i < n; i = j, n_groups++) {
        for (j = i + 1; j < n && items[j].first[k] == items[i].first[k] && items[j].n > k + 1; j++)
            ;
        good = add_edge(c, items[i].first[k], items[i].last[k], to[i]);
    }
    c->no_memory = c->no_memory || to == NULL;
    free(to);
    return good ? add_state(c, STATE_BYTE, first, (uint32_t)n_groups) : FAILED;
}

static uint32_t compile_class(struct compiler *c, const struct node *node, uint32_t next)
{
    struct byte_list list = { 0 };
    uint32_t state = FAILED;
    bool good = true;

    for (size_t i = 0; good && i < node->n; i++)
        good = split_range(&list, node->ranges[i]);
    c->no_memory = c->no_memory || !good;
    if (good && list.n > 0)         /* of surrogates alone there is nothing */
        state = add_class(c, list.items, list.n, 0, next);
    free(list.items);
    return state;
}

/* ---- nodes ----------------------------------------------------------------------- */

static uint32_t compile(struct compiler *c, const struct node *node, uint32_t next);

static uint32_t compile_text(struct compiler *c, const struct node *node, uint32_t next)
{
    for (size_t i = node->n; i-- > 0 && next != FAILED;)
        next = add_byte(c, (unsigned char)node->text[i], next);
    return next;
}

static uint32_t compile_choice(struct compiler *c, const struct node *node, uint32_t next)
{
    const struct node *item = node->last;
    uint32_t state = compile(c, item, next);

    for (item = item->before; item != NULL && state != FAILED; item = item->before)
        state = add_state(c, STATE_SPLIT, compile(c, item, next), state);
    return state;
}

static uint32_t compile_repeat(struct compiler *c, const struct node *node, uint32_t next)
{
    uint32_t state = next;

    if (node->most == NO_END) {
        state = add_state(c, STATE_SPLIT, next, next);
        uint32_t body = state != FAILED ? compile(c, node->last, state) : FAILED;
        if (body == FAILED)
            return FAILED;
        c->g->states[state].a = body;
    }
    for (uint32_t i = node->least; node->most != NO_END && i < node->most && state != FAILED; i++)
        state = add_state(c, STATE_SPLIT, compile(c, node->last, state), next);
    for (uint32_t i = 0; i < node->least && state != FAILED; i++)
        state = compile(c, node->last, state);
    return state;
}

/* The state from which node is read, then what `next` says. */
static uint32_t compile(struct compiler *c, const struct node *node, uint32_t next)
{
    if (next == FAILED || c->n_steps++ == STEPS_MOST)
        return FAILED;
    switch (node->kind) {
    case NODE_TEXT: return compile_text(c, node, next);
    case NODE_CLASS: return compile_class(c, node, next);
    case NODE_RULE: return add_state(c, STATE_CALL, node->rule, next);
    case NODE_CHOICE: return compile_choice(c, node, next);
    case NODE_REPEAT: return compile_repeat(c, node, next);
    case NODE_SEQUENCE: break;
    }
    for (const struct node *item = node->last; item != NULL && next != FAILED; item = item->before)
        next = compile(c, item, next);
    return next;
}

/* ---- checks ---------------------------------------------------------------------- */

enum mark { UNSEEN, BEGUN, DONE };

struct checker {
    const struct grammar *g;
    enum mark *rules;               /* [n_rules] */
    bool *nullable;                 /* [n_rules] of those that are DONE */
    bool *seen;                     /* [n_states] */
    uint32_t *pending;              /* [n_states] */
    size_t n_pending;
    uint32_t culprit;               /* the rule that begins with itself */
};

/* The rule may go on with that state, or ends when it is RETURN. */
static void look(struct checker *k, uint32_t rule, uint32_t state)
{
    if (state == 0)
        k->nullable[rule] = true;
    if (state == 0 || k->seen[state])
        return;
    k->seen[state] = true;
    k->pending[k->n_pending++] = state;
}

/* What is reached of the rule without a byte; a rule that it calls there comes first.  Depth: at
 * most the number of rules. */
static bool visit(struct checker *k, uint32_t rule)
{
    size_t base = k->n_pending;

    k->rules[rule] = BEGUN;
    look(k, rule, k->g->rules[rule].start);
    while (k->n_pending > base) {
        struct state s = k->g->states[k->pending[--k->n_pending]];
        if (s.kind == STATE_SPLIT) {
            look(k, rule, s.a);
            look(k, rule, s.b);
        }
        if (s.kind != STATE_CALL)
            continue;
        if (k->rules[s.a] == BEGUN) {
            k->culprit = s.a;
            return false;
        }
        if (k->rules[s.a] == UNSEEN && !visit(k, s.a))
            return false;
        if (k->nullable[s.a])
            look(k, rule, s.b);
    }
    k->rules[rule] = DONE;
    return true;
}

/* Which states lead to an end.  A state stands behind those that follow it, so that one pass
 * does for a rule whose calls are known. */
static void find_ends(const struct grammar *g, bool *ends)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < g->n_states; i++) {
            struct state s = g->states[i];
            bool good = s.kind == STATE_RETURN;
            if (ends[i])
                continue;
            for (uint32_t e = 0; s.kind == STATE_BYTE && e < s.b && !good; e++)
                good = ends[g->edges[s.a + e].to];
            if (s.kind == STATE_SPLIT)
                good = ends[s.a] || ends[s.b];
            if (s.kind == STATE_CALL)
                good = ends[g->rules[s.a].start] && ends[s.b];
            ends[i] = good;
            changed = changed || good;
        }
    }
}

static bool tell(const struct grammar *g, uint32_t rule, const char *what, struct error *err)
{
    const struct rule *r = &g->rules[rule];

    return error_set(err, ERROR_INPUT, "%s:%zu: the rule '%.*s' %s", g->name, r->line, (int)r->n_name, r->name, what);
}

static bool check(struct checker *k, struct error *err)
{
    const struct grammar *g = k->g;

    for (uint32_t i = 0; i < g->n_rules; i++)
        if (k->rules[i] == UNSEEN && !visit(k, i))
            return tell(g, k->culprit, "begins with itself (left recursion), so reading it would never end; "
                        "let something come before it, or repeat with *", err);
    memset(k->seen, 0, g->n_states);
    find_ends(g, k->seen);
    for (uint32_t i = (uint32_t)g->n_rules; i-- > 0;)   /* the last is nearer to the cause than root */
        if (!k->seen[g->rules[i].start])
            return tell(g, i, "can never end: whatever is taken of it, more has to follow", err);
    return true;
}

static bool check_all(const struct grammar *g, struct error *err)
{
    struct checker k = {
        .g = g, .rules = calloc(g->n_rules, sizeof *k.rules), .nullable = calloc(g->n_rules, sizeof *k.nullable),
        .seen = calloc(g->n_states, sizeof *k.seen), .pending = calloc(g->n_states, sizeof *k.pending),
    };
    bool good = k.rules != NULL && k.nullable != NULL && k.seen != NULL && k.pending != NULL
        ? check(&k, err) : error_set(err, ERROR_INFERENCE, "%s: no memory for the grammar", g->name);

    free(k.rules);
    free(k.nullable);
    free(k.seen);
    free(k.pending);
    return good;
}

static bool too_large(const struct compiler *c, uint32_t rule, struct error *err)
{
    if (c->no_memory)
        return error_set(err, ERROR_INFERENCE, "%s: no memory for the grammar", c->g->name);
    return tell(c->g, rule, "makes the grammar too large: a million states are the most; repeat less", err);
}

bool grammar_compile(struct grammar *g, struct error *err)
{
    struct compiler c = { .g = g };

    if (add_state(&c, STATE_RETURN, 0, 0) == FAILED)
        return too_large(&c, 0, err);
    for (uint32_t i = 0; i < g->n_rules; i++) {
        g->rules[i].start = compile(&c, g->rules[i].body, 0);
        if (g->rules[i].start == FAILED)
            return too_large(&c, i, err);
    }
    return check_all(g, err);
}
