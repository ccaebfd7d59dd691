/* colours.h - the colours a person would name.
 *
 *   pixels -> 32x32 by area -> CIE Lab -> 5-means -> nearest of 14 names
 *
 * The means start at fixed places, so the same pixels give the same names.  Any
 * thread may call; the names are static ("blue", "dark grey"). */
#ifndef VISION_COLOURS_H
#define VISION_COLOURS_H

#include "vision/vision.h"

#include <stddef.h>

/* Names whose share of the picture is over 0.2, largest first; how many. */
size_t colours_of_image(const struct image *image, const char *names[VISION_MAX_COLOURS]);

/* The one colour of what is in the box (left, top, right, bottom in 0..1); ""
 * when it is mixed. */
const char *colours_of_box(const struct image *image, const float box[4]);

/* Korean adjective-noun ("빨간색"); NULL when `name` is no colour of ours. */
const char *colours_korean(const char *name);

#endif
