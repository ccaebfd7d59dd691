/* test_whisper.c - a tiny random Whisper against NumPy (golden/make_whisper.py), hostile
 * files, and clips. */
#include "tests/nmse.h"
#include "tests/whisper_tiny.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "audio/mel.h"
#include "audio/whisper_decoder.h"
#include "audio/whisper_encoder.h"
#include "audio/whisper_weights.h"
#include "tensor/kernels.h"
#include "tensor/ops.h"
#include "tensor/quant.h"

static const size_t thread_counts[] = { 1, 2, 7 };

static unsigned char *read_all(const char *path, size_t *n)
{
    unsigned char *data = file_read(path, 1 << 20, n, NULL);

    assert_non_null(data);
    return data;
}

/* ---- the networks ------------------------------------------------------------- */

/* F32 throughout, sums of up to 48 terms: relative errors of some eps sqrt(48) = 8e-7 a layer,
 * squared and over ten layers 1e-11. */
static void test_encoder(void **state)
{
    size_t n;
    float *golden = (float *)(void *)read_all("tests/golden/whisper_tiny.f32", &n), first[N_AUDIO * N_STATE];
    struct whisper *w = tiny();
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        float out[N_AUDIO * N_STATE], bias[N_AUDIO];
        struct whisper_rows rows = { .x = out, .bias = bias };
        struct compute c;
        struct arena *scratch = arena_new("test", 1 << 16, NULL);
        assert_true(compute_init(&c, thread_counts[i], NULL, NULL));
        assert_true(whisper_encode(w, &c, scratch, golden, 2 * N_AUDIO, &rows, NULL));
        assert_int_equal(rows.n, N_AUDIO);
        assert_true(nmse(out, golden + 2 * N_AUDIO * N_MELS, N_AUDIO * N_STATE) < 1e-11);
        if (i == 0)
            memcpy(first, out, sizeof out);
        assert_memory_equal(first, out, sizeof out);
        arena_free(scratch);
        compute_done(&c);
    }
    whisper_close(w);
    free(golden);
}

/* As above; what is behind the sound is not looked at. */
static void test_alone(void **state)
{
    enum { ALONE = 13 };
    size_t n;
    float *mel = (float *)(void *)read_all("tests/golden/whisper_tiny.f32", &n), out[ALONE * N_STATE];
    float *golden = (float *)(void *)read_all("tests/golden/whisper_tiny_alone.f32", &n);
    struct whisper *w = tiny();
    struct compute c;
    struct arena *scratch = arena_new("test", 1 << 16, NULL);
    (void)state;

    assert_int_equal(n, sizeof out);
    assert_true(compute_init(&c, 2, NULL, NULL));
    assert_true(whisper_encode_alone(w, &c, scratch, mel, ALONE, out, NULL));
    assert_true(nmse(out, golden, ALONE * N_STATE) < 1e-11);
    arena_free(scratch);
    compute_done(&c);
    whisper_close(w);
    free(golden);
    free(mel);
}

/* F32 but for keys and values, which NumPy rounds to F16 too.  Where the sums before differ in
 * their last bit a few of the 768 may round the other way: each adds at most (2^-11)^2 / 768 = 3e-10. */
