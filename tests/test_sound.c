/* test_sound.c - sound read block by block is what clip_load gives whole; channels, the start
 * again, pipes. */
#include "audio/audio.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TAU 6.283185307179586

struct memory_file { int fd; char path[40]; };

static struct memory_file memory_file(void)
{
    struct memory_file f = { memfd_create("sound", 0), "" };

    assert_true(f.fd >= 0);
    snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.fd);
    return f;
}

/* A tone of 200 Hz times the channel's number in each, at amplitude 0.5 over the channel's number. */
static struct memory_file tones(int format, int hz, int n_channels, double seconds)
{
    struct memory_file f = memory_file();
    SF_INFO info = { .samplerate = hz, .channels = n_channels, .format = format };
    SNDFILE *file = sf_open_fd(f.fd, SFM_WRITE, &info, SF_FALSE);
    size_t n = (size_t)(seconds * hz), width = (size_t)n_channels;
    float *x = calloc(n * width, sizeof *x);

    assert_non_null(file);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < width; c++)
            x[i * width + c] = (float)(0.5 / (double)(c + 1) * sin(TAU * 200.0 * (double)(c + 1) * (double)i / hz));
    assert_int_equal(sf_writef_float(file, x, (sf_count_t)n), n);
    sf_close(file);
    free(x);
    return f;
}

static struct sound *open_sound(const struct memory_file *f)
{
    struct error err = { 0 };
    struct sound *s = sound_open(f->path, &err);

    if (s == NULL)
        fail_msg("%s", err.text);
    return s;
}

/* All that is left; the caller frees. */
static float *read_all(struct sound *s, size_t *n_samples)
{
    float *all = NULL;
    const float *block;
    size_t n = 1;

    *n_samples = 0;
    while (n > 0) {
        assert_true(sound_read(s, &block, &n, NULL));
        all = realloc(all, (*n_samples + n + 1) * sizeof *all);
        if (n > 0)
            memcpy(all + *n_samples, block, n * sizeof *all);
        *n_samples += n;
    }
    return all;
}

static double amplitude(const float *x, size_t n, double hz)
{
    double re = 0.0, im = 0.0;

    for (size_t i = n / 4; i < n / 4 + n / 2; i++) {
        re += (double)x[i] * cos(TAU * hz * (double)i / AUDIO_HZ);
        im += (double)x[i] * sin(TAU * hz * (double)i / AUDIO_HZ);
    }
    return 2.0 * sqrt(re * re + im * im) / (double)(n / 2);
}

static void test_same_as_whole(void **state)
{
    static const int formats[] = { SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                                   SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III };
    (void)state;

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct memory_file f = tones(formats[i], 44100, 2, 3.0);
        struct clip *clip = clip_load(f.path, NULL);
        struct sound *s = open_sound(&f);
        size_t n[2];
        for (size_t pass = 0; pass < 2; pass++) {           /* from the start again: the same */
            float *all = read_all(s, &n[pass]);
            struct sound_facts facts = sound_facts(s);
            assert_int_equal(n[pass], clip->n_samples);
            assert_memory_equal(all, clip->samples, n[pass] * sizeof *all);
            assert_true(facts.peak == clip->peak && facts.rms == clip->rms && facts.seconds == clip->seconds);
            assert_int_equal(facts.file_channels, 2);
            free(all);
            assert_true(sound_rewind(s, 0, NULL));
            assert_true(sound_facts(s).peak == 0.0f);
        }
        sound_close(s);
        clip_free(clip);
        close(f.fd);
    }
}

static void test_length_before_the_end(void **state)
{
    struct memory_file f = tones(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 48000, 1, 2.5);
    struct sound *s = open_sound(&f);
    (void)state;

    assert_true(fabs(sound_facts(s).seconds - 2.5) < 1e-9);
    assert_string_equal(sound_facts(s).format, "FLAC");
    sound_close(s);
    close(f.fd);
}

static void test_channels(void **state)
{
    struct memory_file f = tones(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 2, 1.0);
    struct sound *s = open_sound(&f);
    (void)state;

    for (size_t channel = 0; channel <= 2; channel++) {
        static const double want[3][2] = { { 0.25, 0.125 }, { 0.5, 0.0 }, { 0.0, 0.25 } };
        size_t n;
        assert_true(sound_rewind(s, channel, NULL));
        float *all = read_all(s, &n);
        assert_true(fabs(amplitude(all, n, 200.0) - want[channel][0]) < 0.001);
        assert_true(fabs(amplitude(all, n, 400.0) - want[channel][1]) < 0.001);
        free(all);
    }
    sound_close(s);
    close(f.fd);
}

/* What recorders make at their extremes: length, mean of the channels, nothing louder than it was. */
static void test_extremes(void **state)
{
    static const struct { int format, hz, channels; double seconds, tolerance; } cases[] = {
        { SF_FORMAT_WAV | SF_FORMAT_PCM_24, 96000, 8, 1.0, 0.0001 }, { SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000, 1, 1.0, 0.02 },
        { SF_FORMAT_AU | SF_FORMAT_ULAW, 8000, 1, 1.0, 0.02 }, { SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1, 0.1, 0.001 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct memory_file f = tones(cases[i].format, cases[i].hz, cases[i].channels, cases[i].seconds);
        struct clip *clip = clip_load(f.path, NULL);
        assert_non_null(clip);
        assert_int_equal(clip->file_hz, cases[i].hz);
        assert_int_equal(clip->file_channels, cases[i].channels);
        assert_in_range(clip->n_samples, (size_t)(cases[i].seconds * AUDIO_HZ) - 1, (size_t)(cases[i].seconds * AUDIO_HZ) + 1);
        for (int c = 0; c < cases[i].channels; c++)
            assert_true(fabs(amplitude(clip->samples, clip->n_samples, 200.0 * (c + 1)) - 0.5 / (c + 1) / cases[i].channels) < cases[i].tolerance);
        clip_free(clip);
        close(f.fd);
    }
}

/* What a cut file holds is given, then told that it is cut. */
static void test_cut_is_told_at_the_end(void **state)
{
    struct memory_file f = tones(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 1, 20.0);
    struct stat st;
    struct error err = { 0 };
    const float *block;
    size_t n = 1, all = 0;
    (void)state;

    assert_int_equal(fstat(f.fd, &st), 0);
    assert_int_equal(ftruncate(f.fd, st.st_size / 2), 0);
    struct sound *s = open_sound(&f);
    while (sound_read(s, &block, &n, &err))
        all += n;
    assert_in_range(all, 5 * AUDIO_HZ, 12 * AUDIO_HZ);
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, "is cut short: "));
    assert_non_null(strstr(err.text, " of 20.0 s are there"));
    sound_close(s);
    close(f.fd);
}

static void test_of_clip(void **state)
{
    enum { N = 20000 };
    static float samples[N];
    struct clip clip = { .samples = samples, .n_samples = N };
    struct sound *s = sound_of_clip(&clip, NULL);
    size_t n;
    (void)state;

    for (size_t i = 0; i < N; i++)
        samples[i] = (float)i / N;
    float *all = read_all(s, &n);
    assert_int_equal(n, N);
    assert_memory_equal(all, samples, sizeof samples);
    assert_true(sound_facts(s).seconds == (double)N / AUDIO_HZ);
    free(all);
    sound_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_whole), cmocka_unit_test(test_length_before_the_end), cmocka_unit_test(test_channels),
        cmocka_unit_test(test_extremes), cmocka_unit_test(test_cut_is_told_at_the_end), 
        cmocka_unit_test(test_of_clip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
