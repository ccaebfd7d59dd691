/* test_tape.c - the stretch that is held is the sound's, wherever it is cut. */
#include "audio/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N = 300000 };
static float samples[N];

static void check(const struct tape *t, uint64_t from, uint64_t until)
{
    assert_true(t->first <= from || t->held.n == 0);
    for (uint64_t i = from; i < until && i < N; i++)
        if (*tape_at(t, i) != (float)i)
            fail_msg("sample %llu is %f", (unsigned long long)i, (double)*tape_at(t, i));
}

static void test_moves_on(void **state)
{
    static const uint64_t at[][2] = { { 0, 10 }, { 0, 50000 }, { 10, 50000 }, { 40000, 40001 }, { 123456, 200000 }, { 250000, N + 5 }, { N, N + 9 } };
    struct clip clip = { .samples = samples, .n_samples = N };
    struct tape t = { .sound = sound_of_clip(&clip, NULL) };
    (void)state;

    for (size_t i = 0; i < N; i++)
        samples[i] = (float)i;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        assert_true(tape_hold(&t, at[i][0], at[i][1], NULL));
        assert_true(tape_end(&t) >= (at[i][1] < N ? at[i][1] : N));
        assert_true(t.first == at[i][0]);
        check(&t, at[i][0], at[i][1]);
    }
    assert_true(t.ended && tape_end(&t) == N);
    assert_true(t.held.capacity < N);          /* what is passed over is not kept */
    sound_close(t.sound);
    tape_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_moves_on) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
