/* What /play is given: spans, names, and the clip that is meant. */
#include "tests/told_engine.h"
#include "ui/play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_printed(void **state)
{
    struct buffer text = { 0 };
    (void)state;

    play_print(&(struct play_state){ .at_s = 5.9, .to_s = 11.2 }, &text);
    assert_string_equal(text.s, "playing 0:05 of 0:11");
    buffer_clear(&text);
    play_print(&(struct play_state){ .at_s = 3725, .paused = true }, &text);
    assert_string_equal(text.s, "paused at 1:02:05");
    buffer_free(&text);
}

/* Three attachments: talk.wav, cat.png, talk.wav. */
static void test_found(void **state)
{
    struct fake_engine fake;
    struct error err;
    double from_s, to_s;
    (void)state;

    fake_init(&fake);
    const struct attachment *all[] = { fake_attached(&fake, ATTACHMENT_AUDIO), fake_attached(&fake, ATTACHMENT_IMAGE), fake_attached(&fake, ATTACHMENT_AUDIO),
                                       fake_attached(&fake, ATTACHMENT_IMAGE) };
    assert_ptr_equal(play_find("", &fake.engine, all, 4, &from_s, &to_s, &err), all[2]);
    assert_true(from_s == 0 && to_s == 0);
    assert_ptr_equal(play_find("TALK", &fake.engine, all, 2, &from_s, &to_s, &err), all[0]);
    assert_ptr_equal(play_find("@1:20-2:05", &fake.engine, all, 4, &from_s, &to_s, &err), all[2]);
    assert_true(from_s == 80 && to_s == 125);
    assert_ptr_equal(play_find("talk.wav @3s- ", &fake.engine, all, 4, &from_s, &to_s, &err), all[2]);
    assert_true(from_s == 3 && to_s == 0);
    assert_ptr_equal(play_find("@1:02:03.5", &fake.engine, all, 4, &from_s, &to_s, &err), all[2]);
    assert_true(from_s == 3723.5 && to_s == 0);
    assert_null(play_find("@1:20-x", &fake.engine, all, 4, &from_s, &to_s, &err));
    assert_null(play_find("cat", &fake.engine, all, 4, &from_s, &to_s, &err));
    assert_string_equal(err.text, "no attached clip has \"cat\" in its name");
    assert_null(play_find("", &fake.engine, all, 0, &from_s, &to_s, &err));
    assert_string_equal(err.text, "no clip was attached yet");
    assert_null(play_find("talk @2:05-1:20", &fake.engine, all, 4, &from_s, &to_s, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "@2:05-1:20"));
    fake_done(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printed), cmocka_unit_test(test_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
