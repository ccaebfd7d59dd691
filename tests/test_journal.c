/* test_journal.c - a transcription that was broken off anywhere goes on to the same words; what is in
 * the file is never believed. */
#include "audio/audio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

#define TINY "tests/golden/whisper_tiny.bin"
enum { N = 56000 };                 /* 3.5 s: six windows of the tiny model, and all of it may be speech */

struct bench {
    struct compute c;
    atomic_bool cancel;
    struct whisper *w;
    struct clip clip;
    char path[40];
    size_t n_windows, stop_after;   /* windows; 0: never */
    size_t file_bytes[16];          /* after each */
};

static void on_window(void *user, double done, double total)
{
    struct bench *b = user;
    struct stat st;

    (void)done, (void)total;
    b->n_windows++;
    if (stat(b->path, &st) == 0 && b->n_windows < 16)
        b->file_bytes[b->n_windows] = (size_t)st.st_size;
    if (b->n_windows == b->stop_after)
        atomic_store(&b->cancel, true);
}

static void bench_init(struct bench *b)
{
    static float samples[N];
    uint32_t s = 1;

    *b = (struct bench){ .path = "/tmp/test_journal_XXXXXX" };
    assert_true(compute_init(&b->c, 1, NULL, NULL));
    b->c.cancel = &b->cancel;
    b->w = whisper_open(TINY, &b->c, NULL);
    assert_non_null(b->w);
    for (int i = 0; i < N; i++) {
        s = 1664525u * s + 1013904223u;
        samples[i] = (float)((int)(s >> 16) - 32768) / 65536.0f;
    }
    b->clip = (struct clip){ .samples = samples, .n_samples = N, .file_channels = 1 };
    int fd = mkstemp(b->path);
    assert_true(fd >= 0);
    close(fd);
    unlink(b->path);
}

static void bench_done(struct bench *b)
{
    unlink(b->path);
    whisper_close(b->w);
    compute_done(&b->c);
}

/* NULL when it was broken off. */
static struct transcript *hear(struct bench *b, const char *language, size_t stop_after)
{
    struct whisper_params params = whisper_params_default();
    struct sound *sound = sound_of_clip(&b->clip, NULL);
    struct error err = { 0 };

    params.journal = b->path;
    params.language = language;
    params.words = true;
    params.progress = on_window;
    params.user = b;
    b->n_windows = 0;
    b->stop_after = stop_after;
    atomic_store(&b->cancel, false);
    struct transcript *t = whisper_transcribe(b->w, &b->c, sound, &params, &err);
    assert_true(t != NULL || err.code == ERROR_CANCELLED);
    sound_close(sound);
    return t;
}

static void same(const struct transcript *a, const struct transcript *b)
{
    assert_string_equal(a->text, b->text);
    assert_string_equal(a->language, b->language);
    assert_true(a->language_p == b->language_p && a->seconds == b->seconds);
    assert_int_equal(a->n_windows, b->n_windows);
    assert_int_equal(a->n_segments, b->n_segments);
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *x = &a->segments[i], *y = &b->segments[i];
        assert_string_equal(x->text, y->text);
        assert_true(x->start == y->start && x->end == y->end && x->avg_logprob == y->avg_logprob && x->no_speech_p == y->no_speech_p);
        assert_int_equal(x->n_words, y->n_words);
        for (size_t k = 0; k < x->n_words; k++) {
            assert_string_equal(x->words[k].text, y->words[k].text);
            assert_true(x->words[k].start == y->words[k].start && x->words[k].end == y->words[k].end && x->words[k].p == y->words[k].p);
        }
    }
}

static struct transcript *whole(struct bench *b)
{
    struct transcript *t = hear(b, NULL, 0);

    assert_true(t->n_windows >= 5 && t->n_segments > 0);
    unlink(b->path);
    return t;
}

static void test_goes_on(void **state)
{
    struct bench b;
    (void)state;

    bench_init(&b);
    struct transcript *want = whole(&b);
    for (size_t stop = 1; stop < want->n_windows; stop++) {
        assert_null(hear(&b, NULL, stop));
        struct transcript *t = hear(&b, NULL, 0);
        assert_int_equal(b.n_windows, want->n_windows - stop);      /* the others were not heard again */
        same(t, want);
        transcript_free(t);
        unlink(b.path);
    }
    transcript_free(want);
    bench_done(&b);
}

static void test_finished_is_replayed(void **state)
{
    struct bench b;
    struct stat st;
    (void)state;

    bench_init(&b);
    struct transcript *want = hear(&b, NULL, 0), *t = hear(&b, NULL, 0);
    assert_int_equal(b.n_windows, 0);
    same(t, want);
    assert_int_equal(stat(b.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    transcript_free(t);
    t = hear(&b, "ko", 0);                      /* asked otherwise: all of it anew */
    assert_int_equal(b.n_windows, t->n_windows);
    assert_string_equal(t->language, "ko");
    transcript_free(t);
    transcript_free(want);
    bench_done(&b);
}

static void write_file(const char *path, const unsigned char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* Cut at any byte, and with any byte changed: the same words in the end. */
static void test_damaged(void **state)
{
    struct bench b;
    size_t n;
    (void)state;

    bench_init(&b);
    struct transcript *want = whole(&b);
    assert_null(hear(&b, NULL, 3));
    unsigned char *bytes = file_read(b.path, 1 << 20, &n, NULL);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i += 1 + n / 40) {
        for (int change = 0; change < 2; change++) {
            bytes[i] ^= change ? 0x41 : 0;
            write_file(b.path, bytes, change ? n : i);
            struct transcript *t = hear(&b, NULL, 0);
            same(t, want);
            transcript_free(t);
            bytes[i] ^= change ? 0x41 : 0;
        }
    }
    free(bytes);
    transcript_free(want);
    bench_done(&b);
}

/* A journal of a longer sound: its place is not in this one. */
static void test_foreign(void **state)
{
    struct bench b;
    (void)state;

    bench_init(&b);
    assert_null(hear(&b, NULL, 4));
    b.clip.n_samples = N / 3;
    struct transcript *got = hear(&b, NULL, 0);
    unlink(b.path);
    struct transcript *want = hear(&b, NULL, 0);
    same(got, want);
    transcript_free(got);
    transcript_free(want);
    bench_done(&b);
}

static void test_nowhere(void **state)
{
    struct bench b;
    (void)state;

    bench_init(&b);
    struct transcript *want = whole(&b);
    snprintf(b.path, sizeof b.path, "/none/here");
    struct transcript *t = hear(&b, NULL, 0);
    same(t, want);
    transcript_free(t);
    transcript_free(want);
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on), cmocka_unit_test(test_finished_is_replayed), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_foreign), cmocka_unit_test(test_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
