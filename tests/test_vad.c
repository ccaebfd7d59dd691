/* test_vad.c - noise of any colour is no speech, a voice is one however quiet and beside what, and
 * windows begin and end where they should. */
#include "audio/vad.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/audio.h"
#include "audio/cut.h"

#define TAU 6.283185307179586
enum { SECOND = AUDIO_HZ, FRAMES = SECOND / VAD_HOP };

static uint32_t random_state = 1;
static float noise(void)                                    /* -1..1, white */
{
    random_state = 1664525u * random_state + 1013904223u;
    return (float)(int32_t)random_state / 2147483648.0f;
}

static float *new_sound(size_t n)
{
    float *x = calloc(n, sizeof *x);

    assert_non_null(x);
    return x;
}

/* A vowel: harmonics of a voice that falls from 140 Hz, under a formant at 600 Hz. */
static void add_voice(float *x, double from, double to, float amplitude)
{
    double phase = 0.0;

    for (size_t i = (size_t)(from * SECOND); i < (size_t)(to * SECOND); i++) {
        double sum = 0.0;
        phase += (140.0 - 20.0 * ((double)i / SECOND - from) / (to - from)) / SECOND;
        for (int h = 1; h <= 24; h++)
            sum += sin(TAU * h * phase) / (1.0 + pow((h * 130.0 - 600.0) / 400.0, 2.0));
        x[i] += amplitude * (float)sum / 3.0f;
    }
}

static void add_noise(float *x, size_t n, float amplitude)
{
    for (size_t i = 0; i < n; i++)
        x[i] += amplitude * noise();
}

/* Answers for all of x, fed in pieces; n_frames of them, at most VAD_KEPT. */
static bool *answers(const float *x, size_t n, size_t piece, size_t *n_frames)
{
    struct vad *v = vad_new(NULL);
    bool *speech = calloc(VAD_KEPT, sizeof *speech);

    for (size_t at = 0; at < n; at += piece)
        vad_feed(v, x + at, n - at < piece ? n - at : piece);
    vad_feed(v, NULL, 0);
    *n_frames = (size_t)vad_n_frames(v);
    assert_int_equal(*n_frames, (n + VAD_HOP - 1) / VAD_HOP);
    for (size_t i = 0; i < *n_frames; i++)
        speech[i] = vad_is_speech(v, i);
    vad_free(v);
    return speech;
}

static size_t count(const float *x, size_t n)
{
    size_t n_frames, n_speech = 0;
    bool *speech = answers(x, n, 8192, &n_frames);

    for (size_t i = 0; i < n_frames; i++)
        n_speech += speech[i];
    free(speech);
    return n_speech;
}

/* White, and falling 6 dB an octave as fans do, at three levels: a minute of each. */
static void test_noise(void **state)
{
    enum { N = 60 * SECOND };
    float *x = new_sound(N);
    (void)state;

    for (int level = 0; level < 3; level++)
        for (int colour = 0; colour < 2; colour++) {
            float amplitude = powf(10.0f, (float)-level), low = 0.0f;
            for (size_t i = 0; i < N; i++) {
                float white = noise();
                low = 0.95f * low + 0.2f * white;
                x[i] = amplitude * 0.3f * (colour == 0 ? white : low);
            }
            assert_true(count(x, N) < 5);           /* cut.c takes five within half a second for speech */
        }
    free(x);
}

static void test_silence(void **state)
{
    enum { N = 20 * SECOND };
    float *x = new_sound(N);
    (void)state;

    assert_int_equal(count(x, N), 0);
    add_noise(x, N, 2e-4f);
    assert_int_equal(count(x, N), 0);
    assert_int_equal(count(x, SECOND), 0);          /* a short one may be speech throughout, but this is nothing */
    x[SECOND / 2] = 1e-3f;
    assert_int_equal(count(x, SECOND), FRAMES);
    free(x);
}

/* Every frame of a voice is heard, the frames a second away from it are not. */
static void check_voice(const float *x, size_t n, double from, double to)
{
    size_t n_frames, n_wrong = 0;
    bool *speech = answers(x, n, 8192, &n_frames);

    for (size_t i = 0; i < n_frames; i++) {
        double at = (double)i / FRAMES;
        if (at >= from && at < to - 0.04) {
            if (!speech[i])
                fail_msg("%.2f s is no speech", at);
        } else if (at < from - 1.0 || at > to + 1.0)
            n_wrong += speech[i];
    }
    if (n_wrong >= 5)
        fail_msg("%zu frames of noise are speech", n_wrong);
    free(speech);
}

