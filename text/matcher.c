#include "text/matcher.h"

#include "text/grammar_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
    PLACES_MOST = 2048,             /* of one set, those on the way to it included */
    SEEN_SLOTS = 4096,
    SETS_MOST = 1 << 14, FRAMES_MOST = 1 << 18,
    SETS_KEPT = 1 << 11, FRAMES_KEPT = 1 << 16      /* more are forgotten at the next token */
};

#define UNKNOWN UINT32_MAX

struct frame { uint32_t state, below, depth; };     /* frame 0: the answer itself ends */
struct place { uint32_t state, frame; };

struct set {
    size_t first, n;                /* of m->places; all of BYTE states */
    uint32_t hash;
    bool ends;
};

/* Open addressing; 0: free, otherwise a number + 1. */
struct table { uint32_t *slots; size_t size, n; };

struct matcher {
    const struct grammar *g;
    struct frame *frames;
    size_t n_frames, frames_room;
    struct table frame_table, set_table;
    struct set *sets;
    uint32_t (*next)[256];          /* of each set */
    size_t n_sets, sets_room, next_room;
    struct place *places;
    size_t n_places, places_room;
    const char *failed;

    struct place pending[PLACES_MOST], out[PLACES_MOST];
    size_t n_pending, n_out, n_seen;
    struct place seen[SEEN_SLOTS];
    uint32_t seen_at[SEEN_SLOTS], now;      /* a slot of another time is free */
    bool ends;
};

static void fail(struct matcher *m, const char *why)
{
    m->failed = why;
}

static uint32_t mix(uint32_t a, uint32_t b)
{
    uint64_t z = ((uint64_t)a << 32 | b) * 0x9E3779B97F4A7C15u;

    return (uint32_t)(z ^ z >> 32);
}

/* ---- tables ---------------------------------------------------------------------- */

static bool table_grow(struct table *t, uint32_t (*hash_of)(const struct matcher *, uint32_t), const struct matcher *m)
{
    size_t size = t->size > 0 ? 2 * t->size : 256;
    uint32_t *slots = calloc(size, sizeof *slots);

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->size; i++) {
        if (t->slots[i] == 0)
            continue;
        size_t at = hash_of(m, t->slots[i] - 1) & (size - 1);
        while (slots[at] != 0)
            at = (at + 1) & (size - 1);
        slots[at] = t->slots[i];
    }
    free(t->slots);
    t->slots = slots;
    t->size = size;
    return true;
}

static bool table_room(struct table *t, uint32_t (*hash_of)(const struct matcher *, uint32_t), const struct matcher *m)
{
    return 2 * (t->n + 1) <= t->size || table_grow(t, hash_of, m);
}

static void table_empty(struct table *t)
{
    if (t->size > 0)
        memset(t->slots, 0, t->size * sizeof *t->slots);
    t->n = 0;
}

/* ---- frames ---------------------------------------------------------------------- */

static uint32_t frame_hash(const struct matcher *m, uint32_t i)
{
    return mix(m->frames[i].state, m->frames[i].below);
}

/* UNKNOWN: too deep, or failed. */
static uint32_t enter(struct matcher *m, uint32_t state, uint32_t below)
{
    struct table *t = &m->frame_table;
    uint32_t depth = m->frames[below].depth + 1;

    if (depth > MATCHER_DEPTH || m->failed != NULL)
        return UNKNOWN;
    if (!table_room(t, frame_hash, m) || !grammar_grow(&m->frames, m->n_frames, &m->frames_room, sizeof *m->frames)) {
        fail(m, "there is no memory to follow the grammar");
        return UNKNOWN;
    }
    size_t at = mix(state, below) & (t->size - 1);
    for (; t->slots[at] != 0; at = (at + 1) & (t->size - 1)) {
        const struct frame *f = &m->frames[t->slots[at] - 1];
        if (f->state == state && f->below == below)
            return t->slots[at] - 1;
    }
    if (m->n_frames == FRAMES_MOST) {
        fail(m, "the grammar nests in too many ways here");
        return UNKNOWN;
    }
    m->frames[m->n_frames] = (struct frame){ state, below, depth };
    t->slots[at] = (uint32_t)++m->n_frames;
    t->n++;
    return (uint32_t)m->n_frames - 1;
}

/* ---- sets ------------------------------------------------------------------------ */

static uint32_t set_hash(const struct matcher *m, uint32_t i)
{
    return m->sets[i].hash;
}

