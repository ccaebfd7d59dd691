/* Guesses from what was said before: where from, how many, and that wrong ones cease. */
#include "text/lookup.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static size_t guess_fresh(const int32_t *ids, size_t n, size_t n_most, int32_t *guess)
{
    struct lookup l;

    lookup_init(&l);
    return lookup_guess(&l, ids, n, n_most, guess);
}

static void test_what_followed_is_guessed(void **state)
{
    const int32_t ids[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 50, 51, 1, 2, 3, 4 };
    const int32_t wanted[] = { 5, 6, 7, 8, 9, 10, 11 };
    int32_t guess[LOOKUP_MOST];

    (void)state;
    size_t n = guess_fresh(ids, COUNT(ids), LOOKUP_MOST, guess);
    assert_true(n >= 2);
    assert_memory_equal(guess, wanted, n * sizeof *guess);
}

static void test_the_longest_match_then_the_latest(void **state)
{
    const int32_t longest[] = { 1, 2, 3, 4, 60, 8, 3, 4, 61, 9, 3, 4, 62, 1, 2, 3, 4 };
    const int32_t latest[] = { 1, 2, 3, 4, 60, 8, 1, 2, 3, 4, 61, 9, 1, 2, 3, 4 };
    int32_t guess[LOOKUP_MOST];

    (void)state;
    assert_true(guess_fresh(longest, COUNT(longest), 1, guess) == 1 && guess[0] == 60);
    assert_true(guess_fresh(latest, COUNT(latest), 1, guess) == 1 && guess[0] == 61);
}

static void test_nothing_to_go_by(void **state)
{
    const int32_t unlike[] = { 1, 2, 3, 4, 5, 6 }, one[] = { 7, 8, 9, 7 };
    const int32_t rows[] = { -1, -1, -1, -1, -1, -1, -1, -1, -1 };
    int32_t guess[LOOKUP_MOST];

    (void)state;
    assert_int_equal(guess_fresh(unlike, 0, LOOKUP_MOST, guess), 0);
    assert_int_equal(guess_fresh(unlike, 1, LOOKUP_MOST, guess), 0);
    assert_int_equal(guess_fresh(unlike, COUNT(unlike), LOOKUP_MOST, guess), 0);
    assert_int_equal(guess_fresh(one, COUNT(one), LOOKUP_MOST, guess), 0);      /* a single token says little */
    assert_int_equal(guess_fresh(rows, COUNT(rows), LOOKUP_MOST, guess), 0);
}

/* A guess ends where an image or a clip stood, and is never longer than asked for. */
static void test_where_a_guess_ends(void **state)
{
    const int32_t row[] = { 1, 2, 3, 4, 5, -1, 7, 8, 1, 2, 3, 4 };
    int32_t guess[LOOKUP_MOST + 1] = { 0 };

    (void)state;
    assert_int_equal(guess_fresh(row, COUNT(row), LOOKUP_MOST, guess), 1);
    assert_int_equal(guess[0], 5);
    guess[1] = 99;
    assert_int_equal(guess_fresh(row, COUNT(row), 1, guess), 1);
    assert_int_equal(guess[1], 99);
    assert_int_equal(guess_fresh(row, COUNT(row), 0, guess), 0);
}

/* What repeats itself is guessed to go on doing so, past its own end. */
static void test_a_period(void **state)
{
    const int32_t ids[] = { 5, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3 };
    const int32_t wanted[] = { 1, 2, 3, 1, 2, 3, 1 };
    int32_t guess[LOOKUP_MOST];

    (void)state;
    size_t n = guess_fresh(ids, COUNT(ids), LOOKUP_MOST, guess);
    assert_true(n > 3);
    assert_memory_equal(guess, wanted, n * sizeof *guess);
}

/* Appends what an answer of the rule `next` says, one token at a time, skipping what was
 * guessed right, as the context does.  Steps taken; l has the counts. */
static size_t answer(struct lookup *l, int32_t *ids, size_t n, size_t n_end, int32_t (*next)(const int32_t *, size_t))
{
    int32_t guess[LOOKUP_MOST];
    size_t n_steps = 0;

    while (n < n_end) {
        size_t n_guess = lookup_guess(l, ids, n, LOOKUP_MOST, guess), i = 0;
        for (n_steps++; i < n_guess && n < n_end && next(ids, n) == guess[i]; i++, n++)
            ids[n] = guess[i];
        if (n < n_end)
            ids[n] = next(ids, n);
        n++;
    }
    return n_steps;
}

#define PROMPT 200

static int32_t quote(const int32_t *ids, size_t n)
{
    return ids[n - PROMPT];
}

/* Two known tokens, then one that never came. */
static int32_t mislead(const int32_t *ids, size_t n)
{
    return n % 3 == 2 ? (int32_t)(100000 + n) : ids[n % 3 == 0 ? 10 : 11];
}

static void prompt(int32_t *ids)
{
    for (size_t i = 0; i < PROMPT; i++)
        ids[i] = (int32_t)(1000 + i * 7 % 199);
}

