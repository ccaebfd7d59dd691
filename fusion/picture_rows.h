/* picture_rows.h - rows of a picture by a published pair's encoder: those kept from another day, or made now.
 *
 *   picture, hash of its bytes -> rows_cache.h -> none there: is there memory for it? -> image_encoder_encode -> kept
 */
#ifndef FUSION_PICTURE_ROWS_H
#define FUSION_PICTURE_ROWS_H

#include "vision/encoder.h"

#include <stdbool.h>

/* The caller frees them; *kept: nothing was computed, nor progress told.  NULL and *err as image_encoder_encode has it, for
 * a picture that cannot be encoded, and without memory. */
struct media_rows *picture_rows(const struct image_encoder *e, const struct compute *c, const struct image *image, const char *hash,
                                image_encoder_progress *progress, void *user, bool *kept, struct error *err);

#endif
