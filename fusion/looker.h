/* looker.h - eyes as a role: a pair, a text model with the encoder that was published with it, looks at pictures for a
 * text model that cannot.
 *
 *   picture -> the pair's encoder -> rows -> its text model, asked what is there or the user's question -> glance
 *
 * Both files open when a picture comes.  Rows and answers are kept, so nothing is looked at twice, not even by the next session
 * (looked.h).  What goes wrong is
 * told in the glance and breaks nothing.  For the worker thread only. */
#ifndef FUSION_LOOKER_H
#define FUSION_LOOKER_H

#include "fusion/glance.h"
#include "fusion/senses.h"

struct looker;

/* params: of EYES_PAIR.  NULL and *err without memory or names. */
struct looker *looker_new(const struct session_params *params, const struct compute *c, senses_progress *progress, void *user,
                          struct error *err);
void looker_free(struct looker *l);                         /* NULL is fine */
const char *looker_name(const struct looker *l);            /* as glances have it */
/* Why it sees nothing at all: a file that cannot be opened, too little memory.  NULL: it does, as far as is known. */
const char *looker_trouble(const struct looker *l);

void looker_wish(struct looker *l, size_t n_rows);          /* no more of pictures that it has not seen yet; 0: any number */

/* What it says of the picture at path, whose perception has this key; question NULL: what is in it.  n_beside: bytes of
 * the weights that stay in memory beside it.  Good until the next call.  NULL and *err only when the user cancels or memory for
 * the glance itself runs out. */
const struct glance *looker_ask(struct looker *l, const char *path, const char *key, const char *question, size_t n_beside,
                                struct error *err);

#endif
