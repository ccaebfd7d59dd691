/* encoder_tiles.c - what a picture is resized to, and its patches, as the processors of the families have it. */
#include "vision/encoder_parts.h"

#include "vision/vision.h"

#include <math.h>
#include <string.h>

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t up_to_multiple(size_t x, size_t of)
{
    return (x + of - 1) / of * of;
}

/* ---- sizes ------------------------------------------------------------------------------------ */

/* The longer side to `longest`, the other even; then both up to multiples of a tile, the other after the
 * longer has grown (image_processing_pil_idefics3.py: resize, resize_for_vision_encoder). */
static void split(const struct image_encoder *e, size_t width, size_t height, size_t longest, struct image_tiles *t)
{
    size_t m = e->image_size;
    bool wide = width >= height;
    double ratio = (double)width / (double)height;
    size_t other = (size_t)(wide ? (double)longest / ratio : (double)longest * ratio);

    other = larger(other + other % 2, 1);
    t->first_width = wide ? longest : other;
    t->first_height = wide ? other : longest;
    ratio = (double)t->first_width / (double)t->first_height;
    if (t->first_width >= t->first_height) {
        t->width = up_to_multiple(t->first_width, m);
        t->height = up_to_multiple(larger((size_t)((double)t->width / ratio), 1), m);
    } else {
        t->height = up_to_multiple(t->first_height, m);
        t->width = up_to_multiple(larger((size_t)((double)t->height * ratio), 1), m);
    }
    t->n_columns = t->width / m;
    t->n_rows = t->height / m;
}

/* The grid whose shape is nearest to the picture's; of equally near ones a larger one, while the picture has more than half its
 * pixels (image_processing_pil_got_ocr2.py, get_optimal_tiled_canvas). */
static void shape(const struct image_encoder *e, size_t width, size_t height, size_t most_tiles, struct image_tiles *t)
{
    double ratio = (double)width / (double)height, pixels = (double)width * (double)height;
    double tile = (double)e->image_size * (double)e->image_size, least = INFINITY;

    for (size_t n = smaller(e->least_tiles, most_tiles); n <= most_tiles; n++)
        for (size_t columns = 1; columns <= n; columns++) {
            double off = fabs(ratio - (double)columns / (double)(n / columns));
            if (n % columns != 0 || off > least || (off == least && pixels <= 0.5 * tile * (double)n))
                continue;
            least = off;
            t->n_columns = columns;
            t->n_rows = n / columns;
        }
    t->first_width = t->width = t->n_columns * e->image_size;
    t->first_height = t->height = t->n_rows * e->image_size;
}

/* Multiples of a unit near the picture's own size, with LEAST, or 1 where fewer may be, to n_units of them (image_processing_qwen2_vl.py,
 * smart_resize; its most is 16 384, which few contexts hold). */
#define LEAST_UNITS 4
#define MOST_UNITS 1280
#define MOST_RATIO 200

static bool free_size(const struct image_encoder *e, size_t width, size_t height, double n_units, struct image_tiles *t, struct error *err)
{
    double unit = (double)(e->patch * e->merge), w = (double)width, h = (double)height;
    double least = (n_units < LEAST_UNITS ? 1 : LEAST_UNITS) * unit * unit, most = n_units * unit * unit;
    double to_w = nearbyint(w / unit) * unit, to_h = nearbyint(h / unit) * unit;

    if (w > MOST_RATIO * h || h > MOST_RATIO * w)
        return error_set(err, ERROR_INPUT, "a picture of %zu x %zu pixels is more than %d times as long as broad, which %s cannot encode; "
                         "cut a part out of it", width, height, MOST_RATIO, e->family->type);
    if (to_w * to_h > most) {
        double shrink = sqrt(w * h / most);
        to_w = fmax(unit, floor(w / shrink / unit) * unit);
        to_h = fmax(unit, floor(h / shrink / unit) * unit);
    } else if (to_w * to_h < least) {
        double grow = sqrt(least / (w * h));
        to_w = ceil(w * grow / unit) * unit;
        to_h = ceil(h * grow / unit) * unit;
    }
    if (to_w * to_h > most) {       /* one that is far longer than broad, or was rounded up: what is left of its longer side */
        to_w = fmax(unit, fmin(to_w, floor(most / to_h / unit) * unit));
        to_h = fmax(unit, fmin(to_h, floor(most / to_w / unit) * unit));
    }
    t->first_width = t->width = t->tile_width = (size_t)to_w;
    t->first_height = t->height = t->tile_height = (size_t)to_h;
    return true;
}

