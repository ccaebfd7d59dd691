/* detector.h - SSD-MobileNetV3-large: where the 80 everyday things of COCO are.
 *
 *   pixels [320][320][3] u8 -> (v - 127.5) / 127.5 -> trunk -> six feature maps
 *     -> per anchor: box offsets [4], class logits [91] -> boxes -> non-maximum suppression
 *
 * Liu et al. 2016 (arXiv:1512.02325), Howard et al. 2019 (arXiv:1905.02244); the
 * order of things and the constants are those of TensorFlow's object detection
 * graph (ssd_mobilenet_v3_large_coco_2020_01_14).  A struct detector never changes,
 * threads may share it. */
#ifndef VISION_DETECTOR_H
#define VISION_DETECTOR_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"

#include <stddef.h>
#include <stdint.h>

#define DETECTOR_SIZE 320           /* pixels a side */
#define DETECTOR_N_CLASS 91         /* 0 is the background, the others COCO's ids of 2014 */
#define DETECTOR_N_ANCHOR 2034

struct detection {
    int id;                         /* COCO class, 1-90 */
    float score;                    /* sigmoid of its logit */
    float box[4];                   /* left, top, right, bottom in 0..1 of the picture */
};

struct detector;

struct detector *detector_open(const char *path, struct error *err);
void detector_close(struct detector *d);                    /* NULL is fine */

/* Detections with a score over `least`, best first, owned by `scratch` until its
 * next reset.  ERROR_CANCELLED between blocks. */
bool detector_run(const struct detector *d, const struct compute *c, struct arena *scratch, const uint8_t *rgb,
                  float least, struct detection **found, size_t *n, struct error *err);

/* Box of one anchor (centre y, centre x, height, width), which may leave the picture:
 *   centre += offset / 10 * size,  size *= exp(offset / 5) */
void detector_decode(const float anchor[4], const float offset[4], float box[4]);

/* Intersection over union. */
float detector_overlap(const float a[4], const float b[4]);

/* Sorts by score and keeps of each class those that overlap no better one by more
 * than `most`; returns how many remain, at the front. */
size_t detector_suppress(struct detection *found, size_t n, float most);

#endif
