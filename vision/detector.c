#include "vision/detector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vision/convnet.h"

#define N_STEM 16
#define N_BLOCK 15
#define N_HEAD 480
#define N_EXTRA 4
#define N_PREDICTOR 6
#define I_FIRST_FEATURE 12          /* the block whose expansion is the 20 x 20 feature map */

/* Table 1 of Howard et al., the last blocks halved as the detector has them. */
static const struct shape {
    size_t kernel, stride, n, n_out, n_squeeze;     /* n: expanded; n_squeeze 0: none */
    enum activation activation;
} shapes[N_BLOCK] = {
    { 3, 1, 16, 16, 0, ACTIVATION_RELU }, { 3, 2, 64, 24, 0, ACTIVATION_RELU }, { 3, 1, 72, 24, 0, ACTIVATION_RELU },
    { 5, 2, 72, 40, 24, ACTIVATION_RELU }, { 5, 1, 120, 40, 32, ACTIVATION_RELU }, { 5, 1, 120, 40, 32, ACTIVATION_RELU },
    { 3, 2, 240, 80, 0, ACTIVATION_HARD_SWISH }, { 3, 1, 200, 80, 0, ACTIVATION_HARD_SWISH },
    { 3, 1, 184, 80, 0, ACTIVATION_HARD_SWISH }, { 3, 1, 184, 80, 0, ACTIVATION_HARD_SWISH },
    { 3, 1, 480, 112, 120, ACTIVATION_HARD_SWISH }, { 3, 1, 672, 112, 168, ACTIVATION_HARD_SWISH },
    { 5, 2, 672, 80, 168, ACTIVATION_HARD_SWISH }, { 5, 1, 480, 80, 120, ACTIVATION_HARD_SWISH },
    { 5, 1, 480, 80, 120, ACTIVATION_HARD_SWISH }
};
static const struct { size_t n_reduced, n_out; } extras[N_EXTRA] = { { 256, 512 }, { 128, 256 }, { 128, 256 }, { 64, 128 } };
/* Channels of the feature maps and anchors at each position; sides 20, 10, 5, 3, 2, 1. */
static const struct { size_t n, n_anchor; } features[N_PREDICTOR] = {
    { 672, 3 }, { 480, 6 }, { 512, 6 }, { 256, 6 }, { 256, 6 }, { 128, 6 }
};

struct predictor { struct convnet_layer box_depthwise, box, class_depthwise, classes; };

struct detector {
    struct gguf *file;
    struct convnet_layer stem, head;
    struct convnet_block blocks[N_BLOCK], extras[N_EXTRA];
    struct predictor predictors[N_PREDICTOR];
    const float *anchors;           /* [DETECTOR_N_ANCHOR][4] */
    float nms_overlap;
};

/* ---- weights ------------------------------------------------------------------ */

static bool bind(const struct detector *d, const char *format, size_t i, size_t n_columns, size_t n_rows, size_t n_bias,
                 struct convnet_layer *layer, struct error *err)
{
    char name[48];

    snprintf(name, sizeof name, format, i);
    return convnet_bind(d->file, name, n_columns, n_rows, n_bias, layer, err);
}

static bool bind_block(struct detector *d, size_t i, size_t n_in, struct error *err)
{
    const struct shape *s = &shapes[i];
    struct convnet_block *block = &d->blocks[i];

    block->kernel = s->kernel;
    block->stride = s->stride;
    block->activation = s->activation;
    return (s->n == n_in || bind(d, "blk.%zu.expand", i, n_in, s->n, s->n, &block->expand, err))
        && bind(d, "blk.%zu.depthwise", i, s->n, s->kernel * s->kernel, s->n, &block->depthwise, err)
        && (s->n_squeeze == 0
            || (bind(d, "blk.%zu.squeeze", i, s->n, s->n_squeeze, s->n_squeeze, &block->squeeze, err)
                && bind(d, "blk.%zu.excite", i, s->n_squeeze, s->n, s->n, &block->excite, err)))
        && bind(d, "blk.%zu.project", i, s->n, s->n_out, s->n_out, &block->project, err);
}

