/* matcher.h - where in a grammar a text may be, byte by byte.
 *
 *   set = places (state, frames: where to go on when its rule has ended), all that the text so far allows
 *   set, byte -> set          remembered, so that the next time it is one look-up
 *
 * Frames are kept once each and shared, sets too: what is in them compares as numbers.  Frames
 * deeper than MATCHER_DEPTH are not entered: the grammar then has fewer texts, not more. */
#ifndef TEXT_MATCHER_H
#define TEXT_MATCHER_H

#include "text/grammar.h"

struct matcher;

enum { MATCHER_DEPTH = 1024, MATCHER_NOWHERE = 0 };

struct matcher *matcher_new(const struct grammar *g, struct error *err);
void matcher_free(struct matcher *m);                       /* NULL is fine */

/* Of the empty text; forgets all sets.  matcher_failed when memory ran out. */
uint32_t matcher_start(struct matcher *m);
/* MATCHER_NOWHERE: no text of the grammar goes on like that, or matcher_failed. */
uint32_t matcher_step(struct matcher *m, uint32_t set, unsigned char byte);
/* The same set under a new number, when too much was remembered; all other numbers are then void. */
uint32_t matcher_settle(struct matcher *m, uint32_t set);

bool matcher_may_end(const struct matcher *m, uint32_t set);
bool matcher_may_go_on(const struct matcher *m, uint32_t set);
/* NULL, or what ran out: memory, or places because the grammar is too ambiguous.  Until matcher_start. */
const char *matcher_failed(const struct matcher *m);

#endif
