/* features.c - what both image networks say of many photographs: what heads are
 * trained on.
 *
 *   features OUT < paths           one path a line; OUT is an existing folder
 *
 *   OUT/mean.f32     [n][1280]         features of the classifier, mean over the grid
 *   OUT/logits.f32   [n][1000]         of the classifier
 *   OUT/boxes.f32    [n][16][9]        detections, best first: class, and what seen_boxes gives
 *                                      a projector (vision/seen.h); zeros beyond
 *   OUT/grid.f16     [n][81][1280]     features, as halfs
 *   OUT/inputs.f32   [n][2528]         what a head is given (vision/seen.h)
 *   OUT/evidence.txt n lines           the sentence that follows from both, without colours,
 *                                      finer names and text (fusion/evidence.h)
 *   OUT/names.txt    n lines           path, width, height, with tabs between
 *
 * Numbers are little-endian.  A picture that cannot be read is reported and is in
 * none of the files.  The networks are the program's, from `mynah pull`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/evidence.h"
#include "store/models.h"
#include "tensor/ops.h"
#include "vision/look.h"

#define N_GRID (SEEN_N_POSITION * CLASSIFIER_N_EMBD)
#define N_BOX_ROW (1 + SEEN_BOX_INPUT)

enum output { OUTPUT_MEAN, OUTPUT_LOGITS, OUTPUT_BOXES, OUTPUT_GRID, OUTPUT_INPUTS, OUTPUT_EVIDENCE, OUTPUT_NAMES, N_OUTPUTS };
static const char *const output_names[N_OUTPUTS] = { "mean.f32", "logits.f32", "boxes.f32", "grid.f16", "inputs.f32", "evidence.txt", "names.txt" };

struct run {
    struct compute compute;
    struct vision *vision;
    struct arena *scratch;
    FILE *outputs[N_OUTPUTS];
};

static bool open_networks(struct run *r, struct error *err)
{
    struct models *m = models_open(err);
    char *classifier = m == NULL ? NULL : models_path(m, "efficientnet-lite2", err);
    char *detector = classifier == NULL ? NULL : models_path(m, "ssd-coco", err);

    if (detector != NULL)
        r->vision = vision_open(classifier, detector, NULL, err);
    free(classifier);
    free(detector);
    models_close(m);
    return r->vision != NULL;
}

static bool open_outputs(struct run *r, const char *folder, struct error *err)
{
    for (size_t i = 0; i < N_OUTPUTS; i++) {
        char *path = NULL;

        if (asprintf(&path, "%s/%s", folder, output_names[i]) < 0)
            return error_set(err, ERROR_INFERENCE, "no memory for a path");
        r->outputs[i] = fopen(path, "wb");
        if (r->outputs[i] == NULL)
            error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
        free(path);
        if (r->outputs[i] == NULL)
            return false;
    }
    return true;
}

static bool write_numbers(struct run *r, enum output output, const void *data, size_t n_bytes, struct error *err)
{
    return fwrite(data, 1, n_bytes, r->outputs[output]) == n_bytes
        || error_set(err, ERROR_INPUT, "%s: %s", output_names[output], strerror(errno));
}

static bool write_boxes(struct run *r, const struct seen *s, struct error *err)
{
    float rows[SEEN_N_BOX][N_BOX_ROW] = { 0 }, boxes[SEEN_N_BOX][SEEN_BOX_INPUT];
    size_t classes[SEEN_N_BOX], n = seen_boxes(s, classes, *boxes);

    for (size_t i = 0; i < n; i++) {
        rows[i][0] = (float)classes[i];
        memcpy(rows[i] + 1, boxes[i], sizeof boxes[i]);
    }
    return write_numbers(r, OUTPUT_BOXES, rows, sizeof rows, err);
}

static bool write_evidence(struct run *r, const struct vision_report *report, struct error *err)
{
    struct words b = { 0 };
    char *sentence;
    bool ok;

    evidence_sentence(&b, report);
    words_add(&b, "\n");
    sentence = words_take(&b, err);
    ok = sentence != NULL && write_numbers(r, OUTPUT_EVIDENCE, sentence, strlen(sentence), err);
    free(sentence);
    return ok;
}

static bool write_seen(struct run *r, const char *path, const struct image *image, const struct seen *s, struct error *err)
{
    uint16_t *half = arena_alloc(r->scratch, N_GRID, sizeof *half, err);
    float *inputs = half == NULL ? NULL : arena_alloc(r->scratch, SEEN_N_INPUT, sizeof *inputs, err);

    if (inputs == NULL)
        return false;
    ops_f32_to_f16(&r->compute, s->features, half, N_GRID);
    seen_inputs(s, inputs);
    return write_numbers(r, OUTPUT_MEAN, s->mean, CLASSIFIER_N_EMBD * sizeof *s->mean, err)
        && write_numbers(r, OUTPUT_LOGITS, s->logits, sizeof s->logits, err)
        && write_boxes(r, s, err)
        && write_numbers(r, OUTPUT_GRID, half, N_GRID * sizeof *half, err)
        && write_numbers(r, OUTPUT_INPUTS, inputs, SEEN_N_INPUT * sizeof *inputs, err)
        && (fprintf(r->outputs[OUTPUT_NAMES], "%s\t%zu\t%zu\n", path, image->width, image->height) > 0
            || error_set(err, ERROR_INPUT, "names.txt: %s", strerror(errno)));
}

static bool write_picture(struct run *r, const char *path, const struct image *image, struct error *err)
{
    struct seen s;
    struct vision_report *report;
    bool ok;

    arena_reset(r->scratch);
    report = look_quick(r->vision, &r->compute, r->scratch, image, &s, err);
    ok = report != NULL && write_seen(r, path, image, &s, err) && write_evidence(r, report, err);
    vision_report_free(report);
    return ok;
}

static bool write_all(struct run *r, struct error *err)
{
    char *path = NULL;
    size_t n_path = 0, n_done = 0, n_skipped = 0;
    bool ok = true;

    for (ssize_t n; ok && (n = getline(&path, &n_path, stdin)) > 0;) {
        struct error unread = { 0 };
        struct image *image;

        if (path[n - 1] == '\n')
            path[n - 1] = '\0';
        image = image_load(path, &unread);
        if (image == NULL) {
            fprintf(stderr, "features: skipped: %s\n", unread.text);
            n_skipped++;
            continue;
        }
        ok = write_picture(r, path, image, err);
        image_free(image);
        if (ok && ++n_done % 500 == 0)
            fprintf(stderr, "features: %zu\n", n_done);
    }
    free(path);
    fprintf(stderr, "features: %zu pictures, %zu skipped\n", n_done, n_skipped);
    return ok;
}

static bool close_all(struct run *r, struct error *err)
{
    bool ok = true;

    for (size_t i = 0; i < N_OUTPUTS; i++)
        if (r->outputs[i] != NULL && fclose(r->outputs[i]) != 0)
            ok = error_set(err, ERROR_INPUT, "%s: %s", output_names[i], strerror(errno));
    arena_free(r->scratch);
    vision_close(r->vision);
    compute_done(&r->compute);
    return ok;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct run r = { 0 };
    bool ok;

    if (argc != 2) {
        fprintf(stderr, "usage: features OUT < paths\n");
        return 2;
    }
    ok = compute_init(&r.compute, 0, NULL, &err) && open_networks(&r, &err)
      && (r.scratch = arena_new("features", (size_t)16 << 20, &err)) != NULL
      && open_outputs(&r, argv[1], &err) && write_all(&r, &err);
    ok = close_all(&r, ok ? &err : NULL) && ok;
    if (!ok)
        fprintf(stderr, "features: %s\n", err.text);
    return ok ? 0 : 1;
}
