/* constraint.c - a grammar beside a vocabulary: which tokens may come next.
 *
 * The tokens stand in the order of their bytes, each with how many it shares with the one before
 * it: that is a trie walked from left to right.  A prefix that the grammar does not take is met
 * once, and all tokens with it are passed over. */
#include "text/grammar.h"

#include "base/utf8.h"
#include "text/grammar_parts.h"
#include "text/matcher.h"
#include "text/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAID_BYTES = 48 };           /* of what was said, for messages */

struct entry {
    uint32_t n, shared;             /* bytes; those in common with the entry before */
    int32_t id;
};

struct constraint {
    const struct text_model *model;
    const struct grammar *grammar;
    struct matcher *matcher;
    uint32_t now;                   /* set of the text so far */
    struct entry *entries;          /* of tokens that have bytes and do not end answers */
    unsigned char *bytes;           /* of each entry those that it does not share, one after the other */
    size_t n_entries;
    int32_t *others;                /* the rest */
    size_t n_others;
    uint32_t *path;                 /* sets after 0, 1, ... bytes of a token */
    char said[SAID_BYTES + 1];
    size_t n_said;                  /* bytes in it */
};

/* ---- the vocabulary -------------------------------------------------------------- */

/* To be sorted: nearly always the first eight bytes, as a number, tell. */
struct token {
    uint64_t first;
    const char *bytes;              /* [n], the model's */
    uint32_t n;
    int32_t id;
};

