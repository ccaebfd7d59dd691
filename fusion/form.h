/* form.h - what all answers of a session keep to: a grammar, texts that end them, tokens that are
 * made more or less likely; and the functions that they may call. */
#ifndef FUSION_FORM_H
#define FUSION_FORM_H

#include "fusion/answer.h"
#include "fusion/session.h"

struct form {                       /* starts as { 0 } */
    char *tools;                    /* JSON, a list; NULL: none */
    struct grammar *grammar;        /* NULL: none */
    char *schema;                   /* what the grammar is of, on one line; NULL: of GBNF, or too long to be told */
    char *system;                   /* what form_system made last */
    struct constraint *constraint;  /* of the grammar and the model in use; NULL before the first answer */
    char **stops;
    size_t n_stops;
    char **breakers;                /* texts; DRY's repetitions do not go across */
    size_t n_breakers;
    int32_t *breaker_ids;           /* of the model in use: the tokens that have one in them; NULL: not looked for */
    size_t n_breaker_ids;
    struct sampler_bias *biases;
    size_t n_biases;
};

/* ERROR_INPUT names what is wrong with the grammar, or with the tools. */
bool form_init(struct form *f, const struct session_params *params, struct error *err);
void form_done(struct form *f);
void form_new_model(struct form *f);

/* The system text with the schema in it, good until the next call; the text itself where there is none to tell.
 * system NULL: ours, which the schema takes the place of. */
const char *form_system(struct form *f, const char *system);

/* Before an answer: its part of the parameters. */
bool form_begin(struct form *f, const struct text_model *m, struct answer_params *params, struct error *err);

#endif
