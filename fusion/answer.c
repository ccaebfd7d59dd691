#include "fusion/answer.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "fusion/spans.h"
#include "text/grammar.h"
#include "text/sampler.h"

#include <stdlib.h>
#include <string.h>

void answer_done(struct answer *a)
{
    words_done(&a->text);
    free(a->ids);
    *a = (struct answer){ 0 };
}

/* A period of at most LOOP_PERIOD tokens, seen so often that it fills LOOP_TOKENS
 * and at least four times: longer than any refrain a person would ask for. */
bool answer_loops(const int32_t *ids, size_t n)
{
    enum { LOOP_PERIOD = 64, LOOP_TOKENS = 128 };

    for (size_t period = 1; period <= LOOP_PERIOD; period++) {
        size_t want = period * 4 > LOOP_TOKENS ? period * 4 : LOOP_TOKENS;
        size_t same = 0;
        if (n < want)
            break;
        while (same < want - period && ids[n - 1 - same] == ids[n - 1 - same - period])
            same++;
        if (same == want - period)
            return true;
    }
    return false;
}

static bool add_ids(struct answer *a, const int32_t *ids, size_t n, struct error *err)
{
    if (a->n_ids + n > a->capacity) {
        size_t capacity = 2 * a->capacity + n + 256;
        int32_t *grown = realloc(a->ids, capacity * sizeof *grown);
        if (grown == NULL)
            return error_set(err, ERROR_INFERENCE, "no memory for an answer of %zu tokens", capacity);
        a->ids = grown;
        a->capacity = capacity;
    }
    memcpy(a->ids + a->n_ids, ids, n * sizeof *ids);
    a->n_ids += n;
    return true;
}

static bool begin(struct answer *a, const struct text_model *m, const struct answer_params *params,
                  const struct answer_hooks *hooks, struct error *err)
{
    int32_t *ids;
    size_t n, n_bytes = strlen(params->begun);

    if (n_bytes == 0)
        return true;
    if (!tokenize_answer(m, params->begun, &ids, &n, err))
        return false;
    bool good = add_ids(a, ids, n, err);
    for (size_t i = 0; good && params->constraint != NULL && i < n; i++)
        good = constraint_take(params->constraint, ids[i], err);
    free(ids);
    if (good) {
        words_add_bytes(&a->text, params->begun, n_bytes);
        hooks->text(hooks->user, params->begun, n_bytes);
    }
    return good;
}

/* The first n bytes that are held go out. */
static void show(struct answer *a, struct words *held, size_t n, const struct answer_hooks *hooks)
{
    if (n == 0 || held->failed)
        return;
    words_add_bytes(&a->text, held->text, n);
    hooks->text(hooks->user, held->text, n);
    words_drop(held, n);
}

/* Bytes of a new token go out as soon as they are whole characters and no stop text can begin
 * in them; true when one has come.  NUL, which no text can hold, is left out. */
static bool add_bytes(struct answer *a, struct words *held, const char *bytes, size_t n,
                      const struct answer_params *params, const struct answer_hooks *hooks)
{
    size_t n_safe;

    for (size_t i = 0; i < n; i++)
        if (bytes[i] != '\0')
            words_add_bytes(held, bytes + i, 1);
    if (held->failed || held->n == 0)
        return false;
    bool ends = stop_find(&params->stops, held->text, held->n, &n_safe);
    show(a, held, ends ? n_safe : utf8_complete(held->text, n_safe), hooks);
    return ends;
}

/* How many tokens after the next may be of use. */
static size_t n_more(const struct answer *a, const struct answer_params *params)
{
    if (params->one_by_one)
        return 0;
    return params->max_tokens > 0 ? params->max_tokens - a->n_generated - 1 : SIZE_MAX;
}

