/* features.c - what both image networks say of many photographs: what heads are
 * trained on.
 *
 *   features OUT < paths           one path a line; OUT is an existing folder
 *
 *   OUT/mean.f32     [n][1280]         features of the classifier, mean over the grid
 *   OUT/logits.f32   [n][1000]         of the classifier
 *   OUT/found.f32    [n][32][6]        detections over 0.15, best first: id, score,
 *                                      left, top, right, bottom; zeros beyond
 *   OUT/grid.f16     [n][81][1280]     features, as halfs
 *   OUT/inputs.f32   [n][2528]         what a head is given (vision/seen.h)
 *   OUT/names.txt    n lines           path, width, height, with tabs between
 *
 * Numbers are little-endian.  A picture that cannot be read is reported and is in
 * none of the files.  The networks are the program's, from `mynah pull`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/models.h"
#include "tensor/ops.h"
#include "vision/seen.h"

#define N_GRID (SEEN_N_POSITION * CLASSIFIER_N_EMBD)
#define N_FOUND_ROW 6

enum output { OUTPUT_MEAN, OUTPUT_LOGITS, OUTPUT_FOUND, OUTPUT_GRID, OUTPUT_INPUTS, OUTPUT_NAMES, N_OUTPUTS };
static const char *const output_names[N_OUTPUTS] = { "mean.f32", "logits.f32", "found.f32", "grid.f16", "inputs.f32", "names.txt" };

struct run {
    struct compute compute;
    struct classifier *classifier;
    struct detector *detector;
    struct arena *scratch;
    FILE *outputs[N_OUTPUTS];
};

static bool open_networks(struct run *r, struct error *err)
{
    struct models *m = models_open(err);
    char *classifier = m == NULL ? NULL : models_path(m, "efficientnet-lite2", err);
    char *detector = classifier == NULL ? NULL : models_path(m, "ssd-coco", err);

    if (detector != NULL && (r->classifier = classifier_open(classifier, err)) != NULL)
        r->detector = detector_open(detector, err);
    free(classifier);
    free(detector);
    models_close(m);
    return r->detector != NULL;
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

static bool write_found(struct run *r, const struct seen *s, struct error *err)
{
    float rows[SEEN_N_DETECTION][N_FOUND_ROW] = { 0 };

    for (size_t i = 0; i < s->n_found && i < SEEN_N_DETECTION; i++) {
        rows[i][0] = (float)s->found[i].id;
        rows[i][1] = s->found[i].score;
        memcpy(rows[i] + 2, s->found[i].box, sizeof s->found[i].box);
    }
    return write_numbers(r, OUTPUT_FOUND, rows, sizeof rows, err);
}

static bool write_picture(struct run *r, const char *path, const struct image *image, struct error *err)
{
    struct seen s;
    uint16_t *half;
    float *inputs;

    arena_reset(r->scratch);
    half = arena_alloc(r->scratch, N_GRID, sizeof *half, err);
    inputs = half == NULL ? NULL : arena_alloc(r->scratch, SEEN_N_INPUT, sizeof *inputs, err);
    if (inputs == NULL || !seen_look(r->classifier, r->detector, &r->compute, r->scratch, image, &s, err))
        return false;
    ops_f32_to_f16(&r->compute, s.features, half, N_GRID);
    seen_inputs(&s, inputs);
    return write_numbers(r, OUTPUT_MEAN, s.mean, CLASSIFIER_N_EMBD * sizeof *s.mean, err)
        && write_numbers(r, OUTPUT_LOGITS, s.logits, sizeof s.logits, err)
        && write_found(r, &s, err)
        && write_numbers(r, OUTPUT_GRID, half, N_GRID * sizeof *half, err)
        && write_numbers(r, OUTPUT_INPUTS, inputs, SEEN_N_INPUT * sizeof *inputs, err)
        && (fprintf(r->outputs[OUTPUT_NAMES], "%s\t%zu\t%zu\n", path, image->width, image->height) > 0
            || error_set(err, ERROR_INPUT, "names.txt: %s", strerror(errno)));
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
    detector_close(r->detector);
    classifier_close(r->classifier);
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
