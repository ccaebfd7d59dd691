/* conversation.h - the turns so far, and what of them goes before the next answer.
 *
 *   kept exchanges + the new one -> spans that fit in the context
 *
 * A description is asked alone, with its worked turns, and remembered like any
 * other turn. */
#ifndef FUSION_CONVERSATION_H
#define FUSION_CONVERSATION_H

#include "fusion/prompt.h"

struct conversation {               /* starts as { 0 } */
    struct exchange *exchanges;
    size_t n_exchanges;
    bool translation_noted;         /* once is enough */
};
void conversation_clear(struct conversation *c);
void conversation_done(struct conversation *c);

/* Moves e into the conversation. */
bool conversation_keep(struct conversation *c, struct exchange *e, struct error *err);

/* Something attached is still told. */
bool conversation_has_media(const struct conversation *c);

/* Forgets the old model's token ids and what did not fit in its context. */
void conversation_new_model(struct conversation *c);

/* What a prompt is made for. */
struct prompt_room {
    const struct text_model *model;
    size_t n_ctx;                   /* positions in all */
    size_t max_tokens;              /* of the answer; 0: not limited */
    const char *system;             /* the user's; NULL: ours */
    void (*note)(void *user, const char *text);     /* what had to be left out, or is not to be trusted */
    void *user;
};

/* The spans of the question e after the kept turns (none when `alone`).  Transcripts
 * of e are shortened and earlier turns dropped until it fits; each is noted.
 * *begun: how the answer opens, static; it ends the spans already. */
bool conversation_prompt(struct conversation *c, const struct prompt_room *room, struct exchange *e, bool alone,
                         struct span_list *parts, const char **begun, struct error *err);

#endif
