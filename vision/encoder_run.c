/* encoder_run.c - patches through the transformer and the projector; rows and markers in order. */
#include "vision/encoder_parts.h"

#include "tensor/ops.h"
#include "vision/vision.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SCRATCH_BYTES (1 << 20)
#define THETA 10000.0
#define NORM_EPS 1e-5f              /* of a projector's layer norm: PyTorch's own, which no key says */

static size_t row_in(const struct image_encoder *e)
{
    return e->up != NULL ? e->up->dim[0] : e->matrix->dim[0];
}

bool image_encoder_plan(const struct image_encoder *e, size_t width, size_t height, size_t n_most, struct image_plan *plan, struct error *err)
{
    struct image_tiles t;

    if (!image_tiles_of(e, width, height, n_most, &t, err))
        return false;
    size_t n = image_n_patches(e, &t), rows = image_tile_rows(e, &t), up = e->up != NULL ? e->up->dim[1] : 0;
    *plan = (struct image_plan){ .n_tiles = image_n_tiles(&t), .n_rows = image_n_tiles(&t) * rows };
    plan->n_bytes = plan->n_rows * e->n_embd * sizeof(float) + 3 * (t.width * t.height + t.first_width * t.first_height + e->image_size * e->image_size)
        + encoder_bytes(e->encoder, image_n_positions(e, &t)) + (n * (2 * e->d + 3 * e->patch * e->patch) + rows * (row_in(e) + up)) * sizeof(float);
    return true;
}

/* ---- one tile ------------------------------------------------------------------------------------ */

/* x [n_patches][d] -> rows [image_tile_rows][n_in]: merge x merge patches, row by row, side by side or their mean. */
static void merge_patches(const struct image_encoder *e, const struct compute *c, const struct image_tiles *t, const float *x, float *rows)
{
    size_t n_columns = t->tile_width / e->patch / e->merge, s = e->merge, n_in = row_in(e), d = e->d, y, column;

    memset(rows, 0, image_tile_rows(e, t) * n_in * sizeof *rows);
    for (size_t i = 0; i < image_n_patches(e, t); i++, x += d) {
        image_patch_place(e, t, i, &y, &column);
        float *row = rows + (y / s * n_columns + column / s) * n_in;
        if (e->family->stacks)
            memcpy(row + (y % s * s + column % s) * d, x, d * sizeof *row);
        else
            ops_add(c, row, x, d);
    }
    if (!e->family->stacks)
        ops_scale(c, rows, 1.0f / (float)(s * s), image_tile_rows(e, t) * n_in);
}

static const float *floats(const struct tensor *t)
{
    return t != NULL ? t->data : NULL;
}

static bool project(const struct image_encoder *e, const struct compute *c, struct arena *scratch, const struct image_tiles *t, const float *x,
                    float *rows, struct error *err)
{
    size_t n = image_tile_rows(e, t), n_in = row_in(e), n_up = e->up != NULL ? e->up->dim[1] : 0;
    float *merged = arena_alloc(scratch, n * n_in, sizeof *merged, err), *up = merged != NULL ? arena_alloc(scratch, n * n_up, sizeof *up, err) : NULL;

    if (up == NULL)
        return false;
    merge_patches(e, c, t, x, merged);
    if (e->norm_bias != NULL)
        ops_layer_norm(c, merged, e->norm->data, e->norm_bias->data, n, n_in, NORM_EPS, merged);
    else if (e->norm != NULL)
        ops_rms_norm(c, merged, e->norm->data, n, n_in, e->eps, merged);
    if (e->up == NULL)
        return ops_matmul(c, scratch, e->matrix, floats(e->bias), merged, n, rows, err);
    if (!ops_matmul(c, scratch, e->up, floats(e->up_bias), merged, n, up, err))
        return false;
    ops_gelu(c, up, n * n_up);
    return ops_matmul(c, scratch, e->matrix, floats(e->bias), up, n, rows, err);
}

static bool check_finite(const struct image_encoder *e, const float *rows, size_t n, struct error *err)
{
    for (size_t i = 0; i < n * e->n_embd; i++)
        if (!isfinite(rows[i]))
            return error_set(err, ERROR_MODEL, "%s: gives rows that are no finite numbers", gguf_path(e->file));
    return true;
}

/* Turns [n][head_dim] of patches that stand at (row, column): the first half of a head's pairs by rows, the other by columns,
 * both from fast to slow (Wang et al. 2024, arXiv:2409.12191, section 2.1). */
static float *make_turns(const struct image_encoder *e, const struct compute *c, struct arena *scratch, const struct image_tiles *t, struct error *err)
{
    size_t n = image_n_patches(e, t), head_dim = encoder_params(e->encoder)->head_dim, quarter = head_dim / 4, row, column;
    float *turns = arena_alloc(scratch, n * head_dim, sizeof *turns, err);
    int32_t *places = turns != NULL ? arena_alloc(scratch, 2 * n, sizeof *places, err) : NULL;
    double *frequency = places != NULL ? arena_alloc(scratch, 2 * quarter, sizeof *frequency, err) : NULL;
    uint8_t *axis = frequency != NULL ? arena_alloc(scratch, 2 * quarter, sizeof *axis, err) : NULL;

    if (axis == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        image_patch_place(e, t, i, &row, &column);
        places[2 * i] = (int32_t)row;
        places[2 * i + 1] = (int32_t)column;
    }
    for (size_t i = 0; i < 2 * quarter; i++)
        axis[i] = i >= quarter;
    ops_rope_frequencies(2 * quarter, THETA, frequency);
    memcpy(frequency + quarter, frequency, quarter * sizeof *frequency);
    ops_rope_turns_axes(c, n, head_dim, places, 2, axis, frequency, 1.0f, turns);
    return turns;
}

