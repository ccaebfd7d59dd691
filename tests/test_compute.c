#include "tensor/compute.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <cblas.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_best_first(void **state)
{
    struct compute c;
    struct error err = { 0 };
    const struct kernels *const *best = kernels_all;

    (void)state;
    while (!(*best)->supported())
        best++;
    assert_true(compute_init(&c, 1, NULL, &err));
    assert_ptr_equal(c.kernels, *best);
    assert_string_equal(compute_kernels_name(&c), (*best)->name);
    assert_int_equal(openblas_get_num_threads(), 1);
    compute_done(&c);
}

static void test_by_name(void **state)
{
    struct compute c;

    (void)state;
    for (const struct kernels *const *k = kernels_all; *k != NULL; k++) {
        struct error err = { 0 };
        bool ok = compute_init(&c, 1, (*k)->name, &err);
        assert_int_equal(ok, (*k)->supported());
        if (ok)
            assert_ptr_equal(c.kernels, *k);
        compute_done(&c);
    }
}

static void test_unknown_name(void **state)
{
    struct compute c;
    struct error err = { 0 };

    (void)state;
    assert_false(compute_init(&c, 1, "abacus", &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "\"abacus\""));
    assert_non_null(strstr(err.text, "ref"));       /* the names there are */
    compute_done(&c);
}

static void test_threads(void **state)
{
    struct compute c;
    struct error err = { 0 };
    cpu_set_t old, one;

    (void)state;
    assert_true(compute_init(&c, 3, "ref", &err));
    assert_int_equal(pool_n_threads(c.pool), 3);
    compute_done(&c);

    sched_getaffinity(0, sizeof old, &old);
    assert_true(compute_init(&c, 0, "ref", &err));
    assert_int_equal(pool_n_threads(c.pool), CPU_COUNT(&old));
    compute_done(&c);

    CPU_ZERO(&one);                 /* a process that may use one core takes one thread */
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &old))
            CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_true(compute_init(&c, 0, "ref", &err));
    assert_int_equal(pool_n_threads(c.pool), 1);
    compute_done(&c);
    sched_setaffinity(0, sizeof old, &old);

    assert_false(compute_init(&c, SIZE_MAX, "ref", &err));
    assert_int_equal(err.code, ERROR_USAGE);
    compute_done(&c);
}

static void test_cancel(void **state)
{
    struct compute c;
    struct error err = { 0 };
    atomic_bool cancel = false;

    (void)state;
    assert_true(compute_init(&c, 1, "ref", &err));
    assert_false(compute_cancelled(&c, &err));
    c.cancel = &cancel;
    assert_false(compute_cancelled(&c, &err));
    assert_int_equal(err.code, ERROR_NONE);
    atomic_store(&cancel, true);
    assert_true(compute_cancelled(&c, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    compute_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_first), cmocka_unit_test(test_by_name), cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
