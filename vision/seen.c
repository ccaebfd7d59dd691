#include "vision/seen.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "vision/convnet.h"
#include "vision/findings.h"
#include "vision/names.h"

#define CERTAIN 0.4f                /* a box over this score has area and count */
#define COUNT_STEP 0.25f
#define COUNT_MOST 1.5f

_Static_assert(SEEN_N_INPUT >= CLASSIFIER_N_EMBD + CLASSIFIER_N_CLASS + 3 * NAMES_N_COCO, "all inputs have room");
_Static_assert(SEEN_N_INPUT % 32 == 0, "as heads want it");

bool seen_classify(const struct classifier *k, const struct compute *c, struct arena *scratch, struct resize_view view,
                   float *features, float *logits, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    uint8_t *rgb = arena_alloc(scratch, (size_t)CLASSIFIER_SIZE * CLASSIFIER_SIZE * 3, 1, err);
    bool ok = rgb != NULL && resize_rgb(c, RESIZE_BICUBIC, view, CLASSIFIER_SIZE, CLASSIFIER_SIZE, rgb, err)
           && classifier_run(k, c, scratch, rgb, features, logits, err);

    arena_rewind(scratch, mark);
    return ok;
}

static bool classify(const struct classifier *k, const struct compute *c, struct arena *scratch,
                     const struct image *image, struct seen *s, struct error *err)
{
    float *features = arena_alloc(scratch, SEEN_N_POSITION * CLASSIFIER_N_EMBD, sizeof *features, err);
    float *mean = arena_alloc(scratch, CLASSIFIER_N_EMBD, sizeof *mean, err);
    double start = clock_ms();

    if (features == NULL || mean == NULL || !seen_classify(k, c, scratch, resize_view_of(image), features, s->logits, err))
        return false;
    convnet_mean((struct convnet_map){ features, CLASSIFIER_GRID, CLASSIFIER_GRID, CLASSIFIER_N_EMBD }, mean);
    s->features = features;
    s->mean = mean;
    s->classify_ms = clock_ms() - start;
    return true;
}

static bool detect(const struct detector *d, const struct compute *c, struct arena *scratch,
                   const struct image *image, struct seen *s, struct error *err)
{
    double start = clock_ms();
    uint8_t *rgb = arena_alloc(scratch, (size_t)DETECTOR_SIZE * DETECTOR_SIZE * 3, 1, err);
    struct detection *found;

    if (rgb == NULL || !resize_rgb(c, RESIZE_LINEAR_PLAIN, resize_view_of(image), DETECTOR_SIZE, DETECTOR_SIZE, rgb, err)
        || !detector_run(d, c, scratch, rgb, SEEN_LEAST, &found, &s->n_found, err))
        return false;
    s->found = found;
    s->detect_ms = clock_ms() - start;
    return true;
}

bool seen_look(const struct classifier *k, const struct detector *d, const struct compute *c, struct arena *scratch,
               const struct image *image, struct seen *s, struct error *err)
{
    return classify(k, c, scratch, image, s, err) && detect(d, c, scratch, image, s, err);
}

static size_t class_index(int id)
{
    size_t i = 0;

    while (i < NAMES_N_COCO && names_coco_at(i)->id != id)
        i++;
    return i;
}

void seen_inputs(const struct seen *s, float *x)
{
    float *best = x + CLASSIFIER_N_EMBD + CLASSIFIER_N_CLASS, *area = best + NAMES_N_COCO, *count = area + NAMES_N_COCO;

    memset(x, 0, SEEN_N_INPUT * sizeof *x);
    memcpy(x, s->mean, CLASSIFIER_N_EMBD * sizeof *x);
    memcpy(x + CLASSIFIER_N_EMBD, s->logits, sizeof s->logits);
    for (size_t i = 0; i < s->n_found && i < SEEN_N_DETECTION; i++) {
        const struct detection *d = &s->found[i];
        size_t k = class_index(d->id);

        if (k == NAMES_N_COCO)      /* an id that COCO leaves out */
            continue;
        best[k] = fmaxf(best[k], d->score);
        if (!(d->score > CERTAIN))
            continue;
        area[k] = fmaxf(area[k], fmaxf(d->box[2] - d->box[0], 0.0f) * fmaxf(d->box[3] - d->box[1], 0.0f));
        count[k] = fminf(count[k] + COUNT_STEP, COUNT_MOST);
    }
}

size_t seen_boxes(const struct seen *s, size_t classes[SEEN_N_BOX], float *x)
{
    float p[CLASSIFIER_N_CLASS];
    size_t n = 0;

    findings_probabilities(s->logits, p);
    for (size_t i = 0; i < s->n_found && n < SEEN_N_BOX; i++) {
        const struct detection *d = &s->found[i];
        float row[SEEN_BOX_INPUT] = { d->score, d->box[0], d->box[1], d->box[2], d->box[3],
                                      d->box[2] - d->box[0], d->box[3] - d->box[1], findings_support(p, d->id) };

        classes[n] = class_index(d->id);
        if (classes[n] != NAMES_N_COCO)
            memcpy(x + SEEN_BOX_INPUT * n++, row, sizeof row);
    }
    return n;
}
