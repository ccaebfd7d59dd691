/* test_progress.c - the line about a clip that is being listened to. */
#include "ui/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(struct progress_clip *c, double now_ms, double done, double total, const char *want)
{
    char line[100] = "";
    bool shown = progress_clip_line(c, now_ms, done, total, line, sizeof line);

    assert_int_equal(shown, *want != '\0');
    assert_string_equal(line, want);
}

static void test_clip(void **state)
{
    struct progress_clip c = { .name = "talk.mp3" };
    (void)state;

    check(&c, 1000, 0, 3490, "talk.mp3: 0:00 of 58:10");
    check(&c, 1100, 30, 3490, "");                                      /* too soon */
    check(&c, 2000, 60, 3490, "talk.mp3: 1:00 of 58:10");               /* too little is known */
    check(&c, 76000, 750, 3490, "talk.mp3: 12:30 of 58:10, 5 min left");
    check(&c, 150900, 3300, 3490, "talk.mp3: 55:00 of 58:10, 9 s left");
    check(&c, 151000, 3500, 3490, "talk.mp3: 58:10 of 58:10");          /* the end is told of at once */
}

/* What was done before the program began says nothing of its speed. */
static void test_resumed(void **state)
{
    struct progress_clip c = { .name = "x" };
    (void)state;

    check(&c, 5, 18000, 36000, "x: 5:00:00 of 10:00:00");
    check(&c, 10005, 18030, 36000, "x: 5:00:30 of 10:00:00, 1 h 40 min left");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_clip), cmocka_unit_test(test_resumed) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
