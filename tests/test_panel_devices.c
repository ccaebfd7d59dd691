/* The list of microphones: what is marked, what is found, and what is remembered of a name. */
#include "panel_driver.h"

static const char names[] = "Built-in Audio: ALC257 Analog (hw:0,0)\nUSB Mic: Audio (hw:1,0)\nUSB Mic: Audio (hw:2,0)\nsysdefault\ndefault\n";

static void test_drawn(void **state)
{
    struct panel *p = panel_devices_new(names, "");
    (void)state;

    const char *screen = shown(p, 10, 56);
    assert_int_equal(row_of(screen, "›• the system's default"), 1);
    assert_int_equal(row_of(screen, "   Built-in Audio: ALC257 Analog (hw:0,0)        default"), 2);
    assert_int_equal(row_of(screen, "   sysdefault\n   default\n"), 5);
    p->free(p);
}

/* What is set is marked and under the cursor: the name itself before one that has it as a part. */
static void test_chosen(void **state)
{
    struct panel *p = panel_devices_new(names, "default");
    (void)state;

    assert_int_equal(row_of(shown(p, 10, 56), "›• default"), 6);
    p->free(p);
    p = panel_devices_new(names, "usb");
    assert_int_equal(row_of(shown(p, 10, 56), "›• USB Mic: Audio (hw:1,0)"), 3);
    p->free(p);
    p = panel_devices_new(names, "gone away");
    assert_int_equal(row_of(shown(p, 10, 56), "•"), -1);
    assert_int_equal(row_of(shown(p, 10, 56), "›  the system's default"), 1);
    p->free(p);
}

static void check_taken(const char *keys, const char *name)
{
    struct panel *p = panel_devices_new(names, "");

    shown(p, 10, 56);
    struct panel_outcome o = typed(p, keys);
    assert_int_equal(o.act, PANEL_MICROPHONE);
    assert_string_equal(o.text, name);
    p->free(p);
}

/* The card's number is not remembered, but where it alone tells two devices apart. */
static void test_taken(void **state)
{
    (void)state;
    check_taken(ENTER, "");
    check_taken(DOWN ENTER, "Built-in Audio: ALC257 Analog");
    check_taken(DOWN DOWN DOWN ENTER, "USB Mic: Audio (hw:2,0)");
    check_taken("sysd" ENTER, "sysdefault");
    check_taken("hw:1" ENTER, "USB Mic: Audio (hw:1,0)");
}

static void test_left(void **state)
{
    struct panel *p = panel_devices_new("one\n", "");
    (void)state;

    shown(p, 10, 56);
    assert_int_equal(typed(p, ESCAPE).act, PANEL_CLOSE);
    p->free(p);
}

static void test_inside_and_random(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 6; seed++) {
        struct panel *p = panel_devices_new(seed % 2 ? names : "a\x1B[2J name\n한국어 마이크\n", "usb");
        check_every_size(p);
        check_random(p, "usb default한hw", seed, 300);
        check_every_size(p);
        p->free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drawn), cmocka_unit_test(test_chosen), cmocka_unit_test(test_taken), cmocka_unit_test(test_left),
        cmocka_unit_test(test_inside_and_random),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    screen_free(&driven);
    return failed;
}
