/* resize.h - RGB pixels to another size.
 *
 *   [height][width][3] u8 -> [new height][new width][3] u8
 *
 * Networks are sensitive to how a picture was made small, so each filter is bit
 * for bit the one its network was measured with:
 *   RESIZE_BICUBIC, RESIZE_BILINEAR, RESIZE_LANCZOS
 *                                    Pillow's: antialiased, the kernel widened by
 *                                    the scale (Resample.c; a = -0.5; three lobes)
 *   RESIZE_AREA                      Pillow's BOX: the mean of the area covered
 *   RESIZE_LINEAR_PLAIN              OpenCV's INTER_LINEAR: four neighbours, not
 *                                    antialiased (imgproc/resize.cpp)
 * Any thread may call that c is for. */
#ifndef VISION_RESIZE_H
#define VISION_RESIZE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct compute;
struct image;

enum resize_filter { RESIZE_BICUBIC, RESIZE_BILINEAR, RESIZE_AREA, RESIZE_LINEAR_PLAIN, RESIZE_LANCZOS };

/* Part of a picture, borrowed: pixel (x, y) starts at rgb + y * row_bytes + 3 * x. */
struct resize_view {
    const uint8_t *rgb;
    size_t width, height, row_bytes;
};

struct resize_view resize_view_of(const struct image *image);

/* box: left, top, right, bottom in 0..1; clipped to the picture, rounded outwards
 * to whole pixels and at least one pixel large. */
struct resize_view resize_view_of_box(const struct image *image, const float box[4]);

/* out: [height][width][3].  c: whose threads help; may be NULL.  ERROR_INFERENCE when
 * there is no memory. */
bool resize_rgb(const struct compute *c, enum resize_filter filter, struct resize_view from, size_t width, size_t height,
                uint8_t *out, struct error *err);

#endif
