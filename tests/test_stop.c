/* Stop texts: what may be shown of an answer, for every way to cut it into pieces. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/utf8.h"
#include "fusion/stop.h"

static void check(const char *text, const char *const *stops, size_t n_stops, const char *wanted)
{
    const struct stop_texts list = { stops, n_stops };
    size_t n = strlen(text);

    for (size_t piece = 1; piece <= n; piece++) {
        char shown[200];
        size_t from = 0, n_shown = 0;
        bool ended = false;
        for (size_t to = piece; !ended; to += piece) {      /* text[from..to) is held */
            size_t n_safe, end = to < n ? to : n;
            ended = stop_find(&list, text + from, end - from, &n_safe);
            n_safe = ended ? n_safe : utf8_complete(text + from, n_safe);
            if (to >= n && !ended) {                        /* the answer ended by itself */
                n_safe = end - from;
                ended = true;
            }
            memcpy(shown + n_shown, text + from, n_safe);
            n_shown += n_safe;
            from += n_safe;
            if (!utf8_valid(shown, n_shown) || strncmp(shown, wanted, n_shown) != 0)
                fail_msg("'%.*s' shown of '%s', wanted '%s' (pieces of %zu)", (int)n_shown, shown, text, wanted, piece);
        }
        if (n_shown != strlen(wanted))
            fail_msg("'%.*s' of '%s', wanted '%s' (pieces of %zu)", (int)n_shown, shown, text, wanted, piece);
    }
}

static void test_every_cut(void **state)
{
    const char *const one[] = { "END" }, *const two[] = { "\n\n", "###" }, *const inner[] = { "bcd", "abcde", "c" };
    const char *const again[] = { "aab" }, *const korean[] = { "끝나" }, *const both[] = { "ab", "abc" };

    (void)state;
    check("one two END three", one, 1, "one two ");
    check("one EN two END", one, 1, "one EN two ");
    check("one EN", one, 1, "one EN");                      /* held back, but no stop text */
    check("ENEND", one, 1, "EN");
    check("END", one, 1, "");
    check("a\nb\n\nc###", two, 2, "a\nb");
    check("a#b##c###", two, 2, "a#b##c");
    check("aaab", again, 1, "a");
    check("aaaa", again, 1, "aaaa");
    check("이제 끝났다 끝나", korean, 1, "이제 끝났다 ");
    check("이제 끝", korean, 1, "이제 끝");
    check("xabc", both, 2, "x");
    check("nothing stops", NULL, 0, "nothing stops");
    check("xxab", inner, 3, "xxab");
}

/* Of two that overlap the one that begins first counts, however the tokens fall. */
static void test_the_first_counts(void **state)
{
    const char *const stops[] = { "bc", "abcd" };
    const struct stop_texts list = { stops, 2 };
    size_t n_safe;

    (void)state;
    assert_true(stop_find(&list, "xabcd", 5, &n_safe));
    assert_int_equal(n_safe, 1);
    assert_true(stop_find(&list, "xabce", 5, &n_safe));
    assert_int_equal(n_safe, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_cut), cmocka_unit_test(test_the_first_counts) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
