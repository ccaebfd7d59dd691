/* params.h - what a session is given, from the command line and the models folder. */
#ifndef UI_PARAMS_H
#define UI_PARAMS_H

#include "fusion/session.h"
#include "store/models.h"
#include "ui/cli.h"

struct model_paths {                /* malloc'd; NULL: not here */
    char *text, *whisper, *classifier, *detector;
    char *mmproj;                   /* NULL, too, when the program carries it */
    const char *mmproj_name;        /* as the user or the list of models names it; NULL: there is none */
    char *mmproj_text;              /* the text model that it speaks to, when that is known */
    char *pair;                     /* the text model that looks for the one in use; NULL: none does */
    char *pair_name, *pair_mmproj;  /* pair_mmproj: its projector */
};

/* Fills the media models' paths.  A missing one is no error: the session names it when a
 * file needs it. */
void model_paths_media(struct model_paths *p, const struct models *m);
/* How pictures reach the text model, by --eyes, --mmproj and the settings:
 *   --eyes words
 *   --eyes rows          by what --mmproj names, a projector that the program carries or the list knows, or a file; without it
 *                        by the one that was published with the text model
 *   --eyes NAME | FILE   in words, those of a pair (model_paths_pair) among them
 *   neither              rows where there is a projector that makes them, else in words with those of the pair that the
 *                        settings name, smolvlm-500m if they name none, if it is here
 * With a pair, a projector that was published with the text model or, without --eyes, is named by --mmproj hears for it.
 * ERROR_MODEL; ERROR_USAGE for a model of another role, and when rows are asked for and there is no projector. */
bool model_paths_projector(struct model_paths *p, const struct models *m, const struct options *o, struct error *err);
/* The pair of a text model and its projector: of the list of models by the text model's name, or a GGUF file, whose
 * projector is mmproj or, NULL, the file mmproj-NAME beside it or the only one there that begins with mmproj.  ERROR_MODEL;
 * ERROR_USAGE for one that does not see.  p is as it was then. */
bool model_paths_pair(struct model_paths *p, const struct models *m, const char *name, const char *mmproj, struct error *err);
/* What /eyes takes: words, rows (of the projector that the session began with), a pair, auto: the usual one if it is here. */
bool params_of_eyes(struct session_params *params, struct model_paths *p, const struct models *m, const char *how, const char *mmproj,
                    struct error *err);
void model_paths_done(struct model_paths *p);

/* Borrows from both.  Without paths->text the session only perceives. */
struct session_params params_of_options(const struct options *o, const struct model_paths *paths);

#endif
