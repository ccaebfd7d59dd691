/* cite.h - places of a recording in an answer.
 *
 *   "She says no [0:07]."          ->  the segment at 0:07
 *   "She says \"I do not know\"."  ->  the segment with these words  ->  " [0:07]" behind the answer
 */
#ifndef FUSION_CITE_H
#define FUSION_CITE_H

#include "fusion/attachment.h"
#include "fusion/clip_span.h"
#include "fusion/words.h"

/* Citations (answer_citations in fusion/session.h) are [0:07], (0:07), [0:07-0:12], and a bare 0:07 that is the
 * time of a segment. */

/* Adds " [0:07]" for each segment, CITE_MOST at most, whose words the answer has in a row: a whole one, or
 * several words of it; of the first clip that has such, in the parts that the question names.  Nothing
 * where the answer cites the start of a line already. */
enum { CITE_MOST = 3 };
void cite_add(struct words *to, const char *answer, const char *question, const struct attachment *const *clips, size_t n_clips);

#endif
