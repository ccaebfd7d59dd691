/* look.h - a look that is quick, for training: what both networks saw, and the things and
 * words that follow from it alone. */
#ifndef VISION_LOOK_H
#define VISION_LOOK_H

#include "vision/seen.h"

/* Fills *s with what `scratch` owns until its next rewind.  The report, the caller's, has no
 * colours, finer names, text or rows.  NULL and *err on failure. */
struct vision_report *look_quick(const struct vision *v, const struct compute *c, struct arena *scratch,
                                 const struct image *image, struct seen *s, struct error *err);

#endif
