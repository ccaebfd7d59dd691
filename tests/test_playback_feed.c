/* test_playback_feed.c - what a loudspeaker is given, with the test in its place: at its own pace and rate. */
#include "audio/playback.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "audio/playback_sink.h"
#include "base/clock.h"

#define TAU 6.283185307179586
#define CLIP_HZ 11025
#define SPEAKER_HZ 48000
#define TONE_HZ 441.0               /* 25 samples of the clip, 0.04 s a whole number of frames */

static char clip_path[64];

/* ---- the loudspeaker ------------------------------------------------------------------ */

static struct feed *feed;
static atomic_bool done, gone;     /* the reading thread asks, too */

static bool has_ended(struct playback_sink *s)
{
    (void)s;
    return done || gone;
}

static void close_nothing(struct playback_sink *s)
{
    (void)s;
}

static struct playback_sink speaker = { SPEAKER_HZ, has_ended, close_nothing };

/* Takes the file's place at link time. */
struct playback_sink *playback_file_open(const char *path, int hz, struct feed *f, struct error *err)
{
    (void)path, (void)err;
    assert_int_equal(hz, CLIP_HZ);
    feed = f;
    done = gone = false;
    return &speaker;
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

/* Up to n samples that are no silence, at the end fewer. */
static size_t hear(float *x, size_t n)
{
    double deadline = clock_ms() + 20000.0;
    size_t at = 0, got;

    while (at < n && !done && clock_ms() < deadline) {
        done = !feed_take(feed, x + at, n - at, &got);
        at += got;
        if (got == 0)
            wait_ms(1);
    }
    assert_true(clock_ms() < deadline);
    return at;
}

/* ---- clips ---------------------------------------------------------------------------- */

static float tone(double seconds)
{
    return 0.5f * (float)sin(TAU * TONE_HZ * seconds);
}

static void write_clip(size_t n_seconds)
{
    SF_INFO info = { .samplerate = CLIP_HZ, .channels = 1, .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16 };
    SNDFILE *file = sf_open(clip_path, SFM_WRITE, &info);
    float x[CLIP_HZ];

    assert_non_null(file);
    for (int i = 0; i < CLIP_HZ; i++)                   /* a whole number of periods: seconds join */
        x[i] = tone((double)i / CLIP_HZ);
    for (size_t i = 0; i < n_seconds; i++)
        assert_int_equal(sf_write_float(file, x, CLIP_HZ), CLIP_HZ);
    sf_close(file);
}

static struct playback *start(double from_s, double to_s)
{
    struct error err = { 0 };
    struct playback *p = playback_start(clip_path, from_s, to_s, "", &err);

    if (p == NULL)
        fail_msg("%s", err.text);
    return p;
}

/* The tone from a second on, but for the edges, where the resampler's filter (20 bits) sees silence. */
static void check_tone(const float *x, size_t n, double from_s)
{
    size_t edge = SPEAKER_HZ / 50;

    for (size_t i = edge; i + edge < n; i++)
        if (fabsf(x[i] - tone(from_s + (double)i / SPEAKER_HZ)) > 1e-4f)
            fail_msg("%.4f s after %.2f s: %f is heard", (double)i / SPEAKER_HZ, from_s, (double)x[i]);
}

static void test_resampled(void **state)
{
    static float x[3 * SPEAKER_HZ];
    (void)state;

    write_clip(3);
    struct playback *p = start(0.4, 2.4);
    size_t n = hear(x, 3 * SPEAKER_HZ);
    assert_true(n >= 2 * SPEAKER_HZ - 8 && n <= 2 * SPEAKER_HZ + 8);
    check_tone(x, n, 0.4);
    assert_true(playback_state(p).ended && fabs(playback_state(p).at_s - 2.4) < 0.001);
    playback_stop(p);
}

/* What was read ahead of a jump is not heard, wherever the jump came from. */
static void test_jumps(void **state)
{
    static const double places[] = { 1.52, 0.24, 2.76, 0, 1 };
    static float x[SPEAKER_HZ / 4];
    (void)state;

    write_clip(4);
    struct playback *p = start(0, 0);
    assert_int_equal(hear(x, SPEAKER_HZ / 4), SPEAKER_HZ / 4);
    check_tone(x, SPEAKER_HZ / 4, 0);
    for (int i = 0; i < 5; i++) {
        playback_seek(p, places[i]);
        assert_true(fabs(playback_state(p).at_s - places[i]) < 0.001);
        while (!atomic_load(&feed->discard))            /* the reader has seen it */
            wait_ms(1);
        assert_int_equal(hear(x, SPEAKER_HZ / 4), SPEAKER_HZ / 4);
        check_tone(x, SPEAKER_HZ / 4, places[i]);
        assert_true(fabs(playback_state(p).at_s - places[i] - 0.25) < 0.001);
    }
    playback_stop(p);
}

/* All was read, not yet heard: one may still go back. */
static void test_back_from_the_end(void **state)
{
    static float x[2 * SPEAKER_HZ];
    (void)state;

    write_clip(1);
    struct playback *p = start(0, 0);
    assert_int_equal(hear(x, SPEAKER_HZ / 2), SPEAKER_HZ / 2);
    while (!atomic_load(&feed->complete))
        wait_ms(1);
    playback_seek(p, 0.5);
    while (!atomic_load(&feed->discard))
        wait_ms(1);
    size_t n = hear(x, 2 * SPEAKER_HZ);
    assert_true(n >= SPEAKER_HZ / 2 - 8 && n <= SPEAKER_HZ / 2 + 8);
    playback_stop(p);
}

static void test_gone(void **state)
{
    static float x[1000];
    (void)state;

    write_clip(2);
    struct playback *p = start(0, 0);
    hear(x, 1000);
    gone = true;
    playback_seek(p, 1);                                /* does not wait for it */
    struct playback_state s = playback_state(p);
    assert_true(s.gone && !s.ended);
    playback_stop(p);
}

/* Ten minutes take no more memory than one: 26 MB of samples would show. */
static void test_memory(void **state)
{
    static float x[SPEAKER_HZ];
    struct rusage before, after;
    (void)state;

    write_clip(600);
    struct playback *p = start(0, 0);
    hear(x, SPEAKER_HZ);
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < 120; i++)
        assert_int_equal(hear(x, SPEAKER_HZ), SPEAKER_HZ);
    playback_seek(p, 590);
    hear(x, SPEAKER_HZ);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 4096);     /* KB */
    playback_stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resampled), cmocka_unit_test(test_jumps), cmocka_unit_test(test_back_from_the_end),
        cmocka_unit_test(test_gone), cmocka_unit_test(test_memory),
    };
    snprintf(clip_path, sizeof clip_path, "/tmp/test_playback_feed.%d.flac", (int)getpid());
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(clip_path);
    return failed;
}