static bool fits(const struct image_encoder *e, const struct image_tiles *t, size_t n_most)
{
    return n_most == 0 || image_n_tiles(t) * image_tile_rows(e, t) <= n_most;
}

bool image_tiles_of(const struct image_encoder *e, size_t width, size_t height, size_t n_most, struct image_tiles *t, struct error *err)
{
    size_t m = e->image_size, longest = e->longest, most_tiles = e->most_tiles;

    if (width == 0 || height == 0)
        return error_set(err, ERROR_INPUT, "a picture of %zu x %zu pixels has nothing to encode", width, height);
    *t = (struct image_tiles){ m, m, m, m, m, m, 1, 1 };
    if (e->family->layout == LAYOUT_SPLIT)
        for (split(e, width, height, longest, t); longest > m && !fits(e, t, n_most); split(e, width, height, longest, t))
            longest = up_to_multiple(longest, m) - m;
    if (e->family->layout == LAYOUT_SHAPED)
        for (shape(e, width, height, most_tiles, t); most_tiles > 1 && !fits(e, t, n_most); shape(e, width, height, most_tiles, t))
            most_tiles--;
    if (e->family->layout == LAYOUT_PADDED)
        t->first_height = larger(width, height);
    if (e->family->layout != LAYOUT_FREE)
        return true;
    return free_size(e, width, height, MOST_UNITS, t, err) && (fits(e, t, n_most) || free_size(e, width, height, (double)n_most, t, err));
}

size_t image_n_tiles(const struct image_tiles *t)
{
    size_t n = t->n_columns * t->n_rows;

    return n > 1 ? n + 1 : 1;
}

size_t image_n_patches(const struct image_encoder *e, const struct image_tiles *t)
{
    return t->tile_width / e->patch * (t->tile_height / e->patch);
}

size_t image_n_positions(const struct image_encoder *e, const struct image_tiles *t)
{
    return image_n_patches(e, t) + (e->family->class_first ? 1 : 0);
}

size_t image_tile_rows(const struct image_encoder *e, const struct image_tiles *t)
{
    return image_n_patches(e, t) / (e->merge * e->merge);
}

/* Units of a tile, and a window's side: without windows, all of it. */
struct units {
    size_t n_columns, n_rows, window;
};

static struct units units_of(const struct image_encoder *e, const struct image_tiles *t)
{
    struct units u = { t->tile_width / e->patch / e->merge, t->tile_height / e->patch / e->merge, e->window };

    if (u.window == 0)
        u.window = larger(u.n_columns, u.n_rows);
    return u;
}

/* Row and column of unit i: windows row by row, in each its units row by row. */
static void unit_place(struct units u, size_t i, size_t *row, size_t *column)
{
    size_t window_row = i / (u.window * u.n_columns), height = smaller(u.window, u.n_rows - window_row * u.window);
    size_t in_row = i - window_row * u.window * u.n_columns, window_column = in_row / (height * u.window);
    size_t width = smaller(u.window, u.n_columns - window_column * u.window), within = in_row - window_column * height * u.window;

    *row = window_row * u.window + within / width;
    *column = window_column * u.window + within % width;
}

size_t image_n_windows(const struct image_encoder *e, const struct image_tiles *t)
{
    struct units u = units_of(e, t);

    return (u.n_columns + u.window - 1) / u.window * ((u.n_rows + u.window - 1) / u.window);
}

size_t image_window_end(const struct image_encoder *e, const struct image_tiles *t, size_t i)
{
    struct units u = units_of(e, t);
    size_t n = (u.n_columns + u.window - 1) / u.window, row = i / n, column = i % n;
    size_t height = smaller(u.window, u.n_rows - row * u.window), width = smaller(u.n_columns, (column + 1) * u.window);

    return (row * u.window * u.n_columns + height * width) * e->merge * e->merge;
}

void image_patch_place(const struct image_encoder *e, const struct image_tiles *t, size_t i, size_t *row, size_t *column)
{
    size_t n = t->tile_width / e->patch, s = e->merge, within = i % (s * s);

    if (e->family->layout == LAYOUT_FREE) {
        unit_place(units_of(e, t), i / (s * s), row, column);
        *row = *row * s + within / s;
        *column = *column * s + within % s;
    } else {
        *row = i / n;
        *column = i % n;
    }
}

/* ---- pixels ------------------------------------------------------------------------------------ */

