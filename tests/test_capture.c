/* test_capture.c - recording through the file that stands in for a microphone, the ring,
 * and a machine without a microphone. */
#include "audio/audio.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "audio/ring.h"
#include "base/clock.h"

#define TAU 6.283185307179586
#define N 6400                      /* 0.4 s */

static char clip_path[64], take_path[64];

static void write_clip(float amplitude)
{
    SF_INFO info = { .samplerate = AUDIO_HZ, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    SNDFILE *file = sf_open(clip_path, SFM_WRITE, &info);
    float x[N];

    for (int i = 0; i < N; i++)
        x[i] = amplitude * (float)sin(TAU * 300.0 * i / AUDIO_HZ);
    assert_non_null(file);
    assert_int_equal(sf_write_float(file, x, N), N);
    sf_close(file);
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

static void wait_for_end(const struct capture *c)
{
    double deadline = clock_ms() + 10000.0;

    while (!capture_level(c).ended && clock_ms() < deadline)
        wait_ms(5);
    assert_true(capture_level(c).ended);
}

static void test_take(void **state)
{
    double start_ms = clock_ms();
    struct error err = { 0 };
    struct stat st;
    (void)state;

    write_clip(0.5f);
    unlink(take_path);
    struct capture *c = capture_start(clip_path, NULL, &err);
    assert_non_null(c);
    wait_for_end(c);
    assert_true(clock_ms() - start_ms >= 390.0);        /* in real time */
    struct capture_level level = capture_level(c);
    assert_true(fabs(level.seconds - 0.4) < 1e-9);
    assert_true(fabsf(level.peak - 0.5f) < 0.01f);
    assert_true(fabsf(level.rms - 0.5f / sqrtf(2.0f)) < 0.01f);
    assert_false(level.clipped);
    if (!capture_finish(c, take_path, &err))
        fail_msg("%s", err.text);

    assert_int_equal(stat(take_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct clip *take = clip_load(take_path, NULL), *clip = clip_load(clip_path, NULL);
    assert_int_equal(take->file_hz, AUDIO_HZ);
    assert_int_equal(take->file_channels, 1);
    assert_int_equal(take->n_samples, N);
    for (size_t i = 0; i < N; i++)                      /* rounded to 16 bits once more */
        assert_true(fabsf(take->samples[i] - clip->samples[i]) <= 1.0f / 32768.0f);
    clip_free(take);
    clip_free(clip);
}

static void test_loud_and_silent(void **state)
{
    struct error err = { 0 };
    (void)state;

    write_clip(1.0f);
    struct capture *c = capture_start(clip_path, NULL, NULL);
    wait_for_end(c);
    assert_true(capture_level(c).clipped);
    capture_abandon(c);

    write_clip(0.005f);
    unlink(take_path);
    c = capture_start(clip_path, NULL, NULL);
    wait_for_end(c);
    assert_false(capture_finish(c, take_path, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, "0.0050"));
    assert_int_not_equal(access(take_path, F_OK), 0);
}

static void test_stopped_early(void **state)
{
    struct error err = { 0 };
    (void)state;

    write_clip(0.5f);
    struct capture *c = capture_start(clip_path, NULL, NULL);
    while (!(capture_level(c).seconds >= 0.1) && !capture_level(c).ended)
        wait_ms(5);
    assert_true(capture_finish(c, take_path, &err));
    struct clip *take = clip_load(take_path, NULL);
    assert_true(take->seconds >= 0.1 && take->seconds <= 0.4);
    clip_free(take);
    capture_abandon(NULL);
}

static void test_refusals(void **state)
{
    struct error err = { 0 };
    (void)state;

    assert_null(capture_start("tests/none.wav", NULL, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    write_clip(0.5f);
    struct capture *c = capture_start(clip_path, NULL, NULL);
    wait_for_end(c);
    assert_false(capture_finish(c, "/nonexistent/take.wav", &err));
    assert_non_null(strstr(err.text, "/nonexistent/take.wav"));
}

/* Nothing that PortAudio or ALSA says may reach standard error. */
static void test_device_is_quiet(void **state)
{
    struct error err = { 0 };
    int kept = dup(STDERR_FILENO), file = memfd_create("stderr", 0);
    struct stat st;
    (void)state;

    dup2(file, STDERR_FILENO);
    struct capture *c = capture_start(NULL, NULL, &err);
    capture_abandon(c);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(fstat(file, &st), 0);
    close(file);
    assert_int_equal(st.st_size, 0);
    if (c == NULL) {
        assert_int_equal(err.code, ERROR_INPUT);
        assert_true(strstr(err.text, "microphone") != NULL || strstr(err.text, "sound system") != NULL);
    }
}

/* A device of no such name is refused by name, wherever the test runs. */
static void test_named_device(void **state)
{
    struct error err = { 0 };
    (void)state;

    assert_null(capture_start(NULL, "no such device", &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_true(strstr(err.text, "no such device") != NULL || strstr(err.text, "sound system") != NULL);
    char *names = capture_devices(&err);
    assert_true(names != NULL || err.code == ERROR_INPUT);
    free(names);
}

/* ---- the ring --------------------------------------------------------------------- */

static void test_ring_bounds(void **state)
{
    struct ring r;
    float x[] = { 1, 2, 3, 4, 5, 6 }, y[8];
    (void)state;

    assert_true(ring_init(&r, 4, NULL));
    assert_int_equal(ring_read(&r, y, 8), 0);
    assert_int_equal(ring_write(&r, x, 3), 3);
    assert_int_equal(ring_read(&r, y, 2), 2);
    assert_int_equal(ring_write(&r, x + 3, 3), 3);      /* across the end */
    assert_int_equal(ring_write(&r, x, 6), 0);          /* full: dropped */
    assert_int_equal(ring_read(&r, y + 2, 6), 4);
    assert_memory_equal(x, y, sizeof x);
    ring_done(&r);
}

#define N_PASSED 200000

static void *pass(void *user)
{
    struct ring *r = user;
    float block[37];

    for (int sent = 0; sent < N_PASSED; ) {
        int n = N_PASSED - sent < 37 ? N_PASSED - sent : 37;
        for (int i = 0; i < n; i++)
            block[i] = (float)(sent + i);
        sent += (int)ring_write(r, block, (size_t)n);
    }
    return NULL;
}

static void test_ring_between_threads(void **state)
{
    struct ring r;
    pthread_t thread;
    float block[53];
    int next = 0;
    (void)state;

    assert_true(ring_init(&r, 256, NULL));
    assert_int_equal(pthread_create(&thread, NULL, pass, &r), 0);
    while (next < N_PASSED) {
        size_t n = ring_read(&r, block, 53);
        for (size_t i = 0; i < n; i++)
            if (block[i] != (float)next++)
                fail_msg("sample %d came out of order", next - 1);
    }
    pthread_join(thread, NULL);
    ring_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take), cmocka_unit_test(test_loud_and_silent), cmocka_unit_test(test_stopped_early),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_device_is_quiet), cmocka_unit_test(test_named_device), cmocka_unit_test(test_ring_bounds),
        cmocka_unit_test(test_ring_between_threads),
    };
    snprintf(clip_path, sizeof clip_path, "/tmp/test_capture_clip.%d.wav", (int)getpid());
    snprintf(take_path, sizeof take_path, "/tmp/test_capture_take.%d.wav", (int)getpid());
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(clip_path);
    unlink(take_path);
    return failed;
}
