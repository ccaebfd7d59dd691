/* eyes.h - how pictures and clips reach the text model: in words, or as rows of a projector of our own
 * (vision/projector.h) or of a published pair's encoder (vision/encoder.h, audio/encoder.h).  Whose words
 * of a picture: fusion/looker.h.
 *
 *   session_params -> projector, open for the session's life -> does it suit this text model? */
#ifndef FUSION_EYES_H
#define FUSION_EYES_H

#include "fusion/session.h"

#include "audio/encoder.h"
#include "tensor/compute.h"
#include "text/text.h"
#include "vision/encoder.h"
#include "vision/vision.h"

struct eyes {                       /* starts as { 0 }: words */
    struct projector *projector;    /* ours */
    struct image_encoder *encoder;  /* a pair's; neither: pictures are told in words */
    struct audio_encoder *ears;     /* ours or a pair's; NULL: clips are told in words */
    char *name;                     /* of all, as the user named it */
    char *text_name;                /* of the text model that goes with it, as the user would name it; NULL: not known */
    bool off;                       /* no rows of pictures are wanted now */
    size_t n_most;                  /* rows that fit in the text model's context; 0: not known yet */
    size_t n_picture;               /* those of a picture that leave room for a question and an answer; likewise */
    size_t n_wished;                /* those that the user wants of a picture at most; 0: any number */
};

/* Opens what params asks for.  ERROR_MODEL, ERROR_INFERENCE; e is to be released in any case. */
bool eyes_init(struct eyes *e, const struct session_params *params, const struct compute *c, struct error *err);
void eyes_done(struct eyes *e);

bool eyes_see_rows(const struct eyes *e);                   /* there is what makes rows of pictures */

/* False and ERROR_MODEL when rows are wanted and are of another width than this text model's embedding;
 * name: of the text model, as the user named it. */
bool eyes_suit(const struct eyes *e, const struct text_info *text, const char *name, struct error *err);

/* The text model that ours was made for, when it is of the same width but another; else NULL. */
const char *eyes_strange_to(const struct eyes *e, const struct text_info *text);

#endif