static bool bind_predictor(struct detector *d, size_t i, struct error *err)
{
    struct predictor *p = &d->predictors[i];
    size_t n = features[i].n, n_box = features[i].n_anchor * 4, n_class = features[i].n_anchor * DETECTOR_N_CLASS;

    return bind(d, "predictor.%zu.box_depthwise", i, n, 9, n, &p->box_depthwise, err)
        && bind(d, "predictor.%zu.box", i, n, n_box, n_box, &p->box, err)
        && bind(d, "predictor.%zu.class_depthwise", i, n, 9, n, &p->class_depthwise, err)
        && bind(d, "predictor.%zu.class", i, n, n_class, n_class, &p->classes, err);
}

static bool bind_anchors(struct detector *d, struct error *err)
{
    const struct tensor *t = gguf_tensor(d->file, "anchors");

    if (t == NULL || t->type != TENSOR_F32 || t->dim[0] != 4 || t->dim[1] != DETECTOR_N_ANCHOR || t->dim[2] != 1)
        return error_set(err, ERROR_MODEL, "%s: tensor anchors: expected F32 [%d][4]; pull the model again",
                         gguf_path(d->file), DETECTOR_N_ANCHOR);
    d->anchors = t->data;
    if (!gguf_f32(d->file, "ssd-mobilenetv3.nms_iou", &d->nms_overlap))
        return error_set(err, ERROR_MODEL, "%s: ssd-mobilenetv3.nms_iou is missing; pull the model again", gguf_path(d->file));
    return true;
}

static bool bind_all(struct detector *d, struct error *err)
{
    const char *architecture = gguf_string(d->file, "general.architecture");
    size_t n = N_STEM;
    bool ok;

    if (architecture == NULL || strcmp(architecture, "ssd-mobilenetv3") != 0)
        return error_set(err, ERROR_MODEL, "%s: architecture is %s, expected ssd-mobilenetv3; `mynah pull ssd-coco` brings it",
                         gguf_path(d->file), architecture == NULL ? "missing" : architecture);
    ok = convnet_bind(d->file, "stem", 27, N_STEM, N_STEM, &d->stem, err);
    for (size_t i = 0; ok && i < N_BLOCK; n = shapes[i++].n_out)
        ok = bind_block(d, i, n, err);
    ok = ok && convnet_bind(d->file, "head", n, N_HEAD, N_HEAD, &d->head, err);
    n = N_HEAD;
    for (size_t i = 0; ok && i < N_EXTRA; n = extras[i++].n_out) {
        size_t reduced = extras[i].n_reduced, n_out = extras[i].n_out;

        ok = bind(d, "extra.%zu.reduce", i, n, reduced, reduced, &d->extras[i].expand, err)
          && bind(d, "extra.%zu.depthwise", i, reduced, 9, reduced, &d->extras[i].depthwise, err)
          && bind(d, "extra.%zu.expand", i, reduced, n_out, n_out, &d->extras[i].project, err);
    }
    for (size_t i = 0; ok && i < N_PREDICTOR; i++)
        ok = bind_predictor(d, i, err);
    return ok && bind_anchors(d, err);
}

struct detector *detector_open(const char *path, struct error *err)
{
    struct detector *d = calloc(1, sizeof *d);

    if (d == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the detector");
        return NULL;
    }
    d->file = gguf_open(path, err);
    if (d->file == NULL || !bind_all(d, err)) {
        detector_close(d);
        return NULL;
    }
    return d;
}

void detector_close(struct detector *d)
{
    if (d == NULL)
        return;
    gguf_close(d->file);
    free(d);
}

/* ---- boxes ---------------------------------------------------------------------- */

