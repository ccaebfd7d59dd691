/* test_detector.c - boxes from anchors, overlap, suppression; by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vision/detector.h"

#define BOUND 1e-6                  /* a handful of roundings of values up to 1 */

static void assert_near(double got, double want, double bound)
{
    if (!(fabs(got - want) <= bound))
        fail_msg("%.9g, expected %.9g", got, want);
}

static void check_box(const float box[4], double left, double top, double right, double bottom)
{
    assert_near((double)box[0], left, BOUND);
    assert_near((double)box[1], top, BOUND);
    assert_near((double)box[2], right, BOUND);
    assert_near((double)box[3], bottom, BOUND);
}

static void test_decode(void **state)
{
    const float anchor[4] = { 0.5f, 0.25f, 0.2f, 0.4f };        /* y, x, height, width */
    float box[4];
    (void)state;

    detector_decode(anchor, (const float[4]){ 0, 0, 0, 0 }, box);
    check_box(box, 0.05, 0.4, 0.45, 0.6);
    /* One height down, half a width left; e^(5/5) times as high. */
    detector_decode(anchor, (const float[4]){ 10, -5, 5, 0 }, box);
    check_box(box, -0.15, 0.7 - 0.1 * exp(1.0), 0.25, 0.7 + 0.1 * exp(1.0));
}

static void test_overlap(void **state)
{
    const float a[4] = { 0.0f, 0.0f, 0.5f, 0.5f }, b[4] = { 0.25f, 0.25f, 0.75f, 0.75f }, apart[4] = { 0.5f, 0.0f, 1.0f, 0.5f };
    const float empty[4] = { 0.2f, 0.2f, 0.2f, 0.2f };
    (void)state;

    assert_near((double)detector_overlap(a, a), 1.0, BOUND);
    assert_near((double)detector_overlap(a, b), 0.0625 / 0.4375, BOUND);
    assert_near((double)detector_overlap(a, apart), 0.0, 0.0);
    assert_near((double)detector_overlap(empty, empty), 0.0, 0.0);
}

static void test_suppress(void **state)
{
    struct detection found[] = {
        { 18, 0.60f, { 0.10f, 0.10f, 0.50f, 0.50f } },  /* hidden by the 0.9 of its class */
        { 17, 0.70f, { 0.10f, 0.10f, 0.50f, 0.50f } },  /* another class: stays */
        { 18, 0.90f, { 0.11f, 0.11f, 0.51f, 0.51f } },
        { 18, 0.80f, { 0.60f, 0.60f, 0.90f, 0.90f } },  /* elsewhere: stays */
        { 18, 0.50f, { 0.10f, 0.10f, 0.50f, 0.90f } }   /* half overlaps: stays at 0.6, goes at 0.4 */
    };
    struct detection copy[5];
    (void)state;

    memcpy(copy, found, sizeof found);
    assert_int_equal(detector_suppress(found, 5, 0.6f), 4);
    assert_near((double)found[0].score, 0.9, BOUND);
    assert_near((double)found[1].score, 0.8, BOUND);
    assert_int_equal(found[2].id, 17);
    assert_near((double)found[3].score, 0.5, BOUND);
    assert_int_equal(detector_suppress(copy, 5, 0.4f), 3);
    assert_int_equal(detector_suppress(copy, 0, 0.4f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode), cmocka_unit_test(test_overlap), cmocka_unit_test(test_suppress)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
