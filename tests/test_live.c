/* test_live.c - which words may be told, what the gate calls sound, and sound that comes through a pipe. */
#include "audio/live.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "audio/agree.h"
#include "audio/gate.h"
#include "audio/wav_stream.h"
#include "base/clock.h"

/* ---- agreement ------------------------------------------------------------------ */

/* "one two three": a word a second, a token each. */
static struct hypothesis spell(const char *text)
{
    struct hypothesis h = { 0 };

    while (*text != '\0') {
        size_t n = 1 + strcspn(text + 1, " ");
        assert_true(hypothesis_add(&h, (double)h.n, (double)h.n + 1.0, text, n, h.n + 1, NULL));
        text += n;
    }
    return h;
}

static size_t agreed(const char *older, const char *newer, size_t n_sure)
{
    struct hypothesis a = spell(older), b = spell(newer);
    size_t n = agree_prefix(&a, &b, n_sure);

    hypothesis_done(&a);
    hypothesis_done(&b);
    return n;
}

static void test_prefix(void **state)
{
    (void)state;
    assert_int_equal(agreed("", " the cat sat", 0), 0);
    assert_int_equal(agreed(" the cat", " the cat sat", 0), 2);
    assert_int_equal(agreed(" the cat sat on", " the cat sat in", 0), 3);
    assert_int_equal(agreed(" the hat sat", " the cat sat on", 0), 1);
    assert_int_equal(agreed(" the cat", " the cat", 0), 1);           /* the last may be half a word */
    assert_int_equal(agreed(" the cat sat", " the", 0), 0);
    assert_int_equal(agreed(" a rec", " a rec or", 1), 2);
    assert_int_equal(agreed(" no hat", " the cat sat", 2), 2);        /* what was sure stays so */
    assert_int_equal(agreed("", "", 0), 0);
}

static void test_same_word(void **state)
{
    (void)state;
    assert_int_equal(agreed(" Well. Then", " well, then he", 0), 2);
    assert_int_equal(agreed(" in 1984. He", " in 1984 he was", 0), 3);
    assert_true(agree_same_word(" 20,000", " 20,000."));
    assert_false(agree_same_word(" 3.5", " 35"));
    assert_false(agree_same_word(" 10", " ten"));
    assert_false(agree_same_word(" don't", " dont"));
    assert_true(agree_same_word(" \"Who?\"", " who"));
    assert_true(agree_same_word(" \u00c9t\u00e9", " \u00e9t\u00e9!"));
    assert_true(agree_same_word(" \uc548\ub155\ud558\uc138\uc694.", " \uc548\ub155\ud558\uc138\uc694"));
    assert_false(agree_same_word(" \uc548\ub155\ud558\uc138\uc694", " \uc548\ub155\ud788"));
    assert_int_equal(agreed(" \uc548\ub155\ud558\uc138\uc694 \uc800\ub294", " \uc548\ub155\ud558\uc138\uc694. \uc800\ub294 \ud559\uc0dd", 0), 2);
    assert_true(agree_same_word(" -", " -"));
    assert_false(agree_same_word(" -", " a"));
}

static size_t overlap(const char *told, const char *text)
{
    struct hypothesis a = spell(told), b = spell(text);
    size_t n = agree_overlap(&a, &b);

    hypothesis_done(&a);
    hypothesis_done(&b);
    return n;
}

static void test_overlap(void **state)
{
    (void)state;
    assert_int_equal(overlap(" to be ill disposed", " disposed and so on"), 1);
    assert_int_equal(overlap(" to be ill disposed", " Ill, disposed, and so on"), 2);
    assert_int_equal(overlap(" to be ill disposed", " he said"), 0);
    assert_int_equal(overlap(" a b a b", " a b a c"), 2);
    assert_int_equal(overlap("", " he said"), 0);
}

static size_t before_loop(const char *text)
{
    struct hypothesis h = spell(text);
    size_t n = agree_before_loop(&h);

    hypothesis_done(&h);
    return n;
}

static void test_loop(void **state)
{
    (void)state;
    assert_int_equal(before_loop(" so look at the door, look at the door, look at the door."), 5);
    assert_int_equal(before_loop(" look at the door, look at the door"), 8);
    assert_int_equal(before_loop(" no no no no"), 4);
    assert_int_equal(before_loop(" ah no no no no no no"), 2);
    assert_int_equal(before_loop(" I know, I know, I know"), 6);
    assert_int_equal(before_loop(""), 0);
}

