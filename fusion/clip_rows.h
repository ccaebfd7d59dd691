/* clip_rows.h - a clip as rows of the text model's embedding, by ears of ours or a pair's (audio/encoder.h).
 *
 *   sound -> samples -> are its rows as few as the context holds, and is there memory? -> rows; else words, and why */
#ifndef FUSION_CLIP_ROWS_H
#define FUSION_CLIP_ROWS_H

#include "audio/audio.h"
#include "fusion/attachment.h"
#include "fusion/eyes.h"

/* Rows of a clip of so many seconds whose bytes have this hash, memory for them and, where it was measured before, the time, into a
 * preview whose expected_ms is that of transcribing.  eyes->ears is there. */
void clip_rows_plan(const struct eyes *eyes, const struct compute *c, const char *hash, double seconds, struct preview *preview);

/* Fills media, own_media, projector and rows_kept of p, whose bytes have this hash, or n_rows_too_many where there would be more rows than fit.  eyes->ears is there;
 * w: open.  false on cancel, without memory, and when a file gives no numbers. */
bool clip_rows_make(const struct eyes *eyes, const struct whisper *w, const struct compute *c, struct sound *sound, const char *hash,
                    audio_encoder_progress *progress, void *user, struct perception *p, struct error *err);

#endif
