/* gate.h - where sound is louder than the room: nothing else is worth decoding.
 *
 *   samples -> RMS of frames of 20 ms -> above the noise's level by 10 dB, within -54..-34 dB
 *
 * The noise's level is the least RMS lately: it falls at once and rises by 1 dB a second. */
#ifndef AUDIO_GATE_H
#define AUDIO_GATE_H

#include <stdbool.h>
#include <stddef.h>

#define GATE_FRAME 320              /* samples: 20 ms */
#define GATE_FRAMES_PER_SECOND 50

struct gate { float floor; };       /* zero-initialised is ready */

/* Whether a frame [GATE_FRAME] is sound. */
bool gate_frame(struct gate *g, const float *x);
float gate_rms(const float *x, size_t n);

#endif
