/* resize.c - Pillow's two passes and OpenCV's four neighbours, in their integers.
 *
 * Pillow (src/libImaging/Resample.c, 8 bits a channel): an output pixel weighs the
 * inputs under a kernel that is as wide as the scale,
 *     out[x] = clip((2^21 + sum_i in[first(x) + i] k(x, i)) >> 22),
 * rows first, then columns of the rounded rows (so up to Pillow 12; 13 sometimes
 * takes the columns first).  k is normalised to sum 1 and rounded to 22 bits.
 *
 * OpenCV (modules/imgproc/src/resize.cpp, INTER_LINEAR, 8 bits): weights of 11
 * bits.  (It halves by another function, whose sums are the same.) */
#include "vision/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/compute.h"
#include "tensor/pool.h"
#include "vision/resize_weigh.h"
#include "vision/vision.h"

/* ---- parts of pictures --------------------------------------------------------- */

struct resize_view resize_view_of(const struct image *image)
{
    return (struct resize_view){ image->rgb, image->width, image->height, image->width * 3 };
}

static void clip_side(float low, float high, size_t n, size_t *first, size_t *count)
{
    const float last = (float)(n - 1);
    const float from = floorf(low * (float)n), to = ceilf(high * (float)n);

    *first = from > 0 ? (size_t)(from < last ? from : last) : 0;
    const size_t end = to > 0 ? (size_t)(to < last + 1 ? to : last + 1) : 0;
    *count = end > *first ? end - *first : 1;
}

struct resize_view resize_view_of_box(const struct image *image, const float box[4])
{
    size_t x, y;
    struct resize_view view = resize_view_of(image);

    clip_side(box[0], box[2], image->width, &x, &view.width);
    clip_side(box[1], box[3], image->height, &y, &view.height);
    view.rgb += y * view.row_bytes + 3 * x;
    return view;
}

/* ---- Pillow --------------------------------------------------------------------- */

static double kernel_box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }
static double kernel_bilinear(double x) { return fabs(x) < 1.0 ? 1.0 - fabs(x) : 0.0; }

static double kernel_bicubic(double x)      /* Keys 1981, a = -0.5 */
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
}

static double sinc(double x)
{
    const double pi = 3.14159265358979323846;

    return x == 0.0 ? 1.0 : sin(pi * x) / (pi * x);
}

static double kernel_lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

static bool taps_room(struct resize_taps *t, size_t n_out, size_t n_weights, bool across)
{
    const size_t n_halves = across ? weigh_halves() : 0;

    t->n_out = n_out;
    t->n_most = (n_weights + WEIGH_GROUP - 1) / WEIGH_GROUP * WEIGH_GROUP;
    t->memory = calloc(n_out, 2 * sizeof(size_t) + t->n_most * (sizeof(int32_t) + n_halves * sizeof(int16_t)));
    if (t->memory == NULL)
        return false;
    t->first = t->memory;
    t->count = t->first + n_out;
    t->weight = (int32_t *)(t->count + n_out);
    t->halves = (int16_t *)(t->weight + n_out * t->n_most);
    return true;
}

static bool taps_init(struct resize_taps *t, double (*kernel)(double), double support, size_t n_in, size_t n_out, bool across)
{
    const double scale = (double)n_in / (double)n_out;
    const double wide = scale > 1.0 ? scale : 1.0;
    const double reach = support * wide;
    const size_t n_weights = (size_t)ceil(reach) * 2 + 1;
    double *exact = malloc(n_weights * sizeof *exact);
    const bool ok = exact != NULL && taps_room(t, n_out, n_weights, across);

    for (size_t x = 0; ok && x < n_out; x++) {
        const double centre = ((double)x + 0.5) * scale;
        const double low = trunc(centre - reach + 0.5), high = trunc(centre + reach + 0.5);
        const size_t first = low > 0 ? (size_t)low : 0;
        const size_t end = high < (double)n_in ? (size_t)high : n_in;
        double sum = 0.0;
        for (size_t i = 0; i < end - first; i++)
            sum += exact[i] = kernel(((double)(i + first) - centre + 0.5) / wide);
        for (size_t i = 0; i < end - first; i++) {
            const double w = exact[i] / sum * (1 << WEIGHT_BITS);
            t->weight[x * t->n_most + i] = (int32_t)(w < 0 ? w - 0.5 : w + 0.5);
        }
        t->first[x] = first;
        t->count[x] = end - first;
    }
    free(exact);
    if (ok && across)
        weigh_prepare(t);
    return ok;
}

static bool no_memory(size_t width, size_t height, struct error *err)
{
    return error_set(err, ERROR_INFERENCE, "no memory to resize a picture to %zu x %zu", width, height);
}

struct passes {
    struct resize_taps across, down;
    struct resize_view from;
    uint8_t *rows, *out;            /* [from.height][row_bytes], [down.n_out][n_out_bytes] */
    uint8_t *copy;                  /* of a row at the picture's end */
    size_t row_bytes, n_out_bytes;
};

static void rows_across(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct passes *p = user;

    (void)i_thread;
    for (size_t y = first; y < last; y++)
        weigh_row(&p->across, p->from.rgb + y * p->from.row_bytes, p->rows + y * p->row_bytes);
}

static void rows_down(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct passes *p = user;

    (void)i_thread;
    for (size_t y = first; y < last; y++)
        weigh_columns(p->rows + p->down.first[y] * p->row_bytes, p->down.count[y], p->row_bytes,
                      p->down.weight + y * p->down.n_most, p->out + y * p->n_out_bytes, p->n_out_bytes);
}

