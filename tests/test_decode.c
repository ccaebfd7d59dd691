/* test_decode.c - sound files: what libsndfile wrote is read back; hostile ones are refused
 * by name, quickly, whatever they claim. */
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

#include "audio/container.h"
#include "base/clock.h"

#define TAU 6.283185307179586
#define TONE_HZ 440.0

/* A file in memory; `path` leads to it until it is closed. */
struct memory_file { int fd; char path[40]; };

static struct memory_file memory_file(const void *data, size_t n)
{
    struct memory_file f = { memfd_create("sound", 0), "" };

    assert_true(f.fd >= 0);
    assert_int_equal(write(f.fd, data, n), n);
    snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.fd);
    return f;
}

/* A second of a tone at half scale in the first channel, silence in the others. */
static struct memory_file tone(int format, int hz, int n_channels, size_t n)
{
    struct memory_file f = memory_file("", 0);
    SF_INFO info = { .samplerate = hz, .channels = n_channels, .format = format };
    SNDFILE *file = sf_open_fd(f.fd, SFM_WRITE, &info, SF_FALSE);
    float *x = calloc(n * (size_t)n_channels + 1, sizeof *x);

    assert_non_null(file);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i * (size_t)n_channels] = 0.5f * (float)sin(TAU * TONE_HZ * (double)i / hz);
    assert_int_equal(sf_writef_float(file, x, (sf_count_t)n), n);
    sf_close(file);
    free(x);
    return f;
}

/* Amplitude of the tone in the clip's middle half. */
static double tone_amplitude(const struct clip *clip)
{
    double re = 0.0, im = 0.0;
    size_t from = clip->n_samples / 4, n = clip->n_samples / 2;

    for (size_t i = from; i < from + n; i++) {
        re += (double)clip->samples[i] * cos(TAU * TONE_HZ * (double)i / AUDIO_HZ);
        im += (double)clip->samples[i] * sin(TAU * TONE_HZ * (double)i / AUDIO_HZ);
    }
    return 2.0 * sqrt(re * re + im * im) / (double)n;
}

static void test_formats(void **state)
{
    static const struct { int format; const char *name; double tolerance; } formats[] = {
        { SF_FORMAT_WAV | SF_FORMAT_PCM_16, "WAV", 0.001 }, { SF_FORMAT_WAV | SF_FORMAT_PCM_U8, "WAV", 0.01 },
        { SF_FORMAT_WAV | SF_FORMAT_PCM_24, "WAV", 0.001 }, { SF_FORMAT_WAV | SF_FORMAT_FLOAT, "WAV", 0.001 },
        { SF_FORMAT_WAV | SF_FORMAT_ULAW, "WAV", 0.02 }, { SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, "WAV", 0.001 },
        { SF_FORMAT_RF64 | SF_FORMAT_PCM_16, "WAV", 0.001 }, { SF_FORMAT_AIFF | SF_FORMAT_PCM_16, "AIFF", 0.001 },
        { SF_FORMAT_AU | SF_FORMAT_PCM_16, "AU", 0.001 }, { SF_FORMAT_FLAC | SF_FORMAT_PCM_16, "FLAC", 0.001 },
        { SF_FORMAT_OGG | SF_FORMAT_VORBIS, "Ogg", 0.02 }, { SF_FORMAT_OGG | SF_FORMAT_OPUS, "Ogg", 0.02 },
        { SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, "MP3", 0.02 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct memory_file f = tone(formats[i].format, 48000, 1, 48000);
        struct error err = { 0 };
        struct clip *clip = clip_load(f.path, &err);
        if (clip == NULL)
            fail_msg("%s", err.text);
        assert_string_equal(clip->format, formats[i].name);
        assert_int_equal(clip->file_hz, 48000);
        /* MP3's coder adds its delay and padding: up to two frames and a bit. */
        assert_true(fabs(clip->seconds - 1.0) < 0.08);
        if (fabs(tone_amplitude(clip) - 0.5) > formats[i].tolerance)
            fail_msg("format %x: amplitude %f", (unsigned)formats[i].format, tone_amplitude(clip));
        clip_free(clip);
        close(f.fd);
    }
}

static void test_rates_and_channels(void **state)
{
    static const int rates[] = { 8000, 11025, 16000, 22050, 44100, 96000 };
    (void)state;

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct memory_file f = tone(SF_FORMAT_WAV | SF_FORMAT_PCM_16, rates[i], 2, (size_t)rates[i]);
        struct clip *clip = clip_load(f.path, NULL);
        assert_non_null(clip);
        assert_int_equal(clip->file_channels, 2);
        assert_in_range(clip->n_samples, AUDIO_HZ - 1, AUDIO_HZ + 1);
        assert_true(fabs(tone_amplitude(clip) - 0.25) < 0.001);     /* the mean of both */
        assert_true(fabsf(clip->peak - 0.25f) < 0.01f);
        assert_true(fabsf(clip->rms - 0.25f / sqrtf(2.0f)) < 0.002f);
        clip_free(clip);
        close(f.fd);
    }
}

