/* listening.h - words of what is being said, for as long as sound comes.  For the worker thread. */
#ifndef FUSION_LISTENING_H
#define FUSION_LISTENING_H

#include "audio/audio.h"

struct sound_queue;

/* sure: words that are, since the call before; unsure: those that may follow them.  Good during the call. */
typedef void listening_heard(void *user, const char *sure, const char *unsure);

/* Returns when the sound (its number in the queue) has ended and all was told; the first call tells nothing, but that it begins.
 * A sentence or a pause ends with '\n'.  False and *err, ERROR_CANCELLED when the sound was thrown away
 * or c's cancel flag is set. */
bool listening_run(const struct whisper *w, const struct compute *c, const struct whisper_params *params,
                  struct sound_queue *queue, uint32_t sound, listening_heard *heard, void *user, struct error *err);

#endif
