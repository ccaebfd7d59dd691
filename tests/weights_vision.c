/* weights_vision.c - both networks on real weights against independent readers of
 * the same files: PyTorch (golden/make_efficientnet.py) and OpenCV (golden/make_ssd.py). */
#include "tests/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/asset.h"
#include "base/file.h"
#include "tensor/compute.h"
#include "vision/classifier.h"
#include "vision/detector.h"
#include "vision/look.h"
#include "vision/projector.h"
#include "vision/vision.h"

#define SMALL 160                   /* pixels a side of golden/vision_pixels.rgb */
#define N_FEATURE (CLASSIFIER_GRID * CLASSIFIER_GRID * CLASSIFIER_N_EMBD)

/* The golden pixels, each repeated; the caller frees. */
static uint8_t *pixels(size_t size)
{
    size_t n;
    unsigned char *small = file_read("tests/golden/vision_pixels.rgb", SMALL * SMALL * 3, &n, NULL);
    uint8_t *rgb = malloc(size * size * 3);

    assert_non_null(small);
    assert_non_null(rgb);
    assert_int_equal(n, SMALL * SMALL * 3);
    for (size_t y = 0; y < size; y++)
        for (size_t x = 0; x < size; x++)
            memcpy(rgb + (y * size + x) * 3, small + (y * SMALL / size * SMALL + x * SMALL / size) * 3, 3);
    free(small);
    return rgb;
}

static float *golden(const char *path, size_t *n)
{
    size_t n_bytes;
    unsigned char *data = file_read(path, 1 << 20, &n_bytes, NULL);

    assert_non_null(data);
    *n = n_bytes / sizeof(float);
    return (float *)(void *)data;
}

static float most_apart(const float *a, const float *b, size_t n)
{
    float most = 0.0f;

    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(a[i] - b[i]));
    return most;
}

/* The bound is the requirement, 1e-3; the sums are of up to 1280 terms, so rounding
 * stays far below it. */
static void test_classifier(void **state)
{
    static const size_t classes[] = { 504, 967, 968 };
    float logits[CLASSIFIER_N_CLASS], *first = malloc(N_FEATURE * sizeof *first), *features = malloc(N_FEATURE * sizeof *features);
    float first_logits[CLASSIFIER_N_CLASS];
    struct error err = { 0 };
    struct classifier *k = classifier_open(weights_path(WEIGHTS_CLASSIFIER), &err);
    struct arena *scratch = arena_new("test", 1 << 20, &err);
    uint8_t *rgb = pixels(CLASSIFIER_SIZE);
    size_t n;
    (void)state;

    assert_non_null(k);
    for (size_t n_threads = 1; n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
        struct compute c;

        assert_true(compute_init(&c, n_threads, NULL, &err));
        assert_true(classifier_run(k, &c, scratch, rgb, features, logits, &err));
        compute_done(&c);
        if (n_threads == 1) {
            memcpy(first, features, N_FEATURE * sizeof *first);
            memcpy(first_logits, logits, sizeof logits);
        }
        assert_memory_equal(first, features, N_FEATURE * sizeof *first);
        assert_memory_equal(first_logits, logits, sizeof logits);
    }
    float *want = golden("tests/golden/efficientnet_logits.f32", &n);
    assert_int_equal(n, CLASSIFIER_N_CLASS);
    printf("classifier: logits at most %.2g from PyTorch's\n", (double)most_apart(logits, want, n));
    assert_true(most_apart(logits, want, n) <= 1e-3f);
    free(want);

    want = golden("tests/golden/efficientnet_map.f32", &n);
    assert_int_equal(n, 3 * 81);
    for (size_t i = 0; i < 3; i++) {
        float map[81];

        classifier_map(k, features, classes[i], map);
        assert_true(most_apart(map, want + i * 81, 81) <= 1e-3f);
    }
    free(want);
    free(rgb);
    free(first);
    free(features);
    arena_free(scratch);
    classifier_close(k);
}

#define LEAST 0.1f                  /* score from which the golden file has detections */
#define SCORE_BOUND 0.01f
#define OVERLAP_BOUND 0.98f

/* Every detection of `a` well over LEAST has one like it in `b`. */
static void check_found(const struct detection *a, size_t n_a, const struct detection *b, size_t n_b)
{
    for (size_t i = 0; i < n_a; i++) {
        bool found = a[i].score < LEAST + SCORE_BOUND;

        for (size_t j = 0; j < n_b && !found; j++)
            found = a[i].id == b[j].id && fabsf(a[i].score - b[j].score) <= SCORE_BOUND
                 && detector_overlap(a[i].box, b[j].box) >= OVERLAP_BOUND;
        if (!found)
            fail_msg("class %d score %.3f at %.3f %.3f %.3f %.3f has no counterpart", a[i].id, (double)a[i].score,
                     (double)a[i].box[0], (double)a[i].box[1], (double)a[i].box[2], (double)a[i].box[3]);
    }
}

