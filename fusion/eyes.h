/* eyes.h - how pictures reach the text model: in words, or as rows of a projector of our own
 * (vision/projector.h) or of a published pair's encoder (vision/encoder.h).  Whose words: fusion/looker.h.
 *
 *   session_params -> projector, open for the session's life -> does it suit this text model? */
#ifndef FUSION_EYES_H
#define FUSION_EYES_H

#include "fusion/session.h"

#include "tensor/compute.h"
#include "text/text.h"
#include "vision/encoder.h"
#include "vision/vision.h"

struct eyes {                       /* starts as { 0 }: words */
    struct projector *projector;    /* ours */
    struct image_encoder *encoder;  /* a pair's; neither: words */
    char *name;                     /* of either, as the user named it */
    char *text_name;                /* of the text model that goes with it, as the user would name it; NULL: not known */
    bool off;                       /* no rows are wanted now */
};

/* Opens what params asks for.  ERROR_MODEL, ERROR_INFERENCE; e is to be released in any case. */
bool eyes_init(struct eyes *e, const struct session_params *params, const struct compute *c, struct error *err);
void eyes_done(struct eyes *e);

/* False and ERROR_MODEL when rows are wanted and are of another width than this text model's embedding;
 * name: of the text model, as the user named it. */
bool eyes_suit(const struct eyes *e, const struct text_info *text, const char *name, struct error *err);

/* Of the same width, but made for another text model. */
bool eyes_are_strange(const struct eyes *e, const struct text_info *text);

#endif
