/* test_clip_span.c - the parts of a recording that a question names, and what only looks like one. */
#include "fusion/clip_span.h"
#include "fusion/session.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define END ((double)INFINITY)

static void test_places(void **state)
{
    static const struct { const char *question; size_t at, n; double from, to; } cases[] = {
        { "@1:20-2:05 what is meant?", 0, 10, 80, 125 },
        { "What is meant @1:20?", 14, 5, 80, 80 },
        { "(@0:07)", 1, 5, 7, 7 },
        { "Sum up @1:02:03-.", 7, 9, 3723, END },
        { "@80s-125s", 0, 9, 80, 125 },
        { "@80s\xE2\x80\x93" "2:05, please", 0, 11, 80, 125 },
        { "@1:20.5-1:21.25", 0, 15, 80.5, 81.25 },
        { "@1:20에서 뭐라고 해?", 0, 5, 80, 80 },
        { "@1:20-2:05부터", 0, 10, 80, 125 },
        { "@1:20.", 0, 5, 80, 80 },
        { "@1:20: what is it?", 0, 5, 80, 80 },
        { "@120:00", 0, 7, 7200, 7200 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct clip_spans s = clip_spans_of(cases[i].question);
        assert_int_equal(s.n, 1);
        assert_int_equal(s.span[0].at, cases[i].at);
        assert_int_equal(s.span[0].n, cases[i].n);
        assert_true(fabs(s.span[0].from - cases[i].from) < 1e-9);
        assert_true(s.span[0].to == cases[i].to || fabs(s.span[0].to - cases[i].to) < 1e-9);
        double from_s = -1, to_s = -1;
        assert_int_equal(question_span(cases[i].question, cases[i].at, NULL, NULL), cases[i].n);
        assert_int_equal(question_span(cases[i].question, cases[i].at, &from_s, &to_s), cases[i].n);
        assert_true(from_s == s.span[0].from && to_s == s.span[0].to);
    }
}

static void test_others(void **state)
{
    static const char *const questions[] = {
        "", "@", "@ 1:20", "@cat.png", "me@1:20", "me@1:20.org", "a.@1:20", "@1:20pm", "@1:20/x.wav", "@1:20.wav", "@80", "@80.5", "@1:5",
        "@1:234", "@1:72", "@1:20-x", "@1:2:3", "@1:20:30:40", "@1:20_", "@@1:20", "1:20-2:05", "@80sec", "@1:20-2:05-x", "@1:20@x", "@1234567s",
    };
    (void)state;

    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (clip_spans_of(questions[i]).n != 0)
            fail_msg("'%s' names no part", questions[i]);
}

static struct segment said[] = { { .start = 0, .end = 7 }, { .start = 7, .end = 15 }, { .start = 20.6, .end = 30 } };
static const struct transcript heard = { .segments = said, .n_segments = 3, .seconds = 31 };

static void expect_told(const char *question, const char *want)
{
    struct clip_spans s = clip_spans_of(question);
    char told[4] = "";

    clip_spans_fit(&s, &heard);
    for (size_t i = 0; i < heard.n_segments; i++)
        told[i] = clip_spans_have(&s, &said[i]) ? 'x' : '-';
    assert_string_equal(told, want);
}

static void test_told(void **state)
{
    (void)state;

    expect_told("What?", "xxx");
    expect_told("@0:05", "x--");
    expect_told("@0:07", "-x-");
    expect_told("@0:16", "-x-");                /* in silence: the nearest */
    expect_told("@0:19", "--x");
    expect_told("@0:31", "--x");
    expect_told("@0:20", "--x");                /* as its start is shown */
    expect_told("@0:05-0:08", "xx-");
    expect_told("@0:00-0:07", "x--");
    expect_told("@0:08-", "-xx");
    expect_told("@0:16-0:19", "---");           /* a part with nothing in it stays one */
    expect_told("@0:01 and @0:25", "x-x");
}

static void test_refused(void **state)
{
    struct error err = { 0 };
    struct clip_spans s = clip_spans_of("Is it @1:20-2:05?");
    (void)state;

    assert_true(clip_spans_check(&s, "Is it @1:20-2:05?", "talk.wav", 80, &err));
    assert_false(clip_spans_check(&s, "Is it @1:20-2:05?", "talk.wav", 58.2, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_string_equal(err.text, "@1:20-2:05 is behind the end of talk.wav, which is 0:59 long");
    s = clip_spans_of("@0:20-0:10");
    assert_false(clip_spans_check(&s, "@0:20-0:10", "talk.wav", 58, &err));
    assert_string_equal(err.text, "@0:20-0:10 ends before it begins");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places), cmocka_unit_test(test_others), cmocka_unit_test(test_told), cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
