/* agree.h - which words of two hypotheses about the same sound may be told.
 *
 * LocalAgreement-2: the sound so far is decoded again and again; words that two
 * decodings in a row begin with are not going to change.  The newest decoding's
 * last word may be cut by the end of the sound, so it waits.
 * Source: Machacek, Dabre, Bojar 2023, arXiv:2307.14743, section 3.1; Liu et al. 2020,
 * arXiv:2005.11185. */
#ifndef AUDIO_AGREE_H
#define AUDIO_AGREE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct heard {                      /* a word of a hypothesis */
    double start, end;              /* seconds */
    char *text;                     /* UTF-8, as the tokens spell it: with the space before it */
    size_t end_token;               /* tokens of the decoding up to and with it */
};

struct hypothesis {                 /* zero-initialised is empty */
    struct heard *words;
    size_t n;
};

/* text [n] is copied, malformed parts as U+FFFD. */
bool hypothesis_add(struct hypothesis *h, double start, double end, const char *text, size_t n, size_t end_token,
                    struct error *err);
void hypothesis_drop(struct hypothesis *h, size_t n);       /* the first n words, at most all */
void hypothesis_keep(struct hypothesis *h, size_t n);       /* the first n words, at most all */
void hypothesis_done(struct hypothesis *h);                 /* empty again */

/* Equal but for case and the punctuation around them: a full stop comes and goes with what follows. */
bool agree_same_word(const char *a, const char *b);

/* How many words of `newer` are sure, of which n_sure were before: both hypotheses begin with those. */
size_t agree_prefix(const struct hypothesis *older, const struct hypothesis *newer, size_t n_sure);

/* How many words at the start of h, at most 5, are those that `told` ends with: the cut before them was
 * in the middle of speech, and they were heard on both sides of it. */
size_t agree_overlap(const struct hypothesis *told, const struct hypothesis *h);

/* Words up to the second round of a phrase that goes round and round: three times, or five when it has less than four words;
 * all of h when none does. */
size_t agree_before_loop(const struct hypothesis *h);

/* Whether a sentence ends with this word. */
bool agree_ends_sentence(const char *word);

#endif
