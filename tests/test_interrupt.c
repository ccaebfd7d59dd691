/* test_interrupt.c - signals that are noted, whichever thread gets them. */
#include "ui/interrupt.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

static void *raise_one(void *number)
{
    raise(*(const int *)number);            /* in this thread */
    return NULL;
}

/* A thread with a mask of its own, as a library's: what this thread blocks does not matter. */
static void test_any_thread(void **state)
{
    pthread_t thread;
    (void)state;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        signal(numbers[i], SIG_DFL);                            /* whoever runs the tests may ignore it */
        interrupt_catch();
        assert_int_equal(interrupt_number(), 0);
        assert_int_equal(pthread_create(&thread, NULL, raise_one, (void *)&numbers[i]), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(interrupt_number(), numbers[i]);
        interrupt_restore();
        assert_int_equal(interrupt_number(), numbers[i]);       /* still known, for the status */
    }
}

static volatile sig_atomic_t n_own;

static void own(int number)
{
    (void)number;
    n_own++;
}

static void test_restored(void **state)
{
    struct sigaction action = { .sa_handler = own };
    (void)state;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_int_equal(sigaction(numbers[i], &action, NULL), 0);
    interrupt_catch();
    raise(SIGTERM);
    assert_int_equal(n_own, 0);
    interrupt_restore();
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        raise(numbers[i]);
    assert_int_equal(n_own, 3);
}

static void test_nohup(void **state)
{
    (void)state;
    signal(SIGHUP, SIG_IGN);
    interrupt_catch();
    raise(SIGHUP);
    assert_int_equal(interrupt_number(), 0);
    interrupt_restore();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_any_thread), cmocka_unit_test(test_restored), cmocka_unit_test(test_nohup) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