static void test_detector(void **state)
{
    struct error err = { 0 };
    struct detector *d = detector_open(weights_path(WEIGHTS_DETECTOR), &err);
    struct arena *scratch = arena_new("test", 1 << 20, &err);
    uint8_t *rgb = pixels(DETECTOR_SIZE);
    struct detection *found = NULL, first[100], want[100];
    size_t n = 0, n_first = 0, n_want;
    float *rows = golden("tests/golden/ssd_detections.f32", &n_want);
    (void)state;

    assert_non_null(d);
    for (size_t n_threads = 1; n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
        struct compute c;

        arena_reset(scratch);
        assert_true(compute_init(&c, n_threads, NULL, &err));
        assert_true(detector_run(d, &c, scratch, rgb, LEAST, &found, &n, &err));
        compute_done(&c);
        assert_true(n > 0 && n <= 100);
        if (n_threads == 1)
            memcpy(first, found, (n_first = n) * sizeof *found);
        assert_int_equal(n, n_first);
        assert_memory_equal(found, first, n * sizeof *found);
    }
    n_want /= 6;
    assert_true(n_want > 0 && n_want <= 100);
    for (size_t i = 0; i < n_want; i++) {
        want[i].id = (int)rows[i * 6];
        want[i].score = rows[i * 6 + 1];
        memcpy(want[i].box, rows + i * 6 + 2, sizeof want[i].box);
    }
    check_found(found, n, want, n_want);
    check_found(want, n_want, found, n);
    free(rows);
    free(rgb);
    arena_free(scratch);
    detector_close(d);
}

static bool same_object(const struct vision_object *a, const struct vision_object *b)
{
    return strcmp(a->name, b->name) == 0 && a->count == b->count && strcmp(a->place, b->place) == 0 && a->p == b->p
        && strcmp(a->colour, b->colour) == 0 && strcmp(a->finer, b->finer) == 0 && a->finer_p == b->finer_p
        && memcmp(a->box, b->box, sizeof a->box) == 0;
}

/* Rows of a look are the projector's of what both networks saw. */
static void test_rows(void **state)
{
    struct error err = { 0 };
    struct image image = { .width = SMALL, .height = SMALL, .rgb = pixels(SMALL), .format = "PNG", .orientation = 1 };
    struct compute c;
    char detector[4096];
    (void)state;

    assert_true(compute_init(&c, 2, NULL, &err));
    snprintf(detector, sizeof detector, "%s", weights_path(WEIGHTS_DETECTOR));
    struct projector *other = projector_open("tests/golden/projector_tiny.gguf", &c, &err);
    assert_non_null(other);
    assert_null(vision_open(weights_path(WEIGHTS_CLASSIFIER), detector, other, &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, "other image networks: 12 places of the grid, expected 81"));
    projector_close(other);

    struct projector *p = projector_open("tests/golden/projector_small.gguf", &c, &err);
    assert_non_null(p);
    struct vision *v = vision_open(weights_path(WEIGHTS_CLASSIFIER), detector, p, &err);
    assert_non_null(v);
    assert_int_equal(strlen(vision_id(v)), 4 * 64 + 3);
    assert_string_equal(vision_id(v) + 3 * 64 + 3, projector_id(p));
    struct vision_report *r = vision_look(v, &c, &image, &err);
    assert_non_null(r);
    assert_int_equal(r->n_rows, projector_sizes(p).n_rows);

    struct arena *scratch = arena_new("test", 1 << 20, &err);
    struct seen s;
    struct vision_report *quick = look_quick(v, &c, scratch, &image, &s, &err);
    assert_non_null(quick);
    assert_null(quick->rows);
    float summary[SEEN_N_INPUT], boxes[SEEN_N_BOX][SEEN_BOX_INPUT], rows[4 * 576];
    size_t classes[SEEN_N_BOX];
    struct projector_input in = { .grid = s.features, .classes = classes, .boxes = *boxes, .summary = summary };
    in.n_boxes = seen_boxes(&s, classes, *boxes);
    seen_inputs(&s, summary);
    assert_true(in.n_boxes > 0);
    assert_true(projector_run(p, &c, scratch, &in, rows, &err));
    assert_memory_equal(r->rows, rows, sizeof rows);
    arena_free(scratch);
    vision_report_free(quick);
    vision_report_free(r);
    vision_close(v);
    projector_close(p);
    compute_done(&c);
    free(image.rgb);
}

