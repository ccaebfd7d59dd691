/* test_mmproj.c - what a projector file says of itself, and files that lie (golden/make_encoder.py). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/mmproj.h"
#include "tests/aligned_file.h"

#define LAYER "tests/golden/encoder_layer.gguf"
#define AUDIO "tests/golden/encoder_audio.gguf"

static struct gguf *must_open(const char *path)
{
    struct error err = { 0 };
    struct gguf *g = gguf_open(path, &err);

    if (g == NULL)
        fail_msg("%s", err.text);
    return g;
}

static void test_values(void **state)
{
    struct error err = { 0 };
    struct gguf *g = must_open(LAYER);
    struct encoder_params p;
    float three[3], eps;
    int32_t layers[4];
    size_t n;
    (void)state;

    assert_true(mmproj_check(g, &err) && mmproj_check_kind(g, MMPROJ_VISION, &err) && mmproj_has(g, MMPROJ_VISION));
    assert_false(mmproj_has(g, MMPROJ_AUDIO));
    assert_string_equal(mmproj_projector_type(g, MMPROJ_VISION, &err), "test");
    assert_true(mmproj_encoder(g, MMPROJ_VISION, &p, &err));
    assert_string_equal(p.prefix, "v");
    assert_true(p.n_embd == 24 && p.n_head == 3 && p.head_dim == 8 && p.n_layer == 2 && p.activation == ENCODER_GELU_TANH);
    assert_true(p.norm == ENCODER_NORM_LAYER && p.eps == 1e-3f);
    assert_true(mmproj_n_embd(g, MMPROJ_VISION, &n, &err) && n == 48);
    assert_true(mmproj_floats3(g, MMPROJ_VISION, "image_mean", -1, 2, three, &err));
    assert_true(three[0] == 0.5f && three[1] == 0.25f && three[2] == 0.125f);
    assert_true(mmproj_counts(g, MMPROJ_VISION, "feature_layer", 0, 2, 4, layers, &n, &err) && n == 2 && layers[0] == 1 && layers[1] == 2);
    assert_true(mmproj_counts(g, MMPROJ_VISION, "wa_layer_indexes", 0, 2, 4, layers, &n, &err) && n == 0);
    assert_true(mmproj_count_or(g, MMPROJ_VISION, "head_dim", 1, 9, 7, &n, &err) && n == 7);
    assert_true(mmproj_float(g, MMPROJ_VISION, "attention.layer_norm_epsilon", 0, 1, &eps, &err) && eps == 1e-3f);
    gguf_close(g);
}

static void test_audio(void **state)
{
    struct error err = { 0 };
    struct gguf *g = must_open(AUDIO);
    struct encoder_params p;
    (void)state;

    assert_true(mmproj_check(g, &err) && mmproj_check_kind(g, MMPROJ_AUDIO, &err));
    assert_true(mmproj_encoder(g, MMPROJ_AUDIO, &p, &err));
    assert_string_equal(p.prefix, "a");
    assert_true(p.n_head == 2 && p.head_dim == 16 && p.n_embd == 20 && p.activation == ENCODER_GELU_QUICK);
    assert_false(mmproj_check_kind(g, MMPROJ_VISION, &err));
    assert_non_null(strstr(err.text, "is not for pictures (clip.has_vision_encoder)"));
    gguf_close(g);
}

/* ---- refused ------------------------------------------------------------------------------ */

/* Any of what a reader asks of the file is false with this text; `with` goes `after` bytes behind the first `text`. */
static void refuse(const char *expected, const char *text, size_t after, size_t size, const void *with)
{
    struct error err = { 0 };
    struct encoder_params p = { .n_embd = 77 };
    float three[3] = { 77, 77, 77 };
    int32_t layers[2] = { 77, 77 };
    size_t n_bytes, n;
    unsigned char *bytes = aligned_file(LAYER, &n_bytes), *at = memmem(bytes, n_bytes, text, strlen(text));

    assert_non_null(at);
    memcpy(at + after, with, size);
    struct gguf *g = gguf_open_bytes("wrong.gguf", bytes, n_bytes, &err);
    if (g == NULL)
        fail_msg("%s", err.text);
    if (mmproj_check(g, &err) && mmproj_projector_type(g, MMPROJ_VISION, &err) != NULL && mmproj_n_embd(g, MMPROJ_VISION, &n, &err)
        && mmproj_floats3(g, MMPROJ_VISION, "image_mean", -1, 2, three, &err) && mmproj_floats3(g, MMPROJ_VISION, "image_std", 0, 2, three, &err)
        && mmproj_counts(g, MMPROJ_VISION, "feature_layer", 0, 2, 2, layers, &n, &err) && mmproj_encoder(g, MMPROJ_VISION, &p, &err))
        fail_msg("accepted, but expected \"%s\"", expected);
    if (err.code != ERROR_MODEL || strncmp(err.text, "wrong.gguf: ", 12) != 0 || strstr(err.text, expected) == NULL)
        fail_msg("expected \"%s\", found %d \"%s\"", expected, (int)err.code, err.text);
    assert_int_equal(p.n_embd, 77);         /* untouched */
    gguf_close(g);
    free(bytes);
}

