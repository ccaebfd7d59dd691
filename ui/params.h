/* params.h - what a session is given, from the command line and the models folder. */
#ifndef UI_PARAMS_H
#define UI_PARAMS_H

#include "fusion/session.h"
#include "store/models.h"
#include "ui/cli.h"

struct model_paths {                /* malloc'd; NULL: not here */
    char *text, *whisper, *classifier, *detector;
    char *mmproj;                   /* NULL, too, when the program carries it */
    const char *mmproj_name;        /* as the user or the list of models names it; NULL: pictures are told in words */
    char *mmproj_text;              /* the text model that it speaks to, when that is known */
};

/* Fills the media models' paths.  A missing one is no error: the session names it when a
 * file needs it. */
void model_paths_media(struct model_paths *p, const struct models *m);
/* What --mmproj names: a projector that the program carries or the list knows, or a file; without it the one
 * that was published with the text model, if it is here.  ERROR_MODEL; ERROR_USAGE for a model of another
 * role, and when rows are asked for and there is no projector. */
bool model_paths_projector(struct model_paths *p, const struct models *m, const struct options *o, struct error *err);
void model_paths_done(struct model_paths *p);

/* Borrows from both.  Without paths->text the session only perceives. */
struct session_params params_of_options(const struct options *o, const struct model_paths *paths);

#endif
