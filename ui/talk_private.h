/* talk_private.h - shared by talk.c (sessions, asking, events) and talk_tree.c (the branch). */
#ifndef UI_TALK_PRIVATE_H
#define UI_TALK_PRIVATE_H

#include "ui/talk.h"

/* talk.c: nothing is saved after a failure, which is remembered once. */
bool talk_saves(const struct talk *t);
void talk_note_failure(struct talk *t, bool saved, const struct error *err);

/* talk_tree.c */
struct talk_turn *talk_turn(const struct talk *t, int64_t id);      /* NULL: not there; until turns are added or removed */
void talk_free_turn(struct talk_turn *turn);
void talk_set_branch(struct talk *t, int64_t head);
bool talk_is_wanted(const struct talk_turn *turn);          /* the engine is to hold it */
void talk_add_told(struct talk *t, struct talk_turn *turn);
void talk_tell(struct talk *t);                             /* makes the engine hold the branch */
void talk_stand_below(struct talk *t, int64_t parent);      /* the branch ends there, and the engine is told it */

#endif
