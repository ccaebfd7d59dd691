/* names_tables.h - the rows of names.c that are too long for one file. */
#ifndef VISION_NAMES_TABLES_H
#define VISION_NAMES_TABLES_H

#include "vision/names.h"

#define NAMES_N_ANIMALS 398         /* ImageNet-1k has them first */

extern const struct names_class names_animals[];    /* 0 .. NAMES_N_ANIMALS - 1 */
extern const struct names_class names_things[];     /* the rest */

#endif
