/* answer.h - one answer: prefill, then a token at a time until it ends.
 *
 *   spans -> text_prefill -> logits -> sampler -> token -> bytes -> whole characters
 *                               ^----- text_decode_ahead ---'
 *
 * What may be the beginning of a stop text is held back until more is known. */
#ifndef FUSION_ANSWER_H
#define FUSION_ANSWER_H

#include "fusion/stop.h"
#include "fusion/words.h"
#include "text/sampler.h"
#include "text/text.h"

struct constraint;                  /* text/grammar.h */

struct answer_hooks {
    void (*prefilling)(void *user, size_t done, size_t total);
    void (*text)(void *user, const char *text, size_t n);   /* whole characters */
    void *user;
};

struct answer {                     /* starts as { 0 } */
    struct words text;             /* whole characters; `begun` first */
    int32_t *ids;                   /* of `begun` and of what was generated */
    size_t n_ids, capacity;
    size_t n_generated, n_reused;
    struct text_ahead ahead;
    double prefill_ms, decode_ms;
    bool stopped, cut, looped;
    bool split;                     /* ended inside a character or before a stop text: ids hold more than text */
};
void answer_done(struct answer *a);

struct answer_params {
    const struct text_span *spans;
    size_t n_spans;
    const int32_t *before;          /* [n_before] of an answer that goes on: at the end of the spans already */
    size_t n_before;
    const char *begun;              /* how the answer opens: at the end of the spans already; "" */
    struct sampler_params sampler;
    struct constraint *constraint;  /* at its start; what the answer keeps to, `begun` included; NULL: nothing */
    struct stop_texts stops;        /* the answer ends before any of these */
    size_t max_tokens;              /* 0: until the context ends */
    bool one_by_one;                /* evaluates nothing ahead: the same answer, for comparing speed */
};

/* False with *err on failure; a cancelled answer is no failure, it has `stopped`.  One that was cut
 * before its grammar let it end is one: a->text has what came. */
bool answer_generate(struct answer *a, const struct text_model *m, struct text_context *x, const struct compute *c,
                     const struct answer_params *params, const struct answer_hooks *hooks, struct error *err);

/* The last tokens are the same few, over and over: small models do not stop. */
bool answer_loops(const int32_t *ids, size_t n);

#endif
