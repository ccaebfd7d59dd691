/* image_encoders.h - for tests: encoders of tests/golden/make_vision_pairs.py, the picture there, and its rows. */
#ifndef TESTS_IMAGE_ENCODERS_H
#define TESTS_IMAGE_ENCODERS_H

#include "tests/media_rows_checks.h"
#include "vision/encoder_parts.h"
#include "vision/vision.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { WIDTH = 150, HEIGHT = 90 };      /* of the picture in make_vision_pairs.py */

/* As make_resize.py has it. */
static inline struct image make_picture(size_t width, size_t height)
{
    struct image image = { .width = width, .height = height, .rgb = malloc(width * height * 3), .format = "PNG" };

    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            for (size_t c = 0; c < 3; c++)
                image.rgb[(y * width + x) * 3 + c] = (uint8_t)((x * x * 7 + y * 13 * (c + 1) + x * y * 3) ^ (x * 31 >> 2));
    return image;
}

static inline struct image_encoder *must_open_encoder(const char *name, const struct compute *c)
{
    struct error err = { 0 };
    char path[100];

    snprintf(path, sizeof path, "tests/golden/vision_%s.gguf", name);
    struct image_encoder *e = image_encoder_open(path, c, &err);
    if (e == NULL)
        fail_msg("%s", err.text);
    return e;
}

static inline struct media_rows *must_encode(const struct image_encoder *e, const struct compute *c, const struct image *image)
{
    struct error err = { 0 };
    struct media_rows *m = image_encoder_encode(e, c, image, 0, NULL, NULL, &err);

    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

#endif