/* A token, its bytes shown; true while the answer goes on. */
static bool take(struct answer *a, const struct text_model *m, struct text_context *x, struct words *held, int32_t id,
                 const struct answer_params *params, const struct answer_hooks *hooks, struct error *err)
{
    size_t n_bytes;

    if (!add_ids(a, &id, 1, err))
        return false;
    const char *bytes = text_token_bytes(m, id, &n_bytes);
    a->n_generated++;
    if (add_bytes(a, held, bytes, n_bytes, params, hooks)) {
        a->split = true;
        return false;
    }
    if (params->constraint != NULL && constraint_must_end(params->constraint))
        return false;
    a->looped = answer_loops(a->ids, a->n_ids);
    a->cut = a->looped || (params->max_tokens > 0 && a->n_generated >= params->max_tokens) ||
             text_context_used(x) >= text_context_size(x);
    return !a->cut;
}

/* Samples and decodes until the answer ends; a->stopped, cut and looped say how. */
static bool decode(struct answer *a, const struct text_model *m, struct text_context *x, const struct compute *c,
                   struct sampler *sampler, const float *logits, const struct answer_params *params,
                   const struct answer_hooks *hooks, struct error *err)
{
    struct words held = { 0 };
    struct error decode_error = { 0 };
    bool good;
    int32_t id;

    while ((good = sampler_next_allowed(sampler, logits, params->constraint, &id, err)) && !text_token_ends_answer(m, id)) {
        err->code = ERROR_NONE;
        if (!take(a, m, x, &held, id, params, hooks, err)) {
            good = err->code == ERROR_NONE;
            break;
        }
        if (!text_decode_ahead(x, c, id, n_more(a, params), &logits, &decode_error)) {
            a->stopped = decode_error.code == ERROR_CANCELLED;
            good = a->stopped || error_set(err, decode_error.code, "%s", decode_error.text);
            break;
        }
        if ((a->stopped = compute_cancelled(c, NULL)))
            break;
    }
    if (good && !a->split && held.n > 0)        /* what was held back was no stop text */
        show(a, &held, utf8_complete(held.text, held.n), hooks);
    if (good && (held.failed || a->text.failed))
        good = error_set(err, ERROR_INFERENCE, "no memory for the answer");
    a->split = a->split || held.n > 0;
    words_done(&held);
    return good;
}

/* What the answer has already is taken by the sampler and the grammar. */
static bool recall(struct sampler *sampler, const struct answer_params *params, struct error *err)
{
    for (size_t i = 0; i < params->n_before; i++) {
        sampler_remember(sampler, params->before[i]);
        if (params->constraint != NULL && !constraint_take(params->constraint, params->before[i], err))
            return false;
    }
    return true;
}

static bool check_complete(const struct answer *a, const struct answer_params *params, struct error *err)
{
    if (params->constraint == NULL || !a->cut || constraint_may_end(params->constraint))
        return true;
    if (a->looped)
        return error_set(err, ERROR_INFERENCE, "the answer repeated itself and was ended before its grammar let it end; "
                         "ask otherwise, or let the grammar allow less there (maxLength, maxItems)");
    return error_set(err, ERROR_INFERENCE, "the answer was cut after %zu tokens, before its grammar let it end; allow more "
                     "tokens (-n), a larger context (-c), or let the grammar allow less", a->n_generated);
}

bool answer_generate(struct answer *a, const struct text_model *m, struct text_context *x, const struct compute *c,
                     const struct answer_params *params, const struct answer_hooks *hooks, struct error *err)
{
    struct error prefill_error = { 0 };
    const float *logits;
    double start = clock_ms();

    if (!text_prefill(x, c, params->spans, params->n_spans, &logits, &a->n_reused, hooks->prefilling, hooks->user,
                      &prefill_error)) {
        a->prefill_ms = clock_ms() - start;
        a->stopped = prefill_error.code == ERROR_CANCELLED;
        return a->stopped || error_set(err, prefill_error.code, "%s", prefill_error.text);
    }
    a->prefill_ms = clock_ms() - start;
    struct sampler *sampler = sampler_new(&params->sampler, text_model_info(m)->n_vocab, err);
    if (sampler == NULL)
        return false;
    start = clock_ms();
    bool good = recall(sampler, params, err) && begin(a, m, params, hooks, err) &&
                decode(a, m, x, c, sampler, logits, params, hooks, err) && check_complete(a, params, err);
    a->decode_ms = clock_ms() - start;
    a->ahead = text_context_ahead(x);
    sampler_free(sampler);
    return good;
}