void detector_decode(const float anchor[4], const float offset[4], float box[4])
{
    float y = anchor[0] + offset[0] / 10.0f * anchor[2], x = anchor[1] + offset[1] / 10.0f * anchor[3];
    float half_height = 0.5f * anchor[2] * expf(offset[2] / 5.0f), half_width = 0.5f * anchor[3] * expf(offset[3] / 5.0f);

    box[0] = x - half_width;
    box[1] = y - half_height;
    box[2] = x + half_width;
    box[3] = y + half_height;
}

static float area(const float box[4])
{
    return box[2] > box[0] && box[3] > box[1] ? (box[2] - box[0]) * (box[3] - box[1]) : 0.0f;
}

float detector_overlap(const float a[4], const float b[4])
{
    float shared[4] = { fmaxf(a[0], b[0]), fmaxf(a[1], b[1]), fminf(a[2], b[2]), fminf(a[3], b[3]) };
    float both = area(a) + area(b) - area(shared);

    return both > 0.0f ? area(shared) / both : 0.0f;
}

/* Best first; equal scores in the order of class and place, so that runs agree. */
static int by_score(const void *a, const void *b)
{
    const struct detection *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->id != y->id ? x->id - y->id : memcmp(x->box, y->box, sizeof x->box);
}

size_t detector_suppress(struct detection *found, size_t n, float most)
{
    size_t kept = 0;

    if (n > 0)
        qsort(found, n, sizeof *found, by_score);
    for (size_t i = 0; i < n; i++) {
        bool hidden = false;

        for (size_t j = 0; j < kept && !hidden; j++)
            hidden = found[j].id == found[i].id && detector_overlap(found[j].box, found[i].box) > most;
        if (!hidden)
            found[kept++] = found[i];
    }
    return kept;
}

/* ---- forward -------------------------------------------------------------------- */

struct buffers { float *a, *b, *expanded, *filtered; };     /* a, b: a block's input and output */
struct raw { float *boxes, *logits; size_t n; };            /* [n][4], [n][DETECTOR_N_CLASS] so far */

static bool buffers_new(const struct detector *d, struct arena *scratch, struct buffers *w, struct raw *raw, struct error *err)
{
    size_t side = DETECTOR_SIZE / 2, wide = 27 * side * side;   /* the stem's columns */
    size_t narrow = N_STEM * side * side;               /* more than the pixels or any block's output */

    for (size_t i = 0; i < N_BLOCK; i++) {
        size_t n = convnet_block_elements(&d->blocks[i], side, side);

        wide = n > wide ? n : wide;
        side = (side + shapes[i].stride - 1) / shapes[i].stride;
    }
    w->a = arena_alloc(scratch, narrow, sizeof(float), err);
    w->b = arena_alloc(scratch, narrow, sizeof(float), err);
    w->expanded = arena_alloc(scratch, wide, sizeof(float), err);
    w->filtered = arena_alloc(scratch, wide, sizeof(float), err);
    raw->boxes = arena_alloc(scratch, DETECTOR_N_ANCHOR * 4, sizeof(float), err);
    raw->logits = arena_alloc(scratch, (size_t)DETECTOR_N_ANCHOR * DETECTOR_N_CLASS, sizeof(float), err);
    raw->n = 0;
    return w->a != NULL && w->b != NULL && w->expanded != NULL && w->filtered != NULL && raw->boxes != NULL && raw->logits != NULL;
}

/* An anchor's values lie together in a position's channels: rows follow without a copy. */
static void predict(const struct compute *c, const struct predictor *p, struct convnet_map in, float *filtered, struct raw *raw)
{
    struct convnet_map x;

    x = convnet_depthwise(c, &p->box_depthwise, 3, 1, ACTIVATION_RELU6, in, filtered);
    convnet_pointwise(c, &p->box, ACTIVATION_NONE, x, raw->boxes + raw->n * 4);
    x = convnet_depthwise(c, &p->class_depthwise, 3, 1, ACTIVATION_RELU6, in, filtered);
    convnet_pointwise(c, &p->classes, ACTIVATION_NONE, x, raw->logits + raw->n * DETECTOR_N_CLASS);
    raw->n += in.height * in.width * p->box.bias->dim[0] / 4;
}

