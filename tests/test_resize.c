/* test_resize.c - resizing against Pillow and OpenCV, pixel for pixel
 * (golden/make_resize.py). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tensor/compute.h"
#include "vision/resize.h"
#include "vision/vision.h"

static struct image picture(size_t width, size_t height)
{
    struct image image = { .width = width, .height = height, .rgb = malloc(width * height * 3) };

    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            for (size_t c = 0; c < 3; c++)
                image.rgb[3 * (y * width + x) + c] =
                    (uint8_t)((x * x * 7 + y * 13 * (c + 1) + x * y * 3) ^ (x * 31 >> 2));
    return image;
}

static void check_case(const struct compute *c, const uint32_t head[9], const uint8_t *want)
{
    const size_t width = head[3], height = head[4];
    struct image image = picture(head[1], head[2]);
    struct resize_view view = resize_view_of(&image);
    uint8_t *got = malloc(width * height * 3);
    struct error err = { 0 };

    view.rgb += head[6] * view.row_bytes + 3 * head[5];
    view.width = head[7];
    view.height = head[8];
    assert_true(resize_rgb(c, (enum resize_filter)head[0], view, width, height, got, &err));
    for (size_t i = 0; i < width * height * 3; i++)
        if (got[i] != want[i])
            fail_msg("filter %u, %u x %u to %zu x %zu: byte %zu is %d, wanted %d",
                     head[0], head[7], head[8], width, height, i, got[i], want[i]);
    free(got);
    free(image.rgb);
}

static void test_golden(void **state)
{
    struct error err = { 0 };
    size_t n, n_cases = 0;
    unsigned char *data = file_read("tests/golden/resize.bin", 1 << 20, &n, &err);
    struct compute c;
    (void)state;

    assert_non_null(data);
    assert_true(compute_init(&c, 3, NULL, &err));
    for (size_t at = 0; at < n; n_cases++) {
        uint32_t head[9];
        memcpy(head, data + at, sizeof head);
        check_case(NULL, head, data + at + sizeof head);
        check_case(&c, head, data + at + sizeof head);
        at += sizeof head + (size_t)head[3] * head[4] * 3;
    }
    assert_int_equal(n_cases, 50);
    compute_done(&c);
    free(data);
}

static void test_boxes(void **state)
{
    struct image image = picture(100, 50);
    static const struct { float box[4]; size_t x, y, width, height; } cases[] = {
        { { 0, 0, 1, 1 }, 0, 0, 100, 50 },
        { { 0.25f, 0.5f, 0.75f, 1 }, 25, 25, 50, 25 },
        { { -3, -3, 7, 7 }, 0, 0, 100, 50 },            /* clipped */
        { { 0.301f, 0.301f, 0.399f, 0.399f }, 30, 15, 10, 5 },  /* outwards */
        { { 0.5f, 0.5f, 0.5f, 0.5f }, 50, 25, 1, 1 },   /* never empty */
        { { 2, 2, 3, 3 }, 99, 49, 1, 1 },
        { { 0.9f, 0.9f, 0.1f, 0.1f }, 90, 45, 1, 1 },   /* turned about */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct resize_view view = resize_view_of_box(&image, cases[i].box);
        assert_int_equal(view.width, cases[i].width);
        assert_int_equal(view.height, cases[i].height);
        assert_ptr_equal(view.rgb, image.rgb + 3 * (cases[i].y * 100 + cases[i].x));
    }
    free(image.rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_golden), cmocka_unit_test(test_boxes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
