#include "fusion/picture_rows.h"

#include "fusion/encoder_speed.h"
#include "fusion/memory.h"
#include "fusion/rows_cache.h"

#include "base/clock.h"
#include "base/memory.h"
#include "vision/vision.h"

#include <stdio.h>
#include <stdlib.h>

struct picture_room picture_room(size_t n_wished, size_t n_context)
{
    struct picture_room room = { .n_wished = n_wished, .n_context = n_context };

    if (!memory_available(&room.n_bytes))
        room.n_bytes = 0;
    return room;
}

/* ---- how many ---------------------------------------------------------------------------- */

/* A row fewer each time; what cannot be smaller stays. */
static bool fit_memory(const struct image_encoder *e, size_t width, size_t height, size_t n_bytes, struct picture_plan *p, struct error *err)
{
    struct image_plan next;

    while (n_bytes > 0 && p->plan.n_bytes > n_bytes && p->plan.n_rows > 1) {
        size_t n_most = p->plan.n_rows - 1;
        if (!image_encoder_plan(e, width, height, n_most, &next, err))
            return false;
        if (next.n_rows > n_most)
            return true;
        p->plan = next;
        p->n_most = n_most;
        p->limit = PICTURE_MEMORY;
    }
    return true;
}

bool picture_plan(const struct image_encoder *e, size_t width, size_t height, struct picture_room room, struct picture_plan *plan, struct error *err)
{
    bool wish = room.n_wished > 0 && (room.n_context == 0 || room.n_wished <= room.n_context);

    *plan = (struct picture_plan){ .n_most = wish ? room.n_wished : room.n_context };
    if (!image_encoder_plan(e, width, height, 0, &plan->whole, err) || !image_encoder_plan(e, width, height, plan->n_most, &plan->plan, err))
        return false;
    if (plan->plan.n_rows < plan->whole.n_rows)
        plan->limit = wish ? PICTURE_WISH : PICTURE_CONTEXT;
    return fit_memory(e, width, height, room.n_bytes, plan, err);
}

/* ---- the rows ------------------------------------------------------------------------------ */

char *picture_rows_key(const struct image_encoder *e, const struct compute *c, const char *hash, const struct picture_plan *plan)
{
    char how[60];

    snprintf(how, sizeof how, "picture %zu", plan->plan.n_rows);        /* the same tiles, whatever n_most was */
    return rows_cache_key(hash, image_encoder_id(e), c, how);
}

double picture_expected_ms(const struct image_encoder *e, const struct compute *c, const struct picture_plan *plan)
{
    return encoder_speed(image_encoder_id(e), c) * (double)plan->plan.n_rows;
}

struct media_rows *picture_rows(const struct image_encoder *e, const struct compute *c, const struct image *image, const struct picture_plan *plan,
                                const char *key, image_encoder_progress *progress, void *user, bool *kept, struct error *err)
{
    struct media_rows *rows = rows_cache_find(key, image_encoder_n_embd(e));

    *kept = rows != NULL;
    if (*kept || !memory_fits("encoding the picture", 0, plan->plan.n_bytes, err))
        return rows;
    double start = clock_ms();
    rows = image_encoder_encode(e, c, image, plan->n_most, progress, user, err);
    if (rows != NULL) {
        encoder_speed_learn(image_encoder_id(e), c, rows->n_rows, clock_ms() - start);
        rows_cache_keep(key, rows);
    }
    return rows;
}
