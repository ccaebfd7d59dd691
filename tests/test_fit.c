/* Which turns are left out: the policy by numbers made up here, against the plain statement of
 * it, and no more counted than has to be. */
#include "fusion/fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

enum { N_MOST_TURNS = 5000 };

static struct {
    struct exchange turns[N_MOST_TURNS];
    size_t n_tokens[N_MOST_TURNS];
    size_t n, n_counted;
} made;

static bool count(void *user, size_t i, size_t *n_tokens, struct error *err)
{
    (void)user;
    (void)err;
    assert_false(made.turns[i].dropped);        /* nobody asks what is not told */
    made.n_counted++;
    *n_tokens = made.n_tokens[i];
    return true;
}

static void make(size_t n, size_t n_tokens)
{
    made.n = n;
    made.n_counted = 0;
    for (size_t i = 0; i < n; i++) {
        made.turns[i] = (struct exchange){ 0 };
        made.n_tokens[i] = n_tokens;
    }
}

static struct left_out left_out(size_t n_fixed, size_t n_most)
{
    struct left_out out = { 0 };

    assert_true(exchanges_left_out(made.turns, made.n, n_fixed, n_most, count, NULL, &out, NULL));
    return out;
}

/* Applies it; how many went. */
static size_t leave_out(size_t n_fixed, size_t n_most)
{
    struct left_out out = left_out(n_fixed, n_most);

    for (size_t i = 0; i < out.n; i++)
        made.turns[out.turns[i]].dropped = true;
    free(out.turns);
    return out.n;
}

static void test_oldest_first(void **state)
{
    (void)state;
    make(4, 100);
    made.turns[0].n_media = 1;
    assert_int_equal(leave_out(100, 500), 0);               /* just fits */
    assert_int_equal(leave_out(101, 500), 2);               /* down to 3/4: 301 */
    assert_false(made.turns[0].dropped);                    /* attachments stay longer */
    assert_true(made.turns[1].dropped && made.turns[2].dropped);
    assert_false(made.turns[3].dropped);
    assert_int_equal(leave_out(301, 500), 1);               /* 501: the plain turn is enough */
    assert_true(made.turns[3].dropped);
    assert_int_equal(leave_out(401, 500), 1);
    assert_true(made.turns[0].dropped);
    assert_int_equal(leave_out(600, 500), 0);               /* nothing left to drop */
}

/* Attachments go one by one, only as far as they must. */
static void test_attachments_last(void **state)
{
    (void)state;
    make(3, 100);
    made.turns[0].n_media = made.turns[2].n_media = 1;
    assert_int_equal(leave_out(300, 500), 1);               /* 600: the plain turn, and 500 fit */
    assert_true(made.turns[1].dropped);
    assert_int_equal(leave_out(301, 500), 1);
    assert_true(made.turns[0].dropped);
    assert_false(made.turns[2].dropped);
}

/* The policy as it is told: drop one after the other until it fits. */
static size_t drop_plainly(bool *gone, size_t n_fixed, size_t n_most)
{
    size_t total = n_fixed, n_gone = 0;

    for (size_t i = 0; i < made.n; i++)
        total += made.n_tokens[i];
    bool over = total > n_most;
    for (int with_media = 0; with_media < 2; with_media++)
        for (size_t i = 0; i < made.n && over; i++) {
            size_t enough = with_media ? n_most : n_most / 4 * 3;
            if ((made.turns[i].n_media > 0) != with_media || total <= enough)
                continue;
            gone[i] = true;
            total -= made.n_tokens[i];
            n_gone++;
        }
    return n_gone;
}

static void test_against_the_plain_statement(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        bool gone[32] = { false };
        make(1 + (random >> 8) % 31, 0);
        for (size_t i = 0; i < made.n; i++) {
            random = random * 1664525 + 1013904223;
            made.n_tokens[i] = 1 + (random >> 8) % 90;
            made.turns[i].n_media = (random >> 20) % 4 == 0;
        }
        size_t n_fixed = (random >> 9) % 300, n_gone = drop_plainly(gone, n_fixed, 500), k = 0;
        struct left_out out = left_out(n_fixed, 500);
        assert_int_equal(out.n, n_gone);
        for (size_t i = 0; i < made.n; i++)
            if (gone[i])
                assert_int_equal(out.turns[k++], i);
        free(out.turns);
    }
}

/* 5,000 turns, of which 70 fit: not many more are counted. */
static void test_few_are_counted(void **state)
{
    (void)state;
    make(N_MOST_TURNS, 100);
    struct left_out out = left_out(300, 7300);
    assert_int_equal(out.n, N_MOST_TURNS - 51);             /* 5475 - 300 hold 51 */
    assert_true(made.n_counted < 130);
    free(out.turns);
    for (size_t i = 0; i < N_MOST_TURNS; i++)
        made.turns[i].n_media = 1;
    made.n_counted = 0;
    out = left_out(300, 7300);
    assert_int_equal(out.n, N_MOST_TURNS - 70);
    assert_true(made.n_counted < 72);
    free(out.turns);
}

static void test_room(void **state)
{
    (void)state;
    assert_int_equal(room_most(&(struct prompt_room){ .n_ctx = 8192 }), 8192 - 512);
    assert_int_equal(room_most(&(struct prompt_room){ .n_ctx = 8192, .max_tokens = 100 }), 8192 - 100);
    assert_int_equal(room_most(&(struct prompt_room){ .n_ctx = 1024 }), 768);
}

/* A question and an answer have their room; in a small context a quarter each. */
static void test_room_rows(void **state)
{
    static const struct { size_t n_ctx, max_tokens, n; } cases[] = {
        { 8192, 0, 8192 - 512 - 256 }, { 8192, 3, 8192 - 3 - 256 }, { 1024, 0, 1024 - 256 - 256 }, { 1000, 0, 500 }, { 100, 3, 72 }, { 4, 0, 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(room_rows(&(struct prompt_room){ .n_ctx = cases[i].n_ctx, .max_tokens = cases[i].max_tokens }), cases[i].n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_rows),
        cmocka_unit_test(test_oldest_first), cmocka_unit_test(test_attachments_last),
        cmocka_unit_test(test_against_the_plain_statement), cmocka_unit_test(test_few_are_counted),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