static void test_quoting_takes_few_steps(void **state)
{
    int32_t ids[2 * PROMPT];
    struct lookup l;

    (void)state;
    prompt(ids);
    lookup_init(&l);
    ids[PROMPT] = ids[0];
    ids[PROMPT + 1] = ids[1];
    size_t n_steps = answer(&l, ids, PROMPT + 2, 2 * PROMPT, quote);
    assert_true(n_steps <= PROMPT / LOOKUP_MOST + 10);
    assert_true(l.n_guessed - l.n_right <= 2 * LOOKUP_MOST);
}

/* Guesses that are never right are soon made rarely: with a guess in every third step, each
 * costing a fraction of a step, 2 % is the most that is lost in the long run. */
static void test_wrong_guesses_cease(void **state)
{
    static int32_t ids[PROMPT + 3000];
    struct lookup l;

    (void)state;
    prompt(ids);
    lookup_init(&l);
    answer(&l, ids, PROMPT + 1, PROMPT + 300, mislead);
    assert_true(l.n_right == 0 && l.n_guessed > 0 && l.n_guessed <= 80);
    size_t before = l.n_guessed;
    answer(&l, ids, PROMPT + 300, PROMPT + 3000, mislead);
    assert_true(l.n_guessed - before <= 2700 / 10);
}

/* What was wrong for long is tried again, and trusted again. */
static void test_quoting_after_wrong_guesses(void **state)
{
    static int32_t ids[4 * PROMPT];
    struct lookup l;

    (void)state;
    prompt(ids);
    lookup_init(&l);
    answer(&l, ids, PROMPT + 1, 2 * PROMPT, mislead);
    memcpy(ids + 2 * PROMPT, ids, PROMPT * sizeof *ids);
    ids[3 * PROMPT] = ids[2 * PROMPT];
    ids[3 * PROMPT + 1] = ids[2 * PROMPT + 1];
    assert_true(answer(&l, ids, 3 * PROMPT + 2, 4 * PROMPT, quote) <= PROMPT / 2);
}

/* A token more that costs as much as a step is worth no guess but the surest; one that costs
 * little is worth long ones. */
static void test_the_cost_is_measured(void **state)
{
    const int32_t ids[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 50, 51, 1, 2, 3 };
    int32_t guess[LOOKUP_MOST];
    struct lookup l;

    (void)state;
    lookup_init(&l);
    lookup_timed(&l, 4, 1e9);                           /* a step alone is not known yet: says nothing */
    size_t n_unknown = lookup_guess(&l, ids, COUNT(ids), LOOKUP_MOST, guess);
    assert_true(n_unknown > 0);
    lookup_timed(&l, 1, 10.0);
    lookup_timed(&l, 5, 50.0);
    assert_int_equal(lookup_guess(&l, ids, COUNT(ids), LOOKUP_MOST, guess), 0);
    lookup_reset(&l);
    assert_int_equal(lookup_guess(&l, ids, COUNT(ids), LOOKUP_MOST, guess), 0);
    for (size_t i = 0; i < 50; i++)                     /* another program went away */
        lookup_timed(&l, 5, 12.0);
    assert_true(lookup_guess(&l, ids, COUNT(ids), LOOKUP_MOST, guess) > n_unknown);
    lookup_init(&l);
    lookup_timed(&l, 1, 500.0);                         /* weights came from disk: what follows is usual */
    lookup_timed(&l, 1, 10.0);
    lookup_timed(&l, 5, 50.0);
    assert_int_equal(lookup_guess(&l, ids, COUNT(ids), LOOKUP_MOST, guess), 0);
    lookup_timed(&l, 2, 0.0);                           /* clocks may stand still */
    lookup_timed(&l, 1, 0.0);
}

/* A step that another program held up says little: the surest guesses are made all the same,
 * after a wrong one too, in the end. */
static void test_a_step_held_up(void **state)
{
    int32_t ids[33], guess[LOOKUP_MOST];
    struct lookup l;
    size_t n = 0;

    (void)state;
    for (int32_t i = 0; i < 33; i++)
        ids[i] = i % 21;                                /* the last 12 have been there */
    lookup_init(&l);
    lookup_timed(&l, 1, 10.0);
    lookup_timed(&l, 8, 1000.0);
    assert_true(lookup_guess(&l, ids, 32, LOOKUP_MOST, guess) > 0);
    ids[32] = 77;
    assert_int_equal(lookup_guess(&l, ids, 33, LOOKUP_MOST, guess), 0);         /* learns that it was wrong */
    for (size_t i = 0; i < 300 && n == 0; i++)
        n = lookup_guess(&l, ids, 32, LOOKUP_MOST, guess);
    assert_true(n > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_followed_is_guessed),
        cmocka_unit_test(test_the_longest_match_then_the_latest),
        cmocka_unit_test(test_nothing_to_go_by),
        cmocka_unit_test(test_where_a_guess_ends),
        cmocka_unit_test(test_a_period),
        cmocka_unit_test(test_quoting_takes_few_steps),
        cmocka_unit_test(test_wrong_guesses_cease),
        cmocka_unit_test(test_quoting_after_wrong_guesses),
        cmocka_unit_test(test_the_cost_is_measured),
        cmocka_unit_test(test_a_step_held_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
