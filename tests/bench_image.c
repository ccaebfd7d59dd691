/* bench_image.c - looking at a large photograph: bench_image CLASSIFIER DETECTOR FILE THREADS KERNELS
 *
 * Each part as vision_look meets it, with the resizing that its network wants.
 * Text and colours are left out: they are other work.  Best of several rounds. */
#include "base/clock.h"
#include "tensor/compute.h"
#include "tests/bench_rows.h"
#include "vision/classifier.h"
#include "vision/detector.h"
#include "vision/findings.h"
#include "vision/resize.h"
#include "vision/vision.h"

#include <math.h>

enum { N_ROUNDS = 7 };

struct bench {
    struct compute c;
    struct arena *scratch;
    struct classifier *classifier;
    struct detector *detector;
    struct error err;
    float *features;
};

static double classify(struct bench *b, struct resize_view view)
{
    static uint8_t rgb[CLASSIFIER_SIZE * CLASSIFIER_SIZE * 3];
    float logits[CLASSIFIER_N_CLASS];
    double start = clock_ms();

    bench_must(resize_rgb(&b->c, RESIZE_BICUBIC, view, CLASSIFIER_SIZE, CLASSIFIER_SIZE, rgb, &b->err)
               && classifier_run(b->classifier, &b->c, b->scratch, rgb, b->features, logits, &b->err), &b->err);
    return clock_ms() - start;
}

static double detect(struct bench *b, struct resize_view view)
{
    static uint8_t rgb[DETECTOR_SIZE * DETECTOR_SIZE * 3];
    struct arena_mark mark = arena_mark(b->scratch);
    struct detection *found;
    size_t n;
    double start = clock_ms();

    bench_must(resize_rgb(&b->c, RESIZE_LINEAR_PLAIN, view, DETECTOR_SIZE, DETECTOR_SIZE, rgb, &b->err)
               && detector_run(b->detector, &b->c, b->scratch, rgb, FINDINGS_LIKELY, &found, &n, &b->err), &b->err);
    double ms = clock_ms() - start;
    arena_rewind(b->scratch, mark);
    return ms;
}

static void look(struct bench *b, const char *path)
{
    static const float quarter[4] = { 0.25f, 0.25f, 0.75f, 0.75f };
    double all = INFINITY, decode = INFINITY, whole = INFINITY, things = INFINITY, crop = INFINITY;
    size_t width = 0, height = 0;

    for (int round = 0; round < N_ROUNDS; round++) {
        double start = clock_ms();
        struct image *image = image_load(path, &b->err);
        bench_must(image != NULL, &b->err);
        double ms[3] = { clock_ms() - start, classify(b, resize_view_of(image)), detect(b, resize_view_of(image)) };
        all = fmin(all, ms[0] + ms[1] + ms[2]);
        decode = fmin(decode, ms[0]);
        whole = fmin(whole, ms[1]);
        things = fmin(things, ms[2]);
        crop = fmin(crop, classify(b, resize_view_of_box(image, quarter)));
        width = image->width, height = image->height;
        image_free(image);
    }
    bench_row("image", "decode and both networks", all, "ms", "%zu x %zu JPEG", width, height);
    bench_row("image", "... decode", decode, "ms", "file to upright pixels");
    bench_row("image", "... classifier", whole, "ms", "with its resizing");
    bench_row("image", "... detector", things, "ms", "with its resizing");
    bench_row("image", "a further crop classified", crop, "ms", "half of each side");
}

int main(int argc, char **argv)
{
    static struct bench b;

    if (argc != 6)
        return 2;
    bench_must(compute_init(&b.c, (size_t)atoi(argv[4]), *argv[5] != '\0' ? argv[5] : NULL, &b.err)
               && (b.scratch = arena_new("vision", 16 << 20, &b.err)) != NULL
               && (b.classifier = classifier_open(argv[1], &b.err)) != NULL
               && (b.detector = detector_open(argv[2], &b.err)) != NULL, &b.err);
    b.features = arena_alloc(b.scratch, (size_t)CLASSIFIER_GRID * CLASSIFIER_GRID * CLASSIFIER_N_EMBD, sizeof(float), &b.err);
    bench_must(b.features != NULL, &b.err);
    look(&b, argv[3]);
    detector_close(b.detector);
    classifier_close(b.classifier);
    arena_free(b.scratch);
    compute_done(&b.c);
    return 0;
}