static void test_decoder(void **state)
{
    static const int32_t many[] = { 41, 42, 143, 5, 17, 39, 0, 21, 33, 8 }, one[] = { 7 }, two[] = { 150, 151 }, last[] = { 12 };
    const struct { const int32_t *ids; size_t n; } feeds[] = { { many, 10 }, { one, 1 }, { two, 2 }, { last, 1 } };
    size_t n;
    float *golden = (float *)(void *)read_all("tests/golden/whisper_tiny.f32", &n);
    float *encoded = golden + 2 * N_AUDIO * N_MELS, *want = encoded + N_AUDIO * N_STATE;
    float bias[N_AUDIO] = { 0 };
    struct whisper_rows rows = { encoded, bias, N_AUDIO };
    struct whisper *w = tiny();
    struct compute c;
    (void)state;

    assert_true(compute_init(&c, 2, NULL, NULL));
    struct whisper_decoder *d = whisper_decoder_new(w, &c, 1, NULL);
    assert_non_null(d);
    assert_true(whisper_decoder_start(d, &rows, NULL));
    for (int again = 0; again < 2; again++) {
        float *logits;
        for (size_t i = 0; i < 4; i++) {
            assert_true(whisper_decoder_feed(d, feeds[i].ids, feeds[i].n, &logits, NULL));
            assert_true(nmse(logits, want + i * N_VOCAB, N_VOCAB) < 1e-8);
        }
        whisper_decoder_rewind(d);
    }
    struct error err = { 0 };
    float *logits;
    for (size_t i = 0; i < 24; i++)
        assert_true(whisper_decoder_feed(d, one, 1, &logits, &err));
    assert_false(whisper_decoder_feed(d, one, 1, &logits, &err));
    assert_int_equal(err.code, ERROR_INFERENCE);
    whisper_decoder_free(d);
    compute_done(&c);
    whisper_close(w);
    free(golden);
}

/* A window that is mostly silence, against NumPy with its keys repeated; bounds as above. */
static void test_short(void **state)
{
    enum { N_ROWS = 29, N_SOUND = 2 };
    static const int32_t many[] = { 41, 42, 143, 5, 17, 39, 0, 21, 33, 8 }, one[] = { 7 };
    size_t n;
    float *mel = (float *)(void *)read_all("tests/golden/whisper_tiny.f32", &n);
    float *golden = (float *)(void *)read_all("tests/golden/whisper_tiny_short.f32", &n), *logits;
    float first[N_ROWS * N_STATE], out[N_AUDIO * N_STATE], bias[N_AUDIO];
    struct whisper_rows rows = { .x = out, .bias = bias };
    struct whisper *w = tiny();
    struct compute c;
    (void)state;

    assert_int_equal(n, (N_ROWS * N_STATE + 2 * N_VOCAB) * sizeof *golden);
    for (size_t i = N_SOUND * N_MELS; i < 2 * N_AUDIO * N_MELS; i++)
        mel[i] = -1.0f;
    for (size_t i = 0; i < 3; i++) {
        struct arena *scratch = arena_new("test", 1 << 16, NULL);
        assert_true(compute_init(&c, thread_counts[i], NULL, NULL));
        assert_true(whisper_encode(w, &c, scratch, mel, N_SOUND, &rows, NULL));
        assert_int_equal(rows.n, N_ROWS);
        assert_true(nmse(out, golden, N_ROWS * N_STATE) < 1e-11);
        if (i == 0)
            memcpy(first, out, sizeof first);
        assert_memory_equal(first, out, sizeof first);
        arena_free(scratch);
        if (i < 2)
            compute_done(&c);
    }
    struct whisper_decoder *d = whisper_decoder_new(w, &c, 1, NULL);
    assert_true(whisper_decoder_start(d, &rows, NULL));
    assert_true(whisper_decoder_feed(d, many, 10, &logits, NULL));
    assert_true(nmse(logits, golden + N_ROWS * N_STATE, N_VOCAB) < 1e-8);
    assert_true(whisper_decoder_feed(d, one, 1, &logits, NULL));
    assert_true(nmse(logits, golden + N_ROWS * N_STATE + N_VOCAB, N_VOCAB) < 1e-8);
    whisper_decoder_free(d);
    compute_done(&c);
    whisper_close(w);
    free(golden);
    free(mel);
}

/* ---- files --------------------------------------------------------------------- */

