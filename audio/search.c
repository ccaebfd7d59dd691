#include "audio/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/whisper_rules.h"

struct candidate {                  /* a hypothesis and one token more */
    size_t from;                    /* of the live ones */
    int32_t id;
    double sum;
};

static struct beam *hypotheses(const struct whisper *w, size_t n, struct arena *arena, struct error *err)
{
    struct beam *h = arena_zero(arena, n, sizeof *h, err);

    for (size_t i = 0; h != NULL && i < n; i++)
        if ((h[i].id = arena_alloc(arena, w->n_text_ctx, sizeof *h[i].id, err)) == NULL)
            return NULL;
    return h;
}

bool search_init(struct search *s, const struct whisper *w, struct whisper_decoder *d, size_t n_beam, struct arena *arena,
                 struct error *err)
{
    *s = (struct search){ .w = w, .decoder = d, .n_beam = n_beam };
    s->live = hypotheses(w, n_beam, arena, err);
    s->next = hypotheses(w, n_beam, arena, err);
    s->ended = hypotheses(w, n_beam, arena, err);
    s->candidates = arena_alloc(arena, n_beam * (n_beam + 1), sizeof *s->candidates, err);
    s->taken = arena_alloc(arena, n_beam, sizeof *s->taken, err);
    s->has_prompt = arena_alloc(arena, n_beam, sizeof *s->has_prompt, err);
    s->sequence = arena_alloc(arena, n_beam, sizeof *s->sequence, err);
    s->ids = arena_alloc(arena, n_beam, sizeof *s->ids, err);
    return s->live != NULL && s->next != NULL && s->ended != NULL && s->candidates != NULL && s->taken != NULL &&
           s->has_prompt != NULL && s->sequence != NULL && s->ids != NULL;
}

/* ---- candidates --------------------------------------------------------------- */

static double log_sum_exp(const float *logits, size_t n)
{
    float max = -INFINITY;
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        max = logits[i] > max ? logits[i] : max;
    for (size_t i = 0; i < n; i++)
        sum += (double)expf(logits[i] - max);
    return (double)max + log(sum);
}

/* The n_beam + 1 likeliest tokens after live hypothesis `from`; fewer when fewer are allowed. */
static void continue_one(struct search *s, size_t from, const float *logits)
{
    struct candidate *best = s->candidates + s->n_candidates;
    double total = log_sum_exp(logits, s->w->n_vocab);
    size_t n = 0;

    for (size_t id = 0; id < s->w->n_vocab; id++) {
        if (!isfinite(logits[id]) || (n > s->n_beam && !((double)logits[id] > best[n - 1].sum)))
            continue;
        size_t at = n > s->n_beam ? n - 1 : n++;
        for (; at > 0 && (double)logits[id] > best[at - 1].sum; at--)
            best[at] = best[at - 1];
        best[at] = (struct candidate){ from, (int32_t)id, (double)logits[id] };
    }
    for (size_t i = 0; i < n; i++)
        best[i].sum += s->live[from].sum - total;
    s->n_candidates += n;
}

/* Likelier first; at equals the order in which they came. */
static int by_sum(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->sum > y->sum || x->sum < y->sum)
        return x->sum > y->sum ? -1 : 1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

static void set(struct beam *to, const struct beam *from, double sum)
{
    memcpy(to->id, from->id, from->n * sizeof *to->id);
    to->n = from->n;
    to->sum = sum;
    to->sequence = from->sequence;
}

/* live: the likeliest candidates that go on; ended: those ahead of the last of them that end. */
static void choose(struct search *s)
{
    struct beam *was = s->live;
    size_t n = 0;

    qsort(s->candidates, s->n_candidates, sizeof *s->candidates, by_sum);
    for (size_t i = 0; i < s->n_candidates && n < s->n_beam; i++) {
        const struct candidate *c = &s->candidates[i];
        const struct beam *from = &s->live[c->from];
        if (c->id != s->w->ids.eot) {
            set(&s->next[n], from, c->sum);
            s->next[n].id[s->next[n].n++] = c->id;
            n++;
        } else if (s->n_ended < s->n_beam) {
            set(&s->ended[s->n_ended++], from, c->sum);
        }
    }
    s->live = s->next;
    s->next = was;
    s->n_live = n;
}

/* ---- sequences ---------------------------------------------------------------- */

/* The first that continues a hypothesis keeps its sequence; any other gets a free one, as a copy. */
static void place(struct search *s)
{
    size_t copy = 0;

    memset(s->taken, 0, s->n_beam * sizeof *s->taken);
    for (size_t i = 0; i < s->n_live; i++) {
        size_t kept = s->live[i].sequence;
        s->sequence[i] = s->taken[kept] ? s->n_beam : kept;
        s->taken[kept] = true;
    }
    for (size_t i = 0; i < s->n_live; i++) {
        if (s->sequence[i] < s->n_beam)
            continue;
        while (s->taken[copy])
            copy++;
        whisper_decoder_copy(s->decoder, s->live[i].sequence, copy, s->has_prompt[copy] ? s->n_prompt : 0);
        s->taken[copy] = s->has_prompt[copy] = true;
        s->sequence[i] = s->live[i].sequence = copy;
    }
}

static bool advance(struct search *s, float **logits, struct error *err)
{
    place(s);
    for (size_t i = 0; i < s->n_live; i++)
        s->ids[i] = s->live[i].id[s->live[i].n - 1];
    return whisper_decoder_step(s->decoder, s->sequence, s->ids, s->n_live, logits, err);
}

static void continue_all(struct search *s, float *logits)
{
    s->n_candidates = 0;
    for (size_t i = 0; i < s->n_live; i++) {
        float *row = logits + i * s->w->n_vocab;
        whisper_rules_apply(s->w, row, s->live[i].id, s->live[i].n);
        continue_one(s, i, row);
    }
}

/* Per token; when too few have ended, those that were going on count as if they had. */
static const struct beam *best_of(struct search *s)
{
    const struct beam *best = NULL;

    for (size_t i = 0; i < s->n_live && s->n_ended < s->n_beam; i++)
        set(&s->ended[s->n_ended++], &s->live[i], s->live[i].sum);
    for (size_t i = 0; i < s->n_ended; i++)
        if (best == NULL || s->ended[i].sum / (double)s->ended[i].n > best->sum / (double)best->n)
            best = &s->ended[i];
    return best;
}

bool search_run(struct search *s, float *logits, size_t most, const struct beam **best, struct error *err)
{
    s->n_prompt = whisper_decoder_length(s->decoder);
    memset(s->has_prompt, 0, s->n_beam * sizeof *s->has_prompt);
    s->has_prompt[0] = true;
    s->live[0].n = s->live[0].sequence = s->n_ended = 0;
    s->live[0].sum = 0.0;
    s->n_live = 1;
    for (size_t n = 1; ; n++) {
        continue_all(s, logits);
        choose(s);
        if (n >= most || s->n_live == 0 || s->n_ended == s->n_beam)
            break;
        if (!advance(s, &logits, err))
            return false;
    }
    *best = best_of(s);
    return *best != NULL || error_set(err, ERROR_INFERENCE, "%s: no token may follow", s->w->path);
}