static void spread(const struct compute *c, size_t n, pool_work *work, struct passes *p)
{
    enum { CHUNK = 16 };

    if (c != NULL && n > 0)
        pool_run(c->pool, n, CHUNK, work, p);
    else
        work(p, 0, n, 0);
}

/* The last rows have too few bytes after them: they are copied to where there are enough. */
static void run_passes(const struct compute *c, struct passes *p)
{
    const size_t n_last = (WEIGH_BEYOND + p->from.row_bytes - 1) / p->from.row_bytes;
    const size_t n = p->from.height > n_last ? p->from.height - n_last : 0;

    spread(c, n, rows_across, p);
    for (size_t y = n; y < p->from.height; y++) {
        memcpy(p->copy, p->from.rgb + y * p->from.row_bytes, 3 * p->from.width);
        weigh_row(&p->across, p->copy, p->rows + y * p->row_bytes);
    }
    spread(c, p->down.n_out, rows_down, p);
}

static bool resize_pillow(const struct compute *c, double (*kernel)(double), double support, struct resize_view from,
                          size_t width, size_t height, uint8_t *out, struct error *err)
{
    struct passes p = { .from = from, .out = out, .n_out_bytes = width * 3 };

    p.row_bytes = (p.n_out_bytes + WEIGH_COLUMNS - 1) / WEIGH_COLUMNS * WEIGH_COLUMNS;
    p.rows = malloc(from.height * p.row_bytes);
    p.copy = calloc(1, 3 * from.width + WEIGH_BEYOND);
    const bool ok = p.rows != NULL && p.copy != NULL && taps_init(&p.across, kernel, support, from.width, width, true) &&
                    taps_init(&p.down, kernel, support, from.height, height, false);
    if (ok)
        run_passes(c, &p);
    free(p.rows);
    free(p.copy);
    free(p.across.memory);
    free(p.down.memory);
    return ok ? true : no_memory(width, height, err);
}

/* ---- OpenCV ---------------------------------------------------------------------- */

enum { LINEAR_BITS = 11, LINEAR_ONE = 1 << LINEAR_BITS };

struct neighbours {
    size_t low, high;               /* indices of both inputs */
    int32_t w_low, w_high;
};

/* Across, a centre outside the first or last input takes that one alone; down,
 * OpenCV keeps both weights and clamps the rows. */
static void neighbours_init(struct neighbours *out, size_t n_in, size_t n_out, bool across)
{
    const double scale = 1.0 / ((double)n_out / (double)n_in);

    for (size_t i = 0; i < n_out; i++) {
        float at = (float)(((double)i + 0.5) * scale - 0.5);
        ptrdiff_t low = (ptrdiff_t)floorf(at);
        const ptrdiff_t last = (ptrdiff_t)n_in - 1;
        at -= (float)low;
        if (across && (low < 0 || low >= last)) {
            at = 0.0f;
            low = low < 0 ? 0 : last;
        }
        out[i].low = (size_t)(low < 0 ? 0 : low > last ? last : low);
        out[i].high = (size_t)(low + 1 > last ? last : low + 1);
        out[i].w_low = (int32_t)lrintf((1.0f - at) * LINEAR_ONE);
        out[i].w_high = (int32_t)lrintf(at * LINEAR_ONE);
    }
}

static void linear_row(const struct neighbours *across, const uint8_t *in, size_t n_out, int32_t *out)
{
    for (size_t x = 0; x < n_out; x++)
        for (size_t i = 0; i < 3; i++)
            out[3 * x + i] = in[3 * across[x].low + i] * across[x].w_low + in[3 * across[x].high + i] * across[x].w_high;
}

static bool resize_opencv(struct resize_view from, size_t width, size_t height, uint8_t *out, struct error *err)
{
    struct neighbours *across = malloc((width + height) * sizeof *across), *down = across + width;
    int32_t *upper = malloc(6 * width * sizeof *upper), *lower = upper + 3 * width;
    const bool ok = across != NULL && upper != NULL;

    if (ok) {
        neighbours_init(across, from.width, width, true);
        neighbours_init(down, from.height, height, false);
        for (size_t y = 0; y < height; y++) {
            linear_row(across, from.rgb + down[y].low * from.row_bytes, width, upper);
            linear_row(across, from.rgb + down[y].high * from.row_bytes, width, lower);
            for (size_t x = 0; x < 3 * width; x++)
                out[y * 3 * width + x] = (uint8_t)((((down[y].w_low * (upper[x] >> 4)) >> 16) +
                                                    ((down[y].w_high * (lower[x] >> 4)) >> 16) + 2) >> 2);
        }
    }
    free(across);
    free(upper);
    return ok ? true : no_memory(width, height, err);
}

bool resize_rgb(const struct compute *c, enum resize_filter filter, struct resize_view from, size_t width, size_t height,
                uint8_t *out, struct error *err)
{
    switch (filter) {
    case RESIZE_BICUBIC:
        return resize_pillow(c, kernel_bicubic, 2.0, from, width, height, out, err);
    case RESIZE_BILINEAR:
        return resize_pillow(c, kernel_bilinear, 1.0, from, width, height, out, err);
    case RESIZE_LANCZOS:
        return resize_pillow(c, kernel_lanczos, 3.0, from, width, height, out, err);
    case RESIZE_AREA:
        return resize_pillow(c, kernel_box, 0.5, from, width, height, out, err);
    case RESIZE_LINEAR_PLAIN:
        break;
    }
    return resize_opencv(from, width, height, out, err);
}
