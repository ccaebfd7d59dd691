/* caption.h - what people would say of a picture beyond the things in it, from the words of
 * the head (vision.h, struct vision_word): who a person is, what is being done, where.
 *
 *   words with their shares of captions + things found -> "a man" "riding a horse" "in a field"
 *
 * A word is said only above a threshold of its own, chosen for precision on the everyday
 * photographs (docs/quality.md), and only where the things found bear it out. */
#ifndef FUSION_CAPTION_H
#define FUSION_CAPTION_H

#include "vision/vision.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTION_NONE SIZE_MAX

struct caption_phrase { const char *english, *korean; };    /* static */

struct caption {
    size_t who;                     /* index of the group that is one person and is called `person`; CAPTION_NONE */
    const struct caption_phrase *person;        /* "man", "girl", ... */
    size_t actor;                   /* index of the group that does `doing`; CAPTION_NONE */
    const struct caption_phrase *doing;         /* "sitting"; before a thing "riding", in Korean with it */
    size_t with;                    /* the group that `doing` is done with, a single thing; CAPTION_NONE */
    const char *scene;              /* "in a kitchen"; NULL */
    const char *scene_korean;       /* "장소는 부엌입니다.", "음식도 있습니다."; NULL */
    const struct caption_phrase *place;         /* "a kitchen", what the picture shows if nothing else; NULL */
};

struct caption caption_of(const struct vision_report *r);

/* The words that are looked for, i from 0 until NULL; some more than once. */
const char *caption_word(size_t i);

#endif
