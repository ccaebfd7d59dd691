/* align.h - when each token of a known text was said.
 *
 *   start, language, task, <|notimestamps|>, text, end -> decoder, watched at its alignment heads
 *     -> attention [n_tokens][n_frames], a softmax over the frames of the sound
 *     -> standard score over the tokens, median of 7 frames, mean of the heads
 *     -> dynamic time warping: the cheapest monotone path -> each token's first frame
 *
 * Source: github.com/openai/whisper, whisper/timing.py (find_alignment). */
#ifndef AUDIO_ALIGN_H
#define AUDIO_ALIGN_H

#include "audio/whisper_decoder.h"

struct alignment {
    size_t *frame;                  /* [n + 1]: where each token begins, in frames of 20 ms, and the end */
    size_t *peak;                   /* [n]: of its frames, the one that is looked at most */
    float *p;                       /* [n]: its probability among the ordinary tokens */
};

/* task [n_task]: what comes before the text.  text [n]: ordinary tokens, n >= 1; n_task + n + 2 fit in
 * n_text_ctx.  n_frames >= 1 rows of d's window are sound.  a's arrays are the caller's; the tokens that d
 * held are forgotten.  Peak memory of `scratch`: two numbers for each token and frame. */
bool align_tokens(struct whisper_decoder *d, const struct whisper *w, struct arena *scratch, const int32_t *task, size_t n_task,
                  const int32_t *text, size_t n, size_t n_frames, struct alignment *a, struct error *err);

#endif