static bool forward(const struct detector *d, const struct compute *c, struct arena *scratch,
                    const uint8_t *rgb, struct raw *raw, struct error *err)
{
    struct buffers w;
    struct convnet_map x;

    if (!buffers_new(d, scratch, &w, raw, err))
        return false;
    x = convnet_pixels(rgb, DETECTOR_SIZE, DETECTOR_SIZE, 127.5f, 127.5f, w.a);
    x = convnet_full(c, &d->stem, 3, 2, ACTIVATION_HARD_SWISH, x, w.expanded, w.b);
    for (size_t i = 0; i < N_BLOCK; i++) {
        struct convnet_map in = x;

        if (compute_cancelled(c, err))
            return false;
        x = convnet_block(c, &d->blocks[i], in, w.expanded, w.filtered, in.x == w.a ? w.b : w.a);
        if (i == I_FIRST_FEATURE)
            predict(c, &d->predictors[0], (struct convnet_map){ w.expanded, in.height, in.width, shapes[i].n }, w.filtered, raw);
    }
    x = convnet_pointwise(c, &d->head, ACTIVATION_HARD_SWISH, x, x.x == w.a ? w.b : w.a);
    predict(c, &d->predictors[1], x, w.filtered, raw);
    for (size_t i = 0; i < N_EXTRA; i++) {
        const struct convnet_block *extra = &d->extras[i];

        x = convnet_pointwise(c, &extra->expand, ACTIVATION_RELU6, x, w.expanded);
        x = convnet_depthwise(c, &extra->depthwise, 3, 2, ACTIVATION_RELU6, x, w.filtered);
        x = convnet_pointwise(c, &extra->project, ACTIVATION_RELU6, x, w.a);
        predict(c, &d->predictors[i + 2], x, w.filtered, raw);
    }
    return true;
}

/* Scores over `least`: sigmoid(x) > p where x > log(p / (1 - p)), so few are computed. */
static bool collect(const struct detector *d, struct arena *scratch, const struct raw *raw, float least,
                    struct detection **found, size_t *n, struct error *err)
{
    float least_logit = logf(least / (1.0f - least));

    for (int pass = 0; pass < 2; pass++) {              /* count, then fill */
        *n = 0;
        for (size_t i = 0; i < DETECTOR_N_ANCHOR; i++)
            for (int id = 1; id < DETECTOR_N_CLASS; id++) {
                float logit = raw->logits[i * DETECTOR_N_CLASS + (size_t)id];

                if (!(logit > least_logit))
                    continue;
                if (pass == 1) {
                    (*found)[*n].id = id;
                    (*found)[*n].score = 1.0f / (1.0f + expf(-logit));
                    detector_decode(d->anchors + i * 4, raw->boxes + i * 4, (*found)[*n].box);
                }
                ++*n;
            }
        if (pass == 0 && (*found = arena_alloc(scratch, *n, sizeof **found, err)) == NULL)
            return false;
    }
    return true;
}

bool detector_run(const struct detector *d, const struct compute *c, struct arena *scratch, const uint8_t *rgb,
                  float least, struct detection **found, size_t *n, struct error *err)
{
    struct raw raw;

    if (!forward(d, c, scratch, rgb, &raw, err) || !collect(d, scratch, &raw, least, found, n, err))
        return false;
    *n = detector_suppress(*found, *n, d->nms_overlap);     /* of whole boxes, as OpenCV does */
    for (size_t i = 0; i < *n; i++)
        for (size_t side = 0; side < 4; side++)
            (*found)[i].box[side] = fminf(fmaxf((*found)[i].box[side], 0.0f), 1.0f);
    return true;
}
