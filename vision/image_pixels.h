/* image_pixels.h - decoding proper: compressed bytes to upright pixels over white.
 *
 * Meant for the child process that image.c makes; the fuzzer calls it directly. */
#ifndef VISION_IMAGE_PIXELS_H
#define VISION_IMAGE_PIXELS_H

#include "vision/image_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_pixels {
    bool ok;
    bool had_alpha;                 /* some pixel is not opaque */
    int orientation;                /* EXIF 1-8 */
    char why[80];                   /* not ok: the decoder's reason */
};

/* rgb: room for file->width * file->height pixels; [height][width][3] after
 * orientation (width and height change places for 5-8). */
void image_pixels_decode(const unsigned char *data, size_t n_bytes, const struct image_file *file,
                         struct image_pixels *result, uint8_t *rgb);

#endif
