/* findings.h - what the two networks found together: the rules, as pure functions.
 *
 *   classifier's logits -> probabilities -> tags, best kind
 *   detections + probabilities -> those believed -> groups with count and place
 *   a subject the classifier is sure of + crops -> detections that are it instead
 *   a crop's probabilities -> the finer name of a detected thing
 *
 * Either network alone invents: the rules and their thresholds were measured on
 * photographs, docs/models.md "Seeing".  Names are static. */
#ifndef VISION_FINDINGS_H
#define VISION_FINDINGS_H

#include "vision/classifier.h"
#include "vision/detector.h"
#include "vision/vision.h"

#include <stdbool.h>
#include <stddef.h>

#define FINDINGS_SURE 0.64f         /* a detection above is believed */
#define FINDINGS_LIKELY 0.5f        /* one above this if the classifier or the head's words agree */

/* p = softmax(logits / 0.6): the classifier is under-confident. */
void findings_probabilities(const float logits[CLASSIFIER_N_CLASS], float p[CLASSIFIER_N_CLASS]);

/* Summed probability of the ImageNet classes that are this COCO class. */
float findings_support(const float *p, int coco);

/* Share of captions that would name this COCO class, from the head's words. */
float findings_spoken(const struct vision_word *words, size_t n_words, int coco);

/* Keeps the believed ones at the front, in order; returns how many. */
size_t findings_believed(struct detection *found, size_t n, const float *p, const struct vision_word *words, size_t n_words);

/* Drops a box that lies in a better one of its class and is not much smaller: the
 * same thing seen twice.  found: best first; returns how many remain. */
size_t findings_once(struct detection *found, size_t n);

/* What the classifier is sure the whole picture shows: a name (p >= 0.8), or of
 * animals a kind (p >= 0.9). */
struct findings_subject {
    size_t i_class;                 /* the lowest index of the best name */
    bool by_kind;                   /* only the kind is sure */
    bool animal;
    int coco;                       /* COCO class of it; 0: none */
    float p;
};
bool findings_subject(const float *p, struct findings_subject *s);
/* Probability of the subject in a crop. */
float findings_subject_share(const struct findings_subject *s, const float *p);

/* The subject may replace a detection: neither the whole picture nor the box speaks
 * for its class, though the classifier knows that class. */
bool findings_doubtful(const struct detection *d, const float *whole);
bool findings_replaced(const struct detection *d, const float *crop, const struct findings_subject *s);

/* Whether the subject is worth a word of its own beside things detected, after it
 * replaced n_replaced of them; and as a thing: its kind, and the name as the finer
 * one.  box: of the likeliest replaced, or NULL. */
bool findings_subject_said(const struct findings_subject *s, size_t n_replaced);
struct vision_object findings_subject_object(const struct findings_subject *s, size_t n_replaced, const float *box);

/* Groups by class, largest box first; objects: room for n.  colour and finer are
 * left "".  Returns the number of groups. */
size_t findings_group(const struct detection *found, size_t n, struct vision_object *objects);

/* Where a box lies: "left", "right", "top", "bottom", or "" near the middle. */
const char *findings_place(const float box[4]);

/* The like for the peak of a class map [9][9]. */
const char *findings_map_place(const float *map);

/* Best names with their probabilities, equal names taken together; classes[i] is
 * the index behind tags[i].  place is left "".  Returns how many. */
size_t findings_tags(const float *p, struct vision_tag tags[VISION_MAX_TAGS], size_t classes[VISION_MAX_TAGS]);

/* The kind with the largest summed probability, "" when there is none. */
const char *findings_best_kind(const float *p, float *best);

/* Whether the classifier has several names for things of this class. */
bool findings_has_finer(int coco);
/* Name of a thing in a crop: "" unless the class's names hold over half of the
 * probability and one of them most of that. */
const char *findings_finer(const float *p, int coco, float *finer_p);

#endif
