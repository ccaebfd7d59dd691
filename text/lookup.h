/* lookup.h - guesses the next tokens from what was said before (prompt lookup).
 *
 *   ids  ... [the cat sat] on the mat ... [the cat sat]  ->  on the mat
 *
 * An answer that quotes goes on as its source did: where the last tokens have stood
 * before, what followed them there is the guess (Saxena 2023, prompt-lookup-decoding;
 * the rule of acceptance, here with equality, is Leviathan et al. 2023,
 * arXiv:2211.17192).  Evaluating a token more costs a part of a step, how large a part this
 * machine shows; how many are worth it follows from how often such guesses were right. */
#ifndef TEXT_LOOKUP_H
#define TEXT_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#define LOOKUP_MOST 7               /* tokens of a guess */
#define LOOKUP_N_KINDS 4            /* of matches, by length */

struct lookup {
    double right[LOOKUP_N_KINDS];   /* how often a guessed token is right, of late */
    int32_t guess[LOOKUP_MOST];     /* the last guess: for position `at` and on */
    size_t n_guess, at, kind;
    size_t n_guessed, n_right;      /* tokens since the reset */
    double step_ms;                 /* of a token alone, of late */
    double cost;                    /* of each token more, in such steps */
    size_t n_steps, n_longer;       /* that these are known from */
};

void lookup_init(struct lookup *l);
/* Another text: what is known of the machine stays. */
void lookup_reset(struct lookup *l);
/* n_rows tokens were evaluated together. */
void lookup_timed(struct lookup *l, size_t n_rows, double ms);

/* What may follow ids [n], at most n_most tokens, to guess [n_most]; returns how many, 0
 * when none is worth evaluating.  ids below 0 are no tokens.  Each call has the ids of
 * the call before and what became of them, by which it learns. */
size_t lookup_guess(struct lookup *l, const int32_t *ids, size_t n, size_t n_most, int32_t *guess);

#endif