static uint32_t hash_places(const struct place *places, size_t n, bool ends)
{
    uint32_t hash = ends;

    for (size_t i = 0; i < n; i++)
        hash = mix(hash ^ places[i].state, places[i].frame + hash);
    return hash;
}

static bool add_set(struct matcher *m, const struct place *places, size_t n, bool ends, uint32_t hash)
{
    if (!grammar_grow(&m->sets, m->n_sets, &m->sets_room, sizeof *m->sets) ||
        !grammar_grow(&m->next, m->n_sets, &m->next_room, sizeof *m->next))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!grammar_grow(&m->places, m->n_places + i, &m->places_room, sizeof *m->places))
            return false;
        m->places[m->n_places + i] = places[i];
    }
    m->sets[m->n_sets] = (struct set){ m->n_places, n, hash, ends };
    m->n_places += n;
    memset(m->next[m->n_sets], 0xFF, sizeof m->next[0]);
    m->n_sets++;
    return true;
}

/* The number of the set of these places, which are in order. */
static uint32_t find_set(struct matcher *m, const struct place *places, size_t n, bool ends)
{
    struct table *t = &m->set_table;
    uint32_t hash = hash_places(places, n, ends);

    if (!table_room(t, set_hash, m)) {
        fail(m, "there is no memory to follow the grammar");
        return MATCHER_NOWHERE;
    }
    size_t at = hash & (t->size - 1);
    for (; t->slots[at] != 0; at = (at + 1) & (t->size - 1)) {
        const struct set *s = &m->sets[t->slots[at] - 1];
        if (s->hash == hash && s->n == n && s->ends == ends && (n == 0 || memcmp(m->places + s->first, places, n * sizeof *places) == 0))
            return t->slots[at] - 1;
    }
    if (m->n_sets == SETS_MOST || !add_set(m, places, n, ends, hash)) {
        fail(m, m->n_sets == SETS_MOST ? "the grammar has too many places here" : "there is no memory to follow the grammar");
        return MATCHER_NOWHERE;
    }
    t->slots[at] = (uint32_t)m->n_sets;
    t->n++;
    return (uint32_t)m->n_sets - 1;
}

/* ---- what a byte leads to -------------------------------------------------------- */

static void reach(struct matcher *m, uint32_t state, uint32_t frame)
{
    size_t at = mix(state, frame) % SEEN_SLOTS;

    for (; m->seen_at[at] == m->now; at = (at + 1) % SEEN_SLOTS)
        if (m->seen[at].state == state && m->seen[at].frame == frame)
            return;
    if (m->n_seen == PLACES_MOST) {
        fail(m, "the grammar is too ambiguous here: the answer can be read in more than 2048 ways");
        return;
    }
    m->n_seen++;
    m->seen[at] = (struct place){ state, frame };
    m->seen_at[at] = m->now;
    m->pending[m->n_pending++] = (struct place){ state, frame };
}

/* Its rule r is read, then the state s.b: with nothing after it, what is below goes on. */
static void call(struct matcher *m, struct state s, uint32_t frame)
{
    uint32_t inner = s.b == 0 ? frame : enter(m, s.b, frame);

    if (inner != UNKNOWN)
        reach(m, m->g->rules[s.a].start, inner);
}

static void follow(struct matcher *m)
{
    while (m->n_pending > 0 && m->failed == NULL) {
        struct place p = m->pending[--m->n_pending];
        struct state s = m->g->states[p.state];
        switch (s.kind) {
        case STATE_BYTE:
            m->out[m->n_out++] = p;
            break;
        case STATE_SPLIT:
            reach(m, s.a, p.frame);
            reach(m, s.b, p.frame);
            break;
        case STATE_CALL:
            call(m, s, p.frame);
            break;
        case STATE_RETURN:
            if (p.frame == 0)
                m->ends = true;
            else
                reach(m, m->frames[p.frame].state, m->frames[p.frame].below);
            break;
        }
    }
}

static int in_order(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->state != y->state)
        return x->state < y->state ? -1 : 1;
    return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void begin(struct matcher *m)
{
    if (++m->now == 0) {            /* the count of times has come around */
        memset(m->seen_at, 0, sizeof m->seen_at);
        m->now = 1;
    }
    m->n_pending = m->n_out = m->n_seen = 0;
    m->ends = false;
}

