/* test_cite.c - places of a recording that answers name, and those that are added to them. */
#include "fusion/cite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define S(a, b, words) { .start = a, .end = b, .text = (char *)words }
static struct segment talk[] = { S(0, 7.4, "Yes."), S(7.4, 15, "I do not know who took the blue car."), S(15, 20, "Don't ask, sir!"),
                                 S(64.2, 70, "그는 내일 서울로 떠날 것이다") };
static struct segment call[] = { S(3, 9, "We meet at the station on Friday."), S(90, 99, "Goodbye then.") };
static struct transcript talked = { .segments = talk, .n_segments = 4, .seconds = 71 };
static struct transcript called = { .segments = call, .n_segments = 2, .seconds = 100 };
static const struct perception heard[] = { { .kind = ATTACHMENT_AUDIO, .transcript = &talked }, { .kind = ATTACHMENT_AUDIO, .transcript = &called } };
static const struct attachment clips[] = { { .seen = &heard[0] }, { .seen = &heard[1] } };
static const struct attachment *const both[] = { &clips[0], &clips[1] };

static void test_found(void **state)
{
    static const struct { const char *answer, *cited; size_t clip, segment; double from, to; } cases[] = {
        { "She does not know [0:07].", "[0:07]", 0, 1, 7.4, 15 },
        { "At 0:07 she does not know.", "0:07", 0, 1, 7.4, 15 },
        { "(0:15)", "(0:15)", 0, 2, 15, 20 },
        { "From [0:07-0:20] on.", "[0:07-0:20]", 0, 1, 7.4, 20 },
        { "Inside a line [0:10].", "[0:10]", 0, 1, 10, 15 },
        { "[0:03]", "[0:03]", 1, 0, 3, 9 },             /* exact in the second */
        { "[1:25]", "[1:25]", 1, 0, 85, 9 },            /* the first is not that long */
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct citation c[2];
        assert_int_equal(answer_citations(cases[i].answer, both, 2, c, 2), 1);
        assert_int_equal(c[0].n, strlen(cases[i].cited));
        assert_memory_equal(cases[i].answer + c[0].at, cases[i].cited, c[0].n);
        assert_ptr_equal(c[0].clip, both[cases[i].clip]);
        assert_int_equal(c[0].i_segment, cases[i].segment);
        assert_true(c[0].from == cases[i].from && (cases[i].to == 9 || c[0].to == cases[i].to));
    }
}

static void test_not_found(void **state)
{
    static const char *const answers[] = { "", "Nothing.", "It is 0:09 o'clock.", "10:07:15", "a0:07", "0:075", "[0:7]", "[0:67]", "[9:00]", "0:07pm",
                                           "[1]", "2:1 for us", "@0:07", "12345:07" };
    struct citation c[2];
    (void)state;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (answer_citations(answers[i], both, 2, c, 2) != 0)
            fail_msg("'%s' cites nothing", answers[i]);
    assert_int_equal(answer_citations("[0:07] [0:15] [0:00]", both, 2, c, 2), 2);
    assert_int_equal(answer_citations("[0:07]", both, 0, c, 2), 0);
}

static void expect_added(const char *question, const char *answer, const char *want)
{
    struct words b = { 0 };

    cite_add(&b, answer, question, both, 2);
    assert_string_equal(b.n > 0 ? b.text : "", want);
    words_done(&b);
}

static void test_added(void **state)
{
    (void)state;

    expect_added("?", "She says: \"I do not know WHO took it\".", " [0:07]");           /* six words in a row */
    expect_added("?", "He said 'don\xE2\x80\x99t ask, sir' and left.", " [0:15]");                   /* a whole line of three */
    expect_added("?", "I do not know who took the blue car. Don't ask, sir!", " [0:07] [0:15]");
    expect_added("?", "They meet at the station on Friday.", " [0:03]");                /* of the second clip */
    expect_added("?", "그는 내일 서울로 떠날 거라고 합니다.", "");                             /* four words of five */
    expect_added("?", "그는 내일 서울로 떠날 것이다.", " [1:04]");
    expect_added("?", "I do not know who took it [0:15].", "");                         /* cites already */
    expect_added("?", "At 0:00 she says: I do not know who took it.", "");
    expect_added("?", "[0:12] I do not know who took it.", " [0:07]");                  /* no time of a line */
    expect_added("?", "Yes.", "");                                                      /* one word is chance */
    expect_added("?", "I do not know.", "");                                            /* four words of nine */
    expect_added("?", "The car is blue.", "");
    expect_added("?", "", "");
    expect_added("@0:15-", "I do not know who took the car. Don't ask, sir!", " [0:15]"); /* what was not asked about is not cited */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_found), cmocka_unit_test(test_not_found), cmocka_unit_test(test_added) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
