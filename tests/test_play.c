/* What /play is given: spans, names, and the clip that is meant. */
#include "tests/told_engine.h"
#include "ui/play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct { const char *text; double from_s, to_s; } spans[] = {
    { "1:20-2:05", 80, 125 }, { "1:20", 80, 0 }, { "1:20-", 80, 0 }, { "80-95.5", 80, 95.5 }, { "0:00-0:11", 0, 11 },
    { "1:02:03-1:02:04.25", 3723, 3724.25 }, { "90:00", 5400, 0 }, { "0-0.5", 0, 0.5 },
};

static const char *const no_spans[] = {
    "", "-", "-5", "x", "1:", ":20", "1:60", "1:2:60", "1:2:3:4", "5-5", "5-4", "1:20-x", "1:20 ", "1:20-2:05x", "1e3", "1234567", "5--6", "+5",
};

static void test_spans(void **state)
{
    double from_s, to_s;
    (void)state;

    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
        if (!span_parse(spans[i].text, &from_s, &to_s) || from_s != spans[i].from_s || to_s != spans[i].to_s)
            fail_msg("%s is read as %f to %f", spans[i].text, from_s, to_s);
    for (size_t i = 0; i < sizeof no_spans / sizeof no_spans[0]; i++)
        if (span_parse(no_spans[i], &from_s, &to_s))
            fail_msg("\"%s\" is read as %f to %f", no_spans[i], from_s, to_s);
}

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
    assert_ptr_equal(play_find("talk.wav @3 ", &fake.engine, all, 4, &from_s, &to_s, &err), all[2]);
    assert_true(from_s == 3 && to_s == 0);
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
        cmocka_unit_test(test_spans), cmocka_unit_test(test_printed), cmocka_unit_test(test_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
