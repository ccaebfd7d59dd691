/* names.h - what the classes of both networks are called, in English and Korean.
 *
 * Tables of constants: indices are ImageNet-1k's (0-999, synsets in order) and
 * COCO's ids of 2014 (1-90 with gaps).  Everything returned is static. */
#ifndef VISION_NAMES_H
#define VISION_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define NAMES_N_IMAGENET 1000
#define NAMES_N_COCO 80

struct names_class {                /* of the classifier */
    const char *name;               /* "golden retriever" */
    const char *article;            /* "a", "an", "a pair of", or "" where none is said ("hay") */
    const char *kind;               /* "dog"; "" when it has none or the name is one */
    int coco;                       /* id of the COCO class it is one of; 0: none */
    bool finer;                     /* the name says more than that class: "taxi", not "backpack" */
    const char *korean;
};

struct names_coco {                 /* of the detector */
    int id;                         /* 1-90 */
    const char *name;               /* as COCO writes it: "person", "dining table" */
    const char *one;                /* "a person", "broccoli", "a pair of skis" */
    const char *plural;             /* "people", "broccoli", "pairs of skis" */
    const char *korean;             /* "사람" */
    const char *counter;            /* Korean counting word: "명", "마리", "대", "개" */
};

/* index < NAMES_N_IMAGENET. */
const struct names_class *names_imagenet(size_t index);

/* Lowest index whose readable name is the same (the two newts, the two bathtubs):
 * their probabilities belong together.  The index itself when it is the first. */
size_t names_imagenet_same(size_t index);

/* NULL for an id that COCO leaves out. */
const struct names_coco *names_coco(int id);
const struct names_coco *names_coco_at(size_t i);           /* i < NAMES_N_COCO, by id */
const struct names_coco *names_coco_find(const char *name); /* NULL when there is none */

#endif
