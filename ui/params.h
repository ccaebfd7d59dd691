/* params.h - what a session is given, from the command line and the models folder. */
#ifndef UI_PARAMS_H
#define UI_PARAMS_H

#include "fusion/session.h"
#include "store/models.h"
#include "ui/cli.h"

struct model_paths { char *text, *whisper, *classifier, *detector; };     /* malloc'd; NULL: not here */

/* Fills the media models' paths.  A missing one is no error: the session names it when a
 * file needs it. */
void model_paths_media(struct model_paths *p, const struct models *m);
void model_paths_done(struct model_paths *p);

/* Borrows from both.  Without paths->text the session only perceives. */
struct session_params params_of_options(const struct options *o, const struct model_paths *paths);

#endif
