/* grammar_parts.h - a grammar as it is read, and as it is matched.
 *
 *   text -> nodes of each rule (grammar_parse.c) -> states (grammar_compile.c) -> matcher.h
 *
 * States read bytes, not code points: a class becomes the byte ranges of its UTF-8 (as in RE2), so
 * a token may end inside a character. */
#ifndef TEXT_GRAMMAR_PARTS_H
#define TEXT_GRAMMAR_PARTS_H

#include "base/arena.h"
#include "text/grammar.h"

/* ---- as read --------------------------------------------------------------------- */

enum node_kind { NODE_TEXT, NODE_CLASS, NODE_RULE, NODE_SEQUENCE, NODE_CHOICE, NODE_REPEAT };

struct range { uint32_t first, last; };         /* code points, both in it */

#define NO_END UINT32_MAX

struct node {
    enum node_kind kind;
    struct node *before;            /* its elder sibling: a rule is compiled from its end */
    struct node *last;              /* of SEQUENCE and CHOICE the last child, of REPEAT the only one; or NULL */
    const char *text;               /* TEXT [n], UTF-8 */
    struct range *ranges;           /* CLASS [n], ascending, apart */
    size_t n;
    uint32_t rule;
    uint32_t least, most;           /* REPEAT; NO_END: without */
};

struct rule {
    const char *name;               /* [n_name] of the text */
    size_t n_name, line;            /* the first line that has its name */
    struct node *body;              /* NULL: used, not defined */
    uint32_t start;                 /* its state */
};

/* ---- as matched ------------------------------------------------------------------ */

enum state_kind { STATE_RETURN, STATE_BYTE, STATE_SPLIT, STATE_CALL };

/* BYTE: edges [a .. a + b); SPLIT: to both; CALL: rule a, then state b.  State 0 is RETURN. */
struct state {
    enum state_kind kind;
    uint32_t a, b;
};

struct edge {
    unsigned char first, last;
    uint32_t to;
};

struct grammar {
    const char *name;               /* of the file, for messages */
    struct arena *arena;            /* nodes; copies of names and texts */
    struct rule *rules;             /* the first is root */
    size_t n_rules, rules_room;
    struct state *states;
    size_t n_states, states_room;
    struct edge *edges;
    size_t n_edges, edges_room;
};

/* Room for one more, *room of `size` bytes each; false: no memory. */
bool grammar_grow(void *list, size_t n, size_t *room, size_t size);

bool grammar_compile(struct grammar *g, struct error *err);

#endif