static void test_words_kept(void **state)
{
    struct hypothesis h = spell(" a b c d");
    (void)state;

    hypothesis_drop(&h, 1);
    assert_int_equal(h.n, 3);
    assert_string_equal(h.words[0].text, " b");
    hypothesis_keep(&h, 2);
    assert_int_equal(h.n, 2);
    assert_string_equal(h.words[1].text, " c");
    hypothesis_drop(&h, 9);
    assert_int_equal(h.n, 0);
    assert_true(hypothesis_add(&h, 0, 1, " \xff", 2, 1, NULL));
    assert_string_equal(h.words[0].text, " \ufffd");
    hypothesis_done(&h);
}

static void test_sentence_ends(void **state)
{
    (void)state;
    assert_true(agree_ends_sentence(" disposed."));
    assert_true(agree_ends_sentence(" who?\""));
    assert_true(agree_ends_sentence("\u5929\u6c17\u3002"));
    assert_false(agree_ends_sentence(" Mr."));
    assert_false(agree_ends_sentence(" J."));
    assert_false(agree_ends_sentence(" 3.5"));
    assert_false(agree_ends_sentence(" then,"));
    assert_false(agree_ends_sentence(""));
}

/* ---- the gate --------------------------------------------------------------------- */

static size_t n_loud(struct gate *g, float amplitude, size_t n_frames)
{
    float x[GATE_FRAME];
    size_t n = 0;

    for (size_t i = 0; i < n_frames; i++) {
        for (size_t k = 0; k < GATE_FRAME; k++)
            x[k] = amplitude * (float)sin(0.3 * (double)k);
        n += gate_frame(g, x);
    }
    return n;
}

static void test_gate(void **state)
{
    struct gate g = { 0 };
    (void)state;

    assert_int_equal(n_loud(&g, 0.0f, 50), 0);
    assert_int_equal(n_loud(&g, 0.1f, 50), 50);
    assert_int_equal(n_loud(&g, 0.001f, 50), 0);            /* -63 dB */
    g = (struct gate){ 0 };
    assert_int_equal(n_loud(&g, 0.01f, 50), 0);             /* the room's noise */
    assert_int_equal(n_loud(&g, 0.1f, 500), 500);           /* speech over it, ten seconds long */
    assert_int_equal(n_loud(&g, 0.01f, 50), 0);
}

/* ---- WAV through a pipe ------------------------------------------------------------- */

static size_t put(unsigned char *x, size_t at, uint32_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[at + i] = (unsigned char)(value >> 8 * i);
    return at + n;
}

static size_t put_text(unsigned char *x, size_t at, const char *four)
{
    memcpy(x + at, four, 4);
    return at + 4;
}

struct header { uint32_t tag, channels, hz, bits, data_bytes; bool odd_chunk; };

static size_t put_header(unsigned char *x, const struct header *h)
{
    size_t at = put_text(x, put(x, put_text(x, 0, "RIFF"), 0xFFFFFFFFu, 4), "WAVE");
    uint32_t frame = h->channels * h->bits / 8;

    if (h->odd_chunk) {             /* three bytes and the one that fills it up */
        at = put(x, put_text(x, at, "LIST"), 3, 4);
        at = put_text(x, at, "data");
    }
    at = put(x, put_text(x, at, "fmt "), 16, 4);
    at = put(x, put(x, at, h->tag, 2), h->channels, 2);
    at = put(x, put(x, at, h->hz, 4), h->hz * frame, 4);
    at = put(x, put(x, at, frame, 2), h->bits, 2);
    return put(x, put_text(x, at, "data"), h->data_bytes, 4);
}

static const struct header usual = { 1, 1, 16000, 16, 0xFFFFFFFFu, false };

static void test_header(void **state)
{
    unsigned char x[128];
    struct error err = { 0 };
    (void)state;

    for (size_t odd = 0; odd < 2; odd++)
        for (size_t step = 1; step < 80; step++) {      /* a pipe cuts anywhere */
            struct header h = usual;
            struct wav_stream s = { 0 };
            h.odd_chunk = odd == 1;
            size_t n = put_header(x, &h), at = 0, used;
            memset(x + n, 7, 10);
            while (!s.in_data) {
                size_t k = n + 10 - at < step ? n + 10 - at : step;
                assert_true(wav_stream_header(&s, x + at, k, &used, &err));
                at += used;
                assert_true(s.in_data || used == k);
            }
            assert_int_equal(at, n);
            assert_int_equal(s.hz, 16000);
            assert_true(s.left == UINT64_MAX);
        }
}

