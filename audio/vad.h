/* vad.h - where a sound may hold speech: for leaving silence out, so in doubt the answer is yes.
 *
 *   samples -> spectra of 64 ms every 20 ms, smoothed -> levels of bands, flatness
 *           -> speech where it rises out of the noise floor or has harmonics
 *
 * The noise floor of a band is its lowest level within 8 s before and after: minimum statistics
 * (Martin 2001, IEEE Trans. Speech Audio Process. 9(5)), with the future known.  Flatness is the
 * spectrum's geometric over its arithmetic mean (Gray and Markel 1974, IEEE Trans. ASSP 22(3)), taken
 * within narrow bands, so that noise of any colour is flat and voices are not.  The same samples
 * give the same answers however they are cut into calls. */
#ifndef AUDIO_VAD_H
#define AUDIO_VAD_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VAD_HOP 320                 /* samples of a frame */
#define VAD_AHEAD (17 * 25 * VAD_HOP)     /* samples after a frame that its answer may need: 8.5 s */
#define VAD_KEPT 4096               /* newest answers that are kept: 82 s */

struct vad;

struct vad *vad_new(struct error *err);
void vad_free(struct vad *v);                               /* NULL is fine */
void vad_feed(struct vad *v, const float *x, size_t n);     /* n = 0: the sound has ended */
uint64_t vad_n_frames(const struct vad *v);                 /* that are answered */
bool vad_is_speech(const struct vad *v, uint64_t frame);    /* one of the newest VAD_KEPT */

#endif
