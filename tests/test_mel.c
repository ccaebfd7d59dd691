/* test_mel.c - against NumPy in double precision (golden/make_mel.py). */
#include "audio/mel.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"

#define N_MELS 80
#define N_SAMPLES 20003
#define N_FRAMES 127                /* every frame the sound touches: ceil((20003 + 200) / 160) */

static float *signal(void)
{
    static const float gain[] = { 1.0f, 1.0f / 64.0f, 0.0f };
    float *x = malloc(N_SAMPLES * sizeof *x);
    uint32_t s = 1;

    assert_non_null(x);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        s = 1664525u * s + 1013904223u;
        x[i] = (float)((int)(s >> 16) - 32768) / 32768.0f * gain[i / 4096 % 3];
    }
    return x;
}

static struct mel compute(size_t n_threads, const float *filters, const float *x, size_t n)
{
    struct compute c;
    struct mel mel;
    struct arena *scratch = arena_new("test", 1 << 20, NULL);

    assert_true(compute_init(&c, n_threads, NULL, NULL));
    assert_true(mel_compute(&mel, &c, scratch, filters, N_MELS, x, n, NULL));
    arena_free(scratch);
    compute_done(&c);
    return mel;
}

/* The spectrum is a sum of 201 products, off by at most 217 eps of the sum of their sizes
 * (Higham 2002, ch. 3) and in the mean by sqrt(201) eps = 9e-7 of it.  80 dB below the loudest
 * bin, where the floor is, that is 1 % of an amplitude, 0.009 in log10 of power, a quarter
 * of that here; elsewhere less. */
static void test_against_numpy(void **state)
{
    size_t n_bytes;
    const float *golden = (float *)(void *)file_read("tests/golden/mel.f32", 1 << 20, &n_bytes, NULL);
    float *x = signal(), most = 0.0f;
    (void)state;

    assert_non_null(golden);
    assert_int_equal(n_bytes, sizeof(float) * (N_MELS * MEL_BINS + N_FRAMES * N_MELS));
    struct mel mel = compute(2, golden, x, N_SAMPLES);
    assert_int_equal(mel.n_frames, N_FRAMES);
    for (size_t i = 0; i < N_FRAMES * N_MELS; i++)
        most = fmaxf(most, fabsf(mel.data[i] - golden[N_MELS * MEL_BINS + i]));
    assert_true(most <= 0.0025f);
    mel_done(&mel);
    free(x);
    free((void *)golden);
}

static void test_threads_agree(void **state)
{
    size_t n_bytes;
    const float *golden = (float *)(void *)file_read("tests/golden/mel.f32", 1 << 20, &n_bytes, NULL);
    float *x = signal();
    struct mel one = compute(1, golden, x, N_SAMPLES);
    size_t threads[] = { 2, 7 };
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        struct mel many = compute(threads[i], golden, x, N_SAMPLES);
        assert_memory_equal(one.data, many.data, N_FRAMES * N_MELS * sizeof(float));
        mel_done(&many);
    }
    mel_done(&one);
    free(x);
    free((void *)golden);
}

/* One sample up to a frame; silence is the floor: (log10(1e-10) + 4) / 4. */
static void test_short_and_silent(void **state)
{
    size_t n_bytes;
    const float *golden = (float *)(void *)file_read("tests/golden/mel.f32", 1 << 20, &n_bytes, NULL);
    static float zeros[MEL_N_FFT];
    (void)state;

    for (size_t n = 1; n <= MEL_N_FFT; n += 133) {
        struct mel mel = compute(1, golden, zeros, n);
        for (size_t i = 0; i < mel.n_frames * N_MELS; i++)
            assert_true(fabsf(mel.data[i] + 1.5f) < 1e-6f);
        assert_true(fabsf(mel.silence + 1.5f) < 1e-6f);
        mel_done(&mel);
    }
    free((void *)golden);
}

static void test_window(void **state)
{
    float data[] = { 1, 2, 3, 4 }, out[8];
    struct mel mel = { data, 2, 2, -1.5f };
    const float want[] = { 3, 4, -1.5f, -1.5f, -1.5f, -1.5f };
    (void)state;

    mel_window(&mel, 1, 3, out);
    assert_memory_equal(out, want, sizeof want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_numpy), cmocka_unit_test(test_threads_agree),
        cmocka_unit_test(test_short_and_silent), cmocka_unit_test(test_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
