/* clip_span.h - the parts of a recording that a question names.
 *
 *   "what is meant @1:20-2:05?"  ->  80 s to 125 s  ->  the segments that overlap
 *
 * A place is an @ at the start of a word and a time: 1:20, 1:02:03, 80s, with a fraction or
 * without; another one behind a hyphen ends it, a hyphen alone means the end of the clip.
 * Letters of the sentence may follow ("@1:20에서"), those of a name or an address not. */
#ifndef FUSION_CLIP_SPAN_H
#define FUSION_CLIP_SPAN_H

#include "audio/audio.h"

enum { CLIP_SPANS_MOST = 8 };       /* more in one question are not looked at */

struct clip_span {
    double from, to;                /* seconds; to INFINITY: the end; equal: a moment */
    size_t at, n;                   /* bytes of the question */
};
struct clip_spans { struct clip_span span[CLIP_SPANS_MOST]; size_t n; };

struct clip_spans clip_spans_of(const char *question);
/* ERROR_USAGE for one that ends before it begins, or begins behind the end of all clips, of
 * which `name` is the longest. */
bool clip_spans_check(const struct clip_spans *s, const char *question, const char *name, double seconds, struct error *err);
/* Cut to the transcript: a moment becomes the segment that holds it, or the nearest. */
void clip_spans_fit(struct clip_spans *s, const struct transcript *t);
/* Whether the segment is in one of them; in none: whether there are none. */
bool clip_spans_have(const struct clip_spans *s, const struct segment *segment);

#endif