/* A float file may hold anything. */
static void test_not_numbers(void **state)
{
    float x[] = { NAN, INFINITY, -INFINITY, 3.0f, -3.0f, 0.5f };
    struct memory_file f = memory_file("", 0);
    SF_INFO info = { .samplerate = AUDIO_HZ, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT };
    SNDFILE *file = sf_open_fd(f.fd, SFM_WRITE, &info, SF_FALSE);
    const float want[] = { 0.0f, 0.0f, 0.0f, 1.0f, -1.0f, 0.5f };
    (void)state;

    assert_int_equal(sf_write_float(file, x, 6), 6);
    sf_close(file);
    struct clip *clip = clip_load(f.path, NULL);
    assert_non_null(clip);
    assert_int_equal(clip->n_samples, 6);
    assert_memory_equal(clip->samples, want, sizeof want);
    clip_free(clip);
    close(f.fd);
}

static void refused(const void *data, size_t n, const char *reason)
{
    struct memory_file f = memory_file(data, n);
    struct error err = { 0 };
    double start_ms = clock_ms();
    struct clip *clip = clip_load(f.path, &err);

    if (clip != NULL)
        fail_msg("accepted, though: %s", reason);
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, f.path));
    if (strstr(err.text, reason) == NULL)
        fail_msg("\"%s\" does not say: %s", err.text, reason);
    assert_true(clock_ms() - start_ms < 2000.0);
    close(f.fd);
}