static void refuse_u32(const char *expected, const char *key, uint32_t value)
{
    refuse(expected, key, strlen(key) + 4, sizeof value, &value);
}

static void test_kinds(void **state)
{
    (void)state;
    refuse("architecture is clap, a projector (clip) was expected; -m takes text models", "clip", 0, 4, "clap");
    refuse("architecture is missing", "general.architecture", 0, 8, "particul");
    refuse("has no encoder", "has_vision_encoder", 18 + 4, 1, "");
    refuse("has no encoder", "has_vision_encoder", 0, 3, "had");
    refuse("clip.projector_type is missing, and so is clip.vision.projector_type", "projector_type", 0, 1, "P");
}

static void test_numbers(void **state)
{
    const uint32_t as_u8 = 0, as_f32 = 6, as_i32 = 5;
    (void)state;

    refuse_u32("clip.vision.projection_dim is 0, 1 to 4294967295 are possible", "projection_dim", 0);
    refuse_u32("clip.vision.embedding_length is 0", "embedding_length", 0);
    refuse_u32("clip.vision.embedding_length is 4294967295", "embedding_length", UINT32_MAX);
    refuse("clip.vision.embedding_length is missing, or no number", "embedding_length", 16, 4, &as_f32);
    refuse_u32("head_count is 0, 1 to 24 are possible", "head_count", 0);
    refuse_u32("head_count is 25, 1 to 24 are possible", "head_count", 25);
    refuse_u32("5 heads do not divide a width of 24", "head_count", 5);
    refuse_u32("block_count is 0", "block_count", 0);
    refuse_u32("block_count is 4294967295", "block_count", UINT32_MAX);
    refuse("layer_norm_epsilon is missing, or not between 0 and 1", "layer_norm_epsilon", 18, 4, &as_i32);
    refuse("clip.use_gelu is no bool", "use_gelu", 8, 4, &as_u8);
    refuse("both clip.use_gelu and clip.use_silu are set", "use_silu", 8 + 4, 1, "\1");
}

static void test_floats(void **state)
{
    static const float wrong[] = { NAN, INFINITY, 0.0f, -1e-5f, 1.0f };
    const uint32_t i32 = 5, f32 = 6;
    const float zero = 0.0f;
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refuse("layer_norm_epsilon is missing, or not between 0 and 1", "layer_norm_epsilon", 18 + 4, 4, &wrong[i]);
    /* Behind a key: array u32, type u32, n u64, numbers. */
    refuse("image_std holds 0, each is to be between 0 and 2", "image_std", 9 + 16, 4, &zero);
    refuse("image_std holds nan", "image_std", 9 + 16 + 8, 4, &wrong[0]);
    refuse("image_mean holds inf", "image_mean", 10 + 16 + 4, 4, &wrong[1]);
    refuse("image_mean has 0 floats, 3 were expected", "image_mean", 10 + 4, 4, &i32);
    refuse("image_mean has 0 floats, 3 were expected", "image_mean", 0, 1, "I");
    refuse("feature_layer is no list of integers", "feature_layer", 13 + 4, 4, &f32);
}

static void test_lists(void **state)
{
    const int32_t wrong[] = { -1, 3, INT32_MAX, INT32_MIN };
    char expected[80];
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(expected, sizeof expected, "feature_layer holds %d, 0 to 2 are possible", (int)wrong[i]);
        refuse(expected, "feature_layer", 13 + 16 + 4, 4, &wrong[i]);
    }
}

/* An array that is too short, or too long: files that gguf-py cannot be made to write in passing. */
static void test_lengths(void **state)
{
    struct error err = { 0 };
    struct gguf *g = must_open(LAYER);
    int32_t one[1];
    size_t n;
    float three[3];
    (void)state;

    assert_false(mmproj_counts(g, MMPROJ_VISION, "feature_layer", 0, 9, 1, one, &n, &err));
    assert_non_null(strstr(err.text, "feature_layer has 2 numbers, at most 1 are possible"));
    assert_false(mmproj_floats3(g, MMPROJ_VISION, "two_floats", -1, 2, three, &err));
    assert_non_null(strstr(err.text, "two_floats has 2 floats, 3 were expected"));
    gguf_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_audio), cmocka_unit_test(test_kinds), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_floats), cmocka_unit_test(test_lists), cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
