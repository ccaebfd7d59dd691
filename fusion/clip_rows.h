/* clip_rows.h - a clip as rows of the text model's embedding, by ears of ours or a pair's (audio/encoder.h).
 *
 *   sound -> samples -> are its rows as few as the context holds, and is there memory? -> rows; else words, and why */
#ifndef FUSION_CLIP_ROWS_H
#define FUSION_CLIP_ROWS_H

#include "audio/audio.h"
#include "fusion/attachment.h"
#include "fusion/eyes.h"

/* Fills media, own_media, projector and rows_kept of p, whose bytes have this hash, or n_rows_too_many where there would be more rows than fit.  eyes->ears is there;
 * w: open.  false on cancel, without memory, and when a file gives no numbers. */
bool clip_rows_make(const struct eyes *eyes, const struct whisper *w, const struct compute *c, struct sound *sound, const char *hash,
                    audio_encoder_progress *progress, void *user, struct perception *p, struct error *err);

#endif