static void test_other_kinds(void **state)
{
    static const struct { const char *head; size_t n; const char *reason; } kinds[] = {
        { "", 0, "is empty" }, { "hello, this is text", 19, "is not a sound file" },
        { "\0\0\0\x20" "ftypM4A \0\0\0\0", 16, "M4A is not read here; convert it first: ffmpeg -i" },
        { "\0\0\0\x20" "ftypisom\0\0\0\0", 16, "MP4 is not read" }, { "\0\0\0\x20" "ftypqt  \0\0\0\0", 16, "QuickTime" },
        { "\x1A\x45\xDF\xA3\x9F\x42\x86\x81\1\x42\x82\x84webm", 16, "WebM is not read" },
        { "\x1A\x45\xDF\xA3\x9F\x42\x86\x81\1\x42\x82\x88matroska", 20, "Matroska (MKV) is not read" },
        { "#!AMR\n\x3C", 7, "AMR is not read" }, { "\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9", 10, "WMA or WMV is not read" },
        { "\xFF\xF1\x50\x80", 4, "AAC is not read" }, { "RIFF\x10\0\0\0AVI LIST", 16, "AVI movie is not read" },
        { "\x89PNG\r\n\x1A\n", 8, "is a PNG picture" }, { "%PDF-1.7", 8, "is a PDF document" },
        { "OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x2A\x80theora", 35, "Theora" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        refused(kinds[i].head, kinds[i].n, kinds[i].reason);
}

static void test_no_files(void **state)
{
    struct error err = { 0 };
    (void)state;

    assert_null(clip_load("tests/none.wav", &err));
    assert_non_null(strstr(err.text, "tests/none.wav"));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_null(clip_load("tests", &err));
    assert_non_null(strstr(err.text, "directory"));
    assert_null(clip_load("/dev/zero", &err));
    assert_non_null(strstr(err.text, "regular"));
}

/* ---- WAV headers ---------------------------------------------------------------- */

/* RIFF, a fmt chunk of the usual 16 bytes, a data chunk with n_sound bytes of 0x20. */
struct wav_fields { uint16_t channels; uint32_t hz; uint16_t align, bits; uint32_t fmt_bytes, data_bytes; size_t n_sound; };

static size_t make_wav(unsigned char *out, struct wav_fields w)
{
    uint32_t riff = (uint32_t)(36 + w.n_sound), rate = w.hz * w.align;
    uint16_t pcm = 1;

    memcpy(out, "RIFF....WAVEfmt ", 16);
    memcpy(out + 4, &riff, 4);
    memcpy(out + 16, &w.fmt_bytes, 4);
    memcpy(out + 20, &pcm, 2);
    memcpy(out + 22, &w.channels, 2);
    memcpy(out + 24, &w.hz, 4);
    memcpy(out + 28, &rate, 4);
    memcpy(out + 32, &w.align, 2);
    memcpy(out + 34, &w.bits, 2);
    memcpy(out + 36, "data", 4);
    memcpy(out + 40, &w.data_bytes, 4);
    memset(out + 44, 0x20, w.n_sound);
    return 44 + w.n_sound;
}

static const struct wav_fields usual = { 1, 16000, 2, 16, 16, 6400, 6400 };

static void test_hostile_wav(void **state)
{
    static unsigned char wav[44 + 64000];
    struct wav_fields w;
    (void)state;

    refused(wav, make_wav(wav, (w = usual, w.n_sound = 0, w.data_bytes = 0, w)), "0 samples");
    refused(wav, make_wav(wav, (w = usual, w.channels = 0, w)), "");
    refused(wav, make_wav(wav, (w = usual, w.channels = 255, w.align = 510, w)), "channels");
    refused(wav, make_wav(wav, (w = usual, w.channels = 65535, w)), "");
    refused(wav, make_wav(wav, (w = usual, w.hz = 0, w)), "");
    refused(wav, make_wav(wav, (w = usual, w.hz = 1, w)), "samples a second");
    refused(wav, make_wav(wav, (w = usual, w.hz = 0x7FFFFFFF, w)), "");
    refused(wav, make_wav(wav, (w = usual, w.data_bytes = 64000, w)), "cut short");
    refused(wav, make_wav(wav, (w = usual, w.data_bytes = 0x70000000, w)), "cut short");
    refused(wav, make_wav(wav, (w = usual, w.bits = 0, w.align = 0, w)), "");
    refused(wav, 12, "");
    refused(wav, 36, "");
    for (size_t n = 0; n < 44; n++) {
        make_wav(wav, usual);
        refused(wav, n, "");
    }
}

/* Programs that write to a pipe cannot go back to fill in the size. */
static void test_streamed_wav(void **state)
{
    static unsigned char wav[44 + 64000];
    struct wav_fields w = usual;
    (void)state;

    w.data_bytes = 0xFFFFFFFF;
    struct memory_file f = memory_file(wav, make_wav(wav, w));
    struct clip *clip = clip_load(f.path, NULL);
    assert_non_null(clip);
    assert_int_equal(clip->n_samples, 3200);
    clip_free(clip);
    close(f.fd);
}

static void test_cut_flac(void **state)
{
    struct memory_file f = tone(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 1, 32000);
    struct stat st;
    struct error err = { 0 };
    (void)state;

    assert_int_equal(fstat(f.fd, &st), 0);
    assert_int_equal(ftruncate(f.fd, st.st_size / 2), 0);
    assert_null(clip_load(f.path, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    close(f.fd);
}

/* Noise behind the first bytes of each kind that libsndfile gets to see. */
static void test_noise_behind_heads(void **state)
{
    static const struct { const char *head; size_t n; } heads[] = {
        { "RIFF\xFF\xFF\xFF\xFFWAVE", 12 }, { "fLaC", 4 }, { "OggS\0\2", 6 }, { "ID3\3\0\0\0\0\0\x10", 10 }, { "\xFF\xFB\x90\x64", 4 },
        { "FORM\0\0\x40\0AIFF", 12 }, { ".snd\0\0\0\x18", 8 }, { "RF64\xFF\xFF\xFF\xFFWAVEds64", 16 },
    };
    static unsigned char data[65536];
    uint32_t s = 7;
    (void)state;

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        for (size_t k = 0; k < sizeof data; k++)
            data[k] = (unsigned char)((s = 1664525u * s + 1013904223u) >> 24);
        memcpy(data, heads[i].head, heads[i].n);
        struct memory_file f = memory_file(data, sizeof data);
        struct error err = { 0 };
        double start_ms = clock_ms();
        struct clip *clip = clip_load(f.path, &err);    /* MP3 decoders find frames in anything */
        assert_true(clip != NULL || err.code == ERROR_INPUT);
        assert_true(clock_ms() - start_ms < 2000.0);
        clip_free(clip);
        close(f.fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats), cmocka_unit_test(test_rates_and_channels), cmocka_unit_test(test_not_numbers),
        cmocka_unit_test(test_other_kinds), cmocka_unit_test(test_no_files), cmocka_unit_test(test_hostile_wav),
        cmocka_unit_test(test_streamed_wav), cmocka_unit_test(test_cut_flac), cmocka_unit_test(test_noise_behind_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
