/* The key that is held to speak: what terminals send of it, with the times at which they do. */
#include "ui/hold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Held for so long: a press, a delay, then a repeat every 33 ms; the clock is left where it was released. */
static void hold(struct hold *h, bool *running, double *now, double delay_ms, double for_ms)
{
    double start = *now;

    for (double at = 0; at <= for_ms; at += at == 0 ? delay_ms : 33) {
        *now = start + at;
        enum hold_act act = hold_press(h, *running, *now);
        assert_int_equal(act, at == 0 && !*running ? HOLD_START : HOLD_NOTHING);
        *running = *running || act == HOLD_START;
    }
}

static void test_held(void **state)
{
    static const double delays[] = { 200, 500, 660, HOLD_MS };
    (void)state;

    for (int i = 0; i < 4; i++) {
        struct hold h = { 0 };
        bool running = false;
        double now = 5000;
        hold(&h, &running, &now, delays[i], 3000);
        assert_true(running && h.is_held);
        assert_false(hold_is_released(&h, now + HOLD_MS));
        assert_true(hold_is_released(&h, now + HOLD_MS + 1));
    }
}

static void test_pressed_twice(void **state)
{
    struct hold h = { 0 };
    (void)state;

    assert_int_equal(hold_press(&h, false, 0), HOLD_START);
    assert_false(hold_is_released(&h, 60000));
    assert_int_equal(hold_press(&h, true, 60000), HOLD_STOP);
    /* The second press was a long one: its repeats start nothing. */
    assert_int_equal(hold_press(&h, false, 60500), HOLD_NOTHING);
    assert_int_equal(hold_press(&h, false, 60533), HOLD_NOTHING);
    assert_int_equal(hold_press(&h, false, 62000), HOLD_START);
}

/* A microphone took two seconds to start; the repeats of meanwhile come at once, the release was long ago. */
static void test_slow_start(void **state)
{
    struct hold h = { 0 };
    (void)state;

    assert_int_equal(hold_press(&h, false, 0), HOLD_START);
    hold_started(&h, 2000);
    for (int i = 0; i < 20; i++)
        assert_int_equal(hold_press(&h, true, 2001), HOLD_NOTHING);
    assert_false(hold_is_released(&h, 2600));
    assert_true(hold_is_released(&h, 2800));
}

/* The program was stopped for a while; the repeats that waited are no second press. */
static void test_gap_while_held(void **state)
{
    struct hold h = { 0 };
    bool running = false;
    double now = 0;
    (void)state;

    hold(&h, &running, &now, 500, 1000);
    assert_int_equal(hold_press(&h, true, now + 5000), HOLD_NOTHING);
    assert_false(hold_is_released(&h, now + 5001));
}

/* Cancelled with Esc while the key is down; and a recording that a command began. */
static void test_cancelled_and_forgotten(void **state)
{
    struct hold h = { 0 };
    bool running = false;
    double now = 0;
    (void)state;

    hold(&h, &running, &now, 500, 1000);
    assert_int_equal(hold_press(&h, false, now + 33), HOLD_NOTHING);
    hold_forget(&h);
    assert_int_equal(hold_press(&h, true, now + 66), HOLD_STOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held), cmocka_unit_test(test_pressed_twice), cmocka_unit_test(test_slow_start),
        cmocka_unit_test(test_gap_while_held), cmocka_unit_test(test_cancelled_and_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
