/* weights_whisper.c - Whisper base on assets/speech.flac against CTranslate2 on the same
 * weights (golden/make_speech.py). */
#include "tests/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/mel.h"
#include "audio/whisper_encoder.h"

#define SPEECH "assets/speech.flac"

static struct whisper *base(void)
{
    struct error err = { 0 };
    struct whisper *w = whisper_open(weights_path(WEIGHTS_WHISPER_BASE), &err);

    if (w == NULL)
        fail_msg("%s", err.text);
    return w;
}

/* The mels differ by 1e-3 at most where they are quiet and 1e-6 where they are loud (test_mel.c),
 * 1e-5 in the mean; F32 sums of up to 2048 terms add some sqrt(2048) eps = 5e-6 a layer: together
 * some 1e-4 of the size, squared 1e-8. */
static void test_encoder(void **state)
{
    enum { EVERY = 50, N_ROWS = 30 };
    size_t n_bytes;
    float *golden = (float *)(void *)file_read("tests/golden/speech_encoder.f32", 1 << 20, &n_bytes, NULL);
    struct whisper *w = base();
    struct clip *clip = clip_load(SPEECH, NULL);
    struct arena *scratch = arena_new("test", 64 << 20, NULL);
    struct compute c;
    struct mel mel;
    double error = 0.0, size = 0.0;
    (void)state;

    assert_non_null(golden);
    assert_non_null(clip);
    assert_int_equal(n_bytes, N_ROWS * w->n_state * sizeof(float));
    assert_true(compute_init(&c, 0, NULL, NULL));
    float *window = malloc(2 * w->n_audio_ctx * w->n_mels * sizeof *window);
    float *out = malloc(w->n_audio_ctx * w->n_state * sizeof *out);
    assert_true(mel_compute(&mel, &c, scratch, w->filters, w->n_mels, clip->samples, clip->n_samples, NULL));
    mel_window(&mel, 0, 2 * w->n_audio_ctx, window);
    assert_true(whisper_encode(w, &c, scratch, window, out, NULL));
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t k = 0; k < w->n_state; k++) {
            double want = (double)golden[i * w->n_state + k];
            error += pow((double)out[i * EVERY * w->n_state + k] - want, 2.0);
            size += want * want;
        }
    printf("encoder: NMSE %.2g\n", error / size);
    assert_true(error / size <= 1e-8);
    mel_done(&mel);
    free(out);
    free(window);
    compute_done(&c);
    arena_free(scratch);
    clip_free(clip);
    whisper_close(w);
    free(golden);
}

static struct transcript *transcribe(const struct whisper *w, const struct clip *clip)
{
    struct compute c;
    struct error err = { 0 };
    struct whisper_params params = whisper_params_default();

    assert_true(compute_init(&c, 0, NULL, NULL));
    struct transcript *t = whisper_transcribe(w, &c, clip, &params, &err);
    if (t == NULL)
        fail_msg("%s", err.text);
    compute_done(&c);
    return t;
}

static void test_words_and_times(void **state)
{
    struct whisper *w = base();
    struct clip *clip = clip_load(SPEECH, NULL);
    struct transcript *t = transcribe(w, clip);
    FILE *golden = fopen("tests/golden/speech_segments.txt", "r");
    char language[8], words[400];
    double p, start, end;
    size_t n = 0;
    (void)state;

    assert_non_null(golden);
    assert_int_equal(fscanf(golden, "%7s %lf", language, &p), 2);
    assert_string_equal(t->language, language);
    printf("language: p %.4f, CTranslate2 %.4f\n", (double)t->language_p, p);
    assert_true(fabs((double)t->language_p - p) < 0.001);
    while (fscanf(golden, "%lf %lf %399[^\n]", &start, &end, words) == 3) {
        assert_true(n < t->n_segments);
        assert_string_equal(t->segments[n].text, words);
        assert_true(fabs(t->segments[n].start - start) < 0.001 && fabs(t->segments[n].end - end) < 0.001);
        n++;
    }
    assert_int_equal(t->n_segments, n);
    fclose(golden);
    transcript_free(t);
    clip_free(clip);
    whisper_close(w);
}

static size_t count(const char *text, const char *word)
{
    size_t n = 0;

    while ((text = strstr(text, word)) != NULL) {
        n++;
        text++;
    }
    return n;
}

/* Three readings, 46 s, one after the other: two windows or more, and nothing lost or
 * said twice where they meet. */
static void test_windows(void **state)
{
    struct whisper *w = base();
    struct clip *clip = clip_load(SPEECH, NULL);
    size_t n = clip->n_samples;
    struct clip *longer = calloc(1, sizeof *longer);
    (void)state;

    longer->n_samples = 3 * n;
    longer->samples = malloc(3 * n * sizeof *longer->samples);
    longer->seconds = (double)longer->n_samples / AUDIO_HZ;
    for (size_t i = 0; i < 3; i++)
        memcpy(longer->samples + i * n, clip->samples, n * sizeof *clip->samples);
    struct transcript *t = transcribe(w, longer);
    assert_true(t->n_windows >= 2);
    assert_int_equal(count(t->text, "leisure to consider"), 3);
    assert_int_equal(count(t->text, "not an ill-disposed young man"), 3);
    assert_true(t->segments[t->n_segments - 1].end > 44.0);
    transcript_free(t);
    clip_free(longer);
    clip_free(clip);
    whisper_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoder), cmocka_unit_test(test_words_and_times), cmocka_unit_test(test_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
