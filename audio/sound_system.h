/* sound_system.h - PortAudio's start, kept from writing to the screen.
 *
 * PortAudio's host interfaces (ALSA above all) write to standard error while they
 * look for devices, which would land in the middle of the chat (PortAudio issues
 * 163, 555).  So calls into it stand between divert_begin and divert_end
 * (audio/divert.h); and as ALSA complains later, too, from the callback's thread (an underrun, a device
 * that is gone), its messages are logged instead. */
#ifndef AUDIO_SOUND_SYSTEM_H
#define AUDIO_SOUND_SYSTEM_H

#include "base/error.h"

#include <stdbool.h>

/* Pa_Terminate is the caller's, once for each success. */
bool sound_system_start(struct error *err);

#endif
