/* picture_rows.h - rows of a picture by a published pair's encoder: how many there are to be, and those kept from another day,
 * or made now.
 *
 *   size, room -> plan: whole, or smaller where that has too many rows or takes too much memory
 *   picture, plan -> rows_cache.h -> none there: image_encoder_encode -> kept, and how long it took (encoder_speed.h)
 */
#ifndef FUSION_PICTURE_ROWS_H
#define FUSION_PICTURE_ROWS_H

#include "vision/encoder.h"

#include <stdbool.h>

struct picture_room {               /* 0 each: no limit */
    size_t n_wished, n_context;     /* rows that the user wants at most; that the context holds beside a question */
    size_t n_bytes;                 /* of memory */
};
/* With what memory there is now. */
struct picture_room picture_room(size_t n_wished, size_t n_context);

enum picture_limit { PICTURE_WHOLE, PICTURE_WISH, PICTURE_CONTEXT, PICTURE_MEMORY };

struct picture_plan {
    struct image_plan whole, plan;  /* without any limit; as it is encoded */
    size_t n_most;                  /* for image_encoder_encode */
    enum picture_limit limit;       /* why it is not the whole; where nothing smaller is left, plan is over a limit all the same */
};
bool picture_plan(const struct image_encoder *e, size_t width, size_t height, struct picture_room room, struct picture_plan *plan, struct error *err);

/* What the rows are kept under (rows_cache_key); hash: of the picture's bytes. */
char *picture_rows_key(const struct image_encoder *e, const struct compute *c, const char *hash, const struct picture_plan *plan);

/* From what was measured before; 0: nothing was. */
double picture_expected_ms(const struct image_encoder *e, const struct compute *c, const struct picture_plan *plan);

/* The caller frees them; *kept: nothing was computed, nor progress told.  key: NULL: nothing is kept.  NULL and *err as
 * image_encoder_encode has it, and without memory. */
struct media_rows *picture_rows(const struct image_encoder *e, const struct compute *c, const struct image *image, const struct picture_plan *plan,
                                const char *key, image_encoder_progress *progress, void *user, bool *kept, struct error *err);

#endif
