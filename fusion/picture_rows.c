#include "fusion/picture_rows.h"

#include "fusion/memory.h"
#include "fusion/rows_cache.h"

#include "vision/vision.h"

#include <stdlib.h>

static struct media_rows *make(const struct image_encoder *e, const struct compute *c, const struct image *image,
                               image_encoder_progress *progress, void *user, struct error *err)
{
    struct image_plan plan;

    if (!image_encoder_plan(e, image->width, image->height, &plan, err) || !memory_fits("encoding the picture", 0, plan.n_bytes, err))
        return NULL;
    return image_encoder_encode(e, c, image, progress, user, err);
}

struct media_rows *picture_rows(const struct image_encoder *e, const struct compute *c, const struct image *image, const char *hash,
                                image_encoder_progress *progress, void *user, bool *kept, struct error *err)
{
    char *key = rows_cache_key(hash, image_encoder_id(e), c, "picture");
    struct media_rows *rows = rows_cache_find(key, image_encoder_n_embd(e));

    *kept = rows != NULL;
    if (rows == NULL && (rows = make(e, c, image, progress, user, err)) != NULL)
        rows_cache_keep(key, rows);
    free(key);
    return rows;
}