/* Opens bytes as a file; true when it opened.  A refusal must name the file. */
static bool opens(const unsigned char *data, size_t n, struct error *err)
{
    char path[64];
    int fd = memfd_create("whisper", 0);

    assert_int_equal(write(fd, data, n), n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    memset(err, 0, sizeof *err);
    struct whisper *w = open_file(path, err);
    bool opened = w != NULL;
    whisper_close(w);
    close(fd);
    if (!opened) {
        assert_int_equal(err->code, ERROR_MODEL);
        assert_non_null(strstr(err->text, path));
    }
    return opened;
}

static void test_cut_anywhere(void **state)
{
    size_t n;
    unsigned char *data = read_all(TINY, &n);
    struct error err;
    (void)state;

    assert_true(opens(data, n, &err));
    for (size_t cut = 0; cut < n; cut += cut < 200 ? 1 : 977)
        assert_false(opens(data, cut, &err));
    free(data);
}

/* Offsets of the header's numbers; each wrong value is refused. */
static void test_wrong_sizes(void **state)
{
    static const struct { size_t at; int32_t value; } wrong[] = {
        { 0, 0x12345678 }, { 4, 0 }, { 4, -1 }, { 4, 181 + 99 }, { 4, 70 }, { 4, 0x7FFFFFFF },
        { 8, 33 }, { 8, 0 }, { 12, 0 }, { 12, 24 }, { 12, 0x7FFFFFFF }, { 16, 5 }, { 16, -2 }, { 20, 1 }, { 20, 3 }, { 20, 0x7FFFFFFF },
        { 24, 25 }, { 28, 13 }, { 32, 7 }, { 36, 3 }, { 36, 1 }, { 40, 9 }, { 40, -8 },
        { 48, 80 }, { 52, 0x7FFFFFFF }, { 52, 200 },
        { 56 + 8 * 201 * 4, -1 }, { 56 + 8 * 201 * 4, 0x7FFFFFFF }, { 56 + 8 * 201 * 4, 39 }, { 60 + 8 * 201 * 4, 0x7FFFFFFF },
    };
    size_t n;
    unsigned char *data = read_all(TINY, &n);
    struct error err;
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int32_t kept;
        memcpy(&kept, data + wrong[i].at, 4);
        memcpy(data + wrong[i].at, &wrong[i].value, 4);
        if (opens(data, n, &err))
            fail_msg("%d at offset %zu was accepted", wrong[i].value, wrong[i].at);
        memcpy(data + wrong[i].at, &kept, 4);
    }
    free(data);
}

/* The first tensor's head: dimensions, name length, type, sizes, name. */
static void test_wrong_tensors(void **state)
{
    static const struct { size_t at; int32_t value; } wrong[] = {
        { 0, 0 }, { 0, 5 }, { 0, -1 }, { 4, 0 }, { 4, 0x7FFFFFFF }, { 4, -1 }, { 8, 2 }, { 8, 1 },
        { 12, 0 }, { 12, -12 }, { 12, 0x7FFFFFFF }, { 16, 0x10000000 }, { 20, 0x78787878 },
    };
    const char name[] = "encoder.positional_embedding";
    size_t n;
    unsigned char *data = read_all(TINY, &n);
    unsigned char *found = memmem(data, n, name, strlen(name));
    struct error err;
    (void)state;

    assert_non_null(found);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int32_t kept;
        memcpy(&kept, found - 20 + wrong[i].at, 4);
        memcpy(found - 20 + wrong[i].at, &wrong[i].value, 4);
        if (opens(data, n, &err))
            fail_msg("%d at offset %zu was accepted", wrong[i].value, wrong[i].at);
        memcpy(found - 20 + wrong[i].at, &kept, 4);
    }
    memcpy(found, "other", 5);
    assert_false(opens(data, n, &err));
    assert_non_null(strstr(err.text, name));
    free(data);
}

