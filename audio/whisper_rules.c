#include "audio/whisper_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MAX_INITIAL_TIMESTAMP 50    /* steps of 20 ms: speech starts within 1 s */

/* Marks that stand for sounds or layout, alone or after a space; and the note signs,
 * of which the first token counts where they have no token of their own. */
static const char *const non_speech[] = {
    "\"", "#", "(", ")", "*", "+", "/", ":", ";", "<", "=", ">", "@", "[", "\\", "]", "^", "_", "`", "{", "|", "}", "~",
    "「", "」", "『", "』", "<<", ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", "(\"", "((", "))", "(((", ")))",
    "[[", "]]", "{{", "}}", "♪♪", "♪♪♪",
};
static const char *const notes[] = { "♩", "♪", "♫", "♬", "♭", "♮", "♯" };
#define N_NON_SPEECH (sizeof non_speech / sizeof *non_speech)
#define N_NOTES (sizeof notes / sizeof *notes)

static bool token_is(const struct whisper *w, size_t i, const char *text, size_t n)
{
    return w->token_bytes[i] == n && memcmp(w->token[i], text, n) == 0;
}

/* Index of the token with these bytes, n_tokens when none. */
static size_t find_token(const struct whisper *w, const char *text, size_t n)
{
    size_t i = 0;

    while (i < w->n_tokens && !token_is(w, i, text, n))
        i++;
    return i;
}

static void suppress(int32_t *list, size_t *n, size_t id)
{
    for (size_t i = 0; i < *n; i++)
        if (list[i] == (int32_t)id)
            return;
    list[(*n)++] = (int32_t)id;
}

/* A mark, and after a space; prefixes: without a token of its own, its longest beginning. */
static void suppress_mark(const struct whisper *w, int32_t *list, size_t *n, const char *mark, bool prefixes)
{
    char text[32] = " ";
    size_t n_mark = strlen(mark);

    memcpy(text + 1, mark, n_mark);
    for (size_t space = 0; space < 2; space++) {
        const char *form = space == 1 ? text : mark;
        size_t n_form = n_mark + space, id;
        do
            id = find_token(w, form, n_form);
        while (id == w->n_tokens && prefixes && --n_form > space);
        if (id < w->n_tokens)
            suppress(list, n, id);
    }
}

bool whisper_rules_init(struct whisper *w, struct error *err)
{
    const struct whisper_ids *ids = &w->ids;
    int32_t special[] = { ids->sot, ids->translate, ids->transcribe, ids->sot_lm, ids->sot_previous, ids->no_speech,
                          ids->no_timestamps };
    const char *inside_words[] = { " -", " '" };    /* both are fine within a word */
    size_t n_special = sizeof special / sizeof *special, n = 0;
    int32_t *list = arena_alloc(w->arena, 2 + 2 * (N_NON_SPEECH + N_NOTES) + n_special, sizeof *list, err);

    if (list == NULL)
        return false;
    for (size_t i = 0; i < 2; i++) {
        size_t id = find_token(w, inside_words[i], 2);
        if (id < w->n_tokens)
            suppress(list, &n, id);
    }
    for (size_t i = 0; i < N_NON_SPEECH; i++)
        suppress_mark(w, list, &n, non_speech[i], false);
    for (size_t i = 0; i < N_NOTES; i++)
        suppress_mark(w, list, &n, notes[i], true);
    for (size_t i = 0; i < n_special; i++)
        suppress(list, &n, (size_t)special[i]);
    w->suppress = list;
    w->n_suppress = n;
    return true;
}

static void forbid(float *logits, int32_t first, int32_t end)
{
    for (int32_t i = first; i < end; i++)
        logits[i] = -INFINITY;
}

/* Time stamps come in pairs, end and next start, and never run backwards. */
static void pair_timestamps(const struct whisper *w, float *logits, const int32_t *sampled, size_t n)
{
    int32_t stamp = w->ids.timestamp, end = (int32_t)w->n_vocab;
    bool last = n >= 1 && sampled[n - 1] >= stamp;
    bool before = n < 2 || sampled[n - 2] >= stamp;
    size_t i = n;

    if (last && before)
        forbid(logits, stamp, end);
    else if (last)
        forbid(logits, 0, w->ids.eot);
    while (i > 0 && sampled[i - 1] < stamp)
        i--;
    if (i > 0)      /* the same stamp again only as the start that belongs to it */
        forbid(logits, stamp, last && !before ? sampled[i - 1] : sampled[i - 1] + 1);
}

/* When all time stamps together are likelier than any one word, it is time for one. */
static bool timestamp_is_due(const struct whisper *w, const float *logits)
{
    float max_word = -INFINITY, max_stamp = -INFINITY;
    double sum = 0.0;

    for (int32_t i = 0; i < w->ids.timestamp; i++)
        max_word = logits[i] > max_word ? logits[i] : max_word;
    for (size_t i = (size_t)w->ids.timestamp; i < w->n_vocab; i++)
        max_stamp = logits[i] > max_stamp ? logits[i] : max_stamp;
    if (!isfinite(max_stamp))
        return false;
    for (size_t i = (size_t)w->ids.timestamp; i < w->n_vocab; i++)
        sum += (double)expf(logits[i] - max_stamp);
    return (double)max_stamp + log(sum) > (double)max_word;
}

void whisper_rules_apply(const struct whisper *w, float *logits, const int32_t *sampled, size_t n)
{
    int32_t stamp = w->ids.timestamp;

    for (size_t i = 0; i < w->n_suppress; i++)
        logits[w->suppress[i]] = -INFINITY;
    pair_timestamps(w, logits, sampled, n);
    if (n == 0) {       /* a stamp, and an early one; so neither a blank nor the end comes first */
        forbid(logits, 0, stamp);
        if (w->n_vocab - (size_t)stamp > MAX_INITIAL_TIMESTAMP + 1)
            forbid(logits, stamp + MAX_INITIAL_TIMESTAMP + 1, (int32_t)w->n_vocab);
    }
    if (timestamp_is_due(w, logits))
        forbid(logits, 0, stamp);
}

/* xorshift64* (Vigna 2016, doi:10.1145/2845077), to [0, 1). */
static double draw(uint64_t *random)
{
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return (double)(*random * UINT64_C(0x2545F4914F6CDD1D) >> 11) / 9007199254740992.0;
}

static size_t sample(const float *logits, size_t n, float max, float temperature, uint64_t *random)
{
    double sum = 0.0, at = 0.0;
    size_t last = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)expf((logits[i] - max) / temperature);
    double target = draw(random) * sum;
    for (size_t i = 0; i < n; i++) {
        double p = (double)expf((logits[i] - max) / temperature);
        if (!(p > 0.0))
            continue;
        last = i;
        at += p;
        if (at > target)
            break;
    }
    return last;
}

int32_t whisper_rules_pick(const float *logits, size_t n_vocab, float temperature, uint64_t *random, float *logprob)
{
    size_t best = 0;
    double sum = 0.0;

    for (size_t i = 1; i < n_vocab; i++)
        if (logits[i] > logits[best] || isnan(logits[best]))
            best = i;
    float max = logits[best];
    for (size_t i = 0; i < n_vocab; i++)
        sum += (double)expf(logits[i] - max);
    if (temperature > 0.0f)
        best = sample(logits, n_vocab, max, temperature, random);
    *logprob = (float)((double)(logits[best] - max) - log(sum));
    return (int32_t)best;
}

float whisper_compression_ratio(const char *text, size_t n)
{
    uLongf packed = compressBound((uLong)n);
    Bytef *out = malloc(packed);
    float ratio = 0.0f;

    if (n > 0 && out != NULL && compress(out, &packed, (const Bytef *)text, (uLong)n) == Z_OK)
        ratio = (float)n / (float)packed;
    free(out);
    return ratio;
}
