/* test_head.c - a head against PyTorch (golden/make_head.py), files that are none, and
 * what it is fed with. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/asset.h"
#include "base/file.h"
#include "tensor/gguf.h"
#include "tensor/kernels.h"
#include "tensor/ops.h"
#include "tests/aligned_file.h"
#include "vision/head.h"
#include "vision/names.h"
#include "vision/seen.h"

#define N_IN 64
#define N_WORD 5
#define N_ROW 4

/* PyTorch's outputs within 1e-3, the requirement (rounding of sums of 64 terms stays far
 * below it); the same bits for 1, 2 and 7 threads. */
static void test_golden(void **state)
{
    struct error err = { 0 };
    size_t n, n_golden;
    unsigned char *bytes = aligned_file("tests/golden/head_tiny.gguf", &n);
    float (*rows)[N_IN + N_WORD] = (void *)file_read("tests/golden/head_tiny.f32", 1 << 20, &n_golden, &err);
    struct head *h = head_open("head_tiny.gguf", bytes, n, &err);
    struct arena *scratch = arena_new("test", 1 << 12, &err);
    float y[N_ROW][N_WORD], again[N_WORD];
    (void)state;

    if (h == NULL)
        fail_msg("%s", err.text);
    assert_non_null(rows);
    assert_int_equal(n_golden, N_ROW * sizeof *rows);
    assert_int_equal(head_n_in(h), N_IN);
    assert_int_equal(head_n_words(h), N_WORD);
    assert_string_equal(head_word(h, 0), "snow");
    assert_string_equal(head_word(h, N_WORD - 1), "man");
    for (size_t n_threads = 1; n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
        struct compute c;

        assert_true(compute_init(&c, n_threads, NULL, &err));
        for (size_t i = 0; i < N_ROW; i++) {
            assert_true(head_run(h, &c, scratch, rows[i], again, &err));
            if (n_threads == 1)
                memcpy(y[i], again, sizeof again);
            assert_memory_equal(y[i], again, sizeof again);
        }
        compute_done(&c);
    }
    for (size_t i = 0; i < N_ROW; i++)
        for (size_t j = 0; j < N_WORD; j++)
            if (!(fabsf(y[i][j] - rows[i][N_IN + j]) <= 1e-3f))
                fail_msg("row %zu, word %zu: %.6g, expected %.6g", i, j, (double)y[i][j], (double)rows[i][N_IN + j]);
    head_close(h);
    arena_free(scratch);
    free(rows);
    free(bytes);
}

/* Arrays of numbers as tools/gguf_write.py has them. */
static void test_numbers(void **state)
{
    struct error err = { 0 };
    size_t n;
    unsigned char *bytes = aligned_file("tests/golden/head_tiny.gguf", &n);
    struct gguf *g = gguf_open_bytes("head_tiny.gguf", bytes, n, &err);
    const float *numbers;
    (void)state;

    assert_non_null(g);
    assert_int_equal(gguf_f32s(g, "test.numbers", &numbers), 2);
    assert_true(numbers[0] == 0.25f && numbers[1] == -2.0f);
    gguf_close(g);
    free(bytes);
}

/* ---- what is refused ------------------------------------------------------------------ */

/* Writes `size` bytes over those that stand `after` bytes behind the first `text`. */
struct change { const char *text; size_t after, size; const void *with; };

static void refuse(const struct change *changes, size_t n_changes, const char *expected)
{
    struct error err = { 0 };
    size_t n;
    unsigned char *bytes = aligned_file("tests/golden/head_tiny.gguf", &n);
    struct head *h;

    for (size_t i = 0; i < n_changes; i++) {
        unsigned char *at = memmem(bytes, n, changes[i].text, strlen(changes[i].text));

        assert_non_null(at);
        memcpy(at + changes[i].after, changes[i].with, changes[i].size);
    }
    h = head_open("wrong.gguf", bytes, n, &err);
    if (h != NULL)
        fail_msg("accepted, but expected \"%s\"", expected);
    if (err.code != ERROR_MODEL || strncmp(err.text, "wrong.gguf: ", 12) != 0 || strstr(err.text, expected) == NULL)
        fail_msg("expected \"%s\", found %d \"%s\"", expected, (int)err.code, err.text);
    free(bytes);
}
#define REFUSE(expected, ...) \
    refuse((const struct change[]){ __VA_ARGS__ }, sizeof (struct change[]){ __VA_ARGS__ } / sizeof(struct change), expected)

