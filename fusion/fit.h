/* fit.h - what of a conversation fits in the context, and what it takes.
 *
 *   turns told, newest first -> positions -> which turns are left out
 *
 * Everything here follows from the turns and the room alone, so that what is measured is what
 * is asked.  Tokens of a turn are counted once; a turn that cannot fit is not counted. */
#ifndef FUSION_FIT_H
#define FUSION_FIT_H

#include "fusion/spans.h"

/* What a prompt is made for. */
struct prompt_room {
    const struct text_model *model;
    size_t n_ctx;                   /* positions in all */
    size_t max_tokens;              /* of the answer; 0: not limited */
    const char *system;             /* the user's; NULL: ours */
    const char *tools;              /* JSON, a list of functions; NULL: none */
    void (*note)(void *user, const char *text);     /* what had to be left out, or is not to be trusted;
                                     * NULL: nothing is told */
    void *user;
};
/* Positions that a prompt may take: the rest is kept for the answer. */
size_t room_most(const struct prompt_room *room);
/* Rows of a picture that leave room for a question beside it. */
size_t room_rows(const struct prompt_room *room);

/* Adds a script to the spans and empties it; or counts what it takes. */
bool add_script(struct span_list *list, const struct prompt_room *room, struct script *script, struct error *err);
bool count_script(const struct prompt_room *room, struct script *script, size_t *n, struct error *err);
/* An earlier turn is followed by its answer, if one came; a new one by the answer's opening and
 * what came of it so far. */
void add_exchange(struct script *script, const struct exchange *e, bool earlier);
/* What an earlier turn adds to a conversation. */
bool count_exchange(const struct prompt_room *room, const struct exchange *e, size_t *n, struct error *err);
/* The same as spans, from its contents up to those of the turn behind it. */
bool spans_of_exchange(struct span_list *to, const struct prompt_room *room, const struct exchange *e, struct error *err);

/* Long transcripts: every clip of a turn keeps the same share of its segments, from the
 * start, so that the question takes at most n_most positions; noted. */
bool fit_question(const struct prompt_room *room, struct exchange *e, size_t n_most, struct error *err);

/* ---- turns -------------------------------------------------------------------- */

struct left_out { size_t *turns, n; };      /* ascending; starts as { 0 }, the caller frees turns */

typedef bool exchange_count(void *user, size_t i, size_t *n_tokens, struct error *err);

/* Which of the exchanges that are told have to go so that the rest and n_fixed positions
 * beside it are at most n_most: the oldest without attachments first, then the oldest.  To
 * keep the cached prefix for more than one turn, those without attachments go until three
 * quarters of n_most are taken. */
bool exchanges_left_out(const struct exchange *exchanges, size_t n, size_t n_fixed, size_t n_most, exchange_count *count,
                        void *user, struct left_out *out, struct error *err);

#endif
