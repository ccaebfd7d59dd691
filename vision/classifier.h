/* classifier.h - EfficientNet-Lite2: what kind of thing a picture shows.
 *
 *   pixels [260][260][3] u8 -> (v - 127) / 128 -> trunk -> features [81][1280]
 *     -> mean -> linear -> logits [1000]
 *   the same linear head at each of the 9 x 9 positions: what is where
 *
 * Tan & Le 2019 (arXiv:1905.11946) as TensorFlow's "lite" variant has it: ReLU6, no
 * squeeze-excite.  A struct classifier never changes, threads may share it. */
#ifndef VISION_CLASSIFIER_H
#define VISION_CLASSIFIER_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/compute.h"

#include <stddef.h>
#include <stdint.h>

#define CLASSIFIER_SIZE 260         /* pixels a side */
#define CLASSIFIER_GRID 9           /* positions a side */
#define CLASSIFIER_N_EMBD 1280
#define CLASSIFIER_N_CLASS 1000

struct classifier;

struct classifier *classifier_open(const char *path, struct error *err);
void classifier_close(struct classifier *k);                /* NULL is fine */

/* features [81][1280], ReLU6'd; logits [1000] of their mean.  ERROR_CANCELLED
 * between blocks.  `scratch` is afterwards as it was. */
bool classifier_run(const struct classifier *k, const struct compute *c, struct arena *scratch,
                    const uint8_t *rgb, float *features, float *logits, struct error *err);

/* One class's logit at each of the 81 positions. */
void classifier_map(const struct classifier *k, const float *features, size_t i_class, float *logits);

#endif