/* Behind a tensor's name: n_dims u32, dims u64, type u32, offset u64. */
#define DIM0(name) strlen(name) + 4
#define DIM1(name) strlen(name) + 12
#define TYPE1(name) strlen(name) + 12           /* of a vector */
#define TYPE2(name) strlen(name) + 20           /* of a matrix */
static const uint64_t less[] = { 32, 48, 16, 4 };
static const uint32_t f16 = TENSOR_F16, q4_0 = TENSOR_Q4_0;

static void test_wrong_files(void **state)
{
    (void)state;
    REFUSE("architecture is mynah-haed, expected mynah-head", { "mynah-head", 0, 10, "mynah-haed" });
    REFUSE("architecture is missing", { "general.architecture", 0, 8, "particul" });
    REFUSE("tensor mean is missing", { "mean", 0, 4, "meen" });
    REFUSE("tensor scale is missing", { "scale", 0, 5, "scole" });
    REFUSE("tensor hidden.weight is missing", { "hidden.weight", 0, 6, "hodden" });
    REFUSE("tensor hidden.bias is missing", { "hidden.bias", 0, 6, "hodden" });
    REFUSE("tensor out.weight is missing", { "out.weight", 0, 3, "aut" });
    REFUSE("tensor out.bias is missing", { "out.bias", 0, 3, "aut" });
    REFUSE("48 inputs and 32 hidden units, both must be multiples of 32", { "mean", DIM0("mean"), 8, &less[1] });
    REFUSE("64 inputs and 16 hidden units", { "hidden.bias", DIM0("hidden.bias"), 8, &less[2] });
    REFUSE("tensor scale: expected 64, found 32", { "scale", DIM0("scale"), 8, &less[0] });
    REFUSE("tensor hidden.weight: expected 64 x 32, found 32 x 32", { "hidden.weight", DIM0("hidden.weight"), 8, &less[0] });
    REFUSE("tensor hidden.weight: expected 64 x 32, found 64 x 16", { "hidden.weight", DIM1("hidden.weight"), 8, &less[2] });
    REFUSE("tensor out.weight: expected 32 x 5, found 32 x 4", { "out.weight", DIM1("out.weight"), 8, &less[3] });
    REFUSE("row of 48 is not whole blocks of 32", { "hidden.weight", DIM0("hidden.weight"), 8, &less[1] });
    REFUSE("tensor mean: expected F32, found F16", { "mean", TYPE1("mean"), 4, &f16 });
    REFUSE("tensor out.weight: expected Q8_0, found Q4_0", { "out.weight", TYPE2("out.weight"), 4, &q4_0 });
    REFUSE("head.words is missing", { "head.words", 0, 4, "tail" });
    REFUSE("head.words has 5 words for 4 outputs", { "out.bias", DIM0("out.bias"), 8, &less[3] });
    REFUSE("word 1 of head.words is empty or holds a NUL byte", { "kitchen", 3, 1, "" });
    REFUSE("is not a GGUF file", { "GGUF", 0, 1, "g" });
}

static void test_cut_short_and_unaligned(void **state)
{
    struct error err = { 0 };
    size_t n;
    unsigned char *bytes = aligned_file("tests/golden/head_tiny.gguf", &n);
    (void)state;

    for (size_t i = 0; i < n - 12; i++)             /* behind out.bias the file is filled up to 32 */
        assert_null(head_open("cut", bytes, i, &err));
    assert_non_null(strstr(err.text, "tensor out.bias (20 bytes) lies past the end"));
    assert_null(head_open("odd", bytes + 1, n - 1, &err));
    assert_non_null(strstr(err.text, "odd: lies at an address that is not a multiple of 64"));
    free(bytes);
}

