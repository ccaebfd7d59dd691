/* seen.h - what both networks said of a whole picture, before any rule: what heads
 * compute from.
 *
 *   picture -> classifier -> features [81][1280], their mean [1280], logits [1000]
 *           -> detector   -> detections over SEEN_LEAST, best first
 *   all of it -> inputs [SEEN_N_INPUT] of a head
 *
 * The inputs are what heads were trained on (training/features.c writes them with
 * this code): a change here needs new heads. */
#ifndef VISION_SEEN_H
#define VISION_SEEN_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"
#include "vision/classifier.h"
#include "vision/detector.h"
#include "vision/resize.h"
#include "vision/vision.h"

#include <stddef.h>

#define SEEN_LEAST 0.15f            /* score of a detection */
#define SEEN_N_POSITION ((size_t)CLASSIFIER_GRID * CLASSIFIER_GRID)
#define SEEN_N_DETECTION 32         /* detections, the best, that inputs regard */
#define SEEN_N_BOX 16               /* detections, the best, that a projector regards */
#define SEEN_BOX_INPUT 8            /* numbers of each, beside its class */
#define SEEN_N_INPUT 2528           /* 1280 + 1000 + 3 * 80, and zeros to a multiple of 32 */

struct seen {
    const float *features;          /* [81][1280], ReLU6'd */
    const float *mean;              /* [1280], over the positions */
    float logits[CLASSIFIER_N_CLASS];
    const struct detection *found;  /* best first */
    size_t n_found;
    double classify_ms, detect_ms;
};

/* Fills *s with what `scratch` owns until its next rewind.  ERROR_CANCELLED between
 * blocks of a network; `scratch` is then not as it was. */
bool seen_look(const struct classifier *k, const struct detector *d, const struct compute *c, struct arena *scratch,
               const struct image *image, struct seen *s, struct error *err);

/* One classification of a part of a picture, squashed to a square: features [81][1280],
 * logits [1000].  `scratch` is afterwards as it was. */
bool seen_classify(const struct classifier *k, const struct compute *c, struct arena *scratch, struct resize_view view,
                   float *features, float *logits, struct error *err);

/* x [SEEN_N_INPUT], in order:
 *   mean    [1280]
 *   logits  [1000]
 *   best    [80]   a class's best score, classes in the order of names_coco_at; 0: none
 *   area    [80]   largest box among those over 0.4, as a share of the picture
 *   count   [80]   0.25 for each box over 0.4, 1.5 at most
 *   zeros   [8]
 * Only the SEEN_N_DETECTION best detections are regarded. */
void seen_inputs(const struct seen *s, float *x);

/* The best detections for a projector: classes [n] in the order of names_coco_at, x [n][SEEN_BOX_INPUT]:
 *   score; left, top, right, bottom; width, height; what the classifier gives to such things
 *   (findings_support)
 * Returns n, SEEN_N_BOX at most. */
size_t seen_boxes(const struct seen *s, size_t classes[SEEN_N_BOX], float *x);

#endif
