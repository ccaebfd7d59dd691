/* test_projector.c - a projector against PyTorch (golden/make_projector.py), and files that are none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "tensor/gguf.h"
#include "tensor/kernels.h"
#include "tests/aligned_file.h"
#include "vision/projector.h"

#define TINY "tests/golden/projector_tiny.gguf"
#define N_CASE 3
enum { N_POSITION = 12, N_GRID = 64, N_CLASS = 7, N_BOX = 8, N_SUMMARY = 96, N_ROWS = 5, N_EMBD = 32, MOST_BOXES = 16 };

struct golden {
    float n_boxes, grid[N_POSITION][N_GRID], classes[MOST_BOXES], boxes[MOST_BOXES][N_BOX], summary[N_SUMMARY], rows[N_ROWS][N_EMBD];
};

static struct compute must_compute(size_t n_threads, const char *kernels)
{
    struct error err = { 0 };
    struct compute c;

    if (!compute_init(&c, n_threads, kernels, &err))
        fail_msg("%s", err.text);
    return c;
}

static struct projector *must_open(const char *path, const struct compute *c)
{
    struct error err = { 0 };
    struct projector *p = projector_open(path, c, &err);

    if (p == NULL)
        fail_msg("%s", err.text);
    return p;
}

static struct golden *read_golden(void)
{
    struct error err = { 0 };
    size_t n;
    struct golden *golden = (void *)file_read("tests/golden/projector_tiny.f32", 1 << 20, &n, &err);

    assert_non_null(golden);
    assert_int_equal(n, N_CASE * sizeof *golden);
    return golden;
}

static bool run(const struct projector *p, const struct compute *c, const struct golden *g, float *rows, struct error *err)
{
    size_t classes[MOST_BOXES];
    struct projector_input in = { *g->grid, classes, *g->boxes, (size_t)g->n_boxes, g->summary };
    struct arena *scratch = arena_new("test", 1 << 12, err);

    assert_non_null(scratch);
    for (size_t i = 0; i < MOST_BOXES; i++)
        classes[i] = (size_t)g->classes[i];
    bool ok = projector_run(p, c, scratch, &in, rows, err);
    arena_free(scratch);
    return ok;
}

/* ---- what comes out --------------------------------------------------------------------- */

static void test_sizes(void **state)
{
    struct compute c = must_compute(1, NULL);
    struct projector *p = must_open(TINY, &c);
    struct projector_sizes s = projector_sizes(p);
    char sha256[SHA256_HEX];
    (void)state;

    assert_true(s.n_position == N_POSITION && s.n_grid == N_GRID && s.n_class == N_CLASS && s.n_box == N_BOX);
    assert_true(s.n_summary == N_SUMMARY && s.n_rows == N_ROWS && s.n_embd == N_EMBD);
    assert_int_equal(projector_n_embd(p), N_EMBD);
    assert_string_equal(projector_text_model(p), "tiny random qwen2");
    assert_true(sha256_file(TINY, sha256, NULL));
    assert_string_equal(projector_id(p), sha256);
    projector_close(p);
    projector_close(NULL);
    compute_done(&c);
}

/* PyTorch's rows within 1e-4 for every variant of the kernels (the requirement is 1e-3; sums of at
 * most 96 terms of size 6 and two blocks behind norms stay far below it); the same bits for 1, 2
 * and 7 threads. */
static void test_golden(void **state)
{
    struct golden *golden = read_golden();
    (void)state;

    for (const struct kernels *const *k = kernels_all; *k != NULL; k++)
        for (size_t i = 0; (*k)->supported() && i < N_CASE; i++) {
            float rows[N_ROWS][N_EMBD], again[N_ROWS][N_EMBD];

            for (size_t n_threads = 1; n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
                struct error err = { 0 };
                struct compute c = must_compute(n_threads, (*k)->name);
                struct projector *p = must_open(TINY, &c);

                if (!run(p, &c, &golden[i], *again, &err))
                    fail_msg("%s", err.text);
                if (n_threads == 1)
                    memcpy(rows, again, sizeof rows);
                assert_memory_equal(rows, again, sizeof rows);
                projector_close(p);
                compute_done(&c);
            }
            for (size_t j = 0; j < (size_t)N_ROWS * N_EMBD; j++) {
                float found = rows[j / N_EMBD][j % N_EMBD], expected = golden[i].rows[j / N_EMBD][j % N_EMBD];
                if (!(fabsf(found - expected) <= 1e-4f))
                    fail_msg("%s, case %zu, number %zu: %.7g, expected %.7g", (*k)->name, i, j, (double)found, (double)expected);
            }
        }
    free(golden);
}

