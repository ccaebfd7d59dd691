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
    const char *bytes;              /* [n], the model's */
    uint32_t n, shared;             /* bytes in common with the entry before */
    int32_t id;
};

struct constraint {
    const struct text_model *model;
    const struct grammar *grammar;
    struct matcher *matcher;
    uint32_t now;                   /* set of the text so far */
    struct entry *entries;          /* of tokens that have bytes and do not end answers */
    size_t n_entries;
    int32_t *others;                /* the rest */
    size_t n_others;
    uint32_t *path;                 /* sets after 0, 1, ... bytes of a token */
    char said[SAID_BYTES + 1];
    size_t n_said;                  /* bytes in it */
};

/* ---- the vocabulary -------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    uint32_t n = x->n < y->n ? x->n : y->n;
    int order = memcmp(x->bytes, y->bytes, n);

    if (order != 0 || x->n != y->n)
        return order != 0 ? order : x->n < y->n ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

static uint32_t n_shared(const struct entry *a, const struct entry *b)
{
    uint32_t n = a->n < b->n ? a->n : b->n, i = 0;

    while (i < n && a->bytes[i] == b->bytes[i])
        i++;
    return i;
}

static bool list_tokens(struct constraint *c, struct error *err)
{
    size_t n_vocab = text_model_info(c->model)->n_vocab, longest = 0;

    c->entries = malloc((n_vocab + 1) * sizeof *c->entries);
    c->others = malloc((n_vocab + 1) * sizeof *c->others);
    for (size_t i = 0; c->entries != NULL && c->others != NULL && i < n_vocab; i++) {
        size_t n;
        int32_t id = (int32_t)i;
        const char *bytes = text_token_bytes(c->model, id, &n);
        if (n == 0 || text_token_ends_answer(c->model, id)) {
            c->others[c->n_others++] = id;
            continue;
        }
        c->entries[c->n_entries++] = (struct entry){ .bytes = bytes, .n = (uint32_t)n, .id = id };
        longest = n > longest ? n : longest;
    }
    c->path = malloc((longest + 1) * sizeof *c->path);
    if (c->entries == NULL || c->others == NULL || c->path == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the order of %zu tokens", n_vocab);
    qsort(c->entries, c->n_entries, sizeof *c->entries, by_bytes);
    for (size_t i = 1; i < c->n_entries; i++)
        c->entries[i].shared = n_shared(&c->entries[i - 1], &c->entries[i]);
    return true;
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

    c->path[0] = c->now;
    for (size_t i = 0; i < c->n_entries; i++) {
        const struct entry *e = &c->entries[i];
        size_t k = e->shared;
        if (k < dead) {
            for (dead = SIZE_MAX; k < e->n && dead == SIZE_MAX; k++) {
                c->path[k + 1] = matcher_step(c->matcher, c->path[k], (unsigned char)e->bytes[k]);
                if (c->path[k + 1] == MATCHER_NOWHERE)
                    dead = k + 1;
            }
        }
        if (dead == SIZE_MAX)
            n_allowed++;
        else
            logits[e->id] = -INFINITY;
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