/* ---- the head that the program carries ------------------------------------------------- */

/* The formula in double, on the file's weights as the reference kernels read them. */
static void layer(const struct gguf *g, const char *weight, const char *bias, const double *x, double *y)
{
    const struct tensor *w = gguf_tensor(g, weight);
    const float *b = gguf_tensor(g, bias)->data;
    struct compute c = { .kernels = &kernels_ref };
    float *row = malloc(w->dim[0] * sizeof *row);

    assert_non_null(row);
    for (size_t i = 0; i < w->dim[1]; i++) {
        ops_dequantize_row(&c, w, i, row);
        y[i] = (double)b[i];
        for (size_t j = 0; j < w->dim[0]; j++)
            y[i] += (double)row[j] * x[j];
    }
    free(row);
}

static void expected(const struct gguf *g, const float *x, size_t n_in, double *y, size_t n_word)
{
    const float *mean = gguf_tensor(g, "mean")->data, *scale = gguf_tensor(g, "scale")->data;
    size_t n_hidden = gguf_tensor(g, "hidden.bias")->dim[0];
    double *in = malloc(n_in * sizeof *in), *hidden = malloc(n_hidden * sizeof *hidden);

    assert_true(in != NULL && hidden != NULL);
    for (size_t i = 0; i < n_in; i++)
        in[i] = fmin(fmax(((double)x[i] - (double)mean[i]) * (double)scale[i], -6.0), 6.0);
    layer(g, "hidden.weight", "hidden.bias", in, hidden);
    for (size_t i = 0; i < n_hidden; i++)
        hidden[i] *= 0.5 * (1.0 + erf(hidden[i] / sqrt(2.0)));
    layer(g, "out.weight", "out.bias", hidden, y);
    for (size_t i = 0; i < n_word; i++)
        y[i] = 1.0 / (1.0 + exp(-y[i]));
    free(hidden);
    free(in);
}

/* Rows of several pieces, split over many threads: within 1e-3 of the formula for every
 * table of kernels, and the same bits for 1, 2 and 7 threads. */
static void test_concepts(void **state)
{
    struct error err = { 0 };
    const struct asset *a = asset_find("concepts.gguf");
    struct gguf *g = gguf_open_bytes(a->name, a->data, a->n_bytes, &err);
    struct head *h = head_open(a->name, a->data, a->n_bytes, &err);
    struct arena *scratch = arena_new("test", 1 << 16, &err);
    static float x[SEEN_N_INPUT];
    uint32_t seed = 5;
    (void)state;

    if (h == NULL)
        fail_msg("%s", err.text);
    size_t n = head_n_words(h);
    double *want = malloc(n * sizeof *want);
    float *y = malloc(2 * n * sizeof *y), *again = y + n;
    assert_true(n > 0 && want != NULL && y != NULL);
    assert_int_equal(head_n_in(h), SEEN_N_INPUT);
    for (size_t i = 0; i < SEEN_N_INPUT; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) / (float)(1 << 22) - 2.0f;
    }
    expected(g, x, SEEN_N_INPUT, want, n);
    for (const struct kernels *const *k = kernels_all; *k != NULL; k++)
        for (size_t n_threads = 1; (*k)->supported() && n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
            struct compute c;

            assert_true(compute_init(&c, n_threads, (*k)->name, &err));
            assert_true(head_run(h, &c, scratch, x, again, &err));
            compute_done(&c);
            if (n_threads == 1)
                memcpy(y, again, n * sizeof *y);
            assert_memory_equal(y, again, n * sizeof *y);
            for (size_t i = 0; i < n; i++)
                if (!(fabs((double)y[i] - want[i]) <= 1e-3))
                    fail_msg("%s, word %zu: %.6g, expected %.6g", (*k)->name, i, (double)y[i], want[i]);
        }
    free(y);
    free(want);
    arena_free(scratch);
    head_close(h);
    gguf_close(g);
}