static void test_voice(void **state)
{
    enum { N = 30 * SECOND };
    static const float levels[] = { 0.5f, 0.05f, 0.01f };
    (void)state;

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        float *x = new_sound(N);
        add_voice(x, 12.0, 15.0, levels[i]);
        check_voice(x, N, 12.0, 15.0);
        add_noise(x, N, levels[i] * 0.2f);          /* some 10 dB below */
        check_voice(x, N, 12.0, 15.0);
        free(x);
    }
}

/* No pause shows what the floor is: harmonics tell. */
static void test_voice_throughout(void **state)
{
    enum { N = 25 * SECOND };
    float *x = new_sound(N);
    (void)state;

    add_voice(x, 0.0, 25.0, 0.2f);
    add_noise(x, N, 0.01f);
    assert_true(count(x, N) > 25 * FRAMES * 98 / 100);
    free(x);
}

static void test_pieces(void **state)
{
    static const size_t pieces[] = { 1, 333, 8192, 20 * SECOND };
    enum { N = 20 * SECOND - 77 };
    float *x = new_sound(N);
    size_t n_frames, n;
    (void)state;

    add_voice(x, 3.0, 4.0, 0.1f);
    add_voice(x, 9.5, 11.0, 0.02f);
    add_noise(x, N, 0.01f);
    bool *want = answers(x, N, 5000, &n_frames);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        bool *got = answers(x, N, pieces[i], &n);
        assert_int_equal(n, n_frames);
        assert_memory_equal(got, want, n * sizeof *got);
        free(got);
    }
    free(want);
    free(x);
}

/* ---- windows ------------------------------------------------------------------------ */

static struct tape tape_of(const struct clip *clip)
{
    struct tape t = { .sound = sound_of_clip(clip, NULL), .vad = vad_new(NULL) };

    assert_true(tape_hold(&t, 0, clip->n_samples + 1, NULL));
    return t;
}

static void assert_near(uint64_t got, double seconds, double off)
{
    if (fabs((double)got / SECOND - seconds) > off)
        fail_msg("%.2f s, %.2f s were expected", (double)got / SECOND, seconds);
}

static void test_cuts(void **state)
{
    enum { N = 75 * SECOND };
    float *x = new_sound(N);
    struct clip clip = { .samples = x, .n_samples = N };
    uint64_t start, window = 30 * SECOND;
    (void)state;

    add_voice(x, 5.0, 7.0, 0.2f);           /* a pause of 5 s is left out, one of 1 s is not */
    add_voice(x, 8.0, 9.0, 0.2f);
    add_voice(x, 14.0, 34.5, 0.2f);         /* goes on for more than a window, with a pause of 0.5 s */
    add_voice(x, 35.0, 39.5, 0.2f);
    add_voice(x, 39.7, 64.0, 0.2f);
    add_noise(x, N, 1e-3f);
    struct tape t = tape_of(&clip);
    assert_true(cut_start(&t, 0, window, &start));
    assert_near(start, 4.7, 0.1);
    uint64_t end = cut_end(&t, start, window);
    assert_near(end, 9.3, 0.4);
    assert_true(cut_start(&t, end, end + window, &start));
    assert_near(start, 13.7, 0.1);
    end = cut_end(&t, start, window);
    assert_near(end, 34.75, 0.2);
    assert_true(cut_start(&t, end, end + window, &start));
    assert_int_equal(start, end);
    end = cut_end(&t, start, window);
    assert_near(end, 64.3, 0.4);
    assert_false(cut_start(&t, end, N, &start));
    assert_true(start > end && start <= N);
    sound_close(t.sound);
    tape_done(&t);
    free(x);
}

/* Little follows the first 30 s: the whole window, whatever pauses are in it. */
static void test_a_rest_is_not_cut_off(void **state)
{
    enum { N = 32 * SECOND };
    float *x = new_sound(N);
    struct clip clip = { .samples = x, .n_samples = N };
    (void)state;

    add_voice(x, 0.0, 27.0, 0.2f);
    add_voice(x, 27.5, 32.0, 0.2f);
    add_noise(x, N, 1e-3f);
    struct tape t = tape_of(&clip);
    assert_int_equal(cut_end(&t, 0, 30 * SECOND), 30 * SECOND);
    assert_int_equal(cut_end(&t, 30 * SECOND, 30 * SECOND), N);
    sound_close(t.sound);
    tape_done(&t);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise), cmocka_unit_test(test_silence), cmocka_unit_test(test_voice),
        cmocka_unit_test(test_voice_throughout), cmocka_unit_test(test_pieces), cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_a_rest_is_not_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
