/* encoder_run.c - patches through the transformer and the projector; rows and markers in order. */
#include "vision/encoder_parts.h"

#include "tensor/ops.h"
#include "vision/vision.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SCRATCH_BYTES (1 << 20)

size_t image_n_patches(const struct image_encoder *e)
{
    return e->image_size / e->patch * (e->image_size / e->patch);
}

size_t image_tile_rows(const struct image_encoder *e)
{
    return image_n_patches(e) / (e->merge * e->merge);
}

static size_t row_in(const struct image_encoder *e)
{
    return e->matrix->dim[0];
}

bool image_encoder_plan(const struct image_encoder *e, size_t width, size_t height, struct image_plan *plan, struct error *err)
{
    struct image_tiles t;
    size_t n = image_n_patches(e), rows = image_tile_rows(e);

    if (!image_tiles_of(e, width, height, &t, err))
        return false;
    *plan = (struct image_plan){ .n_tiles = image_n_tiles(&t), .n_rows = image_n_tiles(&t) * rows };
    plan->n_bytes = plan->n_rows * e->n_embd * sizeof(float) + 3 * (t.width * t.height + t.first_width * t.first_height + e->image_size * e->image_size)
        + encoder_bytes(e->encoder, n) + (n * (e->d + 3 * e->patch * e->patch) + rows * row_in(e)) * sizeof(float);
    return true;
}

/* ---- one tile ------------------------------------------------------------------------------------ */

/* x [side][side][d] -> rows [side / merge][side / merge][n_in]: merge x merge patches, row by row, side by side or their mean. */
static void merge_patches(const struct image_encoder *e, const struct compute *c, const float *x, float *rows)
{
    size_t side = e->image_size / e->patch, s = e->merge, n_in = row_in(e), d = e->d;

    memset(rows, 0, image_tile_rows(e) * n_in * sizeof *rows);
    for (size_t y = 0; y < side; y++)
        for (size_t i = 0; i < side; i++) {
            float *row = rows + (y / s * (side / s) + i / s) * n_in;
            if (e->family->stacks)
                memcpy(row + (y % s * s + i % s) * d, x + (y * side + i) * d, d * sizeof *row);
            else
                ops_add(c, row, x + (y * side + i) * d, d);
        }
    if (!e->family->stacks)
        ops_scale(c, rows, 1.0f / (float)(s * s), image_tile_rows(e) * n_in);
}

static bool project(const struct image_encoder *e, const struct compute *c, struct arena *scratch, const float *x, float *rows, struct error *err)
{
    size_t n = image_tile_rows(e), n_in = row_in(e);
    float *merged = arena_alloc(scratch, n * n_in, sizeof *merged, err);

    if (merged == NULL)
        return false;
    merge_patches(e, c, x, merged);
    if (e->norm != NULL)
        ops_rms_norm(c, merged, e->norm->data, n, n_in, e->eps, merged);
    return ops_matmul(c, scratch, e->matrix, NULL, merged, n, rows, err);
}

static bool check_finite(const struct image_encoder *e, const float *rows, struct error *err)
{
    for (size_t i = 0; i < image_tile_rows(e) * e->n_embd; i++)
        if (!isfinite(rows[i]))
            return error_set(err, ERROR_MODEL, "%s: gives rows that are no finite numbers", gguf_path(e->file));
    return true;
}

bool image_encode_patches(const struct image_encoder *e, const struct compute *c, struct arena *scratch, const float *patches,
                          float *rows, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    size_t n = image_n_patches(e);
    float *x = arena_alloc(scratch, n * e->d, sizeof *x, err);
    const float *bias = e->patch_bias != NULL ? e->patch_bias->data : NULL;
    bool good = x != NULL && ops_matmul(c, scratch, &e->patch_embd, bias, patches, n, x, err);

    if (good) {
        ops_add(c, x, e->position->data, n * e->d);
        good = encoder_run(e->encoder, c, scratch, NULL, 0, x, n, err);
    }
    if (good) {
        encoder_post_norm(e->encoder, c, x, n);
        good = project(e, c, scratch, x, rows, err) && check_finite(e, rows, err);
    }
    arena_rewind(scratch, mark);
    return good;
}

/* ---- a picture ------------------------------------------------------------------------------------- */

/* What stands before tile i (processing_idefics3.py): each row of tiles ends its line. */
static bool add_marker(const struct image_encoder *e, const struct image_tiles *t, size_t i, struct media_rows *to, struct error *err)
{
    bool alone = image_n_tiles(t) == 1, whole = i + 1 == image_n_tiles(t);
    char text[96];

    if (whole)
        snprintf(text, sizeof text, "%s%s", alone ? "" : "\n\n", e->family->begin);
    else
        snprintf(text, sizeof text, "%s<fake_token_around_image><row_%zu_col_%zu>", i > 0 && i % t->n_columns == 0 ? "\n" : "",
                 i / t->n_columns + 1, i % t->n_columns + 1);
    return media_rows_add_marker(to, text, err);
}

static bool encode(const struct image_encoder *e, const struct compute *c, struct arena *scratch, const struct image *image,
                   image_encoder_progress *progress, void *user, struct media_rows *to, struct error *err)
{
    struct image_tiles t;
    struct image_canvas canvas;
    float *patches = arena_alloc(scratch, image_n_patches(e) * 3 * e->patch * e->patch, sizeof *patches, err);

    if (patches == NULL || !image_tiles_of(e, image->width, image->height, &t, err) || !image_canvas_make(e, c, &t, scratch, image, &canvas, err))
        return false;
    for (size_t i = 0; i < image_n_tiles(&t); i++) {
        if (progress != NULL)
            progress(user, i, image_n_tiles(&t));
        float *rows = add_marker(e, &t, i, to, err) ? media_rows_add(to, image_tile_rows(e), err) : NULL;
        if (rows == NULL)
            return false;
        media_rows_last(to)->both_ways = e->family->both_ways;
        image_patches(e, &t, &canvas, i, patches);
        if (!image_encode_patches(e, c, scratch, patches, rows, err))
            return false;
    }
    return media_rows_add_marker(to, e->family->end, err);
}

struct media_rows *image_encoder_encode(const struct image_encoder *e, const struct compute *c, const struct image *image,
                                        image_encoder_progress *progress, void *user, struct error *err)
{
    struct arena *scratch = arena_new("image encoder", SCRATCH_BYTES, err);
    struct media_rows *rows = scratch != NULL ? media_rows_new(e->n_embd, err) : NULL;

    if (rows != NULL && !encode(e, c, scratch, image, progress, user, rows, err)) {
        media_rows_free(rows);
        rows = NULL;
    }
    arena_free(scratch);
    return rows;
}
