/* heads.h - which heads of the decoder look at the sound of the word they are about.
 *
 * Found by OpenAI for each of its models; of others, all heads of the upper half of the
 * layers are taken.  Source: github.com/openai/whisper, whisper/__init__.py (_ALIGNMENT_HEADS). */
#ifndef AUDIO_HEADS_H
#define AUDIO_HEADS_H

#include "audio/whisper_model.h"

struct head { uint8_t layer, head; };
struct heads { const struct head *list; size_t n; };        /* n = 0: the upper half */

/* Chosen by w's sizes; of large's first two versions, which are alike, by its file's name. */
struct heads heads_of(const struct whisper *w);
bool heads_have(const struct heads *heads, const struct whisper *w, size_t i_layer, size_t i_head);

#endif