/* ---- inputs ---------------------------------------------------------------------------- */

static size_t class_at(int id)
{
    for (size_t i = 0; i < NAMES_N_COCO; i++)
        if (names_coco_at(i)->id == id)
            return i;
    fail_msg("COCO has no class %d", id);
    return 0;
}

static void assert_near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-6))
        fail_msg("%.9g, expected %.9g", got, want);
}

/* Persons (id 1) of which one is under 0.4, a dog (18) whose box is turned, a toothbrush (90, the
 * last class), 26 that COCO leaves out, and a cup (47) that is number 33. */
static void test_inputs(void **state)
{
    enum { PERSON = 1, DOG = 18, NONE = 26, CUP = 47, TOOTHBRUSH = 90 };
    struct detection found[40] = {
        { PERSON, 0.9f, { 0.1f, 0.2f, 0.3f, 0.7f } }, { PERSON, 0.8f, { 0.0f, 0.0f, 0.5f, 0.4f } }, { DOG, 0.7f, { 0.5f, 0.5f, 0.4f, 0.9f } },
        { NONE, 0.6f, { 0.0f, 0.0f, 1.0f, 1.0f } }, { PERSON, 0.4f, { 0.0f, 0.0f, 1.0f, 1.0f } }, { TOOTHBRUSH, 0.2f, { 0.0f, 0.0f, 1.0f, 1.0f } }
    };
    static float mean[CLASSIFIER_N_EMBD], x[SEEN_N_INPUT];
    struct seen s = { .mean = mean, .found = found, .n_found = 6 };
    const float *best = x + CLASSIFIER_N_EMBD + CLASSIFIER_N_CLASS, *area = best + 80, *count = area + 80;
    (void)state;

    mean[0] = 1.5f, mean[CLASSIFIER_N_EMBD - 1] = 2.5f;
    s.logits[0] = -3.0f, s.logits[CLASSIFIER_N_CLASS - 1] = 4.0f;
    for (size_t i = 0; i < SEEN_N_INPUT; i++)
        x[i] = NAN;
    seen_inputs(&s, x);
    assert_true(x[0] == 1.5f && x[1279] == 2.5f && x[1280] == -3.0f && x[2279] == 4.0f);
    assert_int_equal(class_at(PERSON), 0);
    assert_int_equal(class_at(TOOTHBRUSH), 79);
    assert_true(best[0] == 0.9f && best[class_at(DOG)] == 0.7f && best[79] == 0.2f);
    assert_near((double)area[0], 0.2);              /* 0.5 * 0.4 is more than 0.2 * 0.5 */
    assert_near((double)count[0], 0.5);             /* 0.4 is not over 0.4 */
    assert_true(area[class_at(DOG)] == 0.0f && count[class_at(DOG)] == 0.25f);
    assert_true(area[79] == 0.0f && count[79] == 0.0f);
    float sum = 0.0f;
    for (size_t i = 2280; i < SEEN_N_INPUT; i++)
        sum += x[i];
    assert_near((double)sum, 0.9 + 0.7 + 0.2 + 0.2 + 0.5 + 0.25);       /* nothing else, and zeros at the end */

    for (size_t i = 6; i < 40; i++)
        found[i] = (struct detection){ i < 32 ? DOG : CUP, 0.5f, { 0.0f, 0.0f, 0.1f, 0.1f } };
    s.n_found = 40;
    seen_inputs(&s, x);
    assert_true(count[class_at(DOG)] == 1.5f);
    assert_true(best[class_at(CUP)] == 0.0f && count[class_at(CUP)] == 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_numbers), cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_cut_short_and_unaligned), cmocka_unit_test(test_concepts), cmocka_unit_test(test_inputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
