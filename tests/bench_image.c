/* bench_image.c - looking at a large photograph: bench_image CLASSIFIER DETECTOR FILE THREADS KERNELS
 *
 * Each part as vision_look meets it, with the resizing that its network wants.
 * Text and colours are left out: they are other work.  Best of several rounds. */
#include "base/asset.h"
#include "base/clock.h"
#include "tensor/compute.h"
#include "tests/bench_rows.h"
#include "vision/classifier.h"
#include "vision/detector.h"
#include "vision/head.h"
#include "vision/projector.h"
#include "vision/seen.h"
#include "vision/vision.h"

#include <math.h>

enum { N_ROUNDS = 7 };

struct bench {
    struct compute c;
    struct arena *scratch;
    struct classifier *classifier;
    struct detector *detector;
    struct head *words;
    struct projector *projector;
    struct error err;
};

/* The crop of a thing whose finer name is wanted. */
static double classify_crop(struct bench *b, const struct image *image)
{
    static const float quarter[4] = { 0.25f, 0.25f, 0.75f, 0.75f };
    struct arena_mark mark = arena_mark(b->scratch);
    float *features = arena_alloc(b->scratch, SEEN_N_POSITION * CLASSIFIER_N_EMBD, sizeof(float), &b->err);
    float logits[CLASSIFIER_N_CLASS];
    double start = clock_ms();

    bench_must(features != NULL && seen_classify(b->classifier, &b->c, b->scratch, resize_view_of_box(image, quarter), features,
                                                 logits, &b->err), &b->err);
    double ms = clock_ms() - start;
    arena_rewind(b->scratch, mark);
    return ms;
}

static double find_words(struct bench *b, const struct seen *s, float *summary)
{
    struct arena_mark mark = arena_mark(b->scratch);
    float *y = arena_alloc(b->scratch, head_n_words(b->words), sizeof *y, &b->err);
    double start = clock_ms();

    bench_must(y != NULL, &b->err);
    seen_inputs(s, summary);
    bench_must(head_run(b->words, &b->c, b->scratch, summary, y, &b->err), &b->err);
    double ms = clock_ms() - start;
    arena_rewind(b->scratch, mark);
    return ms;
}

static double project(struct bench *b, const struct seen *s, const float *summary)
{
    struct arena_mark mark = arena_mark(b->scratch);
    struct projector_sizes size = projector_sizes(b->projector);
    float boxes[SEEN_N_BOX][SEEN_BOX_INPUT], *rows = arena_alloc(b->scratch, size.n_rows * size.n_embd, sizeof *rows, &b->err);
    size_t classes[SEEN_N_BOX];
    struct projector_input in = { .grid = s->features, .classes = classes, .boxes = *boxes, .summary = summary };
    double start = clock_ms();

    bench_must(rows != NULL, &b->err);
    in.n_boxes = seen_boxes(s, classes, *boxes);
    bench_must(projector_run(b->projector, &b->c, b->scratch, &in, rows, &b->err), &b->err);
    double ms = clock_ms() - start;
    arena_rewind(b->scratch, mark);
    return ms;
}

struct part { const char *what, *detail; double best; };

static void look(struct bench *b, const char *path)
{
    struct part parts[] = {
        { "... decode", "file to upright pixels", INFINITY }, { "... classifier", "with its resizing", INFINITY },
        { "... detector", "with its resizing", INFINITY }, { "... words of the head", "", INFINITY },
        { "... rows of the projector", "", INFINITY }, { "a further crop classified", "half of each side", INFINITY },
    };
    enum { N_PARTS = sizeof parts / sizeof *parts };
    double all = INFINITY;
    size_t width = 0, height = 0;

    for (int round = 0; round < N_ROUNDS; round++) {
        struct arena_mark mark = arena_mark(b->scratch);
        float *summary = arena_alloc(b->scratch, SEEN_N_INPUT, sizeof *summary, &b->err);
        struct seen seen;
        double start = clock_ms();
        struct image *image = image_load(path, &b->err);
        double decoded = clock_ms() - start;
        bench_must(summary != NULL && image != NULL
                   && seen_look(b->classifier, b->detector, &b->c, b->scratch, image, &seen, &b->err), &b->err);
        double words = find_words(b, &seen, summary), rows = project(b, &seen, summary);
        all = fmin(all, clock_ms() - start);
        double ms[N_PARTS] = { decoded, seen.classify_ms, seen.detect_ms, words, rows, classify_crop(b, image) };
        for (size_t i = 0; i < N_PARTS; i++)
            parts[i].best = fmin(parts[i].best, ms[i]);
        width = image->width, height = image->height;
        image_free(image);
        arena_rewind(b->scratch, mark);
    }
    bench_row("image", "decode and all networks", all, "ms", "%zu x %zu JPEG", width, height);
    for (size_t i = 0; i < N_PARTS; i++)
        bench_row("image", parts[i].what, parts[i].best, "ms", "%s", parts[i].detail);
}

int main(int argc, char **argv)
{
    static struct bench b;
    const struct asset *words = asset_find("concepts.gguf"), *eyes = asset_find("own-eyes.gguf");

    if (argc != 6)
        return 2;
    bench_must(compute_init(&b.c, (size_t)atoi(argv[4]), *argv[5] != '\0' ? argv[5] : NULL, &b.err)
               && (b.scratch = arena_new("vision", 16 << 20, &b.err)) != NULL
               && (b.classifier = classifier_open(argv[1], &b.err)) != NULL
               && (b.detector = detector_open(argv[2], &b.err)) != NULL, &b.err);
    bench_must(words != NULL && eyes != NULL && (b.words = head_open(words->name, words->data, words->n_bytes, &b.err)) != NULL
               && (b.projector = projector_open_bytes(eyes->name, eyes->data, eyes->n_bytes, &b.c, &b.err)) != NULL, &b.err);
    look(&b, argv[3]);
    projector_close(b.projector);
    head_close(b.words);
    detector_close(b.detector);
    classifier_close(b.classifier);
    arena_free(b.scratch);
    compute_done(&b.c);
    return 0;
}
