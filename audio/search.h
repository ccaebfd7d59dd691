/* search.h - the likeliest words of a window by beam search.
 *
 *   logits -> each hypothesis' n_beam + 1 likeliest tokens -> the n_beam likeliest of all go on,
 *   those ahead of them that end are put by -> ... until n_beam have ended -> the best per token
 *
 * Each hypothesis is a sequence of the decoder; a pass appends a token to all of them.  Where one
 * is continued twice, its keys and values are copied from the end of the prompt on.
 * Source: github.com/openai/whisper, whisper/decoding.py (BeamSearchDecoder with patience 1,
 * MaximumLikelihoodRanker without length penalty). */
#ifndef AUDIO_SEARCH_H
#define AUDIO_SEARCH_H

#include "audio/whisper_decoder.h"

struct beam {
    int32_t *id;                    /* [n], without the end */
    size_t n;
    double sum;                     /* of log-probabilities, the end's too when it has ended */
    size_t sequence;                /* of the decoder */
};

struct search {
    const struct whisper *w;
    struct whisper_decoder *decoder;
    size_t n_beam;
    struct beam *live, *next, *ended;         /* [n_beam] each */
    size_t n_live, n_ended;
    struct candidate *candidates;   /* [n_beam (n_beam + 1)] */
    size_t n_candidates;
    size_t n_prompt;                /* tokens of the decoder that all share */
    bool *taken, *has_prompt;       /* [n_beam]: of the decoder's sequences */
    size_t *sequence;               /* [n_beam]: one pass */
    int32_t *ids;
};

/* Memory is `arena`'s; decoder has n_beam sequences, at least. */
bool search_init(struct search *s, const struct whisper *w, struct whisper_decoder *d, size_t n_beam, struct arena *arena,
                 struct error *err);

/* logits: after the decoder's sequence 0, the prompt.  *best: at most `most` tokens, borrowed until
 * the next call. */
bool search_run(struct search *s, float *logits, size_t most, const struct beam **best, struct error *err);

#endif