static const uint8_t *resized(const struct image_encoder *e, const struct compute *c, struct arena *arena, struct resize_view *view,
                              size_t width, size_t height, struct error *err)
{
    uint8_t *to = arena_alloc(arena, width * height, 3, err);

    if (to == NULL || !resize_rgb(c, e->family->filter, *view, width, height, to, err))
        return NULL;
    *view = (struct resize_view){ to, width, height, 3 * width };
    return to;
}

static void fill(const struct image_encoder *e, uint8_t *to, size_t n)
{
    for (size_t i = 0; i < 3 * n; i++)
        to[i] = (uint8_t)fminf(fmaxf(e->mean[i % 3] * 255.0f, 0.0f), 255.0f);
}

/* In the middle of a square of the mean's colour, which is resized (Liu et al. 2023, arXiv:2310.03744: llava/mm_utils.py, expand2square).  The
 * square may be far larger than the picture: its rows are made BAND at a time and narrowed, those without picture are the colour alone. */
static const uint8_t *padded(const struct image_encoder *e, const struct compute *c, const struct image_tiles *t, struct arena *arena,
                             struct resize_view view, struct error *err)
{
    enum { BAND = 64 };
    size_t side = t->first_height, m = t->width, left = (side - view.width) / 2, top = (side - view.height) / 2, n;
    uint8_t *to = arena_alloc(arena, m * m, 3, err), *narrow = to != NULL ? arena_alloc(arena, side * m, 3, err) : NULL;
    uint8_t *band = narrow != NULL ? arena_alloc(arena, BAND * side, 3, err) : NULL;

    if (band == NULL)
        return NULL;
    fill(e, narrow, side * m);
    fill(e, band, BAND * side);
    for (size_t y = 0; y < view.height; y += n) {
        n = smaller(BAND, view.height - y);
        for (size_t i = 0; i < n; i++)
            memcpy(band + 3 * (i * side + left), view.rgb + (y + i) * view.row_bytes, 3 * view.width);
        if (!resize_rgb(c, e->family->filter, (struct resize_view){ band, side, n, 3 * side }, m, n, narrow + 3 * m * (top + y), err))
            return NULL;
    }
    return resize_rgb(c, e->family->filter, (struct resize_view){ narrow, m, side, 3 * m }, m, m, to, err) ? to : NULL;
}

bool image_canvas_make(const struct image_encoder *e, const struct compute *c, const struct image_tiles *t, struct arena *arena,
                       const struct image *image, struct image_canvas *canvas, struct error *err)
{
    struct resize_view view = resize_view_of(image), whole = view;

    if (e->family->layout == LAYOUT_PADDED) {
        canvas->canvas = canvas->whole = padded(e, c, t, arena, view, err);
        return canvas->whole != NULL;
    }
    const uint8_t *first = resized(e, c, arena, &view, t->first_width, t->first_height, err);
    bool again = t->first_width != t->width || t->first_height != t->height;

    canvas->canvas = first == NULL || !again ? first : resized(e, c, arena, &view, t->width, t->height, err);
    canvas->whole = canvas->canvas == NULL || image_n_tiles(t) == 1 ? canvas->canvas
                  : resized(e, c, arena, e->family->layout == LAYOUT_SHAPED ? &whole : &view, e->image_size, e->image_size, err);
    return canvas->whole != NULL;
}

static void add_patch(const struct image_encoder *e, const uint8_t *pixels, size_t row_bytes, float *to)
{
    for (size_t channel = 0; channel < 3; channel++)
        for (size_t y = 0; y < e->patch; y++)
            for (size_t x = 0; x < e->patch; x++)
                *to++ = ((float)pixels[y * row_bytes + 3 * x + channel] / 255.0f - e->mean[channel]) / e->std[channel];
}

void image_patches(const struct image_encoder *e, const struct image_tiles *t, const struct image_canvas *canvas, size_t i, float *patches)
{
    bool whole = i + 1 == image_n_tiles(t);
    size_t row_bytes = 3 * (whole ? t->tile_width : t->width), row, column;
    const uint8_t *tile = whole ? canvas->whole : canvas->canvas + i / t->n_columns * t->tile_height * row_bytes + i % t->n_columns * t->tile_width * 3;

    for (size_t k = 0; k < image_n_patches(e, t); k++, patches += 3 * e->patch * e->patch) {
        image_patch_place(e, t, k, &row, &column);
        add_patch(e, tile + row * e->patch * row_bytes + 3 * column * e->patch, row_bytes, patches);
    }
}
