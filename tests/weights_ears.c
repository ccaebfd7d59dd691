/* weights_ears.c - ears of our own behind Whisper base against PyTorch on the same weights (golden/make_ears.py), and what does not suit them. */
#include "tests/nmse.h"
#include "tests/weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/audio.h"
#include "audio/encoder.h"
#include "base/asset.h"
#include "base/file.h"
#include "tensor/kernels.h"

enum { N_EMBD = 576 };

static struct audio_encoder *open_ears(const struct compute *c)
{
    struct error err = { 0 };
    const struct asset *a = asset_find("own-ears.gguf");

    assert_non_null(a);
    struct audio_encoder *e = audio_encoder_open_bytes("own-ears.gguf", a->data, a->n_bytes, c, &err);
    if (e == NULL)
        fail_msg("%s", err.text);
    return e;
}

static float *read_samples(size_t *n)
{
    int16_t *pcm = (int16_t *)(void *)file_read("tests/golden/ears.i16", 1 << 20, n, NULL);
    float *x = malloc(*n / 2 * sizeof *x);

    assert_non_null(pcm);
    *n /= 2;
    for (size_t i = 0; i < *n; i++)
        x[i] = (float)pcm[i] / 32768.0f;
    free(pcm);
    return x;
}

/* plain: weights of Whisper stay F16, and only activations of the projector's two layers are of 8 bits (1/254 of the largest of 32 each);
 * with integer tiles those of Whisper's layers, too, and its weights. */
static void check_rows(bool plain, double bound)
{
    struct error err = { 0 };
    struct compute c;
    struct kernels no_tiles;
    size_t n_samples, n_bytes;
    float *samples = read_samples(&n_samples), *wanted = (float *)(void *)file_read("tests/golden/ears.f32", 1 << 20, &n_bytes, NULL);

    assert_non_null(wanted);
    assert_true(compute_init(&c, 2, NULL, NULL));
    no_tiles = *c.kernels;
    memset(no_tiles.pack_tile, 0, sizeof no_tiles.pack_tile);
    if (plain)
        c.kernels = &no_tiles;
    struct whisper *w = whisper_open(weights_path(WEIGHTS_WHISPER_BASE), &c, &err);
    struct audio_encoder *e = open_ears(&c);
    assert_non_null(w);
    assert_true(audio_encoder_suits(e, w, &err));
    assert_int_equal(audio_encoder_n_embd(e), N_EMBD);
    struct media_rows *m = audio_encoder_encode(e, w, &c, samples, n_samples, NULL, NULL, &err);
    assert_non_null(m);
    assert_int_equal(m->n_pieces, 1);
    assert_int_equal(m->n_rows * N_EMBD * sizeof(float), n_bytes);
    assert_int_equal(audio_encoder_plan(e, n_samples).n_rows, m->n_rows);
    double error = nmse(m->pieces[0].rows, wanted, m->n_rows * N_EMBD);
    print_message("%s: NMSE %.1e\n", plain ? "plain" : "with integer tiles, if any", error);
    assert_true(error <= bound);
    media_rows_free(m);
    audio_encoder_close(e);
    whisper_close(w);
    compute_done(&c);
    free(samples);
    free(wanted);
}

static void test_rows(void **state)
{
    (void)state;
    check_rows(true, 2e-3);
    check_rows(false, 1e-2);
}

/* Two windows and a bit: three pieces, each as long as its part. */
static void test_windows(void **state)
{
    enum { N = 2 * 480000 + 3200 };
    struct error err = { 0 };
    struct compute c;
    float *x = calloc(N, sizeof *x);
    (void)state;

    assert_true(compute_init(&c, 2, NULL, NULL));
    struct audio_encoder *e = open_ears(&c);
    struct audio_plan plan = audio_encoder_plan(e, N);
    assert_int_equal(plan.n_windows, 3);
    assert_int_equal(plan.n_rows, 375 + 375 + 3);
    struct whisper *w = whisper_open(weights_path(WEIGHTS_WHISPER_BASE), &c, &err);
    struct media_rows *m = audio_encoder_encode(e, w, &c, x, N, NULL, NULL, &err);
    assert_non_null(m);
    assert_int_equal(m->n_pieces, 3);
    assert_int_equal(m->pieces[2].n, 3);
    media_rows_free(m);
    whisper_close(w);
    audio_encoder_close(e);
    compute_done(&c);
    free(x);
}

static void test_unsuitable(void **state)
{
    struct error err = { 0 };
    struct compute c;
    (void)state;

    assert_true(compute_init(&c, 1, NULL, NULL));
    struct audio_encoder *e = open_ears(&c);
    struct whisper *w = whisper_open("tests/golden/whisper_tiny.bin", &c, &err);
    assert_non_null(w);
    assert_false(audio_encoder_suits(e, w, &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_string_equal(err.text, "own-ears.gguf was made for an encoder with rows of 512 numbers (whisper-base), tests/golden/whisper_tiny.bin has 12");
    whisper_close(w);
    audio_encoder_close(e);
    compute_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_windows), cmocka_unit_test(test_unsuitable) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