static uint64_t left_of(uint32_t data_bytes)
{
    struct header h = usual;
    struct wav_stream s = { 0 };
    unsigned char x[128];
    size_t used;

    h.data_bytes = data_bytes;
    assert_true(wav_stream_header(&s, x, put_header(x, &h), &used, NULL));
    return s.left;
}

static void refused(struct header h, const char *why)
{
    struct wav_stream s = { 0 };
    unsigned char x[128];
    struct error err = { 0 };
    size_t used;

    assert_false(wav_stream_header(&s, x, put_header(x, &h), &used, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    if (strstr(err.text, why) == NULL)
        fail_msg("no \"%s\" in: %s", why, err.text);
}

static void test_headers(void **state)
{
    struct wav_stream s = { 0 };
    struct error err = { 0 };
    size_t used;
    (void)state;

    assert_true(left_of(1000) == 1000);
    assert_true(left_of(0) == UINT64_MAX);
    assert_true(left_of(0x7FFFF000u) == UINT64_MAX);
    refused((struct header){ 7, 1, 8000, 8, 0, false }, "format 7");
    refused((struct header){ 1, 0, 8000, 16, 0, false }, "0 channels");
    refused((struct header){ 1, 1, 10, 16, 0, false }, "10 Hz");
    refused((struct header){ 1, 1, 8000, 12, 0, false }, "12 bits");
    assert_false(wav_stream_header(&s, (const unsigned char *)"fLaC12345678", 12, &used, &err));
    assert_non_null(strstr(err.text, "not a WAV"));
}

static void test_samples(void **state)
{
    const struct { int bits; bool is_float; unsigned char x[8]; float want; } cases[] = {
        { 8, false, { 192, 64 }, 0.0f }, { 8, false, { 192, 192 }, 0.5f },
        { 16, false, { 0, 0x40, 0, 0x40 }, 0.5f }, { 16, false, { 0, 0x80, 0, 0 }, -0.5f },
        { 24, false, { 0, 0, 0x40, 0, 0, 0xC0 }, 0.0f }, { 32, false, { 0, 0, 0, 0x40, 0, 0, 0, 0x40 }, 0.5f },
        { 32, true, { 0, 0, 0, 0x3F, 0, 0, 0, 0 }, 0.25f }, { 32, true, { 0, 0, 0xC0, 0x7F, 0, 0, 0, 0x3F }, 0.25f },   /* NaN */
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wav_stream s = { .channels = 2, .bits = cases[i].bits, .is_float = cases[i].is_float };
        float got;
        wav_stream_mono(&s, cases[i].x, 1, &got);
        assert_true(fabsf(got - cases[i].want) < 1e-6f);
    }
}

/* ---- the intake ----------------------------------------------------------------------- */

enum { N_SENT = 40000 };

struct writer { int fd; const unsigned char *x; size_t n, step; };

static void *write_all(void *user)
{
    struct writer *w = user;

    for (size_t at = 0; at < w->n; ) {
        size_t k = w->n - at < w->step ? w->n - at : w->step;
        ssize_t n = write(w->fd, w->x + at, k);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    close(w->fd);
    return NULL;
}

/* Sends x [n] through a pipe in bits of `step` bytes; what comes out. */
static size_t received(const unsigned char *x, size_t n, size_t step, const struct raw_format *raw, float *out, size_t room)
{
    struct error err = { 0 };
    double deadline = clock_ms() + 20000.0;
    size_t got = 0, k;
    pthread_t thread;
    int fd[2];

    assert_int_equal(pipe(fd), 0);
    struct writer w = { fd[1], x, n, step };
    assert_int_equal(pthread_create(&thread, NULL, write_all, &w), 0);
    struct intake *in = intake_stream(fd[0], raw, NULL, &err);
    if (in == NULL)
        fail_msg("%s", err.text);
    while (!intake_ended(in) && clock_ms() < deadline) {
        assert_true(intake_read(in, out + got, room - got, &k, &err));
        got += k;
        if (k == 0)
            nanosleep(&(struct timespec){ 0, 1000000L }, NULL);
    }
    assert_true(intake_ended(in));
    intake_close(in);
    pthread_join(thread, NULL);
    close(fd[0]);
    return got;
}

static unsigned char *wave(const struct header *h, size_t n_samples, size_t *n_bytes)
{
    unsigned char *x = malloc(128 + 2 * n_samples);
    size_t at = put_header(x, h);

    for (size_t i = 0; i < n_samples; i++)
        at = put(x, at, (uint32_t)(i % 30000), 2);
    *n_bytes = at;
    return x;
}

static void check_rising(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fabsf(x[i] - (float)(i % 30000) / 32768.0f) > 1e-6f)
            fail_msg("sample %zu is %f", i, (double)x[i]);
}

static void test_stream(void **state)
{
    const struct { struct header h; size_t step, n_want; } cases[] = {
        { { 1, 1, 16000, 16, 0xFFFFFFFFu, false }, 4096, N_SENT },
        { { 1, 1, 16000, 16, 0, true }, 7, N_SENT },            /* frames cut by the pipe */
        { { 1, 1, 16000, 16, 2 * 100, false }, 4096, 100 },     /* what follows the samples is none */
        { { 1, 1, 16000, 16, 2 * N_SENT + 50, false }, 4096, N_SENT },      /* cut */
    };
    float *out = malloc((N_SENT + 100) * sizeof *out);
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n;
        unsigned char *x = wave(&cases[i].h, N_SENT, &n);
        assert_int_equal(received(x, n, cases[i].step, NULL, out, N_SENT + 100), cases[i].n_want);
        check_rising(out, cases[i].n_want);
        free(x);
    }
    free(out);
}

static void test_raw(void **state)
{
    const struct raw_format stereo = { 16000, 2 }, slow = { 8000, 1 };
    const unsigned char x[] = { 0, 0x40, 0, 0x40, 0, 0x40, 0, 0xC0, 1 };        /* half a sample more */
    unsigned char *long_one = calloc(16000, 1);
    float *out = malloc(20000 * sizeof *out);
    (void)state;

    assert_int_equal(received(x, sizeof x, 3, &stereo, out, 10), 2);
    assert_true(fabsf(out[0] - 0.5f) < 1e-6f && fabsf(out[1]) < 1e-6f);
    assert_int_equal(received(long_one, 16000, 999, &slow, out, 20000), 16000);     /* a second, resampled */
    free(long_one);
    free(out);
}

/* More than the ring holds: the writer waits, nothing is lost. */
static void test_long_stream(void **state)
{
    enum { N = 3 << 20 };
    struct header h = usual;
    float *out = malloc(((size_t)N + 1) * sizeof *out);
    size_t n;
    unsigned char *x = wave(&h, N, &n);
    (void)state;

    assert_int_equal(received(x, n, 65536, NULL, out, N + 1), N);
    check_rising(out, N);
    free(x);
    free(out);
}

static void stream_refused(const char *bytes, const char *why)
{
    struct error err = { 0 };
    int fd[2];

    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], bytes, strlen(bytes)), strlen(bytes));
    close(fd[1]);
    assert_null(intake_stream(fd[0], NULL, NULL, &err));
    close(fd[0]);
    assert_int_equal(err.code, ERROR_INPUT);
    if (strstr(err.text, why) == NULL)
        fail_msg("no \"%s\" in: %s", why, err.text);
}

static void test_stream_refusals(void **state)
{
    (void)state;
    stream_refused("", "is empty");
    stream_refused("RIFF", "is the WAV file cut?");
    stream_refused("fLaC and what follows", "--raw");
    stream_refused("fLaC and what follows", "ffmpeg");
    atomic_bool cancel = true;      /* nothing comes, and nothing ever will */
    struct error err = { 0 };
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    assert_null(intake_stream(fd[0], NULL, &cancel, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    close(fd[0]);
    close(fd[1]);
    assert_null(intake_microphone("tests/none.wav", NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefix), cmocka_unit_test(test_same_word), cmocka_unit_test(test_overlap), cmocka_unit_test(test_loop),
        cmocka_unit_test(test_words_kept), cmocka_unit_test(test_sentence_ends), cmocka_unit_test(test_gate),
        cmocka_unit_test(test_header), cmocka_unit_test(test_headers), cmocka_unit_test(test_samples), cmocka_unit_test(test_stream),
        cmocka_unit_test(test_raw), cmocka_unit_test(test_long_stream), cmocka_unit_test(test_stream_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