static void test_missing_file(void **state)
{
    struct error err = { 0 };
    (void)state;

    assert_null(open_file("tests/golden/none.bin", &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_null(open_file("tests", &err));
    assert_int_equal(err.code, ERROR_MODEL);
}

/* A matrix of F16 in a file, odd bytes in: whole numbers and one large to each 32, so that scales are exact. */
enum { N_IN = 96, N_OUT = 700, AT = 3 };

static int matrix_file(uint16_t *half, size_t n_bytes)
{
    static const char before[AT] = "no";
    int fd = memfd_create("matrix", 0);
    uint32_t s = 5;

    for (size_t i = 0; i < N_IN * N_OUT; i++) {
        s = 1664525u * s + 1013904223u;
        half[i] = quant_f32_to_f16(i % 32 == 9 ? 127.0f : (float)((int)(s >> 24) - 128) / 1.25f);
    }
    assert_int_equal(write(fd, before, AT), AT);
    assert_int_equal(write(fd, half, n_bytes), n_bytes);
    return fd;
}

static struct tensor matrix_tensor(enum tensor_type type)
{
    return (struct tensor){ .name = "m", .type = type, .n_dims = 2, .dim = { N_IN, N_OUT, 1, 1 }, .n_bytes = N_IN * N_OUT * 2 };
}

/* Every table with tiles: each weight to the nearest of 255 steps of the block's largest, which is 127 here. */
static void test_eight_bits(void **state)
{
    static uint16_t half[N_IN * N_OUT];
    int fd = matrix_file(half, sizeof half);
    (void)state;

    for (const struct kernels *const *k = kernels_all; *k != NULL; k++) {
        if (!(*k)->supported())
            continue;
        struct compute c;
        struct arena *arena = arena_new("test", 1 << 16, NULL);
        struct tensor t = matrix_tensor(TENSOR_F16);
        bool has_tile = (*k)->pack_tile[TENSOR_Q8_0] != NULL;
        assert_true(compute_init(&c, 2, (*k)->name, NULL));
        struct whisper_source source = { fd, "matrix", &c, arena };
        assert_true(whisper_weights_read(&source, &t, AT, true, NULL));
        assert_int_equal(t.type, has_tile ? TENSOR_Q8_0 : TENSOR_F16);
        assert_int_equal(t.n_bytes, has_tile ? N_OUT * N_IN / 32 * 34 : sizeof half);
        for (size_t row = 0; row < N_OUT; row++) {
            float out[N_IN];
            ops_dequantize_row(&c, &t, row, out);
            for (size_t i = 0; i < N_IN; i++)
                assert_true(fabsf(out[i] - quant_f16_to_f32(half[row * N_IN + i])) <= (has_tile ? 0.501f : 0.0f));
        }
        arena_free(arena);
        compute_done(&c);
    }
    close(fd);
}

static void test_ends_early(void **state)
{
    static uint16_t half[N_IN * N_OUT];
    int fd = matrix_file(half, sizeof half - 1);
    struct arena *arena = arena_new("test", 1 << 16, NULL);
    struct compute c;
    (void)state;

    assert_true(compute_init(&c, 2, NULL, NULL));
    struct whisper_source source = { fd, "matrix", &c, arena };
    for (int matrix = 0; matrix < 2; matrix++) {
        struct tensor t = matrix_tensor(TENSOR_F16);
        struct error err = { 0 };
        assert_false(whisper_weights_read(&source, &t, AT, matrix == 1, &err));
        assert_int_equal(err.code, ERROR_MODEL);
    }
    compute_done(&c);
    arena_free(arena);
    close(fd);
}

/* ---- a clip ---------------------------------------------------------------------- */

struct progress { double done; size_t n; };

static void on_progress(void *user, double done, double total)
{
    struct progress *p = user;

    assert_true(done > p->done && done <= total);
    p->done = done;
    p->n++;
}

static struct transcript *transcribe(const struct whisper *w, const struct compute *c, const struct clip *clip,
                                     const struct whisper_params *params, struct error *err)
{
    struct sound *sound = sound_of_clip(clip, NULL);
    struct transcript *t = whisper_transcribe(w, c, sound, params, err);

    sound_close(sound);
    return t;
}

/* Noise through random weights: nonsense, but it ends, with times in order and inside the clip,
 * the same whatever the number of threads. */
static void test_transcribe_noise(void **state)
{
    enum { N = 32000 };
    float samples[N];
    uint32_t s = 1;
    struct whisper *w = tiny();
    struct clip clip = { .samples = samples, .n_samples = N, .seconds = 2.0 };
    char *first = NULL;
    (void)state;

    for (int i = 0; i < N; i++) {
        s = 1664525u * s + 1013904223u;
        samples[i] = (float)((int)(s >> 16) - 32768) / 65536.0f;
    }
    for (size_t i = 0; i < 3; i++) {
        struct compute c;
        struct progress progress = { 0 };
        struct whisper_params params = whisper_params_default();
        double last = 0.0;
        params.progress = on_progress;
        params.user = &progress;
        assert_true(compute_init(&c, thread_counts[i], NULL, NULL));
        struct transcript *t = transcribe(w, &c, &clip, &params, NULL);
        assert_non_null(t);
        assert_true(t->n_windows >= 3);             /* of 0.64 s; a rest under 0.1 s is left out */
        assert_int_equal(t->n_windows, progress.n);
        assert_true(t->language_p > 0.0f && t->language_p < 1.0f);
        for (size_t k = 0; k < t->n_segments; k++) {
            assert_true(t->segments[k].start >= last && t->segments[k].end >= t->segments[k].start);
            assert_true(t->segments[k].end <= clip.seconds);
            last = t->segments[k].start;
        }
        if (first == NULL)
            first = strdup(t->text);
        assert_string_equal(first, t->text);
        transcript_free(t);
        compute_done(&c);
    }
    free(first);
    whisper_close(w);
}

/* No words are made of nothing; -80 dB is nothing, -60 dB is not. */
static void test_silence(void **state)
{
    enum { N = 32000 };
    static float samples[N];
    struct whisper *w = tiny();
    struct clip clip = { .samples = samples, .n_samples = N, .seconds = 2.0 };
    struct whisper_params params = whisper_params_default();
    struct compute c;
    (void)state;

    assert_true(compute_init(&c, 1, NULL, NULL));
    for (int i = 0; i < N; i++)
        samples[i] = i % 2 == 0 ? 1e-4f : -1e-4f;
    struct transcript *t = transcribe(w, &c, &clip, &params, NULL);
    assert_non_null(t);
    assert_int_equal(t->n_segments, 0);
    assert_string_equal(t->text, "");
    assert_string_equal(t->language, "");
    transcript_free(t);
    samples[N / 2] = 1e-3f;
    t = transcribe(w, &c, &clip, &params, NULL);
    assert_string_not_equal(t->language, "");
    transcript_free(t);
    compute_done(&c);
    whisper_close(w);
}

static void test_cancel_and_language(void **state)
{
    float samples[AUDIO_HZ] = { 1.0f };
    struct whisper *w = tiny();
    struct clip clip = { .samples = samples, .n_samples = AUDIO_HZ, .seconds = 1.0 };
    struct whisper_params params = whisper_params_default();
    struct error err = { 0 };
    atomic_bool cancel = true;
    struct compute c;
    (void)state;

    assert_true(compute_init(&c, 1, NULL, NULL));
    c.cancel = &cancel;
    assert_null(transcribe(w, &c, &clip, &params, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    c.cancel = NULL;
    params.language = "klingon";
    assert_null(transcribe(w, &c, &clip, &params, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    params.language = "Korean";
    struct transcript *t = transcribe(w, &c, &clip, &params, &err);
    assert_non_null(t);
    assert_string_equal(t->language, "ko");
    assert_true(t->language_p >= 1.0f);
    transcript_free(t);
    compute_done(&c);
    whisper_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoder), cmocka_unit_test(test_alone), cmocka_unit_test(test_decoder), cmocka_unit_test(test_short),
        cmocka_unit_test(test_eight_bits), cmocka_unit_test(test_ends_early), cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_wrong_sizes), cmocka_unit_test(test_wrong_tensors), cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_transcribe_noise), cmocka_unit_test(test_silence),
        cmocka_unit_test(test_cancel_and_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
