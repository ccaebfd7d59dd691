/* expect_words.h - what is told of a report, word by word. */
#ifndef TESTS_EXPECT_WORDS_H
#define TESTS_EXPECT_WORDS_H

#include "fusion/words.h"
#include "vision/vision.h"

#include <stdlib.h>

typedef void teller(struct words *b, const struct vision_report *r);

static void expect_words(teller *tell, const struct vision_report *r, const char *want)
{
    struct words b = { 0 };
    struct error err = { 0 };

    tell(&b, r);
    char *text = words_take(&b, &err);
    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
}

#endif