static bool group_windows(const struct image_encoder *e, struct arena *scratch, const struct image_tiles *t, struct encoder_attention *how,
                          struct error *err)
{
    size_t n = image_n_windows(e, t), *ends = arena_alloc(scratch, n, sizeof *ends, err);

    for (size_t i = 0; ends != NULL && i < n; i++)
        ends[i] = image_window_end(e, t, i);
    how->group_end = ends;
    how->n_groups = n;
    how->full_every = e->full_every;
    return ends != NULL;
}

static bool transform(const struct image_encoder *e, const struct compute *c, struct arena *scratch, const struct image_tiles *t, float *x,
                      struct error *err)
{
    struct encoder_attention how = { 0 };
    size_t n = image_n_positions(e, t);

    if (e->window != 0 && !group_windows(e, scratch, t, &how, err))
        return false;
    if (e->family->layout == LAYOUT_FREE && (how.turns = make_turns(e, c, scratch, t, err)) == NULL)
        return false;
    if (e->position != NULL)
        ops_add(c, x, e->position->data, n * e->d);
    if (!encoder_run(e->encoder, c, scratch, &how, 0, x, n, err))
        return false;
    if (!e->family->stops)
        encoder_post_norm(e->encoder, c, x, n);
    return true;
}

bool image_encode_patches(const struct image_encoder *e, const struct compute *c, struct arena *scratch, const struct image_tiles *t,
                          const float *patches, float *rows, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    size_t n = image_n_patches(e, t);
    float *x = arena_alloc(scratch, image_n_positions(e, t) * e->d, sizeof *x, err), *of_patches = x;

    if (x != NULL && e->class_embd != NULL) {
        memcpy(x, e->class_embd->data, e->d * sizeof *x);
        of_patches += e->d;
    }
    bool good = x != NULL && ops_matmul(c, scratch, &e->patch_embd, floats(e->patch_bias), patches, n, of_patches, err)
             && transform(e, c, scratch, t, x, err) && project(e, c, scratch, t, of_patches, rows, err)
             && check_finite(e, rows, image_tile_rows(e, t), err);

    arena_rewind(scratch, mark);
    return good;
}

/* ---- a picture ------------------------------------------------------------------------------------- */

/* What stands before tile i.  Of LAYOUT_SPLIT (processing_idefics3.py) each row of tiles ends its line. */
static bool add_marker(const struct image_encoder *e, const struct image_tiles *t, size_t i, struct media_rows *to, struct error *err)
{
    bool alone = image_n_tiles(t) == 1, whole = i + 1 == image_n_tiles(t);
    char text[96];

    if (e->family->layout == LAYOUT_SHAPED)
        snprintf(text, sizeof text, "%s", i == 0 ? e->family->begin : "");
    else if (whole)
        snprintf(text, sizeof text, "%s%s", alone ? "" : "\n\n", e->family->begin);
    else
        snprintf(text, sizeof text, "%s<fake_token_around_image><row_%zu_col_%zu>", i > 0 && i % t->n_columns == 0 ? "\n" : "",
                 i / t->n_columns + 1, i % t->n_columns + 1);
    return *text == '\0' || media_rows_add_marker(to, text, err);
}

static bool encode(const struct image_encoder *e, const struct compute *c, struct arena *scratch, const struct image *image, size_t n_most,
                   image_encoder_progress *progress, void *user, struct media_rows *to, struct error *err)
{
    struct image_tiles t;
    struct image_canvas canvas;

    if (!image_tiles_of(e, image->width, image->height, n_most, &t, err))
        return false;
    float *patches = arena_alloc(scratch, image_n_patches(e, &t) * 3 * e->patch * e->patch, sizeof *patches, err);
    if (patches == NULL || !image_canvas_make(e, c, &t, scratch, image, &canvas, err))
        return false;
    for (size_t i = 0; i < image_n_tiles(&t); i++) {
        if (progress != NULL)
            progress(user, i, image_n_tiles(&t));
        float *rows = add_marker(e, &t, i, to, err) ? media_rows_add(to, image_tile_rows(e, &t), err) : NULL;
        if (rows == NULL)
            return false;
        struct media_piece *piece = media_rows_last(to);
        piece->both_ways = e->family->both_ways;
        piece->width = e->family->layout == LAYOUT_FREE ? t.tile_width / e->patch / e->merge : 0;
        piece->height = e->family->layout == LAYOUT_FREE ? t.tile_height / e->patch / e->merge : 0;
        image_patches(e, &t, &canvas, i, patches);
        if (!image_encode_patches(e, c, scratch, &t, patches, rows, err))
            return false;
    }
    return media_rows_add_marker(to, e->family->end, err);
}

struct media_rows *image_encoder_encode(const struct image_encoder *e, const struct compute *c, const struct image *image, size_t n_most,
                                        image_encoder_progress *progress, void *user, struct error *err)
{
    struct arena *scratch = arena_new("image encoder", SCRATCH_BYTES, err);
    struct media_rows *rows = scratch != NULL ? media_rows_new(e->n_embd, err) : NULL;

    if (rows != NULL && !encode(e, c, scratch, image, n_most, progress, user, rows, err)) {
        media_rows_free(rows);
        rows = NULL;
    }
    arena_free(scratch);
    return rows;
}