/* A cup of coffee, as a person would say; the same to the last bit for 1, 2 and 7 threads. */
static void test_look(void **state)
{
    struct error err = { 0 };
    struct image image = { .width = SMALL, .height = SMALL, .rgb = pixels(SMALL), .format = "PNG", .orientation = 1 };
    struct vision *v = vision_open(weights_path(WEIGHTS_CLASSIFIER), WEIGHTS_DETECTOR, NULL, &err);
    struct vision_report *first = NULL;
    char detector[4096];
    (void)state;

    assert_null(v);                 /* no such file here */
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, WEIGHTS_DETECTOR));
    snprintf(detector, sizeof detector, "%s", weights_path(WEIGHTS_DETECTOR));
    v = vision_open(weights_path(WEIGHTS_CLASSIFIER), detector, NULL, &err);
    assert_non_null(v);
    assert_int_equal(strlen(vision_id(v)), 3 * 64 + 2);
    const struct asset *head = asset_find("concepts.gguf");
    char sha256[SHA256_HEX];
    sha256_bytes(head->data, head->n_bytes, sha256);
    assert_string_equal(vision_id(v) + 2 * 64 + 2, sha256);
    for (size_t n_threads = 1; n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
        struct compute c;
        struct vision_report *r;

        assert_true(compute_init(&c, n_threads, NULL, &err));
        r = vision_look(v, &c, &image, &err);
        compute_done(&c);
        assert_non_null(r);
        assert_int_equal(r->width, SMALL);
        assert_int_equal(r->n_tags, VISION_MAX_TAGS);
        assert_true(r->tags[0].p > r->tags[1].p && r->tags[0].p < 1.0f);
        assert_int_equal(r->n_objects, 1);
        assert_string_equal(r->objects[0].name, "cup");
        assert_int_equal(r->objects[0].count, 1);
        assert_string_equal(r->text, "");
        assert_true(r->n_words <= VISION_MAX_WORDS);
        for (size_t i = 0; i < r->n_words; i++)
            assert_true(r->words[i].p >= 0.05f && r->words[i].p <= (i > 0 ? r->words[i - 1].p : 1.0f));
        if (first == NULL) {
            first = r;
            continue;
        }
        for (size_t i = 0; i < r->n_tags; i++)
            assert_true(strcmp(r->tags[i].name, first->tags[i].name) == 0 && r->tags[i].p == first->tags[i].p
                        && strcmp(r->tags[i].place, first->tags[i].place) == 0);
        assert_true(same_object(&r->objects[0], &first->objects[0]));
        assert_int_equal(r->n_words, first->n_words);
        for (size_t i = 0; i < r->n_words; i++)
            assert_true(strcmp(r->words[i].word, first->words[i].word) == 0 && r->words[i].p == first->words[i].p);
        vision_report_free(r);
    }
    vision_report_free(first);
    struct compute c;
    image.height = VISION_LEAST_SIDE - 1;           /* a strip: nothing is named */
    assert_true(compute_init(&c, 1, NULL, &err));
    first = vision_look(v, &c, &image, &err);
    compute_done(&c);
    assert_non_null(first);
    assert_true(first->too_small);
    assert_int_equal(first->n_tags + first->n_objects + first->n_words, 0);
    assert_string_equal(first->best_kind, "");
    vision_report_free(first);
    vision_close(v);
    free(image.rgb);
}

/* Each network refuses the other's file by name. */
static void test_wrong_file(void **state)
{
    struct error err = { 0 };
    (void)state;

    assert_null(classifier_open(weights_path(WEIGHTS_DETECTOR), &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, "expected efficientnet-lite"));
    assert_null(detector_open(weights_path(WEIGHTS_CLASSIFIER), &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, "expected ssd-mobilenetv3"));
}

static void test_cancel(void **state)
{
    struct error err = { 0 };
    struct classifier *k = classifier_open(weights_path(WEIGHTS_CLASSIFIER), &err);
    struct detector *d = detector_open(weights_path(WEIGHTS_DETECTOR), &err);
    struct arena *scratch = arena_new("test", 1 << 20, &err);
    uint8_t *rgb = pixels(DETECTOR_SIZE);
    float *features = malloc(N_FEATURE * sizeof *features), logits[CLASSIFIER_N_CLASS];
    struct image image = { .width = DETECTOR_SIZE, .height = DETECTOR_SIZE, .rgb = rgb, .format = "PNG", .orientation = 1 };
    char detector[4096];
    struct vision *v;
    atomic_bool cancel = true;
    struct detection *found;
    struct compute c;
    size_t n;
    (void)state;

    snprintf(detector, sizeof detector, "%s", weights_path(WEIGHTS_DETECTOR));
    v = vision_open(weights_path(WEIGHTS_CLASSIFIER), detector, NULL, &err);
    assert_non_null(v);
    assert_true(compute_init(&c, 1, NULL, &err));
    c.cancel = &cancel;
    assert_false(classifier_run(k, &c, scratch, rgb, features, logits, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    err.code = ERROR_NONE;
    assert_null(vision_look(v, &c, &image, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    err.code = ERROR_NONE;
    assert_false(detector_run(d, &c, scratch, rgb, LEAST, &found, &n, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    compute_done(&c);
    free(features);
    free(rgb);
    arena_free(scratch);
    detector_close(d);
    classifier_close(k);
    vision_close(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classifier), cmocka_unit_test(test_detector), cmocka_unit_test(test_rows), cmocka_unit_test(test_look),
        cmocka_unit_test(test_wrong_file), cmocka_unit_test(test_cancel)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
