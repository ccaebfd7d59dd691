/* preview.h - what a file looks or sounds like, small (struct preview: fusion/session.h).
 *
 *   image -> at most PREVIEW_PIXELS a side, rgb [height][width][3]
 *   clip  -> PREVIEW_PEAKS largest magnitudes of equal parts
 */
#ifndef FUSION_PREVIEW_H
#define FUSION_PREVIEW_H

#include "audio/audio.h"
#include "fusion/session.h"
#include "vision/vision.h"

/* The caller frees them by preview_free.  expected_ms is 0.  NULL and ERROR_INFERENCE when
 * memory ran out. */
struct preview *preview_of_image(const struct image *image, struct error *err);
/* Reads the sound from where it is to its end; ERROR_INPUT for what that reveals, ERROR_CANCELLED. */
struct preview *preview_of_sound(struct sound *sound, const struct compute *c, struct error *err);
struct preview *preview_copy(const struct preview *p, struct error *err);

/* Windows of 30 s that a clip is heard in: what its encoding costs goes by them. */
size_t preview_n_windows(const struct preview *p);

#endif