static int by_bytes(const void *a, const void *b)
{
    const struct token *x = a, *y = b;
    uint32_t n = x->n < y->n ? x->n : y->n;

    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    int order = memcmp(x->bytes, y->bytes, n);
    if (order != 0 || x->n != y->n)
        return order != 0 ? order : x->n < y->n ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

static struct token token_of(const struct text_model *m, int32_t id)
{
    size_t n;
    struct token t = { .bytes = text_token_bytes(m, id, &n), .id = id };

    t.n = (uint32_t)n;
    for (size_t i = 0; i < 8; i++)
        t.first = t.first << 8 | (i < n ? (unsigned char)t.bytes[i] : 0);
    return t;
}

static uint32_t n_shared(const struct token *a, const struct token *b)
{
    uint32_t n = a->n < b->n ? a->n : b->n, i = 0;

    while (i < n && a->bytes[i] == b->bytes[i])
        i++;
    return i;
}

/* tokens[0..n) in order; they have n_bytes in all. */
static bool list_entries(struct constraint *c, const struct token *tokens, size_t n, size_t n_bytes, size_t longest)
{
    c->entries = malloc((n + 1) * sizeof *c->entries);
    c->bytes = malloc(n_bytes + 1);
    c->path = malloc((longest + 1) * sizeof *c->path);
    if (c->entries == NULL || c->bytes == NULL || c->path == NULL)
        return false;
    unsigned char *to = c->bytes;
    for (size_t i = 0; i < n; i++) {
        uint32_t shared = i > 0 ? n_shared(&tokens[i - 1], &tokens[i]) : 0;
        c->entries[i] = (struct entry){ tokens[i].n, shared, tokens[i].id };
        memcpy(to, tokens[i].bytes + shared, tokens[i].n - shared);
        to += tokens[i].n - shared;
    }
    c->n_entries = n;
    return true;
}

static bool list_tokens(struct constraint *c, struct error *err)
{
    size_t n_vocab = text_model_info(c->model)->n_vocab, n = 0, n_bytes = 0, longest = 0;
    struct token *tokens = malloc((n_vocab + 1) * sizeof *tokens);

    c->others = malloc((n_vocab + 1) * sizeof *c->others);
    for (int32_t id = 0; tokens != NULL && c->others != NULL && (size_t)id < n_vocab; id++) {
        struct token t = token_of(c->model, id);
        if (t.n == 0 || text_token_ends_answer(c->model, id)) {
            c->others[c->n_others++] = id;
            continue;
        }
        tokens[n++] = t;
        n_bytes += t.n;
        longest = t.n > longest ? t.n : longest;
    }
    if (tokens != NULL && c->others != NULL)
        qsort(tokens, n, sizeof *tokens, by_bytes);
    bool good = tokens != NULL && c->others != NULL && list_entries(c, tokens, n, n_bytes, longest);
    free(tokens);
    return good || error_set(err, ERROR_INFERENCE, "no memory for the order of %zu tokens", n_vocab);
}

struct constraint *constraint_new(const struct text_model *m, const struct grammar *g, struct error *err)
{
    struct constraint *c = calloc(1, sizeof *c);

    if (c == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory to follow the grammar", g->name);
        return NULL;
    }
    c->model = m;
    c->grammar = g;
    c->matcher = matcher_new(g, err);
    if (c->matcher != NULL && list_tokens(c, err) && constraint_reset(c, err))
        return c;
    constraint_free(c);
    return NULL;
}

void constraint_free(struct constraint *c)
{
    if (c == NULL)
        return;
    matcher_free(c->matcher);
    free(c->entries);
    free(c->bytes);
    free(c->others);
    free(c->path);
    free(c);
}

bool constraint_reset(struct constraint *c, struct error *err)
{
    c->now = matcher_start(c->matcher);
    c->n_said = 0;
    return matcher_failed(c->matcher) == NULL || constraint_fail(c, err);
}

/* ---- what is allowed ------------------------------------------------------------- */

static uint32_t walk(struct constraint *c, const char *bytes, size_t n)
{
    uint32_t set = c->now;

    for (size_t i = 0; i < n && set != MATCHER_NOWHERE; i++)
        set = matcher_step(c->matcher, set, (unsigned char)bytes[i]);
    return set;
}

bool constraint_allows(struct constraint *c, int32_t id)
{
    size_t n;
    const char *bytes = text_token_bytes(c->model, id, &n);

    if (text_token_ends_answer(c->model, id))
        return constraint_may_end(c);
    return n > 0 && walk(c, bytes, n) != MATCHER_NOWHERE;
}

size_t constraint_mask(struct constraint *c, float *logits)
{
    size_t n_allowed = 0, dead = SIZE_MAX;          /* length of the last prefix that is not allowed */
    const unsigned char *bytes = c->bytes;

    c->path[0] = c->now;
    for (size_t i = 0; i < c->n_entries; i++) {
        const struct entry e = c->entries[i];
        if (e.shared < dead) {
            dead = SIZE_MAX;
            for (size_t k = e.shared; k < e.n && dead == SIZE_MAX; k++) {
                c->path[k + 1] = matcher_step(c->matcher, c->path[k], bytes[k - e.shared]);
                dead = c->path[k + 1] == MATCHER_NOWHERE ? k + 1 : SIZE_MAX;
            }
        }
        if (dead == SIZE_MAX)
            n_allowed++;
        else
            logits[e.id] = -INFINITY;
        bytes += e.n - e.shared;
    }
    for (size_t i = 0; i < c->n_others; i++) {
        if (constraint_may_end(c) && text_token_ends_answer(c->model, c->others[i]))
            n_allowed++;
        else
            logits[c->others[i]] = -INFINITY;
    }
    return n_allowed;
}

/* ---- what is said ---------------------------------------------------------------- */

static void remember(struct constraint *c, const char *bytes, size_t n)
{
    if (n > SAID_BYTES) {
        bytes += n - SAID_BYTES;
        n = SAID_BYTES;
    }
    size_t kept = c->n_said + n > SAID_BYTES ? SAID_BYTES - n : c->n_said;
    memmove(c->said, c->said + c->n_said - kept, kept);
    memcpy(c->said + kept, bytes, n);
    c->n_said = kept + n;
}

bool constraint_take(struct constraint *c, int32_t id, struct error *err)
{
    size_t n;
    const char *bytes = text_token_bytes(c->model, id, &n);

    if (!constraint_allows(c, id))
        return constraint_fail(c, err);
    if (text_token_ends_answer(c->model, id))
        return true;
    c->now = matcher_settle(c->matcher, walk(c, bytes, n));
    remember(c, bytes, n);
    return matcher_failed(c->matcher) == NULL || constraint_fail(c, err);
}

bool constraint_may_end(const struct constraint *c)
{
    return matcher_may_end(c->matcher, c->now);
}

bool constraint_must_end(const struct constraint *c)
{
    return constraint_may_end(c) && !matcher_may_go_on(c->matcher, c->now);
}

bool constraint_fail(const struct constraint *c, struct error *err)
{
    const char *why = matcher_failed(c->matcher), *said = c->said;
    size_t n = c->n_said;

    while (n > 0 && ((unsigned char)*said & 0xC0) == 0x80) {     /* whole characters */
        said++;
        n--;
    }
    n = utf8_complete(said, n);
    return error_set(err, ERROR_INFERENCE, "%s: %s; the answer so far ends with '%.*s'", c->grammar->name,
                     why != NULL ? why : "no token of this model goes on as the grammar wants", (int)n, said);
}
