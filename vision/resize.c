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

enum { WEIGHT_BITS = 22 };          /* 32 - 8 - 2: room for a sum over 1 and its sign */

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

struct taps {
    size_t n_most;                  /* weights an output has room for */
    size_t *first, *count;          /* [n_out] inputs it weighs */
    int32_t *weight;                /* [n_out][n_most] */
    void *memory;
};

static bool taps_init(struct taps *t, double (*kernel)(double), double support, size_t n_in, size_t n_out)
{
    const double scale = (double)n_in / (double)n_out;
    const double wide = scale > 1.0 ? scale : 1.0;
    const double reach = support * wide;

    t->n_most = (size_t)ceil(reach) * 2 + 1;
    const size_t per_output = 2 * sizeof(size_t) + t->n_most * sizeof(int32_t);
    t->memory = malloc(n_out * per_output + t->n_most * sizeof(double));
    if (t->memory == NULL)
        return false;
    double *exact = t->memory;
    t->first = (size_t *)(exact + t->n_most);
    t->count = t->first + n_out;
    t->weight = (int32_t *)(t->count + n_out);
    for (size_t x = 0; x < n_out; x++) {
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
    return true;
}

static uint8_t clip8(int32_t sum)
{
    const int32_t v = sum >> WEIGHT_BITS;

    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void pass_row(const struct taps *t, const uint8_t *in, size_t n_out, uint8_t *out)
{
    for (size_t x = 0; x < n_out; x++) {
        const uint8_t *p = in + 3 * t->first[x];
        const int32_t *w = t->weight + x * t->n_most;
        int32_t r = 1 << (WEIGHT_BITS - 1), g = r, b = r;
        for (size_t i = 0; i < t->count[x]; i++, p += 3) {
            r += p[0] * w[i];
            g += p[1] * w[i];
            b += p[2] * w[i];
        }
        out[3 * x] = clip8(r);
        out[3 * x + 1] = clip8(g);
        out[3 * x + 2] = clip8(b);
    }
}

/* One output row from n rows of row_bytes; sum: [row_bytes]. */
static void pass_columns(const uint8_t *rows, size_t n, const int32_t *weight, size_t row_bytes, int32_t *sum, uint8_t *out)
{
    for (size_t x = 0; x < row_bytes; x++)
        sum[x] = 1 << (WEIGHT_BITS - 1);
    for (size_t i = 0; i < n; i++)
        for (size_t x = 0; x < row_bytes; x++)
            sum[x] += rows[i * row_bytes + x] * weight[i];
    for (size_t x = 0; x < row_bytes; x++)
        out[x] = clip8(sum[x]);
}

static bool no_memory(size_t width, size_t height, struct error *err)
{
    return error_set(err, ERROR_INFERENCE, "no memory to resize a picture to %zu x %zu", width, height);
}

static bool resize_pillow(double (*kernel)(double), double support, struct resize_view from,
                          size_t width, size_t height, uint8_t *out, struct error *err)
{
    const size_t row_bytes = width * 3;
    struct taps across = { 0 }, down = { 0 };
    uint8_t *rows = malloc(from.height * row_bytes);
    int32_t *sum = malloc(row_bytes * sizeof *sum);
    const bool ok = rows != NULL && sum != NULL && taps_init(&across, kernel, support, from.width, width) &&
                    taps_init(&down, kernel, support, from.height, height);

    if (ok) {
        for (size_t y = 0; y < from.height; y++)
            pass_row(&across, from.rgb + y * from.row_bytes, width, rows + y * row_bytes);
        for (size_t y = 0; y < height; y++)
            pass_columns(rows + down.first[y] * row_bytes, down.count[y], down.weight + y * down.n_most,
                         row_bytes, sum, out + y * row_bytes);
    }
    free(rows);
    free(sum);
    free(across.memory);
    free(down.memory);
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

bool resize_rgb(enum resize_filter filter, struct resize_view from, size_t width, size_t height,
                uint8_t *out, struct error *err)
{
    switch (filter) {
    case RESIZE_BICUBIC:
        return resize_pillow(kernel_bicubic, 2.0, from, width, height, out, err);
    case RESIZE_BILINEAR:
        return resize_pillow(kernel_bilinear, 1.0, from, width, height, out, err);
    case RESIZE_AREA:
        return resize_pillow(kernel_box, 0.5, from, width, height, out, err);
    case RESIZE_LINEAR_PLAIN:
        break;
    }
    return resize_opencv(from, width, height, out, err);
}
