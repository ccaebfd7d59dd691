/* test_colours.c - the names of plain pictures are the names people give. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "vision/colours.h"

static struct image filled(size_t width, size_t height, const uint8_t rgb[3])
{
    struct image image = { .width = width, .height = height, .rgb = malloc(width * height * 3) };

    for (size_t i = 0; i < width * height; i++)
        memcpy(image.rgb + 3 * i, rgb, 3);
    return image;
}

/* Web colours (CSS Color Module 4) under the word a person would use. */
static void test_single(void **state)
{
    static const struct { uint8_t rgb[3]; const char *name; } cases[] = {
        { { 0, 0, 0 }, "black" },        { { 255, 255, 255 }, "white" },    { { 128, 128, 128 }, "grey" },
        { { 64, 64, 64 }, "dark grey" }, { { 192, 192, 192 }, "light grey" }, { { 255, 0, 0 }, "red" },
        { { 178, 34, 34 }, "red" },      { { 255, 165, 0 }, "orange" },     { { 255, 255, 0 }, "yellow" },
        { { 255, 215, 0 }, "yellow" },   { { 0, 128, 0 }, "green" },        { { 34, 139, 34 }, "green" },
        { { 0, 0, 255 }, "blue" },       { { 70, 130, 180 }, "blue" },      { { 135, 206, 235 }, "blue" },
        { { 128, 0, 128 }, "purple" },   { { 255, 192, 203 }, "pink" },     { { 139, 69, 19 }, "brown" },
        { { 245, 222, 179 }, "beige" },  { { 0, 100, 0 }, "green" },        { { 0, 0, 128 }, "blue" },
        { { 50, 205, 50 }, "green" },    { { 139, 0, 0 }, "red" },          { { 85, 107, 47 }, "green" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct image image = filled(40, 30, cases[i].rgb);
        const char *names[VISION_MAX_COLOURS];
        if (colours_of_image(&image, names) != 1 || strcmp(names[0], cases[i].name) != 0)
            fail_msg("%d %d %d is '%s', wanted '%s'", cases[i].rgb[0], cases[i].rgb[1], cases[i].rgb[2],
                     names[0], cases[i].name);
        assert_string_equal(colours_of_box(&image, (float[4]){ 0.2f, 0.2f, 0.8f, 0.8f }), cases[i].name);
        assert_non_null(colours_korean(cases[i].name));
        free(image.rgb);
    }
}

/* Left 60 % red, then 30 % blue, then 10 % green: two are said, largest first. */
static void test_shares(void **state)
{
    static const uint8_t colours[3][3] = { { 200, 30, 35 }, { 50, 100, 190 }, { 60, 130, 50 } };
    struct image image = filled(100, 100, colours[0]);
    const char *names[VISION_MAX_COLOURS];
    (void)state;

    for (size_t y = 0; y < 100; y++)
        for (size_t x = 60; x < 100; x++)
            memcpy(image.rgb + 3 * (y * 100 + x), colours[x < 90 ? 1 : 2], 3);
    assert_int_equal(colours_of_image(&image, names), 2);
    assert_string_equal(names[0], "red");
    assert_string_equal(names[1], "blue");
    assert_string_equal(colours_of_box(&image, (float[4]){ 0.65f, 0.1f, 0.85f, 0.9f }), "blue");
    assert_string_equal(colours_of_box(&image, (float[4]){ 0.4f, 0, 0.8f, 1 }), "");    /* half and half */
    for (size_t y = 0; y < 100; y++)
        for (size_t x = 75; x < 100; x++)
            memcpy(image.rgb + 3 * (y * 100 + x), colours[0], 3);
    assert_int_equal(colours_of_image(&image, names), 1);       /* 15 % of blue are too few */
    assert_string_equal(names[0], "red");
    free(image.rgb);
}

static void test_same_twice(void **state)
{
    struct image image = filled(64, 64, (uint8_t[3]){ 0, 0, 0 });
    const char *first[VISION_MAX_COLOURS] = { "", "" }, *again[VISION_MAX_COLOURS] = { "", "" };
    uint32_t seed = 7;
    (void)state;

    for (size_t i = 0; i < 64 * 64 * 3; i++)
        image.rgb[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
    const size_t n = colours_of_image(&image, first);
    assert_int_equal(colours_of_image(&image, again), n);
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(first[i], again[i]);
    free(image.rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single), cmocka_unit_test(test_shares), cmocka_unit_test(test_same_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
