/* conversation.h - the turns so far, and what of them goes before the next answer.
 *
 *   kept exchanges + the new one -> spans that fit in the context
 *
 * A description is asked alone, with its worked turns, and remembered like any
 * other turn. */
#ifndef FUSION_CONVERSATION_H
#define FUSION_CONVERSATION_H

#include "fusion/fit.h"

struct conversation {               /* starts as { 0 } */
    struct exchange *exchanges;
    size_t n_exchanges;
    bool translation_noted;         /* once is enough */
};
void conversation_done(struct conversation *c);

/* Moves e into the conversation. */
bool conversation_keep(struct conversation *c, struct exchange *e, struct error *err);
/* The first n stay.  What was dropped for one that goes is told again. */
void conversation_rewind(struct conversation *c, size_t n);
/* These are not told any more, for the sake of the next exchange to be kept, or of
 * the last that was. */
void conversation_leave_out(struct conversation *c, const struct left_out *out);

/* `new` stands for `old` in all turns, which are counted anew. */
void conversation_replace(struct conversation *c, const struct attachment *old, const struct attachment *new);

/* Something attached is still told. */
bool conversation_has_media(const struct conversation *c);

/* Forgets the old model's token ids and what did not fit in its context. */
void conversation_new_model(struct conversation *c);

/* ---- prompts -------------------------------------------------------------------- */

/* Neighbours among the turns that are newly left out, where they stood in the prompt before. */
struct prompt_gone {
    size_t from;                    /* position */
    struct span_list parts;
};

struct prompt {                     /* starts as { 0 } */
    struct span_list parts;
    struct prompt_gone *gone;       /* [n_gone], ascending; not when only measured */
    size_t n_gone;
    const char *begun;              /* how the answer opens, static; it ends the spans already; "" */
    size_t n_tokens;                /* positions, also when only measured */
    size_t n_most;                  /* positions that it may take */
    struct left_out left_out;       /* earlier turns that it does not tell, new ones */
};
void prompt_done(struct prompt *p);

/* The question e after the kept turns (none when `alone`), or the answer of the last kept turn
 * when e is that.  Transcripts of e are shortened and earlier turns left out until it fits;
 * each is noted. */
bool conversation_prompt(struct conversation *c, const struct prompt_room *room, struct exchange *e, bool alone,
                         struct prompt *p, struct error *err);

/* The numbers of conversation_prompt; e may be NULL: the kept turns alone.  What does not fit
 * at all is no failure.  room->note is NULL. */
bool conversation_measure(struct conversation *c, const struct prompt_room *room, struct exchange *e, bool alone,
                          struct prompt *p, struct error *err);

/* How much of each clip is told: kept while something is measured, put back after it.  The
 * caller frees it; NULL and *err when memory ran out. */
size_t *conversation_segments(const struct conversation *c, struct error *err);
void conversation_set_segments(struct conversation *c, const size_t *segments);

/* Asks for a summary of the n turns that exchanges_left_out names first, or of the newest of those
 * that fit; p->left_out has all n.  e becomes the exchange that stays. */
bool conversation_sum_up(struct conversation *c, const struct prompt_room *room, size_t n, struct exchange *e,
                         struct prompt *p, struct error *err);

#endif
