/* hearing.h - how clips are listened to: one place for what session_params say of it. */
#ifndef FUSION_HEARING_H
#define FUSION_HEARING_H

#include "audio/audio.h"
#include "fusion/session.h"

struct hearing {
    struct whisper_params params;   /* without progress; its strings are owned */
    char *key;                      /* equal for those who hear the same: part of a transcript's key */
};
bool hearing_init(struct hearing *h, const struct session_params *params, struct error *err);
void hearing_done(struct hearing *h);                       /* all zero is fine */

#endif