static void test_no_numbers_and_cancel(void **state)
{
    struct compute c = must_compute(2, NULL);
    struct projector *p = must_open(TINY, &c);
    struct golden *golden = read_golden();
    struct error err = { 0 };
    float rows[N_ROWS * N_EMBD];
    atomic_bool cancel = true;
    (void)state;

    golden[0].grid[3][5] = INFINITY;
    assert_false(run(p, &c, &golden[0], rows, &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, "no finite numbers"));
    c.cancel = &cancel;
    assert_false(run(p, &c, &golden[1], rows, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    free(golden);
    projector_close(p);
    compute_done(&c);
}

/* ---- what is refused ---------------------------------------------------------------------- */

static struct compute compute;

static void refuse_bytes(unsigned char *bytes, size_t n, const char *expected)
{
    struct error err = { 0 };

    if (projector_open_bytes("wrong.gguf", bytes, n, &compute, &err) != NULL)
        fail_msg("accepted, but expected \"%s\"", expected);
    if (err.code != ERROR_MODEL || strncmp(err.text, "wrong.gguf: ", 12) != 0 || strstr(err.text, expected) == NULL)
        fail_msg("expected \"%s\", found %d \"%s\"", expected, (int)err.code, err.text);
    free(bytes);
}

/* Writes `size` bytes over those that stand `after` bytes behind the first `text`. */
static void refuse(const char *expected, const char *text, size_t after, size_t size, const void *with)
{
    size_t n;
    unsigned char *bytes = aligned_file(TINY, &n), *at = memmem(bytes, n, text, strlen(text));

    assert_non_null(at);
    memcpy(at + after, with, size);
    refuse_bytes(bytes, n, expected);
}

static void test_other_kinds(void **state)
{
    (void)state;
    refuse("is not a GGUF file", "GGUF", 0, 1, "g");
    refuse("architecture is clap, a projector (clip) was expected", "clip", 0, 4, "clap");
    refuse("architecture is missing", "general.architecture", 0, 8, "particul");
    refuse("general.type is mmpr0j, mmproj was expected", "mmproj", 0, 6, "mmpr0j");
    refuse("general.type is missing", "general.type", 0, 7, "private");
    refuse("is not for pictures", "has_vision_encoder", 18 + 4, 1, "");
    refuse("is not for pictures", "has_vision_encoder", 0, 3, "had");
    refuse("clip.projector_type is mynah-ears; only mynah-eyes is read", "mynah-eyes", 0, 10, "mynah-ears");
    refuse("clip.projector_type is missing", "clip.projector_type", 0, 4, "clap");
}

/* Behind a key: type u32, value. */
static void refuse_u32(const char *expected, const char *key, uint32_t value)
{
    refuse(expected, key, strlen(key) + 4, sizeof value, &value);
}

static void refuse_eps(float value)
{
    refuse("layer_norm_epsilon is missing, or not between 0 and 1", "layer_norm_epsilon", 18 + 4, sizeof value, &value);
}

static void test_metadata(void **state)
{
    (void)state;
    refuse_u32("head_count is 0, 1 to 32 are possible", "head_count", 0);
    refuse_u32("head_count is 33, 1 to 32 are possible", "head_count", 33);
    refuse_u32("head_count is 4294967295", "head_count", UINT32_MAX);
    refuse_u32("5 heads do not divide a width of 32", "head_count", 5);
    refuse("head_count is missing, or no number", "head_count", 0, 1, "b");
    refuse_u32("block_count is 0", "block_count", 0);
    refuse_u32("block_count is 4294967295", "block_count", UINT32_MAX);
    refuse_u32("tensor mm.blk.2.ffn_up.bias is missing", "block_count", 3);
    refuse_u32("projection_dim is 0", "projection_dim", 0);
    refuse_u32("tensor mm.out.weight: expected 32 x 31, found 32 x 32", "projection_dim", 31);
    refuse_u32("tensor mm.out.weight: expected 32 x 4294967295", "projection_dim", UINT32_MAX);
    refuse_eps(NAN);
    refuse_eps(INFINITY);
    refuse_eps(0.0f);
    refuse_eps(-1e-5f);
    refuse_eps(1.0f);
    refuse("layer_norm_epsilon is missing", "layer_norm_epsilon", 0, 5, "layar");
    refuse("mynah-eyes.text_model is missing, or no name", "mynah-eyes.text_model", 11, 4, "texd");
    refuse("key mynah-eyes.text_model: the text holds a NUL byte", "tiny random", 0, 1, "");
}

/* Behind a tensor's name: n_dims u32, dims u64, type u32, offset u64. */
static void refuse_dim(const char *expected, const char *name, size_t i, uint64_t dim)
{
    refuse(expected, name, strlen(name) + 4 + 8 * i, sizeof dim, &dim);
}

static void test_tensors(void **state)
{
    static const char *const names[] = {
        "v.grid.weight", "v.grid.bias", "v.position_embd", "v.class_embd", "v.box.weight", "v.box.bias", "v.summary.mean", "v.summary.scale",
        "v.summary.weight", "v.summary.bias", "mm.token_norm.weight", "mm.token_norm.bias", "mm.query", "mm.out_norm.weight", "mm.out_norm.bias",
        "mm.out.weight", "mm.out.bias", "mm.blk.0.cross_norm.weight", "mm.blk.0.cross_q.weight", "mm.blk.0.cross_k.bias",
        "mm.blk.0.cross_v.weight", "mm.blk.0.cross_out.bias", "mm.blk.1.self_norm.bias", "mm.blk.1.self_q.weight", "mm.blk.1.self_k.bias",
        "mm.blk.1.self_v.weight", "mm.blk.1.self_out.bias", "mm.blk.0.ffn_norm.bias", "mm.blk.0.ffn_up.weight", "mm.blk.1.ffn_up.bias",
        "mm.blk.1.ffn_down.weight", "mm.blk.1.ffn_down.bias",
    };
    char expected[100];
    (void)state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(expected, sizeof expected, "tensor %s is missing", names[i]);
        refuse(expected, names[i], strlen(names[i]) - 1, 1, "_");
    }
    refuse_dim("tensor v.grid.bias: expected 32, found 31", "v.grid.bias", 0, 31);
    refuse_dim("tensor v.position_embd: expected 32 x 12, found 16 x 12", "v.position_embd", 0, 16);
    refuse_dim("tensor v.class_embd: expected 32 x 7, found 8 x 7", "v.class_embd", 0, 8);
    refuse_dim("tensor v.box.weight: expected 8 x 32, found 8 x 16", "v.box.weight", 1, 16);
    refuse_dim("tensor v.summary.weight: expected 64 x 32, found 96 x 32", "v.summary.mean", 0, 64);
    refuse_dim("tensor v.summary.scale: expected 96, found 64", "v.summary.scale", 0, 64);
    refuse_dim("tensor v.grid.weight: expected 64 x 16, found 64 x 32", "mm.query", 0, 16);        /* its width is everything's */
    refuse_dim("tensor mm.blk.1.ffn_up.weight: expected 32 x 48, found 32 x 64", "mm.blk.1.ffn_up.bias", 0, 48);
    refuse_dim("tensor mm.blk.1.ffn_down.weight: expected 64 x 32, found 32 x 32", "mm.blk.1.ffn_down.weight", 0, 32);
}

static void test_cut_short_and_unaligned(void **state)
{
    struct error err = { 0 };
    size_t n;
    unsigned char *bytes = aligned_file(TINY, &n);
    struct projector *p = projector_open_bytes("whole", bytes, n, &compute, &err);
    char sha256[SHA256_HEX];
    (void)state;

    assert_non_null(p);
    sha256_bytes(bytes, n, sha256);
    assert_string_equal(projector_id(p), sha256);
    projector_close(p);
    for (size_t i = 0; i < n; i += i < 8192 ? 1 : 997)
        assert_null(projector_open_bytes("cut", bytes, i, &compute, &err));
    assert_null(projector_open_bytes("odd", bytes + 1, n - 1, &compute, &err));
    assert_non_null(strstr(err.text, "not a multiple of 64"));
    assert_null(projector_open("/nowhere/at/all.gguf", &compute, &err));
    assert_non_null(strstr(err.text, "/nowhere/at/all.gguf"));
    assert_null(projector_open("tests/golden/text_llama_tiny.gguf", &compute, &err));
    assert_non_null(strstr(err.text, "architecture is llama, a projector (clip) was expected; -m takes text models"));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes), cmocka_unit_test(test_golden), cmocka_unit_test(test_no_numbers_and_cancel),
        cmocka_unit_test(test_other_kinds), cmocka_unit_test(test_metadata), cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_cut_short_and_unaligned),
    };

    compute = must_compute(1, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    compute_done(&compute);
    return failed;
}