static uint32_t reached_set(struct matcher *m)
{
    follow(m);
    if (m->failed != NULL)
        return MATCHER_NOWHERE;
    if (m->n_out > 1)
        qsort(m->out, m->n_out, sizeof *m->out, in_order);
    return find_set(m, m->out, m->n_out, m->ends);
}

static uint32_t derive(struct matcher *m, uint32_t set, unsigned char byte)
{
    struct set from = m->sets[set];

    begin(m);
    for (size_t i = 0; i < from.n && m->failed == NULL; i++) {
        struct place p = m->places[from.first + i];
        struct state s = m->g->states[p.state];
        for (uint32_t e = 0; e < s.b; e++) {
            const struct edge *edge = &m->g->edges[s.a + e];
            if (byte >= edge->first && byte <= edge->last)
                reach(m, edge->to, p.frame);
        }
    }
    return reached_set(m);
}

uint32_t matcher_step(struct matcher *m, uint32_t set, unsigned char byte)
{
    uint32_t next = m->next[set][byte];

    if (next != UNKNOWN)
        return next;
    if (m->failed != NULL)
        return MATCHER_NOWHERE;
    next = derive(m, set, byte);
    if (m->failed == NULL)
        m->next[set][byte] = next;
    return next;
}

/* ---- life ------------------------------------------------------------------------ */

static void forget(struct matcher *m)
{
    m->n_sets = m->n_places = 0;
    m->n_frames = 1;
    table_empty(&m->frame_table);
    table_empty(&m->set_table);
    if (find_set(m, NULL, 0, false) != MATCHER_NOWHERE)
        fail(m, "there is no memory to follow the grammar");
}

uint32_t matcher_start(struct matcher *m)
{
    m->failed = NULL;
    forget(m);
    begin(m);
    reach(m, m->g->rules[0].start, 0);
    return m->failed == NULL ? reached_set(m) : MATCHER_NOWHERE;
}

/* The frame of `old` in the new list, and those below it. */
static uint32_t carry_frame(struct matcher *m, const struct frame *old, uint32_t frame)
{
    uint32_t chain[MATCHER_DEPTH], below = 0;
    size_t n = 0;

    for (; frame != 0; frame = old[frame].below)
        chain[n++] = frame;
    while (n > 0 && below != UNKNOWN)
        below = enter(m, old[chain[--n]].state, below);
    return below;
}

uint32_t matcher_settle(struct matcher *m, uint32_t set)
{
    struct set from = m->sets[set];

    if ((m->n_sets <= SETS_KEPT && m->n_frames <= FRAMES_KEPT) || m->failed != NULL)
        return set;
    struct frame *old = malloc(m->n_frames * sizeof *old);
    if (old == NULL)
        return set;                 /* there may be memory at the next token */
    memcpy(old, m->frames, m->n_frames * sizeof *old);
    memcpy(m->out, m->places + from.first, from.n * sizeof *m->out);
    forget(m);
    for (size_t i = 0; i < from.n && m->failed == NULL; i++)
        m->out[i].frame = carry_frame(m, old, m->out[i].frame);
    free(old);
    if (from.n > 1)
        qsort(m->out, from.n, sizeof *m->out, in_order);
    return m->failed == NULL ? find_set(m, m->out, from.n, from.ends) : MATCHER_NOWHERE;
}

struct matcher *matcher_new(const struct grammar *g, struct error *err)
{
    struct matcher *m = calloc(1, sizeof *m);
    bool good = m != NULL && grammar_grow(&m->frames, 0, &m->frames_room, sizeof *m->frames);

    if (good) {
        m->g = g;
        m->frames[0] = (struct frame){ 0 };
        good = matcher_start(m) != MATCHER_NOWHERE || m->failed == NULL;
    }
    if (good)
        return m;
    error_set(err, ERROR_INFERENCE, "%s: %s", g->name, m != NULL && m->failed != NULL ? m->failed : "there is no memory to follow the grammar");
    matcher_free(m);
    return NULL;
}

void matcher_free(struct matcher *m)
{
    if (m == NULL)
        return;
    free(m->frames);
    free(m->frame_table.slots);
    free(m->set_table.slots);
    free(m->sets);
    free(m->next);
    free(m->places);
    free(m);
}

bool matcher_may_end(const struct matcher *m, uint32_t set)
{
    return m->sets[set].ends;
}

bool matcher_may_go_on(const struct matcher *m, uint32_t set)
{
    return m->sets[set].n > 0;
}

const char *matcher_failed(const struct matcher *m)
{
    return m->failed;
}
