#include "vision/classifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/ops.h"
#include "vision/convnet.h"

#define N_STEM 32
#define N_BLOCK 21
#define N_POSITION ((size_t)CLASSIFIER_GRID * CLASSIFIER_GRID)

/* Table 1 of the paper, scaled to Lite2: width 1.1, depth 1.2, the first and the last
 * stage as deep as they were.  Only a stage's first block has the stride. */
static const struct stage { size_t kernel, stride, expansion, n_out, repeats; } stages[] = {
    { 3, 1, 1, 16, 1 }, { 3, 2, 6, 24, 3 }, { 5, 2, 6, 48, 3 }, { 3, 2, 6, 88, 4 },
    { 5, 1, 6, 120, 4 }, { 5, 2, 6, 208, 5 }, { 3, 1, 6, 352, 1 }
};

struct classifier {
    struct gguf *file;
    struct convnet_layer stem, head, classes;
    struct convnet_block blocks[N_BLOCK];
};

static bool bind_block(struct classifier *k, size_t i, const struct stage *stage, size_t n_in, bool first, struct error *err)
{
    struct convnet_block *block = &k->blocks[i];
    size_t n = n_in * stage->expansion;
    char name[32];

    block->kernel = stage->kernel;
    block->stride = first ? stage->stride : 1;
    block->activation = ACTIVATION_RELU6;
    snprintf(name, sizeof name, "blk.%zu.expand", i);
    if (stage->expansion > 1 && !convnet_bind(k->file, name, n_in, n, n, &block->expand, err))
        return false;
    snprintf(name, sizeof name, "blk.%zu.depthwise", i);
    if (!convnet_bind(k->file, name, n, stage->kernel * stage->kernel, n, &block->depthwise, err))
        return false;
    snprintf(name, sizeof name, "blk.%zu.project", i);
    return convnet_bind(k->file, name, n, stage->n_out, stage->n_out, &block->project, err);
}

static bool bind(struct classifier *k, struct error *err)
{
    const char *architecture = gguf_string(k->file, "general.architecture");
    size_t n_in = N_STEM, i = 0;

    if (architecture == NULL || strcmp(architecture, "efficientnet-lite") != 0)
        return error_set(err, ERROR_MODEL, "%s: architecture is %s, expected efficientnet-lite; `mynah pull efficientnet-lite2` brings it",
                         gguf_path(k->file), architecture == NULL ? "missing" : architecture);
    if (!convnet_bind(k->file, "stem", 27, N_STEM, N_STEM, &k->stem, err))
        return false;
    for (size_t s = 0; s < sizeof stages / sizeof *stages; s++)
        for (size_t repeat = 0; repeat < stages[s].repeats; repeat++) {
            if (!bind_block(k, i++, &stages[s], n_in, repeat == 0, err))
                return false;
            n_in = stages[s].n_out;
        }
    return convnet_bind(k->file, "head", n_in, CLASSIFIER_N_EMBD, CLASSIFIER_N_EMBD, &k->head, err)
        && convnet_bind(k->file, "classifier", CLASSIFIER_N_EMBD, CLASSIFIER_N_CLASS, CLASSIFIER_N_CLASS, &k->classes, err);
}

struct classifier *classifier_open(const char *path, struct error *err)
{
    struct classifier *k = calloc(1, sizeof *k);

    if (k == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the image classifier");
        return NULL;
    }
    k->file = gguf_open(path, err);
    if (k->file == NULL || !bind(k, err)) {
        classifier_close(k);
        return NULL;
    }
    return k;
}

void classifier_close(struct classifier *k)
{
    if (k == NULL)
        return;
    gguf_close(k->file);
    free(k);
}

struct buffers { float *a, *b, *expanded, *filtered; };     /* a, b: a block's input and output */

static bool buffers_new(const struct classifier *k, struct arena *scratch, struct buffers *w, struct error *err)
{
    size_t side = CLASSIFIER_SIZE / 2, wide = 27 * side * side;     /* the stem's columns */
    size_t narrow = N_STEM * side * side;               /* more than the pixels or any block's output */

    for (size_t i = 0; i < N_BLOCK; i++) {
        size_t n = convnet_block_elements(&k->blocks[i], side, side);

        wide = n > wide ? n : wide;
        side = (side + k->blocks[i].stride - 1) / k->blocks[i].stride;
    }
    w->a = arena_alloc(scratch, narrow, sizeof(float), err);
    w->b = arena_alloc(scratch, narrow, sizeof(float), err);
    w->expanded = arena_alloc(scratch, wide, sizeof(float), err);
    w->filtered = arena_alloc(scratch, wide, sizeof(float), err);
    return w->a != NULL && w->b != NULL && w->expanded != NULL && w->filtered != NULL;
}

static bool forward(const struct classifier *k, const struct compute *c, struct arena *scratch,
                    const uint8_t *rgb, float *features, float *logits, struct error *err)
{
    struct buffers w;
    struct convnet_map x;
    float mean[CLASSIFIER_N_EMBD];

    if (!buffers_new(k, scratch, &w, err))
        return false;
    x = convnet_pixels(rgb, CLASSIFIER_SIZE, CLASSIFIER_SIZE, 127.0f, 128.0f, w.a);
    x = convnet_full(c, &k->stem, 3, 2, ACTIVATION_RELU6, x, w.expanded, w.b);
    for (size_t i = 0; i < N_BLOCK; i++) {
        if (compute_cancelled(c, err))
            return false;
        x = convnet_block(c, &k->blocks[i], x, w.expanded, w.filtered, x.x == w.a ? w.b : w.a);
    }
    x = convnet_pointwise(c, &k->head, ACTIVATION_RELU6, x, features);
    convnet_mean(x, mean);
    convnet_pointwise(c, &k->classes, ACTIVATION_NONE, (struct convnet_map){ mean, 1, 1, CLASSIFIER_N_EMBD }, logits);
    return true;
}

bool classifier_run(const struct classifier *k, const struct compute *c, struct arena *scratch,
                    const uint8_t *rgb, float *features, float *logits, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    bool ok = forward(k, c, scratch, rgb, features, logits, err);

    arena_rewind(scratch, mark);
    return ok;
}

void classifier_map(const struct classifier *k, const float *features, size_t i_class, float *logits)
{
    const float *weight = (const float *)k->classes.weight->data + i_class * CLASSIFIER_N_EMBD;
    const float *bias = k->classes.bias->data;

    for (size_t i = 0; i < N_POSITION; i++) {
        const float *x = features + i * CLASSIFIER_N_EMBD;
        float sum = bias[i_class];

        for (size_t j = 0; j < CLASSIFIER_N_EMBD; j++)
            sum += weight[j] * x[j];
        logits[i] = sum;
    }
}
